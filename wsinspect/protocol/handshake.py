"""The opening handshake: what was asked, what was agreed, what is wrong with it.

Owns the reading of request and response headers (RFC 6455 sections 4 and 11.3). It must not know
HTTP parsing, connections or logs. Nothing here is fatal and nothing raises: whoever relays the
handshake relays it as it is, and the findings go on record. A finding never quotes a header:
tokens travel in subprotocols, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from wsproto.utilities import generate_accept_token

from wsinspect.protocol.extensions import (
    PERMESSAGE_DEFLATE,
    DeflateParams,
    negotiated_deflate,
    parse_extension,
    split_list,
)

__all__ = [
    "FINDINGS",
    "DeflateParams",
    "Finding",
    "Handshake",
    "Headers",
    "Request",
    "Response",
    "examine",
    "is_websocket_upgrade",
]

#: Name and value of each header line, in order, duplicates included.
type Headers = Iterable[tuple[bytes | str, bytes | str]]

#: Every finding: its code, and the sentence for a human.
FINDINGS: Final[dict[str, str]] = {
    "method-not-get": "The request's method is not GET (RFC 6455 section 4.1).",
    "http-version": "The request's HTTP version is not 1.1 or higher (RFC 6455 section 4.1).",
    "host-missing": "The request has no Host header (RFC 6455 section 4.1).",
    "host-repeated": "The request has several Host headers (RFC 9112 section 3.2).",
    "request-upgrade-missing": (
        "The request's Upgrade header does not name websocket (RFC 6455 section 4.1)."
    ),
    "request-upgrade-others": (
        "The request's Upgrade header names other protocols beside websocket; some hops then "
        "do not take it for a WebSocket (RFC 9110 section 7.8)."
    ),
    "request-connection-missing": (
        "The request's Connection header does not name Upgrade (RFC 6455 section 4.1)."
    ),
    "key-missing": "The request has no Sec-WebSocket-Key (RFC 6455 section 4.1).",
    "key-repeated": "The request has several Sec-WebSocket-Key headers (RFC 6455 section 11.3.1).",
    "key-malformed": (
        "Sec-WebSocket-Key is not the base64 form of 16 bytes (RFC 6455 section 4.1)."
    ),
    "version-missing": "The request has no Sec-WebSocket-Version (RFC 6455 section 4.1).",
    "version-repeated": (
        "The request has several Sec-WebSocket-Version headers (RFC 6455 section 11.3.5)."
    ),
    "version-not-13": (
        "The request asks for another WebSocket version than 13 (RFC 6455 section 4.1)."
    ),
    "subprotocol-repeated": (
        "The request offers the same subprotocol more than once (RFC 6455 section 4.1)."
    ),
    "response-missing": "There was no response to the request (RFC 6455 section 4.2.2).",
    "status-not-101": (
        "The server answered with another status than 101, so there is no WebSocket "
        "(RFC 6455 section 4.2.2)."
    ),
    "response-upgrade-missing": (
        "The response's Upgrade header does not name websocket (RFC 6455 section 4.2.2)."
    ),
    "response-upgrade-others": (
        "The response's Upgrade header names other protocols beside websocket "
        "(RFC 6455 section 4.1)."
    ),
    "response-connection-missing": (
        "The response's Connection header does not name Upgrade (RFC 6455 section 4.2.2)."
    ),
    "accept-missing": "The response has no Sec-WebSocket-Accept (RFC 6455 section 4.2.2).",
    "accept-repeated": (
        "The response has several Sec-WebSocket-Accept headers (RFC 6455 section 11.3.3)."
    ),
    "accept-wrong": (
        "Sec-WebSocket-Accept does not match the request's key: the answer is not to this "
        "request, or not from a WebSocket server (RFC 6455 section 4.1)."
    ),
    "subprotocol-not-offered": (
        "The server chose a subprotocol that the client did not offer (RFC 6455 section 4.1)."
    ),
    "subprotocol-several": (
        "The server chose several subprotocols where one is allowed (RFC 6455 section 11.3.4)."
    ),
    "extension-header-repeated": (
        "The response has several Sec-WebSocket-Extensions headers (RFC 6455 section 11.3.2)."
    ),
    "extension-not-offered": (
        "The server chose an extension that the client did not offer (RFC 6455 section 4.1)."
    ),
    "extension-unknown": (
        "The server chose an extension that this program cannot read; frames are passed on, "
        "their content may be unreadable here (RFC 6455 section 9)."
    ),
    "deflate-chosen-twice": (
        "The server chose permessage-deflate more than once (RFC 7692 section 5)."
    ),
    "deflate-parameter-unknown": (
        "permessage-deflate was chosen with a parameter that does not exist, so compressed "
        "messages are not read (RFC 7692 section 7.1)."
    ),
    "deflate-parameter-repeated": (
        "permessage-deflate was chosen with the same parameter twice (RFC 7692 section 7.1)."
    ),
    "deflate-parameter-value": (
        "A no_context_takeover parameter has a value, where none is allowed "
        "(RFC 7692 section 7.1.1)."
    ),
    "deflate-window-value": (
        "A max_window_bits parameter is not a number from 8 to 15 without leading zeros "
        "(RFC 7692 section 7.1.2)."
    ),
    "deflate-window-without-value": (
        "A max_window_bits parameter of the response has no value; it is read as 15 "
        "(RFC 7692 section 7.1.2)."
    ),
    "deflate-client-window-not-offered": (
        "The server set client_max_window_bits, which the client did not offer "
        "(RFC 7692 section 7.1.2.2)."
    ),
    "deflate-server-window-ignored": (
        "The client asked for a smaller server_max_window_bits than the server granted "
        "(RFC 7692 section 7.1.2.1)."
    ),
    "deflate-server-takeover-ignored": (
        "The client asked for server_no_context_takeover and the server did not grant it "
        "(RFC 7692 section 7.1.1.1)."
    ),
}

_HTTP_VERSION: Final = re.compile(rb"(?:HTTP/)?([0-9])(?:\.([0-9]))?")
_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{22}==")


@dataclass(frozen=True, slots=True)
class Request:
    """The request as it came. ``target`` is the request target with its query."""

    method: bytes | str
    target: bytes | str = field(repr=False)  # a query may hold a secret, headers do
    http_version: bytes | str
    headers: Headers = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """The response as it came."""

    status: int
    headers: Headers = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or unusual: a code for programs, a sentence for a human."""

    code: str
    say: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """What an opening handshake says. Texts are as sent; bytes that are no UTF-8 show as ``\\xff``.

    Attributes:
        host: the first Host header.
        uri: the request target with its query.
        versions: every Sec-WebSocket-Version of the request.
        key: the first Sec-WebSocket-Key.
        client_protocols: subprotocols offered, in order.
        subprotocol: the (first) one that the server chose.
        client_extensions: extensions offered, each with its parameters, as written.
        server_extensions: those that the server chose, as written.
        status: None if there was no response.
        accept_valid: whether Sec-WebSocket-Accept matches the key; None unless the status is 101.
        deflate: what permessage-deflate agreed on; None if it was not chosen, or unreadable.
        deflate_unreadable: it was chosen, but with parameters nobody can follow: do not inflate,
            expect RSV1.
        other_extensions: names of other extensions chosen: RSV bits may then be legal.
        findings: in the order request, response; none is fatal.
    """

    host: str | None
    uri: str = field(repr=False)  # a query may hold a secret
    http_version: str
    user_agent: str | None
    origin: str | None
    versions: tuple[str, ...]
    key: str | None = field(repr=False)
    client_protocols: tuple[str, ...] = field(repr=False)  # tokens travel here, too
    subprotocol: str | None = field(repr=False)
    client_extensions: tuple[str, ...]
    server_extensions: tuple[str, ...]
    status: int | None
    accept_valid: bool | None
    deflate: DeflateParams | None
    deflate_unreadable: bool
    other_extensions: tuple[str, ...]
    findings: tuple[Finding, ...]


