"""The escapes in JSON strings (RFC 8259 §7), undone and done.

Owns: what an escape stands for, and where its character is in the value. Must not know: documents.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from wsinspect.rules.views.view import Piece

__all__ = ["escape", "escape_pieces", "unescape"]

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}"
    rb"|x[0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
_MUST_ESCAPE = re.compile(rb"[\"\\\x00-\x1f]")
_SHORT: Final = {0x62: b"\b", 0x66: b"\f", 0x6E: b"\n", 0x72: b"\r", 0x74: b"\t"}
_decode_string = msgspec.json.Decoder(str).decode


def _one_escape(found: re.Match[bytes]) -> bytes:
    raw = found[0]
    if len(raw) == 2:
        return _SHORT.get(raw[1], raw[1:])
    if len(raw) == 4:
        return chr(int(raw[2:4], 16)).encode()
    code = int(raw[2:6], 16)
    if len(raw) == 12:
        code = 0x10000 + ((code & 0x3FF) << 10) + (int(raw[8:], 16) & 0x3FF)
    elif 0xD800 <= code < 0xE000:
        code = 0xFFFD  # half of a pair: no character of UTF-8; the bytes themselves stay
    return chr(code).encode()


def unescape(raw: bytes) -> bytes:
    """The value of a string's inside. Never raises."""
    try:
        return _decode_string(b'"' + raw + b'"').encode()
    except (msgspec.DecodeError, UnicodeError):
        return _ESCAPE.sub(_one_escape, raw)


def escape_pieces(raw: bytes) -> list[Piece]:
    """Where the value of a string's inside differs from it."""
    pieces: list[Piece] = []
    shift = 0
    for found in _ESCAPE.finditer(raw):
        start, end = found.span()
        value_len = len(_one_escape(found))
        pieces.append(Piece(start - shift, start - shift + value_len, start, end))
        shift += end - start - value_len
    return pieces


def escape(value: bytes) -> bytes:
    """A value as the inside of a string."""
    return _MUST_ESCAPE.sub(
        lambda found: b"\\" + found[0] if found[0] in b'"\\' else b"\\u%04x" % found[0][0],
        value,
    )
