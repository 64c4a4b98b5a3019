"""Times that are too much alike to be chance: the densest second among many.

Owns: one list of times (idle or age) of the ends of one host and side, and the odds of what is
found in it. Must not know: what the times mean.

The odds: of ``near`` times spread evenly over [x/2, 2x], how many sets of ``k`` within ``spread``
are to be expected? C(near, k) · k · (spread / 1.5x)^(k-1), the scan statistic for small k.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from math import exp, lgamma, log

from wsinspect.diagnose.facts import SECOND

__all__ = ["KEPT", "Dense", "Times", "tolerance_us"]

KEPT = 256  # times; the newest
_LOOKED_AT = 40  # neighbours on each side: of more, the nearest prove as much
_FINEST_US = SECOND // 20  # clocks and loops jitter: a smaller spread proves no more


def tolerance_us(center_us: int) -> int:
    """± a second, or a tenth of a short time."""
    return min(SECOND, max(SECOND // 10, center_us // 10)) + SECOND // 20


class Dense:
    """The densest times around one: positions ``lo:hi`` in the list, and the odds of it."""

    __slots__ = ("center_us", "count", "near", "odds", "times")

    def __init__(self, times: list[tuple[int, int]], near: int) -> None:
        self.times = times
        self.count = len(times)
        self.near = near
        self.center_us = times[len(times) // 2][0]
        spread = max(_FINEST_US, times[-1][0] - times[0][0])
        share = min(1.0, spread / (1.5 * self.center_us))
        k = self.count
        sets = lgamma(near + 1) - lgamma(k + 1) - lgamma(near - k + 1)  # ln C(near, k)
        self.odds = exp(min(0.0, sets + log(k) + (k - 1) * log(share))) if k > 1 else 1.0
        if near > 2 * k:  # a minority needs a better case
            self.odds *= 1000


class Times:
    __slots__ = ("_order", "_sorted")

    def __init__(self) -> None:
        self._sorted: list[tuple[int, int]] = []  # time, number of the end it is from
        self._order: deque[tuple[int, int]] = deque()

    def add(self, time_us: int, number: int) -> None:
        if len(self._order) >= KEPT:
            oldest = self._order.popleft()
            del self._sorted[bisect_left(self._sorted, oldest)]
        insort(self._sorted, (time_us, number))
        self._order.append((time_us, number))

    def around(self, time_us: int) -> Dense:
        """The densest window (twice the tolerance wide) that has ``time_us``, which is in."""
        reach = 2 * tolerance_us(time_us)
        own = bisect_left(self._sorted, (time_us, -1))
        lo = max(bisect_left(self._sorted, (time_us - reach, -1)), own - _LOOKED_AT)
        hi = min(bisect_right(self._sorted, (time_us + reach + 1, -1)), own + _LOOKED_AT)
        local = self._sorted[lo:hi]
        best = 0, 0, 1
        right, size = 0, len(local)
        for left, (start, _) in enumerate(local):
            if start > time_us:
                break
            until = start + reach
            while right < size and local[right][0] <= until:
                right += 1
            if right - left > best[0] and local[right - 1][0] >= time_us:
                best = right - left, left, right
        near_lo = bisect_left(self._sorted, (time_us // 2, -1))
        near_hi = bisect_right(self._sorted, (2 * time_us + 1, -1))
        return Dense(local[best[1] : best[2]], near_hi - near_lo)
