"""The comparison of two messages or two handshakes, over everything else. Esc closes it."""

from collections.abc import Callable
from typing import Self

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.detail.comparing import compared_handshakes, compared_messages
from wsinspect.tui.draw.detail.page import Page, RowsPage
from wsinspect.tui.draw.detail.shapes import same_shape
from wsinspect.tui.draw.palette import Palette, plain
from wsinspect.tui.panes.dialog import Dialog
from wsinspect.tui.panes.lines import LinesView

__all__ = ["CompareScreen", "same_shape"]

_LINES_MIN = 3
_SHARE = 0.92  # of the screen's height, at most

type _Make = Callable[[Palette, int], Page]


class ComparedLines(LinesView):
    """Lines of a page that is made for the width there is."""

    HAS_CURSOR = False

    def __init__(self, palette: Palette, make: _Make) -> None:
        super().__init__(palette, id="compared")
        self._make = make
        self._page: Page = RowsPage([])
        self._made_for: tuple[int, int] = (0, 0)

    def sync(self) -> None:
        made_for = (self.size.width, id(self.palette))
        if made_for != self._made_for and self.size.width:
            self._made_for = made_for
            self._page = self._make(self.palette, self.size.width)
        room = int(self.app.size.height * _SHARE) - 2  # the frame
        self.styles.height = max(_LINES_MIN, min(self._page.count(), room))
        super().sync()

    def on_resize(self) -> None:
        self.sync()

    def count(self) -> int:
        return self._page.count()

    def segments(self, index: int, width: int) -> list[Segment]:
        return self._page.line(index, width)


class CompareScreen(Dialog[None]):
    """Push it: `app.push_screen(CompareScreen.of_messages(a, b))`."""

    DEFAULT_CSS = """
    CompareScreen { align: center middle; background: $background 60%; }
    CompareScreen #comparison {
        width: 96%; max-width: 180; height: auto;
        border: round $primary; background: $surface;
        border-title-color: $primary; border-subtitle-color: $foreground 60%;
    }
    CompareScreen LinesView { background: $surface; }
    """
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("escape,q,d,D", "close", "close", show=False),
    ]

    def __init__(self, title: str, make: _Make, palette: Palette | None = None) -> None:
        super().__init__()
        self._title = title
        self._make = make
        self._palette = palette

    @classmethod
    def of_messages(
        cls, a: Message | Frame, b: Message | Frame, palette: Palette | None = None
    ) -> Self:
        """Two messages or frames; `a` stands on the left."""
        return cls("two messages", lambda p, width: compared_messages(a, b, p, width), palette)

    @classmethod
    def of_handshakes(cls, a: Connection, b: Connection, palette: Palette | None = None) -> Self:
        """The opening handshakes of two connections."""
        return cls("two handshakes", lambda p, width: compared_handshakes(a, b, p, width), palette)

    def compose(self) -> ComposeResult:
        # every app of ours has a palette; a plain one will do elsewhere
        palette = self._palette or getattr(self.app, "palette", None) or plain()
        with Container(id="comparison") as box:
            box.border_title = self._title
            box.border_subtitle = "↑ ↓ scroll   Esc close"
            yield ComparedLines(palette, self._make)

    def on_mount(self) -> None:
        self.query_one(ComparedLines).focus()

    def action_close(self) -> None:
        self.dismiss(None)
