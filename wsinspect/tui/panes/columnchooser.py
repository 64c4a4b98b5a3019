"""The dialog that chooses the columns of a list: which, in what order, how wide.

Every key changes the list behind it at once; there is nothing to confirm. Owns no choice itself.
"""

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from wsinspect.tui.draw.cells import fit
from wsinspect.tui.draw.columns import Column
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.panes.dialog import Dialog
from wsinspect.tui.panes.lines import LinesView

if TYPE_CHECKING:
    from wsinspect.tui.panes.columned import ColumnedView

_SHOWN, _HIDDEN = "■", "□"
_KEYS = (
    ("Space", "show"), ("J K", "move"), ("< >", "width"), ("0", "auto width"), ("R", "reset"),
    ("Esc", "close"),
)  # fmt: skip
_NAME_WIDTH = 29


class ColumnList(LinesView):
    """One line a column: shown or not, its title, its width, what it shows."""

    def __init__(self, view: "ColumnedView", palette: Palette) -> None:
        super().__init__(palette, id="columns")
        self.view = view
        first = len(view.choice.fixed)
        self.cursor = first if first < len(view.choice.table) else 0

    @property
    def column(self) -> Column:
        return self.view.choice.rows()[self.cursor]

    def count(self) -> int:
        return len(self.view.choice.rows())

    def segments(self, index: int, width: int) -> list[Segment]:
        p, choice = self.palette, self.view.choice
        column = choice.rows()[index]
        shown = column.key in choice.shown
        fixed = column.key in choice.fixed
        style = p.label if fixed else p.text if shown else p.faint
        own = choice.widths.get(column.key)
        note = "always there" if fixed else self.view.note(column.key) if shown else ""
        if index != self.cursor:
            note = note.partition(";")[0]
        return [
            Segment(f" {_SHOWN if shown else _HIDDEN} ", p.key if shown and not fixed else p.faint),
            Segment(fit(column.title or column.key, 15), style),
            Segment(fit(str(own) if own is not None else "auto", 5, right=True), p.label),
            Segment("  " + fit(column.say or "", _NAME_WIDTH), p.faint),
            Segment(fit(note, max(0, width - _NAME_WIDTH - 25)), p.faint),
        ]

    def change(self) -> None:
        self.sync()
        self.view.columns_changed()

    def keep(self, key: str) -> None:
        """The cursor goes with the column."""
        self.cursor = [column.key for column in self.view.choice.rows()].index(key)
        self.change()
        self.show_cursor()

    def line_pressed(self, index: int, x: int) -> bool:  # noqa: ARG002 - the whole line does it
        self.toggle()
        return True

    def toggle(self) -> None:
        key = self.column.key
        if key in self.view.choice.fixed:
            return
        self.view.choice.toggle(key)
        self.keep(key)


class ColumnChooser(Dialog[None]):
    """The columns of `view`."""

    DEFAULT_CSS = """
    ColumnChooser { align: center middle; background: $background 60%; }
    ColumnChooser > Vertical {
        width: 78; max-width: 96%; height: auto; max-height: 90%;
        border: round $primary; background: $surface;
        border-title-color: $primary; border-subtitle-color: $foreground 60%;
    }
    ColumnChooser LinesView { height: auto; max-height: 24; background: $surface; }
    """
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("space,enter,x", "choose", show=False),
        Binding("J,shift+down", "move(1)", show=False),
        Binding("K,shift+up", "move(-1)", show=False),
        Binding("greater_than_sign,plus,right,l", "widen(1)", show=False),
        Binding("less_than_sign,minus,left,h", "widen(-1)", show=False),
        Binding("0,backspace", "own_width", show=False),
        Binding("R", "reset", show=False),
        Binding("escape,comma,q", "dismiss", show=False),
    ]

    def __init__(self, view: "ColumnedView", palette: Palette) -> None:
        super().__init__()
        self.view = view
        self.list = ColumnList(view, palette)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            yield self.list
        box.border_title = " Columns "
        box.border_subtitle = "  ".join(f"[$primary b]{key}[/] {say}" for key, say in _KEYS)

    def on_mount(self) -> None:
        self.list.styles.height = self.list.count()
        self.list.focus()
        self.list.sync()

    def on_resize(self) -> None:
        self.call_after_refresh(self.list.sync)

    def on_click(self, event: object) -> None:
        """A click beside the dialog closes it."""
        if getattr(event, "widget", None) is self:
            self.dismiss()

    def action_choose(self) -> None:
        self.list.toggle()

    def action_move(self, steps: int) -> None:
        key = self.list.column.key
        self.view.choice.move(key, steps)
        self.list.keep(key)

    def action_widen(self, cells: int) -> None:
        column = self.list.column
        if column.key in self.view.choice.fixed:
            return
        placed = {p.column.key: p.width for p in self.view.placed(self.view.size.width)}
        now = self.view.choice.widths.get(column.key, placed.get(column.key, column.width))
        self.view.choice.resize(column.key, max(2, now + cells))
        self.list.change()

    def action_own_width(self) -> None:
        self.view.choice.resize(self.list.column.key, None)
        self.list.change()

    def action_reset(self) -> None:
        self.view.choice.reset()
        self.list.change()
