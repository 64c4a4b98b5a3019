"""Messages too large to be held whole, judged in pieces: what leaves, when, and as what."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.relay.harness import Judge, Wire, encode, frames_of, masked, strict
from tests.support.raw import BINARY, CLOSE, CONT, PING, TEXT, close_frame, frame
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.relay import holdback
from wsinspect.relay.observation import Observation, Shown
from wsinspect.relay.policy import LargeVerdict

LIMIT = 2000
DIRECTIONS = pytest.mark.parametrize("name", ["to_server", "to_client"])
SECRET = b"SECRET99"
DEFLATE = DeflateParams(15, 15, False, False)


@dataclass
class Stars:
    """Finds SECRET with an overlap of 8 bytes, scanning every 64; ``act`` on a find."""

    act: str = "mask"
    rules: list[str] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)
    done: int = 0
    lasts: int = 0
    hurries: int = 0
    raises: bool = False

    def feed(self, content: bytes, *, last: bool, hurry: bool = False) -> LargeVerdict:
        if self.raises:
            raise LookupError("the content in its text")
        self.seen += content
        self.lasts += last
        self.hurries += hurry
        if not (last or hurry) and len(self.seen) - self.done < 64:
            return LargeVerdict(max(0, self.done - 8), [])
        edits = []
        at = self.seen.find(SECRET)
        while at >= 0:
            self.rules = ["card"]
            if self.act != "mask":
                stop = (4001, "found") if self.act == "close" else (1008, "policy")
                return LargeVerdict(0, [], stop, self.act == "block")
            change = bytes(a ^ 42 for a in SECRET)
            self.seen[at : at + 8] = b"********"
            edits.append((at, change))
            at = self.seen.find(SECRET)
        self.done = len(self.seen)
        return LargeVerdict(self.done if last else max(0, self.done - 8), edits)


@dataclass
class Pieces(Judge):
    """A policy that judges small messages whole, large ones by Stars."""

    act: str = "mask"
    judges: list[Stars] = field(default_factory=list)
    raises: bool = False
    controls: bool = True
    masks: bool = True

    def judge(self, observation: Observation) -> None:
        observation.shown = Shown(observation.payload, [])
        super().judge(observation)

    def large(self, opcode: int, *, compressed: bool, seq: int) -> Stars:
        self.judges.append(Stars(self.act, raises=self.raises))
        return self.judges[-1]


def wire_for(policy: Pieces, *, tell: bool = True, **options: Any) -> Wire:
    wire = Wire(policy, hold_limit=LIMIT, **options)
    for reader in (wire.connection.to_server, wire.connection.to_client):
        reader.tell_messages = tell
    return wire


def deflated(*payloads: bytes) -> list[bytes]:
    """Of one connection, with context takeover."""
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    return [(encoder.compress(one) + encoder.flush(zlib.Z_SYNC_FLUSH))[:-4] for one in payloads]


def in_frames(name: str, opcode: int, payload: bytes, lens: list[int], *, rsv: int = 0) -> bytes:
    """One message in frames of these lengths, and the rest in the last."""
    out, at = b"", 0
    for i, size in enumerate([*lens, len(payload)]):
        fin = i == len(lens)
        part = payload[at:] if fin else payload[at : at + size]
        at += size
        out += encode(name)(CONT if i else opcode, part, fin=fin, rsv=0 if i else rsv)
    return out


def cut(data: bytes, rng: random.Random, most: int) -> list[bytes]:
    pieces, at = [], 0
    while at < len(data):
        size = rng.randint(1, most)
        pieces.append(data[at : at + size])
        at += size
    return pieces


TEXT_LONG = ("grüße 👋 " * 300).encode() + SECRET + ("ende ß " * 200).encode()
TEXT_MASKED = TEXT_LONG.replace(SECRET, b"********")
SHAPES: dict[str, list[int]] = {
    "one huge frame": [],
    "many small": [37] * 120,
    "a small one, then a huge": [10],
    "huge, then huge": [2500],
    "empty ones between": [0, 1000, 0, 0, 1000, 0, 600],
}


@DIRECTIONS
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
@pytest.mark.parametrize("seed", range(3))
def test_a_secret_is_masked_in_place_however_the_stream_is_cut(
    name: str, shape: str, audit: bool, seed: int
) -> None:
    message = in_frames(name, TEXT, TEXT_LONG, SHAPES[shape])
    stream = encode(name)(TEXT, b"before") + message + encode(name)(BINARY, b"behind")
    rng = random.Random(seed)
    policy = Pieces()
    wire = wire_for(policy, audit=audit)
    for piece in cut(stream, rng, (1, 200, 9000)[seed] + 1):
        wire.send(name, piece)
    assert strict(wire.out[name], name) == [
        (TEXT, b"before"), (TEXT, TEXT_MASKED), (BINARY, b"behind"),
    ]  # fmt: skip
    sent, left = frames_of(stream, name), frames_of(wire.out[name], name)
    assert [(b0, len(payload)) for b0, payload in left] == [
        (b0, len(payload)) for b0, payload in sent
    ]
    assert all(forwarded for _, forwarded in wire.notes.of(name))
    (judge,) = policy.judges
    assert (judge.lasts, bytes(judge.seen)) == (1, TEXT_MASKED)
    told = [(action, facts.payload_len, facts.payload) for _, action, _, facts, _ in
            wire.notes.messages]  # fmt: skip
    assert told == [
        ("pass", 6, told[0][2]), ("rewrite", len(TEXT_LONG), None), ("pass", 6, told[2][2]),
    ]  # fmt: skip
    assert SECRET not in repr(wire.notes.messages).encode()


@DIRECTIONS
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("act", ["close", "block"])
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
def test_nothing_of_a_secret_leaves_before_it_is_stopped(
    name: str, shape: str, act: str, audit: bool
) -> None:
    message = in_frames(name, TEXT, TEXT_LONG, SHAPES[shape])
    policy = Pieces(act=act)
    wire = wire_for(policy, audit=audit)
    wire.send(name, *cut(message, random.Random(1), 700))
    left = wire.out[name]
    at = TEXT_LONG.index(SECRET)
    sent = sum(len(payload) for _, payload in _payloads_so_far(left, name))
    assert at - 2 * LIMIT < sent <= at  # it had begun to leave, and stopped before it
    assert wire.relay.closing
    other = "to_client" if name == "to_server" else "to_server"
    code = 4001 if act == "close" else 1008
    assert frames_of(wire.out[other], other)[0][1][:2] == code.to_bytes(2)
    wire.send(name, encode(name)(TEXT, b"after"))
    assert b"after" not in b"".join(p for _, p in _payloads_so_far(wire.out[name], name))
    (told,) = [m for m in wire.notes.messages if m[3].payload_len > 100]
    assert (told[1], told[3].payload) == ("close", None)


def _payloads_so_far(data: bytes, name: str) -> list[tuple[int, bytes]]:
    """Also of the frame that is half way out; without Close frames."""
    found, pos = [], 0
    while pos + 2 <= len(data):
        b0, b1 = data[pos], data[pos + 1]
        form, start = b1 & 0x7F, pos + 2
        extra = {126: 2, 127: 8}.get(form, 0)
        length = int.from_bytes(data[start : start + extra]) if extra else form
        start += extra
        key = data[start : start + 4] if b1 & 0x80 else b"\0\0\0\0"
        start += 4 if b1 & 0x80 else 0
        raw = data[start : start + length]
        payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(raw))
        if b0 & 0x0F != CLOSE:
            found.append((b0, payload))
        pos = start + length
    return found


@DIRECTIONS
@pytest.mark.parametrize("lens", [[], [10], [500, 500, 500, 500, 500]])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
def test_a_message_of_which_nothing_has_left_is_dropped(
    name: str, lens: list[int], compressed: bool, audit: bool
) -> None:
    """Found at once: the stream stays legal, also where its window is lost."""
    rng = random.Random(3)
    noise = rng.randbytes(6000)
    texts = [b"first, first", SECRET + noise, b"first, second", noise[:500]]
    payloads = deflated(*texts) if compressed else texts
    wire = wire_for(Pieces(act="block"), deflate=DEFLATE if compressed else None, audit=audit)
    stream = b"".join(
        in_frames(name, BINARY, payload, lens if i == 1 else [], rsv=4 if compressed else 0)
        for i, payload in enumerate(payloads)
    )
    wire.send(name, *cut(stream, rng, 600))
    got = strict(wire.out[name], name, DEFLATE if compressed else None)
    assert got == [(BINARY, texts[0]), (BINARY, texts[2]), (BINARY, texts[3])]
    assert not wire.relay.closing
    assert [action for _, action, *_ in wire.notes.messages] == ["pass", "drop", "pass", "pass"]
    assert [forwarded for _, forwarded in wire.notes.of(name)].count(False) == len(lens) + 1


@DIRECTIONS
def test_a_compressed_message_that_ought_to_change_is_stopped(name: str) -> None:
    noise = random.Random(5).randbytes(9000)
    (payload,) = deflated(noise[:4500] + SECRET + noise[4500:])
    wire = wire_for(Pieces(), deflate=DEFLATE)
    wire.send(name, *cut(encode(name)(BINARY, payload, rsv=4), random.Random(2), 300))
    assert wire.relay.closing
    left = b"".join(part for _, part in _payloads_so_far(wire.out[name], name))
    inflater = zlib.decompressobj(-15)
    plain = inflater.decompress(left)
    assert 0 < len(plain) <= 4500
    assert noise.startswith(plain)


@DIRECTIONS
def test_a_compressed_message_without_a_find_leaves_as_it_came(name: str) -> None:
    noise = random.Random(6).randbytes(9000)
    payloads = deflated(noise, b"then", noise)
    stream = b"".join(encode(name)(BINARY, payload, rsv=4) for payload in payloads)
    wire = wire_for(Pieces(), deflate=DEFLATE)
    wire.send(name, *cut(stream, random.Random(2), 300))
    assert wire.out[name] == stream


@DIRECTIONS
def test_control_frames_overtake_what_is_held_back_between_two_frames(name: str) -> None:
    wire = wire_for(Pieces())
    wire.send(name, encode(name)(TEXT, b"a" * 1500, fin=False))
    wire.send(name, encode(name)(CONT, b"b" * 1500, fin=False))
    assert len(frames_of(wire.out[name], name)) == 1  # the other one waits for its end
    wire.send(name, encode(name)(PING, b"now"))
    assert frames_of(wire.out[name], name)[-1] == (0x80 | PING, b"now")
    wire.send(name, encode(name)(CONT, b""))
    assert strict(wire.out[name], name) == [(PING, b"now"), (TEXT, b"a" * 1500 + b"b" * 1500)]


@DIRECTIONS
def test_control_frames_in_a_large_message_are_judged(name: str) -> None:
    def decide(seen: Observation) -> None:
        if seen.opcode_number == PING:
            seen.rewrite(seen.payload.replace(b"card", b"****"))
        if seen.payload == b"drop":
            seen.drop()

    wire = wire_for(Pieces(decide))
    wire.send(name, encode(name)(TEXT, b"a" * 1500, fin=False))
    wire.send(name, encode(name)(CONT, b"b" * 1500, fin=False))
    wire.send(name, encode(name)(PING, b"a card"), encode(name)(PING, b"drop"))
    wire.send(name, encode(name)(CONT, b"c"))
    got = strict(wire.out[name], name)
    assert [one for one in got if one[0] == PING] == [(PING, b"a ****")]
    assert [told for told in wire.notes.of(name) if told[0] == 0x89] == [
        (0x89, True),
        (0x89, False),
    ]


@DIRECTIONS
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("how", ["end", "close frame", "new message"])
def test_a_message_that_stops_half_way_is_judged_to_there(name: str, shape: str, how: str) -> None:
    """The secret is the last that came: no pass without a verdict."""
    upto = TEXT_LONG.index(SECRET) + len(SECRET)
    message = in_frames(name, TEXT, TEXT_LONG, SHAPES[shape])
    frames = frames_of(message, name)
    policy = Pieces()
    wire = wire_for(policy)
    if how == "end":
        total = 0
        for b0, payload in frames:
            whole = encode(name)(b0 & 15, payload, fin=b0 > 127)
            if total + len(payload) >= upto:
                missing = len(payload) - (upto - total)
                wire.send(name, *cut(whole[: len(whole) - missing], random.Random(7), 500))
                break
            wire.send(name, whole)
            total += len(payload)
    else:
        wire.send(name, in_frames(name, TEXT, TEXT_LONG[:upto], SHAPES[shape] or [3000])[:-1])
        head = in_frames(name, TEXT, TEXT_LONG[:upto], [*(SHAPES[shape] or [3000])])
        last = frames_of(head, name)[-1][1]
        wire = wire_for(policy := Pieces())
        wire.send(name, head[: len(head) - len(encode(name)(CONT, last))])
        wire.send(name, encode(name)(CONT, last, fin=False))
        is_close = how == "close frame"
        wire.send(name, encode(name)(CLOSE, b"\x03\xe8") if is_close else encode(name)(TEXT, b"x"))
    wire.end(name)
    left = b"".join(part for _, part in _payloads_so_far(wire.out[name], name))
    assert SECRET not in left
    assert left.startswith(TEXT_MASKED[:upto])
    assert sum(judge.lasts for judge in policy.judges) == 1


@DIRECTIONS
def test_the_masked_text_is_not_told_where_it_is_cut(name: str) -> None:
    wire = wire_for(Pieces(), deflate=None)
    wire.connection.to_server.preview = wire.connection.to_client.preview = True
    wire.send(name, in_frames(name, TEXT, SECRET + TEXT_LONG, [30]))
    for _, _, _, facts, _ in wire.notes.messages:
        assert (facts.payload, facts.start) == (None, b"")


@DIRECTIONS
@pytest.mark.parametrize("shape", SHAPES)
def test_closing_meanwhile_lets_the_frame_end_judged(name: str, shape: str) -> None:
    """A drain, or the other direction's rule: what was begun ends, masked, and nothing else."""
    message = in_frames(name, TEXT, TEXT_LONG, SHAPES[shape])
    wire = wire_for(Pieces())
    first = 3 * LIMIT // 2
    wire.send(name, *cut(message[:first], random.Random(2), 200))
    wire.close(1012, "bye", "shutdown")
    wire.send(name, *cut(message[first:], random.Random(3), 200))
    wire.send(name, encode(name)(TEXT, b"after"))
    got = frames_of(wire.out[name], name)  # ends with a frame
    assert got[-1] == (0x80 | CLOSE, b"\x03\xf4bye")
    left = b"".join(part for _, part in got[:-1])
    assert TEXT_MASKED.startswith(left)
    assert SECRET not in left


