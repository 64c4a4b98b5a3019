"""The line between panes follows the mouse, and no pane vanishes."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st
from textual.events import Click

from tests.tui.conftest import Open
from wsinspect.tui.panes import splitter
from wsinspect.tui.panes.splitter import share


@given(st.integers(-10, 300), st.integers(0, 250), st.integers(1, 20))
def test_both_keep_the_least_where_there_is_room(first: int, both: int, least: int) -> None:
    got = share(first, both, least)
    assert 0 < got < 1 or both < 2 * least
    if both >= 2 * least:
        assert least <= round(got * both) <= both - least
        if least <= first <= both - least:
            assert round(got * both) == first
    else:
        assert got == 0.5


def test_examples() -> None:
    assert doctest.testmod(splitter).failed == 0


async def test_the_title_bar_is_dragged(desk: Open) -> None:
    async with desk(size=(140, 40)) as d:
        bar = d.app.query_one("#frames-title")
        before = bar.region.y
        grip = bar.render_line(0).text.index("following") + 2
        await d.pilot.mouse_down(bar, offset=(grip, 0))
        for step in (1, 2, 3, 4):
            await d.pilot.hover(offset=(30, before + step))
            await d.pilot.pause()
        await d.pilot.mouse_up(offset=(30, before + 4))
        bar.post_message(Click(bar, grip, 0, 0, 0, 1, False, False, False))
        await d.pilot.pause()
        assert d.app.frames.following  # the end of a drag is no click
        assert bar.region.y == before + 4
        await d.pilot.hover(offset=(30, before - 2))
        await d.pilot.pause()
        assert bar.region.y == before + 4  # let go is let go


async def test_a_press_without_a_pull_is_a_click(desk: Open) -> None:
    async with desk(size=(140, 40)) as d:
        bar = d.app.query_one("#frames-title")
        text = bar.render_line(0).text
        await d.pilot.click(bar, offset=(text.index("following") + 2, 0))
        await d.pilot.pause()
        assert not d.app.frames.following


async def test_the_detail_is_dragged_wider(desk: Open) -> None:
    async with desk(size=(180, 40)) as d:
        await d.press("enter", "i")
        await d.pilot.pause()
        bar = d.app.query_one(splitter.Splitter)
        before = bar.region.x
        await d.pilot.mouse_down(bar, offset=(0, 4))
        await d.pilot.hover(offset=(before - 12, bar.region.y + 4))
        await d.pilot.pause()
        await d.pilot.mouse_up(offset=(before - 12, bar.region.y + 4))
        await d.pilot.pause()
        assert abs(bar.region.x - (before - 12)) <= 1
