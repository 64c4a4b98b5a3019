"""Messages looked at together: the same finds as one by one, bounded, in order."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.relay.harness import encode, masked
from tests.relay.test_large import deflated
from tests.rules.guarding import CARD, Guarded, ruleset
from tests.support.raw import BINARY, PING, TEXT
from wsinspect.protocol.extensions import DeflateParams
from wsinspect.rules import batch
from wsinspect.rules.batch import Batch

RULES = (
    "find: {detector: credit-card}, do: log",
    "find: {detector: email}, do: alert, when: {direction: to_server}",
    'find: {regex: "^whole$"}, do: log, streams: false',
    'find: {json: "$.pin", regex: "[0-9]{4}"}, do: log',
    "when: {opcode: binary}, do: log",
    "find: {words: [secretword]}, do: log, streams: false, decode: []",
)


def texts(seed: int) -> list[bytes]:
    rng = random.Random(seed)
    kinds: list[Any] = [
        b"hello there", b"", b"whole", CARD, "a@corp.example.net", b"not whole\nwhole or",
        json.dumps({"pin": "1234"}), json.dumps({"card": CARD}), b"4111 1111", b"1111 1111",
        json.dumps({"card": "\\u0034111 1111 1111 1111"}).replace("\\\\", "\\"), b"secretword",
        b"secret", b"word", "NDExMSAxMTExIDExMTEgMTExMQ==", b"\xff\xfe\x00",
    ]  # fmt: skip
    chosen = [rng.choice(kinds) for _ in range(300)]
    return [one.encode() if isinstance(one, str) else one for one in chosen]


def outcome(guarded: Guarded) -> list[tuple[str, str, str, int, int]]:
    return [
        (one.rule.id, one.detector, one.path, one.start, one.length) for one in guarded.told.found
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rules", [RULES, RULES[:2], RULES[5:], RULES[:1] + RULES[5:]])
def test_together_as_one_by_one(tmp_path: Path, seed: int, rules: tuple[str, ...]) -> None:
    sets = ruleset(tmp_path, *rules)
    both = [Guarded(sets, tell=False), Guarded(sets, tell=False)]
    frames: list[tuple[str, bytes]] = []
    for text in texts(seed):
        name = "to_server" if random.Random(len(frames)).random() < 0.7 else "to_client"
        valid = text.isascii()
        frames.append((name, encode(name)(TEXT if valid and len(text) % 7 else BINARY, text)))
    for i, (name, frame) in enumerate(frames):
        for guarded in both:
            guarded.wire.send(name, frame)
        both[0].settle()
        if i % 97 == 96:
            both[1].settle()
    both[1].settle()
    one_by_one, together = (sorted(outcome(guarded)) for guarded in both)
    assert one_by_one == together
    assert len(together) > 10


def test_it_asks_to_be_called_once_and_again(tmp_path: Path) -> None:
    guarded = Guarded(ruleset(tmp_path, RULES[0]), tell=False)
    for _ in range(3):
        for _ in range(5):
            guarded.wire.client(masked(TEXT, CARD.encode()))
        assert len(guarded.calls) == 1
        guarded.settle()
    assert len(guarded.told.alerts) == 15


@pytest.mark.parametrize("deflate", [False, True])
def test_what_waits_is_bounded(tmp_path: Path, deflate: bool) -> None:
    """Also of messages that are a thousand times what came."""
    params = DeflateParams(15, 15, False, False) if deflate else None
    guarded = Guarded(ruleset(tmp_path, RULES[0]), tell=False, deflate=params)
    payload = b"a" * 100_000
    wire = [payload] * 40
    if deflate:
        wire = deflated(*wire)
        assert sum(map(len, wire)) < 8000
    most = 0
    for one in wire:
        guarded.wire.client(masked(TEXT, one, rsv=4 if deflate else 0))
        waits = sum(len(own) for item in guarded.desk.batch._items for _, own in item[2])
        most = max(most, waits)
    assert 0 < most <= batch.BATCH_LEN


def test_many_tiny_messages_are_bounded_too(tmp_path: Path) -> None:
    guarded = Guarded(ruleset(tmp_path, RULES[0]), tell=False)
    most = 0
    for _ in range(60):
        guarded.wire.client(masked(TEXT, b"") * 100)
        most = max(most, sum(len(item[2]) for item in guarded.desk.batch._items))
    assert 1000 < most < 5000


def test_another_direction_in_the_same_batch(tmp_path: Path) -> None:
    """Each is looked at by its own rules; what stands next to another message is none of it."""
    guarded = Guarded(ruleset(tmp_path, *RULES[:2]), tell=False)
    guarded.wire.client(masked(TEXT, b"4111 1111"), masked(TEXT, b"a@corp.example.net"))
    guarded.wire.server(encode("to_client")(TEXT, b"1111 1111 a@corp.example.net"))
    assert [one.rule.id for one in guarded.settle().found] == ["r1"]


def test_a_scan_that_fails_is_loud_and_each_is_looked_at_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = Guarded(ruleset(tmp_path, RULES[0]), tell=False)

    def suspects(*_: Any) -> Any:
        raise MemoryError("secret words")

    monkeypatch.setattr(batch, "_suspects", suspects)
    guarded.wire.client(masked(TEXT, b"4111"), masked(TEXT, CARD.encode()))
    told = guarded.settle()
    assert [rule for rule, _ in told.rules] == ["wsinspect-error", "r0"]
    assert len(told.failures) == 1
    assert "secret words" not in told.failures[0]


def test_a_stream_that_fails_does_not_hide_the_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = Guarded(ruleset(tmp_path, RULES[0]), tell=False)

    def feed(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(guarded.desk.inspector, "feed", feed)
    guarded.wire.client(masked(TEXT, CARD.encode()), masked(PING, CARD.encode()))
    assert [rule for rule, _ in guarded.settle().rules] == ["wsinspect-error", "r0", "r0"]


def test_a_reload_between_two_messages(tmp_path: Path) -> None:
    """Whoever reloads flushes first; if not, each message is looked at all the same."""
    guarded = Guarded(ruleset(tmp_path, RULES[0]), tell=False)
    guarded.wire.client(masked(TEXT, CARD.encode()))
    guarded.wire.server(encode("to_client")(TEXT, CARD.encode()))
    other = ruleset(tmp_path, *RULES[:2])
    guarded.desk.inspector = type(guarded.desk.inspector)(other)
    guarded.guards[0].renew()
    assert [one.rule.id for one in guarded.settle().found] == ["r0", "r0"]


def test_flushing_nothing_is_nothing() -> None:
    Batch(lambda *_: None).flush()
