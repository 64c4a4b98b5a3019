"""What is recorded, in which order, and that what is not recorded is counted."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.sinks.conftest import HELLO, WELCOME, Bench, Event
from tests.support.facts import make_connection
from tests.support.raw import BINARY, CONT, KEY, PING, TEXT, frame
from wsinspect.sinks import hub as hub_module
from wsinspect.sinks import keeping as keeping_module

MakeBench = Callable[..., Bench]
DEFLATE = [(b"Sec-WebSocket-Extensions", b"permessage-deflate")]


def kinds(events: list[Event]) -> Counter[str]:
    return Counter(event["event_type"] for event in events)


# --- order ---


async def test_a_connections_lines_are_in_order(bench: MakeBench) -> None:
    """Open before all frames, close after them, frames as they passed; many at once."""
    one = bench(record="all")
    rng = random.Random(7)
    live = [one.connect() for _ in range(20)]
    sent: dict[int, list[str]] = {relay.connection.flow_id: [] for relay in live}
    while live:
        relay = rng.choice(live)
        draw = rng.random()
        if draw < 0.02:
            live.remove(relay)
            one.close(relay)
        elif draw < 0.5:
            relay.to_server.receive(HELLO * rng.randint(1, 3))
        elif draw < 0.98:
            relay.to_client.receive(WELCOME)
        else:
            await asyncio.sleep(0.021)
    events = one.events()
    for flow_id in sent:
        own = [event for event in events if event.get("flow_id") == flow_id]
        assert own[0]["event_type"] == "ws_open"
        assert own[-1]["event_type"] == "ws_close"
        inner = [event["event_type"] for event in own[1:-1]]
        assert set(inner) <= {"websocket", "ws_message"}
        for direction in ("to_server", "to_client"):
            lines = [e for e in own if e.get("ws", {}).get("direction") == direction]
            assert [e["ws"]["seq"] for e in lines] == list(range(len(lines)))
            assert own[-1]["close"][direction]["frames"] == len(lines)
        times = [event["timestamp"] for event in own]
        assert times == sorted(times)


async def test_frames_wait_for_at_most_20_ms(bench: MakeBench) -> None:
    one = bench(audit=True)
    one.hub.audit = False  # a log without a thread, so that the file tells
    relay = one.connect()
    relay.to_server.receive(HELLO)
    one.hub.frames(relay.to_server, one.clock(), 1, [(1, (0x81, 1, 7, None))], True, [])
    await asyncio.sleep(0.1)
    assert kinds([json.loads(x) for x in one.path.read_text().splitlines()])["websocket"] == 2


async def test_a_close_is_counted_and_written_once(bench: MakeBench) -> None:
    one = bench()
    relay = one.connect()
    one.close(relay)
    one.close(relay)
    assert kinds(one.events())["ws_close"] == 1
    assert one.hub.connections == {}


async def test_a_failed_handshake_is_an_open_without_a_close(bench: MakeBench) -> None:
    one = bench()
    one.hub.opened(make_connection(status=403), 403)
    events = one.events()
    assert [event["event_type"] for event in events] == ["ws_open", "stats"]
    assert events[0]["open"]["status"] == 403
    assert events[1]["stats"]["handshakes_failed"] == 1
    assert events[1]["stats"]["connections_total"] == 0


# --- levels ---


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        ("connections", set()),
        ("messages", {"ws_message"}),
        ("frames", {"websocket"}),
        ("all", {"ws_message", "websocket"}),
    ],
)
async def test_record_levels(bench: MakeBench, record: str, wanted: set[str]) -> None:
    one = bench(record=record)
    relay = one.connect()
    relay.to_server.receive(
        frame(TEXT, b"in ", fin=False, mask=KEY)
        + frame(PING, mask=KEY)
        + frame(CONT, b"two", mask=KEY)
    )
    relay.to_client.receive(WELCOME)
    one.close(relay)
    found = kinds(one.events())
    assert set(found) - {"ws_open", "ws_close", "stats"} == wanted
    assert (found["ws_open"], found["ws_close"], found["stats"]) == (1, 1, 1)
    assert found["websocket"] == (4 if "websocket" in wanted else 0)
    assert found["ws_message"] == (2 if "ws_message" in wanted else 0)


# --- payloads ---


def deflated(text: bytes) -> bytes:
    import zlib

    squeezer = zlib.compressobj(wbits=-15)
    return (squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


SECRET = b"secret " * 300


@pytest.mark.parametrize("record", ["connections", "frames", "messages", "all"])
async def test_payloads_are_not_recorded_unless_asked_for(bench: MakeBench, record: str) -> None:
    one = bench(record=record)
    relay = one.connect(asked=DEFLATE, answered=DEFLATE)
    relay.to_server.receive(frame(TEXT, SECRET, mask=KEY))
    relay.to_client.receive(frame(TEXT, deflated(SECRET), rsv=4))
    one.close(relay)
    one.events()
    assert "secret" not in one.path.read_text()


@pytest.mark.parametrize(("payloads", "shown"), [("preview", SECRET[:512]), ("full", SECRET)])
async def test_previews_and_full_payloads(bench: MakeBench, payloads: str, shown: bytes) -> None:
    """Joined, unmasked, decompressed."""
    one = bench(record="messages", payloads=payloads)
    relay = one.connect(asked=DEFLATE, answered=DEFLATE)
    relay.to_server.receive(frame(TEXT, SECRET, mask=KEY))
    half = len(SECRET) // 2
    relay.to_server.receive(
        frame(TEXT, SECRET[:half], fin=False, mask=KEY) + frame(CONT, SECRET[half:], mask=KEY)
    )
    relay.to_client.receive(frame(TEXT, deflated(SECRET), rsv=4))
    one.close(relay)
    messages = [e["message"] for e in one.events() if e["event_type"] == "ws_message"]
    assert [message["preview"] for message in messages] == [shown.decode()] * 3
    assert [message["payload_len"] for message in messages] == [len(SECRET)] * 3
    assert [message["frames"] for message in messages] == [1, 2, 1]
    assert [message["compressed"] for message in messages] == [False, False, True]
    wire = [len(frame(TEXT, SECRET, mask=KEY)), None, len(frame(TEXT, deflated(SECRET)))]
    assert [m["wire_len"] for m in messages][::2] == wire[::2]


async def test_recording_does_not_blind_a_policy_that_needs_payloads(bench: MakeBench) -> None:
    """The hub sets what the reader keeps for the log; the policy's wish must outlast that."""

    class Upper:
        frames = False
        messages = True
        outside = False
        controls = False
        masks = False

        def judge(self, observation: Any) -> None:
            observation.rewrite(observation.text.upper())

        def large(self, opcode: int, *, compressed: bool, seq: int) -> None:
            return None

        def unreadable(self, now_ns: int, seq: int) -> None:
            return None

    for record in ("frames", "messages"):
        one = bench(record=record)
        relay = one.connect(asked=DEFLATE, answered=DEFLATE, policy=Upper())
        out = relay.to_client.receive(frame(TEXT, deflated(b"quiet"), rsv=4))
        assert one.hub.inspection_errors == 0
        assert out != frame(TEXT, deflated(b"quiet"), rsv=4)


