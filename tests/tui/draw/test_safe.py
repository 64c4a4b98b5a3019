"""Nothing that a peer sends reaches the terminal as a command."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wsinspect.tui.draw.cells import clip, fit, wrap
from wsinspect.tui.draw.safe import INVISIBLE, MARKS_MAX, UNDECODABLE, safe, safe_bytes

any_text = st.text(alphabet=st.characters(), max_size=80)  # lone surrogates too


def is_harmless(text: str) -> bool:
    return all(unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029" for char in text)


@given(any_text)
def test_no_control_format_or_surrogate_survives(text: str) -> None:
    assert is_harmless(safe(text))


@given(any_text)
def test_safe_twice_is_safe_once(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@given(st.binary(max_size=80))
def test_any_bytes_are_harmless(data: bytes) -> None:
    assert is_harmless(safe_bytes(data))


@given(any_text, st.integers(0, 60), st.booleans())
def test_fit_takes_exactly_its_width(text: str, width: int, right: bool) -> None:
    fitted = fit(text, width, right)
    assert cell_len(fitted) == width
    assert is_harmless(fitted)


@given(any_text, st.integers(0, 60))
def test_clip_takes_at_most_its_width(text: str, width: int) -> None:
    assert cell_len(clip(text, width)) <= width


@given(any_text, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join(lines) == safe(text)
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("sent", "drawn"),
    [
        ("plain ASCII", "plain ASCII"),
        ("\x1b[2J\x1b]0;owned\x07", "␛[2J␛]0;owned␇"),
        ("a\x00b", "a␀b"),
        ("\x9b31m", f"{UNDECODABLE}31m"),
        ("two\nlines\tand\r", "two↵lines⇥and␍"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("user\u202egnp.exe", f"user{INVISIBLE}gnp.exe"),
        ("zero\u200bwidth", f"zero{INVISIBLE}width"),
        ("tag\U000e0041", f"tag{INVISIBLE}"),
        ("\ud800", UNDECODABLE),
        ("héllo 東京 ⚽", "héllo 東京 ⚽"),
        ("❤\ufe0f", "❤"),
        ("non\u00a0breaking", "non breaking"),
        ("line\u2028separator", "line↵separator"),
        ("\u0301", f"{INVISIBLE}\u0301"),
    ],
)
def test_what_is_drawn(sent: str, drawn: str) -> None:
    assert safe(sent) == drawn


def test_a_stack_of_marks_is_cut() -> None:
    assert safe("a" + "\u0301" * 500 + "b") == "a" + "\u0301" * MARKS_MAX + "b"


def test_invalid_utf8_is_shown_as_such() -> None:
    assert safe_bytes(b"caf\xe9!") == f"caf{UNDECODABLE}!"


def test_a_cut_wide_character_is_replaced_not_halved() -> None:
    assert fit("東京都", 5) == "東京…"
    assert fit("東京都", 4) == "東… "
