"""What a proxy has done since it started, in numbers for Prometheus.

Owns: the counters beside the hub's own, and the metrics' names and units
(prometheus.io/docs/practices/naming). Must not know: HTTP, mitmproxy. Labels are bounded: what a
peer can choose freely (a close code, a rule's file) becomes a class, or ``other``.

Only a proxy with ``--http`` has these meters: a :class:`MeteredHub` in place of a hub.
"""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from wsinspect import __version__
from wsinspect.model import events
from wsinspect.model.connection import Connection
from wsinspect.model.pings import PingBook
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.protocol.reader import FrameReader, Record
from wsinspect.relay.direction import Direction
from wsinspect.sinks.exposition import Exposition, Histogram
from wsinspect.sinks.hub import Hub

__all__ = ["MeteredHub", "Meters", "exposition"]

_DIRECTIONS: Final = ("to_server", "to_client")
_RULES_LIMIT: Final = 500
_OTHER: Final = "other"
_HANDSHAKE_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# 0.1 s is where a pong counts as slow.
_PING_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# The limits of hops lie between: 30, 60, 100, 240, 350, 600 seconds.
_ADDED_S: Final = (2.5e-05, 5e-05, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1)
_AGE_S: Final = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


class Meters:
    """The counters. ``frames`` are by the first byte of the frame, each direction."""

    def __init__(self) -> None:
        self.frames = [0] * 256, [0] * 256
        self.violations: Counter[tuple[str, str]] = Counter()  # direction, violation
        self.handshakes: Counter[str] = Counter()  # status
        self.closes: Counter[tuple[str, str, str]] = Counter()  # code, cause, initiator
        self.alerts: Counter[tuple[str, str, str]] = Counter()  # rule, severity, action
        self.handshake_s = Histogram(_HANDSHAKE_S)
        self.ping_s = Histogram(_PING_S)
        self.age_s = Histogram(_AGE_S)
        self.added_s = Histogram(_ADDED_S)
        # messages, payload and wire bytes of ended connections, each direction
        self.ended = [0, 0, 0], [0, 0, 0]


class _MeteredPings(PingBook):
    __slots__ = ("_histogram",)

    def __init__(self, histogram: Histogram) -> None:
        super().__init__()
        self._histogram = histogram

    def pong(self, payload: bytes, now_ns: int, *, to_client: bool) -> int | None:
        rtt_ns = super().pong(payload, now_ns, to_client=to_client)
        if rtt_ns is not None:
            self._histogram.observe(rtt_ns / 1e9)
        return rtt_ns


