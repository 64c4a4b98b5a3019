"""A pattern: one thing that can be looked for in a view, and a match: where it was found.

Owns the shapes only. Must not know: engines, rule files, views. All offsets are bytes: a text
view is valid UTF-8, a binary one is any bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "SIGN_BASE64",
    "SIGN_BROKEN",
    "SIGN_COMPRESSED",
    "SIGN_ESCAPE",
    "SIGN_HEX",
    "SIGN_HTML",
    "SIGN_NON_ASCII",
    "SIGN_NUL",
    "SIGN_PARTS",
    "SIGN_PERCENT",
    "SIGN_SPELLED",
    "SIGN_TURNED",
    "Context",
    "Match",
    "Pattern",
    "Sieve",
    "Trigger",
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
SIGN_BROKEN: Final = 256  # markup, a comment, "…" + "…": what may stand inside a token
SIGN_SPELLED: Final = 512  # bytes one by one: 41 4b 49, 65,75,73, =41=4B
SIGN_TURNED: Final = 1024  # the head of a well-known kind of secret, backwards or by rot13
SIGN_PARTS: Final = 2048  # "part1": "…


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


#: Data and the ends where a trigger was seen (0: look everywhere) to candidates: the index of a
#: pattern, and an offset at which, or before which in the same line, one of its matches may end.
type Sieve = Callable[[bytes, Sequence[int]], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, eq=False)
class Trigger:
    """What hyperscan looks for in place of the regexes of all patterns that name it.

    ``regex`` is cheap, and matches in every place where one of theirs does, ending no later.
    ``sieve`` makes of the patterns (their indices, and they) what tells which of them it may be:
    no miss, few false alarms. A pattern's regex still decides.
    """

    regex: str
    sieve: Callable[[Sequence[tuple[int, Pattern]]], Sieve]


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
    ``trigger`` is for speed only, and ``hint`` is what its sieve must know of this pattern.
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
    trigger: Trigger | None = None
    hint: object = None
    say: str = field(default="", kw_only=True)


class Match(NamedTuple):
    """``pattern`` is the index in the scanner's table; offsets of the secret and of all of it."""

    pattern: int
    start: int
    end: int
    match_start: int
    match_end: int
