"""Examples for regexes."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.tools.sample import sample


@pytest.mark.parametrize(
    "regex",
    [
        "plain",
        r"^api[0-9]+\.(?:eu|us)\.example$",
        r"(?i)^/v\d+/chat/.*$",
        r"one|two",
        r"^([a-z]+-\w{2,3}|x)\.x?$",
        r"^[^a/]{3}[\d_]+$",
        r"\A(?P<name>[[:alpha:]]+)\b\s\Qa.b|\E\z",
        r"^a{3}(?:b(?:c|d){2,}e*?)+?$",
        r"^[]a]\]\)$",
        r"^(?i:x)y$",
        r"a{,3}",
        "",
    ],
)
def test_the_sample_matches(regex: str) -> None:
    assert re2.search(regex, sample(regex)) is not None


@pytest.mark.parametrize("regex", ["x" * 257, "(" * 300, "(?:" * 80 + "x", "a{1000}" * 30])
def test_no_guess_about_monsters(regex: str) -> None:
    assert len(sample(regex)) <= 256


@given(st.text("ab1.*+?()[]{}|\\^$:<P>,-dwQE", max_size=40))
def test_any_text_is_read(regex: str) -> None:
    assert len(sample(regex)) <= 256


_atoms = st.sampled_from(["a", r"\.", ".", r"\d", r"\w", "[a-c]", "[^x]", "[0-9]", "^", r"\-"])
_regexes = st.recursive(
    st.tuples(_atoms, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}"])).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
    ),
    max_leaves=8,
)


@given(_regexes)
def test_what_it_knows_it_knows(regex: str) -> None:
    plain = regex.replace("^", "")  # an edge in the middle matches nothing
    text = sample(plain)
    # An atom that is repeated without one to repeat ("*" after an edge) is no regex at all.
    try:
        compiled = re2.compile(plain, log_options())
    except re2.error:
        return
    assert compiled.fullmatch(text) is not None


def log_options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options
