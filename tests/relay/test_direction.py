"""Bytes in, bytes out: pass and edit, and every way from one to the other."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol import naive
from tests.protocol.test_reader import any_bytes, bomb, chunkings, cut, legal_streams
from tests.relay.harness import Judge, Wire, encode, frames_of, masked, strict
from tests.support.raw import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_frame, frame
from wsinspect.protocol.deflate import Deflater
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.relay.observation import Observation, UnchangeableFrame

DIRECTIONS = pytest.mark.parametrize("name", ["to_server", "to_client"])
BOTH = st.sampled_from(["to_server", "to_client"])


# --- pass ---


@given(any_bytes, chunkings(), BOTH)
@settings(max_examples=200)
def test_pass_lets_out_what_came_at_once(data: bytes, places: list[int], name: str) -> None:
    wire = Wire()
    direction = wire.direction(name)
    for piece in cut(data, places):
        assert direction.receive(piece) is piece
    assert direction.end() == b""
    assert all(forwarded for _, forwarded in wire.notes.of(name))
    assert len(wire.notes.of(name)) == direction.reader.frames == direction.seq


def test_a_gone_destination_is_recorded() -> None:
    wire = Wire()
    wire.client(masked(TEXT, b"a"))
    wire.relay.to_server.open = False
    wire.client(masked(TEXT, b"b"))
    assert wire.out["to_server"] == masked(TEXT, b"a")
    assert wire.notes.of("to_server") == [(0x81, True), (0x81, False)]


# --- edit without a change ---


def edits() -> list[dict[str, Any]]:
    return [
        {"policy": Judge()},
        {"policy": Judge(frames=True, messages=False)},
        {"policy": Judge(frames=True)},
        {"audit": True},
        {"policy": Judge(), "audit": True, "hold_limit": 300},
        {"policy": Judge(frames=True), "hold_limit": 40},
    ]


def frame_header(b1: int) -> bytes:
    """As many bytes as a header with this second byte has."""
    return bytes(2 + {126: 2, 127: 8}.get(b1 & 127, 0) + (4 if b1 & 128 else 0))


def in_order(data: bytes, *, control: bool) -> list[bytes]:
    """The frames of one kind, as bytes; the bytes that are no whole frame count as data."""
    found, pos = [], 0
    for _, (b0, _, frame_len, _) in naive.read(data, masked=False).records:
        if bool(b0 & 15 > 2) == control:
            found.append(data[pos : pos + frame_len])
        pos += frame_len
    return found if control else [*found, data[pos:]]


@pytest.mark.parametrize("which", range(len(edits())))
@given(any_bytes, chunkings(), BOTH)
@settings(max_examples=80)
def test_an_edit_that_changes_nothing(
    which: int, data: bytes, places: list[int], name: str
) -> None:
    """Data frames in order, control frames in order, byte for byte; these may overtake those."""
    options = edits()[which]
    wire = Wire(**options)
    wire.send(name, *cut(data, places)).end(name)
    out = wire.out[name]
    rest = data[len(data) - naive.read(data, masked=False).left :]
    header_len = 2 if len(rest) < 2 else len(frame_header(rest[1]))
    if options.get("audit") and len(rest) < header_len:
        data = data[: len(data) - len(rest)]  # it can have no record, so it does not leave
    assert in_order(out, control=True) == in_order(data, control=True)
    assert b"".join(in_order(out, control=False)) == b"".join(in_order(data, control=False))
    assert all(forwarded for _, forwarded in wire.notes.of(name))
    assert not any("while inspecting" in failure for failure in wire.notes.failures)


@given(legal_streams(), chunkings())
@settings(max_examples=100)
def test_a_policy_sees_every_message_as_the_application_does(
    stream: tuple[bytes, list[tuple[int, bytes]], bool, bool], places: list[int]
) -> None:
    data, messages, to_server, deflate = stream
    policy = Judge()
    name = "to_server" if to_server else "to_client"
    wire = Wire(policy, deflate=DeflateParams() if deflate else None)
    wire.send(name, *cut(data, places))
    assert [(seen.opcode_number, seen.payload) for seen in policy.seen] == messages
    assert all(seen.fin and seen.violation is None for seen in policy.seen)
    assert [m for m in strict(wire.out[name], name, DeflateParams() if deflate else None)
            if m[0] < 8] == messages  # fmt: skip


# --- drop, rewrite, inject, close ---

decisions = st.lists(
    st.one_of(
        st.just("pass"), st.just("pass"), st.just("drop"), st.just("raise"),
        st.text(max_size=200).map(lambda text: text.encode()),
    ),
    max_size=10,
)  # fmt: skip
params = st.builds(
    DeflateParams,
    server_max_window_bits=st.sampled_from([8, 9, 15]),
    client_max_window_bits=st.sampled_from([8, 9, 15]),
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
)


@given(st.data(), decisions, chunkings(), BOTH, st.none() | params, st.booleans())
@settings(max_examples=400)
def test_what_leaves_is_a_legal_stream_with_the_expected_messages(
    data: st.DataObject,
    plan: list[bytes | str],
    places: list[int],
    name: str,
    deflate: DeflateParams | None,
    outside: bool,
) -> None:
    """Drops, rewriting and injections at random points, checked by a strict endpoint."""
    draw = data.draw
    write = encode(name)
    deflater = None
    if deflate is not None:
        deflater = (
            Deflater(deflate.client_max_window_bits, deflate.client_no_context_takeover)
            if name == "to_server"
            else Deflater(deflate.server_max_window_bits, deflate.server_no_context_takeover)
        )
    stream = b""
    expected: list[tuple[int, bytes]] = []
    controls: list[tuple[int, bytes]] = []
    words = st.text("ab€😀 ", max_size=80).map(lambda text: text.encode())
    for turn in range(draw(st.integers(0, 6))):
        opcode = draw(st.sampled_from([TEXT, BINARY]))
        payload = draw(words)
        decision = plan[turn] if turn < len(plan) else "pass"
        if decision != "drop":
            rewritten = isinstance(decision, bytes)
            expected.append((opcode, decision if rewritten else payload))  # type: ignore[arg-type]
        rsv = 4 if deflater is not None and draw(st.booleans()) else 0
        on_wire = deflater.compress(payload) if deflater is not None and rsv else payload
        parts = cut(on_wire, draw(st.lists(st.integers(0, 99), max_size=3))) or [b""]
        for i, part in enumerate(parts):
            stream += write(
                CONT if i else opcode, part, fin=i == len(parts) - 1, rsv=0 if i else rsv
            )
            if draw(st.booleans()):
                controls.append((PING, draw(st.binary(max_size=9))))
                stream += write(*controls[-1])
    verdicts = iter([*plan, *["pass"] * 99])

    def decide(seen: Observation) -> None:
        match next(verdicts):
            case "drop":
                seen.drop()
            case "raise":
                raise LookupError
            case bytes(payload):
                seen.rewrite(payload)

    policy = Judge(decide, outside=outside)
    wire = Wire(policy, deflate=deflate)
    direction = wire.direction(name)
    injected = []
    for number, piece in enumerate(cut(stream, places)):
        wire.send(name, piece)
        if draw(st.integers(0, 3)) == 0:
            injected.append((TEXT, b"put in %d" % number))
            wire.inject(name, *injected[-1])
        if draw(st.booleans()):
            answer_all(wire, name, decide)
    answer_all(wire, name, decide)
    wire.end(name)
    got = strict(wire.out[name], name, deflate)
    assert [m for m in got if m[0] == PING] == controls
    assert [m for m in got if m[1].startswith(b"put in")] == injected
    assert [m for m in got if m[0] != PING and not m[1].startswith(b"put in")] == expected
    assert len(wire.notes.of(name)) == direction.reader.frames
    assert direction.reader.frames == direction.seq
    dropped = sum(not forwarded for _, forwarded in wire.notes.of(name))
    assert (dropped > 0) == ("drop" in plan[: len(policy.seen)] if not outside else dropped > 0)


def answer_all(wire: Wire, name: str, decide: Any) -> None:
    """Be the owner that answers what is asked from outside."""
    direction = wire.direction(name)
    while (question := direction.question) is not None:
        try:
            decide(question)
        except LookupError as error:
            wire.relay.inspection_failed(question, error)
        wire.answer(name)


@pytest.mark.parametrize("verdicts", [
    ("drop", "pass", "pass"), ("pass", "drop", "pass"), ("pass", "pass", "drop"),
    ("drop", "drop", "pass"), ("drop", "pass", "drop"), ("pass", "drop", "drop"),
    ("drop", "drop", "drop"), (b"X", "pass", "pass"), ("pass", b"X", "pass"),
    ("drop", b"X", "pass"), ("pass", "pass", b"X"), ("drop", "drop", b"X"), (b"X", "drop", b"Y"),
])  # fmt: skip
@pytest.mark.parametrize("messages", [False, True])
@DIRECTIONS
def test_frames_changed_one_by_one_leave_a_legal_message(
    verdicts: tuple[bytes | str, ...], messages: bool, name: str
) -> None:
    write = encode(name)
    answers = iter(verdicts)

    def decide(seen: Observation) -> None:
        if seen.kind != "frame" or seen.opcode_number > 2 or seen.payload in (b"before", b"after"):
            return
        verdict = next(answers)
        if verdict == "drop":
            seen.drop()
        elif isinstance(verdict, bytes):
            seen.rewrite(verdict)

    wire = Wire(Judge(decide, frames=True, messages=messages))
    wire.send(
        name, write(BINARY, b"before"),
        # all in one chunk: what is read is ahead of what is decided
        write(TEXT, b"1", fin=False) + write(PING) + write(CONT, b"2", fin=False)
        + write(CONT, b"3") + write(BINARY, b"after"),
    )  # fmt: skip
    expected = b"".join(
        verdict if isinstance(verdict, bytes) else original
        for verdict, original in zip(verdicts, (b"1", b"2", b"3"), strict=True)
        if verdict != "drop"
    )
    got = [m for m in strict(wire.out[name], name) if m[0] != PING]
    middle = [] if set(verdicts) == {"drop"} else [(TEXT, expected)]
    assert got == [(BINARY, b"before"), *middle, (BINARY, b"after")]
    flags = [forwarded for b0, forwarded in wire.notes.of(name) if b0 & 15 < 3]
    assert flags == [True, *(verdict != "drop" for verdict in verdicts), True]


def test_a_frame_of_a_compressed_message_cannot_be_changed_alone() -> None:
    def decide(seen: Observation) -> None:
        seen.drop()

    wire = Wire(Judge(decide, frames=True, messages=False), deflate=DeflateParams())
    data = masked(TEXT, Deflater(15, False).compress(b"hello"), rsv=4)
    # the next message is begun in the same chunk, uncompressed
    wire.client(data + masked(TEXT, b"a", fin=False))
    assert wire.out["to_server"] == data
    assert wire.notes.failures == ["UnchangeableFrame while inspecting a frame"]
    assert UnchangeableFrame.__doc__


def test_control_frames_are_dropped_and_rewritten() -> None:
    def decide(seen: Observation) -> None:
        if seen.opcode == "ping":
            seen.drop()
        if seen.opcode == "pong":
            seen.rewrite("PONG")

    wire = Wire(Judge(decide, frames=True))
    wire.client(masked(PING, b"p") + masked(TEXT, b"a", fin=False) + masked(PONG, b"q"))
    wire.client(masked(CONT, b"b"))
    assert strict(wire.out["to_server"], "to_server") == [(PONG, b"PONG"), (TEXT, b"ab")]
    assert [forwarded for _, forwarded in wire.notes.of("to_server")] == [False, True, True, True]


@DIRECTIONS
def test_a_rewritten_text_is_cut_between_characters_where_the_original_was(name: str) -> None:
    def decide(seen: Observation) -> None:
        seen.rewrite("€" * 5)

    write = encode(name)
    wire = Wire(Judge(decide))
    wire.send(name, write(TEXT, b"abcd", fin=False) + write(CONT, b"ef", fin=False))
    assert wire.out[name] == b""
    wire.send(name, write(CONT, b"g"))
    got = frames_of(wire.out[name], name)
    assert [b0 for b0, _ in got] == [0x01, 0x00, 0x80]
    assert [payload.decode() for _, payload in got] == ["€€", "€", "€€"]


def test_a_ping_overtakes_a_held_message_and_a_close_does_not() -> None:
    wire = Wire(Judge())
    held, ping, closing = (
        masked(TEXT, b"a", fin=False),
        masked(PING),
        close_frame(1000, mask=b"abcd"),
    )
    wire.client(held + ping)
    assert wire.out["to_server"] == ping
    wire.client(closing)
    assert wire.out["to_server"] == ping + held + closing


# --- from one way to the other ---


@given(any_bytes, st.integers(0, 400), st.integers(0, 400), BOTH)
@settings(max_examples=200)
def test_pass_to_edit_to_pass_at_any_byte(data: bytes, first: int, second: int, name: str) -> None:
    """A ping is put in twice: take it out, and the stream is as it came, in any state."""
    wire = Wire()
    direction = wire.direction(name)
    places = sorted((first % (len(data) + 1), second % (len(data) + 1)))
    wire.send(name, data[: places[0]]).inject(name, PONG, b"")
    wire.send(name, data[places[0] : places[1]]).inject(name, PONG, b"")
    wire.send(name, data[places[1] :]).end(name)
    out = wire.out[name]
    if name == "to_client":
        put_in = frame(PONG)
        candidates = [out]
        for _ in range(2):
            candidates += [
                c[:i] + c[i + 2 :]
                for c in candidates for i in range(len(c)) if c[i : i + 2] == put_in
            ]  # fmt: skip
        assert data in candidates
    else:
        assert len(data) <= len(out) <= len(data) + 12
    assert all(forwarded for _, forwarded in wire.notes.of(name))
    assert direction.seq == direction.reader.frames


@pytest.mark.parametrize("size", [10, 60_000, 70_000, 200_000])
@pytest.mark.parametrize("at", [1, 3, 8, 20, 65_000, 69_999])
@DIRECTIONS
def test_an_injection_waits_for_the_boundary(size: int, at: int, name: str) -> None:
    """In a header, in a payload, in a frame read in pieces, and between fragments."""
    write = encode(name)
    data = write(BINARY, b"a" * size, fin=False) + write(PING) + write(CONT, b"b")
    after = write(TEXT, b"after")
    wire = Wire()
    wire.send(name, data[:at]).inject(name, TEXT, b"in").inject(name, PONG, b"in")
    wire.send(name, data[at : at + 70_000], data[at + 70_000 :], after)
    got = strict(wire.out[name], name)
    whole = (BINARY, b"a" * size + b"b")
    messages = [m for m in got if m[0] < 8]
    assert messages == [whole, (TEXT, b"in"), (TEXT, b"after")]
    # a control frame needs a frame boundary only, but nothing overtakes an injection before it
    assert [m for m in got if m[0] > 8] == [(PING, b""), (PONG, b"in")]
    assert wire.out[name].endswith(after)
    assert not wire.direction(name).reader.keep


@DIRECTIONS
def test_an_injection_between_the_fragments_of_a_judged_stream(name: str) -> None:
    """Under a frame policy, and under audit: what has left counts, not who decided it."""
    write = encode(name)
    for options in ({"policy": Judge(frames=True, messages=False)}, {"audit": True}):
        wire = Wire(**options)
        wire.send(name, write(TEXT, b"a", fin=False)).inject(name, BINARY, b"in")
        wire.send(name, write(CONT, b"b"))
        assert strict(wire.out[name], name) == [(TEXT, b"ab"), (BINARY, b"in")]


def test_an_injection_may_go_before_a_held_message() -> None:
    wire = Wire(Judge())
    wire.client(masked(TEXT, b"a", fin=False)).inject("to_server", BINARY, b"in")
    wire.client(masked(CONT, b"b"))
    assert strict(wire.out["to_server"], "to_server") == [(BINARY, b"in"), (TEXT, b"ab")]


def test_nothing_is_injected_after_a_close_frame() -> None:
    for wire in (Wire(), Wire(Judge(frames=True))):
        wire.server(close_frame(1000)).inject("to_client", TEXT, b"late")
        wire.server(frame(TEXT, b"also late"))
        assert wire.out["to_client"] == close_frame(1000) + frame(TEXT, b"also late")


# --- limits ---


@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("shape", ["one frame", "fragments", "tiny fragments", "bomb"])
def test_over_the_hold_limit(on_error: str, shape: str) -> None:
    policy = Judge()
    wire = Wire(policy, deflate=DeflateParams(), hold_limit=100_000, on_error=on_error)
    data = {
        "one frame": frame(TEXT, b"a" * 100_000),
        "fragments": frame(TEXT, b"a" * 60_000, fin=False) + frame(CONT, b"a" * 60_000),
        "tiny fragments": frame(TEXT, fin=False) + frame(CONT, b"a", fin=False) * 200 + frame(CONT),
        "bomb": frame(BINARY, bomb(1_000_000), rsv=4),
    }[shape]
    pieces = [data[i : i + 1000] for i in range(0, len(data), 1000)]
    wire.server(*pieces)
    assert len(wire.notes.failures) == 1
    assert not policy.seen
    if on_error == "open":
        assert wire.out["to_client"] == data
        wire.server(frame(TEXT, b"next"))
        assert [seen.payload for seen in policy.seen] == [b"next"]
        assert wire.out["to_client"] == data + frame(TEXT, b"next")
    else:
        assert frames_of(wire.out["to_client"], "to_client") == [
            (0x88, b"\x03\xf1message too big to inspect")
        ]
        assert strict(wire.out["to_server"], "to_server") == [
            (CLOSE, b"\x03\xf1message too big to inspect")
        ]
        assert not any(forwarded for _, forwarded in wire.notes.of("to_client"))


def test_held_memory_is_bounded() -> None:
    wire = Wire(Judge(), hold_limit=1 << 20)
    many = frame(CONT, b"", fin=False) * 100
    wire.server(frame(TEXT, fin=False))
    tracemalloc.start()
    try:
        for _ in range(300):
            wire.relay.to_client.receive(many)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # frames_seen is the test's own
    finally:
        tracemalloc.stop()
    assert len(wire.notes.failures) == 1


def test_after_a_changed_compressed_message_an_unreadable_one_is_stopped() -> None:
    """The receiver's window is another one: as it came it would be garbage."""

    def decide(seen: Observation) -> None:
        if seen.payload == b"drop me":
            seen.drop()

    deflater = Deflater(15, False)
    first = frame(TEXT, deflater.compress(b"drop me"), rsv=4)
    big = frame(TEXT, deflater.compress(b"drop me" * 500), rsv=4)
    wire = Wire(Judge(decide), deflate=DeflateParams(), hold_limit=1000)
    wire.server(first, frame(BINARY, b"x" * 2000))
    assert wire.out["to_client"] == frame(BINARY, b"x" * 2000)  # uncompressed: readable
    wire.server(big)
    assert frames_of(wire.out["to_client"], "to_client")[1][0] == 0x88


