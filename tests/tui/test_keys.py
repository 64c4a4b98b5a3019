"""Every key does what the help says; one check an action, and no action without a check.

Keys of a recording's timeline are in test_recording.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.support.fake_story import NS, T0_NS, Story, frame, hello, opened, stamp
from tests.tui.conftest import Desk, Open, until
from wsinspect.tui import keys
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.ordering import ORDERS
from wsinspect.tui.draw.frame_columns import TimeMode
from wsinspect.tui.draw.palette import DAY
from wsinspect.tui.panes.asking import AskScreen
from wsinspect.tui.panes.closing import ClosingScreen
from wsinspect.tui.panes.columnchooser import ColumnChooser
from wsinspect.tui.panes.compare import CompareScreen
from wsinspect.tui.panes.help import HelpScreen
from wsinspect.tui.panes.palette import ChooseScreen
from wsinspect.tui.panes.searchall import SearchAllScreen

type Check = Callable[[Desk, str], Awaitable[None]]


def many() -> Story:
    """A hundred live connections; the newest has two hundred frames."""
    told = Story([hello()])
    for flow_id in range(1, 101):
        told.lines.append(opened(flow_id, T0_NS - NS, f"host{flow_id}.example", "/"))
    told.frames[100] = [frame(T0_NS, seq % 2, seq // 2, 1, b"%d" % seq) for seq in range(200)]
    return told


def rich() -> Story:
    """One connection with a bit of everything: 0 to 9 are the rows of its list."""
    told = Story([hello(can=["close", "payload"])])
    told.lines.append(opened(2, T0_NS - NS, "other.example", "/other"))
    told.lines.append(opened(1, T0_NS - NS, "host.example", "/", subprotocol="graphql-ws",
                             app_proto="graphql"))  # fmt: skip
    rows = [
        frame(T0_NS, 0, 0, 1, b'{"id":"7","type":"start","payload":{}}'),
        frame(T0_NS + NS, 1, 0, 1, b'{"id":"7","type":"data","payload":{"a":[1]}}'),
        frame(T0_NS + NS, 0, 1, 9, b"beat"),
        frame(T0_NS + NS, 1, 1, 10, b"beat"),
        frame(T0_NS + NS, 1, 2, 1, b'{"id":"8","ty', fin=False),
        frame(T0_NS + NS, 1, 3, 0, b'pe":"data","payload":{"a":[2]}}'),
        frame(T0_NS + NS, 0, 2, 1, b"needle in here"),
        frame(T0_NS + NS, 1, 4, 1, b"broken", violation="invalid-utf8"),
        frame(T0_NS + 2 * NS, 0, 3, 1, b"card ****"),
        frame(T0_NS + 2 * NS, 1, 5, 8, b"\x03\xe8bye"),
    ]
    told.frames[1] = rows
    return told


ALERT = {
    "timestamp": stamp(T0_NS + 2 * NS),
    "event_type": "alert",
    "flow_id": 1,
    "host": "box",
    "alert": {
        "signature": "a card", "rule": "cards", "severity": "high", "action": "allowed",
        "disposition": "redacted", "hits": [], "direction": "to_server", "opcode": "text", "seq": 3,
    },
}  # fmt: skip


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
    await d.press("i", key, key)
    assert d.focused == "detail"


async def switch_back(d: Desk, key: str) -> None:
    await d.press("i", key)
    assert d.focused == "detail"
    await d.press(key)
    assert d.focused == "frames"


async def descend(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.focused is d.app.frames
    await d.press(key)
    assert d.app.detail.display
    assert "On the wire" in d.screen_text()


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
    assert "7 Diagnosis" in d.screen_text()
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


async def cohorts(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.focused == "cohorts"
    assert "How connections end" in d.screen_text()
    assert not d.app.connections.is_on_screen
    await d.press(key)
    assert d.focused == "connections"


async def talkers_by(d: Desk, key: str) -> None:
    seen = []
    await d.press("v")
    for _ in range(2):
        await d.press(key)
        seen.append(d.app.cohorts.by)
    assert seen == ["time", "bytes"]


async def talkers_per(d: Desk, key: str) -> None:
    await d.press("v", key)
    assert d.app.cohorts.per == "client"


def wider(more: bool) -> Check:
    async def check(d: Desk, key: str) -> None:
        await d.press("i")
        before = d.app.frames.size.width
        await d.press(key)
        assert d.app.frames.size.width - before == (4 if more else -4)
        assert d.app.remembered().split_left > 0

    return check


def higher(more: bool) -> Check:
    async def check(d: Desk, key: str) -> None:
        before = d.app.connections.size.height
        await d.press(key)
        assert d.app.connections.size.height - before == (2 if more else -2)

    return check


async def columns(d: Desk, key: str) -> None:
    for _ in range(2):
        await d.press(key)
        assert isinstance(d.app.screen, ColumnChooser)
        await d.press("escape", "tab")


async def heartbeats(d: Desk, key: str) -> None:
    await d.press("enter", key)
    assert d.app.frames.count() == 7
    assert "2 heartbeats hidden" in d.screen_text()
    await d.press(key)
    assert d.app.frames.count() == 9


async def time_mode(d: Desk, key: str) -> None:
    await d.press("enter")
    for mode in (TimeMode.RELATIVE, TimeMode.DELTA, TimeMode.ABSOLUTE):
        await d.press(key)
        assert d.app.frames.time_mode is mode


async def unfold(d: Desk, key: str) -> None:
    await to_row(d, 4)
    await d.press(key)
    assert d.app.frames.count() == 11
    await d.press(key)
    assert d.app.frames.count() == 9


async def to_row(d: Desk, row: int) -> None:
    """Choose row `row` of the frames."""
    await d.press("enter", "g")
    d.app.frames.move_to(row)
    await d.pilot.pause()


def row(d: Desk) -> int:
    return d.app.frames.cursor


async def filter_on(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.focused == "filter-text"
    await d.press(*"host:oth", "enter")
    assert d.focused == "connections"
    assert [c.flow_id for c in d.app.connections.shown] == [2]
    assert "host:oth" in d.screen_text()
    await d.press("F")
    await d.choose(1)
    await d.press("tab", key, *"op:ping", "enter")
    assert d.app.frames.count() == 1
    assert d.focused == "frames"


async def filter_off(d: Desk, key: str) -> None:
    d.app.filter_by("host:other")
    assert d.app.connections.count() == 1
    await d.press(key)
    assert d.app.connections.count() == 2


async def search(d: Desk, key: str) -> None:
    await d.press(key, *"needle", "enter")
    assert d.focused == "frames"
    assert row(d) == 5
    assert d.app.frames.needle == "needle"


async def search_all(d: Desk, key: str) -> None:
    await d.press(key, *"needle")
    screen = d.app.screen
    assert isinstance(screen, SearchAllScreen)
    await d.press("enter")
    await until(d.pilot, lambda: screen.search is not None and screen.search.over)
    assert "1 found in 1 connection" in d.screen_text()
    await d.press("enter")
    await until(d.pilot, lambda: d.focused == "frames")
    assert row(d) == 5


async def next_match(d: Desk, key: str) -> None:
    await d.press("slash", *"payload", "enter")
    places = []
    for _ in range(3):
        await d.press(key)
        places.append(row(d))
    assert sorted(places) == [0, 1, 4]
    assert (places[0] < places[1]) is (places[1] < places[2]) or places[0] == 0 or places[2] == 0


async def next_alert(d: Desk, key: str) -> None:
    await d.say(ALERT)
    await to_row(d, 0)
    await d.press(key)
    assert row(d) == 7


async def previous_alert(d: Desk, key: str) -> None:
    await d.say(ALERT)
    await to_row(d, 8)
    await d.press(key)
    assert row(d) == 7


async def next_close(d: Desk, key: str) -> None:
    await to_row(d, 0)
    await d.press(key)
    assert row(d) == 6
    await d.press(key)
    assert row(d) == 8


async def previous_close(d: Desk, key: str) -> None:
    await to_row(d, 8)
    await d.press(key)
    assert row(d) == 6


async def other_half(d: Desk, key: str) -> None:
    await to_row(d, 2)
    await d.press(key)
    assert row(d) == 3
    await d.press(key)
    assert row(d) == 2
    await to_row(d, 0)
    await d.press(key)
    assert row(d) == 1


async def mark(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.connections.marked == {d.selected.flow_id}
    assert "1 marked" in d.screen_text()
    await d.press(key)
    assert not d.app.connections.marked
    await to_row(d, 2)
    await d.press(key)
    assert d.app.frames.marked == [d.app.frames.chosen()]


async def next_mark(d: Desk, key: str) -> None:
    await to_row(d, 2)
    await d.press("m", "g", key)
    assert row(d) == 2
    await d.press("tab", "m", "j", "k", "j", key)
    assert d.selected.flow_id in d.app.connections.marked


async def copy(d: Desk, key: str) -> None:
    await to_row(d, 5)
    await d.press(key)
    assert isinstance(d.app.screen, ChooseScreen)
    await d.press("enter")
    assert d.app.clipboard == "needle in here"
    await d.press("tab", key, *"url", "enter")
    assert d.app.clipboard == "wss://host.example:9000/"


async def save(d: Desk, key: str) -> None:
    await d.press(key)
    assert isinstance(d.app.screen, AskScreen)
    await d.press("escape")
    assert d.focused == "connections"


async def diff(d: Desk, key: str) -> None:
    await to_row(d, 4)
    await d.press(key)
    assert isinstance(d.app.screen, CompareScreen)
    await d.press("escape")
    await to_row(d, 0)
    await d.press("m")
    await to_row(d, 5)
    await d.press(key)
    assert isinstance(d.app.screen, CompareScreen)


async def compare(d: Desk, key: str) -> None:
    await d.press(key)
    assert not isinstance(d.app.screen, CompareScreen)
    await d.press("m", "j", key)
    assert isinstance(d.app.screen, CompareScreen)


async def close(d: Desk, key: str) -> None:
    d.feed.able = frozenset({"close"})
    await d.press(key)
    assert isinstance(d.app.screen, ClosingScreen)
    assert "1000" in d.screen_text()
    await d.press("enter")
    assert d.feed.asked == [("close", 1, 1000, "")]


def tab(number: int, name: str) -> Check:
    async def check(d: Desk, key: str) -> None:
        await d.press("2" if number == 1 else "1", key)
        assert d.app.detail.tab == number
        assert d.app.detail.is_on_screen
        assert f"{number} {name}" in d.screen_text()

    return check


async def tab_on(d: Desk, key: str) -> None:
    await d.press("1", key)
    assert d.app.detail.tab == 2


async def tab_back(d: Desk, key: str) -> None:
    await d.press("1", key)
    assert d.app.detail.tab == 7


async def to_tree(d: Desk) -> None:
    await to_row(d, 1)
    await d.press("2", "tab")
    assert d.focused == "detail"


async def fold(d: Desk, key: str) -> None:
    await to_tree(d)
    before = d.app.detail.count()
    await d.press(key)
    assert d.app.detail.count() < before
    await d.press(key)
    assert d.app.detail.count() == before


async def fold_all(d: Desk, key: str) -> None:
    await to_tree(d)
    before = d.app.detail.count()
    await d.press(key)
    assert 1 < d.app.detail.count() < before


async def line_numbers(d: Desk, key: str) -> None:
    await d.press("1", "shift+tab", key)
    assert d.app.detail.line_numbers is True


async def whole(d: Desk, key: str) -> None:
    d.feed.able = frozenset({"payload"})
    long = frame(T0_NS + NS, 1, 6, 1, b"x" * 9_000)
    await d.say({"type": "frames", "flow_id": 1, "rows": [long]})
    await d.press("enter", "1", key)
    assert d.feed.asked == [("payload", 1, 1, 6)]


async def palette(d: Desk, key: str) -> None:
    await d.press(key)
    assert isinstance(d.app.screen, ChooseScreen)
    await d.press(*"zoom", "enter")
    await d.pilot.pause()
    assert d.app.base.has_class("zoom")


async def theme(d: Desk, key: str) -> None:
    await d.press(key)
    assert d.app.theme == DAY.name
    assert d.app.connections.palette == d.app.palette


CHECKS: dict[str, Check] = {
    "down": down,
    "up": up,
    "page-down": page_down,
    "page-up": page_up,
    "half-down": half_down,
    "half-up": half_up,
    "top": top,
    "bottom": bottom,
    "next-pane": switch_pane,
    "previous-pane": switch_back,
    "descend": descend,
    "back": ascend,
    "out": ascend,
    "detail": detail,
    "zoom": zoom,
    "pause": pause,
    "order": order_on,
    "order-back": order_back,
    "reverse": reverse,
    "ended": toggle_ended,
    "acknowledge": acknowledge,
    "help": show_help,
    "quit": leave,
}
RICH: dict[str, Check] = {
    "cohorts": cohorts,
    "talkers-by": talkers_by,
    "talkers-per": talkers_per,
    "split-left": wider(False),
    "split-right": wider(True),
    "split-up": higher(False),
    "split-down": higher(True),
    "columns": columns,
    "heartbeats": heartbeats,
    "time": time_mode,
    "unfold": unfold,
    "unfold-all": unfold,
    "filter": filter_on,
    "filter-off": filter_off,
    "search": search,
    "search-all": search_all,
    "next-match": next_match,
    "previous-match": next_match,
    "next-alert": next_alert,
    "previous-alert": previous_alert,
    "next-close": next_close,
    "previous-close": previous_close,
    "other-half": other_half,
    "mark": mark,
    "next-mark": next_mark,
    "copy": copy,
    "save": save,
    "diff": diff,
    "compare": compare,
    "close": close,
    "tab-text": tab(1, "Text"),
    "tab-json": tab(2, "JSON"),
    "tab-hex": tab(3, "Hex"),
    "tab-handshake": tab(4, "Handshake"),
    "tab-timing": tab(5, "Timing"),
    "tab-rules": tab(6, "Rules"),
    "tab-diagnosis": tab(7, "Diagnosis"),
    "tab-on": tab_on,
    "tab-back": tab_back,
    "fold": fold,
    "fold-all": fold_all,
    "line-numbers": line_numbers,
    "whole": whole,
    "palette": palette,
    "theme": theme,
}
EVERY_KEY = [
    (name, key.id) for key in keys.ALL if not key.recording for name in key.keys.split(",")
]


@pytest.mark.parametrize(("name", "action"), EVERY_KEY)
async def test_key(desk: Open, name: str, action: str) -> None:
    told = many() if action in CHECKS else rich()
    async with desk(told=told) as d:
        await (CHECKS.get(action) or RICH[action])(d, name)


@pytest.mark.parametrize("name", keys.ALWAYS_QUIT.split(","))
async def test_always_quit(desk: Open, name: str) -> None:
    async with desk(told=rich()) as d:
        await d.press("f", "a", name)
        assert d.app.return_value == 0


def test_every_action_has_a_check_and_every_check_an_action() -> None:
    assert {action for _, action in EVERY_KEY} == {*CHECKS, *RICH}


async def test_keys_are_text_where_something_is_typed(desk: Open) -> None:
    async with desk(told=rich()) as d:
        await d.press("f", "q", "z", "question_mark")
        assert d.app.is_running
        assert d.app.filter_bar.prompt.value == "qz?"
        await d.press("escape")
        assert d.focused == "connections"
        await d.press("slash", "T", "x")
        assert d.app.search_bar.prompt.value == "Tx"


async def test_a_message_is_one_row(desk: Open) -> None:
    async with desk(told=rich()) as d:
        await d.choose(1)
        entry = d.app.store.watched.entries[4]
        assert isinstance(entry, Message)
        assert entry.frame_count == 2
