"""Bits a character, and tokens that have many of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.detect_packs.reference import find
from wsinspect.rules.detect.entropy import LONGEST_TOKEN, entropy_pattern, shannon


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("", 0.0),
        ("aaaa", 0.0),
        ("ab", 1.0),
        ("aabb", 1.0),
        ("abcd", 2.0),
        ("aaab", 0.8112781244591328),
        ("éü", 1.0),  # characters, not their bytes
        (b"\xc3\xa9\xc3\xbc", 1.0),
        (b"\xff\xfe\xff\xfe", 1.0),  # no UTF-8
        (bytes(range(256)), 8.0),
    ],
)
def test_shannon(text: str | bytes, bits: float) -> None:
    assert shannon(text) == pytest.approx(bits, abs=1e-12)


@pytest.mark.parametrize("length", [1, 2, 255, 256, 257, 1000])
def test_long_ones_too(length: int) -> None:
    text = bytes(i * i % 61 for i in range(length))
    shares = [text.count(one) / length for one in set(text)]
    assert shannon(text) == pytest.approx(-sum(p * math.log2(p) for p in shares), abs=1e-12)


@given(st.text(max_size=80))
def test_text_and_its_bytes_agree(text: str) -> None:
    bits = shannon(text)
    assert -1e-9 <= bits <= 7
    assert shannon(text.encode("utf-8", "replace")) == pytest.approx(
        shannon(text.encode("utf-8", "replace").decode())
    )
    assert shannon("".join(reversed(text))) == pytest.approx(bits)


def test_tokens() -> None:
    pattern = entropy_pattern("e", 3.5, 16)
    assert find(pattern, 'key "kR4nD0mV9xQ2wZ7p" end') == [b"kR4nD0mV9xQ2wZ7p"]
    assert find(pattern, "kR4nD0mV9xQ2wZ7") == []  # too short
    assert find(pattern, "aaaaaaaabbbbbbbb") == []  # too dull
    assert find(pattern, "the quick brown fox jumps over") == []


def test_least_bits_are_enough() -> None:
    assert find(entropy_pattern("e", 2, 4), "abcd") == [b"abcd"]


def test_a_token_is_whole_and_data_is_none() -> None:
    text = "kR4nD0mV9xQ2wZ7p" * 62  # 992
    assert find(entropy_pattern("e", 3.5, 16), text) == [text.encode()]
    assert find(entropy_pattern("e", 3.5, 16), text + text) == []
    assert find(entropy_pattern("e", 3.5, LONGEST_TOKEN), text + "kR4nD0mV") == [
        text.encode() + b"kR4nD0mV"
    ]


@pytest.mark.parametrize(("bits", "length"), [(3, 0), (3, 1001), (-1, 8), (9, 8)])
def test_numbers_that_mean_nothing(bits: float, length: int) -> None:
    with pytest.raises(ValueError, match=r"the least length is|the bits of"):
        entropy_pattern("e", bits, length)
