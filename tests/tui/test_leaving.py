"""Leaving a dashboard whose proxy ends with it: its connections are ended one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.fake_story import T0_NS, Story, closed, hello, opened
from tests.support.told_feed import telling
from tests.tui.conftest import Clock, Desk, Open, until
from wsinspect.tui.app import DashboardApp


class Child:
    """Stands for the proxy: it is told to end, and ends when the test says so."""

    grace_s = 5.0

    def __init__(self) -> None:
        self.over = False
        self.told = 0

    def end(self) -> None:
        self.told += 1


@asynccontextmanager
async def owner(child: Child, connections: int = 3) -> AsyncIterator[Desk]:
    lines = [opened(n, T0_NS, "a.example", "/") for n in range(1, connections + 1)]
    feed = telling(Story([hello(), *lines]))
    clock = Clock()
    app = DashboardApp("nowhere", clock=clock, make_feed=feed, owned=child)
    async with app.run_test(size=(140, 30)) as pilot:
        await until(pilot, lambda: app.store.hello is not None)
        app.sync()
        yield Desk(app, pilot, clock)


async def test_it_waits_for_the_ends_and_says_so() -> None:
    child = Child()
    async with owner(child) as d:
        await d.press("q")
        assert d.app.is_running
        assert child.told == 1
        assert "Ending 3 connections, one after the other within 5 s" in d.screen_text()
        assert "q again: at once" in d.screen_text()
        ended = closed(1, T0_NS, 1006, "proxy", cause="shutdown", clean=False, code_relayed=1012)
        await d.say(ended)
        assert "Ending 2 connections" in d.screen_text()
        assert "1012 drained" in d.screen_text()
        child.over = True
        await until(d.pilot, lambda: d.app.return_value == 0)


async def test_a_second_time_does_not_wait() -> None:
    for second in ("q", "ctrl+c"):
        child = Child()
        async with owner(child) as d:
            await d.press("q")
            assert d.app.is_running
            await d.press(second)
            assert d.app.return_value == 0
        assert child.told == 1


async def test_without_connections_there_is_nothing_to_wait_for() -> None:
    child = Child()
    async with owner(child, 0) as d:
        await d.press("q")
        assert d.app.return_value == 0
        assert child.told == 0  # whoever started it ends it


async def test_a_dashboard_that_is_attached_just_leaves(desk: Open) -> None:
    async with desk() as d:
        assert d.app.store.live
        await d.press("q")
        assert d.app.return_value == 0
