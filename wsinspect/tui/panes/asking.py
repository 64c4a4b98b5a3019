"""A dialog that asks for one line of text, or for yes or no. Knows nothing of what it is for."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Input

from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.cells import wrap
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.dialog import Dialog

_WIDTH = 66
_WRONG_LINES = 3


class AskScreen(Dialog[str | None]):
    """`check` says what is wrong with the text, or ""; "?…" asks once more and then takes it."""

    BINDINGS = [Binding("escape", "leave", show=False)]  # noqa: RUF012 - Textual's

    def __init__(
        self,
        palette: Palette,
        title: str,
        say: str,
        value: str = "",
        check: Callable[[str], str] = lambda _text: "",
    ) -> None:
        super().__init__()
        self.palette = palette
        self.title_ = title
        self.say = say
        self.value = value
        self.check = check
        self.wrong = ""
        self.asked = ""

    def compose(self) -> ComposeResult:
        with Container(id="ask") as container:
            container.border_title = self.title_
            container.border_subtitle = "Enter takes · Esc leaves"
            yield Bar(self._said, id="ask-say")
            yield Input(self.value, id="asked", compact=True)
            yield Bar(self._wrong, id="ask-wrong")

    def on_mount(self) -> None:
        lines = len(wrap(self.say, _WIDTH))
        self.query_one("#ask-say").styles.height = lines
        self.query_one(Input).focus()

    def _said(self) -> list[Line]:
        return [Line((Item(f" {text}", self.palette.label),)) for text in wrap(self.say, _WIDTH)]

    def _wrong(self) -> list[Line]:
        pieces = wrap(self.wrong, _WIDTH)[:_WRONG_LINES]
        return [Line((Item(f" {text}", self.palette.warn),)) for text in pieces]

    def on_input_changed(self) -> None:
        self.wrong = self.asked = ""
        self.query_one("#ask-wrong", Bar).sync()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        wrong = self.check(event.value)
        if wrong.startswith("?"):
            if self.asked == event.value:
                wrong = ""
            else:
                self.asked = event.value
                wrong = wrong[1:]
        if not wrong:
            self.dismiss(event.value)
            return
        self.wrong = wrong
        self.query_one("#ask-wrong", Bar).sync()

    def action_leave(self) -> None:
        self.dismiss(None)
