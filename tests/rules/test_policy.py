"""Guards: an inspector's verdict in the relay's terms, and what follows when inspection fails."""

from __future__ import annotations

import random
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.relay.harness import encode, frames_of, strict
from tests.relay.test_large import cut, deflated, in_frames
from tests.rules.guarding import CARD, Guarded, ruleset
from tests.support.raw import BINARY, CLOSE, CONT, PING, TEXT
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.rules.inspector import Inspector

DIRECTIONS = pytest.mark.parametrize("name", ["to_server", "to_client"])
DEFLATE = DeflateParams(15, 15, False, False)
STARS = "**** **** **** ****"
FIND = "find: {detector: credit-card}"
TEXT_CARD = f"grüße 👋 {CARD} ende"


def messages(name: str, payloads: list[bytes], *, deflate: bool, seed: int) -> bytes:
    rng = random.Random(seed)
    on_wire = deflated(*payloads) if deflate else payloads
    out = b""
    for payload in on_wire:
        lens = [rng.randrange(20) for _ in range(rng.randrange(4))]
        out += in_frames(name, TEXT, payload, lens, rsv=4 if deflate else 0)
        if rng.random() < 0.5:
            out += encode(name)(PING, b"p")
    return out


@DIRECTIONS
@pytest.mark.parametrize("deflate", [False, True], ids=["", "deflate"])
@pytest.mark.parametrize("do", ["mask", "block"])
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
def test_a_stream_stays_legal(
    tmp_path: Path, name: str, deflate: bool, do: str, audit: bool
) -> None:
    """The same verdicts and messages however it is cut, compressed with context takeover."""
    texts = ["hello", TEXT_CARD, "", "hello again", f"{CARD} {CARD}", "x" * 3000, TEXT_CARD, "bye"]
    rules = ruleset(tmp_path, f"{FIND}, do: {do}")
    stream = messages(name, [text.encode() for text in texts], deflate=deflate, seed=1)
    want = [text.replace(CARD, STARS) for text in texts if do == "mask" or CARD not in text]
    for seed, most in enumerate((1, 40, 10_000)):
        deflate_params = DEFLATE if deflate else None
        guarded = Guarded(rules, deflate=deflate_params, audit=audit)
        guarded.wire.send(name, *cut(stream, random.Random(seed), most))
        got = strict(guarded.wire.out[name], name, deflate_params)
        assert [payload.decode() for opcode, payload in got if opcode == TEXT] == want
        word = {"mask": "redacted", "block": "blocked"}[do]
        assert guarded.told.rules == [("r0", word)] * 3
        actions = [action for _, action, _, facts, _ in guarded.wire.notes.messages]
        changed = "rewrite" if do == "mask" else "drop"
        assert [action == changed for action in actions] == [CARD in text for text in texts]
        assert not {"pass", changed} ^ set(actions)


@DIRECTIONS
def test_a_rule_closes_towards_both(tmp_path: Path, name: str) -> None:
    rules = ruleset(tmp_path, f"{FIND}, do: {{close: {{code: 4007, reason: no cards}}}}")
    guarded = Guarded(rules)
    guarded.wire.send(name, encode(name)(TEXT, b"first"), encode(name)(TEXT, TEXT_CARD.encode()))
    close = (0x80 | CLOSE, (4007).to_bytes(2) + b"no cards")
    other = "to_client" if name == "to_server" else "to_server"
    assert frames_of(guarded.wire.out[name], name) == [(0x81, b"first"), close]
    assert frames_of(guarded.wire.out[other], other) == [close]
    assert guarded.told.rules == [("r0", "closed")]


