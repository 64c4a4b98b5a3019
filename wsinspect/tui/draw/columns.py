"""Which columns a width has room for, and how wide each gets. Pure; knows no data and no Textual.

Columns are kept in order of priority until the first that does not fit; what is left over goes to
the columns that grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

GAP = 1  # cells between two columns
ESSENTIAL = 6  # columns up to this priority are kept even where others get narrow for it


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths are in cells; a lower `priority` is kept longer, equal ones together.

    `width` is the least it can do with; `ideal` is what it gets before a column that is not
    essential is let in.
    """

    key: str
    title: str
    width: int
    priority: int
    grow: int = 0
    width_max: int = 0
    right: bool = False
    ideal: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A column with its place on the line."""

    column: Column
    x: int
    width: int


def _chosen(columns: Sequence[Column], width: int) -> list[Column]:
    chosen: list[Column] = []
    least = ideal = -GAP
    for priority in sorted({column.priority for column in columns}):
        equals = [column for column in columns if column.priority == priority]
        least += sum(column.width + GAP for column in equals)
        ideal += sum(max(column.width, column.ideal) + GAP for column in equals)
        if (least if priority <= ESSENTIAL else ideal) > width and chosen:
            break
        chosen += equals
    return [column for column in columns if column in chosen]


def _grown(chosen: Sequence[Column], spare: int) -> list[int]:
    """Deal `spare` cells out: first up to each ideal, by priority, then in proportion to `grow`."""
    widths = [column.width for column in chosen]
    for i in sorted(range(len(chosen)), key=lambda i: chosen[i].priority):
        wish = min(spare, max(0, chosen[i].ideal - widths[i]))
        widths[i] += wish
        spare -= wish
    while spare > 0:
        able = [
            i
            for i, c in enumerate(chosen)
            if c.grow and (not c.width_max or widths[i] < c.width_max)
        ]
        weight = sum(chosen[i].grow for i in able)
        if not weight:
            break
        dealt = 0
        for i in able:
            share = min(max(1, spare * chosen[i].grow // weight), spare - dealt)
            if chosen[i].width_max:
                share = min(share, chosen[i].width_max - widths[i])
            widths[i] += share
            dealt += share
        spare -= dealt
    return widths


@lru_cache(maxsize=64)
def lay_out(columns: tuple[Column, ...], width: int) -> tuple[Placed, ...]:
    """Place `columns` on a line of `width` cells. Never takes more than `width`."""
    if width <= 0 or not columns:
        return ()
    chosen = _chosen(columns, width)
    minimum = sum(column.width for column in chosen) + GAP * (len(chosen) - 1)
    if minimum > width:  # only the first column is left, and it is too wide
        return (Placed(chosen[0], 0, width),)
    placed: list[Placed] = []
    x = 0
    for column, wide in zip(chosen, _grown(chosen, width - minimum), strict=True):
        placed.append(Placed(column, x, wide))
        x += wide + GAP
    return tuple(placed)


@lru_cache(maxsize=64)
def adapted(columns: tuple[Column, ...], widest: tuple[tuple[str, int], ...]) -> tuple[Column, ...]:
    """`columns` no wider than the widest content known; those of width 0 left out."""
    known = dict(widest)
    out: list[Column] = []
    for column in columns:
        content = known.get(column.key)
        if content is None:
            out.append(column)
        elif content:
            most = max(content, len(column.title) + 1)
            out.append(
                replace(
                    column,
                    width=min(column.width, most),
                    ideal=min(column.ideal, most),
                    width_max=min(column.width_max or most, most),
                )
            )
    return tuple(out)


def column_at(placed: Sequence[Placed], x: int) -> Column | None:
    """The column under cell `x`."""
    for place in placed:
        if place.x <= x < place.x + place.width + GAP:
            return place.column
    return None
