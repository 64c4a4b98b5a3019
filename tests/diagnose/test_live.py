"""A running proxy's diagnoses, and those of its log at every level: all the same."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec import to_builtins

from tests.support.raw import BINARY, CONT, KEY, TEXT, close_frame, frame
from wsinspect.diagnose.report import Report, read_log
from wsinspect.model.connection import Connection
from wsinspect.model.events import envelope
from wsinspect.protocol.handshake import Request, Response, examine
from wsinspect.proxy.diagnosing import Diagnosing
from wsinspect.relay.relay import Relay
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.jsonl import JsonLog

Level = Literal["connections", "messages", "frames", "all"]
LEVELS: tuple[Level, ...] = ("connections", "messages", "frames", "all")
SECOND_NS = 1_000_000_000
KEYS = [
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
]
ACCEPT = (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


class Site:
    """A proxy's hub, log and diagnosis, without sockets; its clock is moved by hand."""

    def __init__(self, path: Path, level: Level, payloads: Literal["none", "full"]) -> None:
        self.now_ns = 1_795_352_400 * SECOND_NS
        log = JsonLog(str(path), direct=True, on_problem=print)
        self.hub = Hub(
            log=log, record=level, payloads=payloads, host="box", clock=lambda: self.now_ns
        )
        self.diagnosing = Diagnosing(self.hub, pong_deadline_ms=100, session_names=("sid",))
        self.count = 0

    def connect(self, host: bytes, uri: str, status: int = 101) -> Relay:
        self.count += 1
        ends = ("127.0.0.1", 40_000 + self.count), ("10.0.0.1", 9000)
        answer = [*KEYS[:2], ACCEPT] if status == 101 else []
        shake = examine(
            Request("GET", uri, "HTTP/1.1", [(b"Host", host), *KEYS]), Response(status, answer)
        )
        connection = Connection(
            self.count, *ends, shake, self.now_ns, envelope(self.count, *ends, "box")
        )
        self.hub.opened(connection, status)
        self.diagnosing.opened(connection, status)
        return Relay(connection, self.hub, clock=self.hub.clock)

    def end(self, relay: Relay) -> None:
        connection = relay.connection
        connection.ends(self.now_ns).socket_end("server", reset=False)
        self.diagnosing.ended(connection)
        self.hub.closed(connection)


def cut_up(payload: bytes, rand: random.Random) -> bytes:
    """A message in one frame, or in fragments of 16,384 bytes."""
    if len(payload) <= 16_384 or rand.random() < 0.5:
        return frame(BINARY, payload, mask=KEY)
    parts = [payload[at : at + 16_384] for at in range(0, len(payload), 16_384)]
    return b"".join(
        frame(CONT if number else BINARY, part, fin=number == len(parts) - 1, mask=KEY)
        for number, part in enumerate(parts)
    )


async def traffic(site: Site, seed: int) -> None:
    """Idle cuts, 1009, messages near a cap, lost upgrades, broken frames; some with no answer."""
    rand = random.Random(seed)
    second = SECOND_NS
    for number in range(12):
        relay = site.connect(b"cut.example", f"/ws/{number % 3}?v={number}")
        site.now_ns += rand.randint(1, 200) * second // 10
        relay.to_server.receive(frame(TEXT, b"hello", mask=KEY))
        if rand.random() < 0.5:
            relay.to_client.receive(frame(TEXT, b"hello"))
        site.now_ns += 60 * second + rand.randint(0, second // 2)
        site.diagnosing.tick()
        site.end(relay)
    for size in (20_000, 60_000, 130_000, 200_000):
        relay = site.connect(b"big.example", "/ws")
        relay.to_server.receive(frame(TEXT, b"small", mask=KEY))
        relay.to_server.receive(cut_up(bytes(size), rand))
        site.now_ns += second
        refused = size > 131_072
        relay.to_client.receive(close_frame(1009) if refused else frame(TEXT, b"got it"))
        site.end(relay)
    relay = site.connect(b"chat.example", "/socket.io/?EIO=4&transport=websocket")
    relay.to_server.receive(cut_up(bytes(rand.randint(800_000, 1_000_000)), rand))
    relay.to_client.receive(frame(TEXT, b"masked", mask=KEY))
    site.now_ns += second
    site.end(relay)
    for number in range(12):
        site.connect(b"lost.example", f"/{number}", 426)
        site.now_ns += second
    site.now_ns += 40 * second
    site.diagnosing.tick()


async def reports(
    folder: Path, seed: int, payloads: Literal["none", "full"] = "none"
) -> dict[Level, tuple[Report, list[dict[str, Any]]]]:
    """By level: the log's report, and what was told live."""
    found = {}
    for level in LEVELS:
        path = folder / f"{level}.jsonl"
        site = Site(path, level, payloads)
        await traffic(site, seed)
        site.diagnosing.finish()
        site.hub.end()
        live: dict[str, dict[str, Any]] = {}
        for line in path.read_bytes().splitlines():
            event = json.loads(line)
            if event["event_type"] == "ws_diagnosis":
                live[event["diagnosis"]["id"]] = event["diagnosis"]
        with path.open("rb") as file:
            lines = [line for line in file if b'"ws_diagnosis"' not in line]
        found[level] = read_log(lines), list(live.values())
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_live_and_the_log_of_every_level_say_the_same(tmp_path: Path, seed: int) -> None:
    found = await reports(tmp_path, seed)
    expected, live = found["all"]
    kinds = [one["kind"] for one in live]
    assert sorted(kinds) == ["idle-cut", "oversize", "oversize", "upgrade-lost"]
    for level, (report, told) in found.items():
        diagnoses = sorted(to_builtins(report.diagnoses), key=lambda one: str(one["id"]))
        assert diagnoses == sorted(told, key=lambda one: str(one["id"])), level
        assert report.as_json() == expected.as_json(), level
        assert report.violations == {"masked": 1}, level
        assert report.stopped.messages == 0, level
        assert ("unanswered", "cut.example") in {(one.what, one.host) for one in report.remarks}


async def test_payloads_change_nothing(tmp_path: Path) -> None:
    bare = await reports(tmp_path, 3)
    (tmp_path / "full").mkdir()
    full = await reports(tmp_path / "full", 3, "full")
    for level in LEVELS:
        assert full[level][0].as_json() == bare[level][0].as_json()
