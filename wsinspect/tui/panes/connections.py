"""The connection list. Owns order, selection and what a row says; reads the store."""

from rich.segment import Segment
from textual.message import Message

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.ordering import BY_COLUMN, ORDERS, Order, ordered
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw.columns import Placed, adapted, column_at, lay_out
from wsinspect.tui.draw.connection_columns import COLUMNS, DRAW
from wsinspect.tui.draw.guide import guide
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.rows import MARGIN, row, titles
from wsinspect.tui.panes.lines import LinesView

_STILL_AFTER_MOVE_NS = 1_500_000_000  # a moving order keeps still this long under the cursor


class ConnectionsView(LinesView):
    """One row a connection. `selected` stays on its connection whatever the order does."""

    class Selected(Message):
        """Another connection was chosen, or none is left."""

        def __init__(self, connection: Connection | None) -> None:
            super().__init__()
            self.connection = connection

    class Ordered(Message):
        """The order was changed by a click."""

    def __init__(self, store: Store, palette: Palette) -> None:
        super().__init__(palette, id="connections")
        self.store = store
        self.shown: list[Connection] = []
        self.selected: Connection | None = None
        self.order_index = 0
        self.reverse = False
        self.hide_ended = False
        self.held = False
        self.held_new = 0
        self._ordered_for: object = None
        self._still_until_ns = 0

    @property
    def order(self) -> Order:
        return ORDERS[self.order_index]

    # Changing what is shown

    def set_order(self, index: int, reverse: bool = False) -> None:
        self.order_index = index % len(ORDERS)
        self.reverse = reverse
        self._still_until_ns = 0
        self.sync()

    def header_pressed(self, x: int) -> None:
        column = column_at(self._placed(self.size.width), x - MARGIN)
        index = BY_COLUMN.get(column.key) if column is not None else None
        if index is not None:
            self.set_order(index, not self.reverse if index == self.order_index else False)
            self.post_message(self.Ordered())

    def hold(self, held: bool) -> None:
        """Keep rows and order as they are, and count what is new."""
        self.held = held
        self.sync()

    def _reorder(self) -> None:
        now_ns = self.store.now_ns()
        if self.held or (self.order.moving and now_ns < self._still_until_ns):
            return
        moment = now_ns if self.order.moving else 0
        wanted = (self.store.membership, self.order_index, self.reverse, self.hide_ended, moment)
        if wanted == self._ordered_for:
            return
        self._ordered_for = wanted
        newest = self.store.newest_first()
        if self.hide_ended:
            newest = [connection for connection in newest if not connection.ended]
        if self.order_index == 0:
            self.shown = newest[::-1] if self.reverse else newest
        else:
            self.shown = ordered(newest, self.order, self.reverse, now_ns)

    def sync(self) -> None:
        self._reorder()
        if self.held:
            known = {connection.flow_id for connection in self.shown}
            self.held_new = sum(1 for flow_id in self.store.live if flow_id not in known)
        self._settle_selection()
        super().sync()

    def _settle_selection(self) -> None:
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

    def move_to(self, index: int) -> None:
        super().move_to(index)
        self._still_until_ns = self.store.now_ns() + _STILL_AFTER_MOVE_NS
        if self.shown:
            self._select(self.shown[self.cursor])

    # Drawing

    def count(self) -> int:
        return len(self.shown)

    def _placed(self, width: int) -> tuple[Placed, ...]:
        columns = adapted(COLUMNS, tuple(self.store.widest.items()))
        return lay_out(columns, width - 2 * MARGIN)

    def header(self, width: int) -> list[Segment] | None:
        if not self.shown:
            return None
        mark = "▾" if self.order.largest_first is not self.reverse else "▴"
        return titles(
            self._placed(width), self.palette.label, self.order.column, mark, self.palette.title
        )

    def empty(self, y: int, width: int) -> list[Segment]:
        if len(self.store):
            return (
                [Segment("  every connection has ended; e shows them", self.palette.label)][:1]
                if y == 1
                else []
            )
        lines = guide(self.store.hello, self.palette, width, self.size.height)
        return lines[y] if y < len(lines) else []

    def segments(self, index: int, width: int) -> list[Segment]:
        connection = self.shown[index]
        now_ns = self.store.now_ns()
        placed = self._placed(width)
        cells = [DRAW[place.column.key](connection, self.palette, now_ns) for place in placed]
        return row(placed, cells)
