"""What passed before anyone looked: kept while little passes, told once, and counted exactly."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sinks.conftest import HELLO, WELCOME, Bench
from tests.sinks.dashboards import DASHBOARDS, Dashboard, Message, attach, is_frames, serving
from tests.sinks.test_watched import DEFLATE, Masker, deflated
from tests.support.raw import BINARY, CONT, KEY, PING, TEXT, frame
from wsinspect.protocol.messages import PAYLOAD_LIMIT, START_LIMIT
from wsinspect.relay.observation import Shown
from wsinspect.relay.relay import Relay
from wsinspect.sinks import keeping as keeping_module
from wsinspect.sinks.dashboard import DashboardServer
from wsinspect.sinks.hub import Hub
from wsinspect.sinks.reading import CONTENT_LEN

MakeBench = Callable[..., Bench]


@pytest.fixture(autouse=True)
async def all_closed() -> AsyncIterator[None]:
    yield
    for client in DASHBOARDS:
        client.writer.transport.abort()
    DASHBOARDS.clear()
    await asyncio.sleep(0.01)


@pytest.fixture
async def one(bench: MakeBench) -> Bench:
    return bench(record="connections")


@pytest.fixture
async def server(one: Bench, tmp_path: Path) -> AsyncIterator[DashboardServer]:
    async with serving(one, tmp_path / "s") as running:
        yield running


def is_history(message: Message) -> bool:
    return message.get("type") == "history"


def lines_of(client: Dashboard, flow_id: int) -> list[Message]:
    """All that was said since the newest answer about this connection, that first."""
    at = max(i for i, m in enumerate(client.seen) if is_history(m) and m["flow_id"] == flow_id)
    return client.seen[at:]


def rows_of(lines: list[Message], kind: str) -> list[list[Any]]:
    return [row for m in lines if m.get("type") == kind for row in m["rows"]]


async def ask(client: Dashboard, flow_id: int) -> list[Message]:
    """Watch it; the answer is whole."""
    client.send({"type": "watch", "flow_id": flow_id})
    head = await client.until(lambda m: is_history(m) and m["flow_id"] == flow_id)
    lines = lines_of(client, flow_id)
    while (
        len(rows_of(lines, "frames")) < head["frames"]
        or len(rows_of(lines, "messages")) < head["messages"]
    ):
        await client.next()
        lines = lines_of(client, flow_id)
    return lines


def contents(lines: list[Message]) -> list[bytes | None]:
    return [row[12] and base64.b64decode(row[12]) for row in rows_of(lines, "messages")]


def read_fully(relay: Relay) -> list[bool]:
    c = relay.connection
    return [reader.preview and reader.tell_messages for reader in (c.to_server, c.to_client)]


def read_barely(relay: Relay) -> bool:
    """As if nobody had ever wanted to see anything."""
    c = relay.connection
    return all(
        not (reader.preview or reader.tell_messages or reader.joiner.keep_payload)
        and (reader.joiner.start_limit, reader.joiner.payload_limit) == (START_LIMIT, PAYLOAD_LIMIT)
        for reader in (c.to_server, c.to_client)
    )


# --- the main case ---


async def test_who_comes_after_the_end_sees_all(one: Bench, server: DashboardServer) -> None:
    relay = one.connect(asked=DEFLATE, answered=DEFLATE)
    large = bytes(range(256)) * 400
    relay.to_server.receive(HELLO + frame(BINARY, large[:9], fin=False, mask=KEY))
    relay.to_server.receive(frame(PING, b"there?", mask=KEY) + frame(CONT, large[9:], mask=KEY))
    relay.to_client.receive(frame(TEXT, deflated(b"again " * 99), rsv=4))
    relay.to_client.inject(TEXT, b"from us")
    one.close(relay)
    client = await attach(server)
    lines = await ask(client, 1)
    assert lines[0] == {
        "type": "history", "flow_id": 1, "frames": 5, "frames_total": 5,
        "messages": 4, "messages_total": 3, "older": 0, "busy": 0,
    }  # fmt: skip
    rows = rows_of(lines, "frames")
    assert [row[1:4] for row in rows] == [
        [0, 0, 0x81], [0, 1, 0x02], [0, 2, 0x89], [0, 3, 0x80], [1, 0, 0xC1],
    ]  # fmt: skip
    previews = [base64.b64decode(row[8]) for row in rows]
    assert previews[:3] == [b"hello", large[:9], b"there?"]
    assert previews[3] == large[9 : 9 + 512]
    assert contents(lines) == [b"hello", large[:CONTENT_LEN], b"again " * 99, b"from us"]
    assert [row[2:4] for row in rows_of(lines, "messages")] == [[0, 0], [1, 3], [0, 0], [-1, -1]]
    client.send({"type": "payload", "flow_id": 1, "direction": 0, "seq": 1})
    answer = await client.until(lambda m: m.get("type") == "payload")
    assert base64.b64decode(answer["content"]) == large
    assert not server._watching.connections, "an ended connection is not read any more"


async def test_what_goes_on_joins_what_was(one: Bench, server: DashboardServer) -> None:
    """Nothing twice, nothing missing, also of a message that is open while the watch begins."""
    relay = one.connect()
    relay.to_server.receive(HELLO + frame(TEXT, b"begun ", fin=False, mask=KEY))
    client = await attach(server)
    lines = await ask(client, 1)
    assert [lines[0][name] for name in ("frames", "messages")] == [2, 1]
    relay.to_server.receive(frame(CONT, b"and ended", mask=KEY) + HELLO)
    while len(rows_of(lines_of(client, 1), "messages")) < 3:
        await client.next()
    lines = lines_of(client, 1)
    assert [row[2] for row in rows_of(lines, "frames")] == [0, 1, 2, 3]
    assert contents(lines) == [b"hello", b"begun and ended", b"hello"]


@pytest.mark.parametrize("ended", [False, True])
async def test_messages_whose_frames_went_ahead_are_there(
    one: Bench, server: DashboardServer, ended: bool
) -> None:
    """A chunk of so many frames is handed on before its messages are told."""
    relay, other = one.connect(), one.connect()
    relay.to_server.receive(HELLO * 1100)
    if ended:
        one.close(relay)
    else:
        other.to_server.receive(HELLO)
        one.hub.flush()
    head = (await ask(await attach(server), 1))[0]
    assert (head["frames"], head["messages"]) == (1100, 1100)


async def test_more_than_can_be_told_live_is_kept_all_the_same(
    one: Bench, server: DashboardServer
) -> None:
    relay = one.connect()
    client = await attach(server)
    await ask(client, 1)
    for _ in range(10):
        relay.to_server.receive(HELLO * 100)
        one.hub.flush()
    await client.until(lambda m: bool(m.get("skipped")))
    await settled(client, relay)
    head = (await ask(client, 1))[0]
    assert (head["frames"], head["messages"]) == (1000, 1000)


async def test_what_is_not_known_is_said_so(one: Bench, server: DashboardServer) -> None:
    client = await attach(server)
    for flow_id in (77, -1, 1 << 70):
        assert (await ask(client, flow_id))[0] == {
            "type": "history", "flow_id": flow_id, "frames": 0, "frames_total": None,
            "messages": 0, "messages_total": None, "older": 0, "busy": 0,
        }  # fmt: skip
    one.connect()
    head = (await ask(client, 1))[0]
    assert [head[name] for name in ("frames_total", "messages_total", "busy")] == [0, 0, 0]


async def test_what_had_to_go_is_counted(
    one: Bench, server: DashboardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one.hub.keeping.history, "limit", 100_000)
    monkeypatch.setattr(one.hub.keeping.history, "share", 10_000)
    relay, silent = one.connect(), one.connect()
    silent.to_server.receive(HELLO)
    for _ in range(500):
        relay.to_server.receive(HELLO)
    one.close(relay)
    client = await attach(server)
    lines = await ask(client, 1)
    head = lines[0]
    assert (head["frames_total"], head["messages_total"], head["busy"]) == (500, 500, 0)
    assert head["frames"] + head["older"] == 500
    assert 50 < head["frames"] < 200
    assert [row[2] for row in rows_of(lines, "frames")] == list(range(head["older"], 500))
    assert 0 <= head["frames"] - head["messages"] <= 1
    assert (await ask(client, 2))[0]["frames"] == 1


async def test_a_long_answer_is_told_before_what_is_new(
    one: Bench, server: DashboardServer
) -> None:
    relay = one.connect()
    content = random.Random(3).randbytes(3000)
    for _ in range(1500):
        relay.to_client.receive(frame(BINARY, content))
    client = await attach(server)
    client.send({"type": "watch", "flow_id": 1})
    await client.until(is_history)
    for _ in range(50):
        relay.to_client.receive(frame(BINARY, b"live"))
        await asyncio.sleep(0)
    while not rows_of(lines_of(client, 1), "frames") or (
        rows_of(lines_of(client, 1), "frames")[-1][2] < 1549
    ):
        await client.next()
    assert [row[2] for row in rows_of(lines_of(client, 1), "frames")] == list(range(1550))
    while len(rows_of(lines_of(client, 1), "messages")) < 1550:
        await client.next()
    assert set(contents(lines_of(client, 1))) == {content, b"live"}


# --- what may be shown ---


async def test_what_a_policy_masks_is_kept_masked(one: Bench, server: DashboardServer) -> None:
    said = [b"a secret here", b"hush secret", b"drop secret", b"new secret", b"secret" * 2000]
    relay = one.connect(policy=Masker())
    for payload in said:
        relay.to_server.receive(frame(TEXT, payload, mask=KEY))
    relay.to_server.inject(TEXT, b"our secret")
    relay.to_server.receive(frame(PING, b"secret", mask=KEY))
    one.close(relay)
    client = await attach(server)
    lines = await ask(client, 1)
    found = [content and content[:16] for content in contents(lines)]
    assert found == [b"a ****** here", None, None, b"****** rewritten", b"*" * 16, None]
    assert [row[9] for row in rows_of(lines, "messages")] == [
        "pass", "pass", "drop", "rewrite", "pass", "pass",
    ]  # fmt: skip
    previews = [row[8] and base64.b64decode(row[8]) for row in rows_of(lines, "frames")]
    assert len(previews) == 6
    assert not any(b"secret" in each for each in previews if each)
    for seq in range(6):
        client.send({"type": "payload", "flow_id": 1, "direction": 0, "seq": seq})
    answers = [await client.until(lambda m: m.get("type") == "payload") for _ in range(6)]
    kept = [each["content"] and base64.b64decode(each["content"]) for each in answers]
    assert kept == [b"a ****** here", None, None, b"****** rewritten", b"*" * 12_000, None]
    assert ["stopped" in each["say"] for each in answers] == [False, False, True, *[False] * 3]
    held = one.hub.keeping.history.find(1)
    assert held is not None
    assert "secret" not in repr(held.entries)
    assert not [m for m in held.entries for field in m if b"secret" in _bytes(field)]


def _bytes(field: object) -> bytes:
    """All bytes in it, however deep."""
    if isinstance(field, bytes):
        return field
    return b"|".join(map(_bytes, field)) if isinstance(field, tuple | list) else b""


# --- when ---


async def test_without_a_dashboards_socket_nothing_is_kept(bench: MakeBench) -> None:
    hub = bench(record="connections").hub
    relay = Bench.connect(bench(record="connections"))
    for _ in range(5):
        relay.to_server.receive(HELLO)
        hub.tick()
    assert read_barely(relay)
    assert not hub.keeping.on


async def test_a_burst_ends_it_at_once_and_calm_begins_it_again(
    one: Bench, server: DashboardServer
) -> None:
    relay, other = one.connect(), one.connect()
    relay.to_server.receive(HELLO)
    assert read_fully(relay) == read_fully(other) == [True, True]
    while one.hub.keeping.on:
        relay.to_server.receive(HELLO * 100)
    assert relay.connection.to_server.frames <= keeping_module.PURSE + 1 + 1024 + 100
    assert read_barely(relay)
    assert read_barely(other)
    relay.to_server.receive(HELLO * 5000)
    late = one.connect()
    assert read_barely(late)
    for _ in range(3):  # it goes on, if slower
        one.clock.advance(1)
        relay.to_server.receive(HELLO * 300)
        one.hub.tick()
        assert not one.hub.keeping.on
    one.clock.advance(1)
    relay.to_server.receive(HELLO * 200)
    one.hub.tick()
    for each in (relay, other, late):
        assert read_fully(each) == [True, True]
    relay.to_server.receive(HELLO)
    total = relay.connection.to_server.frames
    lines = await ask(await attach(server), 1)
    head = lines[0]
    assert (head["frames_total"], head["messages_total"]) == (total, total)
    rows = rows_of(lines, "frames")
    assert rows[-1][2] == total - 1
    assert rows[-1][8] is not None
    assert head["busy"] >= total - head["messages"] > 5000
    kept = one.hub.keeping.history.find(1)
    assert kept is not None
    assert head["busy"] == total - kept.frames
    assert contents(lines)[-1] == b"hello"


async def test_a_steady_trickle_is_kept(one: Bench, server: DashboardServer) -> None:
    relay = one.connect()
    for _ in range(100):
        relay.to_server.receive(HELLO * 40)
        one.hub.flush()
        one.clock.advance(0.1)
        one.hub.tick()
    assert one.hub.keeping.on
    assert (await ask(await attach(server), 1))[0]["frames"] == 4000


async def test_a_steady_stream_is_too_much_after_a_while(
    one: Bench, server: DashboardServer
) -> None:
    relay, seconds = one.connect(), 0.0
    while one.hub.keeping.on:
        relay.to_server.receive(HELLO * 70)
        one.hub.flush()
        one.clock.advance(0.1)
        seconds += 0.1
        assert seconds < 12
    assert seconds > 8  # 2,000 more than 500 a second


async def test_much_content_ends_it_too(one: Bench, server: DashboardServer) -> None:
    relay = one.connect()
    for _ in range(20):
        relay.to_client.receive(frame(BINARY, bytes(1 << 20)))
    assert sum(len(each[3].payload or b"") for each in one.hub.keeping._waiting) <= 9 << 20
    one.hub.flush()
    assert not one.hub.keeping.on
    assert one.hub.keeping.history.cost <= 16 << 20
    for _ in range(3):  # few frames, but much in them
        one.clock.advance(1)
        relay.to_client.receive(frame(BINARY, bytes(2 << 20)))
        one.hub.tick()
        assert not one.hub.keeping.on
    one.clock.advance(1)
    one.hub.tick()
    assert one.hub.keeping.on


class Noting:
    """A watch that masks, as rules that only note do."""

    hold_limit = 1 << 20

    def later(self, *_: object) -> None:
        raise AssertionError("it must be masked before it is kept")

    def now(self, now_ns: int, opcode: int, payload: bytes, seq: int) -> Shown:
        return Shown(payload.replace(b"secret", b"******"), ["noted"])

    def watch_large(self, opcode: int, seq: int) -> None: ...


async def test_what_must_be_masked_costs_more(one: Bench, server: DashboardServer) -> None:
    relay = one.connect(watches=(Noting(), Noting()))
    for _ in range(300):
        relay.to_server.receive(frame(TEXT, b"a secret", mask=KEY))
        relay.to_client.receive(frame(PING, b"secret"))
    one.hub.flush()
    assert one.hub.keeping.on
    lines = await ask(await attach(server), 1)
    assert contents(lines) == [b"a ******"] * 300
    previews = {base64.b64decode(row[8]) for row in rows_of(lines, "frames")}
    assert previews == {b"a ******", b"******"}
    for _ in range(200):
        relay.to_server.receive(HELLO)
    one.hub.flush()
    assert not one.hub.keeping.on


async def test_a_watched_connection_is_read_on_whatever_passes(
    one: Bench, server: DashboardServer
) -> None:
    relay, other = one.connect(), one.connect()
    client = await attach(server)
    await ask(client, 1)
    other.to_server.receive(HELLO * 5000)
    one.hub.flush()
    assert not one.hub.keeping.on
    assert read_barely(other)
    relay.to_server.receive(HELLO)
    await client.until(lambda m: bool(rows_of(lines_of(client, 1), "messages")))
    assert contents(lines_of(client, 1)) == [b"hello"]
    client.send({"type": "watch", "flow_id": None})
    async with asyncio.timeout(5):
        while not read_barely(relay):
            await asyncio.sleep(0.01)
    one.clock.advance(60)
    one.hub.tick()
    assert read_fully(relay) == read_fully(other) == [True, True]


async def test_with_the_socket_it_ends(one: Bench, tmp_path: Path) -> None:
    async with serving(one, tmp_path / "s"):
        relay = one.connect()
        relay.to_server.receive(HELLO)
        one.hub.flush()
        assert one.hub.keeping.history.cost
        relay.to_server.receive(HELLO)
    assert read_barely(relay)
    one.hub.keeping.past(1)
    assert not one.hub.keeping.history.cost
    one.clock.advance(60)
    one.hub.tick()
    assert not one.hub.keeping.on


@pytest.mark.parametrize("record", ["messages", "all"])
async def test_the_logs_wishes_outlast_it(bench: MakeBench, tmp_path: Path, record: str) -> None:
    one = bench(record=record, payloads="full")
    async with serving(one, tmp_path / "s"):
        relay = one.connect()
        said = []
        for number in range(6):
            (one.hub.keeping._switch_off if number % 2 else one.hub.keeping._switch_on)()
            said.append(f"message {number} " * 100)
            relay.to_server.receive(frame(TEXT, said[-1].encode(), mask=KEY))
    events = [json.loads(line) for line in one.path.read_text().splitlines()]
    previews = [e["message"]["preview"] for e in events if e["event_type"] == "ws_message"]
    assert previews == said


async def test_a_fault_in_it_is_not_the_traffics(
    one: Bench, server: DashboardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = one.connect()
    client = await attach(server)
    await client.next()
    monkeypatch.setattr(one.hub.keeping.history, "message", lambda *_: 1 / 0)
    assert relay.to_server.receive(HELLO) == HELLO
    assert "ZeroDivisionError" in (await client.until(lambda m: m.get("type") == "problem"))["say"]
    assert read_barely(relay)
    assert (await ask(client, 1))[0]["frames"] == 0


# --- hostile peers ---


async def test_unfinished_messages_of_many_are_bounded(one: Bench, server: DashboardServer) -> None:
    """None of them is ever whole, so nothing else counts them."""
    relays = [one.connect() for _ in range(60)]
    for relay in relays:
        begun = frame(BINARY, bytes(1 << 20), fin=False)
        for at in range(0, len(begun), 65536):
            relay.to_client.receive(begun[at : at + 65536])
    kept = [len(relay.connection.to_client.joiner._kept) for relay in relays]
    assert sum(kept) <= (8 << 20) + 52 * (64 << 10)
    assert max(kept[:8]) >= (1 << 20) - 1
    assert one.hub.keeping.on


async def test_crumbs_and_bombs_cost_no_more_than_their_place(
    one: Bench, server: DashboardServer
) -> None:
    relay = one.connect(asked=DEFLATE, answered=DEFLATE)
    crumb = frame(CONT, b"x", fin=False, mask=KEY)
    relay.to_server.receive(frame(TEXT, b"x", fin=False, mask=KEY))
    for _ in range(100):
        relay.to_server.receive(crumb * 100)
    relay.to_server.receive(frame(CONT, b"", mask=KEY))
    one.clock.advance(60)
    one.hub.tick()
    squeezer = zlib.compressobj(9, wbits=-15)
    bomb = (squeezer.compress(bytes(100 << 20)) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    relay.to_client.receive(frame(BINARY, bomb, rsv=4))
    one.hub.flush()
    assert one.hub.keeping.history.cost <= 16 << 20
    assert relay.connection.to_server.joiner.messages == 1
    head = (await ask(await attach(server), 1))[0]
    assert head["frames_total"] == 10_003
    assert head["frames"] <= 10_003


# --- whatever comes when ---


class Story:
    """Connections that talk at random while dashboards come, watch, and look elsewhere."""

    def __init__(self, one: Bench, seed: int) -> None:
        self.one = one
        self.dice = random.Random(seed)
        self.relays = [one.connect(), one.connect(), one.connect(policy=Masker())]

    def talk(self) -> None:
        dice = self.dice
        relay = dice.choice(self.relays)
        for _ in range(dice.choice((1, 1, 2, 5))):
            count = dice.choice((1, 1, 1, 2, 3, 20, 390, 450, 1500))
            plain = relay.to_server.policy is None
            if dice.random() < 0.5:
                relay.to_client.receive(WELCOME * count)
            elif plain and dice.random() < 0.5:
                part = frame(CONT, b"more", fin=dice.random() < 0.5, mask=KEY)
                begin = frame(TEXT, b"begin", fin=False, mask=KEY)
                joined = relay.connection.to_server.joiner.opcode
                relay.to_server.receive((b"" if joined else begin) + frame(PING, mask=KEY) + part)
            elif not relay.connection.to_server.joiner.opcode:
                relay.to_server.receive(HELLO * min(count, 450))

    def time_passes(self) -> None:
        self.one.clock.advance(self.dice.choice((0.01, 0.5, 3)))
        if self.dice.random() < 0.5:
            self.one.hub.tick()


async def settled(client: Dashboard, relay: Relay) -> None:
    """Rows and those that were left out are all that has passed; none comes twice."""
    flow_id = relay.connection.flow_id
    readers = relay.connection.to_server, relay.connection.to_client
    kinds = ("frames", "messages")
    passed = sum(r.frames for r in readers), sum(r.joiner.messages for r in readers)

    def counted() -> list[int]:
        lines = lines_of(client, flow_id)
        head = lines[0]
        return [
            head[f"{kind}_total"]
            - head[kind]
            + sum(len(m["rows"]) + m["skipped"] for m in lines if m.get("type") == kind)
            for kind in kinds
        ]

    def incomplete() -> bool:
        return any(have < want for have, want in zip(counted(), passed, strict=True))

    while incomplete():
        await client.next()
    assert tuple(counted()) == passed
    lines = lines_of(client, flow_id)
    frames, messages = (rows_of(lines, kind) for kind in kinds)
    for way in (0, 1):
        seqs = [row[2] for row in frames if row[1] == way]
        assert seqs == sorted(set(seqs))
        lasts = [row[3] for row in messages if row[1] == way]
        assert lasts == sorted(set(lasts))
    assert {(row[1], row[3]) for row in messages} <= {(row[1], row[2]) for row in frames}
    assert all(m["flow_id"] == flow_id for m in lines if m.get("type") in kinds)


@pytest.mark.parametrize("seed", range(5))
async def test_whoever_watches_whenever_is_told_all_once(
    one: Bench, server: DashboardServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(keeping_module, "PURSE", 700)
    monkeypatch.setattr(one.hub.keeping.history, "limit", 300_000)
    monkeypatch.setattr(one.hub.keeping.history, "share", 30_000)
    story = Story(one, seed)
    dice = story.dice
    clients = [await attach(server), await attach(server)]
    watching: dict[Dashboard, Relay] = {}
    periods = set()
    for _ in range(120):
        what = dice.random()
        if what < 0.6:
            story.talk()
        elif what < 0.75:
            story.time_passes()
        elif what < 0.85:
            await asyncio.sleep(dice.choice((0, 0, 0.03, 0.06)))
        else:
            client = dice.choice(clients)
            if client in watching:
                await settled(client, watching.pop(client))
            relay = dice.choice(story.relays)
            await ask(client, relay.connection.flow_id)
            watching[client] = relay
        periods.add(one.hub.keeping.on)
        assert one.hub.keeping.history.cost <= 300_000
    for client, relay in watching.items():
        await settled(client, relay)
    assert periods == {True, False}
    assert any(m["busy"] for client in clients for m in client.seen if is_history(m))
    assert any(m["skipped"] for client in clients for m in client.seen if is_frames(m))


async def test_who_joins_while_the_other_cannot_be_told_all(
    one: Bench, server: DashboardServer
) -> None:
    """What was left out before it came is none of what it missed."""
    relay = one.connect()
    first, second = await attach(server), await attach(server)
    await second.next()
    await ask(first, 1)
    (inside,) = (client for client in server._clients if client.watched is None)
    relay.to_server.receive(HELLO * 5000)
    relay.to_server.receive(HELLO * 100)  # nobody is told of these
    server._watching.watch(inside, 1)
    relay.to_server.receive(HELLO * 10)
    await second.until(is_history)
    await settled(first, relay)
    await settled(second, relay)


def test_a_hub_keeps_nothing_by_itself() -> None:
    assert not Hub().keeping.on
