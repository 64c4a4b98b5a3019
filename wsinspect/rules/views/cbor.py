"""CBOR bodies (RFC 8949): where their strings are, and how one is written.

Owns: the format, strings and containers of unknown length among it (§3.2). Must not know: what is
done with strings.
"""

from __future__ import annotations

from typing import Final, override

from wsinspect.rules.views.builder import BYTES, NUMBER, TEXT, Builder, Leaf, Malformed
from wsinspect.rules.views.structured import Format

__all__ = ["CBOR", "read_cbor"]

_MAX_DEPTH: Final = 512
_UNKNOWN: Final = -1
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_BREAK: Final = 0xFF


class _Cbor(Format):
    name = "cbor"

    @override
    def write(self, leaf: Leaf, value: bytes, document: bytes) -> bytes:
        return _head(_BYTES if leaf.kind == BYTES else _TEXT, len(value)) + value


CBOR: Final = _Cbor()


def _head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes((major << 5 | count,))
    for code, width in ((24, 1), (25, 2), (26, 4)):
        if count < 1 << (8 * width):
            return bytes((major << 5 | code,)) + count.to_bytes(width)
    return bytes((major << 5 | 27,)) + count.to_bytes(8)


def _read_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument (_UNKNOWN: until a break), where it ends (§3)."""
    first = data[at]
    short = first & 0x1F
    at += 1
    if short < 24:
        return first >> 5, short, at
    if short == 31:
        return first >> 5, _UNKNOWN, at
    if short > 27:
        raise Malformed
    width = 1 << (short - 24)
    if at + width > len(data):
        raise Malformed
    return first >> 5, int.from_bytes(data[at : at + width]), at + width


def read_cbor(data: bytes, builder: Builder) -> None:
    """Read one or more values, each an array or a map, tagged or not.

    Raises:
        Malformed: that is not what it is.
    """
    at = 0
    while at < len(data):
        if data[at] == _BREAK:
            if not builder.open_ended():
                raise Malformed
            builder.count(1)
            builder.close()
            at += 1
            continue
        head = at
        major, count, at = _read_head(data, at)
        while major == _TAG:
            if count == _UNKNOWN or at >= len(data):
                raise Malformed
            head = at
            major, count, at = _read_head(data, at)
        if builder.depth == 0 and major not in (_ARRAY, _MAP):
            raise Malformed
        if major in (_TEXT, _BYTES):
            at = _string(data, head, at, major, count, builder)
        elif major in (_ARRAY, _MAP):
            if count > len(data) or builder.depth >= _MAX_DEPTH:
                raise Malformed
            builder.count(1)
            items = count if major == _ARRAY or count == _UNKNOWN else 2 * count
            builder.open(items, is_map=major == _MAP)
        elif count == _UNKNOWN:
            raise Malformed
        elif major == _SIMPLE or count < 100_000:
            builder.skip(1)
        else:
            value = count if major == _UNSIGNED else -1 - count
            builder.leaf(NUMBER, head, head, at, b"%d" % value)
    if builder.depth:
        raise Malformed


def _string(data: bytes, head: int, at: int, major: int, count: int, builder: Builder) -> int:
    kind = TEXT if major == _TEXT else BYTES
    if count != _UNKNOWN:
        if at + count > len(data):
            raise Malformed
        builder.leaf(kind, head, at, at + count)
        return at + count
    parts: list[bytes] = []
    while True:  # chunks of known length up to a break (§3.2.3)
        if at >= len(data):
            raise Malformed
        if data[at] == _BREAK:
            break
        inner, count, at = _read_head(data, at)
        if inner != major or count == _UNKNOWN or at + count > len(data):
            raise Malformed
        builder.count(1)
        parts.append(data[at : at + count])
        at += count
    builder.leaf(kind, head, head, at + 1, b"".join(parts))
    return at + 1
