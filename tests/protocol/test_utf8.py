"""RFC 6455 section 8.1, RFC 3629: UTF-8 in pieces, refused at the first impossible byte."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import utf8_grammar
from tests.vectors import ids, load
from wsinspect.protocol.utf8 import Utf8Validator

VECTORS = load("utf8")

# Bytes at which the grammar branches, so that examples get deep into it.
branches = st.sampled_from(bytes.fromhex("00417f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff"))
almost = st.lists(
    st.one_of(st.text(max_size=3).map(str.encode), branches.map(lambda b: bytes([b])))
)
texts = almost.map(b"".join)


def first_refusal(pieces: Iterable[bytes]) -> tuple[int | None, bool]:
    """How many bytes were fed when a piece was refused, and the verdict at the end."""
    validator = Utf8Validator()
    refused = None
    fed = 0
    for piece in pieces:
        fed += len(piece)
        if validator.feed(piece):
            assert refused is None  # once refused, always refused
        elif refused is None:
            refused = fed
    return refused, validator.finish()


def bytewise(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


@pytest.mark.parametrize("vector", VECTORS, ids=ids(VECTORS))
def test_vectors(vector: dict[str, Any]) -> None:
    data, expected = bytes.fromhex(vector["hex"]), vector["expected"]
    assert first_refusal(bytewise(data)) == (expected["refused_at"], expected["valid"])
    refused, valid = first_refusal([data])
    assert valid == expected["valid"]
    assert (refused is None) == (expected["refused_at"] is None)
    # what comes behind does not change it, unless a character is incomplete
    if expected["valid"] or expected["refused_at"]:
        assert first_refusal([data, b"more"])[1] == expected["valid"]


@given(texts)
def test_refused_at_the_first_impossible_byte(data: bytes) -> None:
    expected = utf8_grammar.refused_at(data), utf8_grammar.is_valid(data)
    assert first_refusal(bytewise(data)) == expected


@given(st.lists(texts))
def test_any_chunking(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    refused, valid = first_refusal(pieces)
    assert valid == utf8_grammar.is_valid(data)
    assert (refused is None) == (utf8_grammar.refused_at(data) is None)
    # the verdict falls with the piece that has the impossible byte in it
    begins = 0
    for piece in pieces:
        if refused == begins + len(piece) and piece:
            assert begins < (utf8_grammar.refused_at(data) or 0) <= refused
            break
        begins += len(piece)


@given(st.binary(max_size=12))
def test_the_grammar_is_pythons(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not utf8_grammar.is_valid(data)
    else:
        assert utf8_grammar.is_valid(data)


@pytest.mark.parametrize("begun", [b"", b"\xe2", b"\xe2\x82", b"ab\xf0\x90\x8d"])
def test_ready_for_the_next_message(begun: bytes) -> None:
    for end in (Utf8Validator.finish, Utf8Validator.reset):
        validator = Utf8Validator()
        validator.feed(begun)
        end(validator)
        assert validator.feed(b"\x82") is False
        end(validator)
        assert validator.feed("€".encode())
        assert validator.finish()


def test_refused_until_the_end() -> None:
    validator = Utf8Validator()
    assert not validator.feed(b"\xff")
    assert not validator.feed(b"ascii")
    assert not validator.feed(b"")
    assert not validator.finish()
    assert validator.finish()


@pytest.mark.parametrize("offset", range(4))
def test_large_piece_is_sliced_inside_a_character(offset: int) -> None:
    data = b"a" * offset + "𝄞".encode() * 40000
    assert first_refusal([data]) == (None, True)
    assert first_refusal([data + b"\x80"])[1] is False
