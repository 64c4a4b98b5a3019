"""The dashboards' socket: exact, private, and never a burden to the traffic."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.sinks.conftest import HELLO, WELCOME, Bench
from tests.sinks.dashboards import DASHBOARDS, attach, is_frames, is_totals, serving
from tests.support.raw import BINARY, KEY, TEXT, frame
from wsinspect.relay.relay import Relay
from wsinspect.sinks import client as client_module
from wsinspect.sinks import dashboard as dashboard_module
from wsinspect.sinks.dashboard import DashboardServer, running_sockets, runtime_dir

MakeBench = Callable[..., Bench]


@pytest.fixture(autouse=True)
async def all_closed() -> AsyncIterator[None]:
    yield
    for client in DASHBOARDS:
        client.writer.transport.abort()
    DASHBOARDS.clear()
    await asyncio.sleep(0.01)


@pytest.fixture
async def one(bench: MakeBench) -> Bench:
    return bench(record="connections")


@pytest.fixture
async def server(one: Bench, tmp_path: Path) -> AsyncIterator[DashboardServer]:
    async with serving(one, tmp_path / "s") as running:
        yield running


# --- attaching ---


async def test_hello_comes_first(one: Bench, server: DashboardServer) -> None:
    one.connect()
    client = await attach(server)
    hello = await client.next()
    assert hello["type"] == "hello"
    assert hello["pid"] == os.getpid()
    assert hello["schema_version"] == 1
    assert (hello["listen"], hello["mode"]) == (["127.0.0.1:1"], ["regular"])
    assert hello["version"]


async def test_the_snapshot_has_the_past_and_the_present(
    one: Bench, server: DashboardServer
) -> None:
    """Ended connections with their ends, then the live ones, then exact totals of those."""
    ended, live = one.connect(), one.connect()
    live.to_server.receive(HELLO * 3)
    live.to_client.receive(WELCOME)
    one.close(ended)
    client = await attach(server)
    totals = await client.until(is_totals)
    kinds = [(m.get("event_type"), m["flow_id"]) for m in client.seen if "event_type" in m]
    assert kinds == [("ws_open", 1), ("ws_close", 1), ("ws_open", 2)]
    assert [row[0] for row in totals["rows"]] == [2]
    assert totals["rows"][0][1:10] == [
        *(3, 15, 3 * len(HELLO)),
        *(1, 7, len(WELCOME)),
        *(3, 1, 1),
    ]
    assert totals["rows"][0][10:12] == [TEXT, live.connection.last_frame_ns]


async def test_all_of_many_are_told_under_mitmproxys_eager_tasks(
    one: Bench, server: DashboardServer
) -> None:
    """mitmproxy starts tasks at once: the greeting ended after its first 25 connections."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    for _ in range(60):
        one.connect()
    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        client = await attach(server)
        told = 0
        async with asyncio.timeout(5):
            while told < 60:
                told += (await client.next()).get("event_type") == "ws_open"
    finally:
        loop.set_task_factory(before)


async def test_events_are_the_logs_own_lines(bench: MakeBench, tmp_path: Path) -> None:
    one = bench(record="connections")
    async with serving(one, tmp_path / "s") as server:
        client = await attach(server)
        await client.next()
        one.close(one.connect())
        await client.until(lambda m: m.get("event_type") == "ws_close")
        one.clock.advance(10)
        one.hub.tick()
        await client.until(lambda m: m.get("event_type") == "stats")
    told = [m for m in client.seen if "event_type" in m]
    assert told == [json.loads(line) for line in one.path.read_text().splitlines()][:3]


async def test_totals_are_exact_after_any_traffic(one: Bench, server: DashboardServer) -> None:
    relay, other = one.connect(), one.connect()
    client = await attach(server)
    await client.until(is_totals)
    count = 0
    for _ in range(30):
        relay.to_server.receive(HELLO * 7)
        count += 7
        await asyncio.sleep(0.005)
    await client.until(lambda _: (client.totals(1) or [0, 0])[1] == count)
    assert (client.totals(1) or [])[1:4] == [count, 5 * count, len(HELLO) * count]
    rows = [row for m in client.seen[4:] if is_totals(m) for row in m["rows"]]
    assert {row[0] for row in rows} == {1}, "a connection that did not change was sent again"
    assert other.connection.flow_id == 2


