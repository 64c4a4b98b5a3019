"""The detail's keys and mouse, in a running app: tabs, folding, fetching, scrolling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from tests.support.detail_story import CARD, FLOW, Told, say, told
from tests.support.pane_host import PaneHost
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.wire import Frame, Payload
from wsinspect.tui.draw.detail import tabs
from wsinspect.tui.draw.palette import NIGHT, palette_of
from wsinspect.tui.panes.detail import DetailView


class Desk:
    def __init__(self, story: Told, view: DetailView, app: PaneHost, pilot: Pilot[None]) -> None:
        self.story, self.view, self.app, self.pilot = story, view, app, pilot

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        return self.app.screen_text()

    async def show(self, entry: Message | Frame | None) -> str:
        self.view.show(self.story.connection, entry, self.story.store.now_ns())
        await self.pilot.pause()
        return self.app.screen_text()


@asynccontextmanager
async def desk(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Desk]:
    story = told()
    view = DetailView(palette_of(NIGHT), story.store)
    view.can = frozenset({"payload"})
    app = PaneHost(view)
    async with app.run_test(size=size) as pilot:
        view.focus()
        made = Desk(story, view, app, pilot)
        await made.show(story.order)
        yield made


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("1", "order.placed"),
        ("2", "customer: ▾ {2}"),
        ("3", "0000  7b 22"),
        ("4", "agreed, with 1 finding"),
        ("5", "This message"),
        ("6", "card-number"),
        ("7", "It lives"),
    ],
)
async def test_a_number_goes_to_its_tab(key: str, shown: str) -> None:
    async with desk() as d:
        await d.press("5" if key == "1" else "1")
        assert shown in await d.press(key)
        assert d.view.tab == int(key)


async def test_brackets_go_round_and_the_shell_is_told() -> None:
    async with desk() as d:
        await d.press("left_square_bracket")
        assert d.view.tab == tabs.DIAGNOSIS
        await d.press("right_square_bracket", "right_square_bracket")
        assert d.view.tab == tabs.JSON
        chosen = [m.tab for m in d.app.posted if isinstance(m, DetailView.TabChosen)]
        assert chosen == [7, 1, 2]


async def test_the_tab_stays_while_the_entry_changes() -> None:
    async with desk() as d:
        await d.press("3")
        assert "85 a3" not in await d.show(d.story.ping)
        assert d.view.tab == tabs.HEX
        assert "70 30" in await d.show(d.story.ping)
        assert "A connection is chosen" in await d.show(None)


async def test_a_click_on_the_bar_chooses_a_tab() -> None:
    async with desk() as d:
        bar = d.app.screen_text().splitlines()[0]
        await d.pilot.click(d.view, offset=(bar.index("Timing"), 0))
        assert d.view.tab == tabs.TIMING


async def test_enter_and_a_click_fold_a_node() -> None:
    async with desk() as d:
        await d.press("2", "j", "j", "j")
        assert d.view.chosen_path == d.view.json_path == "$.customer"
        folded = await d.press("enter")
        assert "customer: ▸ {2}  name: Jürgen Ünal, card: {…}" in folded
        assert "brand" not in folded
        assert "brand" in await d.press("enter")
        await d.pilot.click(d.view, offset=(2, 4))  # before its key
        await d.pilot.pause()
        assert "brand" not in d.app.screen_text()


async def test_the_chosen_node_shows_its_path() -> None:
    async with desk() as d:
        await d.press("2")
        shown = await d.press("j", "j", "j", "j", "j", "j")
        line = next(line for line in shown.splitlines() if "number:" in line)
        assert line.rstrip(" ▁▂▃▄▅▆▇█").endswith("$.customer.card.number")


async def test_folds_and_cursor_stay_while_the_message_is_told_of_again() -> None:
    async with desk() as d:
        await d.press("2", "j", "j", "j", "enter")
        hits = d.story.order.hits
        d.story.order.alert(hits[0])  # another alert on the same message
        shown = await d.show(d.story.order)
        assert "customer: ▸" in shown
        assert d.view.chosen_path == "$.customer"


async def test_ctrl_e_asks_for_the_whole_and_what_comes_is_shown() -> None:
    async with desk() as d:
        assert "ctrl+e fetches the rest" in d.app.screen_text()
        await d.press("ctrl+e")
        wanted = [m for m in d.app.posted if isinstance(m, DetailView.PayloadWanted)]
        assert [(m.flow_id, m.direction, m.seq) for m in wanted] == [(FLOW, 0, 1)]
        d.story.store.payloads[FLOW, 0, 1] = Payload(FLOW, 0, 1, b'{"whole": true}', True)
        shown = await d.show(d.story.order)
        assert '{"whole": true}' in shown
        await d.press("ctrl+e")  # there is no more to ask for
        assert len([m for m in d.app.posted if isinstance(m, DetailView.PayloadWanted)]) == 1


async def test_what_comes_over_the_socket_reaches_the_tab() -> None:
    async with desk() as d:
        line = {"type": "payload", "flow_id": FLOW, "direction": 0, "seq": 1}
        say(d.story.store, {**line, "content": "eyJhIjoxfQ==", "whole": True})
        await d.press("2")
        assert "a: 1" in await d.show(d.story.order)


async def test_a_long_text_scrolls_to_its_end() -> None:
    async with desk() as d:
        content = b"".join(b"line %d\n" % i for i in range(30_000))
        d.story.store.payloads[FLOW, 0, 1] = Payload(FLOW, 0, 1, content, True)
        shown = await d.show(d.story.order)
        assert "line 3" in shown
        assert d.view.count() < 200
        assert "line 29999" not in shown
        await d.press("G")
        assert "On the wire" in await d.press("G")
        assert "line 0" in await d.press("g")
        for _ in range(12):
            await d.press("ctrl+f")
        assert d.view.top > 200


async def test_a_search_is_marked() -> None:
    async with desk() as d:
        d.view.needle = "visa"
        await d.show(d.story.order)
        found = [
            segment.text
            for y in range(d.view.size.height)
            for segment in d.view.render_line(y)
            if segment.style is not None and segment.style.bgcolor == d.view.palette.match.bgcolor
        ]
        assert found == ["visa"]


async def test_masked_stays_masked_and_is_marked_in_text_tree_and_hex() -> None:
    async with desk((80, 60)) as d:
        for key in ("1", "2", "3"):
            await d.press(key)
            marked = "".join(
                segment.text
                for y in range(d.view.size.height)
                for segment in d.view.render_line(y)
                if segment.style is not None and segment.style.underline
            )
            assert (CARD if key != "3" else "2a 2a 2a 2a 2d 2a") in marked


async def test_lines_are_made_anew_for_another_width() -> None:
    async with desk() as d:
        await d.press("4")
        narrow = d.view.count()
        await d.pilot.resize_terminal(160, 24)
        await d.pilot.pause()
        assert d.view.count() < narrow
        await d.pilot.resize_terminal(80, 24)
        await d.pilot.pause()
        assert d.view.count() == narrow


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (120, 40), (200, 60)])
async def test_every_tab_at_every_size(size: tuple[int, int]) -> None:
    async with desk(size) as d:
        for entry in (d.story.order, d.story.close, d.story.map, None):
            await d.show(entry)
            for key in "1234567":
                lines = (await d.press(key)).splitlines()
                assert len(lines) == size[1]
                assert any(line.strip() for line in lines[1:])


async def test_the_bar_says_what_is_behind_it() -> None:
    async with desk() as d:
        assert "6 Rules·1" in d.app.screen_text()
        assert "4 Handshake·1" in d.app.screen_text()
        assert "6 Rules " in await d.show(d.story.ping)
