"""Windows of a large message: same finds as in one piece, same bytes, bounded memory."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path

import pytest

from tests.rules.guarding import CARD, ruleset
from wsinspect.relay.policy import LargeVerdict
from wsinspect.rules.finding import Finding, Inspection
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.large import OVERLAP, WINDOW, LargeJudge
from wsinspect.rules.ruleset import RuleSet

KIB = 1024
STARS = "**** **** **** ****"


def filler(size: int, seed: int = 1) -> str:
    """Words without digits; every third is not ASCII."""
    rng = random.Random(seed)
    words = ["alpha", "straße", "beta", "grüße", "gamma", "👋", "delta", "\n"]
    parts: list[str] = []
    have = 0
    while have < size:
        word = rng.choice(words)
        parts.append(word)
        have += len(word.encode()) + 1
    return " ".join(parts)


class Judged:
    """A message through the judge, as a hold-back would send it on."""

    def __init__(
        self,
        rules: RuleSet,
        message: bytes,
        sizes: list[int] | int = 64 * KIB,
        opcode: str = "text",
        *,
        hurry: bool = False,
        closed: bool = False,
        inspector: Inspector | None = None,
    ) -> None:
        inspector = inspector or Inspector(rules)
        scope = inspector.scope(ConnectionFacts(host="h", path="/"), "to_server")
        self.found: list[Finding] = []
        self.inspections: list[Inspection] = []
        judge = LargeJudge(
            inspector, scope, opcode, lambda: 10**18, self._told, 1 << 20, closed=closed
        )
        self.content = bytearray(message)
        self.most_kept = 0
        self.stop: tuple[int, str] | None = None
        self.drop = False
        self.safe = 0
        at, turn = 0, 0
        while at < len(message) and self.stop is None:
            size = sizes if isinstance(sizes, int) else sizes[turn % len(sizes)]
            turn += 1
            piece = message[at : at + size]
            at += len(piece)
            self._carry_out(judge.feed(piece, last=False, hurry=hurry), at)
            self.most_kept = max(self.most_kept, at - self.safe)
        if self.stop is None:
            final = judge.feed(b"", last=True)
            self._carry_out(final, len(message))
            assert final.stop or self.safe == len(message)
        self.rules = judge.rules

    def _told(self, inspection: Inspection) -> None:
        self.inspections.append(inspection)
        self.found += inspection.findings

    def _carry_out(self, verdict: LargeVerdict, came: int) -> None:
        taken: set[int] = set()
        for offset, change in verdict.edits:
            assert offset >= self.safe, "a change of what has left"
            assert offset + len(change) <= came
            assert not taken & set(range(offset, offset + len(change)))
            taken |= set(range(offset, offset + len(change)))
            for i, byte in enumerate(change):
                self.content[offset + i] ^= byte
        assert self.safe <= verdict.safe <= came
        if verdict.stop is None:
            self.safe = verdict.safe
        self.stop, self.drop = verdict.stop, verdict.drop

    @property
    def places(self) -> list[tuple[int, int, int, int]]:
        return [(one.start, one.end, one.start_char, one.end_char) for one in self.found]


def with_cards(places: list[int], size: int) -> str:
    text = filler(size)
    for place in sorted(places, reverse=True):
        text = f"{text[:place]} {CARD} {text[place:]}"
    return text


PLACES = [0, 5000, 150_000, 171_111, 220_000, 235_000, 301_000, 420_000]


@pytest.mark.parametrize("sizes", [64 * KIB, 7001, [1, 65_536, 300_000, 17], 2_000_000])
@pytest.mark.parametrize("hurry", [False, True])
def test_every_card_is_found_once_and_masked_in_place(
    tmp_path: Path, sizes: list[int] | int, hurry: bool
) -> None:
    rules = ruleset(tmp_path, "find: {detector: credit-card}, do: mask")
    text = with_cards(PLACES, 900 * KIB)
    judged = Judged(rules, text.encode(), sizes, hurry=hurry)
    assert judged.content.decode() == text.replace(CARD, STARS)
    chars = []
    at = text.find(CARD)
    while at >= 0:
        chars.append((at, at + len(CARD)))
        at = text.find(CARD, at + 1)
    assert [place[2:] for place in judged.places] == chars
    assert [place[:2] for place in judged.places] == [
        (len(text[:begin].encode()), len(text[:end].encode())) for begin, end in chars
    ]
    assert judged.rules == ["r0"]
    assert judged.most_kept <= WINDOW + OVERLAP + (sizes if isinstance(sizes, int) else 300_000)


@pytest.mark.parametrize("offset", [*range(-25, 26, 5), -1, 1])
@pytest.mark.parametrize("edge", [WINDOW, WINDOW - OVERLAP, 2 * WINDOW])
def test_at_the_windows_edges(tmp_path: Path, edge: int, offset: int) -> None:
    rules = ruleset(tmp_path, "find: {detector: credit-card}, do: mask")
    at = edge + offset
    message = b"x" * (at - 1) + b" " + CARD.encode() + b" " + b"y" * 300_000
    judged = Judged(rules, message, 1000)
    assert judged.places == [(at, at + 19, at, at + 19)]
    assert bytes(judged.content) == message.replace(CARD.encode(), STARS.encode())


@pytest.mark.parametrize("digits", [b"9", b"94", b"123456789"])
def test_a_window_that_begins_within_a_number_sees_no_other_in_it(
    tmp_path: Path, digits: bytes
) -> None:
    """Cut behind its first digits, the rest of a longer number looks like a card."""
    rules = ruleset(tmp_path, "find: {detector: credit-card}, do: close")
    card = CARD.replace(" ", "").encode()
    begin = WINDOW - OVERLAP - len(digits)
    message = b"x" * begin + digits + card + b" " + b"x" * (WINDOW + 100_000)
    judged = Judged(rules, message, WINDOW)
    assert (judged.found, judged.stop) == ([], None)


def test_two_rules_on_the_same_bytes_do_not_undo_each_other(tmp_path: Path) -> None:
    rules = ruleset(
        tmp_path,
        "find: {detector: credit-card}, do: redact",
        'find: {regex: "4111[ 0-9]+"}, do: redact',
        'find: {regex: "1111 1111 tail"}, do: {mask: {keep_last: 4}}',
    )
    message = f"{'x' * 300_000} {CARD} tail {'y' * 100_000}".encode()
    judged = Judged(rules, message)
    left = bytes(judged.content).strip(b"xy ")
    assert not set(left) & set(b"0123456789")
    assert len(judged.content) == len(message)


def test_a_rule_that_has_not_fired_changes_nothing(tmp_path: Path) -> None:
    rules = ruleset(
        tmp_path,
        "find: {detector: credit-card}, do: mask",
        "find: {detector: email}, do: mask, threshold: {count: 3, per: connection, seconds: 60}",
    )
    message = f"{'x ' * 150_000} {CARD} a@corp.example.net {'y ' * 100_000}".encode()
    judged = Judged(rules, message)
    assert bytes(judged.content) == message.replace(CARD.encode(), STARS.encode())


def test_keep_and_multibyte_text(tmp_path: Path) -> None:
    rules = ruleset(
        tmp_path,
        "find: {detector: credit-card}, do: {mask: {keep_last: 4}}",
        'find: {regex: "geheim[ß-ÿ]+"}, do: redact',
    )
    message = f"{filler(200_000)} {CARD} geheimßßü {filler(200_000)}"
    judged = Judged(rules, message.encode())
    want = message.replace(CARD, "**** **** **** 1111").replace("geheimßßü", "*" * 12)
    assert judged.content.decode() == want


@pytest.mark.parametrize("wrap", ["base64", "json in json"])
def test_what_stands_there_in_another_form_is_overwritten(tmp_path: Path, wrap: str) -> None:
    rules = ruleset(tmp_path, "find: {detector: credit-card}, do: redact")
    inner = f"my card is {CARD} ok"
    hidden = base64.b64encode(inner.encode()).decode()
    if wrap == "json in json":
        hidden = json.dumps(json.dumps({"a": base64.b64encode(inner.encode()).decode()}))
    message = f"{'x ' * 150_000} {hidden} {'y ' * 100_000}".encode()
    judged = Judged(rules, message)
    assert judged.found
    assert len(judged.content) == len(message)
    left = bytes(judged.content)
    assert base64.b64encode(CARD[:12].encode())[:12] not in left
    assert hidden.encode() not in left


@pytest.mark.parametrize(
    ("do", "stop", "drop"),
    [("block", (1008, "policy"), True), ("{close: {code: 4005, reason: no}}", (4005, "no"), False)],
)
def test_stopping(tmp_path: Path, do: str, stop: tuple[int, str], drop: bool) -> None:
    rules = ruleset(tmp_path, f"find: {{detector: credit-card}}, do: {do}")
    at = 700_000
    message = b"x" * at + b" " + CARD.encode() + b" " + b"y" * 700_000
    judged = Judged(rules, message)
    assert (judged.stop, judged.drop) == (stop, drop)
    assert at - WINDOW - OVERLAP - 64 * KIB <= judged.safe <= at


def test_shadow_rules_and_log_rules_change_nothing(tmp_path: Path) -> None:
    rules = ruleset(
        tmp_path,
        "find: {detector: credit-card}, do: block, mode: shadow",
        "find: {detector: credit-card}, do: log",
    )
    message = f"{'x ' * 150_000} {CARD} {'y ' * 100_000}".encode()
    judged = Judged(rules, message)
    assert bytes(judged.content) == message
    assert [(one.rule.id, one.disposition) for one in judged.found] == [
        ("r0", "shadow"), ("r1", "logged"),
    ]  # fmt: skip


def test_a_rule_for_a_size_goes_by_what_has_come(tmp_path: Path) -> None:
    rules = ruleset(
        tmp_path,
        'when: {size: "<500k"}, do: close',
        'when: {size: ">2M"}, do: {close: {code: 4009}}',
        "when: {size: 100k..300k}, do: close",
    )
    assert Judged(rules, b"x" * 1_500_000).stop is None
    judged = Judged(rules, b"x" * 4_000_000)
    assert judged.stop == (4009, "")
    assert judged.safe <= 2 << 20


def test_a_rule_of_when_fires_once(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, "when: {opcode: text}, do: log")
    assert len(Judged(rules, b"x" * 2_000_000).found) == 1


@pytest.mark.parametrize(
    ("on_error", "closed", "stop"),
    [
        ("", False, None),
        ("", True, (1011, "inspection failed")),
        (", on_error: log", True, None),
        (", on_error: block", False, (1008, "policy")),
    ],
)
def test_a_limit(tmp_path: Path, on_error: str, closed: bool, stop: object) -> None:
    """A thousand matches in a window are the most; what was seen of them is masked."""
    rules = ruleset(tmp_path, "find: {detector: email}, do: mask" + on_error)
    mails = " ".join(f"user{i}@corp.example.net" for i in range(4000))
    judged = Judged(rules, f"{mails} {'x ' * 300_000}".encode(), closed=closed)
    assert judged.stop == stop
    assert any(one.rule.id == "wsinspect-limit" for one in judged.found)
    if stop is None:
        assert b"user0@" not in judged.content
        assert b"user900@" not in judged.content


@pytest.mark.parametrize("before", ["", "data:text/plain;base64,", "x "])
@pytest.mark.parametrize("place", [0, 300_001, 700_002, 899_000])
def test_one_run_of_base64_is_read_to_its_end(tmp_path: Path, before: str, place: int) -> None:
    """Windows cut it between its groups of four."""
    rules = ruleset(tmp_path, "find: {detector: aws-access-key}, do: block")
    text = filler(900 * KIB)
    start = text[:place] + " AKIALALEMEL33243OLIB"
    message = before + base64.b64encode(f"{start} {text[place:]}".encode()).decode()
    secret_end = len(before) + len(start.encode()) * 4 // 3
    for sizes in (64 * KIB, [1000, 77_777]):
        judged = Judged(rules, message.encode(), sizes)
        assert judged.stop == (1008, "policy")
        assert judged.safe < secret_end


def test_rules_for_leaves_say_that_they_cannot_look(tmp_path: Path) -> None:
    """What a document's structure would tell is not known in the middle of it."""
    rules = ruleset(tmp_path, 'find: {json: "$.password", regex: ".+"}, do: block')
    text = '{"a":"' + filler(600 * KIB) + '","password":"open sesame"}'
    judged = Judged(rules, text.encode(), closed=True)
    assert judged.stop == (1011, "inspection failed")
    opened = Judged(rules, text.encode())
    assert [one.detector for one in opened.found] == ["size"]
