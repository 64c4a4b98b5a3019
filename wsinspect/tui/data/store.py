"""What the dashboard knows: connections, the watched one's frames, totals, drops, problems.

Fed line by line (`apply`), read by the views on their tick. Pure: no Textual, no I/O, its clock is
given. Bounded: at most ENDED_MAX ended connections, FRAMES_MAX frames, PROBLEMS_MAX problems, and
so many alerts, diagnoses and payloads as their names say.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from wsinspect.tui.data.connection import (
    CLOSED,
    NS,
    Activity,
    Connection,
    State,
    state_after,
    timestamp_ns,
)
from wsinspect.tui.data.ends import EndsBook
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.refusals import Troubles
from wsinspect.tui.data.talkers import By, Per, Talker, Talkers
from wsinspect.tui.data.wire import (
    AlertFacts,
    CloseFacts,
    DiagnosisFacts,
    Frames,
    Hello,
    Line,
    Messages,
    OpenFacts,
    Payload,
    Problem,
    Stats,
    Totals,
    WsAlert,
    WsClose,
    WsDiagnosis,
    WsOpen,
)

ENDED_MAX = 2_000
PROBLEMS_MAX = 20
ALERTS_RECENT_MAX = 500
DIAGNOSES_MAX = 200
PAYLOADS_MAX = 8  # of at most 1 MiB each
LOGS_MAX = 20  # entries of connections watched before, at most `framelog.LESS_…` of each
_NEW_S = 2  # a connection's first totals count as traffic of now only if it is younger than this


def _address(ip: str, port: int) -> str:
    if not ip:
        return ""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def losses(stats: dict[str, Any]) -> dict[str, int]:
    """What `stats` says was not recorded or failed, by what it was: `log_dropped` is `log`."""
    found = {}
    for name, value in stats.items():
        if name.endswith(("dropped", "errors")) and isinstance(value, int) and value > 0:
            found[name.removesuffix("dropped").strip("_").replace("_", " ") or "events"] = value
    return found


def _numbers(value: object) -> dict[str, float]:
    """The numbers of an object in `stats`; nothing where it is none."""
    if not isinstance(value, dict):
        return {}
    return {str(k): float(v) for k, v in value.items() if isinstance(v, int | float)}


def deflates(facts: OpenFacts) -> bool:
    """Whether permessage-deflate was agreed on (RFC 7692 §5)."""
    return any(one.strip().startswith("permessage-deflate") for one in facts.server_extensions)


class Store:
    """The one mutable picture; the feed writes it, views read it, both on one thread.

    `version` changes with every line that may change what is drawn; `membership` with every
    change of the set of connections or of who is live.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self.clock = clock
        self.frozen_ns: int | None = None  # the picture's time while the proxy is lost
        self.version = 0
        self._generation = 0
        self._unconfirmed = False
        self.greeted = False  # whether all that the proxy had when it greeted was told
        self.ended_max = ENDED_MAX
        self.logs_max = LOGS_MAX
        self.hello: Hello | None = None
        self._forget()

    def _forget(self) -> None:
        self.membership = 0
        self.widest: dict[str, int] = {}  # characters of the longest client, host, path …
        self.live: dict[int, Connection] = {}
        self.ended: dict[int, Connection] = {}
        self.watched = FrameLog()
        self.logs: dict[int, FrameLog] = {}  # of connections watched before, the newest last
        self.frames_to_server = Activity()
        self.frames_to_client = Activity()
        self.bytes_to_server = Activity()
        self.bytes_to_client = Activity()
        self.ended_count = 0
        self.unclean_count = 0
        self.refused_count = 0
        self.losses: dict[str, int] = {}
        self.alerts = 0  # of rules, since the proxy began
        self.unreadable = 0
        self.problems: deque[str] = deque(maxlen=PROBLEMS_MAX)
        self.troubles = Troubles()
        self.alerts_recent: deque[tuple[int, AlertFacts]] = deque(maxlen=ALERTS_RECENT_MAX)
        self.diagnoses: list[DiagnosisFacts] = []  # oldest first
        self.payloads: dict[tuple[int, int, int], Payload] = {}  # flow_id, direction, first seq
        self.ends = EndsBook()
        self._talkers = Talkers()
        self.added_ms: dict[str, float] = {}  # p50, p99, max of the last interval
        self.loop_lag_ms: float | None = None  # p99 of the last interval

    # Reading

    def now_ns(self) -> int:
        """The time that the picture shows."""
        return self.clock() if self.frozen_ns is None else self.frozen_ns

    def find(self, flow_id: int | None) -> Connection | None:
        if flow_id is None:
            return None
        return self.live.get(flow_id) or self.ended.get(flow_id)

    def newest_first(self) -> list[Connection]:
        """Live ones, newest first, then the ended ones, last ended first."""
        return [*reversed(self.live.values()), *reversed(self.ended.values())]

    def log_of(self, flow_id: int | None) -> FrameLog | None:
        """The entries of a connection, if it is the watched one."""
        return self.watched if flow_id is not None and flow_id == self.watched.flow_id else None

    def talkers(self, now_ns: int, by: By = "bytes", per: Per = "host") -> list[Talker]:
        """Who has the most bytes or connection-time, of all since the proxy began to tell."""
        return self._talkers.top(self.live.values(), now_ns, by, per)

    def __len__(self) -> int:
        return len(self.live) + len(self.ended)

    # Writing

    def watch(self, flow_id: int | None) -> None:
        """Take the frames of `flow_id` from now on; what is left of an earlier time comes back."""
        left = self.watched
        if left.flow_id is not None and left.entries and left.flow_id != flow_id:
            left.lessen()
            self.logs[left.flow_id] = left
            while len(self.logs) > self.logs_max:
                del self.logs[next(iter(self.logs))]
        before = None if flow_id is None else self.logs.pop(flow_id, None)
        self.watched = FrameLog(flow_id) if before is None else before
        self.version += 1
        connection = self.find(flow_id)
        if connection is not None:
            for alert in connection.alerts_seen:
                self.watched.alert(alert)

    def apply(self, line: Line) -> None:
        self.version += 1
        match line:
            case Totals():
                self._totals(line)
            case Frames():
                if line.flow_id == self.watched.flow_id:
                    self.watched.extend(line.rows, line.skipped)
            case Messages():
                if line.flow_id == self.watched.flow_id:
                    self.watched.tell(line.rows)
            case WsOpen():
                self._open(line)
            case WsClose():
                self._close(line)
            case WsAlert():
                self._alert(line)
            case WsDiagnosis():
                self._diagnosis(line)
            case Payload():
                self._payload(line)
            case Stats():
                self._stats(line)
            case Hello():
                self._hello(line)
            case Problem():
                self.add_problem(line.say)

    def add_problem(self, say: str) -> None:
        self.version += 1
        self.troubles.note(say)
        if say not in self.problems:
            self.problems.append(say)

    def acknowledge(self) -> None:
        """Forget the problems shown so far."""
        self.version += 1
        self.problems.clear()

    def _hello(self, line: Hello) -> None:
        same = self.hello is not None and self.hello.pid == line.pid
        if self.hello is not None and not same:
            self._forget()
        self.hello = line
        # The proxy now sends what is live; who was live here and is not named has ended unseen.
        # The first `stats` after it comes behind that list and settles it.
        self._generation += 1
        self.greeted = False
        self._unconfirmed = same and bool(self.live)

    def _known(self, flow_id: int) -> Connection:
        connection = self.find(flow_id)
        if connection is None:
            connection = self.live[flow_id] = Connection(flow_id)
            self.membership += 1
        connection.generation = self._generation
        return connection

    def _open(self, line: WsOpen) -> None:
        connection = self._known(line.flow_id)
        if not connection.opened_ns:
            host = line.open.host or line.open.upstream or ""
            self.ends.opened(timestamp_ns(line.timestamp), host)
        connection.facts = line.open
        connection.deflate = connection.deflate or deflates(line.open)
        connection.client = _address(line.src_ip, line.src_port)
        connection.server = line.open.upstream or _address(line.dest_ip, line.dest_port)
        connection.opened_ns = timestamp_ns(line.timestamp)
        self.measure_open(connection)
        if connection.state is State.UNSEEN:  # it lives after all
            del self.ended[line.flow_id]
            self.live[line.flow_id] = connection
            self.membership += 1
            connection.ended_ns = 0
            connection.state = State.OPENING
        if line.open.status not in (101, None):
            if connection.state is State.OPENING:
                self.refused_count += 1
                self._end(connection, State.REFUSED, connection.opened_ns)
        elif connection.state is State.OPENING:
            connection.state = State.OPEN

    def settle_talkers(self, ended: Talkers) -> None:
        """The sums of ended connections, where somebody else made them up."""
        self._talkers = ended

    def measure_open(self, connection: Connection) -> None:
        """Remember how wide its facts are."""
        facts = connection.facts
        self._measure("client", connection.client)
        self._measure("host", facts.host or connection.server)
        self._measure("path", facts.uri or "")
        self._measure("subprotocol", facts.subprotocol or "")

    def _measure(self, key: str, text: str) -> None:
        if len(text) > self.widest.get(key, -1):
            self.widest[key] = len(text)

    def _close(self, line: WsClose) -> None:
        connection = self._known(line.flow_id)
        if not connection.client:
            connection.client = _address(line.src_ip, line.src_port)
            connection.server = _address(line.dest_ip, line.dest_port)
        close: CloseFacts = line.close
        connection.close = close
        for name in ("to_server", "to_client"):
            way = getattr(close, name)
            totals = (way.frames, way.payload_bytes, way.wire_bytes, way.messages)
            setattr(connection, name, totals)
        if connection.state in CLOSED:
            return  # told again on a new attach
        self.ended_count += 1
        self.unclean_count += close.unclean
        ended_ns = timestamp_ns(line.timestamp)
        self._end(connection, state_after(close), ended_ns)
        self._talkers.ended(connection)
        self.ends.ended(
            ended_ns,
            close.code,
            close.cause,
            close.initiator,
            connection.facts.host or connection.server,
            clean=not close.unclean,
            age_s=close.age_s,
            reason=close.reason or "",
        )

    def _end(self, connection: Connection, state: State, ended_ns: int) -> None:
        connection.state = state
        connection.ended_ns = ended_ns
        self.live.pop(connection.flow_id, None)
        self.ended.pop(connection.flow_id, None)
        self.ended[connection.flow_id] = connection
        while len(self.ended) > self.ended_max:
            gone = next(iter(self.ended))
            del self.ended[gone]
            self.logs.pop(gone, None)
        self.membership += 1

    def _totals(self, line: Totals) -> None:
        second = line.timestamp_ns // NS
        up_frames = up_bytes = down_frames = down_bytes = 0
        for row in line.rows:
            connection = self.live.get(row.flow_id)
            if connection is None:
                if row.flow_id in self.ended:
                    continue  # its close was exact
                connection = self._known(row.flow_id)
            old = not connection.frames and (line.timestamp_ns - connection.opened_ns > _NEW_S * NS)
            growth = connection.apply(row)
            if old:
                continue
            connection.activity.add(second, growth[0] + growth[2])
            up_frames += growth[0]
            up_bytes += growth[1]
            down_frames += growth[2]
            down_bytes += growth[3]
        self.frames_to_server.add(second, up_frames)
        self.bytes_to_server.add(second, up_bytes)
        self.frames_to_client.add(second, down_frames)
        self.bytes_to_client.add(second, down_bytes)

    def _alert(self, line: WsAlert) -> None:
        facts = line.facts()
        connection = self.find(line.flow_id)
        if connection is None:
            connection = self._known(line.flow_id)
        if not connection.add_alert(facts):
            return
        self.alerts_recent.append((line.flow_id, facts))
        if line.flow_id == self.watched.flow_id:
            self.watched.alert(facts)

    def _diagnosis(self, line: WsDiagnosis) -> None:
        facts = line.facts()
        if facts in self.diagnoses:
            return  # told again on a new attach
        self.diagnoses = [known for known in self.diagnoses if not facts.replaces(known)]
        self.diagnoses.append(facts)
        del self.diagnoses[:-DIAGNOSES_MAX]
        for flow_id in {line.flow_id, *facts.flow_ids}:
            connection = self.find(flow_id)
            if connection is not None:
                connection.add_diagnosis(facts)

    def _payload(self, line: Payload) -> None:
        self.payloads.pop((line.flow_id, line.direction, line.seq), None)
        self.payloads[line.flow_id, line.direction, line.seq] = line
        while len(self.payloads) > PAYLOADS_MAX:
            del self.payloads[next(iter(self.payloads))]

    def _stats(self, line: Stats) -> None:
        self.greeted = True
        self.losses = losses(line.stats)
        self.alerts = int(line.stats.get("alerts", 0))
        self.added_ms = _numbers(line.stats.get("added_ms"))
        lag = line.stats.get("loop_lag_ms")
        self.loop_lag_ms = _numbers(lag if isinstance(lag, dict) else {"p99": lag}).get("p99")
        error = line.stats.get("log_error")
        if error:
            self.add_problem(f"the log: {error}")
        if self._unconfirmed:
            self._unconfirmed = False
            ended_ns = timestamp_ns(line.timestamp)
            for connection in [c for c in self.live.values() if c.generation < self._generation]:
                self._end(connection, State.UNSEEN, ended_ns)
