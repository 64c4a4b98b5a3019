"""Pauses that keep to a rate; no clock runs here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.actions import Throttle

S = 1_000_000_000


def test_the_first_goes_at_once_and_the_next_wait_their_turn() -> None:
    throttle = Throttle(2)
    assert [throttle.pause_s(1, 0) for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_no_burst_after_a_quiet_time() -> None:
    throttle = Throttle(1)
    throttle.pause_s(1, 0)
    assert [throttle.pause_s(1, 100 * S) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_a_batch_is_as_many_messages() -> None:
    throttle = Throttle(10)
    assert throttle.pause_s(11, 0) == pytest.approx(1.0)
    assert throttle.pause_s(1, S) == pytest.approx(0.1)


def test_no_message_moves_nothing() -> None:
    throttle = Throttle(1)
    assert throttle.pause_s(0, 0) == 0.0
    assert throttle.pause_s(1, 0) == 0.0
    assert throttle.pause_s(0, S // 2) == 0.0
    assert throttle.pause_s(1, S // 2) == 0.5


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Throttle(rate)


@given(st.lists(st.tuples(st.integers(0, 3 * S), st.integers(1, 5)), max_size=30))
def test_who_waits_as_told_is_never_faster_than_the_rate(arrivals: list[tuple[int, int]]) -> None:
    throttle = Throttle(4)
    now = sent = 0
    first: float | None = None
    for later, messages in arrivals:
        now += later
        now += round(throttle.pause_s(messages, now) * S)
        sent += messages
        if first is None:
            first = now - (messages - 1) * S / 4
        assert sent - 1 <= (now - first) / S * 4 + 1e-3
