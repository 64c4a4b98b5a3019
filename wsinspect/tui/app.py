"""The dashboard as an application: puts the panes together, ticks, and carries out the keys.

Owns the tick (the only place that draws), which pane has the keyboard, pausing, and whose frames
are watched. Everything shown comes from the store; the feed alone writes it.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer

from wsinspect.tui import keys
from wsinspect.tui.data.connection import NS
from wsinspect.tui.data.feed import Feed
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw import headline
from wsinspect.tui.draw.barline import Line
from wsinspect.tui.draw.palette import NIGHT, from_theme, plain
from wsinspect.tui.panes import panetitles
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.connections import ConnectionsView
from wsinspect.tui.panes.detail import DetailView, Row, connection_lines, frame_lines
from wsinspect.tui.panes.frames import FramesView
from wsinspect.tui.panes.help import HelpScreen
from wsinspect.tui.panes.lines import LinesView

DRAWS_PER_S = 4
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
END_WITHIN_S = 3.0  # a terminal that takes nothing more must not keep us
WATCH_AFTER_S = 0.12  # the cursor rests this long before frames are asked for


class DashboardApp(App[int]):
    """The dashboard on the proxy behind the Unix socket `address`."""

    CSS_PATH = "style.tcss"
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
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding(key.keys, key.action, key.say, show=False, priority=key.priority)
        for key in keys.APP_KEYS
    ]

    def __init__(
        self,
        address: str,
        *,
        clock: Callable[[], int] = time.time_ns,
        make_feed: Callable[[str, Store], Feed] = Feed,
        draws_per_s: float = DRAWS_PER_S,
    ) -> None:
        no_color = "NO_COLOR" in os.environ
        # With native colours, Textual's own NO_COLOR filter takes away all of them, not only hues.
        super().__init__(ansi_color=True if no_color else None)
        self.palette = plain() if no_color else from_theme(NIGHT)
        if not no_color:
            self.register_theme(NIGHT)
            self.theme = NIGHT.name
        self.store = Store(clock)
        self.feed = make_feed(address, self.store)
        self.paused = False
        self._draws_per_s = draws_per_s
        self._drawn = (-1, -1)
        self._watching: Timer | None = None
        self.connections = ConnectionsView(self.store, self.palette)
        self.frames = FramesView(self.store, self.palette)
        self.detail = DetailView(self.palette)
        self.bars: list[Bar] = []

    def compose(self) -> ComposeResult:
        p = self.palette
        store, feed = self.store, self.feed
        title = Bar(
            lambda: [
                headline.identity(store, feed, self.paused, self.base.has_class("-tiny"), p),
                headline.totals(store, p),
            ],
            id="title",
        )
        problems = Bar(lambda: headline.problems(store, feed, p), id="problems")
        top = Bar(
            lambda: [panetitles.connections_title(self.connections, not self.on_frames, p)],
            id="connections-title",
        )
        bottom = Bar(
            lambda: [panetitles.frames_title(self.frames, self.on_frames, p)], id="frames-title"
        )
        about = Bar(lambda: panetitles.about(self.frames.connection, store.now_ns(), p), id="about")
        footer = Bar(self._footer, id="keys")
        self.bars = [title, problems, top, bottom, about, footer]
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
                yield self.detail
        yield footer

    def on_mount(self) -> None:
        self.connections.focus()
        self.run_worker(self.feed.run(), name="feed")
        self.set_interval(1 / self._draws_per_s, self.tick)

    # Drawing

    def tick(self) -> None:
        """Draw if anything changed, or a second passed."""
        drawn = (self.store.version, self.store.clock() // NS)
        if drawn != self._drawn:
            self._drawn = drawn
            self.sync()

    def sync(self) -> None:
        """Draw everything anew from the store."""
        self.connections.sync()
        self.frames.sync()
        self._sync_detail()
        self._sync_bars()

    def _sync_bars(self) -> None:
        lines = len(headline.problems(self.store, self.feed, self.palette))
        for bar in self.bars:
            if bar.id == "problems":
                bar.display = lines > 0
                bar.styles.height = lines
            bar.sync()

    def _sync_detail(self) -> None:
        if not self.screen_stack or not self.base.has_class("detail"):
            return
        width = self.detail.size.width
        rows: list[Row] = []
        subject: object = None
        connection = self.frames.connection
        if self.on_frames:
            frame = self.frames.chosen()
            if frame is not None:
                subject, rows = frame, frame_lines(frame, self.palette, width)
        if subject is None and connection is not None:
            subject = connection
            rows = connection_lines(connection, self.store.now_ns(), self.palette, width)
        self.detail.show(subject, rows)

    def _footer(self) -> list[Line]:
        following = self.frames.following and not self.paused
        hello = self.store.hello
        version = hello.version if hello is not None else ""
        return [panetitles.footer(following, version, self.palette)]

    # Panes

    @property
    def base(self) -> Screen[object]:
        """The own screen, also when help lies over it."""
        return self.screen_stack[0]

    @property
    def on_frames(self) -> bool:
        """Whether the lower pane is the one in use."""
        return bool(self.screen_stack) and self.base.has_class("on-frames")

    def _show_pane(self, frames: bool) -> None:
        self.base.set_class(frames, "on-frames")
        view: LinesView = self.frames if frames else self.connections
        if frames and self._detail_covers:
            view = self.detail
        view.focus()
        self.sync()

    @property
    def _detail_covers(self) -> bool:
        return self.base.has_class("detail") and self.base.has_class("-narrow")

    def on_lines_view_focused(self, message: LinesView.Focused) -> None:
        on_frames = message.view is self.frames
        if message.view is not self.detail and on_frames is not self.on_frames:
            self.base.set_class(on_frames, "on-frames")
            self.sync()

    def on_lines_view_moved(self) -> None:
        self._sync_detail()
        self._sync_bars()

    def on_lines_view_chosen(self) -> None:
        self.action_descend()

    def on_connections_view_selected(self, message: ConnectionsView.Selected) -> None:
        self.frames.connection = message.connection
        if self._watching is not None:
            self._watching.stop()
        self._watching = self.set_timer(WATCH_AFTER_S, self._watch)
        self._sync_bars()

    def _watch(self) -> None:
        connection = self.connections.selected
        flow_id = connection.flow_id if connection is not None else None
        if flow_id != self.store.watched.flow_id:
            self.feed.watch(flow_id)
            self.frames.follow(not self.paused)
            self.sync()

    def on_connections_view_ordered(self) -> None:
        self._sync_bars()

    def on_resize(self) -> None:
        self.call_after_refresh(self._after_resize)

    def _after_resize(self) -> None:
        if self.detail.has_focus or (self.on_frames and self._detail_covers):
            self._show_pane(self.on_frames)
        self.sync()
        self.connections.show_cursor()
        self.frames.show_cursor()

    # Keys

    def action_switch_pane(self) -> None:
        self._show_pane(not self.on_frames)

    def action_descend(self) -> None:
        if not self.on_frames:
            self._show_pane(True)
        else:
            self._set_detail(True)

    def action_ascend(self) -> None:
        if self.base.has_class("detail"):
            self._set_detail(False)
        elif self.base.has_class("zoom"):
            self.action_zoom()
        elif self.on_frames:
            self._show_pane(False)

    def action_toggle_detail(self) -> None:
        self._set_detail(not self.base.has_class("detail"))

    def _set_detail(self, shown: bool) -> None:
        self.base.set_class(shown, "detail")
        self.call_after_refresh(self._show_pane, self.on_frames)

    def action_zoom(self) -> None:
        self.base.toggle_class("zoom")
        self.call_after_refresh(self._show_pane, self.on_frames)

    def action_pause(self) -> None:
        resume = self.paused or not self.frames.following
        self.paused = not resume
        self.connections.hold(self.paused)
        self.frames.follow(resume)
        self.sync()

    def action_order(self, step: int) -> None:
        self.connections.set_order(self.connections.order_index + step)
        self.sync()

    def action_reverse(self) -> None:
        self.connections.set_order(self.connections.order_index, not self.connections.reverse)
        self.sync()

    def action_toggle_ended(self) -> None:
        self.connections.hide_ended = not self.connections.hide_ended
        self.sync()

    def action_acknowledge(self) -> None:
        self.store.acknowledge()
        self.sync()

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.palette))

    async def action_quit(self) -> None:
        self.exit(0)


def run_dashboard(address: str) -> int:
    """Show the proxy behind the Unix socket `address` until the user quits; the exit code.

    2 without a terminal. Textual draws on stderr: do not redirect it. SIGTERM and SIGHUP end it as
    `q` does: with the terminal as it was, and 0.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        sys.stderr.write("wsinspect: the dashboard needs a terminal (it draws on stderr)\n")
        return 2
    return asyncio.run(_run(DashboardApp(address)))


async def _run(app: DashboardApp) -> int:
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    ours = [number for number in END_SIGNALS if before[number] is not signal.SIG_IGN]
    too_late = threading.Timer(END_WITHIN_S, os._exit, (0,))
    too_late.daemon = True

    def soon(*_: object) -> None:  # also while the loop waits for the terminal
        if not too_late.is_alive():
            too_late.start()

    for number in ours:
        loop.add_signal_handler(number, app.exit, 0)
        signal.signal(number, soon)  # the loop hears of it all the same
    try:
        return await app.run_async() or 0
    finally:
        too_late.cancel()
        for number in ours:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
