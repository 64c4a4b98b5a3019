"""A text as people read it: without what cannot be seen, with look-alikes as what they look like.

Owns: telling whether a text needs that, doing it, the way back for an edit. Must not know: the
tables' contents, JSON.

Most texts that are not ASCII (emoji, accents, whole sentences of another script) need nothing: a
view is made only where such a character stands in the middle of ASCII, or has no other use.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Final, override

from wsinspect.rules.views.lookalikes import (
    AS_DIGITS,
    COMBINING,
    COMPATIBLE,
    DASHES,
    DIGITS,
    FLAGS,
    INVISIBLE,
    LETTERS,
    SMALL,
    SPACES,
    TAGS,
)
from wsinspect.rules.views.view import MAPPED, Edit, Origin, Piece, View, map_back

__all__ = ["FoldedView", "fold", "places"]


def _expanded(ranges: str) -> list[int]:
    """The code points of a class that is written as characters and ranges."""
    points: list[int] = []
    for found in re.finditer(r"(.)(?:-(.))?", ranges, re.DOTALL):
        points.extend(range(ord(found[1]), ord(found[2] or found[1]) + 1))
    return points


# No ordinary text uses these: ligatures and signs like "No" in one character do occur.
_WHOLE_USE = {
    code: plain
    for code, plain in COMPATIBLE.items()
    if not 0xFB00 <= code <= 0xFB06
    and (len(plain) == 1 or code >= 0x2160)
    and (plain.isalnum() or plain in "@.-_%")
}
_TABLE: Final[dict[int, str]] = {
    **COMPATIBLE,
    **SMALL,
    **DIGITS,
    **LETTERS,
    **dict.fromkeys(_expanded(INVISIBLE), ""),
    **dict.fromkeys(_expanded(SPACES), " "),
    **dict.fromkeys(_expanded(DASHES), "-"),
    **{code: chr(code - 0xE0000) for code in range(0xE0020, 0xE007F)},
    **{0x1F1E6 + place: chr(0x41 + place) for place in range(26)},
}
_INVISIBLE_SET = frozenset(map(chr, _expanded(INVISIBLE + TAGS)))
_SPACE_SET = frozenset(map(chr, _expanded(SPACES)))
_DASH_SET = frozenset(map(chr, _expanded(DASHES)))
_HYPHEN_SET = frozenset("\u2010\u2011\u2212")
_COMBINING_SET = frozenset(map(chr, _expanded(COMBINING)))
_WHOLE_SET = frozenset(map(chr, _WHOLE_USE))
_TAG_SET = frozenset(map(chr, _expanded(TAGS)))
_TABLE_SET = frozenset(map(chr, _TABLE))
_FLAG_SET = frozenset(map(chr, _expanded(FLAGS)))
_DIGIT_SET = frozenset(map(chr, (*DIGITS, *SMALL)))
_SCRIPT_DIGIT_SET = frozenset(map(chr, DIGITS))


def _class(chars: Iterable[str]) -> str:
    """A character class. Beyond U+FFFF all are in: many ranges would be gone through one by one."""
    return (
        "".join(re.escape(c) for c in sorted(chars) if c < "\U00010000") + "\U00010000-\U0010ffff"
    )


# Any of these is a reason to look closer.
_RARE = re.compile(
    "["
    + _class(_INVISIBLE_SET | _COMBINING_SET | _SPACE_SET | _DASH_SET | _DIGIT_SET | _WHOLE_SET)
    + "]++"
)
_LETTER_CLASS = "".join(map(chr, sorted(LETTERS)))
_LETTER = re.compile(f"[{_LETTER_CLASS}]")
_MIXED = (
    re.compile(f"[A-Za-z0-9_][{_LETTER_CLASS}]"),
    re.compile(f"[{_LETTER_CLASS}][A-Za-z0-9_]"),
)
_DIGIT = re.compile("[0-9]")
_LEAST_DIGITS = 3
_DIGIT_LIKE = "".join(map(chr, AS_DIGITS)) + "ƧƷƼбȢ"
_AMONG_DIGITS = re.compile(f"[0-9{_DIGIT_LIKE}][0-9{_DIGIT_LIKE} ./-]{{5,}}+")
_MARKED = re.compile(f"[A-Za-z0-9][{COMBINING}]++")
_NOT_COMBINING = re.compile(f"[^{COMBINING}]++")
_CHANGES = re.compile(f"[A-Za-z0-9][{COMBINING}]++|[{_class(map(chr, _TABLE))}]")


def _is_reason(run: str, before: str, after: str) -> bool:
    """Whether these characters, between those two, are there to be read as something else."""
    if not _WHOLE_SET.isdisjoint(run):
        return True
    ascii_before, ascii_after = " " <= before <= "~", " " <= after <= "~"
    if (ascii_before and before.isalnum() and run[0] in _SCRIPT_DIGIT_SET) or (
        ascii_after and after.isalnum() and run[-1] in _SCRIPT_DIGIT_SET
    ):
        return True  # in the middle of a token
    if ascii_before:
        if run[0] in _COMBINING_SET:
            return before.isalnum()
        if ascii_after:
            if not _INVISIBLE_SET.isdisjoint(run) and _TABLE_SET.issuperset(run):
                return True  # an emoji's parts are joined by such characters too: those stay
            if before.isdigit() and after.isdigit():
                return not (_SPACE_SET.isdisjoint(run) and _DASH_SET.isdisjoint(run))
            if run in _HYPHEN_SET:
                return before.isalnum() and after.isalnum()
    if len(run) < 3:
        return False
    return (
        sum(map(_DIGIT_SET.__contains__, run)) > 2
        or sum(map(_TAG_SET.__contains__, run)) > 6  # regional flags have fewer
        or sum(map(_FLAG_SET.__contains__, run)) > 4
    )


def _reasons(text: str) -> Iterator[re.Match[str]]:
    for found in _RARE.finditer(text):
        start, end = found.span()
        if _is_reason(found[0], text[start - 1 : start], text[end : end + 1]):
            yield found
    if _LETTER.search(text):
        for pattern in _MIXED:
            yield from pattern.finditer(text)


def _with_digits(text: str) -> str:
    """The text, as long as it is, where a letter among digits is the digit it looks like."""
    return _AMONG_DIGITS.sub(_as_digits, text)


def _as_digits(found: re.Match[str]) -> str:
    run = found[0]
    return run.translate(AS_DIGITS) if len(_DIGIT.findall(run)) >= _LEAST_DIGITS else run


def _without_marks(found: re.Match[str]) -> str:
    composed = unicodedata.normalize("NFC", found[0])
    return composed if len(composed) == 1 else "".join(_NOT_COMBINING.findall(composed))


def places(data: bytes) -> Iterator[tuple[int, int]]:
    """Where in a valid UTF-8 text there is a reason to fold it, as spans of bytes."""
    text = data.decode()
    done = at = 0  # characters, bytes
    for found in _reasons(text):
        start = found.start()
        if start < done:
            done = at = 0
        at += len(text[done:start].encode())
        done = start
        yield at, at + len(found[0].encode())


def fold(data: bytes) -> bytes | None:
    """The folded text; None: there is no reason to."""
    text = data.decode()
    for _ in _reasons(text):
        text = _with_digits(text)
        return _MARKED.sub(_without_marks, text).translate(_TABLE).encode()
    return None


class FoldedView(Origin):
    """The whole parent, folded."""

    __slots__ = ()

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return "unicode"

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        assert view.parent is not None
        pieces = _pieces(view.parent.data.decode())
        out: list[Edit] = []
        for edit in edits:
            start, end = map_back(pieces, edit.start, edit.end)
            out.append(Edit(start, end, edit.new, max(edit.rank, MAPPED)))
        return out


def _pieces(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    digits = _with_digits(text)
    at = source = done = 0  # bytes in the view, bytes in the source, characters
    for found in _CHANGES.finditer(text):
        same_len = len(text[done : found.start()].encode())
        at += same_len
        source += same_len
        part = found[0]
        plain = _without_marks(found) if part[0] < "\x80" else digits[found.start() : found.end()]
        plain = plain.translate(_TABLE)
        plain_len, source_len = len(plain.encode()), len(part.encode())
        if plain != part:
            pieces.append(Piece(at, at + plain_len, source, source + source_len))
        at += plain_len
        source += source_len
        done = found.end()
    return pieces
