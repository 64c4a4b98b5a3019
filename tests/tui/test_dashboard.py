"""The dashboard as a whole: selection, following, mouse, sizes, hostile data, a lost proxy."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from textual.scrollbar import ScrollTo

from tests.support.fake_feed import FakeFeed
from tests.support.fake_story import (
    NS,
    T0_NS,
    Story,
    closed,
    frame,
    hello,
    opened,
    story,
    totals_row,
)
from tests.tui.conftest import Clock, Open, make_app, until
from wsinspect.tui.app import DashboardApp, run_dashboard
from wsinspect.tui.data.connection import State
from wsinspect.tui.data.ordering import BY_COLUMN


def crowd(count: int) -> Story:
    lines = [hello()]
    lines += [opened(n, T0_NS - NS, f"host{n:05}.example", "/") for n in range(1, count + 1)]
    return Story(lines)


async def test_selection_stays_on_its_connection(desk: Open) -> None:
    async with desk(told=crowd(60)) as d:
        await d.choose(30)
        row = d.app.connections.cursor - d.app.connections.top
        for number in range(200, 220):
            await d.say(opened(number, T0_NS, "new.example", "/"))
        assert d.selected.flow_id == 30
        assert d.app.connections.shown[d.app.connections.cursor] is d.selected
        assert d.app.connections.cursor - d.app.connections.top == row  # no jump on the screen
        await d.say(closed(30, T0_NS, 1000, "client"))
        assert d.selected.flow_id == 30
        assert d.selected.state is State.CLEAN


async def test_a_moving_order_keeps_still_while_the_cursor_moves(desk: Open, clock: Clock) -> None:
    async with desk(told=crowd(5)) as d:
        d.app.connections.set_order(BY_COLUMN["bytes_to_server"])
        await d.press("j")
        before = list(d.app.connections.shown)
        busy = {"type": "totals", "timestamp_ns": T0_NS,
                "rows": [totals_row(1, 900, 0, (0, 1), T0_NS)]}  # fmt: skip
        clock.pass_s(0.1)
        await d.say(busy)
        assert d.app.connections.shown == before
        clock.pass_s(2)
        d.app.sync()
        assert d.app.connections.shown[0].flow_id == 1


async def test_reading_an_old_frame_is_not_disturbed(desk: Open) -> None:
    async with desk() as d:
        await d.choose(8)
        await d.press("enter", "k", "k", "k")
        chosen = d.app.frames.chosen()
        rows = [frame(T0_NS, 1, seq, 1, b"more") for seq in range(1_838, 1_938)]
        await d.say({"type": "frames", "flow_id": 8, "rows": rows})
        assert d.app.frames.chosen() is chosen
        assert "paused · 100 new" in d.screen_text()
        await d.press("G")
        newest = d.app.frames.chosen()
        assert newest is not None
        assert newest.seq == 1_937
        assert "following" in d.screen_text()


async def test_a_paused_frame_stays_in_place_when_old_ones_are_dropped(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsinspect.tui.data.framelog.FRAMES_MAX", 300)
    monkeypatch.setattr("wsinspect.tui.data.framelog._TRIM", 10)
    async with desk() as d:
        await d.choose(8)
        seq = 1_838
        rows = [frame(T0_NS, 1, seq + n, 1, b"more") for n in range(280)]
        await d.say({"type": "frames", "flow_id": 8, "rows": rows})
        await d.press("enter", "k", "k")
        chosen = d.app.frames.chosen()
        row = d.app.frames.cursor - d.app.frames.top
        rows = [frame(T0_NS, 1, seq + 280 + n, 1, b"more") for n in range(40)]
        await d.say({"type": "frames", "flow_id": 8, "rows": rows})
        assert d.app.store.watched.trimmed > 0
        assert d.app.frames.chosen() is chosen
        assert d.app.frames.cursor - d.app.frames.top == row


async def test_mouse_chooses_and_sorts_and_scrolls(desk: Open) -> None:
    async with desk(told=crowd(60)) as d:
        view = d.app.connections
        await d.pilot.click(view, offset=(10, 5))
        assert view.cursor == 4
        header = view.render_line(0).text
        await d.pilot.click(view, offset=(header.index("host"), 0))
        assert view.order.column == "host"
        assert d.app.connections.shown[0].flow_id == 1
        await d.pilot.click(view, offset=(header.index("host"), 0))
        assert view.shown[0].flow_id == 60
        top = view.top
        view._wheel(3)
        assert view.top == top + 3
        await d.pilot.click(d.app.frames, offset=(10, 2))
        assert d.app.focused is d.app.frames
        await d.pilot.click("#keys", offset=(3, 0))
        assert d.app.screen is not d.app.base


async def test_dragging_the_scroll_bar_stops_following(desk: Open) -> None:
    async with desk(size=(120, 30)) as d:
        await d.choose(8)
        assert d.app.frames.following
        d.app.frames.post_message(ScrollTo(y=0, animate=False))
        await until(d.pilot, lambda: not d.app.frames.following)
        d.app.sync()
        assert d.app.frames.top == 0
        d.app.frames.post_message(ScrollTo(y=99, animate=False))
        await until(d.pilot, lambda: d.app.frames.following)


async def test_columns_give_way_to_content(desk: Open) -> None:
    """No column for what no connection has; a long path gets the room that short hosts leave."""
    told = Story([hello(), opened(1, T0_NS, "a.b", "/" + "long" * 12)])
    async with desk(size=(190, 30), told=told) as d:
        assert "subprotocol" not in d.app.connections.render_line(0).text
        assert "/" + "long" * 12 in d.app.connections.render_line(1).text
        await d.say(opened(2, T0_NS, "a.b", "/", subprotocol="chat"))
        assert "subprotocol" in d.app.connections.render_line(0).text


async def test_an_ended_connection_ends_its_frames(desk: Open) -> None:
    async with desk() as d:
        await d.choose(3)
        last = d.app.frames.render_line(d.app.frames.count()).text
        assert "✗" in last
        assert "1006 TCP reset by server" in last
        assert d.app.frames.chosen() is None


async def test_empty_says_what_to_do(desk: Open) -> None:
    async with desk(told=Story([hello(listen=["127.0.0.1:18080"])])) as d:
        text = d.screen_text()
        for word in ("No connection yet", "127.0.0.1:18080", "curl", "Python", "Node", "Chromium"):
            assert word in text
        assert "mitmproxy-ca-cert.pem" in text
    async with desk(told=Story([hello(mode=["reverse:http://127.0.0.1:9000"])])) as d:
        assert "python -m websockets ws://127.0.0.1:8080/" in d.screen_text()


HOSTILE = (
    b"\x1b[2J\x1b]0;owned\x07",
    b"\x00\x01\x02\x7f\x80\x9b",
    "\u202eright to left\u2066 \u200b\u200d".encode(),
    b"[red on white]markup[/]",
    "👨‍👩‍👧‍👦 東京 ｶﾅ é́́́́́́".encode(),
    b"\xff\xfe\xed\xa0\x80",
    b"x" * 4_000,
)


async def test_hostile_data_never_reaches_a_segment(desk: Open) -> None:
    told = Story([hello()])
    rows: list[Any] = []
    for number, payload in enumerate(HOSTILE, 1):
        text = payload.decode("utf-8", "replace")
        facts = {"subprotocol": text, "user_agent": text, "origin": text,
                 "findings": [{"code": "x", "say": text}]}  # fmt: skip
        told.lines.append(opened(number, T0_NS, text or "x", "/" + text, **facts))
        for opcode in (1, 2, 8, 9, 11):
            rows.append(frame(T0_NS, 0, len(rows), opcode, payload, violation=text))
    told.lines.append({"type": "problem", "say": HOSTILE[0].decode()})
    told.frames[len(HOSTILE)] = rows
    async with desk(size=(160, 60), told=told) as d:
        for keys in ((), ("i",), ("enter",), ("g",), *((("j",),) * len(rows))):
            await d.press(*keys)
            for strip in d.app.screen._compositor.render_strips():
                for segment in strip:
                    assert all(unicodedata.category(c)[0] != "C" for c in segment.text), keys
                    assert "\u2028" not in segment.text


SIZES = [(250, 70), (140, 40), (80, 24), (60, 15), (40, 12), (20, 5), (8, 3), (1, 1), (80, 24)]


async def test_any_size(desk: Open) -> None:
    async with desk() as d:
        await d.choose(8)
        for keys in ((), ("i",), ("enter",), ("question_mark",)):
            await d.press(*keys)
            for width, height in SIZES:
                await d.pilot.resize_terminal(width, height)
                d.app.sync()
                await d.pilot.pause()
            assert d.app.is_running
        await d.press("escape", "escape", "escape")
        assert d.app.focused is d.app.connections
        assert d.selected.flow_id == 8


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (20, 5)])
async def test_drops_are_never_hidden(desk: Open, size: tuple[int, int]) -> None:
    async with desk(size=size) as d:
        await d.say(
            {"timestamp": "", "event_type": "stats", "host": "b", "stats": {"log_dropped": 17}}
        )
        assert "17" in d.screen_text()
        if size[0] > 20:
            assert "dropped log 17" in d.screen_text()


async def test_lost_and_back(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "proxy.sock"
    server = FakeFeed(path, story())
    app = DashboardApp(str(path), clock=clock)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.feed.reason)
        app.sync()
        await server.start()
        await until(pilot, lambda: 16 in server.watched)
        await server.stop()
        await until(pilot, lambda: app.store.frozen_ns is not None)
        clock.pass_s(65)
        app.sync()
        await pilot.pause()
        assert "proxy lost 1m05s ago" in app.screen._compositor.render_strips()[0].text
        assert "last picture" in app.screen._compositor.render_strips()[2].text
        assert app.connections.count() == 16
        selected = app.connections.selected
        assert selected is not None
        assert selected.age_s(app.store.now_ns()) < 40  # its age stands still
        await server.start()
        await until(pilot, lambda: server.watched.count(16) == 2)
        app.sync()
        assert app.store.frozen_ns is None
        assert app.connections.selected is selected
        await server.stop()


async def test_a_new_proxy_moves_the_selection(desk: Open) -> None:
    async with desk() as d:
        await d.choose(8)
        await d.say(hello(pid=77), opened(1, T0_NS, "other.example", "/"))
        assert d.selected.facts.host == "other.example"
        await until(d.pilot, lambda: d.app.store.watched.flow_id == 1)
        assert d.app.frames.connection is d.selected


async def test_no_color_uses_no_color(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(clock)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.store.watched.entries)
        app.sync()
        await pilot.pause()
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                if segment.style is not None:
                    for color in (segment.style.color, segment.style.bgcolor):
                        assert color is None or color.is_default


async def test_keys_cost_nothing_to_the_store(desk: Open) -> None:
    """Drawing changes nothing that the feed wrote."""
    async with desk() as d:
        before = json.dumps([c.flow_id for c in d.app.store.newest_first()])
        version = d.app.store.version
        await d.press("s", "r", "e", "z", "i", "tab", "z", "i")
        assert json.dumps([c.flow_id for c in d.app.store.newest_first()]) == before
        assert d.app.store.version == version


async def test_random_keys_do_not_break_it(desk: Open) -> None:
    keys = ["j", "k", "g", "G", "tab", "enter", "escape", "i", "z", "space", "s", "S", "r", "e",
            "x", "pagedown", "pageup", "ctrl+d", "question_mark", "h", "l"]  # fmt: skip
    dice = random.Random(7)
    async with desk(size=(100, 30)) as d:
        for step in range(80):
            await d.pilot.press(dice.choice(keys))
            if step % 8 == 0:
                number = 1_000 + step
                await d.say(
                    opened(number, T0_NS, "x.example", "/"),
                    closed(dice.choice(list(d.app.store.live)), T0_NS, 1006, "server", cause="rst"),
                )
                width, height = dice.choice(SIZES)
                await d.pilot.resize_terminal(width, height)
        assert d.app.is_running


def test_without_a_terminal_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NotATerminal:
        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdin", NotATerminal())
    assert run_dashboard("/nowhere") == 2
    assert "needs a terminal" in capsys.readouterr().err
