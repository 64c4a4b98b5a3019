"""The watched connection's entries: frames folded into messages, in order, bounded. No Textual.

Folding follows RFC 6455 §5.4: a data frame without FIN begins a message, continuations of its
direction join it, control frames between them are entries of their own. A gap in the numbers of a
direction breaks its message, so does a new data frame before FIN. Order is by first frame.
"""

from array import array
from bisect import bisect_right

from wsinspect.tui.data.entries import CUT_LEN, Entry, Gap, Message, shorten
from wsinspect.tui.data.wire import PREVIEW_LEN_MAX, AlertFacts, Frame, MessageRow

__all__ = ["FRAMES_MAX", "Entry", "FrameLog", "Gap"]

FRAMES_MAX = 50_000
CONTENT_MAX = 32 * 1024 * 1024  # bytes of all contents; the older ones are cut to CUT_LEN
WAITING_MAX = 500  # alerts and rows whose frames have not come
_TRIM = 1_000  # dropped at once, so that trimming costs little per frame
_CONTROL = 0x08
_CONTINUATION = 0
_DATA = (1, 2)

type _Place = tuple[int, int]  # direction, seq


class FrameLog:
    """Entries by position from 0; `trimmed` says how many went before position 0.

    Sequence numbers per direction tell repeated frames (dropped) and missing ones (a `Gap`).
    """

    __slots__ = (
        "_alerts",
        "_content",
        "_control_hits",
        "_cut",
        "_frames",
        "_next_seq",
        "_open",
        "_places",
        "_rows",
        "entries",
        "flow_id",
        "skipped",
        "trimmed",
    )

    def __init__(self, flow_id: int | None = None) -> None:
        self.flow_id = flow_id
        self.entries: list[Entry] = []
        self.trimmed = 0
        self.skipped = 0
        self._next_seq = [0, 0]
        self._open: list[Message | None] = [None, None]
        # For each direction, of each entry with frames: seq of its first one, and its position.
        self._places = (array("q"), array("q")), (array("q"), array("q"))
        self._frames = 0  # kept
        self._content = 0  # bytes of content kept
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
        """Frames as they came: each direction's in order."""
        self.skipped += skipped
        for frame in frames:
            direction = 1 if frame.direction else 0
            missing = frame.seq - self._next_seq[direction]
            if missing < 0:
                continue
            if missing:
                self._gap(frame.timestamp_ns, direction, missing)
            if frame.preview is not None and len(frame.preview) > PREVIEW_LEN_MAX:
                frame.preview = frame.preview[:PREVIEW_LEN_MAX]
            self._next_seq[direction] = frame.seq + 1
            self._fold(frame, direction)
        self._bound()

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
            elif first >= self._next_seq[direction]:
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
        elif alert.seq >= self._next_seq[alert.direction]:
            _wait(self._alerts, place, [*self._alerts.get(place, ()), alert])

    # Folding

    def _gap(self, at_ns: int, direction: int, missing: int) -> None:
        """Frames are missing. What went before the first ones is one gap for both directions."""
        self._open[direction] = None
        gap = Gap(at_ns, 0, missing) if direction else Gap(at_ns, missing, 0)
        first = self.entries[0] if self.entries and not self.trimmed else None
        if self._next_seq[direction] == 0 and isinstance(first, Gap):
            self.entries[0] = Gap(
                first.timestamp_ns,
                first.to_server + gap.to_server,
                first.to_client + gap.to_client,
            )
        else:
            self.entries.append(gap)

    def _fold(self, frame: Frame, direction: int) -> None:
        if frame.preview is not None:
            self._content += len(frame.preview)
        opcode = frame.opcode
        message = self._open[direction]
        if opcode == _CONTINUATION and message is not None:
            self._join(message, frame)
            if message.finished:
                self._open[direction] = None
            return
        entry: Message | Frame
        if opcode == _CONTINUATION or opcode in _DATA:
            entry = Message(frame)
            self._open[direction] = None if frame.fin else entry
        else:  # control frames, and opcodes that nobody knows
            entry = frame
        seqs, places = self._places[direction]
        seqs.append(frame.seq)
        places.append(self.total)
        self.entries.append(entry)
        self._frames += 1
        if self._alerts or self._rows:
            self._settle(entry, (direction, frame.seq))

    def _join(self, message: Message, frame: Frame) -> None:
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

    # Bounds

    def _bound(self) -> None:
        if self._frames > FRAMES_MAX or len(self.entries) > FRAMES_MAX:
            self._trim()
        entries = self.entries
        while self._content > CONTENT_MAX and self._cut < self.total:
            entry = entries[max(0, self._cut - self.trimmed)]
            if isinstance(entry, Message):
                held = entry.held()
                entry.shorten()
                self._content -= held - entry.held()
            elif isinstance(entry, Frame) and entry.preview is not None:
                self._content -= max(0, len(entry.preview) - CUT_LEN)
                shorten(entry)
            self._cut += 1

    def _trim(self) -> None:
        """Drop the oldest entries, some more than needed."""
        entries = self.entries
        frames = self._frames
        gone = 0
        while gone < len(entries) and (
            frames > FRAMES_MAX or len(entries) - gone > FRAMES_MAX or gone < _TRIM
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
        for seqs, places in self._places:
            at = bisect_right(places, self.trimmed - 1)
            del seqs[:at], places[:at]


def _wait[T](waiting: dict[_Place, T], place: _Place, what: T) -> None:
    waiting[place] = what
    if len(waiting) > WAITING_MAX:
        del waiting[next(iter(waiting))]
