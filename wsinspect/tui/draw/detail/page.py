"""What a tab shows: lines that are drawn when they are seen. Owns the kinds of page.

A page has `count` lines and draws one of them in a width. Pages of fixed rows, and pages put one
under the other, are here; text, hexadecimal and trees have modules of their own.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.cells import clip, fit, wrap
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.explain import Explanation

type Row = list[tuple[str, Style]]

LABEL_WIDTH = 13
_NARROWEST = 8


class Page(Protocol):
    """Lines by index; `count` may grow while one scrolls."""

    def count(self) -> int:
        """How many lines are known by now."""
        ...

    def line(self, index: int, width: int) -> list[Segment]:
        """Line `index`, at most `width` cells."""
        ...

    def reach(self, index: int) -> None:
        """Make ready what is needed for `count` to tell the truth up to line `index`."""
        ...


class RowsPage:
    """Rows that are there already."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)

    def count(self) -> int:
        return len(self.rows)

    def line(self, index: int, width: int) -> list[Segment]:
        return segments(self.rows[index], width)

    def reach(self, index: int) -> None:
        """All rows are there."""


class Stack:
    """Pages one under the other."""

    def __init__(self, *pages: Page) -> None:
        self.pages = pages

    def count(self) -> int:
        return sum(page.count() for page in self.pages)

    def line(self, index: int, width: int) -> list[Segment]:
        for page in self.pages:
            height = page.count()
            if index < height:
                return page.line(index, width)
            index -= height
        return []

    def reach(self, index: int) -> None:
        for page in self.pages:
            page.reach(index)
            index -= page.count()


def segments(row: Row, width: int) -> list[Segment]:
    """A row's pieces made harmless, in at most `width` cells."""
    line: list[Segment] = []
    room = width
    for text, style in row:
        if room <= 0:
            break
        segment = Segment(clip(text, room), style)
        room -= segment.cell_length
        line.append(segment)
    return line


# Rows that many tabs have


def paragraph(text: str, style: Style, width: int, indent: int = 1) -> list[Row]:
    """Wrapped text."""
    margin = " " * indent
    return [[(margin + piece, style)] for piece in wrap(text, max(_NARROWEST, width - indent - 1))]


def field(p: Palette, name: str, value: str, style: Style, width: int) -> list[Row]:
    """A labelled value, wrapped under itself."""
    room = max(LABEL_WIDTH, cell_len(name) + 1)
    pieces = wrap(value, max(_NARROWEST, width - room - 2)) or [""]
    return [
        [(f" {fit(name if not index else '', room)}", p.label), (piece, style)]
        for index, piece in enumerate(pieces)
    ]


def heading(p: Palette, text: str, beside: str = "") -> list[Row]:
    """A free line and a title."""
    return [[], [(f" {text}", p.title), (f"  {beside}" if beside else "", p.faint)]]


def explained(p: Palette, explanation: Explanation | None, width: int) -> list[Row]:
    """The sentence under a field, its source, and what to do."""
    if explanation is None:
        return []
    rows = field(p, "", f"{explanation.say} [{explanation.source}]", p.label, width)
    if explanation.advice:
        rows += field(p, "", f"→ {explanation.advice}", p.faint, width)
    return rows


def hint(p: Palette, sentences: Sequence[str], width: int) -> list[Row]:
    """An empty tab: what there is not, and what to do next."""
    rows: list[Row] = [[]]
    for index, sentence in enumerate(sentences):
        rows += paragraph(sentence, p.text if index == 0 else p.label, width, 2)
    return rows
