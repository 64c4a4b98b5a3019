"""Read one direction of a WebSocket connection in place: frames, messages, violations.

Owns: the walk over the bytes (RFC 6455 §5.2), fragmentation (§5.4), control frames (§5.5), UTF-8 of
text (§8.1) and the decompressed view of a message (RFC 7692). Must not know: the other direction,
sockets, clocks, logs, policies. A violation is a recorded word, never an exception: the bytes
may be garbage and the walk goes on as long as a frame structure can be made out.

This is the hot path of the product: about 0.5 µs a frame (``make bench``), of which half is
unmasking and checking text. What buys it: one pass over the caller's chunk without copying it,
one tuple for each frame, and all that is unusual in methods of its own (``_unusual``).

Memory: a frame of up to ``whole_frame_limit`` bytes that is cut by the end of a chunk is kept
until its rest arrives; a larger one is read in pieces as they come and never kept.
"""

from __future__ import annotations

from websockets.frames import apply_mask  # type: ignore[attr-defined]

from wsinspect.protocol.frames import header_violation
from wsinspect.protocol.messages import MessageFacts, MessageJoiner
from wsinspect.protocol.opcodes import CLOSE, PING, PONG
from wsinspect.protocol.records import Control, LargeFrame, Piece, Record, Shape, Whole

__all__ = ["Control", "FrameReader", "LargeFrame", "Piece", "Record", "Shape", "Whole"]

WHOLE_FRAME_LIMIT = 64 * 1024
PREVIEW_LIMIT = 512
_INTERACTIVE_LEN = 8192  # a chunk so small is often just one frame

# Header length (2–14 bytes) by the second byte: length form and mask bit (§5.2).
_HEADER_LEN = tuple(
    2 + (4 if b1 & 0x80 else 0) + {126: 2, 127: 8}.get(b1 & 0x7F, 0) for b1 in range(256)
)
_from_bytes = int.from_bytes


