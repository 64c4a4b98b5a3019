"""permessage-deflate, one direction of one connection (RFC 7692 section 7.2).

Owns the LZ77 window of that direction and the cap on what a message may inflate to. It must not
know frames, RSV bits or negotiation: it is handed payload of compressed messages only.

Reading is as wide as any receiver reads. zlib always gets a 32 KiB window: with the negotiated
smaller one it accepts or refuses a reference that reaches too far back depending on how the input
was cut into pieces, and a receiver with a wide window would read what we could not.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from wsinspect.protocol.errors import DeflateError, OutputLimit

if TYPE_CHECKING:
    from zlib import _Compress, _Decompress

__all__ = ["TAIL", "Deflater", "Inflater"]

#: The end of an empty stored block, left out on the wire (RFC 7692 section 7.2.1).
TAIL: Final = b"\x00\x00\xff\xff"

#: Up to here one call with the tail appended is cheaper than two calls; the copy is small.
_ONE_CALL_LEN: Final = 65536
#: Input per call. After a final block zlib copies what is left of a call's input, so a message
#: of many final blocks goes in small slices: otherwise its cost would grow quadratically.
_SLICE: Final = 65536
_SLICE_AFTER_FINAL: Final = 512
#: Output per call of what is thrown away because the cap is passed.
_DISCARD: Final = 65536
#: What a piece of history costs beside its bytes, roughly: a bytes object and a list slot.
_PIECE_COST: Final = 48


class Inflater:
    """Inflates the compressed messages of one direction.

    Either ``message(payload)`` for a message that is there as a whole, or ``feed(piece)`` any
    number of times and then ``finish()``; both give the same bytes.

    **Final blocks** (BFINAL=1, RFC 7692 section 7.2.3.4) may end anywhere in a message; the window
    is carried on past them, into the next message too if there is context takeover. A message that
    ends right behind a final block, without the octet that the RFC asks for, is read as well.

    **Cap.** No more than ``max_output`` bytes of a message are ever held. The rest of a message
    that passes the cap is inflated and thrown away, since the window must follow: the message is
    unread, later ones are readable. The work for it is that of any message of its wire length.

    **Corrupt data** makes the direction unreadable for good: from then on every call raises.

    An empty compressed message (no payload at all, which RFC 7692 section 7.2.3.6 forbids) and one
    that ends inside a block leave the stream where zlib leaves it, as in zlib-based receivers.

    Memory: 32 KiB window in zlib, and at most three windows of the negotiated size as history,
    plus the output of the message at hand.

    Args:
        max_window_bits: what was negotiated for the sender, 8-15: bounds the history that is kept
            to get past final blocks.
        no_context_takeover: whether the sender starts each message with an empty window.
        max_output: the cap, in bytes per message.
    """

    __slots__ = (
        "_at_final",
        "_decoder",
        "_history",
        "_history_cost",
        "_history_max",
        "_max_output",
        "_no_context_takeover",
        "_over",
        "_produced",
        "_started",
        "_window",
        "unreadable",
    )

    def __init__(self, max_window_bits: int, no_context_takeover: bool, max_output: int) -> None:
        if not 8 <= max_window_bits <= 15:
            raise ValueError(f"max_window_bits is 8 to 15, not {max_window_bits}")
        if max_output < 0:
            raise ValueError(f"max_output is a number of bytes, not {max_output}")
        self._no_context_takeover = no_context_takeover
        self._max_output = max_output
        self._window = 1 << max_window_bits
        self._history: list[bytes] = []
        self._history_cost = 0
        self._history_max = 2 * self._window + 1024
        #: Whether corrupt data has ended the reading of this direction.
        self.unreadable = False
        self._decoder: _Decompress = zlib.decompressobj(-15)
        self._at_final = False
        self._over = False
        self._produced = 0
        self._started = False

    def message(self, payload: bytes) -> bytes:
        """Inflate one message, given as a whole; or the last piece of one begun with ``feed``.

        Raises:
            OutputLimit: it inflates to more than the cap; later messages are readable.
            DeflateError: corrupt data; the direction is unreadable.
        """
        if self._started or self.unreadable or len(payload) > _ONE_CALL_LEN:
            return self._message_in_steps(payload)
        decoder = self._decoder
        try:
            output = decoder.decompress(payload + TAIL, self._max_output + 1)
        except zlib.error as error:
            raise self._corrupt(error) from error
        if decoder.eof or len(output) > self._max_output:
            return self._message_continued(output)
        if self._no_context_takeover:
            self._decoder = zlib.decompressobj(-15)
        else:
            self._history.append(output)
            self._history_cost += len(output) + _PIECE_COST
            if self._history_cost > self._history_max:
                self._compact()
        return output

    def feed(self, piece: bytes) -> bytes:
        """Inflate the next piece of a message's payload, cut anywhere.

        Raises:
            OutputLimit: once, with the piece that passes the cap; that piece's output is
                dropped, and until ``finish`` there is none (``b""``).
            DeflateError: corrupt data; the direction is unreadable.
        """
        self._started = True
        return self._checked(self._run(piece, 0))

    def finish(self) -> bytes:
        """End the message: the output that was still missing, mostly ``b""``.

        Raises:
            OutputLimit: only this last output passes the cap. The message is ended all the
                same.
            DeflateError: corrupt data; the direction is unreadable.
        """
        pieces = self._run(TAIL, len(TAIL))
        self._end_message()
        return self._checked(pieces)

    def _message_in_steps(self, payload: bytes) -> bytes:
        try:
            output = self.feed(payload)
        except OutputLimit:
            self.finish()
            raise
        rest = self.finish()
        return output + rest if rest else output

    def _message_continued(self, output: bytes) -> bytes:
        """``message`` hit the cap or a final block after ``output``: go on from there."""
        decoder = self._decoder
        pieces: list[bytes] | None = [output]
        self._produced = len(output)
        self._remember(output)
        if self._produced > self._max_output:
            self._over = True
            pieces = None
        if decoder.eof:
            self._at_final = True
            rest = self._run(decoder.unused_data, len(TAIL))
        else:
            rest = self._run(decoder.unconsumed_tail, len(TAIL), output_pending=True)
        self._end_message()
        if pieces is None or rest is None:
            raise OutputLimit(self._max_output)
        return b"".join(pieces + rest)

    def _run(self, data: bytes, tail_len: int, output_pending: bool = False) -> list[bytes] | None:
        """Inflate all of ``data``: its output, or None if the cap is passed in here.

        The last ``tail_len`` bytes of it are the tail. They close an open block; after a final
        block they mean nothing, and must not begin a new stream.
        """
        if self.unreadable:
            raise DeflateError("this direction had corrupt compressed data before")
        pieces: list[bytes] = []
        crossed = False
        position, end, step = 0, len(data), _SLICE
        while position < end or output_pending:
            if self._at_final:
                if end - position <= tail_len:
                    break
                self._restart()
                step = _SLICE_AFTER_FINAL
            decoder = self._decoder
            room = _DISCARD if self._over else self._max_output - self._produced + 1
            piece = data[position : position + step]
            try:
                output = decoder.decompress(piece, room)
            except zlib.error as error:
                raise self._corrupt(error) from error
            position += len(piece)
            output_pending = False
            if decoder.eof:
                position -= len(decoder.unused_data)
                self._at_final = True
            elif len(output) == room:
                position -= len(decoder.unconsumed_tail)
                output_pending = True
            self._remember(output)
            if self._over:
                continue
            self._produced += len(output)
            if self._produced > self._max_output:
                self._over = crossed = True
                pieces.clear()
            elif output:
                pieces.append(output)
        return None if crossed else pieces

    def _checked(self, pieces: list[bytes] | None) -> bytes:
        if pieces is None:
            raise OutputLimit(self._max_output)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _end_message(self) -> None:
        if self._no_context_takeover:
            self._history.clear()
            self._history_cost = 0
            self._decoder = zlib.decompressobj(-15)
            self._at_final = False
        elif self._at_final:
            self._restart()
        self._over = self._started = False
        self._produced = 0

    def _restart(self) -> None:
        """Begin a new stream behind a final block, with the window of the one before."""
        self._compact()
        if self._history:
            self._decoder = zlib.decompressobj(-15, zdict=self._history[0])
        else:
            self._decoder = zlib.decompressobj(-15)
        self._at_final = False

    def _remember(self, output: bytes) -> None:
        if output:
            self._history.append(output)
            self._history_cost += len(output) + _PIECE_COST
            if self._history_cost > self._history_max:
                self._compact()

    def _compact(self) -> None:
        """Cut the history down to one piece of at most a window."""
        if len(self._history) == 1 and len(self._history[0]) <= self._window:
            return
        kept: list[bytes] = []
        missing = self._window
        for piece in reversed(self._history):
            if not missing:
                break
            kept.append(piece[-missing:])
            missing -= len(kept[-1])
        self._history = [b"".join(reversed(kept))] if kept else []
        self._history_cost = self._window - missing + _PIECE_COST

    def _corrupt(self, error: zlib.error) -> DeflateError:
        self.unreadable = True
        self._history.clear()
        self._decoder = zlib.decompressobj(-15)
        return DeflateError(f"corrupt compressed data: {error}")


class Deflater:
    """Compresses the messages of one direction.

    The output is legal for a receiver that has any history, since a fresh compressor refers only
    to what it wrote itself: the relay can start one in the middle of a connection.

    Args:
        max_window_bits: what was negotiated for this sender, 8-15.
        no_context_takeover: whether each message must start with an empty window.
        level: zlib's compression level, -1 (default) or 0-9.
    """

    __slots__ = ("_encoder", "_level", "_max_window_bits", "_no_context_takeover")

    def __init__(self, max_window_bits: int, no_context_takeover: bool, *, level: int = -1) -> None:
        if not 8 <= max_window_bits <= 15:
            raise ValueError(f"max_window_bits is 8 to 15, not {max_window_bits}")
        self._max_window_bits = max_window_bits
        self._no_context_takeover = no_context_takeover
        self._level = level
        self._encoder: _Compress | None = None

    def compress(self, payload: bytes) -> bytes:
        """The payload of a compressed message (RFC 7692 section 7.2.1), the tail removed.

        The caller sets RSV1 on the message's first frame and may cut the bytes into fragments.
        """
        if not payload:
            return b"\x00"  # RFC 7692 section 7.2.3.6
        encoder = self._encoder
        if encoder is None:
            encoder = self._new_encoder()
            if not self._no_context_takeover:
                self._encoder = encoder
        return (encoder.compress(payload) + encoder.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def _new_encoder(self) -> _Compress:
        if self._max_window_bits > 8:
            return zlib.compressobj(self._level, zlib.DEFLATED, -self._max_window_bits)
        # zlib has no raw window of 256 bytes (it refuses -8). Z_RLE refers one byte back and no
        # further, which is legal in any window.
        return zlib.compressobj(self._level, zlib.DEFLATED, -9, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
