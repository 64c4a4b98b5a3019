"""The frames of the chosen connection. Owns following and pausing, folding, marks, what is shown.

Which entries are shown is kept by `ShownEntries`; the look of a row is `draw.frame_columns`'. The
cursor and the top of the window hold on to rows, not to numbers: what is dropped, inserted or
filtered around them moves nothing on the screen.
"""

from collections.abc import Sequence

from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.data.shifts import Shift, shifted
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.frame_columns import (
    TimeMode,
    fold_tag,
)
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.rows import MARGIN
from wsinspect.tui.panes.entriesview import EntriesView
from wsinspect.tui.panes.shown_entries import (
    ShownEntries,
    part_of,
    position_of,
    row_of,
)

_END = 1 << 62  # the row that says how the connection ended: after all others
_NEXT_SLICE_S = 0.01  # between two slices of an older log under a new filter


def _moved(row: int, shifts: Sequence[Shift]) -> int:
    """Where a row is after entries came to stand among others."""
    if row == _END or not shifts:
        return row
    return row_of(shifted(position_of(row), shifts), part_of(row))


class FramesView(EntriesView):
    """One row a frame or message. `following` keeps the newest in sight."""

    def __init__(self, store: Store, palette: Palette) -> None:
        super().__init__(store, palette)
        self.following = True
        self._left_at = 0  # position from which on entries are new
        self._at = 0  # the row under the cursor
        self._slicing = False

    @property
    def unfolded(self) -> set[int]:
        """Positions of the messages that are unfolded (folded, after unfolding all)."""
        return self._entries.unfolded

    @property
    def marked(self) -> list[Entry]:
        """The marked entries, oldest first."""
        return self._marks.entries

    @property
    def new(self) -> int:
        """Entries that came since following stopped, and are shown."""
        if self.following:
            return 0
        if self._filter is None and not self.heartbeats_hidden:
            return max(0, self._log.total - self._left_at)
        return self._entries.entries_from(self._left_at)

    @property
    def position(self) -> int:
        """Where the chosen entry is among all that the log ever had; -1 without one."""
        rows = self._entries.rows
        if not 0 <= self.cursor < len(rows):
            return -1
        return shifted(position_of(rows[self.cursor]), self._entries.pending())

    def select_position(self, position: int) -> bool:
        """Put the cursor on the entry at `position`; False if it is hidden or no longer kept."""
        if self._entries.pending():
            self.sync()
        if not self._entries.shows(position):
            return False
        self.move_to(self._entries.at(row_of(position)))
        return True

    def chosen(self) -> Message | Frame | None:
        """The entry under the cursor; of an unfolded message, the fragment under it."""
        rows = self._entries.rows
        if not 0 <= self.cursor < len(rows):
            return None
        chosen = rows[self.cursor]
        fragment = self._entries.fragment(chosen)
        entry = fragment if fragment is not None else self._entries.entry(chosen)
        return None if isinstance(entry, Gap) else entry

    def select_entry(self, entry: Entry) -> bool:
        """Put the cursor on `entry`; False if it is hidden or no longer kept."""
        position = self._entries.position(entry)
        return position is not None and self.select_position(position)

    def follow(self, following: bool) -> None:
        if following is not self.following:
            self.following = following
            self._left_at = self._log.total
        self.sync()

    def _test_anew(self) -> None:
        self._entries.restart(self.verdict)
        self._slice_later()
        if self.is_attached:
            self.post_message(self.Anew())
        self.sync()
        self.show_cursor()

    def _slice_later(self) -> None:
        if self._entries.behind and not self._slicing and self.is_attached:
            self._slicing = True
            self.set_timer(_NEXT_SLICE_S, self._slice)

    def _slice(self) -> None:
        self._slicing = False
        self._entries.step_back()
        self.sync()
        self._slice_later()

    # LinesView

    def count(self) -> int:
        return len(self._entries.rows) + self._ended

    @property
    def _ended(self) -> bool:
        """Whether the list has a last line that says how the connection ended."""
        connection = self.connection
        return (
            connection is not None
            and connection.ended
            and connection.flow_id == self._log.flow_id
            and bool(self._log.entries)
        )

    def _row(self, index: int) -> int:
        rows = self._entries.rows
        return rows[index] if 0 <= index < len(rows) else _END

    def sync(self) -> None:
        if self.store.watched is not self._log:
            self._start_over()
        self._hear()
        shifts = self._entries.pending()
        top, at = _moved(self._row(self.top), shifts), _moved(self._at, shifts)
        self._left_at = shifted(self._left_at, shifts)
        self._marks.move(shifts)
        seen = self.cursor - self.top
        self._entries.update()
        self._marks.forget_before(self._log.trimmed)
        self._see_inflated()
        if self.following:
            self.cursor = max(0, self.count() - 1)
        else:
            self.cursor = min(self._entries.at(at), max(0, self.count() - 1))
            if 0 <= seen < self.page_height and at != _END:
                self._jump(self.cursor - seen)
            else:
                self._jump(self._entries.at(top))
        self._at = at
        if self.following or not self._waits(at):
            self._at = self._row(self.cursor)
        self._slice_later()
        super().sync()
        if self.following:
            self.show_cursor()

    def _waits(self, at: int) -> bool:
        """Whether row `at` may still come: its entry was not tested yet."""
        behind = self._entries.behind
        return behind > 0 and position_of(at) < self._log.trimmed + behind

    def _start_over(self) -> None:
        self._log = self.store.watched
        unfold_all = self._entries.unfold_all
        self._entries = ShownEntries(self._log, self.verdict)
        self._entries.unfold_all = unfold_all
        self._entries.restart(self.verdict)
        self._slice_later()
        self._marks.clear()
        self._left_at = 0
        self._inflated = 0
        self._spoken, self._spoken_of = "", 0
        self.cursor = 0
        self._at = self._row(0)

    def move_to(self, index: int) -> None:
        last = self.count() - 1
        if self.following and index < last:
            self.follow(False)
        self._at = self._row(max(0, min(index, last)))
        super().move_to(index)

    def action_bottom(self) -> None:
        super().action_bottom()
        self.follow(True)

    def scrolled_by_user(self) -> None:
        at_end = self.top + self.page_height >= self.count()
        if not at_end:
            self.cursor = max(self.top, min(self.cursor, self.top + self.page_height - 1))
            self._at = self._row(self.cursor)
        self.follow(at_end)

    # Keys

    def action_unfold(self) -> None:
        """Show the fragments of the chosen message, or fold them."""
        rows = self._entries.rows
        if 0 <= self.cursor < len(rows):
            position = position_of(rows[self.cursor])
            entry = self._entries.entry(rows[self.cursor])
            if isinstance(entry, Message) and entry.frame_count > 1:
                self._settle_at(row_of(position))
                self._entries.toggle(position)
                self.sync()
                self.post_message(self.Moved(self))

    def action_unfold_all(self) -> None:
        rows = self._entries.rows
        if 0 <= self.cursor < len(rows):
            self._at = row_of(position_of(rows[self.cursor]))
        self._entries.toggle_all()
        self.sync()

    def _settle_at(self, at: int) -> None:
        """Stay on row `at`, also where the list goes on growing."""
        if self.following:
            self.following = False
            self._left_at = self._log.total
        self.cursor = self._entries.at(at)
        self._at = at

    def action_heartbeats(self) -> None:
        self.heartbeats_hidden = not self.heartbeats_hidden
        self.post_message(self.Moved(self))

    def action_time_mode(self) -> None:
        modes = list(TimeMode)
        self.time_mode = modes[(modes.index(self.time_mode) + 1) % len(modes)]

    def title_pressed(self, key: str) -> None:
        if key == "time":
            self.action_time_mode()

    def action_mark(self) -> None:
        rows = self._entries.rows
        if not 0 <= self.cursor < len(rows):
            return
        position = position_of(rows[self.cursor])
        entry = self._entries.entry(rows[self.cursor])
        if not isinstance(entry, Gap):
            self._marks.toggle(position, entry)
        self.refresh()
        self.post_message(self.Moved(self))

    def action_next_mark(self) -> None:
        shown = [p for p in self._marks.positions if self._entries.shows(p)]
        if shown:
            here = position_of(self._row(self.cursor))
            position = next((p for p in shown if p > here), shown[0])
            self.move_to(self._entries.at(row_of(position)))

    def line_pressed(self, index: int, x: int) -> bool:
        """A click on `▸ 12 fragments` unfolds them."""
        line = self._line(index)
        if line is None or line.fragment is not None:
            return False
        tag = fold_tag(line.entry, line.unfolded)
        violation = line.entry.violation
        start = MARGIN + (len(violation) + 3 if violation else 0)
        for place in self.placed(self.size.width):
            if place.column.key == "preview" and 0 <= x - start - place.x < len(tag):
                break
        else:
            return False
        self.action_unfold()
        return True
