"""A search through all contents of all connections: which of them carried it. No Textual.

In slices of a few milliseconds, bounded: it ends at HITS_MAX finds and says so.
"""

import time
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wsinspect.tui.data.contents import Contents, Place
from wsinspect.tui.find.needle import Needle

HITS_MAX: Final = 1_000
SLICE_S: Final = 0.005
_BEFORE: Final = 60  # characters of a snippet before what was found
_SNIPPET: Final = 400


@dataclass(frozen=True, slots=True)
class Found:
    """One content with the needle in it; `snippet` is text around the first find."""

    place: Place
    snippet: str


class Search:
    """`step` until `over`; `found` is in the order of time."""

    def __init__(self, contents: Contents, needle: Needle) -> None:
        self.contents = contents
        self.needle = needle
        self.found: list[Found] = []
        self.connections: set[int] = set()  # flow ids of those that have it
        self.over = not needle
        self.full = False  # it ended because there were too many
        self.stopped = False  # it was told to
        self._batches = contents.batches()

    def step(self, slice_s: float = SLICE_S, clock: Callable[[], float] = time.monotonic) -> bool:
        """Go on for about `slice_s`; whether it is over. Raises OSError."""
        deadline = clock() + slice_s
        found_in = self.needle.found_in
        while not self.over:
            batch = next(self._batches, None)
            if batch is None:
                self.over = True
                break
            for content, token in batch:
                if found_in(content):
                    self._take(content, token)
                    if self.full:
                        break
            if clock() >= deadline or (not batch and self.contents.waits):
                break
        if self.over:
            self._batches.close()
        return self.over

    def stop(self) -> None:
        """What was found stays."""
        if not self.over:
            self.over = self.stopped = True
            self._batches.close()

    def _take(self, content: bytes, token: object) -> None:
        place = self.contents.place(token)
        if place is None:
            return
        found = Found(place, snippet(content, self.needle))
        insort(self.found, found, key=lambda one: one.place.timestamp_ns)
        self.connections.add(place.flow_id)
        self.full = self.over = len(self.found) >= HITS_MAX

    # In words

    def words(self) -> str:
        """How far it is and what it found: `12 found in 3 connections`."""
        many, among = len(self.found), len(self.connections)
        found = "nothing found" if not many else f"{many:,} found in {_connections(among)}"
        if not self.over:
            return f"searching … {self.contents.progress:.0%}, {found}"
        if self.full:
            return f"{found}; it ended there, a longer text finds fewer"
        if self.stopped:
            return f"stopped at {self.contents.progress:.0%}, {found}"
        return found


def _connections(many: int) -> str:
    return f"{many:,} connection{'' if many == 1 else 's'}"


def snippet(content: bytes, needle: Needle) -> str:
    """What stands around the first find; bytes in hexadecimal where bytes were looked for."""
    if not needle.pattern:
        at = max(0, content.find(needle.exact) - 8)
        return content[at : at + _SNIPPET // 4].hex(" ")
    text = content.decode("utf-8", "replace")
    spans = needle.spans(text)
    start = max(0, spans[0][0] - _BEFORE) if spans else 0
    return ("…" if start else "") + text[start : start + _SNIPPET]
