"""Reading a recording's file into the index, line by line, as it grows. No Textual.

Owns the file and the ledger that stands at its end. In slices: `read` takes until a time, and goes
on where it was. Must not know what of it is shown.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.recording.file import RecordingFile
from wsinspect.tui.data.recording.index import Index
from wsinspect.tui.data.recording.kinds import NotARecording
from wsinspect.tui.data.recording.ledger import Ledger
from wsinspect.tui.data.recording.lines import read_head

SLICE_S = 0.006
LINES_A_STEP = 400  # about a millisecond


class FileCut(Exception):
    """The file became shorter: what was read is no longer there."""


class Reading:
    """`index` and `newest` are those of all that was read so far."""

    def __init__(self, file: RecordingFile) -> None:
        self.file = file
        self.index = Index()
        self.newest = Ledger(self.index, writing=True)
        self.progress = 0.0
        self.cut = ""  # why it is not whole
        self._checkpointing: Iterator[None] | None = None

    @classmethod
    def converted(cls, lines: Iterable[bytes]) -> Iterator["Reading | None"]:
        """Of another format, made into a file of lines: unnamed, gone when it is closed.

        In steps; the last one has it. Raises OSError, NotARecording, the latter only if there
        was no line: else `cut` says what went wrong then.
        """
        with tempfile.NamedTemporaryFile(prefix="wsinspect-") as out:
            end = time.perf_counter() + SLICE_S
            cut = ""
            try:
                for line in lines:
                    out.write(line)
                    if time.perf_counter() >= end:
                        yield None
                        end = time.perf_counter() + SLICE_S
            except ValueError as error:  # whoever makes the lines cannot read on
                if not out.tell():
                    raise NotARecording(str(error)) from error
                cut = str(error)
            out.flush()
            made = cls(RecordingFile(Path(out.name)))
            made.cut = cut
            yield made

    def close(self) -> None:
        self.file.close()

    def line(self, at: int) -> bytes:
        return self.file.line(at)

    def read(self, until_s: float) -> bool:
        """Read on; False at the end of the file. Raises FileCut, OSError."""
        file, newest = self.file, self.newest
        while True:
            self._checkpointing = go_on(self._checkpointing, until_s)
            if self._checkpointing is not None:
                return True
            size = file.size()
            if size < newest.position - 1:
                raise FileCut
            chunk = file.chunk(newest.position) if size > newest.position else b""
            if not chunk:
                self._last_line(size)
                self.progress = 1.0
                return False
            self._take(chunk, until_s)
            self.progress = min(1.0, newest.position / max(1, size))
            if time.perf_counter() >= until_s:
                return True

    def _take(self, chunk: bytes, until_s: float) -> None:
        """Lines of `chunk`, until the time is over or a checkpoint is due."""
        newest = self.newest
        lines = chunk.split(b"\n")
        if not lines[-1]:
            lines.pop()
        whole_end = newest.position + len(chunk)
        for start in range(0, len(lines), LINES_A_STEP):
            newest.apply(lines[start : start + LINES_A_STEP])
            if newest.checkpoint_due:
                self._checkpointing = newest.checkpoint()
                break
            if time.perf_counter() >= until_s:
                break
        newest.position = min(newest.position, whole_end)  # a line without an end

    def _last_line(self, size: int) -> None:
        """A last line without its end: taken if it is whole all the same."""
        newest = self.newest
        if size <= newest.position:
            return
        tail = self.file.tail(newest.position)
        if tail == b"\n":
            newest.position += 1
            return
        try:
            read_head(tail)
        except UNREADABLE:
            return  # still being written, or cut off
        newest.apply([tail])
        newest.position = min(newest.position, size)

    # Going through what was read

    def replay(self, ledger: Ledger, until_ns: int) -> Iterator[None]:
        """Move another ledger on to a moment, in steps."""
        file, end = self.file, self.newest.position
        while ledger.position < end:
            chunk = file.chunk(ledger.position) or file.tail(ledger.position)
            lines = chunk[: end - ledger.position].split(b"\n")
            if not lines[-1]:
                lines.pop()
            for start in range(0, len(lines), LINES_A_STEP):
                if not ledger.apply(lines[start : start + LINES_A_STEP], until_ns):
                    return
                yield
            if not lines:
                return

    def places(self, forward: bool, position: int) -> Iterator[int]:
        """Offsets of lines after or before `position`, the nearest first."""
        if forward:
            yield from (at for at, _ in self.file.lines(position, self.newest.position))
        else:
            start = max(0, position - 64 * 1024)
            found = [at for at, _ in self.file.lines(start, position)]
            yield from reversed(found[1 if start else 0 :])


def go_on(steps: Iterator[None] | None, until_s: float) -> Iterator[None] | None:
    """Take steps until the time is over; None once there are no more."""
    if steps is None:
        return None
    for _ in steps:
        if time.perf_counter() >= until_s:
            return steps
    return None
