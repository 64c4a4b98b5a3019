"""The connection list: order, filter, selection, marks, columns, by key and by mouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from rich.cells import cell_len
from textual.events import Click
from textual.strip import Strip

from tests.support.fake_story import NS, T0_NS, Story, closed, hello, opened, stamp, totals_row
from tests.tui.conftest import Clock, Desk, Open
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.ordering import BY_COLUMN, ORDERS
from wsinspect.tui.draw.rows import MARK
from wsinspect.tui.panes import connections as pane
from wsinspect.tui.panes.columnchooser import ColumnChooser, ColumnList


@dataclass
class Passes:
    """A filter as the list needs one."""

    moving = True

    test: Callable[[Connection], bool]
    text: str = "test"

    def connection(self, connection: Connection, now_ns: int) -> bool:
        return self.test(connection)


def crowd(count: int = 60) -> Story:
    lines = [hello()]
    lines += [
        opened(n, T0_NS - (count - n) * NS, f"host{n % 7}.example", f"/{n:03}")
        for n in range(1, count + 1)
    ]
    return Story(lines)


def busy(rows: dict[int, int], at_ns: int = T0_NS) -> dict[str, object]:
    return {
        "type": "totals",
        "timestamp_ns": at_ns,
        "rows": [totals_row(n, frames, 0, (0, 1), at_ns) for n, frames in rows.items()],
    }


def ids(d: Desk) -> list[int]:
    return [c.flow_id for c in d.app.connections.shown]


def header(d: Desk) -> str:
    return d.app.connections.render_line(0).text


# Order


async def test_header_click_sorts_and_again_reverses(desk: Open) -> None:
    async with desk(size=(200, 40), told=crowd()) as d:
        view = d.app.connections
        for title, column in (("path", "path"), ("age", "age"), ("idle", "idle")):
            at = header(d).index(title)
            await d.pilot.click(view, offset=(at, 0))
            assert view.order.column == column
            before = ids(d)
            assert f"{title}▴" in header(d) or f"▾{title}" in header(d)
            await d.pilot.click(view, offset=(header(d).index(title), 0))
            assert ids(d) == before[::-1]


async def test_a_moving_order_sorts_once_a_second_at_most(desk: Open, clock: Clock) -> None:
    async with desk(told=crowd(5)) as d:
        view = d.app.connections
        view.set_order(BY_COLUMN["bytes_to_server"])
        await d.say(busy({2: 50}))
        assert ids(d)[0] != 2  # sorted this second already
        clock.pass_s(1)
        await d.say(busy({2: 60}))
        assert ids(d)[0] == 2


async def test_a_long_list_takes_in_new_ones_once_a_second(
    desk: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pane, "_LONG", 10)
    async with desk(told=crowd(60)) as d:
        clock.pass_s(1)
        await d.say(opened(100, T0_NS, "new.example", "/"))
        assert ids(d)[0] == 100
        await d.say(opened(101, T0_NS, "new.example", "/"))
        assert 101 not in ids(d)
        clock.pass_s(1)
        d.app.sync()
        assert ids(d)[0] == 101
        await d.say(*(opened(n, T0_NS, "new.example", "/") for n in range(200, 260)))
        assert len(ids(d)) == 122  # many at once are not kept waiting


async def test_the_selection_stays_through_every_order(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        await d.choose(17)
        for _ in ORDERS:
            await d.press("s")
            assert d.selected.flow_id == 17
            assert d.app.connections.shown[d.app.connections.cursor] is d.selected


# Filter


async def test_a_filter_hides_and_says_how_many(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        view.filter = Passes(lambda c: c.flow_id % 10 == 0)
        assert ids(d) == [60, 50, 40, 30, 20, 10]
        assert (view.count(), view.total) == (6, 60)
        await d.say(opened(70, T0_NS, "new.example", "/"), opened(71, T0_NS, "new.example", "/"))
        assert ids(d)[:2] == [70, 60]
        view.filter = None
        assert view.count() == view.total == 62


async def test_the_choice_comes_back_when_the_filter_lets_it(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        await d.choose(33)
        view.filter = Passes(lambda c: c.flow_id > 40)
        assert d.selected.flow_id > 40
        view.filter = Passes(lambda c: c.flow_id > 30)
        assert d.selected.flow_id == 33
        assert view.shown[view.cursor].flow_id == 33
        assert view.top <= view.cursor < view.top + view.page_height


async def test_a_filter_that_nothing_passes_says_so(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        d.app.connections.filter = Passes(lambda _: False)
        await d.pilot.pause()
        assert "The filter hides all 60 connections" in d.screen_text()
        assert d.app.connections.selected is None


async def test_a_filter_works_while_held(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        view.hold(True)
        await d.say(opened(70, T0_NS, "new.example", "/"))
        view.filter = Passes(lambda c: c.flow_id >= 59)
        assert ids(d) == [60, 59]
        assert view.held_new == 1
        view.filter = None
        assert ids(d)[0] == 60
        view.hold(False)
        assert ids(d)[0] == 70


# Marks


async def test_marks_are_kept_seen_and_gone_to(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        for flow_id in (50, 12):
            await d.choose(flow_id)
            await d.press("m")
        assert view.marked == {50, 12}
        assert view.render_line(1 + view.cursor - view.top).text[0] == MARK
        await d.press("apostrophe")
        assert d.selected.flow_id == 50
        await d.press("apostrophe")
        assert d.selected.flow_id == 12
        await d.press("m")
        assert view.marked == {50}
        assert MARK not in view.render_line(1 + view.cursor - view.top).text


# What a row says


async def test_rule_hits_diagnoses_and_bad_ends_are_seen(desk: Open) -> None:
    told = crowd(4)
    row = [*totals_row(1, 5, 5, (0, 1), T0_NS), 3_000, 0, 7, 0, 182_400, 1]
    why = {"kind": "idle-cut", "confidence": "low", "host": "x", "count": 1, "evidence": {},
           "candidates": [], "say": "", "flow_ids": [2]}  # fmt: skip
    told.lines += [
        {"type": "totals", "timestamp_ns": T0_NS, "rows": [row]},
        closed(2, T0_NS, 1006, "server", cause="rst"),
        {"timestamp": stamp(T0_NS), "event_type": "ws_diagnosis", "flow_id": 2, "diagnosis": why},
    ]
    async with desk(size=(220, 40), told=told) as d:
        await d.say()
        lines = {c.flow_id: d.app.connections.render_line(1 + at).text
                 for at, c in enumerate(d.app.connections.shown)}  # fmt: skip
        for said in ("▲ 7", "182ms", "3.3×"):
            assert said in lines[1]
        assert "✗" in lines[2]
        assert "1006 ◆ idle-cut · TCP reset by server" in lines[2]
        assert "▲" not in lines[3]


@pytest.mark.parametrize("width", [20, 40, 80, 118, 140, 200, 250])
async def test_rows_take_the_width_and_keep_what_matters(desk: Open, width: int) -> None:
    async with desk(size=(width, 50)) as d:
        view = d.app.connections
        for y in range(view.count() + 1):
            assert cell_len(view.render_line(y).text) == view.size.width
        shown = [place.column.key for place in view.placed(view.size.width)]
        assert shown[:2] == ["state", "host"] or (width > 140 and shown[0] == "state")


# Columns


async def test_dragging_an_edge_resizes_and_two_clicks_undo_it(desk: Open) -> None:
    async with desk(size=(200, 40), told=crowd()) as d:
        view = d.app.connections

        def edge() -> tuple[int, int]:
            place = next(p for p in view.placed(view.size.width) if p.column.key == "host")
            return place.x + 1 + place.width, place.width

        x, width = edge()
        order = view.order
        await d.pilot.mouse_down(view, offset=(x, 0))
        await d.pilot.hover(view, offset=(x + 5, 0))
        await d.pilot.mouse_up(view, offset=(x + 5, 0))
        assert view.widths == {"host": width + 5}
        assert edge()[1] == width + 5
        assert view.order is order  # the end of a drag is no click
        await d.pilot.mouse_down(view, offset=(x + 5, 0))
        await d.pilot.hover(view, offset=(0, 0))
        await d.pilot.mouse_up(view, offset=(0, 0))
        assert view.widths == {"host": 2}
        at = edge()[0]
        await d.pilot.click(view, offset=(at, 0), times=2)
        assert view.widths == {}


async def test_dragging_a_title_moves_its_column(desk: Open) -> None:
    async with desk(size=(200, 40), told=crowd()) as d:
        view = d.app.connections
        start, end = header(d).index("age"), header(d).index("path")
        await d.pilot.mouse_down(view, offset=(start, 0))
        await d.pilot.hover(view, offset=(end + 1, 0))
        await d.pilot.mouse_up(view, offset=(end + 1, 0))
        # A terminal's button going up on the widget where it went down makes a click of it.
        view.post_message(Click(view, end + 1, 0, 0, 0, 1, False, False, False))
        await d.pilot.pause()
        shown = view.columns_shown
        assert shown.index("age") == shown.index("path") - 1
        assert header(d).index("age") < header(d).index("path")
        assert view.order.column == "state"


async def test_the_chooser_shows_hides_moves_and_widens(desk: Open) -> None:
    async with desk(size=(140, 50), told=crowd()) as d:
        view = d.app.connections
        every = view.columns_shown
        view.action_columns()
        await d.pilot.pause()
        chooser = d.app.screen
        assert isinstance(chooser, ColumnChooser)
        assert chooser.list.column.key == "flow_id"
        await d.press("space")
        assert "flow_id" not in view.columns_shown
        assert chooser.list.column.key == "flow_id"
        await d.press("space")
        assert view.columns_shown == every
        await d.press("j", "j", "J")
        assert chooser.list.column.key == "host"
        assert view.columns_shown.index("host") == every.index("host") + 1
        await d.press("K")
        assert view.columns_shown == every
        await d.press("greater_than_sign", "greater_than_sign", "less_than_sign")
        wide = view.widths["host"]
        await d.press("right")
        assert view.widths["host"] == wide + 1
        await d.press("0")
        assert view.widths == {}
        await d.press("space", "R")
        assert view.columns_shown == every
        await d.press("g", "space")
        assert view.columns_shown == every  # the state is always there
        await d.press("escape")
        assert d.app.screen is d.app.base


async def test_the_chooser_by_mouse(desk: Open) -> None:
    async with desk(size=(140, 50), told=crowd()) as d:
        view = d.app.connections
        view.action_columns()
        await d.pilot.pause()
        await d.pilot.click(ColumnList, offset=(5, 3))
        assert "host" not in view.columns_shown
        await d.pilot.click(offset=(1, 1))
        assert d.app.screen is d.app.base


async def test_the_chooser_fits_any_screen(desk: Open) -> None:
    async with desk(size=(140, 50)) as d:
        d.app.connections.action_columns()
        for size in ((80, 24), (20, 5), (250, 70)):
            await d.pilot.resize_terminal(*size)
            await d.press("j", "space", "k", "space")
        assert isinstance(d.app.screen, ColumnChooser)


# Moving


async def test_wheel_and_scroll_leave_the_choice(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        view = d.app.connections
        chosen = d.selected
        await d.pilot.pause()
        view._wheel(6)
        assert view.top == 6
        assert d.selected is chosen
        view._wheel(-3)
        assert view.top == 3


async def test_double_click_goes_to_the_frames(desk: Open) -> None:
    async with desk(told=crowd()) as d:
        await d.pilot.click(d.app.connections, offset=(12, 4), times=2)
        await d.pilot.pause()
        assert d.app.focused is d.app.frames
        assert d.selected.flow_id == 57


async def test_only_lines_that_changed_are_painted(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(told=crowd(10)) as d:
        view = d.app.connections
        await d.pilot.pause()
        painted: list[int] = []
        paint: Callable[[int], Strip] = view.render_line

        def noted(y: int) -> Strip:
            painted.append(y)
            return paint(y)

        monkeypatch.setattr(view, "render_line", noted)
        d.app.sync()
        await d.pilot.pause()
        assert painted == []
        await d.say(busy({7: 3}))
        assert painted == [4]
        assert "3" in paint(4).text
