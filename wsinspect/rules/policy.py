"""Rules in the relay: the guard of each direction, and the desk that all guards share.

Owns: asking the inspector, carrying its verdict into the relay's terms, telling alerts, and what
follows when inspection itself fails. Must not know: sockets, mitmproxy, the log.

A direction whose rules can change or stop a message has its guard as its *policy*: messages are
held for the verdict. Where they only note, it is a *watch*: traffic goes at once, and is looked
at in batches a moment later (``batch.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from wsinspect.model.connection import Connection
from wsinspect.model.events import Alert
from wsinspect.protocol.messages import LargeSink
from wsinspect.protocol.opcodes import CLOSE, OPCODE_NAMES
from wsinspect.relay.direction import Direction
from wsinspect.relay.observation import DirectionName, Observation, Shown
from wsinspect.relay.policy import LargeVerdict, OnError, Seqs, StreamJudge, Tapped
from wsinspect.rules.alerts import alerts_of
from wsinspect.rules.batch import Batch
from wsinspect.rules.failing import FAILURE, failure, limit
from wsinspect.rules.finding import Finding, Inspection
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.large import LargeJudge
from wsinspect.rules.streams import StreamHit

__all__ = ["HOLD_LIMIT", "Desk", "Guard", "Reports", "UnreadableMessage"]

HOLD_LIMIT: Final = 1024 * 1024  # bytes of a message that are held whole
_WITHHELD = Shown(None, [])
_ALL_SAFE: Final = LargeVerdict(sys.maxsize, [])


class UnreadableMessage(Exception):
    """A limit was hit: some of the message was not looked at."""


class Reports(Protocol):
    """Who is told. Calls are cheap and never raise."""

    def alert(self, connection: Connection, now_ns: int, alert: Alert) -> None: ...

    def findings(
        self, connection: Connection, direction: DirectionName, findings: Sequence[Finding]
    ) -> None: ...

    def slow(self, connection: Connection, direction: DirectionName, pause_s: float) -> None: ...

    def failed(self, connection: Connection, say: str) -> None: ...


class Desk:
    """All that guards share: the inspector of now, the batch, who is told.

    ``later(seconds, call)`` calls back once: the batch is looked at then, if it is not full before.
    """

    def __init__(
        self,
        inspector: Inspector,
        reports: Reports,
        *,
        on_error: OnError,
        clock: Callable[[], int],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self.inspector = inspector
        self.reports = reports
        self.on_error: OnError = on_error
        self.clock = clock
        self.batch = Batch(later)

    def guard(
        self, connection: Connection, facts: ConnectionFacts, direction: DirectionName
    ) -> Guard:
        return Guard(self, connection, facts, direction)


class Guard:
    """One direction of one connection: a relay's policy or watch."""

    frames = False
    messages = True
    controls = True
    outside = False
    masks = True
    hold_limit = HOLD_LIMIT

    def __init__(
        self,
        desk: Desk,
        connection: Connection,
        facts: ConnectionFacts,
        direction: DirectionName,
    ) -> None:
        self.desk = desk
        self.connection = connection
        self.facts = facts
        self.direction: DirectionName = direction
        self.counted = 0  # wire bytes that went into batches
        self.renew()

    def renew(self) -> None:
        """Take the rules of now; between two messages."""
        self.inspector = self.desk.inspector
        self.scope = self.inspector.scope(self.facts, self.direction, str(self.connection.flow_id))

    @property
    def as_policy(self) -> Guard | None:
        """Itself, where its rules can change or stop a message."""
        return self if self.scope.plan.holds else None

    @property
    def as_watch(self) -> Guard | None:
        """Itself, where they only note."""
        plan = self.scope.plan
        return None if plan.holds or plan.empty else self

    # --- as a policy ---

    def judge(self, observation: Observation) -> None:
        """Raises what inspection raises, and UnreadableMessage: then ``--on-error`` decides."""
        payload = observation.final
        closing = observation.opcode_number == CLOSE
        head, payload = (payload[:2], payload[2:]) if closing else (b"", payload)
        opcode, now_ns = observation.opcode, observation.timestamp_ns
        try:
            inspection = self.inspector.inspect(
                self.scope, payload, opcode, now_ns, stream=observation.kind == "message"
            )
        except Exception as error:
            blocked = self.failed(error, opcode, now_ns, observation.seq)
            observation.shown = _WITHHELD
            if blocked is None:
                raise
            if blocked:
                _block(observation, head)
            return
        shown = self.tell(inspection, payload, opcode, now_ns, observation.seq)
        observation.shown = _after(head, shown)
        self.slow_down(1, now_ns)
        if inspection.action == "close":
            observation.close(inspection.code, inspection.reason)
        elif inspection.action == "block":
            _block(observation, head)
        elif inspection.output is not None:
            try:
                observation.rewrite(head + inspection.output)
            except ValueError:  # longer than a control frame may be, or no text any more
                _block(observation, head)
        if inspection.unreadable and inspection.block_on_error is None:
            if inspection.action in ("pass", "redact"):
                raise UnreadableMessage
            self._tell_limit(inspection.unreadable)

    def unreadable(self, now_ns: int, seq: int) -> bool | None:
        """Of :class:`~wsinspect.relay.policy.Policy`; the finding is told here."""
        blocked = self._blocks_on_error()
        stops = blocked if blocked is not None else self.desk.on_error == "closed"
        finding = limit("size", blocked=stops)
        for alert in alerts_of([finding], self.direction, None, seq):
            self.desk.reports.alert(self.connection, now_ns, alert)
        return None if blocked is None else not blocked

    def _blocks_on_error(self) -> bool | None:
        says = {one.rule.on_error for one in self.scope.plan.rules}
        return True if "block" in says else None if None in says else False

    def failed(self, error: Exception, opcode: str, now_ns: int, seq: int) -> bool | None:
        """Never quietly. Returns whether the rules say to block it; None: they do not say."""
        blocked = self._blocks_on_error()
        stops = blocked if blocked is not None else self.desk.on_error == "closed"
        reports = self.desk.reports
        finding = failure(type(error).__name__, blocked=stops)
        for alert in alerts_of([finding], self.direction, opcode, seq):
            reports.alert(self.connection, now_ns, alert)
        if blocked is not None:
            reports.failed(self.connection, f"{type(error).__name__} in a rule: {FAILURE.say}")
        return blocked

    def large(self, opcode: int, *, compressed: bool, seq: int) -> StreamJudge | None:  # noqa: ARG002
        """Of :class:`~wsinspect.relay.policy.Policy`."""
        return _Guarded(self, self._judge(opcode, seq), OPCODE_NAMES[opcode], seq)

    def _judge(self, opcode: int, seq: int) -> LargeJudge:
        name = OPCODE_NAMES[opcode]
        clock = self.desk.clock
        return LargeJudge(
            self.inspector,
            self.scope,
            name,
            clock,
            lambda inspection: self._found_in_large(inspection, name, clock(), seq),
            HOLD_LIMIT + 1,
            closed=self.desk.on_error == "closed",
        )

    def _found_in_large(self, inspection: Inspection, opcode: str, now_ns: int, seq: int) -> None:
        self._report(inspection, opcode, now_ns, seq)
        if inspection.unreadable:
            self._tell_limit(inspection.unreadable)

    def _tell_limit(self, limit: str) -> None:
        self.desk.reports.failed(self.connection, f"a message hit the limit of {limit}")

    # --- as a watch ---

    def watch_large(self, opcode: int, seq: int) -> LargeSink | None:
        """Of :class:`~wsinspect.relay.policy.Watch`."""
        return _Unstoppable(self, self._judge(opcode, seq), OPCODE_NAMES[opcode], seq)

    def later(self, direction: Direction, now_ns: int, seen: Tapped, seqs: Seqs) -> None:
        self.desk.batch.add(self, direction, now_ns, seen, seqs)
        if self.scope.throttle is not None:
            self.slow_down(len(seen), now_ns)

    def now(self, now_ns: int, opcode: int, payload: bytes, seq: int) -> Shown:
        self.desk.batch.flush()  # in order
        head = b""
        if opcode == CLOSE:
            head, payload = payload[:2], payload[2:]
        shown = self.look(payload, OPCODE_NAMES[opcode], now_ns, seq)
        self.slow_down(1, now_ns)
        return _after(head, shown)

    def look(self, payload: bytes, opcode: str, now_ns: int, seq: int) -> Shown:
        """Look at a message that has passed. Never raises."""
        return self._looked(
            lambda: self.inspector.inspect(self.scope, payload, opcode, now_ns),
            payload,
            opcode,
            now_ns,
            seq,
        )

    def look_late(
        self, payload: bytes, opcode: str, now_ns: int, hits: Sequence[StreamHit], seq: int
    ) -> None:
        """Likewise, with what its stream showed. Never raises."""
        self._looked(
            lambda: self.inspector.judge(self.scope, payload, opcode, now_ns, hits),
            payload,
            opcode,
            now_ns,
            seq,
        )

    def _looked(
        self, look: Callable[[], Inspection], payload: bytes, opcode: str, now_ns: int, seq: int
    ) -> Shown:
        try:
            inspection = look()
            if inspection.unreadable:
                self._tell_limit(inspection.unreadable)
            return self.tell(inspection, payload, opcode, now_ns, seq)
        except Exception as error:  # noqa: BLE001 - what has passed cannot be stopped any more
            self.failed_late(error, opcode, now_ns, seq)
            return _WITHHELD

    def failed_late(self, error: Exception, opcode: str, now_ns: int, seq: int = -1) -> None:
        """What failed is on record; the message has passed."""
        finding = failure(type(error).__name__, blocked=False)
        for alert in alerts_of([finding], self.direction, opcode, seq):
            self.desk.reports.alert(self.connection, now_ns, alert)
        self.desk.reports.failed(
            self.connection, f"{type(error).__name__} in a rule: {FAILURE.say}"
        )

    # --- telling ---

    def tell(
        self, inspection: Inspection, payload: bytes, opcode: str, now_ns: int, seq: int
    ) -> Shown:
        """Report it; what may be shown of the message."""
        if not inspection.findings and not inspection.sightings:
            return Shown(payload, [])
        self._report(inspection, opcode, now_ns, seq)
        return Shown(self.inspector.masked(inspection), inspection.rules)

    def _report(self, inspection: Inspection, opcode: str, now_ns: int, seq: int) -> None:
        reports, connection = self.desk.reports, self.connection
        for alert in alerts_of(inspection.findings, self.direction, opcode, seq):
            reports.alert(connection, now_ns, alert)
        reports.findings(connection, self.direction, inspection.findings)

    def slow_down(self, messages: int, now_ns: int) -> None:
        """Where a rule throttles the direction: so many more messages have come."""
        throttle = self.scope.throttle
        if throttle is not None:
            pause_s = throttle.pause_s(messages, now_ns)
            if pause_s > 0:
                self.desk.reports.slow(self.connection, self.direction, pause_s)


