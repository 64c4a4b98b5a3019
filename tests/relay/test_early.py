"""Held text that is no UTF-8 any more leaves early, and nothing uninspected leaves with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.relay.harness import Judge, Wire, encode, frames_of
from tests.relay.test_large import LIMIT, Pieces, Stars
from tests.support.raw import BINARY, CLOSE, CONT, PING, TEXT
from wsinspect.protocol.deflate import Deflater
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.protocol.partial import broken_text
from wsinspect.relay import early
from wsinspect.relay.observation import Observation, Shown

DIRECTIONS = pytest.mark.parametrize("name", ["to_server", "to_client"])
VERDICTS = pytest.mark.parametrize("verdict", ["block", "mask", "close"])
SECRET = b"SECRET99"
BAD = b"\xf4\x90\x80\x80"  # beyond Unicode: the second byte tells

# The fragments of a message with the secret.
SHAPES: dict[str, list[bytes]] = {
    "same frame": [b"one " + BAD + b" two SECRET99 three"],
    "right behind": [BAD[:2] + SECRET],
    "before": [b"one SECRET99 two " + BAD + b" three"],
    "round": [b"SECR" + b"ET99" + BAD, b"more"],
    "later fragment": [b"one " + BAD, b"two", b"SECRET99", b"three"],
    "split": [b"\xce\xba " + BAD + b"SECR", b"ET99"],
    "split twice": [b"one", BAD + b"SEC", b"RET", b"99", b"", b"end"],
    "before it": [b"SECRET9", b"9" + BAD, b"end"],
    "character across": [b"\xf4", b"\x90\x80\x80SECRET99"],
    "in the last": [b"valid", b"\xff SECRET99"],
}


def message(name: str, fragments: list[bytes], opcode: int = TEXT) -> bytes:
    write = encode(name)
    last = len(fragments) - 1
    return b"".join(
        write(CONT if i else opcode, one, fin=i == last) for i, one in enumerate(fragments)
    )


def deciding(verdict: str) -> Callable[[Observation], None]:
    def decide(seen: Observation) -> None:
        if SECRET not in seen.payload:
            return
        if verdict == "block":
            seen.drop()
        elif verdict == "mask":
            seen.rewrite(seen.payload.replace(SECRET, b"********"))
        else:
            seen.close(4001, "found")

    return decide


def chunkings(data: bytes, seed: int) -> list[list[bytes]]:
    numbers = random.Random(seed)
    ways = [[data], [data[i : i + 1] for i in range(len(data))]]
    for _ in range(30):
        cuts = sorted(
            {0, len(data), *numbers.choices(range(1, len(data)), k=numbers.randint(1, 4))}
        )
        ways.append([data[a:b] for a, b in pairwise(cuts)])
    return ways


def payload_of(data: bytes, name: str) -> bytes:
    """What a receiver has of data frames, also of one that is cut off."""
    got = b""
    while len(data) > 1:
        b0, b1 = data[0], data[1]
        assert b1 & 0x7F < 126
        start = 6 if name == "to_server" else 2
        end = start + (b1 & 0x7F)
        payload = data[start:end]
        if name == "to_server":
            payload = bytes(byte ^ data[2 + i % 4] for i, byte in enumerate(payload))
        if b0 & 0x0F < 3:
            got += payload
        data = data[end:]
    return got


# --- what leaves early ---


@DIRECTIONS
def test_a_fragment_that_breaks_the_text_leaves_with_all_before_it(name: str) -> None:
    policy = Judge()
    wire = Wire(policy)
    write = encode(name)
    first, second = write(TEXT, b"\xce\xba", fin=False), write(CONT, BAD, fin=False)
    ping, third = write(PING, b"p"), write(CONT, b"end")
    wire.send(name, first)
    assert wire.out[name] == b""
    wire.send(name, second)
    assert wire.out[name] == first + second
    wire.send(name, write(CONT, b"more", fin=False), ping)
    assert wire.out[name] == first + second + ping
    wire.send(name, third)
    assert wire.out[name].endswith(third)
    content = b"\xce\xba" + BAD
    assert [(seen.payload, seen.fin, seen.violation) for seen in policy.seen] == [
        (content, False, "invalid-utf8"),
        (content + b"moreend", True, "invalid-utf8"),
    ]
    assert [forwarded for _, forwarded in wire.notes.of(name)] == [True] * 5


@DIRECTIONS
def test_an_unfinished_frame_leaves_at_the_byte_that_breaks_it(name: str) -> None:
    for fragments in ([b"\xce\xba" + BAD + b"end"], [b"a\xf4", BAD[1:] + b"end"]):
        data = message(name, fragments)
        breaks = data.__len__() - 6 if fragments[1:] else len(data) - 6
        policy = Judge()
        wire = Wire(policy)
        for at in range(len(data)):
            wire.send(name, data[at : at + 1])
            had = len(wire.out[name])
            if at < breaks:
                assert had == 0
            elif at < len(data) - 1:
                assert had == breaks + 1  # the rest waits until it is whole
        assert wire.out[name] == data
        assert [seen.fin for seen in policy.seen] == [False, True]
        wire.send(name, encode(name)(TEXT, b"next"))
        assert policy.seen[-1].payload == b"next"
        assert policy.seen[-1].violation is None


@DIRECTIONS
def test_a_frame_half_out_goes_on_judged_though_its_message_does_not_end(name: str) -> None:
    write = encode(name)
    data = write(TEXT, BAD + b"SECRE", fin=False)
    policy = Judge(deciding("block"))
    wire = Wire(policy)
    wire.send(name, data[:-3], data[-3:] + write(PING, b"p"))
    assert wire.out[name] == data + write(PING, b"p")
    wire.send(name, write(CONT, b"T99", fin=False), write(PING, b"q"))
    assert wire.out[name] == data + write(PING, b"p") + write(PING, b"q")
    wire.send(name, write(CONT, b""))
    assert b"T99" not in payload_of(wire.out[name], name)
    assert frames_of(wire.out[name], name)[-1] == (0x88, b"\x03\xf0policy")


# --- nothing of a secret leaves ---


@DIRECTIONS
@VERDICTS
@pytest.mark.parametrize("shape", SHAPES)
def test_a_secret_is_stopped_however_the_stream_is_cut(name: str, verdict: str, shape: str) -> None:
    data = message(name, SHAPES[shape])
    for chunks in chunkings(data, len(shape)):
        wire = Wire(Judge(deciding(verdict)))
        wire.send(name, *chunks)
        got = payload_of(wire.out[name], name)
        content = b"".join(SHAPES[shape])
        assert SECRET not in got
        if verdict == "mask" and len(got) == len(content):
            assert got == content.replace(SECRET, b"********")
            continue
        assert len(got) < content.index(SECRET) + len(SECRET)
        assert content.startswith(got)
        other = "to_client" if name == "to_server" else "to_server"
        if got or verdict == "close":
            code = 4001 if verdict == "close" else 1008
            assert frames_of(wire.out[other], other)[-1][1][:2] == code.to_bytes(2)
            wire.send(name, encode(name)(TEXT, SECRET), encode(name)(TEXT, b"late"))
            assert payload_of(wire.out[name], name) == got


@DIRECTIONS
@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_find_all_leaves_as_it_came_however_cut(name: str, shape: str) -> None:
    data = message(name, SHAPES[shape]) + encode(name)(TEXT, b"next")
    for chunks in chunkings(data, 7):
        for policy in (Judge(), None):
            wire = Wire(policy)
            had = 0
            for chunk in chunks:
                wire.send(name, chunk)
                had += len(chunk)
                assert policy is not None or len(wire.out[name]) == had
            assert wire.out[name] == data
            assert wire.notes.of(name) == [(b0, True) for b0, _ in frames_of(data, name)]


@DIRECTIONS
@pytest.mark.parametrize("verdict", ["block", "mask"])
@pytest.mark.parametrize("how", ["whole", "chopped", "large", "large frame", "unreadable"])
def test_an_early_verdict_stands(name: str, verdict: str, how: str) -> None:
    """What a stream of messages showed then, it need not show again."""

    class Once(Pieces):
        def judge(self, observation: Observation) -> None:
            super().judge(observation)
            if len(self.seen) == 1:
                observation.rewrite(b"***") if verdict == "mask" else observation.drop()

    write = encode(name)
    wire = Wire(Once(), hold_limit=LIMIT)
    begin = write(TEXT, b"secret" + BAD, fin=False)
    wire.send(name, *((begin[:-1], begin[-1:]) if how == "chopped" else (begin,)))
    assert wire.out[name] == b""
    if how == "large":
        wire.send(name, *(write(CONT, b"x" * 900, fin=False) for _ in range(5)))
    elif how == "large frame":
        large = write(CONT, b"x" * 3 * LIMIT, fin=False)
        wire.send(name, large[:LIMIT], large[LIMIT:])
    elif how == "unreadable":
        wire.send(name, write(CONT, b"x", fin=False, rsv=2))
    wire.send(name, write(CONT, b"end"))
    assert wire.out[name] == b""
    wire.send(name, write(TEXT, b"next"))
    assert wire.out[name] == write(TEXT, b"next")
    assert [went for _, went in wire.notes.of(name)][-1]


@DIRECTIONS
@pytest.mark.parametrize("act", ["mask", "block", "close"])
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_what_has_left_is_judged_with_the_rest_beyond_the_limit(
    name: str, act: str, half: bool, large: bool
) -> None:
    for secret in (SECRET, b"plain999"):
        write = encode(name)
        begin = write(TEXT, BAD + b"x" * 10 + secret[:4], fin=False)
        opcodes: list[int] = []

        class Asked(Pieces):
            def large(self, opcode: int, *, compressed: bool, seq: int) -> Stars:
                opcodes.append(opcode)  # noqa: B023 - it does not outlive this turn
                return super().large(opcode, compressed=compressed, seq=seq)

        wire = Wire(Asked(act=act), hold_limit=LIMIT)
        wire.send(name, *((begin[:-8], begin[-8:]) if half else (begin,)))
        assert wire.out[name] == begin
        rest = secret[4:] + b"y" * 3 * LIMIT
        more = [rest] if large else [rest[i : i + 500] for i in range(0, len(rest), 500)]
        frames = [write(CONT, one, fin=False) for one in more] + [write(CONT, b"")]
        data = b"".join(frames)
        wire.send(name, *(data[i : i + 700] for i in range(0, len(data), 700)))
        assert opcodes == [TEXT]
        if secret == SECRET:
            code = 4001 if act == "close" else 1008
            assert frames_of(wire.out[name], name)[0] == frames_of(begin, name)[0]
            assert [b0 for b0, _ in frames_of(wire.out[name], name)[1:]] == [0x88]
            assert frames_of(wire.out[name], name)[1][1][:2] == code.to_bytes(2)
        else:
            assert wire.out[name] == begin + data


# --- ends ---


@DIRECTIONS
@pytest.mark.parametrize("rest", [b"SECRET99", b"harmless"])
@pytest.mark.parametrize("how", ["end", "close frame", "new message"])
@pytest.mark.parametrize("half", [False, True])
def test_a_message_that_never_ends_is_judged_to_there(
    name: str, rest: bytes, how: str, half: bool
) -> None:
    write = encode(name)
    policy = Judge(deciding("block"))
    wire = Wire(policy)
    if half:
        data = write(TEXT, BAD + rest + b"more", fin=False)
        wire.send(name, data[:-12], data[-12:-1])
    else:
        data = write(TEXT, BAD, fin=False) + write(CONT, rest, fin=False)
        wire.send(name, data)
    tail = data[-1:] if half else b""
    if how == "end":
        wire.end(name)
        tail = b""
        expected = data[: len(data) - half]
    elif how == "close frame":
        tail += write(CLOSE, b"\x03\xe8")
        expected = data[: len(data) - half] + tail
    else:
        tail += write(TEXT, b"new")
        expected = data[: len(data) - half] + tail
    wire.send(name, tail)
    if rest == SECRET:
        assert payload_of(wire.out[name], name) == BAD
    else:
        assert wire.out[name] == expected
        if how == "new message":
            assert policy.seen[-1].payload == b"new"


@DIRECTIONS
@pytest.mark.parametrize("rest", [b"SECRET99", b"harmless"])
def test_closing_meanwhile_lets_the_frame_end_judged(name: str, rest: bytes) -> None:
    data = encode(name)(TEXT, BAD + rest)
    wire = Wire(Judge(deciding("block")))
    wire.send(name, data[:-8])
    wire.close()
    assert wire.out[name] == data[:-8]
    wire.inject(name, PING, b"never")
    wire.send(name, data[-8:])
    if rest == SECRET:
        assert wire.out[name] == data[:-8]
    else:
        assert wire.out[name][: len(data)] == data
        assert frames_of(wire.out[name], name)[-1][0] == 0x88


@DIRECTIONS
def test_an_injection_waits_for_the_frame_that_is_half_out(name: str) -> None:
    data = encode(name)(TEXT, BAD + b"rest")
    wire = Wire(Judge())
    wire.send(name, data[:-2]).inject(name, PING, b"in")
    assert wire.out[name] == data[:-2]
    wire.send(name, data[-2:])
    assert [payload for _, payload in frames_of(wire.out[name], name)] == [BAD + b"rest", b"in"]


@DIRECTIONS
@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("chop", [False, True])
def test_a_policy_that_fails(name: str, on_error: Any, chop: bool) -> None:
    def decide(seen: Observation) -> None:
        raise LookupError

    data = message(name, [BAD + b"text"] if chop else [BAD, b"text"])
    wire = Wire(Judge(decide), on_error=on_error)
    wire.send(name, data[:-2], data[-2:])
    if on_error == "open":
        assert wire.out[name] == data
    else:
        assert payload_of(wire.out[name], name) == b""


# --- who is not asked early ---


@DIRECTIONS
@pytest.mark.parametrize(
    "options", [{"outside": True}, {"frames": True}, {"frames": True, "messages": False}]
)
def test_scripts_and_frame_policies_see_each_message_once(
    name: str, options: dict[str, Any]
) -> None:
    policy = Judge(**options)
    wire = Wire(policy)
    data = message(name, [b"one" + BAD, BAD + b"two"])
    wire.send(name, *(data[i : i + 1] for i in range(len(data))))
    while wire.direction(name).question is not None:
        wire.answer(name)
    assert wire.out[name] == data
    assert [seen.fin for seen in policy.seen if seen.kind == "message"] in ([], [True])


@DIRECTIONS
@pytest.mark.parametrize(
    "options",
    [{"audit": True}, {"deflate": DeflateParams(15, 15, False, False)}, {"hold_limit": 40}],
)
def test_no_byte_leaves_an_unfinished_frame_that_may_not(
    name: str, options: dict[str, Any]
) -> None:
    policy = Judge(deciding("block"))
    wire = Wire(policy, **options)
    rsv = 4 if "deflate" in options else 0
    content = b"x" * 20 + BAD + b"SECRET99SECRET"
    cut = 20
    if rsv:
        content = Deflater(15, False).compress(b"x" * 20 + BAD * 9 + SECRET)
        cut = len(content) - 2
    begin = encode(name)(TEXT, content[:cut], fin=False, rsv=rsv)
    data = encode(name)(CONT, content[cut:])
    wire.send(name, begin, data[:-1])
    assert wire.out[name] == b""


@DIRECTIONS
@pytest.mark.parametrize("frame", [(BINARY, {}), (TEXT, {"rsv": 1}), (PING, {}), (3, {})])
def test_what_is_no_text_is_not_looked_at(name: str, frame: tuple[int, dict[str, int]]) -> None:
    policy = Judge()
    wire = Wire(policy)
    opcode, more = frame
    wire.send(name, encode(name)(opcode, BAD + b"rest", **more)[:-1])
    assert wire.out[name] == b""
    assert policy.seen == []


def test_what_was_shown_to_be_secret_is_not_shown_by_the_second_verdict() -> None:
    """A secret that goes on from another message is seen once."""
    shown: list[Observation] = []

    def decide(seen: Observation) -> None:
        shown.append(seen)
        seen.shown = Shown(b"****", ["card"]) if len(shown) == 1 else Shown(seen.payload, [])

    wire = Wire(Judge(decide, masks=True, controls=True))
    wire.relay.to_server.reader.tell_messages = True
    wire.relay.to_server.reader.joiner.keep_payload = True
    wire.client(message("to_server", [BAD + b"1111", b"end"]))
    ((_, action, _, facts, _),) = wire.notes.messages
    assert action == "pass"
    assert (facts.payload, facts.start) == (None, b"")


# --- cost ---


@DIRECTIONS
def test_a_large_frame_is_looked_at_seldom(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    real = broken_text

    def counted(reader: Any) -> Any:
        looked.append(reader.unfinished_len)
        return real(reader)

    monkeypatch.setattr(early, "broken_text", counted)
    data = encode(name)(TEXT, b"x" * 500_000)
    wire = Wire(Judge())
    wire.send(name, *(data[i : i + 64] for i in range(0, len(data), 64)))
    assert wire.out[name] == data
    assert sum(looked) < 10 * len(data) + 16 * 1024 * 16 * 1024 / 64
    assert len([size for size in looked if size > 16 * 1024]) < 40