# --- the end of the sender ---


@pytest.mark.parametrize("verdict", ["pass", "drop", "rewrite", "close"])
@pytest.mark.parametrize("partial", [0, 1, 7, 9])
@pytest.mark.parametrize("outside", [False, True])
def test_what_is_held_at_the_end_leaves_after_a_verdict(
    verdict: str, partial: int, outside: bool
) -> None:
    def decide(seen: Observation) -> None:
        assert (seen.kind, seen.fin) == ("message", False)
        if verdict == "drop":
            seen.drop()
        elif verdict == "rewrite":
            seen.rewrite("******")
        elif verdict == "close":
            seen.close(1008)

    policy = Judge(decide, outside=outside)
    wire = Wire(policy)
    data = masked(TEXT, b"sec", fin=False) + masked(CONT, b"ret, and")[:partial]
    wire.client(data).end("to_server")
    answer_all(wire, "to_server", decide)
    out = wire.out["to_server"]
    if verdict == "pass":
        assert out == data
    elif verdict == "drop":
        assert len(out) <= 1  # a byte of a header says nothing
    elif verdict == "rewrite":
        got = frames_of(out[: len(out) - (partial == 1)], "to_server")
        assert b"".join(payload for _, payload in got) == b"******"
        assert all(b0 < 0x80 for b0, _ in got)
    else:
        assert frames_of(out[len(out) - 8 :], "to_server") == [(0x88, b"\x03\xf0")]
    if not outside:
        assert policy.seen[0].payload == b"sec" + b"ret, and"[: max(0, partial - 6)]


