"""The watched connection's entries: frames folded into messages, in order, bounded. No Textual.

Folding follows RFC 6455 §5.4: a data frame without FIN begins a message, continuations of its
direction join it, control frames between them are entries of their own. A gap in the numbers of a
direction breaks its message, so does a new data frame before FIN. Order is by first frame.

Control frames may overtake the data frames of a message that a rule holds (docs/log.md): those come
late, and are put where they belong. Data frames keep their order: once one came, no older one will.
"""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import replace

from wsinspect.tui.data.awaited import Awaited
from wsinspect.tui.data.entries import CUT_LEN, Entry, Gap, Message, shorten
from wsinspect.tui.data.shifts import By, Shifts
from wsinspect.tui.data.wire import PREVIEW_LEN_MAX, AlertFacts, Frame, MessageRow

__all__ = ["FRAMES_MAX", "Entry", "FrameLog", "Gap"]

FRAMES_MAX = 50_000
CONTENT_MAX = 32 * 1024 * 1024  # bytes of all contents; the older ones are cut to CUT_LEN
LESS_ENTRIES = 1_000  # kept of a log that nobody looks at,
LESS_CONTENT = 512 * 1024  # and bytes of their contents
WAITING_MAX = 500  # alerts and rows whose frames have not come
_NEWEST = 100  # entries that have the latest time among them
_TRIM = 1_000  # dropped at once, so that trimming costs little per frame
_CONTINUATION = 0
_MESSAGE = (0, 1, 2)  # opcodes of its frames

type _Place = tuple[int, int]  # direction, seq


