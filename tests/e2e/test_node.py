"""Node's `ws`, as a client and as a server, and Socket.IO between Node and Python."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.typing import Subprotocol

from tests.e2e.conftest import StartProxy
from tests.support.echo import echo_server
from tests.support.proxy import (
    ProxyProcess,
    assert_log_is_what_the_tap_saw,
    environment,
    recorded,
)
from tests.support.tap import Tap
from tests.support.tools import require_node_package, require_tool

HERE = Path(__file__).parent / "node"
TIMEOUT_S = 60.0


async def run_node(script: str, *args: str) -> dict[str, Any]:
    """Run a script to its end and return the JSON that it printed."""
    node = require_tool("node")
    require_node_package("ws")
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / script), *args, env=environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, errors = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, errors.decode()
    seen: dict[str, Any] = json.loads(output)
    return seen


@asynccontextmanager
async def node_server(script: str) -> AsyncIterator[int]:
    """Run a server script; yields its port."""
    node = require_tool("node")
    require_node_package("socket.io")
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / script), env=environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        async with asyncio.timeout(TIMEOUT_S):
            await process.wait()


async def test_ws_client(proxy: ProxyProcess, target: str) -> None:
    """Compression with context takeover, fragments, a ping, Close 4002; through CONNECT."""
    async with echo_server(subprotocols=[Subprotocol("chat.v2")]) as port, Tap(port) as tap:
        url = f"ws://127.0.0.1:{tap.port}{target}"
        seen = await run_node("client.mjs", proxy.url, url)
        passage = await tap.passage(target)
    assert seen["ok"], seen["messages"]
    assert (seen["pongs"], seen["code"]) == (1, 4002)
    assert seen["extensions"].startswith("permessage-deflate")
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["code_observed"], found.close["reason"]) == (4002, "genug für heute")
    assert (found.close["initiator"], found.close["clean"]) == ("client", True)
    assert found.open["client_protocols"] == ["chat.v2", "chat.v1"]
    assert any(event["ws"]["rsv"] == 4 for event in found.frames["to_server"])


async def test_ws_server(proxy: ProxyProcess, target: str) -> None:
    async with node_server("server.mjs") as port, Tap(port) as tap:
        async with connect(f"ws://127.0.0.1:{tap.port}{target}", proxy=proxy.url) as client:
            for number in range(30):
                text = f"message {number} äöü " * 20
                await client.send(text)
                assert await client.recv() == text
            await client.send("close me")
            with pytest.raises(ConnectionClosed) as caught:
                await client.recv()
            assert caught.value.rcvd == Close(4003, "as you wish")
        passage = await tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["code_observed"], found.close["initiator"]) == (4003, "server")
    assert found.close["to_server"]["messages"] == 31


async def test_socketio_node_client_python_server(proxy: ProxyProcess) -> None:
    server = socketio.AsyncServer(async_mode="aiohttp")

    @server.event  # type: ignore[untyped-decorator]
    async def add(sid: str, data: dict[str, int]) -> int:
        return data["a"] + data["b"]

    @server.event  # type: ignore[untyped-decorator]
    async def reverse(sid: str, data: bytes) -> bytes:
        return data[::-1]

    @server.event  # type: ignore[untyped-decorator]
    async def subscribe(sid: str, topic: str) -> None:
        for number in (1, 2, 3):
            await server.emit("news", f"{topic} {number}", to=sid)

    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with Tap(runner.addresses[0][1]) as tap:
            seen = await run_node("socketio-client.mjs", f"http://127.0.0.1:{tap.port}", proxy.url)
            assert seen["transport"] == "websocket"
            assert (seen["answer"], seen["bytes"]) == (42, "030201")
            assert seen["news"] == ["weather 1", "weather 2", "weather 3"]
            await assert_the_websocket_is_recorded(proxy, tap)
    finally:
        await server.shutdown()
        await runner.cleanup()


async def test_socketio_python_client_node_server(start_proxy: StartProxy) -> None:
    async with node_server("socketio-server.mjs") as port, Tap(port) as tap:
        proxy = start_proxy("--mode", f"reverse:http://127.0.0.1:{tap.port}")
        client = socketio.AsyncClient(reconnection=False)
        news: asyncio.Queue[str] = asyncio.Queue()
        client.on("news", news.put)
        async with asyncio.timeout(TIMEOUT_S):
            await client.connect(proxy.url)
            assert client.transport() == "websocket"
            assert await client.call("add", {"a": 2, "b": 40}) == 42
            await client.emit("subscribe", "traffic")
            assert [await news.get() for _ in range(3)] == ["traffic 1", "traffic 2", "traffic 3"]
            await client.disconnect()
        await assert_the_websocket_is_recorded(proxy, tap)


async def assert_the_websocket_is_recorded(proxy: ProxyProcess, tap: Tap) -> None:
    """Of Socket.IO's several requests exactly one became a WebSocket: the one in the log."""
    (target,) = {p.target for p in tap.passages if "transport=websocket" in p.target}
    passage = await tap.passage(target)
    await proxy.recorded(target)
    found = recorded(proxy.log(), target)
    assert_log_is_what_the_tap_saw(found, passage)
    texts = [frame.payload for frame in passage.frames("to_server") if frame.opcode == "text"]
    assert texts[0] == b"2probe"
    assert found.close["to_server"]["messages"] > 3
