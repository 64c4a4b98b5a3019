"""The tab bar of the detail: names, their places on the line, and what each has to say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.palette import Palette

TEXT, JSON, HEX, HANDSHAKE, TIMING, RULES, DIAGNOSIS = range(1, 8)
#: Name and short name, by number.
TABS: dict[int, tuple[str, str]] = {
    TEXT: ("Text", "Text"),
    JSON: ("JSON", "JSON"),
    HEX: ("Hex", "Hex"),
    HANDSHAKE: ("Handshake", "Open"),
    TIMING: ("Timing", "Time"),
    RULES: ("Rules", "Rule"),
    DIAGNOSIS: ("Diagnosis", "Why"),
}

type Badges = Mapping[int, tuple[str, Style]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A tab with its place on the line; `name` is what there is room for."""

    number: int
    x: int
    width: int
    name: str
    badge: str


def place(width: int, chosen: int, badges: Badges) -> list[Placed]:
    """The tabs as `width` has room for them; the number of each always has."""
    for level in range(4):
        placed: list[Placed] = []
        x = 0
        for number, (name, short) in TABS.items():
            shown = (name, short, name if number == chosen else "", "")[level]
            badge = badges[number][0] if number in badges and level < 3 else ""
            around = 2 if level == 0 or badge else 1  # a badge must not touch the next number
            cells = around + len(str(number)) + cell_len(badge) + (1 + len(shown) if shown else 0)
            placed.append(Placed(number, x, cells, shown, badge))
            x += cells
        if x <= width or level == 3:
            return placed
    return []


def bar(width: int, chosen: int, badges: Badges, p: Palette) -> list[Segment]:
    """The line."""
    line: list[Segment] = []
    for tab in place(width, chosen, badges):
        active = tab.number == chosen
        name = f" {tab.name}" if tab.name else ""
        parts: list[tuple[str, Style]] = [
            (f" {tab.number}", p.title if active else p.faint),
            (name, p.title if active else p.label),
        ]
        if tab.badge:
            parts.append((tab.badge, badges[tab.number][1]))
        parts.append((" " * (tab.width - sum(cell_len(text) for text, _ in parts)), p.text))
        for text, style in parts:
            if text:
                line.append(Segment(text, style + p.cursor if active else style))
    return line


def tab_at(width: int, chosen: int, badges: Badges, x: int) -> int | None:
    """The number of the tab under cell `x`."""
    for tab in place(width, chosen, badges):
        if tab.x <= x < tab.x + tab.width:
            return tab.number
    return None
