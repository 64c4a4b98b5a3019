"""A dialog to choose one thing from many by typing: command palette, copy menu, columns, themes.

Owns the typed text, the fuzzy order and the chosen row. Must not know what the choices do: it
hands the chosen one back, or to `pick` where it stays open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Input

from wsinspect.tui.draw.cells import clip, fit
from wsinspect.tui.draw.fuzzy import match
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.panes.dialog import Dialog
from wsinspect.tui.panes.lines import LinesView

_ROWS_MAX = 14


@dataclass(frozen=True, slots=True)
class Choice:
    """One row. `value` is what comes back, `hint` stands at its right, `sign` before it."""

    say: str
    value: str
    hint: str = ""
    sign: str = ""
    more: str = ""  # words that find it, too


type Choices = Callable[[str], Sequence[Choice]]


class ChoicesView(LinesView):
    """The rows that fit what was typed."""

    can_focus = False

    def __init__(self, palette: Palette, empty: str) -> None:
        super().__init__(palette, id="choices")
        self.rows: list[tuple[Choice, list[int]]] = []
        self._empty = empty

    def set_rows(self, rows: list[tuple[Choice, list[int]]], keep: bool) -> None:
        self.rows = rows
        self.styles.height = max(1, min(_ROWS_MAX, len(rows)))
        if not keep:
            self.cursor = 0
            self._jump(0)
        self.sync()

    def count(self) -> int:
        return len(self.rows)

    def empty(self, y: int, width: int) -> list[Segment]:
        return [Segment(clip(f"  {self._empty}", width), self.palette.label)] if y == 0 else []

    def segments(self, index: int, width: int) -> list[Segment]:
        choice, places = self.rows[index]
        p = self.palette
        hint = clip(choice.hint, width // 2)
        room = max(1, width - cell_len(hint) - 7)
        line = [Segment(f" {fit(choice.sign, 1)} ", p.title)]
        text = fit(choice.say, room)
        known = set(places)
        for at, letter in enumerate(text):
            line.append(Segment(letter, p.title if at in known else p.text))
        line.append(Segment(f"  {hint}  ", p.label))
        return line

    def _cursor_style(self) -> Style:
        return self.palette.cursor


class ChooseScreen(Dialog[str | None]):
    """Type, choose with the arrows or the mouse, Enter takes it, Esc leaves."""

    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("escape", "leave", show=False),
        Binding("down,ctrl+n,tab", "move(1)", show=False, priority=True),
        Binding("up,ctrl+p,shift+tab", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
    ]

    def __init__(
        self,
        palette: Palette,
        title: str,
        choices: Choices,
        *,
        placeholder: str = "type to find",
        pick: Callable[[str], None] | None = None,
    ) -> None:
        """With `pick` it stays open: each taken choice goes there and the rows are asked anew."""
        super().__init__()
        self.palette = palette
        self.title_ = title
        self.choices = choices
        self.pick = pick
        self.placeholder = placeholder
        self.view = ChoicesView(palette, "nothing of that name")

    def compose(self) -> ComposeResult:
        with Container(id="choose") as container:
            container.border_title = self.title_
            container.border_subtitle = "Enter takes · Esc leaves"
            yield Input(placeholder=self.placeholder, id="typed", compact=True)
            yield self.view

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.show_fitting("")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.show_fitting(event.value)

    def show_fitting(self, typed: str, keep: bool = False) -> None:
        """The choices that fit `typed`, the best first; all in their order without any."""
        found = []
        for place, choice in enumerate(self.choices(typed)):
            fits = match(typed, choice.say)
            if fits is None and choice.more:
                other = match(typed, f"{choice.say} {choice.more}")
                fits = None if other is None else (other[0] - 20, [])
            if fits is not None:
                found.append((-fits[0] if typed.strip() else 0, place, choice, fits[1]))
        found.sort(key=lambda row: row[:2])
        self.view.set_rows([(choice, places) for _, _, choice, places in found], keep)

    def action_move(self, rows: int) -> None:
        view = self.view
        at = view.cursor + rows
        if abs(rows) == 1 and view.count():
            at %= view.count()
        view.move_to(at)

    def action_take(self) -> None:
        if not self.view.rows:
            return
        value = self.view.rows[self.view.cursor][0].value
        if self.pick is None:
            self.dismiss(value)
            return
        self.pick(value)
        self.show_fitting(self.query_one(Input).value, keep=True)

    def action_leave(self) -> None:
        self.dismiss(None)

    def on_lines_view_moved(self) -> None:
        self.view.refresh()

    def on_click(self, event: object) -> None:
        """A press on a row takes it; outside of the dialog it leaves."""
        widget = getattr(event, "widget", None)
        if widget is self:
            self.dismiss(None)
        elif widget is self.view and getattr(event, "y", 0) < self.view.count():
            self.action_take()
