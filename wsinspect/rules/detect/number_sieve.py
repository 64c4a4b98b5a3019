"""Which kinds of numbers may stand in a text, once a run of digits was seen in it.

Owns: the two triggers of all kinds that are digits only, and their sieves. Must not know any one
kind of number, nor whether what it lets through is one (``kinds.py``).

Twenty kinds times three forms are sixty regexes, and hyperscan needs a hundredth of a millisecond
to look for them all; digits enough for the shortest of them are rare. So it looks for those only,
and the sizes of the groups in which they stand then say in a dictionary which kinds it can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

import re2

from wsinspect.rules.detect.pattern import Pattern, Sieve, Trigger

__all__ = ["FILLER", "HIDDEN", "LOOK", "PLAIN", "SEPARATOR", "NumberHint", "Sizes", "coarser"]

type Sizes = tuple[int, ...]

#: Between the groups of a number.
SEPARATOR: Final = r"[ \t\r\n.\-/_|]"
#: Between all characters of a number that hides: the same and <!---->, /**/ and the like.
FILLER: Final = r"[ \t\r\n.,\-/_|~*+:;<!>]"
LOOK: Final = 60  # bytes before and behind in which a word counts

_FEWEST: Final = 9  # digits of any kind
_MOST: Final = 19
_CLOCK: Final = frozenset(b"1%d" % digit for digit in range(10))
_CLOCKS: Final = frozenset((10, 13, 16))  # digits of a time in s, ms, µs
_PADDED: Final = 16  # of the shortest that may be padded, with two zeros
_BACK: Final = 400  # no number is longer, with its fillers
_BEFORE: Final = LOOK + 24  # a word that is longer than the rest is still seen whole
_FILLERS: Final = b" \t\r\n.,-/_|~*+:;<!>"
_PLAIN_RUN: Final = re.compile(rb"[0-9 \t\r\n.\-/_|]*")
_HIDDEN_RUN: Final = re.compile(rb"[0-9 \t\r\n.,\-/_|~*+:;<!>]*")
_RUNS: Final = re.compile(rb"[0-9](?:[ \t\r\n.,\-/_|~*+:;<!>]{0,16}[0-9]){8,}")
_LONG: Final = 256
_FLOOD: Final = 1024
# Single digits, more than any number has, with the same between them all.
_BOARD: Final = re.compile(rb"[0-9]([ \t\r\n.,\-/_|~*+:;<!>]{1,8})(?:[0-9]\1){20,}[0-9](?![0-9])")
_DIGITS: Final = re.compile(rb"[0-9]+")
_JOINTS: Final = frozenset(bytes((byte,)) for byte in b" \t,:;.-/_|")  # alone, join digits


class NumberHint(NamedTuple):
    """What the sieve must know of a pattern.

    ``sizes``: of its groups, in all ways that the regex accepts; ``valid``
    judges the bare number; ``words`` name it, as a regex, of which one must be near if
    ``needs_word``. ``hidden``: a single separator that joins it to further digits is a part of it.
    ``padded``: zeros may be stuck to it.
    """

    sizes: frozenset[Sizes]
    valid: Callable[[str], bool]
    words: str
    needs_word: bool
    hidden: bool
    padded: bool


class _Row(NamedTuple):
    pattern: int
    hint: NumberHint


class _Kinds(NamedTuple):
    """The patterns of some sizes; ``words`` finds any of theirs."""

    rows: list[_Row]
    words: Callable[[bytes], Any]
    padded: bool


def coarser(layout: Sizes) -> set[Sizes]:
    """The layout with any of its separators left away."""
    n = len(layout)
    found = set()
    for kept in range(n):
        for cuts in combinations(range(1, n), kept):
            edges = (0, *cuts, n)
            found.add(tuple(sum(layout[a:b]) for a, b in pairwise(edges)))
    return found


class _Numbers:
    """The sieve of some patterns."""

    def __init__(self, rows: Sequence[tuple[int, Pattern]], run: re.Pattern[bytes]) -> None:
        self.run: Callable[..., Any] = run.match
        by_sizes: dict[Sizes, list[_Row]] = {}
        words: dict[Sizes, list[str]] = {}
        self.padded: list[_Row] = []
        for index, pattern in rows:
            hint = pattern.hint
            assert isinstance(hint, NumberHint)
            for sizes in hint.sizes:
                by_sizes.setdefault(sizes, []).append(_Row(index, hint))
                words.setdefault(sizes, []).append(hint.words)
            if hint.padded:
                self.padded.append(_Row(index, hint))
        self.begins = {sizes[:n] for sizes in by_sizes for n in range(1, len(sizes) + 1)}
        compiled: dict[tuple[str, ...], Callable[[bytes], Any]] = {}
        self.table: dict[Sizes, _Kinds] = {}
        for sizes, its in by_sizes.items():
            key = tuple(sorted(set(words[sizes])))
            if key not in compiled:
                compiled[key] = _words_in(key)
            self.table[sizes] = _Kinds(its, compiled[key], any(row.hint.padded for row in its))

    def __call__(self, data: bytes, ends: Sequence[int]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        if ends[0] == 0:
            for match in _RUNS.finditer(data):
                self._run(data, *match.span(), found)
            return found
        run, done = self.run, 0
        for end in ends:
            if end <= done:
                continue
            back = run(data[max(done, end - _BACK) : end][::-1])
            done = run(data, end).end()
            start = end - back.end()
            text = data[start:done]
            number = text.strip(_FILLERS)
            if not number.isdigit():
                self._run(data, start, done, found)
            elif (row := self.table.get((len(number),))) is not None:
                start += text.index(number)
                if number[:2] in _CLOCK and len(number) in _CLOCKS and not row.padded:
                    # In every other message, so it must be quick.
                    before = start - _BEFORE if start > _BEFORE else 0
                    if row.words(data[before : start + len(number) + _BEFORE]) is None:
                        continue
                self._judge(data, start, start + len(number), number, row, found)
            elif len(number) >= _PADDED and self.padded:
                self._run(data, start, done, found)
        return found

    def _run(self, data: bytes, start: int, end: int, found: list[tuple[int, int]]) -> None:
        if end - start > _LONG:
            for board in _BOARD.finditer(data, start, end):
                self._part(data, start, board.start() + 1, found)
                start = board.end() - 1
        self._part(data, start, end, found)

    def _part(self, data: bytes, start: int, end: int, found: list[tuple[int, int]]) -> None:
        groups = [match.span() for match in _DIGITS.finditer(data, start, end)]
        if not groups:
            return
        self._groups(data, groups, found)
        if self.padded and sum(stop - begin for begin, stop in groups) >= _PADDED:
            self._zeros(data, groups, found)

    def _groups(
        self, data: bytes, groups: Sequence[tuple[int, int]], found: list[tuple[int, int]]
    ) -> None:
        """All successions of groups."""
        table, begins, count = self.table, self.begins, len(groups)
        gaps = [b"", *(data[a[1] : b[0]] for a, b in pairwise(groups)), b""]
        for first, (begin, stop) in enumerate(groups):
            total = stop - begin
            sizes: Sizes = (total,)
            if sizes not in begins:
                continue
            if first and total == 1 and gaps[first] == gaps[first + 1]:
                continue  # single digits, and more of them before
            for place in range(first, min(count, first + _MOST)):
                if place > first:
                    one, stop = groups[place]
                    total += stop - one
                    if total > _MOST:
                        break
                    sizes = (*sizes, stop - one)
                    if sizes not in begins:
                        break
                if total >= _FEWEST and (row := table.get(sizes)) is not None:
                    number = b"".join(data[a:b] for a, b in groups[first : place + 1])
                    before, behind = gaps[first], gaps[place + 1]
                    joined = (
                        before in _JOINTS
                        or behind in _JOINTS
                        or (before != b"" and before == gaps[first + 1])
                        or (behind != b"" and behind == gaps[place])
                    )
                    self._judge(data, begin, stop, number, row, found, joined=joined)

    def _judge(
        self,
        data: bytes,
        start: int,
        end: int,
        number: bytes,
        row: _Kinds,
        found: list[tuple[int, int]],
        *,
        joined: bool = False,
    ) -> None:
        if len(found) > _FLOOD:  # more than anybody will look at: no longer worth the arithmetic
            found += ((index, end) for index, _ in row.rows)
            return
        text = number.decode()
        said: dict[Callable[[str], bool], bool] = {}
        named: bool | None = None
        # A time: a number of these kinds only where a word says so.
        clock = end - start == len(number) in _CLOCKS and number[:2] in _CLOCK
        for index, hint in row.rows:
            if joined and hint.hidden:
                continue
            if hint.needs_word or (clock and not hint.padded):
                if named is None:
                    around = data[start - _BEFORE if start > _BEFORE else 0 : end + _BEFORE]
                    named = row.words(around) is not None
                if not named:
                    continue
            if hint.valid not in said:
                said[hint.valid] = hint.valid(text)
            if said[hint.valid]:
                found.append((index, end))

    def _zeros(
        self, data: bytes, groups: Sequence[tuple[int, int]], found: list[tuple[int, int]]
    ) -> None:
        """Zeros before or behind that belong to no number: what is left may be any of these."""
        for place, (start, end) in enumerate(groups):
            if data.endswith(b"000", start, end):
                found += ((row.pattern, end) for row in self.padded)
            if data.startswith(b"00", start):
                left = _MOST + end - start
                for its_start, its_end in groups[place : place + _MOST]:
                    found += ((row.pattern, its_end) for row in self.padded)
                    left -= its_end - its_start
                    if left < 0:
                        break


def _words_in(words: Sequence[str]) -> Callable[[bytes], Any]:
    """Finds one of these words, as ``kinds.py`` does it, and has words beside words."""
    options = re2.Options()
    options.log_errors = False
    regex = rf"(?:^|[^A-Za-z])(?i:{'|'.join(words)})(?:[^a-z]|$)"
    found: Callable[[bytes], Any] = re2.compile(regex.encode(), options).search
    return found


def _plain(rows: Sequence[tuple[int, Pattern]]) -> Sieve:
    return _Numbers(rows, _PLAIN_RUN)


def _hidden(rows: Sequence[tuple[int, Pattern]]) -> Sieve:
    return _Numbers(rows, _HIDDEN_RUN)


#: In the usual groups, or in none; a line break in it.
PLAIN: Final = Trigger(rf"\d(?:{SEPARATOR}*\d){{8}}", _plain)
#: Single digits, or even groups of them.
HIDDEN: Final = Trigger(
    rf"\d(?:{FILLER}+\d){{8}}|\d\d(?:{FILLER}+\d\d){{3}}{FILLER}+\d"
    rf"|\d{{4}}{FILLER}+\d{{4}}{FILLER}+\d|\d{{5}}{FILLER}+\d{{5}}{FILLER}+\d"
    rf"|\d{{8}}{FILLER}+\d{{6}}|\d{{3}}[ \t]?\r?\n[ \t]?\d{{3}}",
    _hidden,
)
