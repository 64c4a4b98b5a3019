"""An echoing server of the websockets library, and a client's talk with it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.tap import Tap

MESSAGES: list[str | bytes] = ["hello", "Grüße 👋", b"\0\1\2" * 50_000, "x" * 70_000, "bye"]


@asynccontextmanager
async def echo_server(
    ssl_context: ssl.SSLContext | None = None, subprotocols: list[Subprotocol] | None = None
) -> AsyncIterator[int]:
    """An echoing server; yields its port."""

    async def echo(connection: ServerConnection) -> None:
        try:
            async for message in connection:
                await connection.send(message)
        except ConnectionClosed:
            pass

    async with serve(
        echo, "127.0.0.1", 0, ssl=ssl_context, subprotocols=subprotocols, max_size=None
    ) as server:
        yield server.sockets[0].getsockname()[1]


async def talk(client: ClientConnection) -> None:
    """Every message comes back; then Close 4004, and TCP ends without the client's own time-out."""
    for message in MESSAGES:
        await client.send(message)
        assert await client.recv() == message
    client.close_timeout = None
    async with asyncio.timeout(20):
        await client.close(4004, "enough")


async def assert_recorded(proxy: ProxyProcess, tap: Tap, target: str, *, tls: bool) -> None:
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, await tap.passage(target))
    assert (found.close["code_observed"], found.close["initiator"]) == (4004, "client")
    assert found.open["tls"] is tls
    assert found.close["to_server"]["messages"] == len(MESSAGES)
    assert found.close["to_client"]["messages"] == len(MESSAGES)
