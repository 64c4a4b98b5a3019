"""The frame list: folding, following, filters, marks, times, what happened to a message."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.fake_story import NS, T0_NS, Row, Story, frame, hello, opened, stamp
from tests.tui.conftest import Desk, Open, until
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Entry, Message
from wsinspect.tui.draw.frame_columns import TimeMode
from wsinspect.tui.draw.rows import MARK
from wsinspect.tui.panes import shown_entries

FLOW = 1


@dataclass
class Passes:
    """A filter as the list needs one."""

    test: Callable[[Entry], bool]
    text: str = "test"

    def entry(self, entry: Entry, connection: Connection | None) -> bool:
        assert connection is not None
        return self.test(entry)


def talk(rows: list[Row], **facts: Any) -> Story:
    return Story([hello(), opened(FLOW, T0_NS - 60 * NS, "a.example", "/", **facts)], {FLOW: rows})


def texts(count: int, first: int = 0) -> list[Row]:
    return [frame(T0_NS + n * 1_000_000, 1, n, 1, b"text %d" % n)
            for n in range(first, first + count)]  # fmt: skip


def more(count: int, first: int) -> dict[str, Any]:
    return {"type": "frames", "flow_id": FLOW, "rows": texts(count, first)}


UPLOAD = [
    frame(T0_NS, 0, 0, 1, b'{"begin":1}'),
    frame(T0_NS + 100_000_000, 0, 1, 1, b"one ", fin=False),
    frame(T0_NS + 350_000_000, 1, 0, 9, b"still there?"),
    frame(T0_NS + 360_000_000, 0, 2, 0, b"two ", fin=False),
    frame(T0_NS + 400_000_000, 0, 3, 0, b"three"),
    frame(T0_NS + 900_000_000, 1, 1, 1, b'{"done":true}'),
]


def lines(d: Desk) -> list[str]:
    view = d.app.frames
    return [view.render_line(y).text for y in range(1, min(view.size.height, view.count() + 1))]


def line_of(d: Desk, part: str) -> str:
    return next(line for line in lines(d) if part in line)


async def at_frames(d: Desk) -> None:
    await d.press("enter")
    assert d.app.focused is d.app.frames


# Folding


async def test_fragments_are_folded_and_unfold_in_place(desk: Open) -> None:
    async with desk(told=talk(UPLOAD)) as d:
        view = d.app.frames
        await at_frames(d)
        assert view.count() == 4
        folded = line_of(d, "▸ 3 fragments")
        assert "one two three" in folded
        assert " 13 " in folded  # bytes of payload
        await d.press("g", "j", "u")
        shown = lines(d)
        assert "▾ 3 fragments" in shown[1]
        assert [part.split()[-1] for part in shown[2:5]] == ["one", "two", "three"]
        assert "├text" in shown[2]
        assert "╰contin" in shown[4]
        assert "still there?" in shown[5]
        assert view.cursor == 1
        await d.press("j", "j")
        chosen = view.chosen()
        assert chosen is not None
        assert chosen.seq == 2  # the fragment under the cursor
        await d.press("u")
        assert view.count() == 4
        assert view.cursor == 1


async def test_unfold_all_and_what_comes_after(desk: Open) -> None:
    async with desk(told=talk(UPLOAD)) as d:
        view = d.app.frames
        await at_frames(d)
        await d.press("U")
        assert view.count() == 7
        await d.say({"type": "frames", "flow_id": FLOW, "rows": [
            frame(T0_NS, 0, 4, 2, b"a", fin=False), frame(T0_NS, 0, 5, 0, b"b")]})  # fmt: skip
        assert view.count() == 10
        await d.press("U")
        assert view.count() == 5


async def test_an_unfolded_message_grows_in_place(desk: Open) -> None:
    async with desk(told=talk(UPLOAD[:3])) as d:
        view = d.app.frames
        await at_frames(d)
        await d.press("g", "j")
        await d.say({"type": "frames", "flow_id": FLOW, "rows": [UPLOAD[3]]})
        await d.press("u")
        assert view.count() == 5
        assert "‹unfinished›" in lines(d)[1]
        await d.say({"type": "frames", "flow_id": FLOW, "rows": UPLOAD[4:]})
        assert view.count() == 7
        assert "‹unfinished›" not in lines(d)[1]
        assert view.cursor == 1


async def test_a_click_on_the_sign_unfolds(desk: Open) -> None:
    async with desk(told=talk(UPLOAD)) as d:
        view = d.app.frames
        at = lines(d)[1].index("▸")
        await d.pilot.click(view, offset=(at + 1, 2))
        assert view.count() == 7
        await d.pilot.click(view, offset=(at + 40, 2))
        assert view.count() == 7
        await d.pilot.click(view, offset=(at, 2))
        assert view.count() == 4


# Heartbeats and filters


async def test_heartbeats_hide_with_one_key_and_are_counted(desk: Open) -> None:
    beats = [
        frame(T0_NS, 1, 0, 1, b"2"),
        frame(T0_NS, 0, 0, 1, b"3"),
        frame(T0_NS, 1, 1, 9, b"x"),
        frame(T0_NS, 0, 1, 10, b"x"),
        frame(T0_NS, 1, 2, 1, b'42["ping","me"]'),
    ]
    async with desk(told=talk(beats, app_proto="socketio")) as d:
        view = d.app.frames
        await at_frames(d)
        assert view.count() == 5
        await d.press("b")
        assert view.count() == 1
        assert view.hidden_heartbeats == 4
        await d.say({"type": "frames", "flow_id": FLOW, "rows": [
            frame(T0_NS, 1, 3, 9, b"y"), frame(T0_NS, 0, 2, 1, b'42["x"]')]})  # fmt: skip
        assert view.count() == 2
        assert view.hidden_heartbeats == 5
        await d.press("b")
        assert view.count() == 7
        assert view.hidden_heartbeats == 0


async def test_nothing_but_heartbeats_says_so(desk: Open) -> None:
    async with desk(told=talk([frame(T0_NS, 1, n, 9, b"x") for n in range(3)])) as d:
        await at_frames(d)
        await d.press("b")
        assert "Nothing but 3 heartbeats." in d.screen_text()


async def test_a_filter_hides_entries_also_those_to_come(desk: Open) -> None:
    async with desk(told=talk(texts(50))) as d:
        view = d.app.frames
        view.filter = Passes(lambda e: e.seq is not None and e.seq % 10 == 0)
        assert view.count() == 5
        assert view.hidden == 45
        await d.say(more(11, 50))
        assert view.count() == 7
        assert view.following
        assert view.cursor == 6
        view.filter = Passes(lambda _: False)
        await d.pilot.pause()
        assert "The filter hides all 61 messages" in d.screen_text()
        view.filter = None
        assert view.count() == 61


async def test_a_new_filter_goes_back_slice_by_slice(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(told=talk(texts(500))) as d:
        view = d.app.frames
        calls = 0

        def test(entry: Entry) -> bool:
            nonlocal calls
            calls += 1
            return entry.seq is not None and entry.seq % 2 == 0

        monkeypatch.setattr(shown_entries, "SLICE", 100)
        monkeypatch.setattr(ShownEntries, "step_back", _step_of(100))
        view.filter = Passes(test)
        assert calls == 100
        assert view.behind == 400
        assert view.count() == 50
        await until(d.pilot, lambda: not view.behind)
        assert view.count() == 250
        assert calls == 500


ShownEntries = shown_entries.ShownEntries


def _step_of(size: int) -> Callable[..., None]:
    step_back = ShownEntries.step_back
    return lambda shown: step_back(shown, size)


async def test_a_filter_keeps_the_chosen_entry(desk: Open) -> None:
    async with desk(told=talk(texts(200))) as d:
        view = d.app.frames
        await at_frames(d)
        entry = d.app.store.watched.entries[120]
        assert view.select_entry(entry)
        view.filter = Passes(lambda e: e.seq is not None and e.seq % 3 == 0)
        assert view.chosen() is entry
        view.filter = None
        assert view.chosen() is entry
        view.filter = Passes(lambda e: e is not entry)
        assert not view.select_entry(entry)


async def test_a_chosen_entry_far_back_is_found_again(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(told=talk(texts(500))) as d:
        view = d.app.frames
        await at_frames(d)
        entry = d.app.store.watched.entries[30]
        view.select_entry(entry)
        monkeypatch.setattr(ShownEntries, "step_back", _step_of(100))
        view.filter = Passes(lambda e: e.seq is not None and e.seq % 2 == 0)
        assert view.behind
        await until(d.pilot, lambda: not view.behind)
        assert view.chosen() is entry
        assert view.top <= view.cursor < view.top + view.page_height


async def test_many_at_once_are_taken_in_slices(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(told=talk(texts(5))) as d:
        view = d.app.frames
        monkeypatch.setattr(shown_entries, "SLICE", 100)
        monkeypatch.setattr(ShownEntries, "step_back", _step_of(100))
        await d.say(more(300, 5))
        assert view.following
        await until(d.pilot, lambda: not view.behind)
        assert view.count() == 305
        assert view.cursor == 304


# Following and pausing


async def test_new_counts_what_is_shown(desk: Open) -> None:
    async with desk(told=talk(texts(50))) as d:
        view = d.app.frames
        await at_frames(d)
        await d.press("k")
        assert not view.following
        await d.say(more(20, 50))
        assert view.new == 20
        view.filter = Passes(lambda e: e.seq is not None and e.seq % 10 == 0)
        assert view.new == 2
        await d.say(more(10, 70))
        assert view.new == 3
        await d.press("G")
        assert view.following
        assert view.new == 0


async def test_paused_stays_still_while_old_frames_go(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsinspect.tui.data.framelog.FRAMES_MAX", 300)
    monkeypatch.setattr("wsinspect.tui.data.framelog._TRIM", 10)
    async with desk(told=talk(texts(280))) as d:
        view = d.app.frames
        await at_frames(d)
        view.filter = Passes(lambda e: e.seq is not None and e.seq % 2 == 0)
        await d.press("k", "k", "k")
        before, chosen = lines(d), view.chosen()
        for first in range(280, 480, 40):
            await d.say(more(40, first))
            assert view.chosen() is chosen
            assert lines(d) == before
        assert d.app.store.watched.trimmed > 0
        assert view.new == 100


async def test_frames_dropped_between_two_ticks_harm_nothing(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsinspect.tui.data.framelog.FRAMES_MAX", 300)
    monkeypatch.setattr("wsinspect.tui.data.framelog._TRIM", 10)
    async with desk(told=talk(texts(280))) as d:
        view = d.app.frames
        await at_frames(d)
        await d.press("g")
        d.feed.say(more(200, 280))  # and no tick
        assert d.app.store.watched.trimmed > 100
        view.refresh()
        assert "not shown" in view.render_line(1).text
        assert view.chosen() is None
        for action in (view.action_mark, view.action_unfold, view.action_next_mark):
            action()
        assert view.marked == []
        d.app.sync()
        assert view.chosen() is not None


HELD = [
    frame(T0_NS + 3_000_000, 1, 3, 1, b"held ", fin=False),
    frame(T0_NS + 4_000_000, 1, 4, 9, b"ping"),
    frame(T0_NS + 5_000_000, 1, 5, 0, b"back "),
]


def rows_line(*rows: Row) -> dict[str, Any]:
    return {"type": "frames", "flow_id": FLOW, "rows": list(rows)}


async def test_what_a_rule_held_takes_its_place_and_following_goes_on(desk: Open) -> None:
    async with desk(told=talk(texts(3))) as d:
        await at_frames(d)
        await d.say(rows_line(HELD[1]))
        (gap,) = [line for line in lines(d) if "⋯" in line]
        assert "1 ↓ not here yet" in gap
        assert "log has" not in gap
        await d.say(rows_line(HELD[0], HELD[2]))
        assert ["held back" in lines(d)[3], "ping" in lines(d)[4]] == [True, True]
        assert (d.app.frames.count(), "⋯" in d.screen_text()) == (5, False)
        assert (d.app.frames.following, d.app.frames.cursor) == (True, 4)


async def test_the_chosen_and_the_marked_stay_where_late_ones_come(desk: Open) -> None:
    pings = [frame(T0_NS, 1, seq, 9, b"ping") for seq in (4, 6)]
    answers = [frame(T0_NS, 0, seq, 1, b"answer %d" % seq) for seq in range(60)]
    async with desk(told=talk([*texts(3), *pings, *answers])) as d:
        view, log = d.app.frames, d.app.store.watched
        await at_frames(d)
        await d.press("home")
        view.move_to(40)
        await d.press("m")
        chosen, seen, position = view.chosen(), view.cursor - view.top, view.position
        await d.say(rows_line(*(frame(T0_NS, 1, seq, 1, b"late") for seq in (3, 5))))
        assert [e.seq for e in log.entries[:7]] == [0, 1, 2, 3, 4, 5, 6]
        assert view.position == position + 1
        assert (view.chosen(), view.cursor - view.top) == (chosen, seen)
        assert view.marked == [chosen]
        await d.press("home")
        await d.press("apostrophe")  # to the next mark
        assert view.chosen() is chosen


async def test_wheel_pauses_and_the_end_follows_again(desk: Open) -> None:
    async with desk(told=talk(texts(100))) as d:
        view = d.app.frames
        view._wheel(-3)
        assert not view.following
        view._wheel(9)
        assert view.following


async def test_double_click_opens_the_detail(desk: Open) -> None:
    async with desk(told=talk(texts(5))) as d:
        await d.pilot.click(d.app.frames, offset=(20, 3))
        assert d.app.focused is d.app.frames
        chosen = d.app.frames.chosen()
        assert chosen is not None
        assert chosen.seq == 2
        await d.pilot.click(d.app.frames, offset=(20, 3))
        await d.pilot.click(d.app.frames, offset=(20, 3), times=2)
        await until(d.pilot, lambda: d.app.detail.display)


# Marks and times


async def test_marks(desk: Open) -> None:
    async with desk(told=talk(texts(30))) as d:
        view = d.app.frames
        entries = d.app.store.watched.entries
        await at_frames(d)
        for at in (20, 7):
            view.select_entry(entries[at])
            await d.press("m")
        assert view.marked == [entries[7], entries[20]]
        assert line_of(d, "text 7 ")[0] == MARK
        await d.press("apostrophe")
        assert view.chosen() is entries[20]
        await d.press("apostrophe")
        assert view.chosen() is entries[7]
        await d.press("m")
        assert view.marked == [entries[20]]


async def test_times_of_day_since_the_opening_and_since_the_row_above(desk: Open) -> None:
    async with desk(told=talk(UPLOAD)) as d:
        view = d.app.frames
        await at_frames(d)
        assert "14:00:00.900" in line_of(d, "done")
        await d.press("t")
        assert view.time_mode is TimeMode.RELATIVE
        assert "+60.900 s" in line_of(d, "done")
        await d.press("t")
        assert "+0.550 s" in line_of(d, "done")
        await d.press("g", "j", "u")
        assert "+0.260 s" in line_of(d, "  two")
        await d.pilot.click(view, offset=(view.render_line(0).text.index("since"), 0))
        assert "14:00:00.900" in line_of(d, "done")


# What happened to a message


def said(seq: int, action: str, content: bytes | None, rules: list[str]) -> dict[str, Any]:
    shown = None if content is None else base64.b64encode(content).decode()
    row = [
        T0_NS,
        1,
        seq,
        seq,
        1,
        40,
        42,
        1,
        False,
        action,
        False,
        rules,
        shown,
        content is not None,
    ]
    return {"type": "messages", "flow_id": FLOW, "rows": [row], "skipped": 0}


def alert(seq: int, rule: str, severity: str, masked: str) -> dict[str, Any]:
    facts = {"signature": rule, "rule": rule, "severity": severity, "action": "mask",
             "disposition": "redacted", "hits": [{"masked": masked}], "hits_total": 1,
             "direction": "to_client", "opcode": "text", "seq": seq}  # fmt: skip
    return {"timestamp": stamp(T0_NS), "event_type": "alert", "flow_id": FLOW, "alert": facts}


async def test_rule_hits_and_actions_stand_before_the_content(desk: Open) -> None:
    async with desk(told=talk(texts(3))) as d:
        palette = d.app.palette
        await d.say(
            said(0, "rewrite", b"pay **** **** 1111 now", ["cards"]),
            alert(0, "cards", "low", "**** **** 1111"),
            said(1, "drop", None, ["keys"]),
            alert(1, "keys", "critical", ""),
        )
        paid, dropped, plain = lines(d)
        assert "▲ cards ‹rewritten› pay **** **** 1111 now" in paid
        assert paid.lstrip().startswith("▲")
        assert "▲ keys ‹dropped› content not shown" in dropped
        assert "text 1" not in dropped
        assert "▲" not in plain
        strip = d.app.frames.render_line(1)
        masked = next(s for s in strip if "**** **** 1111" in s.text)
        assert masked.text == "**** **** 1111"
        assert masked.style is not None
        assert palette.hit.color == masked.style.color
        assert palette.hit.underline == masked.style.underline


async def test_the_needle_is_marked(desk: Open) -> None:
    async with desk(told=talk([frame(T0_NS, 1, 0, 1, b"a " * 240 + b"NEEDLE in hay")])) as d:
        d.app.frames.needle = "needle"
        await d.pilot.pause()
        strip = d.app.frames.render_line(1)
        found = next(s for s in strip if s.text == "NEEDLE")
        assert found.style is not None
        assert found.style.bgcolor == d.app.palette.match.bgcolor


async def test_compressed_messages_tell_both_sizes(desk: Open) -> None:
    row = frame(T0_NS, 1, 0, 1, bytes(20), rsv=4)
    content = base64.b64encode(b'{"price":1}' * 9).decode()
    told = [T0_NS, 1, 0, 0, 1, 2_345, 22, 1, True, "pass", False, [], content, False]
    async with desk(told=talk([row])) as d:
        await d.say({"type": "messages", "flow_id": FLOW, "rows": [told], "skipped": 0})
        assert "inflated" in d.app.frames.render_line(0).text
        line = lines(d)[0].split()
        assert line[3:8] == ["text", "F1···", "20", "22", "2,345"]
        assert '{"price":1}{"price":1}' in lines(d)[0]


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (118, 30), (250, 70)])
@pytest.mark.parametrize("mode", list(TimeMode))
async def test_lines_take_the_width(desk: Open, size: tuple[int, int], mode: TimeMode) -> None:
    wide = [frame(T0_NS, n % 2, n // 2, 1, "東京🎉".encode() * n, fin=n % 3 > 0)
            for n in range(12)]  # fmt: skip
    async with desk(
        size=size, told=talk([*wide, frame(T0_NS, 1, 6, 9, b"", violation="x" * 40)])
    ) as d:
        await at_frames(d)
        view = d.app.frames
        view.time_mode = mode
        await d.press("U")
        for y in range(view.size.height):
            assert cell_len(view.render_line(y).text) == view.size.width
        chosen = view.chosen()
        assert chosen is None or isinstance(chosen.seq, int)


async def test_the_columns_of_frames_are_chosen_too(desk: Open) -> None:
    async with desk(told=talk(UPLOAD)) as d:
        await at_frames(d)
        view = d.app.frames
        view.columns_shown = ["preview", "time"]
        view.widths = {"time": 8}
        await d.pilot.pause()
        assert view.render_line(0).text.split() == ["content", "time"]
        view.columns_shown = ["time"]
        await d.press("g", "j", "u")
        assert view.count() == 7
        await d.pilot.click(view, offset=(4, 2))  # no content, nothing to press
        assert view.count() == 7
        assert isinstance(view.chosen(), Message)
