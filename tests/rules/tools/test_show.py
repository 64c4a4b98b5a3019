"""What tools may write to a terminal and a CI log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.tools.show import (
    count,
    cut,
    first_difference,
    masked_text,
    printable,
    table,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – ü", "plain – ü"),
        ("\x1b[31mred\n", "\\u001b[31mred\\u000a"),
        ("a\u202eb\ud800", "a\\u202eb\\ud800"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_cut() -> None:
    assert (cut("abcd", 4), cut("abcde", 4)) == ("abcd", "abc…")


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 rules"), (1, "1 rule"), (2, "2 rules"), (1204, "1,204 rules")]
)
def test_count(number: int, words: str) -> None:
    assert count(number, "rule") == words


def test_count_of_other_plurals() -> None:
    assert (count(1, "match", "matches"), count(2, "match", "matches")) == ("1 match", "2 matches")


def test_table() -> None:
    drawn = table(("rule", "n"), [("a", "10"), ("longer", "2")], right={1})
    assert drawn == "rule     n\na       10\nlonger   2\n"
    assert table(("a", "b"), [("x", "")]) == "a  b\nx\n"


class TestMaskedText:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("pay 4111 1111 1111 1112", '"pay **** **** **** ****"'),
            ('{"k":"AKIALALEMEL33243OLIB"}', '"{"k":"********************"}"'),
            ("wJalrXUtnFEMI/KMDENG/bPxRfiCY", '"*************/******/********"'),
            ("key [redacted] and so on", '"key [redacted] and so on"'),
            ("line\nend", '"line\\u000aend"'),
            ("antidisestablishment", '"********************"'),
        ],
    )
    def test_what_could_be_a_secret(self, text: str, shown: str) -> None:
        assert masked_text(text) == shown

    def test_what_was_found_however_plain(self) -> None:
        assert masked_text(
            "user: hunter, pw: open sesame", ["open", "open sesame", "hunter", ""]
        ) == ('"user: ******, pw: **** ******"')

    @given(st.text(max_size=30), st.text("abcdef1234567890", min_size=13, max_size=30), st.text())
    def test_never_the_secret(self, before: str, secret: str, after: str) -> None:
        assert secret not in masked_text(f"{before}{secret}{after}")


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        ("pay ****", "pay 4111", "at character 4: a digit, not *"),
        ("pay 1", "pay 1!", "at character 5: !, not the end"),
        ("pay it", "pay", "at character 3: the end, not a space"),
        ("a\x1b", "ab", "at character 1: a letter, not \\u001b"),
    ],
)
def test_first_difference(expected: str, got: str, words: str) -> None:
    assert first_difference(expected, got) == words
