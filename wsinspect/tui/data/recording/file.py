"""A recording's bytes: whole lines in order as the file grows, and one line at any offset.

Owns the file's descriptor. Raises OSError.
"""

import os
from collections.abc import Iterator
from pathlib import Path

CHUNK_LEN = 256 * 1024
LINE_LEN_MAX = 64 * 1024 * 1024
_BLOCK_LEN = 8 * 1024
_FAR_BLOCK_LEN = 128 * 1024


class RecordingFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._block = b""
        self._block_at = 0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def replaced(self) -> bool:
        """Whether another file lies at the path now: it was rotated away."""
        try:
            there = self.path.stat()
        except OSError:
            return True
        here = os.fstat(self._fd)
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def chunk(self, at: int) -> bytes:
        """Whole lines from offset `at` on, about CHUNK_LEN of them; empty without a whole one.

        A line over LINE_LEN_MAX comes in pieces: no line of a log, and read as none.
        """
        wanted = CHUNK_LEN
        while True:
            data = os.pread(self._fd, wanted, at)
            end = data.rfind(b"\n") + 1
            if end:
                return data[:end]
            if len(data) < wanted:
                return b""
            if wanted >= LINE_LEN_MAX:
                return data
            wanted *= 4

    def tail(self, at: int) -> bytes:
        """What follows `at` if it is short: the last line, when its end is missing."""
        return os.pread(self._fd, CHUNK_LEN, at)

    def line(self, at: int) -> bytes:
        """The line that begins at `at`, without its end."""
        start = at - self._block_at
        if 0 <= start < len(self._block):
            end = self._block.find(b"\n", start)
            if end >= 0:
                return self._block[start:end]
        near = 0 <= at - self._block_at < 2 * _FAR_BLOCK_LEN
        wanted = _FAR_BLOCK_LEN if near else _BLOCK_LEN
        while True:
            self._block, self._block_at = os.pread(self._fd, wanted, at), at
            end = self._block.find(b"\n")
            if end >= 0:
                return self._block[:end]
            if len(self._block) < wanted or wanted > LINE_LEN_MAX:
                return self._block
            wanted *= 4

    def lines(self, at: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Whole lines with their offsets from `at` up to `end`."""
        while at < end:
            chunk = self.chunk(at)
            if not chunk:
                return
            for line in chunk.split(b"\n")[:-1]:
                if at >= end:
                    return
                yield at, line
                at += len(line) + 1
