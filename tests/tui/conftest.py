"""The dashboard under test: a pinned clock, UTC, and an app that has been told a story."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.fake_story import NS, T0_NS, Story, story
from tests.support.settling import wait_for_idle
from tests.support.told_feed import ToldFeed, telling
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.data.connection import Connection


class Clock:
    """Nanoseconds that pass only when told to."""

    def __init__(self) -> None:
        self.ns = T0_NS + 300_000_000

    def __call__(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        self.ns += int(seconds * NS)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "TMUX", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)  # no test touches the clipboard of who runs it
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.setdefault("TZ", "UTC")
    time.tzset()


@pytest.fixture(autouse=True)
def _settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and pauses end when all is done, not when some time is over."""
    for module in ("pilot", "app"):
        monkeypatch.setattr(f"textual.{module}.wait_for_idle", wait_for_idle)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_app(clock: Clock, told: Story | None = None) -> DashboardApp:
    return DashboardApp("nowhere", clock=clock, make_feed=telling(told or story()))


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Let the app work until `condition` holds; the test's timeout is the limit."""
    while not condition():
        await pilot.pause(0.01)


async def choose(pilot: Pilot[Any], app: DashboardApp, flow_id: int) -> None:
    """Choose a connection in the list and wait for its frames."""
    shown = [connection.flow_id for connection in app.connections.shown]
    app.connections.move_to(shown.index(flow_id))
    await until(pilot, lambda: app.store.watched.flow_id == flow_id)
    app.sync()
    await pilot.pause()


@dataclass
class Desk:
    """A running dashboard and what a test does with it."""

    app: DashboardApp
    pilot: Pilot[Any]
    clock: Clock

    @property
    def feed(self) -> ToldFeed:
        assert isinstance(self.app.feed, ToldFeed)
        return self.app.feed

    @property
    def selected(self) -> Connection:
        assert self.app.connections.selected is not None
        return self.app.connections.selected

    @property
    def focused(self) -> str | None:
        return None if self.app.focused is None else self.app.focused.id

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def choose(self, flow_id: int) -> None:
        await choose(self.pilot, self.app, flow_id)

    async def say(self, *lines: dict[str, Any]) -> None:
        self.feed.say(*lines)
        self.app.sync()
        await self.pilot.pause()

    def screen_text(self) -> str:
        """All that is on the screen, as text."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())


type Open = Callable[..., Any]


@pytest.fixture
def desk(clock: Clock) -> Open:
    """`async with desk(size=…, told=…) as d`."""

    @asynccontextmanager
    async def open_desk(
        size: tuple[int, int] = (140, 40), told: Story | None = None
    ) -> AsyncIterator[Desk]:
        app = make_app(clock, told)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.store.hello is not None)
            app.sync()
            await until(
                pilot,
                lambda: not app.store.live
                or (app.connections.selected is not None
                    and app.store.watched.flow_id == app.connections.selected.flow_id),
            )  # fmt: skip
            yield Desk(app, pilot, clock)

    return open_desk
