"""A fault in our own reader: it raises, quoting payload, at the word that the test sends."""

from wsinspect.protocol.reader import FrameReader
from wsinspect.protocol.records import Record

_walk = FrameReader.walk


def broken(self: FrameReader, data: bytes) -> list[Record]:
    if b"hush" in data:
        raise RuntimeError(f"cannot read {data!r}")
    return _walk(self, data)


def load(loader: object) -> None:
    FrameReader.walk = broken  # type: ignore[method-assign]
