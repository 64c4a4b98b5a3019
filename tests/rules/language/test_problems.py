"""A problem is one line, and guesses what was meant."""

from __future__ import annotations

import pytest

from wsinspect.rules.language.ast import ACTIONS, DIRECTIONS
from wsinspect.rules.language.problems import (
    MAX_PROBLEMS,
    Problem,
    Report,
    RuleFileError,
    quoted,
    suggestion,
)


def test_its_form() -> None:
    assert str(Problem("a.yaml", 3, "unknown x", "did you mean y?")) == (
        "a.yaml:3: unknown x – did you mean y?"
    )
    assert str(Problem("a.yaml", 3, "bad")) == "a.yaml:3: bad"


def test_the_error_is_one_line_a_problem() -> None:
    error = RuleFileError([Problem("a", 1, "x"), Problem("b", 2, "y")])
    assert str(error) == "a:1: x\nb:2: y"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("masq", "mask"), ("Redact", "redact"), ("tokenise", "tokenize"), ("drop", "block"),
        ("blok", "block"), ("throtle", "throttle"), ("kill", "close"),
    ],
)  # fmt: skip
def test_a_near_name(name: str, meant: str) -> None:
    assert suggestion(name, ACTIONS) == f"did you mean {meant}?"


@pytest.mark.parametrize("name", ["to-server", "TO_SERVER", "outbound", "to_sever", "egress"])
def test_directions_have_many_names(name: str) -> None:
    assert suggestion(name, DIRECTIONS) == "did you mean to_server?"


def test_nothing_near_lists_what_there_is() -> None:
    assert suggestion("zzz", DIRECTIONS) == "known: to_client, to_server"
    assert suggestion("zzz", [f"x{i}" for i in range(100)]) == ""
    assert suggestion("zzz", []) == ""


def test_a_synonym_of_something_else_is_no_hint() -> None:
    assert suggestion("uri", DIRECTIONS) == "known: to_client, to_server"


def test_quoted_is_short_and_printable() -> None:
    assert quoted("a\nb\x1b[31m") == '"a\\nb\\x1b[31m"'
    assert len(quoted("x" * 1000)) == 62


def test_by_file_and_line_and_each_once() -> None:
    report = Report()
    for file, line in [("b", 1), ("a", 10), ("a", 2), ("a", 2)]:
        report.add(file, line, "x")
    assert [(p.file, p.line) for p in report.problems] == [("a", 2), ("a", 10), ("b", 1)]


def test_very_many_are_counted() -> None:
    report = Report()
    assert not report
    for line in range(MAX_PROBLEMS + 7):
        report.unknown("a", line, "key", f"kye{line}", ["key"])
    assert report
    assert len(report.problems) == MAX_PROBLEMS + 1
    assert report.problems[-1].what == "… and 7 more problems"
