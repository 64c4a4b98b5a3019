"""The express lane and the ends of sockets: what only a proxy under way can get wrong."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.proxy.conftest import SCRIPTS, running, spy, spy_until
from tests.support.proxy import ProxyProcess, recorded
from tests.support.raw import (
    BINARY,
    KEY,
    TEXT,
    RawPeer,
    close_frame,
    dial,
    frame,
    raw_pair,
    raw_server,
    switching,
    upgrade_request,
)
from tests.support.tap import parse_frames

Start = Callable[..., ProxyProcess]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyProcess]:
    with running(tmp_path_factory.mktemp("lane"), "--set", "tcp_timeout=1") as process:
        yield process


async def test_without_hooks_both_directions_take_the_lane(proxy: ProxyProcess) -> None:
    async with raw_pair(proxy.port, "/lane") as pair:
        for _ in range(3):
            await pair.greet()
            await asyncio.sleep(0.02)
        layer = (await spy(proxy))["layers"]["/lane"]
        assert layer["client"] == layer["server"] == {"in_lane": True, "holds": []}


async def test_with_hooks_nobody_takes_the_lane(start: Start) -> None:
    with_hook = start("-s", str(SCRIPTS.parents[2] / "addons" / "drop_pings.py"))
    async with raw_pair(with_hook.port, "/none") as pair:
        for _ in range(3):
            await pair.greet()
            await asyncio.sleep(0.02)
        layer = (await spy(with_hook))["layers"]["/none"]
        assert layer["client"]["in_lane"] is layer["server"]["in_lane"] is False


async def test_an_idle_connection_outlives_tcp_timeout(proxy: ProxyProcess) -> None:
    async with raw_pair(proxy.port, "/idle") as pair:
        await pair.greet()
        assert await pair.client.silent(3)
        await pair.greet()


@pytest.mark.parametrize("seed", range(4))
async def test_a_flood_both_ways_in_odd_pieces(proxy: ProxyProcess, seed: int) -> None:
    """Pieces and pauses hit the change from mitmproxy's layers to the lane at any moment."""
    rng = random.Random(seed)
    to_server = b"".join(
        frame(BINARY, rng.randbytes(rng.choice([0, 5, 126, 3000])), mask=KEY) for _ in range(400)
    )
    to_client = b"".join(frame(BINARY, rng.randbytes(rng.randint(0, 4000))) for _ in range(400))

    async def send(peer: RawPeer, data: bytes) -> None:
        at = 0
        while at < len(data):
            size = rng.choice([1, 2, 7, 500, 9000, 80_000])
            await peer.send(data[at : at + size])
            at += size
            if rng.random() < 0.3:
                await asyncio.sleep(rng.random() * 0.002)

    early = rng.randint(0, 100)
    async with raw_pair(
        proxy.port, f"/flood{seed}", with_request=to_server[:early], with_response=to_client[:early]
    ) as pair:
        received = await asyncio.gather(
            pair.server.receive(len(to_server)),
            pair.client.receive(len(to_client)),
            send(pair.client, to_server[early:]),
            send(pair.server, to_client[early:]),
        )
        assert received[0] == to_server
        assert received[1] == to_client


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_an_end_while_the_other_side_does_not_read(proxy: ProxyProcess, how: str) -> None:
    target = f"/not-reading-{how}"
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        sent = frame(BINARY, bytes(30_000_000))
        flood = asyncio.create_task(pair.server.send(sent))
        await asyncio.sleep(0.3)  # the client reads nothing: all pipes are full
        assert not flood.done()
        pair.client.finish() if how == "fin" else pair.client.reset()
        if how == "fin":
            assert await pair.server.read_to_end() == "fin"
            # What is under way still arrives at the side that only stopped sending.
            await pair.client.receive(len(frame(TEXT, b"welcome")) + len(sent))
            await flood
            pair.server.finish()
            assert await pair.client.read_to_end() == "fin"
        else:
            assert await pair.server.read_to_end() == "rst"
            await asyncio.gather(flood, return_exceptions=True)
    found = await proxy.recorded(target)
    assert (found.close["cause"], found.close["initiator"]) == (how, "client")


