"""Both directions together: closing, violations, audit, failing inspection, how it ended."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol import naive
from tests.protocol.test_reader import any_bytes, chunkings, cut
from tests.relay.harness import SECOND, Judge, Wire, encode, frames_of, masked, strict
from tests.support.raw import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_frame, frame
from wsinspect.protocol.errors import EncodeError
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.relay.observation import Observation

DIRECTIONS = pytest.mark.parametrize("name", ["to_server", "to_client"])
OTHER = {"to_server": "to_client", "to_client": "to_server"}


# --- closing ---


@pytest.mark.parametrize("size", [10, 60_000, 70_000])
@pytest.mark.parametrize("at", [0, 1, 3, 8, 9_000_000])
@DIRECTIONS
def test_close_leaves_at_the_frame_boundary_and_nothing_after_it(
    size: int, at: int, name: str
) -> None:
    write = encode(name)
    data = write(BINARY, b"a" * size, fin=False)
    wire = Wire()
    wire.send(name, data[:at]).close(1001, "bye", "shutdown")
    wire.send(name, data[at:] + write(CONT, b"b") + write(CLOSE, b"\x03\xe9"))
    out = frames_of(wire.out[name], name)
    bye = (0x88, b"\x03\xe9bye")
    assert out == ([bye] if at == 0 else [(0x02, b"a" * size), bye])
    assert frames_of(wire.out[OTHER[name]], OTHER[name]) == [bye]
    assert [flag for _, flag in wire.notes.of(name)] == [at > 0, False, False]
    assert wire.relay.closing
    both = wire.relay.closed_by_both
    assert not both
    both = wire.send(OTHER[name], encode(OTHER[name])(CLOSE, b"\x03\xe9")).relay.closed_by_both
    assert both
    assert wire.notes.of(OTHER[name]) == [(0x88, False)]


def test_closing_twice_is_closing_once() -> None:
    wire = Wire().close(1001, "a").close(1008, "b")
    assert strict(wire.out["to_client"], "to_client") == [(CLOSE, b"\x03\xe9a")]


def test_no_second_close_frame_follows_that_of_the_sender() -> None:
    for wire in (Wire(), Wire(Judge(frames=True)), Wire(audit=True)):
        wire.client(close_frame(1000, mask=b"abcd")).close(1001)
        wire.client(masked(TEXT, b"late"))
        assert wire.out["to_server"] == close_frame(1000, mask=b"abcd")
        assert strict(wire.out["to_client"], "to_client") == [(CLOSE, b"\x03\xe9no")]
        assert wire.notes.of("to_server") == [(0x88, True), (0x81, False)]


def test_no_second_close_frame_follows_one_that_a_policy_rewrote() -> None:
    def decide(seen: Observation) -> None:
        if seen.opcode == "close":
            seen.rewrite(b"\x0f\xa0")

    wire = Wire(Judge(decide, frames=True))
    wire.client(close_frame(1000, mask=b"abcd")).close(1001)
    assert strict(wire.out["to_server"], "to_server") == [(CLOSE, b"\x0f\xa0")]
    ending = wire.connection.ending
    assert (ending.code_observed, ending.relayed_code) == (1000, 4000)


@pytest.mark.parametrize("code", [0, 999, 1004, 1006, 1015, 1016, 2999, 5000])
def test_a_code_that_nobody_may_send_is_refused_before_anything_happens(code: int) -> None:
    wire = Wire()
    with pytest.raises(EncodeError):
        wire.close(code)
    assert not wire.relay.closing
    assert wire.connection.ending.began_ns is None
    policy = Judge(lambda seen: seen.close(code))
    judged = Wire(policy).client(masked(TEXT, b"a"))
    assert judged.notes.failures == ["ValueError while inspecting a message"]
    assert judged.out["to_server"] == masked(TEXT, b"a")


@pytest.mark.parametrize("kind", ["frames", "messages"])
def test_a_policy_closes_to_both_sides(kind: str) -> None:
    policy = Judge(
        lambda seen: seen.close(4008, "no ÿ"), frames=kind == "frames", messages=kind != "frames"
    )
    wire = Wire(policy).server(frame(TEXT, b"a", fin=False))
    wire.server(frame(CONT, b"b") + frame(TEXT, b"c"))
    said = [(CLOSE, b"\x0f\xa8" + "no ÿ".encode())]
    assert strict(wire.out["to_server"], "to_server") == said
    assert strict(wire.out["to_client"], "to_client") == said
    assert [flag for _, flag in wire.notes.of("to_client")] == [False] * 3
    ending = wire.connection.ending
    assert (ending.cause, ending.initiator, ending.code_observed, ending.relayed_code) == (
        "policy", "proxy", 1006, 4008,
    )  # fmt: skip


# --- violations ---

VIOLATIONS: list[tuple[bytes, int]] = [
    (frame(TEXT, b"hi", mask=b"abcd"), 1002),
    (frame(TEXT, b"\xff"), 1007),
    (frame(TEXT, b"hi", rsv=2), 1002),
    (frame(3, b"hi"), 1002),
    (frame(CONT, b"hi"), 1002),
    (frame(PING, fin=False), 1002),
    (frame(PING, b"a" * 126), 1002),
    (frame(TEXT, b"hi", length_bytes=8), 1002),
    (close_frame(999), 1002),
    (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    (frame(TEXT, b"\xff" * 50, rsv=4), 1007),
    (frame(PING, b"a" * 70_000), 1002),
    (frame(3, b"a" * 70_000), 1002),
    (frame(BINARY, b"a" * 70_000, mask=b"abcd"), 1002),
]


@pytest.mark.parametrize("which", range(len(VIOLATIONS)))
@pytest.mark.parametrize("how", ["together", "apart", "byte by byte", "before a large one"])
@pytest.mark.parametrize("policy", [False, True])
def test_on_violation_close(which: int, how: str, policy: bool) -> None:
    """Nothing of the violating frame leaves, both sides are told, and the record says so."""
    bad, code = VIOLATIONS[which]
    good = frame(TEXT, b"good")
    wire = Wire(
        Judge(frames=True) if policy else None, deflate=DeflateParams(), on_violation="close"
    )
    if how == "together":
        wire.server(good + bad + good)
    elif how == "apart":
        wire.server(good, bad, good)
    elif how == "byte by byte":
        data = good + bad[:70]
        wire.server(*(data[i : i + 1] for i in range(len(data))), bad[70:] + good)
    else:
        wire.server(good + bad + frame(BINARY, b"x" * 90_000)[:70_000]).server(b"x" * 90_000)
    assert wire.out["to_client"].startswith(good)
    told = frames_of(wire.out["to_client"][len(good) :], "to_client")
    assert [(b0, payload[:2]) for b0, payload in told] == [(0x88, code.to_bytes(2))]
    assert [(b0, payload[:2]) for b0, payload in frames_of(wire.out["to_server"], "to_server")] == [
        (0x88, code.to_bytes(2))
    ]
    flags = [flag for _, flag in wire.notes.of("to_client")]
    assert flags[:2] == [True, False]
    assert not any(flags[2:])
    assert wire.connection.ending.cause == "policy"
    assert wire.connection.ending.relayed_code == code


@pytest.mark.parametrize("bad", [vector[0] for vector in VIOLATIONS])
def test_on_violation_pass_forwards_and_records(bad: bytes) -> None:
    wire = Wire(deflate=DeflateParams()).server(bad)
    assert wire.out["to_client"] == bad
    assert wire.notes.frames_seen[0][2][1][3] is not None
    assert wire.notes.of("to_client") == [(bad[0], True)]


def test_a_violation_late_in_a_large_frame() -> None:
    """Its beginning has left: the frame ends, the Close frame follows, the record is true."""
    text = frame(TEXT, b"a" * 100_000 + b"\xff" + b"a" * 100_000)
    wire = Wire(on_violation="close")
    wire.server(text[:70_000], text[70_000:140_000])
    assert frames_of(wire.out["to_server"], "to_server") == [(0x88, b"\x03\xefinvalid-utf8")]
    wire.server(text[140_000:] + frame(TEXT, b"next"))
    assert wire.out["to_client"][: len(text)] == text
    assert frames_of(wire.out["to_client"][len(text) :], "to_client") == [
        (0x88, b"\x03\xefinvalid-utf8")
    ]
    assert [flag for _, flag in wire.notes.of("to_client")] == [True, False]


@given(any_bytes, chunkings(), st.booleans())
@settings(max_examples=150)
def test_with_on_violation_close_only_what_is_right_leaves(
    data: bytes, places: list[int], ends: bool
) -> None:
    seen = naive.read(data, masked=False)
    good = 0
    for _, (_, _, frame_len, violation) in seen.records:
        if violation is not None:
            break
        good += frame_len
    violates = any(record[1][3] for record in seen.records)
    wire = Wire(on_violation="close").server(*cut(data, places))
    if ends:
        wire.end("to_client")
    out = wire.out["to_client"]
    assert out.startswith(data[:good])
    if violates:
        closed = any(
            opcode == CLOSE for opcode, _ in naive.read(data[:good], masked=False).controls
        )
        rest = frames_of(out[good:], "to_client")
        assert [b0 for b0, _ in rest] == ([] if closed else [0x88])
    elif not ends:
        assert out == data[:good]


# --- audit ---


def test_no_byte_leaves_before_its_record() -> None:
    wire = Wire(audit=True)
    left: list[int] = []
    wire.notes.before = lambda: left.append(len(wire.out["to_client"]))
    frames = [
        frame(TEXT, b"a" * 100), frame(PING), frame(BINARY, b"b" * 100_000), frame(TEXT, b"c"),
    ]  # fmt: skip
    data = b"".join(frames)
    on_record = 0
    for i in range(0, len(data), 50):
        wire.server(data[i : i + 50])
        told = len(wire.notes.frames_seen)
        assert len(wire.out["to_client"]) <= sum(map(len, frames[:told]))
        on_record = max(on_record, told)
    assert wire.out["to_client"] == data
    assert on_record == 4
    assert [told[2][1][3] for told in wire.notes.frames_seen] == [None] * 4
    assert left[2] < len(data) - 100_000  # the large one's record came with its header


@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("fails", [0, 1, 2, 3])
@pytest.mark.parametrize("policy", [None, "messages", "rewrite"])
def test_a_record_that_cannot_be_written(on_error: str, fails: int, policy: str | None) -> None:
    """Only once: what comes after the Close frame does not leave, written or not."""
    judge = Judge(lambda seen: seen.rewrite("xyz")) if policy == "rewrite" else Judge()
    wire = Wire(None if policy is None else judge, audit=True, on_error=on_error)
    calls = iter(range(99))
    wire.notes.write = lambda: next(calls) != fails
    data = (
        frame(TEXT, b"a", fin=False) + frame(CONT, b"b", fin=False) + frame(CONT, b"c")
        + frame(BINARY, b"d" * 70_000) + frame(TEXT, b"e")
    )  # fmt: skip
    wire.server(*(data[i : i + 5000] for i in range(0, len(data), 5000)))
    out = frames_of(wire.out["to_client"], "to_client")
    closes = [payload for b0, payload in out if b0 == 0x88]
    if on_error == "open":
        assert not closes
        if policy != "rewrite":
            assert wire.out["to_client"] == data
    else:
        assert closes == [b"\x03\xf3cannot record"]
        assert out[-1][0] == 0x88
        assert [b0 for b0, _ in out[:-1]] == [0x01, 0x00, 0x80, 0x82, 0x81][:fails]
        assert wire.connection.ending.cause == "error"


def test_in_audit_a_frame_that_never_ends_is_on_record_before_it_leaves() -> None:
    wire = Wire(audit=True).server(frame(TEXT, b"abc")[:4])
    assert wire.out["to_client"] == b""
    wire.end("to_client")
    assert wire.out["to_client"] == frame(TEXT, b"abc")[:4]
    assert wire.notes.of("to_client") == [(0x81, True)]


# --- failing inspection ---


@pytest.mark.parametrize("on_error", ["open", "closed"])
def test_a_policy_that_raises(on_error: str) -> None:
    def decide(seen: Observation) -> None:
        raise RuntimeError(seen.text)

    wire = Wire(Judge(decide, frames=True, messages=False), on_error=on_error)
    wire.client(masked(TEXT, b"secret"))
    assert wire.notes.failures == ["RuntimeError while inspecting a frame"]
    got = strict(wire.out["to_server"], "to_server")
    assert got == (
        [(TEXT, b"secret")] if on_error == "open" else [(CLOSE, b"\x03\xf3inspection failed")]
    )


def test_an_observation_checks_its_answers() -> None:
    connection = Wire().connection

    def observation(opcode: int = PING, **facts: Any) -> Observation:
        return Observation(connection, "to_client", "frame", opcode, b"s3cret", 0, **facts)

    with pytest.raises(ValueError, match="125"):
        observation().rewrite(bytes(126))
    with pytest.raises(ValueError, match="123"):
        observation().close(1000, "ä" * 62)
    for wrong in (b"\x03", b"\x00\x00", b"\x03\xe8\xff"):
        with pytest.raises(ValueError, match="Close"):
            observation(CLOSE).rewrite(wrong)
    text = Observation(connection, "to_client", "message", TEXT, b"s3cret", 0)
    for wrong in (b"\xff", b"\xe2\x82"):
        with pytest.raises(ValueError, match="UTF-8"):
            text.rewrite(wrong)
    assert text.unchanged
    seen = observation(BINARY, compressed=False)
    seen.rewrite(bytes(126))
    seen.drop()
    assert (seen.dropped, seen.rewritten, seen.unchanged) == (True, None, False)
    assert "s3cret" not in repr(seen)


# --- how it ended ---

CLIENT_CLOSES = close_frame(1000, "bye", mask=b"abcd")
SERVER_CLOSES = close_frame(4001, "go")
type Act = Callable[[Wire], Any]


def fin(side: str, *, reset: bool = False) -> Act:
    """What the layer does when a socket ends."""

    def act(wire: Wire) -> None:
        wire.end("to_server" if side == "client" else "to_client")
        wire.connection.ends(wire.now_ns).socket_end(side, reset=reset)  # type: ignore[arg-type]

    return act


def pause(seconds: float) -> Act:
    def act(wire: Wire) -> None:
        wire.now_ns += int(seconds * SECOND)

    return act


def says(name: str, data: bytes) -> Act:
    return lambda wire: wire.send(name, data)


def server_gone(wire: Wire) -> None:
    wire.relay.to_server.open = False


C, S = "to_server", "to_client"
# scenario: acts, (cause, initiator, code_observed, reason, code_relayed, clean, age_s, idle_s)
ENDINGS: dict[str, tuple[list[Act], tuple[Any, ...]]] = {
    "both close": (
        [pause(2), says(S, frame(TEXT, b"a")), pause(3), says(C, CLIENT_CLOSES), pause(1),
         says(S, SERVER_CLOSES), fin("server"), fin("client")],
        ("close_frame", "client", 1000, "bye", 1000, True, 5, 3),
    ),
    "server closes, the client answers with data and a Close": (
        [pause(2), says(S, SERVER_CLOSES), pause(1), says(C, masked(TEXT, b"late")),
         says(C, close_frame(4001, mask=b"abcd"))],
        ("close_frame", "server", 4001, "go", 4001, True, 2, 2),
    ),
    "close without a code": (
        [says(C, masked(CLOSE))], ("close_frame", "client", 1005, "", 1005, False, 0, 0),
    ),
    "data and close in one chunk": (
        [pause(2), says(C, masked(TEXT, b"a")), pause(4), says(C, masked(PING) + CLIENT_CLOSES)],
        ("close_frame", "client", 1000, "bye", 1000, False, 6, 0),
    ),
    "a close, then a reset": (
        [pause(1), says(C, CLIENT_CLOSES), pause(1), fin("server", reset=True)],
        ("close_frame", "client", 1000, "bye", 1000, False, 1, 1),
    ),
    "the same side closes twice": (
        [says(C, CLIENT_CLOSES), says(C, close_frame(1001, mask=b"abcd"))],
        ("close_frame", "client", 1000, "bye", 1000, False, 0, 0),
    ),
    "fin without a close": (
        [pause(1), says(S, frame(PONG)), pause(7), fin("server"), pause(1),
         fin("client", reset=True)],
        ("fin", "server", 1006, "", None, False, 8, 7),
    ),
    "reset without a frame": (
        [pause(9), fin("client", reset=True), fin("server")],
        ("rst", "client", 1006, "", None, False, 9, 9),
    ),
    "fin, and a close by the other side": (
        [pause(2), fin("client"), pause(2), says(S, SERVER_CLOSES)],
        ("close_frame", "server", 4001, "go", 4001, False, 2, 2),
    ),
    "the server is gone when the client closes": (
        [pause(1), fin("server"), server_gone, says(C, CLIENT_CLOSES)],
        ("close_frame", "client", 1000, "bye", None, False, 1, 1),
    ),
    "shutdown": (
        [pause(3), says(S, frame(TEXT)), pause(1), lambda w: w.close(1001, "", "shutdown"),
         pause(1), says(C, close_frame(1001, mask=b"abcd")), says(S, close_frame(1001))],
        ("shutdown", "proxy", 1006, "", 1001, False, 4, 1),
    ),
    "shutdown after a close": (
        [says(C, CLIENT_CLOSES), lambda w: w.close(1001, "", "shutdown")],
        ("close_frame", "client", 1000, "bye", 1000, False, 0, 0),
    ),
    "nothing yet": ([pause(1)], ("error", "none", 1006, "", None, False, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("scenario", ENDINGS)
@pytest.mark.parametrize("policy", [None, Judge(frames=True)])
def test_ending(scenario: str, policy: Judge | None) -> None:
    """The table of design.md, "What the fields mean"; a policy that only looks changes nothing."""
    acts, expected = ENDINGS[scenario]
    wire = Wire(policy)
    for act in acts:
        act(wire)
    connection, ending = wire.connection, wire.connection.ending
    assert (
        ending.cause, ending.initiator, ending.code_observed, ending.reason, ending.relayed_code,
        ending.clean, connection.age_s(), connection.idle_s(),
    ) == expected  # fmt: skip


def test_a_dropped_close_frame_was_observed_but_not_relayed() -> None:
    wire = Wire(Judge(lambda seen: seen.drop(), frames=True)).client(CLIENT_CLOSES)
    ending = wire.connection.ending
    assert (ending.code_observed, ending.relayed_code) == (1000, None)
    assert wire.out["to_server"] == b""


def test_a_policy_that_closes_before_a_close_frame_of_the_same_chunk_was_first() -> None:
    wire = Wire(Judge(lambda seen: seen.close(1008)))
    wire.client(masked(TEXT, b"a") + CLIENT_CLOSES)
    ending = wire.connection.ending
    assert (ending.cause, ending.initiator, ending.relayed_code) == ("policy", "proxy", 1008)


# --- pings ---


@pytest.mark.parametrize("policy", [None, Judge(frames=True)])
def test_round_trips(policy: Judge | None) -> None:
    """§5.5.2–3: by payload; a pong answers older pings too; unsolicited ones answer nothing."""
    wire = Wire(policy)
    pings = wire.connection.pings
    assert pings.summary_ms() is None
    wire.client(masked(PONG, b"a")).server(frame(PONG, b"a"))
    wire.server(frame(PING, b"a"))
    wire.now_ns += SECOND // 1000
    wire.server(frame(PING, b"b"))
    wire.server(frame(PONG, b"b"))  # its own ping: no answer
    wire.now_ns += SECOND // 1000
    wire.client(masked(PONG, b"b"))
    wire.client(masked(PONG, b"a"))  # answered with b
    assert (pings.count, pings.summary_ms()) == (1, (1.0, 1.0, 1.0))
    wire.client(masked(PING))
    wire.now_ns += 9 * SECOND // 1000
    wire.server(frame(PONG))
    assert (pings.count, pings.summary_ms()) == (2, (1.0, 9.0, 9.0))


def test_pings_without_answers_are_not_collected() -> None:
    pings = Wire().connection.pings
    for n in range(1000):
        pings.ping(b"%d" % n, n, to_client=True)
    assert pings.pong(b"0", 2000, to_client=False) is None
    assert pings.pong(b"999", 2000, to_client=False) == 1001
    assert pings.pong(b"998", 2000, to_client=False) is None
    for n in range(2000):
        pings.ping(b"x", 0, to_client=False)
        pings.pong(b"x", n, to_client=True)
    assert pings.count == 2001
    assert pings.summary_ms() == (0.0, 1744 / 1e6, 1999 / 1e6)  # the newest 512
