"""Numbers stay within their columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.tui.draw.figures import count, duration, pulse, rate, size, size_unit, sparkline

numbers = st.integers(0, 2**70)


@given(numbers)
def test_widths(number: int) -> None:
    assert len(count(number)) <= 6
    assert len(size(number)) <= 5


@given(st.floats(0, 9e15))
def test_rates_and_durations_fit_six_cells(value: float) -> None:
    assert len(rate(value)) <= 7
    if value < 100 * 86_400:
        assert len(duration(value)) <= 6


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (9.94, "9.9s"),
        (9.96, "9s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (3599, "59m59s"),
        (3600, "1h00m"),
        (90_000, "1d01h"),
        (-3, "0.0s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (999_999, "1.00 MB"), (12_345_678, "12.3 MB")],
)
def test_size_unit(number: int, text: str) -> None:
    assert size_unit(number) == text


def test_sparkline_scales_to_its_peak() -> None:
    assert sparkline([0, 1, 4, 8]) == " ▁▄█"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "  "


def test_pulse_doubles() -> None:
    assert pulse([0, 1, 2, 3, 4, 127, 128, 10**9]) == " ▁▂▂▃▇██"
