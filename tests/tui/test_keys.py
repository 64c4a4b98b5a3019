"""Every key does what the help says; one check a key, and no key without a check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.support.fake_story import NS, T0_NS, Story, frame, hello, opened
from tests.tui.conftest import Desk, Open
from wsinspect.tui import keys
from wsinspect.tui.data.ordering import ORDERS
from wsinspect.tui.panes.help import HelpScreen

type Check = Callable[[Desk, str], Awaitable[None]]


def many() -> Story:
    """A hundred live connections; the newest has two hundred frames."""
    told = Story([hello()])
    for flow_id in range(1, 101):
        told.lines.append(opened(flow_id, T0_NS - NS, f"host{flow_id}.example", "/"))
    told.frames[100] = [frame(T0_NS, seq % 2, seq // 2, 1, b"%d" % seq) for seq in range(200)]
    return told


async def down(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.connections.cursor == 1
    assert d.selected.flow_id == 99


async def up(d: Desk, key: str) -> None:
    await d.choose(90)
    await d.press(key)
    assert d.selected.flow_id == 91


async def page_down(d: Desk, key: str) -> None:
    page = d.app.connections.page_height
    await d.press(key, key)
    assert d.app.connections.cursor == 2 * page
    assert d.app.connections.top <= 2 * page < d.app.connections.top + page


async def page_up(d: Desk, key: str) -> None:
    await d.choose(1)
    await d.press(key)
    assert d.app.connections.cursor == 99 - d.app.connections.page_height


async def half_down(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.connections.cursor == d.app.connections.page_height // 2


async def half_up(d: Desk, key: str) -> None:
    await d.choose(1)
    await d.press(key)
    assert d.app.connections.cursor == 99 - d.app.connections.page_height // 2


async def top(d: Desk, key: str) -> None:
    await d.choose(1)
    await d.press(key)
    assert d.selected.flow_id == 100
    assert d.app.connections.top == 0


async def bottom(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.selected.flow_id == 1
    await d.choose(100)
    await d.press("enter", "k", "k")
    assert not d.app.frames.following
    await d.press(key)
    assert d.app.frames.following


async def switch_pane(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.focused == "frames"
    await d.press(key)
    assert d.focused == "connections"


async def descend(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.focused is d.app.frames
    await d.press(key)
    assert d.app.detail.display
    assert any("masking key" in text for row in d.app.detail.rows for text, _ in row)


async def ascend(d: Desk, key: str) -> None:
    await d.press("enter", "z", "i")
    await d.press(key)
    assert not d.app.detail.display
    await d.press(key)
    assert not d.app.base.has_class("zoom")
    await d.press(key)
    assert d.app.focused is d.app.connections


async def detail(d: Desk, key: str) -> None:
    await d.press(key)
    assert any("accept key" in text for row in d.app.detail.rows for text, _ in row)
    await d.press(key)
    assert not d.app.detail.display


async def zoom(d: Desk, key: str) -> None:
    before = d.app.connections.size.height
    await d.press(key)
    assert d.app.connections.size.height > before
    assert not d.app.frames.is_on_screen
    await d.press(key)
    assert d.app.connections.size.height == before


async def pause(d: Desk, key: str) -> None:
    await d.press(key)
    new = frame(T0_NS, 0, 100, 1, b"new")
    await d.say(
        opened(101, T0_NS, "new.example", "/"),
        {"type": "frames", "flow_id": 100, "rows": [new]},
    )
    assert d.app.connections.count() == 100
    assert "held · 1 new" in d.screen_text()
    assert "paused · 1 new" in d.screen_text()
    await d.press(key)
    assert d.app.connections.count() == 101
    assert d.app.frames.cursor == 200
    assert d.selected.flow_id == 100
    assert "paused" not in d.screen_text()


async def order_on(d: Desk, key: str) -> None:
    for index in range(1, len(ORDERS) + 1):
        await d.press(key)
        assert d.app.connections.order is ORDERS[index % len(ORDERS)]
        assert d.selected.flow_id == 100


async def order_back(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.connections.order is ORDERS[-1]


async def reverse(d: Desk, key: str) -> None:
    await d.press(key)
    assert [c.flow_id for c in d.app.connections.shown] == list(range(1, 101))
    assert d.selected.flow_id == 100


async def toggle_ended(d: Desk, key: str) -> None:
    await d.say(opened(101, T0_NS, "no.example", "/", status=403))
    assert d.app.connections.count() == 101
    await d.press(key)
    assert d.app.connections.count() == 100
    assert "ended hidden" in d.screen_text()
    await d.press(key)
    assert d.app.connections.count() == 101


async def acknowledge(d: Desk, key: str) -> None:
    await d.say({"type": "problem", "say": "the log is dead"})
    assert "the log is dead" in d.screen_text()
    await d.press(key)
    assert "the log is dead" not in d.screen_text()


async def show_help(d: Desk, key: str) -> None:
    await d.press(key)
    assert isinstance(d.app.screen, HelpScreen)
    await d.press(key)
    assert not isinstance(d.app.screen, HelpScreen)


async def leave(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.return_value == 0


CHECKS: dict[str, Check] = {
    "cursor(1)": down,
    "cursor(-1)": up,
    "page(1)": page_down,
    "page(-1)": page_up,
    "half_page(1)": half_down,
    "half_page(-1)": half_up,
    "top": top,
    "bottom": bottom,
    "switch_pane": switch_pane,
    "descend": descend,
    "ascend": ascend,
    "toggle_detail": detail,
    "zoom": zoom,
    "pause": pause,
    "order(1)": order_on,
    "order(-1)": order_back,
    "reverse": reverse,
    "toggle_ended": toggle_ended,
    "acknowledge": acknowledge,
    "help": show_help,
    "quit": leave,
}
EVERY_KEY = [
    (name, key.action)
    for group in keys.GROUPS
    for key in group.keys
    for name in key.keys.split(",")
]


@pytest.mark.parametrize(("name", "action"), EVERY_KEY)
async def test_key(desk: Open, name: str, action: str) -> None:
    async with desk(told=many()) as d:
        await CHECKS[action](d, name)


def test_every_check_has_a_key() -> None:
    assert {action for _, action in EVERY_KEY} == set(CHECKS)


def test_no_key_is_bound_twice() -> None:
    names = [name for name, _ in EVERY_KEY]
    assert len(names) == len(set(names))


async def test_help_names_every_key(desk: Open) -> None:
    async with desk(size=(100, 70)) as d:
        await d.press("question_mark")
        text = d.screen_text()
        for group in keys.GROUPS:
            for key in group.keys:
                assert key.say in text


@pytest.mark.parametrize("key", ["escape", "q", "enter", "space", "question_mark", "f1"])
async def test_help_closes_and_the_dashboard_stays(desk: Open, key: str) -> None:
    async with desk() as d:
        await d.press("question_mark")
        await d.press(key)
        assert not isinstance(d.app.screen, HelpScreen)
        assert d.app.is_running


async def test_quit_from_help(desk: Open) -> None:
    async with desk() as d:
        await d.press("question_mark")
        await d.press("ctrl+c")
        assert d.app.return_value == 0
