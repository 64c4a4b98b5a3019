"""The help screen: every key, every glyph. Made from the key tables."""

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import ModalScreen

from wsinspect.tui.draw.cells import clip, fit
from wsinspect.tui.draw.palette import STATE_GLYPH, TO_CLIENT, TO_SERVER, VIOLATION, Palette
from wsinspect.tui.keys import GROUPS
from wsinspect.tui.panes.detail import Row
from wsinspect.tui.panes.lines import LinesView


def help_rows(p: Palette) -> list[Row]:
    rows: list[Row] = []
    for group in GROUPS:
        rows += [[], [(f" {group.title}", p.title)]]
        rows += [[(f"   {fit(key.name, 10)}", p.key), (key.say, p.text)] for key in group.keys]
    rows += [[], [(" Signs", p.title)]]
    for state, glyph in STATE_GLYPH.items():
        rows.append([(f"   {fit(glyph, 10)}", p.state(state)), (state.value, p.text)])
    for glyph, style, say in (
        (TO_SERVER, p.to_server, "to server: sent by the client"),
        (TO_CLIENT, p.to_client, "to client: sent by the server"),
        ("F123M", p.label, "flags: FIN, RSV1–3, masked; · where not set (RFC 6455 §5.2)"),
        (VIOLATION, p.bad, "a frame that breaks the protocol"),
        ("⋯", p.faint, "frames that are not shown here, counted"),
    ):
        rows.append([(f"   {fit(glyph, 10)}", style), (say, p.text)])
    rows += [[], [(" Mouse", p.title)]]
    rows.append(
        [(f"   {fit('click', 10)}", p.key), ("choose a row, sort by a column, press a key", p.text)]
    )
    rows.append([(f"   {fit('wheel', 10)}", p.key), ("scroll", p.text)])
    return rows[1:]


class HelpView(LinesView):
    HAS_CURSOR = False

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, id="help-lines")
        self.rows = help_rows(palette)

    def count(self) -> int:
        return len(self.rows)

    def segments(self, index: int, width: int) -> list[Segment]:
        return [Segment(clip(text, width), style) for text, style in self.rows[index]]

    def on_resize(self) -> None:
        self.sync()


class HelpScreen(ModalScreen[None]):
    """Over the dashboard; any of the closing keys goes back."""

    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("question_mark,escape,q,f1,enter,space", "dismiss", "close", show=False)
    ]

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.palette = palette

    def compose(self) -> ComposeResult:
        with Container(id="help") as container:
            container.border_title = "Help"
            container.border_subtitle = "Esc closes"
            yield HelpView(self.palette)

    def on_mount(self) -> None:
        self.query_one(HelpView).focus()
