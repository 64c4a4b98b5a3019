"""Rules in words."""

from __future__ import annotations

import dataclasses

import pytest

from wsinspect.rules.language.ast import (
    Act,
    EntropyTest,
    Find,
    Place,
    Rule,
    SizeTest,
    TextTest,
    Threshold,
    When,
)
from wsinspect.rules.tools.describe import (
    acts_in_words,
    does_in_words,
    find_in_words,
    scope_in_words,
    threshold_in_words,
)

RULE = Rule(
    "r", "say", "medium", When(), None, (Act("log"),), None, "enforce", frozenset(), True, None, (),
    Place("f.yaml", 1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (When(), "everything"),
        (When(direction="to_server"), "to_server"),
        (When(host=TextTest(("a", "b"))), "host a b"),
        (When(path=TextTest((), ("a", "b", "c", "d"))), "path not a b c and 1 more"),
        (When(origin=TextTest(("x",), (), "^y$")), "origin x, origin ~ ^y$"),
        (When(client=TextTest(("10.0.0.0/8",))), "client 10.0.0.0/8"),
        (When(app=TextTest(("mqtt",)), flow="~q"), "app mqtt, flow ~q"),
        (When(opcode=frozenset({"text", "ping"})), "ping or text"),
        (When(size=SizeTest(1048577)), "over 1 MiB"),
        (When(size=SizeTest(65536)), "at least 64 KiB"),
        (When(size=SizeTest(1 << 40)), "at least 1,024 GiB"),
        (When(size=SizeTest(0, 99)), "at most 99 bytes"),
        (When(size=SizeTest(0, 1999)), "under 2,000 bytes"),
        (When(size=SizeTest(0, 0)), "exactly 0 bytes"),
        (When(size=SizeTest(1)), "at least 1 byte"),
        (When(size=SizeTest(0, 1)), "at most 1 byte"),
        (When(size=SizeTest(7, 7)), "exactly 7 bytes"),
        (When(size=SizeTest(1024, 2048)), "1 KiB to 2 KiB"),
        (
            When(direction="to_client", subprotocol=TextTest(("s",)), opcode=frozenset({"text"})),
            "to_client, subprotocol s, text",
        ),
    ],
)
def test_scope(when: When, words: str) -> None:
    assert scope_in_words(when) == words


@pytest.mark.parametrize(
    ("find", "words"),
    [
        (None, "any message"),
        (Find(detectors=("iban", "email")), "iban or email"),
        (Find(pack="gitleaks"), "pack gitleaks"),
        (Find(pack="g", only=frozenset({"b", "a"})), "pack g (a b)"),
        (Find(pack="g", excepted=frozenset({"b"})), "pack g (but b)"),
        (Find(regexes=("a+",), words=("secret", "word")), "/a+/ or 2 words"),
        (Find(json="$.a"), "$.a"),
        (Find(json="$.a", regexes=(".+",)), "/.+/ in $.a"),
        (Find(exact="/x", exact_key="env:K"), "exact values of a file"),
        (Find(entropy=EntropyTest(4.5, 20)), "entropy of 4.5 bits from 20 characters"),
        (
            Find(detectors=("us-ssn",), near=("ssn",), unless=("^0",)),
            "us-ssn, near ssn, unless ^0",
        ),
    ],
)
def test_find(find: Find | None, words: str) -> None:
    assert find_in_words(find) == words


def test_listed_words_are_not_shown() -> None:
    assert "hunter2" not in find_in_words(Find(words=("hunter2",)))


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        ((Act("log"),), "log"),
        ((Act("mask", keep_first=1, keep_last=4),), "mask, keep first 1, keep last 4"),
        ((Act("mask"), Act("alert")), "mask + alert"),
        ((Act("close", code=4001, reason="x"),), "close 4001"),
        ((Act("throttle", messages_per_second=0.5),), "throttle to 0.5/s"),
        ((Act("tokenize", key="env:K"),), "tokenize"),
    ],
)
def test_acts(acts: tuple[Act, ...], words: str) -> None:
    rule = dataclasses.replace(RULE, acts=acts)
    assert acts_in_words(rule) == does_in_words(rule) == words
    assert does_in_words(dataclasses.replace(rule, mode="shadow")) == f"{words} (shadow)"


def test_threshold() -> None:
    assert threshold_in_words(RULE) == ""
    limit = Threshold(5, True, "connection", 60)
    assert threshold_in_words(dataclasses.replace(RULE, threshold=limit)) == (
        "from 5 different in 60 s per connection"
    )
    limit = Threshold(3, False, "host", 0.5)
    assert (
        threshold_in_words(dataclasses.replace(RULE, threshold=limit)) == "from 3 in 0.5 s per host"
    )