@DIRECTIONS
def test_control_frames_are_judged(tmp_path: Path, name: str) -> None:
    rules = ruleset(tmp_path, f"{FIND}, do: mask", "find: {words: [forbidden]}, do: block")
    guarded = Guarded(rules)
    send = encode(name)
    guarded.wire.send(
        name,
        send(PING, CARD.encode()),
        send(PING, b"forbidden word"),
        send(TEXT, b"open ", fin=False),
        send(PING, CARD.encode()),
        send(CONT, b"end"),
        send(3, CARD.encode()),
        send(CLOSE, b"\x03\xe8" + CARD.encode()),
    )
    assert frames_of(guarded.wire.out[name], name) == [
        (0x89, STARS.encode()), (0x89, STARS.encode()), (1, b"open "), (0x80, b"end"),
        (0x83, STARS.encode()), (0x88, b"\x03\xe8" + STARS.encode()),
    ]  # fmt: skip
    assert [rule for rule, _ in guarded.told.rules] == ["r0", "r1", "r0", "r0", "r0"]


@DIRECTIONS
@pytest.mark.parametrize("code", [1000, 1005, 999])
@pytest.mark.parametrize(
    "do", ["block", "mask", "{redact: {with: 'far too long %s'}}" % ("x" * 99)]
)
def test_a_close_frame_never_stays_away(tmp_path: Path, name: str, code: int, do: str) -> None:
    """Also one with a code that nobody may send: without a word of its reason, then."""
    guarded = Guarded(ruleset(tmp_path, f"{FIND}, do: {do}"))
    guarded.wire.send(name, encode(name)(CLOSE, code.to_bytes(2) + CARD.encode()))
    ((b0, payload),) = frames_of(guarded.wire.out[name], name)
    assert b0 == 0x88
    assert b"4111" not in payload
    assert payload[:2] == (b"\x03\xe8" if code == 1000 else b"")
    assert guarded.wire.notes.failures == []


@DIRECTIONS
@pytest.mark.parametrize("deflate", [False, True], ids=["", "deflate"])
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
@pytest.mark.parametrize("tell", [False, True], ids=["", "messages"])
@pytest.mark.parametrize("preview", [False, True], ids=["", "preview"])
def test_log_rules_hold_nothing_and_see_everything(
    tmp_path: Path, name: str, deflate: bool, audit: bool, tell: bool, preview: bool
) -> None:
    rules = ruleset(tmp_path, f"{FIND}, do: log", f"{FIND}, do: block, mode: shadow")
    guarded = Guarded(
        rules, deflate=DEFLATE if deflate else None, audit=audit, tell=tell, hold_limit=100_000
    )
    reader = guarded.wire.direction(name).reader
    reader.preview = preview
    send = encode(name)
    noise = random.Random(1).randbytes(150_000).hex().encode()
    texts = [b"none", TEXT_CARD.encode(), noise[:150_000] + f" {CARD} ".encode() + noise]
    stream = messages(name, texts, deflate=deflate, seed=3)
    stream += send(PING, CARD.encode()) + send(5, CARD.encode())
    stream += send(TEXT, f"{CARD} and".encode(), fin=False)
    end = send(CLOSE, b"\x03\xe8" + CARD.encode())
    for piece in cut(stream, random.Random(4), 5000):
        before = len(guarded.wire.out[name])
        guarded.wire.send(name, piece)
        if not audit:
            assert guarded.wire.out[name][before:] == piece  # at once, all of it
    guarded.wire.send(name, end)
    guarded.wire.end(name)
    assert guarded.wire.out[name] == stream + end
    told = guarded.settle()
    assert sorted(told.rules) == [("r0", "logged")] * 6 + [("r1", "shadow")] * 6
    opcodes = sorted(alert.opcode for alert in told.alerts if alert.rule == "r0")  # type: ignore[type-var]
    assert opcodes == ["close", "ping", "text", "text", "text", "unknown-5"]
    assert told.failures == []
    if tell:
        shown = [facts.payload for _, _, _, facts, _ in guarded.wire.notes.messages]
        assert shown == [b"none", TEXT_CARD.replace(CARD, STARS).encode(), None]


