"""Clients that come back all at once after many ends: the thundering herd.

Owns: watching the handshakes of a host for a minute after many of its connections ended, the peak
rate, and an estimate of the clients' strategy. Must not know: why they ended.

Attempts that failed count: a server that is down sees the herd, too. A client is its address,
its identity the request target or the session id that it comes back with.
"""

from __future__ import annotations

from collections import deque

from wsinspect.diagnose.facts import SECOND, Ended, Opened
from wsinspect.diagnose.findings import Findings, first_of, quantile, seconds, when
from wsinspect.model.diagnosis import Confidence, Diagnosis

__all__ = ["Herds"]

_FALLEN_WITHIN_US = 10 * SECOND
_FEWEST = 20  # ends, and clients that come back
_WATCH_US = 60 * SECOND
_PEAK_SHARE = 0.3  # of those that fell, back within one second
_KEPT = 10_000
_BASELINE_S = 60


class _Herd:
    """After the fall: who came back when."""

    __slots__ = (
        "attempts",
        "back",
        "began_us",
        "burst",
        "delays",
        "expected_per_s",
        "failed",
        "fallen",
        "flow_ids",
        "last_fall_us",
        "peak",
        "resumed",
        "times",
        "waiting",
        "who",
    )

    def __init__(self, began_us: int, expected_per_s: float) -> None:
        self.began_us = self.last_fall_us = began_us
        self.expected_per_s = expected_per_s
        self.fallen = 0
        self.waiting: dict[str, deque[int]] = {}  # client -> when its connections ended
        self.who: dict[str, int] = {}  # identity -> how many fell
        self.back = 0
        self.failed = 0
        self.resumed = 0
        self.burst: deque[int] = deque()  # within the last second
        self.peak = 0
        self.delays: list[int] = []
        self.times: list[int] = []
        self.flow_ids: list[int] = []
        self.attempts: dict[str, list[int]] = {}  # client -> failed attempts

    def fall(self, end: Ended) -> None:
        self.fallen += 1
        self.last_fall_us = max(self.last_fall_us, end.end_us)
        if self.fallen <= _KEPT:
            identity = _identity(end.opened)
            self.waiting.setdefault(end.opened.client, deque()).append(end.end_us)
            self.who[identity] = self.who.get(identity, 0) + 1

    def come(self, opened: Opened, identity: str) -> None:
        at_us = opened.at_us
        while self.burst and at_us - self.burst[0] >= SECOND:
            self.burst.popleft()
        self.burst.append(at_us)
        self.peak = max(self.peak, len(self.burst))
        if len(self.times) < _KEPT:
            self.times.append(at_us)
        if opened.status != 101:
            self.failed += 1
            tried = self.attempts.setdefault(opened.client, [])
            if len(tried) < 16:
                tried.append(at_us)
            return
        self.back += 1
        if len(self.flow_ids) < 16:
            self.flow_ids.append(opened.flow_id)
        ended = self.waiting.get(opened.client)
        if ended and len(self.delays) < _KEPT:
            self.delays.append(max(0, at_us - ended.popleft()))
        if self.who.get(identity, 0) > 0:
            self.who[identity] -= 1
            self.resumed += 1

    @property
    def is_storm(self) -> bool:
        return (
            self.fallen >= _FEWEST
            and self.back + self.failed >= _FEWEST
            and self.peak >= max(_FEWEST, _PEAK_SHARE * self.fallen, 5 * self.expected_per_s)
        )


class _Host:
    __slots__ = ("falls", "herd", "opens")

    def __init__(self) -> None:
        self.falls: deque[Ended] = deque(maxlen=_FEWEST)
        self.opens: dict[int, int] = {}  # handshakes by second; the last minute, and some more
        self.herd: _Herd | None = None


