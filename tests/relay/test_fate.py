"""What is told of a message: after its frames, what happened to it, no payload that did not go."""

import itertools
import random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.test_reader import any_bytes, chunkings, cut
from tests.relay.harness import Judge, Wire, encode, masked
from tests.support.raw import BINARY, CONT, PING, TEXT, close_frame, frame
from wsinspect.protocol.deflate import Deflater
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.protocol.messages import PAYLOAD_LIMIT
from wsinspect.relay.observation import Observation

DIRECTIONS = pytest.mark.parametrize("name", ["to_server", "to_client"])
SECRET = b"secret"


class Told(NamedTuple):
    name: str
    action: str
    payload: bytes | None
    start: bytes


def listen(*args: Any, **options: Any) -> Wire:
    """A wire whose recorder is told of messages, with payloads in full."""
    wire = Wire(*args, **options)
    for reader in (wire.connection.to_server, wire.connection.to_client):
        reader.tell_messages = reader.joiner.keep_payload = True
    return wire


def told(wire: Wire) -> list[Told]:
    return [
        Told(name, action, facts.payload, facts.start)
        for name, action, injected, facts, _ in wire.notes.messages
        if not injected
    ]


def actions(wire: Wire) -> list[str]:
    return [each.action for each in told(wire)]


def verdict(seen: Observation) -> None:
    """The payload says what is to be done with it."""
    if b"drop" in seen.payload:
        seen.drop()
    elif b"rewrite" in seen.payload:
        seen.rewrite(b"new")
    elif b"stop" in seen.payload:
        seen.close(1008)


# --- a message policy ---


