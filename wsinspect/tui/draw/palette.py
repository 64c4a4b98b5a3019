"""Colours by meaning. One place turns a theme into Rich styles; views name roles only.

Colour never says anything alone: state, direction and severity have a glyph each. With NO_COLOR
the plain palette is used, which has bold, dim, underline and reverse only. Every theme's text
keeps a contrast of 4.5 on every background it meets, faint text 3 (WCAG 2.2 §1.4.3, §1.4.11).
"""

from dataclasses import dataclass

from rich.style import Style
from textual.theme import Theme

from wsinspect.tui.data.connection import State

STATE_GLYPH: dict[State, str] = {
    State.OPENING: "◌",
    State.OPEN: "●",
    State.CLOSING: "◐",
    State.CLEAN: "○",
    State.UNCLEAN: "✗",
    State.STOPPED: "■",
    State.REFUSED: "⊘",
    State.UNSEEN: "?",
}
TO_SERVER = "↑"
TO_CLIENT = "↓"
VIOLATION = "!"
ALERT = "▲"


@dataclass(frozen=True, slots=True)
class Colors:
    """A theme's colours, by role."""

    name: str
    say: str  # its name for people
    dark: bool
    background: str
    surface: str  # bars and dialogs
    panel: str  # lines between panes
    cursor: str
    cursor_away: str
    text: str
    strong: str
    label: str
    faint: str
    rule: str
    primary: str
    good: str
    pulse: str
    warn: str
    bad: str
    to_server: str
    to_client: str


NIGHT = Colors(
    name="wsinspect-night",
    say="dark",
    dark=True,
    background="#11141b",
    surface="#161a23",
    panel="#1f2532",
    cursor="#2a3450",
    cursor_away="#1b2130",
    text="#c5cee0",
    strong="#f0f4ff",
    label="#9aa6c0",
    faint="#7c88a3",
    rule="#2b3345",
    primary="#7aa2f7",
    good="#8fce7f",
    pulse="#6fa57b",
    warn="#e5b567",
    bad="#f98aa0",
    to_server="#bb9af7",
    to_client="#7dcfff",
)
DAY = Colors(
    name="wsinspect-day",
    say="light",
    dark=False,
    background="#fbfaf7",
    surface="#f1f0ec",
    panel="#dedcd5",
    cursor="#d6e2f7",
    cursor_away="#ebeae5",
    text="#2d3440",
    strong="#0b0f17",
    label="#4d5666",
    faint="#6d7686",
    rule="#cfcdc6",
    primary="#1d4fb8",
    good="#22652b",
    pulse="#3d6b45",
    warn="#7d4e00",
    bad="#a81836",
    to_server="#6a35b0",
    to_client="#075a86",
)
CONTRAST = Colors(
    name="wsinspect-contrast",
    say="high contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    panel="#3a3a3a",
    cursor="#003a8c",
    cursor_away="#262626",
    text="#ffffff",
    strong="#ffffff",
    label="#e0e0e0",
    faint="#c4c4c4",
    rule="#8a8a8a",
    primary="#8fd0ff",
    good="#6bff6b",
    pulse="#6bff6b",
    warn="#ffe14d",
    bad="#ff9d9d",
    to_server="#e3b8ff",
    to_client="#7fe9ff",
)
# Okabe and Ito's colours, told apart with any kind of colour blindness; lightened where the text
# would be too dark to read.
OKABE_ITO = Colors(
    name="wsinspect-okabe-ito",
    say="colour-blind safe",
    dark=True,
    background="#101418",
    surface="#161b20",
    panel="#20272e",
    cursor="#28384c",
    cursor_away="#1b222a",
    text="#ccd3da",
    strong="#f4f7fa",
    label="#a1abb5",
    faint="#828d98",
    rule="#2c363f",
    primary="#56b4e9",
    good="#2fbf94",
    pulse="#2aa883",
    warn="#f0e442",
    bad="#f58a3c",
    to_server="#d99abf",
    to_client="#56b4e9",
)
THEMES = (NIGHT, DAY, CONTRAST, OKABE_ITO)
BY_NAME = {colors.name: colors for colors in THEMES}


def theme_of(colors: Colors) -> Theme:
    """Textual's idea of the theme: what style.tcss names."""
    c = colors
    return Theme(
        name=c.name,
        dark=c.dark,
        primary=c.primary,
        secondary=c.to_server,
        accent=c.to_client,
        foreground=c.text,
        background=c.background,
        surface=c.surface,
        panel=c.panel,
        success=c.good,
        warning=c.warn,
        error=c.bad,
        variables={
            "scrollbar": c.rule,
            "scrollbar-hover": c.faint,
            "scrollbar-active": c.primary,
            "scrollbar-background": c.background,
            "scrollbar-background-hover": c.background,
            "scrollbar-background-active": c.background,
            "scrollbar-corner-color": c.background,
            "input-cursor-background": c.text,
            "input-cursor-foreground": c.background,
            "input-selection-background": c.cursor,
        },
    )


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
    match: Style  # what was searched for
    hit: Style  # what a rule found, masked
    mark: Style  # a row that the user marked

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


def palette_of(colors: Colors) -> Palette:
    """The palette of a colour theme."""
    c = colors
    return Palette(
        text=Style(color=c.text),
        strong=Style(color=c.strong, bold=True),
        faint=Style(color=c.faint),
        label=Style(color=c.label),
        rule=Style(color=c.rule),
        rule_active=Style(color=c.primary),
        title=Style(color=c.primary, bold=True),
        key=Style(color=c.primary, bold=True),
        good=Style(color=c.good),
        pulse=Style(color=c.pulse),
        warn=Style(color=c.warn),
        bad=Style(color=c.bad),
        alarm=Style(color=c.background, bgcolor=c.bad, bold=True),
        held=Style(color=c.background, bgcolor=c.warn, bold=True),
        to_server=Style(color=c.to_server),
        to_client=Style(color=c.to_client),
        cursor=Style(bgcolor=c.cursor),
        cursor_away=Style(bgcolor=c.cursor_away),
        match=Style(color=c.background, bgcolor=c.primary, bold=True),
        hit=Style(color=c.warn, bold=True, underline=True),
        mark=Style(color=c.primary, bold=True),
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
        match=Style(bold=True, reverse=True),
        hit=Style(bold=True, underline=True),
        mark=bold,
    )