async def test_a_stopped_receiver_costs_little_and_the_sender_feels_it(proxy: ProxyProcess) -> None:
    before = (await spy(proxy))["rss_kib"]
    async with raw_pair(proxy.port, "/stopped") as pair:
        flood = asyncio.create_task(pair.client.send(frame(BINARY, bytes(65_000), mask=KEY) * 1500))
        await asyncio.sleep(1)
        assert not flood.done()
        assert (await spy(proxy))["rss_kib"] - before < 32 * 1024
        pair.server.reset()
        await asyncio.gather(flood, return_exceptions=True)
        assert await pair.client.read_to_end() == "rst"


async def test_nothing_is_left_of_many_connections(start: Start) -> None:
    proxy = start("--record", "connections", record="connections")

    async def handler(peer: RawPeer) -> None:
        head = await peer.read_head()
        await peer.send(switching(head) + frame(TEXT, b"hi"))
        await peer.read_to_end()

    async def one(port: int, number: int) -> None:
        client = await dial(proxy.port, port)
        await client.send(
            upgrade_request(f"/{number}", f"127.0.0.1:{port}") + frame(TEXT, b"yo", mask=KEY)
        )
        await client.read_head()
        await client.receive(4)
        if number % 3 == 0:
            client.reset()
        else:
            if number % 3 == 1:
                await client.send(close_frame(1000, mask=KEY))
            client.finish()
            await client.read_to_end()
        await client.close()

    async with raw_server(handler) as port:
        sizes = []
        for _ in range(2):
            for batch in range(10):
                await asyncio.gather(*(one(port, batch * 20 + n) for n in range(20)))
            state = await spy_until(proxy, lambda s: s["proxied"] == 1 and not s["connections"])
            assert state["layers"] == {}
            assert state["tasks"] == 0
            sizes.append(state["rss_kib"])
    assert sizes[1] - sizes[0] < 8 * 1024


# --- shutting down ---


async def closes(peer: RawPeer) -> list[int]:
    """The codes of the Close frames that it got until the end."""
    await peer.read_to_end()
    frames = parse_frames(bytes(peer.received))[0]
    return [int.from_bytes(f.payload[:2]) for f in frames if f.opcode == "close"]


async def test_sigterm_tells_both_sides_and_waits_for_the_grace_only(start: Start) -> None:
    proxy = start()
    loop = asyncio.get_running_loop()
    async with raw_pair(proxy.port, "/live") as pair, raw_pair(proxy.port, "/half") as half:
        await pair.greet()
        await half.greet()
        half.client.finish()  # nothing may be written to the server any more
        assert await half.server.read_to_end() == "fin"
        began = loop.time()
        proxy.process.send_signal(signal.SIGTERM)
        told = await asyncio.gather(closes(pair.client), closes(pair.server), closes(half.client))
        assert list(told) == [[1012], [1012], [1012]]
        code = await asyncio.to_thread(proxy.stop)
        assert loop.time() - began < 6.5  # the grace is 5 s, and two are told one after the other
    assert code == 0
    assert "Traceback" not in proxy.output
    live = recorded(proxy.log(), "/live").close
    assert (live["cause"], live["initiator"], live["code_relayed"]) == ("shutdown", "proxy", 1012)
    half_close = recorded(proxy.log(), "/half").close
    assert (half_close["cause"], half_close["initiator"]) == ("fin", "client")


async def test_peers_that_answer_make_the_drain_quick(start: Start) -> None:
    proxy = start("--drain-grace", "20")
    loop = asyncio.get_running_loop()
    async with raw_pair(proxy.port, "/polite") as pair:
        await pair.greet()
        began = loop.time()
        proxy.process.send_signal(signal.SIGTERM)
        await pair.client.receive(len(pair.client.received) + 4)
        await pair.client.send(close_frame(1012, mask=KEY))
        await pair.server.send(close_frame(1012))
        assert await asyncio.to_thread(proxy.stop) == 0
        assert loop.time() - began < 1.9


