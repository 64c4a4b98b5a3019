"""What the reader hands out: the facts of a frame, its bytes, its pieces (RFC 6455 §5.2).

Owns the shapes only; ``reader`` fills them. It must not know what they are read from. What has
payload shows lengths only: a repr ends up in logs and tracebacks.
"""

from __future__ import annotations

from typing import NamedTuple

from wsinspect.protocol.messages import MessageFacts

__all__ = ["Control", "LargeFrame", "Piece", "Record", "Shape", "Whole"]

# A frame's facts. Two parts, so that what repeats (the shape) can be a dictionary key.
type Shape = tuple[int, int, int, str | None]  # first byte, payload_len, frame_len, violation
type Record = tuple[int, Shape]  # masking key as a big-endian integer or -1, shape


class Whole(NamedTuple):
    """The bytes behind a record; only made while ``FrameReader.keep`` is set.

    ``raw`` is the frame as it was on the wire, ``payload`` the unmasked payload. Of a data frame:
    ``content`` is what the application gets of it (decompressed; None: unreadable), ``message``
    the finished message whose last frame this is, ``opcode`` and ``compressed`` its message's
    (0: a continuation frame without a message), ``first_seq`` the number of its first frame.
    """

    raw: bytes
    payload: bytes
    content: bytes | None = None
    message: MessageFacts | None = None
    opcode: int = 0
    compressed: bool = False
    first_seq: int = -1

    def __repr__(self) -> str:
        return f"Whole({len(self.raw)} bytes, opcode={self.opcode}, message={self.message!r})"


class Piece(NamedTuple):
    """Some bytes of a frame too large to keep; likewise. ``raw`` of the first has the header.

    ``content`` is what the application gets of a data frame's piece; None: unreadable.
    """

    raw: bytes
    frame: LargeFrame
    first: bool
    last: bool
    content: bytes | None = None

    def __repr__(self) -> str:
        return f"Piece({len(self.raw)} bytes of {self.frame!r})"


class Control(NamedTuple):
    """A control frame that was just read (§5.5); of an illegally long one the first 512 bytes."""

    opcode: int
    payload: bytes
    violation: str | None
    seq: int = -1

    def __repr__(self) -> str:
        return f"Control(opcode={self.opcode}, {len(self.payload)} bytes, {self.violation})"


class LargeFrame:
    """A frame that is read in pieces: its header's facts and how far its payload has come."""

    __slots__ = (
        "b0",
        "first_seq",
        "header_len",
        "key",
        "message",
        "offset",
        "payload_len",
        "start",
        "violation",
    )

    def __init__(
        self, b0: int, key: bytes, payload_len: int, header_len: int, violation: str | None
    ) -> None:
        self.b0 = b0
        self.key = key
        self.payload_len = payload_len
        self.header_len = header_len
        self.violation = violation
        self.offset = 0
        self.start = b""  # the payload's first bytes, for previews
        self.message: MessageFacts | None = None  # the one that it finished
        self.first_seq = -1  # the number of its message's first frame

    def __repr__(self) -> str:
        return f"LargeFrame({self.seen_len} of {self.header_len + self.payload_len} bytes)"

    @property
    def seen_len(self) -> int:
        return self.header_len + self.offset

    @property
    def record(self) -> Record:
        mask = int.from_bytes(self.key) if self.key else -1
        shape = (self.b0, self.payload_len, self.header_len + self.payload_len, self.violation)
        return mask, shape
