"""Finding: the filter and the search bar, saved filters, matches, and jumps between entries.

Owns which filter is on and what is searched for. The language is in `find`, the bars type it, the
lists apply it.
"""

from collections.abc import Sequence
from functools import partial

from textual.timer import Timer

from wsinspect.tui import keys
from wsinspect.tui.data.entries import Entry
from wsinspect.tui.find.filter import Filter, FilterError, parse
from wsinspect.tui.find.jumps import next_alert, next_end, other_half
from wsinspect.tui.find.search import Matches
from wsinspect.tui.panes.cohorts import CohortsView
from wsinspect.tui.panes.filterbar import FilterBar
from wsinspect.tui.panes.palette import Choice
from wsinspect.tui.panes.searchbar import SearchBar
from wsinspect.tui.panes.shown_entries import SHOWN
from wsinspect.tui.shell.asking import Asking

_NEXT_SLICE_S = 0.01  # between two slices of a search that `n` waits for


class Finding(Asking):
    """The shell, with everything that finds."""

    _seeking: Timer | None = None
    _filtered_from = keys.CONNECTIONS

    # Filters

    def action_filter(self) -> None:
        """Type a filter; it works while it is typed."""
        self.show_cohorts(False)
        self._filtered_from = keys.FRAMES if self.on_frames else keys.CONNECTIONS
        self.filter_bar.open(self.filter, self.on_frames)

    def action_clear_filter(self) -> None:
        self.set_filter(None)

    def set_filter(self, wanted: Filter | None) -> None:
        """Show only what `wanted` lets through; None: everything."""
        if wanted is not None and not wanted.text.strip():
            wanted = None
        self.filter = wanted
        on_connections = wanted is not None and wanted.on_connections
        on_entries = wanted is not None and wanted.on_entries
        self.connections.filter = wanted if on_connections else None
        entries_by = wanted if on_entries else None
        if entries_by is not self.frames.filter:
            self.frames.filter = entries_by
        self.sync()

    def filter_by(self, text: str) -> None:
        """Filter by text that was saved, or that a pane made."""
        try:
            self.set_filter(parse(text))
        except FilterError as error:
            self.notify(f"{text}: {error}", severity="warning")

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        self.set_filter(message.filter)

    def on_filter_bar_closed(self) -> None:
        # not where the keyboard is now: Textual gave it to some list when the bar went
        self.go(self._filtered_from)

    def on_cohorts_view_filter_wanted(self, message: CohortsView.FilterWanted) -> None:
        self.show_cohorts(False)
        self.filter_by(message.text)
        self.show_pane(False)

    def more_choices(self) -> list[Choice]:
        return [
            Choice(f"filter: {name}", f"filter {text}", text, more="saved")
            for name, text in self.saved_filters.filters.items()
        ]

    def take_choice(self, kind: str, rest: str) -> None:
        if kind == "filter":
            self.filter_by(rest)

    def uncover(self, flow_id: int) -> None:
        super().uncover(flow_id)
        found = self.store.find(flow_id)
        if found is not None and found not in self.connections.shown:
            self.set_filter(None)

    # Search

    def action_search(self) -> None:
        """Type what to look for; the matches are marked while it is typed."""
        self.show_cohorts(False)
        self.search_bar.open()

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.frames.needle = self.detail.needle = message.needle.text
        self.sync()

    def on_search_bar_next(self) -> None:
        self.action_next_match(1)

    def on_search_bar_previous(self) -> None:
        self.action_next_match(-1)

    def on_search_bar_closed(self) -> None:
        self.show_pane(True)

    def after_watching(self) -> None:
        self.search_bar.attach(self.store.watched, self._is_shown)

    def on_entries_view_anew(self) -> None:
        self.after_watching()  # what is found is what is shown

    def _is_shown(self, entry: Entry) -> bool:
        return self.frames.verdict(entry) == SHOWN

    def action_next_match(self, step: int) -> None:
        matches = self.search_bar.matches
        if matches is None:
            self.action_search()
            return
        self._seek(matches, self.frames.position, step > 0)

    def _seek(self, matches: Matches, position: int, forward: bool) -> None:
        """Go to the next match from `position`; where it is not known yet, look on in slices."""
        if matches is not self.search_bar.matches:
            return  # something else is looked for by now
        if not matches.sure(position, forward):
            matches.step()
        at = matches.nearest(position, forward)
        sure = matches.sure(position, forward)
        found = sure and at is not None and self.frames.select_position(at)
        if not sure or (at is not None and not found and self.frames.behind):
            if self._seeking is not None:
                self._seeking.stop()
            look_on = partial(self._seek, matches, position, forward)
            self._seeking = self.set_timer(_NEXT_SLICE_S, look_on)
            return
        if not found:
            text = self.search_bar.needle.text
            self.notify(f"nothing here has “{text}” in it; * searches all connections", timeout=3)
        elif not self.on_frames:
            self.show_pane(True)
        self.sync_bars()

    # Jumps

    def _here(self, entries: Sequence[Entry], step: int) -> int:
        """The place of the chosen entry, or of what is beyond the end."""
        chosen = self.frames.chosen()
        for at in range(len(entries) - 1, -1, -1):
            entry = entries[at]
            if entry is chosen or (chosen in getattr(entry, "frames", ())):
                return at
        return -1 if step > 0 and not self.frames.cursor else len(entries)

    def _jump_to(self, entries: Sequence[Entry], at: int | None, nothing: str) -> None:
        if at is None or not self.frames.select_entry(entries[at]):
            self.notify(nothing, timeout=2)
            return
        if not self.on_frames:
            self.show_pane(True)

    def action_jump_alert(self, step: int) -> None:
        entries = self.frames.shown_entries()
        at = next_alert(entries, self._here(entries, step), step > 0)
        self._jump_to(entries, at, "no further alert here")

    def action_jump_close(self, step: int) -> None:
        entries = self.frames.shown_entries()
        at = next_end(entries, self._here(entries, step), step > 0)
        self._jump_to(entries, at, "no further Close frame or violation here")

    def action_other_half(self) -> None:
        entries = self.frames.shown_entries()
        at = other_half(entries, self._here(entries, 1), self.frames.app_spoken)
        self._jump_to(entries, at, "its other half is not here")
