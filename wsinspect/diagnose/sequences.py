"""What a session missed while it was away: a gap in the numbers that its server counts.

Owns: the newest number of each session, and comparing it with the first one after it has come
back. Must not know: where in a message the number is.

It is told as ``sticky-broken``: the session came back, and what it had a right to was not there.
Numbers that begin anew, and connections without a session id, say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wsinspect.diagnose.facts import Opened
from wsinspect.diagnose.findings import Findings, counted, when
from wsinspect.model.diagnosis import Diagnosis

__all__ = ["Sequences"]

_KEPT = 100_000


@dataclass(slots=True)
class _Host:
    back: int = 0
    gaps: int = 0
    missed: int = 0
    most: int = 0
    other_server: int = 0
    first_us: int = 0
    last_us: int = 0
    flow_ids: list[int] = field(default_factory=list)


class Sequences:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._last: dict[tuple[str, str], tuple[int, Opened]] = {}  # by host and session
        self._hosts: dict[str, _Host] = {}

    def number(self, opened: Opened, number: int, now_us: int) -> None:
        """A message of this connection has this number."""
        if opened.session is None:
            return
        key = opened.host, opened.session
        before = self._last.pop(key, None)
        if len(self._last) >= _KEPT:
            del self._last[next(iter(self._last))]
        self._last[key] = number, opened
        if before is None or before[1] is opened or before[1].at_us > opened.at_us:
            return
        host = self._hosts.setdefault(opened.host, _Host())
        host.back += 1
        missed = number - before[0] - 1
        if missed <= 0:
            return
        host.gaps += 1
        host.missed += missed
        host.most = max(host.most, missed)
        host.other_server += before[1].server != opened.server
        host.first_us = host.first_us or now_us
        host.last_us = now_us
        if len(host.flow_ids) < 16:
            host.flow_ids.append(opened.flow_id)
        self._findings.put(_diagnosis(opened.host, host), now_us)


def _diagnosis(name: str, host: _Host) -> Diagnosis:
    others = f", {host.other_server} of them at another server" if host.other_server else ""
    return Diagnosis(
        kind="sticky-broken",
        confidence="medium" if host.gaps >= 3 and 2 * host.gaps > host.back else "low",
        host=name,
        count=host.gaps,
        evidence={
            "returned_connections": host.back,
            "other_server_connections": host.other_server,
            "missed": host.missed,
            "missed_max": host.most,
        },
        candidates=[],
        say=(
            f"Of {counted(host.back, 'session')} that came back, {host.gaps} missed messages"
            f"{others}: {host.missed:,} by their numbers, {host.most:,} at most."
        ),
        advice=(
            "Let a client say the last number that it has when it comes back, and send it the rest;"
            " keep what was sent where every server finds it."
        ),
        flow_ids=list(host.flow_ids),
        id=f"sticky-broken:{name}:sequence",
        first=when(host.first_us),
        last=when(host.last_us),
    )
