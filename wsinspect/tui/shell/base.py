"""The shell's ground: what it is made of, its theme, what it remembers, and the tick.

Owns the tick (the only place that draws) and the looks. Everything shown comes from the store;
the source alone writes it. Must not know what a key does.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widget import Widget

from wsinspect.tui import keys
from wsinspect.tui.data.connection import NS
from wsinspect.tui.data.feed import Feed
from wsinspect.tui.data.ordering import BY_COLUMN
from wsinspect.tui.data.source import Link, Source
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw import guide, headline
from wsinspect.tui.draw.barline import Line
from wsinspect.tui.draw.frame_columns import TimeMode
from wsinspect.tui.draw.palette import BY_NAME, NIGHT, THEMES, palette_of, plain, theme_of
from wsinspect.tui.draw.safe import safe
from wsinspect.tui.find.filter import Filter
from wsinspect.tui.find.remembered import History, SavedFilters
from wsinspect.tui.keymap import KeyMap
from wsinspect.tui.owned import Owned
from wsinspect.tui.panes import panetitles
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.cohorts import CohortsView
from wsinspect.tui.panes.connections import ConnectionsView
from wsinspect.tui.panes.detail import DetailView
from wsinspect.tui.panes.filterbar import FilterBar
from wsinspect.tui.panes.frames import FramesView
from wsinspect.tui.panes.scrubber import Scrubber
from wsinspect.tui.panes.searchbar import SearchBar
from wsinspect.tui.panes.splitter import SplitBar, Splitter
from wsinspect.tui.settings import Settings, load_settings, save_settings

DRAWS_PER_S = 4
_GROWING = frozenset({"title", "problems"})  # bars that are as high as what they say


class Ground(Screen[object], inherit_bindings=False):
    """The own screen. Textual's would take Tab for itself."""


