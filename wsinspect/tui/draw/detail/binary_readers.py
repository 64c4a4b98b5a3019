"""MessagePack and CBOR (RFC 8949) into a tree: only what is one whole document, by our own reading.

Their libraries build objects, follow tags and recurse; here nothing is built but nodes, nothing
recurses, and a length is believed only as far as there are bytes.
"""

import struct
from collections.abc import Callable

from wsinspect.tui.draw.detail.tree import CONTAINERS, DEPTH_MAX, NODES_MAX, Kind, Tree

_SHOWN = 4096  # bytes of one value that are kept in the tree


class _NotThisError(Exception):
    """The bytes are no document of this format."""


class _Bytes:
    """A reader's place in the data."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise _NotThisError
        part = self.data[self.at : end]
        self.at = end
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def real(self, size: int) -> str:
        form = {2: ">e", 4: ">f", 8: ">d"}[size]
        return repr(struct.unpack(form, self.take(size))[0])


# One value: what it is, what is shown, and how many values follow in it (None: not a container,
# -1: until a break).
type _Value = tuple[Kind, str, int | None]
type _Read = Callable[[_Bytes], _Value]

_BREAK: _Value = (Kind.NOTE, "break", None)


def read_binary(data: bytes) -> Tree | None:
    """The tree of `data` if it is a map or an array of MessagePack or CBOR, to the last byte."""
    for name, read in (("MessagePack", _msgpack), ("CBOR", _cbor)):
        tree = Tree(name)
        try:
            _fill(tree, _Bytes(data), read)
        except (_NotThisError, UnicodeDecodeError, OverflowError):
            continue
        if tree.nodes[0].kind in CONTAINERS:
            return tree.opened()
    return None


def _fill(tree: Tree, data: _Bytes, read: _Read) -> None:
    """All of one document. Raises _NotThisError if there is less or more than one."""
    left: list[int] = []  # values that still come, of each open container
    places: list[int] = []
    key: str | None = None
    while True:
        while left and left[-1] == 0:
            left.pop()
            tree.close(places.pop())
        if not left and tree.nodes:
            break
        kind, text, inside = read(data)
        if inside is not None and inside > len(data.data) - data.at:
            raise _NotThisError  # more values than bytes
        parent = places[-1] if places else -1
        in_map = parent >= 0 and tree.nodes[parent].kind is Kind.OBJECT
        if (kind, text) == (Kind.NOTE, "break"):
            if not left or left[-1] >= 0 or key is not None:
                raise _NotThisError
            left[-1] = 0
            continue
        if left and left[-1] > 0:
            left[-1] -= 1
        if in_map and key is None:
            if inside is not None:
                raise _NotThisError  # a container as a key: legal, but nobody sends it
            key = text
            continue
        step = key if in_map else (tree.nodes[parent].count if parent >= 0 else None)
        key = None
        place = tree.add(kind, parent, step, text)
        if inside is not None:
            left.append(2 * inside if kind is Kind.OBJECT and inside > 0 else inside)
            places.append(place)
        if len(places) > DEPTH_MAX or tree.full:
            _stop(tree, places)
            return
    if data.at != len(data.data):
        raise _NotThisError


def _stop(tree: Tree, places: list[int]) -> None:
    many = f"{NODES_MAX:,} nodes" if tree.full else f"{DEPTH_MAX} levels"
    tree.add(Kind.CUT, places[-1] if places else -1, None, f"the tree stops after {many}")
    for place in places:
        tree.close(place, whole=False)


def _text(data: bytes) -> _Value:
    shown = data[:_SHOWN]
    if len(data) > _SHOWN:
        return Kind.STRING, shown.decode("utf-8", "ignore"), None
    return Kind.STRING, shown.decode(), None


def _raw(data: bytes, say: str = "") -> _Value:
    more = "…" if len(data) > 32 else ""
    return Kind.BYTES, f"{say}{len(data)} B {data[:32].hex(' ')}{more}".rstrip(), None


_MSGPACK_INTS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_MSGPACK_SIGNED = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}


def _msgpack(data: _Bytes) -> _Value:
    b = data.number(1)
    if b <= 0x7F or b >= 0xE0:
        return Kind.NUMBER, str(b if b <= 0x7F else b - 256), None
    if b <= 0x8F:
        return Kind.OBJECT, "", b & 15
    if b <= 0x9F:
        return Kind.ARRAY, "", b & 15
    if b <= 0xBF:
        return _text(data.take(b & 31))
    if b in (0xC0, 0xC2, 0xC3):
        return Kind.WORD, {0xC0: "null", 0xC2: "false", 0xC3: "true"}[b], None
    if 0xC4 <= b <= 0xC6:
        return _raw(data.take(data.number(1 << (b - 0xC4))))
    if 0xC7 <= b <= 0xC9:
        size = data.number(1 << (b - 0xC7))
        return _extension(data, size)
    if b in (0xCA, 0xCB):
        return Kind.NUMBER, data.real(4 if b == 0xCA else 8), None
    if b in _MSGPACK_INTS:
        return Kind.NUMBER, str(data.number(_MSGPACK_INTS[b])), None
    if b in _MSGPACK_SIGNED:
        signed = int.from_bytes(data.take(_MSGPACK_SIGNED[b]), signed=True)
        return Kind.NUMBER, str(signed), None
    if 0xD4 <= b <= 0xD8:
        return _extension(data, 1 << (b - 0xD4))
    if 0xD9 <= b <= 0xDB:
        return _text(data.take(data.number(1 << (b - 0xD9))))
    if b in (0xDC, 0xDD):
        return Kind.ARRAY, "", data.number(2 if b == 0xDC else 4)
    if b in (0xDE, 0xDF):
        return Kind.OBJECT, "", data.number(2 if b == 0xDE else 4)
    raise _NotThisError


def _extension(data: _Bytes, size: int) -> _Value:
    kind = int.from_bytes(data.take(1), signed=True)
    return _raw(data.take(size), f"extension {kind}: ")


_CBOR_WORDS = {20: "false", 21: "true", 22: "null", 23: "undefined"}


def _cbor(data: _Bytes) -> _Value:
    b = data.number(1)
    tags = 0
    while b >> 5 == 6:  # what a tag adds is not needed to show the value
        tags += 1
        if tags > DEPTH_MAX:
            raise _NotThisError
        _cbor_length(data, b & 31)
        b = data.number(1)
    major, low = b >> 5, b & 31
    if major == 7:
        return _cbor_simple(data, low)
    endless = low == 31 and major in (2, 3, 4, 5)
    length = -1 if endless else _cbor_length(data, low)
    if major in (0, 1):
        return Kind.NUMBER, str(length if major == 0 else -1 - length), None
    if major in (4, 5):
        return (Kind.ARRAY if major == 4 else Kind.OBJECT), "", length
    content = _cbor_pieces(data, major) if endless else data.take(length)
    return _raw(content) if major == 2 else _text(content)


def _cbor_length(data: _Bytes, low: int) -> int:
    if low < 24:
        return low
    if low > 27:
        raise _NotThisError
    return data.number(1 << (low - 24))


def _cbor_pieces(data: _Bytes, major: int) -> bytes:
    """A string of pieces, until a break."""
    pieces = []
    while (b := data.number(1)) != 0xFF:
        if b >> 5 != major or b & 31 == 31:
            raise _NotThisError
        pieces.append(data.take(_cbor_length(data, b & 31)))
    return b"".join(pieces)


def _cbor_simple(data: _Bytes, low: int) -> _Value:
    if low in _CBOR_WORDS:
        return Kind.WORD, _CBOR_WORDS[low], None
    if 25 <= low <= 27:
        return Kind.NUMBER, data.real(1 << (low - 24)), None
    if low == 31:
        return _BREAK
    if low == 24:
        return Kind.WORD, f"simple({data.number(1)})", None
    if low < 24:
        return Kind.WORD, f"simple({low})", None
    raise _NotThisError
