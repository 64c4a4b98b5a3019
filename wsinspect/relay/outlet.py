"""The way out of an edited direction: what the receiver has had, and what may come next.

Owns: the receiver's half frame, its open message, its Close frame; what waits for a boundary to
be put in between (RFC 6455 §5.4, §5.5); the record of each frame that leaves or does not, and of
each message. Must not know: why a frame leaves.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from wsinspect.protocol.opcodes import CLOSE, CONTINUATION
from wsinspect.relay.fate import Fate, tell_injected
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["Outlet"]


class Outlet:
    """One direction's.

    ``large``: pieces of the open large frame have left, so its rest must. ``ahead``: so many bytes
    of the open small frame have left before the edit began. ``message_open``: the receiver waits
    for a continuation frame. ``passing``: the open message's rest leaves without a verdict.
    ``shut``: nothing leaves any more.
    """

    __slots__ = (
        "_close_left",
        "_closing",
        "_injections",
        "_out",
        "ahead",
        "direction",
        "fate",
        "large",
        "message_open",
        "passing",
        "relay",
        "shut",
        "writer",
    )

    def __init__(self, direction: Direction) -> None:
        reader = direction.reader
        self.direction = direction
        self.relay = direction.relay
        self.writer = direction.writer
        self.large = reader.large is not None
        self.ahead = 0 if self.large else reader.unfinished_len
        self.message_open = self.passing = reader.joiner.opcode != 0
        self.shut = False
        self.fate = Fate(direction)
        self._out: list[bytes] = []
        self._close_left = reader.closed  # a Close frame of the sender's
        self._closing: bytes | None = None  # a Close frame of ours waits for the frame boundary
        self._injections: deque[tuple[int, bytes]] = deque()

    def cut(self) -> None:
        """Nothing more leaves, not even the rest of the frame that is half way out."""
        self.shut = True
        self.large = False
        self._injections.clear()

    def take(self) -> bytes:
        """What leaves now."""
        out = b"".join(self._out)
        self._out.clear()
        return out if self.direction.open else b""

    @property
    def waits(self) -> bool:
        """Whether something waits for a boundary, or nothing may leave any more."""
        return self.shut or self._closing is not None or bool(self._injections)

    def inject(self, opcode: int, payload: bytes) -> None:
        if not (self.shut or self._close_left or self._closing):
            self._injections.append((opcode, payload))
            self._flush_injections()

    def close(self, close_payload: bytes) -> bool:
        """Close at the next frame boundary. False: it was done before."""
        if self.shut or self._closing is not None:
            return False
        self._injections.clear()
        self._closing = self.writer.frame(CLOSE, close_payload)
        self.boundary()
        return True

    def raw(self, data: bytes) -> None:
        """Bytes of a frame that is not, or will not be, whole."""
        self._out.append(data)

    def leave(
        self,
        step: Step,
        raw: bytes,
        payload: bytes = b"",
        b0: int | None = None,
        content: bytes | None = None,
    ) -> None:
        """Let ``raw`` out in place of the frame – unless its record had to be written first.

        ``payload`` is what a Close frame says now; ``b0`` the first byte where it left before;
        ``content`` what the application gets of a data frame that was changed.
        """
        if self.shut:
            self.stop(step)
        elif self.record(step, forwarded=True) or self.relay.unrecorded():
            self._out.append(raw)
            self.became(step, went=True, content=content)
            self.left(raw[0] if b0 is None else b0, payload)
        else:
            self.became(step, went=False)

    def stop(self, step: Step, *, ends: bool = True) -> None:
        """The frame does not leave. ``ends``: this is all of it, or its last piece."""
        self.record(step, forwarded=False)
        if ends:
            self.became(step, went=False)

    def became(self, step: Step, *, went: bool, content: bytes | None = None) -> None:
        """What came of the frame goes into the fact of its message."""
        if went and self.direction.open:
            self.fate.became(step, "pass" if content is None else "rewrite", content)
        else:
            ending = went or self.shut or self.relay.closing
            self.fate.became(step, "close" if ending else "drop")

    def left(self, b0: int, payload: bytes) -> None:
        """A frame has left whole."""
        opcode = b0 & 0x0F
        if opcode == CLOSE:
            self._close_left = True
            self._injections.clear()
            self.relay.close_left(self.direction, payload)
        elif opcode < 3:
            self.message_open = b0 < 0x80
            if not self.message_open:
                self.passing = False
        self.boundary()

    def end_message(self) -> None:
        """Of the open message nothing more will leave: end it."""
        self._out.append(self.writer.frame(CONTINUATION, b""))
        self.message_open = False

    def boundary(self) -> None:
        """Between two frames: what waited for that may go."""
        if self.ahead or self.large:
            return
        if self._closing is not None:
            if not self._close_left:  # at most one Close frame in a direction (§5.5.1)
                self._out.append(self._closing)
            self._closing = None
            self.shut = True
        self._flush_injections()

    def record(self, step: Step, *, forwarded: bool) -> bool:
        """Tell the recorder; its answer."""
        if step.record is None:
            return True
        direction = self.direction
        previews = [step.preview] if direction.reader.preview else []
        forwarded = forwarded and direction.open
        return self.relay.recorder.frames(
            direction, step.now_ns, step.seq, [step.record], forwarded, previews
        )

    def _flush_injections(self) -> None:
        if self.ahead or self.large or self.shut:
            return
        while self._injections:
            opcode, payload = self._injections[0]
            if not opcode & 0x08 and self.message_open:
                return
            self._injections.popleft()
            frame = self.writer.frame(opcode, payload)
            self._out.append(frame)
            if not opcode & 0x08:
                tell_injected(self.direction, opcode, payload, len(frame))
