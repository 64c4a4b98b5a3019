"""One payload to many connections: how many got it, and how long after the first the last did.

Owns: gathering equal payloads of one host. Must not know: payloads; it is given a fingerprint of
each that a server sent of its own accord, as cheap as it comes.

What everybody gets all the time (a heartbeat in text) is no fan-out: one is over within ten
seconds, and no connection gets it twice.
"""

from __future__ import annotations

from wsinspect.diagnose.findings import Findings, when
from wsinspect.model.diagnosis import Diagnosis

__all__ = ["FEWEST", "LOOKS", "FanOuts", "HostFanOuts"]

FEWEST = 10  # connections
_QUIET_NS = 1_000_000_000
_LONGEST_NS = 10_000_000_000
LOOKS = 5_000  # chunks a second
_REST = 3
_LATELY_NS = 60_000_000_000
_SLOW_NS = 1_000_000_000  # from first to last: worth more than a guess

type Fingerprint = tuple[int, int]  # length of the frame, checksum of its first bytes


class _FanOut:
    __slots__ = ("first_ns", "flows", "last_ns", "steady")

    def __init__(self, now_ns: int) -> None:
        self.first_ns = self.last_ns = now_ns
        self.flows: set[int] = set()
        self.steady = False


class HostFanOuts:
    """Of one host. ``saw`` is on the way of traffic, and only called while it is ``on``."""

    __slots__ = ("_recent", "best", "connections", "on", "seen")

    def __init__(self) -> None:
        self.on = False
        self.connections = 0
        self.seen = 0
        self.best: tuple[int, int] = (0, 0)  # connections, skew in ns
        self._recent: dict[Fingerprint, _FanOut] = {}

    def saw(self, fingerprint: Fingerprint, flow_id: int, now_ns: int) -> None:
        one = self._recent.get(fingerprint)
        if one is None:
            one = self._recent[fingerprint] = _FanOut(now_ns)
        elif flow_id in one.flows:
            one.steady = True
        one.last_ns = now_ns
        one.flows.add(flow_id)

    def over(self, now_ns: int) -> list[tuple[Fingerprint, _FanOut]]:
        """Those that are complete, once."""
        complete = []
        for fingerprint, one in list(self._recent.items()):
            if one.last_ns - one.first_ns > _LONGEST_NS:
                one.steady = True
                one.flows.clear()
                one.first_ns = one.last_ns
            if now_ns - one.last_ns >= _QUIET_NS:
                del self._recent[fingerprint]
                if len(one.flows) >= FEWEST and not one.steady:
                    complete.append((fingerprint, one))
        return complete


class FanOuts:
    """``left``: how many more looks this second may have. ``turn`` begins the next."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._hosts: dict[str, HostFanOuts] = {}
        self.left = LOOKS
        self._rest = 0  # seconds
        self._found_ns = 0

    def turn(self, now_ns: int, *, rest: bool = True) -> None:
        """Another second: hosts with enough connections are looked at.

        Where that was more than it may cost, and found nothing lately, it rests for a while.
        """
        if self._rest and rest:
            self._rest -= 1
            return
        if self.left <= 0 and now_ns - self._found_ns > _LATELY_NS:
            self._rest = _REST
        self.left = LOOKS
        for host in self._hosts.values():
            host.on = host.connections >= FEWEST

    def stop(self) -> None:
        """No more looks in this second."""
        self.left = 0
        for host in self._hosts.values():
            host.on = False

    def host(self, name: str) -> HostFanOuts:
        if name not in self._hosts and len(self._hosts) >= 10_000:
            del self._hosts[next(iter(self._hosts))]
        return self._hosts.setdefault(name, HostFanOuts())

    def advance(self, now_ns: int) -> None:
        """Once a second."""
        for name, host in self._hosts.items():
            for fingerprint, one in host.over(now_ns):
                host.seen += 1
                self._found_ns = now_ns
                count, skew_ns = len(one.flows), one.last_ns - one.first_ns
                if count > host.best[0] or skew_ns > 1.5 * host.best[1]:
                    host.best = max(count, host.best[0]), max(skew_ns, host.best[1])
                    diagnosis = _diagnosis(name, host, fingerprint[0], one)
                    self._findings.put(diagnosis, now_ns // 1000)


def _diagnosis(name: str, host: HostFanOuts, frame_len: int, one: _FanOut) -> Diagnosis:
    count, skew_ns = len(one.flows), one.last_ns - one.first_ns
    skew_ms = round(skew_ns / 1e6, 1)
    return Diagnosis(
        kind="fan-out",
        confidence="medium" if skew_ns >= _SLOW_NS else "low",
        host=name,
        count=count,
        evidence={
            "skew_ms": skew_ms,
            "skew_s": round(skew_ns / 1e9, 4),
            "frame_len": frame_len,
            "open_connections": host.connections,
            "per_s": round(count / max(skew_ns / 1e9, 1e-3), 1),
        },
        candidates=[],
        say=(
            f"One message of {frame_len:,} bytes went to {count} of {host.connections} connections;"
            f" the last got it {skew_ms:g} ms after the first."
        ),
        advice=(
            "Write to all connections before waiting for any; let a slow one not hold the others."
            if skew_ns >= _SLOW_NS
            else "Nothing is wrong with it."
        ),
        flow_ids=sorted(one.flows)[:16],
        id=f"fan-out:{name}",
        first=when(one.first_ns // 1000),
        last=when(one.last_ns // 1000),
    )
