"""Write messages anew so that the stream stays legal (RFC 6455 §5.4, RFC 7692 §7.2).

Owns: encoding of changed or injected messages for one direction, and the compressor that takes
over once a compressed message was changed or dropped. Must not know: why it was changed.
"""

from __future__ import annotations

import os

from wsinspect.protocol.deflate import Deflater
from wsinspect.protocol.frames import encode_frame
from wsinspect.protocol.opcodes import CONTINUATION, TEXT

__all__ = ["MessageWriter"]


class MessageWriter:
    """Writes frames for one direction; masks them where they go to the server (§5.3).

    ``deflater`` is None where permessage-deflate was not negotiated. ``recompress`` is set from
    the first compressed message that did not pass as it came: the receiver's window no longer is
    the sender's, so every later compressed message must be compressed here. Without context
    takeover each message stands alone and the others still pass as they came.
    """

    __slots__ = ("context_takeover", "deflater", "masked", "recompress")

    def __init__(self, *, masked: bool, deflater: Deflater | None, context_takeover: bool) -> None:
        self.masked = masked
        self.deflater = deflater
        self.context_takeover = context_takeover
        self.recompress = False

    def lost_window(self) -> None:
        """A compressed message did not reach the receiver as the sender wrote it."""
        if self.context_takeover:
            self.recompress = True

    def frame(self, opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0) -> bytes:
        mask = os.urandom(4) if self.masked else None  # §5.3: must not be predictable
        return encode_frame(opcode, payload, fin=fin, rsv=rsv, mask=mask)

    def message(
        self,
        opcode: int,
        payload: bytes,
        *,
        compressed: bool,
        fragment_lens: list[int],
        fin: bool = True,
    ) -> list[bytes]:
        """The frames of a data message, cut where the original was cut.

        ``fragment_lens`` are the payload lengths of the original's frames on the wire; each entry
        gives one frame. Text is cut between characters: legal either way (§5.6), but kinder.
        ``fin`` is False for a message that was cut off: its last frame never came.
        """
        rsv = 0
        if compressed and self.deflater is not None:
            payload = self.deflater.compress(payload)
            rsv = 4
        cuts = _cuts(payload, fragment_lens, text=opcode == TEXT and not rsv)
        last = len(cuts) - 2
        return [
            self.frame(
                CONTINUATION if i else opcode,
                payload[cuts[i] : cuts[i + 1]],
                fin=fin and i == last,
                rsv=0 if i else rsv,
            )
            for i in range(last + 1)
        ]


def _cuts(payload: bytes, fragment_lens: list[int], *, text: bool) -> list[int]:
    cuts = [0]
    for length in fragment_lens[:-1]:
        cut = min(cuts[-1] + length, len(payload))
        while text and cut < len(payload) and payload[cut] & 0xC0 == 0x80:
            cut += 1
        cuts.append(cut)
    cuts.append(len(payload))
    return cuts