class FrameReader:
    """Reads one direction.

    ``masked`` says what this direction's frames must be: True to the server, False to the
    client (§5.1). ``joiner`` keeps the state between fragments. ``rsv_reserved`` is False where
    an extension that we do not know was negotiated and any RSV bit may be legal.

    After each :meth:`walk`: ``frames``, ``payload_bytes``, ``wire_bytes``, ``violations`` (frames
    with one) and ``message_bytes`` (content of finished messages) are totals since the start;
    ``controls`` the control frames of this chunk; ``finished`` its finished messages (only with
    ``tell_messages``, or ``tap`` and ``preview``); ``wholes`` (only with ``keep``) a :class:`Whole`
    for each record, but of a large frame its :class:`Piece` entries; ``previews`` one entry a
    record (only with ``preview``); ``tapped`` (only with ``tap``) opcode and content of finished
    messages that are not in ``finished``, and of frames with a reserved opcode;
    ``tapped_seqs`` says what frames these are: from entry ``i`` on of an ``(i, seq)`` they are the
    frames from ``seq`` on (of a fragmented message the first), at its begin those of the chunk.

    ``largest_frame_len`` is the payload of the largest data frame of more than 125 bytes, 0 if
    there was none: what it costs is paid by frames of that size, and the joiner's ``largest_len``
    is kept in the same step. ``breaches`` counts violations by word. ``with_data``: the last chunk
    with control frames had data frames, too.
    """

    __slots__ = (
        "breaches",
        "closed",
        "controls",
        "early",
        "finished",
        "frames",
        "joiner",
        "keep",
        "large",
        "largest_frame_len",
        "masked",
        "payload_bytes",
        "preview",
        "previews",
        "rsv_reserved",
        "tap",
        "tapped",
        "tapped_seqs",
        "tell_messages",
        "violations",
        "whole_frame_limit",
        "wholes",
        "wire_bytes",
        "with_data",
        "_beside",
        "_larger_than",
        "_missing",
        "_parts",
    )

    def __init__(self, *, masked: bool, joiner: MessageJoiner, rsv_reserved: bool = True) -> None:
        self.masked = masked
        self.joiner = joiner
        joiner.foreign_rsv = not rsv_reserved
        self.rsv_reserved = rsv_reserved
        self.frames = 0
        self.payload_bytes = 0
        self.wire_bytes = 0
        self.violations = 0
        self.breaches: dict[str, int] | None = None
        self.largest_frame_len = 0
        self._larger_than = 125  # a longer payload is the largest of something
        self.with_data = False
        self._beside = 0  # bytes of content beyond those of payload
        self.closed = False
        self.controls: list[Control] = []
        self.finished: list[MessageFacts] = []
        self.wholes: list[Whole | Piece] = []
        self.previews: list[bytes | None] = []  # None: put there by who may not show it
        self.keep = False
        self.early = False  # a large frame's record comes with its header, not at its end
        self.preview = False
        self.tap = False
        self.tapped: list[tuple[int, bytes]] = []
        self.tapped_seqs: list[tuple[int, int]] = []
        self.tell_messages = False
        self.whole_frame_limit = WHOLE_FRAME_LIMIT
        self.large: LargeFrame | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    @property
    def message_bytes(self) -> int:
        """Bytes that the application got in finished messages: joined and decompressed."""
        return self.payload_bytes + self._beside

    @property
    def unfinished_len(self) -> int:
        """Bytes read of a frame that is not complete yet; 0 at a frame boundary."""
        if self.large is not None:
            return self.large.seen_len
        return sum(map(len, self._parts))

    def tail(self) -> bytes:
        """The bytes of a small frame that is not complete yet."""
        return b"".join(self._parts)

    def walk(self, data: bytes) -> list[Record]:  # noqa: C901 - one loop, no calls: hot path
        """Read ``data`` and return the frames that it completes, in order. Never raises."""
        if len(data) < _INTERACTIVE_LEN and not self._parts and self.large is None:
            record = self._just_one(data)
            if record is not None:
                return [record]
        records: list[Record] = []
        if self._parts:
            if len(self._parts[-1]) < _INTERACTIVE_LEN:
                self._parts[-1] += data  # crumbs would cost many times their length
            else:
                self._parts.append(data)
            if len(data) < self._missing:
                self._missing -= len(data)
                return records
            data = b"".join(self._parts)
            self._parts.clear()
        append = records.append
        pos = 0
        n = len(data)
        if self.large is not None:
            pos = self._continue_large(data, records)
        counted = len(records)
        joiner = self.joiner
        mask_bit = 0x80 if self.masked else 0
        unusual = self.keep or self.preview or self.tell_messages or self.closed
        tap = self.tapped.append if self.tap else None
        payload_bytes = 0
        first = pos

        while n - pos > 1:
            b0 = data[pos]
            b1 = data[pos + 1]
            start = pos + _HEADER_LEN[b1]
            if start > n:
                self._missing = start - n
                break
            payload_len = b1 & 0x7F
            if payload_len > 125:
                payload_len = _from_bytes(data[pos + 2 : pos + (4 if payload_len == 126 else 10)])
                if payload_len > self._larger_than and start + payload_len <= n:
                    self._larger(b0, payload_len)
            end = start + payload_len
            if end > n:
                if end - pos > self.whole_frame_limit:
                    self._totals(len(records) - counted, payload_bytes, pos - first)
                    if self.controls:
                        self.with_data = len(records) > len(self.controls)
                    self._begin_large(data, pos, start, payload_len, records)
                    return records
                self._missing = end - n
                break
            # The usual: an unfragmented data message, uncompressed, masked as it should be,
            # in the shortest length form. All else goes the long way.
            if (
                (b0 == 0x81 or b0 == 0x82)
                and b1 & 0x80 == mask_bit
                and not unusual
                and not joiner.opcode
                and (b1 & 0x7F < 126 or payload_len > (0xFFFF if b1 & 0x7F == 127 else 125))
            ):
                if mask_bit:
                    key = data[start - 4 : start]
                    if b0 == 0x81:
                        text = apply_mask(data[start:end], key)
                        if tap is not None:
                            tap((1, text))
                        if not text.isascii() and not joiner.is_utf8(text):
                            shape = (b0, payload_len, end - pos, "invalid-utf8")
                            append((_from_bytes(key), shape))
                            joiner.messages += 1
                            self._breached("invalid-utf8")
                            payload_bytes += payload_len
                            pos = end
                            continue
                    elif tap is not None:
                        tap((2, apply_mask(data[start:end], key)))
                    append((_from_bytes(key), (b0, payload_len, end - pos, None)))
                else:
                    violation = None
                    if b0 == 0x81:
                        text = data[start:end]
                        if not text.isascii() and not joiner.is_utf8(text):
                            violation = "invalid-utf8"
                            self._breached(violation)
                    if tap is not None:
                        tap((b0 & 3, data[start:end]))
                    append((-1, (b0, payload_len, end - pos, violation)))
                joiner.messages += 1
            else:
                seq = self.frames + len(records) - counted
                append(self._unusual(data, pos, start, end, seq))
                unusual = unusual or self.closed
            payload_bytes += payload_len
            pos = end
        else:
            if pos < n:
                self._missing = 1
        self._totals(len(records) - counted, payload_bytes, pos - first)
        if self.controls:
            self.with_data = len(records) > len(self.controls)
        if pos < n:
            self._parts.append(data[pos:] if pos else data)
        return records

    def _just_one(self, data: bytes) -> Record | None:
        """Interactive traffic: ``data`` is one usual frame and nothing else. Else None.

        The same as the loop in :meth:`walk`, without its set-up.
        """
        n = len(data)
        if n < 2:
            return None
        b0 = data[0]
        b1 = data[1]
        payload_len = b1 & 0x7F
        if payload_len > 125:
            payload_len = _from_bytes(data[2:4])
            if b1 & 0x7F == 127 or payload_len < 126:
                return None
            if payload_len > self._larger_than and n == _HEADER_LEN[b1] + payload_len:
                self._larger(b0, payload_len)
        joiner = self.joiner
        if (
            n != _HEADER_LEN[b1] + payload_len
            or (b0 != 0x81 and b0 != 0x82)
            or joiner.opcode
            or (b1 > 0x7F) is not self.masked
            or self.keep
            or self.preview
            or self.tell_messages
            or self.closed
        ):
            return None
        mask = -1
        payload = data[n - payload_len :]
        if b1 > 0x7F:
            key = data[n - payload_len - 4 : n - payload_len]
            mask = _from_bytes(key)
            if b0 == 0x81 or self.tap:
                payload = apply_mask(payload, key)
        violation = None
        if self.tap:
            self.tapped.append((b0 & 3, payload))
        if b0 == 0x81 and not payload.isascii() and not joiner.is_utf8(payload):
            violation = "invalid-utf8"
            self._breached(violation)
        joiner.messages += 1
        self.frames += 1
        self.payload_bytes += payload_len
        self.wire_bytes += n
        return mask, (b0, payload_len, n, violation)

    def _totals(self, frames: int, payload_bytes: int, wire_bytes: int) -> None:
        self.frames += frames
        self.payload_bytes += payload_bytes
        self.wire_bytes += wire_bytes

    def _larger(self, b0: int, payload_len: int) -> None:
        """The payload of a whole frame is longer than all before, or its message may be."""
        if b0 & 0x0F > 2:
            return
        joiner = self.joiner
        if payload_len > self.largest_frame_len:
            self.largest_frame_len = payload_len
        if (b0 == 0x81 or b0 == 0x82) and payload_len > joiner.largest_len:
            joiner.largest_len = payload_len
        self._larger_than = max(125, min(self.largest_frame_len, joiner.largest_len))

    def _breached(self, violation: str) -> None:
        self.violations += 1
        if self.breaches is None:
            self.breaches = {}
        self.breaches[violation] = self.breaches.get(violation, 0) + 1

    # --- everything that is not the usual ---

    def _unusual(self, data: bytes, pos: int, start: int, end: int, seq: int) -> Record:
        """One whole frame, number ``seq``: any opcode, any state."""
        b0, b1 = data[pos], data[pos + 1]
        payload = data[start:end]
        mask = -1
        if b1 & 0x80:
            key = data[start - 4 : start]
            mask = _from_bytes(key)
            payload = apply_mask(payload, key)
        violation = self._header_violation(b0, b1, end - start)
        self._beside -= end - start
        if b0 & 0x08:
            violation = self._control(b0, payload, violation, seq)
        if b0 & 0x08 or b0 & 0x07 > 2:  # a reserved data opcode (§5.2) is recorded, no message
            if self.keep:
                self.wholes.append(Whole(data[pos:end], payload))
            elif self.tap and not b0 & 0x08:
                self.tapped_seqs.append((len(self.tapped), seq))
                self.tapped.append((b0 & 7, payload))
        else:
            joiner = self.joiner
            begun = joiner.frame_begins(b0, end - pos, seq)
            opcode, compressed, first_seq = joiner.opcode, joiner.compressed, joiner.first_seq
            content, wrong = joiner.payload_piece(payload, last=b0 > 0x7F)
            message, wrong_end = joiner.frame_ends(b0, end - start)
            violation = violation or begun or wrong or wrong_end
            if message is not None:
                self._finished(message)
            if self.keep:
                self.wholes.append(
                    Whole(data[pos:end], payload, content, message, opcode, compressed, first_seq)
                )
        if self.tap:
            self.tapped_seqs.append((len(self.tapped), seq + 1))
        if self.preview:
            self.previews.append(payload[:PREVIEW_LIMIT])
        if violation is not None:
            self._breached(violation)
        return mask, (b0, end - start, end - pos, violation)

    def _finished(self, message: MessageFacts) -> None:
        self._beside += message.payload_len
        if self.tell_messages or (self.tap and self.preview):
            self.finished.append(message)
        elif self.tap and message.payload is not None:
            self.tapped_seqs.append((len(self.tapped), message.first_seq))
            self.tapped.append((message.opcode, message.payload))

    def _header_violation(self, b0: int, b1: int, payload_len: int) -> str | None:
        if self.closed:
            return "after-close"  # §5.5.1: no data after a Close frame
        # RSV1 marks the first frame of a compressed message (RFC 7692 §6); all else is unknown.
        known = 0x40 if self.joiner.deflate and 0 < b0 & 0x0F < 3 else 0
        reserved = 0x70 & ~known if self.rsv_reserved else 0
        return header_violation(b0, b1, payload_len, masked=self.masked, reserved=reserved)

    def _control(self, b0: int, payload: bytes, violation: str | None, seq: int) -> str | None:
        opcode = b0 & 0x0F
        if opcode == CLOSE:
            violation = violation or self.joiner.close_violation(payload)
            self.controls.append(Control(CLOSE, payload[:PREVIEW_LIMIT], violation, seq))
            self.closed = True
        elif opcode in (PING, PONG):
            self.controls.append(Control(opcode, payload[:PREVIEW_LIMIT], violation, seq))
        return violation

    # --- frames too large to keep ---

    def _begin_large(
        self, data: bytes, pos: int, start: int, payload_len: int, records: list[Record]
    ) -> None:
        b0, b1 = data[pos], data[pos + 1]
        key = data[start - 4 : start] if b1 & 0x80 else b""
        violation = self._header_violation(b0, b1, payload_len)
        if payload_len >> 63:
            violation = violation or "length-msb"  # §5.2: the most significant bit must be 0
        if not b0 & 0x08 and b0 & 0x07 < 3:
            begun = self.joiner.frame_begins(b0, start - pos + payload_len, self.frames)
            violation = violation or begun
        self.large = LargeFrame(b0, key, payload_len, start - pos, violation)
        self.large.first_seq = self.joiner.first_seq
        if self.early:
            records.append(self.large.record)
        self._large_piece(data[pos:], data[start:], records, first=True)

    def _continue_large(self, data: bytes, records: list[Record]) -> int:
        """Feed the open large frame; return where the next frame begins in ``data``."""
        large = self.large
        assert large is not None
        piece = data[: large.payload_len - large.offset]
        self._large_piece(piece, piece, records, first=False)
        return len(piece)

    def _large_piece(self, raw: bytes, piece: bytes, records: list[Record], *, first: bool) -> None:
        large = self.large
        assert large is not None
        if large.key:
            turn = large.offset & 3
            piece = apply_mask(piece, large.key[turn:] + large.key[:turn])
        if len(large.start) < PREVIEW_LIMIT:
            large.start += piece[: PREVIEW_LIMIT - len(large.start)]
        large.offset += len(piece)
        ended = large.offset == large.payload_len
        content = None
        if not large.b0 & 0x08 and large.b0 & 0x07 < 3:
            content, wrong = self.joiner.payload_piece(piece, last=large.b0 > 0x7F and ended)
            large.violation = large.violation or wrong
        if ended:
            self._end_large(large, records)
        if self.keep:
            self.wholes.append(Piece(raw, large, first, ended, content))

    def _end_large(self, large: LargeFrame, records: list[Record]) -> None:
        self.large = None
        self._totals(1, large.payload_len, large.header_len + large.payload_len)
        self._beside -= large.payload_len
        if large.b0 & 0x08:
            seq = self.frames - 1
            large.violation = self._control(large.b0, large.start, large.violation, seq)
        elif large.b0 & 0x07 < 3:
            self._larger(large.b0, large.payload_len)
            large.message, wrong = self.joiner.frame_ends(large.b0, large.payload_len)
            large.violation = large.violation or wrong
            if large.message is not None:
                self._finished(large.message)
        if self.tap:
            self.tapped_seqs.append((len(self.tapped), self.frames))
        if large.violation is not None:
            self._breached(large.violation)
        if not self.early:
            records.append(large.record)
            if self.preview:
                self.previews.append(large.start)

    # --- the end ---

    def cut_off(self) -> tuple[Record, Whole] | None:
        """What is there of an unfinished small frame, when no more will come; call it once.

        None where not even its header is complete.
        """
        data = self.tail()
        if len(data) < 2 or len(data) < (start := _HEADER_LEN[data[1]]):
            return None
        form = data[1] & 0x7F
        payload_len = form if form < 126 else _from_bytes(data[2 : 4 if form == 126 else 10])
        b0, b1, payload = data[0], data[1], data[start:]
        violation = self._header_violation(b0, b1, payload_len)
        key = data[start - 4 : start] if b1 & 0x80 else b""
        if key:
            payload = apply_mask(payload, key)
        whole = Whole(data, payload)
        if not b0 & 0x08 and b0 & 0x07 < 3:
            joiner = self.joiner
            begun = joiner.frame_begins(b0, start + payload_len, self.frames)
            content, wrong = joiner.payload_piece(payload, last=False)
            violation = violation or begun or wrong
            whole = Whole(
                data, payload, content, None, joiner.opcode, joiner.compressed, joiner.first_seq
            )
        mask = _from_bytes(key) if key else -1
        return (mask, (b0, payload_len, start + payload_len, violation)), whole
