"""The orders of the connection list, as data. Pure.

Keys are computed once a connection and sorted as plain values; equal ones keep their place.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wsinspect.tui.data.connection import Connection

type Value = float | str | tuple[bool, int]
type Measure = Callable[[Connection, int], Value]


@dataclass(frozen=True, slots=True)
class Order:
    """`column` is what a click on that header chooses; `largest_first` its natural direction.

    `moving` orders change with the traffic, the others only with the set of connections.
    """

    column: str
    say: str
    measure: Measure
    largest_first: bool = True
    moving: bool = False


def _ratio(c: Connection, _now_ns: int) -> float:
    return c.ratio() or 0.0


def _rtt(c: Connection, _now_ns: int) -> float:
    return -1.0 if c.rtt_ms is None else c.rtt_ms


ORDERS = (
    Order("state", "newest", lambda c, _: (not c.ended, c.ended_ns or c.opened_ns)),
    Order("rate", "busiest", lambda c, now: c.frames_per_s(now), moving=True),
    Order("bytes_to_server", "bytes ↑", lambda c, _: c.to_server[2], moving=True),
    Order("bytes_to_client", "bytes ↓", lambda c, _: c.to_client[2], moving=True),
    Order("frames_to_server", "frames ↑", lambda c, _: c.to_server[0], moving=True),
    Order("frames_to_client", "frames ↓", lambda c, _: c.to_client[0], moving=True),
    Order("age", "age", lambda c, now: c.age_s(now), moving=True),
    Order("idle", "idle", lambda c, now: c.idle_s(now), moving=True),
    Order("alerts", "rule hits", lambda c, _: c.alerts, moving=True),
    Order("rtt", "round trip", _rtt, moving=True),
    Order("ratio", "deflate", _ratio, moving=True),
    Order("host", "host", lambda c, _: c.facts.host or c.server, False),
    Order("path", "path", lambda c, _: c.facts.uri or "", False),
    Order("client", "client", lambda c, _: c.client, False),
    Order("app", "app", lambda c, _: c.app, False),
    Order("subprotocol", "subprotocol", lambda c, _: c.facts.subprotocol or "", False),
    Order("flow_id", "number", lambda c, _: c.flow_id),
    Order("last", "last opcode", lambda c, _: c.last_opcode or 0, moving=True),
    Order("end", "close code", lambda c, _: float(c.close.code or 0) if c.close else 0.0),
)
BY_COLUMN = {order.column: index for index, order in enumerate(ORDERS)}


def ordered(
    connections: Iterable[Connection], order: Order, reverse: bool, now_ns: int
) -> list[Connection]:
    """Sorted; equal ones keep their place."""
    listed = list(connections)
    measure = order.measure
    keys = [measure(c, now_ns) for c in listed]
    places = sorted(
        range(len(listed)), key=keys.__getitem__, reverse=order.largest_first is not reverse
    )
    return [listed[place] for place in places]
