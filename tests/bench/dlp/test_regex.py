"""Drawn texts match the expression they were drawn from; RE2 itself is the judge."""

from __future__ import annotations

import random

import pytest
import re2

from bench.dlp import regex
from bench.dlp.packs import rules

PATTERNS = [
    "abc",
    "a|b|",
    "(?i)abc[d-f]{3}",
    "a(?i:b)c",
    "a(?i)b|c",
    "(?i:x(?-i:Y)z)",
    r"\bAKIA[A-Z2-7]{16}\b",
    r"[\w.-]{0,50}?(?:key)[ \t\w.-]{0,20}",
    r"[[:alnum:]]{8}[^[:space:]]\z",
    r"[^\s'\"]{4}\x60\.\d\D\S",
    r"(?s:.){4}(?P<name>x{2,}?)(?:y+)*",
    r"[]a-c]{3}[a\-z][a-]",
    "x{,3}",
    r"[\n\x41\x{263a}]",
    "☺[α-γ]{2}",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_drawn_text_matches(pattern: str) -> None:
    tree, source = regex.parse(pattern), random.Random(1)
    for _ in range(200):
        text = regex.sample(tree, source)
        assert re2.fullmatch(f"(?:{pattern})", text), text


def test_bounds_of_a_repeat_are_both_drawn() -> None:
    tree, source = regex.parse("a{2,4}b?"), random.Random(1)
    drawn = {regex.sample(tree, source) for _ in range(300)}
    assert drawn == {a + b for a in ("aa", "aaa", "aaaa") for b in ("", "b")}


def test_case_is_only_folded_where_the_flag_holds() -> None:
    tree, source = regex.parse("(?:(?i)ab)c"), random.Random(1)
    drawn = {regex.sample(tree, source) for _ in range(200)}
    assert drawn == {"abc", "ABc"}  # a writer keeps to one case


@pytest.mark.parametrize("pattern", ["(ab", "a)", "[ab", r"\pL", r"\Q", "(?x:a)"])
def test_what_is_not_known_is_refused(pattern: str) -> None:
    with pytest.raises(regex.UnknownSyntax):
        regex.parse(pattern)


def test_groups_are_counted_as_re2_counts_them() -> None:
    tree = regex.parse("(?:x)(a)((?P<n>b)c)")
    inner = [regex.group(tree, number) for number in (1, 2, 3, 4)]
    texts = [node and regex.sample(node, random.Random(1)) for node in inner]
    assert texts == ["a", "bc", "b", None]


def test_every_regex_of_the_pack_can_be_read() -> None:
    table, _ = rules()
    assert len(table) == 221
    for rule in table:
        tree = regex.parse(rule.source)
        drawn = (regex.sample(tree, random.Random(seed)) for seed in range(50))
        assert any(rule.regex.search(text) for text in drawn), rule.id
