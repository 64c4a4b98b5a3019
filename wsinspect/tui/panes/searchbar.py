"""The search bar: looks for text in the content of a log's entries, counts as it goes.

Owns the needle, its history and the matches of the log that it was given; the matches stay after
the bar is gone, for `n` and `N`. Must not know how the frame list marks or shows them. It counts in
slices on a timer: fifty thousand entries never hold up the screen.
"""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from wsinspect.tui.data.entries import Entry
from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.figures import count
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.find.needle import NOTHING, Needle, parse_needle
from wsinspect.tui.find.remembered import History
from wsinspect.tui.find.search import Log, Matches
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.prompt import DropUp, Piece, Prompt

SLICES_PER_S = 40
_LABEL = " search "
_NARROW = 60

type Where = Callable[[], int]


class SearchBar(Horizontal):
    """`attach` the log, `open` it, `sync` on each tick also while it is closed."""

    DEFAULT_CSS = """
    SearchBar { height: 1; display: none; background: $panel; }
    SearchBar > #search-label { width: 8; background: $panel; }
    SearchBar > #search-status { width: 30; background: $panel; }
    """
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("escape", "leave", show=False),
        Binding("tab,ctrl+n", "next", show=False, priority=True),
        Binding("shift+tab,ctrl+p", "previous", show=False, priority=True),
        Binding("up", "back", show=False),
        Binding("down", "forward", show=False),
    ]

    class Changed(Message):
        """`needle` is looked for now."""

        def __init__(self, needle: Needle) -> None:
            super().__init__()
            self.needle = needle

    class Next(Message):
        """To the next match."""

    class Previous(Message):
        """To the previous match."""

    class Closed(Message):
        """The bar is gone; `kept`: the needle stays in force and marked."""

        def __init__(self, needle: Needle, kept: bool) -> None:
            super().__init__()
            self.needle = needle
            self.kept = kept

    def __init__(
        self,
        palette: Palette,
        history: History,
        where: Where = lambda: -1,
        id: str = "search",  # noqa: A002 - Textual's
    ) -> None:
        """`where` gives the position of the cursor in the log, for "3 of 47"."""
        super().__init__(id=id)
        self.palette = palette
        self.history = history
        self.where = where
        self.needle = NOTHING
        self.matches: Matches | None = None
        self._log: Log | None = None
        self._shown: Callable[[Entry], bool] | None = None
        self._before = NOTHING
        self._slices: Timer | None = None
        self.prompt = Prompt("text, /pattern/ or hex:dead beef", self._pieces, "search-text")
        self.drop = DropUp(palette, "search-drop")
        self._label = Bar(self._said, id="search-label")
        self._status = Bar(self._told, id="search-status")

    def compose(self) -> ComposeResult:
        yield self.drop
        yield self._label
        yield self.prompt
        yield self._status

    def on_mount(self) -> None:
        self._slices = self.set_interval(1 / SLICES_PER_S, self._count, pause=True)

    # The log

    def attach(self, log: Log, shown: Callable[[Entry], bool] | None = None) -> None:
        """Look into this log from now on; `shown` leaves out what a filter hides."""
        self._log, self._shown = log, shown
        self._start()

    def _start(self) -> None:
        self.matches = None
        if self._log is not None and self.needle:
            self.matches = Matches(self._log, self.needle, self._shown)
            self._go_on()

    def _go_on(self) -> None:
        if self._slices is not None:
            self._slices.resume()

    def _count(self) -> None:
        """One slice; the timer rests when all is counted."""
        if (self.matches is None or self.matches.step()) and self._slices is not None:
            self._slices.pause()
        if self.is_open:
            self._draw_status()

    # Opening and closing

    @property
    def is_open(self) -> bool:
        return self.display

    def open(self) -> None:
        """Show it with the needle in force; the keyboard is its own."""
        self._before = self.needle
        self.history.refresh()
        self.history.leave()
        self.display = True
        self.prompt.write(self.needle.text)
        self.prompt.focus()
        self._draw()
        self.call_after_refresh(self.sync)

    def look_for(self, text: str) -> None:
        """Have `text` in force as if it had been typed here; the bar stays as it is."""
        self._take(parse_needle(text))

    def clear(self) -> None:
        """Forget the needle."""
        self._take(NOTHING)

    def _close(self, kept: bool) -> None:
        self.display = False
        self.drop.show("", [])
        self.post_message(self.Closed(self.needle, kept))

    def action_leave(self) -> None:
        if self.needle.text != self._before.text:
            self._take(self._before)
        self._close(False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next match and leaves the needle in force; on an empty line, none."""
        event.stop()
        if self.needle.wrong:
            self._draw()
            return
        if self.needle:
            self.history.add(event.value)
            self.post_message(self.Next())
        self._close(True)

    # Typing

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open and event.value == self.prompt.value:
            self._take(parse_needle(event.value))
            self._draw()

    def _take(self, needle: Needle) -> None:
        if needle.text == self.needle.text:
            return
        self.needle = needle
        self._start()
        self.post_message(self.Changed(needle))

    def action_next(self) -> None:
        self.post_message(self.Next())

    def action_previous(self) -> None:
        self.post_message(self.Previous())

    def action_back(self) -> None:
        self._recall(self.history.back(self.prompt.value))

    def action_forward(self) -> None:
        self._recall(self.history.forward())

    def _recall(self, line: str | None) -> None:
        if line is not None:
            self.prompt.write(line)

    # Drawing

    def sync(self) -> None:
        """Take over what the log has new, and draw."""
        if self.matches is not None:
            self.matches.refresh()
            if not self.matches.finished:
                self._go_on()
        if self.is_open:
            self._label.sync()
            self._draw_status()

    def _draw(self) -> None:
        self.drop.show("search", [], self.needle.wrong)
        self.prompt.refresh()
        self._draw_status()

    def _draw_status(self) -> None:
        status = self._told()[0]
        room = 0 if self.size.width < _NARROW else sum(len(item.text) for item in status.right)
        self._status.styles.width = max(1, room)
        self._status.display = room > 0
        self._status.sync()

    def on_resize(self) -> None:
        if self.is_open:
            self.drop.place()
            self._draw_status()

    def _said(self) -> list[Line]:
        return [Line((Item(_LABEL, self.palette.title),))]

    def found_words(self) -> str:
        """`3 of 47`, `47 found`, `none`, and `…` while it still counts."""
        matches = self.matches
        if matches is None:
            return ""
        if not len(matches):
            return "none" if matches.finished else "…"
        rank = matches.rank(self.where())
        number = (
            f"{count(rank)} of {count(len(matches))}" if rank else f"{count(len(matches))} found"
        )
        return number if matches.finished else f"{number} …"

    def _told(self) -> list[Line]:
        p = self.palette
        words = self.found_words()
        style = p.warn if words == "none" else p.text
        keys = Item("Tab next · Enter keeps · Esc ", p.label)
        return [Line((), (Item(f" {words} " if words else "", style), keys))]

    def _pieces(self) -> list[Piece]:
        if not self.needle.wrong:
            return []
        return [(0, len(self.prompt.value), self.palette.bad)]
