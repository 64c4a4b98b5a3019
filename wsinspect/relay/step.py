"""A frame on its way through an edited direction.

Owns: its number, arrival and bytes in one value. Must not know: what becomes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wsinspect.protocol.opcodes import CLOSE
from wsinspect.protocol.reader import PREVIEW_LIMIT
from wsinspect.protocol.records import Piece, Record, Whole
from wsinspect.relay.observation import Observation, Shown

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["Step"]


class Step(NamedTuple):
    """A frame, or a piece of one. ``record`` is None, ``seq`` -1 where none is to be made.

    ``b0`` is its first byte, without FIN where the frame was cut off. ``shown``: what may be shown
    of it instead of its payload; None: all. ``told``: of the message that it finishes.
    """

    seq: int
    now_ns: int
    b0: int
    record: Record | None
    whole: Whole | Piece
    shown: Shown | None = None
    told: Shown | None = None

    def __repr__(self) -> str:  # never payload
        return f"Step(seq={self.seq}, record={self.record}, {self.whole!r})"

    @property
    def violation(self) -> str | None:
        return None if self.record is None else self.record[1][3]

    @property
    def preview(self) -> bytes | None:
        """The first bytes that may be shown; None: nothing may."""
        if self.shown is not None:
            payload = self.shown.payload
            return None if payload is None else payload[:PREVIEW_LIMIT]
        whole = self.whole
        return (whole.frame.start if isinstance(whole, Piece) else whole.payload)[:PREVIEW_LIMIT]

    def masked(self, seen: Observation) -> Step:
        """The same, to be shown as the policy said."""
        if seen.shown is None:
            return self
        return self._replace(shown=seen.shown)

    def note(self, direction: Direction, payload: bytes) -> None:
        """What the connection's facts are about: the frame has come, whatever becomes of it."""
        opcode = self.b0 & 0x0F
        connection = direction.relay.connection
        if opcode != CLOSE:
            connection.last_frame_ns = self.now_ns
        if opcode & 0x08:
            direction.relay.saw_control(direction, opcode, payload[:PREVIEW_LIMIT], self.now_ns)
        connection.last_frame_ns = self.now_ns
        connection.last_frame_to_client = direction.to_client
        connection.last_b0 = self.b0

    def question(self, direction: Direction, whole: Whole) -> Observation:
        """The frame as a policy sees it."""
        return Observation(
            direction.relay.connection,
            direction.name,
            "frame",
            self.b0 & 0x0F,
            whole.payload,
            self.now_ns,
            fin=self.b0 > 0x7F,
            rsv=self.b0 >> 4 & 7,
            violation=self.violation,
            compressed=whole.compressed,
            seq=self.seq,
        )
