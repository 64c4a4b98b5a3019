"""The same with the product's own engines, which also say where a match may end."""

from __future__ import annotations

import itertools
import json
import random
from typing import Literal

import pytest

from tests.rules.streams.test_streams import EXPECTED, PATTERNS, WHOLE, delta, dribble
from wsinspect.rules.engine.scanner import Scanner
from wsinspect.rules.streams import Streams


@pytest.fixture(scope="module", params=["auto", "re2"])
def scanner(request: pytest.FixtureRequest) -> Scanner:
    engine: Literal["auto", "re2"] = request.param
    return Scanner(PATTERNS, engine=engine)


def _found(scanner: Scanner, messages: list[bytes], batch: int) -> dict[str, bytes]:
    streams = Streams()
    found: dict[str, bytes] = {}
    for some in itertools.batched(messages, batch):
        for hit in streams.feed([(True, one) for one in some], scanner):
            found.setdefault(scanner.patterns[hit.match.pattern].id, hit.value)
    return found


@pytest.mark.parametrize("size", [2, 5, 8])
@pytest.mark.parametrize("batch", [1, 4, 500])
def test_a_dribble_of_several_secrets(scanner: Scanner, size: int, batch: int) -> None:
    pieces = dribble(WHOLE, size)
    for messages in ([piece.encode() for piece in pieces], list(map(delta, pieces))):
        found = _found(scanner, messages, batch)
        assert set(found) == set(EXPECTED)
        assert all(found[name] in secret.encode() for name, secret in EXPECTED.items())


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_in_a_busy_connection(scanner: Scanner, batch: int) -> None:
    rng = random.Random(11)
    messages = [
        json.dumps(
            {"n": n, "user": rng.choice("abc") * 4, "text": f"hello {rng.random()}"}
        ).encode()
        for n in range(150)
    ]
    messages[100:100] = map(delta, dribble(WHOLE, 8))
    assert set(_found(scanner, messages, batch)) == set(EXPECTED)
    del messages[100 : 100 + len(dribble(WHOLE, 8))]
    assert _found(scanner, messages, batch) == {}
