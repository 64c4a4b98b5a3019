"""What is remembered between two runs, and what a broken file does: nothing but say so."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.support.fake_story import story
from tests.support.told_feed import telling
from tests.tui.conftest import Clock, until
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.draw.frame_columns import TimeMode
from wsinspect.tui.draw.palette import DAY
from wsinspect.tui.settings import Settings, load_settings, save_settings, settings_path


async def use(memory: Path, clock: Clock, *keys: str) -> DashboardApp:
    """A dashboard that lives, is used, and ends."""
    app = DashboardApp("nowhere", clock=clock, make_feed=telling(story()), memory=memory)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.store.watched.entries)
        await pilot.press(*keys)
        await pilot.pause()
    return app


async def test_the_next_run_is_as_the_last_one_was(tmp_path: Path, clock: Clock) -> None:
    memory = tmp_path / "state" / "dashboard.json"
    keys = ["T", "s", "r", "e", "plus", "i", "3", "less_than_sign", "tab", "b", "t"]
    before = await use(memory, clock, *keys)
    after = await use(memory, clock)
    assert after.theme == DAY.name
    assert after.connections.order is before.connections.order
    assert after.connections.reverse
    assert after.connections.hide_ended
    assert after.frames.heartbeats_hidden
    assert after.frames.time_mode is TimeMode.RELATIVE
    assert after.detail.tab == 3
    assert after.settings.detail
    assert after.settings.split_top == before.settings.split_top > 0
    assert after.settings.split_left == before.settings.split_left > 0
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600


async def test_columns_are_remembered(tmp_path: Path, clock: Clock) -> None:
    memory = tmp_path / "dashboard.json"
    await use(memory, clock, "comma", "down", "space", "escape")
    saved = json.loads(memory.read_text())
    assert saved["connections"]["columns"]
    app = await use(memory, clock)
    assert app.connections.columns_shown == saved["connections"]["columns"]


async def test_without_a_change_nothing_is_written(tmp_path: Path, clock: Clock) -> None:
    memory = tmp_path / "dashboard.json"
    await use(memory, clock, "j", "k")
    assert not memory.exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"theme": 3}', '{"connections": {"widths": {"host": "wide"}}}', "\xff" * 9,
     "[" * 100_000],
)  # fmt: skip
async def test_a_broken_file_is_the_defaults_with_one_line(
    tmp_path: Path, clock: Clock, text: str
) -> None:
    memory = tmp_path / "dashboard.json"
    memory.write_text(text, encoding="latin-1")
    settings, say = load_settings(memory)
    assert settings == Settings()
    assert str(memory) in say
    assert "\n" not in say
    if text == "{":
        app = await use(memory, clock)
        assert say in app.store.problems
    changed = Settings(theme="wsinspect-day")
    assert "kept as dashboard.json.bad" in save_settings(memory, changed, settings)
    assert memory.with_name("dashboard.json.bad").read_text(encoding="latin-1") == text
    assert load_settings(memory) == (changed, "")


def test_what_no_screen_could_have_made_is_taken_back(tmp_path: Path) -> None:
    memory = tmp_path / "dashboard.json"
    memory.write_text(
        '{"split_top": 7, "split_left": -1, "tab": 99, "time_mode": "never", "new": 1,'
        ' "frames": {"widths": {"wire": -4, "time": 9}}}'
    )
    settings, say = load_settings(memory)
    assert not say
    expected = Settings()
    expected.frames.widths = {"time": 9}
    assert settings == expected


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    say = save_settings(tmp_path / "file" / "dashboard.json", Settings(), Settings())
    assert say.startswith("settings were not saved")


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert settings_path() == tmp_path / "wsinspect" / "dashboard.json"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert settings_path() == Path.home() / ".local/state/wsinspect/dashboard.json"


def test_two_dashboards_keep_the_settings_of_each_other(tmp_path: Path) -> None:
    memory = tmp_path / "dashboard.json"
    memory.write_text('{"tab": 4, "of_a_newer_version": [1]}')
    (one, _), (other, _) = load_settings(memory), load_settings(memory)
    was = load_settings(memory)[0]
    one.theme = "wsinspect-day"
    one.frames.widths["summary"] = 30
    assert save_settings(memory, one, was) == ""
    other.reverse = True
    assert save_settings(memory, other, was) == ""
    now, _ = load_settings(memory)
    assert (now.theme, now.reverse, now.tab) == ("wsinspect-day", True, 4)
    assert now.frames.widths == {"summary": 30}
    assert json.loads(memory.read_text())["of_a_newer_version"] == [1]
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600


async def test_what_could_not_be_written_comes_with_the_next_change(
    tmp_path: Path, clock: Clock
) -> None:
    memory = tmp_path / "state" / "dashboard.json"
    (tmp_path / "state").write_text("in the way")
    app = DashboardApp("nowhere", clock=clock, make_feed=telling(story()), memory=memory)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("T")
        await until(pilot, lambda: any("not saved" in say for say in app.store.problems))
        (tmp_path / "state").unlink()
        await pilot.press("r")
        await until(pilot, memory.exists)
    settings, say = load_settings(memory)
    assert (settings.theme, settings.reverse, say) == (DAY.name, True, "")
