"""The real program in a real terminal (tmux): traffic, keys, resizing, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.tools import require_tool

PATIENCE_S = 30.0
ROOT = Path(__file__).parents[2]


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, tmux: str, folder: Path) -> None:
        self._command = [tmux, "-S", str(folder / "tmux"), "-f", os.devnull]
        self._env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        for name in ("NO_COLOR", "COLUMNS", "LINES"):  # xdist sets the latter: no resize then
            self._env.pop(name, None)
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            self._env[name] = str(folder / name)

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._command, *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=self._env,
        ).stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "0")

    def ask(self, name: str) -> str:
        return self.tmux("display-message", "-p", "-t", "0", f"#{{{name}}}").strip()

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "0", *keys)

    def resize(self, width: int, height: int) -> None:
        self.tmux("resize-window", "-t", "0", "-x", str(width), "-y", str(height))

    def until(self, condition: Callable[[str], object]) -> str:
        """The screen once `condition` holds of it."""
        limit = time.monotonic() + PATIENCE_S
        while True:
            screen = self.screen()
            if condition(screen):
                return screen
            assert time.monotonic() < limit, screen
            time.sleep(0.05)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(require_tool("tmux"), tmp_path)
    yield terminal
    subprocess.run([*terminal._command, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def live_feed(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "proxy.sock"
    server = subprocess.Popen([sys.executable, "-m", "tests.support.fake_feed", path], cwd=ROOT)
    yield path
    server.terminate()
    server.wait()


def frames_to_client(screen: str) -> int:
    """The ↓frames of connection 8, from its row."""
    row = next(line for line in screen.splitlines() if "/rooms/football" in line)
    numbers = [word.replace(",", "") for word in row.split()]
    return int([word for word in numbers if word.isdecimal()][1])


@pytest.mark.ci_tool("tmux")
def test_start_traffic_pause_resize_quit(terminal: Terminal, live_feed: Path) -> None:
    shell = (
        f"cd {ROOT}; stty -g; {sys.executable} -m wsinspect.tui {live_feed}; "
        "echo exit=$?; stty -g; exec cat"
    )
    terminal.tmux("new-session", "-d", "-x", "120", "-y", "40", shell)
    screen = terminal.until(lambda s: "● live" in s and "/rooms/football" in s)
    assert terminal.ask("alternate_on") == "1"
    for word in ("Connections", "open 9", "dropped 0", "quit"):
        assert word in screen

    first = frames_to_client(screen)
    terminal.until(lambda s: frames_to_client(s) > first)

    terminal.press("j", "j", "j", "j", "j", "j", "j", "j")
    terminal.until(lambda s: "#8" in s and '"number":' in s)
    terminal.press("f")
    terminal.until(lambda s: " filter " in s.splitlines()[-2])
    terminal.press("path:/rooms/football", "Enter")
    screen = terminal.until(lambda s: "Connections 1 of 16" in s and '"number":' in s)
    assert "/feed" not in screen
    terminal.press("F")
    terminal.until(lambda s: "Connections 16" in s and "/feed" in s)
    terminal.press("Space")
    terminal.until(lambda s: "‖ paused ·" in s and "‖ paused · 0 new" not in s)
    terminal.press("Space")
    terminal.until(lambda s: "following" in s)

    terminal.resize(60, 15)
    terminal.until(lambda s: "/rooms/football" in s and len(s.splitlines()) == 15)
    terminal.press("Tab")
    terminal.until(lambda s: '"number":' in s)
    terminal.resize(20, 5)
    terminal.until(lambda s: "wsinspect" in s and len(s.splitlines()) == 5)
    terminal.press("Tab")
    terminal.resize(120, 40)
    terminal.until(lambda s: "/rooms/football" in s and '"number":' in s)

    terminal.press("q")
    screen = terminal.until(lambda s: "exit=" in s and s.split("\n")[2])
    assert "exit=0" in screen
    before, _, after = screen.split("\n")[:3]
    assert before == after  # the terminal's own settings
    for mode in ("alternate_on", "mouse_any_flag", "keypad_flag"):
        assert terminal.ask(mode) == "0", mode
    assert terminal.ask("cursor_flag") == "1"
