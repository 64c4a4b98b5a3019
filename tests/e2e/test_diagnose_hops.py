"""The diagnosis with real hops, real sockets, a real proxy – and the same from its log."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.e2e import test_hops
from tests.e2e.conftest import StartProxy
from tests.e2e.test_hops import HOPS, NGINX, running_hop
from tests.support.echo import echo_server
from tests.support.proxy import ROOT, ProxyProcess, environment

WITHOUT_UPGRADE = "\n".join(line for line in NGINX.splitlines() if "pgrade" not in line)
WITHOUT_ANYTHING = WITHOUT_UPGRADE.replace("proxy_http_version 1.1;", "")  # many have that

Event = dict[str, Any]


def report(proxy: ProxyProcess, *args: str) -> str:
    """What ``wsinspect report`` prints of the proxy's log, once the proxy has ended."""
    command = [sys.executable, "-m", "wsinspect", "report", str(proxy.log_path), *args]
    run = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def diagnosed(proxy: ProxyProcess) -> dict[str, Event]:
    """The diagnoses of a stopped proxy by kind: told live, and the same in the report."""
    live: dict[str, Event] = {}
    for event in proxy.log():
        if event["event_type"] == "ws_diagnosis":
            live[event["diagnosis"]["id"]] = event["diagnosis"]
    reported = json.loads(report(proxy, "--json"))["diagnoses"]

    def keys(found: Any) -> Counter[tuple[Any, ...]]:
        return Counter(
            (one["kind"], one["confidence"], one["host"], one["count"], one["say"]) for one in found
        )

    assert keys(reported) == keys(live.values())
    return {one["kind"]: one for one in reported}


async def clients(port: int, count: int, path: str = "/idle") -> list[ClientConnection]:
    url = f"ws://127.0.0.1:{port}{path}"
    return [await connect(url, proxy=None, ping_interval=None) for _ in range(count)]


async def until_closed(connections: list[ClientConnection]) -> None:
    async with asyncio.timeout(30):
        await asyncio.gather(*(one.wait_closed() for one in connections))


