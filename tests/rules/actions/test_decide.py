"""Which rule wins, and overlapping replacements."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.actions import STRICTNESS, Decision, Edit, Wish, decide, merge_edits
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


def test_separate_edits_stay_as_they_are_and_are_sorted() -> None:
    edits = [Edit(8, 9, b"C", 0), Edit(0, 2, b"A", 1), Edit(2, 4, b"B", 0)]
    assert merge_edits(edits) == [(0, 2, b"A"), (2, 4, b"B"), (8, 9, b"C")]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([Edit(0, 6, b"A", 1), Edit(4, 9, b"B", 0)], [(0, 9, b"B")]),
        ([Edit(0, 6, b"A", 0), Edit(4, 9, b"B", 0)], [(0, 9, b"A")]),
        ([Edit(0, 9, b"A", 1), Edit(3, 4, b"B", 0)], [(0, 9, b"B")]),  # nested: all of it goes
        ([Edit(0, 3, b"A", 2), Edit(2, 5, b"B", 1), Edit(4, 8, b"C", 3)], [(0, 8, b"B")]),
        ([Edit(4, 4, b"A", 0), Edit(3, 5, b"B", 1)], [(3, 5, b"B")]),
        ([Edit(4, 4, b"A", 0)], []),
    ],
)
def test_overlapping_edits(edits: list[Edit], expected: list[tuple[int, int, bytes]]) -> None:
    for order in itertools.permutations(edits):
        assert merge_edits(order) == expected


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(0, 5)), max_size=12)


@given(spans)
def test_merged_edits_are_disjoint_and_cover_just_what_was_asked(
    raw: list[tuple[int, int, int]],
) -> None:
    edits = [Edit(s, s + n, bytes([65 + i]), o) for i, (s, n, o) in enumerate(raw)]
    merged = merge_edits(edits)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(merged))
    covered = {i for s, e, _ in merged for i in range(s, e)}
    assert covered == {i for edit in edits for i in range(edit.start, edit.end)}
    for start, end, replacement in merged:
        inside = [edit for edit in edits if start <= edit.start < end]
        winner = next(edit for edit in edits if edit.replacement == replacement)
        assert winner in inside
        assert winner.order == min(edit.order for edit in inside)
    assert [(s, e) for s, e, _ in merged] == [
        (s, e) for s, e, _ in merge_spans((edit.start, edit.end, edit.order) for edit in edits)
    ]


def test_an_edit_does_not_show_its_replacement() -> None:
    assert "1111" not in repr(Edit(0, 4, b"***1111", 0))
