"""A line of a bar as data: pieces left and right, and which of them a width has room for. Pure."""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of a bar. Where room is short, all pieces of the highest `rank` go; 0 stays."""

    text: str
    style: Style
    rank: int = 0
    action: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    left: tuple[Item, ...] = ()
    right: tuple[Item, ...] = ()
    fill: str = " "
    fill_style: Style | None = None


def fitting(line: Line, width: int) -> tuple[list[Item], list[Item]]:
    """The items of `line` that `width` has room for."""
    items = [*line.left, *line.right]
    used = sum(cell_len(item.text) for item in items)
    ranks = sorted({item.rank for item in items if item.rank}, reverse=True)
    most = ranks[0] if ranks else 0
    for rank in ranks:
        if used <= width:
            break
        used -= sum(cell_len(item.text) for item in items if item.rank == rank)
        most = rank - 1
    left = [item for item in line.left if item.text and item.rank <= most]
    return left, [item for item in line.right if item.text and item.rank <= most]