def test_a_frame_cut_off_is_shown_to_a_frame_policy() -> None:
    def drop(seen: Observation) -> None:
        seen.drop()

    for decide, expected in ((lambda seen: None, masked(TEXT, b"secret")[:9]), (drop, b"")):
        policy = Judge(decide, frames=True, messages=False)
        wire = Wire(policy)
        wire.client(masked(TEXT, b"secret")[:9]).end("to_server")
        assert [seen.payload for seen in policy.seen] == [b"sec"]
        assert wire.out["to_server"] == expected
        assert wire.notes.of("to_server") == []


@pytest.mark.parametrize("rsv", [0, 4])
def test_a_message_given_up_for_another_is_judged_before_it(rsv: int) -> None:
    """A violation must not carry a payload past the policy."""
    deflater = Deflater(15, False)
    secret, plain = b"secret", b"plain"
    policy = Judge(lambda seen: seen.drop() if b"secret" in seen.payload else None)
    wire = Wire(policy, deflate=DeflateParams())
    first = deflater.compress(secret) if rsv else secret
    second = deflater.compress(plain) if rsv else plain
    wire.client(masked(TEXT, first, fin=False, rsv=rsv) + masked(TEXT, second, rsv=rsv))
    assert [seen.payload for seen in policy.seen] == [b"secret", b"plain"]
    deflate = DeflateParams() if rsv else None
    assert strict(wire.out["to_server"], "to_server", deflate) == [(TEXT, b"plain")]