def is_websocket_upgrade(headers: Headers) -> bool:
    """Whether the Upgrade header of a request or response names websocket, of any version.

    ``Upgrade: WebSocket, foo`` does.
    """
    return "websocket" in _tokens(_values(headers).get("upgrade", ()))


def examine(request: Request, response: Response | None) -> Handshake:
    """Read a handshake, whatever is in it. ``response`` is None if none came. Never raises."""
    asked = _values(request.headers)
    answered = _values(response.headers) if response is not None else {}
    status = response.status if response is not None else None
    keys = asked.get("sec-websocket-key", ())
    client_protocols = _elements(asked, "sec-websocket-protocol")
    codes = _request_codes(request, asked)
    if len(set(client_protocols)) < len(client_protocols):
        codes.append("subprotocol-repeated")

    accept_valid = None
    if status == 101:
        accepts = answered.get("sec-websocket-accept", ())
        expected = generate_accept_token(keys[0]) if keys else None
        accept_valid = bool(accepts) and all(accept == expected for accept in accepts)
        codes += _response_codes(answered, accepts, accept_valid)
    else:
        codes.append("response-missing" if status is None else "status-not-101")

    # An answer other than 101 agrees on nothing, whatever headers it has.
    agreement = answered if status == 101 else {}
    chosen_protocols = _elements(agreement, "sec-websocket-protocol")
    if len(chosen_protocols) > 1:
        codes.append("subprotocol-several")
    if not set(chosen_protocols) <= set(client_protocols):
        codes.append("subprotocol-not-offered")
    client_extensions = _elements(asked, "sec-websocket-extensions")
    server_extensions = _elements(agreement, "sec-websocket-extensions")
    if len(agreement.get("sec-websocket-extensions", ())) > 1:
        codes.append("extension-header-repeated")
    deflate, deflate_unreadable, others, extension_codes = _agreed_extensions(
        client_extensions, server_extensions
    )
    codes += extension_codes

    return Handshake(
        host=_first(asked, "host"),
        uri=_text(_bytes(request.target)),
        http_version=_text(_bytes(request.http_version)),
        user_agent=_first(asked, "user-agent"),
        origin=_first(asked, "origin"),
        versions=tuple(map(_text, asked.get("sec-websocket-version", ()))),
        key=_first(asked, "sec-websocket-key"),
        client_protocols=client_protocols,
        subprotocol=chosen_protocols[0] if chosen_protocols else None,
        client_extensions=client_extensions,
        server_extensions=server_extensions,
        status=status,
        accept_valid=accept_valid,
        deflate=deflate,
        deflate_unreadable=deflate_unreadable,
        other_extensions=others,
        findings=tuple(Finding(code, FINDINGS[code]) for code in dict.fromkeys(codes)),
    )


