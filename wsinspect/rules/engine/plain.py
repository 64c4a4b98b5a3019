"""Without hyperscan: keywords, then RE2, a pattern at a time.

Owns: the slow way, for the whole table where hyperscan is not there, and for the few patterns that
it refuses or that match nearly everywhere. Must not know: hyperscan, what a match is.

It says which patterns match, not where: its candidates end "anywhere". In joined messages they
end at the edges of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from wsinspect.rules.detect.pattern import SIGN_NON_ASCII, Pattern
from wsinspect.rules.engine.confirm import ANYWHERE, Candidate, Keywords
from wsinspect.rules.engine.regexes import BadRegexError, compile_bytes_regex, compile_regex
from wsinspect.rules.engine.signs import SIGN_REGEXES
from wsinspect.rules.engine.superset import Superset

__all__ = ["Plain", "PlainBlock", "edges_of", "signs_of"]

# Our own fixed patterns, each linear: stdlib re may.
_SIGNS: Final = tuple((bit, re.compile(regex.encode()).search) for bit, regex in SIGN_REGEXES)
_LINE_BREAK: Final = re.compile(rb"\n")


def signs_of(data: bytes) -> int:
    """The signs in ``data``, as bits."""
    signs = 0 if data.isascii() else SIGN_NON_ASCII
    for bit, search in _SIGNS:
        if search(data):
            signs |= bit
    return signs


def edges_of(data: bytes, ends: Sequence[int] | None) -> Sequence[int]:
    """Where messages joined by line breaks end: ``ends`` if the caller knows, else each line."""
    if ends is not None:
        return ends
    return [*(match.start() for match in _LINE_BREAK.finditer(data)), len(data)]


class _Row(NamedTuple):
    pattern: int
    search: Callable[[bytes], Any]
    search_joined: Callable[[bytes], Any] | None  # None: RE2 refuses it; take it as found
    keywords: Keywords


class Plain:
    """Looks for some patterns of a table; ``supersets`` has all of the table's (None: unknown)."""

    __slots__ = ("_any_keyword", "_rows", "_unkeyed")

    def __init__(
        self,
        patterns: Sequence[Pattern],
        supersets: Sequence[Superset | None],
        indices: Iterable[int],
    ) -> None:
        rows = [_row(index, patterns[index], supersets[index]) for index in sorted(indices)]
        self._rows = [row for row in rows if row.keywords]
        self._unkeyed = [row for row in rows if not row.keywords]
        self._any_keyword = _alternation([row.keywords for row in self._rows])

    def _suspects(self, data: bytes) -> list[_Row]:
        """The patterns with a keyword that is there."""
        if not self._rows:
            return []
        lower = data.lower()
        if self._any_keyword is not None and self._any_keyword(lower) is None:
            return []
        return [row for row in self._rows if row.keywords.are_in(data, lower)]

    def scan(self, data: bytes) -> list[Candidate]:
        return [
            (row.pattern, ANYWHERE)
            for row in [*self._suspects(data), *self._unkeyed]
            if row.search(data) is not None
        ]

    def scan_joined(self, data: bytes, ends: Sequence[int] | None) -> list[Candidate]:
        places: list[int] = []
        found: list[Candidate] = []
        for row in [*self._suspects(data), *self._unkeyed]:
            if row.search_joined is None or row.search_joined(data) is not None:
                places = places or [ANYWHERE, *edges_of(data, ends)]
                found += [(row.pattern, place) for place in places]
        return found


class PlainBlock:
    """The whole table by RE2, with the signs: what ``hyperscan.Block`` is."""

    __slots__ = ("_plain", "left_out")

    def __init__(self, patterns: Sequence[Pattern], supersets: Sequence[Superset | None]) -> None:
        self.left_out = frozenset(range(len(patterns)))
        self._plain = Plain(patterns, supersets, self.left_out)

    def scan(self, data: bytes) -> tuple[list[Candidate], int]:
        return self._plain.scan(data), signs_of(data)

    def scan_joined(
        self, data: bytes, ends: Sequence[int] | None = None
    ) -> tuple[list[Candidate], int]:
        return self._plain.scan_joined(data, ends), signs_of(data)


def _row(index: int, pattern: Pattern, superset: Superset | None) -> _Row:
    exact = compile_regex(superset.exact if superset is not None else pattern.regex)
    joined = None
    if superset is not None:
        try:
            joined = compile_bytes_regex(f"(?m){superset.forms[0].wide}").search
        except BadRegexError:
            joined = None  # RE2 finds it too large
    return _Row(index, exact.search, joined, Keywords(pattern.keywords))


def _alternation(keywords: Sequence[Keywords]) -> Callable[[bytes], Any] | None:
    """One search for any keyword, in lower-case data. None: some cannot be found so."""
    words = {word for one in keywords for word in one.plain}
    if not words or any(one.others for one in keywords):
        return None
    try:
        search: Callable[[bytes], Any] = compile_bytes_regex(
            "|".join(map(_quoted, sorted(words)))
        ).search
    except BadRegexError:
        return None
    return search


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)
