"""From candidates to matches: keyword, RE2, group, entropy, check, allow list, context.

Owns: what a match *is*. Whatever engine found the candidates, the matches of a pattern are RE2's
leftmost, non-overlapping, non-empty ones in the whole data, and then the pattern's own tests.
Must not know: hyperscan, views, rules.

A candidate's end says where a match may end: of each place where one begins, at least the shortest
match's end is there (the engine's promise). So a search can begin ``max_len`` before the next end
and need not look for a match behind the last: between two far hits nothing is read. A match itself
is read to its own end, wherever that is. :data:`ANYWHERE` as an end says nothing: all is read.

Bounded: about :data:`MAX_MATCHES` matches in all. Each pattern has a few of them for sure, and what
is left goes in equal parts to those that have more, so that a flood of one kind hides no other. For
each, searches and bytes read are limited too. Past a limit ``Matches.truncated`` is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from wsinspect.rules.detect.entropy import shannon
from wsinspect.rules.detect.pattern import Context, Match, Pattern
from wsinspect.rules.engine.regexes import Find, compile_regex, finder
from wsinspect.rules.engine.superset import Superset

__all__ = ["ANYWHERE", "MAX_MATCHES", "Candidate", "Confirmer", "Keywords", "Matches"]

type Candidate = tuple[int, int]

ANYWHERE: Final = 0  # no match ends there: an empty one is none
MAX_MATCHES: Final = 1000
_FEW: Final = 8  # matches of each pattern for sure
_GROWTH: Final = 8
_STEPS_A_MATCH: Final = 4  # searches, for matches that fail a test or are empty
_LEAST_STEPS: Final = 64
_READ_FACTOR: Final = 64  # bytes read of one pattern's account, for each byte of data
_LONGEST_UTF8: Final = 4
_BEHIND: Final = 16  # a trigger's sieve tells where the number ends, not what must follow it
_NEAR: Final = 4096  # bytes that may be read for nothing rather than searched twice


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

    find: Find
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
        finder(regex),
        Keywords(pattern.keywords),
        (pattern.group,) if pattern.group else tuple(range(1, regex.groups + 1)),
        pattern,
        tuple(compile_regex(one) for one in pattern.near),
        not (pattern.near or pattern.entropy or pattern.check or pattern.allowed),
    )


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
        pending = [
            index
            for index in sorted(ends_of)
            if not (keywords := self._rows[index].keywords) or keywords.are_in(data, lower)
        ]
        for index in pending:
            ends_of[index].sort()
        limit = _FEW if len(pending) > 1 else MAX_MATCHES
        while pending:
            fair = max(_FEW, (MAX_MATCHES - len(found)) // len(pending))
            limit = min(limit, fair)
            left = []
            for index in pending:
                matches, complete = _search(index, self._rows[index], data, ends_of[index], limit)
                if complete or limit == fair:
                    found += matches
                    found.truncated |= not complete
                else:
                    left.append(index)
            pending = left
            limit *= _GROWTH
        found[:] = sorted(set(found), key=_order)
        return found


def _search(
    index: int, row: _Row, data: bytes, ends: Sequence[int], limit: int
) -> tuple[list[Match], bool]:
    """One pattern's matches, as ``finditer`` on all of ``data`` has them; ``ends`` is sorted.

    And whether these are all: False if there are more than ``limit``, or it is too much work.
    """
    find = row.find
    judge = _accept if row.plain else _judge
    size = len(data)
    whole = ends[0] == ANYWHERE
    cut = not whole and size - ends[-1] > _NEAR
    last = ends[-1] + _BEHIND if cut else size
    steps = _LEAST_STEPS + _STEPS_A_MATCH * limit
    bytes_left = _READ_FACTOR * size
    position = 0  # where the match before ended
    reached = 0  # what is before was searched
    found: list[Match] = []
    for end in ends:
        if end <= position and not whole:
            continue
        begin = max(reached, end - row.pattern.max_len) if not whole else 0
        while begin <= last:
            spans = find(data, begin, last)
            if spans is None:
                return found, True
            steps -= 1
            if len(found) >= limit or steps < 0 or bytes_left < 0:
                return found, False
            match_start, match_end = spans[0]
            if cut:  # the same match, and all of it
                spans = find(data, match_start, size) or spans
                match_end = spans[0][1]
            bytes_left -= match_end - begin
            position = match_end
            if match_end > match_start:
                begin = reached = match_end
                judge(index, row, data, spans, found)
            else:  # an empty one is none, and would be found again
                begin = reached = match_end + 1
            if position >= end and not whole:
                break
    return found, True


def _accept(
    index: int, row: _Row, _data: bytes, spans: Sequence[tuple[int, int]], found: list[Match]
) -> None:
    match_start, match_end = spans[0]
    for group in row.groups:
        start, end = spans[group]
        if end > start:
            found.append(Match(index, start, end, match_start, match_end))
            return
    found.append(Match(index, match_start, match_end, match_start, match_end))


def _judge(
    index: int, row: _Row, data: bytes, spans: Sequence[tuple[int, int]], found: list[Match]
) -> None:
    """Append the match if the pattern's tests on it hold."""
    match_start, match_end = start, end = spans[0]
    for group in row.groups:
        group_start, group_end = spans[group]
        if group_end > group_start:
            start, end = group_start, group_end
            break
    pattern = row.pattern
    if pattern.entropy and shannon(data[start:end]) <= pattern.entropy:
        return
    context = Context(data, start, end, match_start, match_end)
    if pattern.check is not None and not pattern.check(context):
        return
    for allowed in pattern.allowed:
        if allowed(context):
            return
    if row.near and not _is_near(row, data, start, end):
        return
    found.append(Match(index, start, end, match_start, match_end))


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
