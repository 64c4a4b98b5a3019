"""Who talks most, of those that live and those that ended."""

from __future__ import annotations

from tests.support.fake_story import NS, T0_NS, closed, hello, opened, totals_row, way
from tests.tui.data.test_store import told, totals
from wsinspect.tui.data import talkers
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.talkers import NAMES_MAX, REST, Talkers


def test_bytes_and_time_of_hosts_and_clients() -> None:
    store = told(
        hello(),
        opened(1, T0_NS - 3600 * NS, "quiet", "/", src_ip="10.0.0.1"),
        opened(2, T0_NS - 10 * NS, "loud", "/", src_ip="10.0.0.2"),
        opened(3, T0_NS - 60 * NS, "loud", "/", src_ip="10.0.0.1"),
        totals(totals_row(2, 50, 50, (0, 1), T0_NS)),
        closed(3, T0_NS, 1000, "client", to_server=way(5, 10), age_s=60.0),
    )
    loud, quiet = store.talkers(T0_NS)
    assert (loud.name, loud.connections, loud.live, loud.frames) == ("loud", 2, 1, 105)
    assert loud.bytes == 50 * 96 + 50 * 92 + 5 * 16
    assert (quiet.name, quiet.bytes) == ("quiet", 0)
    assert [t.name for t in store.talkers(T0_NS, "time")] == ["quiet", "loud"]
    assert store.talkers(T0_NS, "time")[0].connection_hours == 1
    clients = {t.name: t.connections for t in store.talkers(T0_NS, "bytes", "client")}
    assert clients == {"10.0.0.1": 2, "10.0.0.2": 1}


def test_names_are_bounded_and_no_byte_is_lost() -> None:
    sums = Talkers()
    for number in range(NAMES_MAX + 50):
        connection = Connection(number)
        connection.server = f"host{number}"
        connection.to_server = (1, 1, 7, 1)
        sums.ended(connection)
    top = sums.top([], T0_NS)
    assert (top[0].name, top[0].bytes) == (REST, 7 * 50)
    assert len(top) == talkers.TOP
