"""Lines of the log, made into what the diagnosis takes in.

Owns: decoding only what is needed of each line, and joining what belongs to one connection. Must
not know: files; it is given lines.

One pass, bounded by the number of connections that are open at once. Lines that are no JSON, or
not what they should be, are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from wsinspect.diagnose.facts import SECOND, Ended, Opened
from wsinspect.diagnose.flows import Flow, Stopped
from wsinspect.model.diagnosis import Candidate, Confidence, KeepaliveBook, Kind
from wsinspect.model.framing import SHORT_LEN, Framings, of_direction

__all__ = ["LogEvents", "Told"]


class _Websocket(Struct, gc=False):
    opcode: str
    fin: bool = True


class _Ws(Struct, gc=False):
    direction: Literal["to_server", "to_client"]
    payload_len: int = 0
    rsv: int = 0
    forwarded: bool = True
    violation: str | None = None


class Told(Struct, omit_defaults=True):
    """A diagnosis that is in the log already."""

    kind: Kind
    confidence: Confidence
    host: str
    count: int
    evidence: dict[str, Any]
    candidates: list[Candidate]
    say: str
    advice: str = ""
    flow_ids: list[int] = []
    id: str = ""
    first: str = ""
    last: str = ""


class _OpenLine(Struct, gc=False, tag_field="event_type", tag="ws_open"):
    timestamp: str
    flow_id: int
    open: Opened
    host: str = ""
    src_ip: str = ""
    dest_ip: str = ""
    dest_port: int = 0


class _FrameLine(Struct, gc=False, tag_field="event_type", tag="websocket"):
    timestamp: str
    flow_id: int
    websocket: _Websocket
    ws: _Ws
    host: str = ""


class _CloseLine(Struct, gc=False, tag_field="event_type", tag="ws_close"):
    timestamp: str
    flow_id: int
    close: Ended
    host: str = ""
    src_ip: str = ""
    dest_ip: str = ""
    dest_port: int = 0


class _ToldLine(Struct, tag_field="event_type", tag="ws_diagnosis"):
    diagnosis: Told


class _Message(Struct):
    action: str = "pass"


class _MessageLine(Struct, tag_field="event_type", tag="ws_message"):
    flow_id: int = 0
    message: _Message = msgspec.field(default_factory=_Message)
    host: str = ""


class _Alert(Struct):
    rule: str = ""
    disposition: str = ""
    action: str = "allowed"
    direction: str = ""
    opcode: str = ""
    seq: int = -1


class _AlertLine(Struct, tag_field="event_type", tag="alert"):
    alert: _Alert
    flow_id: int = 0
    host: str = ""


class _StatsLine(Struct, tag_field="event_type", tag="stats"):
    pass


class _AnyLine(Struct):
    event_type: str


_decode = msgspec.json.Decoder(
    _OpenLine | _FrameLine | _CloseLine | _ToldLine | _MessageLine | _AlertLine | _StatsLine
).decode
_decode_any = msgspec.json.Decoder(_AnyLine).decode


class LogEvents:
    """``event`` takes a line and returns what it is, or None where it is nothing to diagnose."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], Opened] = {}
        self._flows: dict[tuple[str, int], Flow] = {}  # of those with more than an opening
        self.lines = 0
        self.broken = 0
        self.violations: Counter[str] = Counter()
        self.stopped = Stopped()
        self.alerts: Counter[tuple[str, str]] = Counter()  # rule, disposition
        self.lost: list[Opened] = []  # opened, and never ended as their proxy died; emptied outside
        self.now_us = 0
        self.first_us = 0
        self._second = ""
        self._second_us = 0
        self._hosts: dict[str, str] = {}
        self._servers: dict[tuple[str, int], str] = {}

    def events(self, lines: Iterable[bytes]) -> Iterable[Opened | Ended | Told]:
        """What there is to diagnose, in the log's order."""
        for self.lines, line in enumerate(lines, 1):
            try:
                decoded = _decode(line)
            except _UNREADABLE:
                self._broken(line)
                continue
            if type(decoded) is _FrameLine:
                self._frame(decoded)
            elif type(decoded) is _OpenLine or type(decoded) is _CloseLine:
                stamp = decoded.timestamp
                try:
                    if stamp[:19] == self._second and stamp[26:] == "Z":  # the usual
                        at_us = self._second_us + int(stamp[20:26])
                    else:
                        at_us = self._us(stamp)
                except ValueError:
                    self.broken += 1
                    continue
                if at_us > self.now_us:
                    self.now_us = at_us
                    self.first_us = self.first_us or at_us
                if type(decoded) is _OpenLine:
                    yield self._open(decoded, at_us)
                elif type(decoded) is _CloseLine:
                    yield self._close(decoded, at_us)
            elif type(decoded) is _ToldLine:
                yield decoded.diagnosis
            elif type(decoded) is _AlertLine:
                self._alert(decoded)
            elif type(decoded) is _MessageLine and decoded.message.action in _STOPPED:
                flow = self._flow((decoded.host, decoded.flow_id))
                if flow is not None:
                    flow.message(decoded.message.action)

    def end(self) -> None:
        """No more lines: what is still open is told as it is."""
        for flow in self._flows.values():
            self._over(flow, None)

    @property
    def frames(self) -> int:
        """Of connections that are still open."""
        return sum(flow.frames for flow in self._flows.values())

    def _flow(self, key: tuple[str, int]) -> Flow | None:
        """What there is beside the opening of a connection; None: it is not open."""
        flow = self._flows.get(key)
        if flow is None and key in self.open:
            flow = self._flows[key] = Flow()
        return flow

    def _over(self, flow: Flow | None, framings: Framings | None) -> None:
        """No more of this connection. ``framings``: what its ``ws_close`` said."""
        if flow is not None:
            flow.settle(self.stopped)
            if framings is None:
                self.violations.update(flow.breaches or {})
        for to_client in (False, True):
            framing = of_direction(framings, to_client=to_client)
            if framing is not None:
                self.violations.update(framing.violations)

    def _alert(self, line: _AlertLine) -> None:
        alert = line.alert
        self.alerts[alert.rule, alert.disposition] += 1
        if alert.action == "blocked" and alert.opcode in ("text", "binary"):
            flow = self._flow((line.host, line.flow_id))
            if flow is not None:
                flow.alert(alert.direction, alert.seq, closed=alert.disposition == "closed")

    def _broken(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            known = _decode_any(line).event_type in _KNOWN
        except _UNREADABLE:
            known = True
        self.broken += known  # a type of event that a later version may have is none

    def _us(self, timestamp: str) -> int:
        """RFC 3339, to the microsecond."""
        second = timestamp[:19]
        if len(timestamp) == 27 and timestamp[26] == "Z":
            if second != self._second:
                self._second_us = _parsed_us(second + "Z")
                self._second = second
            return self._second_us + int(timestamp[20:26])
        at_us = _parsed_us(timestamp)
        self._second, self._second_us = second, at_us - at_us % SECOND
        return at_us

    def _open(self, line: _OpenLine, at_us: int) -> Opened:
        opened = line.open
        # The same name once in memory: it is a key of many books.
        hosts = self._hosts
        if len(hosts) > _KEPT:
            hosts.clear()
        opened.host = hosts.setdefault(opened.host, opened.host)
        ip, port = line.dest_ip, line.dest_port
        server = self._servers.get((ip, port)) or self._server(ip, port)
        opened.of(line.flow_id, at_us, line.src_ip, server)
        if opened.status == 101:
            key = hosts.setdefault(line.host, line.host), line.flow_id
            before = self.open.get(key)
            if before is not None:  # another run of the proxy, appended
                self.lost.append(before)
                flow = self._flows.pop(key, None)
                if flow is not None:
                    self._over(flow, None)
            self.open[key] = opened
        return opened

    def _server(self, ip: str, port: int) -> str:
        server = self._servers.get((ip, port))
        if server is None:
            if len(self._servers) > _KEPT:
                self._servers.clear()
            server = self._servers[ip, port] = f"{ip}:{port}" if ip else ""
        return server

    def _frame(self, line: _FrameLine) -> None:
        key = line.host, line.flow_id
        flow = self._flows.get(key) or self._flow(key)
        ws = line.ws
        opcode = line.websocket.opcode
        if not ws.forwarded and opcode != "close":  # each side's answer to our own
            self.stopped.frames += 1
        if flow is None:
            if ws.violation is not None:
                self.violations[ws.violation] += 1
            return
        if ws.violation is not None:
            flow.breach(ws.violation)
        flow.frames += 1
        timestamp = line.timestamp
        if timestamp[:19] != self._second or opcode == "ping":
            try:
                now_us = self._us(timestamp)
            except ValueError:
                return
            self.now_us = max(self.now_us, now_us)
        second = self._second_us // SECOND
        if second - flow.last_s > flow.longest_s and flow.frames > 1:
            flow.longest_s = second - flow.last_s
        flow.last_s = second
        to_client = ws.direction == "to_client"
        if opcode == "text" or opcode == "binary":
            flow.last_to_server = not to_client
            fin = line.websocket.fin
            if ws.payload_len > SHORT_LEN or not fin:
                flow.data(ws.payload_len, ws.rsv, to_client=to_client, fin=fin, first=True)
            if ws.forwarded:
                flow.went_on(to_client=to_client)
            else:
                flow.stopped_frame(to_client=to_client)
        elif opcode == "continuation":
            flow.last_to_server = not to_client
            flow.data(
                ws.payload_len, 0, to_client=to_client, fin=line.websocket.fin, first=False
            )  # fmt: skip
        elif opcode == "ping":
            if flow.book is None:
                flow.book = KeepaliveBook()
            flow.book.ping(now_us * 1000, (0, 0), to_client=to_client)
        elif opcode == "pong" and flow.book is not None:
            flow.book.unanswered = 0

    def _close(self, line: _CloseLine, at_us: int) -> Ended:
        end = line.close
        key = line.host, line.flow_id
        opened = self.open.pop(key, None)
        if opened is None:  # the log begins after it: all that is known of it is its addresses
            server = self._server(line.dest_ip, line.dest_port)
            opened_us = at_us - round(end.age_s * SECOND)
            nameless = Opened(host=server, status=0)
            return end.of(nameless.of(line.flow_id, opened_us, line.src_ip, server), at_us)
        flow = self._flows.pop(key, None) if self._flows else None
        if flow is not None or end.framing is not None:
            self._over(flow, end.framing)
        if flow is not None and flow.frames:
            end.framing = end.framing or flow.framings()
            end.keepalive = end.keepalive or flow.keepalive()
            if end.caused_by_len is None and end.code == 1009:
                end.caused_by_len = flow.largest_len(to_client=end.initiator == "client")
        return end.of(opened, at_us)


_KEPT = 20_000
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_LATEST_US = 13_600_000_000 * SECOND  # of the year 2400: beyond it stands no proxy's clock
_STOPPED = ("drop", "close")
_KNOWN = {"ws_open", "websocket", "ws_close", "ws_diagnosis", "ws_message", "alert", "stats"}


def _parsed_us(timestamp: str) -> int:
    """Raises ValueError."""
    parsed = datetime.fromisoformat(timestamp)
    if parsed.tzinfo is None:
        raise ValueError("no time zone")
    at_us = round(parsed.timestamp() * SECOND)
    if not 0 < at_us < _LATEST_US:
        raise ValueError("no time of a log")
    return at_us
