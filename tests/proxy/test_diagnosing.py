"""The diagnosis of a running proxy: what it hears, and that it never touches traffic."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.raw import TEXT, frame
from wsinspect.model.connection import Connection
from wsinspect.model.diagnosis import Diagnosis
from wsinspect.model.events import envelope
from wsinspect.protocol.handshake import Request, Response, examine
from wsinspect.proxy.diagnosing import Diagnosing
from wsinspect.relay.relay import Relay
from wsinspect.sinks.hub import Hub

MASK = b"\x01\x02\x03\x04"


class Site:
    """A proxy's hub and diagnosis, without sockets."""

    def __init__(self, **options: Any) -> None:
        self.now_ns = 1_795_352_400_000_000_000
        self.hub = Hub(host="box", clock=lambda: self.now_ns)
        self.diagnosing = Diagnosing(
            self.hub, pong_deadline_ms=100, session_names=("sid",), **options
        )
        self.count = 0

    def connect(self, server: str = "10.0.0.1") -> Relay:
        self.count += 1
        self.now_ns += 10**9
        ends = ("127.0.0.1", 40_000), (server, 9000)
        asked = [
            (b"Host", b"app.example"),
            (b"Upgrade", b"websocket"),
            (b"Connection", b"Upgrade"),
        ]
        key = (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")
        version = (b"Sec-WebSocket-Version", b"13")
        accept = (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        shake = examine(
            Request("GET", "/ws", "HTTP/1.1", [*asked, key, version]),
            Response(101, [*asked[1:], accept]),
        )
        connection = Connection(
            self.count, *ends, shake, self.now_ns, envelope(self.count, *ends, "box")
        )
        self.hub.opened(connection, 101)
        self.diagnosing.opened(connection, 101)
        return Relay(connection, self.hub, clock=self.hub.clock)

    def end(self, relay: Relay) -> None:
        connection = relay.connection
        connection.ends(self.now_ns).socket_end("server", reset=False)
        self.diagnosing.ended(connection)
        self.hub.closed(connection)

    def found(self) -> list[Diagnosis]:
        return self.diagnosing._engine.findings.all()


async def test_a_session_in_a_first_message_that_goes_elsewhere() -> None:
    site = Site(session_path="auth.session")
    for session in range(4):
        for server in ("10.0.0.1", "10.0.0.2"):
            relay = site.connect(server)
            for text in (b"hello", b'{"auth":{"session":"geheim-%d"}}' % session):
                relay.to_server.receive(frame(TEXT, text, mask=MASK))
            site.end(relay)
    (found,) = site.found()
    assert (found.kind, found.count, found.confidence) == ("sticky-broken", 4, "medium")
    assert "geheim" not in repr(site.diagnosing._engine._sessions._sessions.keys())


async def test_a_session_that_returns_to_its_server_is_well() -> None:
    site = Site(session_path="auth.session")
    for _ in range(4):
        relay = site.connect()
        relay.to_server.receive(frame(TEXT, b'{"auth":{"session":"s"}}', mask=MASK))
        site.end(relay)
    assert site.found() == []


@pytest.mark.parametrize("missed", [0, 5])
async def test_numbers_tell_what_a_session_missed(missed: int) -> None:
    site = Site(session_path="sid", sequence_path="[1].seq")
    for session in range(3):
        number = 100
        for _ in range(2):
            relay = site.connect()
            relay.to_server.receive(frame(TEXT, b'{"sid":"s%d"}' % session, mask=MASK))
            for _ in range(10):
                number += 1
                relay.to_client.receive(frame(TEXT, b'42["tick",{"seq":%d}]' % number))
            number += missed
            site.end(relay)
    if not missed:
        assert site.found() == []
        return
    (found,) = site.found()
    assert (found.kind, found.count, found.confidence) == ("sticky-broken", 3, "medium")
    assert (found.evidence["missed"], found.evidence["missed_max"]) == (15, 5)
    assert "missed messages" in found.say


async def test_without_a_path_no_message_is_read() -> None:
    site = Site()
    relay = site.connect()
    assert not relay.to_server.reader.tell_messages
    assert not relay.to_server.reader.joiner.keep_payload


async def test_a_fault_in_the_diagnosis_is_told_once_and_touches_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(session_path="sid", sequence_path="seq")
    diagnosing = site.diagnosing
    relays = [site.connect() for _ in range(12)]
    diagnosing.tick()
    site.now_ns += 5 * 10**9

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("geheim")

    for name in ("opened", "ended", "session", "number", "advance", "due", "finish"):
        monkeypatch.setattr(diagnosing._engine, name, broken)
    monkeypatch.setattr(type(diagnosing.fan_outs.host("app.example")), "saw", broken)
    up = frame(TEXT, b'{"sid":"s"}', mask=MASK)
    down = frame(TEXT, b'{"seq":1,"more":"and more"}')
    for relay in relays:
        host, look = diagnosing.lookout(relay.connection)
        if host.on:
            look(down)
        assert relay.to_client.receive(down) == down
        assert relay.to_server.receive(up) == up
    assert not host.on  # nobody looks any more
    site.connect()
    diagnosing.tick()
    for relay in relays:
        site.end(relay)
    diagnosing.finish()
    assert site.hub.connections.keys() == {13}
    told = capsys.readouterr().err
    assert told.count("in the diagnosis") == 1
    assert "RuntimeError" in told
    assert "geheim" not in told


async def test_one_payload_to_all() -> None:
    site = Site()
    relays = [site.connect() for _ in range(12)]
    site.now_ns += 5 * 10**9
    site.diagnosing.tick()
    for number, relay in enumerate(relays):
        host, look = site.diagnosing.lookout(relay.connection)
        assert host.on
        site.now_ns += number * 10**6
        look(frame(TEXT, b"the same for everybody"))
    site.now_ns += 2 * 10**9
    site.diagnosing.tick()
    (found,) = site.found()
    assert (found.kind, found.count, found.evidence["skew_ms"]) == ("fan-out", 12, 66.0)