async def test_a_second_sigterm_ends_at_once(start: Start) -> None:
    proxy = start("--drain-grace", "30")
    loop = asyncio.get_running_loop()
    async with raw_pair(proxy.port, "/stubborn") as pair:
        await pair.greet()
        began = loop.time()
        proxy.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert await asyncio.to_thread(proxy.stop) == 0
        assert loop.time() - began < 1.8
    assert recorded(proxy.log(), "/stubborn").close["cause"] == "shutdown"


async def test_no_new_connections_while_draining(start: Start) -> None:
    proxy = start()
    async with raw_pair(proxy.port, "/old") as pair:
        waiting = await dial(None, proxy.port)
        await pair.greet()
        proxy.process.send_signal(signal.SIGTERM)
        await pair.client.receive(len(pair.client.received) + 4)
        with pytest.raises(ConnectionRefusedError):
            await dial(None, proxy.port)
        await waiting.send(
            upgrade_request(f"http://127.0.0.1:{pair.tap.port}/new", f"127.0.0.1:{pair.tap.port}")
        )
        assert (await waiting.read_head()).startswith(b"HTTP/1.1 503")
        await waiting.close()
        await asyncio.to_thread(proxy.stop)
    assert [e["open"]["status"] for e in proxy.log() if e["event_type"] == "ws_open"] == [101, 503]


async def test_the_log_is_complete_after_sigterm_under_load(start: Start) -> None:
    proxy = start()
    async with raw_pair(proxy.port, "/load") as pair:
        sending = True

        async def flood() -> None:
            while sending:
                await pair.client.send(frame(TEXT, b"x" * 5000, mask=KEY) * 4)

        async def drain() -> None:
            await pair.server.read_to_end()

        tasks = [asyncio.create_task(flood()), asyncio.create_task(drain())]
        await asyncio.sleep(0.3)
        proxy.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(proxy.stop) == 0
        sending = False
        await asyncio.gather(*tasks, return_exceptions=True)
    assert proxy.log_path.read_bytes().endswith(b"\n")
    found = recorded(proxy.log(), "/load")  # and the fixture checks the sums
    assert found.close["cause"] == "shutdown"
    stats = [event["stats"] for event in proxy.log() if event["event_type"] == "stats"][-1]
    assert stats["frames"] == found.close["to_server"]["frames"]
    assert stats["log_dropped"] == 0


# --- a violation after half-close; failed handshakes ---


async def test_closing_a_half_closed_connection(start: Start) -> None:
    proxy = start("--on-violation", "close")
    async with raw_pair(proxy.port, "/half-violation") as pair:
        await pair.greet()
        pair.client.finish()
        assert await pair.server.read_to_end() == "fin"
        await pair.server.send(frame(0xB, b"?"))
        assert await closes(pair.client) == [1002]
    found = await proxy.recorded("/half-violation")
    assert (found.close["cause"], found.close["initiator"]) == ("fin", "client")
    assert "Traceback" not in proxy.output
    assert "crashed" not in proxy.output


async def ask(proxy: ProxyProcess, target: str, port: int) -> tuple[RawPeer, bytes]:
    client = await dial(None, proxy.port)
    url = f"http://127.0.0.1:{port}{target}"
    await client.send(upgrade_request(url, f"127.0.0.1:{port}"))
    return client, await client.read_head()


async def test_failed_handshakes(proxy: ProxyProcess) -> None:
    answers = {
        "/forbidden": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "/silent": b"",
        "/garbage": b"what?\r\n\r\n",
    }

    async def handler(peer: RawPeer) -> None:
        head = await peer.read_head()
        await peer.send(answers[head.split(b" ")[1].decode()])

    async with raw_server(handler) as port:
        for target, status in {"/forbidden": 403, "/silent": 502, "/garbage": 502}.items():
            client, head = await ask(proxy, target, port)
            assert head.split(b" ")[1] == b"%d" % status
            await client.close()
            assert (await proxy.opened(target))["open"]["status"] == status
    client, head = await ask(proxy, "/nobody", 1)
    assert head.startswith(b"HTTP/1.1 502")
    await client.close()
    event = await proxy.opened("/nobody")
    assert event["open"]["status"] == 502
    assert event["dest_port"] == 1


