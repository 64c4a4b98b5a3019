"""The proxy as a child process, the dashboard here.

Owns: starting ``wsinspect run --headless`` with a socket of its own, waiting until it listens,
showing the dashboard on it, and ending it. Must not know: what either of them does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

from wsinspect.sinks.dashboard import runtime_dir

__all__ = ["ProxyChild", "module_command", "proxy_child", "run_with_dashboard"]

_LISTENING = "wsinspect: listening on "
_DRAIN_GRACE_S = 5.0  # the default of --drain-grace
_LAST_LINES_S = 10.0  # what the proxy may take beyond its grace to complete its log


def module_command(module: str, *arguments: str) -> list[str]:
    """Run a module of ours. ``-P``: not one of that name in the working directory."""
    return [sys.executable, "-P", "-m", module, *arguments]


class ProxyChild:
    """A headless proxy.

    ``arguments`` are those of ``wsinspect run``; ``socket`` what they say of ``--socket``, if they
    do, ``grace_s`` of ``--drain-grace``. ``said`` has what it printed to stderr besides the line
    that it listens.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        socket: str | None = None,
        grace_s: float = _DRAIN_GRACE_S,
    ) -> None:
        self.grace_s = grace_s
        command = module_command("wsinspect", "run", "--headless", *arguments)
        command.append("--until-stdin-ends")  # also when we are killed
        if socket is None:
            socket = str(runtime_dir() / f"{os.getpid()}.sock")
            command += ["--socket", socket]
        self.socket = socket
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the dashboard
        )
        self.said: list[str] = []
        self.address = ""
        self._listens = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith(_LISTENING):
                self.address = line.removeprefix(_LISTENING).split(",")[0].strip()
                self._listens.set()
            else:
                self.said.append(line.rstrip())
                del self.said[:-200]
        self._listens.set()

    def wait_until_it_listens(self) -> bool:
        self._listens.wait()
        return bool(self.address)

    @property
    def over(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        """Let it begin to end. A second time: at once."""
        if not self.over:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        self.end()
        try:
            code = self.process.wait(self.grace_s + _LAST_LINES_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._reader.join(1)
        for pipe in (self.process.stdin, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return code


@contextlib.contextmanager
def _exits_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit(0) inside, so that all is tidied up."""

    def leave(*_: object) -> None:
        raise SystemExit(0)

    before = {
        number: signal.signal(number, leave)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def proxy_child(
    arguments: Sequence[str], socket: str | None = None, grace_s: float = _DRAIN_GRACE_S
) -> Iterator[ProxyChild]:
    """A proxy that is drained at the end, also where that is a signal (then the exit code is 0).

    A second signal meanwhile ends it at once: it sees the end of its standard input.
    """
    with _exits_on_signals():
        child = ProxyChild(arguments, socket, grace_s)
        try:
            yield child
        finally:
            child.stop()
            for line in child.said:
                print(line, file=sys.stderr)


def run_with_dashboard(
    arguments: Sequence[str], socket: str | None, grace_s: float, serve: int | None = None
) -> int:
    """``wsinspect run`` in a terminal, or with ``serve`` in a browser. Returns the exit code."""
    from wsinspect.cli_dashboard import show_dashboard

    with proxy_child(arguments, socket, grace_s) as child:
        if not child.wait_until_it_listens():
            return child.process.wait()
        code = show_dashboard(child.socket, serve, child)
        died = child.process.poll()
        if not died:  # it lives, or has drained as the user left
            return code
        how = f"signal {-died}" if died < 0 else f"exit code {died}"
        print(f"wsinspect: the proxy had ended before the dashboard: {how}", file=sys.stderr)
        return 1