class Shell(App[int]):
    """The panes, their looks and the tick."""

    TITLE = "wsinspect"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - Textual's
        (0, "-narrow"),
        (118, "-wide"),
    ]
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - Textual's
        (0, "-tiny"),
        (9, "-short"),
        (19, "-tall"),
    ]
    # All other keys are bound from the table, key map included, when the app is made.
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding(keys.ALWAYS_QUIT, "quit", "quit, from everywhere", show=False, priority=True)
    ]

    def __init__(
        self,
        address: str,
        *,
        clock: Callable[[], int] = time.time_ns,
        make_feed: Callable[[str, Store], Source] = Feed,
        draws_per_s: float = DRAWS_PER_S,
        keymap: KeyMap | None = None,
        memory: Path | None = None,
        owned: Owned | None = None,
    ) -> None:
        """`memory` is the file of the settings; without one nothing is remembered. `owned` is the
        proxy, where it ends with this dashboard."""
        no_color = "NO_COLOR" in os.environ
        # With native colours, Textual's own NO_COLOR filter takes away all of them, not only hues.
        super().__init__(ansi_color=True if no_color else None)
        self.no_colors = no_color
        self.memory = memory
        self.settings, trouble = load_settings(memory) if memory else (Settings(), "")
        self._saved = self._written = msgspec.json.encode(self.settings)
        self.palette = plain()
        self.store = Store(clock)
        self.feed = make_feed(address, self.store)
        self.owned = owned
        self.leaving = False  # the proxy is ending, and this dashboard waits for it
        self.paused = False
        self.keymap = keymap or KeyMap()
        for say in (*self.keymap.problems, *filter(None, [trouble])):
            self.store.add_problem(say)
        self._draws_per_s = draws_per_s
        self._drawn: tuple[object, ...] = ()
        if not no_color:
            for colors in THEMES:
                self.register_theme(theme_of(colors))
        self.connections = ConnectionsView(self.store, self.palette)
        self.connections.lost = self._lost
        self.frames = FramesView(self.store, self.palette)
        self.detail = DetailView(self.palette, self.store)
        self.cohorts = CohortsView(self.store, self.palette)
        self.split = Splitter(self.palette, "split")
        timeline = self.feed.timeline
        self.scrubber = Scrubber(timeline, self.palette) if timeline is not None else None
        self.filter: Filter | None = None
        self.saved_filters = SavedFilters(self._file("filters.json"))
        self.filter_bar = FilterBar(
            *(self.store, self.palette),
            History(self._file("filter-history.json")),
            self.saved_filters,
            self._counts,
        )
        self.search_bar = SearchBar(
            self.palette, History(self._file("search-history.json")), lambda: self.frames.position
        )
        self.bars: list[Bar] = []
        self.set_theme(self.settings.theme)

    # Composing

    def get_default_screen(self) -> Screen[object]:
        return Ground(id="_default")

    def compose(self) -> ComposeResult:
        self.bars = self._make_bars()
        title, problems, top, bottom, about, ends, footer = self.bars
        yield title
        yield problems
        with Vertical(id="top"):
            yield top
            yield self.connections
        with Vertical(id="bottom"):
            yield bottom
            yield about
            with Horizontal(id="body"):
                yield self.frames
                yield self.split
                yield self.detail
        with Vertical(id="ends"):
            yield ends
            yield self.cohorts
        if self.scrubber is not None:
            yield self.scrubber
        yield self.filter_bar
        yield self.search_bar
        yield footer

    def _file(self, name: str) -> Path | None:
        return self.memory.with_name(name) if self.memory is not None else None

    def _counts(self) -> tuple[int, int]:
        """How many are shown, of how many; for the filter bar."""
        if self.on_frames:
            shown = len(self.frames.shown_entries())
            return shown, shown + self.frames.hidden
        return self.connections.count(), self.connections.total

    def _lost(self) -> list[guide.Row] | None:
        """Why the proxy cannot be reached or the recording not be read; None while it can."""
        feed = self.feed
        if feed.link is not Link.LOST:
            return None
        lost = guide.proxy_lost if feed.timeline is None else guide.unreadable
        return lost(feed.reason, feed.address, self.palette)

    def _make_bars(self) -> list[Bar]:
        store, feed = self.store, self.feed

        def title() -> list[Line]:
            return headline.title(
                store, feed, self.palette, paused=self.paused, height=self.size.height
            )

        def problems() -> list[Line]:
            if self.leaving and self.owned is not None:
                return [headline.leaving(len(store.live), self.owned.grace_s, self.palette)]
            return headline.problems(store, feed, self.palette)

        def footer() -> list[Line]:
            return [self._footer()]

        def named() -> str:
            return self.filter.text if self.filter is not None else ""

        def top() -> list[Line]:
            focused = self.pane == keys.CONNECTIONS
            return [panetitles.connections_title(self.connections, focused, self.palette, named())]

        def bottom() -> list[Line]:
            focused = self.pane in (keys.FRAMES, keys.DETAIL)
            searched = self.search_bar.needle.text, self.search_bar.found_words()
            return [panetitles.frames_title(self.frames, focused, self.palette, named(), searched)]

        def ends() -> list[Line]:
            focused = self.pane == keys.COHORTS
            return [panetitles.cohorts_title(self.cohorts, focused, self.palette)]

        def about() -> list[Line]:
            return panetitles.about(self.frames.connection, store.now_ns(), self.palette)

        return [
            Bar(title, id="title"),
            Bar(problems, id="problems"),
            Bar(top, id="connections-title"),
            SplitBar(bottom, id="frames-title"),
            Bar(about, id="about"),
            Bar(ends, id="ends-title"),
            Bar(footer, id="keys"),
        ]

    def _footer(self) -> Line:
        shown = keys.footer(self.keymap.table, self.pane or keys.CONNECTIONS, self.recording)
        following = self.frames.following and not self.paused
        hello = self.store.hello
        version = hello.version if hello is not None else ""
        return panetitles.footer(shown, following, version, self.palette)

    def on_mount(self) -> None:
        self.recall()
        self.connections.focus()
        self.run_worker(self.feed.run(), name="feed")
        self.set_interval(1 / self._draws_per_s, self.tick)

    # What is in use

    @property
    def base(self) -> Screen[object]:
        """The own screen, also when a dialog lies over it."""
        return self.screen_stack[0]

    @property
    def recording(self) -> bool:
        """Whether this is a recording with a timeline, and not a proxy."""
        return self.feed.timeline is not None

    @property
    def pane_widgets(self) -> dict[str, Widget]:
        """The panes by name, in the order of Tab."""
        panes: dict[str, Widget] = {
            keys.CONNECTIONS: self.connections,
            keys.FRAMES: self.frames,
            keys.DETAIL: self.detail,
            keys.COHORTS: self.cohorts,
        }
        if self.scrubber is not None:
            panes[keys.TIMELINE] = self.scrubber
        return panes

    @property
    def pane(self) -> str:
        """The pane that has the keyboard; empty while something is typed."""
        if not self.screen_stack:
            return keys.CONNECTIONS
        focused = self.base.focused
        if focused is None:
            return keys.FRAMES if self.on_frames else keys.CONNECTIONS
        for name, widget in self.pane_widgets.items():
            if focused is widget or widget in focused.ancestors:
                return name
        return ""

    @property
    def on_frames(self) -> bool:
        """Whether the lower half is the one in use."""
        return bool(self.screen_stack) and self.base.has_class("on-frames")

    # Drawing

    def tick(self) -> None:
        """Draw if anything changed, or a second passed. Behind a dialog only the bars."""
        drawn = (self.store.version, self.store.clock() // NS)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if len(self.screen_stack) > 1:
            self.sync_bars()
        else:
            self.sync()

    def sync(self) -> None:
        """Draw everything anew from the store."""
        if not self.screen_stack:
            return  # not yet, or no longer
        if self.base.has_class("cohorts"):
            self.cohorts.sync()
        else:
            self.connections.sync()
            self.frames.content_note = self.feed.content_note
            self.frames.sync()
            self.sync_detail()
        self.search_bar.sync()
        if self.filter_bar.is_open:
            self.filter_bar.sync()
        if self.scrubber is not None:
            self.scrubber.sync()
        self.sync_bars()

    def sync_bars(self) -> None:
        for bar in self.bars:
            if bar.id in _GROWING:
                bar.grow()
            bar.sync()

    def sync_detail(self) -> None:
        """Show what is chosen in the detail; only where it is seen."""
        if not self.screen_stack or not self.base.has_class("detail"):
            return
        self.detail.can = self.feed.can
        self.detail.note = self.feed.content_note
        entry = self.frames.chosen() if self.on_frames else None
        self.detail.show(self.frames.connection, entry, self.store.now_ns())

    # Looks

    def set_theme(self, name: str) -> None:
        """Take the colours of theme `name`, or of the first one where there is none of it."""
        if self.no_colors:
            return
        colors = BY_NAME.get(name, NIGHT)
        self.settings.theme = colors.name
        self.theme = colors.name
        self.palette = palette_of(colors)
        widgets: Sequence[Widget] = (
            [widget for screen in self.screen_stack for widget in screen.walk_children(Widget)]
            if self.screen_stack
            else []
        )
        own = {self.connections, self.frames, self.detail, self.cohorts, self.split}
        own |= {self.filter_bar, self.search_bar, self.filter_bar.drop, self.search_bar.drop}
        for widget in {*widgets, *own, *filter(None, [self.scrubber])}:
            if hasattr(widget, "palette"):
                widget.palette = self.palette
        if self.is_running:
            self.sync()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - Textual's signature
    ) -> None:
        """What peers named is in it: never markup, and made harmless like all that is drawn."""
        super().notify(safe(message), title=title, severity=severity, timeout=timeout, markup=False)

    # Remembering

    def recall(self) -> None:
        """Let the panes be as they were."""
        was = self.settings
        for view, saved in ((self.connections, was.connections), (self.frames, was.frames)):
            if saved.columns:
                view.columns_shown = saved.columns
            view.widths = saved.widths
        self.connections.set_order(BY_COLUMN.get(was.order, 0), was.reverse)
        self.connections.hide_ended = was.hide_ended
        self.frames.heartbeats_hidden = was.heartbeats_hidden
        self.frames.time_mode = TimeMode[was.time_mode.upper()]
        self.detail.tab = was.tab

    def remembered(self) -> Settings:
        """The settings as they are now."""
        now = self.settings
        for view, saved in ((self.connections, now.connections), (self.frames, now.frames)):
            own = view.columns_shown != list(view.choice.table)
            saved.columns = list(view.columns_shown) if own else []
            saved.widths = dict(view.widths)
        now.order = self.connections.order.column
        now.reverse = self.connections.reverse
        now.hide_ended = self.connections.hide_ended
        now.heartbeats_hidden = self.frames.heartbeats_hidden
        now.time_mode = self.frames.time_mode.name.lower()
        now.tab = self.detail.tab
        return now

    def remember(self) -> None:
        """Write the settings if they changed."""
        settings = self.remembered()
        now = msgspec.json.encode(settings)
        if self.memory is None or now == self._saved:
            return
        was = msgspec.json.decode(self._written, type=Settings)
        trouble = save_settings(self.memory, settings, was)
        self._saved = now
        if trouble:
            self.store.add_problem(trouble)
        else:
            self._written = now