def _after(head: bytes, shown: Shown) -> Shown:
    """With the code of a Close frame, which is no text, before what may be shown of its reason."""
    return shown if shown.payload is None else shown._replace(payload=head + shown.payload)


def _block(observation: Observation, head: bytes) -> None:
    """Not forwarded – but without a Close frame there would be no end: without its reason."""
    if observation.opcode_number != CLOSE:
        observation.drop()
        return
    try:
        observation.rewrite(head)
    except ValueError:  # a code that nobody may send
        observation.rewrite(b"")


class _Guarded:
    """Judges a large message; where that fails, the rules' own ``on_error`` comes first."""

    def __init__(self, guard: Guard, judge: LargeJudge, opcode: str, seq: int) -> None:
        self._guard = guard
        self._judge = judge
        self._opcode = opcode
        self._seq = seq
        self._broken = False
        self.rules = judge.rules

    def feed(self, content: bytes, *, last: bool, hurry: bool = False) -> LargeVerdict:
        """Of :class:`~wsinspect.relay.policy.StreamJudge`."""
        guard = self._guard
        now_ns = guard.desk.clock()
        if last:
            guard.slow_down(1, now_ns)
        if self._broken:
            return _ALL_SAFE
        try:
            return self._judge.feed(content, last=last, hurry=hurry)
        except Exception as error:
            blocked = guard.failed(error, self._opcode, now_ns, self._seq)
            if blocked is None:
                raise
            self._broken = True
            return LargeVerdict(0, [], (1008, "policy"), drop=True) if blocked else _ALL_SAFE


class _Unstoppable:
    """Looks at a large message that passes anyway; never raises."""

    def __init__(self, guard: Guard, judge: LargeJudge, opcode: str, seq: int) -> None:
        self._guard = guard
        self._judge = judge
        self._opcode = opcode
        self._seq = seq
        self._broken = False

    def feed(self, content: bytes, *, last: bool) -> Shown:
        if last:
            self._guard.slow_down(1, self._guard.desk.clock())
        if not self._broken:
            try:
                self._judge.feed(content, last=last)
            except Exception as error:  # noqa: BLE001 - of Watch
                self._broken = True
                now_ns = self._guard.desk.clock()
                self._guard.failed_late(error, self._opcode, now_ns, self._seq)
        return Shown(None, self._judge.rules)
