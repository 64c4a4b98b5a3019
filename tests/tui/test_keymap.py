"""The key map file: other keys for actions; what is wrong is one line, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_story import story
from tests.support.told_feed import telling
from tests.tui.conftest import Clock, until
from wsinspect.tui import keys
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.keymap import KeyMap, conflicts, keymap_path, load_keymap, read_key


def load(tmp_path: Path, text: str) -> KeyMap:
    path = tmp_path / "keymap.toml"
    path.write_text(text)
    return load_keymap(path)


def keys_of(keymap: KeyMap, id_: str) -> str:
    return next(key.keys for key in keymap.table if key.id == id_)


def test_the_table_has_no_conflict_and_names_each_action_once() -> None:
    assert conflicts(keys.ALL) == []
    ids = [key.id for key in keys.ALL]
    assert len(ids) == len(set(ids))


def test_every_key_of_the_table_can_be_written() -> None:
    for key in keys.ALL:
        for name in key.keys.split(","):
            assert read_key(name) == name


@pytest.mark.parametrize(
    ("text", "key"),
    [("?", "question_mark"), ("Ctrl+X", "ctrl+x"), ("F5", "f5"), ("G", "G"), ("Esc", "escape"),
     ("ctrl+shift+Left", "ctrl+shift+left"), ("+", "plus"), ("PgDn", "pagedown"), ("ö", "ö"),
     ("nope", None), ("hyper+x", None), ("", None)],
)  # fmt: skip
def test_keys_as_people_write_them(text: str, key: str | None) -> None:
    assert read_key(text) == key


def test_other_keys(tmp_path: Path) -> None:
    keymap = load(tmp_path, 'pause = "F5, ctrl+space"\nzoom = ["Z", "f11"]\nacknowledge = ""\n')
    assert keymap.problems == ()
    assert keys_of(keymap, "pause") == "f5,ctrl+space"
    assert keys_of(keymap, "zoom") == "Z,f11"
    assert keys_of(keymap, "acknowledge") == ""
    assert keys_of(keymap, "quit") == "q"


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ('paus = "F5"', "no action is named 'paus' – did you mean pause?"),
        ('pause = "q"', "q is for pause and for quit"),
        ('pause = "ctrl+c"', "pause: ^c always quits, take another key"),
        ('pause = "escap"', "pause: 'escap' is no key – did you mean escape?"),
        ("pause = 5", 'pause: keys are text, like pause = "ctrl+x, F2"'),
        ("pause = ", "Invalid value"),
    ],
)
def test_a_mistake_is_one_line_and_the_keys_stay(tmp_path: Path, text: str, say: str) -> None:
    keymap = load(tmp_path, text)
    assert keymap.table == keys.ALL
    assert len(keymap.problems) == 1
    assert say in keymap.problems[0]
    assert "\n" not in keymap.problems[0]


def test_no_file_no_problem(tmp_path: Path) -> None:
    assert load_keymap(tmp_path / "none.toml") == KeyMap()
    assert "directory" in load_keymap(tmp_path).problems[0]


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert keymap_path() == tmp_path / "wsinspect" / "keymap.toml"


async def test_the_dashboard_takes_them(tmp_path: Path, clock: Clock) -> None:
    keymap = load(tmp_path, 'zoom = "F5"\ndown = "n, down"\nnext-match = "ctrl+n"\n')
    app = DashboardApp("nowhere", clock=clock, make_feed=telling(story()), keymap=keymap)
    async with app.run_test(size=(200, 40)) as pilot:
        await until(pilot, lambda: app.store.watched.entries)
        await pilot.press("z")
        assert not app.base.has_class("zoom")
        await pilot.press("f5")
        assert app.base.has_class("zoom")
        await pilot.press("f5", "n")
        assert app.connections.cursor == 1
        await pilot.press("j")
        assert app.connections.cursor == 1
        await pilot.pause()
        footer = app.screen._compositor.render_strips()[-1].text
        assert "f5 zoom" in footer


async def test_the_dashboard_says_what_is_wrong_and_starts(tmp_path: Path, clock: Clock) -> None:
    keymap = load(tmp_path, 'pauze = "F5"')
    app = DashboardApp("nowhere", clock=clock, make_feed=telling(story()), keymap=keymap)
    async with app.run_test(size=(300, 40)) as pilot:
        await until(pilot, lambda: app.store.watched.entries)
        app.sync()

        def text() -> str:
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

        await until(pilot, lambda: "did you mean pause?" in text())
        await pilot.press("space")
        assert app.paused
