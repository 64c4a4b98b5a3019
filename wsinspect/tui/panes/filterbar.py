"""The filter bar: one line at the bottom, what fits dropping up over it, its effect at once.

Owns the typed text, its completion, history and saved filters, and what is said of a mistake. Must
not know what is filtered: it posts `Changed` with each filter that can be read, and `Closed`. Of a
text with a mistake in it, what stands before the mistake holds.
"""

from collections.abc import Callable
from typing import Literal

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from wsinspect.tui.data.store import Store
from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.figures import count
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.find.completion import Completion, complete
from wsinspect.tui.find.filter import EMPTY, Filter, FilterError, parse
from wsinspect.tui.find.remembered import History, SavedFilters
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.prompt import DropUp, Piece, Prompt, Row

SAVED_SIGN = "★"
_UNDERLINE = Style(underline=True)
_LABEL = " filter "
_LABEL_SAVE = " save as "
_NARROW = 60  # cells: below, the keys are not told


def _before(text: str, error: FilterError) -> Filter | None:
    """What stands before the mistake, if that is a filter."""
    try:
        return parse(text[: error.start], typing=True)
    except FilterError:
        return None


type Counts = Callable[[], tuple[int, int]]


class FilterBar(Horizontal):
    """`open` it with the filter in force; `sync` on each tick while it is open."""

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; background: $panel; }
    FilterBar > #filter-label { width: 8; background: $panel; }
    FilterBar > #filter-status { width: 30; background: $panel; }
    """
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("escape", "leave", show=False),
        Binding("tab", "complete", show=False, priority=True),
        Binding("shift+tab,ctrl+n", "choose(1)", show=False, priority=True),
        Binding("ctrl+p", "choose(-1)", show=False, priority=True),
        Binding("up", "back", show=False),
        Binding("down", "forward", show=False),
        Binding("ctrl+s", "save", show=False, priority=True),
        Binding("ctrl+x", "delete", show=False, priority=True),
    ]

    class Changed(Message):
        """`filter` holds now."""

        def __init__(self, filter: Filter) -> None:  # noqa: A002 - what it is
            super().__init__()
            self.filter = filter

    class Closed(Message):
        """The bar is gone; `filter` is what holds, `kept` whether the user said so."""

        def __init__(self, filter: Filter, kept: bool) -> None:  # noqa: A002 - what it is
            super().__init__()
            self.filter = filter
            self.kept = kept

    def __init__(
        self,
        store: Store,
        palette: Palette,
        history: History,
        saved: SavedFilters,
        counts: Counts = lambda: (0, 0),
        id: str = "filter",  # noqa: A002 - Textual's
    ) -> None:
        """`counts` gives how many are shown, of how many."""
        super().__init__(id=id)
        self.store = store
        self.palette = palette
        self.history = history
        self.saved = saved
        self.counts = counts
        self.filter = EMPTY
        self.on_entries = False
        self.error: FilterError | None = None
        self.mode: Literal["filter", "save"] = "filter"
        self.completions: list[Completion] = []
        self._before = EMPTY
        self._to_save = ""
        self._note = ""
        self._named = 0  # completions that are saved filters: the first ones
        self.prompt = Prompt(
            "host:…  op:ping  size>1k  close:1006  text~word  – a word finds it anywhere",
            self._pieces,
            "filter-text",
        )
        self.drop = DropUp(palette, "filter-drop")
        self._label = Bar(self._said, id="filter-label")
        self._status = Bar(self._told, id="filter-status")

    def compose(self) -> ComposeResult:
        yield self.drop
        yield self._label
        yield self.prompt
        yield self._status

    # Opening and closing

    def open(self, current: Filter | None = None, on_entries: bool = False) -> None:
        """Show it for the connections, or for the entries of one; the keyboard is its own."""
        self._before = self.filter = current or EMPTY
        self.on_entries = on_entries
        self.error = None
        self.mode = "filter"
        self.saved.refresh()
        self.history.refresh()
        self._note = self.history.problem or self.saved.problem
        self.history.leave()
        self.display = True
        self.prompt.write(self.filter.text)
        self.prompt.focus()
        self._complete()
        self.call_after_refresh(self.sync)

    @property
    def is_open(self) -> bool:
        return self.display

    def _close(self, kept: bool) -> None:
        self.display = False
        self.drop.show("", [])
        self.post_message(self.Closed(self.filter, kept))

    def action_leave(self) -> None:
        """Back to where it was: out of saving, or to the filter that held before."""
        if self.mode == "save":
            self._end_saving("")
            return
        if self.filter.text != self._before.text:
            self.filter = self._before
            self.post_message(self.Changed(self.filter))
        self._close(False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.mode == "save":
            self._end_saving(self.saved.save(event.value, self._to_save), event.value)
            return
        try:
            found = parse(event.value)
        except FilterError as error:
            self.error = error
            self._draw()
            return
        self.filter = found
        self.post_message(self.Changed(found))
        self.history.add(event.value)
        self._close(True)

    # Typing

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.is_open or event.value != self.prompt.value:
            return
        if self.mode == "filter":
            self._read(event.value)
            self._complete()

    def _read(self, text: str) -> None:
        try:
            found = parse(text, typing=True)
        except FilterError as error:
            self.error = error
            before = _before(text, error)
            if before is None:
                return
            found = before
        else:
            self.error = None
        if found.text != self.filter.text:
            self._note = ""
            self.filter = found
            self.post_message(self.Changed(found))

    def _complete(self) -> None:
        """What could stand at the cursor; saved filters first on an empty line."""
        prompt = self.prompt
        text, cursor = prompt.value, prompt.cursor_position
        found = complete(text, cursor, self.store, self.on_entries)
        typed = text.strip().lower()
        named = [
            Completion(saved, 0, len(text), name)
            for name, saved in self.saved.filters.items()
            if not typed or name.lower().startswith(typed)
        ]
        self.completions = [*named, *found]
        self._named = len(named)
        self._draw()

    def _draw(self) -> None:
        """The list, the mistake, the marks in the line."""
        rows = [
            Row(each.say, each.text, SAVED_SIGN) if at < self._named else Row(each.text, each.say)
            for at, each in enumerate(self.completions)
        ]
        self.drop.show(self._title(), rows, self._wrong(), self._note)
        self.prompt.refresh()
        self.sync()

    def _title(self) -> str:
        if self.mode == "save":
            return f"save {self._to_save}"
        return "frames and messages" if self.on_entries else "connections"

    def _wrong(self) -> str:
        error = self.error
        if error is None:
            return ""
        return f"{error.say} – {error.hint}" if error.hint else error.say

    # Keys

    def action_complete(self) -> None:
        """Take the chosen completion."""
        if self.mode != "filter" or not self.completions:
            return
        self._take(self.drop.chosen)

    def on_drop_up_pressed(self, message: DropUp.Pressed) -> None:
        message.stop()
        self._take(message.index)
        self.prompt.focus()

    def _take(self, index: int) -> None:
        taken = self.completions[index]
        text = self.prompt.value
        after = text[taken.end :]
        put = taken.text.rstrip(" ") if after.startswith((" ", ")")) else taken.text
        self.prompt.write(text[: taken.start] + put + after, taken.start + len(put))
        self._read(self.prompt.value)
        self._complete()

    def action_choose(self, step: int) -> None:
        self.drop.choose(step)

    def action_back(self) -> None:
        if self.mode == "filter":
            self._recall(self.history.back(self.prompt.value))

    def action_forward(self) -> None:
        if self.mode == "filter":
            self._recall(self.history.forward())

    def _recall(self, line: str | None) -> None:
        if line is not None:
            self.prompt.write(line)

    def action_save(self) -> None:
        """Ask for the name to save this filter under."""
        text = self.prompt.value.strip()
        if self.mode == "save" or not text or self.error is not None:
            return
        try:
            parse(text)
        except FilterError as error:
            self.error = error
            self._draw()
            return
        self.mode = "save"
        self._to_save = text
        self._note = "a name for it; Enter saves, Esc goes back"
        self.completions, self._named = [], 0
        self.prompt.write("")
        self._draw()

    def _end_saving(self, wrong: str, name: str = "") -> None:
        if wrong:
            self._note = wrong
            self._draw()
            return
        self.mode = "filter"
        self._note = f"saved as {name.strip()}" if name else ""
        self.prompt.write(self._to_save)
        self._complete()

    def action_delete(self) -> None:
        """Delete the saved filter that is chosen in the list."""
        if self.mode == "filter" and self.drop.chosen < self._named:
            name = self.completions[self.drop.chosen].say
            self._note = self.saved.delete(name) or f"deleted {name}"
            self._complete()

    # Drawing

    def sync(self) -> None:
        """Draw label and counts anew."""
        width = len(_LABEL_SAVE if self.mode == "save" else _LABEL)
        self._label.styles.width = width
        status = self._told()[0]
        room = 0 if self.size.width < _NARROW else sum(len(item.text) for item in status.right)
        self._status.styles.width = max(1, room)
        self._status.display = room > 0
        self._label.sync()
        self._status.sync()

    def on_resize(self) -> None:
        if self.is_open:
            self.drop.place()
            self.sync()

    def _said(self) -> list[Line]:
        label = _LABEL_SAVE if self.mode == "save" else _LABEL
        return [Line((Item(label, self.palette.title),))]

    def _told(self) -> list[Line]:
        p = self.palette
        shown, total = self.counts()
        if self.error is not None:
            found = Item(" not understood ", p.bad)
        else:
            found = Item(f" {count(shown)} of {count(total)} ", p.text)
        keys = Item("Tab · Enter keeps · Esc ", p.label)
        return [Line((), (found, keys))]

    def _pieces(self) -> list[Piece]:
        """Colours of the line: names, what is unfinished, the mistake."""
        p = self.palette
        if self.mode == "save":
            return []
        pieces: list[Piece] = []
        if self.prompt.value.startswith(self.filter.text):
            for mark in self.filter.marks:
                style = {"name": p.title, "pending": p.warn}.get(mark.kind, p.strong)
                pieces.append((mark.start, mark.end, style))
        if self.error is not None:
            pieces.append((self.error.start, self.error.end, p.bad + _UNDERLINE))
        return pieces
