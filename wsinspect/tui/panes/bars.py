"""The one-line and two-line bars: title, pane titles, problems, keys. They draw what they are told.

`Bar` is the base: lines of (text, style, action) items, left and right; a press runs the action.
"""

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from wsinspect.tui.draw.barline import Item, Line, fitting
from wsinspect.tui.draw.cells import clip


class Bar(Widget):
    """A widget of fixed lines, asked for anew at each drawing."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, lines: Callable[[], list[Line]], id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._lines = lines
        self._spots: dict[int, list[tuple[int, int, str]]] = {}

    def sync(self) -> None:
        self.refresh()

    def grow(self) -> None:
        """Be as high as there are lines; gone without any."""
        lines = len(self._lines())
        if lines != (self.styles.height.value if self.styles.height is not None else -1):
            self.styles.height = lines
        self.display = lines > 0

    def render_line(self, y: int) -> Strip:
        # The line API leaves the background to the widget.
        return self._strip(y, self.size.width).apply_style(self.rich_style)

    def _strip(self, y: int, width: int) -> Strip:
        lines = self._lines()
        self._spots[y] = []
        if y >= len(lines):
            return Strip.blank(width)
        line = lines[y]
        left, right = fitting(line, width)
        segments: list[Segment] = []
        tail_len = min(width, sum(cell_len(item.text) for item in right))
        x = self._put(segments, left, 0, width - tail_len, y)
        fill = width - tail_len - x
        if fill > 0:
            segments.append(Segment(line.fill * fill, line.fill_style))
        self._put(segments, right, width - tail_len, width, y)
        return Strip(segments).adjust_cell_length(width)

    def _put(self, segments: list[Segment], items: list[Item], x: int, end: int, y: int) -> int:
        for item in items:
            text = clip(item.text, end - x)
            if not text:
                break
            segments.append(Segment(text, item.style))
            if item.action:
                self._spots[y].append((x, x + cell_len(text), item.action))
            x += cell_len(text)
        return x

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._spots.get(event.y, ()):
            if start <= event.x < end:
                await self.app.run_action(action)
                return
