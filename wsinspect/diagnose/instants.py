"""Ends without a Close frame at one instant: a process died, or was reloaded.

Owns: gathering what ends together (per host and side), and whether the instant is what they have
in common – or the idle time, or the age, of connections that run in step. What is no crash goes
on to ``cuts``. Must not know: limits but that there are known ones.
"""

from __future__ import annotations

from collections.abc import Callable

from wsinspect.diagnose.constant import tolerance_us
from wsinspect.diagnose.cuts import Cuts
from wsinspect.diagnose.facts import SECOND, Ended
from wsinspect.diagnose.findings import Findings, counted, first_of, quantile, seconds, when
from wsinspect.diagnose.limits import at_limit, reloads
from wsinspect.model.diagnosis import Confidence, Diagnosis

__all__ = ["Instants"]

_GAP_US = SECOND
_LONGEST_US = 5 * SECOND
_NEVER_US = 1 << 62
_KEPT = 100_000  # ends in a group; of more only the number
_FEWEST = {"client": 10, "server": 5}
_LEAST_SHARE = {"client": 0.3, "server": 0.2}


class _Group:
    __slots__ = ("ends", "first_us", "last_us", "more", "open_before")

    def __init__(self, open_before: int) -> None:
        self.ends: list[Ended] = []
        self.more = 0
        self.first_us = self.last_us = 0
        self.open_before = open_before


class _Past:
    """How many ended abruptly before, to tell a crash from a busy day."""

    __slots__ = ("count", "since_us")

    def __init__(self, since_us: int) -> None:
        self.since_us = since_us
        self.count = 0

    def expected(self, first_us: int, last_us: int) -> float:
        known_us = max(first_us - self.since_us, 10 * SECOND)
        return self.count * max(last_us - first_us, SECOND) / known_us


class Instants:
    """``is_open``: how many connections of a host are open."""

    def __init__(self, findings: Findings, cuts: Cuts, is_open: Callable[[str], int]) -> None:
        self._findings = findings
        self._cuts = cuts
        self._open = is_open
        self._groups: dict[tuple[str, str], _Group] = {}
        self._past: dict[tuple[str, str], _Past] = {}
        self.due_us = _NEVER_US  # before it no group is over

    def add(self, end: Ended, now_us: int) -> None:
        """An abrupt end; what it is will be known a second later."""
        key = end.opened.host, end.initiator
        group = self._groups.get(key)
        end_us = end.end_us
        if group is not None and (
            end_us - group.last_us > _GAP_US or end_us - group.first_us > _LONGEST_US
        ):
            self._close(key, now_us)
            group = None
        if group is None:
            group = self._groups[key] = _Group(self._open(key[0]) + 1)
            group.first_us = group.last_us = end_us
        group.first_us = min(group.first_us, end_us)
        group.last_us = max(group.last_us, end_us)
        if len(self._groups) == 1:
            self.due_us = group.last_us + _GAP_US
        if len(group.ends) < _KEPT:
            group.ends.append(end)
        else:
            group.more += 1

    def advance(self, now_us: int, *, all_of_them: bool = False) -> None:
        if now_us <= self.due_us and not all_of_them:
            return
        over = [
            key
            for key, group in self._groups.items()
            if all_of_them or now_us - group.last_us > _GAP_US
        ]
        for key in over:
            self._close(key, now_us)
        last_us = min((one.last_us for one in self._groups.values()), default=_NEVER_US)
        self.due_us = last_us + _GAP_US

    def _close(self, key: tuple[str, str], now_us: int) -> None:
        group = self._groups.pop(key)
        past = self._past.get(key)
        if past is None:
            if len(self._past) >= 10_000:
                del self._past[next(iter(self._past))]
            past = self._past[key] = _Past(group.first_us)
        size = len(group.ends) + group.more
        expected = past.expected(group.first_us, group.last_us)
        past.count += size
        together = len(group.ends) >= 3 and _together(group.ends)
        side = "client" if key[1] == "client" else "server"
        # Whoever came later was not struck by it: that is many that come and go.
        struck = sum(1 for end in group.ends if end.opened.at_us <= group.first_us)
        share = size / max(1, group.open_before)
        if (
            together
            and struck >= _FEWEST[side]
            and size >= max(_FEWEST[side], 5 * expected + 3)
            and (share >= _LEAST_SHARE[side] or size >= 10 * _FEWEST[side])
        ):
            self._findings.put(_crash(key, group, size, share), now_us)
        elif not (together and side == "server"):
            for end in group.ends:
                self._cuts.cut(end, now_us)


def _spread(times: list[int]) -> int:
    """Between the outer ends, without the outermost of many."""
    times = sorted(times)
    spare = len(times) // 10
    return times[len(times) - 1 - spare] - times[spare]


def _together(ends: list[Ended]) -> bool:
    """Whether the instant is what they share, rather than their idle time or their age."""
    instant = _spread([end.end_us for end in ends])
    for which in ("idle", "age"):
        times = [end.idle_us if which == "idle" else end.age_us for end in ends]
        spread = _spread(times)
        median = quantile(sorted(times), 0.5)
        if median < 2 * SECOND or spread > 2 * tolerance_us(median):
            continue  # not constant at all
        known = at_limit(median / SECOND, "idle" if which == "idle" else "lifetime")
        if 2 * spread < instant or (known and spread <= 2 * instant + SECOND // 10):
            return False
    return True


def _crash(key: tuple[str, str], group: _Group, size: int, share: float) -> Diagnosis:
    host, initiator = key
    spread_us = group.last_us - group.first_us
    ages = sorted(end.age_us for end in group.ends)
    confidence: Confidence = "medium" if initiator == "client" or share < 0.5 else "high"
    whose = "on the client's side" if initiator == "client" else "on the server's side"
    return Diagnosis(
        kind="crash",
        confidence=confidence,
        host=host,
        count=size,
        evidence={
            "spread_s": seconds(spread_us),
            "open_connections": group.open_before,
            "share_percent": round(100 * min(1.0, share), 1),
            "age_s": seconds(quantile(ages, 0.5)),
        },
        candidates=reloads(),
        say=(
            f"{counted(size, 'connection')} of {group.open_before} ended {whose} within "
            f"{seconds(spread_us):g} s, without a Close frame: a process there crashed, was killed "
            "or reloaded, or its network went."
        ),
        advice=(
            "Look at the logs of the server and of each hop at that second. Stop processes with a "
            "drain: Close 1012 or 1001 first, spread over time."
        ),
        flow_ids=first_of(end.opened.flow_id for end in group.ends),
        id=f"crash:{host}:{initiator}:{group.first_us}",
        first=when(group.first_us),
        last=when(group.last_us),
    )
