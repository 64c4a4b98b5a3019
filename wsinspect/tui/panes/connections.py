"""The connection list. Owns order, filter, selection and marks; reads the store.

Sorting and filtering go over all connections, so a long list does it once a second at most; what a
row says is always of now.
"""

from collections.abc import Callable
from itertools import chain
from typing import Protocol

from rich.segment import Segment
from textual.message import Message

from wsinspect.dissect import app_words
from wsinspect.tui.data.connection import NS, Connection
from wsinspect.tui.data.ordering import BY_COLUMN, ORDERS, Order, ordered
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw import guide
from wsinspect.tui.draw.columns import Choice, Placed, adapted, lay_out
from wsinspect.tui.draw.connection_columns import COLUMNS, DRAW, FIXED
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.rows import MARGIN, row, titles
from wsinspect.tui.panes.columned import ColumnedView

_STILL_AFTER_MOVE_NS = 1_500_000_000  # a moving order keeps still this long under the cursor
_SETTLE_NS = NS  # between two sorts of a moving order, or of a long list
_LONG = 1_000  # connections from which on a list is long


class ConnectionFilter(Protocol):
    """What is needed of `find.Filter`."""

    text: str
    moving: bool  # the same connection may pass now and not later, though nothing new was told

    def connection(self, connection: Connection, now_ns: int) -> bool: ...


