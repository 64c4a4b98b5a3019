"""Which rule wins, and overlapping replacements."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.actions import STRICTNESS, Decision, Wish, decide
from wsinspect.rules.actions.decide import merge_spans


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("log", "pass"),
        ("alert", "pass"),
        ("throttle", "pass"),
        ("tokenize", "redact"),
        ("hash", "redact"),
        ("mask", "redact"),
        ("redact", "redact"),
        ("block", "block"),
        ("close", "close"),
    ],
)
def test_each_action_by_itself(kind: str, action: str) -> None:
    decision = decide([Wish(3, kind)])
    assert decision.action == action
    assert decision.order == 3


def test_nothing_asked_for_passes() -> None:
    assert decide([]) == Decision("pass")


@pytest.mark.parametrize(
    ("strict", "mild"),
    [(a, b) for a, b in itertools.permutations(STRICTNESS, 2) if STRICTNESS[a] > STRICTNESS[b]],
)
def test_the_strictest_wins_whatever_the_order(strict: str, mild: str) -> None:
    for wishes in ([Wish(0, mild), Wish(1, strict)], [Wish(1, strict), Wish(0, mild)]):
        assert decide(wishes).order == 1


def test_the_stated_order() -> None:
    ranked = sorted(STRICTNESS, key=lambda kind: -STRICTNESS[kind])
    assert ranked[:2] == ["close", "block"]
    assert set(ranked[2:6]) == {"redact", "mask", "hash", "tokenize"}
    assert ranked[6:] == ["throttle", "alert", "log"]


def test_between_closes_the_first_rule_in_the_files_decides() -> None:
    wishes = [
        Wish(5, "close", 4001, "later"),
        Wish(2, "close", 1008, "first"),
        Wish(3, "block"),
    ]
    decision = decide(wishes)
    assert (decision.code, decision.reason, decision.order) == (1008, "first", 2)
    assert "first" not in repr(decision)


def test_the_lowest_rate_goes_along_with_everything_but_a_close() -> None:
    throttles = [
        Wish(0, "throttle", messages_per_second=10.0),
        Wish(1, "throttle", messages_per_second=2.0),
    ]
    assert decide(throttles).throttle == 2.0
    assert decide([*throttles, Wish(2, "mask")]) == Decision("redact", 2, throttle=2.0)
    assert decide([*throttles, Wish(2, "block")]).throttle == 2.0
    assert decide([*throttles, Wish(2, "close")]).throttle is None


def test_an_unknown_action_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        decide([Wish(0, "bloc")])


def test_separate_spans_stay_as_they_are_and_are_sorted() -> None:
    assert merge_spans([(8, 9, 0), (0, 2, 1), (2, 4, 0)]) == [(0, 2, 1), (2, 4, 0), (8, 9, 0)]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 6, 1), (4, 9, 0)], [(0, 9, 0)]),
        ([(0, 9, 1), (3, 4, 0)], [(0, 9, 0)]),  # nested: all of it goes
        ([(0, 3, 2), (2, 5, 1), (4, 8, 3)], [(0, 8, 1)]),
        ([(4, 4, 0), (3, 5, 1)], [(3, 5, 1)]),
        ([(4, 4, 0)], []),
    ],
)
def test_overlapping_spans(
    spans: list[tuple[int, int, int]], expected: list[tuple[int, int, int]]
) -> None:
    for order in itertools.permutations(spans):
        assert merge_spans(order) == expected


some_spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(0, 5)), max_size=12
)


@given(some_spans)
def test_merged_spans_are_disjoint_and_cover_just_what_was_asked(
    raw: list[tuple[int, int, int]],
) -> None:
    spans = [(start, start + size, order) for start, size, order in raw]
    merged = merge_spans(spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(merged))
    covered = {i for start, end, _ in merged for i in range(start, end)}
    assert covered == {i for start, end, _ in spans for i in range(start, end)}
    for start, end, order in merged:
        assert order == min(its for begin, _, its in spans if start <= begin < end)
