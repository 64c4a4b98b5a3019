"""From an entry to the one that belongs to it."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.fake_story import T0_NS, frame
from tests.tui.find.bench import frames_of
from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.wire import AlertFacts
from wsinspect.tui.find import jumps
from wsinspect.tui.find.jumps import next_alert, next_end, other_half, speaks

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def talk(*said: tuple[int, int, bytes]) -> list[Entry]:
    """Entries of (direction, opcode, payload), 1 ms apart."""
    log = FrameLog(1)
    seq = [0, 0]
    rows = []
    for at, (direction, opcode, payload) in enumerate(said):
        rows.append(frame(T0_NS + at * 1_000_000, direction, seq[direction], opcode, payload))
        seq[direction] += 1
    log.extend(frames_of(*rows))
    return log.entries


def halves(entries: list[Entry], app: str = "") -> list[int | None]:
    return [other_half(entries, at, app) for at in range(len(entries))]


def test_next_alert() -> None:
    log = FrameLog(1)
    log.extend(frames_of(*(frame(T0_NS, 0, n, TEXT, b"x") for n in range(6))))
    for seq in (1, 4):
        log.alert(AlertFacts(rule="r", direction=0, seq=seq))
    assert [next_alert(log.entries, at) for at in (0, 1, 4)] == [1, 4, None]
    assert [next_alert(log.entries, at, False) for at in (5, 4, 1)] == [4, 1, None]
    assert next_alert([], 0) is None
    assert next_alert(log.entries, 99, False) == 4


def test_next_end() -> None:
    log = FrameLog(1)
    log.extend(
        frames_of(
            frame(T0_NS, 0, 0, TEXT, b"x"),
            frame(T0_NS, 0, 1, TEXT, b"\xff", violation="invalid-utf8"),
            frame(T0_NS, 0, 2, TEXT, b"x"),
            frame(T0_NS, 0, 3, CLOSE, b"\x03\xe8"),
        )
    )
    assert [next_end(log.entries, at) for at in (0, 1, 3)] == [1, 3, None]
    assert [next_end(log.entries, at, False) for at in (3, 1)] == [1, None]


def test_pings_and_pongs() -> None:
    entries = talk(
        (0, PING, b"a"), (1, TEXT, b"x"), (1, PONG, b"a"),
        (0, PING, b""), (1, PONG, b""), (0, PING, b""), (1, PONG, b""),
        (1, PING, b"a"), (0, PONG, b"a"), (0, PONG, b"alone"), (0, PING, b"lost"),
    )  # fmt: skip
    assert halves(entries) == [2, None, 0, 4, 3, 6, 5, 8, 7, None, None]


def test_a_pong_answers_all_older_pings() -> None:
    """RFC 6455 §5.5.3: an endpoint may answer the most recent ping only."""
    entries = talk((0, PING, b"1"), (0, PING, b"2"), (0, PING, b"3"), (1, PONG, b"3"))
    assert halves(entries) == [3, 3, 3, 2]


def test_a_pong_that_nobody_asked_for_answers_nothing() -> None:
    entries = talk((0, PING, b"x"), (1, PONG, b"x"), (1, PONG, b"x"), (1, PONG, b"y"))
    assert halves(entries) == [1, 0, None, None]


def test_pings_in_both_directions_of_one_payload() -> None:
    entries = talk((0, PING, b"x"), (1, PING, b"x"), (0, PONG, b"x"), (1, PONG, b"x"))
    assert halves(entries) == [3, 2, 1, 0]


def test_closes() -> None:
    entries = talk((0, TEXT, b"x"), (0, CLOSE, b"\x03\xe8"), (1, CLOSE, b"\x03\xe8"))
    assert halves(entries) == [None, 2, 1]
    assert halves(talk((0, CLOSE, b""))) == [None]


@pytest.mark.parametrize(
    ("app", "opcode", "request_", "reply", "others"),
    [
        ("jsonrpc", TEXT, b'{"jsonrpc":"2.0","id":17,"method":"a"}',
         b'{"jsonrpc":"2.0","id":17,"result":1}',
         [b'{"jsonrpc":"2.0","id":1,"result":17}', b'{"jsonrpc":"2.0","id":"170","result":1}']),
        ("cdp", TEXT, b'{"id":3,"method":"Page.enable"}', b'{"id":3,"result":{}}',
         [b'{"method":"Page.loaded","params":{"id":3}}']),
        ("graphql", TEXT, b'{"id":"1","type":"subscribe","payload":{"query":"{ a }"}}',
         b'{"id":"1","type":"next","payload":{"data":1}}',
         [b'{"id":"2","type":"next","payload":{"data":1}}']),
        ("wamp", TEXT, b'[48,7,{},"a.b"]', b"[50,7,{},[1]]", [b"[50,8,{},[7]]", b"[36,7,7,{}]"]),
        ("wamp", BINARY, msgspec.msgpack.encode([48, 7, {}, "a.b"]),
         msgspec.msgpack.encode([50, 7, {}]), [msgspec.msgpack.encode([50, 8, {}])]),
        ("socketio", TEXT, b'4212["save",1]', b'4312["ok"]', [b'431["12"]', b'42["12"]']),
        ("socketio", TEXT, b'42/admin,1["save"]', b'43/admin,1["ok"]', [b'431["ok"]']),
        ("ocpp", TEXT, b'[2,"ab-1","BootNotification",{}]', b'[3,"ab-1",{}]', [b'[3,"ab-12",{}]']),
        ("mqtt", BINARY, b"\x32\x06\0\1a\0\7x", b"\x40\x02\0\7", [b"\x40\x02\0\x08"]),
        ("mqtt", BINARY, b"\x82\x06\0\x0a\0\1a\0", b"\x90\x03\0\x0a\0", [b"\x90\x03\0\x0b\0"]),
        ("stomp", TEXT, b"SEND\ndestination:/a\nreceipt:77\n\n\0", b"RECEIPT\nreceipt-id:77\n\n\0",
         [b"RECEIPT\nreceipt-id:7\n\n\0"]),
        ("signalr", TEXT, b'{"type":1,"invocationId":"1","target":"A","arguments":[]}\x1e',
         b'{"type":3,"invocationId":"1"}\x1e', [b'{"type":3,"invocationId":"2"}\x1e']),
        ("phoenix", TEXT, b'["1","2","r","phx_join",{}]',
         b'["1","2","r","phx_reply",{"status":"ok"}]', [b'[null,null,"r","2",{}]']),
        ("", TEXT, b'{"action":"buy","id":5}', b'{"id":5,"result":"ok"}', [b'{"id":55,"ok":1}']),
    ],
)  # fmt: skip
def test_request_and_reply(
    app: str, opcode: int, request_: bytes, reply: bytes, others: list[bytes]
) -> None:
    between = [(1, opcode, other) for other in others]
    same_way = [(0, opcode, reply)]  # an id counts in its own direction only
    entries = talk((0, opcode, request_), *same_way, *between, (1, opcode, reply), *between)
    last = 2 + len(others)
    assert other_half(entries, 0, app) == last
    assert other_half(entries, last, app) == 0
    assert all(other_half(entries, at, app) is None for at in range(2, last))


def test_the_nearest_of_several_with_one_id() -> None:
    ask, answer = b'{"jsonrpc":"2.0","id":1,"method":"a"}', b'{"jsonrpc":"2.0","id":1,"result":1}'
    entries = talk(*[(0, TEXT, ask), (1, TEXT, answer)] * 3)
    assert halves(entries, "jsonrpc") == [1, 0, 3, 2, 5, 4]


def test_application_heartbeats_take_the_nearer_one() -> None:
    entries = talk(*[(0, BINARY, b"\xc0\0"), (1, BINARY, b"\xd0\0")] * 2)
    assert halves(entries, "mqtt") == [1, 0, 3, 2]


def test_where_the_handshake_told_nothing_the_first_messages_do() -> None:
    hello = b'{"protocol":"json","version":1}\x1e'
    entries = talk(
        (0, TEXT, hello),
        (0, TEXT, b'{"type":1,"invocationId":"1","target":"A","arguments":[]}\x1e'),
        (1, TEXT, b'{"type":3,"invocationId":"1"}\x1e'),
    )
    assert speaks(entries) == "signalr"
    assert halves(entries)[1:] == [2, 1]
    assert speaks(talk((0, TEXT, b'{"a":1}'), (0, PING, b""))) == ""
    assert speaks([]) == ""


def test_what_has_no_other_half() -> None:
    entries = talk((0, TEXT, b"hello"), (0, TEXT, b'{"jsonrpc":"2.0","method":"note"}'))
    assert halves(entries, "jsonrpc") == [None, None]
    assert other_half(entries, 99, "jsonrpc") is None
    assert other_half(entries, -1, "jsonrpc") is None


def test_one_jump_reads_a_bounded_number_of_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jumps, "SUMMARIES_MAX", 10)
    answer = b'{"jsonrpc":"2.0","id":17,"result":1}'
    lookalike = (1, TEXT, b'{"jsonrpc":"2.0","id":170,"result":17}')
    ask = (0, TEXT, b'{"jsonrpc":"2.0","id":17,"method":"a"}')
    near = talk(ask, *[lookalike] * 9, (1, TEXT, answer))
    assert other_half(near, 0, "jsonrpc") == 10
    far = talk(ask, *[lookalike] * 20, (1, TEXT, answer))
    assert other_half(far, 0, "jsonrpc") is None
    unlike = (1, TEXT, b'{"jsonrpc":"2.0","id":4,"result":1}')
    assert other_half(talk(ask, *[unlike] * 99, (1, TEXT, answer)), 0, "jsonrpc") == 100
