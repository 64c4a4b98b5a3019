"""One dashboard: what waits for it, and what was left out because it was too much.

Owns: its writer, the rows of this tick, their bounds and counts. Must not know: who else is
there, what a connection is read as.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from wsinspect.model.connection import Connection
from wsinspect.sinks.rows import Batch, Told, batch_line, frame_rows, in_order, message_rows

__all__ = ["Client"]

ROWS_A_TICK: Final = 400  # frames, and messages; more are counted as skipped
_MESSAGES_WAITING: Final = 2048  # until the tick
CONTENT_A_TICK: Final = 256 * 1024  # bytes of messages
BUFFER_LIMIT: Final = 4 * 1024 * 1024  # bytes that may wait for a slow dashboard


class Client:
    """``behind``: it must be told everything anew once it can take it. ``untold``: live
    connections that it was not told of yet. ``past``: what is left of the answer to ``watch``;
    live rows wait for its end.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        writer.transport.set_write_buffer_limits(high=BUFFER_LIMIT)
        self.behind = False
        self.untold: dict[int, Connection] = {}
        self.dirty: set[Connection] = set()
        self.past: Iterator[bytes] | None = None
        self.watch(None)

    def watch(self, flow_id: int | None) -> None:
        """Begin anew with another connection, or with none."""
        self.watched = flow_id
        self.past = None
        self.rows: list[list[object]] = []
        self.skipped = 0
        self.messages: list[Told] = []
        self.messages_skipped = 0

    # --- out ---

    @property
    def waiting_len(self) -> int:
        """Bytes that it has not taken yet."""
        return self.writer.transport.get_write_buffer_size()

    @property
    def full(self) -> bool:
        return self.writer.transport.is_closing() or self.waiting_len > BUFFER_LIMIT

    def send(self, line: bytes) -> bool:
        if self.full:
            return False
        self.writer.write(line)
        return True

    def send_past(self) -> None:
        """The next lines of it."""
        if self.past is not None and not self.full:
            lines = next(self.past, None)
            if lines is None:
                self.past = None
            else:
                self.writer.write(lines)

    def send_rows(self) -> None:
        """The frames of this tick, then the messages that they make."""
        if self.past is not None:
            return
        told = self.messages
        if self.skipped:  # of frames that were left out there is no use in the message
            taken = {(row[1], row[2]) for row in self.rows}
            told = [each for each in told if (each.to_client, each.facts.last_seq) in taken]
        told = told[-ROWS_A_TICK:]
        skipped = self.messages_skipped + len(self.messages) - len(told)
        lines = b""
        if self.rows or self.skipped:
            rows = in_order(self.rows, _place)
            lines = batch_line("frames", self.watched, rows, self.skipped)
        if told or skipped:
            rows = message_rows(told, CONTENT_A_TICK)
            lines += batch_line("messages", self.watched, rows, skipped)
        if lines and self.send(lines):
            self._all_told()

    def _all_told(self) -> None:
        """What waited has been told."""
        self.rows, self.skipped = [], 0
        self.messages, self.messages_skipped = [], 0

    # --- in ---

    def take(self, batch: Batch) -> bool:
        """Frames of the watched connection. False: there is no room for more until the tick."""
        direction, now_ns, seq, records, _, previews = batch
        room = ROWS_A_TICK - len(self.rows)
        if len(records) > room:
            skip = len(records) - room
            self.skipped += skip
            seq += skip
            records = records[skip:] if room else []
            previews = previews[skip:] if previews else []
        self.rows += frame_rows(direction.to_client, now_ns, seq, records, previews)
        return len(self.rows) < ROWS_A_TICK

    def tell(self, told: Told) -> None:
        """A message of the watched connection."""
        if len(self.messages) < _MESSAGES_WAITING:
            self.messages.append(told)
        else:
            self.messages_skipped += 1


def _place(row: list[object]) -> tuple[int, int]:
    _, direction, seq, *_ = row
    assert isinstance(direction, int)
    assert isinstance(seq, int)
    return direction, seq