async def test_a_client_that_vanishes_before_the_answer(proxy: ProxyProcess) -> None:
    asked = asyncio.Event()
    gone = asyncio.Event()

    async def handler(peer: RawPeer) -> None:
        head = await peer.read_head()
        asked.set()
        await gone.wait()
        await peer.send(switching(head))
        await peer.read_to_end()

    async with raw_server(handler) as port:
        client = await dial(None, proxy.port)
        await client.send(upgrade_request(f"http://127.0.0.1:{port}/early", f"127.0.0.1:{port}"))
        await asked.wait()
        client.reset()
        await asyncio.sleep(0.1)
        gone.set()
        await spy_until(proxy, lambda s: s["proxied"] == 1)
    events = [e for e in proxy.log() if e.get("open", {}).get("uri", "").endswith("/early")]
    assert len(events) == 1
    assert events[0]["open"]["status"] != 101


async def test_two_requests_on_one_connection(proxy: ProxyProcess) -> None:
    """Keep-alive: a refused handshake, then one that succeeds."""
    tries = iter([b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", None])

    async def handler(peer: RawPeer) -> None:
        for answer in tries:
            head = await peer.read_head()
            await peer.send(switching(head) if answer is None else answer)
        await peer.read_to_end()

    async with raw_server(handler) as port:
        client = await dial(None, proxy.port)
        url = f"http://127.0.0.1:{port}/twice"
        for status in (b"401", b"101"):
            await client.send(upgrade_request(url, f"127.0.0.1:{port}"))
            assert (await client.read_head()).split(b" ")[1] == status
        client.finish()
        await client.read_to_end()
        await client.close()
    opens = await proxy.until(
        lambda events: len([e for e in events if e.get("open", {}).get("uri") == "/twice"]) == 2
    )
    statuses = [e["open"]["status"] for e in opens if e.get("open", {}).get("uri") == "/twice"]
    assert statuses == [401, 101]


# --- the record and the bytes ---


async def test_audit_has_the_record_in_the_file_before_the_peer_has_the_byte(start: Start) -> None:
    proxy = start("--audit")
    async with raw_pair(proxy.port, "/audit") as pair:
        for number in range(100):
            first, second = (pair.client, pair.server)[:: 1 if number % 2 else -1]
            mask = KEY if first is pair.client else None
            size = len(second.received)
            await first.send(frame(TEXT, b"%d" % number, mask=mask))
            await second.receive(size + 1)  # its very first byte
            events = proxy.log()
            assert events[0]["event_type"] == "ws_open"
            assert len(events) == 1 + number + 1


@pytest.mark.parametrize("audit", [(), ("--audit",)], ids=["log", "audit"])
async def test_a_dead_log_ends_connections_if_closed(start: Start, audit: tuple[str, ...]) -> None:
    proxy = start("--log", "/dev/full", "--on-error", "closed", *audit)
    async with raw_pair(proxy.port, "/dead") as pair:
        await pair.client.send(frame(TEXT, b"unrecorded", mask=KEY))
        told = await asyncio.gather(closes(pair.client), closes(pair.server))
        assert list(told) == [[1011], [1011]]
        if audit:
            assert b"unrecorded" not in [
                f.payload for f in parse_frames(bytes(pair.server.received))[0]
            ]
    client = await dial(None, proxy.port)
    await client.send(upgrade_request("http://127.0.0.1:1/next", "127.0.0.1:1"))
    assert (await client.read_head()).startswith(b"HTTP/1.1 503")
    await client.close()
    await proxy.said("cannot write the log")
    assert proxy.output.count("cannot write the log: No space left on device") == 1


async def test_a_dead_log_lets_traffic_pass_if_open_and_is_loud(start: Start) -> None:
    proxy = start("--log", "/dev/full", "--audit")
    async with raw_pair(proxy.port, "/dead") as pair:
        await pair.greet()
        await pair.greet()
    await asyncio.to_thread(proxy.stop)
    assert "cannot write the log: No space left on device (/dev/full)" in proxy.output
    assert "the log misses 7 lines" in proxy.output  # open, 4 frames, close, stats
