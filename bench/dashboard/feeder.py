"""``python -m bench.dashboard.feeder SOCKET CONNECTIONS``: a hub with traffic and no network.

Real relays read real frames, the real dashboard socket tells of them; only the sockets of the
connections are missing. Lines on stdin: ``RATE SHARE`` – frames a second from now on, and which
part of them passes the newest connection. The end of stdin ends it.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from typing import Any, Final

from bench import wire
from wsinspect.model.connection import Connection
from wsinspect.model.events import envelope
from wsinspect.protocol.handshake import Request, Response, examine
from wsinspect.relay.relay import Relay
from wsinspect.sinks.dashboard import DashboardServer
from wsinspect.sinks.hub import Hub

STEP_S: Final = 0.01
HOSTS: Final = ("chat.example", "feed.example", "game.example", "api.example", "push.example")
HEADERS: Final = [
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
]
ANSWER: Final = [
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
]
TEXT: Final = b'{"id":%d,"type":"trade","pair":"ETH-EUR","price":"3021.55","text":"said the fox"}'


def _relay(hub: Hub, number: int) -> Relay:
    client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 40_000 + number % 20_000
    server = "127.0.0.1", 9000
    host = HOSTS[number % len(HOSTS)].encode()
    request = Request("GET", f"/live/{number % 97}", "HTTP/1.1", [(b"Host", host), *HEADERS])
    flow_id = hub.next_flow_id()
    connection = Connection(
        flow_id=flow_id,
        client=client,
        server=server,
        handshake=examine(request, Response(101, ANSWER)),
        opened_ns=hub.clock(),
        envelope=envelope(flow_id, client, server, "bench"),
    )
    hub.opened(connection, 101)
    return Relay(connection, hub, clock=hub.clock)


async def _feed(path: str, count: int) -> None:
    hub = Hub()
    hello: dict[str, Any] = {"listen": ["127.0.0.1:8080"], "mode": ["regular"], "record": "frames"}
    server = DashboardServer(hub, lambda: hello)
    relays = [_relay(hub, number) for number in range(count)]
    await server.start(path)
    plan = [0.0, 0.0]
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def told() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.remove_reader(0)
            ended.set_result(None)
            return
        plan[:] = map(float, line.split())

    loop.add_reader(0, told)
    print("ready", flush=True)
    dice = random.Random(7)
    frames = [
        (wire.frame(TEXT % number, mask=b"wsin"), wire.frame(TEXT % number))
        for number in range(1000, 1100)
    ]
    last, due, ticked = time.monotonic(), 0.0, time.monotonic()
    while not ended.done():
        await asyncio.sleep(STEP_S)
        now = time.monotonic()
        rate, share = plan
        due += (now - last) * rate
        last = now
        busy, others = int(due * share), int(due * (1 - share))
        due -= busy + others
        for relay in [relays[-1]] * busy + dice.choices(relays, k=others):
            up, down = dice.choice(frames)
            if dice.random() < 0.4:
                relay.to_server.receive(up)
            else:
                relay.to_client.receive(down)
        if now - ticked >= 1:
            ticked = now
            hub.tick()
    server.stop()


if __name__ == "__main__":
    asyncio.run(_feed(sys.argv[1], int(sys.argv[2])))
