"""With triggers and without, the scanner finds the same: a sieve lets through what it must."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Final

import pytest

from tests.rules.detect_builtin.makers import RECIPES, grouped, make
from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.detect.pattern import Match
from wsinspect.rules.engine import hyperscan
from wsinspect.rules.engine.confirm import ANYWHERE
from wsinspect.rules.engine.scanner import Scanner

SEED: Final = 15_485_863
PATTERNS: Final = tuple(pattern for patterns in BUILTIN.values() for pattern in patterns)
EVERY: Final = [(index, ANYWHERE) for index in range(len(PATTERNS))]

pytestmark = pytest.mark.skipif(not hyperscan.AVAILABLE, reason="triggers are hyperscan's")

PIECES: Final = (" ", "-", ".", "/", ", ", "\n", "00", "000", "a", " ssn ", "cc ", "DE", "x y z ")


def soup(rng: random.Random) -> str:
    count = rng.randrange(9, 60)
    return "".join(
        rng.choice("0123456789") if rng.random() < 0.8 else rng.choice(PIECES) for _ in range(count)
    )


def numbers(rng: random.Random) -> str:
    recipe = rng.choice(RECIPES)
    number = make(recipe, rng)
    written = rng.choice(
        (
            number,
            grouped(number, recipe.groups, rng.choice((" ", "-", ".", "\n"))),
            rng.choice((" ", "-", ", ", "/**/", "\n")).join(number),
            f"000{number}000",
            f"{number[:5]}\r\n{number[5:]}",
            f"{number[:2]} {number[2:]}",
        )
    )
    before = rng.choice(("", "x", "at 7 ", f"{recipe.word}: "))
    return before + written + rng.choice(("", " 9 x", "."))


def tokens(rng: random.Random) -> str:
    token = rng.choice(
        (
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "xoxb-12345678901-abcDEF123",
            "DE89370400440532013000",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        )
    )
    filler = rng.choice((" ", "-", "_", "/", "<!---->", "\n"))
    fours = filler.join(token[at : at + 4] for at in range(0, len(token), 4))
    return f"{rng.choice(('', 'a ', 'so: '))}{rng.choice((token, fours, filler.join(token)))} now"


@functools.cache
def scanner() -> Scanner:
    return Scanner(PATTERNS)


def found_with_and_without(data: bytes) -> tuple[list[Match], list[Match]]:
    engine = scanner()
    assert engine.engine == "hyperscan"
    return list(engine.matches(data)), list(engine.confirm(data, EVERY))


@pytest.mark.parametrize("text", [soup, numbers, tokens])
def test_the_same_is_found(text: Callable[[random.Random], str]) -> None:
    print(f"seed {SEED}")  # noqa: T201  # shown where a test fails
    rng = random.Random(SEED)
    hits = 0
    for _ in range(400):
        data = text(rng).encode()
        quick, slow = found_with_and_without(data)
        assert quick == slow, data
        hits += bool(slow)
    assert hits >= 10


def test_each_message_of_joined_ones_has_a_candidate() -> None:
    rng = random.Random(SEED)
    engine = scanner()
    for _ in range(60):
        messages = [rng.choice((numbers, tokens))(rng).encode() for _ in range(8)]
        joined = b"\n".join(messages)
        ends: list[int] = []
        for message in messages:
            ends.append((ends[-1] + 1 if ends else 0) + len(message))
        candidates = engine.scan_joined(joined, ends)[0]
        for message, end in zip(messages, ends, strict=True):
            begin = end - len(message)
            here = {index for index, place in candidates if begin < place <= end}
            assert {match.pattern for match in engine.matches(message)} <= here


def test_a_flood_hides_nothing_behind_it() -> None:
    flood = b"4111111111111111 " * 3000
    mine = {PATTERNS[match.pattern].id for match in scanner().matches(flood + b"ssn 123-45-6789")}
    assert mine == {"credit-card", "us-ssn"}


def test_boards_and_lists_of_digits_are_no_numbers() -> None:
    rng = random.Random(SEED)
    for filler in (" ", ",", ", ", "\n", "/**/"):
        data = filler.join(rng.choices("0123456789", k=3000)).encode()
        assert scanner().matches(data) == []


def test_scanning_for_few_needs_only_their_triggers() -> None:
    card = Scanner(BUILTIN["credit-card"])
    assert [data[match.start : match.end] for data in (b"4111 1111 1111 1111",)
            for match in card.matches(data)] == [b"4111 1111 1111 1111"]  # fmt: skip
    assert Scanner(BUILTIN["iban"]).scan(b"4111 1111 1111 1111")[0] == []
