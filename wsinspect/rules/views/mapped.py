"""Views whose characters each have a place in their parent: URL, HTML and backslash escapes.

Owns: undoing these escapes, and the way back for an edit. Must not know: JSON, which views are
made and when. A view is made by one ``re.sub``; the map is made only where an edit needs it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Final, NamedTuple, override

from wsinspect.rules.views.view import MAPPED, Edit, Origin, Piece, View, map_back

__all__ = ["BACKSLASH", "HTML", "URL", "Kind", "MappedView", "form_encoded", "unescaped"]


class Kind(NamedTuple):
    """One way to escape. ``one`` gives what a found escape stands for."""

    name: str
    escapes: re.Pattern[bytes]
    one: Callable[[re.Match[bytes]], bytes]
    encode: Callable[[bytes], bytes]


def _percent(raw: bytes) -> bytes:
    return bytes.fromhex(raw.replace(b"%", b"").decode())


def _percent_or_plus(found: re.Match[bytes]) -> bytes:
    raw = found[0]
    return b" " if raw == b"+" else b"\n" if raw == b"&" else _percent(raw)


def _percent_or_field(found: re.Match[bytes]) -> bytes:
    raw = found[0]
    return b"\n" if raw == b"&" else _percent(raw)


# "*" is legal in a form and in most of a URL (RFC 3986 §2.2, sub-delims), and masks are made of it.
_MUST_PERCENT = re.compile(rb"[^A-Za-z0-9._~*-]")


def _to_percent(value: bytes) -> bytes:
    return _MUST_PERCENT.sub(lambda found: b"%%%02X" % found[0][0], value)


# Where another field begins, a value ends: its own line is what detectors expect of a value.
_NEXT_FIELD = rb"&(?=[A-Za-z0-9_.%\[\]-]{1,64}=)"
URL: Final = Kind(
    "url",
    re.compile(rb"(?:%[0-9A-Fa-f]{2})++|" + _NEXT_FIELD),
    _percent_or_field,
    _to_percent,
)
_FORM: Final = Kind(
    "url",
    re.compile(rb"\+|(?:%[0-9A-Fa-f]{2})++|" + _NEXT_FIELD),
    _percent_or_plus,
    _to_percent,
)
_FORM_SHAPE = re.compile(rb"[^\s=&+]{1,256}=[^\s&]*+(?:&[^\s=&]*+(?:=[^\s&]*+)?)*+\Z")
_QUERY_SHAPE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^\s?]*+\?\S*+\Z|/[^\s?]*+\?\S*+\Z")


def form_encoded(data: bytes) -> bool:
    """Whether a plus sign stands for a space: all of it is a form's body or a URL with a query."""
    return b"=" in data and (
        _FORM_SHAPE.match(data) is not None or _QUERY_SHAPE.match(data) is not None
    )


@lru_cache(maxsize=4096)
def _entity_of(raw: bytes) -> bytes:
    return html.unescape(raw.decode()).encode(errors="replace")


_ENTITY_TEXT: Final = {
    b"&": b"&amp;",
    b"<": b"&lt;",
    b">": b"&gt;",
    b'"': b"&quot;",
    b"'": b"&#39;",
}
HTML: Final = Kind(
    "html",
    re.compile(rb"&(?:#[0-9]{1,10}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});"),
    lambda found: _entity_of(found[0]),
    lambda value: re.sub(rb"[&<>\"']", lambda found: _ENTITY_TEXT[found[0]], value),
)

_CODES: Final = {0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9}


@lru_cache(maxsize=4096)
def _escape_of(raw: bytes) -> bytes:
    if raw[-1] == 0x0A:  # a line that goes on in the next
        return b""
    if raw[1] in b"0123":
        return bytes((int(raw[1:], 8),))
    if len(raw) == 2:
        code = _CODES.get(raw[1])
        return raw[1:] if code is None else bytes((code,))
    digits = raw[2:].strip(b"{}")
    if len(raw) == 12 and raw[6:7] == b"\\":
        code = 0x10000 + ((int(raw[2:6], 16) & 0x3FF) << 10) + (int(raw[8:], 16) & 0x3FF)
    else:
        code = int(digits, 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        code = 0xFFFD
    return chr(code).encode()


BACKSLASH: Final = Kind(
    "unicode",
    re.compile(
        rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}"
        rb"|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|\r?\n|[nrtbf\"'/\\])"
    ),
    lambda found: _escape_of(found[0]),
    lambda value: value.replace(b"\\", b"\\\\"),
)


def unescaped(kind: Kind, data: bytes) -> tuple[Kind, bytes]:
    """The data without escapes of this kind, and the kind that it turned out to be."""
    if kind is URL and b"+" in data and form_encoded(data):
        kind = _FORM
    return kind, kind.escapes.sub(kind.one, data)


class MappedView(Origin):
    """The whole parent with its escapes undone."""

    __slots__ = ("kind",)

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return self.kind.name

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        assert view.parent is not None
        pieces = self._pieces(view.parent.data)
        out: list[Edit] = []
        for edit in edits:
            start, end = map_back(pieces, edit.start, edit.end)
            out.append(Edit(start, end, self.kind.encode(edit.new), max(edit.rank, MAPPED)))
        return out

    def _pieces(self, source: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0  # in the view
        done = 0  # in the source
        for found in self.kind.escapes.finditer(source):
            begin, end = found.span()
            at += begin - done
            if source[begin] == 0x25:  # a run of %XX: each is a byte of its own
                for place in range(begin, end, 3):
                    pieces.append(Piece(at, at + 1, place, place + 3))
                    at += 1
            else:
                value_len = len(self.kind.one(found))
                pieces.append(Piece(at, at + value_len, begin, end))
                at += value_len
            done = end
        return pieces
