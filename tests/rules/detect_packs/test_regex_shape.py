"""The reader of regexes against RE2: what it says a regex can match, RE2 matches."""

from __future__ import annotations

import random

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.detect_packs.make import text_for
from wsinspect.rules.detect.regex_shape import RegexShape, parse_regex, regex_shape


@pytest.mark.parametrize(
    ("regex", "max_len", "anchored"),
    [
        ("", 0, False),
        ("abc", 3, False),
        ("a|bcd|", 3, False),
        ("a{3}b{2,5}?c?", 9, False),
        ("a{2,}", None, False),
        ("(?:a*){0}", 0, False),
        ("(?:)*", 0, False),
        ("[a-c]+", None, False),
        (r"\d{4}\b", 4, False),
        (".", 4, False),
        ("[^a]", 4, False),
        ("é", 2, False),
        ("[à-ÿ€]", 3, False),
        (r"\x41\x{20ac}\101", 5, False),
        (r"\Qa.b{2}\E{3}", 8, False),  # the count is of the last character
        (r"\Qa(b\E", 3, False),
        (r"\C", 1, False),
        (r"\p{Greek}\PL", 8, False),
        ("{a}{,3}", 7, False),
        ("(?:x{2}){3}", 6, False),
        ("[]a]", 1, False),
        ("[^]a]", 4, False),
        ("[a-]", 1, False),
        (r"[\]x]", 1, False),
        ("[[:alpha:][:^digit:]]", 4, False),
        ("(?P<name>a)(?<other>b)", 2, False),
        ("(?i)k", 1, False),
        ("^a", 1, True),
        ("a$", 1, True),
        (r"a\z", 1, True),
        (r"\Aa", 1, True),
        ("(?:^|,)a", 2, False),
        ("(?:^|$)a", 1, True),
        ("a(?:;|$)", 2, False),
        ("(?:^a)?b", 2, False),
        ("(?:^a)+b", None, True),
    ],
)
def test_shape(regex: str, max_len: int | None, anchored: bool) -> None:
    re2.compile(regex)  # else the case itself is wrong
    assert regex_shape(regex) == RegexShape(max_len, anchored)


@pytest.mark.parametrize(
    "regex", ["(", ")", "*", "a|*", "[a", "[[:nope:]]", "\\", r"\x", "(?i", "(?P<a"]
)
def test_what_is_not_re2(regex: str) -> None:
    options = re2.Options()
    options.log_errors = False
    with pytest.raises(re2.error):
        re2.compile(regex, options)
    with pytest.raises(ValueError, match=r"."):
        parse_regex(regex)


def test_flags_end_with_their_group() -> None:
    regex = "a(?i:b(?-i)c)d(e(?i)f)g(?i)h"
    for text in ("abcdefgh", "aBcdeFgH"):
        assert re2.fullmatch(regex, text)
    folded = [chars for chars in _chars(regex) if len(chars) == 2]
    assert folded == [((66, 66), (98, 98)), ((70, 70), (102, 102)), ((72, 72), (104, 104))]


def _chars(regex: str) -> list[tuple[tuple[int, int], ...]]:
    found = []
    stack = [parse_regex(regex)]
    while stack:
        node = stack.pop()
        if node.kind == "chars":
            found.append(node.ranges)
        stack.extend(reversed(node.items))
    return found


def test_depth_costs_no_stack() -> None:
    assert regex_shape("(" * 20_000 + "ab" + ")" * 20_000) == RegexShape(2, False)
    assert len(repr(parse_regex("(" * 20_000 + ")" * 20_000))) < 100


ATOMS = st.sampled_from(
    [
        r"\d",
        r"\W",
        r"\s",
        ".",
        "a",
        "é",
        "[a-f0-9]",
        "[^x]",
        "[[:upper:]]",
        r"\x41",
        r"\.",
        "{",
        "[-_]",
    ]
)
COUNTS = st.sampled_from(["", "?", "*", "+", "{3}", "{2,}", "{0,4}?", "+?"])


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.tuples(st.sampled_from(["(", "(?:", "(?i:", "(?s:", "(?P<n>"]), inner, COUNTS)
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        groups.filter(lambda parts: "?P<" not in parts[1] or "?P<" not in parts[0]).map(
            lambda parts: f"{parts[0]}{parts[1]}){parts[2]}"
        ),
    )


REGEXES = st.recursive(st.tuples(ATOMS, COUNTS).map("".join), _wider, max_leaves=8)


@given(REGEXES, st.integers(0, 2**32))
def test_what_it_makes_re2_matches(regex: str, seed: int) -> None:
    regex = regex.replace("(?P<n>", "(")
    text = text_for(regex, random.Random(seed))
    options = re2.Options()
    options.max_mem = 64 * 1024 * 1024
    assert re2.compile(regex, options).fullmatch(text)
    max_len = regex_shape(regex).max_len
    assert max_len is None or len(text.encode()) <= max_len
