"""What happened, as one object: the contract's ``report FILE --json``.

Owns: going through a log once, and its shape. What the log's own ``ws_diagnosis`` lines say is
found anew from the events; what no event in the log can show (fan-out by payload, a session in a
first message) is passed on. Must not know: files, terminals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from wsinspect.diagnose.engine import Diagnoser
from wsinspect.diagnose.facts import Ended, Opened
from wsinspect.diagnose.findings import RANK
from wsinspect.diagnose.flows import Stopped
from wsinspect.diagnose.log import LogEvents, Told
from wsinspect.diagnose.meters import By, Meters
from wsinspect.diagnose.remarks import Remark, Remarks
from wsinspect.diagnose.sessions import SESSION_NAMES
from wsinspect.model.diagnosis import PONG_DEADLINE_MS, Diagnosis

__all__ = ["Refusal", "Report", "read_log"]

Refusal = Literal["answered", "silent", "unreached", "unknown"]


@dataclass(slots=True)
class Report:
    connections: int = 0
    failed_handshakes: int = 0
    frames: int = 0
    still_open: int = 0
    never_ended: int = 0  # their proxy died
    ends: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    diagnoses: list[Diagnosis | Told] = field(default_factory=list)
    meters: list[dict[str, Any]] = field(default_factory=list)
    violations: Counter[str] = field(default_factory=Counter)
    stopped: Stopped = field(default_factory=Stopped)
    remarks: list[Remark] = field(default_factory=list)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)  # rule, disposition
    refusals: Counter[tuple[int, str, Refusal]] = field(default_factory=Counter)  # status, host
    lines: int = 0
    broken_lines: int = 0
    first_us: int = 0
    last_us: int = 0

    def as_json(self) -> dict[str, Any]:
        """The contract's object; ``remarks`` and ``broken_lines`` only where there are any."""
        document: dict[str, Any] = {
            "connections": self.connections,
            "failed_handshakes": self.failed_handshakes,
            "frames": self.frames,
            "ends": [
                {"cause": cause, "code_observed": code, "initiator": initiator, "count": count}
                for (cause, code, initiator), count in self.ends.most_common()
            ],
            "diagnoses": msgspec.to_builtins(self.diagnoses),
            "meters": self.meters,
        }
        if self.remarks:
            document["remarks"] = msgspec.to_builtins(self.remarks)
        if self.broken_lines:
            document["broken_lines"] = self.broken_lines
        return document


def read_log(
    lines: Iterable[bytes],
    *,
    pong_deadline_ms: float = PONG_DEADLINE_MS,
    session_names: Sequence[str] = SESSION_NAMES,
    meter_by: By = "host",
    each: Callable[[Ended], None] | None = None,
) -> Report:
    """``each`` is called with every end, for whoever wants rows of connections."""
    engine = Diagnoser(pong_deadline_ms=pong_deadline_ms, session_names=session_names)
    log = LogEvents()
    report = Report()
    meters = Meters("host" if meter_by == "connection" else meter_by)
    remarks = Remarks()
    told: dict[str, Told] = {}
    ends: dict[tuple[str, int, str], int] = {}
    connections = frames = 0
    for event in log.events(lines):
        if log.lost:
            for opened in log.lost:
                engine.lost(opened)
                report.never_ended += 1
            log.lost.clear()
        if type(event) is Opened:
            engine.opened(event)
            if event.status == 101:
                connections += 1
                meters.opened(event)
            else:
                report.failed_handshakes += 1
                report.refusals[event.status, event.host, _refusal(event)] += 1
        elif type(event) is Ended:
            engine.ended(event)
            if not event.opened.status:
                connections += 1
                meters.opened(event.opened)
            how = event.cause, event.code, event.initiator
            ends[how] = ends.get(how, 0) + 1
            frames += event.to_server.frames + event.to_client.frames
            meters.ended(event)
            remarks.ended(event)
            if each is not None:
                each(event)
        elif isinstance(event, Told):
            told[event.id or f"{event.kind}:{event.host}"] = event
    report.ends = Counter(ends)
    report.connections = connections
    log.end()
    report.frames = frames + log.frames
    for opened in log.open.values():
        meters.still_open(opened, log.now_us)
    engine.finish()
    found = engine.findings.all()
    known = {one.id for one in found} | {f"{one.kind}:{one.host}" for one in found}
    report.diagnoses = [*found, *(one for id_, one in told.items() if id_ not in known)]
    report.diagnoses.sort(key=lambda one: (-RANK[one.confidence], -one.count))
    report.still_open = len(log.open)
    report.meters = list(meters.rows())
    report.violations = log.violations
    report.stopped = log.stopped
    report.remarks = list(remarks.all())
    report.alerts = log.alerts
    report.lines, report.broken_lines = log.lines, log.broken
    report.first_us, report.last_us = log.first_us, log.now_us
    return report


def _refusal(opened: Opened) -> Refusal:
    """Who said no: a 502 is also what clients get where nobody answered at all."""
    if "response-missing" in opened.findings:
        return "silent" if opened.server else "unreached"
    return "answered" if "status-not-101" in opened.findings else "unknown"
