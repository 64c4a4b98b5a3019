"""Protobuf bodies, without their schema: where their strings are, and how one is written.

Owns: the wire format (protobuf.dev/programming-guides/encoding), and the guess what bytes of a
known length are: a text if it reads as one, a message if it parses as one, else bytes. Must not
know: what is done with strings.
"""

from __future__ import annotations

import re
from typing import Final, override

from wsinspect.rules.views.builder import BYTES, NUMBER, TEXT, Builder, Leaf, Length, Malformed
from wsinspect.rules.views.structured import Format
from wsinspect.rules.views.view import is_text

__all__ = ["PROTOBUF", "read_protobuf", "read_varint", "varint"]

_MAX_DEPTH: Final = 32
_MAX_FIELD: Final = 1 << 29
_VARINT, _FIXED64, _SIZED, _FIXED32 = 0, 1, 2, 5
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """The value and where it ends.

    Raises:
        Malformed: it has no end.
    """
    value = shift = 0
    while at < stop and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed


class _Protobuf(Format):
    name = "protobuf"
    plain_steps = True

    @override
    def write(self, leaf: Leaf, value: bytes, document: bytes) -> bytes:
        if leaf.kind == NUMBER:
            # Its own wire type cannot hold a text. A reader skips a field of another type.
            tag, _ = read_varint(document, leaf.head, leaf.end)
            return varint(tag | _SIZED) + varint(len(value)) + value
        return varint(len(value)) + value

    @override
    def length(self, size: int) -> bytes:
        return varint(size)


PROTOBUF: Final = _Protobuf()


def read_protobuf(data: bytes, builder: Builder) -> None:
    """Read one message.

    Raises:
        Malformed: it is none.
    """
    builder.enter("")
    _message(data, 0, len(data), builder, 0)
    builder.leave()


def _message(data: bytes, at: int, stop: int, builder: Builder, depth: int) -> None:
    while at < stop:
        head = at
        tag, at = read_varint(data, at, stop)
        field, wire = tag >> 3, tag & 7
        if not 0 < field < _MAX_FIELD:
            raise Malformed
        if wire == _SIZED:
            at = _sized(data, at, stop, str(field), builder, depth)
        elif wire == _VARINT:
            value, at = read_varint(data, at, stop)
            if value >= 100_000 and value < 1 << 63:
                builder.named(NUMBER, str(field), head, head, at, b"%d" % value)
            else:
                builder.count(1)
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
            builder.count(1)
        else:
            raise Malformed  # groups are gone, 6 and 7 never were
    if at != stop:
        raise Malformed


def _sized(data: bytes, at: int, stop: int, name: str, builder: Builder, depth: int) -> int:
    head = at
    size, at = read_varint(data, at, stop)
    end = at + size
    if end > stop:
        raise Malformed
    part = data[at:end]
    readable = is_text(part)
    if not part or (readable and not _CONTROL.search(part)):
        builder.named(TEXT, name, head, at, end, None)
        return end
    if depth < _MAX_DEPTH:
        mark, within = builder.mark(), builder.within
        builder.lengths.append(Length(head, at, end, within))
        builder.within = len(builder.lengths) - 1
        builder.enter(name)
        try:
            _message(data, at, end, builder, depth + 1)
        except Malformed:
            if builder.over:
                raise
            builder.reset(mark)
            builder.within = within
        else:
            builder.leave()
            builder.within = within
            return end
    builder.named(TEXT if readable else BYTES, name, head, at, end, None)
    return end
