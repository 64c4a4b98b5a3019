"""What is kept up step by step is what going over the whole log would give."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support.fake_story import T0_NS
from wsinspect.tui.data.entries import Entry, Message
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.shifts import SHIFTS_MAX, By, Shifts
from wsinspect.tui.data.wire import AlertFacts, Frame
from wsinspect.tui.panes import shown_entries
from wsinspect.tui.panes.shown_entries import (
    FILTERED,
    HEARTBEAT,
    SHOWN,
    ShownEntries,
    part_of,
    position_of,
    row_of,
)

FIN, TEXT, CONTINUATION, PING = 0x80, 1, 0, 9


def frame(seq: int, opcode: int = TEXT, *, fin: bool = True, size: int = 3) -> Frame:
    return Frame(T0_NS + seq, 0, seq, FIN * fin | opcode, 1, size, size + 6, None, b"x" * size)


@dataclass
class ListLog:
    """The least of a log: what `ShownEntries` needs."""

    entries: list[Entry] = field(default_factory=list)
    trimmed: int = 0
    shifts: Shifts = field(default_factory=Shifts)

    @property
    def total(self) -> int:
        return self.trimmed + len(self.entries)

    def trim(self, count: int) -> None:
        count = min(count, len(self.entries))
        del self.entries[:count]
        self.trimmed += count

    def put_in(self, at: int, entry: Entry) -> None:
        self.entries.insert(at, entry)
        self.shifts.add(self.trimmed + at, By.IN)

    def take_out(self, at: int) -> None:
        del self.entries[at]
        self.shifts.add(self.trimmed + at, By.OUT)


def verdict_of(least: int, no_pings: bool, alerts_only: bool) -> shown_entries.Verdict:
    """Depends on what may be told later: the size, and the alerts."""

    def verdict(entry: Entry) -> int:
        if no_pings and entry.opcode == PING:
            return HEARTBEAT
        hits = entry.hits if isinstance(entry, Message) else ()
        return FILTERED if entry.payload_len < least or (alerts_only and not hits) else SHOWN

    return verdict


def expected(log: ListLog, shown: ShownEntries, verdict: shown_entries.Verdict) -> list[int]:
    rows = []
    for at, entry in enumerate(log.entries):
        if verdict(entry) != SHOWN:
            continue
        position = log.trimmed + at
        rows.append(row_of(position))
        unfolded = shown.unfold_all is not (position in shown.unfolded)
        if unfolded and isinstance(entry, Message) and entry.frame_count > 1:
            rows += [row_of(position, n + 1) for n in range(len(entry.frames))]
    return rows


class Incremental(RuleBasedStateMachine):
    """Any sequence of appends, fragments, alerts, trims, folding and new filters."""

    @initialize()
    def begin(self) -> None:
        self.log = ListLog()
        self.verdict = verdict_of(0, False, False)
        self.shown = ShownEntries(self.log, self.verdict)
        self.seq = 0

    @rule(opcodes=st.lists(st.sampled_from([TEXT, TEXT, PING]), max_size=12), fin=st.booleans(),
          size=st.integers(0, 4))  # fmt: skip
    def append(self, opcodes: list[int], fin: bool, size: int) -> None:
        for opcode in opcodes:
            made = frame(self.seq, opcode, fin=fin or opcode == PING, size=size)
            self.log.entries.append(made if opcode == PING else Message(made))
            self.seq += 1

    @precondition(lambda self: self.log.entries)
    @rule(back=st.integers(1, 30), fin=st.booleans(), alert=st.booleans())
    def tell_more(self, back: int, fin: bool, alert: bool) -> None:
        entry = self.log.entries[-min(back, len(self.log.entries))]
        if isinstance(entry, Message) and alert:
            entry.alert(AlertFacts(rule="r"))
        elif isinstance(entry, Message) and not entry.finished:
            entry.add(frame(self.seq, CONTINUATION, fin=fin, size=2))
            self.seq += 1

    @precondition(lambda self: self.log.entries)
    @rule(places=st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=4),
          size=st.integers(0, 4))  # fmt: skip
    def comes_late(self, places: list[tuple[bool, int]], size: int) -> None:
        for out, back in places:
            at = max(0, len(self.log.entries) - 1 - back)
            if out and self.log.entries:
                gone = self.log.entries[at]
                self.log.take_out(at)
                assert all(self.shown.entry(row) is not gone for row in self.shown.rows)
            else:
                self.log.put_in(at, Message(frame(self.seq, size=size)))
                self.seq += 1

    @rule(count=st.integers(1, 20))
    def trim(self, count: int) -> None:
        self.log.trim(count)

    @rule(least=st.integers(0, 4), no_pings=st.booleans(), alerts_only=st.booleans())
    def another_filter(self, least: int, no_pings: bool, alerts_only: bool) -> None:
        self.verdict = verdict_of(least, no_pings, alerts_only)
        self.shown.restart(self.verdict)

    @precondition(lambda self: self.log.entries)
    @rule(at=st.integers(0, 100))
    def fold(self, at: int) -> None:
        self.shown.update()
        self.shown.toggle(self.log.trimmed + at % len(self.log.entries))

    @rule()
    def fold_all(self) -> None:
        self.shown.update()
        self.shown.toggle_all()

    @rule(entries=st.integers(1, 5))
    def step(self, entries: int) -> None:
        self.shown.update()
        self.shown.step_back(entries)

    @invariant()
    def as_if_all_were_tested(self) -> None:
        shown = self.shown
        shown.update()
        wanted = expected(self.log, shown, self.verdict)
        behind = self.log.trimmed + shown.behind  # tested from here on
        assert shown.rows == [row for row in wanted if position_of(row) >= behind]
        tested = self.log.entries[shown.behind :]
        assert shown.filtered == sum(self.verdict(e) == FILTERED for e in tested)
        assert shown.heartbeats == sum(self.verdict(e) == HEARTBEAT for e in tested)
        entries = [row for row in shown.rows if not part_of(row)]
        assert shown.entries_from(self.log.trimmed) == len(entries)

    @precondition(lambda self: self.log.entries)
    @rule(at=st.integers(0, 100), out=st.booleans())
    def fold_what_moved(self, at: int, out: bool) -> None:
        """The one that was shown there when the key was pressed, wherever it is now."""
        shown, log = self.shown, self.log
        shown.update()
        positions = [position_of(row) for row in shown.rows if not part_of(row)]
        if positions:
            chosen = positions[at % len(positions)]
            entry = shown.entry(row_of(chosen))
            log.put_in(0, Message(frame(self.seq)))
            self.seq += 1
            if out and log.entries[-1] is not entry:
                log.take_out(len(log.entries) - 1)
            assert shown.entry(row_of(chosen)) is entry
            shown.toggle(chosen)


TestIncremental = Incremental.TestCase
TestIncremental.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.integers(0, 5_000), st.integers(1, 700))
@settings(max_examples=20, deadline=None)
def test_a_new_filter_goes_back_in_slices(count: int, slice_len: int) -> None:
    log = ListLog([Message(frame(seq, size=seq % 5)) for seq in range(count)])
    shown = ShownEntries(log, verdict_of(0, False, False))
    tested = 0

    def verdict(entry: Entry) -> int:
        nonlocal tested
        tested += 1
        return SHOWN if entry.payload_len > 2 else FILTERED

    shown.restart(verdict)
    assert tested == min(count, shown_entries.SLICE)
    while shown.behind:
        before = tested
        shown.step_back(slice_len)
        assert tested - before <= slice_len
    assert tested == count  # each once
    assert shown.rows == [row_of(seq) for seq in range(count) if seq % 5 > 2]


def test_a_tick_tests_only_what_is_new() -> None:
    log = ListLog([Message(frame(seq)) for seq in range(3_000)])
    tested: list[Entry] = []

    def verdict(entry: Entry) -> int:
        tested.append(entry)
        return SHOWN

    shown = ShownEntries(log, verdict)
    shown.restart(verdict)
    shown.step_back(3_000)
    tested.clear()
    shown.update()
    assert tested == []
    log.entries += [Message(frame(3_000)), Message(frame(3_001))]
    shown.update()
    assert tested == log.entries[-2:]


def test_what_is_told_of_a_message_later_shows_it() -> None:
    log = ListLog([Message(frame(seq)) for seq in range(40)])
    verdict = verdict_of(0, False, True)
    shown = ShownEntries(log, verdict)
    shown.restart(verdict)
    assert shown.rows == []
    entry = log.entries[17]
    assert isinstance(entry, Message)
    entry.alert(AlertFacts(rule="cards"))
    shown.update()
    assert shown.rows == [row_of(17)]


def test_a_frame_log_is_such_a_log() -> None:
    log = FrameLog(1)
    log.extend([frame(0), frame(1, fin=False), frame(2, CONTINUATION), frame(3, PING)])
    verdict = verdict_of(0, False, False)
    shown = ShownEntries(log, verdict)
    shown.restart(verdict)
    shown.toggle(1)
    assert shown.rows == [row_of(0), row_of(1), row_of(1, 1), row_of(1, 2), row_of(2)]
    assert [shown.fragment(row) is not None for row in shown.rows] == [
        *(False, False, True, True, False)
    ]


def test_what_is_unfolded_stays_so_where_others_come_before_it() -> None:
    message = Message(frame(0, fin=False))
    message.add(frame(1, CONTINUATION))
    log = ListLog([message, Message(frame(2))])
    shown = ShownEntries(log, verdict_of(0, False, False))
    shown.step_back()
    shown.toggle(0)
    log.put_in(0, Message(frame(3)))
    log.put_in(0, Message(frame(4)))
    log.take_out(1)
    shown.update()
    assert shown.unfolded == {1}
    assert shown.rows == [row_of(0), row_of(1), row_of(1, 1), row_of(1, 2), row_of(2)]


def test_after_too_many_shifts_all_is_tested_anew() -> None:
    log = ListLog([Message(frame(n)) for n in range(10)])
    shown = ShownEntries(log, verdict_of(0, False, False))
    shown.update()
    for n in range(SHIFTS_MAX + 1):
        log.put_in(0, Message(frame(n)))
    shown.update()
    assert shown.rows == [row_of(n) for n in range(SHIFTS_MAX + 11)]
