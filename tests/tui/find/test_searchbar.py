"""The search bar under the keys of a person."""

from __future__ import annotations

import pytest

from tests.support.fake_story import T0_NS, frame
from tests.tui.find.bench import Seat, frames_of, log_of, seat

PAYLOADS = [b"a goal", b"none", b"Goal", b"x", b"GOAL", b"\xde\xad"]


async def opened(s: Seat) -> None:
    s.app.search.attach(s.app.log_)
    s.app.search.open()
    await s.pilot.pause()


async def counted(s: Seat) -> None:
    while s.app.search.matches is not None and not s.app.search.matches.finished:
        await s.pilot.pause(0.02)
    s.app.search.sync()
    await s.pilot.pause()


async def test_it_counts_while_one_types() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        assert s.app.focused is s.app.search.prompt
        await s.type("goal", by_letter=True)
        await counted(s)
        assert s.app.needles == ["g", "go", "goa", "goal"]
        assert " search goal" in s.line(s.app.search)
        assert "1 of 3" in s.line(s.app.search), "the cursor stands on the first"
        await s.press("tab")
        assert s.app.at == 2
        assert "2 of 3" in s.line(s.app.search)
        await s.press("shift+tab", "shift+tab")
        assert s.app.at == 4
        await s.type("x")
        await counted(s)
        assert "none" in s.line(s.app.search)


async def test_enter_goes_to_the_next_and_keeps() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type("goal")
        await counted(s)
        await s.press("enter")
        assert s.app.at == 2
        assert s.app.closed == [("goal", True)]
        assert not s.app.search.is_open
        assert s.app.search.matches is not None, "n and N go on from here"
        assert s.app.search.matches.nearest(2) == 4
        assert s.app.search.history.lines == ["goal"]


async def test_escape_brings_back_what_held_before() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type("none")
        await s.press("enter")
        s.app.search.open()
        await s.pilot.pause()
        assert s.app.search.prompt.value == "none"
        await s.type("x")
        await s.press("escape")
        assert s.app.search.needle.text == "none"
        assert s.app.closed[-1] == ("none", False)
        s.app.search.clear()
        assert s.app.search.matches is None


async def test_an_empty_line_ends_the_search() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.press("enter")
        assert s.app.closed == [("", True)]
        assert s.app.at == 0


@pytest.mark.parametrize(("typed", "wrong"), [("/(/", "missing )"), ("hex:d", "two hexadecimal")])
async def test_what_is_wrong_is_told(typed: str, wrong: str) -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type(typed)
        assert f"✗ {'not a pattern: ' if '/' in typed else ''}{wrong}" in s.screen_text()
        await s.press("enter")
        assert s.app.closed == []


async def test_bytes() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type("hex:dead")
        await counted(s)
        assert "1 found" in s.line(s.app.search)


async def test_the_log_grows_while_the_bar_is_gone() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type("goal")
        await s.press("enter")
        await counted(s)
        s.app.log_.extend(frames_of(frame(T0_NS, 0, 3, 1, b"goal")))
        s.app.search.sync()
        await counted(s)
        assert s.app.search.matches is not None
        assert s.app.search.matches.positions == [0, 2, 4, 6]


async def test_another_log() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type("goal")
        await s.press("enter")
        await counted(s)
        s.app.search.attach(log_of(b"goal"))
        await counted(s)
        assert s.app.search.matches is not None
        assert s.app.search.matches.positions == [0]


async def test_history_by_the_arrows() -> None:
    async with seat(log=log_of(*PAYLOADS)) as s:
        s.app.search.history.add("goal")
        await opened(s)
        await s.type("no")
        await s.press("up")
        assert s.app.search.needle.text == "goal"
        await s.press("down")
        assert s.app.search.needle.text == "no"


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 5)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_any_size(size: tuple[int, int]) -> None:
    async with seat(size, log=log_of(*PAYLOADS)) as s:
        await opened(s)
        await s.type("goal")
        await counted(s)
        assert s.app.search.region.height == 1
        assert "goal" in s.line(s.app.search)
