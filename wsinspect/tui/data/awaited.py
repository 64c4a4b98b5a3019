"""Which frames of one direction may still come late, overtaken by control frames. Pure.

Ranges of sequence numbers, and the position of the one gap that counts all of them. What comes late
comes in order, so a number that came settles all those below it.
"""

from bisect import bisect_right

RANGES_MAX = 1_000  # each of them a control frame that overtook
_ALL = 1 << 63  # above all numbers


class Awaited:
    """Of a direction; true while anything is awaited."""

    __slots__ = ("_ranges", "gap_at", "lost")

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []  # rising, their ends excluded
        self.gap_at = 0  # the position of their gap
        self.lost = False  # whether some in the gap never came

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def _find(self, seq: int) -> int:
        at = bisect_right(self._ranges, (seq, _ALL)) - 1
        return at if at >= 0 and seq < self._ranges[at][1] else -1

    def __contains__(self, seq: int) -> bool:
        return self._find(seq) >= 0

    def add(self, start: int, end: int) -> bool:
        """These were overtaken; False if the oldest ones are awaited no more."""
        if not self._ranges:
            self.lost = False
        self._ranges.append((start, end))
        if len(self._ranges) <= RANGES_MAX:
            return True
        del self._ranges[0]
        self.lost = True
        return False

    def take(self, seq: int) -> bool:
        """`seq`, which is awaited, came; False if others should have come before it."""
        at = self._find(seq)
        start, end = self._ranges[at]
        self._ranges[: at + 1] = [(seq + 1, end)] if seq + 1 < end else []
        if at == 0 and seq == start:
            return True
        self.lost = True
        return False

    def clear(self) -> None:
        self._ranges.clear()