@DIRECTIONS
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
def test_a_judge_that_fails(name: str, shape: str, on_error: Any, audit: bool) -> None:
    message = in_frames(name, TEXT, TEXT_LONG, SHAPES[shape])
    stream = message + encode(name)(TEXT, b"behind")
    wire = wire_for(Pieces(raises=True), on_error=on_error, audit=audit)
    wire.send(name, *cut(stream, random.Random(4), 333))
    assert wire.notes.failures == ["LookupError while inspecting a large message"]
    if on_error == "open":
        assert wire.out[name] == stream
        assert all(forwarded for _, forwarded in wire.notes.of(name))
        assert len(wire.notes.messages) == 2
    else:
        assert frames_of(wire.out[name], name) == [
            (0x88, (1011).to_bytes(2) + b"inspection failed")
        ]
        assert not any(forwarded for _, forwarded in wire.notes.of(name))


@DIRECTIONS
@pytest.mark.parametrize("on_error", ["open", "closed"])
def test_compression_that_breaks_half_way(name: str, on_error: Any) -> None:
    """What was readable has its verdict; then the user's policy."""
    noise = random.Random(8).randbytes(9000)
    (payload,) = deflated(noise)
    broken = payload + b"\0\0\xff\xff" + b"\x06" * 3000  # there is no such type of block
    stream = encode(name)(BINARY, broken, rsv=4)
    policy = Pieces()
    wire = wire_for(policy, deflate=DEFLATE, on_error=on_error)
    wire.send(name, *cut(stream, random.Random(2), 300))
    assert policy.judges[0].lasts == 1
    assert len(wire.notes.failures) == 1
    if on_error == "open":
        assert wire.out[name] == stream
    else:
        assert wire.relay.closing
        assert len(_payloads_so_far(wire.out[name], name)[0][1]) < 9400


