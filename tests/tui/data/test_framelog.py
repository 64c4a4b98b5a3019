"""Frames folded into messages: any chunking, gaps, control frames between fragments, bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_story import T0_NS
from tests.tui.data.recording.conftest import entry_facts
from wsinspect.tui.data import framelog
from wsinspect.tui.data.awaited import RANGES_MAX
from wsinspect.tui.data.entries import CUT_LEN, FRAGMENTS_MAX, Gap, Message
from wsinspect.tui.data.framelog import FRAMES_MAX, FrameLog
from wsinspect.tui.data.shifts import shifted
from wsinspect.tui.data.wire import AlertFacts, Frame, MessageRow

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def frame(
    direction: int, seq: int, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0
) -> Frame:
    b0 = (0x80 if fin else 0) | rsv << 4 | opcode
    return Frame(
        T0_NS + seq, direction, seq, b0, None, len(payload), len(payload) + 2, None, payload
    )


def told(first: int, last: int, content: bytes | None, **how: Any) -> MessageRow:
    fields: dict[str, Any] = {
        "timestamp_ns": T0_NS, "direction": 0, "first_seq": first, "last_seq": last,
        "opcode": TEXT, "payload_len": 5, "wire_len": 9, "frames": last - first + 1,
        "content": content, "whole": content is not None,
    }  # fmt: skip
    return MessageRow(**{**fields, **how})


def log_of(*frames: Frame) -> FrameLog:
    log = FrameLog(1)
    log.extend(list(frames))
    return log


def message(log: FrameLog, at: int = -1) -> Message:
    entry = log.entries[at]
    assert isinstance(entry, Message)
    return entry


@st.composite
def traffic(draw: st.DrawFn) -> list[Frame]:
    """Frames of both directions, with numbers left out and orders that no endpoint may send."""
    seq = [draw(st.integers(0, 2)), draw(st.integers(0, 2))]
    found = []
    for _ in range(draw(st.integers(0, 40))):
        direction = draw(st.integers(0, 1))
        opcode = draw(st.sampled_from((0, 0, 0, 1, 1, 2, 3, 8, 9, 10)))
        payload = draw(st.binary(max_size=3))
        found.append(frame(direction, seq[direction], opcode, payload, fin=draw(st.booleans())))
        seq[direction] += draw(st.sampled_from((1, 1, 1, 1, 1, 3)))
    return found


def reference(frames: list[Frame]) -> list[tuple[Any, ...]]:
    """(direction, numbers of its frames, finished) of each entry, as RFC 6455 §5.4 has it."""
    entries: list[tuple[int, list[int], bool]] = []
    open_at: dict[int, int] = {}
    expected: dict[int, int] = {}
    for one in frames:
        d, op = one.direction, one.opcode
        if d in expected and one.seq != expected[d]:
            open_at.pop(d, None)
        expected[d] = one.seq + 1
        if op == CONTINUATION and d in open_at:
            at = open_at[d]
            entries[at] = (d, [*entries[at][1], one.seq], one.fin)
            if one.fin:
                del open_at[d]
            continue
        entries.append((d, [one.seq], one.fin))
        if op in (CONTINUATION, TEXT, BINARY):
            open_at.pop(d, None)
            if not one.fin:
                open_at[d] = len(entries) - 1
    return list(entries)


@given(traffic())
def test_folding_is_what_the_rfc_says(frames: list[Frame]) -> None:
    entries = [e for e in log_of(*frames).entries if not isinstance(e, Gap)]
    found = [
        (e.direction, [f.seq for f in e.frames], e.finished)
        if isinstance(e, Message)
        else (e.direction, [e.seq], e.fin)
        for e in entries
    ]
    assert found == reference(frames)
    assert all(isinstance(e, Message) == (e.opcode in (0, 1, 2)) for e in entries)


@given(traffic(), st.lists(st.integers(0, 40), max_size=12))
def test_any_chunking_gives_the_same_entries(frames: list[Frame], cuts: list[int]) -> None:
    log = FrameLog(1)
    for start, end in pairwise([0, *sorted(min(cut, len(frames)) for cut in cuts), len(frames)]):
        log.extend(frames[start:end])
        log.extend(frames[:end])  # told again: a new attach
    assert [entry_facts(e) for e in log.entries] == [
        entry_facts(e) for e in log_of(*frames).entries
    ]


@given(traffic(), st.data())
def test_each_frame_is_found_in_its_entry(frames: list[Frame], data: st.DataObject) -> None:
    log = log_of(*frames)
    for one in frames:
        entry = log.find(one.direction, one.seq)
        assert entry is not None
        kept = entry.frames if isinstance(entry, Message) else [entry]
        assert one.seq in [f.seq for f in kept]
        assert entry.direction == one.direction
    missing = data.draw(st.integers(0, 200))
    if missing not in [f.seq for f in frames if f.direction == 0]:
        assert log.find(0, missing) is None


@st.composite
def overtaken(draw: st.DrawFn) -> tuple[list[Frame], list[Frame]]:
    """Frames as they were sent, and as they come where rules hold some: control frames overtake."""
    sent = draw(traffic())
    come: list[Frame] = []
    held: tuple[list[Frame], list[Frame]] = ([], [])
    for one in sent:
        if one.opcode > BINARY:
            come.append(one)
            continue
        held[one.direction].append(one)
        if draw(st.integers(0, 3)) == 0:
            come += held[one.direction]
            held[one.direction].clear()
    return sent, [*come, *held[0], *held[1]]


def of_direction(log: FrameLog, direction: int) -> list[Any]:
    """Its entries, and how many of its frames are missing."""
    missing = sum((e.to_server, e.to_client)[direction] for e in log.entries if isinstance(e, Gap))
    return [
        missing, *(entry_facts(e) for e in log.entries if e.direction == direction)
    ]  # fmt: skip


@given(overtaken(), st.lists(st.integers(0, 40), max_size=12))
def test_what_was_overtaken_stands_where_it_was_sent(
    frames: tuple[list[Frame], list[Frame]], cuts: list[int]
) -> None:
    sent, come = frames
    ordered, log = log_of(*sent), FrameLog(1)
    for start, end in pairwise([0, *sorted(min(cut, len(come)) for cut in cuts), len(come)]):
        log.extend(come[start:end])
        log.extend(come[:end])  # told again
    for direction in (0, 1):
        assert of_direction(log, direction) == of_direction(ordered, direction)
    assert (log.frames_kept, log.content_held) == (ordered.frames_kept, ordered.content_held)
    for one in sent:
        entry = log.find(one.direction, one.seq)
        assert entry is not None
        assert one.seq in [f.seq for f in (entry.frames if isinstance(entry, Message) else [entry])]


@given(overtaken())
def test_one_direction_that_was_overtaken_is_as_if_it_was_not(
    frames: tuple[list[Frame], list[Frame]],
) -> None:
    sent, come = ([f for f in some if f.direction == 0] for some in frames)
    for seq, one in enumerate(sent):
        one.seq = seq  # nothing is lost
    log = log_of(*come)
    assert not any(isinstance(e, Gap) for e in log.entries)
    assert [entry_facts(e) for e in log.entries] == [entry_facts(e) for e in log_of(*sent).entries]


@given(overtaken(), st.lists(st.integers(0, 40), max_size=12))
def test_positions_are_told_to_those_who_remember_them(
    frames: tuple[list[Frame], list[Frame]], cuts: list[int]
) -> None:
    _, come = frames
    log = FrameLog(1)
    known: dict[int, Any] = {}  # entries by the position that somebody remembers
    for start, end in pairwise([0, *sorted(min(cut, len(come)) for cut in cuts), len(come)]):
        count = log.shifts.count
        known = {at: entry for at, entry in enumerate(log.entries) if not isinstance(entry, Gap)}
        log.extend(come[start:end])
        moved = log.shifts.since(count)
        assert moved is not None
        for at, entry in known.items():
            assert log.entries[shifted(at, moved)] is entry


def held_back() -> tuple[list[Frame], list[Frame]]:
    """A message in four frames, pings between them; as sent, and as it comes."""
    sent = [
        frame(0, 0, TEXT, b"x"), frame(0, 1, TEXT, b"he", fin=False), frame(0, 2, PING),
        frame(0, 3, CONTINUATION, b"l", fin=False), frame(0, 4, CONTINUATION, b"l", fin=False),
        frame(0, 5, PING), frame(0, 6, CONTINUATION, b"o"), frame(0, 7, PING),
    ]  # fmt: skip
    return sent, [sent[at] for at in (0, 2, 5, 1, 3, 4, 6, 7)]


def test_a_gap_waits_shrinks_and_goes() -> None:
    sent, come = held_back()
    log = FrameLog(1)
    gaps = []
    for one in come:
        log.extend([one])
        gaps.append([(e.to_server, e.waiting) for e in log.entries if isinstance(e, Gap)])
    assert gaps == [[], [(1, True)], [(3, True)], [(2, True)], [(1, True)], [], [], []]
    assert [entry_facts(e) for e in log.entries] == [entry_facts(e) for e in log_of(*sent).entries]
    assert message(log, 1).content == b"hello"


def test_what_is_lost_before_what_comes_late_stands_before_it() -> None:
    log = log_of(frame(0, 0, TEXT), frame(0, 3, PING))
    log.extend([frame(0, 2, TEXT, b"late")])
    assert [e if isinstance(e, Gap) else e.seq for e in log.entries] == [
        0, Gap(T0_NS + 3, 1, 0), 2, 3,
    ]  # fmt: skip


def test_what_never_comes_is_no_longer_waited_for() -> None:
    log = log_of(frame(0, 0, TEXT), frame(0, 2, PING), frame(0, 3, TEXT, b"y"))
    assert [e for e in log.entries if isinstance(e, Gap)] == [Gap(T0_NS + 2, 1, 0)]
    log.extend([frame(0, 1, TEXT, b"z")])  # no data frame can be overtaken by data
    assert [e.seq for e in log.entries] == [0, None, 2, 3]


def test_an_alert_and_a_row_come_before_what_was_overtaken() -> None:
    _, come = held_back()
    log = log_of(*come[:3])
    alert = AlertFacts(rule="card", direction=0, seq=1)
    log.alert(alert)
    log.tell([told(1, 6, b"hello")])
    log.extend(come[3:])
    assert (message(log, 1).hits, message(log, 1).told) == ((alert,), True)


def test_what_is_awaited_is_bounded() -> None:
    log = FrameLog(1)
    for seq in range(1, 6 * RANGES_MAX, 2):
        log.extend([frame(0, seq, PING)])
    late = [frame(0, seq, CONTINUATION, b"c") for seq in range(0, 6 * RANGES_MAX, 2)]
    log.extend(late)
    kept = [e for e in log.entries if isinstance(e, Message)]
    assert [e.seq for e in kept] == [f.seq for f in late][-RANGES_MAX:]
    assert log.entries[0] == Gap(T0_NS + 1, 2 * RANGES_MAX, 0)


def test_the_log_is_trimmed_while_something_is_awaited() -> None:
    log = log_of(frame(0, 1, PING))
    log.extend([frame(1, seq, TEXT) for seq in range(FRAMES_MAX + 10)])
    log.extend([frame(0, 0, TEXT)])
    assert log.trimmed > 0
    assert log.find(0, 0) is None
    assert all(e.direction == 1 for e in log.entries)


def test_fragments_with_a_ping_between() -> None:
    log = log_of(
        frame(0, 0, TEXT, b"he", fin=False),
        frame(0, 1, PING, b"x"),
        frame(0, 2, CONTINUATION, b"l", fin=False),
        frame(0, 3, CONTINUATION, b"lo"),
    )
    assert [type(e).__name__ for e in log.entries] == ["Message", "Frame"]
    joined = message(log, 0)
    assert (joined.content, joined.whole, joined.finished) == (b"hello", True, True)
    assert (joined.payload_len, joined.frame_len, joined.frame_count) == (5, 11, 3)


def test_a_message_of_thousands_of_fragments_keeps_some_and_counts_all() -> None:
    count = 3 * FRAGMENTS_MAX
    log = log_of(
        frame(0, 0, TEXT, b"a", fin=False),
        *(frame(0, seq, CONTINUATION, b"b", fin=seq == count - 1) for seq in range(1, count)),
    )
    long = message(log)
    assert (len(long.frames), long.frame_count, long.payload_len) == (FRAGMENTS_MAX, count, count)
    assert long.frames[-1].seq == long.last_seq == count - 1
    assert log.frames_kept == FRAGMENTS_MAX
    assert log.content_held == FRAGMENTS_MAX


def test_what_was_done_to_a_message_and_what_fired_on_it() -> None:
    log = log_of(frame(0, 0, TEXT, b"\xaa", rsv=4))
    assert (message(log).content, message(log).told) == (None, False)
    log.tell([told(0, 0, b"hello", compressed=True, action="rewrite", rules=("card",))])
    done = message(log)
    assert (done.content, done.whole, done.content_len) == (b"hello", True, 5)
    assert (done.action, done.rules, done.told) == ("rewrite", ("card",), True)


@pytest.mark.parametrize("before", [True, False])
def test_alerts_and_rows_before_and_after_the_frames(before: bool) -> None:
    log = FrameLog(1)
    alert = AlertFacts(rule="card", direction=0, seq=0)
    on_ping = AlertFacts(rule="ping", direction=0, seq=1)
    frames = [frame(0, 0, TEXT, b"hello"), frame(0, 1, PING, b"x")]
    if not before:
        log.extend(frames)
    log.alert(alert)
    log.alert(alert)  # told twice
    log.alert(on_ping)
    log.tell([told(0, 0, b"hello")])
    if before:
        log.extend(frames)
    assert (message(log, 0).hits, message(log, 0).rules) == ((alert,), ("card",))
    assert message(log, 0).told
    assert log.hits(log.entries[1]) == (on_ping,)


def test_what_was_stopped_shows_nothing() -> None:
    log = log_of(frame(0, 0, TEXT, b"secret"))
    log.tell([told(0, 0, None, action="drop")])
    assert message(log).content is None
    assert message(log).frames[0].content is None
    assert log.content_held == 0


def test_an_injected_message_has_a_made_up_frame() -> None:
    log = log_of(frame(0, 0, TEXT, b"x"))
    log.tell([told(-1, -1, b"hello", first_seq=None, last_seq=None, injected=True, frames=1)])
    assert (message(log).injected, message(log).content, message(log).seq) == (True, b"hello", -1)
    log.extend([frame(0, 1, TEXT, b"y")])
    assert [entry.seq for entry in log.entries] == [0, -1, 1]


def test_old_contents_are_cut_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framelog, "CONTENT_MAX", 8_000)
    log = FrameLog(1)
    for seq in range(40):
        log.extend([frame(0, seq, TEXT, b"x" * 400)])
        log.tell([told(seq, seq, b"x" * 400, payload_len=400, frames=1)])
        held = sum(e.held() for e in log.entries if isinstance(e, Message))
        assert log.content_held == held <= 8_000
    lengths = [len(e.content or b"") for e in log.entries]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (CUT_LEN, 400)
    assert (message(log, 0).whole, message(log).whole) == (False, True)
    assert message(log).content is message(log).frames[0].preview  # one copy


def test_trimming_keeps_the_books() -> None:
    log = FrameLog(1)
    for start in range(0, FRAMES_MAX + 3_000, 1_000):
        for seq in range(start, start + 1_000, 2):
            log.extend(
                [frame(0, seq, TEXT, b"ab", fin=False), frame(0, seq + 1, CONTINUATION, b"c")]
            )
    assert log.frames_kept <= FRAMES_MAX
    assert log.frames_kept == 2 * len(log.entries)
    assert log.content_held == 3 * len(log.entries)
    assert log.find(0, 0) is None
    last = FRAMES_MAX + 2_998
    assert log.position(0, last) == log.position(0, last + 1) == len(log.entries) - 1


def test_what_went_before_is_one_gap_and_later_ones_stand_where_they_are() -> None:
    log = log_of(frame(0, 10, TEXT), frame(1, 4, TEXT), frame(1, 7, TEXT))
    assert [e if isinstance(e, Gap) else e.seq for e in log.entries] == [
        Gap(T0_NS + 10, 10, 4), 10, 4, Gap(T0_NS + 7, 0, 2), 7,
    ]  # fmt: skip


def test_a_violation_in_any_fragment_is_the_messages() -> None:
    bad = frame(0, 1, CONTINUATION, b"l")
    bad.violation = "bad"
    assert message(log_of(frame(0, 0, TEXT, b"he", fin=False), bad)).violation == "bad"
