"""Search and selection in the shell: what a long list does to them."""

from __future__ import annotations

import time

from tests.support.fake_story import NS, T0_NS, Story, frame, hello, opened
from tests.tui.conftest import Open, until
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.find.needle import parse_needle
from wsinspect.tui.find.search import Matches

MANY = 50_000


def _crowd(first: int, last: int) -> list[dict[str, object]]:
    return [opened(n, T0_NS - NS, f"host{n:05}.example", "/") for n in range(first, last)]


def _log(count: int) -> FrameLog:
    from wsinspect.tui.data.wire import Frame

    log = FrameLog(1)
    for n in range(count):
        content = b"needle" if n == 3 else b"hay"
        log.extend([Frame(T0_NS, 1, n, 0x81, None, 8, 10, None, content)])
    return log


async def test_the_newest_is_selected_until_the_user_chooses(desk: Open) -> None:
    async with desk(told=Story([hello(), *_crowd(1, 30)])) as d:
        for start in range(30, 2_030, 100):  # the greeting streams in
            await d.say(*_crowd(start, start + 100))
        d.clock.pass_s(2)
        d.app.sync()
        assert d.selected.flow_id == 2_029
        assert d.app.connections.cursor == d.app.connections.top == 0
        await d.press("j")
        chosen = d.selected
        await d.say(*_crowd(3_000, 3_010))
        d.clock.pass_s(2)
        d.app.sync()
        assert d.selected is chosen


async def test_going_to_its_frames_keeps_the_connection(desk: Open) -> None:
    async with desk(told=Story([hello(), *_crowd(1, 5)])) as d:
        chosen = d.selected
        await d.press("enter")
        await d.say(*_crowd(10, 12))
        assert d.selected is chosen


def test_the_nearest_match_is_sure_only_where_nothing_is_between() -> None:
    matches = Matches(_log(1_000), parse_needle("needle"))
    assert not matches.sure(500)
    assert not matches.sure(500, forward=False)
    while not matches.step():
        pass
    assert matches.sure(500)
    assert matches.nearest(500, forward=False) == 3


async def test_a_long_search_does_not_hold_up_the_screen(desk: Open) -> None:
    told = Story([hello(), opened(1, T0_NS - NS, "a.example", "/")])
    async with desk(told=told) as d:
        await d.choose(1)
        content = b"x" * 120
        for start in range(0, MANY - 1_000, 5_000):
            rows = [frame(T0_NS, 1, n, 1, b"needle" if n == 1_500 else content)
                    for n in range(start, min(start + 5_000, MANY - 1_000))]  # fmt: skip
            await d.say({"type": "frames", "flow_id": 1, "rows": rows})
        await d.press("enter")
        d.app.search_bar._take(parse_needle("/n[e]+dle/"))
        await d.pilot.pause()
        began = time.perf_counter()
        d.app.action_next_match(1)
        assert time.perf_counter() - began < 0.1
        await until(d.pilot, lambda: (e := d.app.frames.chosen()) is not None and e.seq == 1_500)