def test_a_continuation_without_a_message_is_judged() -> None:
    policy = Judge(lambda seen: seen.drop())
    wire = Wire(policy)
    wire.client(masked(CONT, b"secret") + masked(CONT, b"secret", fin=False))
    assert [(seen.opcode, seen.payload) for seen in policy.seen] == [
        ("continuation", b"secret")
    ] * 2
    assert wire.out["to_server"] == b""


# --- questions from outside ---


def test_data_that_comes_while_a_question_is_open_waits() -> None:
    wire = Wire(Judge(outside=True, frames=True))
    frames = [masked(TEXT, b"%d" % n) for n in range(4)] + [masked(BINARY, b"x" * 70_000)]
    wire.client(*frames)
    for n in range(5):
        assert wire.out["to_server"] == b"".join(frames[:n])
        for kind in ("frame", "message"):
            question = wire.relay.to_server.question
            assert question is not None
            assert question.kind == kind
            wire.answer("to_server")
    assert wire.out["to_server"] == b"".join(frames)
    assert wire.relay.to_server.question is None


@pytest.mark.parametrize("verdict", ["pass", "drop", "rewrite", "close"])
@pytest.mark.parametrize("frames", [True, False])
def test_closed_or_ended_while_a_question_is_open(verdict: str, frames: bool) -> None:
    for how in ("close", "end", "end and close"):
        wire = Wire(Judge(outside=True, frames=frames, messages=not frames))
        data = masked(TEXT, b"a") + masked(TEXT, b"b")
        wire.client(data)
        if "end" in how:
            wire.end("to_server")
            assert wire.out["to_server"] == b""
        if "close" in how:
            wire.close()
        while (question := wire.relay.to_server.question) is not None:
            if verdict == "drop":
                question.drop()
            elif verdict == "rewrite":
                question.rewrite("c")
            elif verdict == "close":
                question.close(1008)
            wire.answer("to_server")
        flags = [forwarded for _, forwarded in wire.notes.of("to_server")]
        got = strict(wire.out["to_server"], "to_server")
        if "close" in how or verdict == "close":
            assert [opcode for opcode, _ in got] == [CLOSE]
            assert flags == [False, False]
        else:
            expected = {"pass": [b"a", b"b"], "drop": [], "rewrite": [b"c", b"c"]}[verdict]
            assert [payload for _, payload in got] == expected
            assert flags == [verdict != "drop"] * 2


def test_a_policy_may_inject_and_close_from_within() -> None:
    """Its call comes back into the direction that is asking it."""
    wire: Wire

    def decide(seen: Observation) -> None:
        if seen.payload == b"2":
            wire.relay.to_server.inject(TEXT, b"in")
        if seen.payload == b"4":
            wire.relay.close(1008, "", "policy")

    wire = Wire(Judge(decide))
    wire.client(b"".join(masked(TEXT, b"%d" % n) for n in range(6)))
    assert [p for _, p in strict(wire.out["to_server"], "to_server")] == [
        b"0", b"1", b"in", b"2", b"3", b"\x03\xf0",
    ]  # fmt: skip
    assert [flag for _, flag in wire.notes.of("to_server")] == [True] * 4 + [False] * 2
