"""``python -m bench.dashboard [--connections N]``: what the real dashboard costs, on a real pty.

Prints processor time at 5,000 and 20,000 frames a second, the time from a key press to the drawn
answer, memory with 50,000 frames kept, sorting and filtering, and opening a recording of a million
frames. Exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Final

from bench.dashboard import rows
from bench.dashboard.terminal import Terminal
from bench.processes import cpu_s, rss_bytes

FRAMES_KEPT: Final = 50_000


def _key_ms(terminal: Terminal, presses: int, last_id: int) -> list[float]:
    """Cursor down, and the time until the screen names the connection below."""
    taken = []
    for number in range(1, presses + 1):
        wanted = re.compile(rb"#%d\b" % (last_id - number))
        terminal.forget()
        began = time.perf_counter()
        terminal.press(b"j")
        if terminal.until(wanted, 5) is None:
            raise RuntimeError(f"no answer to key press {number}")
        taken.append((time.perf_counter() - began) * 1e3)
        time.sleep(0.037)
    return taken


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _first_screen_s() -> float:
    """From starting ``wsinspect open`` to the first rows."""
    with tempfile.TemporaryDirectory(prefix="wsinspect-bench-") as folder:
        path = str(Path(folder) / "long.jsonl")
        maker = [sys.executable, "-m", "tests.support.long_log", path, "--frames", "1000000"]
        subprocess.run(maker, check=True, stdout=subprocess.DEVNULL)
        began = time.perf_counter()
        terminal = Terminal("open", path)
        try:
            if terminal.until(re.compile(rb"chat\.example\.net"), 60) is None:
                raise RuntimeError(f"no row of the recording: {terminal.shown()!r}")
            return time.perf_counter() - began
        finally:
            terminal.quit()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wsinspect-bench-") as folder:
        socket = str(Path(folder) / "bench.sock")
        feeder = subprocess.Popen(
            [sys.executable, "-m", "bench.dashboard.feeder", socket, str(arguments.connections)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert feeder.stdout is not None
            feeder.stdout.readline()
            return _measure(feeder, socket, arguments.connections, arguments.seconds)
        finally:
            assert feeder.stdin is not None
            feeder.stdin.close()
            feeder.wait(10)


def _measure(feeder: subprocess.Popen[bytes], socket: str, count: int, seconds: float) -> int:
    def plan(rate: float, share: float) -> None:
        assert feeder.stdin is not None
        feeder.stdin.write(f"{rate} {share}\n".encode())
        feeder.stdin.flush()

    terminal = Terminal("attach", socket)
    pid = terminal.process.pid
    try:
        if terminal.until(re.compile(rb"#%d\b" % count), 30) is None:
            raise RuntimeError(f"the dashboard did not come up: {terminal.shown()!r}")
        plan(12_000, 0.6)  # until as many frames are kept as ever will be
        time.sleep(FRAMES_KEPT / 12_000 / 0.6 * 1.5)
        memory = rss_bytes(pid) / 2**20
        plan(5_000, 0.05)
        time.sleep(2)
        began, spent, drawn = time.monotonic(), cpu_s(pid), terminal.drawn_bytes
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        share = (cpu_s(pid) - spent) / elapsed * 100
        volume = (terminal.drawn_bytes - drawn) / elapsed / 1e3
        keys = _key_ms(terminal, 80, count)
        plan(20_000, 0.05)
        time.sleep(2)
        began, spent = time.monotonic(), cpu_s(pid)
        time.sleep(seconds / 2)
        share_20 = (cpu_s(pid) - spent) / (time.monotonic() - began) * 100
        keys_20 = _key_ms(terminal, 40, count - 80)
    finally:
        terminal.quit()
    good = True
    sorting, filtering = rows.worst_ms(count)
    for what, value, bound, unit in (
        (f"{count:,} connections, 5,000 frames/s: processor", share, 15, "% of a core"),
        ("key press to repaint, p95", _p95(keys), 100, "ms"),
        (f"memory with {FRAMES_KEPT:,} frames kept", memory, 150, "MiB"),
        ("20,000 frames/s: key press to repaint, p95", _p95(keys_20), 100, "ms"),
        (f"the slowest order of {count:,} connections", sorting, 50, "ms"),
        (f"the slowest filter of {count:,} connections", filtering, 50, "ms"),
        ("a recording of a million frames: first screen", _first_screen_s(), 5, "s"),
    ):
        met = value <= bound
        good &= met
        print(f"{what:<52}{value:>8.1f} {unit:<12} ≤ {bound:<5}{'yes' if met else 'NO'}")
    print(f"{'20,000 frames/s: processor':<52}{share_20:>8.1f} % of a core")
    print(f"{'drawn at 5,000 frames/s':<52}{volume:>8.1f} kB/s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
