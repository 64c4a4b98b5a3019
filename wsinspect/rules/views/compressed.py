"""Compressed bodies: gzip (RFC 1952), zlib (RFC 1950), deflate (RFC 1951), zstd, brotli.

Owns: telling them, inflating them up to a limit, compressing anew. Must not know: where the body
stands.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

import brotli
import zstandard

__all__ = ["MAGIC", "Inflated", "find_magic", "inflate", "inflate_unmarked"]

# gzip with its method; zlib's window and level bytes, as (CMF * 256 + FLG) % 31 == 0 with the
# usual 32 KiB window; a zstd frame.
MAGIC = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd")
_SEARCH_LEN = 64  # a body may stand behind a header of the application's own
_STEP = 64 * 1024
_PROBE = 1024


class Inflated(NamedTuple):
    """``end``: where the body ends in the data. ``whole``: False if the limit cut it, or if the
    body has no end; then ``encode`` is None."""

    data: bytes
    end: int
    whole: bool
    over: bool  # the limit was hit
    encode: Callable[[bytes], bytes] | None

    def __repr__(self) -> str:  # never payload
        return f"Inflated({len(self.data)} bytes, whole={self.whole})"


def find_magic(data: bytes) -> int:
    """Where a compressed body begins, near the begin of the data; -1: nowhere."""
    found = MAGIC.search(data, 0, _SEARCH_LEN)
    return -1 if found is None else found.start()


def inflate(data: bytes, start: int, limit: int) -> Inflated | None:
    """The body that begins at ``start`` with its magic; None: it is none.

    Members of gzip and frames of zstd that follow each other are one body (RFC 1952 §2.2, RFC 8878
    §3.1); written anew, they are one member.
    """
    magic = data[start : start + 2]
    found = _inflate_one(data, start, limit)
    if found is None or magic[0] == 0x78:
        return found
    parts = [found.data]
    room = limit - len(found.data)
    while found.whole and data[found.end : found.end + 2] == magic:
        more = _inflate_one(data, found.end, room)
        if more is None:
            break
        parts.append(more.data)
        room -= len(more.data)
        found = more
    return found._replace(data=b"".join(parts))


def _inflate_one(data: bytes, start: int, limit: int) -> Inflated | None:
    if data[start] == 0x28:
        return _inflate_zstd(data, start, limit)
    gzip = data[start] == 0x1F
    return _inflate_zlib(data, start, limit, 31 if gzip else 15)


def inflate_unmarked(
    data: bytes, limit: int, plausible: Callable[[bytes], bool]
) -> Inflated | None:
    """All of the data as raw deflate or brotli, whose output begins ``plausible``.

    They have no magic, so the first bytes of the output decide whether there is more of it.
    """
    found = _inflate_zlib(data, 0, min(limit, _PROBE), -15)
    if found is not None and found.end == len(data) and plausible(found.data):
        if found.over and limit > _PROBE:
            found = _inflate_zlib(data, 0, limit, -15)
        if found is not None and (found.whole or found.over) and found.end == len(data):
            return found
    return _inflate_brotli(data, limit, plausible)


def _inflate_zlib(data: bytes, start: int, limit: int, wbits: int) -> Inflated | None:
    inflater = zlib.decompressobj(wbits)
    try:
        out = inflater.decompress(data[start:] if start else data, limit + 1)
    except zlib.error:
        return None
    if not out:
        return None
    over = len(out) > limit
    whole = inflater.eof and not over

    def encode(value: bytes) -> bytes:
        deflater = zlib.compressobj(wbits=wbits)
        return deflater.compress(value) + deflater.flush()

    end = len(data) if over else len(data) - len(inflater.unused_data)
    return Inflated(out[:limit], end, whole, over, encode if whole else None)


def _inflate_zstd(data: bytes, start: int, limit: int) -> Inflated | None:
    parts: list[bytes] = []
    size = 0
    # The window is bounded: a frame may ask for gigabytes.
    inflater = zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj()
    at = start
    step = 16
    try:
        # Fed piece by piece, in longer ones as long as little comes out: a call gives all that its
        # input holds, and that may be 128 KiB for 4 bytes.
        while at < len(data) and size <= limit and not inflater.eof:
            part = inflater.decompress(data[at : at + step])
            at += step
            size += len(part)
            parts.append(part)
            step = min(2 * step, _STEP) if len(part) < 64 * step else 16
    except zstandard.ZstdError:
        return None
    if not size:
        return None
    over = size > limit
    whole = inflater.eof and not over
    end = len(data) if over else min(at, len(data)) - len(inflater.unused_data)

    def encode(value: bytes) -> bytes:
        return bytes(zstandard.ZstdCompressor().compress(value))

    return Inflated(b"".join(parts)[:limit], end, whole, over, encode if whole else None)


def _brotli_size_fits(data: bytes, limit: int) -> bool:
    """Whether the length that a brotli stream gives for its first part can be meant (RFC 7932 §9).

    The decoder fills its window, up to 16 MiB, before it hands out the first byte, and most bytes
    that are no brotli at all ask for a lot.
    """
    if len(data) < 8:
        return False
    bits = int.from_bytes(data[:8], "little")
    window_bits = 1 if not bits & 1 else 4 if bits & 0x0E else 7
    bits >>= window_bits
    if bits & 1:  # the last part
        if bits & 2:
            return False  # and empty
        bits >>= 1
    nibbles = (bits >> 1 & 3) + 4
    size = (bits >> 3 & (1 << 4 * nibbles) - 1) + 1
    return nibbles < 7 and size <= limit


def _inflate_brotli(data: bytes, limit: int, plausible: Callable[[bytes], bool]) -> Inflated | None:
    if not _brotli_size_fits(data, limit):
        return None
    inflater = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        part = inflater.process(data, output_buffer_limit=_PROBE)
        if not plausible(part):
            return None
        while part:
            parts.append(part)
            size += len(part)
            if size > limit:
                return Inflated(b"".join(parts)[:limit], len(data), False, True, None)
            if inflater.is_finished():
                break
            part = inflater.process(b"", output_buffer_limit=_STEP)
    except brotli.error:
        return None
    if not size or not inflater.is_finished():
        return None

    def encode(value: bytes) -> bytes:
        return bytes(brotli.compress(value, quality=5))

    return Inflated(b"".join(parts), len(data), True, False, encode)
