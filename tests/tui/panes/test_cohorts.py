"""The cohorts view: groups of ends, bursts, talkers, and the filters they stand for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.support.detail_story import told
from tests.support.fake_story import NS
from tests.support.pane_host import PaneHost
from wsinspect.tui.data.ends import EndGroup
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw.cohorts import cohort_lines, group_filter, quoted
from wsinspect.tui.draw.palette import NIGHT, palette_of
from wsinspect.tui.panes.cohorts import CohortsView

P = palette_of(NIGHT)


def lived() -> Store:
    """412 cuts, 90 orderly ends, one herd that came back."""
    store = told(end=True, diagnosed=True).store
    now = store.now_ns()
    for i in range(412):
        store.ends.ended(now - (i % 30) * NS, 1006, "fin", "server", "chat.example.net", age_s=60.0)
    for i in range(90):
        store.ends.ended(
            now - i * NS, 1000, "close_frame", "client", "odds.example.net", clean=True, age_s=400
        )
    for i in range(200):
        store.ends.opened(now - 10 * NS + i * 4_000_000, "chat.example.net")
    return store


@asynccontextmanager
async def desk(
    store: Store, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[CohortsView, PaneHost, Pilot[None]]]:
    view = CohortsView(store, P)
    app = PaneHost(view)
    async with app.run_test(size=size) as pilot:
        view.focus()
        view.sync()
        await pilot.pause()
        yield view, app, pilot


async def test_groups_say_count_share_and_what_it_means() -> None:
    async with desk(lived()) as (_, app, _pilot):
        text = " ".join(app.screen_text().split())
        assert "503 ends in 2 groups" in text  # the story's own end is one more of the first group
        assert "413 82%" in text
        assert "1006 FIN server chat.example.net" in text
        assert "90 18%" in text
        assert "mean age 59s. A side's TCP connection was shut in order" in text
        assert "200 openings in 1.0s, at most 200/s, after" in text
        assert "idle cut high 14 connections ended after 60 s of silence." in text
        assert "[RFC 6455 §7.2.3]" in text


async def test_enter_asks_for_the_filter_of_the_chosen_group() -> None:
    async with desk(lived()) as (view, app, pilot):
        assert view.chosen is not None
        assert view.chosen.filter == "host:chat.example.net"  # the diagnosis comes first
        await pilot.press("down", "enter")
        await pilot.press("down", "enter")
        await pilot.pause()
        wanted = [m.text for m in app.posted if isinstance(m, CohortsView.FilterWanted)]
        assert wanted == [
            "close:1006 cause:fin by:server host:chat.example.net",
            "close:1000 cause:close by:client host:odds.example.net",
        ]


async def test_the_cursor_skips_what_cannot_be_chosen_and_stays_on_its_group() -> None:
    store = lived()
    async with desk(store) as (view, _app, pilot):
        await pilot.press("down", "down")
        assert view.chosen is not None
        key = view.chosen.key
        assert key == "1000 close_frame client odds.example.net"
        for i in range(500):  # it becomes the largest
            store.ends.ended(
                store.now_ns() - i * NS // 10, 1000, "close_frame", "client", "odds.example.net",
                clean=True,
            )  # fmt: skip
        view.sync()
        assert view.chosen.key == key
        seen = set()
        await pilot.press("g")
        for _ in range(20):
            assert view.chosen.key
            assert not view.chosen.sentence
            seen.add(view.chosen.key.split()[0])
            await pilot.press("down")
        assert seen >= {"diagnosis", "1006", "1000", "burst", "talker"}


async def test_the_explanation_of_the_chosen_group_is_whole() -> None:
    async with desk(lived(), (80, 40)) as (_, app, pilot):
        assert "a lifetime limit" not in " ".join(app.screen_text().split())
        await pilot.press("down")
        await pilot.pause()
        assert "a lifetime limit" in " ".join(app.screen_text().split())


async def test_talkers_change_their_measure_by_key_and_by_click() -> None:
    async with desk(lived()) as (view, app, pilot):
        await pilot.press("t")
        await pilot.pause()
        assert "Top talkers by connection-hours, hosts" in app.screen_text()
        await pilot.press("u")
        await pilot.pause()
        assert "connection-hours, clients" in app.screen_text()
        assert "127.0.0.1" in app.screen_text()
        lines = app.screen_text().splitlines()
        y = next(y for y, line in enumerate(lines) if "Top talkers" in line)
        await pilot.click(view, offset=(5, y))
        await pilot.pause()
        assert "Top talkers by bytes, clients" in app.screen_text()


async def test_nothing_has_ended_yet() -> None:
    store = Store(lambda: 10**18)
    async with desk(store) as (view, app, pilot):
        await pilot.press("enter", "down")
        text = app.screen_text()
        assert "none has ended yet" in text
        assert "nobody came back all at once" in text
        assert view.chosen is None or not view.chosen.filter
        assert not app.posted


@pytest.mark.parametrize("width", [40, 60, 76, 80, 90, 100, 110, 120, 200])
def test_lines_are_laid_out_for_every_width(width: int) -> None:
    store = lived()
    for line in cohort_lines(store, store.now_ns(), "bytes", "host", P, width):
        if "openings" not in "".join(text for text, _ in line.pieces) and width >= 76:
            assert sum(cell_len(text) for text, _ in line.pieces) <= width


@pytest.mark.parametrize(
    ("value", "written"),
    [("a.b-c", "a.b-c"), ("h:443", '"h:443"'), ('a"b\\', '"a\\"b\\\\"'), ("", '""')],
)
def test_values_of_a_filter_are_quoted_where_they_have_to_be(value: str, written: str) -> None:
    assert quoted(value) == written


def test_a_group_without_code_or_host_still_has_a_filter() -> None:
    assert group_filter(EndGroup(None, "rst", "", "…")) == "cause:rst"


def test_the_filters_are_understood() -> None:
    parse = pytest.importorskip("wsinspect.tui.find.filter").parse
    store = lived()
    connection = told(end=True).connection
    wanted = group_filter(store.ends.groups[0])
    assert parse(wanted).connection(connection, store.now_ns())
    assert not parse(group_filter(store.ends.groups[1])).connection(connection, store.now_ns())
