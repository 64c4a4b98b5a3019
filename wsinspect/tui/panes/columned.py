"""`ColumnedView`: a list whose columns people choose, move and resize.

Owns the choice of columns and what the mouse does to the header: a click is the list's own, an edge
that is dragged resizes, a title that is dragged moves its column, two clicks on an edge give the
column its own width back.
"""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from wsinspect.tui.draw.columns import Choice, Placed, column_at, edge_at
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.rows import MARGIN
from wsinspect.tui.panes.columnchooser import ColumnChooser
from wsinspect.tui.panes.lines import LinesView

_DRAG_FROM = 2  # cells that a title has to be pulled before it moves
_NARROWEST = 2


@dataclass(slots=True)
class _Drag:
    """What the mouse holds of the header, and since where."""

    key: str
    x: int
    width: int
    resizes: bool
    moved: bool = False


class ColumnedView(LinesView):
    """A list of rows with columns; `choice` says which."""

    class ColumnsChanged(Message):
        """The user chose, moved or resized columns of `view`."""

        def __init__(self, view: "ColumnedView") -> None:
            super().__init__()
            self.view = view

    def __init__(self, palette: Palette, id: str, choice: Choice) -> None:  # noqa: A002 - Textual's
        super().__init__(palette, id=id)
        self.choice = choice
        self._drag: _Drag | None = None
        self._swallow = False

    # For subclasses

    def placed(self, width: int) -> tuple[Placed, ...]:
        """The columns on a line of `width` cells."""
        raise NotImplementedError

    def title_pressed(self, key: str) -> None:
        """A click on the title of column `key`."""

    # The choice, as others set and read it

    @property
    def columns_shown(self) -> list[str]:
        """Keys of the columns that may be shown, in their order."""
        return self.choice.shown

    @columns_shown.setter
    def columns_shown(self, keys: list[str]) -> None:
        self.choice.shown = keys
        self.refresh()

    @property
    def widths(self) -> dict[str, int]:
        """Cells of the columns whose width a person chose."""
        return self.choice.widths

    @widths.setter
    def widths(self, widths: dict[str, int]) -> None:
        self.choice.widths = widths
        self.refresh()

    def columns_changed(self) -> None:
        """Draw the choice, and tell of it."""
        self.refresh()
        self.post_message(self.ColumnsChanged(self))

    def note(self, key: str) -> str:
        """Why a chosen column is not on the screen; nothing if it is."""
        on_screen = any(place.column.key == key for place in self.placed(self.size.width))
        return "" if on_screen else "no room; > makes some"

    def action_columns(self) -> None:
        self.app.push_screen(ColumnChooser(self, self.palette))

    # The header under the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._swallow = False
        self._drag = None
        if event.button != 1 or event.y >= self.header_height:
            return
        placed, x = self.placed(self.size.width), event.x - MARGIN
        edge = edge_at(placed, x)
        column = column_at(placed, x)
        if edge is not None:
            self._drag = _Drag(edge.column.key, event.screen_x, edge.width, True)
        elif column is not None:
            self._drag = _Drag(column.key, event.screen_x, 0, False)
        if self._drag is not None and self._drag.key not in self.choice.fixed:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        drag = self._drag
        if drag is None or self.app.mouse_captured is not self:
            return
        pulled = event.screen_x - drag.x
        if drag.resizes:
            if pulled or drag.moved:
                drag.moved = True
                self.choice.resize(drag.key, max(_NARROWEST, drag.width + pulled))
                self.refresh()
        elif abs(pulled) >= _DRAG_FROM:
            drag.moved = True

    def on_mouse_up(self, event: events.MouseUp) -> None:
        drag, self._drag = self._drag, None
        if drag is None:
            return
        self.release_mouse()
        self._swallow = drag.moved
        if not drag.moved:
            return
        if not drag.resizes:
            target = column_at(self.placed(self.size.width), event.x - MARGIN)
            shown = self.choice.shown
            if target is not None and target.key in shown and drag.key in shown:
                steps = shown.index(target.key) - shown.index(drag.key)
                self.choice.move(drag.key, steps)
        self.columns_changed()

    def on_click(self, event: events.Click) -> None:
        if self._swallow:  # the end of a drag is no click
            self._swallow = False
            event.prevent_default()
        elif event.y < self.header_height and event.chain == 2:
            edge = edge_at(self.placed(self.size.width), event.x - MARGIN)
            if edge is not None:
                self.choice.resize(edge.column.key, None)
                self.columns_changed()

    def header_pressed(self, x: int) -> None:
        placed = self.placed(self.size.width)
        column = column_at(placed, x - MARGIN)
        if column is not None and edge_at(placed, x - MARGIN) is None:
            self.title_pressed(column.key)
