"""What of the watched log is shown, and how it is drawn: the frame list without its cursor's ways.

Owns the filter, hidden heartbeats, the application that is spoken, the time's form, the needle and
the empty states. Which entries are shown is kept by `ShownEntries`; the look of a row is
`draw.frame_columns`'.
"""

from typing import Protocol

from rich.segment import Segment
from textual.message import Message as Notice

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw import guide
from wsinspect.tui.draw.columns import Choice, Placed, adapted, lay_out
from wsinspect.tui.draw.figures import count
from wsinspect.tui.draw.frame_columns import COLUMNS, FIXED, Line, Look, TimeMode, timed
from wsinspect.tui.draw.frame_rows import end_row, entry_row, gap_row
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.rows import MARGIN, titles
from wsinspect.tui.find.jumps import SPOKEN_BY, speaks
from wsinspect.tui.find.needle import parse_needle
from wsinspect.tui.panes.columned import ColumnedView
from wsinspect.tui.panes.heartbeats import is_heartbeat
from wsinspect.tui.panes.marks import Marks
from wsinspect.tui.panes.shown_entries import (
    FILTERED,
    HEARTBEAT,
    SHOWN,
    ShownEntries,
    part_of,
    position_of,
)


class EntryFilter(Protocol):
    """What is needed of `find.Filter`."""

    text: str

    def entry(self, entry: Entry, connection: Connection | None) -> bool: ...


