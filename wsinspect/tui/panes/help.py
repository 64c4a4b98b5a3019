"""The help: the keys of the pane in use first, then the rest, signs and mouse; from the table.

`/` searches, Enter or a click does what the row says. It hands back the action's id.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Input

from wsinspect.tui.draw.cells import clip, fit
from wsinspect.tui.draw.palette import (
    ALERT,
    STATE_GLYPH,
    TO_CLIENT,
    TO_SERVER,
    VIOLATION,
    Palette,
)
from wsinspect.tui.keys import GROUPS, Key
from wsinspect.tui.panes.dialog import Dialog
from wsinspect.tui.panes.lines import LinesView

_KEY_WIDTH = 12
_MOUSE = (
    ("click", "choose a row, sort by a column, press anything in a bar"),
    ("double click", "the same as Enter"),
    ("drag", "a line between panes, a column's edge, the scroll bar"),
    ("wheel", "scroll"),
)


@dataclass(frozen=True, slots=True)
class HelpRow:
    """`sign` and what it means; a heading has no sign, an action its id."""

    say: str
    sign: str = ""
    style: Style | None = None
    id: str = ""
    more: str = ""  # words that find it, too

    def has(self, typed: str) -> bool:
        """Whether all words of `typed` are in it."""
        text = f"{self.sign} {self.say} {self.more}".lower()
        return all(word in text for word in typed.lower().split())


def help_rows(table: Iterable[Key], pane: str, recording: bool, p: Palette) -> list[HelpRow]:
    """Here first, elsewhere after it, then what the signs mean."""
    keys = {key.id: key for key in table}
    here: list[HelpRow] = []
    elsewhere: list[HelpRow] = []
    for group in GROUPS:
        for wanted, rows in ((True, here), (False, elsewhere)):
            found = [
                keys[key.id]
                for key in group.keys
                if (pane in key.where and (recording or not key.recording)) is wanted
            ]
            if found:
                rows.append(HelpRow(group.title))
                rows += [_row(key, "" if wanted else f"   in {_places(key)}", p) for key in found]
    rows = [HelpRow(f"In the {pane}"), *here, HelpRow("Elsewhere"), *elsewhere]
    rows.append(HelpRow("Signs"))
    rows += [HelpRow(s.value, glyph, p.state(s)) for s, glyph in STATE_GLYPH.items()]
    for glyph, style, say in (
        (TO_SERVER, p.to_server, "to server: sent by the client"),
        (TO_CLIENT, p.to_client, "to client: sent by the server"),
        ("F123M", p.label, "flags: FIN, RSV1–3, masked; · where not set (RFC 6455 §5.2)"),
        (VIOLATION, p.bad, "a frame that breaks the protocol"),
        (ALERT, p.warn, "a rule found something"),
        ("⋯", p.faint, "frames that are not shown here, counted"),
    ):
        rows.append(HelpRow(say, glyph, style))
    rows.append(HelpRow("Mouse"))
    rows += [HelpRow(say, name, p.key) for name, say in _MOUSE]
    return rows


def _places(key: Key) -> str:
    return "a recording" if key.recording else "the " + ", ".join(key.where)


def _row(key: Key, where: str, p: Palette) -> HelpRow:
    return HelpRow(f"{key.say}{where}", key.name or "–", p.key, key.id, f"{key.id} {key.label}")


class HelpView(LinesView):
    def __init__(self, palette: Palette, rows: list[HelpRow]) -> None:
        super().__init__(palette, id="help-lines")
        self.all = rows
        self.rows = rows
        self.cursor = 2

    def narrow(self, typed: str) -> None:
        """Only rows that fit `typed`, under their headings."""
        rows: list[HelpRow] = []
        for row in self.all:
            if not row.sign:
                if rows and not rows[-1].sign:
                    rows.pop()
                rows.append(row)
            elif row.has(typed):
                rows.append(row)
        while rows and not rows[-1].sign:
            rows.pop()
        self.rows = rows
        self.cursor = next((at for at, row in enumerate(rows) if row.sign), 0)
        self._jump(0)
        self.sync()

    def count(self) -> int:
        return len(self.rows)

    def empty(self, y: int, width: int) -> list[Segment]:
        return [Segment(clip("  nothing of that name", width), self.palette.label)] if not y else []

    def segments(self, index: int, width: int) -> list[Segment]:
        row, p = self.rows[index], self.palette
        if not row.sign:
            return [Segment(clip(f" {row.say}", width), p.title)]
        sign = fit(row.sign, max(_KEY_WIDTH, len(row.sign)))
        return [
            Segment(clip(f"   {sign} ", width), row.style or p.text),
            Segment(clip(row.say, max(0, width - len(sign) - 5)), p.text),
        ]

    def on_resize(self) -> None:
        self.sync()


class HelpScreen(Dialog[str | None]):
    """Over the dashboard; any of the closing keys goes back."""

    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("question_mark,q,f1,space", "dismiss", "close", show=False),
        Binding("escape", "back", "close", show=False),
        Binding("enter", "take", "do it", show=False),
        Binding("slash,f", "search", "search", show=False),
    ]

    def __init__(self, palette: Palette, table: Iterable[Key], pane: str, recording: bool) -> None:
        super().__init__()
        self.palette = palette
        self.view = HelpView(palette, help_rows(table, pane, recording, palette))

    def compose(self) -> ComposeResult:
        with Container(id="help") as container:
            container.border_title = "Help"
            container.border_subtitle = "/ searches · Enter does it · Esc closes"
            yield Input(placeholder="search the help", id="help-search", compact=True)
            yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    @property
    def typed(self) -> Input:
        return self.query_one("#help-search", Input)

    def action_search(self) -> None:
        self.set_class(True, "-searching")
        self.typed.focus()

    def action_back(self) -> None:
        if not self.has_class("-searching"):
            self.dismiss(None)
            return
        self.typed.value = ""
        self.set_class(False, "-searching")
        self.view.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.view.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.view.focus()

    def action_take(self) -> None:
        rows = self.view.rows
        self.dismiss(rows[self.view.cursor].id or None if rows else None)

    def on_lines_view_moved(self, message: LinesView.Moved) -> None:
        message.stop()

    def on_lines_view_chosen(self, message: LinesView.Chosen) -> None:
        message.stop()
        self.action_take()
