"""What the screenshots show beside the lab's story: application protocols, a card number, a storm.

A few servers and clients on loopback, through the same proxy. Runs until it is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from wsinspect.lab.stage import Stage
from wsinspect.lab.summary import Story

CROWD = 24  # connections that a restart of the push server ends at once
RESTARTS_S = (18.0, 12.0, 20.0)
IDLE_S = 5.0  # what the intranet's gateway lets pass in silence
NAMES = ("Ada Lindgren", "Jürgen Ünal", "Mei Tanaka", "Tomás Ortega")
MATCHES = ("Ajax – PSV", "Celtic – Hearts", "Brann – Molde")


def say(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Servers


async def shop(ws: ServerConnection) -> None:
    """Socket.IO: orders and their progress."""
    rng = random.Random(3)
    await ws.send(f"0{say({'sid': 'lv_VI97HAXpY6yYWAAAC', 'upgrades': [], 'pingInterval': 4000})}")
    await ws.recv()
    await ws.send(f"40{say({'sid': 'wZX3oN0bSVIhsaknAAAI'})}")
    for number in itertools.count(7101):
        await asyncio.sleep(rng.uniform(0.4, 1.1))
        update = {"id": number, "state": rng.choice(("packed", "shipped", "paid")), "eta": 2}
        await ws.send(f"42{say(['order:update', update])}")
        if number % 4 == 0:
            await ws.send("2")


async def graph(ws: ServerConnection) -> None:
    """graphql-transport-ws: one subscription."""
    await ws.recv()
    await ws.send(say({"type": "connection_ack"}))
    wanted = json.loads(await ws.recv())["id"]
    for minute in itertools.count(61):
        await asyncio.sleep(0.7)
        score = {"match": MATCHES[minute % 3], "minute": minute, "home": 2, "away": minute % 3}
        await ws.send(say({"id": wanted, "type": "next", "payload": {"data": {"score": score}}}))


async def node(ws: ServerConnection) -> None:
    """JSON-RPC 2.0: replies, and errors now and then."""
    async for text in ws:
        asked = json.loads(text)
        await asyncio.sleep(0.02)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        if asked["id"] % 5:
            answer["result"] = hex(21_845_000 + asked["id"])
        else:
            answer["error"] = {"code": -32005, "message": "limit exceeded"}
        await ws.send(say(answer))


async def pay(ws: ServerConnection) -> None:
    async for text in ws:
        placed = json.loads(text)
        await ws.send(say({"event": "order.accepted", "order": placed["order"]}))


async def intranet(ws: ServerConnection) -> None:
    """Behind a gateway that ends what is silent."""
    await ws.send(say({"type": "ready"}))
    await asyncio.sleep(IDLE_S)
    ws.transport.abort()


class Push:
    """Loses all its clients at once, when it is restarted."""

    def __init__(self) -> None:
        self.here: set[ServerConnection] = set()

    async def __call__(self, ws: ServerConnection) -> None:
        self.here.add(ws)
        try:
            for number in itertools.count():
                await ws.send(say({"type": "tick", "n": number}))
                await asyncio.sleep(2)
        finally:
            self.here.discard(ws)

    async def restart(self) -> None:
        for pause_s in RESTARTS_S:
            await asyncio.sleep(pause_s)
            for ws in list(self.here):
                ws.transport.abort()


# Clients


async def buyer(ws: ClientConnection) -> None:
    """Orders as compressed, sometimes fragmented JSON, with a card that should not travel."""
    rng = random.Random(11)
    for number in itertools.count(1041):
        order = {
            "event": "order.placed",
            "order": number,
            "customer": {
                "name": rng.choice(NAMES),
                "email": "kim@club.example.org",
                "card": {"number": "4111 1111 1111 1111", "brand": "visa", "verified": True},
            },
            "lines": [
                {"sku": f"A-{rng.randint(10, 99)}", "qty": rng.randint(1, 3), "price": 19.9},
                {"sku": f"B-{rng.randint(10, 99)}", "qty": 1, "price": 4.25},
            ],
            "coupon": None,
            "gift": rng.random() < 0.5,
        }
        text = say(order)
        pieces = [text[:140], text[140:260], text[260:]]
        await ws.send(pieces if number % 3 == 0 else text)
        await ws.recv()
        await asyncio.sleep(rng.uniform(0.8, 1.6))


async def listener(ws: ClientConnection) -> None:
    async for text in ws:
        if text == "2":
            await ws.send("3")


async def shopper(ws: ClientConnection) -> None:
    await ws.send("40")
    await listener(ws)


async def subscriber(ws: ClientConnection) -> None:
    await ws.send(say({"type": "connection_init", "payload": {}}))
    query = "subscription Live { score { match minute home away } }"
    await ws.recv()
    await ws.send(say({"id": "s1", "type": "subscribe", "payload": {"query": query}}))
    await listener(ws)


async def wallet(ws: ClientConnection) -> None:
    methods = itertools.cycle(("eth_blockNumber", "eth_gasPrice", "eth_getBalance"))
    for number in itertools.count(1):
        asked = {"jsonrpc": "2.0", "id": number, "method": next(methods), "params": []}
        await ws.send(say(asked))
        await ws.recv()
        await asyncio.sleep(0.6)


type Serve = Callable[[ServerConnection], Awaitable[None]]
type Play = Callable[[ClientConnection], Awaitable[None]]


async def again(stage: Stage, host: str, target: str, play: Play, **options: Any) -> None:
    """Come back at once, as many clients do."""
    while True:
        with contextlib.suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError):
            async with stage.visit("pictures", host, target, **options) as ws:
                await play(ws)
        await asyncio.sleep(0.1)


def quiet(serving: Serve) -> Serve:
    """A client that goes is no error."""

    async def served(ws: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await serving(ws)

    return served


async def traffic(proxy: str, seed: int) -> None:
    stage = Stage(proxy=proxy, seed=seed, story=Story(seed=seed))
    push = Push()
    cast: dict[str, Serve] = {
        "shop.example": shop, "api.example": graph, "rpc.example": node, "pay.example": pay,
        "intranet.example": intranet, "push.example": push,
    }  # fmt: skip
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for host, serving in cast.items():
            spoken = ("graphql-transport-ws",) if serving is graph else ()
            serving_it = serve(
                quiet(serving), "127.0.0.1", 0,
                ping_interval=None if serving is intranet else 3,  # a ping would be no silence
                subprotocols=[Subprotocol(name) for name in spoken] or None,
            )  # fmt: skip
            server = await stack.enter_async_context(serving_it)
            stage.addresses[host] = server.sockets[0].getsockname()[:2]

        def come(*told: Any, **options: Any) -> None:
            group.create_task(again(stage, *told, **options))

        come("shop.example", "/socket.io/?EIO=4&transport=websocket", shopper)
        come("api.example", "/graphql", subscriber, subprotocols=("graphql-transport-ws",))
        come("rpc.example", "/v3/mainnet", wallet)
        come("pay.example", "/checkout", buyer, compression="deflate")
        for number in range(5):
            come("intranet.example", f"/presence/{number}", listener)
        for number in range(CROWD):
            come("push.example", f"/v1/devices/{number + 1}", listener)
        group.create_task(push.restart())
