"""Two hundred real clients and a proxy that goes down: told one by one, back one by one."""

from __future__ import annotations

import asyncio
import random
import signal
import time

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import StartProxy
from tests.support.echo import echo_server
from wsinspect.proxy.draining import SPREAD, drain, schedule

CLIENTS = 200
GRACE_S = 8.0


async def test_two_hundred_clients_do_not_come_back_as_a_herd(start_proxy: StartProxy) -> None:
    proxy = start_proxy("--drain-grace", str(GRACE_S))
    async with echo_server() as port:
        clients: list[ClientConnection] = []
        for batch in range(0, CLIENTS, 20):
            clients += await asyncio.gather(
                *(
                    connect(f"ws://127.0.0.1:{port}/{n}", proxy=proxy.url, ping_interval=None)
                    for n in range(batch, batch + 20)
                )
            )
        ends: list[float] = []
        codes: list[int] = []

        async def until_told(client: ClientConnection) -> None:
            try:
                while True:
                    await client.send("x")
                    await client.recv()
                    await asyncio.sleep(0.2)
            except ConnectionClosed as closed:
                ends.append(time.monotonic())  # a client with no back-off comes back now
                codes.append(closed.rcvd.code if closed.rcvd else 1006)

        early = random.sample(range(CLIENTS), 5)  # these leave by themselves, in their time
        waiting = [
            asyncio.create_task(until_told(c)) for n, c in enumerate(clients) if n not in early
        ]
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        proxy.signal(signal.SIGTERM)
        await asyncio.gather(*(clients[n].close(1000) for n in early))
        async with asyncio.timeout(GRACE_S + 10):
            await asyncio.gather(*waiting)
        code = await asyncio.to_thread(proxy.stop)
        took_s = time.monotonic() - begun
    assert code == 0
    assert took_s < GRACE_S + 2
    assert set(codes) == {1012}
    after = sorted(end - begun for end in ends)
    # Spread: the last one near the end of the spread, and no second has more than its share.
    assert after[-1] >= GRACE_S * SPREAD * 0.9
    per_s = [sum(1 for at in after if second <= at < second + 1) for second in range(10)]
    fair = CLIENTS / (GRACE_S * SPREAD)
    assert max(per_s) <= fair * 1.5, per_s
    assert min(per_s[: int(GRACE_S * SPREAD)]) >= fair * 0.5, per_s
    # Nothing is lost from the log.
    events = proxy.log()
    opened = {e["flow_id"] for e in events if e["event_type"] == "ws_open"}
    closed = [e for e in events if e["event_type"] == "ws_close"]
    assert len(opened) == CLIENTS
    assert sorted(e["flow_id"] for e in closed) == sorted(opened)
    causes = [e["close"]["cause"] for e in closed]
    assert causes.count("shutdown") == CLIENTS - len(early)
    assert causes.count("close_frame") == len(early)
    frames = sum(1 for e in events if e["event_type"] == "websocket")
    assert frames == sum(
        e["close"][d]["frames"] for e in closed for d in ("to_server", "to_client")
    )


async def test_a_single_connection_waits_for_nothing(start_proxy: StartProxy) -> None:
    proxy = start_proxy("--drain-grace", "60")
    async with echo_server() as port:
        client = await connect(f"ws://127.0.0.1:{port}/", proxy=proxy.url)
        begun = time.monotonic()
        proxy.signal(signal.SIGINT)
        await client.wait_closed()
        assert client.close_code == 1012
        assert await asyncio.to_thread(proxy.stop) == 0
        assert time.monotonic() - begun < 5


# --- without a proxy ---


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000])
def test_the_schedule_is_even(count: int, chance: float) -> None:
    times = schedule(count, 10.0, lambda: chance)
    assert len(times) == count
    assert times == sorted(times)
    assert times[:1] == [0.0][:count]
    assert all(at <= 10.0 * SPREAD for at in times)
    slot = 10.0 * SPREAD / max(1, count)
    assert all(i * slot <= at < (i + 1) * slot for i, at in enumerate(times) if i)


async def test_those_that_have_gone_are_passed_over() -> None:
    live = set(range(10))
    told = []

    def close(one: int) -> None:
        told.append(one)
        live.discard(one)
        live.discard((one + 1) % 10)  # its neighbour goes by itself

    assert await drain(live, close, 0.4) == 0
    assert len(told) < 10
    assert not live


async def test_those_that_stay_are_waited_for_until_the_grace_is_over() -> None:
    live = {1, 2, 3}
    told: list[int] = []
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert await drain(live, told.append, 0.3) == 3
    assert loop.time() - begun >= 0.3
    assert sorted(told) == [1, 2, 3]
