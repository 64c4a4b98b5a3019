"""A connection that dashboards watch: how it is read meanwhile, and its whole payloads.

Owns: switching its readers between what costs nothing and what shows all, the count of messages
that passed untold, the ring of payloads. Must not know: sockets, how many dashboards watch.

What it is told of a message is what may be shown of it: rules have masked it before.
"""

from __future__ import annotations

from typing import Final

from wsinspect.model.connection import Connection
from wsinspect.model.events import Action
from wsinspect.protocol.messages import PAYLOAD_LIMIT, START_LIMIT, MessageFacts
from wsinspect.protocol.reader import FrameReader

__all__ = ["CONTENT_LEN", "PayloadRing", "Watched"]

CONTENT_LEN: Final = 4096  # bytes of each message that are shown
_WHOLE_LEN: Final = 1024 * 1024
_RING_BYTES: Final = 8 * 1024 * 1024
_ENTRY_COST: Final = 256

type Key = tuple[int, int, int]  # flow_id, direction, seq of the message's first frame


class Watched:
    """See the module. ``tells``, ``keeps``: the log wants messages, and their payloads, anyway."""

    def __init__(self, connection: Connection, *, tells: bool, keeps: bool) -> None:
        self.connection = connection
        self.tells = tells
        self.keeps = keeps
        self.on = False
        # Readers that tell nothing for the moment, and their messages before that.
        self._resting: list[tuple[FrameReader, int]] = []

    @property
    def _readers(self) -> tuple[FrameReader, FrameReader]:
        return self.connection.to_server, self.connection.to_client

    def begin(self) -> None:
        for reader in self._readers:
            reader.joiner.start_limit = CONTENT_LEN
            if not (reader.tap or self.keeps):
                reader.joiner.keep_payload = True
                reader.joiner.payload_limit = _WHOLE_LEN
        self.go_on()

    def end(self) -> None:
        """Nobody watches any more."""
        self.rest()
        for reader in self._readers:
            reader.tell_messages = self.tells
            reader.joiner.start_limit = START_LIMIT
            if not (reader.tap or self.keeps):
                reader.joiner.keep_payload = False
                reader.joiner.payload_limit = PAYLOAD_LIMIT

    def go_on(self) -> int:
        """Tell of frames and messages. Returns how many messages passed untold since `rest`."""
        untold = sum(reader.joiner.messages - before for reader, before in self._resting)
        self._resting.clear()
        self.on = True
        for reader in self._readers:
            reader.preview = reader.tell_messages = True
        return untold

    def rest(self) -> None:
        """Enough for this tick: what is told makes the walk slower.

        Where frames are taken apart anyway, messages are told on: they may be on their way.
        """
        if not self.on:
            return
        self.on = False
        for reader in self._readers:
            reader.preview = False
            if not (self.tells or reader.keep):
                reader.tell_messages = False
                self._resting.append((reader, reader.joiner.messages))


class PayloadRing:
    """The newest whole payloads, at most 8 MiB; of what is not whole, why."""

    def __init__(self) -> None:
        self._kept: dict[Key, bytes | str] = {}
        self._cost = 0

    def add(self, key: Key, facts: MessageFacts, action: Action) -> None:
        self._remove(key)
        kept = self._kept[key] = _whole(facts, action)
        self._cost += len(kept) + _ENTRY_COST
        while self._cost > _RING_BYTES:
            self._remove(next(iter(self._kept)))

    def _remove(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._cost -= len(gone) + _ENTRY_COST

    def find(self, key: Key) -> bytes | str:
        """The payload, or in words why there is none."""
        return self._kept.get(key, "it is not kept: it passed unwatched or too long ago")

    def clear(self) -> None:
        self._kept.clear()
        self._cost = 0


def _whole(facts: MessageFacts, action: Action) -> bytes | str:
    if action in ("drop", "close"):
        return "it was stopped"
    if facts.payload is None:
        if facts.violation is not None:
            return f"it cannot be read: {facts.violation}"
        if facts.payload_len > _WHOLE_LEN:
            return "it is larger than 1 MiB"
        return "it may not be shown, or was not kept from its begin"
    if len(facts.payload) > _WHOLE_LEN:
        return "it is larger than 1 MiB"
    return facts.payload
