"""Every order sorts by what it says, and keeps equal ones in place."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wsinspect.tui.data.connection import NS, Connection, State
from wsinspect.tui.data.ordering import BY_COLUMN, ORDERS, Order, ordered
from wsinspect.tui.data.wire import CloseFacts, OpenFacts
from wsinspect.tui.draw.connection_columns import COLUMNS

NOW_NS = 1_795_356_000 * NS
small = st.integers(0, 3)


@st.composite
def connections(draw: st.DrawFn) -> Connection:
    c = Connection(draw(st.integers(1, 9)))
    c.state = draw(st.sampled_from([State.OPEN, State.CLEAN, State.UNCLEAN]))
    c.facts = OpenFacts(host=draw(st.sampled_from(["a", "b", None])), uri=f"/{draw(small)}")
    c.opened_ns = NOW_NS - draw(small) * NS
    c.last_frame_ns = NOW_NS - draw(small) * NS
    c.to_server, c.to_client = (draw(small),) * 4, (draw(small),) * 4
    c.message_bytes, c.deflate = (draw(small), 0), draw(st.booleans())
    c.rtt_ms = draw(st.none() | st.floats(0, 9))
    c.alerts = draw(small)
    if c.ended:
        c.ended_ns = NOW_NS
        c.close = CloseFacts(code_observed=draw(st.sampled_from([None, 1000, 1006])))
    for second in range(3):
        c.activity.add(NOW_NS // NS - second, draw(small))
    return c


@given(st.lists(connections(), max_size=12), st.sampled_from(ORDERS), st.booleans())
def test_sorted_and_stable(listed: list[Connection], order: Order, reverse: bool) -> None:
    got = ordered(listed, order, reverse, NOW_NS)
    assert sorted(map(id, got)) == sorted(map(id, listed))
    largest_first = order.largest_first is not reverse
    place = {id(c): at for at, c in enumerate(listed)}
    for one, two in pairwise(got):
        a, b = order.measure(one, NOW_NS), order.measure(two, NOW_NS)
        if a == b:
            assert place[id(one)] < place[id(two)]
        else:
            assert (a > b) is largest_first  # type: ignore[operator]  # one order, one type


def test_every_column_can_be_sorted_by() -> None:
    assert {column.key for column in COLUMNS} == set(BY_COLUMN)
