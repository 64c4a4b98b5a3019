"""The text in a small frame that is not complete yet (RFC 6455 §5.2, §8.1).

Owns: whether it can still become UTF-8, so that its receiver may fail fast. Must not know: what
follows from that.
"""

from __future__ import annotations

from typing import NamedTuple

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # not in its __all__

from wsinspect.protocol.frames import header_violation
from wsinspect.protocol.opcodes import TEXT
from wsinspect.protocol.reader import FrameReader

__all__ = ["PartialText", "broken_text"]


class PartialText(NamedTuple):
    """``raw``: the unfinished frame so far; ``content``: its payload, unmasked."""

    raw: bytes
    content: bytes
    frame_len: int

    def __repr__(self) -> str:  # never payload
        return f"PartialText({len(self.raw)} of {self.frame_len} bytes)"


def broken_text(reader: FrameReader) -> PartialText | None:
    """What is there of an unfinished small frame, if it is uncompressed text with a good header
    and cannot become UTF-8 any more. A character that is merely cut is no reason.
    """
    data = reader.tail()
    if len(data) < 2 or reader.closed:
        return None
    b0, b1 = data[0], data[1]
    form = b1 & 0x7F
    extended = {126: 2, 127: 8}.get(form, 0)
    start = 2 + extended + (4 if b1 & 0x80 else 0)
    if len(data) <= start:
        return None
    payload_len = int.from_bytes(data[2 : 2 + extended]) if extended else form
    joiner = reader.joiner
    opcode = b0 & 0x0F
    if opcode:
        text = opcode == TEXT and not joiner.opcode
    else:
        text = joiner.opcode == TEXT and not joiner.compressed
    if not text or header_violation(b0, b1, payload_len, masked=reader.masked, reserved=0x70):
        return None
    content = data[start:]
    if b1 & 0x80:
        content = apply_mask(content, data[start - 4 : start])
    if content.isascii() and not joiner.opcode:
        return None
    if not joiner.breaks_utf8(content):
        return None
    return PartialText(data, content, start + payload_len)
