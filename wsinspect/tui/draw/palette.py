"""Colours by meaning. One place turns a theme into Rich styles; views name roles only.

Colour never says anything alone: state, direction and severity have a glyph each. With NO_COLOR
the plain palette is used, which has bold, dim, underline and reverse only.
"""

from dataclasses import dataclass

from rich.style import Style
from textual.theme import Theme

from wsinspect.tui.data.connection import State

NIGHT = Theme(
    name="wsinspect-night",
    dark=True,
    primary="#7aa2f7",
    secondary="#bb9af7",
    accent="#7dcfff",
    foreground="#c5cee0",
    background="#11141b",
    surface="#161a23",
    panel="#1f2532",
    success="#8fce7f",
    warning="#e5b567",
    error="#f7768e",
    variables={
        "scrollbar": "#2b3345",
        "scrollbar-hover": "#3b4761",
        "scrollbar-active": "#7aa2f7",
        "scrollbar-background": "#11141b",
        "scrollbar-background-hover": "#11141b",
        "scrollbar-background-active": "#11141b",
        "scrollbar-corner-color": "#11141b",
    },
)

STATE_GLYPH: dict[State, str] = {
    State.OPENING: "◌",
    State.OPEN: "●",
    State.CLOSING: "◐",
    State.CLEAN: "○",
    State.UNCLEAN: "✗",
    State.REFUSED: "⊘",
    State.UNSEEN: "?",
}
TO_SERVER = "↑"
TO_CLIENT = "↓"
VIOLATION = "!"


@dataclass(frozen=True, slots=True)
class Palette:
    """One style a meaning."""

    text: Style
    strong: Style
    faint: Style
    label: Style
    rule: Style
    rule_active: Style
    title: Style
    key: Style
    good: Style
    pulse: Style  # the bars of a row: alive, yet in the background
    warn: Style
    bad: Style
    alarm: Style  # for what must not be missed: reversed
    held: Style  # the same for what is only paused
    to_server: Style
    to_client: Style
    cursor: Style  # background of the chosen row
    cursor_away: Style  # the same in a pane without focus

    def state(self, state: State) -> Style:
        if state is State.OPEN:
            return self.good
        if state in (State.CLOSING, State.OPENING):
            return self.warn
        if state in (State.UNCLEAN, State.REFUSED):
            return self.bad
        return self.faint

    def direction(self, direction: int | None) -> Style:
        return self.to_client if direction else self.to_server


def from_theme(theme: Theme) -> Palette:
    """The palette of a colour theme."""

    def ink(color: str | None, **attributes: bool) -> Style:
        return Style(color=color, **attributes)  # type: ignore[arg-type]  # Rich's stubs: bool only

    return Palette(
        text=ink(theme.foreground),
        strong=ink("#f0f4ff", bold=True),
        faint=ink("#6b768f"),
        label=ink("#8390ab"),
        rule=ink("#2b3345"),
        rule_active=ink(theme.primary),
        title=ink(theme.primary, bold=True),
        key=ink(theme.primary, bold=True),
        good=ink(theme.success),
        pulse=ink("#5f8f6a"),
        warn=ink(theme.warning),
        bad=ink(theme.error),
        alarm=Style(color=theme.background, bgcolor=theme.error, bold=True),
        held=Style(color=theme.background, bgcolor=theme.warning, bold=True),
        to_server=ink(theme.secondary),
        to_client=ink(theme.accent),
        cursor=Style(bgcolor="#2a3450"),
        cursor_away=Style(bgcolor="#1b2130"),
    )


def plain() -> Palette:
    """The palette without any colour."""
    none, bold, dim = Style(), Style(bold=True), Style(dim=True)
    return Palette(
        text=none,
        strong=bold,
        faint=dim,
        label=dim,
        rule=dim,
        rule_active=bold,
        title=bold,
        key=bold,
        good=none,
        pulse=none,
        warn=bold,
        bad=bold,
        alarm=Style(bold=True, reverse=True),
        held=Style(bold=True, reverse=True),
        to_server=none,
        to_client=none,
        cursor=Style(reverse=True),
        cursor_away=Style(underline=True),
    )
