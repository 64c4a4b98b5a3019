"""Sec-WebSocket-Extensions: reading the list, and what permessage-deflate agreed on.

Owns the header's grammar (RFC 6455 section 9.1) and the parameters of permessage-deflate
(RFC 7692 section 7.1). It must not know other headers. It never raises: what is wrong comes back
as codes, which ``handshake`` puts into words.

wsproto and websockets parse this header too, but the one splits inside quoted strings and the
other raises at the first thing that is not well-formed; here the whole truth is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = [
    "PERMESSAGE_DEFLATE",
    "DeflateParams",
    "Extension",
    "negotiated_deflate",
    "parse_extension",
    "split_list",
]

PERMESSAGE_DEFLATE: Final = "permessage-deflate"

_SERVER_TAKEOVER: Final = "server_no_context_takeover"
_CLIENT_TAKEOVER: Final = "client_no_context_takeover"
_SERVER_WINDOW: Final = "server_max_window_bits"
_CLIENT_WINDOW: Final = "client_max_window_bits"

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_DIGITS: Final = re.compile(r"0*([0-9]{1,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Extension:
    """One element of the list, parameters in order; a value is unquoted, None if there is none.

    Names are lower case: they are compared, and the raw text is kept beside this.
    """

    name: str
    params: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class DeflateParams:
    """What was agreed for permessage-deflate; what the response leaves out has its default.

    ``server_*`` is about messages to the client, ``client_*`` about messages to the server.
    Window sizes are in bits, 8-15 (RFC 7692 section 7.1.2).
    """

    server_max_window_bits: int = 15
    client_max_window_bits: int = 15
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False


def split_list(value: str) -> list[str]:
    """The elements of a comma-separated header value, as written; commas in quotes do not count."""
    return [element for element in _split(value, ",") if element]


def parse_extension(element: str) -> Extension:
    """Read ``name; param; param=value; param="value"``, whatever is there."""
    name, *raw_params = _split(element, ";")
    params: list[tuple[str, str | None]] = []
    for raw_param in raw_params:
        if raw_param:
            param_name, equals, value = raw_param.partition("=")
            params.append((param_name.strip().lower(), _unquoted(value) if equals else None))
    return Extension(name.lower(), tuple(params))


def negotiated_deflate(
    chosen: Extension, offers: Iterable[Extension]
) -> tuple[DeflateParams | None, list[str]]:
    """What permessage-deflate agreed on, and the codes of what is wrong with the agreement.

    None: a parameter is unknown, contradicts itself or has no usable value, so that nobody can
    tell how messages are compressed (RFC 7692 section 7.1: the client must fail the connection).
    """
    agreed, codes = _read_response(chosen)
    if agreed is not None:
        named = {name for name, _ in chosen.params}
        complaints = [
            _against_offer(named, agreed, offer)
            for offer in offers
            if offer.name == PERMESSAGE_DEFLATE
        ]
        # The response answers one of the offers and does not say which: believe the best one.
        least: list[str] = min(complaints, key=len, default=[])
        codes += least
    return agreed, codes


def _read_response(chosen: Extension) -> tuple[DeflateParams | None, list[str]]:
    codes: list[str] = []
    usable = True
    seen: dict[str, str | None] = {}
    bits = {_SERVER_WINDOW: 15, _CLIENT_WINDOW: 15}
    for name, value in chosen.params:
        if name in seen:
            codes.append("deflate-parameter-repeated")
            usable = usable and seen[name] == value
            continue
        seen[name] = value
        if name in (_SERVER_TAKEOVER, _CLIENT_TAKEOVER):
            if value is not None:
                codes.append("deflate-parameter-value")
        elif name not in bits:
            codes.append("deflate-parameter-unknown")
            usable = False
        elif value is None:
            codes.append("deflate-window-without-value")
        else:
            window = _window_bits(value)
            if window is None or value.startswith("0"):
                codes.append("deflate-window-value")
            if window is None:
                usable = False
            else:
                bits[name] = window
    if not usable:
        return None, codes
    agreed = DeflateParams(
        server_max_window_bits=bits[_SERVER_WINDOW],
        client_max_window_bits=bits[_CLIENT_WINDOW],
        server_no_context_takeover=_SERVER_TAKEOVER in seen,
        client_no_context_takeover=_CLIENT_TAKEOVER in seen,
    )
    return agreed, codes


def _against_offer(named: set[str], agreed: DeflateParams, offer: Extension) -> list[str]:
    """What of the agreement this offer does not allow (RFC 7692 sections 7.1.1.1 to 7.1.2.2).

    The response may bring ``server_max_window_bits`` and both ``no_context_takeover`` unasked,
    but not ``client_max_window_bits``. What was asked of the server must be in it.
    """
    offered = dict(offer.params)
    codes = []
    if _CLIENT_WINDOW in named and _CLIENT_WINDOW not in offered:
        codes.append("deflate-client-window-not-offered")
    if _SERVER_WINDOW in offered:
        asked = _window_bits(offered[_SERVER_WINDOW] or "")
        if _SERVER_WINDOW not in named or agreed.server_max_window_bits > (asked or 15):
            codes.append("deflate-server-window-ignored")
    if _SERVER_TAKEOVER in offered and _SERVER_TAKEOVER not in named:
        codes.append("deflate-server-takeover-ignored")
    return codes


def _window_bits(value: str) -> int | None:
    match = _DIGITS.fullmatch(value)
    window = int(match[1]) if match else 0
    return window if 8 <= window <= 15 else None


def _split(value: str, separator: str) -> list[str]:
    """Split at separators outside quoted strings; each piece trimmed."""
    if '"' not in value:
        return [piece.strip() for piece in value.split(separator)]
    pieces: list[str] = []
    start = 0
    quoted = escaped = False
    for index, character in enumerate(value):
        if escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif quoted:
            escaped = character == "\\"
        elif character == separator:
            pieces.append(value[start:index].strip())
            start = index + 1
    pieces.append(value[start:].strip())
    return pieces


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value
