"""The answer to ``watch``: what was kept of a connection, in lines of bounded length.

Owns: which message comes behind which frame, and how much one line has. Must not know: how it was
kept, who is told, when.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from wsinspect.sinks.history import Frames, Message, one_by_one
from wsinspect.sinks.rows import Told, batch_line, encode, frame_rows, in_order, message_rows

__all__ = ["Missing", "Past"]

_ROWS_A_LINE: Final = 200
_CONTENT_A_LINE: Final = 256 * 1024


class Missing(NamedTuple):
    """``frames``, ``messages``: all that passed, None where nobody knows any more. ``older``: those
    frames that were kept, and had to go. ``busy``: those that passed while nothing was kept.
    """

    frames: int | None
    messages: int | None
    older: int
    busy: int


class Past:
    """``entries``: what was kept, in order. A message whose last frame was not is left out."""

    def __init__(self, flow_id: int, entries: Sequence[Frames | Message], missing: Missing) -> None:
        self.flow_id = flow_id
        self.missing = missing
        self.frames = _rising([each for each in entries if isinstance(each, Frames)])
        self._behind = _behind(self.frames, entries)
        self.messages = sum(map(len, self._behind))

    def lines(self) -> Iterator[bytes]:
        """The first says what follows. Not more than some 200 rows, or 256 KiB, at a time."""
        all_frames, all_messages, older, busy = self.missing
        head = {
            "type": "history",
            "flow_id": self.flow_id,
            "frames": sum(len(each.records) for each in self.frames),
            "frames_total": all_frames,
            "messages": self.messages,
            "messages_total": all_messages,
            "older": older,
            "busy": busy,
        }
        out = [encode(head), b"\n"]
        rows: list[list[object]] = []
        told: list[Told] = []
        content = 0
        for frames, messages in zip((None, *self.frames), self._behind, strict=True):
            for some in () if frames is None else _frame_rows(frames):
                if rows and len(rows) + len(some) > _ROWS_A_LINE:
                    yield b"".join((*out, self._lines(rows, told)))
                    out, rows, told, content = [], [], [], 0
                rows += some
            for message in messages:
                told.append(message.told)
                content += len(message.told.facts.start)
                if content > _CONTENT_A_LINE:
                    yield b"".join((*out, self._lines(rows, told)))
                    out, rows, told, content = [], [], [], 0
        yield b"".join((*out, self._lines(rows, told)))

    def _lines(self, rows: list[list[object]], told: list[Told]) -> bytes:
        lines = b""
        if rows:
            lines = batch_line("frames", self.flow_id, rows)
        if told:
            content = sum(len(each.facts.start) for each in told)
            lines += batch_line("messages", self.flow_id, message_rows(told, content))
        return lines


def _rising(frames: list[Frames]) -> list[Frames]:
    """In batches as they are where that will do."""
    ordered = in_order(frames, lambda each: (each.to_client, each.seq + len(each.records) - 1))
    if ordered is frames:
        return frames
    single = [one for each in frames for one in one_by_one(each)]
    return in_order(single, lambda one: (one.to_client, one.seq))


def _frame_rows(frames: Frames) -> Iterator[list[list[object]]]:
    to_client, now_ns, seq = frames.to_client, frames.now_ns, frames.seq
    for at in range(0, len(frames.records), _ROWS_A_LINE):
        end = at + _ROWS_A_LINE
        records, previews = frames.records[at:end], frames.previews[at:end]
        yield frame_rows(to_client, now_ns, seq + at, records, previews)


def _behind(frames: list[Frames], entries: Sequence[Frames | Message]) -> list[list[Message]]:
    """The messages before all of ``frames``, then for each those that end in it; injected ones
    where they were.
    """
    behind: list[list[Message]] = [[] for _ in range(len(frames) + 1)]
    injected: deque[tuple[int, Message]] = deque()
    ended: tuple[list[Message], list[Message]] = [], []
    seen = 0
    for entry in entries:
        if isinstance(entry, Frames):
            seen += len(entry.records)
        elif entry.told.injected:
            injected.append((seen, entry))
        else:
            ended[entry.told.to_client].append(entry)
    for way in ended:
        way.sort(key=lambda message: message.told.facts.last_seq, reverse=True)
    seen = 0
    for each, here in zip((None, *frames), behind, strict=True):
        if each is not None:
            way, end = ended[each.to_client], each.seq + len(each.records)
            while way and (last_seq := way[-1].told.facts.last_seq) < end:
                message = way.pop()
                if last_seq >= each.seq:
                    here.append(message)
            seen += len(each.records)
        while injected and injected[0][0] <= seen:
            here.append(injected.popleft()[1])
    return behind