async def test_the_last_totals_come_before_the_close(one: Bench, server: DashboardServer) -> None:
    relay = one.connect()
    client = await attach(server)
    await client.next()
    relay.to_server.receive(HELLO * 9)
    one.close(relay)
    await client.until(lambda m: m.get("event_type") == "ws_close")
    assert (client.totals(1) or [0, 0])[1] == 9


async def test_a_problem_is_told(
    one: Bench, server: DashboardServer, capsys: pytest.CaptureFixture[str]
) -> None:
    client = await attach(server)
    await client.next()
    one.hub.problem("the disk is full")
    assert await client.until(lambda m: m.get("type") == "problem") == {
        "type": "problem",
        "say": "the disk is full",
    }
    assert capsys.readouterr().err == "wsinspect: the disk is full\n"


# --- watching ---


async def test_watching_gives_the_recent_frames_and_then_the_live_ones(
    one: Bench, server: DashboardServer
) -> None:
    relay, other = one.connect(), one.connect()
    relay.to_server.receive(HELLO * 3)
    other.to_server.receive(HELLO * 5)
    client = await attach(server)
    client.send({"type": "watch", "flow_id": 1})
    first = await client.until(is_frames)
    assert first["flow_id"] == 1
    assert [row[1:] for row in first["rows"]] == [
        [0, seq, 0x81, int.from_bytes(KEY), 5, len(HELLO), None, "aGVsbG8="] for seq in range(3)
    ]
    relay.to_client.receive(frame(BINARY, bytes(range(256)) * 4))
    other.to_client.receive(WELCOME)
    live = await client.until(is_frames)
    assert len(live["rows"]) == 1
    row = live["rows"][0]
    assert row[1:8] == [1, 0, 0x82, None, 1024, 1028, None]
    assert base64.b64decode(row[8]) == (bytes(range(256)) * 4)[:512]
    assert not first["skipped"]
    assert not live["skipped"]


async def test_a_payload_stands_at_its_own_frame_alone(one: Bench, server: DashboardServer) -> None:
    """What passed unwatched while much passed has none, also not one that comes later."""
    one.hub.keeping.end()
    relay = one.connect()
    for _ in range(3):
        relay.to_server.receive(HELLO)
    client = await attach(server)
    client.send({"type": "watch", "flow_id": 1})
    await client.until(is_frames)
    relay.to_server.receive(HELLO)
    await client.until(is_frames)
    again = await attach(server)
    again.send({"type": "watch", "flow_id": 1})
    rows = (await again.until(is_frames))["rows"]
    while len(rows) < 4:
        rows += (await again.until(is_frames))["rows"]
    assert [row[8] is not None for row in rows] == [False, False, False, True]


