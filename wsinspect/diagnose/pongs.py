"""Pings and pongs: answers over the deadline, pings without any, intervals near a limit.

Owns: what of a connection's pings is slow, per host, and when a host's share of it is worth a
word: after 20 pongs, or at the end. Must not know: frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wsinspect.diagnose.facts import SECOND, Ended
from wsinspect.diagnose.findings import Findings, counted, seconds, when
from wsinspect.model.diagnosis import PONG_DEADLINE_MS, Confidence, Diagnosis, Keepalive

__all__ = ["Pongs", "Risks"]

_SAMPLE = 20
_SHARE = 0.05  # of a host's pongs
_SHARE_OF_FEW = {1: 0.5, 2: 0.2}  # one or two among many are a hiccup
_OWN_SHARE = 0.2  # of a connection's


@dataclass(slots=True)
class _Host:
    pongs: int = 0
    slow_pongs: int = 0
    slow: int = 0  # connections
    unanswered: int = 0  # connections that ended well, with pings nobody answered
    behind: int = 0  # slow connections where it was a large transfer
    behind_bytes: int = 0
    worst_ms: float = 0.0
    medians_ms: list[float] = field(default_factory=list)
    flow_ids: list[int] = field(default_factory=list)
    first_us: int = 0
    last_us: int = 0


class Pongs:
    def __init__(self, findings: Findings, deadline_ms: float = PONG_DEADLINE_MS) -> None:
        self._findings = findings
        self._deadline_ms = deadline_ms
        self._hosts: dict[str, _Host] = {}

    def ended(self, end: Ended, now_us: int) -> None:
        keepalive = end.keepalive
        pongs = end.rtt.count
        deaf = False
        if not pongs:
            deaf = keepalive is not None and keepalive.unanswered >= 3 and end.clean
            if not deaf:
                return
        host = self._hosts.get(end.opened.host)
        if host is None:
            if len(self._hosts) >= 10_000:
                del self._hosts[next(iter(self._hosts))]
            host = self._hosts[end.opened.host] = _Host()
        host.pongs += pongs
        if not (deaf or end.rtt.max > self._deadline_ms):
            if host.slow and host.pongs >= _SAMPLE:
                self._judge(end.opened.host, host, now_us)
            return
        slow_pongs = self._slow_pongs(end)
        host.slow_pongs += slow_pongs
        behind = 0 if keepalive is None else keepalive.late_behind_bytes
        if deaf or behind or (slow_pongs and slow_pongs >= _OWN_SHARE * end.rtt.count):
            host.slow += 1
            host.unanswered += deaf
            host.behind += bool(behind)
            host.behind_bytes = max(host.behind_bytes, behind)
            host.worst_ms = max(host.worst_ms, end.rtt.max)
            if end.rtt.count and len(host.medians_ms) < 4096:
                host.medians_ms.append(end.rtt.p50)
            if len(host.flow_ids) < 16:
                host.flow_ids.append(end.opened.flow_id)
            host.first_us = host.first_us or end.opened.at_us
            host.last_us = end.end_us
        if host.pongs >= _SAMPLE or behind or deaf:
            self._judge(end.opened.host, host, now_us)

    def finish(self, now_us: int) -> None:
        for name, host in self._hosts.items():
            if host.pongs < _SAMPLE:
                self._judge(name, host, now_us)

    def _slow_pongs(self, end: Ended) -> int:
        if not end.rtt.count or end.rtt.max <= self._deadline_ms:
            return 0
        if end.keepalive is not None and end.keepalive.slow_pongs:
            return end.keepalive.slow_pongs
        # Without a count: the median says whether it was half of them, or at least one.
        return (end.rtt.count + 1) // 2 if end.rtt.p50 > self._deadline_ms else 1

    def _judge(self, name: str, host: _Host, now_us: int) -> None:
        slow = host.slow_pongs
        much = slow and slow >= _SHARE_OF_FEW.get(slow, _SHARE) * host.pongs
        if not host.slow or not (much or host.behind or host.unanswered >= 3):
            return
        self._findings.grow(f"slow-pong:{name}", lambda: self._diagnosis(name, host), now_us)

    def _diagnosis(self, name: str, host: _Host) -> Diagnosis:
        confidence: Confidence = "low"
        if host.slow >= 3 and host.slow_pongs >= 0.2 * host.pongs and host.slow > 2 * host.behind:
            confidence = "medium" if host.slow < 10 else "high"
        elif host.slow_pongs >= 5 and host.slow > host.behind:
            confidence = "medium"
        medians = sorted(host.medians_ms)
        evidence: dict[str, float] = {
            "rtt_ms": round(medians[len(medians) // 2], 3) if medians else 0.0,
            "rtt_max_ms": round(host.worst_ms, 3),
            "deadline_ms": self._deadline_ms,
            "slow_pongs": host.slow_pongs,
            "pongs": host.pongs,
        }
        if host.behind:
            evidence["late_behind_bytes"] = host.behind_bytes
        if host.unanswered:
            evidence["unanswered_connections"] = host.unanswered
        return Diagnosis(
            kind="slow-pong",
            confidence=confidence,
            host=name,
            count=host.slow,
            evidence=evidence,
            candidates=[],
            say=self._say(host, evidence),
            advice=_advice(host),
            flow_ids=list(host.flow_ids),
            id=f"slow-pong:{name}",
            first=when(host.first_us),
            last=when(host.last_us),
        )

    def _say(self, host: _Host, evidence: dict[str, float]) -> str:
        if host.unanswered == host.slow:
            return (
                f"On {counted(host.slow, 'connection')} at least three pings got no pong, though "
                "the other side was alive to the end."
            )
        said = (
            f"{host.slow_pongs} of {counted(host.pongs, 'pong')} came later than "
            f"{self._deadline_ms:g} ms, on {counted(host.slow, 'connection')}: "
            f"{evidence['rtt_ms']:g} ms in the middle, {evidence['rtt_max_ms']:g} ms at worst"
        )
        if host.behind == host.slow:
            return (
                f"{said}, behind a large transfer ({host.behind_bytes:,} bytes passed meanwhile): "
                "slow, not dead."
            )
        if host.behind:
            return f"{said}; {host.behind} of them behind a large transfer, which is not dead."
        return f"{said}."


def _advice(host: _Host) -> str:
    if host.unanswered == host.slow:
        return "An endpoint must answer pings (RFC 6455 §5.5.2): look at its library."
    if host.behind == host.slow:
        return (
            "Allow pongs more time than the largest message takes, or send it in fragments: "
            "control frames may go between them."
        )
    return "Look for a blocked event loop, an overloaded server, or a slow network on that way."


@dataclass(slots=True)
class _Risk:
    count: int = 0
    worst_s: float = 0.0
    jitter_s: float = 0.0
    first_us: int = 0
    last_us: int = 0
    flow_ids: list[int] = field(default_factory=list)


class Risks:
    """Ping intervals that are too long for an idle limit that was seen to cut on that host."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._waiting: dict[str, dict[int, _Risk]] = {}  # host -> interval in whole s

    def ended(self, end: Ended, keepalive: Keepalive) -> None:
        host = end.opened.host
        intervals = self._waiting.get(host)
        if intervals is None:
            if len(self._waiting) >= 10_000:
                del self._waiting[next(iter(self._waiting))]
            intervals = self._waiting[host] = {}
        whole_s = int(keepalive.interval_s)
        risk = intervals.get(whole_s)
        if risk is None:
            if len(intervals) >= 256:
                return
            risk = intervals[whole_s] = _Risk(first_us=end.opened.at_us)
        risk.count += 1
        if keepalive.interval_s > risk.worst_s:
            risk.worst_s = keepalive.interval_s
        if keepalive.jitter_s > risk.jitter_s:
            risk.jitter_s = keepalive.jitter_s
        risk.last_us = end.end_us
        if len(risk.flow_ids) < 16:
            risk.flow_ids.append(end.opened.flow_id)

    def judge(self, host: str, limit_us: int, now_us: int) -> None:
        """The idle limit that was found on a host, with the intervals seen there so far."""
        if self._risky(host, limit_us):
            id_ = f"keepalive-risk:{host}"
            self._findings.grow(id_, lambda: self._diagnosis(id_, host, limit_us), now_us)

    def _risky(self, host: str, limit_us: int) -> list[_Risk]:
        return [
            risk
            for risk in self._waiting.get(host, {}).values()
            if risk.worst_s * SECOND >= 0.8 * limit_us
        ]

    def _diagnosis(self, id_: str, host: str, limit_us: int) -> Diagnosis:
        risky = self._risky(host, limit_us)
        count = sum(risk.count for risk in risky)
        worst = max(risky, key=lambda risk: risk.worst_s)
        limit_s = seconds(limit_us)
        evidence = {
            "interval_s": worst.worst_s,
            "jitter_s": worst.jitter_s,
            "limit_s": limit_s,
            "ping_below_s": round(0.8 * limit_s, 1),
        }
        return Diagnosis(
            kind="keepalive-risk",
            confidence="medium" if worst.worst_s < limit_s else "high",
            host=host,
            count=count,
            evidence=evidence,
            candidates=[],
            say=(
                f"{counted(count, 'connection')} sent pings every {worst.worst_s:g} s, where "
                f"connections are cut after {limit_s:g} s without traffic."
            ),
            advice=f"Send pings at least every {evidence['ping_below_s']:g} s.",
            flow_ids=[one for risk in risky for one in risk.flow_ids][:16],
            id=id_,
            first=when(min(risk.first_us for risk in risky)),
            last=when(max(risk.last_us for risk in risky)),
        )
