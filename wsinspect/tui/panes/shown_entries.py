"""Which entries of a frame log are shown, and as which rows. No Textual.

Owns filtering, hidden heartbeats and unfolded messages, all kept up step by step: a tick tests what
is new and what changed, a new filter goes back through the log in slices, newest first. Must not
know how a row looks, nor where the cursor is.

A row is an int: `position << 9 | part`, where `position` counts all entries ever appended and
`part` is 0 for the entry itself, n for the nth kept fragment of an unfolded message. It changes its
meaning only where the log tells of a shift, which `update` takes over; `pending` is for those who
remember rows. Rows are sorted, so that everything is found by bisection.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Protocol

from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.data.shifts import By, Shift, Shifts, shifted
from wsinspect.tui.data.wire import Frame

PART_BITS = 9  # more than FRAGMENTS_MAX
_PARTS = (1 << PART_BITS) - 1
SLICE = 2_000  # entries that one step back through the log tests: about 10 ms
RECENT = 500  # newest entries that are looked at again for what was told of them later

_GONE = Gap(0, 0, 0)

SHOWN, FILTERED, HEARTBEAT = 0, 1, 2  # verdicts on an entry

type Verdict = Callable[[Entry], int]


class Log(Protocol):
    """What is needed of a `FrameLog`."""

    entries: list[Entry]
    trimmed: int
    shifts: Shifts

    @property
    def total(self) -> int: ...


def row_of(position: int, part: int = 0) -> int:
    return position << PART_BITS | part


def position_of(row: int) -> int:
    return row >> PART_BITS


def part_of(row: int) -> int:
    return row & _PARTS


def _state(entry: Entry) -> tuple[int, ...]:
    """What may change of an entry after it was tested."""
    if not isinstance(entry, Message):
        return ()
    return (
        entry.frame_count,
        entry.finished,
        len(entry.hits),
        len(entry.rules),
        -1 if entry.content_len is None else entry.content_len,
    )


class ShownEntries:
    """The rows of one log under one verdict.

    `update` after anything changed; `step_back` while `behind` says that older entries wait.
    """

    def __init__(self, log: Log, verdict: Verdict) -> None:
        self.log = log
        self.rows: list[int] = []
        self.unfolded: set[int] = set()  # positions
        self.unfold_all = False
        self._verdict = verdict
        self._verdicts = bytearray()  # of the entries from `_from` on
        self._from = self._next = log.total  # positions: tested are those from.. up to next
        self._states: dict[int, tuple[int, ...]] = {}  # of the recent messages
        self._shifts = log.shifts.count  # taken over
        self._hidden = [0, 0, 0]  # of entries that are kept, by verdict

    # Reading

    @property
    def filtered(self) -> int:
        """Entries that the filter hides."""
        return self._hidden[FILTERED]

    @property
    def heartbeats(self) -> int:
        return self._hidden[HEARTBEAT]

    @property
    def behind(self) -> int:
        """Older entries that were not tested yet."""
        return max(0, self._from - self.log.trimmed)

    def entry(self, row: int) -> Entry:
        """The entry that `row` is of; a gap where the log dropped it since the last `update`."""
        at = self._now(position_of(row)) - self.log.trimmed
        return self.log.entries[at] if 0 <= at < len(self.log.entries) else _GONE

    def fragment(self, row: int) -> Frame | None:
        """The fragment that `row` is, None if it is an entry."""
        part = part_of(row)
        entry = self.entry(row)
        if not part or not isinstance(entry, Message) or part > len(entry.frames):
            return None
        return entry.frames[part - 1]

    def time_ns(self, row: int) -> int:
        fragment = self.fragment(row)
        return self.entry(row).timestamp_ns if fragment is None else fragment.timestamp_ns

    def position(self, entry: Entry) -> int | None:
        """The position of an entry, shown or not; None if it is no longer kept."""
        for at, other in enumerate(self.log.entries):
            if other is entry:
                return self.log.trimmed + at
        return None

    def at(self, row: int) -> int:
        """Where `row` is among the rows, or would be."""
        return bisect_left(self.rows, row)

    def shows(self, position: int) -> bool:
        at = self.at(row_of(position))
        return at < len(self.rows) and position_of(self.rows[at]) == position

    def entries_from(self, position: int) -> int:
        """How many entries are shown from `position` on."""
        start = self.at(row_of(position))
        if not self.unfold_all and not self.unfolded:
            return len(self.rows) - start
        return sum(1 for row in self.rows[start:] if not row & _PARTS)

    def unfolds(self, position: int) -> bool:
        return self.unfold_all is not (position in self.unfolded)

    # Changing

    def restart(self, verdict: Verdict) -> None:
        """Test everything anew: the newest slice at once, the rest by `step_back`."""
        self._verdict = verdict
        self._shift()
        self.rows.clear()
        self._verdicts.clear()
        self._states.clear()
        self._hidden = [0, 0, 0]
        self._from = self._next = self.log.total
        self.step_back()

    def update(self) -> None:
        """Take over what was trimmed, changed and appended; the work is in proportion to that.

        After more than SLICE new entries at once, `behind` tells of older ones that wait.
        """
        self._shift()
        self._trim()
        self._again()
        log = self.log
        if log.total - self._next > SLICE:  # more than a tick should take on
            self.restart(self._verdict)
        for position in range(self._next, log.total):
            self.rows += self._rows(position, self._test(position))
        self._next = log.total

    def pending(self) -> Sequence[Shift]:
        """What the next `update` takes over; nothing where everything is to be tested anew."""
        return self.log.shifts.since(self._shifts) or ()

    def _now(self, position: int) -> int:
        """Where the entry is in the log that rows still have at `position`."""
        if self._shifts == self.log.shifts.count:
            return position
        return shifted(position, self.pending())

    def step_back(self, entries: int = SLICE) -> None:
        """Test some of the older entries that wait."""
        self._shift()
        start = max(self.log.trimmed, self._from - entries)
        verdicts = bytearray()
        rows: list[int] = []
        for position in range(start, self._from):
            verdict = self._judge(position)
            verdicts.append(verdict)
            rows += self._rows(position, verdict)
        self._verdicts[:0] = verdicts
        self.rows[:0] = rows
        self._from = min(start, self._from)

    def toggle(self, position: int) -> None:
        """Unfold one message, or fold it."""
        self.unfolded ^= {position}
        if self.shows(position):
            self._place(position, True)

    def toggle_all(self) -> None:
        """Unfold all messages that have fragments, now and from now on; or fold them."""
        self.unfold_all = not self.unfold_all
        self.unfolded.clear()
        shown = [position_of(row) for row in self.rows if not row & _PARTS]
        self.rows = [row for position in shown for row in self._rows(position, SHOWN)]

    # Within

    def _judge(self, position: int) -> int:
        entry = self.log.entries[position - self.log.trimmed]
        verdict = self._verdict(entry)
        self._hidden[verdict] += 1
        if isinstance(entry, Message) and position >= self.log.total - RECENT:
            self._states[position] = _state(entry)
        return verdict

    def _test(self, position: int) -> int:
        verdict = self._judge(position)
        self._verdicts.append(verdict)
        return verdict

    def _rows(self, position: int, verdict: int) -> list[int]:
        """The rows of one entry."""
        if verdict != SHOWN:
            return []
        rows = [row_of(position)]
        if (self.unfold_all or self.unfolded) and self.unfolds(position):
            entry = self.entry(rows[0])
            if isinstance(entry, Message) and entry.frame_count > 1:
                rows += [row_of(position, part) for part in range(1, len(entry.frames) + 1)]
        return rows

    def _place(self, position: int, shown: bool) -> None:
        """Put the rows of one entry where they belong, or take them away."""
        start, end = self.at(row_of(position)), self.at(row_of(position + 1))
        self.rows[start:end] = self._rows(position, SHOWN) if shown else []

    def _shift(self) -> None:
        """Entries came to stand among those that were tested, or went from there."""
        log = self.log
        if self._shifts == log.shifts.count:
            return
        shifts = log.shifts.since(self._shifts)
        self._shifts = log.shifts.count
        if shifts is None:
            self.unfolded.clear()
            self.restart(self._verdict)
            return
        came: list[int] = []
        for position, by in shifts:
            came = [at + by if at >= position else at for at in came if by > 0 or at != position]
            self._shift_by(position, by)
            if by is By.IN and self._from <= position < self._next:
                came.append(position)
        for position in sorted(came):
            if position < log.trimmed:
                continue
            self._hidden[SHOWN] -= 1  # what was taken for its verdict
            verdict = self._judge(position)
            self._verdicts[position - self._from] = verdict
            self._place(position, verdict == SHOWN)

    def _shift_by(self, position: int, by: By) -> None:
        gone = {position} if by is By.OUT else set()
        step = row_of(1) * by
        start, end = self.at(row_of(position)), self.at(row_of(position + len(gone)))
        self.rows[start:] = [row + step for row in self.rows[end:]]
        if position < self._from:
            self._from += by
            self._next += by
        elif position < self._next:
            at = position - self._from
            if gone:
                self._hidden[self._verdicts.pop(at)] -= 1
            else:
                self._verdicts.insert(at, SHOWN)
                self._hidden[SHOWN] += 1
            self._next += by
        moved = ((position, by),)
        self._states = {shifted(p, moved): s for p, s in self._states.items() if p not in gone}
        self.unfolded = {shifted(p, moved) for p in self.unfolded if p not in gone}

    def _trim(self) -> None:
        """Forget what the log dropped."""
        first = self.log.trimmed
        gone = min(first - self._from, len(self._verdicts))
        if gone > 0:
            for verdict in (SHOWN, FILTERED, HEARTBEAT):
                self._hidden[verdict] -= self._verdicts.count(verdict, 0, gone)
            del self._verdicts[:gone]
            del self.rows[: self.at(row_of(first))]
            self._states = {p: state for p, state in self._states.items() if p >= first}
            self.unfolded = {p for p in self.unfolded if p >= first}
        self._from = max(self._from, first)
        self._next = max(self._next, first)

    def _again(self) -> None:
        """Test recent messages of which more was told since."""
        oldest = self.log.total - RECENT
        for position, state in list(self._states.items()):
            entry = self.log.entries[position - self.log.trimmed]
            now = _state(entry)
            if now != state:
                self._states[position] = now
                before = self._verdicts[position - self._from]
                verdict = self._verdict(entry)
                self._verdicts[position - self._from] = verdict
                self._hidden[before] -= 1
                self._hidden[verdict] += 1
                if verdict != before or verdict == SHOWN:
                    self._place(position, verdict == SHOWN)
            if position < oldest and (now[1] or len(self._states) > 2 * RECENT):
                del self._states[position]
