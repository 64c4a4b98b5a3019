"""Ends without a Close frame that repeat: after the same idle time, or at the same age.

Owns: telling a hop's idle limit from a limit of life from chance, per host and side. Must not
know: many ends at one instant (``instants`` has taken them out), how it is told.

What speaks against an idle limit: a ping without a pong at the end (the peer was gone, and its
other side noticed), and a longer silence that the same connection survived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from wsinspect.diagnose.constant import KEPT, Dense, Times, tolerance_us
from wsinspect.diagnose.facts import SECOND, Ended
from wsinspect.diagnose.findings import Findings, counted, first_of, quantile, seconds, when
from wsinspect.diagnose.limits import at_limit, by_age, by_idle
from wsinspect.model.diagnosis import Candidate, Confidence, Diagnosis, PathFacts

__all__ = ["Cuts", "survived_us"]

_SHORTEST_IDLE_US = 2 * SECOND  # below it a constant idle time is a heartbeat's or an answer's
_SHORTEST_AGE_US = 5 * SECOND
_CLUSTERS = 8  # a host and side
_PATHS = 64
_SIDES = 2000

Which = Literal["idle", "age"]


class _Cut(NamedTuple):
    """What is kept of an end, in case others turn out to be like it."""

    idle_us: int
    age_us: int
    end_us: int
    flow_id: int
    path: str
    silent: bool
    last_to_server: bool


def survived_us(end: Ended) -> int:
    """A silence that the connection survived before its last frame: at least so long."""
    frames = end.to_server.frames + end.to_client.frames
    mean = (end.age_us - end.idle_us) // frames if frames else 0
    known = 0 if end.keepalive is None else int(end.keepalive.longest_idle_s * SECOND)
    return max(mean, min(known, end.age_us))


@dataclass(slots=True)
class Cluster:
    """Ends alike: a diagnosis once it is in ``findings``."""

    which: Which
    center_us: int
    side: str
    times: list[int] = field(default_factory=list)  # sorted now and then; the first 4096
    count: int = 0
    flow_ids: list[int] = field(default_factory=list)
    first_us: int = 0
    last_us: int = 0
    least_us: int = 0
    most_us: int = 0
    silent: int = 0
    last_to_server: int = 0
    paths: dict[str, int] = field(default_factory=dict)

    def fits(self, time_us: int) -> bool:
        width = max(self.most_us, time_us) - min(self.least_us, time_us)
        return width <= 2 * tolerance_us(self.center_us)

    def add(self, end: _Cut) -> None:
        time_us = end.idle_us if self.which == "idle" else end.age_us
        end_us = end.end_us
        self.first_us = min(self.first_us, end_us) if self.count else end_us
        self.last_us = max(self.last_us, end_us)
        self.least_us = min(self.least_us, time_us) if self.count else time_us
        self.most_us = max(self.most_us, time_us)
        self.count += 1
        self.silent += end.silent
        self.last_to_server += end.last_to_server
        if len(self.times) < 4096:
            self.times.append(time_us)
        if len(self.flow_ids) < 16:
            self.flow_ids.append(end.flow_id)
        if end.path in self.paths or len(self.paths) < _PATHS:
            self.paths[end.path] = self.paths.get(end.path, 0) + 1

    @property
    def median_us(self) -> int:
        return quantile(sorted(self.times), 0.5)


class _Side:
    """The abrupt ends of one host and side."""

    __slots__ = ("clusters", "ends", "idles", "lives", "number", "total")

    def __init__(self) -> None:
        self.idles = Times()
        self.lives = Times()
        self.ends: dict[int, _Cut] = {}
        self.clusters: list[Cluster] = []
        self.number = 0
        self.total = 0


class _Host:
    """How long connections of a host were silent and lived on."""

    __slots__ = ("longest", "paths")

    def __init__(self) -> None:
        self.longest: list[int] = []  # the ten longest silences, ascending
        self.paths: dict[str, int] = {}


class Cuts:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._sides: dict[tuple[str, str], _Side] = {}
        self._hosts: dict[str, _Host] = {}
        self._limits: dict[str, int] = {}

    def all_limits(self) -> dict[str, int]:
        """By host, the shortest idle limit that was found there and is more than a guess, in µs."""
        return dict(self._limits)

    def kinds(self, end: Ended) -> list[str]:
        """What is known of such an abrupt end already."""
        book = self._sides.get((end.opened.host, end.initiator))
        if book is None:
            return []
        found = {
            f"{'idle' if cluster.which == 'idle' else 'lifetime'}-cut"
            for cluster in book.clusters
            if cluster.fits(end.idle_us if cluster.which == "idle" else end.age_us)
        }
        return sorted(found)

    def survived(self, end: Ended) -> None:
        """Every end tells how long a silence may last, but one that was cut for it."""
        if end.age_us < SECOND:
            return
        host, path = end.opened.host, end.opened.path
        book = self._hosts.get(host)
        if (
            book is not None
            and len(book.longest) == 10
            and end.age_us <= book.longest[0]
            and end.age_us <= book.paths.get(path, 0)
        ):
            return  # it did not even live so long
        idle_us = survived_us(end)
        if not end.abrupt:
            idle_us = max(idle_us, end.idle_us)
        if idle_us < SECOND:
            return
        if book is None:
            if len(self._hosts) >= 10_000:
                del self._hosts[next(iter(self._hosts))]
            book = self._hosts[host] = _Host()
        if len(book.longest) < 10 or idle_us > book.longest[0]:
            book.longest = sorted([*book.longest, idle_us])[-10:]
        if path in book.paths or len(book.paths) < _PATHS:
            book.paths[path] = max(book.paths.get(path, 0), idle_us)

    def cut(self, end: Ended, now_us: int) -> None:
        """An abrupt end that is not one of many at an instant."""
        key = end.opened.host, end.initiator
        book = self._sides.get(key)
        if book is None:
            if len(self._sides) >= _SIDES:
                del self._sides[next(iter(self._sides))]
            book = self._sides[key] = _Side()
        book.total += 1
        if end.keepalive is not None and end.keepalive.unanswered:
            return  # the peer was gone, and its other side has noticed
        survived = survived_us(end) > 1.3 * end.idle_us + SECOND
        idle_counts = end.idle_us >= _SHORTEST_IDLE_US and not survived
        age_counts = end.age_us >= _SHORTEST_AGE_US and not end.silent
        for cluster in book.clusters:
            idle = cluster.which == "idle"
            if (idle_counts if idle else age_counts) and cluster.fits(
                end.idle_us if idle else end.age_us
            ):
                cluster.add(_kept(end))
                self._tell(key[0], cluster, now_us)
                return
        book.number += 1
        book.ends[book.number] = _kept(end)
        if len(book.ends) > KEPT:
            del book.ends[next(iter(book.ends))]
        found: dict[Which, Dense] = {}
        if idle_counts:
            book.idles.add(end.idle_us, book.number)
            found["idle"] = book.idles.around(end.idle_us)
        if age_counts:
            book.lives.add(end.age_us, book.number)
            found["age"] = book.lives.around(end.age_us)
        which = _judged(found, book.total, end.initiator, self._hosts.get(key[0]))
        if which is not None and len(book.clusters) < _CLUSTERS:
            self._new(book, which, found[which], key, now_us)

    def _new(
        self, book: _Side, which: Which, dense: Dense, key: tuple[str, str], now_us: int
    ) -> None:
        cluster = Cluster(which, dense.center_us, key[1])
        for _, number in sorted(dense.times, key=lambda one: one[1]):
            end = book.ends.get(number)
            if end is not None:
                cluster.add(end)
        book.clusters.append(cluster)
        self._tell(key[0], cluster, now_us)

    # --- in words ---

    def _tell(self, host: str, cluster: Cluster, now_us: int) -> None:
        kind = "idle-cut" if cluster.which == "idle" else "lifetime-cut"
        if cluster.which == "idle" and cluster.count >= 3:
            self._limits[host] = min(self._limits.get(host, cluster.center_us), cluster.center_us)
        id_ = f"{kind}:{host}:{cluster.side}:{cluster.center_us // 1000}"
        self._findings.grow(id_, lambda: self._diagnosis(id_, host, cluster), now_us)

    def _diagnosis(self, id_: str, host: str, cluster: Cluster) -> Diagnosis:
        median_us = cluster.median_us
        median_s = median_us / SECOND
        idle = cluster.which == "idle"
        candidates = by_idle(median_s) if idle else by_age(median_s)
        if idle and cluster.silent == cluster.count:  # nothing passed: both explain it
            candidates += by_age(median_s)
        confidence: Confidence = "low"
        if cluster.count >= 3:
            sure = bool(candidates) or cluster.count >= 6
            confidence = "high" if sure and cluster.side != "client" else "medium"
        name = "idle" if idle else "age"
        evidence = {
            f"{name}_s": seconds(median_us),
            f"{name}_min_s": seconds(cluster.least_us),
            f"{name}_max_s": seconds(cluster.most_us),
        }
        survivors = self._hosts.get(host)
        if idle:
            if survivors is not None and survivors.longest:
                evidence["longest_idle_s"] = seconds(survivors.longest[-1])
            limit_s = min([one.limit_s or median_s for one in candidates], default=median_s)
            evidence["ping_below_s"] = round(0.8 * min(limit_s, median_s), 1)
            if cluster.last_to_server:
                evidence["unanswered_connections"] = cluster.last_to_server
        diagnosis = Diagnosis(
            kind="idle-cut" if idle else "lifetime-cut",
            confidence=confidence,
            host=host,
            count=cluster.count,
            evidence=evidence,
            candidates=candidates,
            say=_say(cluster, seconds(median_us), candidates),
            advice=_advice(evidence, idle=idle),
            flow_ids=first_of(cluster.flow_ids),
            id=id_,
            first=when(cluster.first_us),
            last=when(cluster.last_us),
        )
        if idle:
            known = survivors.paths if survivors is not None else {}
            diagnosis.paths = [
                PathFacts(path, count, seconds(known.get(path, 0)))
                for path, count in _most(cluster.paths)
            ]
        return diagnosis


def _kept(end: Ended) -> _Cut:
    return _Cut(
        end.idle_us,
        end.age_us,
        end.end_us,
        end.opened.flow_id,
        end.opened.path,
        end.silent,
        end.keepalive is not None and end.keepalive.last_to_server,
    )


def _judged(
    found: dict[Which, Dense], total: int, side: str, survivors: _Host | None
) -> Which | None:
    """Whether one of the two is too much alike to be chance, and which."""
    passed: list[Which] = []
    for which, dense in found.items():
        center_s = dense.center_us / SECOND
        known = at_limit(center_s, "idle" if which == "idle" else "lifetime")
        if side == "client":
            # Clients vanish all day, and leave after the same time by habit.
            if not known and (which == "age" or dense.count < 4):
                continue
            odds = 1e-3 if known else 1e-4
        else:
            odds = 2e-2 if known else 5e-3
        if (
            which == "idle"
            and survivors is not None
            and len(survivors.longest) > 2
            and survivors.longest[-3] > 1.2 * dense.center_us + SECOND
        ):
            odds /= 1 if known else 1000  # others lived through longer silences
        alone = dense.count < 3 and known and side != "client" and total == dense.count
        if alone or (dense.count >= 3 and dense.odds < odds):
            passed.append(which)
    if len(passed) < 2:
        return passed[0] if passed else None
    idle_known = bool(by_idle(found["idle"].center_us / SECOND))
    return "age" if by_age(found["age"].center_us / SECOND) and not idle_known else "idle"


def _most(paths: dict[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(paths.items(), key=lambda one: -one[1])[:8]


def _say(cluster: Cluster, median_s: float, candidates: list[Candidate]) -> str:
    whose = {"client": "the client's side", "server": "the server's side"}.get(cluster.side)
    who = counted(cluster.count, "connection")
    what = (
        f"without traffic for {median_s:g} s" if cluster.which == "idle" else f"{median_s:g} s old"
    )
    if cluster.which == "age":
        what += ", in the midst of traffic,"
    by = f" from {whose}" if whose else ""
    said = (
        f"{who} {'was' if cluster.count == 1 else 'were'} cut off {what}{by} without a Close frame"
    )
    said = said.replace(", from", " from").replace(", without", " without")
    if candidates:
        return f"{said}: consistent with {', '.join(_names(candidates))}."
    kind = "an idle timeout" if cluster.which == "idle" else "a limit of life"
    return f"{said}. No known default is {median_s:g} s: look for {kind} that was set to it."


def _names(candidates: list[Candidate]) -> list[str]:
    return [f"{one.hop} ({one.limit_s:g} s)" for one in candidates]


def _advice(evidence: dict[str, float], *, idle: bool) -> str:
    if idle:
        return (
            f"Send pings at least every {evidence['ping_below_s']:g} s (0.8 × the limit), "
            "or raise the limit on every hop above the longest silence."
        )
    return (
        "Pings do not help. Raise the limit, or let clients reconnect before "
        f"{0.9 * evidence['age_min_s']:.0f} s, each at a random moment."
    )
