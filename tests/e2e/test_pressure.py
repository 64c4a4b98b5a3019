"""What must not grow and what must not be cut: stopped receivers, idle connections, crowds."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import StartProxy
from tests.support.proxy import OTHER, ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import (
    BINARY,
    KEY,
    TEXT,
    RawPeer,
    dial,
    frame,
    raw_pair,
    raw_server,
    switching,
    upgrade_request,
)

MIB = 1 << 20


def resident_bytes(proxy: ProxyProcess) -> int:
    for line in Path(f"/proc/{proxy.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("sender", ["client", "server"])
async def test_a_stopped_receiver_stops_the_sender(start_proxy: StartProxy, sender: str) -> None:
    """The receiver reads nothing: the sender gets stuck and the proxy stays small; then all flows.

    No tap here: it would read on the receiver's behalf.
    """
    proxy = start_proxy()
    go = asyncio.Event()
    peers: list[RawPeer] = []

    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        peers.append(peer)
        await go.wait()

    async with raw_server(handler) as port:
        client = await dial(proxy.port, port)
        await client.send(upgrade_request("/stop", f"127.0.0.1:{port}"))
        await client.read_head()
        (server,) = peers
        first, second = (client, server) if sender == "client" else (server, client)
        mask = KEY if sender == "client" else None
        second.writer.transport.pause_reading()  # type: ignore[attr-defined]
        one = frame(BINARY, bytes(MIB), mask=mask)
        before = resident_bytes(proxy)
        sent = 0
        try:
            async with asyncio.timeout(20):
                while sent < 200:
                    first.writer.write(one)
                    sent += 1
                    async with asyncio.timeout(2):
                        await first.writer.drain()
        except TimeoutError:
            pass
        assert sent < 200, "the sender felt nothing"
        assert resident_bytes(proxy) - before < 32 * MIB
        second.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert await second.receive(sent * len(one)) == one * sent
        go.set()
        await client.close()
    found = await proxy.recorded("/stop")
    direction = found.close["to_server" if sender == "client" else "to_client"]
    assert direction["frames"] == direction["messages"] == sent


async def test_no_tcp_timeout_once_upgraded(start_proxy: StartProxy) -> None:
    """mitmproxy cuts idle connections after `tcp_timeout`; ours would be the culprit."""
    proxy = start_proxy("--set", "tcp_timeout=1")
    async with raw_pair(proxy.port, "/idle") as pair:
        await pair.greet()
        assert await pair.client.silent(4.0)
        await pair.greet()
        pair.client.finish()
        pair.server.finish()
        passage = await pair.tap.passage("/idle")
    found = await proxy.recorded("/idle")
    assert_log_is_what_the_tap_saw(found, passage)
    assert found.close["age_s"] >= 4


async def test_a_crowd(proxy: ProxyProcess, target: str) -> None:
    """Many connections open at once, each with its own flow."""

    async def one(number: int) -> int:
        uri = f"{target}&n={number}"
        async with raw_pair(proxy.port, uri) as pair:
            await pair.greet()
            ready.append(number)
            await all_open.wait()
            data = frame(TEXT, str(number).encode(), mask=KEY)
            before = len(pair.server.received)
            await pair.client.send(data)
            assert (await pair.server.receive(before + len(data)))[before:] == data
            pair.client.finish()
            pair.server.finish()
            passage = await pair.tap.passage(uri)
        found = await proxy.recorded(uri)
        assert_log_is_what_the_tap_saw(found, passage)
        return found.flow_id

    ready: list[int] = []
    all_open = asyncio.Event()
    crowd = [asyncio.create_task(one(number)) for number in range(100)]
    async with asyncio.timeout(60):
        while len(ready) < len(crowd) and not any(task.done() for task in crowd):
            await asyncio.sleep(0.02)
    all_open.set()
    ids = await asyncio.gather(*crowd)
    assert len(set(ids)) == len(crowd)


WATCHING = """
import json, socket, sys
with socket.socket(socket.AF_UNIX) as dashboard:
    dashboard.connect(sys.argv[1])
    for line in dashboard.makefile("rb"):
        told = json.loads(line)
        if told.get("event_type") == "ws_open":
            order = {"type": "watch", "flow_id": told["flow_id"]}
            dashboard.sendall(json.dumps(order).encode() + b"\\n")
        if told.get("type") == "messages":
            print(len(told["rows"]), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux" or bool(OTHER), reason="reads /proc, asks our socket")
async def test_a_dashboard_that_is_stopped_and_killed(start_proxy: StartProxy) -> None:
    """It watches, it is stopped, it is killed: traffic goes on, the proxy stays small."""
    proxy = start_proxy()
    dashboard = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WATCHING, str(proxy.socket_path), stdout=asyncio.subprocess.PIPE
    )
    assert dashboard.stdout is not None
    one = frame(BINARY, bytes(65_000), mask=KEY)
    small = frame(TEXT, b"x" * 600, mask=KEY)
    try:
        async with raw_pair(proxy.port, "/stopped") as pair:
            told = asyncio.ensure_future(dashboard.stdout.readline())
            while not told.done():
                await pair.greet()
            assert told.result().strip().isdigit(), "the dashboard was told of no message"
            dashboard.send_signal(signal.SIGSTOP)
            before = resident_bytes(proxy)
            at, greetings = len(pair.server.received), len(pair.server.received) // 11
            for count in range(1, 31):
                await pair.client.send(one * 32 + small * 500)
                at += 32 * len(one) + 500 * len(small)
                await pair.server.receive(at)
                if count == 20:
                    assert resident_bytes(proxy) - before < 64 * MIB
                    dashboard.kill()
                    await dashboard.wait()
            pair.client.finish()
            pair.server.finish()
            await pair.tap.passage("/stopped")
        found = await proxy.recorded("/stopped")
    finally:
        if dashboard.returncode is None:
            dashboard.kill()
            await dashboard.wait()
    assert (
        found.close["to_server"]["frames"] == len(found.frames["to_server"]) == 30 * 532 + greetings
    )
