"""Searching all connections from the keyboard: what is said, what Enter does, how Esc ends it."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from tests.support.fake_story import NS, T0_NS, Story, frame, hello, opened, totals_row
from tests.tui.conftest import Desk, Open, until
from tests.tui.find.test_everywhere import message
from tests.tui.test_recording import opened_recording
from wsinspect.tui.data.contents import Place
from wsinspect.tui.data.entries import Message
from wsinspect.tui.find.filter import parse
from wsinspect.tui.panes.searchall import SearchAllScreen


def three() -> Story:
    told = Story([hello()])
    for number in (1, 2, 3):
        told.lines.append(opened(number, T0_NS - NS, f"host{number}.example", "/feed"))
        told.frames[number] = [
            frame(T0_NS + number * NS, 1, seq, 1, b"hay %d" % seq) for seq in range(200)
        ]
    rows = [totals_row(number, 0, 200, (1, 1), T0_NS) for number in (1, 2, 3)]
    told.lines.append({"type": "totals", "timestamp_ns": T0_NS, "rows": rows})
    told.frames[1][150] = frame(T0_NS + NS, 1, 150, 1, b"the needle of one")
    told.frames[3][7] = frame(T0_NS + 3 * NS, 0, 0, 1, b"a needle to three")
    return told


async def searched(d: Desk, text: str) -> SearchAllScreen:
    await d.press("asterisk", *text, "enter")
    screen = d.app.screen
    assert isinstance(screen, SearchAllScreen)
    await until(d.pilot, lambda: screen.search is not None and screen.search.over)
    await d.pilot.pause()
    return screen


def content(d: Desk) -> bytes | None:
    chosen = d.app.frames.chosen()
    return chosen.content if isinstance(chosen, Message) else None


async def test_it_lists_finds_says_what_was_searched_and_goes_there(desk: Open) -> None:
    async with desk(told=three()) as d:
        await d.choose(1)
        await d.choose(3)
        d.app.set_filter(parse("text~hay"))
        await searched(d, "needle")
        shown = d.screen_text()
        assert "2 found in 2 connections" in shown
        assert "searched 2 of 3 connections: those that were chosen here" in shown
        assert "wsinspect open FILE" in shown
        assert "#1 host1.example/feed" in shown
        assert "a needle to three" in shown
        await d.press("enter")
        await until(d.pilot, lambda: d.focused == "frames")
        assert d.selected.flow_id == 1
        assert content(d) == b"the needle of one"
        assert d.app.filter is None  # it hid it
        frames = d.app.frames
        assert frames.top <= frames.cursor < frames.top + frames.page_height
        assert frames.needle == "needle"


async def test_the_chosen_one_is_gone_to(desk: Open) -> None:
    async with desk(told=three()) as d:
        await d.choose(1)
        await d.choose(3)
        await searched(d, "needle")
        await d.press("down", "enter")
        await until(d.pilot, lambda: d.focused == "frames")
        assert d.selected.flow_id == 3
        assert content(d) == b"a needle to three"


async def test_it_begins_with_what_is_searched_for_already(desk: Open) -> None:
    async with desk(told=three()) as d:
        await d.choose(3)
        await d.press("slash", *"needle", "enter", "asterisk")
        screen = d.app.screen
        assert isinstance(screen, SearchAllScreen)
        assert screen.typed == "needle"
        await until(d.pilot, lambda: screen.search is not None and screen.search.over)
        assert "1 found in 1 connection" in d.screen_text()


async def test_nothing_and_what_is_wrong(desk: Open) -> None:
    async with desk(told=three()) as d:
        await d.choose(3)
        await searched(d, "nowhere")
        assert "nothing found" in d.screen_text()
        await d.press("enter")
        assert isinstance(d.app.screen, SearchAllScreen)
        screen = d.app.screen
        await d.press(*["backspace"] * 7, "slash", "left_parenthesis", "slash", "enter")
        assert screen.wrong
        assert screen.wrong in d.screen_text()
        await d.press("escape")
        assert not isinstance(d.app.screen, SearchAllScreen)


class Endless:
    waits = False
    progress = 0.5
    scope = "everything"

    def batches(self) -> Generator[Sequence[tuple[bytes, int]]]:
        while True:
            yield [(b"hay", 0)]

    def place(self, token: Any) -> Place | None:
        raise AssertionError(token)


async def test_escape_stops_a_long_search_and_then_leaves(desk: Open) -> None:
    async with desk(told=three()) as d:
        d.app.feed.contents = Endless
        await d.press("asterisk", "x", "enter")
        screen = d.app.screen
        assert isinstance(screen, SearchAllScreen)
        assert screen.search is not None
        assert not screen.search.over
        await d.press("escape")
        assert screen.search.stopped
        assert "stopped at 50%, nothing found" in d.screen_text()
        await d.press("escape")
        assert not isinstance(d.app.screen, SearchAllScreen)


async def test_a_connection_that_is_gone_is_said(desk: Open) -> None:
    async with desk(told=three()) as d:
        await d.choose(1)
        await d.choose(3)
        screen = await searched(d, "needle")
        del d.app.store.live[1]
        assert screen.view.chosen is not None
        assert screen.view.chosen.place.flow_id == 1
        await d.press("enter")
        said = [notification.message for notification in d.app._notifications]
        assert said == ["connection #1 is no longer here"]


def recording(path: Path) -> Path:
    """Two connections; what is looked for passes in the middle of the first one's life."""
    lines = [opened(1, T0_NS, "one.example", "/"), opened(2, T0_NS + NS, "two.example", "/")]
    lines += [
        message(T0_NS + second * NS, 1 + second % 2, f"hay {second}") for second in range(2, 60)
    ]
    lines.insert(30, message(T0_NS + int(29.5 * NS), 1, "the needle"))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def test_of_a_recording_all_is_searched(tmp_path: Path) -> None:
    async with opened_recording(recording(tmp_path / "log.jsonl")) as d:
        await searched(d, "needle")
        assert "all of the recording, 2 connections" in d.screen_text()
        await d.press("enter")
        await until(d.pilot, lambda: d.focused == "frames")
        assert content(d) == b"the needle"


async def test_what_passes_later_than_the_moment_shown_is_gone_to(tmp_path: Path) -> None:
    async with opened_recording(recording(tmp_path / "log.jsonl")) as d:
        timeline = d.app.feed.timeline
        assert timeline is not None
        timeline.seek(T0_NS)
        await until(d.pilot, lambda: len(d.app.store) == 1)
        await searched(d, "hay 58")
        await d.press("enter")
        await until(d.pilot, lambda: d.focused == "frames")
        assert content(d) == b"hay 58"
        assert timeline.now_ns == T0_NS + 58 * NS
