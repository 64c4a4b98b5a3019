"""What a policy or a script is shown, and what it may answer.

Owns: :class:`Observation`, the one object with which a frame or a message is judged. Must not
know: how the answer is carried out (``editor.py``), who asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from wsinspect.model.connection import Connection
from wsinspect.protocol.close_codes import is_valid_on_wire
from wsinspect.protocol.frames import parse_close
from wsinspect.protocol.opcodes import CLOSE, OPCODE_NAMES, TEXT
from wsinspect.protocol.utf8 import Utf8Validator

__all__ = ["Close", "Observation", "Shown", "UnchangeableFrame"]

DirectionName = Literal["to_server", "to_client"]


class UnchangeableFrame(Exception):
    """A data frame of a compressed message cannot be changed alone; change the message.

    Define ``wsinspect_message`` instead of ``wsinspect_frame``: it is given the whole message,
    decompressed.
    """


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection towards both sides with this code and reason (RFC 6455 §7.4)."""

    code: int
    reason: str = field(repr=False)


class Shown(NamedTuple):
    """What may be shown of a message: its payload with what is secret masked, and its rules.

    ``payload`` is None where it cannot be masked.
    """

    payload: bytes | None
    rules: list[str]

    def __repr__(self) -> str:  # never payload
        return f"Shown(rules={self.rules})"


@dataclass(slots=True, eq=False)
class Observation:
    """One frame or one joined message, before it is forwarded.

    ``payload`` is unmasked; of a message it is also joined and decompressed, of a frame it is as
    on the wire. ``fin`` is False on a message that will never be whole: the sender closed, was cut
    off, or began another one; the payload is what is there. ``timestamp_ns`` is when it had
    arrived, ``seq`` the number of its first frame in its direction (-1: unknown). The last call of
    :meth:`drop`, :meth:`rewrite` and :meth:`close` counts. ``shown`` is set by a policy that masks:
    what may be shown of it, wherever that is.
    """

    connection: Connection
    direction: DirectionName
    kind: Literal["frame", "message"]
    opcode_number: int
    payload: bytes = field(repr=False)  # payload never reaches a log by way of repr
    timestamp_ns: int
    fin: bool = True
    rsv: int = 0
    violation: str | None = None
    compressed: bool = False
    seq: int = -1
    dropped: bool = field(default=False, init=False)
    rewritten: bytes | None = field(default=None, init=False, repr=False)
    closing: Close | None = field(default=None, init=False)
    shown: Shown | None = field(default=None, init=False, repr=False)

    @property
    def opcode(self) -> str:
        """``continuation text binary close ping pong`` or ``unknown-N``."""
        return OPCODE_NAMES[self.opcode_number]

    @property
    def text(self) -> str:
        """The payload as text; bytes that are not UTF-8 become U+FFFD."""
        return self.payload.decode(errors="replace")

    def drop(self) -> None:
        """Do not forward it."""
        self._changeable()
        self.dropped = True
        self.rewritten = None

    def rewrite(self, payload: bytes | str) -> None:
        """Forward this payload instead.

        Raises:
            ValueError: nobody may send that: more than 125 bytes in a control frame (§5.5), a code
                or reason that is none in a Close frame (§7.4), a text that is not UTF-8 in place
                of one that is (§8.1).
        """
        self._changeable()
        payload = payload.encode() if isinstance(payload, str) else bytes(payload)
        if self.opcode_number & 0x08 and len(payload) > 125:
            raise ValueError("a control frame's payload is at most 125 bytes (RFC 6455 5.5)")
        if self.opcode_number == CLOSE and parse_close(payload).violation:
            raise ValueError("a Close frame has a valid code and a reason in UTF-8 (RFC 6455 7.4)")
        if self.opcode_number == TEXT and self.kind == "message" and self.violation is None:
            validator = Utf8Validator()
            if not validator.feed(payload) or not validator.finish():
                raise ValueError("a text message is UTF-8 (RFC 6455 8.1)")
        self.rewritten = payload
        self.dropped = False

    def close(self, code: int = 1008, reason: str = "") -> None:
        """Do not forward it, and close the connection with this code towards both sides."""
        if len(reason.encode()) > 123:
            raise ValueError("a close reason is at most 123 bytes (RFC 6455 5.5.1)")
        if not is_valid_on_wire(code):
            raise ValueError(f"close code {code} may not be sent (RFC 6455 7.4)")
        self.closing = Close(code, reason)

    @property
    def final(self) -> bytes:
        """The payload that is forwarded, if any is."""
        return self.payload if self.rewritten is None else self.rewritten

    @property
    def unchanged(self) -> bool:
        return not self.dropped and self.rewritten is None and self.closing is None

    def _changeable(self) -> None:
        if self.kind == "frame" and self.compressed and not self.opcode_number & 0x08:
            raise UnchangeableFrame(UnchangeableFrame.__doc__)
