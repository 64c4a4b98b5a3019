"""websockets and aiohttp, each as client and as server, mixed: the log equals the tap."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from websockets.asyncio.client import connect

from tests.support.echo import echo_server
from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.tap import Tap

SIZES = (0, 1, 125, 126, 127, 4096, 65535, 65536, 65537, 150_000)
CONNECTIONS = 24


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


@asynccontextmanager
async def aiohttp_echo_server() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_get("/{tail:.*}", echo)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def messages(rng: random.Random) -> list[str] | list[bytes]:
    """One kind a connection: fragments of a message must be all text or all bytes."""
    sizes = [rng.choice(SIZES) for _ in range(rng.randint(1, 25))]
    if rng.random() < 0.5:
        return [rng.randbytes(size) for size in sizes]
    return ["".join(rng.choices("abcdefgh äöü€😀", k=min(size, 20_000))) for size in sizes]


async def with_websockets(proxy: str, rng: random.Random, url: str) -> None:
    """Through CONNECT; some messages in two fragments, some pings between."""
    compression = rng.choice([None, "deflate"])
    async with connect(url, proxy=proxy, compression=compression, max_size=None) as client:
        for message in messages(rng):
            if rng.random() < 0.3 and len(message) > 1:
                half = len(message) // 2
                await client.send([message[:half], message[half:]])
            else:
                await client.send(message)
            if rng.random() < 0.2:
                await (await client.ping())
            assert await client.recv() == message
        await client.close(rng.choice([1000, 1001, 3333, 4000]), "done")


async def with_aiohttp(proxy: str, rng: random.Random, url: str) -> None:
    """In absolute form; compressed with several window sizes, or not."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            url.replace("ws:", "http:"),
            proxy=proxy,
            compress=rng.choice([0, 15, 9]),
            max_msg_size=0,
        ) as client,
    ):
        for message in messages(rng):
            if isinstance(message, str):
                await client.send_str(message)
                assert await client.receive_str() == message
            else:
                await client.send_bytes(message)
                assert await client.receive_bytes() == message
            if rng.random() < 0.2:
                await client.ping(b"hi")
        await client.close(code=rng.choice([1000, 1001, 4000]), message=b"done")


async def test_websockets_and_aiohttp_mix(proxy: ProxyProcess, target: str) -> None:
    """Compressed and not, fragments, pings, several close codes, all at once."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    async with (
        echo_server() as one,
        aiohttp_echo_server() as two,
        Tap(one) as tap_one,
        Tap(two) as tap_two,
    ):
        kinds = [
            (client, tap)
            for client in (with_websockets, with_aiohttp)
            for tap in (tap_one, tap_two)
        ]
        taps = {}
        plays = []
        for number in range(CONNECTIONS):
            client, tap = kinds[number % len(kinds)]
            uri = f"{target}&n={number}"
            url = f"ws://127.0.0.1:{tap.port}{uri}"
            plays.append(client(proxy.url, random.Random(f"{seed}/{number}"), url))
            taps[uri] = tap
        await asyncio.gather(*plays)
        for uri, tap in taps.items():
            passage = await tap.passage(uri)
            found = await proxy.recorded(uri)
            assert_log_is_what_the_tap_saw(found, passage)
            first_close = passage.first_close()
            assert first_close is not None
            assert found.close["code_observed"] == int.from_bytes(first_close[1].payload[:2])
            assert (found.close["initiator"], found.close["reason"]) == ("client", "done")