def _request_codes(request: Request, asked: dict[str, list[bytes]]) -> list[str]:
    """RFC 6455 section 4.1, the requirements on the client's request."""
    codes = []
    if _bytes(request.method) != b"GET":
        codes.append("method-not-get")
    version = _HTTP_VERSION.fullmatch(_bytes(request.http_version).strip())
    if version is None or (version[1], version[2] or b"0") < (b"1", b"1"):
        codes.append("http-version")
    codes += _count_codes("host", asked.get("host", ()))
    codes += _upgrade_codes("request", asked)
    keys = asked.get("sec-websocket-key", ())
    codes += _count_codes("key", keys)
    if not all(_KEY.fullmatch(key) for key in keys):
        codes.append("key-malformed")
    versions = asked.get("sec-websocket-version", ())
    codes += _count_codes("version", versions)
    if any(value != b"13" for value in versions):
        codes.append("version-not-13")
    return codes


def _response_codes(
    answered: dict[str, list[bytes]], accepts: Sequence[bytes], accept_valid: bool
) -> list[str]:
    """RFC 6455 section 4.2.2 point 5, the requirements on a 101 response."""
    codes = _upgrade_codes("response", answered)
    codes += _count_codes("accept", accepts)
    if accepts and not accept_valid:
        codes.append("accept-wrong")
    return codes


def _agreed_extensions(
    offered: Sequence[str], chosen: Sequence[str]
) -> tuple[DeflateParams | None, bool, tuple[str, ...], list[str]]:
    offers = [parse_extension(element) for element in offered]
    offered_names = {offer.name for offer in offers}
    codes: list[str] = []
    others: list[str] = []
    deflates: list[DeflateParams | None] = []
    for extension in map(parse_extension, chosen):
        if extension.name not in offered_names:
            codes.append("extension-not-offered")
        if extension.name == PERMESSAGE_DEFLATE:
            deflate, deflate_codes = negotiated_deflate(extension, offers)
            deflates.append(deflate)
            codes += deflate_codes
        else:
            others.append(extension.name)
            codes.append("extension-unknown")
    if len(deflates) > 1:
        codes.append("deflate-chosen-twice")
        return None, True, tuple(others), codes
    agreed = deflates[0] if deflates else None
    return agreed, bool(deflates) and agreed is None, tuple(others), codes


def _upgrade_codes(side: str, headers: dict[str, list[bytes]]) -> list[str]:
    codes = []
    upgrades = _tokens(headers.get("upgrade", ()))
    if "websocket" not in upgrades:
        codes.append(f"{side}-upgrade-missing")
    elif len(upgrades) > 1:
        codes.append(f"{side}-upgrade-others")
    if "upgrade" not in _tokens(headers.get("connection", ())):
        codes.append(f"{side}-connection-missing")
    return codes


def _count_codes(what: str, values: Sequence[bytes]) -> list[str]:
    if not values:
        return [f"{what}-missing"]
    return [f"{what}-repeated"] if len(values) > 1 else []


def _values(headers: Headers) -> dict[str, list[bytes]]:
    """Values by lower-case name, in order, white space around them removed."""
    values: dict[str, list[bytes]] = {}
    for name, value in headers:
        key = _bytes(name).decode("latin-1").strip().lower()
        values.setdefault(key, []).append(_bytes(value).strip(b" \t\r\n"))
    return values


def _tokens(values: Iterable[bytes]) -> set[str]:
    """The tokens of a list header in lower case; ``websocket/13`` counts as ``websocket``."""
    tokens = (token for value in values for token in value.decode("latin-1").lower().split(","))
    return {token.partition("/")[0].strip() for token in tokens} - {""}


def _elements(values: dict[str, list[bytes]], name: str) -> tuple[str, ...]:
    return tuple(element for value in values.get(name, ()) for element in split_list(_text(value)))


def _first(values: dict[str, list[bytes]], name: str) -> str | None:
    found = values.get(name)
    return _text(found[0]) if found else None


def _bytes(value: bytes | str) -> bytes:
    """Header text as bytes; a str may hold bytes as lone surrogates, as mitmproxy's does."""
    if isinstance(value, bytes):
        return value
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _text(value: bytes) -> str:
    """Text that can be written as UTF-8 again, whatever the bytes."""
    return value.decode("utf-8", "backslashreplace")