@DIRECTIONS
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
@pytest.mark.parametrize("do", ["log", "mask"])
def test_the_rules_of_a_message_are_told_with_it(
    tmp_path: Path, name: str, audit: bool, do: str
) -> None:
    guarded = Guarded(ruleset(tmp_path, f"{FIND}, do: {do}"), audit=audit, hold_limit=100_000)
    told: list[list[str]] = []
    guarded.wire.notes.message = (  # type: ignore[method-assign]
        lambda *_, **more: told.append(list(more["rules"]))
    )
    large = f"{'x ' * 100_000} {CARD} {'y ' * 100_000}".encode()
    for size in (1000, 400_000):
        for text in (b"none", TEXT_CARD.encode(), large, large.replace(CARD.encode(), b"-")):
            guarded.wire.send(name, *cut(in_frames(name, TEXT, text, [5]), random.Random(1), size))
    assert told == [[], ["r0"], ["r0"], []] * 2


@DIRECTIONS
def test_previews_are_masked_frame_by_frame(tmp_path: Path, name: str) -> None:
    for do in ("log", "mask", "block"):
        guarded = Guarded(ruleset(tmp_path, f"{FIND}, do: {do}"))
        seen: list[bytes | None] = []
        guarded.wire.direction(name).reader.preview = True

        def frames(*args: Any, seen: list[Any] = seen) -> bool:
            seen += args[5]
            return True

        guarded.wire.notes.frames = frames  # type: ignore[method-assign,assignment]
        guarded.wire.direction(name)._frames = frames  # type: ignore[assignment]
        send = encode(name)
        guarded.wire.send(
            name,
            send(TEXT, b"plain") + send(TEXT, TEXT_CARD.encode()) + send(PING, CARD.encode()),
            in_frames(name, TEXT, TEXT_CARD.encode(), [15]),
        )
        assert len(seen) == 5
        assert seen[0] == b"plain"
        told = b"".join(one or b"" for one in seen)
        assert CARD.encode() not in told
        assert b"4111" not in told
        if do != "block":
            assert seen[1] == TEXT_CARD.replace(CARD, STARS).encode()


@DIRECTIONS
def test_shadow_rules_change_nothing(tmp_path: Path, name: str) -> None:
    rules = ruleset(
        tmp_path,
        f"{FIND}, do: block, mode: shadow",
        f"{FIND}, do: {{close: {{code: 4000}}}}, mode: shadow",
        "find: {words: [other]}, do: block",
    )
    guarded = Guarded(rules)
    stream = messages(name, [TEXT_CARD.encode()] * 3, deflate=False, seed=1)
    guarded.wire.send(name, stream)
    assert guarded.wire.out[name] == stream
    assert guarded.told.rules == [("r0", "shadow"), ("r1", "shadow")] * 3


def test_throttle_tells_a_pause_and_lets_all_pass(tmp_path: Path) -> None:
    rules = ruleset(
        tmp_path,
        f"{FIND}, do: {{throttle: {{messages_per_second: 10}}}}, when: {{direction: to_server}}",
    )
    for tell in (False, True):
        guarded = Guarded(rules, tell=tell)
        send = encode("to_server")
        guarded.wire.client(send(TEXT, b"free") * 50)
        guarded.settle()
        assert guarded.told.pauses == []
        guarded.wire.client(send(TEXT, TEXT_CARD.encode()))
        guarded.settle()
        guarded.wire.client(send(TEXT, b"slow") * 5)
        guarded.wire.server(encode("to_client")(TEXT, b"free") * 50)
        guarded.settle()
        assert {name for name, _ in guarded.told.pauses} == {"to_server"}
        assert max(pause for _, pause in guarded.told.pauses) == pytest.approx(0.5, abs=0.11)
        assert len(frames_of(guarded.wire.out["to_server"], "to_server")) == 56


# --- other rules on the way ---