class Wordy:
    """Does what the payload says."""

    frames = False
    messages = True
    outside = False
    controls = False
    masks = False

    def large(self, opcode: int, *, compressed: bool, seq: int) -> None:
        return None

    def unreadable(self, now_ns: int, seq: int) -> None:
        return None

    def judge(self, observation: Any) -> None:
        if "drop" in observation.text:
            observation.drop()
        elif "rewrite" in observation.text:
            observation.rewrite("new")
        elif "stop" in observation.text:
            observation.close(1008)


@pytest.mark.parametrize("audit", [False, True])
async def test_a_message_line_says_what_happened_after_its_frames(
    bench: MakeBench, audit: bool
) -> None:
    one = bench(record="all", payloads="full", audit=audit)
    relay = one.connect(policy=Wordy())
    relay.to_server.receive(
        frame(TEXT, b"secret ", fin=False, mask=KEY) + frame(CONT, b"drop", mask=KEY)
        + frame(TEXT, b"secret rewrite", mask=KEY) + HELLO
    )  # fmt: skip
    relay.to_client.inject(BINARY, b"mine")
    relay.to_server.receive(frame(TEXT, b"secret stop", mask=KEY))
    one.close(relay)
    own = [e for e in one.events() if e["event_type"] in ("websocket", "ws_message")]
    assert [e["event_type"] for e in own] == [
        "websocket", "websocket", "ws_message", "websocket", "ws_message",
        "websocket", "ws_message", "ws_message", "websocket", "ws_message",
    ]  # fmt: skip
    told = [e["message"] for e in own if e["event_type"] == "ws_message"]
    assert [(m["action"], m["injected"], m.get("preview")) for m in told] == [
        ("drop", False, None), ("rewrite", False, "new"), ("pass", False, "hello"),
        ("pass", True, None), ("close", False, None),
    ]  # fmt: skip
    mine = told[3]
    assert (mine["direction"], mine["opcode"], mine["preview_base64"]) == (
        "to_client", "binary", "bWluZQ==",
    )  # fmt: skip
    assert (mine["payload_len"], mine["wire_len"], mine["frames"]) == (4, 6, 1)
    assert [m["payload_len"] for m in told] == [11, 14, 5, 4, 11]
    assert "secret" not in one.path.read_text()