@DIRECTIONS
@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("fill", ["empty frames", "pings"])
def test_frames_without_end_are_no_way_to_memory(
    name: str, on_error: Any, fill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdback, "_HURRY", 64)
    monkeypatch.setattr(holdback, "_MOST_CHUNKS", 256)
    policy = Pieces(controls=False)
    wire = wire_for(policy, on_error=on_error)
    one = encode(name)(CONT if fill == "empty frames" else PING, b"", fin=fill == "pings")
    begin = encode(name)(TEXT, b"a" * 2500, fin=False)
    wire.send(name, begin[:2400], begin[2400:])  # so that the receiver has half of it
    wire.send(name, *[one * 10] * 50)
    editor = wire.direction(name)._editor
    assert editor is not None
    assert editor.large._back is None
    assert len(wire.notes.failures) == 1
    if on_error == "open":
        wire.send(name, encode(name)(CONT, b"end"))
        assert (TEXT, b"a" * 2500 + b"end") in strict(wire.out[name], name)
    else:
        assert wire.relay.closing
        wire.send(name, encode(name)(CONT, b"end"))
        assert frames_of(wire.out[name], name)[-1][0] == 0x80 | CLOSE


def test_tiny_frames_hurry_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte a frame: memory goes by frames, so it is asked before its window is full."""

    @dataclass
    class Slow(Stars):
        def feed(self, content: bytes, *, last: bool, hurry: bool = False) -> LargeVerdict:
            self.seen += content
            self.hurries += hurry
            return LargeVerdict(len(self.seen) - 10 if hurry or last else 0, [])

    class Patient(Pieces):
        def large(self, opcode: int, *, compressed: bool, seq: int) -> Stars:
            self.judges.append(Slow())
            return self.judges[-1]

    monkeypatch.setattr(holdback, "_HURRY", 64)
    monkeypatch.setattr(holdback, "_MOST_CHUNKS", 256)
    policy = Patient()
    wire = wire_for(policy)
    wire.client(masked(BINARY, b"x", fin=False), *[masked(CONT, b"y", fin=False) * 50] * 40)
    assert 25 < policy.judges[0].hurries < 40  # one every 64 frames
    assert len(frames_of(wire.out["to_server"], "to_server")) > 1900
    assert wire.notes.failures == []


@DIRECTIONS
def test_a_violation_within_a_large_frame_closes_where_it_must(name: str) -> None:
    wire = wire_for(Pieces(), on_violation="close")
    message = encode(name)(TEXT, b"a" * 3000 + b"\xff" + b"b" * 3000)
    wire.send(name, *cut(message, random.Random(2), 200))
    assert wire.relay.closing
    assert frames_of(wire.out[name], name)[-1][1][:2] == (1007).to_bytes(2)


def test_rules_of_a_large_message_are_told() -> None:
    wire = wire_for(Pieces())
    told: list[Any] = []
    keep: Callable[..., None] = wire.notes.message

    def message(*args: Any, **kwargs: Any) -> None:
        told.append(kwargs["rules"])
        keep(*args, **kwargs)

    wire.notes.message = message  # type: ignore[method-assign]
    wire.client(in_frames("to_server", TEXT, TEXT_LONG, []), masked(TEXT, b"small"))
    assert told == [["card"], []]


def test_the_close_frame_comes_behind_the_verdict() -> None:
    wire = wire_for(Pieces())
    wire.server(frame(TEXT, b"a" * 3000 + SECRET, fin=False), close_frame(1000))
    assert [payload for _, payload in frames_of(wire.out["to_client"], "to_client")] == [
        b"a" * 3000 + b"********", b"\x03\xe8",
    ]  # fmt: skip
