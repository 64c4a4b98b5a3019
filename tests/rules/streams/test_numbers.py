"""A number in pieces, with other digits stuck to it where the pieces are joined."""

from __future__ import annotations

import itertools
import json
from typing import Literal

import pytest

from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.engine.scanner import Scanner
from wsinspect.rules.streams import Streams


@pytest.fixture(scope="module", params=["auto", "re2"])
def scanner(request: pytest.FixtureRequest) -> Scanner:
    engine: Literal["auto", "re2"] = request.param
    return Scanner(BUILTIN["credit-card"], engine=engine)


def _found(scanner: Scanner, pieces: list[str], batch: int, *, wrapped: bool) -> list[bytes]:
    messages = [(json.dumps({"text": one}) if wrapped else one).encode() for one in pieces]
    streams = Streams()
    return [
        hit.value
        for some in itertools.batched(messages, batch)
        for hit in streams.feed([(True, one) for one in some], scanner)
    ]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("batch", [1, 9])
@pytest.mark.parametrize(
    "pieces",
    [
        ["n 1", "4111 1111 ", "1111 1111"],
        ["n 1", "41111111", "11111111"],
        ["1", "4111 1111 ", "1111 1111"],
        ["x 7", "4111", "1111", "11111111"],
        ["4111 1111 ", "1111 1111", "1 n"],
        ["n 1", "4111 1111 ", "1111 1111", "5 n"],
    ],
)
def test_digits_of_other_messages_hide_no_number(
    scanner: Scanner, pieces: list[str], batch: int, *, wrapped: bool
) -> None:
    found = _found(scanner, pieces, batch, wrapped=wrapped)
    assert [value.replace(b" ", b"") for value in found] == [b"4111111111111111"]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("batch", [1, 9])
@pytest.mark.parametrize(
    "pieces",
    [
        ["17", "41111111", "11111111"],  # numbers in a row
        ["23 4111", "1111 1111", "1111 05"],
        ["n 1", "4111 1111 ", "1111 1112"],  # the check digit is wrong
    ],
)
def test_numbers_in_a_row_are_none(
    scanner: Scanner, pieces: list[str], batch: int, *, wrapped: bool
) -> None:
    assert _found(scanner, pieces, batch, wrapped=wrapped) == []


@pytest.mark.parametrize("batch", [1, 9])
@pytest.mark.parametrize("length", [400, 600, 1000, 1100])
def test_a_number_over_the_edge_of_long_messages(scanner: Scanner, batch: int, length: int) -> None:
    words = "so we said " * 200
    pieces = [words[:length] + "card 4111 1111 ", "1111 1111 it is" + words[:length]]
    assert _found(scanner, pieces, batch, wrapped=True) == [b"4111 1111 1111 1111"]


@pytest.mark.parametrize("lengths", [(6, 540, 10), (500, 440, 60), (300, 300, 300)])
def test_a_long_word_in_three_messages(lengths: tuple[int, int, int]) -> None:
    """Some of them are longer than what is usually looked at of a message; a word is not cut."""
    scanner = Scanner(BUILTIN["jwt"])
    head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI"
    tail = "fQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6y"
    token = head + "x" * (sum(lengths) - len(head) - len(tail)) + tail
    first, second, _ = lengths
    last = first + second
    pieces = ["the token is " + token[:first], token[first:last], token[last:]]
    (value,) = _found(scanner, pieces, 1, wrapped=True)
    assert token.encode().startswith(value)
    assert len(value) >= last
