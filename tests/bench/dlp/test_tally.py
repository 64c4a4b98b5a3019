"""Counting, and when a target is met."""

from __future__ import annotations

import pytest

from bench.dlp.cases import Case, Line, single
from bench.dlp.scan import Answer, Finding
from bench.dlp.tally import NONE, Goal, Row, by_group, count, misses, outcomes, table


def said(*detectors: str, error: str = "") -> Answer:
    return Answer("pass", tuple(Finding("r", each, "$", 0, 1) for each in detectors), error)


CASES = [
    Case("a", (Line("x"), Line("y")), "card"),
    single("a", "z", "card"),
    single("b", "n", "card", positive=False),
]
RESULTS = outcomes(CASES, [[said(), said("card")], [said("iban")], [said("iban")]])


def test_a_finding_in_any_message_of_a_case_counts() -> None:
    assert [(each.hit, each.any) for each in RESULTS] == [
        (True, True),
        (False, True),
        (False, True),
    ]


def test_rows() -> None:
    assert count("s", "n", RESULTS).hits == 1
    assert count("s", "n", RESULTS, any_detector=True).hits == 3
    assert [(row.name, row.hits, row.cases) for row in by_group("s", RESULTS)] == [
        ("a", 1, 2),
        ("b", 0, 1),
    ]


@pytest.mark.parametrize(
    ("hits", "cases", "goal", "good"),
    [
        (99, 100, Goal(least=0.99), True),
        (98, 100, Goal(least=0.99), False),
        (1, 100, Goal(most=0.01), True),
        (2, 100, Goal(most=0.01), False),
        (0, 100, Goal(most=0.0), True),
        (0, 0, Goal(most=0.0), False),
        (0, 0, Goal(least=0.99), False),
        (0, 0, NONE, True),
    ],
)
def test_goals(hits: int, cases: int, goal: Goal, *, good: bool) -> None:
    assert Row("s", "n", cases, hits, goal).good is good


def test_the_table_says_what_is_missed() -> None:
    text = "\n".join(table([Row("s", "n", 10, 9, Goal(least=0.99)), Row("s", "m", 10, 10)]))
    assert "9 of     10   90.00%  at least 99.0%   MISSED" in text
    assert text.count("MISSED") == 1


def test_misses_are_grouped_and_both_kinds_shown() -> None:
    wrong = outcomes(
        [*CASES, single("b", "m", "card", positive=False)],
        [[said("card"), said()], [said()], [said("card")], [said("card")]],
    )
    lines = misses(wrong, 10)
    assert lines == [
        "       2 × b / card: said card: 'n'",
        "       1 × a / card: said nothing: 'z'",
    ]
    assert misses(wrong, 1)[-1] == "    … and 1 groups more"


def test_an_error_is_a_miss() -> None:
    (line,) = misses(outcomes([CASES[1]], [[said("card", error="what")]]), 5)
    assert "said what" in line
