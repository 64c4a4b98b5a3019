"""The dialog that closes a connection: a code, a reason, and what each side will see.

Owns checking both against RFC 6455 §7.4 and §5.5.1. Must not know how it is done.
"""

from dataclasses import dataclass

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Input

from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.cells import fit, wrap
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.words import close_name, close_sentence
from wsinspect.tui.panes.bars import Bar
from wsinspect.tui.panes.dialog import Dialog
from wsinspect.tui.panes.lines import LinesView

_NAME_WIDTH = 26
_NARROWEST = 20
REASON_LEN_MAX = 123  # bytes: a control frame has at most 125, two are the code
# What an endpoint may send (RFC 6455 §7.4.1), the usual ones first; 3000 and above are typed.
CODES = (1000, 1001, 1008, 1011, 1012, 1013, 1002, 1003, 1007, 1009, 1010, 1014)
_LONGEST = max(len(close_sentence(code)) for code in CODES)
NEVER_SENT = frozenset({1004, 1005, 1006, 1015})


@dataclass(frozen=True, slots=True)
class Wanted:
    code: int
    reason: str


def check_code(text: str) -> str:
    """What is wrong with a close code that shall be sent; empty if nothing."""
    if not text.isascii() or not text.isdecimal():
        return "a close code is a number: 1000, 1001, 1008 … or 3000 to 4999"
    code = int(text)
    if code in NEVER_SENT:
        return f"{code} may never be sent in a Close frame (RFC 6455 §7.4.1)"
    if 1000 <= code <= 1014 or 3000 <= code <= 4999:
        return ""
    return f"{code} is no code that an endpoint may send (RFC 6455 §7.4.2)"


def check_reason(text: str) -> str:
    length = len(text.encode(errors="replace"))
    if length > REASON_LEN_MAX:
        return f"the reason is {length} bytes long, {REASON_LEN_MAX} fit into a Close frame"
    return ""


def will_see(code: int, reason: str) -> list[str]:
    """What closing does, for the one who is about to do it."""
    said = f" “{reason}”" if reason else ", no reason"
    return [
        f"Client and server each get a Close frame {code} ({close_name(code)}){said}.",
        f"It says: {close_sentence(code)}",
        "Frames behind it are not forwarded. In the log: by the proxy, cause policy.",
    ]


class CodesView(LinesView):
    """The codes with their meaning."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, id="codes")

    def count(self) -> int:
        return len(CODES)

    def segments(self, index: int, width: int) -> list[Segment]:
        code, p = CODES[index], self.palette
        room = width - _NAME_WIDTH - 9
        say = close_sentence(code) if room >= _LONGEST else ""  # below, the chosen one says it
        return [
            Segment(f" {code} ", p.title),
            Segment(fit(close_name(code), _NAME_WIDTH), p.strong),
            Segment(f" {say}", p.label),
        ]


class ClosingScreen(Dialog[Wanted | None]):
    """Choose or type a code, type a reason, Enter closes."""

    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("escape", "leave", show=False),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(self, palette: Palette, name: str) -> None:
        """`name` is the connection, for people."""
        super().__init__()
        self.palette = palette
        self.connection = name
        self.wrong = ""

    def compose(self) -> ComposeResult:
        with Container(id="closing") as container:
            container.border_title = f"Close {self.connection}"
            container.border_subtitle = "Enter closes it · Tab next field · Esc leaves"
            yield CodesView(self.palette)
            yield Bar(lambda: [self._label("code")], id="code-label")
            yield Input("1000", id="code", compact=True)
            yield Bar(lambda: [self._label("reason (may be empty)")], id="reason-label")
            yield Input("", id="reason", compact=True)
            yield Bar(self._outcome, id="outcome")

    def _label(self, text: str) -> Line:
        return Line((Item(f" {text}", self.palette.label),))

    def on_mount(self) -> None:
        view = self.query_one(CodesView)
        view.focus()
        view.sync()

    @property
    def _typed(self) -> tuple[str, str]:
        return self.query_one("#code", Input).value, self.query_one("#reason", Input).value

    def _outcome(self) -> list[Line]:
        code, reason = self._typed
        wrong = check_code(code) or check_reason(reason)
        width = max(_NARROWEST, self.query_one("#outcome").size.width - 2)
        said = [wrong] if wrong else will_see(int(code), reason)
        style = self.palette.warn if wrong else self.palette.text
        pieces = [piece for say in said for piece in wrap(say, width)]
        return [Line((Item(f" {piece}", style),)) for piece in pieces]

    def on_input_changed(self) -> None:
        self.query_one("#outcome", Bar).grow()
        self.query_one("#outcome", Bar).sync()

    def on_resize(self) -> None:
        self.call_after_refresh(self.on_input_changed)

    def on_lines_view_moved(self, message: LinesView.Moved) -> None:
        message.stop()
        self.query_one("#code", Input).value = str(CODES[message.view.cursor])

    def on_lines_view_chosen(self, message: LinesView.Chosen) -> None:
        message.stop()
        self.action_close()

    def on_input_submitted(self) -> None:
        self.action_close()

    def key_enter(self) -> None:
        self.action_close()

    def action_close(self) -> None:
        code, reason = self._typed
        if not (check_code(code) or check_reason(reason)):
            self.dismiss(Wanted(int(code), reason))

    def action_leave(self) -> None:
        self.dismiss(None)
