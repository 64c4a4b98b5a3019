"""From candidates to matches: keyword, RE2, group, entropy, check, allow list, context.

Owns: what a match *is*. Whatever engine found the candidates, the matches of a pattern are RE2's
leftmost, non-overlapping, non-empty ones in the whole data, and then the pattern's own tests.
Must not know: hyperscan, views, rules.

A candidate's end says where a match may end: for each place where a match begins, at least the
shortest one's end is there (the engine's promise), and if the pattern is not ``trimmed``, all ends
are. So a search can begin ``max_len`` before the next end and need not look for a match behind the
last: between two far hits nothing is read. :data:`ANYWHERE` as an end says nothing: all is read.

Bounded: at most :data:`MAX_MATCHES` matches; at most ``_STEPS`` searches; about 64 times the
data's length of bytes searched. Past one of them ``Matches.truncated`` is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from wsinspect.rules.detect.entropy import shannon
from wsinspect.rules.detect.pattern import Context, Match, Pattern
from wsinspect.rules.engine.regexes import compile_regex
from wsinspect.rules.engine.superset import Superset

__all__ = ["ANYWHERE", "MAX_MATCHES", "Candidate", "Confirmer", "Keywords", "Matches"]

type Candidate = tuple[int, int]

ANYWHERE: Final = 0  # no match ends there: an empty one is none
MAX_MATCHES: Final = 1000
_STEPS: Final = 4 * MAX_MATCHES
_WORK_FACTOR: Final = 64
_WORK_FLOOR: Final = 1024 * 1024  # bytes
_LONGEST_UTF8: Final = 4


class Matches(list[Match]):
    """Sorted by begin, longest first, then by pattern. ``truncated``: there may be more."""

    __slots__ = ("truncated",)

    def __init__(self, matches: Iterable[Match] = (), *, truncated: bool = False) -> None:
        super().__init__(matches)
        self.truncated = truncated


class Keywords:
    """Words of which one must be there, whatever its case. False if there are none."""

    __slots__ = ("others", "plain")

    def __init__(self, words: Iterable[str]) -> None:
        words = tuple(words)
        self.plain = tuple(word.lower().encode() for word in words if word.isascii())
        # Compiled: bytes.lower knows ASCII only.
        self.others = tuple(
            compile_regex("(?i)" + "".join(f"\\x{{{ord(char):x}}}" for char in word))
            for word in words
            if not word.isascii()
        )

    def __bool__(self) -> bool:
        return bool(self.plain or self.others)

    def are_in(self, data: bytes, lower: bytes) -> bool:
        """``lower`` is ``data.lower()``."""
        for word in self.plain:
            if word in lower:
                return True
        return any(regex.search(data) is not None for regex in self.others)


class _Row(NamedTuple):
    """A pattern made ready."""

    search: Callable[[bytes, int, int], Any]
    trimmed: bool
    keywords: Keywords
    groups: tuple[int, ...]  # the first of them that is not empty is the secret
    pattern: Pattern
    near: tuple[Any, ...]
    plain: bool  # no test after the regex


def _row(pattern: Pattern, superset: Superset | None) -> _Row:
    regex = compile_regex(pattern.regex if superset is None else superset.exact)
    if pattern.group > regex.groups:
        raise ValueError(f"{pattern.id}: the regex has no group {pattern.group}")
    return _Row(
        regex.search,
        superset is not None and superset.trimmed,
        Keywords(pattern.keywords),
        (pattern.group,) if pattern.group else tuple(range(1, regex.groups + 1)),
        pattern,
        tuple(compile_regex(one) for one in pattern.near),
        not (pattern.near or pattern.entropy or pattern.check or pattern.allowed),
    )


class _Budget:
    """What one confirm may still spend."""

    __slots__ = ("bytes", "matches", "steps")

    def __init__(self, data_len: int) -> None:
        self.bytes = max(_WORK_FLOOR, _WORK_FACTOR * data_len)
        self.matches = MAX_MATCHES
        self.steps = _STEPS

    @property
    def spent(self) -> bool:
        return self.bytes < 0 or self.matches <= 0 or self.steps <= 0


class Confirmer:
    """Holds the patterns' compiled regexes. Raises: BadRegexError, ValueError (no such group)."""

    __slots__ = ("_rows",)

    def __init__(self, patterns: Sequence[Pattern], supersets: Sequence[Superset | None]) -> None:
        self._rows = tuple(map(_row, patterns, supersets))

    def confirm(
        self,
        data: bytes,
        candidates: Sequence[Candidate],
        wanted: frozenset[int] | None = None,
    ) -> Matches:
        """The true matches among ``candidates``, of the patterns ``wanted`` (None: all)."""
        found = Matches()
        if not candidates:
            return found
        ends_of: dict[int, list[int]] = {}
        for index, end in candidates:
            if wanted is None or index in wanted:
                ends_of.setdefault(index, []).append(end)
        if not ends_of:
            return found
        lower = data.lower()
        budget = _Budget(len(data))
        for index, ends in sorted(ends_of.items()):
            row = self._rows[index]
            if row.keywords and not row.keywords.are_in(data, lower):
                continue
            ends.sort()
            self._search(index, row, data, ends, found, budget)
            if budget.spent:
                found.truncated = True
                break
        if len(found) > 1:
            unique = sorted(set(found), key=_order)
            found[:] = unique
        return found

    @staticmethod
    def _search(
        index: int, row: _Row, data: bytes, ends: list[int], found: Matches, budget: _Budget
    ) -> None:
        """Append one pattern's matches, as ``finditer`` on all of ``data`` has them."""
        search = row.search
        whole = ends[0] == ANYWHERE
        last = len(data) if whole else ends[-1]
        extend = row.trimmed and not whole
        back = row.pattern.max_len
        position = 0  # where the match before ended
        for end in ends:
            if end <= position and not whole:
                continue
            while position < last:
                begin = position if whole else max(position, end - back)
                match = search(data, begin, last)
                budget.steps -= 1
                if match is None:
                    budget.bytes -= last - begin
                    return
                if extend:  # the same match, and all of it
                    match = search(data, match.start(), len(data))
                match_start, match_end = match.span()
                budget.bytes -= match_end - begin
                if match_end > match_start:
                    position = match_end
                    _judge(index, row, data, match, found, budget)
                else:
                    position = match_end + 1
                if budget.spent:
                    return
                if not whole and position >= end:
                    break


