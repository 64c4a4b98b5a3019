"""`LinesView`: the base of every list here. A line is drawn when it is seen, and not before.

Owns cursor, scrolling, mouse, the header line and the empty state; subclasses give the number of
lines and the Segments of one. Nothing is kept but the lines on the screen, so a list of 10,000
costs what its visible part costs; and of that, a tick paints only the lines that look different.
"""

from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wsinspect.tui import keys
from wsinspect.tui.draw.palette import Palette


class LinesView(ScrollView, can_focus=True, inherit_bindings=False):
    """A list drawn line by line; `sync` is called by the app's tick."""

    DEFAULT_CSS = """
    LinesView {
        scrollbar-size: 1 1;
        overflow-x: hidden;
        overflow-y: scroll;
    }
    """
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding(key.keys, key.action, key.say, show=False, id=key.id) for key in keys.MOVE.keys
    ]
    HAS_CURSOR = True

    class Moved(Message):
        """The user moved the cursor of `view`."""

        def __init__(self, view: "LinesView") -> None:
            super().__init__()
            self.view = view

    class Focused(Message):
        """`view` has the keyboard now."""

        def __init__(self, view: "LinesView") -> None:
            super().__init__()
            self.view = view

    class Chosen(Message):
        """The user pressed a line that was chosen already."""

        def __init__(self, view: "LinesView") -> None:
            super().__init__()
            self.view = view

    def __init__(self, palette: Palette, id: str | None = None) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self.palette = palette
        self.cursor = 0
        self._strips: dict[int, Strip] = {}  # the lines on the screen, without the background
        self._ground: Style | None = None
        self._seen_height = 0  # lines that were seen before the last resize

    # For subclasses

    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def segments(self, index: int, width: int) -> list[Segment]:
        """Line `index`, `width` cells wide."""
        raise NotImplementedError

    def header(self, width: int) -> list[Segment] | None:  # noqa: ARG002 - for subclasses
        """The fixed line above, or None."""
        return None

    def empty(self, y: int, width: int) -> list[Segment]:  # noqa: ARG002 - for subclasses
        """Line `y` of what is shown when there are no lines."""
        return []

    def header_pressed(self, x: int) -> None:
        """A click on the header line at cell `x`."""

    def line_pressed(self, index: int, x: int) -> bool:  # noqa: ARG002 - for subclasses
        """A click on line `index`, which is chosen by then. True: that was all."""
        return False

    # Geometry

    @property
    def header_height(self) -> int:
        return 1 if self.header(1) is not None else 0

    @property
    def page_height(self) -> int:
        return max(1, self.size.height - self.header_height)

    @property
    def top(self) -> int:
        """The first visible line."""
        return round(self.scroll_y)

    def sync(self) -> None:
        """Take over what changed in the data and draw."""
        self._fit(Size(self.size.width, self.count() + self.header_height))
        self.cursor = max(0, min(self.cursor, self.count() - 1))
        if self.top > max(0, self.count() - self.page_height):
            self._jump(self.top)  # a list that got shorter: no empty lines below it
        self._paint()

    def _fit(self, size: Size) -> None:
        """Let the scroll bar know the size. A longer list is no reason to lay the screen out anew,
        which a plain assignment would do."""
        if size != self.virtual_size:
            if self.virtual_size.width == size.width:
                self.set_reactive(ScrollView.virtual_size, size)
                self.vertical_scrollbar.window_virtual_size = size.height
            else:
                self.virtual_size = size

    def _paint(self) -> None:
        """Have the lines drawn that do not look as they did."""
        if not self._strips:
            self.refresh()
            return
        width = self.size.width
        changed = []
        for y in range(self.size.height):
            strip = self._strip(y, width)
            if self._strips.get(y) != strip:
                self._strips[y] = strip
                changed.append(Region(0, y, width, 1))
        if changed:
            super().refresh(*changed)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        self._strips.clear()
        self._ground = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def show_cursor(self) -> None:
        """Scroll as little as it takes to see the cursor."""
        if self.cursor < self.top:
            self._jump(self.cursor)
        elif self.cursor >= self.top + self.page_height:
            self._jump(self.cursor - self.page_height + 1)

    def _jump(self, y: float) -> None:
        # set_scroll does not wait for a layout, so that a line is never drawn at the old place
        limit = max(0, self.count() - self.page_height)
        target = max(0, min(y, limit))
        self.set_reactive(ScrollView.scroll_target_y, target)
        self.scroll_y = target

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != self.size.width:
            strip = self._strips[y] = self._strip(y, self.size.width)
        if self._ground is None:
            self._ground = self.rich_style
        # The line API leaves the background to the widget.
        return strip.apply_style(self._ground)

    def _strip(self, y: int, width: int) -> Strip:
        header = self.header(width)
        if header is not None:
            if y == 0:
                return Strip(header).adjust_cell_length(width)
            y -= 1
        if not self.count():
            return Strip(self.empty(y, width)).adjust_cell_length(width)
        index = self.top + y
        if index >= self.count():
            return Strip.blank(width)
        strip = Strip(self.segments(index, width)).adjust_cell_length(width)
        if self.HAS_CURSOR and index == self.cursor:
            strip = strip.apply_style(self._cursor_style())
        return strip

    def _cursor_style(self) -> Style:
        return self.palette.cursor if self.has_focus else self.palette.cursor_away

    # Moving

    def move_to(self, index: int) -> None:
        """Put the cursor on line `index`, as the user's wish."""
        if not self.HAS_CURSOR:
            self._jump(index)
            return
        self.cursor = max(0, min(index, self.count() - 1))
        self.show_cursor()
        self.refresh()
        self.post_message(self.Moved(self))

    def _step(self, lines: int) -> None:
        self.move_to((self.cursor if self.HAS_CURSOR else self.top) + lines)

    def action_cursor(self, lines: int) -> None:
        self._step(lines)

    def action_page(self, pages: int) -> None:
        self._step(pages * self.page_height)

    def action_half_page(self, halves: int) -> None:
        self._step(halves * max(1, self.page_height // 2))

    def action_top(self) -> None:
        self.move_to(0)

    def action_bottom(self) -> None:
        self.move_to(self.count() - 1)

    def on_click(self, event: events.Click) -> None:
        y = event.y - self.header_height
        if y < 0:
            self.header_pressed(event.x)
            return
        index = self.top + y
        if index >= self.count() or not self.HAS_CURSOR:
            return
        again = index == self.cursor and event.chain == 2
        self.move_to(index)
        if self.line_pressed(index, event.x):
            return
        if again:
            self.post_message(self.Chosen(self))

    def on_resize(self) -> None:
        """A chosen line that was in sight stays in sight, also where a bar takes room below it."""
        seen, self._seen_height = self._seen_height, self.page_height
        if self.HAS_CURSOR and self.top <= self.cursor < self.top + seen:
            self.show_cursor()

    def on_focus(self) -> None:
        self.refresh()
        self.post_message(self.Focused(self))

    def on_blur(self) -> None:
        self.refresh()

    def _wheel(self, lines: int) -> None:
        self._jump(self.top + lines)
        self.scrolled_by_user()
        self.refresh()

    def scrolled_by_user(self) -> None:
        """The wheel or the scroll bar moved the lines, not the cursor."""

    def on_scroll_to(self) -> None:
        """The scroll bar was dragged; Textual scrolls, we only take note."""
        self.call_after_refresh(self.scrolled_by_user)

    on_scroll_up = on_scroll_down = on_scroll_to

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self._wheel(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self._wheel(-3)
