"""The chosen row is in sight after a filter came, went, or its bar took room."""

from __future__ import annotations

from tests.support.fake_story import NS, T0_NS, Story, closed, frame, hello, opened
from tests.tui.conftest import Desk, Open
from wsinspect.tui.find.filter import parse
from wsinspect.tui.panes.lines import LinesView


def crowd() -> Story:
    told = Story([hello()])
    for number in range(1, 201):
        host = "even.example" if number % 2 == 0 else "odd.example"
        told.lines.append(opened(number, T0_NS - NS, host, "/"))
    told.lines.append(closed(1, T0_NS, 1001, "server", reason="deploy"))
    told.frames[1] = [
        frame(T0_NS - NS, seq % 2, seq // 2, 1, b"even" if seq % 2 else b"odd")
        for seq in range(400)
    ]
    return told


def in_sight(view: LinesView) -> bool:
    return view.top <= view.cursor < view.top + view.page_height


async def scrolled_away(d: Desk, flow_id: int) -> None:
    """The chosen connection lies outside the window: the wheel turned."""
    await d.choose(flow_id)
    d.app.connections._wheel(-300)
    await d.pilot.pause()
    assert not in_sight(d.app.connections)


async def test_after_a_filter_the_chosen_connection_is_seen(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        await scrolled_away(d, 20)
        d.app.set_filter(parse("host:even"))
        assert d.selected.flow_id == 20
        assert in_sight(d.app.connections)
        await scrolled_away(d, 20)
        d.app.set_filter(None)
        assert d.selected.flow_id == 20
        assert in_sight(d.app.connections)


async def test_the_filter_bar_takes_no_chosen_row_away(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        await d.press("j")
        view.move_to(view.top + view.page_height - 1)
        await d.press("f")
        assert in_sight(view)
        await d.press("escape")
        assert in_sight(view)


async def test_a_problem_takes_no_chosen_row_away(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        await d.press("z", "j")
        view.move_to(view.top + view.page_height - 1)
        height = view.page_height
        await d.say({"type": "problem", "say": "the log is dead"})
        assert view.page_height < height
        assert in_sight(view)


async def test_the_end_of_the_connection_stays_in_sight_under_a_filter(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        await d.choose(1)
        await d.press("enter")
        frames = d.app.frames
        assert frames.cursor == frames.count() - 1
        for text in ("dir:up", "text~even", "text~nothing"):
            d.app.set_filter(parse(text))
            await d.pilot.pause()
            assert in_sight(frames)
            assert "1001 going away by server “deploy”" in d.screen_text()


async def test_after_a_filter_the_chosen_frame_is_seen(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        await d.choose(1)
        await d.press("enter", "g")
        frames = d.app.frames
        frames.move_to(201)
        chosen = frames.chosen()
        frames._jump(0)
        assert not in_sight(frames)
        d.app.set_filter(parse("text~even"))
        assert frames.chosen() is chosen
        assert in_sight(frames)
