"""Entries that were put among others after these were shown, for all who remember positions. Pure.

A position counts all entries ever appended, so trimming moves none. What comes late does: those
behind it move on by one, or back where a gap is filled.
"""

from collections import deque
from collections.abc import Sequence
from enum import IntEnum

SHIFTS_MAX = 1_000  # kept for those who did not look


class By(IntEnum):
    """What happened at a position."""

    OUT = -1  # the entry there is gone, those behind it moved back
    IN = 1  # an entry came to stand there, it and those behind it moved on


type Shift = tuple[int, By]


class Shifts:
    """`count` ever; who has applied so many of them asks for those `since`."""

    __slots__ = ("_recent", "count")

    def __init__(self) -> None:
        self.count = 0
        self._recent: deque[Shift] = deque(maxlen=SHIFTS_MAX)

    def add(self, position: int, by: By) -> None:
        self.count += 1
        self._recent.append((position, by))

    def since(self, count: int) -> Sequence[Shift] | None:
        """In order; None if that was too many ago: nothing is known of any position."""
        missed = self.count - count
        if missed > len(self._recent):
            return None
        return [self._recent[at] for at in range(len(self._recent) - missed, len(self._recent))]


def shifted(position: int, shifts: Sequence[Shift]) -> int:
    """Where the entry is now that was at `position`; one that is gone: what took its place."""
    for at, by in shifts:
        if position > at or (position == at and by is By.IN):
            position += by
    return position
