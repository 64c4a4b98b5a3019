"""How long chunks take and how late the loop is."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from wsinspect.sinks.pace import Pace, spread_ms


def test_a_spread() -> None:
    assert spread_ms(deque()) is None
    found = spread_ms(deque(number * 1_000_000 for number in range(1, 101)))
    assert found is not None
    assert (found.p50, found.p99, found.max) == (50, 99, 100)


def test_the_newest_of_an_interval_count() -> None:
    pace = Pace()
    for number in range(5000):
        pace.took(number * 1_000_000)
    added, lag = pace.summary()
    assert added is not None
    assert (added.p50, added.max, lag) == (3975, 4999, None)
    assert pace.summary() == (None, None)


async def test_a_loop_that_is_held_up_is_late() -> None:
    pace = Pace()
    pace.begin()
    await asyncio.sleep(0)
    time.sleep(0.2)
    await asyncio.sleep(0.01)
    pace.end()
    _, lag = pace.summary()
    assert lag is not None
    assert lag.max > 100
