"""The log's frames equal, per connection and direction, what an independent tap saw.

Raw peers send whatever the bits of a frame allow; `test_libraries` has what real programs do.
"""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from tests.e2e.conftest import StartProxy
from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import (
    BINARY,
    CLOSE,
    CONT,
    KEY,
    PING,
    PONG,
    TEXT,
    Pair,
    close_frame,
    frame,
    raw_pair,
)
from tests.support.tap import DIRECTIONS, parse_frames

SIZES = (0, 1, 2, 4, 5, 124, 125, 126, 127, 128, 1000, 4096, 65534, 65535, 65536, 65537, 150_000)
LEGAL = (CONT, TEXT, BINARY, PING, PONG)


def random_frame(rng: random.Random, *, masks: bool, wild: bool) -> bytes:
    """A frame; `wild` ones use reserved bits and opcodes, wrong masks and odd length forms.

    Close is left out: where a connection ends is for the test to decide.
    """
    size = rng.choice(SIZES) if rng.random() < 0.5 else rng.randint(0, 300)
    payload = rng.randbytes(size)
    mask = rng.randbytes(4) if masks else None
    if not wild:
        opcode = rng.choice(LEGAL)
        if opcode >= PING:
            return frame(opcode, payload[:125], mask=mask)
        return frame(opcode, payload, fin=rng.random() < 0.7, mask=mask)
    opcode = rng.choice([code for code in range(16) if code != CLOSE])
    if rng.random() < 0.2:
        mask = None if masks else rng.randbytes(4)
    forms = [8] + [2] * (size < 1 << 16) + [0] * (size < 126)
    return frame(
        opcode,
        payload,
        fin=rng.random() < 0.5,
        rsv=rng.choice([0, 0, 1, 2, 3, 4, 7]),
        mask=mask,
        length_bytes=rng.choice(forms),
    )


async def play(rng: random.Random, pair: Pair, *, wild: bool) -> None:
    """Both sides send at once, in pieces of any size; then one of them ends it somehow."""
    streams = [
        b"".join(random_frame(rng, masks=masks, wild=wild) for _ in range(rng.randint(0, 40)))
        for masks in (True, False)
    ]

    async def send(side: int) -> None:
        peer, data = (pair.client, pair.server)[side], streams[side]
        at = 0
        while at < len(data):
            size = rng.choice([1, 3, 100, 1460, 70_000])
            await peer.send(data[at : at + size])
            at += size
            if rng.random() < 0.05:
                await asyncio.sleep(0.001)

    await asyncio.gather(
        send(0), send(1), pair.server.receive(len(streams[0])), pair.client.receive(len(streams[1]))
    )
    assert bytes(pair.server.received) == streams[0]
    assert bytes(pair.client.received) == streams[1]
    await end(rng, pair)


async def end(rng: random.Random, pair: Pair) -> None:
    first, second = pair.client, pair.server
    masks: tuple[bytes | None, bytes | None] = (KEY, None)
    if rng.random() < 0.5:
        first, second, masks = pair.server, pair.client, (None, KEY)
    mask, other = masks
    how = rng.choice(["close", "close", "fin", "rst", "close-rst"])
    if how.startswith("close"):
        code = rng.choice([None, 1000, 1001, 1011, 1014, 4000, 4999])
        sent = close_frame(code, "" if code is None else "over", mask=mask)
        before = len(second.received)
        await first.send(sent)
        await second.receive(before + len(sent))
        if how == "close":
            reply = close_frame(code, mask=other)
            before = len(first.received)
            await second.send(reply)
            await first.receive(before + len(reply))
    if how.endswith("rst"):
        first.reset()
        assert await second.read_to_end() == "rst"
    else:
        first.finish()
        assert await second.read_to_end() == "fin"
        second.finish()
        assert await first.read_to_end() == "fin"


@pytest.mark.parametrize("wild", [False, True], ids=["legal-opcodes", "wild"])
async def test_any_frames_any_end(proxy: ProxyProcess, target: str, wild: bool) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails

    async def one(number: int) -> None:
        uri = f"{target}&n={number}"
        async with raw_pair(proxy.port, uri) as pair:
            await play(random.Random(f"{seed}/{number}"), pair, wild=wild)
            passage = await pair.tap.passage(uri)
        found = await proxy.recorded(uri)
        assert_log_is_what_the_tap_saw(found, passage)
        first_close = passage.first_close()
        if first_close is None:
            direction, how = passage.ends[0]
            assert (found.close["cause"], found.close["code_observed"]) == (how, 1006)
        else:
            direction, close = first_close
            assert found.close["cause"] == "close_frame"
            code = int.from_bytes(close.payload[:2]) if close.payload else 1005
            assert found.close["code_observed"] == code
        initiator = "client" if direction == "to_server" else "server"
        assert found.close["initiator"] == initiator

    await asyncio.gather(*(one(number) for number in range(25)))


