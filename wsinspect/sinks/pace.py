"""How long a chunk is in this proxy, and how late its loop is.

Owns: the newest measurements and their summary. Must not know: who measures (``proxy/layer.py``;
a chunk of eight, 0.05 µs on average), who is told. Bounded: the newest 2,048 of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from wsinspect.model.events import Spread

__all__ = ["Pace", "spread_ms"]

_KEPT: Final = 2048
_BEAT_S: Final = 0.05


def spread_ms(taken_ns: deque[int]) -> Spread | None:
    """Median, 99th percentile and maximum in ms; None of nothing."""
    if not taken_ns:
        return None
    times = sorted(taken_ns)
    last = len(times) - 1
    return Spread(*(round(times[at] / 1e6, 3) for at in (last // 2, last * 99 // 100, last)))


class Pace:
    """``took`` takes the nanoseconds from a chunk's arrival until it was handed on."""

    def __init__(self) -> None:
        self._chunks: deque[int] = deque(maxlen=_KEPT)
        self._lags: deque[int] = deque(maxlen=_KEPT)
        self._due: asyncio.TimerHandle | None = None
        self.took = self._chunks.append

    def begin(self) -> None:
        """Look at the loop from now on."""
        loop = asyncio.get_running_loop()
        self._due = loop.call_later(_BEAT_S, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._due is not None
        self._lags.append(max(0, int((loop.time() - self._due.when()) * 1e9)))
        self.begin()

    def end(self) -> None:
        if self._due is not None:
            self._due.cancel()

    def summary(self) -> tuple[Spread | None, Spread | None]:
        """Of chunks and of the loop, since the last call."""
        found = spread_ms(self._chunks), spread_ms(self._lags)
        self._chunks.clear()
        self._lags.clear()
        return found
