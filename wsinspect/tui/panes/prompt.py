"""What the filter bar and the search bar share: a line to type on, a list that drops up over it.

Owns how they look and that nothing harmful gets into the line (a host that was seen may have any
character in it). Must not know filters or content.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from wsinspect.tui.draw.cells import clip, fit
from wsinspect.tui.draw.palette import Palette

ROWS_MAX = 8  # of the list that are seen at once

type Piece = tuple[int, int, Style]


class _Pieces(Highlighter):
    """Colours pieces of the line."""

    def __init__(self, pieces: Callable[[], Sequence[Piece]]) -> None:
        self._pieces = pieces

    def highlight(self, text: Text) -> None:
        for start, end, style in self._pieces():
            text.stylize(style, start, end)


class Prompt(Input):
    """A one-line input that takes printable characters only, and colours what `pieces` names."""

    DEFAULT_CSS = """
    Prompt { height: 1; width: 1fr; border: none; padding: 0; background: transparent; }
    Prompt:focus { border: none; background: transparent; }
    Prompt > .input--cursor { background: transparent; color: $foreground; text-style: reverse; }
    Prompt > .input--selection { background: transparent; text-style: reverse; }
    Prompt > .input--placeholder { color: $foreground 60%; }
    Prompt:ansi > .input--cursor { background: ansi_default; color: ansi_default; }
    Prompt:ansi > .input--placeholder { color: ansi_default; text-style: dim; }
    """

    def __init__(self, placeholder: str, pieces: Callable[[], Sequence[Piece]], id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(
            placeholder=placeholder,
            highlighter=_Pieces(pieces),
            select_on_focus=False,
            compact=True,
            id=id,
        )

    def validate_value(self, value: str) -> str:
        """No control characters, no invisible ones."""
        if value.isprintable():
            return value
        return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in value)

    def write(self, value: str, cursor: int | None = None) -> None:
        """Put `value` in place of what was typed."""
        self.value = value
        self.cursor_position = len(self.value) if cursor is None else cursor


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: what it is, what it means, and a sign before it."""

    text: str
    say: str
    sign: str = " "


class DropUp(Widget):
    """Lines over the bar: a rule with a title, the rows, and what is wrong, if anything is."""

    DEFAULT_CSS = """
    DropUp {
        overlay: screen; constrain: none none; display: none;
        width: 100%; height: 1; background: $surface;
    }
    """

    class Pressed(Message):
        """A row was pressed with the mouse."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, palette: Palette, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self.palette = palette
        self.title = ""
        self.rows: list[Row] = []
        self.wrong = ""
        self.note = ""
        self.chosen = 0
        self._top = 0

    def show(self, title: str, rows: list[Row], wrong: str = "", note: str = "") -> None:
        """Draw these; the first row is the chosen one. Without any it goes away."""
        self.title, self.rows, self.wrong, self.note = title, rows, wrong, note
        self.chosen = self._top = 0
        self.place()

    def place(self) -> None:
        """As high as its lines, its foot right above the bar."""
        room = max(0, self.screen.size.height - 2)
        said = bool(self.wrong or self.note)
        height = min(room, min(ROWS_MAX, len(self.rows)) + said + 1)
        self.display = height > 1
        self.styles.height = max(1, height)
        self.styles.offset = (0, -height)
        self.refresh()

    def choose(self, step: int) -> None:
        """Another row, around the end."""
        if self.rows:
            self.chosen = (self.chosen + step) % len(self.rows)
            self._top = min(max(self._top, self.chosen - self._seen + 1), self.chosen)
            self.refresh()

    @property
    def _seen(self) -> int:
        """Rows that there is room for."""
        return max(1, self.size.height - 1 - bool(self.wrong or self.note))

    def render_line(self, y: int) -> Strip:
        return self._strip(y, self.size.width).apply_style(self.rich_style)

    def _strip(self, y: int, width: int) -> Strip:
        p = self.palette
        if y == 0:
            return Strip(self._rule(width)).adjust_cell_length(width)
        index = self._top + y - 1
        if y - 1 < self._seen and index < len(self.rows):
            return self._row(index, width)
        if self.wrong:
            say = clip(f" ✗ {self.wrong}", width)
            return Strip([Segment(say, p.bad)]).adjust_cell_length(width)
        return Strip([Segment(clip(f"   {self.note}", width), p.label)]).adjust_cell_length(width)

    def _rule(self, width: int) -> list[Segment]:
        p = self.palette
        more = len(self.rows) - self._seen
        count = f" {self.chosen + 1}/{len(self.rows)} " if self.rows and more > 0 else ""
        title = f" {self.title} " if self.title else ""
        fill = max(0, width - 2 - cell_len(title) - len(count) - 1)
        return [
            Segment("──", p.rule_active),
            Segment(clip(title, width - 3), p.title),
            Segment("─" * fill, p.rule_active),
            Segment(count, p.label),
            Segment("─", p.rule_active),
        ]

    def _row(self, index: int, width: int) -> Strip:
        p, row = self.palette, self.rows[index]
        widest = max((cell_len(each.text) for each in self.rows), default=0)
        left = min(widest, max(12, width // 2 - 4))
        segments = [
            Segment(f" {fit(row.sign, 1)} ", p.title),
            Segment(fit(row.text, left), p.strong if index == self.chosen else p.text),
            Segment("  "),
            Segment(clip(row.say, width - left - 6), p.label),
        ]
        strip = Strip(segments).adjust_cell_length(width)
        return strip.apply_style(p.cursor) if index == self.chosen else strip

    def on_click(self, event: events.Click) -> None:
        event.stop()
        index = self._top + event.y - 1
        if event.y > 0 and event.y - 1 < self._seen and index < len(self.rows):
            self.post_message(self.Pressed(index))
