"""Where all facts meet: they become events, encoded once, and go to the log and the dashboards.

Owns: the table of connections, the totals, the batches, and the count of what was not recorded.
Must not know: mitmproxy, Textual. One hub, one thread (the event loop's); never blocks but for
``--audit``.

Frames wait in ``_pending`` for at most 20 ms or 1,024 frames and are rendered together; an open
or a close event is rendered after all that waits, so the log is in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from msgspec import UNSET

from wsinspect.model import events
from wsinspect.model.connection import Connection
from wsinspect.model.lines import FrameLines
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.reader import Record
from wsinspect.relay.direction import Direction
from wsinspect.sinks.jsonl import JsonLog
from wsinspect.sinks.keeping import Keeping
from wsinspect.sinks.pace import Pace
from wsinspect.sinks.reading import Reading
from wsinspect.sinks.rows import Batch

__all__ = ["Hub", "Payloads", "RecordLevel", "Viewer"]

RecordLevel = Literal["connections", "messages", "frames", "all"]
Payloads = Literal["none", "preview", "full"]

_NONE: Sequence[bytes | None] = ()

_FLUSH_FRAMES = 1024
_FLUSH_S = 0.02
_RECENT_CLOSED = 500
_RECENT_ALERTS = 500
_RECENT_DIAGNOSES = 100
_FORGET_EVERY = 100  # closed connections
_LOG_STATS_S = 10.0


class Viewer(Protocol):
    """A sink for dashboards. Cheap calls; only made while somebody watches.

    ``cut``: one of them raised. It is the last call: whoever watches must see that it is over.
    """

    def opened(self, line: bytes) -> None: ...
    def frames(self, batches: list[Batch]) -> None: ...
    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        action: events.Action,
        injected: bool,
        rules: Sequence[str],
    ) -> None: ...
    def closed(self, connection: Connection, line: bytes) -> None: ...
    def alert(self, line: bytes) -> None: ...
    def diagnosis(self, line: bytes) -> None: ...
    def stats(self, line: bytes) -> None: ...
    def problem(self, say: str) -> None: ...
    def cut(self) -> None: ...


class Hub:
    """The recorder of all relays (``relay.Recorder``)."""

    def __init__(
        self,
        *,
        log: JsonLog | None = None,
        record: RecordLevel = "frames",
        payloads: Payloads = "none",
        audit: bool = False,
        host: str | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.log = log
        self.record = record
        self.payloads: Payloads = payloads
        self.audit = audit
        self.host = socket.gethostname() if host is None else host
        self.clock = clock
        self.pace = Pace()
        self._spreads: tuple[events.Spread | None, events.Spread | None] = None, None
        self.viewer: Viewer | None = None
        self.on_dead_log: Callable[[], None] | None = None
        self.connections: dict[int, Connection] = {}
        self.recent_closed: deque[tuple[bytes, bytes]] = deque(maxlen=_RECENT_CLOSED)
        self._recent_ids: deque[int] = deque(maxlen=_RECENT_CLOSED)
        self._recent_alerts: deque[tuple[int, bytes]] = deque(maxlen=_RECENT_ALERTS)
        self._recent_diagnoses: deque[bytes] = deque(maxlen=_RECENT_DIAGNOSES)
        self._closed = 0
        self.started_ns = clock()
        self.connections_total = 0
        self.handshakes_failed = 0
        self.inspection_errors = 0
        self.alerts = 0
        self.dashboard_dropped = 0  # lines that slow dashboards missed, also those that left
        self._log_frames = log is not None and record in ("frames", "all")
        self._log_messages = log is not None and record in ("messages", "all")
        keeps = self._log_messages and payloads == "full"
        self.reading = Reading(tells=self._log_messages, keeps=keeps)
        self.keeping = Keeping(self.connections, self.reading, clock, self.problem)
        self._listener: Callable[[Direction, MessageFacts], None] | None = None
        self._lines = FrameLines("to_server"), FrameLines("to_client")
        self._pending: list[Batch] = []
        self._pending_frames = 0
        self._flush_timer: asyncio.TimerHandle | None = None
        self._totals = [0, 0, 0, 0]  # frames, messages, payload and wire bytes
        self._last_stats = (self.started_ns, 0, 0)
        self._log_stats_ns = self.started_ns
        self._flow_ids = 0

    def listen(self, listener: Callable[[Direction, MessageFacts], None]) -> None:
        """Called with each message that passes, before the first connection. It must not raise.

        Its payload is as rules let it be shown.
        """
        self._listener = listener
        self.reading.tells = self.reading.keeps = True

    # --- connections ---

    def next_flow_id(self) -> int:
        self._flow_ids += 1
        return self._flow_ids

    def opened(self, connection: Connection, status: int) -> None:
        """A handshake is over: 101 puts the connection into the table, all else only on record."""
        self.flush()
        if status == 101:
            self.connections[connection.flow_id] = connection
            self.connections_total += 1
            self.reading.begin(connection)
            self.keeping.opened(connection)
        else:
            self.handshakes_failed += 1
        line = events.open_event(connection, connection.opened_ns, status)
        self._write(line, 1)
        self._show(lambda viewer: viewer.opened(line))

    def closed(self, connection: Connection) -> None:
        """Both sides are gone. Counted and written once."""
        if connection.closed:
            return
        connection.closed = True
        self.flush()
        self.connections.pop(connection.flow_id, None)
        self._count(connection)
        self.keeping.closed(connection)
        line = events.close_event(connection, self.clock())
        self._write(line, 1)
        self.recent_closed.append((events.open_event(connection, connection.opened_ns, 101), line))
        self._recent_ids.append(connection.flow_id)
        self._closed += 1
        if self._closed % _FORGET_EVERY == 0:
            self.keeping.forget(set(self._recent_ids))
        self._show(lambda viewer: viewer.closed(connection, line))

    # --- relay.Recorder ---

    def frames(
        self,
        direction: Direction,
        now_ns: int,
        seq: int,
        records: list[Record],
        forwarded: bool,
        previews: list[bytes | None],
    ) -> bool:
        # The reader fills its list once somebody watches: an empty one must not be kept.
        self._pending.append((direction, now_ns, seq, records, forwarded, previews or _NONE))
        self._pending_frames += len(records)
        if self.audit:
            return self.flush()
        if self._pending_frames >= _FLUSH_FRAMES:
            self.flush()
        elif self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(_FLUSH_S, self.flush)
        return True

    def message(
        self,
        direction: Direction,
        now_ns: int,
        facts: MessageFacts,
        *,
        action: events.Action = "pass",
        injected: bool = False,
        rules: Sequence[str] = (),
    ) -> None:
        if self._listener is not None and not injected:
            self._listener(direction, facts)
        if self.keeping.on:
            self.keeping.message(direction, now_ns, facts, action, injected, rules)
        if self._log_messages:
            self.flush()
            connection = direction.relay.connection
            line = events.message_event(
                connection,
                direction.name,
                facts,
                now_ns,
                action=action,
                injected=injected,
                payloads=self.payloads,
                rules=rules,
            )
            self._write(line, 1)
        self._show(lambda viewer: viewer.message(direction, now_ns, facts, action, injected, rules))

    def alert(self, connection: Connection, now_ns: int, alert: events.Alert) -> None:
        """A rule's finding: always on record, and shown."""
        self.alerts += 1
        connection.alerts += 1
        self.flush()
        line = events.alert_event(connection, alert, now_ns)
        self._write(line, 1)
        self._recent_alerts.append((connection.flow_id, line))
        self._show(lambda viewer: viewer.alert(line))

    def diagnosis(self, line: bytes) -> None:
        """Why connections end, in a whole ``ws_diagnosis`` line: always on record, and shown."""
        self.flush()
        self._write(line, 1)
        self._recent_diagnoses.append(line)
        self._show(lambda viewer: viewer.diagnosis(line))

    def recent_notes(self) -> bytes:
        """Alerts of connections that a dashboard can know of, and diagnoses; oldest first."""
        known = {*self._recent_ids, *self.connections}
        alerts = [line for flow_id, line in self._recent_alerts if flow_id in known]
        return b"".join((*alerts, *self._recent_diagnoses))

    def inspection_failed(self, connection: Connection, say: str) -> None:
        self.inspection_errors += 1
        self.problem(f"connection {connection.flow_id}: {say}")

    # --- out ---

    def flush(self) -> bool:
        """Render and hand on all that waits. False: the log did not take it."""
        written = True
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if not self._pending:
            return written
        batches, self._pending = self._pending, []
        frames, self._pending_frames = self._pending_frames, 0
        if self._log_frames:
            lines = self._lines
            text = [
                lines[direction.to_client].render(
                    direction.relay.connection, now_ns, seq, records, forwarded
                )
                for direction, now_ns, seq, records, forwarded, _ in batches
            ]
            written = self._write(b"".join(text), frames)
        for direction in {batch[0] for batch in batches}:
            self._count(direction.relay.connection)
        self.keeping.frames(batches, frames)
        if self.viewer is not None:
            self._show(lambda viewer: viewer.frames(batches))
        return written

    def _write(self, lines: bytes, count: int) -> bool:
        if self.log is None or self.log.write(lines, count):
            return True
        if self.on_dead_log is not None:
            self.on_dead_log()
        return False

    def problem(self, say: str) -> None:
        """Something is wrong that the user must see: stderr, the dashboard."""
        _tell(say)
        self._show(lambda viewer: viewer.problem(say))

    def _show(self, tell: Callable[[Viewer], None]) -> None:
        """Tell the dashboards, if there are any. A broken one is cut off, not the traffic."""
        viewer = self.viewer
        if viewer is None:
            return
        try:
            tell(viewer)
        except Exception as error:  # noqa: BLE001 - a sink's fault is never the traffic's
            self.viewer = None
            with contextlib.suppress(Exception):
                viewer.cut()
            # Not its text: that may quote a payload.
            self.problem(f"{type(error).__name__} in the dashboard's socket: it was cut off")

    # --- totals ---

    def _count(self, connection: Connection) -> None:
        """Its new totals into the sums: with ten thousand connections nobody adds all up."""
        up, down = connection.to_server, connection.to_client
        new = (
            up.frames + down.frames,
            up.joiner.messages + down.joiner.messages,
            up.payload_bytes + down.payload_bytes,
            up.wire_bytes + down.wire_bytes,
        )
        totals, old = self._totals, connection.counted
        for at in range(4):
            totals[at] += new[at] - old[at]
        connection.counted = new

    def stats(self) -> events.Stats:
        """Totals since the start, with rates since the last call."""
        self.flush()
        now_ns = self.clock()
        frames, messages, payload_bytes, wire_bytes = self._totals
        then_ns, then_frames, then_bytes = self._last_stats
        elapsed_s = max(1e-3, (now_ns - then_ns) / 1e9)
        self._last_stats = now_ns, frames, wire_bytes
        log = self.log
        stats = events.Stats(
            schema_version=events.SCHEMA_VERSION,
            uptime_s=round((now_ns - self.started_ns) / 1e9, 3),
            connections_open=len(self.connections),
            connections_total=self.connections_total,
            handshakes_failed=self.handshakes_failed,
            frames=frames,
            messages=messages,
            payload_bytes=payload_bytes,
            wire_bytes=wire_bytes,
            frames_per_s=round((frames - then_frames) / elapsed_s, 1),
            wire_bytes_per_s=round((wire_bytes - then_bytes) / elapsed_s, 1),
            log_lines=0 if log is None else log.lines,
            log_dropped=0 if log is None else log.dropped,
            dashboard_dropped=self.dashboard_dropped,
            inspection_errors=self.inspection_errors,
            alerts=self.alerts,
        )
        if log is not None and log.error is not None:
            stats.log_error = log.error
        added, lag = self._spreads
        stats.added_ms = UNSET if added is None else added
        stats.loop_lag_ms = UNSET if lag is None else lag
        return stats

    def tick(self) -> None:
        """Once a second: stats to the dashboards, every ten seconds to the log."""
        self.flush()
        self.keeping.tick(self._totals[0], self._totals[3])
        now_ns = self.clock()
        due = now_ns - self._log_stats_ns >= _LOG_STATS_S * 1e9
        if self.viewer is None and not due:
            return
        self._spreads = self.pace.summary()
        line = events.stats_event(self.stats(), now_ns, self.host)
        if due:
            self._log_stats_ns = now_ns
            self._write(line, 1)
        self._show(lambda viewer: viewer.stats(line))

    def end(self) -> None:
        """The last events; the log is complete after it."""
        self.flush()
        self._write(events.stats_event(self.stats(), self.clock(), self.host), 1)
        log = self.log
        if log is None:
            return
        if not log.close():
            _tell("the log could not be completed: its disk hangs")
        elif log.dropped:
            _tell(f"the log misses {log.dropped} lines ({log.path})")


def _tell(say: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads stderr: traffic goes on
        print(f"wsinspect: {say}", file=sys.stderr, flush=True)
