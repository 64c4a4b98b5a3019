"""The filter bar under the keys of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.find.bench import Seat, seat
from wsinspect.tui.draw.palette import plain
from wsinspect.tui.find.filter import parse
from wsinspect.tui.find.remembered import History, SavedFilters


async def opened(s: Seat, text: str = "", on_entries: bool = False) -> None:
    s.app.bar.open(parse(text), on_entries)
    await s.pilot.pause()


async def test_it_is_not_there_until_it_is_opened() -> None:
    async with seat() as s:
        assert not s.app.bar.is_open
        assert "filter" not in s.screen_text()
        await opened(s)
        assert s.app.focused is s.app.bar.prompt
        assert " filter " in s.line(s.app.bar)
        assert s.app.bar.region.y == 22, "one line, over the keys"
        assert s.app.bar.region.height == 1


async def test_what_is_typed_holds_at_once() -> None:
    async with seat() as s:
        await opened(s)
        await s.type("host:odds ", by_letter=True)
        assert s.app.filter.text == "host:odds "
        assert "2 of 16" in s.line(s.app.bar)
        assert s.app.filters[0] == "h"


async def test_enter_keeps_and_remembers(tmp_path: Path) -> None:
    async with seat(folder=tmp_path) as s:
        await opened(s)
        await s.type("host:odds")
        await s.press("enter")
        assert s.app.closed == [("host:odds", True)]
        assert not s.app.bar.is_open
        assert "connections ──" not in s.screen_text(), "the list is gone with the bar"
    assert History(tmp_path / "history").lines == ["host:odds"]


async def test_escape_brings_back_what_held_before() -> None:
    async with seat() as s:
        await opened(s, "state:open")
        assert s.app.bar.prompt.value == "state:open"
        await s.type(" host:odds")
        assert s.app.filter.text == "state:open host:odds"
        await s.press("escape")
        assert s.app.filter.text == "state:open"
        assert s.app.closed == [("state:open", False)]


async def test_a_mistake_is_told_and_what_stands_before_it_holds() -> None:
    async with seat() as s:
        await opened(s)
        await s.type("host:odds hots:")
        assert "✗ there is no term hots – did you mean host:?" in s.screen_text()
        assert "not understood" in s.line(s.app.bar)
        assert s.app.filter.text == "host:odds "
        await s.press("enter")
        assert s.app.closed == [], "Enter does not keep what is not understood"
        await s.press("backspace")
        assert "✗" not in s.screen_text()


async def test_what_is_unfinished_is_told_at_enter_only() -> None:
    async with seat() as s:
        await opened(s)
        await s.type("host:")
        assert "✗" not in s.screen_text()
        await s.press("enter")
        assert "✗ host: waits for a value" in s.screen_text()
        assert s.app.bar.is_open


async def test_the_mistake_is_underlined() -> None:
    async with seat() as s:
        await opened(s)
        await s.type("state:opn x")
        strip = s.app.bar.prompt.render_line(0)
        under = "".join(g.text for g in strip if g.style is not None and g.style.underline)
        assert under == "opn"


async def test_tab_takes_what_is_offered() -> None:
    async with seat() as s:
        await opened(s)
        await s.type("ho")
        await s.press("tab")
        assert s.app.bar.prompt.value == "host:"
        assert "chat.example.net" in s.screen_text()
        await s.press("shift+tab", "tab")
        assert s.app.bar.prompt.value.startswith("host:")
        assert s.app.bar.prompt.value != "host:chat.example.net "
        await s.type("op:pi")
        await s.press("tab")
        assert s.app.bar.prompt.value.endswith(" op:ping ")


async def test_the_chosen_row_stays_in_sight() -> None:
    async with seat() as s:
        await opened(s)
        await s.press(*["ctrl+n"] * 12)
        chosen = s.app.bar.completions[12].text.strip()
        assert chosen in s.screen_text()
        assert "13/" in s.screen_text()
        await s.press(*["ctrl+p"] * 13)
        assert s.app.bar.drop.chosen == len(s.app.bar.completions) - 1


async def test_completing_in_the_middle() -> None:
    async with seat() as s:
        await opened(s)
        s.app.bar.prompt.write("state: host:odds", 6)
        await s.pilot.pause()
        await s.press("tab")
        assert s.app.bar.prompt.value == "state:live host:odds"
        assert s.app.bar.prompt.cursor_position == 10


async def test_a_row_can_be_pressed() -> None:
    async with seat() as s:
        await opened(s)
        await s.type("state:")
        row = s.app.bar.drop.region.y + 3
        wanted = s.app.bar.completions[2].text
        await s.pilot.click(offset=(5, row))
        await s.pilot.pause()
        assert s.app.bar.prompt.value == f"state:{wanted}"
        assert s.app.focused is s.app.bar.prompt


async def test_history_by_the_arrows() -> None:
    async with seat() as s:
        for line in ("close:1006", "op:ping"):
            s.app.bar.history.add(line)
        await opened(s)
        await s.type("ra")
        await s.press("up")
        assert s.app.bar.prompt.value == "op:ping"
        await s.press("up")
        assert s.app.bar.prompt.value == "close:1006"
        assert s.app.filter.text == "close:1006", "what is recalled holds at once"
        await s.press("down", "down")
        assert s.app.bar.prompt.value == "ra"


async def test_saving_under_a_name(tmp_path: Path) -> None:
    async with seat(folder=tmp_path) as s:
        await opened(s)
        await s.type("host:odds")
        await s.press("ctrl+s")
        assert " save as " in s.line(s.app.bar)
        assert "save host:odds" in s.screen_text()
        await s.type("my odds")
        await s.press("enter")
        assert "saved as my odds" in s.screen_text()
        assert s.app.bar.prompt.value == "host:odds"
        assert s.app.filter.text == "host:odds"
        await s.press("enter")
    assert SavedFilters(tmp_path / "saved").filters == {"my odds": "host:odds"}
    async with seat(folder=tmp_path) as s:
        await opened(s)
        assert "★ my odds" in s.screen_text()
        await s.press("tab")
        assert s.app.filter.text == "host:odds"
        await s.press("ctrl+u")
        await s.press("ctrl+x")
        assert "deleted my odds" in s.screen_text()
    assert SavedFilters(tmp_path / "saved").filters == {}


async def test_saving_can_be_left() -> None:
    async with seat() as s:
        await opened(s)
        await s.press("ctrl+s")
        assert s.app.bar.mode == "filter", "there is nothing to save"
        await s.type("host:odds")
        await s.press("ctrl+s", "enter")
        assert "a name has 1 to 60 characters" in s.screen_text()
        await s.press("escape")
        assert s.app.bar.is_open
        assert s.app.bar.prompt.value == "host:odds"


async def test_a_file_that_was_ignored_is_told(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("{")
    async with seat(folder=tmp_path) as s:
        await opened(s)
        assert "history is ignored" in s.screen_text()


async def test_terms_of_entries_come_first_over_entries() -> None:
    async with seat() as s:
        await opened(s, on_entries=True)
        assert "── frames and messages" in s.screen_text()
        assert s.app.bar.completions[0].text == "op:"


async def test_control_characters_do_not_get_in() -> None:
    async with seat() as s:
        await opened(s)
        s.app.bar.prompt.value = "a\x1b[2J\u202eb\tc"
        await s.pilot.pause()
        assert s.app.bar.prompt.value == "a[2Jb c"


@pytest.mark.parametrize(
    "size", [(80, 24), (60, 15), (40, 12), (20, 5), (250, 70)], ids=lambda s: f"{s[0]}x{s[1]}"
)
async def test_any_size(size: tuple[int, int]) -> None:
    async with seat(size) as s:
        await opened(s)
        await s.type("state:o hots:x")
        assert s.app.bar.region.height == 1
        assert s.app.bar.region.width == size[0]
        await s.pilot.resize_terminal(30, 8)
        await s.pilot.pause()
        assert s.app.bar.drop.region.bottom == s.app.bar.region.y
        assert s.app.bar.drop.region.y >= 0


async def test_at_80_columns_the_text_has_room() -> None:
    async with seat((80, 24)) as s:
        await opened(s)
        await s.type("host:chat.example.net op:ping")
        assert "host:chat.example.net op:ping" in s.line(s.app.bar)
        assert "of 16" in s.line(s.app.bar)


async def test_without_color() -> None:
    async with seat(palette=plain()) as s:
        await opened(s)
        assert "host:…" in s.line(s.app.bar)
        strips = s.app.screen._compositor.render_strips()
        await s.type("state:opn x")
        strips += s.app.screen._compositor.render_strips()
        colors = {
            g.style.color.name for strip in strips for g in strip if g.style and g.style.color
        }
        assert "✗ state: opn is no state – did you mean open?" in s.screen_text()
        assert colors <= {"default"}