class MeteredHub(Hub):
    """A hub that counts by kind, too. Costs some 50 ns a frame."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.meters = Meters()
        self._keep = self.pace.took
        self.pace.took = self._took

    def _took(self, added_ns: int) -> None:
        self._keep(added_ns)
        self.meters.added_s.observe(added_ns / 1e9)

    def opened(self, connection: Connection, status: int) -> None:
        super().opened(connection, status)
        self.meters.handshakes[str(status) if 100 <= status <= 599 else _OTHER] += 1
        if status == 101:
            connection.pings = _MeteredPings(self.meters.ping_s)
            if connection.handshake_ms is not None:
                self.meters.handshake_s.observe(connection.handshake_ms / 1e3)

    def closed(self, connection: Connection) -> None:
        if not connection.closed:
            meters, ending = self.meters, connection.ending
            meters.closes[code_class(ending.code_observed), ending.cause, ending.initiator] += 1
            meters.age_s.observe(connection.age_s())
            for sums, reader in zip(meters.ended, _readers(connection), strict=True):
                _add(sums, reader)
        super().closed(connection)

    def frames(
        self,
        direction: Direction,
        now_ns: int,
        seq: int,
        records: list[Record],
        forwarded: bool,
        previews: list[bytes | None],
    ) -> bool:
        counts = self.meters.frames[direction.to_client]
        for _, shape in records:
            counts[shape[0]] += 1
            if shape[3] is not None:
                self.meters.violations[direction.name, shape[3]] += 1
        return super().frames(direction, now_ns, seq, records, forwarded, previews)

    def alert(self, connection: Connection, now_ns: int, alert: events.Alert) -> None:
        key = alert.rule, alert.severity, alert.action
        alerts = self.meters.alerts
        if key not in alerts and len(alerts) >= _RULES_LIMIT:
            key = _OTHER, alert.severity, alert.action
        alerts[key] += 1
        super().alert(connection, now_ns, alert)


def code_class(code: int) -> str:
    """A registered close code, or its range (RFC 6455 section 7.4.2)."""
    if 1000 <= code <= 1015:
        return str(code)
    return f"{code // 1000}xxx" if 1000 <= code <= 4999 else _OTHER


def _readers(connection: Connection) -> tuple[FrameReader, FrameReader]:
    return connection.to_server, connection.to_client


def _add(sums: list[int], reader: FrameReader) -> None:
    sums[0] += reader.joiner.messages
    sums[1] += reader.payload_bytes
    sums[2] += reader.wire_bytes


# --- the exposition ---


def exposition(
    hub: MeteredHub,
    *,
    versions: Mapping[str, str],
    draining: bool = False,
    dials: Mapping[tuple[str, str, str], int] | None = None,
) -> str:
    """All metrics as text. ``dials``: by route, upstream and outcome."""
    hub.flush()
    page = Exposition()
    labels = {"version": __version__, "python": platform.python_version(), **versions}
    page.gauge("wsinspect_build_info", "Always 1; what is running.", [(labels, 1)])
    page.gauge("wsinspect_draining", "1 while the proxy goes down.", int(draining))
    _connections(page, hub)
    _traffic(page, hub)
    _trouble(page, hub)
    page.counter(
        "wsinspect_route_dials_total",
        "Connections opened to servers by the configuration's routes, and how that went.",
        [
            ({"route": route, "upstream": upstream, "outcome": outcome}, count)
            for (route, upstream, outcome), count in (dials or {}).items()
        ],
    )
    _process(page, hub)
    return page.text()


def _connections(page: Exposition, hub: MeteredHub) -> None:
    meters = hub.meters
    page.gauge("wsinspect_connections_open", "WebSocket connections now.", len(hub.connections))
    page.counter(
        "wsinspect_connections_total", "WebSocket connections opened.", hub.connections_total
    )
    page.counter(
        "wsinspect_handshakes_total",
        "Opening handshakes by the status of the answer; 101 is success.",
        [({"status": status}, count) for status, count in meters.handshakes.items()],
    )
    page.counter(
        "wsinspect_closes_total",
        "Connections that ended, by close code, cause and who began it (docs/log.md, ws_close).",
        [
            ({"code": code, "cause": cause, "initiator": initiator}, count)
            for (code, cause, initiator), count in meters.closes.items()
        ],
    )
    page.histogram(
        "wsinspect_handshake_duration_seconds",
        "From the request's first byte to the end of the 101.",
        meters.handshake_s,
    )
    page.histogram(
        "wsinspect_connection_duration_seconds", "Age at the end of a connection.", meters.age_s
    )
    page.histogram(
        "wsinspect_added_latency_seconds",
        "What this proxy added: from a chunk's arrival until it was handed on.",
        meters.added_s,
    )
    page.histogram("wsinspect_ping_rtt_seconds", "From a ping to its pong.", meters.ping_s)


def _traffic(page: Exposition, hub: MeteredHub) -> None:
    meters = hub.meters
    by_opcode: Counter[tuple[str, str]] = Counter()
    for direction, counts in zip(_DIRECTIONS, meters.frames, strict=True):
        for b0, count in enumerate(counts):
            if count:
                by_opcode[direction, OPCODE_NAMES[b0 & 0x0F]] += count
    page.counter(
        "wsinspect_frames_total",
        "Frames by direction and opcode, control frames too.",
        [
            ({"direction": direction, "opcode": opcode}, count)
            for (direction, opcode), count in by_opcode.items()
        ],
    )
    sums = [list(ended) for ended in meters.ended]
    for connection in hub.connections.values():
        for each, reader in zip(sums, _readers(connection), strict=True):
            _add(each, reader)

    def by_direction(column: int) -> Iterable[tuple[Mapping[str, str], float]]:
        return [({"direction": d}, each[column]) for d, each in zip(_DIRECTIONS, sums, strict=True)]

    page.counter("wsinspect_messages_total", "Finished data messages.", by_direction(0))
    page.counter(
        "wsinspect_payload_bytes_total",
        "Payload of all frames as on the wire (compressed).",
        by_direction(1),
    )
    page.counter(
        "wsinspect_wire_bytes_total",
        "Bytes of all frames with their headers, without handshake and TLS.",
        by_direction(2),
    )


def _trouble(page: Exposition, hub: MeteredHub) -> None:
    meters, log = hub.meters, hub.log
    page.counter(
        "wsinspect_violations_total",
        "Frames that broke the protocol, by how.",
        [
            ({"direction": direction, "violation": violation}, count)
            for (direction, violation), count in meters.violations.items()
        ],
    )
    page.counter(
        "wsinspect_alerts_total",
        "What rules found.",
        [
            ({"rule": rule, "severity": severity, "action": action}, count)
            for (rule, severity, action), count in meters.alerts.items()
        ],
    )
    page.counter(
        "wsinspect_inspection_errors_total",
        "Times that inspection failed (--on-error decides what happens then).",
        hub.inspection_errors,
    )
    page.gauge(
        "wsinspect_log_up",
        "1 while the log is written, or there is none.",
        int(log is None or log.error is None),
    )
    page.counter(
        "wsinspect_log_lines_total", "Lines written to the log.", 0 if log is None else log.lines
    )
    page.counter(
        "wsinspect_log_dropped_lines_total",
        "Lines that the log misses.",
        0 if log is None else log.dropped,
    )
    page.counter(
        "wsinspect_dashboard_dropped_lines_total",
        "Lines that slow dashboards missed.",
        hub.dashboard_dropped,
    )


def _process(page: Exposition, hub: MeteredHub) -> None:
    """The names that every Prometheus client has."""
    page.gauge(
        "process_start_time_seconds", "Start, in seconds since the epoch.", hub.started_ns / 1e9
    )
    usage = resource.getrusage(resource.RUSAGE_SELF)
    page.counter(
        "process_cpu_seconds_total", "User and system time.", usage.ru_utime + usage.ru_stime
    )
    page.gauge(
        "process_max_fds",
        "Most file descriptors.",
        resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    )
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        page.gauge("process_resident_memory_bytes", "Memory.", pages * os.sysconf("SC_PAGE_SIZE"))
        page.gauge(
            "process_open_fds", "File descriptors.", sum(1 for _ in Path("/proc/self/fd").iterdir())
        )
