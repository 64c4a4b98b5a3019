"""Wrapped text: all of it is there once, in rows that fit, found as far as one looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from wsinspect.tui.draw.detail.hexdump import HexPage, byte_marks, step_for
from wsinspect.tui.draw.detail.wrapped import WrappedText, highlighted, needle_marks
from wsinspect.tui.draw.palette import plain

P = plain()
_TEXT = st.text(
    st.characters() | st.sampled_from("a \n\x1b\x00界🎉\u0301\u202e\u200d\ufe0f\u0627"),
    max_size=300,
)


def rows(page: WrappedText, width: int) -> list[str]:
    page.reach(10**6)
    return ["".join(s.text for s in page.line(i, width)) for i in range(page.count())]


@given(_TEXT, st.integers(10, 90), st.booleans())
def test_rows_fit_and_hold_all_of_the_text(text: str, width: int, numbers: bool) -> None:
    page = WrappedText(text, width, P, (), numbers)
    for row in rows(page, width):
        assert cell_len(row) <= width
        assert "\x1b" not in row
        assert "\n" not in row
    starts = [*page._starts, len(text)]
    assert starts == sorted(set(starts)) or not text
    assert page.done


@given(st.text(st.sampled_from("ab c"), max_size=400), st.integers(12, 40))
def test_plain_text_comes_back_whole(text: str, width: int) -> None:
    assert "".join(row[1:] for row in rows(WrappedText(text, width, P), width)) == text


def test_only_what_is_looked_at_is_wrapped() -> None:
    page = WrappedText("x" * 1_000_000, 80, P)
    page.reach(50)
    assert page.count() == 51
    assert not page.done
    page.reach(10**9)
    assert page.done


def test_line_numbers_stand_at_lines_not_at_rows() -> None:
    page = WrappedText("one two three four\nfive", 16, P, numbers=True)
    assert [row[:3].strip() for row in rows(page, 16)] == ["1", "", "2"]


def test_a_needle_across_two_rows_is_marked_in_both() -> None:
    marks = needle_marks("world", [], P)
    page = WrappedText("aaaaaaaworldbbbb", 12, P, marks)
    page.reach(10)
    styled = [[s.text for s in page.line(i, 12) if s.style == P.match] for i in range(page.count())]
    assert "".join(part for row in styled for part in row) == "world"
    assert len([row for row in styled if row]) == 2


@pytest.mark.parametrize(
    ("needle", "marked"),
    [("id", ["id", "ID"]), ("ID", ["ID"]), ("/i[a-z]=/", ["id="]), ("hex:6964", ["id"]), ("(", [])],
)
def test_bytes_are_marked_as_the_search_finds_them(needle: str, marked: list[str]) -> None:
    data = b"id=1 ID=2"
    found = [data[low:high] for spans, _ in byte_marks(needle, [], P) for low, high in spans(data)]
    assert found == [text.encode() for text in marked]


def test_masked_forms_are_marked_the_longest_first() -> None:
    marks = needle_marks("", ["***", "*****"], P)
    text = "a ***** b"
    places = [(start, end, style) for spans, style in marks for start, end in spans(text)]
    pieces = highlighted(text, 0, len(text), P.text, places)
    assert ("*****", P.hit) in pieces


@given(st.binary(max_size=300), st.integers(20, 120))
def test_hexadecimal_shows_every_byte_once(data: bytes, width: int) -> None:
    page = HexPage(data, width, P)
    digits = ""
    for index in range(page.count()):
        row = "".join(s.text for s in page.line(index, 200))
        assert row.startswith(f" {index * page.step:04x}  ")
        digits += "".join(row[7 : 7 + page.step * 3 + page.step // 8].split())
    assert digits == data.hex()


def test_hexadecimal_is_as_wide_as_there_is_room() -> None:
    assert [step_for(width, 100) for width in (80, 60, 40, 20)] == [16, 8, 4, 4]


def test_bytes_of_a_masked_form_are_marked_in_both_columns() -> None:
    page = HexPage(b"id=****-11;", 80, P, byte_marks("", ["****-11"], P))
    hit = "".join(s.text for s in page.line(0, 80) if s.style == P.hit)
    assert hit == "2a 2a 2a 2a 2d  31 31****-11"
    assert Style() != P.hit
