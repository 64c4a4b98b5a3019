"""Runs the proxy as its users do, as a process of its own, and reads its log.

``WSINSPECT_E2E_PROXY="mitmdump --listen-host 127.0.0.1"`` runs another command in its place, to
see a test fail or to develop one; what needs the log then skips.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from tests.support.tap import Direction, Passage, TapFrame

ROOT = Path(__file__).parents[2]
OTHER = shlex.split(os.environ.get("WSINSPECT_E2E_PROXY", ""))
MITMDUMP = Path(sys.executable).with_name("mitmdump")
LISTENING = re.compile(r"listening (?:on|at) .*?:(\d+)\b")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0

Event = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """What the log has about one connection."""

    flow_id: int
    open: Event
    frames: Mapping[Direction, list[Event]]
    close: Event
    envelope: Event

    def rows(self, direction: Direction) -> list[tuple[object, ...]]:
        """Per frame: seq, fin, rsv, opcode, mask, payload_len, frame_len."""
        return [
            (
                event["ws"]["seq"],
                event["websocket"]["fin"],
                event["ws"]["rsv"],
                event["websocket"]["opcode"],
                event["websocket"].get("mask"),
                event["ws"]["payload_len"],
                event["ws"]["frame_len"],
            )
            for event in self.frames[direction]
        ]


def tap_rows(frames: Sequence[TapFrame]) -> list[tuple[object, ...]]:
    """The same rows from what a tap saw."""
    return [
        (seq, frame.fin, frame.rsv, frame.opcode, frame.mask, frame.payload_len, frame.frame_len)
        for seq, frame in enumerate(frames)
    ]


def assert_log_is_what_the_tap_saw(recorded: Recorded, passage: Passage) -> None:
    """Every frame, both directions, and the totals."""
    for direction in ("to_server", "to_client"):
        frames = passage.frames(direction)
        assert recorded.rows(direction) == tap_rows(frames), direction
        assert all(event["ws"]["forwarded"] for event in recorded.frames[direction])
        totals = recorded.close[direction]
        assert totals["frames"] == len(frames)
        assert totals["payload_bytes"] == sum(frame.payload_len for frame in frames)


class LogReader:
    """Reads a growing log once: each look parses only what is new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self.flows: defaultdict[int, list[Event]] = defaultdict(list)
        self.targets: defaultdict[str, list[int]] = defaultdict(list)
        self._inode = -1
        self._at = 0

    def read(self) -> None:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._inode:  # rotated
                self._inode, self._at = inode, 0
                for part in (self.events, self.flows, self.targets):
                    part.clear()
            file.seek(self._at)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._at += len(whole) + len(newline)
        for line in whole.splitlines():
            event = json.loads(line)
            self.events.append(event)
            flow_id = event.get("flow_id")
            if flow_id is not None:
                self.flows[flow_id].append(event)
                if event["event_type"] == "ws_open":
                    self.targets[event["open"]["uri"]].append(flow_id)