class FrameLog:
    """Entries by position from 0; `trimmed` says how many went before position 0.

    Sequence numbers per direction tell repeated frames (dropped) and missing ones (a `Gap`).
    `shifts` tells of what came to stand among others.
    """

    __slots__ = (
        "_alerts",
        "_awaited",
        "_content",
        "_control_hits",
        "_cut",
        "_frames",
        "_left_ns",
        "_next_seq",
        "_open",
        "_places",
        "_rows",
        "entries",
        "flow_id",
        "shifts",
        "skipped",
        "trimmed",
    )

    def __init__(self, flow_id: int | None = None) -> None:
        self.flow_id = flow_id
        self.entries: list[Entry] = []
        self.trimmed = 0
        self.skipped = 0
        self.shifts = Shifts()
        self._next_seq = [0, 0]
        self._awaited = Awaited(), Awaited()
        self._open: list[Message | None] = [None, None]
        # For each direction, of each entry with frames: seq of its first one, and its position.
        self._places = (array("q"), array("q")), (array("q"), array("q"))
        self._frames = 0  # kept
        self._content = 0  # bytes of content kept
        self._left_ns = 0  # the latest time in it when it was no longer looked at
        self._cut = 0  # all entries before this position (of all ever appended) are cut
        self._alerts: dict[_Place, list[AlertFacts]] = {}
        self._rows: dict[_Place, MessageRow] = {}
        self._control_hits: dict[_Place, list[AlertFacts]] = {}

    @property
    def total(self) -> int:
        """Entries ever appended."""
        return self.trimmed + len(self.entries)

    @property
    def frames_kept(self) -> int:
        return self._frames

    @property
    def content_held(self) -> int:
        """Bytes of all contents that are kept."""
        return self._content

    # Reading

    def position(self, direction: int, seq: int) -> int | None:
        """Where the entry is that has the frame `seq` of `direction`."""
        seqs, places = self._places[direction]
        if seq >= self._next_seq[direction]:
            return None
        at = bisect_right(seqs, seq) - 1
        while at >= 0:
            position = places[at] - self.trimmed
            if position < 0:
                return None
            entry = self.entries[position]
            if isinstance(entry, Message):
                if seq <= entry.last_seq:
                    return position
                if entry.finished:
                    return None
            elif seqs[at] == seq:
                return position
            at -= 1  # a control frame inside a message, or a message that was broken off
        return None

    def find(self, direction: int, seq: int) -> Message | Frame | None:
        """The entry that has the frame `seq` of `direction`."""
        position = self.position(direction, seq)
        entry = None if position is None else self.entries[position]
        return entry if isinstance(entry, Message | Frame) else None

    def hits(self, entry: Entry) -> tuple[AlertFacts, ...]:
        """The alerts on an entry; also on a control frame (a reason, a ping's payload)."""
        if isinstance(entry, Message):
            return entry.hits
        if isinstance(entry, Frame) and self._control_hits:
            return tuple(self._control_hits.get((entry.direction, entry.seq), ()))
        return ()

    # Writing

    def extend(self, frames: list[Frame], skipped: int = 0) -> None:
        """Frames as they came: each direction's in order, but for those that were overtaken."""
        self.skipped += skipped
        for frame in frames:
            direction = 1 if frame.direction else 0
            missing = frame.seq - self._next_seq[direction]
            if missing < 0:
                if self._awaited[direction] and frame.seq in self._awaited[direction]:
                    self._late(frame, direction)
                continue
            if missing:
                self._gap(frame, direction, missing)
            if frame.preview is not None and len(frame.preview) > PREVIEW_LEN_MAX:
                frame.preview = frame.preview[:PREVIEW_LEN_MAX]
            self._next_seq[direction] = frame.seq + 1
            self._fold(frame, direction)
        self._bound()

    def lessen(self) -> None:
        """Nobody looks at it any more: only the newest of it stays."""
        newest = (entry.timestamp_ns for entry in self.entries[-_NEWEST:])
        self._left_ns = max(newest, default=0)
        self._bound_to(LESS_ENTRIES, LESS_CONTENT, 1)

    def tell(self, rows: list[MessageRow]) -> None:
        """What was done to messages. Rows of messages that are not here change nothing."""
        for row in rows:
            direction = 1 if row.direction else 0
            first = row.first_seq
            if first is None or first < 0:
                if row.injected:
                    self._inject(row)
                continue
            message = self.find(direction, first)
            if isinstance(message, Message) and message.seq == first:
                self._enrich(message, row)
            elif self._may_come(direction, first):
                _wait(self._rows, (direction, first), row)
        self._bound()

    def alert(self, alert: AlertFacts) -> None:
        """A rule fired on a message or a control frame, perhaps on one still to come."""
        if alert.direction is None or alert.seq is None:
            return
        place = (alert.direction, alert.seq)
        entry = self.find(*place)
        if isinstance(entry, Message):
            if alert not in entry.hits:
                entry.alert(alert)
        elif entry is not None:
            known = self._control_hits.get(place, [])
            if alert not in known:
                _wait(self._control_hits, place, [*known, alert])
        elif self._may_come(alert.direction, alert.seq):
            _wait(self._alerts, place, [*self._alerts.get(place, ()), alert])

    # Folding

    def _may_come(self, direction: int, seq: int) -> bool:
        return seq >= self._next_seq[direction] or seq in self._awaited[direction]

    def _gap(self, frame: Frame, direction: int, missing: int) -> None:
        """Frames are missing. What went before the first ones is one gap for both directions."""
        awaited, seen = self._awaited[direction], self._next_seq[direction]
        overtook = frame.opcode not in _MESSAGE
        if not overtook:
            if awaited:
                self._give_up(direction)
            self._open[direction] = None
        first = self.entries[0] if self.entries and not self.trimmed else None
        if awaited:
            self._count_missing(awaited.gap_at, direction, missing)
        elif seen == 0 and isinstance(first, Gap):
            awaited.gap_at = 0
            self._count_missing(0, direction, missing)
        else:
            awaited.gap_at = self.total
            ways = (0, missing) if direction else (missing, 0)
            self.entries.append(Gap(frame.timestamp_ns, *ways, waiting=overtook))
        if overtook:
            if not awaited.add(seen, frame.seq):
                self._open[direction] = None
            self._say_waiting(awaited.gap_at, True)

    def _fold(self, frame: Frame, direction: int) -> None:
        if frame.preview is not None:
            self._content += len(frame.preview)
        opcode = frame.opcode
        if self._awaited[direction] and opcode in _MESSAGE:
            self._give_up(direction)
            self._open[direction] = None
        message = self._open[direction]
        if opcode == _CONTINUATION and message is not None:
            self._join(message, frame, direction)
            return
        entry = self._begin(frame, direction)
        seqs, places = self._places[direction]
        seqs.append(frame.seq)
        places.append(self.total)
        self.entries.append(entry)
        if self._alerts or self._rows:
            self._settle(entry, (direction, frame.seq))

    def _begin(self, frame: Frame, direction: int) -> Message | Frame:
        """The entry of a frame that joins no message."""
        self._frames += 1
        if frame.opcode not in _MESSAGE:  # control frames, and opcodes that nobody knows
            return frame
        message = Message(frame)
        self._open[direction] = None if frame.fin else message
        return message

    def _join(self, message: Message, frame: Frame, direction: int) -> None:
        before, newest = len(message.frames), message.frames[-1]
        if message.cut:
            held = 0 if frame.preview is None else len(frame.preview)
            shorten(frame)
            self._content -= held - (0 if frame.preview is None else len(frame.preview))
        message.add(frame)
        if len(message.frames) > before:
            self._frames += 1
        elif newest.preview is not None:
            self._content -= len(newest.preview)
        if message.finished:
            self._open[direction] = None

    def _settle(self, entry: Message | Frame, place: _Place) -> None:
        """What was told of an entry before it came."""
        row = self._rows.pop(place, None)
        if row is not None and isinstance(entry, Message):
            self._enrich(entry, row)
        for alert in self._alerts.pop(place, ()):
            self.alert(alert)

    def _enrich(self, message: Message, row: MessageRow) -> None:
        held = message.held()
        message.take(row)
        if message.cut:
            message.shorten()
        self._content += message.held() - held

    def _inject(self, row: MessageRow) -> None:
        """A message that no frame belongs to: it has one made up, with seq -1."""
        if row.timestamp_ns <= self._left_ns:
            return  # told again, to one who came back to this connection
        b0 = 0x80 | row.opcode
        made = Frame(
            row.timestamp_ns, row.direction, -1, b0, None, row.payload_len, row.wire_len
        )  # fmt: skip
        message = Message(made)
        message.take(row)
        message.frame_count = max(1, row.frames)
        self._content += message.held()
        self._frames += 1
        self.entries.append(message)

    # What comes late

    def _late(self, frame: Frame, direction: int) -> None:
        """A frame that is awaited came."""
        awaited = self._awaited[direction]
        if not awaited.take(frame.seq):
            self._open[direction] = None  # what should have come before it never will
        if frame.preview is not None:
            self._content += len(frame.preview)
        message = self._open[direction]
        if frame.opcode == _CONTINUATION and message is not None:
            self._join(message, frame, direction)
        else:
            entry = self._begin(frame, direction)
            self._put_in(entry, direction)
            if self._alerts or self._rows:
                self._settle(entry, (direction, frame.seq))
        left = self._count_missing(awaited.gap_at, direction, -1)
        if left and not awaited:
            self._give_up(direction)

    def _put_in(self, entry: Message | Frame, direction: int) -> None:
        """Before the first entry of its direction that follows it, and before their gap."""
        seqs, places = self._places[direction]
        at = bisect_right(seqs, entry.seq)
        position, awaited = places[at], self._awaited[direction]
        if position == awaited.gap_at + 1 and not awaited.lost:
            position -= 1
        self._shift(position, By.IN)
        self.entries.insert(position - self.trimmed, entry)
        seqs.insert(at, entry.seq)
        places.insert(at, position)

    def _count_missing(self, position: int, direction: int, more: int) -> bool:
        """Count in a gap; False: it is gone, since nothing is missing any more."""
        gap = self.entries[position - self.trimmed]
        assert isinstance(gap, Gap)
        to_server, to_client = gap.to_server, gap.to_client
        if direction:
            to_client += more
        else:
            to_server += more
        if to_server or to_client:
            gap = replace(gap, to_server=to_server, to_client=to_client)
            self.entries[position - self.trimmed] = gap
            return True
        del self.entries[position - self.trimmed]
        self._shift(position, By.OUT)
        return False

    def _give_up(self, direction: int) -> None:
        """What is missing in a direction now never comes."""
        awaited, other = self._awaited[direction], self._awaited[1 - direction]
        awaited.clear()
        if not (other and other.gap_at == awaited.gap_at):
            self._say_waiting(awaited.gap_at, False)

    def _say_waiting(self, position: int, waiting: bool) -> None:
        gap = self.entries[position - self.trimmed]
        if isinstance(gap, Gap) and gap.waiting is not waiting:
            self.entries[position - self.trimmed] = replace(gap, waiting=waiting)

    def _shift(self, position: int, by: By) -> None:
        """All that stands behind `position` moved."""
        self.shifts.add(position, by)
        first = position if by is By.IN else position + 1
        for _, places in self._places:
            for at in range(bisect_left(places, first), len(places)):
                places[at] += by
        for awaited in self._awaited:
            if awaited.gap_at >= first:
                awaited.gap_at += by
        if self._cut > position:
            self._cut = position if by is By.IN else self._cut - 1

    # Bounds

    def _bound(self) -> None:
        self._bound_to(FRAMES_MAX, CONTENT_MAX, _TRIM)

    def _bound_to(self, frames_max: int, content_max: int, least: int) -> None:
        if self._frames > frames_max or len(self.entries) > frames_max:
            self._trim(frames_max, least)
        entries = self.entries
        while self._content > content_max and self._cut < self.total:
            entry = entries[max(0, self._cut - self.trimmed)]
            if isinstance(entry, Message):
                held = entry.held()
                entry.shorten()
                self._content -= held - entry.held()
            elif isinstance(entry, Frame) and entry.preview is not None:
                self._content -= max(0, len(entry.preview) - CUT_LEN)
                shorten(entry)
            self._cut += 1

    def _trim(self, frames_max: int, least: int) -> None:
        """Drop the oldest entries, `least` of them: some more than needed."""
        entries = self.entries
        frames = self._frames
        gone = 0
        while gone < len(entries) and (
            frames > frames_max or len(entries) - gone > frames_max or gone < least
        ):
            entry = entries[gone]
            if isinstance(entry, Message):
                frames -= len(entry.frames)
                self._content -= entry.held()
                for direction in (0, 1):
                    if self._open[direction] is entry:
                        self._open[direction] = None
            elif isinstance(entry, Frame):
                frames -= 1
                if entry.preview is not None:
                    self._content -= len(entry.preview)
            gone += 1
        del entries[:gone]
        self._frames = frames
        self.trimmed += gone
        self._cut = max(self._cut, self.trimmed)
        for direction, awaited in enumerate(self._awaited):
            if awaited and awaited.gap_at < self.trimmed:
                awaited.clear()
                self._open[direction] = None
        for seqs, places in self._places:
            at = bisect_right(places, self.trimmed - 1)
            del seqs[:at], places[:at]


def _wait[T](waiting: dict[_Place, T], place: _Place, what: T) -> None:
    waiting[place] = what
    if len(waiting) > WAITING_MAX:
        del waiting[next(iter(waiting))]
