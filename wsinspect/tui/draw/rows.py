"""Rows of columns as Segments; shared by the lists. Knows columns and cells, no data."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.cells import fit
from wsinspect.tui.draw.columns import GAP, Placed

MARGIN = 1  # cells left free on each side of a row
MARK = "▌"  # in the margin of a row that the user marked

SPACE = Segment(" " * GAP)
_SPACE = " " * GAP
_FREE = Segment(" " * MARGIN)


def mark_of(mark: Style | None) -> Segment:
    """The left margin; with a style, the sign of a marked row."""
    return _FREE if mark is None else Segment(MARK, mark)


def row(
    placed: Sequence[Placed], cells: Sequence[tuple[str, Style]], mark: Style | None = None
) -> list[Segment]:
    """One row: `cells` in the order of `placed`; with `mark`, the sign of a marked row."""
    line = [mark_of(mark)]
    for place, (text, style) in zip(placed, cells, strict=True):
        line.append(Segment(fit(text, place.width, place.column.right) + _SPACE, style))
    return line


def titles(
    placed: Sequence[Placed],
    style: Style,
    chosen: str = "",
    mark: str = "",
    chosen_style: Style | None = None,
) -> list[Segment]:
    """The header row; the `chosen` column carries `mark`."""
    cells = []
    for place in placed:
        column = place.column
        if column.key == chosen:
            text = f"{mark}{column.title}" if column.right else f"{column.title}{mark}"
            cells.append((text, chosen_style or style))
        else:
            cells.append((column.title, style))
    return row(placed, cells)
