"""A connection that dashboards watch: when it is read as what it is, and its whole payloads.

Owns: resting while there is more than can be told, the count of messages that passed untold
meanwhile, the ring of payloads. Must not know: sockets, how many dashboards watch.

What it is told of a message is what may be shown of it: rules have masked it before.
"""

from __future__ import annotations

from typing import Final

from wsinspect.model.connection import Connection
from wsinspect.model.events import Action
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.reader import FrameReader
from wsinspect.sinks.reading import WHOLE_LEN, Reading, readers

__all__ = ["Key", "PayloadRing", "Watched", "whole_payload"]

_RING_BYTES: Final = 8 * 1024 * 1024
_ENTRY_COST: Final = 256

type Key = tuple[int, int, int]  # flow_id, direction, seq of the message's first frame


class Watched:
    """See the module. It is read so from the moment that this is made."""

    def __init__(self, connection: Connection, reading: Reading) -> None:
        self.connection = connection
        self.on = True
        self._reading = reading
        # Readers that tell nothing for the moment, and their messages before that.
        self._resting: list[tuple[FrameReader, int]] = []
        reading.show(connection)

    def go_on(self) -> int:
        """Tell of frames and messages. Returns how many messages passed untold since `rest`."""
        untold = sum(reader.joiner.messages - before for reader, before in self._resting)
        self._resting.clear()
        self.on = True
        for reader in readers(self.connection):
            reader.preview = reader.tell_messages = True
        return untold

    def rest(self) -> None:
        """Enough for this tick: what is told makes the walk slower.

        Where frames are taken apart anyway, messages are told on: they may be on their way.
        """
        if not self.on:
            return
        self.on = False
        for reader in readers(self.connection):
            reader.preview = False
            if not (self._reading.tells or reader.keep):
                reader.tell_messages = False
                self._resting.append((reader, reader.joiner.messages))


class PayloadRing:
    """The newest whole payloads, at most 8 MiB; of what is not whole, why."""

    def __init__(self) -> None:
        self._kept: dict[Key, bytes | str] = {}
        self._cost = 0

    def add(self, key: Key, facts: MessageFacts, action: Action) -> None:
        self._remove(key)
        kept = self._kept[key] = whole_payload(facts, action)
        self._cost += len(kept) + _ENTRY_COST
        while self._cost > _RING_BYTES:
            self._remove(next(iter(self._kept)))

    def _remove(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._cost -= len(gone) + _ENTRY_COST

    def find(self, key: Key) -> bytes | str | None:
        """The payload, or in words why there is none; None: the message is not known."""
        return self._kept.get(key)

    def clear(self) -> None:
        self._kept.clear()
        self._cost = 0


def whole_payload(facts: MessageFacts, action: Action) -> bytes | str:
    """What is to be had of a message, or in words why nothing is."""
    if action in ("drop", "close"):
        return "it was stopped"
    if facts.payload is None:
        if facts.violation is not None:
            return f"it cannot be read: {facts.violation}"
        if facts.payload_len > WHOLE_LEN:
            return "it is larger than 1 MiB"
        return "it may not be shown, or was not kept whole"
    if len(facts.payload) > WHOLE_LEN:
        return "it is larger than 1 MiB"
    return facts.payload
