"""The real dashboard on a real pseudo-terminal: keys in, what is drawn out.

Must not know: what is measured.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import Final

WIDTH, HEIGHT = 160, 48
ESCAPES: Final = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """``wsinspect`` with these arguments on a pseudo-terminal; what it draws is read at once."""

    def __init__(self, *arguments: str) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wsinspect", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self._master = master
        self.drawn_bytes = 0
        self._tail = b""
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            with self._news:
                self.drawn_bytes += len(data)
                self._tail = (self._tail + data)[-(1 << 20) :]
                self._news.notify_all()

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def until(self, wanted: re.Pattern[bytes], seconds: float) -> re.Match[bytes] | None:
        """Wait until what was drawn since :meth:`forget` matches."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                found = wanted.search(ESCAPES.sub(b"", self._tail))
                left = end - time.monotonic()
                if found or left <= 0:
                    return found
                self._news.wait(left)

    def shown(self) -> str:
        """The end of what was drawn, for an error."""
        return ESCAPES.sub(b"", self._tail).decode(errors="replace").replace("  ", "")[-3000:]

    def forget(self) -> None:
        with self._news:
            self._tail = b""

    def quit(self) -> None:
        """By its key, or not so kindly."""
        self.press(b"q")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
