"""A second reader of frames, written for clarity: the whole stream at once, byte after byte.

Shares no code with wsinspect. Compressed messages are read only if they are legal.
"""

import zlib
from dataclasses import dataclass, field

CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


@dataclass
class Seen:
    """What a direction held."""

    records: list[tuple[int, tuple[int, int, int, str | None]]] = field(default_factory=list)
    messages: list[tuple[int, bytes]] = field(default_factory=list)
    controls: list[tuple[int, bytes]] = field(default_factory=list)
    left: int = 0  # bytes of an unfinished frame


def read(  # noqa: C901 - one walk, to be read from top to bottom
    data: bytes, *, masked: bool, deflate: bool = False, takeover: bool = True
) -> Seen:
    """All that is in ``data``, the breaches by wsinspect's words."""
    seen = Seen()
    pos = 0
    closed = False
    opened = 0  # opcode of the open message
    compressed = False
    bad = False
    parts: list[bytes] = []
    inflate = zlib.decompressobj(-15)
    while True:
        seen.left = len(data) - pos
        if seen.left < 2:
            return seen
        b0, b1 = data[pos], data[pos + 1]
        form, at = b1 & 127, pos + 2
        payload_len = form
        if form >= 126:
            width = 2 if form == 126 else 8
            if len(data) < at + width:
                return seen
            payload_len = int.from_bytes(data[at : at + width])
            at += width
        key = None
        if b1 & 128:
            if len(data) < at + 4:
                return seen
            key = data[at : at + 4]
            at += 4
        if len(data) < at + payload_len:
            return seen
        payload = data[at : at + payload_len]
        if key is not None:
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        fin, rsv, opcode = b0 >> 7, b0 >> 4 & 7, b0 & 15
        minimal = 0 if payload_len < 126 else 126 if payload_len < 1 << 16 else 127
        breaches = [
            closed and "after-close",
            opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15) and "reserved-opcode",
            rsv and not (rsv == 4 and deflate and opcode in (1, 2)) and "rsv",
            opcode >= 8 and not fin and "control-fragmented",
            opcode >= 8 and payload_len > 125 and "control-too-long",
            masked and key is None and "unmasked",
            not masked and key is not None and "masked",
            form > 125 and form != minimal and "non-minimal-length",
        ]
        if opcode == 8:
            breaches.append(len(payload) == 1 and "close-length")
            breaches.append(
                len(payload) > 1 and int.from_bytes(payload[:2]) not in CODES and "close-code"
            )
            breaches.append(_hopeless(payload[2:], at_end=True) and "close-utf8")
            closed = True
        if opcode in (8, 9, 10):
            seen.controls.append((opcode, payload[:512]))
        if opcode < 3:
            if opcode and opened:
                breaches.append("expected-continuation")
                parts = []
            if not opcode and not opened:
                breaches.append("unexpected-continuation")
            else:
                if opcode:
                    opened, bad, compressed = opcode, False, deflate and bool(rsv & 4)
                if compressed:
                    payload = inflate.decompress(payload + (b"\0\0\xff\xff" if fin else b""))
                    if fin and not takeover:
                        inflate = zlib.decompressobj(-15)
                parts.append(payload)
                if opened == 1 and not bad and _hopeless(b"".join(parts), at_end=bool(fin)):
                    bad = True
                    breaches.append("invalid-utf8")
                if fin:
                    seen.messages.append((opened, b"".join(parts)))
                    opened, parts = 0, []
        violation = next((breach for breach in breaches if breach), None)
        mask = -1 if key is None else int.from_bytes(key)
        frame_len = at + payload_len - pos
        seen.records.append((mask, (b0, payload_len, frame_len, violation or None)))
        pos += frame_len


def _hopeless(text: bytes, *, at_end: bool) -> bool:
    """Whether no continuation makes it UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return at_end or error.reason != "unexpected end of data"
    return False