class EntriesView(ColumnedView):
    """One row a frame or message, as `FramesView` shows them."""

    class Anew(Notice):
        """Other entries of the same log may be shown now."""

    def __init__(self, store: Store, palette: Palette) -> None:
        super().__init__(palette, "frames", Choice(COLUMNS, FIXED))
        self.store = store
        self.content_note = ""  # why nothing here has content; empty where it may
        self._heartbeats_hidden = False
        self._time_mode = TimeMode.ABSOLUTE
        self._needle = ""
        self._sought = parse_needle("")
        self.connection: Connection | None = None
        self._filter: EntryFilter | None = None
        self._log = store.watched
        self._entries = ShownEntries(self._log, self.verdict)
        self._marks = Marks()
        self._inflated = 0  # cells of the column, 0: nothing was compressed
        self._spoken = ""  # the application that the log's first messages tell of
        self._spoken_of = 0  # so many of them were read for it

    # What is shown, as others set and read it

    @property
    def filter(self) -> EntryFilter | None:
        return self._filter

    @filter.setter  # noqa: A003 - what people call it
    def filter(self, wanted: EntryFilter | None) -> None:
        self._filter = wanted
        self._test_anew()

    @property
    def heartbeats_hidden(self) -> bool:
        return self._heartbeats_hidden

    @heartbeats_hidden.setter
    def heartbeats_hidden(self, hidden: bool) -> None:
        if hidden is not self._heartbeats_hidden:
            self._heartbeats_hidden = hidden
            self._test_anew()

    @property
    def needle(self) -> str:
        """What is searched for: marked wherever it is seen."""
        return self._needle

    @needle.setter
    def needle(self, needle: str) -> None:
        if needle != self._needle:
            self._needle = needle
            self._sought = parse_needle(needle)
            self.refresh()

    @property
    def time_mode(self) -> TimeMode:
        return self._time_mode

    @time_mode.setter
    def time_mode(self, mode: str) -> None:
        self._time_mode = TimeMode(mode)
        self.refresh()

    @property
    def hidden(self) -> int:
        """Entries that the filter hides."""
        return self._entries.filtered

    @property
    def hidden_heartbeats(self) -> int:
        return self._entries.heartbeats

    @property
    def behind(self) -> int:
        """Older entries that a new filter has not reached yet."""
        return self._entries.behind

    def shown_entries(self) -> list[Entry]:
        """All entries that are shown, in order; for search and jumps."""
        return [self._entries.entry(r) for r in self._entries.rows if not part_of(r)]

    # Verdicts

    def verdict(self, entry: Entry) -> int:
        """Whether `entry` is shown, or what hides it."""
        if isinstance(entry, Gap):
            return SHOWN
        if self._heartbeats_hidden and is_heartbeat(entry, self.app_spoken):
            return HEARTBEAT
        if self._filter is not None and not self._filter.entry(entry, self.connection):
            return FILTERED
        return SHOWN

    def _test_anew(self) -> None:
        """What is shown may be something else now."""
        raise NotImplementedError

    @property
    def app_spoken(self) -> str:
        """The application of the connection, where its handshake names none: of its messages."""
        connection = self.connection
        return (connection.app if connection is not None else "") or self._spoken

    def _hear(self) -> None:
        """What the first messages tell of; it is kept for the log."""
        connection = self.connection
        if connection is None or connection.app or self._spoken:
            return
        count = min(len(self._log.entries), SPOKEN_BY)
        if count == self._spoken_of or self._log.trimmed:
            return
        self._spoken_of = count
        self._spoken = speaks(self._log.entries[:count])
        if self._spoken:
            self.refresh()
            if self._heartbeats_hidden:
                self._entries.restart(self.verdict)

    def _see_inflated(self) -> None:
        """The column of decompressed sizes comes with the first compressed message."""
        if not self._inflated:
            newest = self._log.entries[-50:]
            self._inflated = 8 * any(isinstance(e, Message) and e.compressed for e in newest)

    # Drawing

    def placed(self, width: int) -> tuple[Placed, ...]:
        columns = timed(self.choice.columns(), self.time_mode)
        contents = (("inflated", self._inflated),)
        return lay_out(adapted(columns, contents), width - 2 * MARGIN)

    def note(self, key: str) -> str:
        note = super().note(key)
        return "nothing to show yet" if note and key == "inflated" and not self._inflated else note

    def header(self, width: int) -> list[Segment] | None:
        if not self.count():
            return None
        return titles(self.placed(width), self.palette.label)

    def empty(self, y: int, width: int) -> list[Segment]:
        lines = guide.centred(self._why_empty(), width, self.size.height)
        return lines[y] if y < len(lines) else []

    def _why_empty(self) -> list[guide.Row]:
        """Why there is no row, and what to do about it."""
        p, connection = self.palette, self.connection
        if connection is not None and self.behind:
            return [[("looking through older frames …", p.label)]]
        if connection is not None and self.hidden:
            if self.content_note:
                return guide.no_payloads(p)
            text = self._filter.text if self._filter is not None else ""
            return guide.filtered_out(self.hidden, "messages", text, p)
        if connection is not None and self.hidden_heartbeats:
            return [
                [(f"Nothing but {count(self.hidden_heartbeats)} heartbeats.", p.strong)],
                [("b", p.key), (" shows them", p.label)],
            ]
        if connection is not None and connection.frames and self.content_note:
            return guide.no_payloads(p)
        return guide.no_frames(connection, self.store.hello, p)

    def _line(self, index: int) -> Line | None:
        """What is drawn at `index`; None for what has no columns."""
        rows = self._entries.rows
        if index >= len(rows):
            return None
        at = rows[index]
        entry = self._entries.entry(at)
        if isinstance(entry, Gap):
            return None
        return Line(
            entry,
            self._entries.time_ns(rows[index - 1]) if index else 0,
            self._entries.unfolds(position_of(at)),
            self._entries.fragment(at),
            part_of(at),
            self._log.hits(entry),
        )

    def segments(self, index: int, width: int) -> list[Segment]:
        rows, p = self._entries.rows, self.palette
        if index >= len(rows):
            return [] if self.connection is None else end_row(self.connection, p, width)
        entry = self._entries.entry(rows[index])
        if isinstance(entry, Gap):
            return gap_row(entry, index == 0, self._logged, p, width)
        line = self._line(index)
        marked = position_of(rows[index]) in self._marks
        return [] if line is None else entry_row(line, self._look(), self.placed(width), marked)

    def _look(self) -> Look:
        connection = self.connection
        return Look(
            self.palette,
            self.app_spoken,
            self._sought,
            self.time_mode,
            connection.opened_ns if connection is not None else 0,
        )

    @property
    def _logged(self) -> bool:
        """Whether what is not here is in the log: never, where all is from a recording."""
        hello = self.store.hello
        if hello is None or not hello.log or "recording" in hello.mode:
            return False
        return hello.record in (None, "frames", "all")