@pytest.mark.parametrize("fragments", [1, 3])
@DIRECTIONS
def test_a_judged_message_is_told_with_what_happened(fragments: int, name: str) -> None:
    write = encode(name)
    wire = listen(Judge(verdict))
    words = [b"secret drop", b"secret rewrite", b"as it is", b"secret stop", b"secret late"]
    for word in words:
        places = [len(word) * i // fragments for i in range(fragments + 1)]
        pieces = [word[a:b] for a, b in itertools.pairwise(places)]
        for i, piece in enumerate(pieces):
            wire.send(name, write(CONT if i else TEXT, piece, fin=i == fragments - 1))
    assert told(wire) == [
        Told(name, "drop", None, b""),
        Told(name, "rewrite", b"new", b"new"),
        Told(name, "pass", b"as it is", b"as it is"),
        Told(name, "close", None, b""),
        Told(name, "close", None, b""),
    ]
    facts = [each[3] for each in wire.notes.messages]
    assert [each.payload_len for each in facts] == [len(word) for word in words]  # as they came
    assert {each.frames for each in facts} == {fragments}


@pytest.mark.parametrize("how", ["judged", "frames judged", "audit", "violations", "pass"])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_message_is_told_after_its_frames(how: str, at_once: bool) -> None:
    """``len(frames_seen)`` at the time is how many frames were on record."""
    ways: dict[str, dict[str, Any]] = {
        "judged": {"policy": Judge(verdict)},
        "frames judged": {"policy": Judge(frames=True, messages=False)},
        "audit": {"audit": True},
        "violations": {"on_violation": "close"},
        "pass": {},
    }
    wire = listen(**ways[how])
    frames = [
        masked(TEXT, b"1", fin=False), masked(CONT, b"drop"), masked(BINARY, b"2"),
        masked(TEXT, b"3", fin=False), masked(PING), masked(CONT, b"rewrite"),
    ]  # fmt: skip
    wire.client(*([b"".join(frames)] if at_once else frames))
    on_record = [each[4] for each in wire.notes.messages]
    if how == "pass" and at_once:
        assert on_record == [6, 6, 6]
    else:
        assert on_record == [2, 3, 6]


def test_nothing_is_told_before_the_verdict() -> None:
    wire = listen(Judge(outside=True))
    wire.client(masked(TEXT, b"held"))
    assert wire.relay.to_server.question is not None
    assert told(wire) == []
    wire.relay.to_server.question.drop()
    wire.answer("to_server")
    assert actions(wire) == ["drop"]


def test_nothing_is_told_unless_somebody_wants_it() -> None:
    wire = Wire(Judge(verdict))
    wire.client(masked(TEXT, b"drop"), masked(TEXT, b"x")).inject("to_client", TEXT, b"y")
    assert wire.notes.messages == []


def test_a_held_message_is_told_when_the_other_direction_closes() -> None:
    wire = listen(Judge(verdict, outside=True))
    wire.client(masked(TEXT, SECRET))
    wire.close()
    assert told(wire) == [Told("to_server", "close", None, b"")]
    wire.answer("to_server")
    assert len(told(wire)) == 1


@pytest.mark.parametrize("policy", [None, Judge()])
def test_a_gone_destination_got_nothing(policy: Judge | None) -> None:
    wire = listen(policy)
    wire.relay.to_server.open = False
    wire.client(masked(TEXT, SECRET))
    assert told(wire) == [Told("to_server", "close", None, b"")]


def test_recompressed_only_is_passed() -> None:
    """The receiver's window is another one after a drop; the script changed nothing of the rest."""
    deflater = Deflater(15, False)
    wire = listen(Judge(verdict), deflate=DeflateParams())
    for word in (b"drop", b"dear reader", b"rewrite"):
        wire.server(frame(TEXT, deflater.compress(word), rsv=4))
    assert told(wire) == [
        Told("to_client", "drop", None, b""),
        Told("to_client", "pass", b"dear reader", b"dear reader"),
        Told("to_client", "rewrite", b"new", b"new"),
    ]


def test_a_rewrite_is_told_with_no_more_than_is_asked_for() -> None:
    wire = listen(Judge(lambda seen: seen.rewrite(b"n" * 600)))
    reader = wire.connection.to_server
    reader.joiner.keep_payload = False
    wire.client(masked(TEXT, SECRET))
    reader.joiner.keep_payload = True
    reader.joiner.payload_limit = 599
    wire.client(masked(TEXT, SECRET))
    reader.joiner.payload_limit = PAYLOAD_LIMIT
    wire.client(masked(TEXT, SECRET))
    assert [each.payload for each in told(wire)] == [None, None, b"n" * 600]
    assert {each.start for each in told(wire)} == {b"n" * 512}


# --- a frame policy ---


@pytest.mark.parametrize(("words", "action", "left"), [
    (("a", "b", "c"), "pass", "abc"), (("drop",) * 3, "drop", None),
    (("drop", "b", "c"), "rewrite", "bc"), (("a", "drop", "c"), "rewrite", "ac"),
    (("a", "b", "drop"), "rewrite", "ab"), (("rewrite", "b", "c"), "rewrite", "newbc"),
    (("a", "b", "rewrite"), "rewrite", "abnew"), (("drop", "rewrite", "drop"), "rewrite", "new"),
    (("a", "b", "stop"), "close", None),
])  # fmt: skip
@pytest.mark.parametrize("messages", [False, True])
@DIRECTIONS
def test_frames_changed_one_by_one(
    words: tuple[str, str, str], action: str, left: str | None, messages: bool, name: str
) -> None:
    def decide(seen: Observation) -> None:
        if seen.kind == "frame":
            verdict(seen)

    wire = listen(Judge(decide, frames=True, messages=messages))
    write = encode(name)
    for i, word in enumerate(words):
        wire.send(name, write(CONT if i else TEXT, word.encode(), fin=i == 2))
    payload = None if left is None else left.encode()
    assert told(wire) == [Told(name, action, payload, payload or b"")]
    assert wire.notes.messages[0][4] == 3
    wire.send(name, write(TEXT, b"next"))
    assert actions(wire) == [action, "close" if action == "close" else "pass"]


def test_frames_changed_in_a_message_that_is_then_released() -> None:
    """Too large to judge whole: what a frame policy did to it stays done."""

    def decide(seen: Observation) -> None:
        if seen.kind == "frame":
            verdict(seen)

    wire = listen(Judge(decide, frames=True), hold_limit=1000)
    wire.client(masked(TEXT, b"rewrite", fin=False), masked(CONT, b"y" * 2000))
    (one,) = told(wire)
    assert (one.action, one.start) == ("rewrite", b"new" + b"y" * 509)


# --- large frames, released ones, edits that begin in the middle ---


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("fragmented", [False, True])
def test_a_large_frame_that_passes(early: bool, fragmented: bool) -> None:
    wire = listen(audit=early, on_violation="close")
    data = frame(BINARY, b"L" * 100_000, fin=not fragmented)
    if fragmented:
        data += frame(CONT, b"end")
    wire.server(*(data[i : i + 30_000] for i in range(0, len(data), 30_000)))
    wire.server(frame(TEXT, b"next"))
    assert wire.out["to_client"] == data + frame(TEXT, b"next")
    assert actions(wire) == ["pass", "pass"]
    size = 100_003 if fragmented else 100_000
    assert [len(each.payload or b"") for each in told(wire)] == [size, 4]
    assert [each[4] for each in wire.notes.messages] == [1 + fragmented, 2 + fragmented]


@pytest.mark.parametrize(("on_error", "action"), [("open", "pass"), ("closed", "close")])
@pytest.mark.parametrize("many", [False, True])
def test_too_large_to_judge(on_error: str, action: str, many: bool) -> None:
    wire = listen(Judge(verdict), hold_limit=1000, on_error=on_error)
    data = frame(TEXT, b"drop" * 500)
    if many:
        data = frame(TEXT, b"drop" * 200, fin=False) + frame(CONT, b"drop" * 200)
    wire.server(*(data[i : i + 700] for i in range(0, len(data), 700)))
    assert actions(wire) == [action]
    assert (told(wire)[0].payload is None) == (action == "close")


def test_an_edit_that_begins_within_a_message() -> None:
    wire = listen()
    wire.server(frame(TEXT, b"a", fin=False) + frame(CONT, b"b")[:1])
    wire.inject("to_client", TEXT, b"mine")
    wire.server(frame(CONT, b"b")[1:], frame(TEXT, b"c"))
    assert [each[2] for each in wire.notes.messages] == [False, True, False]
    assert told(wire) == [
        Told("to_client", "pass", b"ab", b"ab"), Told("to_client", "pass", b"c", b"c"),
    ]  # fmt: skip
    wire.server(frame(TEXT, b"d", fin=False)).close()
    wire.server(frame(CONT, b"e"))
    assert told(wire)[2:] == [Told("to_client", "close", None, b"")]


def test_a_record_that_cannot_be_written_stops_the_message() -> None:
    wire = listen(audit=True, on_error="closed")
    wire.notes.write = lambda: False
    wire.client(masked(TEXT, SECRET))
    assert told(wire) == [Told("to_server", "close", None, b"")]


# --- injections ---


@pytest.mark.parametrize("policy", [None, Judge()])
@DIRECTIONS
def test_an_injected_message_is_told_as_it_was_written(policy: Judge | None, name: str) -> None:
    wire = listen(policy)
    wire.inject(name, BINARY, b"i" * 600)
    wire.inject(name, PING, b"control frames are no messages")
    ((direction, action, injected, facts, _),) = wire.notes.messages
    assert (direction, action, injected) == (name, "pass", True)
    size = len(wire.out[name]) - len(encode(name)(PING, b"control frames are no messages"))
    assert facts == (BINARY, 600, size, 1, False, b"i" * 600, b"i" * 512, None, None, -1, -1)


def test_an_injection_that_never_leaves_is_not_told() -> None:
    wire = listen()
    wire.server(frame(TEXT, b"open", fin=False)).inject("to_client", TEXT, b"waits")
    assert wire.notes.messages == []
    wire.server(frame(CONT) + close_frame(1000)).inject("to_client", TEXT, b"late")
    assert [each[3].payload for each in wire.notes.messages] == [b"open", b"waits"]
    gone = listen()
    gone.relay.to_client.open = False
    gone.inject("to_client", TEXT, b"to nobody")
    assert gone.notes.messages == []


# --- any traffic ---


@given(any_bytes, chunkings(), st.sampled_from(["to_server", "to_client"]), st.integers(0, 999))
@settings(max_examples=200)
def test_every_finished_message_is_told_once_and_hides_what_did_not_leave(
    data: bytes, places: list[int], name: str, seed: int
) -> None:
    rng = random.Random(seed)
    left: list[bytes] = []  # what was let out, verdict by verdict

    def decide(seen: Observation) -> None:
        what = rng.choice(["pass", "drop", "rewrite"])
        if what == "drop":
            seen.drop()
            return
        if what == "rewrite":
            seen.rewrite(b"<new>")
        left.append(seen.final)

    wire = listen(Judge(decide))
    wire.send(name, *cut(data, places)).end(name)
    mine = told(wire)
    assert len(mine) == wire.direction(name).reader.joiner.messages
    for each in mine:
        if each.action == "rewrite":  # out of two verdicts, where a Close frame came within it
            assert (each.payload or b"") in b"".join(left)
            assert each.start in b"".join(left)
        elif each.action != "pass":
            assert (each.payload, each.start) == (None, b"")
