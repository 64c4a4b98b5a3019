"""Child processes of a benchmark: start, wait until they listen, look at them, end them by id.

Must not know: what runs in them.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

START_S: Final = 30.0
STOP_S: Final = 30.0
"""How long a process may take to listen, and to end after SIGTERM."""

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child whose output goes to ``log``; ended by SIGTERM when the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until something accepts on ``port``."""
    for _ in _attempts(process, log):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return


def wait_for_line(process: subprocess.Popen[bytes], pattern: bytes, log: Path) -> re.Match[bytes]:
    """Until the child has printed a line that matches."""
    for _ in _attempts(process, log):
        if found := re.search(pattern, log.read_bytes()):
            return found
    raise AssertionError("unreachable: the attempts end with an exception")


def _attempts(process: subprocess.Popen[bytes], log: Path) -> Iterator[None]:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        yield
        time.sleep(0.02)
    said = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{process.args!r} does not listen: {said}")


@contextmanager
def server(certificate: Path | None = None, key: Path | None = None) -> Iterator[int]:
    """``bench.server`` in its own process; yields its port."""
    arguments = [str(certificate), str(key)] if certificate and key else []
    with subprocess.Popen(
        [sys.executable, "-m", "bench.server", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def cpu_s(pid: int) -> float:
    """Processor seconds a process has used, in user and kernel mode, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_bytes(pid: int) -> int:
    """Resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0
