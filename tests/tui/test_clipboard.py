"""Where a copy goes: real tools, or stand-ins of theirs that write down what they were given."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tui.conftest import Desk, Open, until
from wsinspect.tui.clipboard import copy, tools

TEXT = "Tür 東京\nzwei\n"


def stand_in(folder: Path, name: str, *, works: bool = True, knows: str = "") -> None:
    """A tool of that name: it writes its input to `name`.got. `knows`: it takes no -w."""
    refuse = 'case "$*" in *-w*) exit 1;; esac\n' if knows == "old" else ""
    ends = "exit 0" if works else "exit 1"
    tool = folder / name
    tool.write_text(f'#!/bin/sh\n{refuse}/bin/cat > "{folder}/{name}.got"\n{ends}\n')
    tool.chmod(0o755)


def here(folder: Path, **names: str) -> tuple[dict[str, str], object]:
    environ = {"PATH": str(folder), **names}
    return environ, lambda name: shutil.which(name, path=str(folder))


async def took(folder: Path, **names: str) -> tuple[str, list[str]]:
    environ, which = here(folder, **names)
    said = await copy(TEXT, environ, which)  # type: ignore[arg-type]
    return said, [p.stem for p in folder.glob("*.got") if p.read_text() == TEXT]


async def test_the_desktops_tool_comes_first(tmp_path: Path) -> None:
    for name in ("wl-copy", "xclip", "tmux"):
        stand_in(tmp_path, name)
    said, given = await took(tmp_path, WAYLAND_DISPLAY="w", DISPLAY=":0", TMUX="t")
    assert (said, given) == ("clipboard, by wl-copy", ["wl-copy"])


async def test_one_that_fails_or_is_not_there_is_passed_over(tmp_path: Path) -> None:
    stand_in(tmp_path, "wl-copy", works=False)
    stand_in(tmp_path, "tmux")
    said, given = await took(tmp_path, WAYLAND_DISPLAY="gone", DISPLAY=":0", TMUX="t")
    assert said == "tmux buffer, prefix ] pastes"
    assert sorted(given) == ["tmux", "wl-copy"]


async def test_an_old_tmux_takes_it_without_the_terminals_clipboard(tmp_path: Path) -> None:
    stand_in(tmp_path, "tmux", knows="old")
    assert await took(tmp_path, TMUX="t") == ("tmux buffer, prefix ] pastes", ["tmux"])


async def test_a_tool_without_its_desktop_is_not_used(tmp_path: Path) -> None:
    for name in ("wl-copy", "xclip", "xsel", "tmux"):
        stand_in(tmp_path, name)
    assert await took(tmp_path) == ("", [])


def test_on_a_mac_but_not_from_afar() -> None:
    def which(name: str) -> str:
        return name

    assert [t.command for t in tools({}, which, "darwin")] == [("pbcopy",)]
    assert tools({"SSH_CONNECTION": "x"}, which, "darwin") == []


async def test_a_real_tmux_has_it(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("no tmux")
    socket = str(tmp_path / "s")

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", socket, "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    tmux("new-session", "-d", "cat")
    try:
        pid = tmux("display-message", "-p", "#{pid}").strip()
        environ = {"PATH": os.environ["PATH"], "TMUX": f"{socket},{pid},0"}
        assert await copy(TEXT, environ) == "tmux buffer, prefix ] pastes"
        assert tmux("show-buffer") == TEXT
    finally:
        tmux("kill-server")


def said(d: Desk) -> list[str]:
    return [notification.message for notification in d.app._notifications]


async def test_it_is_said_where_a_copy_went(
    desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "tmux")
    monkeypatch.setenv("PATH", str(tmp_path))
    async with desk() as d:
        await d.choose(8)
        await d.press("y", "enter")
        await until(d.pilot, lambda: any("sent to the terminal: " in s for s in said(d)))
        monkeypatch.setenv("TMUX", "t")
        await d.press("y", "enter")
        await until(d.pilot, lambda: any("(tmux buffer" in s for s in said(d)))
        assert (tmp_path / "tmux.got").read_text()