@asynccontextmanager
async def server_of(connections: set[ServerConnection], **options: Any) -> AsyncIterator[int]:
    """An echo server whose connections can be reached."""

    async def handle(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            async for message in connection:
                await connection.send(message)
        except ConnectionClosed:
            pass
        finally:
            connections.discard(connection)

    async with serve(handle, "127.0.0.1", 0, ping_interval=None, **options) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@HOPS
async def test_an_idle_timeout_of_three_seconds(
    start_proxy: StartProxy, tmp_path: Path, name: str
) -> None:
    async with echo_server() as port:
        with running_hop(name, tmp_path, port, timeout_s=3) as hop:
            proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{hop}")
            opened = []
            for number in range(6):  # they fall silent at different ages
                (client,) = await clients(proxy.port, 1)
                opened.append(client)
                for _ in range(number % 3 + 1):
                    await client.send("hello")
                    await client.recv()
                    await asyncio.sleep(0.15)
            await until_closed(opened)
            proxy.stop()
    found = diagnosed(proxy)
    assert set(found) == {"idle-cut"}
    cut = found["idle-cut"]
    assert cut["count"] == 6
    assert cut["confidence"] in ("medium", "high")
    assert 2.9 <= cut["evidence"]["idle_s"] <= 3.3
    assert cut["evidence"]["ping_below_s"] <= 2.6
    assert cut["candidates"] == []  # nobody's default
    assert cut["paths"][0]["path"] == "/idle"
    assert "3.0" in cut["say"] or "look for an idle timeout" in cut["say"]


LEVELS = (
    ("--record", "connections"),
    ("--record", "messages", "--payloads", "preview"),
    ("--record", "frames"),
    ("--record", "all", "--payloads", "full"),
)


@HOPS
async def test_a_log_of_any_level_says_the_same(
    start_proxy: StartProxy, tmp_path: Path, name: str
) -> None:
    """The same traffic through a proxy of each level: messages in fragments, cut when idle."""
    async with echo_server() as port:
        with running_hop(name, tmp_path, port, timeout_s=3) as hop:
            mode = ("--mode", f"reverse:http://127.0.0.1:{hop}")
            proxies = [start_proxy(*mode, *level) for level in LEVELS]
            opened = []
            for number in range(4):
                for proxy in proxies:
                    (client,) = await clients(proxy.port, 1)
                    opened.append(client)
                    await client.send(["x" * 20_000, "y" * (10_000 * number), "z"])
                    assert len(await client.recv()) == 20_001 + 10_000 * number
                await asyncio.sleep(0.15)
            await until_closed(opened)
            for proxy in proxies:
                proxy.stop()
    documents = []
    for proxy in proxies:
        found = diagnosed(proxy)
        assert set(found) == {"idle-cut"}
        assert found["idle-cut"]["count"] == 4
        document = json.loads(report(proxy, "--json"))
        (cut,) = document["diagnoses"]
        for timed in ("connection_s", "host"):
            document["meters"][0].pop(timed)
        documents.append(
            (
                [cut[name] for name in ("kind", "confidence", "count", "candidates", "flow_ids")],
                {key: document[key] for key in ("connections", "frames", "ends", "meters")},
                [{**one, "host": ""} for one in document["remarks"]],
            )
        )
    assert documents[0][2][0]["what"] == "fragments"
    assert all(one == documents[0] for one in documents)


@HOPS
async def test_in_step_they_are_no_crash(
    start_proxy: StartProxy, tmp_path: Path, name: str
) -> None:
    async with echo_server() as port:
        with running_hop(name, tmp_path, port, timeout_s=3) as hop:
            proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{hop}")
            opened = []
            for _ in range(12):
                opened += await clients(proxy.port, 1)
                await opened[-1].send("once")
                await asyncio.sleep(0.03)
            await until_closed(opened)
            proxy.stop()
    assert set(diagnosed(proxy)) == {"idle-cut"}


@pytest.mark.parametrize("config", [WITHOUT_UPGRADE, WITHOUT_ANYTHING], ids=["1.1", "default"])
async def test_nginx_without_the_upgrade_headers(
    start_proxy: StartProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    monkeypatch.setattr(test_hops, "NGINX", config)
    async with echo_server() as port:
        with running_hop("nginx", tmp_path, port) as hop:
            proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{hop}")
            for _ in range(3):
                with pytest.raises((InvalidStatus, InvalidMessage)):
                    await clients(proxy.port, 1, "/lost")
            proxy.stop()
    lost = diagnosed(proxy)["upgrade-lost"]
    assert lost["count"] == 3
    assert lost["confidence"] in ("medium", "high")
    assert lost["evidence"]["status"] in (200, 400, 426, 505)
    assert "behind this proxy a hop" in lost["say"]
    assert "/lost" in lost["say"]


async def test_nginx_in_front_of_us_loses_them_before_us(
    start_proxy: StartProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_hops, "NGINX", WITHOUT_UPGRADE)
    async with echo_server() as port:
        proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{port}")
        with running_hop("nginx", tmp_path, proxy.port) as hop:
            for _ in range(2):
                with pytest.raises((InvalidStatus, InvalidMessage)):
                    await clients(hop, 1, "/lost")
        proxy.stop()
    assert "between the client and here" in diagnosed(proxy)["upgrade-lost"]["say"]


async def test_our_own_hop_loses_nothing(start_proxy: StartProxy) -> None:
    """Two of us in a row: the second judges what the first sends, by the same rules."""
    async with echo_server() as port:
        second = start_proxy("--mode", f"reverse:http://127.0.0.1:{port}")
        first = start_proxy("--mode", f"reverse:http://127.0.0.1:{second.port}")
        for one in await clients(first.port, 3):
            await one.send("hello")
            assert await one.recv() == "hello"
            await one.close()
        for proxy in (first, second):
            proxy.stop()
            assert diagnosed(proxy) == {}
            assert json.loads(report(proxy, "--json"))["connections"] == 3


async def test_a_crash_and_the_herd_after_it(start_proxy: StartProxy) -> None:
    serving: set[ServerConnection] = set()
    async with server_of(serving) as port:
        proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{port}")
        opened = await clients(proxy.port, 40, "/herd")
        await asyncio.sleep(1.5)
        for connection in list(serving):
            connection.transport.abort()
        await until_closed(opened)
        again = await asyncio.gather(*(clients(proxy.port, 1, "/herd") for _ in range(40)))
        for (one,) in again:
            await one.close()
        proxy.stop()
    found = diagnosed(proxy)
    assert set(found) == {"crash", "reconnect-storm"}
    assert found["crash"]["count"] == 40
    assert found["reconnect-storm"]["evidence"]["peak_per_s"] >= 20
    assert "40 connections of 40" in report(proxy)


async def test_one_message_to_all(start_proxy: StartProxy) -> None:
    serving: set[ServerConnection] = set()
    async with server_of(serving) as port:
        proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{port}")
        opened = await clients(proxy.port, 20)
        await asyncio.sleep(2.3)  # what comes right after the handshake is a greeting
        for connection in list(serving):
            await connection.send('{"event":"news","text":"to all of you"}')
            await asyncio.sleep(0.01)
        for one in opened:
            await one.recv()
        await asyncio.sleep(2.5)
        for one in opened:
            await one.close()
        proxy.stop()
    found = diagnosed(proxy)
    assert set(found) == {"fan-out"}
    assert found["fan-out"]["count"] == 20
    assert found["fan-out"]["confidence"] == "low"
    assert 150 <= found["fan-out"]["evidence"]["skew_ms"] <= 1500


async def test_1009_names_the_size(start_proxy: StartProxy) -> None:
    async with server_of(set(), max_size=50_000) as port:
        proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{port}")
        for _ in range(2):
            (client,) = await clients(proxy.port, 1)
            await client.send("x" * 200_000)
            with pytest.raises(ConnectionClosed):
                await client.recv()
        proxy.stop()
    large = diagnosed(proxy)["oversize"]
    assert large["count"] == 2
    assert large["evidence"]["payload_len"] == 200_000
    assert {one["hop"] for one in large["candidates"]} == {
        "AWS API Gateway frame",
        "AWS API Gateway message",
    }


async def test_a_cookie_session_that_moves_and_its_name_is_nowhere(
    start_proxy: StartProxy,
) -> None:
    async with echo_server() as one, echo_server() as other:
        proxy = start_proxy()
        for number in range(3):
            for port in (one, other):
                reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
                writer.write(
                    f"GET http://127.0.0.1:{port}/s HTTP/1.1\r\nHost: app.example\r\n"
                    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    f"Cookie: theme=dark; sid=secret{number}\r\n\r\n".encode()
                )
                assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
                writer.close()
        proxy.stop()
    sticky = diagnosed(proxy)["sticky-broken"]
    assert sticky["count"] == 3
    assert "secret" not in proxy.log_path.read_text()


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_meters_equal_what_a_client_counts(
    start_proxy: StartProxy, compression: str | None
) -> None:
    """Two users over SOCKS5 with a password: each authentication counts once."""
    async with server_of(set(), compression=compression) as port:
        proxy = start_proxy("--mode", "socks5", "--set", "proxyauth=any")
        messages = ["x" * 10, "compress me " * 100, "ü"]
        for user, count in (("ann", 3), ("bob", 1)):
            for _ in range(count):
                async with connect(
                    f"ws://127.0.0.1:{port}/meter",
                    proxy=f"socks5://{user}:secret@127.0.0.1:{proxy.port}",
                    compression=compression,
                    ping_interval=None,
                ) as client:
                    for message in messages:
                        await client.send(message)
                        await client.recv()
        proxy.stop()
    lines = [event["ws"] for event in proxy.log() if event["event_type"] == "websocket"]
    rows = {
        one["user"]: one for one in json.loads(report(proxy, "--meters", "json", "--by", "user"))
    }
    assert {user: row["connections"] for user, row in rows.items()} == {"ann": 3, "bob": 1}
    assert rows["ann"]["to_server"]["messages"] == 9
    assert rows["bob"]["to_server"]["messages"] == 3
    for direction in ("to_server", "to_client"):
        on_wire = sum(one["frame_len"] for one in lines if one["direction"] == direction)
        assert sum(row[direction]["wire_bytes"] for row in rows.values()) == on_wire
    if compression is None:
        sent = sum(len(message.encode()) for message in messages) + 2  # and the Close's code
        assert rows["bob"]["to_server"]["payload_bytes"] == sent
    table = report(proxy, "--meters", "csv", "--by", "connection").splitlines()
    assert len(table) == 5
    assert "secret" not in proxy.log_path.read_text()
