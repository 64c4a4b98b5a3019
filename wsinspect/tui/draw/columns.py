"""Which columns a width has room for, and how wide each gets. Pure; knows no data and no Textual.

Columns are kept in order of priority until the first that does not fit; what is left over goes to
the columns that grow. `Choice` is what a person wants of them: which, in what order, how wide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

GAP = 1  # cells between two columns
ESSENTIAL = 6  # columns up to this priority are kept even where others get narrow for it
WANTED = 3.5  # the priority of columns whose width a person chose: one after the other
WIDTH_MAX = 120  # cells a person can give to one column


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths are in cells; a lower `priority` is kept longer, equal ones together.

    `width` is the least it can do with; `ideal` is what it gets before a column that is not
    essential is let in.
    """

    key: str
    title: str
    width: int
    priority: float
    grow: int = 0
    width_max: int = 0
    right: bool = False
    ideal: int = 0
    say: str = ""  # what it shows, where the title is too short to tell
    own_width: bool = False  # a person chose it

    @property
    def name(self) -> str:
        """What people call it."""
        return self.say or self.title or self.key


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
        if content is None or column.own_width:
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


def edge_at(placed: Sequence[Placed], x: int) -> Placed | None:
    """The column whose right edge is at cell `x`: the gap behind it. The last one has none."""
    for place in placed[:-1]:
        if place.x + place.width <= x < place.x + place.width + GAP:
            return place
    return None


class Choice:
    """What a person wants of the columns of one list: which, in what order, how wide.

    `fixed` ones stay first and shown. A column with a width of its own is kept longer than others.
    """

    def __init__(self, table: Sequence[Column], fixed: Iterable[str] = ()) -> None:
        self.table = {column.key: column for column in table}
        self.fixed = tuple(key for key in self.table if key in set(fixed))
        self._shown = tuple(self.table)
        self._widths: dict[str, int] = {}
        self._columns: tuple[Column, ...] | None = None

    @property
    def shown(self) -> list[str]:
        """Keys of the columns that may be shown, in their order."""
        return list(self._shown)

    @shown.setter
    def shown(self, keys: Iterable[str]) -> None:
        """Unknown and repeated keys are dropped, so that old settings do no harm."""
        wanted = [key for key in dict.fromkeys(keys) if key in self.table and key not in self.fixed]
        self._shown = (*self.fixed, *wanted)
        self._columns = None

    @property
    def widths(self) -> dict[str, int]:
        """Widths in cells that a person chose."""
        return dict(self._widths)

    @widths.setter
    def widths(self, widths: dict[str, int]) -> None:
        self._widths = {
            key: max(1, min(width, WIDTH_MAX))
            for key, width in widths.items()
            if key in self.table and key not in self.fixed
        }
        self._columns = None

    @property
    def changed(self) -> bool:
        return self._shown != tuple(self.table) or bool(self._widths)

    def reset(self) -> None:
        self.shown, self.widths = list(self.table), {}

    def columns(self) -> tuple[Column, ...]:
        """The chosen columns, for `lay_out`; the same object until the choice changes."""
        if self._columns is None:
            self._columns = tuple(self._wanted(self.table[key]) for key in self._shown)
        return self._columns

    def _wanted(self, column: Column) -> Column:
        width = self._widths.get(column.key)
        if width is None:
            return column
        priority = min(column.priority, WANTED + 0.001 * list(self.table).index(column.key))
        return replace(
            column,
            width=width,
            width_max=width,
            ideal=width,
            grow=0,
            priority=priority,
            own_width=True,
        )

    def rows(self) -> list[Column]:
        """All columns as a list to choose from: the shown ones first, in their order."""
        return [self.table[key] for key in (*self._shown, *self._left_out())]

    def _left_out(self) -> list[str]:
        return [key for key in self.table if key not in self._shown]

    def toggle(self, key: str) -> None:
        """Show or hide a column; it comes back where it stands in the table."""
        if key in self._shown:
            self.shown = [other for other in self._shown if other != key]
            return
        order = list(self.table)
        later = [
            at for at, other in enumerate(self._shown) if order.index(other) > order.index(key)
        ]
        shown = list(self._shown)
        shown.insert(later[0] if later else len(shown), key)
        self.shown = shown

    def move(self, key: str, steps: int) -> None:
        """Move a shown column to the right, or to the left where `steps` is negative."""
        if key not in self._shown or key in self.fixed:
            return
        shown = [other for other in self._shown if other != key]
        at = self._shown.index(key) + steps
        shown.insert(max(len(self.fixed), min(at, len(shown))), key)
        self.shown = shown

    def resize(self, key: str, width: int | None) -> None:
        """Give a column `width` cells, or with None the width it would have by itself."""
        widths = {other: wide for other, wide in self._widths.items() if other != key}
        if width is not None:
            widths[key] = width
        self.widths = widths
