"""A message too large to be held whole, on its way with a window of it held back.

Owns: what of it waits until the judge calls it safe, changing bytes in place (as many as there
were: the frame's length has left already), and letting it go in order. Must not know: why
something is unsafe.

Memory: what the judge has not called safe, and at least the last chunk. Many tiny frames cost more
than they hold: the judge is hurried then, and beyond :data:`_MOST_CHUNKS` it is ``overfull``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from wsinspect.protocol.records import Piece, Whole
from wsinspect.relay.observation import Shown
from wsinspect.relay.outlet import Outlet
from wsinspect.relay.policy import LargeVerdict, StreamJudge
from wsinspect.relay.step import Step

__all__ = ["HoldBack"]

_HURRY: Final = 4096  # chunks; each takes some hundred bytes beside its own
_MOST_CHUNKS: Final = 4 * _HURRY


@dataclass(slots=True)
class _Chunk:
    """Bytes that wait. Their content is ``start`` to ``end`` of the message's, in bytes.

    ``raw`` of a control frame may be another than its sender's; ``payload`` is what it says then.
    """

    step: Step
    raw: bytes | bytearray = field(repr=False)
    payload: bytes = field(repr=False)
    head_len: int
    start: int
    end: int
    piece: Piece | None

    @property
    def content(self) -> bytes | None:
        """What the application gets, if it was changed; of a piece that is not known."""
        if not isinstance(self.raw, bytearray):
            return None
        whole = self.step.whole
        if self.piece is not None or whole.content is None:
            return b""
        return _xor(whole.content, _xor(whole.raw[self.head_len :], self.raw[self.head_len :]))

    def change(self, offset: int, change: bytes) -> None:
        """XOR what of the message's content from ``offset`` on is in here."""
        first, behind = max(offset, self.start), min(offset + len(change), self.end)
        if first >= behind:
            return
        if isinstance(self.raw, bytes):
            self.raw = bytearray(self.raw)
        at = self.head_len + first - self.start
        to = at + behind - first
        self.raw[at:to] = _xor(self.raw[at:to], change[first - offset : behind - offset])


def _xor(one: bytes | bytearray, other: bytes | bytearray) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))


class HoldBack:
    """For one message. ``half_way``: a part of a frame has left; ``over``: the message is out;
    ``touched``: something of it has left; ``whole``: all of it has come. ``fixed``: it cannot be
    changed, as some of it left before.
    """

    __slots__ = (
        "_changed",
        "_chunks",
        "_hurried",
        "_judge",
        "_outlet",
        "_seen",
        "compressed",
        "fixed",
        "half_way",
        "over",
        "touched",
        "whole",
    )

    def __init__(self, outlet: Outlet, judge: StreamJudge, *, compressed: bool) -> None:
        self._outlet = outlet
        self._judge = judge
        self._chunks: deque[_Chunk] = deque()
        self._changed = False  # a piece of the frame that is half way out
        self._seen = 0  # bytes of content
        self._hurried = 0  # chunks that were there when the judge was hurried last
        self.compressed = compressed
        self.fixed = compressed
        self.half_way = False
        self.over = False
        self.touched = False
        self.whole = False

    @property
    def overfull(self) -> bool:
        return len(self._chunks) > _MOST_CHUNKS

    @property
    def shown(self) -> Shown:
        """What may be shown of the message: the rules that fired on it."""
        return Shown(None, list(self._judge.rules))

    def add(self, step: Step, whole: Whole | Piece) -> LargeVerdict:
        """The next data frame or piece in order. Raises what the judge raises."""
        content = whole.content or b""
        self._chunks.append(self._chunk(step, whole, content))
        self.whole = step.b0 > 0x7F and (not isinstance(whole, Piece) or whole.last)
        return self._on(content, last=self.whole)

    def resume(self, content: bytes) -> LargeVerdict:
        """So much of it has left, after a verdict. Raises what the judge raises."""
        self._seen = len(content)
        self.touched = self.fixed = True
        return self._on(content, last=False)

    def put(self, step: Step, raw: bytes, payload: bytes) -> None:
        """A control frame, as it is to leave: at once, unless the receiver has half a frame."""
        chunk = _Chunk(step, raw, payload, 0, self._seen, self._seen, None)
        if self.half_way:
            self._chunks.append(chunk)
        else:
            self._leave(chunk)

    def finish(self) -> LargeVerdict:
        """No more will come of it. Raises what the judge raises."""
        return self._on(b"", last=True)

    def release(self) -> None:
        """What waits leaves without a verdict."""
        while self._chunks:
            self._leave(self._chunks.popleft())

    def pass_on(self, step: Step, whole: Whole | Piece) -> None:
        """Likewise, and this with it."""
        self._chunks.append(self._chunk(step, whole, whole.content or b""))
        self.release()

    def stop(self) -> None:
        """What waits does not leave."""
        chunks, self._chunks = self._chunks, deque()
        for chunk in chunks:
            self._outlet.stop(chunk.step, ends=chunk.piece is None or chunk.piece.last)

    def _chunk(self, step: Step, whole: Whole | Piece, content: bytes) -> _Chunk:
        start, self._seen = self._seen, self._seen + len(content)
        head_len = 0
        piece = whole if isinstance(whole, Piece) else None
        if not self.compressed and whole.content is not None:
            head_len = len(whole.raw) - len(content)
        payload = b"" if isinstance(whole, Piece) else whole.payload
        return _Chunk(step, whole.raw, payload, head_len, start, self._seen, piece)

    def _on(self, content: bytes, *, last: bool) -> LargeVerdict:
        hurry = len(self._chunks) - self._hurried > _HURRY
        verdict = self._judge.feed(content, last=last, hurry=hurry)
        if verdict.edits and self.fixed:  # nor can what a compressed one decompresses to
            return verdict._replace(stop=verdict.stop or (1008, "policy"))
        self._change(verdict.edits)
        if last:
            self._outlet.fate.judged(self.shown)
        while self._chunks and self._chunks[0].end <= verdict.safe and not verdict.stop:
            self._leave(self._chunks.popleft())
        if hurry or not self._chunks:
            self._hurried = len(self._chunks)
        if last and verdict.stop is None:
            self.release()
            self.over = True
        return verdict

    def _change(self, edits: list[tuple[int, bytes]]) -> None:
        """XOR the content at those places: masked bytes change alike (RFC 6455 §5.3)."""
        edits = sorted(edits)
        i = 0
        for chunk in self._chunks:
            while i < len(edits) and edits[i][0] + len(edits[i][1]) <= chunk.start:
                i += 1
            for offset, change in edits[i:]:
                if offset >= chunk.end:
                    break
                chunk.change(offset, change)

    def _leave(self, chunk: _Chunk) -> None:
        outlet, step, piece = self._outlet, chunk.step, chunk.piece
        raw, content = bytes(chunk.raw), chunk.content
        self.touched = self.touched or step.b0 & 0x0F < 3
        if piece is None:
            outlet.leave(step, raw, chunk.payload, content=content)
            return
        if outlet.shut:
            outlet.stop(step, ends=piece.last)
            return
        written = step.record is None or outlet.record(step, forwarded=True)
        if not (written or outlet.relay.unrecorded()):
            return
        outlet.raw(raw)
        self.half_way = outlet.large = not piece.last
        self._changed = self._changed or content is not None
        if piece.last:
            outlet.became(step, went=True, content=b"" if self._changed else None)
            outlet.left(step.b0, b"")
            self._changed = False
