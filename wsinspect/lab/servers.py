"""The lab's servers, each on a free loopback port: chat, odds, fleet, media, market, jobs.

Real libraries (websockets, aiohttp), and bare sockets where a server must misbehave.
"""

from __future__ import annotations

import asyncio
import http
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import WSCloseCode, WSMsgType, web
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from wsinspect.lab import content, raw
from wsinspect.lab.stage import Stage

LOOPBACK = "127.0.0.1"
ODDS_PING_INTERVAL_S = 2.0


class ChatServer:
    """Rooms of people. The same name from a second session takes over: Close 4001 for the first."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.rooms: dict[str, dict[str, ServerConnection]] = {}

    def tell(self, room: str, text: str) -> None:
        members = list(self.rooms[room].values())
        self.stage.story.to_client.sent += len(members)
        broadcast(members, text)

    async def __call__(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        target = urlsplit(request.path)
        room, person = target.path, parse_qs(target.query)["as"][0]
        members = self.rooms.setdefault(room, {})
        before = members.get(person)
        members[person] = connection
        if before is not None:
            await before.close(4001, "session taken over")
        try:
            self.tell(room, content.chat_event("join", person, room, len(members)))
            async for text in connection:
                self.stage.story.to_server.received += 1
                assert isinstance(text, str)
                self.tell(room, text)
        except ConnectionClosed:
            pass
        finally:
            if members.get(person) is connection:
                del members[person]
                self.tell(room, content.chat_event("leave", person, room, len(members)))


def _only_rooms(connection: ServerConnection, request: Request) -> Response | None:
    if request.path.startswith("/admin"):
        return connection.respond(http.HTTPStatus.FORBIDDEN, "not for you\n")
    return None


async def _fleet(stage: Stage, connection: ServerConnection) -> None:
    """Telemetry: every report is acknowledged."""
    async for number in _received(stage, connection):
        stage.story.to_client.sent += 1
        await connection.send(f'{{"ack":{number}}}')


async def _media(stage: Stage, connection: ServerConnection) -> None:
    """Uploads: one answer an image."""
    async for number in _received(stage, connection):
        stage.story.to_client.sent += 1
        await connection.send(f'{{"stored":{number}}}')
        if number == 2:
            await connection.close(1001, "this node is going away")


async def _market(stage: Stage, connection: ServerConnection) -> None:
    """An order book as fast as the consumer takes it, at most eight snapshots a second."""
    rng = stage.rng("market")
    try:
        while await stage.pause(0.125):
            stage.story.to_client.sent += 1
            await connection.send(content.order_book(rng, 64 * 1024))
    except ConnectionClosed:
        return
    await connection.wait_closed()


async def _notices(stage: Stage, connection: ServerConnection) -> None:
    """Hardly ever says anything."""
    rng = stage.rng(f"notices{connection.id}")
    number = 0
    try:
        while await stage.pause(rng.uniform(4, 12)):
            number += 1
            stage.story.to_client.sent += 1
            await connection.send(content.notification(rng, number))
    except ConnectionClosed:
        return
    await connection.wait_closed()


async def _received(stage: Stage, connection: ServerConnection) -> AsyncIterator[int]:
    try:
        number = 0
        async for _ in connection:
            number += 1
            stage.story.to_server.received += 1
            yield number
    except ConnectionClosed:
        pass


def _odds_app(stage: Stage) -> web.Application:
    sockets: set[web.WebSocketResponse] = set()
    rng = stage.rng("odds")
    numbers = itertools.count(1)

    async def publish(text: str) -> None:
        for socket in list(sockets):
            if not socket.closed:
                stage.story.to_client.sent += 1
                try:
                    await socket.send_str(text)
                except ConnectionError:
                    sockets.discard(socket)

    async def ticker() -> None:
        while await stage.pause(rng.uniform(0.12, 0.4)):
            await publish(content.odds(rng, next(numbers)))
            if rng.random() < 0.04:
                await publish(content.goal(rng, next(numbers)))
                for _ in range(20):
                    await publish(content.odds(rng, next(numbers)))

    async def subscribe(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=ODDS_PING_INTERVAL_S, compress=False)
        await socket.prepare(request)
        sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    stage.story.to_server.received += 1
        finally:
            sockets.discard(socket)
        return socket

    async def lifespan(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(ticker())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for socket in list(sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down")

    app = web.Application()
    app.router.add_get("/v2/prices", subscribe)
    app.cleanup_ctx.append(lifespan)
    return app


async def _jobs(stage: Stage, peer: raw.RawPeer) -> None:
    """A worker's progress that ends badly: by a reset, by a FIN, or with a wrong accept key."""
    request = await raw.accept(peer, wrong_key=False)
    for percent in (10, 35, 70):
        stage.story.to_client.sent += 1
        text = content.job_progress(percent * 7, percent)
        await peer.send(raw.TEXT, text.encode())
        await asyncio.sleep(0.3)
    await peer.read_frame()  # the client has seen it all and says so
    stage.story.to_server.received += 1
    if "crash" in request:
        peer.reset()
    else:
        await peer.finish()


async def _old(_: Stage, peer: raw.RawPeer) -> None:
    """A server that computes the accept key wrongly; a good client leaves at once."""
    await raw.accept(peer, wrong_key=True)
    await peer.read_to_end()


@asynccontextmanager
async def servers(stage: Stage) -> AsyncIterator[None]:
    """Start them all and fill `stage.addresses`; stop them all on the way out."""

    async def websockets(
        host: str, handler: Callable[[Stage, ServerConnection], Awaitable[None]], **options: Any
    ) -> None:
        await listen(host, lambda connection: handler(stage, connection), **options)

    async def listen(
        host: str, handler: Callable[[ServerConnection], Awaitable[None]], **options: Any
    ) -> None:
        options.setdefault("compression", None)
        server = await stack.enter_async_context(
            serve(handler, LOOPBACK, 0, ping_interval=None, max_size=8 << 20, **options)
        )
        stage.addresses[host] = next(iter(server.sockets)).getsockname()

    async def bare(host: str, handler: Callable[[Stage, raw.RawPeer], Awaitable[None]]) -> None:
        tasks: set[asyncio.Task[Any]] = set()

        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await handler(stage, raw.RawPeer(reader, writer, masks=False))
            except (OSError, EOFError):
                pass  # the client or the proxy went away first
            finally:
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(serve_one, LOOPBACK, 0)
        stage.addresses[host] = server.sockets[0].getsockname()

        async def stop() -> None:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        stack.push_async_callback(stop)

    async with AsyncExitStack() as stack:
        chat = ChatServer(stage)
        speaks = [Subprotocol("chat.v2"), Subprotocol("chat.v1")]
        await listen("chat.example", chat, subprotocols=speaks, process_request=_only_rooms)
        await websockets("fleet.example", _fleet, compression="deflate")
        await websockets("media.example", _media)
        await websockets("market.example", _market, write_limit=64 * 1024)
        await websockets("notices.example", _notices)
        await bare("jobs.example", _jobs)
        await bare("old.example", _old)
        runner = web.AppRunner(_odds_app(stage), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        stage.addresses["odds.example"] = (host, port)
        yield
