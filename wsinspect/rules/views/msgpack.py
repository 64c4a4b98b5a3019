"""msgpack bodies: where their strings are, and how one is written.

Owns: the format (github.com/msgpack/msgpack, spec.md). Must not know: what is done with strings.
"""

from __future__ import annotations

import re
from typing import Final, override

from wsinspect.rules.views.builder import BYTES, NUMBER, TEXT, Builder, Leaf, Length, Malformed
from wsinspect.rules.views.protobuf import read_varint, varint
from wsinspect.rules.views.structured import Format

__all__ = ["MSGPACK", "read_framed_msgpack", "read_msgpack"]

_MAX_DEPTH: Final = 512
_MANY_NUMBERS: Final = 256  # an array of more is a series, not account numbers
_from_bytes = int.from_bytes

# By first byte: (kind of item, bytes of its length or value field, bytes more).
_SCALARS: Final = {
    0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8,
    0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8, 0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17,
}  # fmt: skip
_INTEGERS: Final = {0xCE: False, 0xCF: False, 0xD2: True, 0xD3: True}  # signed?
_STRINGS: Final = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BINARIES: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_EXTENSIONS: Final = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_ARRAYS: Final = {0xDC: 2, 0xDD: 4}
_MAPS: Final = {0xDE: 2, 0xDF: 4}
# Arrays of numbers are telemetry or pictures: stepped over at once, or they would cost most.
_SMALL_RUN = re.compile(rb"[\x00-\x7f\xc0\xc2\xc3\xe0-\xff]++")
_WIDE_RUNS: Final = {
    first: re.compile(b"(?:%b(?s:.){%d})*+" % (re.escape(bytes((first,))), width))
    for first, width in _SCALARS.items()
    if width
}


class _Msgpack(Format):
    name = "msgpack"

    @override
    def write(self, leaf: Leaf, value: bytes, document: bytes) -> bytes:
        size = len(value)
        if leaf.kind == BYTES:
            form = (0xC4, 0xC5, 0xC6)
        elif size < 32:
            return bytes((0xA0 | size,)) + value
        else:
            form = (0xD9, 0xDA, 0xDB)
        if size < 1 << 8:
            return bytes((form[0], size)) + value
        if size < 1 << 16:
            return bytes((form[1],)) + size.to_bytes(2) + value
        return bytes((form[2],)) + size.to_bytes(4) + value

    @override
    def length(self, size: int) -> bytes:
        return varint(size)


MSGPACK: Final = _Msgpack()


def read_msgpack(data: bytes, builder: Builder) -> None:
    """Read one or more values, each an array or a map.

    Raises:
        Malformed: that is not what it is.
    """
    _values(data, 0, len(data), builder)


def read_framed_msgpack(data: bytes, builder: Builder) -> None:
    """The same with a length before each value, as SignalR's hub protocol has it.

    Raises:
        Malformed: that is not what it is.
    """
    at = 0
    while at < len(data):
        start = at
        size, at = read_varint(data, at, len(data))
        if not size or at + size > len(data):
            raise Malformed
        builder.lengths.append(Length(start, at, at + size, -1))
        builder.within = len(builder.lengths) - 1
        _values(data, at, at + size, builder)
        at += size
    builder.within = -1


def _values(data: bytes, at: int, stop: int, builder: Builder) -> None:
    while at < stop:
        first = data[at]
        if not builder.depth and not (0x80 <= first <= 0x9F or 0xDC <= first <= 0xDF):
            raise Malformed
        if 0xA0 <= first <= 0xBF:
            end = at + 1 + (first & 0x1F)
            if end > stop:
                raise Malformed
            builder.leaf(TEXT, at, at + 1, end)
            at = end
        elif first <= 0x7F or first >= 0xE0 or first in _SCALARS:
            at = _scalar(data, at, builder)
        elif first <= 0x9F:
            at += 1
            _open(builder, first & 0x0F, is_map=first <= 0x8F)
        else:
            at = _sized(data, at, builder)
    if at != stop or builder.depth:
        raise Malformed


def _open(builder: Builder, items: int, *, is_map: bool) -> None:
    if builder.depth >= _MAX_DEPTH:
        raise Malformed
    builder.count(1)
    builder.open(2 * items if is_map else items, is_map=is_map)


def _scalar(data: bytes, at: int, builder: Builder) -> int:
    first = data[at]
    width = _SCALARS.get(first, 0)
    end = at + 1 + width
    if end > len(data):
        raise Malformed
    if first in _INTEGERS and builder.room() < _MANY_NUMBERS:
        value = _from_bytes(data[at + 1 : end], signed=_INTEGERS[first])
        builder.leaf(NUMBER, at, at, end, b"%d" % value)
        return end
    room = builder.room()
    if room > 1 and end < len(data):
        run = _WIDE_RUNS.get(first)
        if run is None:
            found = _SMALL_RUN.match(data, at, at + room)
            count = 1 if found is None else found.end() - at
            builder.skip(count)
            return at + count
        found = run.match(data, at, at + room * (1 + width))
        count = 1 if found is None else (found.end() - at) // (1 + width)
        end = at + count * (1 + width)
        builder.skip(count)
        return end
    builder.skip(1)
    return end


def _sized(data: bytes, at: int, builder: Builder) -> int:
    first = data[at]
    for table in (_STRINGS, _BINARIES, _EXTENSIONS, _ARRAYS, _MAPS):
        width = table.get(first)
        if width is not None:
            break
    else:
        raise Malformed  # 0xC1
    body = at + 1 + width
    if body > len(data):
        raise Malformed
    count = _from_bytes(data[at + 1 : body])
    if table is _ARRAYS or table is _MAPS:
        if count > len(data):
            raise Malformed
        _open(builder, count, is_map=table is _MAPS)
        return body
    if table is _EXTENSIONS:
        body += 1
    end = body + count
    if end > len(data):
        raise Malformed
    if table is _EXTENSIONS:
        builder.skip(1)
    else:
        builder.leaf(TEXT if table is _STRINGS else BYTES, at, body, end)
    return end
