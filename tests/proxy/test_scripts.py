"""Hooks for scripts: ours and mitmproxy's own, what they may do, and what happens if they fail."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.proxy.conftest import SCRIPTS, running, spy_until
from tests.support.echo import echo_server
from tests.support.proxy import ProxyProcess
from tests.support.raw import (
    BINARY,
    CONT,
    KEY,
    PING,
    TEXT,
    Pair,
    close_frame,
    frame,
    raw_pair,
)
from tests.support.tap import parse_frames

SECRET = b"hush-hush"


class Scripted:
    """A proxy with ``behaviours.py`` and ``second.py``."""

    def __init__(self, proxy: ProxyProcess, notes: Path) -> None:
        self.proxy = proxy
        self.notes_path = notes

    def notes(self) -> list[list[Any]]:
        if not self.notes_path.exists():
            return []
        return [json.loads(line) for line in self.notes_path.read_text().splitlines()]


def scripted(folder: Path, *args: str) -> Iterator[Scripted]:
    notes = folder / "notes"
    before = os.environ.get("NOTES")
    os.environ["NOTES"] = str(notes)
    try:
        both = [part for n in ("behaviours", "second") for part in ("-s", f"{SCRIPTS / n}.py")]
        with running(folder, *both, *args) as proxy:
            yield Scripted(proxy, notes)
    finally:
        if before is None:
            del os.environ["NOTES"]
    assert SECRET.decode() not in proxy.output, "a payload was printed"


@pytest.fixture(scope="module")
def on_open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    yield from scripted(tmp_path_factory.mktemp("open"), "--set", "wsinspect_keep_messages=5")


@pytest.fixture(scope="module")
def on_closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    yield from scripted(tmp_path_factory.mktemp("closed"), "--on-error", "closed")


async def finish(pair: Pair) -> None:
    pair.client.finish()
    await pair.server.read_to_end()
    pair.server.finish()
    await pair.client.read_to_end()


def texts(data: bytes | bytearray) -> list[bytes]:
    return [each.payload for each in parse_frames(bytes(data))[0]]


# --- what hooks are told ---


async def test_every_hook_in_order(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/note?x=1") as pair:
        await pair.client.send(
            frame(TEXT, b"in ", fin=False, mask=KEY)
            + frame(PING, b"p", mask=KEY)
            + frame(CONT, b"two", mask=KEY)
        )
        await pair.server.receive(25)
        await pair.server.send(frame(BINARY, b"\x01"))
        await pair.client.receive(3)
        await pair.client.send(close_frame(4000, "done", mask=KEY))
        await pair.server.send(close_frame(4000, "done"))
        await pair.client.receive(3 + 8)
        await finish(pair)
        host = f"127.0.0.1:{pair.tap.port}"
    await on_open.proxy.recorded("/note?x=1")
    await asyncio.sleep(0.1)
    assert [note for note in on_open.notes() if note[0] != "kept"] == [
        ["open", "/note", host],
        ["frame", "to_server", "text", "in "],
        ["frame", "to_server", "ping", "p"],
        ["frame", "to_server", "continuation", "two"],
        ["message", "to_server", "text", "in two"],
        ["stock", True, "in two"],
        ["frame", "to_client", "binary", "\x01"],
        ["message", "to_client", "binary", "\x01"],
        ["stock", False, "binary"],
        ["frame", "to_server", "close", "\x0f\xa0done"],
        ["frame", "to_client", "close", "\x0f\xa0done"],
        ["end", False, 4000, "done", True, 2],
        ["close", 4000, "close_frame"],
    ]


async def test_an_async_hook_rewrites_frames_in_order(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/async-frame") as pair:
        sent = b"".join(frame(TEXT, b"%d" % n, mask=KEY) for n in range(20))
        await pair.client.send(sent)
        back = b"".join(frame(TEXT, b"%d" % n) for n in range(20))
        await pair.server.send(back)
        await pair.server.receive(sum(6 + len(b"%d!" % n) for n in range(20)))
        await pair.client.receive(sum(2 + len(b"%d!" % n) for n in range(20)))
        wanted = [b"%d!" % n for n in range(20)]
        assert texts(pair.server.received) == texts(pair.client.received) == wanted
        await finish(pair)


async def test_several_scripts_in_their_order(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/order") as pair:
        await pair.client.send(frame(TEXT, b"text", mask=KEY))
        await pair.server.receive(6 + len("text first second"))
        assert texts(pair.server.received) == [b"text first second"]
        await finish(pair)


async def test_a_slow_open_hook_holds_the_traffic(on_open: Scripted) -> None:
    for target in ("/slow-open", "/slow-start"):
        async with raw_pair(on_open.proxy.port, target) as pair:
            hello = frame(TEXT, b"hello", mask=KEY)
            await pair.client.send(hello)
            assert await pair.server.silent(0.2)
            assert await pair.server.receive(len(hello)) == hello
            await pair.greet()
            await finish(pair)


# --- mitmproxy's own ---


async def test_editing_a_stock_message(on_open: Scripted) -> None:
    async with echo_server() as port:
        url = f"ws://127.0.0.1:{port}/edit"
        for compression in (None, "deflate"):
            async with connect(url, proxy=on_open.proxy.url, compression=compression) as client:
                await client.send("an old hat")
                assert await client.recv() == "an nöu hat"
                await client.send("old " * 5000)  # more than 4,000 bytes, several of them wide
                assert await client.recv() == "nöu " * 5000
                await client.send("untouched")
                assert await client.recv() == "untouched"


async def test_dropping_a_stock_message(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/drop") as pair:
        keep = frame(TEXT, b"keep", mask=KEY)
        await pair.client.send(keep + frame(TEXT, b"drop", mask=KEY) + keep)
        assert await pair.server.receive(2 * len(keep)) == 2 * keep
        await finish(pair)
    found = await on_open.proxy.recorded("/drop")
    forwarded = [event["ws"]["forwarded"] for event in found.frames["to_server"]]
    assert forwarded == [True, False, True]


async def test_injecting_by_mitmproxys_command(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/inject") as pair:
        await pair.client.send(frame(TEXT, b"go", mask=KEY))
        await pair.client.receive(len(frame(TEXT, b"injected to the client")))
        await pair.server.receive(2 * 6 + 2 + len(b"injected \xff"))
        assert texts(pair.client.received) == [b"injected to the client"]
        assert texts(pair.server.received) == [b"go", b"injected \xff"]
        assert parse_frames(bytes(pair.server.received))[0][1].opcode == "binary"
        await pair.greet()
        await finish(pair)


async def test_killing_a_flow_ends_it(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/kill") as pair:
        await pair.greet()
        await pair.client.send(frame(TEXT, b"kill", mask=KEY))
        await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        assert b"kill" not in texts(pair.server.received)
    found = await on_open.proxy.recorded("/kill")
    assert found.close["initiator"] == "proxy"
    assert found.frames["to_server"][-1]["ws"]["forwarded"] is False


async def test_the_kept_messages_are_bounded(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/kept") as pair:
        one = frame(TEXT, b"x", mask=KEY)
        await pair.client.send(one * 50)
        await pair.server.receive(50 * len(one))
        await finish(pair)
    kept = [note[1] for note in on_open.notes() if note[0] == "kept"]
    assert max(kept) == 5
    assert len(kept) == 50


# --- failures ---

FAILING = ["/bad-frame", "/bad-message", "/bad-stock"]


@pytest.mark.parametrize("target", FAILING)
async def test_a_failing_hook_forwards_if_open_and_says_so(on_open: Scripted, target: str) -> None:
    async with raw_pair(on_open.proxy.port, target) as pair:
        secret = frame(TEXT, SECRET, mask=KEY)
        await pair.client.send(secret)
        assert await pair.server.receive(len(secret)) == secret
        await pair.server.send(frame(TEXT, SECRET))
        await pair.client.receive(2 + len(SECRET))
        await finish(pair)
    await on_open.proxy.recorded(target)
    await asyncio.sleep(0.1)
    said = on_open.proxy.output
    assert "while inspecting a" in said
    assert "behaviours.py" in said, "where it happened"


@pytest.mark.parametrize("target", FAILING)
async def test_a_failing_hook_closes_both_sides_if_closed(on_closed: Scripted, target: str) -> None:
    async with raw_pair(on_closed.proxy.port, target) as pair:
        await pair.client.send(frame(TEXT, SECRET, mask=KEY))
        await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        for peer in (pair.client, pair.server):
            (told,) = parse_frames(bytes(peer.received))[0]
            assert told.opcode == "close"
            assert int.from_bytes(told.payload[:2]) == 1011
    found = await on_closed.proxy.recorded(target)
    assert found.frames["to_server"][0]["ws"]["forwarded"] is False
    assert found.close["initiator"] == "proxy"
    assert found.close["code_relayed"] == 1011


async def test_a_failing_open_hook_follows_the_policy(
    on_open: Scripted, on_closed: Scripted
) -> None:
    async with raw_pair(on_open.proxy.port, f"/bad-open?{SECRET.decode()}") as pair:
        await pair.greet()
        await finish(pair)
    async with raw_pair(on_closed.proxy.port, f"/bad-open?{SECRET.decode()}") as pair:
        ends = asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        await ends
        for peer in (pair.client, pair.server):
            assert [each[:2] for each in texts(peer.received)] == [(1011).to_bytes(2)]
    await on_open.proxy.said("ValueError")
    await on_closed.proxy.said("ValueError")


async def test_a_hook_may_close_the_connection(on_open: Scripted) -> None:
    async with raw_pair(on_open.proxy.port, "/close-message") as pair:
        await pair.client.send(frame(TEXT, b"x", mask=KEY))
        await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        assert texts(pair.server.received) == [(4321).to_bytes(2) + b"forbidden"]
        assert texts(pair.client.received) == [(4321).to_bytes(2) + b"forbidden"]
    found = await on_open.proxy.recorded("/close-message")
    close = found.close
    assert (close["cause"], close["initiator"], close["code_relayed"]) == ("policy", "proxy", 4321)
    assert close["code_observed"] == 1006


# --- pressure, and the end meanwhile ---


async def test_a_stuck_hook_stops_the_sender_and_bounds_memory(on_open: Scripted) -> None:
    before = (await spy_until(on_open.proxy, lambda _: True))["rss_kib"]
    async with raw_pair(on_open.proxy.port, "/stuck") as pair:
        first = frame(TEXT, b"stick", mask=KEY)
        await pair.client.send(first)
        large = frame(BINARY, bytes(1 << 16), mask=KEY) * 500
        flood = asyncio.create_task(pair.client.send(large))
        await asyncio.sleep(1)
        assert not flood.done(), "the sender does not feel it"
        after = (await spy_until(on_open.proxy, lambda _: True))["rss_kib"]
        assert after - before < 8 * 1024
        received, _ = await asyncio.gather(pair.server.receive(len(first + large)), flood)
        assert received == first + large
        await finish(pair)


@pytest.mark.parametrize("how", ["rst", "fin"])
async def test_a_client_that_vanishes_during_the_start_hook(on_open: Scripted, how: str) -> None:
    target = f"/slow-start?{how}"
    async with raw_pair(on_open.proxy.port, target) as pair:
        if how == "rst":
            pair.client.reset()
        else:
            pair.client.finish()
        assert await pair.server.read_to_end() == how
        pair.server.finish()
        await pair.client.read_to_end()
    found = await on_open.proxy.recorded(target)
    assert (found.close["cause"], found.close["initiator"]) == (how, "client")
    await spy_until(on_open.proxy, lambda s: target not in s["layers"])


async def test_a_script_may_be_reloaded_while_connections_live(tmp_path: Path) -> None:
    script = tmp_path / "reloaded.py"
    source = "def wsinspect_message(observation):\n    observation.rewrite(b'%s')\n"
    script.write_text(source % "one")
    with running(tmp_path / "proxy", "-s", str(script)) as proxy:
        async with raw_pair(proxy.port, "/reload") as pair:
            sent = frame(TEXT, b"abc", mask=KEY)
            await pair.client.send(sent)
            await pair.server.receive(len(sent))

            script.write_text(source % "two")
            os.utime(script, (2**31, 2**31))
            deadline = asyncio.get_running_loop().time() + 15
            while texts(pair.server.received)[-1] != b"two":
                assert asyncio.get_running_loop().time() < deadline
                size = len(pair.server.received)
                await pair.client.send(sent)
                await pair.server.receive(size + len(sent))
                await asyncio.sleep(0.2)
            assert set(texts(pair.server.received)) == {b"one", b"two"}
            await finish(pair)
