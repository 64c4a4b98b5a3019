"""Sorting and filtering as many connections as a dashboard may hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from wsinspect.tui.data.connection import NS, Connection, State
from wsinspect.tui.data.ordering import ORDERS, ordered
from wsinspect.tui.data.wire import OpenFacts
from wsinspect.tui.find.filter import parse

NOW_NS: Final = 1_795_352_400 * NS
FILTERS: Final = (
    "host:*.example path:/live/* age>5s !state:ended",
    "chat frames>10 or idle<3s client:10.*",
    "host:feed.example or (bytes>1k not path:/live/7*) rate>0",
)
RUNS: Final = 5


def _connection(number: int) -> Connection:
    connection = Connection(number)
    connection.state = State.OPEN
    connection.client = f"10.0.{number >> 8 & 255}.{number & 255}:{40_000 + number % 20_000}"
    connection.facts = OpenFacts(host=f"{number % 5}.example", uri=f"/live/{number % 97}")
    connection.opened_ns = NOW_NS - number * 7_919_000 % (900 * NS)
    connection.last_frame_ns = NOW_NS - number * 104_729 % (20 * NS)
    connection.to_server = (number % 211, number * 13, number * 17, number % 200)
    connection.to_client = (number % 503, number * 29, number * 31, number % 500)
    connection.activity.add(NOW_NS // NS - number % 5, number % 40)
    return connection


def _ms(work: Callable[[], object]) -> float:
    """The median of some runs."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1e3)
    return median(taken)


def worst_ms(count: int) -> tuple[float, float]:
    """The slowest order and the slowest filter."""
    connections = [_connection(number) for number in range(1, count + 1)]
    sorting = max(
        _ms(lambda order=order: ordered(connections, order, False, NOW_NS))  # type: ignore[misc]
        for order in ORDERS
    )
    filters = [parse(text) for text in FILTERS]
    filtering = max(
        _ms(lambda one=one: [c for c in connections if one.connection(c, NOW_NS)])  # type: ignore[misc]
        for one in filters
    )
    return sorting, filtering
