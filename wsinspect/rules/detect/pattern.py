"""A pattern: one thing that can be looked for in a view, and a match: where it was found.

Owns the shapes only. Must not know: engines, rule files, views. All offsets are bytes: a text
view is valid UTF-8, a binary one is any bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "SIGN_BASE64",
    "SIGN_COMPRESSED",
    "SIGN_ESCAPE",
    "SIGN_HEX",
    "SIGN_HTML",
    "SIGN_NON_ASCII",
    "SIGN_NUL",
    "SIGN_PERCENT",
    "Context",
    "Match",
    "Pattern",
]

# Signs that a view of the data could matter, as bits.
SIGN_ESCAPE: Final = 1  # a backslash
SIGN_PERCENT: Final = 2  # %XX
SIGN_HTML: Final = 4  # &…;
SIGN_BASE64: Final = 8  # a run of 14 or more of its alphabets
SIGN_HEX: Final = 16  # a run of 16 or more hex digits
SIGN_COMPRESSED: Final = 32  # a magic of gzip, zlib or zstd
SIGN_NON_ASCII: Final = 64
SIGN_NUL: Final = 128  # UTF-16, or binary


class Context(NamedTuple):
    """What a pattern's ``check`` and ``allowed`` are given. Bytes offsets in ``data``."""

    data: bytes
    start: int  # of the secret
    end: int
    match_start: int  # of the whole match
    match_end: int

    @property
    def secret(self) -> bytes:
        return self.data[self.start : self.end]

    @property
    def match(self) -> bytes:
        return self.data[self.match_start : self.match_end]

    @property
    def line(self) -> bytes:
        begin = self.data.rfind(b"\n", 0, self.match_start) + 1
        end = self.data.find(b"\n", self.match_end)
        return self.data[begin : len(self.data) if end < 0 else end]

    def __repr__(self) -> str:  # never payload
        return f"Context({self.start}, {self.end})"


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One thing to look for.

    ``regex`` is RE2 syntax for UTF-8 text. A match counts if one of ``keywords`` (lower case; none:
    always) is somewhere in the view, case-insensitive; if the secret's Shannon entropy is above
    ``entropy`` (bits a character); if ``check`` says so; if nothing in ``allowed`` does; and if one
    of the regexes ``near`` matches within ``within`` characters before or after it.

    ``group``: the capture group that is the secret; 0: the first that is not empty, or else the
    whole match. ``max_len``: the longest match in bytes that must be found when it is cut by
    windows. ``digits``: mostly digits, so joined ids look alike. ``anchored``: the regex asks for
    the begin or end of its text (^ $ \\A \\z), so it means the leaf, not the raw message.
    """

    id: str
    regex: str
    keywords: tuple[str, ...] = ()
    group: int = 0
    entropy: float = 0.0
    check: Callable[[Context], bool] | None = None
    allowed: tuple[Callable[[Context], bool], ...] = ()
    near: tuple[str, ...] = ()
    within: int = 40
    max_len: int = 512
    digits: bool = False
    anchored: bool = False
    say: str = field(default="", kw_only=True)


class Match(NamedTuple):
    """``pattern`` is the index in the scanner's table; offsets of the secret and of all of it."""

    pattern: int
    start: int
    end: int
    match_start: int
    match_end: int