class Herds:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._hosts: dict[str, _Host] = {}

    def _host(self, host: str) -> _Host:
        book = self._hosts.get(host)
        if book is None:
            if len(self._hosts) >= 10_000:
                del self._hosts[next(iter(self._hosts))]
            book = self._hosts[host] = _Host()
        return book

    def ended(self, end: Ended) -> None:
        """An end that was not the client's own will."""
        book = self._hosts.get(end.opened.host) or self._host(end.opened.host)
        herd = book.herd
        if herd is not None and end.end_us - herd.last_fall_us <= _FALLEN_WITHIN_US:
            herd.fall(end)
            return
        falls = book.falls
        falls.append(end)
        if len(falls) == _FEWEST and end.end_us - falls[0].end_us <= _FALLEN_WITHIN_US:
            before = falls[0].end_us
            second = before // SECOND
            before_s = range(second - _BASELINE_S, second)
            usual = sum(count for at, count in book.opens.items() if at in before_s)
            herd = book.herd = _Herd(before, usual / _BASELINE_S)
            for fall in falls:
                herd.fall(fall)
            falls.clear()

    def opened(self, opened: Opened, now_us: int) -> None:
        """A handshake, also one that failed."""
        book = self._hosts.get(opened.host) or self._host(opened.host)
        opens, second = book.opens, opened.at_us // SECOND
        if second in opens:
            opens[second] += 1
        else:
            opens[second] = 1
            if len(opens) > 4 * _BASELINE_S:
                del opens[next(iter(opens))]
        herd = book.herd
        if herd is None:
            return
        if opened.at_us - herd.last_fall_us > _WATCH_US:
            book.herd = None
            return
        herd.come(opened, _identity(opened))
        if herd.is_storm:
            host = opened.host
            self._findings.grow(_id(host, herd), lambda: _diagnosis(host, herd), now_us)


def _id(host: str, herd: _Herd) -> str:
    return f"reconnect-storm:{host}:{herd.began_us}"


def _identity(opened: Opened) -> str:
    return opened.session or f"{opened.client} {opened.uri}"


def _strategy(delays: list[int], attempts: dict[str, list[int]]) -> str:
    """``exponential``, ``none`` (at once), ``fixed`` or ``jittered``."""
    growth = sorted(
        int(100 * (tried[i + 2] - tried[i + 1]) / max(1, tried[i + 1] - tried[i]))
        for tried in attempts.values()
        for i in range(len(tried) - 2)
    )
    if growth and quantile(growth, 0.5) >= 150:
        return "exponential"
    if not delays:
        return "unknown"
    median = quantile(delays, 0.5)
    jitter = quantile(delays, 0.9) - quantile(delays, 0.1)
    if median < SECOND // 2:
        return "none"
    return "fixed" if jitter <= max(SECOND // 2, median // 4) else "jittered"


_STRATEGY_SAY = {
    "exponential": "a delay that grows, in step",
    "none": "no delay",
    "fixed": "a fixed delay",
    "jittered": "too little jitter",
    "unknown": "no known delay",
}


def _diagnosis(host: str, herd: _Herd) -> Diagnosis:
    tries = herd.back + herd.failed
    times = sorted(herd.times)
    delays = sorted(herd.delays)
    strategy = _strategy(delays, herd.attempts)
    confidence: Confidence = "high" if tries >= 50 and herd.peak >= 0.5 * herd.fallen else "medium"
    evidence: dict[str, float] = {
        "ended_connections": herd.fallen,
        "peak_per_s": herd.peak,
        "usual_per_s": round(herd.expected_per_s, 2),
        "spread_s": seconds(quantile(times, 0.95) - times[0]),
        "resumed_connections": herd.resumed,
        "failed_handshakes": herd.failed,
    }
    if delays:
        evidence["delay_s"] = seconds(quantile(delays, 0.5))
        evidence["jitter_s"] = seconds(quantile(delays, 0.9) - quantile(delays, 0.1))
    window_s = max(5, round(herd.fallen / 10))
    evidence["spread_over_s"] = window_s
    return Diagnosis(
        kind="reconnect-storm",
        confidence=confidence,
        host=host,
        count=tries,
        evidence=evidence,
        candidates=[],
        say=(
            f"After {herd.fallen} ends, {tries} handshakes came back within "
            f"{evidence['spread_s']:g} s, {herd.peak} in the worst second "
            f"(usual: {evidence['usual_per_s']:g}): {_STRATEGY_SAY[strategy]}."
        ),
        advice=(
            f"Let clients wait a random time of 0 to {window_s} s before the first attempt (about "
            f"{herd.fallen / window_s:.0f} a second), twice that after each failure up to "
            f"{max(60, 4 * window_s)} s, with ±50 % jitter each time."
        ),
        flow_ids=first_of(herd.flow_ids),
        id=_id(host, herd),
        first=when(herd.began_us),
        last=when(times[-1]),
    )
