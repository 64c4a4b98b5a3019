"""What a dashboard is told of the connection that it watches, and what it may order."""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sinks.conftest import HELLO, WELCOME, Bench
from tests.sinks.dashboards import Dashboard, Message, attach, is_frames, is_totals, serving
from tests.support.raw import BINARY, CONT, KEY, PING, PONG, TEXT, frame
from wsinspect.model.events import Alert
from wsinspect.relay.observation import Observation, Shown
from wsinspect.relay.relay import Relay
from wsinspect.sinks import client as client_module
from wsinspect.sinks.reading import CONTENT_LEN

MakeBench = Callable[..., Bench]
DEFLATE = [(b"Sec-WebSocket-Extensions", b"permessage-deflate")]
ORDERS: list[tuple[int, int, str]] = []


@pytest.fixture(autouse=True)
def no_orders() -> None:
    ORDERS.clear()


def obey(flow_id: int, code: int, reason: str) -> bool:
    ORDERS.append((flow_id, code, reason))
    return flow_id == 1


@asynccontextmanager
async def watching(
    bench: MakeBench, path: Path, *, deflate: bool = False, policy: Any = None, **options: Any
) -> AsyncIterator[tuple[Bench, Relay, Dashboard]]:
    """One connection, and a dashboard that watches it."""
    one = bench(**{"record": "connections", **options})
    headers = DEFLATE if deflate else []
    named = {} if policy is None else {"policy": policy}
    relay = one.connect(asked=headers, answered=headers, **named)
    async with serving(one, path / "s", obey) as server:
        client = await attach(server)
        client.send({"type": "watch", "flow_id": 1})
        await client.until(is_totals)
        while not server._watching.connections:
            await asyncio.sleep(0)
        yield one, relay, client
        client.writer.transport.abort()
        await asyncio.sleep(0.01)


def is_messages(message: Message) -> bool:
    return message.get("type") == "messages"


def rows_of(client: Dashboard, kind: str) -> list[list[Any]]:
    return [row for m in client.seen if m.get("type") == kind for row in m["rows"]]