def _judge(index: int, row: _Row, data: bytes, match: Any, found: Matches, budget: _Budget) -> None:
    """Append the match if the pattern's tests on it hold."""
    match_start, match_end = match.span()
    start, end = match_start, match_end
    for group in row.groups:
        group_start, group_end = match.span(group)
        if group_end > group_start:
            start, end = group_start, group_end
            break
    if not row.plain:
        pattern = row.pattern
        if pattern.entropy and shannon(data[start:end]) <= pattern.entropy:
            return
        context = Context(data, start, end, match_start, match_end)
        if pattern.check is not None and not pattern.check(context):
            return
        if any(allowed(context) for allowed in pattern.allowed):
            return
        if row.near and not _is_near(row, data, start, end):
            return
    found.append(Match(index, start, end, match_start, match_end))
    budget.matches -= 1


def _order(match: Match) -> tuple[int, int, int, int]:
    return match.start, -match.end, match.pattern, match.match_start


def _is_near(row: _Row, data: bytes, start: int, end: int) -> bool:
    """Whether a regex of ``near`` matches close before or after the secret."""
    within = row.pattern.within
    before = _step_back(data, start, within)
    after = _step_on(data, end, within)
    return any(
        regex.search(data, before, start) is not None or regex.search(data, end, after) is not None
        for regex in row.near
    )


def _step_back(data: bytes, position: int, characters: int) -> int:
    """The offset ``characters`` UTF-8 characters before ``position``."""
    piece = data[max(0, position - _LONGEST_UTF8 * characters) : position]
    if piece.isascii():
        return max(0, position - characters)
    kept = piece.decode("utf-8", "surrogateescape")[-characters:] if characters else ""
    return position - len(kept.encode("utf-8", "surrogateescape"))


def _step_on(data: bytes, position: int, characters: int) -> int:
    """The offset ``characters`` UTF-8 characters behind ``position``."""
    piece = data[position : position + _LONGEST_UTF8 * characters]
    if piece.isascii():
        return min(len(data), position + characters)
    kept = piece.decode("utf-8", "surrogateescape")[:characters]
    return position + len(kept.encode("utf-8", "surrogateescape"))
