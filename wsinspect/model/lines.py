"""Frames as JSON lines, fast: what repeats is rendered once, numbers go in by ``%d``.

Owns: the text of a ``websocket`` line. Must not know: where it goes. ``events.FrameLine`` is the
schema that every line obeys (``tests/model/test_lines.py``). About 0.3 µs a line (``make bench``).
"""

from __future__ import annotations

from collections.abc import Sequence

from wsinspect.model.connection import Connection
from wsinspect.model.events import encode, second_text, timestamp
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.protocol.reader import Record, Shape

__all__ = ["FrameLines"]

_HEAD = b'{"timestamp":"%b","event_type":"websocket",%b,"websocket":{'
_ONE_HEAD = _HEAD.replace(b"%b", b"%b%06dZ", 1)
_ONE = _ONE_HEAD + b"%b%d}}\n"
_ONE_MASKED = _ONE_HEAD + b'"mask":%d,%b%d}}\n'
_TAILS_LIMIT = 4096  # shapes remembered; a size that never repeats must not grow it for ever


class FrameLines:
    """Renders the frames of all connections in one direction."""

    __slots__ = ("_direction", "_lost", "_tails")

    def __init__(self, direction: str) -> None:
        self._direction = direction
        self._tails: dict[Shape, bytes] = {}
        self._lost: dict[Shape, bytes] = {}

    def render(
        self,
        connection: Connection,
        now_ns: int,
        seq: int,
        records: Sequence[Record],
        forwarded: bool,
    ) -> bytes:
        """The lines of ``records``, the first of which is number ``seq`` of its direction."""
        tails = self._tails if forwarded else self._lost
        mask, shape = records[0]
        try:
            if len(records) == 1:
                # A chunk of one frame: interactive traffic. One format, nothing joined.
                second, rest_ns = divmod(now_ns, 1_000_000_000)
                text = second_text(second)
                micros = rest_ns // 1000
                envelope = connection.envelope
                if mask >= 0:
                    return _ONE_MASKED % (text, micros, envelope, mask, tails[shape], seq)
                return _ONE % (text, micros, envelope, tails[shape], seq)
            head = _HEAD % (timestamp(now_ns), connection.envelope)
            if mask >= 0:
                head_masked = head + b'"mask":'
                return b"".join(
                    [
                        b"%b%d,%b%d}}\n" % (head_masked, mask, tails[shape], seq)
                        for seq, (mask, shape) in enumerate(records, seq)
                        if mask >= 0 or _mixed()
                    ]
                )
            return b"".join(
                [
                    b"%b%b%d}}\n" % (head, tails[shape], seq)
                    for seq, (mask, shape) in enumerate(records, seq)
                    if mask < 0 or _mixed()
                ]
            )
        except KeyError:
            head = _HEAD % (timestamp(now_ns), connection.envelope)
            return self._render_slowly(head, seq, records, forwarded=forwarded)

    def _render_slowly(
        self, head: bytes, seq: int, records: Sequence[Record], *, forwarded: bool
    ) -> bytes:
        """As ``render``, for shapes that were not seen before or a mix of masked and not."""
        tails = self._tails if forwarded else self._lost
        if len(tails) > _TAILS_LIMIT:
            tails.clear()
        lines = []
        for number, (mask, shape) in enumerate(records, seq):
            tail = tails.get(shape)
            if tail is None:
                tail = tails[shape] = self._tail(shape, forwarded=forwarded)
            if mask >= 0:
                lines.append(b'%b"mask":%d,%b%d}}\n' % (head, mask, tail, number))
            else:
                lines.append(b"%b%b%d}}\n" % (head, tail, number))
        return b"".join(lines)

    def _tail(self, shape: Shape, *, forwarded: bool) -> bytes:
        b0, payload_len, frame_len, violation = shape
        ws: dict[str, object] = {
            "direction": self._direction,
            "rsv": b0 >> 4 & 7,
            "payload_len": payload_len,
            "frame_len": frame_len,
            "forwarded": forwarded,
        }
        if violation is not None:
            ws["violation"] = violation
        return b'"fin":%b,"opcode":"%b"},"ws":%b,"seq":' % (
            b"true" if b0 & 0x80 else b"false",
            OPCODE_NAMES[b0 & 0x0F].encode(),
            encode(ws)[:-1],
        )


def _mixed() -> bool:
    """Leave the fast path: this chunk mixes masked and unmasked frames."""
    raise KeyError