@DIRECTIONS
@pytest.mark.parametrize("audit", [False, True], ids=["", "audit"])
def test_live_connections_take_new_rules(tmp_path: Path, name: str, audit: bool) -> None:
    logs = ruleset(tmp_path, f"{FIND}, do: log")
    blocks = ruleset(tmp_path, f"{FIND}, do: block")
    masks = ruleset(tmp_path, f"{FIND}, do: mask")
    other = ruleset(tmp_path, "find: {words: [other]}, do: log")
    guarded = Guarded(logs, audit=audit)
    card = encode(name)(TEXT, TEXT_CARD.encode())
    large = in_frames(name, TEXT, f"{'x ' * 700_000} {CARD} end".encode(), [])
    wire = guarded.wire
    wire.send(name, card + card[:9])
    guarded.reload(blocks)  # in the middle of a frame, of which bytes have left
    wire.send(name, card[9:] + card, *cut(large, random.Random(1), 200_000))
    assert wire.relay.closing is (large != b"")
    assert guarded.settle().rules[0] == ("r0", "logged")
    assert ("r0", "blocked") in guarded.told.rules
    assert guarded.told.failures == []

    guarded = Guarded(logs, audit=audit)
    wire = guarded.wire
    wire.send(name, card)
    guarded.reload(masks)
    wire.send(name, card, *cut(large, random.Random(1), 200_000))
    guarded.reload(logs)
    wire.send(name, card, *cut(large, random.Random(1), 200_000))
    guarded.reload(other)
    wire.send(name, card)
    told = guarded.settle().rules
    assert told == [("r0", "logged"), *[("r0", "redacted")] * 2, *[("r0", "logged")] * 2]
    payloads = [payload for _, payload in frames_of(wire.out[name], name)]
    assert [CARD.encode() in payload for payload in payloads] == [
        True, False, False, True, True, True,
    ]  # fmt: skip


@DIRECTIONS
def test_an_open_message_goes_on_as_it_began(tmp_path: Path, name: str) -> None:
    guarded = Guarded(ruleset(tmp_path, "find: {words: [other]}, do: log"))
    begin, end = in_frames(name, TEXT, TEXT_CARD.encode(), [5])[:0], b""
    begin = encode(name)(TEXT, b"begin ", fin=False)
    end = encode(name)(CONT, CARD.encode())
    guarded.wire.send(name, begin)
    guarded.reload(ruleset(tmp_path, f"{FIND}, do: block"))
    guarded.wire.send(name, end, end[:0] + encode(name)(TEXT, CARD.encode()))
    assert guarded.wire.out[name] == begin + end
    assert guarded.told.rules == [("r0", "blocked")]


# --- when inspection fails ---


class Planted(Inspector):
    """Raises on a message with this word, in the way that a fault of ours would."""

    error: type[Exception] = LookupError

    def look(self, scope: Any, payload: bytes, *args: Any) -> Any:
        if b"boom" in payload:
            raise self.error(payload.decode())
        return super().look(scope, payload, *args)


@DIRECTIONS
@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("says", ["", ", on_error: log", ", on_error: block"])
@pytest.mark.parametrize("size", ["small", "large"])
def test_inspection_that_raises(
    tmp_path: Path, name: str, on_error: str, says: str, size: str
) -> None:
    rules = ruleset(tmp_path, f"{FIND}, do: block{says}")
    guarded = Guarded(rules, on_error=on_error, inspector=Planted(rules))
    text = b"boom card" if size == "small" else b"boom card" + b"x" * 2_000_000
    message = encode(name)(TEXT, text)
    behind = encode(name)(TEXT, b"behind")
    guarded.wire.send(name, *cut(message, random.Random(1), 100_000), behind)
    out = guarded.wire.out[name]
    failures = guarded.told.failures + guarded.wire.notes.failures
    assert failures
    assert len(failures) == 1
    assert all("LookupError" in say and "card" not in say for say in failures)
    (alert,) = guarded.told.alerts
    assert alert.rule == "wsinspect-error"
    assert "card" not in repr(alert)
    if says == ", on_error: block":
        assert alert.disposition == "blocked"
        assert out == behind
    elif says or on_error == "open":
        assert alert.disposition == "logged"
        assert out == message + behind
    else:
        assert alert.disposition == "blocked"
        assert frames_of(out, name)[0] == (0x88, (1011).to_bytes(2) + b"inspection failed")