class ProxyProcess:
    """A proxy on a free port with a CA folder and a log of its own.

    Leaving the context sends SIGTERM and asserts an orderly end: exit 0, no traceback.
    """

    def __init__(
        self,
        folder: Path,
        *args: str,
        record: str = "frames",
        command: Sequence[str] = (),
        log: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.confdir = folder / "confdir"
        self.log_path = folder / "log.jsonl"
        self.socket_path = folder / "run" / "s"
        self.lines: list[str] = []
        self._log: LogReader | None = None
        self._told_to_stop = False
        self.port = 0
        common = ["-p", "0", "--set", f"confdir={self.confdir}"]
        if command:
            own_log = ["--log", str(self.log_path)] if log else []
            self.command = [*command, *own_log, *common, *args]
        elif OTHER:
            self.command = [*OTHER, *common, *args]
        else:
            self.command = [
                sys.executable, "-m", "wsinspect", "run", "--headless",
                "--log", str(self.log_path), "--record", record,
                "--socket", str(self.socket_path), *common, *args,
            ]  # fmt: skip
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self.socket_path.parent.mkdir(mode=0o700, exist_ok=True)
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_TIMEOUT_S) or not self.port:
            self.process.kill()
            self._finish_reading()
            pytest.fail(f"the proxy did not start: {self.command}\n{self.output}")
        return self

    def _finish_reading(self) -> None:
        self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if not self.port and (found := LISTENING.search(line)):
                self.port = int(found[1])
                self._ready.set()
        self._ready.set()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def signal(self, number: signal.Signals) -> None:
        """Tell it to stop, once: `stop` then only waits."""
        self._told_to_stop = True
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, as an init system would; returns the exit code."""
        if self.process.poll() is None and not self._told_to_stop:
            self.signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self._finish_reading()
            pytest.fail(f"the proxy did not end {STOP_TIMEOUT_S} s after SIGTERM\n{self.output}")
        if not self.process.stdout or not self.process.stdout.closed:
            self._finish_reading()
        return self.process.returncode

    def __exit__(self, kind: object, *rest: object) -> None:
        code = self.stop()
        if kind is None:
            assert code == 0, f"exit {code}\n{self.output}"
            assert "Traceback" not in self.output, self.output

    def log(self) -> list[Event]:
        """All complete lines of the log so far."""
        if OTHER and not self.log_path.exists():
            pytest.skip(f"{OTHER[0]} writes no log")
        if self._log is None or self._log.path != self.log_path:
            self._log = LogReader(self.log_path)
        self._log.read()
        return self._log.events

    def _own(self, target: str) -> list[Event]:
        """The events of the connections to `target`."""
        self.log()
        assert self._log is not None
        flows = self._log.flows
        return [event for flow_id in self._log.targets.get(target, []) for event in flows[flow_id]]

    async def until(
        self, found: Callable[[list[Event]], Any], *, timeout_s: float = 20.0
    ) -> list[Event]:
        """Wait until `found` is true of the log."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            events = self.log()
            if found(events):
                return events
            if asyncio.get_running_loop().time() > deadline:
                tail = "\n".join(json.dumps(event) for event in events[-20:])
                pytest.fail(f"not in the log after {timeout_s} s; its end:\n{tail}\n{self.output}")
            await asyncio.sleep(0.05)

    async def said(self, words: str, *, timeout_s: float = 20.0) -> None:
        """Wait until its output has `words`: what it says comes by another way than its traffic."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while words not in self.output:
            if asyncio.get_running_loop().time() > deadline:
                pytest.fail(f"not said after {timeout_s} s: {words}\n{self.output}")
            await asyncio.sleep(0.02)

    async def opened(self, target: str) -> Event:
        """The ws_open event of the connection to `target`."""
        await self.until(lambda _: self._own(target))
        return _opens(self._own(target), target)[0]

    async def recorded(self, target: str) -> Recorded:
        """Everything about the connection to `target`, once it is closed."""
        await self.until(lambda _: any(e["event_type"] == "ws_close" for e in self._own(target)))
        return recorded(self._own(target), target)


def _opens(events: list[Event], target: str) -> list[Event]:
    return [
        event
        for event in events
        if event["event_type"] == "ws_open" and event["open"]["uri"] == target
    ]


def recorded(events: list[Event], target: str) -> Recorded:
    """Gather one connection's events; each 101 has exactly one ws_open and one ws_close."""
    (opened,) = _opens(events, target)
    own = [event for event in events if event.get("flow_id") == opened["flow_id"]]
    (closed,) = [event for event in own if event["event_type"] == "ws_close"]
    frames: dict[Direction, list[Event]] = {"to_server": [], "to_client": []}
    for event in own:
        if event["event_type"] == "websocket":
            frames[event["ws"]["direction"]].append(event)
    return Recorded(opened["flow_id"], opened["open"], frames, closed["close"], opened)


def environment() -> dict[str, str]:
    """The test's environment for a child, without proxies that a shell may have set."""
    env = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    env["PYTHONPATH"] = str(ROOT)
    env["PYTHONUNBUFFERED"] = "1"
    return env