# --- totals ---


async def test_stats_count_everything_once(bench: MakeBench) -> None:
    one = bench()
    relays = [one.connect() for _ in range(3)]
    for relay in relays:
        relay.to_server.receive(HELLO * 5)
        relay.to_client.receive(WELCOME + frame(PING))
    one.close(relays[0])
    one.clock.advance(2)
    stats = one.hub.stats()
    assert (stats.connections_open, stats.connections_total) == (2, 3)
    assert (stats.frames, stats.messages) == (21, 18)
    assert stats.wire_bytes == 3 * (5 * len(HELLO) + len(WELCOME) + 2)
    assert stats.payload_bytes == 3 * (25 + 7)
    assert stats.frames_per_s == pytest.approx(10.5, rel=0.01)
    one.clock.advance(1)
    assert one.hub.stats().frames_per_s == 0


async def test_stats_go_to_the_log_every_ten_seconds_and_at_the_end(bench: MakeBench) -> None:
    one = bench(record="connections")
    for _ in range(25):
        one.clock.advance(1)
        one.hub.tick()
    assert kinds(one.events())["stats"] == 3


async def test_lines_and_dropped_are_all_events(bench: MakeBench, monkeypatch: Any) -> None:
    """The last stats line says how much is missing; with it the sums are right."""
    one = bench(log_path="/dev/full")
    relay = one.connect()
    relay.to_server.receive(HELLO * 3000)
    one.close(relay)
    one.hub.end()
    log = one.log
    assert log is not None
    assert (log.lines, log.dropped) == (0, 1 + 3000 + 1 + 1)
    assert one.hub.stats().log_dropped == 3003
    assert one.hub.stats().log_error == "cannot write the log: No space left on device"


async def test_an_incomplete_log_is_told_at_the_end(
    bench: MakeBench, capsys: pytest.CaptureFixture[str]
) -> None:
    one = bench(log_path="/dev/full")
    one.close(one.connect())
    one.hub.end()
    assert "3 lines" in capsys.readouterr().err


async def test_a_closed_stderr_does_not_break_the_traffic(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    one = bench()
    relay = one.connect()
    monkeypatch.setattr("sys.stderr", Broken())
    one.hub.inspection_failed(relay.connection, "something")
    assert one.hub.inspection_errors == 1


async def test_a_diagnosis_is_on_record_behind_what_it_is_about(bench: MakeBench) -> None:
    one = bench(record="frames")
    one.connect().to_server.receive(HELLO)
    one.hub.diagnosis(b'{"event_type":"ws_diagnosis"}\n')
    assert [event["event_type"] for event in one.events()] == [
        "ws_open", "websocket", "ws_diagnosis", "stats",
    ]  # fmt: skip


# --- a broken dashboard ---


class BrokenViewer:
    """Raises in one of its calls."""

    def __init__(self, broken: str) -> None:
        self.broken = broken
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*_: object) -> None:
            self.calls.append(name)
            if name == self.broken:
                raise KeyError("secret")

        return call