@DIRECTIONS
@pytest.mark.parametrize("tell", [False, True])
def test_a_watch_that_raises_is_loud_and_stops_nothing(
    tmp_path: Path, name: str, tell: bool
) -> None:
    rules = ruleset(tmp_path, f"{FIND}, do: log")
    guarded = Guarded(rules, on_error="closed", inspector=Planted(rules), tell=tell)
    send = encode(name)
    stream = (
        send(TEXT, f"boom {CARD}".encode())
        + send(TEXT, CARD.encode())
        + send(TEXT, b"boom" + b"x" * 2_000_000)
        + send(TEXT, CARD.encode())
    )
    guarded.wire.send(name, *cut(stream, random.Random(1), 100_000))
    assert guarded.wire.out[name] == stream
    told = guarded.settle()
    assert sorted(rule for rule, _ in told.rules) == ["r0", "r0", *["wsinspect-error"] * 2]
    assert len(told.failures) == 2


@DIRECTIONS
@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize("says", ["", ", on_error: log", ", on_error: block"])
@pytest.mark.parametrize("how", ["time", "bomb"])
def test_limits(tmp_path: Path, name: str, on_error: str, says: str, how: str) -> None:
    rules = ruleset(tmp_path, f"{FIND}, do: mask{says}")
    clock = iter(range(10**9))
    inspector = Inspector(rules)
    bomb = b"just some words"
    if how == "bomb":
        bomb = zlib.compress(b"a" * 50_000_000, 9)
    else:
        bomb = f'{{"a": "\\u0041{CARD}"}}'.encode()
        inspector = Inspector(rules, timer=lambda: float(next(clock)))
    guarded = Guarded(rules, on_error=on_error, inspector=inspector)
    message = encode(name)(BINARY if how == "bomb" else TEXT, bomb)
    guarded.wire.send(name, message)
    out = guarded.wire.out[name]
    (alert,) = guarded.told.alerts
    failures = guarded.told.failures + guarded.wire.notes.failures
    if says == ", on_error: block":
        assert (alert.disposition, out) == ("blocked", b"")
    elif says or on_error == "open":
        assert (alert.disposition, out) == ("logged", message)
    else:
        assert frames_of(out, name)[0] == (0x88, (1011).to_bytes(2) + b"inspection failed")
    if not says:
        assert len(failures) == 1


@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize(("says", "goes"), [("", None), ("log", True), ("block", False)])
def test_what_cannot_be_inspected_at_all_follows_the_rules_first(
    tmp_path: Path, on_error: str, says: str, goes: bool | None
) -> None:
    extra = f", on_error: {says}" if says else ""
    rules = ruleset(tmp_path, "find: {detector: credit-card}, do: block" + extra)
    guarded = Guarded(rules, on_error=on_error)
    assert guarded.guards[0].unreadable(1, 4) is goes
    stops = on_error == "closed" if goes is None else not goes
    assert guarded.told.rules == [("wsinspect-limit", "blocked" if stops else "logged")]


@pytest.mark.parametrize("do", ["mask", "block"])
def test_what_may_be_shown_of_a_close_frame_has_its_code(tmp_path: Path, do: str) -> None:
    guarded = Guarded(ruleset(tmp_path, f"{FIND}, do: {do}"))
    shown: list[bytes | None] = []
    frames = guarded.wire.notes.frames

    def noting(*args: Any, **named: Any) -> Any:
        shown.extend(named.get("previews") or (args[5] if len(args) > 5 else ()))
        return frames(*args, **named)

    guarded.wire.notes.frames = noting  # type: ignore[method-assign]
    for direction in (guarded.wire.relay.to_server, guarded.wire.relay.to_client):
        direction.reader.preview = True
    guarded.wire.send("to_server", encode("to_server")(CLOSE, b"\x03\xe9good night"))
    assert shown == [b"\x03\xe9good night"]
