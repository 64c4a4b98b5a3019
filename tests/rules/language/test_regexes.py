"""Users' patterns: what RE2 refuses is told with what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.language.regexes import check_json_path, check_regex, parse_size
from wsinspect.rules.views.jsonpath import parse_json_path


@pytest.mark.parametrize(
    "regex",
    [
        ".+", "a", r"\bAKIA[A-Z2-7]{16}\b", r"(?i)key=(\w+)", r"\p{Cyrillic}+", r"\x{20AC}",
        r"^[0-9]+$", r"(?P<name>x)", "é", r"\\C", r"\Q\C\Eab", r"a\Q\C", "a{1000}",
    ],
)  # fmt: skip
def test_good_ones(regex: str) -> None:
    assert check_regex(regex) is None


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        ("(?=a)b", "look-around"),
        ("(?!a)b", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "backreferences"),
        (r"(?P<q>a)(?P=q)", "backreferences"),
        (r"(?<q>a)\k<q>", "backreferences"),
        ("a++", "possessive"),
        ("(?>a)", "atomic"),
        (r"\u20ac", r"\x{20AC}"),
        (r"a\Z", r"\z"),
        ("a{1001}", "1000 times"),
        ("(a", r"missing ): (a – a literal parenthesis is \("),
        ("*a", "no argument"),
        (r"\Ca", "cuts characters apart"),
        (r"\QC\E\Ca", "cuts characters apart"),
        ("a*", "empty text, so it would match anywhere – use + in place of *"),
        ("", "empty text"),
        (r"\b", "empty text"),
        ("^$", "empty text"),
        ("x?", "empty text"),
        (r"(?m)$", "empty text"),
        ("a|", "empty text"),
        ("x" * 16_385, "more than 16,384 characters"),
    ],
)
def test_bad_ones(regex: str, said: str) -> None:
    wrong = check_regex(regex)
    assert wrong is not None
    assert said in " – ".join(wrong)
    assert "\n" not in wrong[0]


def test_a_newline_in_a_pattern_stays_out_of_the_message() -> None:
    wrong = check_regex("(a\n\x1b[31m")
    assert wrong is not None
    assert wrong[0].isprintable()


@given(st.text(max_size=30))
def test_any_pattern_gets_an_answer(regex: str) -> None:
    wrong = check_regex(regex.encode(errors="ignore").decode())
    assert wrong is None or wrong[0].isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "$", "$.a", "$.a.b[0]", '$..["a b"]', "$..[0]", "$..password", "$.a..b", "$[*]", "$.*",
        "$..*", "$[10].x[*]",
        '$["we ird"]', "$['x']", r'$["a\"b"].c', "$.a-b", "$.名", "$.a_1",
        "$.payload.variables..password",
    ],
)  # fmt: skip
def test_json_paths(path: str) -> None:
    assert check_json_path(path) is None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a.b", 'begins with $ – did you mean "$.a.b"?'),
        ("", "begins with $"),
        ("$a", 'from "a" on'),
        ("$.", 'from "." on'),
        ("$.a.", 'from "." on'),
        ("$...a", "not understood"),
        ("$[", "not understood"),
        ("$[01]", "not understood"),
        ("$[-1]", "indices count from 0"),
        ("$[?(@.x)]", "not understood"),
        ("$.a b", 'from " b" on'),
        ('$["a]', "not understood"),
        ("$[1:2]", "not understood"),
        ("$" + ".a" * 512, "more than 1024 characters"),
        ("$.1a", "not understood"),
        (r'$["\q"]', "not understood"),
        (r'$["\ud800"]', "not understood"),
        ("$['a\\'b']", "not understood"),
    ],
)
def test_bad_json_paths(path: str, said: str) -> None:
    wrong = check_json_path(path)
    assert wrong is not None
    assert said in " – ".join(wrong)


STEPS = st.sampled_from(
    [".a", "..b-1", "[0]", "[*]", ".*", "..*", '["x"]', "['y z']", '["\\n"]', '["\\q"]', "..[0]",
     '..["x"]', "[", "]", ".", "$", " ", "*", "1", '"', "é", "_", "..['']"]
)  # fmt: skip


@given(st.lists(STEPS, max_size=6).map(lambda steps: "$" + "".join(steps)))
def test_every_good_json_path_is_one_for_the_views_too(path: str) -> None:
    if check_json_path(path) is None:
        assert parse_json_path(path).text == path


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        (">1MiB", (1 << 20) + 1, None), (">=10k", 10_240, None), ("<100", 0, 99),
        ("<=100", 0, 100), ("1k..1M", 1024, 1 << 20), ("100", 100, 100), ("=5", 5, 5),
        ("==5B", 5, 5), ("> 2 kB", 2001, None), ("1.5KiB", 1536, 1536), ("..1k", 0, 1024),
        ("1k..", 1024, None), ("0", 0, 0), (">0", 1, None), ("1 gb", 10**9, 10**9),
        ("<1", 0, 0), ("0.5k..1k", 512, 1024),
    ],
)  # fmt: skip
def test_sizes(text: str, least: int, most: int | None) -> None:
    assert parse_size(text) == (least, most)


@pytest.mark.parametrize(
    "text",
    ["", "x", "1x", "1ib", "-1", ">", "..", "2..1", "<0", "1.5", "1..2..3", "1e3", "0.5..2",
     ">1MiB x", " " * 100 + "1", "1" * 13],
)  # fmt: skip
def test_bad_sizes(text: str) -> None:
    assert parse_size(text) is None
