"""A server that leaves in order: 1001 or 1012 to most of its connections, spread over time.

Owns: gathering such ends per host, and telling a drain from a server that ends connections so all
day. A restart that says 1001 to all at once is in order, too, and no news.
"""

from __future__ import annotations

from collections.abc import Callable

from wsinspect.diagnose.facts import SECOND, Ended
from wsinspect.diagnose.findings import Findings, counted, seconds, when
from wsinspect.model.diagnosis import Confidence, Diagnosis

__all__ = ["Drains"]

GOING_AWAY, SERVICE_RESTART = 1001, 1012
_GAP_US = 15 * SECOND
_FEWEST = 5
_LEAST_SHARE = 0.5
_LEAST_SPREAD_US = SECOND


class _Drain:
    __slots__ = (
        "began_us",
        "before",
        "count",
        "first_us",
        "flow_ids",
        "known_us",
        "last_us",
        "open",
        "restart",
    )

    def __init__(self, first_us: int, open_now: int, before: int, known_us: int) -> None:
        self.began_us = self.first_us = self.last_us = first_us
        self.open = open_now
        self.before = before  # such ends earlier, over
        self.known_us = known_us
        self.count = 0
        self.restart = 0
        self.flow_ids: list[int] = []


class Drains:
    def __init__(self, findings: Findings, is_open: Callable[[str], int]) -> None:
        self._findings = findings
        self._open = is_open
        self._now: dict[str, _Drain] = {}
        self._past: dict[str, list[int]] = {}  # host -> [since_us, such ends so far]

    def add(self, end: Ended, now_us: int) -> None:
        """An end with 1001 or 1012 by the server."""
        host, end_us = end.opened.host, end.end_us
        past = self._past.get(host)
        if past is None:
            if len(self._past) >= 10_000:
                oldest = next(iter(self._past))
                del self._past[oldest]
                self._now.pop(oldest, None)
            past = self._past[host] = [end.opened.at_us, 0]
        drain = self._now.get(host)
        if drain is None or end_us - drain.last_us > _GAP_US:
            since_us = max(SECOND, end_us - past[0])
            drain = self._now[host] = _Drain(end_us, self._open(host) + 1, past[1], since_us)
        past[1] += 1
        drain.count += 1
        drain.restart += end.code == SERVICE_RESTART
        drain.first_us = min(drain.first_us, end_us)
        drain.last_us = max(drain.last_us, end_us)
        if end.opened.at_us > drain.first_us:
            drain.open += 1  # came while it went on: none of those that were to leave
        if len(drain.flow_ids) < 16:
            drain.flow_ids.append(end.opened.flow_id)
        if self._is_one(drain):
            self._findings.put(_diagnosis(host, drain), now_us)

    def current(self, host: str) -> list[str]:
        """The id of the drain that goes on there, if one does."""
        drain = self._now.get(host)
        return [] if drain is None else [f"drain:{host}:{drain.began_us}"]

    def _is_one(self, drain: _Drain) -> bool:
        spread_us = drain.last_us - drain.first_us
        expected = drain.before * spread_us / drain.known_us
        return (
            drain.count >= max(_FEWEST, 3 * expected)
            and drain.count >= _LEAST_SHARE * drain.open
            and (spread_us >= _LEAST_SPREAD_US or drain.restart >= _FEWEST)
        )


def _diagnosis(host: str, drain: _Drain) -> Diagnosis:
    share = min(1.0, drain.count / max(1, drain.open))
    spread_us = drain.last_us - drain.first_us
    confidence: Confidence = "high" if drain.restart or share >= 0.8 else "medium"
    code = SERVICE_RESTART if drain.restart * 2 > drain.count else GOING_AWAY
    return Diagnosis(
        kind="drain",
        confidence=confidence,
        host=host,
        count=drain.count,
        evidence={
            "spread_s": seconds(spread_us),
            "open_connections": drain.open,
            "share_percent": round(100 * share, 1),
            "per_s": round(drain.count / max(1.0, spread_us / SECOND), 1),
            "code": code,
        },
        candidates=[],
        say=(
            f"The server closed {counted(drain.count, 'connection')} of {drain.open} with {code} "
            f"over {seconds(spread_us):g} s: a deploy, a scale-down or a restart in order."
        ),
        advice="Nothing is broken. See that clients come back with a random delay.",
        flow_ids=list(drain.flow_ids),
        id=f"drain:{host}:{drain.began_us}",
        first=when(drain.first_us),
        last=when(drain.last_us),
    )
