"""Lines of the log, made into what the diagnosis takes in.

Owns: decoding only what is needed of each line, and what frames tell where a ``ws_close`` does not
(logs of others, with the contract's fields alone). Must not know: files; it is given lines.

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

from wsinspect.diagnose.facts import SECOND, Ended, Opened, Totals
from wsinspect.model.diagnosis import Candidate, Confidence, Keepalive, KeepaliveBook, Kind

__all__ = ["LogEvents", "Told"]


class _Finding(Struct):
    code: str


class _Open(Struct):
    host: str = ""
    uri: str = ""
    status: int = 101
    findings: list[_Finding] = []
    session: str | None = None
    user: str | None = None
    subprotocol: str = ""


class _Websocket(Struct):
    opcode: str


class _Ws(Struct):
    direction: Literal["to_server", "to_client"]
    payload_len: int = 0
    forwarded: bool = True
    violation: str | None = None


class _Rtt(Struct):
    count: int = 0
    p50: float = 0.0
    max: float = 0.0


class _Close(Struct):
    code_observed: int = 1006
    cause: str = "error"
    initiator: str = "none"
    clean: bool = False
    age_s: float = 0.0
    idle_s: float = 0.0
    to_server: Totals = msgspec.field(default_factory=Totals)
    to_client: Totals = msgspec.field(default_factory=Totals)
    ping_rtt_ms: _Rtt = msgspec.field(default_factory=_Rtt)
    keepalive: Keepalive | None = None
    caused_by_len: int | None = None


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


class _OpenLine(Struct, tag_field="event_type", tag="ws_open"):
    timestamp: str
    flow_id: int
    open: _Open
    host: str = ""
    src_ip: str = ""
    dest_ip: str = ""
    dest_port: int = 0


class _FrameLine(Struct, tag_field="event_type", tag="websocket"):
    timestamp: str
    flow_id: int
    websocket: _Websocket
    ws: _Ws
    host: str = ""


class _CloseLine(Struct, tag_field="event_type", tag="ws_close"):
    timestamp: str
    flow_id: int
    close: _Close
    host: str = ""
    src_ip: str = ""
    dest_ip: str = ""
    dest_port: int = 0


class _ToldLine(Struct, tag_field="event_type", tag="ws_diagnosis"):
    diagnosis: Told


class _MessageLine(Struct, tag_field="event_type", tag="ws_message"):
    pass


class _Alert(Struct):
    rule: str = ""
    disposition: str = ""


class _AlertLine(Struct, tag_field="event_type", tag="alert"):
    alert: _Alert


class _StatsLine(Struct, tag_field="event_type", tag="stats"):
    pass


class _AnyLine(Struct):
    event_type: str


_decode = msgspec.json.Decoder(
    _OpenLine | _FrameLine | _CloseLine | _ToldLine | _MessageLine | _AlertLine | _StatsLine
).decode
_decode_any = msgspec.json.Decoder(_AnyLine).decode


class Flow:
    """An open connection, and what its frames said."""

    __slots__ = ("book", "frames", "last_s", "last_to_server", "longest_s", "message_len", "opened")

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.frames = 0
        self.last_s = opened.at_us // SECOND
        self.longest_s = 0
        self.last_to_server = False
        self.message_len = [0, 0]  # to_server, to_client: of the last message, so far
        self.book: KeepaliveBook | None = None

    def keepalive(self, deadline_missed: int) -> Keepalive:
        facts = Keepalive() if self.book is None else self.book.summary()
        facts.slow_pongs = deadline_missed
        facts.longest_idle_s = float(max(0, self.longest_s - 1))  # its ends are known to a second
        facts.last_to_server = self.last_to_server
        return facts


class LogEvents:
    """``event`` takes a line and returns what it is, or None where it is nothing to diagnose."""

    def __init__(self) -> None:
        self.flows: dict[tuple[str, int], Flow] = {}
        self.lines = 0
        self.broken = 0
        self.violations: Counter[str] = Counter()
        self.not_forwarded = 0
        self.alerts: Counter[tuple[str, str]] = Counter()  # rule, disposition
        self.lost: list[Opened] = []  # opened, and never ended as their proxy died; emptied outside
        self.now_us = 0
        self.first_us = 0
        self._second = ""
        self._second_us = 0
        self._same: dict[str, str] = {}

    def events(self, lines: Iterable[bytes]) -> Iterable[Opened | Ended | Told]:
        """What there is to diagnose, in the log's order."""
        for line in lines:
            self.lines += 1
            try:
                decoded = _decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self._broken(line)
                continue
            if isinstance(decoded, _FrameLine):
                self._frame(decoded)
            elif isinstance(decoded, (_OpenLine, _CloseLine)):
                try:
                    at_us = self._us(decoded.timestamp)
                except ValueError:
                    self.broken += 1
                    continue
                if at_us > self.now_us:
                    self.now_us = at_us
                    self.first_us = self.first_us or at_us
                if isinstance(decoded, _OpenLine):
                    yield self._open(decoded, at_us)
                else:
                    yield self._close(decoded, at_us)
            elif isinstance(decoded, _ToldLine):
                yield decoded.diagnosis
            elif isinstance(decoded, _AlertLine):
                self.alerts[decoded.alert.rule, decoded.alert.disposition] += 1

    def _broken(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            known = _decode_any(line).event_type in _KNOWN
        except (msgspec.MsgspecError, UnicodeDecodeError):
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
        body = line.open
        opened = Opened(
            flow_id=line.flow_id,
            at_us=at_us,
            host=self._shared(body.host),
            uri=body.uri,
            status=body.status,
            client=line.src_ip,
            server=self._shared(f"{line.dest_ip}:{line.dest_port}") if line.dest_ip else "",
            findings=tuple([one.code for one in body.findings]),
            session=body.session,
            user=body.user,
            subprotocol=body.subprotocol,
        )
        if body.status == 101:
            key = line.host, line.flow_id
            before = self.flows.get(key)
            if before is not None:  # another run of the proxy, appended
                self.lost.append(before.opened)
            self.flows[key] = Flow(opened)
        return opened

    def _shared(self, text: str) -> str:
        """The same text once in memory."""
        if len(self._same) > 20_000:
            self._same.clear()
        return self._same.setdefault(text, text)

    def _frame(self, line: _FrameLine) -> None:
        flow = self.flows.get((line.host, line.flow_id))
        ws = line.ws
        if ws.violation is not None:
            self.violations[ws.violation] += 1
        if not ws.forwarded and line.websocket.opcode != "close":  # each side's answer to our own
            self.not_forwarded += 1
        if flow is None:
            return
        flow.frames += 1
        to_client = ws.direction == "to_client"
        opcode = line.websocket.opcode
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
        flow.last_to_server = not to_client and opcode in ("text", "binary", "continuation")
        if opcode == "text" or opcode == "binary":
            flow.message_len[to_client] = ws.payload_len
        elif opcode == "continuation":
            flow.message_len[to_client] += ws.payload_len
        elif opcode == "ping":
            if flow.book is None:
                flow.book = KeepaliveBook()
            flow.book.ping(now_us * 1000, (0, 0), to_client=to_client)
        elif opcode == "pong" and flow.book is not None:
            flow.book.unanswered = 0

    def _close(self, line: _CloseLine, at_us: int) -> Ended:
        body = line.close
        age_us = round(body.age_s * SECOND)
        flow = self.flows.pop((line.host, line.flow_id), None)
        if flow is None:  # the log begins after it: all that is known of it is its addresses
            server = f"{line.dest_ip}:{line.dest_port}" if line.dest_ip else ""
            flow = Flow(Opened(line.flow_id, at_us - age_us, server, "", 0, line.src_ip, server))
        rtt = body.ping_rtt_ms
        keepalive = body.keepalive
        if keepalive is None and flow.frames:
            keepalive = flow.keepalive(0)
        caused_by = body.caused_by_len
        if caused_by is None and body.code_observed == 1009 and flow.frames:
            caused_by = flow.message_len[body.initiator == "client"] or None
        return Ended(
            opened=flow.opened,
            code=body.code_observed,
            cause=body.cause,
            initiator=body.initiator,
            clean=body.clean,
            age_us=age_us,
            idle_us=round(body.idle_s * SECOND),
            to_server=body.to_server,
            to_client=body.to_client,
            rtts=rtt.count,
            rtt_p50_ms=rtt.p50,
            rtt_max_ms=rtt.max,
            keepalive=keepalive,
            caused_by_len=caused_by,
            at_us=at_us,
        )


_KNOWN = {"ws_open", "websocket", "ws_close", "ws_diagnosis", "ws_message", "alert", "stats"}


def _parsed_us(timestamp: str) -> int:
    """Raises ValueError."""
    parsed = datetime.fromisoformat(timestamp)
    if parsed.tzinfo is None:
        raise ValueError("no time zone")
    return round(parsed.timestamp() * SECOND)
