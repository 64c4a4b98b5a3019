"""Marked text takes exactly its width, stays harmless, and shows what was marked."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.spans import Marked, marked, places, wherever

PLAIN, FOUND, OTHER = Style(), Style(bold=True), Style(underline=True)
texts = st.text(st.sampled_from("ab ⚽東é\u0301\x1b\u202e\n{}\u200bZ"), max_size=80)


@given(texts, texts, st.integers(0, 60))
def test_exact_width_and_harmless(text: str, part: str, width: int) -> None:
    segments = marked(text, width, PLAIN, [Marked(wherever(part), FOUND)])
    drawn = "".join(segment.text for segment in segments)
    assert cell_len(drawn) == width
    assert all(unicodedata.category(char)[0] != "C" for char in drawn)


@given(texts, st.integers(0, 60))
def test_without_marks_it_is_clipped_text(text: str, width: int) -> None:
    drawn = "".join(segment.text for segment in marked(text, width, PLAIN))
    assert drawn.rstrip(" ") == clip(text, width).rstrip(" ")


@given(st.integers(0, 300), st.integers(8, 60))
def test_the_first_marked_part_is_seen(before: int, width: int) -> None:
    text = "東" * (before // 2) + "." * (before // 2) + "needle" + "-" * 100
    segments = marked(text, width, PLAIN, [Marked(wherever("needle"), FOUND)])
    assert [s.text for s in segments if s.style == PLAIN + FOUND] == ["needle"]


def test_every_place_is_marked_once_and_the_first_mark_wins() -> None:
    marks = [Marked(wherever("abc"), FOUND), Marked(wherever("bcd"), OTHER)]
    assert places("abcd bcd abc", marks) == [(0, 3, FOUND), (5, 8, OTHER), (9, 12, FOUND)]
    drawn = marked("abcd bcd abc", 12, PLAIN, marks)
    assert [s.text for s in drawn if s.style is not None and s.style.bold] == ["abc", "abc"]
    assert [s.text for s in drawn if s.style is not None and s.style.underline] == ["bcd"]
