"""The lab's clients: one coroutine a scene, each playing one connection from start to end.

`Stage.repeat` plays them again until the story is over.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import aiohttp
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from wsinspect.lab import content, raw
from wsinspect.lab.stage import Stage
from wsinspect.lab.summary import End

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) lab/1"


async def chat(stage: Stage, rng: random.Random, person: str, room: str) -> None:
    """Somebody in a room for a while; some sessions end because a second one takes over."""
    stay_s = rng.uniform(6, 25)
    target = f"/room/{room}?as={person}"
    offers = ("chat.v2", "chat.v1")
    async with stage.visit(
        "chat", "chat.example", target, subprotocols=offers, user_agent=BROWSER,
        origin="https://chat.example",
    ) as connection:  # fmt: skip
        listening = asyncio.create_task(stage.listen(connection))
        end_at = asyncio.get_running_loop().time() + stay_s
        number = 0
        while asyncio.get_running_loop().time() < end_at:
            if not await stage.pause(rng.uniform(0.6, 3)):
                break
            number += 1
            await stage.say(connection, content.chat_line(rng, person, room, number))
        if rng.random() < 0.25 and not stage.over.is_set():
            async with stage.visit(
                "chat", "chat.example", target, subprotocols=offers[1:], user_agent="lab/1 phone"
            ) as second:
                await listening  # until the server has closed the first session
                second_listening = asyncio.create_task(stage.listen(second))
                await stage.pause(rng.uniform(2, 5))
                await second.close(1000, "good night")
                await second_listening
        elif rng.random() < 0.5:
            await connection.close(1001, "")  # a browser's tab was closed
        else:
            await connection.close(1000, "bye")
        await listening


async def odds(stage: Stage, rng: random.Random, name: str) -> None:
    """A subscriber of the odds feed: aiohttp, which asks a proxy for ws:// in absolute form."""
    host, port = stage.addresses["odds.example"]
    async with (
        aiohttp.ClientSession(headers={"User-Agent": f"lab/1 aiohttp {name}"}) as session,
        session.ws_connect(
            f"http://{host}:{port}/v2/prices?market={name}",
            proxy=stage.proxy,
            headers={"Host": "odds.example"},
            max_msg_size=1 << 20,
        ) as socket,
    ):
        stage.story.opened("odds")
        end = End("server", "close_frame", 1006)

        async def leave() -> None:
            nonlocal end
            await stage.pause(rng.uniform(8, 28))
            end = End("client", "close_frame", 1000)
            await socket.close(code=1000, message=b"enough")

        leaving = asyncio.create_task(leave())
        try:
            stage.story.to_server.sent += 1
            await socket.send_str(f'{{"subscribe":"{name}"}}')
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    stage.story.to_client.received += 1
            if end.initiator == "server":
                end = end._replace(code=socket.close_code or 1006)
            else:
                await leaving
        finally:
            leaving.cancel()
            stage.story.ended(end)


async def telemetry(stage: Stage, rng: random.Random, device: str) -> None:
    """A vehicle that reports with permessage-deflate."""
    async with stage.visit(
        "telemetry", "fleet.example", f"/v1/report/{device}", compression="deflate",
        user_agent=f"lab/1 {device}",
    ) as connection:  # fmt: skip
        listening = asyncio.create_task(stage.listen(connection))
        for number in range(rng.randint(20, 80)):
            await stage.say(connection, content.telemetry(rng, device, number))
            if not await stage.pause(rng.uniform(0.2, 0.5)):
                break
        await connection.close(1000, "parked")
        await listening


async def upload(stage: Stage, rng: random.Random) -> None:
    """Two images, each a fragmented message with a ping between its fragments."""
    async with stage.visit("upload", "media.example", "/upload?album=7") as connection:

        async def fragments() -> AsyncIterator[bytes]:
            data = content.image_fragments(rng, rng.randint(60_000, 240_000), 16 * 1024)
            for index, fragment in enumerate(data):
                if index == 3:
                    await connection.ping(b"still here")
                await asyncio.sleep(0.05)
                yield fragment

        try:
            for _ in range(2):
                stage.story.to_server.sent += 1
                await connection.send(fragments())
                await connection.recv()
                stage.story.to_client.received += 1
            await connection.wait_closed()
        except ConnectionClosed:
            pass


