"""The JSON Lines log: one file, written by its own thread, so that traffic never waits for it.

Owns: the file (mode 0600, appended to), its thread and its bounded queue, rotation by reopening,
and the honest count of what could not be written. Must not know: what the lines mean.

A full disk or a vanished file system does not stop the writer: it counts what is lost, says so
once through ``on_problem``, and tries again after a second. The rest of a line that was cut is the
first thing it then writes, so that no line is broken or joined to another.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import stat
import threading
import time
from collections.abc import Callable

__all__ = ["JsonLog"]

QUEUE_LIMIT = 64 * 1024 * 1024  # bytes that may wait for a slow disk
_RETRY_S = 1.0
_SAY_AGAIN_S = 10.0  # a trouble that comes and goes is told no more often than this
_REOPEN = b"reopen"


class JsonLog:
    """A log at ``path``; ``-`` is standard output.

    With ``direct`` each write is done at once by the caller (``--audit``), without the thread.
    ``on_problem`` may be called from the writing thread. Raises OSError if the file cannot be
    opened.
    """

    def __init__(self, path: str, *, direct: bool, on_problem: Callable[[str], None]) -> None:
        self.path = path
        self.direct = direct
        self.on_problem = on_problem
        self.lines = 0  # handed to the operating system
        self.error: str | None = None  # what is wrong now
        self._fd = self._open()
        self._rest = b"" if _ends_a_line(path, self._fd) else b"\n"  # to be written first
        self._rest_lines = 0  # lines that end with it
        self._retry_at = 0.0
        self._said: dict[str, float] = {}
        # Each counter has one writer: an augmented assignment is not atomic between threads.
        self._put = 0  # bytes that ever went into the queue
        self._taken = 0  # bytes that ever came out
        self._refused = 0  # lines that the full queue did not take
        self._failed = 0  # lines lost to a failed write
        self._queue: queue.SimpleQueue[tuple[bytes, int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        if not direct:
            self._thread = threading.Thread(target=self._run, name="wsinspect log", daemon=True)
            self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines lost to a full queue or a failed write."""
        return self._refused + self._failed

    def write(self, lines: bytes, count: int) -> bool:
        """Write ``count`` whole lines, soon (or now, if direct).

        False: they are lost, or (not direct) they wait behind a write that failed.
        """
        if self.direct:
            return self._write(lines, count)
        if self._put - self._taken > QUEUE_LIMIT:
            self._refused += count
            self._problem("the disk is too slow: lines are being dropped")
            return False
        self._put += len(lines)
        self._queue.put((lines, count))
        return self.error is None

    def reopen(self) -> None:
        """Open ``path`` anew after a rotation (SIGHUP). The old file is complete."""
        if self.direct:
            self._reopen()
        else:
            self._queue.put((_REOPEN, -1))

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write all that waits and close. False if that did not end in time."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
        self._give_up_rest()
        if self.path != "-":
            os.close(self._fd)
        return True

    # --- the writing side ---

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            lines, count = item
            if count < 0:
                self._reopen()
                continue
            self._write(lines, count)
            self._taken += len(lines)

    def _open(self) -> int:
        if self.path == "-":
            return 1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            fd = os.open(self.path, flags | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(self.path, flags, 0o600)  # its mode is its owner's choice
        os.fchmod(fd, 0o600)  # whatever the umask is
        return fd

    def _reopen(self) -> None:
        if self.path == "-":
            return
        try:
            fd = self._open()
        except OSError as error:
            self._problem(f"cannot reopen the log: {error.strerror}")
            return
        self._give_up_rest()  # its beginning is in the old file
        os.close(self._fd)
        self._fd = fd
        self._rest = b"" if _ends_a_line(self.path, fd) else b"\n"
        self._retry_at = 0.0

    def _give_up_rest(self) -> None:
        """The end of a cut line goes out now or never."""
        rest, self._rest = self._rest, b""
        lines, self._rest_lines = self._rest_lines, 0
        if not lines:
            return
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            self._failed += lines
        else:
            self.lines += lines

    def _write(self, lines: bytes, count: int) -> bool:
        if self.error is not None and time.monotonic() < self._retry_at:
            self._failed += count
            return False
        data = self._rest + lines if self._rest else lines
        view = memoryview(data)
        done = 0
        try:
            while done < len(view):
                try:
                    done += os.write(self._fd, view[done:])
                except BlockingIOError:  # somebody made standard output non-blocking
                    select.select([], [self._fd], [])
        except OSError as error:
            self._cut(data, done, count)
            self._retry_at = time.monotonic() + _RETRY_S
            self._problem(f"cannot write the log: {error.strerror}")
            return False
        self.lines += count + self._rest_lines
        self._rest = b""
        self._rest_lines = 0
        self.error = None
        return True

    def _cut(self, data: bytes, done: int, count: int) -> None:
        """``done`` bytes of ``data`` went out, which is ``_rest`` and ``count`` new lines."""
        if not done:
            self._failed += count
            return
        whole = data.count(b"\n", 0, done)
        if self._rest and not self._rest_lines:
            whole -= 1  # it only ended a line that was there before us
        count += self._rest_lines
        cut = data[done - 1] != 0x0A
        self._rest = data[done : data.index(b"\n", done) + 1] if cut else b""
        self._rest_lines = int(cut)
        self.lines += whole
        self._failed += count - whole - self._rest_lines

    def _problem(self, say: str) -> None:
        self.error = say
        now = time.monotonic()
        if now - self._said.get(say, -_SAY_AGAIN_S) < _SAY_AGAIN_S:
            return
        self._said[say] = now
        with contextlib.suppress(Exception):  # the teller must not kill the writer
            self.on_problem(f"{say} ({self.path})")


def _ends_a_line(path: str, fd: int) -> bool:
    """Whether appending to it begins a new line. A file cut by a crash does not end one."""
    if path == "-":
        return True
    size = os.fstat(fd).st_size
    if not size or not stat.S_ISREG(os.fstat(fd).st_mode):
        return True
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - beside os.open
            file.seek(size - 1)
            return file.read(1) == b"\n"
    except OSError:
        return True
