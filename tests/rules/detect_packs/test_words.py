"""Whole words, in any script, and dictionaries."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.detect_packs.reference import find
from wsinspect.rules.detect.words import MAX_WORD_LEN, WORDS_A_PATTERN, word_patterns


def found(words: list[str], text: str) -> list[str]:
    return [one.decode() for pattern in word_patterns("w", words) for one in find(pattern, text)]


@pytest.mark.parametrize(
    ("word", "text", "finds"),
    [
        ("secret", "a Secret, SECRET. secret", ["Secret", "SECRET", "secret"]),
        ("secret", "secrets secretary unsecret secret_key secret2 my_secret", []),
        ("secret", "secret-key [secret] secret's «secret»", ["secret"] * 4),
        ("secret", "ésecret secreté secretе жsecret", []),  # letters beyond ASCII are letters
        ("secret", "secret\u0301", []),  # a mark belongs to the letter before it
        ("secret", "“secret” secret…secret", ["secret"] * 3),
        ("naïve", "NAÏVE naïveté", ["NAÏVE"]),
        ("été", "Été, étés", ["Été"]),
        ("отчёт", "ОТЧЁТ отчёты", ["ОТЧЁТ"]),
        (
            "project x",
            "Project  X, project\nx project\u00a0x projectx",
            ["Project  X", "project\nx", "project\u00a0x"],
        ),
        ("c++", "C++ c+++ ac++ c++11", ["C++", "c++", "c++"]),  # only letters are held apart
        (".env", "a.env .env .environment", [".env", ".env"]),
        ("机密", "这是机密文件", ["机密"]),  # no spaces between words
        ("비밀번호", "비밀번호는 무엇", ["비밀번호"]),  # a particle hangs on
        ("ความลับ", "นี่คือความลับมาก", ["ความลับ"]),
        ("a.b", "a.b axb", ["a.b"]),  # a text, no regex
    ],
)
def test_a_word(word: str, text: str, finds: list[str]) -> None:
    assert found([word], text) == finds


def test_a_word_and_its_own_begin() -> None:
    words = ["key", "key card", "key card 7"]
    assert found(words, "key card 77 key cards") == ["key card", "key"]


def test_a_dictionary_of_fifteen_thousand() -> None:
    rng = random.Random(20261122)
    letters = "abcdefghijklmnopqrstuvwxyzäöüß"
    words = sorted({"".join(rng.choices(letters, k=rng.randint(6, 12))) for _ in range(15_000)})
    patterns = word_patterns("w", words)
    assert len(patterns) == -(-len(words) // WORDS_A_PATTERN)
    assert {pattern.id for pattern in patterns} == {"w"}
    some = rng.sample(words, 300)
    text = "; ".join(some)
    assert sorted(one.decode() for p in patterns for one in find(p, text)) == sorted(some)
    assert not [one for p in patterns for one in find(p, "x".join(some) + "x")]


def test_two_writings_of_a_word_are_one() -> None:
    assert len(word_patterns("w", ["Key", "key", " KEY "])[0].regex) < len("(?i)(?:key|key|key)")


LONG = "x" * (MAX_WORD_LEN + 1)
WORD = st.text("ab cé_1", min_size=1, max_size=8).filter(lambda word: word.strip() != "")


@given(WORD, st.text("ab cé_1,", max_size=30))
def test_found_where_it_stands_alone(word: str, text: str) -> None:
    word = " ".join(word.split())
    assert word.lower() in [one.lower() for one in found([word], f"{text}, {word}, {text}")]
    for pattern in word_patterns("w", [word]):
        assert all(len(one) <= pattern.max_len for one in find(pattern, f"{text} {word}"))


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "no words"), (["a", " "], "word 2 is empty"), ([LONG], "word 1 is longer")],
)
def test_errors(words: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        word_patterns("w", words)
    assert "xx" not in str(caught.value)
