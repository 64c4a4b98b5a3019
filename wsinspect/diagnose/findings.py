"""What has been found so far, and what of it should be told when.

Owns: the diagnoses by id. One stays once it is in, and can only grow: whoever was told live and
whoever reads the log later have the same. Must not know: how they are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from wsinspect.diagnose.facts import SECOND
from wsinspect.model.diagnosis import Confidence, Diagnosis

__all__ = ["RANK", "Findings", "counted", "first_of", "quantile", "seconds", "when"]

RANK: dict[Confidence, int] = {"low": 0, "medium": 1, "high": 2}
_SETTLE_US = 2 * SECOND  # a burst is told once
_AGAIN_US = 10 * SECOND
_KEPT = 1000


@dataclass(slots=True)
class _Entry:
    diagnosis: Diagnosis
    since_us: int
    build: Callable[[], Diagnosis] | None = None  # it has grown, and is put into words when asked
    told: tuple[int, str] | None = None  # count and confidence
    told_us: int = 0


class Findings:
    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._waiting: dict[str, None] = {}

    def put(self, diagnosis: Diagnosis, now_us: int) -> None:
        """New, or in place of the one with its id. It never becomes less sure."""
        entry = self._entries.get(diagnosis.id)
        if entry is not None:
            entry.build = None
            _surer(entry, diagnosis)
        else:
            if len(self._entries) >= _KEPT:
                oldest = next(iter(self._entries))
                del self._entries[oldest]
                self._waiting.pop(oldest, None)
            self._entries[diagnosis.id] = _Entry(diagnosis, now_us)
        self._waiting[diagnosis.id] = None

    def grow(self, id_: str, build: Callable[[], Diagnosis], now_us: int) -> None:
        """As ``put``, for what changes with many events: ``build`` is called when it is needed."""
        entry = self._entries.get(id_)
        if entry is None:
            self.put(build(), now_us)
        else:
            entry.build = build
            self._waiting[id_] = None

    def has(self, id_: str) -> bool:
        return id_ in self._entries

    def due(self, now_us: int) -> list[Diagnosis]:
        """What should be told now: a new one once it has settled, one that grew much again."""
        due = []
        for id_ in list(self._waiting):
            entry = self._entries[id_]
            if entry.told is not None and now_us - entry.told_us < _AGAIN_US:
                continue
            _grown(entry)
            count, confidence = entry.diagnosis.count, entry.diagnosis.confidence
            if entry.told is None:
                if now_us - entry.since_us < _SETTLE_US:
                    continue
            elif confidence == entry.told[1] and count < 2 * entry.told[0]:
                continue
            self._told(entry, now_us)
            due.append(entry.diagnosis)
        return due

    def rest(self) -> list[Diagnosis]:
        """At the end: what was not told as it is now."""
        rest = [self._entries[id_] for id_ in self._waiting]
        for entry in rest:
            _grown(entry)
            self._told(entry, entry.since_us)
        return sorted((entry.diagnosis for entry in rest), key=lambda one: one.first)

    def _told(self, entry: _Entry, now_us: int) -> None:
        entry.told = entry.diagnosis.count, entry.diagnosis.confidence
        entry.told_us = now_us
        self._waiting.pop(entry.diagnosis.id, None)

    def all(self) -> list[Diagnosis]:
        """The surest first, then those that concern most."""
        for entry in self._entries.values():
            _grown(entry)
        found = (entry.diagnosis for entry in self._entries.values())
        return sorted(found, key=lambda one: (-RANK[one.confidence], -one.count, one.first))


def _surer(entry: _Entry, diagnosis: Diagnosis) -> None:
    if RANK[entry.diagnosis.confidence] > RANK[diagnosis.confidence]:
        diagnosis.confidence = entry.diagnosis.confidence
    entry.diagnosis = diagnosis


def _grown(entry: _Entry) -> None:
    if entry.build is not None:
        build, entry.build = entry.build, None
        _surer(entry, build())


def when(at_us: int) -> str:
    """RFC 3339 in UTC, as in the log."""
    whole, rest = divmod(at_us, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def seconds(us: float) -> float:
    return round(us / SECOND, 3)


def counted(count: int, thing: str) -> str:
    """``1 connection``, ``3 connections``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def quantile(ordered: list[int], share: float) -> int:
    """Of an ascending list that is not empty."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def first_of(flow_ids: Iterable[int], limit: int = 16) -> list[int]:
    return [flow_id for flow_id, _ in zip(flow_ids, range(limit), strict=False)]