class ConnectionsView(ColumnedView):
    """One row a connection. `selected` stays on its connection whatever the order does.

    Until the user has chosen one it is the newest, in the first row: so that what a dashboard shows
    first is not where the proxy's greeting happened to begin.
    """

    class Selected(Message):
        """Another connection was chosen, or none is left."""

        def __init__(self, connection: Connection | None) -> None:
            super().__init__()
            self.connection = connection

    class Ordered(Message):
        """The order was changed by a click."""

    def __init__(self, store: Store, palette: Palette) -> None:
        super().__init__(palette, "connections", Choice(COLUMNS, FIXED))
        self.store = store
        self.shown: list[Connection] = []
        self.selected: Connection | None = None
        self.marked: set[int] = set()  # flow ids
        self.order_index = 0
        self.reverse = False
        self.hide_ended = False
        self.held = False
        self.held_new = 0
        self._filter: ConnectionFilter | None = None
        self._kept: list[Connection] = []  # while held: what there was
        self._kept_ids: set[int] = set()
        self._ordered_for: object = None
        self._ordered_ns = 0
        self._ordered_version = 0
        self._ordered_count = 0
        self._still_until_ns = 0
        self._wish: Connection | None = None  # what the user chose, also while a filter hides it
        self.lost: Callable[[], list[guide.Row] | None] = lambda: None  # what is said, if it is
        self._contents: dict[str, int] = {}  # as `store.widest`, of columns that only we know
        self._widest = store.widest

    @property
    def order(self) -> Order:
        return ORDERS[self.order_index]

    @property
    def filter(self) -> ConnectionFilter | None:
        return self._filter

    @filter.setter  # noqa: A003 - what people call it
    def filter(self, wanted: ConnectionFilter | None) -> None:
        """Show only what passes. The chosen connection is chosen again when it comes back, and is
        in sight in any case."""
        self._filter = wanted
        self._ordered_for = None
        self._reorder()
        if self._wish is not None and self._wish is not self.selected and self._wish in self.shown:
            self.selected = None
            self.cursor = self.shown.index(self._wish)
            self._select(self._wish)
        self.sync()  # the list's new length, before one scrolls in it
        self.show_cursor()
        self.refresh()

    @property
    def total(self) -> int:
        """Connections there are; `count()` of them are shown."""
        return len(self._kept) if self.held else len(self.store)

    # Changing what is shown

    def set_order(self, index: int, reverse: bool = False) -> None:
        self.order_index = index % len(ORDERS)
        self.reverse = reverse
        self._ordered_for = None
        self._still_until_ns = 0
        self.keep()
        self.sync()

    def title_pressed(self, key: str) -> None:
        index = BY_COLUMN.get(key)
        if index is not None:
            self.set_order(index, not self.reverse if index == self.order_index else False)
            self.post_message(self.Ordered())

    def action_order(self, step: int) -> None:
        self.set_order(self.order_index + step)
        self.post_message(self.Ordered())

    def action_reverse(self) -> None:
        self.set_order(self.order_index, not self.reverse)
        self.post_message(self.Ordered())

    def action_toggle_ended(self) -> None:
        self.hide_ended = not self.hide_ended
        self.sync()
        self.post_message(self.Ordered())

    def hold(self, held: bool) -> None:
        """Keep rows and order as they are, and count what is new."""
        if held is not self.held:
            self.keep()
            self.held = held
            self._kept = self.store.newest_first() if held else []
            self._kept_ids = {connection.flow_id for connection in self._kept}
            self.held_new = 0
            if not held:
                self._ordered_for = None
        self.sync()

    def action_mark(self) -> None:
        if self.selected is not None:
            self.keep()
            self.marked ^= {self.selected.flow_id}
            self.refresh()
            self.post_message(self.Moved(self))

    def action_next_mark(self) -> None:
        count = len(self.shown)
        for step in range(1, count + 1):
            index = (self.cursor + step) % count
            if self.shown[index].flow_id in self.marked:
                self.move_to(index)
                return

    def _due(self, now_ns: int) -> bool:
        """Whether what is shown has to be sorted and filtered anew."""
        wanted = (self.order_index, self.reverse, self.hide_ended, self._filter)
        if self._ordered_for is None or self._ordered_for[:-1] != wanted:  # type: ignore[index]
            return True
        rested = not 0 <= now_ns - self._ordered_ns < _SETTLE_NS
        if self.store.membership != self._ordered_for[-1]:  # type: ignore[index]
            others = abs(len(self.store) - self._ordered_count) > self._ordered_count // 4
            return not self.held and (rested or others or len(self.store) <= _LONG)
        facts = self.store.version != self._ordered_version
        filtered = self._filter is not None and (self._filter.moving or facts)
        moving = self.order.moving or filtered
        return moving and rested and not self.held and now_ns >= self._still_until_ns

    def _reorder(self) -> None:
        now_ns = self.store.now_ns()
        if not self._due(now_ns):
            return
        self._ordered_for = (
            *(self.order_index, self.reverse, self.hide_ended, self._filter),
            self.store.membership,
        )
        self._ordered_ns = now_ns
        self._ordered_version = self.store.version
        self._ordered_count = len(self.store)
        listed = self._kept if self.held else self.store.newest_first()
        self._measure(listed)
        if self.hide_ended:
            listed = [connection for connection in listed if not connection.ended]
        if self._filter is not None:
            passes = self._filter.connection
            listed = [connection for connection in listed if passes(connection, now_ns)]
        if self.order_index == 0:
            self.shown = listed[::-1] if self.reverse else list(listed)
        else:
            self.shown = ordered(listed, self.order, self.reverse, now_ns)

    def _measure(self, listed: list[Connection]) -> None:
        """Which columns have anything to say; one that had keeps its place."""
        if self._widest is not self.store.widest:
            self._widest = self.store.widest
            self._contents = {}
            self.marked.clear()
            self._wish = None  # another proxy's connections
        known = self._contents
        known["flow_id"] = max(
            [known.get("flow_id", 1), *(len(str(c.flow_id)) for c in listed[:1])]
        )
        known["app"] = max(
            chain(
                (known.get("app", 0),),
                (len(word) for word in map(app_words, {c.app for c in listed})),
            )
        )
        if not known.get("alerts"):
            known["alerts"] = 6 if any(c.alerts for c in listed) else 0
        if not known.get("rtt"):
            known["rtt"] = 6 if any(c.rtt_ms is not None for c in listed) else 0
        if not known.get("ratio"):
            known["ratio"] = 7 if any(c.deflate for c in listed) else 0

    def sync(self) -> None:
        self._reorder()
        if self.held:
            self.held_new = len(self.store.live.keys() - self._kept_ids)
        self._settle_selection()
        super().sync()

    def keep(self) -> None:
        """Stay on the connection that is selected now: the user does something with it."""
        self._wish = self._wish or self.selected

    def scrolled_by_user(self) -> None:
        self.keep()

    @property
    def _untouched(self) -> bool:
        """Nobody has chosen yet. A moving order is followed only while all come at once."""
        return self._wish is None and (not self.order.moving or not self.store.greeted)

    def _settle_selection(self) -> None:
        if self._untouched and self.shown and not self.held:
            self.cursor = 0
            self._jump(0)
            self._select(self.shown[0])
            return
        try:
            index = self.shown.index(self.selected) if self.selected is not None else -1
        except ValueError:
            index = -1
        if index >= 0:
            # the row moves with the connection, and the window with the row
            offset = index - self.cursor
            if offset and self.top <= self.cursor < self.top + self.page_height:
                self.cursor = index
                self._jump(self.top + offset)
            self.cursor = index
            return
        self.cursor = max(0, min(self.cursor, len(self.shown) - 1))
        self._select(self.shown[self.cursor] if self.shown else None)

    def _select(self, connection: Connection | None) -> None:
        if connection is not self.selected:
            self.selected = connection
            self.post_message(self.Selected(connection))

    def select(self, flow_id: int) -> bool:
        """Put the cursor on a connection; False if it is not shown."""
        for index, connection in enumerate(self.shown):
            if connection.flow_id == flow_id:
                self.move_to(index)
                return True
        return False

    def move_to(self, index: int) -> None:
        super().move_to(index)
        self._still_until_ns = self.store.now_ns() + _STILL_AFTER_MOVE_NS
        if self.shown:
            self._wish = self.shown[self.cursor]
            self._select(self._wish)

    # Drawing

    def count(self) -> int:
        return len(self.shown)

    def placed(self, width: int) -> tuple[Placed, ...]:
        contents = tuple((self.store.widest | self._contents).items())
        return lay_out(adapted(self.choice.columns(), contents), width - 2 * MARGIN)

    def note(self, key: str) -> str:
        note = super().note(key)
        empty = (self.store.widest | self._contents).get(key) == 0
        return "nothing to show yet" if note and empty else note

    def header(self, width: int) -> list[Segment] | None:
        if not self.shown:
            return None
        mark = "▾" if self.order.largest_first is not self.reverse else "▴"
        return titles(
            self.placed(width), self.palette.label, self.order.column, mark, self.palette.title
        )

    def empty(self, y: int, width: int) -> list[Segment]:
        if len(self.store):
            lines = guide.centred(self._why_empty(), width, self.size.height)
        elif (lost := self.lost()) is not None:
            lines = guide.centred(lost, width, self.size.height)
        else:
            lines = guide.guide(self.store.hello, self.palette, width, self.size.height)
        return lines[y] if y < len(lines) else []

    def _why_empty(self) -> list[guide.Row]:
        if self._filter is not None and not (self.hide_ended and not self.store.live):
            return guide.filtered_out(self.total, "connections", self._filter.text, self.palette)
        return guide.all_ended(self.total, self.palette)

    def segments(self, index: int, width: int) -> list[Segment]:
        connection = self.shown[index]
        now_ns = self.store.now_ns()
        placed = self.placed(width)
        cells = [DRAW[place.column.key](connection, self.palette, now_ns) for place in placed]
        marked = self.palette.mark if connection.flow_id in self.marked else None
        return row(placed, cells, marked)
