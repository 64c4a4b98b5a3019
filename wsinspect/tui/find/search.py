"""Where a needle is in a log of entries, and how often. No Textual.

`Matches` goes through the log in slices of a few milliseconds, newest first, and is kept up as the
log grows and as more is told of its newest messages; nothing here takes longer than its slice.
Positions count all entries ever appended, so that they stay while the log is trimmed; where entries
came to stand among others, the log tells of it.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.shifts import By, Shifts
from wsinspect.tui.find.needle import Needle

SLICE_S: Final = 0.005
RECENT: Final = 500  # newest entries of which more may still be told
_BATCH: Final = 16  # entries between two looks at the clock: 4 KiB each take 0.2 ms


class Log(Protocol):
    """What is needed of a `FrameLog`."""

    entries: list[Entry]
    trimmed: int
    shifts: Shifts

    @property
    def total(self) -> int: ...


def next_match(
    entries: Sequence[Entry], start: int, needle: Needle, forward: bool = True
) -> int | None:
    """The index of the next entry with the needle in it, around the end; `start` itself is last."""
    count = len(entries)
    step = 1 if forward else -1
    find = needle.found_in
    for distance in range(1, count + 1):
        index = (start + step * distance) % count
        content = entries[index].content
        if content is not None and find(content):
            return index
    return None


class Matches:
    """The entries of `log` with `needle` in them, as far as they are known.

    `shown` leaves out entries that the list does not show.
    """

    def __init__(
        self, log: Log, needle: Needle, shown: Callable[[Entry], bool] | None = None
    ) -> None:
        self.log = log
        self.needle = needle
        self._shown = shown
        self.positions: list[int] = []  # sorted
        self._from = self._next = log.total  # those from.. up to next were looked into
        self._shifts = log.shifts.count  # taken over

    @property
    def finished(self) -> bool:
        """Whether all of the log has been looked into."""
        return self._from <= self.log.trimmed and self._next >= self.log.total

    def __len__(self) -> int:
        return len(self.positions)

    def _has(self, position: int) -> bool:
        entry = self.log.entries[position - self.log.trimmed]
        content = entry.content
        if content is None or not self.needle.found_in(content):
            return False
        return self._shown is None or self._shown(entry)

    def step(self, slice_s: float = SLICE_S, clock: Callable[[], float] = time.monotonic) -> bool:
        """Go on for `slice_s` at most; whether it is finished."""
        deadline = clock() + slice_s
        self._shift()
        self._trim()
        if not self.needle:
            self._from, self._next = self.log.trimmed, self.log.total
            return True
        while self._next < self.log.total:
            end = min(self.log.total, self._next + _BATCH)
            self.positions += filter(self._has, range(self._next, end))
            self._next = end
            if clock() >= deadline:
                return self.finished
        while self._from > self.log.trimmed:
            start = max(self.log.trimmed, self._from - _BATCH)
            self.positions[:0] = filter(self._has, range(start, self._from))
            self._from = start
            if clock() >= deadline:
                break
        return self.finished

    def refresh(self) -> None:
        """Look again into the newest entries: content may have come, or been masked."""
        self._shift()
        self._trim()
        start = max(self._from, self._next - RECENT)
        at = bisect_left(self.positions, start)
        self.positions[at:] = filter(self._has, range(start, self._next))

    def _shift(self) -> None:
        """Entries came to stand among those that were looked into: look into them, too."""
        log = self.log
        if self._shifts == log.shifts.count:
            return
        shifts = log.shifts.since(self._shifts)
        self._shifts = log.shifts.count
        if shifts is None:
            self.positions.clear()
            self._from = self._next = log.total
            return
        came: set[int] = set()
        for at, by in shifts:
            out = at if by is By.OUT else -1
            self.positions = [p + by if p >= at else p for p in self.positions if p != out]
            came = {p + by if p >= at else p for p in came if p != out}
            if at < self._from:
                self._from += by
                self._next += by
            elif at < self._next:
                self._next += by
                if by is By.IN:
                    came.add(at)
        came = {p for p in came if p >= log.trimmed and self._has(p)}
        if came:
            self.positions = sorted({*self.positions, *came})

    def _trim(self) -> None:
        first = self.log.trimmed
        del self.positions[: bisect_left(self.positions, first)]
        self._from = max(self._from, first)
        self._next = max(self._next, first)

    def nearest(self, position: int, forward: bool = True) -> int | None:
        """The next known match from `position`, around the end; None: none is known."""
        if not self.positions:
            return None
        if forward:
            at = bisect_right(self.positions, position)
            return self.positions[at % len(self.positions)]
        return self.positions[bisect_left(self.positions, position) - 1]

    def sure(self, position: int, forward: bool = True) -> bool:
        """Whether `nearest` says what it will say when all of the log has been looked into."""
        if self.finished or not self.needle:
            return True
        if self._next < self.log.total or position < self._from:
            return False  # it may be between there and what is known
        positions = self.positions
        return bool(positions) and (
            positions[-1] > position if forward else positions[0] < position
        )

    def rank(self, position: int) -> int:
        """Which match `position` is, from 1; 0: it is none."""
        at = bisect_left(self.positions, position)
        found = at < len(self.positions) and self.positions[at] == position
        return at + 1 if found else 0
