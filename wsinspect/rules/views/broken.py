"""What may stand in the middle of a token and is not part of it: tags, comments, joins, NULs.

Owns: the kinds of escapes that stand for nothing, or for the end of a line. Must not know: which
views are made and when.

An inline tag, a comment and the join of two literals stand for nothing; any other tag, and a NUL,
for a line break: what was a text of its own stays one.
"""

from __future__ import annotations

import html
import re
from typing import Final

from wsinspect.rules.views.mapped import HTML, Kind

__all__ = ["BROKEN", "JOINS", "NULS", "TAGS", "ends_with_nul"]

BROKEN: Final = re.compile(rb"</[A-Za-z]|<!--|/\*|[\x22'][ \t]?\+[ \t\r\n]{0,3}[\x22']")
_INLINE: Final = frozenset(
    b"a abbr b big bdi bdo cite code del dfn em font i ins kbd mark q s samp small span strike"
    b" strong sub sup tt u var wbr".split()
)


def _tag_or_entity(found: re.Match[bytes]) -> bytes:
    raw = found[0]
    if raw[0] == 0x26:
        return html.unescape(raw.decode()).encode(errors="replace")
    name: bytes | None = found[1]
    return b"" if name is None or name.lower() in _INLINE else b"\n"


TAGS: Final = Kind(
    "html",
    re.compile(
        HTML.escapes.pattern
        + rb"|<!--[^<>]{0,128}?-->|</?([A-Za-z][A-Za-z0-9:-]{0,31}+)(?:[ \t\r\n/][^<>]{0,256}+)?>"
    ),
    _tag_or_entity,
    HTML.encode,
)
JOINS: Final = Kind(
    "unicode",
    re.compile(
        rb"\x22[ \t]?\+[ \t\r\n]{0,3}\x22|'[ \t]?\+[ \t\r\n]{0,3}'"
        rb"|/\*[^*/]{0,16}\*/"
    ),
    lambda _: b"",
    lambda value: value,
)
NULS: Final = Kind("unicode", re.compile(rb"\x00"), lambda _: b"\n", lambda value: value)
_MOST_NULS: Final = 64


def ends_with_nul(data: bytes) -> bool:
    """As STOMP's frames do; more than a few of them are not the ends of texts."""
    return data.rstrip(b"\r\n").endswith(b"\x00") and data.count(0) <= _MOST_NULS
