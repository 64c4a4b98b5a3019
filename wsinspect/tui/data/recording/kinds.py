"""What kind of recording a file is, by its first bytes; and reading one that is packed (gzip)."""

import gzip
import io
import zlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec

from wsinspect.tui.data.bounds import UNREADABLE

UNPACKED_MAX = 1024 * 1024 * 1024  # bytes: they go to a temporary file, or into memory
_READ_LEN = 64 * 1024
_STEP_LEN = 256 * 1024
_GZIP_BITS = 31  # with its header
_GZIP = b"\x1f\x8b"
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


class Kind(Enum):
    LOG = "log"  # JSON Lines, ours
    HAR = "har"
    FLOWS = "flows"  # mitmproxy's


class NotARecording(ValueError):
    """The file is nothing that can be shown, or not to its end; the text says why."""


def kind_of(path: Path) -> Kind:
    """Raises NotARecording, OSError."""
    with path.open("rb") as file:
        start = file.read(_READ_LEN)
    packed = start.startswith(_GZIP)
    if packed:
        try:
            start = zlib.decompressobj(_GZIP_BITS).decompress(start, _READ_LEN)
        except zlib.error as error:
            raise NotARecording(f"{path}: begins as gzip does and is none") from error
    if not start.strip():
        return Kind.LOG  # nothing yet: a proxy may be about to write it
    # A flow file is a tnetstring dictionary: `123:…`.
    length, colon, _ = start.partition(b":")
    if colon and length.isdigit():
        if packed:
            raise NotARecording(f"{path}: flows packed with gzip; unpack them: gunzip -k {path}")
        return Kind.FLOWS
    lines = start.split(b"\n")
    for line in lines[:-1] or lines:
        try:
            value = msgspec.json.decode(line)
        except UNREADABLE:
            continue
        if isinstance(value, dict) and "event_type" in value:
            return Kind.LOG
    if b'"log"' in start and start.lstrip()[:1] == b"{":
        return Kind.HAR
    if len(lines) == 1 and b'"event_type"' in start:
        return Kind.LOG  # one long line, or the start of one
    raise NotARecording(f"{path}: no log of wsinspect, no HAR and no mitmproxy flow file")


def is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def _opened(path: Path) -> io.BufferedIOBase:
    return gzip.open(path) if is_packed(path) else path.open("rb")


def unpacked_lines(path: Path) -> Iterator[bytes]:
    """A packed log. Raises NotARecording after what could be unpacked, OSError."""
    length, rest = 0, b""
    try:
        with _opened(path) as file:
            while length < UNPACKED_MAX and (chunk := file.read1(_STEP_LEN)):
                length += len(chunk)
                whole, end, rest = (rest + chunk).rpartition(b"\n")
                yield whole + end
    except _BROKEN as error:
        yield rest
        raise NotARecording(f"{path}: packed with gzip, and cut or broken: {error}") from error
    yield rest
    _check(path, length)


def unpacked(path: Path) -> bytes:
    """All of a file. Raises NotARecording, OSError."""
    if not is_packed(path):
        return path.read_bytes()
    try:
        with _opened(path) as file:
            content = file.read(UNPACKED_MAX)
    except _BROKEN as error:
        raise NotARecording(f"{path}: packed with gzip, and cut or broken: {error}") from error
    _check(path, len(content))
    return content


def _check(path: Path, length: int) -> None:
    if length >= UNPACKED_MAX:
        raise NotARecording(
            f"{path}: unpacks to more than {UNPACKED_MAX >> 20} MiB; unpack it: gunzip -k {path}"
        )
