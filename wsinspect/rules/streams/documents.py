"""The JSON documents that a message carries, decoded.

Owns: telling them from other text behind the prefixes of Socket.IO, Engine.IO, SockJS, SignalR,
server-sent events and STOMP, and decoding them in the fastest way there is. Must not know:
places (that is what the views are for), patterns, streams.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

__all__ = ["MAX_DOCUMENT", "Documents", "documents"]

MAX_DOCUMENT: Final = 64 * 1024
_MAX_LINES: Final = 1000

_decode = msgspec.json.Decoder().decode
_PREFIX = re.compile(
    rb"(?:[\x00-\x20]|\xef\xbb\xbf)*+"
    rb"(?:[0-9]{1,4}-?(?:/[^,\x22\[{\x00-\x20]{0,256}+,)?[0-9]{0,10}|[acm]|data:[ ]?"
    rb"|for[ ]?\(;;\);|while\(1\);|\)\]\}',?\n)?(?=[\x22\[{])"
)
_OTHER_FIELD = re.compile(rb"(?:event|id|retry)?:")  # of server-sent events; a comment has no name
_tolerant = json.JSONDecoder(strict=False, parse_int=lambda _: 0, parse_float=lambda _: 0.0)


class Documents(NamedTuple):
    """``values``: objects, arrays and strings. ``rest``: there is more than documents here."""

    values: list[Any]
    rest: bool

    def __repr__(self) -> str:  # never payload
        return f"<Documents {len(self.values)}>"


_NOTHING = Documents([], True)


def documents(message: bytes) -> Documents:
    """Never raises."""
    if len(message) > MAX_DOCUMENT:
        return _NOTHING
    if message[:1] in (b"{", b"["):
        try:
            return Documents([_decode(message)], False)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass
    elif b'"' not in message:
        return _NOTHING
    value = _after_prefix(message)
    if value is not None:
        return Documents([value], False)
    if b"\x1e" in message:
        return _each(message.split(b"\x1e", _MAX_LINES))
    if b"\n" in message:
        _, found, body = message.partition(b"\n\n")
        value = _after_prefix(body) if found else None
        if value is not None:  # STOMP: headers, an empty line, the body
            return Documents([value], False)
        return _each(message.split(b"\n", _MAX_LINES))
    return _NOTHING


def _each(lines: Iterable[bytes]) -> Documents:
    values: list[Any] = []
    rest = False
    for line in lines:
        value = _after_prefix(line)
        if value is not None:
            values.append(value)
        elif line.strip(b"\0 \r\n\t") and not _OTHER_FIELD.match(line):
            rest = True
    return Documents(values, rest or not values)


def _after_prefix(message: bytes) -> Any:
    """The one document behind a prefix, or None."""
    found = _PREFIX.match(message)
    if found is None:
        return None
    body = message[found.end() :].rstrip(b"\0\x1e \r\n\t")
    if body[-1:] not in (b"}", b"]", b'"'):
        return None
    try:
        return _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:  # half surrogates, control characters, NaN: readers there are that take them
        return _tolerant.decode(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
