"""All contents that are kept of all connections, for a search through them. No Textual.

A source gives its `Contents`: batches of contents, a few milliseconds each, and the place of one of
them when it is wanted. What there is, and how much of it all that is, it says itself.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.store import Store

_BATCH = 64  # entries: 4 KiB each at most, unless all of a payload is on record


@dataclass(frozen=True, slots=True)
class Place:
    """Where a content is. `key` is what its source finds it again by, in `locate`."""

    flow_id: int
    timestamp_ns: int
    direction: int
    key: int


class Contents(Protocol):
    """One walk through all contents."""

    waits: bool  # nothing more is here now, but it will come

    @property
    def progress(self) -> float:
        """How much has been walked through, 0 to 1."""

    @property
    def scope(self) -> str:
        """What is walked through, in words: `all of the recording`."""

    def batches(self) -> Generator[Sequence[tuple[bytes, Any]]]:
        """Contents with a token each, in the order of time where there is one. Raises OSError.
        Closing it lets go of what it holds open."""

    def place(self, token: Any) -> Place | None:
        """None: its connection is no longer known."""


class StoreContents:
    """What a dashboard on a proxy has: the watched connection's, and of those watched before."""

    waits = False

    def __init__(self, store: Store) -> None:
        logs = [*store.logs.values(), store.watched]
        self._logs = [log for log in logs if log.entries and store.find(log.flow_id)]
        self.ids = frozenset(log.flow_id for log in self._logs)
        self._store = store
        self._of = len(store)
        self._total = max(1, sum(len(log.entries) for log in self._logs))
        self._walked = 0

    @property
    def progress(self) -> float:
        return min(1.0, self._walked / self._total)

    @property
    def scope(self) -> str:
        here = len(self._logs)
        if here >= self._of:
            return f"what this dashboard has of all {here:,} connections"
        return f"{here:,} of {self._of:,} connections: those that were chosen here"

    def batches(self) -> Generator[Sequence[tuple[bytes, tuple[int, Entry]]]]:
        for log in self._logs:
            flow_id = log.flow_id or 0
            entries = list(log.entries)  # it grows and is trimmed meanwhile
            for start in range(0, len(entries), _BATCH):
                batch = entries[start : start + _BATCH]
                self._walked += len(batch)
                yield [(e.content, (flow_id, e)) for e in batch if e.content is not None]
        self._walked = self._total

    def place(self, token: tuple[int, Entry]) -> Place | None:
        flow_id, entry = token
        if entry.direction is None or self._store.find(flow_id) is None:
            return None
        return Place(flow_id, entry.timestamp_ns, entry.direction, key_of(entry))


def key_of(entry: Entry) -> int:
    """The number of its first frame; of an injected message its time, below 0."""
    if entry.seq is None or entry.seq < 0:
        return -entry.timestamp_ns
    return entry.seq


def locate(store: Store, place: Place) -> int | None:
    """The position of what is at `place` in the watched log, among all it ever had; None: it is
    not there (any more)."""
    log = store.watched
    if log.flow_id != place.flow_id:
        return None
    if place.key >= 0:
        at = log.position(place.direction, place.key)
        return None if at is None else log.trimmed + at
    for at, entry in enumerate(log.entries):
        if entry.timestamp_ns == -place.key and entry.direction == place.direction:
            return log.trimmed + at
    return None