async def test_shown_and_skipped_frames_are_all_frames(one: Bench, server: DashboardServer) -> None:
    relay = one.connect()
    client = await attach(server)
    client.send({"type": "watch", "flow_id": 1})
    await asyncio.sleep(0.1)
    total = 0
    for size in (10, 399, 400, 401, 5000, 1, 0, 20_000):
        relay.to_server.receive(HELLO * size)
        relay.to_client.receive(WELCOME * (size // 2))
        total += size + size // 2
        if size % 2:
            await asyncio.sleep(0.06)
    shown = skipped = 0
    while shown + skipped < total:
        message = await client.until(is_frames)
        shown += len(message["rows"])
        skipped += message["skipped"]
        assert len(message["rows"]) <= client_module.ROWS_A_TICK
    assert shown + skipped == total
    assert skipped > 0
    assert relay.connection.to_server.frames + relay.connection.to_client.frames == total
    for direction in (0, 1):
        seqs = [r[2] for m in client.seen if is_frames(m) for r in m["rows"] if r[1] == direction]
        assert seqs == sorted(set(seqs))


async def test_no_previews_are_made_that_nobody_sees(one: Bench, server: DashboardServer) -> None:
    one.hub.keeping.end()
    relays = [one.connect(), one.connect()]
    client = await attach(server)
    await client.until(is_totals)
    seen = []
    for flow_id in (1, 2, None, 1, "gone"):
        if flow_id == "gone":
            client.writer.close()
        else:
            client.send({"type": "watch", "flow_id": flow_id})
        await asyncio.sleep(0.1)
        seen.append([relay.connection.to_server.preview for relay in relays])
    off = [False, False]
    assert seen == [[True, False], [False, True], off, [True, False], off]
    assert one.hub.viewer is None


async def test_two_dashboards_see_their_own(one: Bench, server: DashboardServer) -> None:
    relays = [one.connect(), one.connect()]
    clients = [await attach(server), await attach(server)]
    for number, client in enumerate(clients, 1):
        client.send({"type": "watch", "flow_id": number})
        await client.until(is_totals)
    await asyncio.sleep(0.05)
    for relay in relays:
        relay.to_server.receive(HELLO)
    for number, client in enumerate(clients, 1):
        assert (await client.until(is_frames))["flow_id"] == number
    clients[0].writer.close()
    await asyncio.sleep(0.05)
    relays[1].to_server.receive(HELLO)
    assert (await clients[1].until(is_frames))["rows"][0][2] == 1


# --- dashboards that misbehave ---


@pytest.mark.parametrize(
    "garbage",
    ["", "{", "[1,2]", "null", '"watch"', '{"type":"watch"}', '{"type":"watch","flow_id":"x"}',
     '{"type":"watch","flow_id":true}', '{"type":"watch","flow_id":-1}',
     '{"type":"watch","flow_id":1e99}', '{"type":["watch"]}', '{"type":"frames"}', "\0\xff"],
)  # fmt: skip
async def test_garbage_is_passed_over(one: Bench, server: DashboardServer, garbage: str) -> None:
    relay = one.connect()
    client = await attach(server)
    client.send(garbage)
    client.send({"type": "watch", "flow_id": 1})
    await client.until(is_totals)
    await asyncio.sleep(0.02)
    relay.to_server.receive(HELLO)
    assert (await client.until(is_frames))["rows"]


async def test_a_line_that_never_ends_ends_the_dashboard(
    one: Bench, server: DashboardServer
) -> None:
    client = await attach(server)
    await client.next()
    client.writer.write(b"x" * (dashboard_module._LINE_LIMIT * 3))
    with pytest.raises((EOFError, ConnectionError)):
        await client.until(lambda _: False)
    await asyncio.sleep(0.02)
    assert one.hub.viewer is None


async def test_detach_and_vanishing(one: Bench, server: DashboardServer) -> None:
    client, other = await attach(server), await attach(server)
    await client.next()
    await other.next()
    client.send({"type": "detach"})
    with pytest.raises(EOFError):
        await client.until(lambda _: False)
    assert server == one.hub.viewer
    other.writer.transport.abort()
    for _ in range(5):
        one.connect()
        await asyncio.sleep(0.02)
    assert one.hub.viewer is None


def busy(relay: Relay) -> None:
    relay.to_server.receive(HELLO * 300)


async def test_a_dashboard_that_stops_reading_is_bounded_and_exact_when_it_comes_back(
    one: Bench, server: DashboardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "BUFFER_LIMIT", 50_000)
    relay = one.connect()
    client = await attach(server)
    client.send({"type": "watch", "flow_id": 1})
    await client.until(is_totals)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(1500):
        one.close(one.connect())  # each is a line for the dashboard
        busy(relay)
    await asyncio.sleep(0.06)
    (inside,) = server._clients
    assert inside.full
    assert inside.writer.transport.get_write_buffer_size() < 50_000 + 200_000
    assert len(inside.rows) <= client_module.ROWS_A_TICK
    assert len(inside.dirty) <= 1
    dropped = one.hub.stats().dashboard_dropped
    assert dropped > 0
    last = one.connect()
    last.to_client.receive(WELCOME)
    one.close(relay)
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    # It is told anew who is there, and how the others ended.
    await client.until(lambda m: m.get("type") == "hello")
    await client.until(lambda m: is_totals(m) and m["rows"][0][0] == last.connection.flow_id)
    closed = {m["flow_id"] for m in client.seen if m.get("event_type") == "ws_close"}
    assert 1 in closed
    assert (client.totals(last.connection.flow_id) or [0] * 9)[4] == 1


async def test_a_dashboard_that_is_slow_from_the_start(
    bench: MakeBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot itself is larger than what may wait."""
    monkeypatch.setattr(client_module, "BUFFER_LIMIT", 1000)
    one = bench(record="connections")
    relays = [one.connect() for _ in range(200)]
    async with serving(one, tmp_path / "s") as server:
        client = await attach(server)
        await client.until(is_totals)
        relays[7].to_server.receive(HELLO)
        await client.until(lambda _: (client.totals(8) or [0, 0])[1] == 1)


# --- the socket file ---


async def test_the_socket_is_private_whatever_the_umask(bench: MakeBench, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with serving(bench(), tmp_path / "s"):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
            assert os.umask(0) == 0, "the umask was not put back"
    finally:
        os.umask(before)
    assert not (tmp_path / "s").exists()


async def test_a_stale_socket_is_replaced(bench: MakeBench, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    async with serving(bench(), tmp_path / "s") as server:
        assert (await (await attach(server)).next())["type"] == "hello"


async def test_a_living_proxys_socket_is_not_taken(bench: MakeBench, tmp_path: Path) -> None:
    async with serving(bench(), tmp_path / "s") as first:
        second = DashboardServer(bench().hub, dict)
        with pytest.raises(OSError, match="another proxy"):
            await second.start(str(tmp_path / "s"))
        second.stop()
        assert (await (await attach(first)).next())["type"] == "hello"


async def test_a_file_is_not_replaced(bench: MakeBench, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    server = DashboardServer(bench().hub, dict)
    with pytest.raises(OSError, match="s"):
        await server.start(str(tmp_path / "s"))
    server.stop()
    assert (tmp_path / "s").read_text() == "precious"


def test_the_runtime_directory_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "wsinspect").mkdir(mode=0o777)
    (tmp_path / "wsinspect").chmod(0o777)
    assert runtime_dir() == tmp_path / "wsinspect"
    assert stat.S_IMODE((tmp_path / "wsinspect").stat().st_mode) == 0o700


def test_the_runtime_directory_without_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = runtime_dir()
    assert path == tmp_path / f"wsinspect-{os.getuid()}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_planted_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "other").mkdir()
    (tmp_path / "wsinspect").symlink_to(tmp_path / "other")
    with pytest.raises(PermissionError):
        runtime_dir()


def test_sockets_of_the_dead_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = runtime_dir()
    with socket.socket(socket.AF_UNIX) as dead, socket.socket(socket.AF_UNIX) as live:
        dead.bind(str(folder / f"{os.getpid()}.sock"))  # also if its pid is in use again
        live.bind(str(folder / "99999999.sock"))
        live.listen()
        assert running_sockets() == [folder / "99999999.sock"]
    assert running_sockets() == []
    assert list(folder.iterdir()) == []


async def test_what_a_dashboard_missed_is_counted_when_it_has_gone(
    one: Bench, server: DashboardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await attach(server)
    await client.until(lambda m: m.get("type") == "hello")
    monkeypatch.setattr(client_module, "BUFFER_LIMIT", -1)
    one.connect()
    assert one.hub.stats().dashboard_dropped == 1
    client.writer.transport.abort()
    while one.hub.viewer is not None:
        await asyncio.sleep(0.01)
    assert one.hub.stats().dashboard_dropped == 1


async def test_a_dashboard_that_was_cut_off_is_told_so(
    one: Bench, server: DashboardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the end of its socket; it may come back, and is told anew who is there."""
    relay = one.connect()
    client = await attach(server)
    await client.until(lambda m: m.get("type") == "hello")
    with monkeypatch.context() as patch:
        patch.setattr(server, "_to_all", lambda lines: 1 / 0)
        busy(relay)
        one.connect()
        assert one.hub.viewer is None
    with pytest.raises((EOFError, ConnectionError)):
        await client.until(lambda _: False)
    again = await attach(server)
    await again.until(lambda m: m.get("flow_id") == 2)
    assert one.hub.viewer is not None