def deflated(text: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-15)
    return (squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


# --- messages ---


async def test_a_message_row_comes_after_its_frames(bench: MakeBench, tmp_path: Path) -> None:
    text = b"joined and read " * 400
    squeezed = deflated(text)
    async with watching(bench, tmp_path, deflate=True) as (_, relay, client):
        relay.to_server.receive(HELLO)
        relay.to_server.receive(frame(TEXT, squeezed[:9], fin=False, rsv=4, mask=KEY))
        relay.to_server.receive(frame(PING, b"between", mask=KEY))
        relay.to_server.receive(frame(CONT, squeezed[9:], mask=KEY))
        relay.to_client.receive(frame(BINARY, b""))
        while len(rows_of(client, "messages")) < 3:
            await client.next()
    first, fragmented, empty = rows_of(client, "messages")
    assert first[1:12] == [0, 0, 0, 1, 5, len(HELLO), 1, False, "pass", False, []]
    assert (base64.b64decode(first[12]), first[13]) == (b"hello", True)
    wire_len = len(squeezed) + 12
    assert fragmented[1:12] == [0, 1, 3, 1, len(text), wire_len, 2, True, "pass", False, []]
    assert (base64.b64decode(fragmented[12]), fragmented[13]) == (text[:CONTENT_LEN], False)
    assert empty[1:] == [1, 0, 0, 2, 0, 2, 1, False, "pass", False, [], "", True]
    told: set[tuple[int, int]] = set()
    for message in client.seen:
        if is_frames(message):
            told |= {(row[1], row[2]) for row in message["rows"]}
        if is_messages(message):
            assert message["flow_id"] == 1
            assert {(row[1], row[3]) for row in message["rows"]} <= told


async def test_nobody_pays_for_messages_that_are_not_watched(
    bench: MakeBench, tmp_path: Path
) -> None:
    async with watching(bench, tmp_path) as (one, relay, client):
        one.hub.keeping.end()  # as after a burst
        other = one.connect()
        readers = relay.connection.to_server, relay.connection.to_client
        assert all(reader.tell_messages and reader.preview for reader in readers)
        assert not other.connection.to_server.tell_messages
        client.send({"type": "watch", "flow_id": None})
        async with asyncio.timeout(5):
            while readers[0].tell_messages:
                await asyncio.sleep(0.01)
        for reader in readers:
            joiner = reader.joiner
            assert (reader.preview, reader.tell_messages, joiner.keep_payload) == (False,) * 3
            assert (joiner.start_limit, joiner.payload_limit) == (512, 16 << 20)


@pytest.mark.parametrize("record", ["connections", "all"])
async def test_shown_and_skipped_messages_are_all_messages(
    bench: MakeBench, tmp_path: Path, record: str
) -> None:
    async with watching(bench, tmp_path, record=record) as (_, relay, client):
        total = 0
        for size in (10, 399, 400, 401, 5000, 1, 0, 20_000, 3):
            relay.to_server.receive(HELLO * size)
            relay.to_client.receive(WELCOME * (size // 2))
            total += size + size // 2
            if size % 2:
                await asyncio.sleep(0.06)
        shown = skipped = 0
        while shown + skipped < total:
            message = await client.until(is_messages)
            shown += len(message["rows"])
            skipped += message["skipped"]
            assert len(message["rows"]) <= client_module.ROWS_A_TICK
        assert (shown + skipped, skipped > 0) == (total, True)
        frames = {(row[1], row[2]) for row in rows_of(client, "frames")}
        messages = {(row[1], row[3]) for row in rows_of(client, "messages")}
        assert messages <= frames


async def test_much_content_is_cut(
    bench: MakeBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CONTENT_A_TICK", 5000)
    async with watching(bench, tmp_path) as (_, relay, client):
        relay.to_client.receive(frame(BINARY, b"a" * 3000) + frame(BINARY, b"b" * 3000) + WELCOME)
        while len(rows_of(client, "messages")) < 3:
            await client.next()
    lens = [len(base64.b64decode(row[12])) for row in rows_of(client, "messages")]
    assert lens == [3000, 128, 7]
    assert [row[13] for row in rows_of(client, "messages")] == [True, False, True]


class Masker:
    """A policy that masks, stops and rewrites, as rules do."""

    frames = outside = False
    messages = controls = masks = True

    def judge(self, observation: Observation) -> None:
        payload = observation.payload
        if b"hush" in payload:
            observation.shown = Shown(None, ["hush"])
        else:
            observation.shown = Shown(payload.replace(b"secret", b"******"), ["r"])
        if b"drop" in payload:
            observation.drop()
        if b"new" in payload:
            observation.rewrite(b"secret rewritten")
            observation.shown = Shown(b"****** rewritten", ["r"])

    def large(self, opcode: int, *, compressed: bool, seq: int) -> None: ...

    def unreadable(self, now_ns: int, seq: int) -> None: ...


async def test_what_a_policy_masks_is_masked_in_every_line(
    bench: MakeBench, tmp_path: Path
) -> None:
    said = [b"a secret here", b"hush secret", b"drop secret", b"new secret", b"secret" * 2000]
    async with watching(bench, tmp_path, policy=Masker()) as (one, relay, client):
        one.hub.keeping.end()
        for payload in said:
            relay.to_server.receive(frame(TEXT, payload, mask=KEY))
        while len(rows_of(client, "messages")) < len(said):
            await client.next()
        for seq in range(len(said)):
            client.send({"type": "payload", "flow_id": 1, "direction": 0, "seq": seq})
        answers = [await client.until(lambda m: m.get("type") == "payload") for _ in said]
        client.send({"type": "watch", "flow_id": None})
        async with asyncio.timeout(5):
            while relay.connection.to_server.tell_messages:
                await asyncio.sleep(0.01)
    found = [
        (row[9], row[11], row[12] and base64.b64decode(row[12])[:16], row[13])
        for row in rows_of(client, "messages")
    ]
    assert found == [
        ("pass", ["r"], b"a ****** here", True),
        ("pass", ["hush"], None, False),
        ("drop", ["r"], None, False),
        ("rewrite", ["r"], b"****** rewritten", True),
        ("pass", ["r"], b"*" * 16, False),
    ]
    contents = [each["content"] and base64.b64decode(each["content"]) for each in answers]
    assert contents == [b"a ****** here", None, None, b"****** rewritten", b"*" * 12_000]
    assert [bool(each["say"]) for each in answers] == [False, True, True, False, False]
    previews = [base64.b64decode(row[8]) for row in rows_of(client, "frames") if row[8]]
    assert previews
    assert not any(b"secret" in each for each in previews)


# --- payloads ---


async def test_a_whole_payload_can_be_asked_for(bench: MakeBench, tmp_path: Path) -> None:
    text = bytes(range(256)) * 100
    async with watching(bench, tmp_path) as (_, relay, client):
        relay.to_client.receive(frame(BINARY, text[:99], fin=False) + frame(CONT, text[99:]))
        relay.to_client.receive(frame(BINARY, bytes((1 << 20) + 1)))
        relay.to_server.receive(frame(BINARY, text, mask=KEY))
        for direction, seq in ((1, 0), (1, 2), (1, 1), (0, 0)):
            client.send({"type": "payload", "flow_id": 1, "direction": direction, "seq": seq})
        whole, large, part, other = [
            await client.until(lambda m: m.get("type") == "payload") for _ in range(4)
        ]
        assert whole == {
            "type": "payload", "flow_id": 1, "direction": 1, "seq": 0,
            "content": base64.b64encode(text).decode(), "whole": True, "say": "",
        }  # fmt: skip
        assert (large["content"], large["whole"]) == (None, False)
        assert "1 MiB" in large["say"]
        assert "not kept" in part["say"]  # frame 1 begins no message
        assert base64.b64decode(other["content"]) == text


async def test_the_payloads_that_are_kept_are_bounded(bench: MakeBench, tmp_path: Path) -> None:
    async with watching(bench, tmp_path) as (_, relay, client):
        server = relay.recorder.viewer  # type: ignore[attr-defined]
        for _ in range(30):
            relay.to_client.receive(frame(BINARY, bytes(1 << 20)))
        ring = server._watching.payloads
        kept = sum(len(each) for each in ring._kept.values())
        assert 6 << 20 < kept <= 8 << 20
        assert min(key[2] for key in ring._kept) > 20
        client.writer.close()
        async with asyncio.timeout(5):
            while ring._kept:
                await asyncio.sleep(0.01)


# --- orders ---


@pytest.mark.parametrize(
    ("code", "reason", "say"),
    [
        (1000, "", None), (1001, "é" * 61, None), (1008, None, None), (1014, "x", None),
        (3000, "x" * 123, None), (4999, "bye", None),
        (1004, "", "close code"), (1005, "", "close code"), (1006, "", "close code"),
        (1015, "", "close code"), (999, "", "close code"), (1016, "", "close code"),
        (2999, "", "close code"), (5000, "", "close code"), ("1000", "", "close code"),
        (True, "", "close code"), (None, "", "close code"), (1000.5, "", "close code"),
        (1000, "x" * 124, "123 bytes"), (1000, "é" * 62, "123 bytes"), (1000, 7, "123 bytes"),
    ],
)  # fmt: skip
async def test_only_what_may_be_sent_closes(
    bench: MakeBench, tmp_path: Path, code: object, reason: object, say: str | None
) -> None:
    async with watching(bench, tmp_path) as (_, _, client):
        client.send({"type": "close", "flow_id": 1, "code": code, "reason": reason})
        client.send({"type": "close", "flow_id": 2, "code": 1000, "reason": ""})
        problems: list[str] = []
        while not any("2 is not open" in each for each in problems):
            message = await client.until(lambda m: m.get("type") == "problem")
            problems.append(message["say"])
    if say is None:
        assert [(1, code, reason or ""), (2, 1000, "")] == ORDERS
        assert len(problems) == 1
    else:
        assert ORDERS == [(2, 1000, "")]
        assert say in problems[0]


@pytest.mark.parametrize("flow_id", [None, "1", True, 1.0, [1]])
async def test_which_connection_must_be_said(
    bench: MakeBench, tmp_path: Path, flow_id: object
) -> None:
    async with watching(bench, tmp_path) as (_, _, client):
        client.send({"type": "payload", "flow_id": flow_id, "direction": 0, "seq": 0})
        client.send({"type": "close", "flow_id": flow_id, "code": 1000, "reason": ""})
        await client.until(lambda m: m.get("type") == "problem")
    assert not ORDERS


async def test_hello_says_what_may_be_asked(bench: MakeBench, tmp_path: Path) -> None:
    async with watching(bench, tmp_path) as (one, _, client):
        hello = client.seen[0]
        assert hello["can"] == ["close", "payload"]
        assert hello["started_ns"] == one.hub.started_ns
        assert hello["payloads"] == "none"
    one = bench(record="connections")
    async with serving(one, tmp_path / "s") as server:
        client = await attach(server)
        assert (await client.next())["can"] == ["payload"]
        client.send({"type": "close", "flow_id": 1, "code": 1000, "reason": ""})
        assert "closes nothing" in (await client.until(lambda m: m.get("type") == "problem"))["say"]
        client.writer.transport.abort()


# --- totals ---


async def test_the_tail_of_a_totals_row(bench: MakeBench, tmp_path: Path) -> None:
    text = b"plain words " * 100
    alert = Alert("say", "r", "low", "allowed", "logged", [], 0)
    async with watching(bench, tmp_path, deflate=True) as (one, relay, client):
        relay.to_server.receive(HELLO + frame(TEXT, deflated(text), rsv=4, mask=KEY))
        relay.to_server.receive(frame(TEXT, b"\xff", mask=KEY) + frame(CONT, b"", mask=KEY))
        relay.to_server.receive(frame(PING, b"p", mask=KEY))
        one.clock.advance(0.25)
        relay.to_client.receive(frame(PONG, b"p") + WELCOME)
        for _ in range(3):
            one.hub.alert(relay.connection, one.clock(), alert)
        relay.to_client.receive(WELCOME)
        await client.until(lambda _: (client.totals(1) or [0] * 5)[4] == 3)
        tail = (client.totals(1) or [])[12:]
    assert tail[:4] == [5 + len(text) + 1, 14, 3, 2]
    assert 250_000 <= tail[4] < 251_000
    assert tail[5:] == [1]


# --- attaching to a crowd ---


async def test_ten_thousand_connections_are_told_a_little_at_a_time(
    bench: MakeBench, tmp_path: Path
) -> None:
    one = bench(record="connections")
    relays = [one.connect() for _ in range(1000)]
    async with serving(one, tmp_path / "s") as server:
        client = await attach(server)
        await client.next()
        one.close(relays[998])  # before its turn
        late = one.connect()
        relays[999].to_server.receive(HELLO)
        one.hub.tick()  # stats would say that all have been told
        assert not await_all(client, 1000)
        while not await_all(client, 1001):
            await client.next()
        assert not [m for m in client.seen if m.get("event_type") == "stats"]
        one.hub.tick()
        await client.until(lambda m: m.get("event_type") == "stats")
        opened = [m["flow_id"] for m in client.seen if m.get("event_type") == "ws_open"]
        assert sorted(opened) == list(range(1, late.connection.flow_id + 1))
        closed = [i for i, m in enumerate(client.seen) if m.get("event_type") == "ws_close"]
        assert len(closed) == 1
        assert 999 in {m.get("flow_id") for m in client.seen[: closed[0]]}
        assert (client.totals(1000) or [0, 0])[1] == 1
        assert one.hub.stats().dashboard_dropped == 0
        client.writer.transport.abort()


def await_all(client: Dashboard, count: int) -> bool:
    return len({m["flow_id"] for m in client.seen if m.get("event_type") == "ws_open"}) >= count
