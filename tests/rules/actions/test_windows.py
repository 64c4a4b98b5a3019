"""Thresholds over time."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.actions import Windows

S = 1_000_000_000


def test_it_is_met_from_the_count_th_finding_on() -> None:
    windows = Windows()
    met = [
        windows.add("r", "c", ["x"], at * S, count=3, unique=False, seconds=60) for at in range(5)
    ]
    assert met == [False, False, True, True, True]


def test_several_findings_of_one_message_count_each() -> None:
    windows = Windows()
    assert windows.add("r", "c", ["x", "x", "x"], 0, count=3, unique=False, seconds=1)


def test_unique_counts_values_not_findings() -> None:
    windows = Windows()
    for _ in range(9):
        assert not windows.add("r", "c", ["a", "b"], 0, count=3, unique=True, seconds=60)
    assert windows.add("r", "c", ["c"], 0, count=3, unique=True, seconds=60)


def test_what_is_older_than_the_window_does_not_count() -> None:
    windows = Windows()
    assert not windows.add("r", "c", ["a"], 0, count=2, unique=False, seconds=10)
    assert not windows.add("r", "c", ["b"], 10 * S, count=2, unique=False, seconds=10)
    assert windows.add("r", "c", ["c"], 19 * S, count=2, unique=False, seconds=10)


def test_a_value_seen_again_is_as_young_as_its_latest_sight() -> None:
    windows = Windows()
    for at, value in ((0, "a"), (8, "a"), (12, "b")):
        met = windows.add("r", "c", [value], at * S, count=2, unique=True, seconds=10)
    assert met


def test_rules_and_keys_are_counted_apart() -> None:
    windows = Windows()
    for rule, key in (("r", "c"), ("r", "d"), ("s", "c")):
        assert not windows.add(rule, key, ["x"], 0, count=2, unique=False, seconds=60)


def test_it_is_bounded_and_the_longest_unused_goes_first() -> None:
    windows = Windows(max_keys=3)
    for key in ("a", "b", "c", "a", "d"):
        windows.add("r", key, ["x"], 0, count=3, unique=False, seconds=60)
    assert len(windows) == 3
    assert windows.add("r", "a", ["x"], 0, count=3, unique=False, seconds=60)
    assert not windows.add("r", "b", ["x"], 0, count=2, unique=False, seconds=60)


steps = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), max_size=30)


@given(steps, st.integers(1, 4), st.booleans(), st.integers(1, 8))
def test_against_keeping_everything(
    steps: list[tuple[int, str]], count: int, unique: bool, seconds: int
) -> None:
    windows = Windows()
    seen: deque[tuple[int, str]] = deque()
    now = 0
    for later, value in steps:
        now += later
        seen.append((now, value))
        young = [value for at, value in seen if at > now - seconds]
        expected = len(set(young) if unique else young) >= count
        got = windows.add("r", "c", [value], now * S, count=count, unique=unique, seconds=seconds)
        assert got is expected
