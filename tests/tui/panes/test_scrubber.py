"""The time of a recording as a bar: its keys, its mouse, and what it draws."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.support.fake_story import NS, T0_NS
from wsinspect.tui.draw.palette import plain
from wsinspect.tui.panes.scrubber import Scrubber

MINUTE = 60 * NS


class FakeMarks:
    def closes(self, columns: int) -> list[int]:
        return [int(at == columns // 2) for at in range(columns)]

    def alerts(self, columns: int) -> list[int]:
        return [int(at in (columns // 4, columns // 2)) for at in range(columns)]


class FakeTimeline:
    """Ten minutes; moves at once."""

    start_ns = T0_NS
    end_ns = T0_NS + 10 * MINUTE
    progress = 1.0
    marks = FakeMarks()

    def __init__(self) -> None:
        self.now_ns = self.start_ns + 5 * MINUTE
        self.playing = False
        self.speed = 1
        self.steps: list[bool] = []

    def density(self, columns: int) -> list[int]:
        return [at % 9 for at in range(columns)]

    def seek(self, at_ns: int) -> None:
        self.now_ns = min(self.end_ns, max(self.start_ns, at_ns))

    def step(self, forward: bool) -> None:
        self.steps.append(forward)

    def play(self, speed: int | None = None) -> None:
        self.playing = True

    def set_speed(self, speed: int) -> None:
        self.speed = speed

    def pause(self) -> None:
        self.playing = False


class BarApp(App[None]):
    def __init__(self) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.timeline = FakeTimeline()
        self.scrubber = Scrubber(self.timeline, plain())

    def compose(self) -> ComposeResult:
        yield self.scrubber

    def lines(self) -> list[str]:
        return [self.scrubber.render_line(y).text for y in range(self.scrubber.size.height)]


type Ran = Callable[..., Any]


@pytest.fixture
def bar() -> Ran:
    @asynccontextmanager
    async def run(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[BarApp, Pilot[None]]]:
        app = BarApp()
        async with app.run_test(size=size) as pilot:
            app.scrubber.focus()
            await pilot.pause()
            yield app, pilot

    return run


@pytest.mark.parametrize(
    ("key", "minutes"), [("right", 5.1), ("left", 4.9), ("home", 0), ("end", 10)]
)
async def test_keys_move_the_cursor(bar: Ran, key: str, minutes: float) -> None:
    async with bar() as (app, pilot):
        await pilot.press(key)
        assert app.timeline.now_ns == T0_NS + int(minutes * MINUTE)


async def test_keys_step_play_and_change_the_speed(bar: Ran) -> None:
    async with bar() as (app, pilot):
        await pilot.press("shift+right", "shift+left")
        assert app.timeline.steps == [True, False]
        await pilot.press("P")
        assert app.timeline.playing
        assert app.lines()[0].startswith(" ▶ ")
        await pilot.press("P", "S", "S")
        assert (app.timeline.playing, app.timeline.speed) == (False, 60)
        assert "×60" in app.lines()[0]
        await pilot.press("S")
        assert app.timeline.speed == 1


@pytest.mark.parametrize("width", [80, 100, 200])
async def test_the_mouse_drags_the_cursor(bar: Ran, width: int) -> None:
    async with bar((width, 24)) as (app, pilot):
        start = width - app.scrubber._columns
        await pilot.mouse_down(Scrubber, offset=(start, 0))
        assert app.timeline.now_ns == app.timeline.start_ns
        await pilot.hover(Scrubber, offset=(width - 1, 0))
        assert app.timeline.now_ns == app.timeline.end_ns
        await pilot.hover(Scrubber, offset=(start + app.scrubber._columns // 2, 0))
        assert abs(app.timeline.now_ns - T0_NS - 5 * MINUTE) < 10 * MINUTE // app.scrubber._columns
        assert app.lines()[1][start + app.scrubber._columns // 2] in "◆✗"
        await pilot.mouse_up(Scrubber)
        before = app.timeline.now_ns
        await pilot.hover(Scrubber, offset=(start + 3, 0))
        assert app.timeline.now_ns == before


@pytest.mark.parametrize("width", [30, 80, 100, 200])
async def test_lines_fill_the_width_and_have_the_marks(bar: Ran, width: int) -> None:
    async with bar((width, 24)) as (app, _):
        app.timeline.now_ns = T0_NS
        density, rule = app.lines()
        assert [len(density), len(rule)] == [width, width]
        assert (rule.count("✗"), rule.count("▲"), rule.count("◆")) == (1, 1, 1)
        assert "█" in density
        assert "14:00:00" in density
        assert "10m00s" in rule
        assert ("22 Nov 2026" in rule) == (width >= 100)


async def test_one_line_has_both(bar: Ran) -> None:
    async with bar() as (app, pilot):
        app.scrubber.styles.height = 1
        await pilot.pause()
        (line,) = app.lines()
        assert "✗" in line
        assert "▲" in line
        assert "█" in line


async def test_reading_is_told(bar: Ran) -> None:
    async with bar() as (app, _):
        app.timeline.progress = 0.42
        assert "reading 42%" in app.lines()[1]
