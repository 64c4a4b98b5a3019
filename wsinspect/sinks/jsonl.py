"""The JSON Lines log: one file, written by its own thread, so that traffic never waits for it.

Owns: the file (mode 0600, appended to), its thread and its bounded queue, rotation by reopening,
and the honest count of what could not be written. Must not know: what the lines mean.

A full disk or a vanished file system does not stop the writer: it counts what is lost, says so
once through ``on_problem``, and tries again with the next batch; after a cut line it begins anew.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable

__all__ = ["JsonLog"]

QUEUE_LIMIT = 64 * 1024 * 1024  # bytes that may wait for a slow disk
_RETRY_S = 1.0
_REOPEN = b"reopen"


class JsonLog:
    """A log at ``path``; ``-`` is standard output.

    With ``direct`` each write is done at once by the caller (``--audit``), without the thread.
    ``on_problem`` is called from the writing thread. Raises OSError if the file cannot be opened.
    """

    def __init__(self, path: str, *, direct: bool, on_problem: Callable[[str], None]) -> None:
        self.path = path
        self.direct = direct
        self.on_problem = on_problem
        self.lines = 0  # handed to the operating system
        self.dropped = 0  # lost to a full queue or a failed write
        self.error: str | None = None  # what is wrong now
        self._fd = self._open()
        self._cut = False  # the file ends in the middle of a line
        self._retry_at = 0.0
        self._waiting = 0  # bytes in the queue
        self._queue: queue.SimpleQueue[tuple[bytes, int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        if not direct:
            self._thread = threading.Thread(target=self._run, name="wsinspect log", daemon=True)
            self._thread.start()

    def write(self, lines: bytes, count: int) -> bool:
        """Write ``count`` whole lines, soon (or now, if direct). False: they are lost."""
        if self.direct:
            return self._write(lines, count)
        if self._waiting > QUEUE_LIMIT:
            self.dropped += count
            self._problem("the disk is too slow: lines are being dropped")
            return False
        self._waiting += len(lines)
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
            self._waiting -= len(lines)

    def _open(self) -> int:
        if self.path == "-":
            return 1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self.path, flags, 0o600)

    def _reopen(self) -> None:
        if self.path == "-":
            return
        try:
            fd = self._open()
        except OSError as error:
            self._problem(f"cannot reopen the log: {error.strerror}")
            return
        os.close(self._fd)
        self._fd = fd
        self._cut = False

    def _write(self, lines: bytes, count: int) -> bool:
        if self.error is not None and time.monotonic() < self._retry_at:
            self.dropped += count
            return False
        view = memoryview(b"\n" + lines if self._cut else lines)
        done = 0
        try:
            while done < len(view):
                done += os.write(self._fd, view[done:])
        except OSError as error:
            self._cut = done > 0 or self._cut
            # Lines that went out whole before the failure are not lost.
            whole = bytes(view[:done]).count(b"\n")
            self.lines += min(whole, count)
            self.dropped += max(0, count - whole)
            self._retry_at = time.monotonic() + _RETRY_S
            self._problem(f"cannot write the log: {error.strerror}")
            return False
        self._cut = False
        self.lines += count
        self.error = None
        return True

    def _problem(self, say: str) -> None:
        if self.error != say:
            self.error = say
            with contextlib.suppress(Exception):  # the teller must not kill the writer
                self.on_problem(f"{say} ({self.path})")
