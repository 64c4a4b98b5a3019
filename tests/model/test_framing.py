"""How messages were cut into frames: the readers' counters are what was on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from tests.support.facts import NOW_NS, make_connection
from tests.support.raw import BINARY, CONT, KEY, PING, PONG, TEXT, close_frame, frame
from wsinspect.model.connection import Connection
from wsinspect.model.framing import framings_of
from wsinspect.relay.relay import Relay
from wsinspect.sinks.hub import Hub

LENGTHS = st.sampled_from([0, 5, 125, 126, 130, 300, 16_384, 65_535, 65_536, 70_000])
MESSAGES = st.lists(st.lists(LENGTHS, min_size=1, max_size=4), max_size=5)


def told(connection: Connection) -> dict[str, Any]:
    framings = framings_of(connection.to_server, connection.to_client)
    found: dict[str, Any] = {} if framings is None else to_builtins(framings)
    return found


def message(lengths: list[int], mask: bytes | None = KEY) -> bytes:
    last = len(lengths) - 1
    return b"".join(
        frame(CONT if number else BINARY, bytes(length), fin=number == last, mask=mask)
        for number, length in enumerate(lengths)
    )


@settings(max_examples=80, deadline=None)
@given(
    MESSAGES,
    st.sampled_from([61, 997, 16_384, 1 << 20]),
    st.sampled_from(["plain", "told", "kept"]),
)
def test_any_chunking_and_any_way_of_reading_counts_the_same(
    messages: list[list[int]], chunk: int, way: str
) -> None:
    connection = make_connection()
    reader = connection.to_server
    reader.tell_messages = way == "told"
    reader.keep = way == "kept"
    data = b"".join(map(message, messages))
    for at in range(0, len(data), chunk):
        reader.walk(data[at : at + chunk])
        reader.finished.clear()
        reader.wholes.clear()
    expected = {
        "message_max_len": max((sum(one) for one in messages if sum(one) > 125), default=0),
        "frame_max_len": max((one for each in messages for one in each if one > 125), default=0),
        "fragmented": sum(len(one) > 1 for one in messages),
        "fragments": sum(len(one) - 1 for one in messages),
    }
    found = told(connection).get("to_server", {})
    assert {name: found.get(name, 0) for name in expected} == expected
    cut = [length for one in messages for length in one[:-1]]
    for length in set(cut):
        if 2 * cut.count(length) > len(cut):
            assert found.get("fragment_len", 0) == length
            assert 0 < found["fragments_alike"] <= cut.count(length)


def test_a_compressed_message_is_as_large_as_the_application_gets_it() -> None:
    import zlib

    extension = (b"Sec-WebSocket-Extensions", b"permessage-deflate")
    connection = make_connection(asked=[extension], answered=[extension])
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(bytes(100_000)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    connection.to_client.walk(frame(BINARY, data[:-4], rsv=4))
    assert told(connection) == {"to_client": {"message_max_len": 100_000}}


def test_short_messages_are_not_worth_a_word_and_broken_frames_are() -> None:
    connection = make_connection()
    connection.to_server.walk(frame(TEXT, b"short", mask=KEY))
    assert told(connection) == {}
    connection.to_server.walk(frame(TEXT, b"unmasked") * 2)
    connection.to_client.walk(frame(TEXT, b"masked", mask=KEY) + frame(TEXT, b"\xff"))
    assert told(connection) == {
        "to_server": {"violations": {"unmasked": 2}},
        "to_client": {"violations": {"masked": 1, "invalid-utf8": 1}},
    }


UP, DOWN = frame(TEXT, b"to the server", mask=KEY), frame(TEXT, b"to the client")
BYE_UP, BYE_DOWN = close_frame(1000, mask=KEY), close_frame(1000)
PING_UP, PONG_DOWN = frame(PING, b"p", mask=KEY), frame(PONG, b"p")
LARGE_DOWN = frame(BINARY, bytes(70_000))


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize(
    ("chunks", "unanswered"),
    [
        ([], False),
        ([("up", UP)], True),
        ([("up", UP), ("down", DOWN)], False),
        ([("down", DOWN)], False),
        ([("up", UP + BYE_UP), ("down", BYE_DOWN)], True),
        ([("up", UP), ("down", DOWN + BYE_DOWN), ("up", BYE_UP)], False),
        ([("up", UP), ("down", DOWN), ("up", PING_UP), ("down", PONG_DOWN)], False),
        ([("down", DOWN), ("up", UP), ("up", PING_UP), ("down", PONG_DOWN)], True),
        ([("down", DOWN), ("up", PING_UP + UP)], True),
        ([("up", UP + PING_UP), ("down", PONG_DOWN), ("down", DOWN)], False),
        ([("up", UP), ("down", LARGE_DOWN[:500]), ("down", LARGE_DOWN[500:] + BYE_DOWN)], False),
        ([("up", PING_UP), ("down", PONG_DOWN)], False),
    ],
)
async def test_whether_the_clients_last_message_had_an_answer(
    chunks: list[tuple[str, bytes]], *, unanswered: bool, edited: bool
) -> None:
    connection = make_connection()
    now_ns = NOW_NS
    relay = Relay(connection, Hub(host="box"), clock=lambda: now_ns, audit=edited)
    for way, data in chunks:
        now_ns += 1_000_000
        (relay.to_server if way == "up" else relay.to_client).receive(data)
    connection.ends(now_ns).socket_end("server", reset=False)
    assert connection.unanswered is unanswered
