"""The line between two panes, held by the mouse. Owns the dragging and the arithmetic of shares.

It moves nothing itself: `Moved` says how far the line shall go, and who lays the panes out does it.
A pane's title bar is such a line (`SplitBar`); beside each other, panes have a bar of one cell
(`Splitter`).
"""

from collections.abc import Callable

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from wsinspect.tui.draw.barline import Line
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.panes.bars import Bar

_LINE = "│"


def share(first: int, both: int, least: int) -> float:
    """The first pane's share of `both` cells if it gets `first`: each keeps `least`, or the half.

    A quarter of a cell more than that, because layouts round down.

    >>> share(29, 100, 3), share(-5, 40, 10), share(39, 40, 10), share(5, 6, 4)
    (0.2925, 0.25625, 0.75625, 0.5)
    """
    if both < 2 * least or both <= 0:
        return 0.5
    return (max(least, min(first, both - least)) + 0.25) / both


class _Dragged(Widget):
    """What is the same of both: the mouse takes hold, pulls, lets go."""

    class Moved(Message):
        """The user pulls the line by so many cells; to the right and down is positive."""

        def __init__(self, splitter: Widget, columns: int, lines: int) -> None:
            super().__init__()
            self.splitter = splitter
            self.columns = columns
            self.lines = lines

    class Settled(Message):
        """The user let go."""

        def __init__(self, splitter: Widget) -> None:
            super().__init__()
            self.splitter = splitter

    UPRIGHT = False  # whether the panes stand beside each other
    _held = False
    _pulled = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._pulled = False
        if event.button == 1:
            self._held = True
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._held:
            return
        columns = round(event.screen_x) - self.region.x if self.UPRIGHT else 0
        lines = 0 if self.UPRIGHT else round(event.screen_y) - self.region.y
        if columns or lines:
            self._pulled = True
            self.post_message(self.Moved(self, columns, lines))

    def on_mouse_up(self) -> None:
        if self._held:
            self._held = False
            self.release_mouse()
            self.refresh()
            if self._pulled:
                self.post_message(self.Settled(self))

    async def on_click(self, event: events.Click) -> None:
        if self._pulled:  # the end of a drag is no click
            self._pulled = False
            event.prevent_default()


class SplitBar(_Dragged, Bar):
    """A title bar that is the line between the pane above and its own."""

    def __init__(self, lines: Callable[[], list[Line]], id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(lines, id)


class Splitter(_Dragged):
    """A bar of one column between two panes beside each other."""

    DEFAULT_CSS = "Splitter { width: 1; height: 1fr; }"
    UPRIGHT = True

    def __init__(self, palette: Palette, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self.palette = palette

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - every line is the same
        p = self.palette
        style = p.rule_active if self._held or self.mouse_hover else p.rule
        return Strip([Segment(_LINE, style)]).apply_style(self.rich_style)

    def on_enter(self) -> None:
        self.refresh()

    def on_leave(self) -> None:
        self.refresh()
