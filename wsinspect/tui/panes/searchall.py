"""The search over all connections: what is typed, how far it is, and the list of what was found.

Owns the running search and the chosen row. Must not know how one gets to what was found: it hands
the place back, with what was looked for.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import Input

from wsinspect.tui.data.contents import Contents, Place
from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.cells import clip, fit, wrap
from wsinspect.tui.draw.figures import clock
from wsinspect.tui.draw.palette import TO_CLIENT, TO_SERVER, Palette
from wsinspect.tui.draw.spans import Marked, marked, wherever
from wsinspect.tui.find.everywhere import Found, Search
from wsinspect.tui.find.needle import parse_needle
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.dialog import Dialog
from wsinspect.tui.panes.lines import LinesView

START_AFTER_S = 0.35  # typing rests this long before it is looked for
WAIT_S = 0.005  # where the proxy has to answer first
DRAW_EVERY = 20  # slices
_TIME_WIDTH = 12
_NARROWEST = 20
_EMPTY = "Type what to look for: text, /pattern/ or hex:dead beef."


@dataclass(frozen=True, slots=True)
class Going:
    """Where to go, and what is to be marked there."""

    place: Place
    text: str


class FoundView(LinesView):
    """A row a find: when, which connection, which way, what stands around it."""

    can_focus = False

    def __init__(self, palette: Palette, name: Callable[[int], str]) -> None:
        super().__init__(palette, id="found")
        self.name_of = name
        self.search: Search | None = None
        self._marks: list[Marked] = []
        self._chosen: Found | None = None

    def show(self, search: Search | None) -> None:
        self.search = search
        self.cursor = 0
        self._chosen = None
        self._marks = []
        if search is not None:
            needle, p = search.needle, self.palette
            find = needle.spans if needle.pattern else wherever(needle.exact.hex(" "))
            self._marks = [Marked(find, p.match)]
        self._jump(0)
        self.refresh()
        self.sync()

    @property
    def rows(self) -> list[Found]:
        return self.search.found if self.search is not None else []

    @property
    def chosen(self) -> Found | None:
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def sync(self) -> None:
        if self._chosen is not None and self.chosen is not self._chosen:
            self.cursor = self.rows.index(self._chosen)  # earlier ones came before it
        super().sync()
        self.show_cursor()

    def move_to(self, index: int) -> None:
        super().move_to(index)
        self._chosen = self.chosen

    def count(self) -> int:
        return len(self.rows)

    def empty(self, y: int, width: int) -> list[Segment]:
        if y or self.search is not None:
            return []
        return [Segment(clip(f" {_EMPTY}", width), self.palette.label)]

    def segments(self, index: int, width: int) -> list[Segment]:
        found, p = self.rows[index], self.palette
        place = found.place
        arrow = TO_CLIENT if place.direction else TO_SERVER
        room = max(12, min(44, (width - _TIME_WIDTH) // 3))
        head = [
            Segment(f" {clock(place.timestamp_ns)[:_TIME_WIDTH]} ", p.faint),
            Segment(fit(self.name_of(place.flow_id), room), p.label),
            Segment(f" {arrow} ", p.direction(place.direction)),
        ]
        left = width - sum(segment.cell_length for segment in head) - 1
        return [*head, *marked(found.snippet, left, p.text, self._marks)]

    def _cursor_style(self) -> Style:
        return self.palette.cursor


class SearchAllScreen(Dialog[Going | None]):
    """Typing searches; ↑ ↓ choose, Enter goes there; Esc stops the search, then leaves."""

    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("escape", "leave", show=False),
        Binding("down,ctrl+n,tab", "move(1)", show=False, priority=True),
        Binding("up,ctrl+p,shift+tab", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(
        self,
        palette: Palette,
        contents: Callable[[], Contents],
        name: Callable[[int], str],
        *,
        text: str = "",
        note: str = "",
        advice: str = "",
    ) -> None:
        """`name` is a connection in words; `note` says why there is no content, `advice` what to do
        to have all of it."""
        super().__init__()
        self.palette = palette
        self.contents = contents
        self.text = text
        self.note = note
        self.advice = advice
        self.view = FoundView(palette, name)
        self.wrong = ""
        self._rest: Timer | None = None

    @property
    def search(self) -> Search | None:
        return self.view.search

    def compose(self) -> ComposeResult:
        with Container(id="search-all") as container:
            container.border_title = "Search in all connections"
            container.border_subtitle = "↑ ↓ choose · Enter goes there · Esc stops, leaves"
            yield Input(self.text, placeholder="text, /pattern/ or hex:dead beef", id="sought",
                        compact=True)  # fmt: skip
            yield Bar(self._told, id="search-told")
            yield self.view

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.view.sync()
        self._start()

    # Searching

    @property
    def typed(self) -> str:
        return self.query_one(Input).value

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(START_AFTER_S, self._start)

    def _start(self) -> None:
        """Look for what is typed, from the beginning."""
        typed = self.typed
        if self.search is not None and self.search.needle.text == typed:
            return
        needle = parse_needle(typed)
        self.wrong = needle.wrong
        if self.search is not None:
            self.search.stop()
        self.workers.cancel_node(self)
        search = Search(self.contents(), needle) if needle else None
        self.view.show(search)
        if search is not None:
            self.run_worker(self._walk(search), name="search-all")
        self._draw()

    async def _walk(self, search: Search) -> None:
        """The loop gets a turn after every slice."""
        slices = 0
        try:
            while not search.step():
                slices += 1
                if slices % DRAW_EVERY == 0:
                    self._draw()
                await asyncio.sleep(WAIT_S if search.contents.waits else 0)
        except OSError as error:
            self.wrong = f"the recording cannot be read: {error.strerror}"
        self._draw()

    def _draw(self) -> None:
        self.view.sync()
        told = self.query_one("#search-told", Bar)
        told.grow()
        told.sync()

    def _told(self) -> list[Line]:
        p, search = self.palette, self.search
        if self.wrong:
            return [Line((Item(f" {self.wrong}", p.warn),))]
        if search is None:
            return []
        first = Item(f" {search.words()}", p.strong if search.found else p.warn)
        width = max(_NARROWEST, self.view.size.width - 1)
        more = filter(None, (f"searched {search.contents.scope}", self.note or self.advice))
        pieces = [piece for say in more for piece in wrap(say, width)]
        return [Line((first,)), *(Line((Item(f" {piece}", p.label),)) for piece in pieces)]

    # Keys

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the chosen one; what was typed since is looked for first."""
        event.stop()
        search = self.search
        if search is None or search.needle.text != self.typed:
            self._start()
        else:
            self._take()

    def _take(self) -> None:
        found, search = self.view.chosen, self.search
        if found is not None and search is not None:
            search.stop()
            self.dismiss(Going(found.place, search.needle.text))

    def action_move(self, rows: int) -> None:
        self.view.move_to(self.view.cursor + rows)

    def action_page(self, pages: int) -> None:
        self.view.action_page(pages)

    def action_leave(self) -> None:
        search = self.search
        if search is not None and not search.over:
            search.stop()
            self._draw()
        else:
            self.dismiss(None)

    def on_lines_view_moved(self) -> None:
        self.view.refresh()

    def on_click(self, event: object) -> None:
        """A press on a row goes there; outside of the dialog it leaves."""
        widget = getattr(event, "widget", None)
        if widget is self:
            self.dismiss(None)
        elif widget is self.view and getattr(event, "y", 0) < self.view.count():
            self._take()