@pytest.mark.parametrize("broken", ["opened", "frames", "closed", "stats", "problem", "diagnosis"])
async def test_a_broken_dashboard_is_cut_off_and_costs_the_traffic_nothing(
    bench: MakeBench, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = bench(audit=True)  # each frame's record is handed on before the frame is
    hub: Any = one.hub
    hub.viewer = viewer = BrokenViewer(broken)
    relay = one.connect()
    assert relay.to_server.receive(HELLO) == HELLO
    one.hub.tick()
    one.hub.inspection_failed(relay.connection, "something")
    one.hub.diagnosis(b'{"event_type":"ws_diagnosis"}\n')
    one.close(relay)
    assert hub.viewer is None
    assert viewer.calls[-2:] == [broken, "cut"]
    said = capsys.readouterr().err
    assert "KeyError in the dashboard's socket" in said
    assert "secret" not in said
    found = kinds(one.events())
    assert (found["ws_open"], found["websocket"], found["ws_close"]) == (1, 1, 1)


# --- a dead log ---


async def test_a_dead_log_is_reported_where_on_error_is_closed(bench: MakeBench) -> None:
    one = bench(audit=True, log_path="/dev/full")
    told: list[int] = []
    one.hub.on_dead_log = lambda: told.append(1)
    relay = one.connect()
    assert told
    assert relay.to_server.receive(HELLO) == HELLO  # the relay here is one of on_error=open


async def test_audit_with_a_dead_log_forwards_nothing_if_closed(bench: MakeBench) -> None:
    one = bench(audit=True, log_path="/dev/full")
    relay = one.connect(on_error="closed")
    assert HELLO not in relay.to_server.receive(HELLO)
    assert relay.closing
    assert {direction for direction, _ in relay.outbox} | {relay.to_server} == {
        relay.to_server,
        relay.to_client,
    }
    assert one.log is not None
    assert one.log.dropped >= 2


async def test_audit_has_the_line_in_the_file_when_the_bytes_are_out(bench: MakeBench) -> None:
    one = bench(audit=True)
    relay = one.connect()
    assert kinds([json.loads(x) for x in one.path.read_text().splitlines()]) == {"ws_open": 1}
    for number in range(50):
        out = relay.to_server.receive(HELLO[:3]) + relay.to_server.receive(HELLO[3:])
        assert out == HELLO
        last = json.loads(one.path.read_text().splitlines()[-1])
        assert last["ws"]["seq"] == number


async def test_audit_records_a_large_frame_at_its_header(bench: MakeBench) -> None:
    one = bench(audit=True)
    relay = one.connect()
    large = frame(BINARY, bytes(1_000_000), mask=KEY)
    assert relay.to_server.receive(large[:70_000])
    last = json.loads(one.path.read_text().splitlines()[-1])
    assert (last["ws"]["payload_len"], last["ws"]["frame_len"]) == (1_000_000, len(large))


# --- memory ---


async def test_what_is_remembered_of_the_past_is_bounded(bench: MakeBench) -> None:
    one = bench(with_log=False)
    for _ in range(1500):
        relay = one.connect(asked=DEFLATE, answered=DEFLATE)
        relay.to_server.receive(HELLO)
        one.hub.flush()
        one.close(relay)
    assert len(one.hub.recent_closed) <= hub_module._RECENT_CLOSED
    held = held_relays(one)
    assert 0 < len(held) <= hub_module._RECENT_CLOSED + hub_module._FORGET_EVERY
    relay = one.connect()
    for _ in range(40):
        relay.to_server.receive(HELLO * 1000)
        one.hub.flush()
    assert held_relays(one) == {relay.connection.flow_id}
    kept = sum(len(each.records) for each in one.hub.keeping.past(relay.connection.flow_id).frames)
    assert 15_000 < kept <= keeping_module._RECENT_FRAMES + 1000


def held_relays(one: Bench) -> set[int]:
    groups = one.hub.keeping._recent
    return {batch[0].relay.connection.flow_id for group in groups for batch in group.batches}
