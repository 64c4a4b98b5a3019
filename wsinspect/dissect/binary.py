"""Binary payloads without a schema: MessagePack, CBOR, protobuf – their shape, not their meaning.

Owns three bounded walks. A value is believed only if all bytes belong to it. Nothing is built from
what a stranger sent but names and numbers: no tags are obeyed, no objects made.
"""

from dataclasses import dataclass
from typing import Final

from wsinspect.dissect.plain import of_object
from wsinspect.dissect.reading import CONTENT_MAX, DEPTH_MAX, MISSING, brief, msgpack_of
from wsinspect.dissect.summary import NOTHING, Role, Summary, said

_ITEMS_MAX: Final = 2048
_KEYS_SHOWN: Final = 6


def msgpack(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    value = msgpack_of(content)
    if isinstance(value, dict):
        return of_object(value)
    if isinstance(value, list) and value:
        return said(f"{len(value)} items", brief(value), role=Role.EVENT)
    return NOTHING if value is MISSING else said(brief(value))


class _Not(Exception):
    """It is not what it was taken for."""


# --- CBOR, RFC 8949 ---


@dataclass(slots=True)
class _Walk:
    content: bytes
    at: int = 0
    items: int = 0

    def head(self) -> tuple[int, int, int | None]:
        """Major type, additional information, argument (None: of indefinite length)."""
        if self.at >= len(self.content) or self.items >= _ITEMS_MAX:
            raise _Not
        self.items += 1
        first = self.content[self.at]
        self.at += 1
        major, more = first >> 5, first & 0x1F
        if more < 24:
            return major, more, more
        if more < 28:
            size = 1 << (more - 24)
            argument = int.from_bytes(self.take(size))
            return major, more, argument
        if more == 31 and major in (2, 3, 4, 5, 7):
            return major, more, None
        raise _Not

    def take(self, length: int) -> bytes:
        if length > len(self.content) - self.at:
            raise _Not
        self.at += length
        return self.content[self.at - length : self.at]

    def value(self, depth: int) -> str | int | None:
        """Walk over one value; a text or number is told."""
        major, more, argument = self.head()
        if depth > DEPTH_MAX or (major == 7 and argument is None):
            raise _Not
        if major in (0, 1):
            return argument if major == 0 or argument is None else -1 - argument
        if major in (2, 3):
            return self._string(major, argument)
        if major in (4, 5):
            self._children(argument, 1 if major == 4 else 2, depth)
        elif major == 6:
            return self.value(depth + 1)
        elif more < 20 or (more == 24 and (argument or 0) < 32):
            raise _Not  # simple values that are not assigned or not well-formed
        return None

    def _string(self, major: int, length: int | None) -> str | None:
        if length is None:
            while self.content[self.at : self.at + 1] != b"\xff":
                inner, _, chunk = self.head()
                if inner != major or chunk is None:
                    raise _Not
                self.take(chunk)
            self.at += 1
            return None
        taken = self.take(length)
        if major == 2:
            return None
        try:
            return taken.decode()
        except UnicodeDecodeError:
            raise _Not from None

    def _children(self, count: int | None, each: int, depth: int) -> None:
        left = (count or 0) * each
        while left if count is not None else self.content[self.at : self.at + 1] != b"\xff":
            for _ in range(1 if count is not None else each):
                self.value(depth + 1)
            left -= 1
        if count is None:
            self.at += 1


def cbor_keys(content: bytes) -> list[str] | None:
    """The names in a map, or of an array its length; None: this is not CBOR from end to end."""
    walk = _Walk(content[:CONTENT_MAX])
    try:
        major, _, count = walk.head()
        while major == 6:
            major, _, count = walk.head()
        if major not in (4, 5) or count is None:
            return None
        names = []
        for _ in range(count):
            name = walk.value(1)
            if major == 5:
                walk.value(1)
                names.append("" if name is None else str(name))
    except (_Not, RecursionError):
        return None
    if walk.at != len(walk.content):
        return None
    return names if major == 5 else [f"{count} items"]


def cbor(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    names = cbor_keys(content)
    return NOTHING if names is None else said("CBOR", _listed(names), role=Role.EVENT)


# --- protobuf ---


def protobuf_fields(content: bytes) -> list[str] | None:
    """`1:text`, `2:number` … of a message; None: this is no protobuf from end to end."""
    content = content[:CONTENT_MAX]
    at = 0
    fields: list[str] = []
    while at < len(content):
        key, at = _varint(content, at)
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29 or at < 0 or len(fields) >= _ITEMS_MAX:
            return None
        kind = {0: "number", 1: "fixed64", 2: "bytes", 5: "fixed32"}.get(wire, "")
        if wire == 0:
            _, at = _varint(content, at)
        elif wire == 2:
            length, at = _varint(content, at)
            if at >= 0:
                kind = "text" if _is_text(content[at : at + length]) else kind
                at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        if at < 0 or at > len(content) or not kind:
            return None
        fields.append(f"{number}:{kind}")
    return fields or None


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """The number and where it ends; -1: it has no end."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            return 0, -1
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    return 0, -1


def _is_text(data: bytes) -> bool:
    try:
        return bool(data) and data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def protobuf(opcode: int, content: bytes) -> Summary:  # noqa: ARG001 - all summarizers look alike
    fields = protobuf_fields(content)
    return NOTHING if fields is None else said("protobuf", _listed(fields), role=Role.EVENT)


def _listed(names: list[str]) -> str:
    more = f" +{len(names) - _KEYS_SHOWN}" if len(names) > _KEYS_SHOWN else ""
    return brief(", ".join(names[:_KEYS_SHOWN]) + more)


def is_msgpack(content: bytes) -> bool:
    """A map or array from end to end; a lone number or text would be one by chance."""
    value = msgpack_of(content) if len(content) <= CONTENT_MAX else MISSING
    return isinstance(value, dict | list) and bool(value)
