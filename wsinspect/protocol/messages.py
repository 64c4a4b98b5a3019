"""Join frames into messages: fragmentation, decompression, UTF-8 (RFC 6455 §5.4, §8.1; RFC 7692).

Owns: what is between the first and the last frame of a message, for one direction. Must not
know: how frames are read, sockets, clocks, logs. Every breach is returned as a word; nothing is
raised, and reading goes on in the state that an endpoint would most likely assume.

Memory: nothing of a message is kept but its first bytes, unless ``keep_payload`` is set; then up
to ``payload_limit`` bytes. A message beyond that is handed on in pieces to whoever
``begin_large`` returns. Decompressed output is capped by the inflater.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from wsinspect.protocol.deflate import Inflater
from wsinspect.protocol.errors import DeflateError, OutputLimit
from wsinspect.protocol.frames import parse_close
from wsinspect.protocol.opcodes import TEXT
from wsinspect.protocol.utf8 import Utf8Validator

__all__ = ["LargeSink", "MessageFacts", "MessageJoiner"]

PAYLOAD_LIMIT = 16 * 1024 * 1024
START_LIMIT = 512


class MessageFacts(NamedTuple):
    """A finished data message. Lengths in bytes.

    ``payload_len`` is what the application gets (decompressed); ``wire_len`` what its frames took
    on the wire, headers included. ``payload`` is None where it was not kept or could not be read
    (over the limit, broken compression); ``start`` has its first bytes in any case. ``first_seq``
    and ``last_seq`` number its first and last frame among all frames of their direction.
    """

    opcode: int
    payload_len: int
    wire_len: int
    frames: int
    compressed: bool
    payload: bytes | None
    start: bytes
    violation: str | None
    seen: object = None  # the last answer of who was given it in pieces
    first_seq: int = -1
    last_seq: int = -1

    def __repr__(self) -> str:  # never payload: a repr ends up in logs and tracebacks
        return (
            f"MessageFacts(opcode={self.opcode}, payload_len={self.payload_len}, "
            f"frames={self.frames}, compressed={self.compressed}, violation={self.violation})"
        )


class LargeSink(Protocol):
    """Takes a message in pieces. ``last``: no more of it will come; asked for what it saw."""

    def feed(self, content: bytes, *, last: bool) -> object: ...


class MessageJoiner:
    """The state between the fragments of one direction.

    ``opcode`` is that of the message that is open, 0 between messages. ``messages`` counts
    finished ones. ``deflate`` tells whether permessage-deflate was negotiated; ``inflater`` is
    None without it, and where its parameters or its data turned out to be unreadable.
    ``foreign_rsv``: an extension that we do not know may own RSV bits, and where one is set, who
    knows what it did to the payload. ``start_limit``: so many bytes of a message are kept in any
    case. ``first_seq`` is the number of the open message's first frame, -1 between messages.

    Of finished messages since the start: ``largest_len`` is that of the largest (as the
    application gets it; one of up to 125 bytes in one frame may be missing), ``fragmented`` how
    many came in more than one frame; ``fragment_len`` the payload that most of their frames but
    the last had on the wire, ``fragments_alike`` how many of those, ``fragments`` of how many.
    """

    __slots__ = (
        "begin_large",
        "compressed",
        "deflate",
        "first_seq",
        "foreign_rsv",
        "fragment_len",
        "fragmented",
        "fragments",
        "fragments_alike",
        "frames",
        "inflater",
        "keep_payload",
        "largest_len",
        "last_len",
        "messages",
        "opcode",
        "payload_len",
        "payload_limit",
        "start",
        "start_limit",
        "violation",
        "wire_len",
        "_keeping",
        "_kept",
        "_large",
        "_last_seq",
        "_readable",
        "_utf8",
        "_votes",
    )

    def __init__(
        self, inflater: Inflater | None = None, *, deflate_unreadable: bool = False
    ) -> None:
        self.inflater = inflater
        self.deflate = inflater is not None or deflate_unreadable
        self.foreign_rsv = False
        self.messages = 0
        self.last_len = 0  # of the last message that was compressed or in fragments
        self.largest_len = 0
        self.fragmented = 0
        self.fragments = self.fragments_alike = self.fragment_len = 0
        self._votes = 0
        self.keep_payload = False
        self.payload_limit = PAYLOAD_LIMIT
        self.start_limit = START_LIMIT
        self.begin_large: Callable[[int, int], LargeSink | None] | None = None
        self._large: LargeSink | None = None
        self._utf8 = Utf8Validator()
        self._forget()

    def _forget(self) -> None:
        self._end_large()
        self.opcode = 0
        self.compressed = False
        self.frames = 0
        self.payload_len = 0
        self.wire_len = 0
        self.start = b""
        self.first_seq = self._last_seq = -1
        self.violation: str | None = None
        self._readable = True
        self._keeping = False
        self._kept: bytes | bytearray = b""

    # --- called by the reader, in this order for each data frame ---

    def frame_begins(self, b0: int, frame_len: int, seq: int) -> str | None:
        """The header of data frame number ``seq`` was read. Returns the breach of §5.4, if any."""
        opcode = b0 & 0x0F
        violation = None
        known_rsv = 0 if self.foreign_rsv else 0x70  # ours to read, legal or not
        if opcode:
            if self.opcode:
                violation = "expected-continuation"
                self._abandon()
            self.opcode = opcode
            self.compressed = bool(b0 & 0x40) and self.deflate
            if self.deflate:
                known_rsv |= 0x40
            self._keeping = self.keep_payload
            self.first_seq = seq
            self._utf8.reset()
        elif not self.opcode:
            return "unexpected-continuation"
        if b0 & 0x70 & ~known_rsv or (self.compressed and self.inflater is None):
            self._readable = False
        self._last_seq = seq
        self.frames += 1
        self.wire_len += frame_len
        return violation

    def payload_piece(self, piece: bytes, *, last: bool) -> tuple[bytes | None, str | None]:
        """Some payload of the open frame, unmasked. ``last``: it is the message's last.

        Returns what the application gets of it (None: it cannot be read), and what it breaks,
        once a message. The payload of a continuation frame without a message is as it is.
        """
        if not self.opcode:
            return piece, None
        if not self.compressed:
            violation = self._content(piece)
            return piece if self._readable else None, violation
        if self.inflater is None:
            return None, None
        try:
            # Also what nobody reads any more: the window must follow.
            content = self.inflater.message(piece) if last else self.inflater.feed(piece)
        except OutputLimit:
            self._readable = False
            return None, self._breach("inflate-limit")
        except DeflateError:
            # The window is lost: nothing compressed can be read in this direction any more.
            self.inflater = None
            self._readable = False
            return None, self._breach("deflate")
        if not self._readable:
            return None, None
        return content, self._content(content)

    def frame_ends(self, b0: int, payload_len: int) -> tuple[MessageFacts | None, str | None]:
        """The open frame is complete. Returns the message if this was its last frame."""
        if not b0 & 0x80 or not self.opcode:
            if self.opcode:
                self._fragment(payload_len)
            return None, None
        violation = None
        if self.opcode == TEXT and self._readable and not self._utf8.finish():
            violation = self._breach("invalid-utf8")
        kept = self._keeping and self._readable
        facts = MessageFacts(
            self.opcode,
            self.payload_len,
            self.wire_len,
            self.frames,
            self.compressed,
            bytes(self._kept) if kept else None,
            self.start,
            self.violation,
            self._end_large(),
            self.first_seq,
            self._last_seq,
        )
        self.messages += 1
        self.last_len = self.payload_len
        if self.payload_len > self.largest_len:
            self.largest_len = self.payload_len
        if self.frames > 1:
            self.fragmented += 1
        self._forget()
        return facts, violation

    def _fragment(self, payload_len: int) -> None:
        """A frame that is not its message's last. The length of most wins (Boyer and Moore)."""
        self.fragments += 1
        if payload_len == self.fragment_len:
            self._votes += 1
            self.fragments_alike += 1
        elif self._votes:
            self._votes -= 1
        else:
            self.fragment_len, self._votes, self.fragments_alike = payload_len, 1, 1

    def end(self) -> bytes:
        """The open message will never be whole. Returns what was kept of it."""
        self._end_large()
        return bytes(self._kept) if self._keeping and self._readable else b""

    # --- also asked by the reader ---

    def is_utf8(self, text: bytes) -> bool:
        """Whether a whole text message is well-formed (§8.1)."""
        try:
            text.decode()
        except UnicodeDecodeError:
            return False
        return True

    def close_violation(self, payload: bytes) -> str | None:
        """What a Close frame's payload breaks (§5.5.1, §7.4)."""
        return parse_close(payload).violation

    def breaks_utf8(self, piece: bytes) -> bool:
        """Whether the open text message, or one that begins so, cannot be UTF-8 with this next."""
        return not (self._utf8 if self.opcode else Utf8Validator()).allows(piece)

    # --- inside ---

    def _content(self, content: bytes) -> str | None:
        self.payload_len += len(content)
        if len(self.start) < self.start_limit:
            self.start += content[: self.start_limit - len(self.start)]
        if self._large is not None:
            self._large.feed(content, last=False)
        if self._keeping:
            if self.payload_len > self.payload_limit:
                self._keeping = False
                if self.begin_large is not None:
                    self._large = self.begin_large(self.opcode, self.first_seq)
                if self._large is not None:
                    self._large.feed(bytes(self._kept) + content, last=False)
                self._kept = b""
            elif not self._kept:
                self._kept = content
            else:
                if isinstance(self._kept, bytes):
                    self._kept = bytearray(self._kept)
                self._kept += content
        if (
            self.opcode == TEXT
            and self._readable
            and self.violation is None
            and not self._utf8.feed(content)
        ):
            return self._breach("invalid-utf8")
        return None

    def _end_large(self) -> object:
        large, self._large = self._large, None
        return None if large is None else large.feed(b"", last=True)

    def _breach(self, word: str) -> str | None:
        """Record the first breach of a message; later ones say nothing new."""
        if self.violation is not None:
            return None
        self.violation = word
        return word

    def _abandon(self) -> None:
        """A new message began before the open one ended: what was there is given up."""
        if self.compressed and self.inflater is not None:
            try:
                self.inflater.message(b"")
            except (DeflateError, OutputLimit):
                self.inflater = None
        self._forget()
