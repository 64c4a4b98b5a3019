"""The meters' bounds: a peer or a rule file cannot make labels without end."""

from __future__ import annotations

from tests.support.facts import NOW_NS, make_connection
from wsinspect.model.events import Alert
from wsinspect.sinks.metrics import MeteredHub, exposition


def alert(rule: str) -> Alert:
    return Alert(
        signature="x", rule=rule, severity="low", action="allowed", disposition="logged", hits=[],
        hits_total=1,
    )  # fmt: skip


def test_rules_beyond_the_limit_are_other() -> None:
    hub = MeteredHub()
    connection = make_connection()
    for number in range(700):
        hub.alert(connection, NOW_NS, alert(f"rule-{number}"))
    hub.alert(connection, NOW_NS, alert("rule-3"))
    page = exposition(hub, versions={})
    lines = [line for line in page.splitlines() if line.startswith("wsinspect_alerts_total{")]
    assert len(lines) == 501
    assert 'wsinspect_alerts_total{rule="other",severity="low",action="allowed"} 200' in lines
    assert 'wsinspect_alerts_total{rule="rule-3",severity="low",action="allowed"} 2' in lines


def test_a_connection_is_counted_once_however_often_it_is_closed() -> None:
    hub = MeteredHub()
    connection = make_connection()
    hub.opened(connection, 101)
    connection.to_server.walk(b"\x81\x82\0\0\0\0hi")
    connection.ends(NOW_NS).socket_end("client", reset=True)
    before = exposition(hub, versions={})
    hub.closed(connection)
    hub.closed(connection)
    page = exposition(hub, versions={})
    for text in (before, page):  # live or ended: the totals are the same
        assert 'wsinspect_payload_bytes_total{direction="to_server"} 2' in text
        assert 'wsinspect_wire_bytes_total{direction="to_server"} 8' in text
        assert 'wsinspect_messages_total{direction="to_server"} 1' in text
    assert "wsinspect_connections_open 1" in before
    assert "wsinspect_connections_open 0" in page
    assert 'wsinspect_closes_total{code="1006",cause="rst",initiator="client"} 1' in page


def test_an_impossible_status_is_other() -> None:
    hub = MeteredHub()
    hub.opened(make_connection(), 999)
    assert 'wsinspect_handshakes_total{status="other"} 1' in exposition(hub, versions={})
