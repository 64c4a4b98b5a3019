"""Moving about: which pane has the keyboard, what is open beside it, how the screen is split.

Owns focus, the detail's and the cohorts' opening, zoom, splits, and whose frames are watched. Must
not know what is drawn in a pane.
"""

from textual import on
from textual.timer import Timer
from textual.widget import Widget

from wsinspect.tui import keys
from wsinspect.tui.panes.connections import ConnectionsView
from wsinspect.tui.panes.detail import DetailView
from wsinspect.tui.panes.lines import LinesView
from wsinspect.tui.panes.splitter import Splitter, share
from wsinspect.tui.shell.base import Shell

WATCH_AFTER_S = 0.12  # the cursor rests this long before frames are asked for
_LINES_MIN, _COLUMNS_MIN = 4, 24  # cells that a pane keeps


class Moving(Shell):
    """The shell, with its panes connected."""

    _watching: Timer | None = None

    # Panes

    def show_pane(self, frames: bool) -> None:
        """Go to the upper or to the lower half."""
        self.base.set_class(frames, "on-frames")
        if frames:
            self.connections.keep()
        view: Widget = self.frames if frames else self.connections
        if frames and self._detail_covers:
            view = self.detail
        view.focus()
        self.sync()

    @property
    def _detail_covers(self) -> bool:
        return self.base.has_class("detail") and self.base.has_class("-narrow")

    def on_lines_view_focused(self, message: LinesView.Focused) -> None:
        on_frames = message.view is self.frames
        if len(self.screen_stack) != 1:  # a dialog is open, or all is over
            return
        if message.view in (self.frames, self.connections) and on_frames is not self.on_frames:
            self.base.set_class(on_frames, "on-frames")
            if on_frames:
                self.connections.keep()
            self.sync()
        else:
            self.sync_bars()  # the footer is about the pane in use

    def on_lines_view_moved(self) -> None:
        self.sync_detail()
        self.sync_bars()

    def on_lines_view_chosen(self) -> None:
        self.action_descend()

    def on_connections_view_selected(self, message: ConnectionsView.Selected) -> None:
        self.frames.connection = message.connection
        if self._watching is not None:
            self._watching.stop()
        self._watching = self.set_timer(WATCH_AFTER_S, self._watch)
        self.sync_bars()

    def _watch(self) -> None:
        connection = self.connections.selected
        flow_id = connection.flow_id if connection is not None else None
        if flow_id != self.store.watched.flow_id:
            self.feed.watch(flow_id)
            self.frames.follow(not self.paused)
            self.after_watching()
            self.sync()

    def after_watching(self) -> None:
        """Another connection's entries are shown now; for layers above."""

    def on_connections_view_ordered(self) -> None:
        self.sync_bars()

    def on_mount(self) -> None:  # Textual calls the one of `Shell`, too
        was = self.settings
        self.set_split(was.split_top, was.split_left)
        if was.detail:
            self.set_detail(True)

    def on_resize(self) -> None:
        self.call_after_refresh(self._after_resize)

    def _after_resize(self) -> None:
        if self.detail.has_focus or (self.on_frames and self._detail_covers):
            self.show_pane(self.on_frames)
        self.sync()
        self.connections.show_cursor()
        self.frames.show_cursor()

    # Actions

    def show_cohorts(self, shown: bool) -> None:
        """The cohorts in place of the lists, or the lists again."""
        if shown is self.base.has_class("cohorts"):
            return
        self.base.set_class(shown, "cohorts")
        self.call_after_refresh(self.cohorts.focus if shown else self._back_to_lists)

    def _back_to_lists(self) -> None:
        if self.pane in (keys.COHORTS, keys.TIMELINE) or self.base.focused is None:
            self.show_pane(self.on_frames)

    def action_cohorts(self) -> None:
        self.show_cohorts(not self.base.has_class("cohorts"))

    def action_switch_pane(self, step: int = 1) -> None:
        names = self._reachable()
        at = names.index(self.pane) if self.pane in names else 0
        self.go(names[(at + step) % len(names)])

    def _reachable(self) -> list[str]:
        """The panes that Tab goes through: the lists, then what is open beside them."""
        cohorts = self.base.has_class("cohorts")
        return [
            name
            for name, widget in self.pane_widgets.items()
            if (name in keys.LISTS and not cohorts) or widget.is_on_screen
        ]

    def go(self, pane: str) -> None:
        """Give `pane` the keyboard."""
        if pane in keys.LISTS:
            self.show_pane(pane == keys.FRAMES)
        else:
            self.pane_widgets[pane].focus()
            self.sync_bars()

    def action_descend(self) -> None:
        if not self.on_frames:
            self.show_pane(True)
        else:
            self.set_detail(True)

    def action_ascend(self) -> None:
        if self.base.has_class("cohorts"):
            self.show_cohorts(False)
        elif self.base.has_class("detail"):
            self.set_detail(False)
        elif self.base.has_class("zoom"):
            self.action_zoom()
        elif self.on_frames:
            self.show_pane(False)

    def action_tab(self, number: int) -> None:
        """A tab of the detail, opened if need be."""
        self.detail.action_tab(number)
        self.set_detail(True)

    def action_tab_step(self, step: int) -> None:
        self.detail.action_tab_step(step)
        self.set_detail(True)

    def action_whole(self) -> None:
        self.detail.action_whole()

    def on_detail_view_payload_wanted(self, message: DetailView.PayloadWanted) -> None:
        self.feed.payload(message.flow_id, message.direction, message.seq)

    def on_detail_view_tab_chosen(self) -> None:
        self.remember()

    def on_columned_view_columns_changed(self) -> None:
        self.remember()

    def action_toggle_detail(self) -> None:
        self.set_detail(not self.base.has_class("detail"))

    def set_detail(self, shown: bool) -> None:
        if shown and not self.base.has_class("detail"):
            self.connections.keep()
        self.base.set_class(shown, "detail")
        self.settings.detail = shown
        self.call_after_refresh(self.show_pane, self.on_frames)

    def action_zoom(self) -> None:
        self.base.toggle_class("zoom")
        self.call_after_refresh(self.show_pane, self.on_frames)

    # Splits

    @on(Splitter.Moved)
    def _pulled(self, message: Splitter.Moved) -> None:
        self.action_split(message.columns, message.lines)

    @on(Splitter.Settled)
    def _let_go(self) -> None:
        self.remember()

    def action_split(self, columns: int, lines: int) -> None:
        """Move the line between the panes by cells."""
        if lines:
            height = self.query_one("#top").outer_size.height
            both = height + self.query_one("#bottom").outer_size.height
            self.set_split(top=share(height + lines, both, _LINES_MIN))
        if columns and self.base.has_class("detail"):
            width = self.frames.outer_size.width
            both = width + self.detail.outer_size.width
            self.set_split(left=share(width + columns, both, _COLUMNS_MIN))

    def set_split(self, top: float = 0.0, left: float = 0.0) -> None:
        """Shares of the upper pane and of the frames; 0 leaves one as it is."""
        if top:
            self.settings.split_top = top
            self.query_one("#top").styles.height = f"{top:.5f}fr"
            self.query_one("#bottom").styles.height = f"{1 - top:.5f}fr"
        if left:
            self.settings.split_left = left
            self.frames.styles.width = f"{left:.5f}fr"
            self.detail.styles.width = f"{1 - left:.5f}fr"
