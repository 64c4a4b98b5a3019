"""Help, command palette and footer: made from the table, about the pane in use, and they work."""

from __future__ import annotations

import pytest

from tests.support.fake_story import story
from tests.tui.conftest import Desk, Open
from tests.tui.test_keys import rich
from wsinspect.tui import keys
from wsinspect.tui.draw.fuzzy import match
from wsinspect.tui.draw.palette import OKABE_ITO
from wsinspect.tui.panes.help import HelpScreen
from wsinspect.tui.panes.palette import ChooseScreen


def help_screen(d: Desk) -> HelpScreen:
    assert isinstance(d.app.screen, HelpScreen)
    return d.app.screen


async def test_help_names_every_key_those_of_the_pane_first(desk: Open) -> None:
    async with desk(size=(100, 70)) as d:
        await d.press("enter", "question_mark")
        rows = help_screen(d).view.rows
        said = {row.id for row in rows if row.id}
        assert said == {key.id for key in keys.ALL}
        first = next(at for at, row in enumerate(rows) if row.say == "Elsewhere")
        here = {row.id for row in rows[:first] if row.id}
        assert here == {key.id for key in keys.applying(keys.ALL, "frames")}
        assert "In the frames" in d.screen_text()


async def test_help_is_searched(desk: Open) -> None:
    async with desk() as d:
        await d.press("question_mark", "slash", *"heartb")
        assert [row.id for row in help_screen(d).view.rows if row.sign] == ["heartbeats"]
        await d.press("escape")
        assert len(help_screen(d).view.rows) > 60
        await d.press("escape")
        assert not isinstance(d.app.screen, HelpScreen)


async def test_help_does_what_a_row_says(desk: Open) -> None:
    async with desk() as d:
        await d.press("question_mark", "slash", *"whole screen", "enter", "enter")
        await d.pilot.pause()
        assert d.app.base.has_class("zoom")
        await d.press("z", "question_mark")
        row = [row.id for row in help_screen(d).view.rows].index("detail")
        view = help_screen(d).view
        view.move_to(row)
        await d.pilot.click(view, offset=(20, row - view.top), times=2)
        await d.pilot.pause()
        assert d.app.base.has_class("detail")


@pytest.mark.parametrize("key", ["escape", "q", "enter", "space", "question_mark", "f1"])
async def test_help_closes_and_the_dashboard_stays(desk: Open, key: str) -> None:
    async with desk() as d:
        await d.press("question_mark")
        await d.press(key)
        assert not isinstance(d.app.screen, HelpScreen)
        assert d.app.is_running


async def test_the_footer_is_about_the_pane_in_use(desk: Open) -> None:
    async with desk(size=(200, 40)) as d:
        footer = d.screen_text().splitlines()[-1]
        assert "s sort" in footer
        assert "heartbeats" not in footer
        await d.press("tab")
        footer = d.screen_text().splitlines()[-1]
        assert "b heartbeats" in footer
        assert "sort" not in footer
        await d.pilot.click("#keys", offset=(footer.index("b heartbeats"), 0))
        assert d.app.frames.heartbeats_hidden


async def test_palette_finds_does_and_goes(desk: Open) -> None:
    async with desk(told=story()) as d:
        await d.press("colon", *"blind", "enter")
        assert d.app.theme == OKABE_ITO.name
        await d.press("colon", *"#8", "enter")
        assert d.selected.flow_id == 8
        d.app.filter_by("host:nowhere")
        assert d.app.connections.selected is None
        await d.press("ctrl+p", "3", "enter")  # ended, and hidden by the filter
        assert d.selected.flow_id == 3
        await d.press("colon", *"detail of", "down", "up", "enter")
        await d.pilot.pause()
        assert d.app.base.has_class("detail")
        await d.press("colon", "escape")
        assert not isinstance(d.app.screen, ChooseScreen)


async def test_palette_offers_saved_filters(desk: Open) -> None:
    async with desk(told=rich()) as d:
        d.app.saved_filters.save("others", "host:other")
        await d.press("colon", *"filter: others", "enter")
        assert [c.flow_id for c in d.app.connections.shown] == [2]


async def test_palette_works_by_mouse(desk: Open) -> None:
    async with desk() as d:
        await d.press("colon", *"whole screen")
        await d.pilot.click("#choices", offset=(5, 0))
        await d.pilot.pause()
        assert d.app.base.has_class("zoom")
        await d.press("colon")
        await d.pilot.click(offset=(1, 30))
        assert not isinstance(d.app.screen, ChooseScreen)


@pytest.mark.parametrize(
    ("typed", "better", "worse"),
    [
        ("theme", "theme: dark", "the same screen mess"),
        ("sc", "search content", "discard"),
        ("dark theme", "theme: dark", "nothing"),
    ],
)
def test_fuzzy(typed: str, better: str, worse: str) -> None:
    found = match(typed, better)
    assert found is not None
    other = match(typed, worse)
    assert other is None or other[0] < found[0]
    assert match("xyz", better) is None