async def market(stage: Stage, rng: random.Random) -> None:
    """A slow consumer: it reads less than it is sent, so that back-pressure reaches the server."""
    async with stage.visit("market", "market.example", "/book/full", max_queue=1) as connection:
        leaving = asyncio.Event()
        listening = asyncio.create_task(stage.listen(connection, slowly_until=leaving))
        await stage.pause(rng.uniform(10, 20))
        leaving.set()  # the Close waits behind what is queued; now that is read fast
        await connection.close(4008, "cannot keep up")
        await listening


async def notices(stage: Stage, rng: random.Random, name: str) -> None:
    """Nearly idle: the client's own pings keep it alive."""
    async with stage.visit(
        "notices", "notices.example", f"/push/{name}", ping_interval=5, user_agent=BROWSER
    ) as connection:
        listening = asyncio.create_task(stage.listen(connection))
        await stage.pause(rng.uniform(20, 50))
        await connection.close(1000, "")
        await listening


VIOLATIONS = (
    raw.encode(raw.TEXT, b'{"note":"not masked"}', mask=False),
    raw.encode(0xB, b"reserved opcode", mask=True),
    raw.encode(raw.TEXT, b"RSV2 without an extension", mask=True, rsv=2),
    raw.encode(raw.TEXT, b"not UTF-8: \xc3\x28", mask=True),
)


async def bad_client(stage: Stage, rng: random.Random) -> None:
    """Breaks the protocol after a good start; the server closes with 1002 or 1007."""
    address = stage.addresses["fleet.example"]
    peer, _ = await raw.connect(stage.proxy, address, "fleet.example", "/v1/report/kiosk-13")
    stage.story.opened("bad client")
    end = End("server", "fin", 1006)
    try:
        stage.story.to_server.sent += 1
        await peer.send(raw.TEXT, content.telemetry(rng, "kiosk-13", 0).encode())
        stage.story.to_client.received += bool((await peer.read_frame()).payload)
        await stage.pause(0.5)
        stage.story.violations += 1
        await peer.send_bytes(rng.choice(VIOLATIONS))
        while (frame := await peer.read_frame()).opcode != raw.CLOSE:
            pass
        end = End("server", "close_frame", int.from_bytes(frame.payload[:2]))
        await peer.send(raw.CLOSE, frame.payload[:2])
        await peer.read_to_end()
    finally:
        peer.writer.close()
        stage.story.ended(end)


async def cut_client(stage: Stage, rng: random.Random) -> None:
    """A vehicle drives into a tunnel: its connection is reset without a word."""
    address = stage.addresses["fleet.example"]
    peer, _ = await raw.connect(stage.proxy, address, "fleet.example", "/v1/report/tram-4")
    stage.story.opened("cut")
    try:
        for number in range(rng.randint(2, 6)):
            stage.story.to_server.sent += 1
            await peer.send(raw.TEXT, content.telemetry(rng, "tram-4", number).encode())
            await peer.read_frame()
            stage.story.to_client.received += 1
            await stage.pause(0.3)
    finally:
        peer.reset()
        stage.story.ended(End("client", "rst", 1006))


async def job(stage: Stage, rng: random.Random, how: str) -> None:
    """Follows a worker that ends with an RST (`crash`) or a FIN (`vanish`), without a Close."""
    end = End("server", "rst" if how == "crash" else "fin", 1006)
    address = stage.addresses["jobs.example"]
    peer, _ = await raw.connect(stage.proxy, address, "jobs.example", f"/follow?how={how}")
    stage.story.opened("jobs")
    try:
        for _ in range(3):
            await peer.read_frame()
            stage.story.to_client.received += 1
        stage.story.to_server.sent += 1
        await peer.send(raw.TEXT, b'{"type":"seen"}')
        await peer.read_to_end()
    finally:
        peer.writer.close()
        stage.story.ended(end)
    await stage.pause(rng.uniform(3, 6))


async def refused(stage: Stage, rng: random.Random) -> None:
    """Knocks where it must not: 403."""
    try:
        async with stage.visit("refused", "chat.example", "/admin/console"):
            pass
    except InvalidStatus:
        stage.story.refused += 1
    await stage.pause(rng.uniform(4, 9))


async def wrong_accept(stage: Stage, rng: random.Random) -> None:
    """A good client meets a server whose accept key is wrong, and leaves."""
    try:
        async with stage.visit("wrong accept", "old.example", "/legacy"):
            pass
    except InvalidStatus:
        raise
    except InvalidHandshake:
        stage.story.opened("wrong accept")
        stage.story.ended(End("client", "fin", 1006))
    await stage.pause(rng.uniform(8, 14))