async def test_big_messages_both_ways(proxy: ProxyProcess, target: str) -> None:
    """16 MiB in one frame and in fragments, at once in both directions."""
    data = os.urandom(1 << 20) * 16
    one = frame(BINARY, data, mask=KEY)
    parts = [data[at : at + 3_000_001] for at in range(0, len(data), 3_000_001)]
    many = b"".join(
        frame(BINARY if n == 0 else CONT, part, fin=n == len(parts) - 1)
        for n, part in enumerate(parts)
    )
    async with raw_pair(proxy.port, target) as pair:
        await asyncio.gather(
            pair.client.send(one),
            pair.server.send(many),
            pair.server.receive(len(one)),
            pair.client.receive(len(many)),
        )
        assert pair.server.received == one
        assert pair.client.received == many
        pair.client.finish()
        pair.server.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert found.close["to_server"]["messages"] == found.close["to_client"]["messages"] == 1


async def test_fragments_pass_one_by_one(proxy: ProxyProcess, target: str) -> None:
    """A fragment, a ping between, even half a header arrive before the message is whole."""
    async with raw_pair(proxy.port, target) as pair:
        sent = b""
        for piece in (
            frame(TEXT, "Grü".encode()[:-1], fin=False, mask=KEY),  # cut inside a character
            frame(PING, b"now", mask=KEY),
            frame(CONT, "ü".encode()[1:] + b"x" * 200, mask=KEY)[:3],
            frame(CONT, "ü".encode()[1:] + b"x" * 200, mask=KEY)[3:],
        ):
            await pair.client.send(piece)
            sent += piece
            assert await pair.server.receive(len(sent)) == sent
        pair.client.finish()
        pair.server.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert found.close["to_server"]["messages"] == 1


VIOLATIONS = {
    "client-not-masked": (True, frame(TEXT, b"bare"), 1002),
    "server-masked": (False, frame(TEXT, b"masked", mask=KEY), 1002),
    "reserved-opcode": (True, frame(0xB, b"?", mask=KEY), 1002),
    "reserved-data-opcode": (False, frame(0x3, b"?"), 1002),
    "rsv-without-extension": (True, frame(TEXT, b"?", rsv=2, mask=KEY), 1002),
    "long-ping": (False, frame(PING, b"p" * 126), 1002),
    "fragmented-ping": (True, frame(PING, b"p", fin=False, mask=KEY), 1002),
    "length-not-minimal": (False, frame(TEXT, b"short", length_bytes=8), 1002),
    "continuation-of-nothing": (True, frame(CONT, b"?", mask=KEY), 1002),
    "text-not-utf8": (False, frame(TEXT, b"\xc3\x28"), 1007),
}
HARMLESS = frame(BINARY, b"fine"), frame(BINARY, b"fine", mask=KEY)


@pytest.mark.parametrize("name", VIOLATIONS)
async def test_a_violation_is_forwarded_and_recorded(
    proxy: ProxyProcess, target: str, name: str
) -> None:
    by_client, bad, _ = VIOLATIONS[name]
    good = HARMLESS[by_client]
    async with raw_pair(proxy.port, target) as pair:
        first, second = (pair.client, pair.server) if by_client else (pair.server, pair.client)
        await first.send(good + bad + good)
        assert await second.receive(len(good + bad + good)) == good + bad + good
        first.finish()
        second.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    lines = found.frames["to_server" if by_client else "to_client"]
    assert ["violation" in event["ws"] for event in lines] == [False, True, False]
    assert lines[1]["ws"]["violation"]


async def test_on_violation_close_tells_both_sides(start_proxy: StartProxy) -> None:
    proxy = start_proxy("--on-violation", "close")

    async def one(name: str) -> None:
        by_client, bad, code = VIOLATIONS[name]
        good = HARMLESS[by_client]
        async with raw_pair(proxy.port, f"/{name}") as pair:
            first, second = (pair.client, pair.server) if by_client else (pair.server, pair.client)
            await first.send(good)
            await second.receive(len(good))
            await first.send(bad)
            await asyncio.gather(first.read_to_end(), second.read_to_end())
            pair.client.finish()
            pair.server.finish()
            passage = await pair.tap.passage(f"/{name}")
        back, _ = parse_frames(bytes(first.received))
        on, _ = parse_frames(bytes(second.received))
        for frames in (back, on):
            assert frames[-1].opcode == "close", name
            assert int.from_bytes(frames[-1].payload[:2]) == code, name
        assert bad not in bytes(second.received), name
        direction = DIRECTIONS[0 if by_client else 1]
        assert [frame.opcode for frame in passage.frames("to_server")][-1] == "close"
        found = await proxy.recorded(f"/{name}")
        lines = [event for event in found.frames[direction] if "violation" in event["ws"]]
        assert [event["ws"]["forwarded"] for event in lines] == [False], name
        assert found.close["initiator"] == "proxy", name
        assert found.close["cause"] in {"policy", "error"}, name

    await asyncio.gather(*(one(name) for name in VIOLATIONS))
