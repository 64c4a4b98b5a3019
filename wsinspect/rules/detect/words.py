"""Words and dictionaries as patterns.

Owns: what a whole word is, in any script. Must not know: rule files, engines.

A word is found whatever its case is, with any white space where it has some, and only whole: no
letter, digit or underscore may touch it. Scripts that put no spaces between words (Han, kana,
Thai, Lao, Khmer, Burmese) and Hangul, which hangs particles on a word, are not held to that.

A dictionary becomes an alternation for each :data:`WORDS_A_PATTERN` words: the scanner looks for
all of them at once, and none of its patterns grows beyond what RE2 compiles in little memory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import batched
from typing import Final

import re2

from wsinspect.rules.detect.pattern import Context, Pattern

__all__ = ["MAX_WORD_LEN", "WORDS_A_PATTERN", "word_patterns"]

WORDS_A_PATTERN: Final = 500
MAX_WORD_LEN: Final = 200  # characters
_SPACE: Final = r"[\s\x{a0}\x{2000}-\x{200a}\x{202f}\x{3000}]"
_SPACES: Final = 4  # at most so many of them for one
_SPACELESS: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x31FF),  # kana, Bopomofo, Hangul letters
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),  # Hangul
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # kana of half width
    (0x20000, 0x3FFFF),
)


def word_patterns(id: str, words: Iterable[str]) -> tuple[Pattern, ...]:  # noqa: A002
    """Patterns, all of them named ``id``, that together find each of ``words``.

    Raises:
        ValueError: no word, an empty one, or one of more than 200 characters.
    """
    unique: dict[str, str] = {}
    for number, word in enumerate(words, 1):
        parts = word.split()
        if not parts:
            raise ValueError(f"word {number} is empty")
        if len(word) > MAX_WORD_LEN:
            raise ValueError(f"word {number} is longer than {MAX_WORD_LEN} characters")
        plain = " ".join(parts)
        unique.setdefault(plain.lower(), plain)
    if not unique:
        raise ValueError("no words")
    # Backwards, so that a word comes before its own begin: RE2 takes the first that matches.
    ordered = [unique[key] for key in sorted(unique, reverse=True)]
    return tuple(_pattern(id, chunk) for chunk in batched(ordered, WORDS_A_PATTERN))


def _pattern(name: str, words: tuple[str, ...]) -> Pattern:
    return Pattern(
        id=name,
        regex="(?i)(?:" + "|".join(_regex(word) for word in words) + ")",
        check=_is_whole,
        max_len=max(map(_longest, words)),
        say="word",
    )


def _regex(word: str) -> str:
    """RE2's word boundary knows ASCII only; it goes where it can, the check sees the rest."""
    begin = r"\b" if _is_ascii_word(word[0]) else ""
    end = r"\b" if _is_ascii_word(word[-1]) else ""
    space = f"{_SPACE}{{1,{_SPACES}}}"
    return begin + space.join(str(re2.escape(part)) for part in word.split(" ")) + end


def _longest(word: str) -> int:
    """Bytes of the longest match: another case of a letter may take up to three."""
    return sum(3 * _SPACES if char == " " else max(3, len(char.encode())) for char in word)


def _is_ascii_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _is_whole(context: Context) -> bool:
    data, start, end = context.data, context.start, context.end
    before = data[max(0, start - 4) : start]
    after = data[end : end + 4]
    if before.isascii() and after.isascii() and data[start] < 0x80 and data[end - 1] < 0x80:
        return not (
            (_joins(chr(data[start])) and before and _joins(chr(before[-1])))
            or (_joins(chr(data[end - 1])) and after and _joins(chr(after[0])))
        )
    word = context.secret.decode(errors="ignore")
    return not (
        _touch(before.decode(errors="ignore")[-1:], word[:1])
        or _touch(word[-1:], after.decode(errors="ignore")[:1])
    )


def _touch(left: str, right: str) -> bool:
    """Whether the two characters are parts of one word."""
    return bool(left and right) and _joins(left) and _joins(right)


def _joins(char: str) -> bool:
    """Whether words of its script go on with it."""
    if char.isascii():
        return char.isalnum() or char == "_"
    code = ord(char)
    if any(low <= code <= high for low, high in _SPACELESS):
        return False
    return unicodedata.category(char)[0] in "LNM"
