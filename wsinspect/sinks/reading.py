"""How the readers of a connection read: at no cost, or with all that may be shown.

Owns: the switches of its two readers. Must not know: who wants to see it (``watched.py``,
``keeping.py``), what comes of it. Where the log or a listener wants messages anyway, or a rule
their payloads, that stays as it is.
"""

from __future__ import annotations

from typing import Final

from wsinspect.model.connection import Connection
from wsinspect.protocol.messages import PAYLOAD_LIMIT, START_LIMIT
from wsinspect.protocol.reader import FrameReader

__all__ = ["CONTENT_LEN", "WHOLE_LEN", "Reading"]

CONTENT_LEN: Final = 4096
"""Bytes of each message that are shown."""
WHOLE_LEN: Final = 1024 * 1024
"""Bytes of a message that is kept whole, to be asked for."""


class Reading:
    """``tells``: messages are told in any case, ``keeps``: with their payloads."""

    __slots__ = ("keeps", "tells")

    def __init__(self, *, tells: bool, keeps: bool) -> None:
        self.tells = tells
        self.keeps = keeps

    def begin(self, connection: Connection) -> None:
        for reader in readers(connection):
            reader.tell_messages = self.tells
            if self.keeps:
                reader.joiner.keep_payload = True

    def show(self, connection: Connection, limit: int = WHOLE_LEN) -> None:
        """Tell of frames and messages, with payloads of up to ``limit`` bytes."""
        for reader in readers(connection):
            reader.preview = reader.tell_messages = True
            joiner = reader.joiner
            joiner.start_limit = CONTENT_LEN
            if not (reader.tap or self.keeps):
                joiner.keep_payload = True
                joiner.payload_limit = limit

    def hide(self, connection: Connection) -> None:
        """Nobody looks any more."""
        for reader in readers(connection):
            reader.preview = False
            reader.tell_messages = self.tells
            joiner = reader.joiner
            joiner.start_limit = START_LIMIT
            if not (reader.tap or self.keeps):
                joiner.keep_payload = False
                joiner.payload_limit = PAYLOAD_LIMIT


def readers(connection: Connection) -> tuple[FrameReader, FrameReader]:
    return connection.to_server, connection.to_client
