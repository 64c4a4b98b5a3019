"""The open message that waits for its verdict, frame by frame.

Owns: what is held, what it costs, the bytes it leaves as. Must not know: when it may leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from wsinspect.protocol.opcodes import CONTINUATION
from wsinspect.protocol.records import Whole
from wsinspect.relay.observation import Observation
from wsinspect.relay.outlet import Outlet
from wsinspect.relay.rewrite import MessageWriter
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["Held", "Hold", "leaves", "released"]

_FRAME_COST: Final = 1024  # bytes of memory that holding one more frame takes beside its own


class Held(NamedTuple):
    """A frame of the open message, with its payload as it is to leave."""

    step: Step
    whole: Whole
    raw: bytes  # b"" where a frame policy changed it
    content: bytes

    def __repr__(self) -> str:  # never payload
        return f"Held({self.step!r}, {self.payload_len} bytes)"

    @property
    def payload_len(self) -> int:
        """Bytes of payload on the wire, to cut a rewritten message alike."""
        return len(self.whole.payload) if self.raw else len(self.content)


class Hold:
    """``cost`` is in bytes of memory; ``changed``: a frame policy changed or dropped a frame.

    ``seq``: the number of the message's first frame. ``asked``: the early verdict on the open
    message (``early.py``); ``left``: its content that has left since, None where it has not.
    """

    __slots__ = ("ahead", "asked", "changed", "cost", "frames", "left", "seq")

    def __init__(self) -> None:
        self.frames: list[Held] = []
        self.cost = 0
        self.changed = False
        self.asked: Observation | None = None
        self.left: bytes | None = None
        self.ahead = False
        self.seq = -1

    def add(self, held: Held) -> None:
        cost = max(len(held.whole.raw), len(held.content))
        self.cost += cost + (_FRAME_COST if self.frames else 0)
        self.changed = self.changed or not held.raw
        self.seq = held.whole.first_seq
        self.frames.append(held)

    def take(self) -> list[Held]:
        """All of it, no longer held."""
        frames, self.frames = self.frames, []
        self.cost = len(self.left or b"")
        self.changed = False
        return frames

    def has_left(self, content: bytes) -> None:
        """All of the message that has come is out; this is its content."""
        self.left = content
        self.cost = len(content)

    def begin(self) -> None:
        """Another message begins, or a Close frame has come: what was is over."""
        if not self.ahead:
            self.forget()
        self.ahead = False

    def forget(self) -> None:
        """No more of the message will come; nothing is held."""
        self.asked = self.left = None
        self.cost = 0

    @property
    def content_begun(self) -> bool:
        """Whether some of the message is there."""
        return bool(self.frames) or self.left is not None

    @property
    def content(self) -> bytes:
        """What is there of the message, whether held or not."""
        return (self.left or b"") + b"".join(held.content for held in self.frames)

    def question(self, direction: Direction, *, fin: bool) -> Observation:
        """The message as it is there; ``fin``: it is whole."""
        first, last = self.frames[0], self.frames[-1]
        message = last.whole.message
        if message is not None:
            violation = message.violation
        else:
            violation = first.step.violation if self.asked is None else self.asked.violation
        return Observation(
            direction.relay.connection,
            direction.name,
            "message",
            first.whole.opcode,
            self.content,
            last.step.now_ns,
            fin=fin,
            violation=violation,
            compressed=first.whole.compressed,
            seq=self.seq,
        )


def leaves(
    frames: list[Held], seen: Observation, outlet: Outlet, writer: MessageWriter, *, changed: bool
) -> None:
    """The message goes, as the verdict wants it."""
    if not (changed or (seen.compressed and writer.recompress)):
        for one in frames:
            outlet.leave(one.step, one.raw)
        return
    content = seen.final if changed else None
    for step, frame in _rewritten(frames, seen, writer):
        outlet.leave(step, frame, content=content)
        content = content and b""  # all of it counts for the first


def _rewritten(
    frames: list[Held], seen: Observation, writer: MessageWriter
) -> list[tuple[Step, bytes]]:
    """The message anew, as the verdict wants it: a frame in place of each."""
    if seen.compressed:
        writer.lost_window()
    written = writer.message(
        seen.opcode_number,
        seen.final,
        compressed=seen.compressed,
        fragment_lens=[held.payload_len for held in frames],
        fin=seen.fin,
    )
    return [(held.step, frame) for held, frame in zip(frames, written, strict=True)]


def released(frames: list[Held], writer: MessageWriter, *, begun: bool) -> list[tuple[Held, bytes]]:
    """The message without a verdict: as it came, but for the frames that were changed.

    ``begun``: the receiver has its first frame already.
    """
    leaving: list[tuple[Held, bytes]] = []
    for held in frames:
        opcode = CONTINUATION if begun else held.whole.opcode
        raw = held.raw
        if not raw or (opcode and not raw[0] & 0x0F):  # the frames before it were dropped
            raw = writer.frame(opcode, held.content, fin=held.step.b0 > 0x7F)
        leaving.append((held, raw))
        begun = True
    return leaving
