"""Who used how much: connections, seconds, frames, messages and bytes each way, exactly.

Owns: the sums of what each ``ws_close`` says, by host, client, proxy user or connection. Bytes are
those of frames, as on the wire (compressed), without the handshake or a proxy's own greeting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Literal

from wsinspect.diagnose.facts import SECOND, Ended, Opened, Totals
from wsinspect.diagnose.findings import when

__all__ = ["By", "Meter", "Meters", "connection_row"]

By = Literal["host", "client", "user", "connection"]
_COUNTS = ("frames", "messages", "payload_bytes", "wire_bytes")
_KEPT = 100_000
_KEYS: dict[str, Callable[[Opened], str]] = {
    "host": attrgetter("host"),
    "client": attrgetter("client"),
    "user": lambda opened: opened.user or "",
}


class Meter:
    """The sums of one host, client or user."""

    __slots__ = ("age_us", "connections", "to_client", "to_server")

    def __init__(self) -> None:
        self.connections = 0
        self.age_us = 0
        self.to_server = Totals()
        self.to_client = Totals()

    def add(self, end: Ended) -> None:
        self.age_us += end.age_us
        up, more = self.to_server, end.to_server
        up.frames += more.frames
        up.messages += more.messages
        up.payload_bytes += more.payload_bytes
        up.wire_bytes += more.wire_bytes
        down, more = self.to_client, end.to_client
        down.frames += more.frames
        down.messages += more.messages
        down.payload_bytes += more.payload_bytes
        down.wire_bytes += more.wire_bytes


class Meters:
    """Beyond 100,000 names the rest is one, ``(others)``: memory is bounded, sums stay exact."""

    def __init__(self, by: By = "host") -> None:
        self.by = by
        self._key = _KEYS[by]
        self._meters: dict[str, Meter] = {}

    def _meter(self, key: str) -> Meter:
        if key not in self._meters and len(self._meters) >= _KEPT:
            key = "(others)"
        return self._meters.setdefault(key, Meter())

    def opened(self, opened: Opened) -> None:
        key = self._key(opened)
        meter = self._meters.get(key) or self._meter(key)
        meter.connections += 1

    def ended(self, end: Ended) -> None:
        key = self._key(end.opened)
        meter = self._meters.get(key) or self._meter(key)
        meter.add(end)

    def still_open(self, opened: Opened, now_us: int) -> None:
        self._meter(self._key(opened)).age_us += max(0, now_us - opened.at_us)

    def rows(self) -> Iterator[dict[str, Any]]:
        """As in the report's ``meters[]``; those with most bytes first."""
        meters = sorted(
            self._meters.items(),
            key=lambda one: -(one[1].to_server.wire_bytes + one[1].to_client.wire_bytes),
        )
        for name, meter in meters:
            yield {
                self.by: name,
                "connections": meter.connections,
                "connection_s": round(meter.age_us / SECOND, 6),
                "to_server": _counts(meter.to_server),
                "to_client": _counts(meter.to_client),
            }


def connection_row(end: Ended) -> dict[str, Any]:
    """One connection's meter, with all that it may be summed by."""
    opened = end.opened
    return {
        "flow_id": opened.flow_id,
        "opened": when(opened.at_us),
        "client": opened.client,
        "user": opened.user or "",
        "host": opened.host,
        "connection_s": round(end.age_us / SECOND, 6),
        "to_server": _counts(end.to_server),
        "to_client": _counts(end.to_client),
    }


def _counts(totals: Totals) -> dict[str, int]:
    return {name: getattr(totals, name) for name in _COUNTS}
