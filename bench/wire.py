"""Pre-built WebSocket bytes for the load: opening handshakes, frames, batches of frames.

Owns: the bytes. Must not know: sockets, proxies, wsinspect. Everything is seeded, so that two
runs send the same; masks and contents vary from frame to frame.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY: Final = "d3NpbnNwZWN0IGJlbmNoIQ=="
DEFLATE: Final = "permessage-deflate"
BATCH_BYTES: Final = 1 << 17
"""About how large a batch of frames is: one send, repeated as often as needed."""

TEXT: Final = 1
CLOSE: Final = 8


def request(target: str, port: int, *, deflate: bool = False) -> bytes:
    """A client's opening handshake."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    if deflate:
        lines.append(f"Sec-WebSocket-Extensions: {DEFLATE}")
    return "\r\n".join((*lines, "", "")).encode()


def response(head: bytes) -> bytes:
    """The answer to a client's opening handshake; takes permessage-deflate if offered."""
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + GUID).digest())
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
    ]
    if DEFLATE.encode() in headers.get(b"sec-websocket-extensions", b""):
        lines.append(b"Sec-WebSocket-Extensions: " + DEFLATE.encode())
    return b"\r\n".join((*lines, b"", b""))


def frame(payload: bytes, *, mask: bytes = b"", opcode: int = TEXT, rsv1: bool = False) -> bytes:
    """One final frame, masked if a key is given."""
    first = 0x80 | (0x40 if rsv1 else 0) | opcode
    bit = 0x80 if mask else 0
    length = len(payload)
    if length < 126:
        head = bytes((first, bit | length))
    elif length < 65536:
        head = bytes((first, bit | 126)) + length.to_bytes(2)
    else:
        head = bytes((first, bit | 127)) + length.to_bytes(8)
    return head + mask + (masked(payload, mask) if mask else payload)


def masked(payload: bytes, mask: bytes) -> bytes:
    """RFC 6455, section 5.3."""
    keys = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(len(payload))


def payloads(payload_len: int, count: int) -> Iterator[bytes]:
    """JSON texts of exactly ``payload_len`` bytes, each with other content."""
    source = random.Random(payload_len)
    for index in range(count):
        quote = {
            "id": index,
            "market": source.choice(("1X2", "over/under", "both score", "handicap")),
            "odds": [round(source.uniform(1, 20), 2) for _ in range(payload_len // 8)],
        }
        yield json.dumps(quote).encode()[: payload_len - 1].ljust(payload_len, b" ")


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames back to back; sent any number of times it is a legal stream."""

    data: bytes
    frames: int


def _batch(frames: Iterable[bytes]) -> Batch:
    listed = list(frames)
    return Batch(b"".join(listed), len(listed))


def _masks() -> Iterator[bytes]:
    source = random.Random(6455)
    while True:
        yield source.randbytes(4)


def batch(payload_len: int, *, to_server: bool = True) -> Batch:
    """Uncompressed messages of one frame each."""
    texts = payloads(payload_len, max(BATCH_BYTES // payload_len, 1))
    if to_server:
        return _batch(frame(text, mask=mask) for text, mask in zip(texts, _masks(), strict=False))
    return _batch(frame(text) for text in texts)


def compressed_batch(payload_len: int) -> Batch:
    """Messages to the server with permessage-deflate and context takeover (RFC 7692).

    The first message refers to nothing before it, so the batch may follow itself: distances
    are relative and never reach beyond its beginning.
    """
    compressor = zlib.compressobj(wbits=-15)

    def compress(text: bytes) -> bytes:
        return (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]

    texts = payloads(payload_len, BATCH_BYTES // payload_len)
    return _batch(
        frame(compress(text), mask=mask, rsv1=True)
        for text, mask in zip(texts, _masks(), strict=False)
    )
