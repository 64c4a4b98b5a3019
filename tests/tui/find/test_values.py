"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.tui.find.values import Span, duration, per_second, size, span, times, whole


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("1k", 1_000), ("1K", 1_000), ("1.5M", 1_500_000), ("10MB", 10_000_000),
        ("4Ki", 4_096), ("4KiB", 4_096), ("1gib", 1 << 30), ("7b", 7), ("1_000", 1_000),
        ("", None), ("k", None), ("1q", None), ("1kk", None), ("-1", None), ("1e3", None),
        ("i", None), ("1i", None), ("٣", None),
    ],
)  # fmt: skip
def test_size(text: str, number: float | None) -> None:
    assert size(text) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5), ("250ms", 0.25), ("5m", 300), ("1m30s", 90), ("1h", 3_600), ("2d", 172_800),
        ("1.5h", 5_400), ("10us", 1e-5), ("10µs", 1e-5), ("1min", 60), ("1m30", None), ("", None),
        ("m", None), ("5parsec", None), ("1s1s1s1s1s", None),
    ],
)  # fmt: skip
def test_duration(text: str, seconds: float | None) -> None:
    assert duration("s")(text) == pytest.approx(seconds)


def test_default_units() -> None:
    assert duration("ms")("100") == pytest.approx(0.1)
    assert per_second("10/s") == 10
    assert times("2.5x") == 2.5
    assert times("x") is None
    assert whole("0x1F") == 31
    assert whole("1.5") is None


@pytest.mark.parametrize(
    ("operator", "text", "expected"),
    [
        (":", "5", Span(5, 5)),
        (">", "5", Span(low=5, low_open=True)),
        ("<=", "5", Span(high=5)),
        (":", "1-5", Span(1, 5)),
        (":", "1..5", Span(1, 5)),
        (":", "1.5-2.5k", Span(1.5, 2_500)),
        (":", "4000..", Span(low=4_000)),
        (":", "..9", Span(high=9)),
        (":", "5-1", None),
        (">", "1-5", None),
        (":", "-", None),
        (":", "a-b", None),
    ],
)
def test_span(operator: str, text: str, expected: Span | None) -> None:
    assert span(operator, text, size) == expected


@given(
    st.sampled_from([":", ">", ">=", "<", "<="]), st.integers(0, 50), st.integers(0, 50)
)  # fmt: skip
def test_span_is_the_comparison(operator: str, asked: int, number: int) -> None:
    found = span(operator, str(asked), size)
    assert found is not None
    expected = {
        ":": number == asked, ">": number > asked, ">=": number >= asked,
        "<": number < asked, "<=": number <= asked,
    }[operator]  # fmt: skip
    assert found.test()(number) is expected
