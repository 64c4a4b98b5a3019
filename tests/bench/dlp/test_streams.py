"""What was cut can be put together again, by connection and direction and path."""

from __future__ import annotations

import json
import random
from collections import defaultdict

import pytest

from bench.dlp import streams
from bench.dlp.cases import TO_CLIENT, Case, single

SECRET = "tok_abcdefghijklmnopqrstuvwxyz"
CASES = [single("r", SECRET, "r", secret=SECRET)]


def joined(case: Case) -> dict[tuple[str, str], str]:
    streamed: dict[tuple[str, str], str] = defaultdict(str)
    for line in case.lines:
        assert isinstance(line.payload, str)
        streamed[line.connection, line.direction] += line.payload
    return streamed


@pytest.mark.parametrize("pieces", [1, 2, 6, 100])
def test_a_cut_text_is_whole(pieces: int) -> None:
    for seed in range(50):
        cut = streams.cut(SECRET, pieces, random.Random(seed))
        assert "".join(cut) == SECRET
        assert len(cut) == min(pieces, len(SECRET))
        assert all(cut)


def test_pieces_lie_in_order_on_one_connection_and_direction() -> None:
    for case in streams.split_cases(CASES, random.Random(1)):
        streamed = joined(case)
        assert SECRET in streamed.values()
        assert all(SECRET not in str(line.payload) for line in case.lines)
        assert (len(streamed) == 1) is (case.group == "messages")


def test_no_two_cases_share_a_connection() -> None:
    made = streams.split_cases(CASES * 20, random.Random(1))
    connections = [line.connection for case in made for line in case.lines]
    owners = [{line.connection for line in case.lines} for case in made]
    assert len(set(connections)) == sum(map(len, owners))


def delta(payload: str) -> str:
    """The piece in a delta of any carrier."""
    body = payload.removeprefix("data: ").removeprefix("42")
    value = json.loads(body)
    if isinstance(value, list):
        return str(value[1]["text"])
    if "choices" in value:
        return str(value["choices"][0]["delta"]["content"])
    if "params" in value:
        return str(value["params"]["chunks"][0])
    inner = value.get("delta", value.get("t", value.get("a", "")))
    return str(inner["text"] if isinstance(inner, dict) else inner)


def test_deltas_tell_the_whole_story() -> None:
    made = streams.delta_cases(CASES * 5, lambda _, text: SECRET in text, random.Random(1))
    assert {case.group for case in made} == {
        *(f"{name}, 8 a message" for name in streams.DELTAS),
        "1 to 8 a message",
        "two paths at once",
    }
    for case in made:
        pieces = [delta(str(line.payload)) for line in case.lines]
        assert SECRET in "".join(pieces)
        assert max(map(len, pieces)) <= 8
        assert len({(line.connection, line.direction) for line in case.lines}) == 1


def test_a_secret_that_its_talk_would_spoil_stands_alone() -> None:
    made = streams.delta_cases(CASES, lambda _, text: text == SECRET, random.Random(1))
    for case in made:
        assert "".join(delta(str(line.payload)) for line in case.lines) == SECRET


def test_a_model_speaks_to_the_client() -> None:
    made = streams.delta_cases(CASES, lambda *_: True, random.Random(1))
    talk = [case for case in made if case.group != "two paths at once"]
    assert {line.direction for case in talk for line in case.lines} == {TO_CLIENT}
