"""A message too large to be held whole, on its way with a window of it held back.

Owns: what of it waits until the judge calls it safe, changing bytes in place (as many as there
were: the frame's length has left already), and letting it go in order. Must not know: why
something is unsafe.

Memory: what the judge has not called safe, and at least the last chunk.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wsinspect.protocol.records import Piece, Whole
from wsinspect.relay.outlet import Outlet
from wsinspect.relay.policy import StreamJudge
from wsinspect.relay.step import Step

__all__ = ["HoldBack"]


@dataclass(slots=True)
class _Chunk:
    """Bytes that wait. Their content is ``start`` to ``end`` of the message's, in bytes."""

    step: Step
    raw: bytes = field(repr=False)
    head_len: int
    start: int
    end: int
    piece: Piece | None


class HoldBack:
    """For one message. ``half_way``: a part of a frame has left; ``over``: the message is out."""

    __slots__ = ("_chunks", "_compressed", "_judge", "_seen", "half_way", "outlet", "over")

    def __init__(self, outlet: Outlet, judge: StreamJudge, *, compressed: bool) -> None:
        self.outlet = outlet
        self._judge = judge
        self._compressed = compressed
        self._chunks: deque[_Chunk] = deque()
        self._seen = 0  # bytes of content
        self.half_way = False
        self.over = False

    def add(self, step: Step, whole: Whole | Piece) -> tuple[int, str] | None:
        """The next frame or piece in order. Returns how to close the connection, if it must be."""
        piece = whole if isinstance(whole, Piece) else None
        data = step.b0 & 0x0F < 3
        content = whole.content or b"" if data else b""
        raw_len = len(content) if piece is not None else len(whole.payload)  # type: ignore[union-attr]
        head_len = len(whole.raw) - raw_len if not self._compressed else 0
        start, self._seen = self._seen, self._seen + len(content)
        self._chunks.append(_Chunk(step, whole.raw, head_len, start, self._seen, piece))
        last = data and step.b0 > 0x7F and (piece is None or piece.last)
        if not data and not self.half_way and len(self._chunks) == 1:
            self._leave(self._chunks.popleft())
            return None
        return self._on(content, last=last) if data else None

    def finish(self) -> tuple[int, str] | None:
        """No more will come of it."""
        return self._on(b"", last=True)

    def give_up(self) -> list[Step]:
        """What is left, which will not leave: the steps of frames that are on record."""
        chunks, self._chunks = list(self._chunks), deque()
        return [chunk.step for chunk in chunks if chunk.step.record is not None]

    def _on(self, content: bytes, *, last: bool) -> tuple[int, str] | None:
        verdict = self._judge.feed(content, last=last)
        if verdict.edits and self._compressed:
            return verdict.stop or (1008, "policy")  # what it decompresses to cannot be changed
        for offset, change in verdict.edits:
            self._change(offset, change)
        while self._chunks and self._chunks[0].end <= verdict.safe:
            self._leave(self._chunks.popleft())
        if verdict.stop is not None:
            return verdict.stop
        if last:
            while self._chunks:
                self._leave(self._chunks.popleft())
            self.over = True
        return None

    def _change(self, offset: int, change: bytes) -> None:
        """XOR the content from ``offset`` on: masked bytes change alike (RFC 6455 §5.3)."""
        end = offset + len(change)
        for chunk in self._chunks:
            first, behind = max(offset, chunk.start), min(end, chunk.end)
            if first >= behind:
                continue
            raw = bytearray(chunk.raw)
            at = chunk.head_len + first - chunk.start
            for i in range(behind - first):
                raw[at + i] ^= change[first - offset + i]
            chunk.raw = bytes(raw)

    def _leave(self, chunk: _Chunk) -> None:
        outlet, step, piece = self.outlet, chunk.step, chunk.piece
        if piece is None:
            outlet.leave(step, chunk.raw, chunk.step.whole.payload)  # type: ignore[union-attr]
            return
        written = step.record is None or outlet.record(step, forwarded=True)
        if not (written or outlet.relay.unrecorded()):
            return
        outlet.raw(chunk.raw)
        self.half_way = outlet.large = not piece.last
        if piece.last:
            outlet.became(step, went=True)
            outlet.left(step.b0, b"")
