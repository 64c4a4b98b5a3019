"""Makes text from the wire harmless before it is drawn. Owns that rule, knows no Textual.

Whatever a peer sends must not reach the terminal as a command, and must not move what stands
beside it: ESC and the other C0/C1 controls, NUL, bidirectional overrides, zero-width and
invisible characters, lone surrogates, unassigned code points, endless stacks of combining marks.
Each becomes one visible cell, so that nothing is hidden. Markup needs no care: rows are built
from Segments, which are not parsed.
"""

import unicodedata
from functools import lru_cache

INVISIBLE = "◌"  # formatting, zero-width and bidirectional characters
UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
NEWLINE = "↵"
MARKS_MAX = 3  # combining marks kept on one base character

# Letters by category that show nothing at all: Hangul and Khmer fillers, Braille blank.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_EMOJI_STYLE = frozenset("\ufe0e\ufe0f")  # common after emoji; terminals disagree on their width
_TABLE_MAX = 8192  # entries; what lies beyond is computed each time


def _replacement(code_point: int) -> str:
    """What is drawn for one code point."""
    char = chr(code_point)
    if code_point < 0x20:
        named = {0x09: "⇥", 0x0A: NEWLINE}
        return named.get(code_point, chr(0x2400 + code_point))
    if code_point == 0x7F:
        return "␡"
    if char in _EMOJI_STYLE:
        return ""
    if char in _BLANK_LETTERS or 0xFE00 <= code_point <= 0xFE0D or code_point >= 0xE0000:
        return INVISIBLE
    category = unicodedata.category(char)
    if category == "Cf":
        return INVISIBLE
    if category in ("Zl", "Zp"):
        return NEWLINE
    if category == "Zs":
        return " "
    return UNDECODABLE if category[0] == "C" else char


class _Table(dict[int, str]):
    """`str.translate` table that fills itself, up to a bound."""

    def __missing__(self, code_point: int) -> str:
        drawn = _replacement(code_point)
        if len(self) < _TABLE_MAX:
            self[code_point] = drawn
        return drawn


_TABLE = _Table()


def _is_mark(char: str) -> bool:
    return char > "\u02ff" and unicodedata.category(char)[0] == "M"


def _calm_marks(text: str) -> str:
    """Drop marks beyond MARKS_MAX a base; give a leading mark a base of its own."""
    kept: list[str] = []
    marks = 0
    for char in text:
        if _is_mark(char):
            if not kept:
                kept.append(INVISIBLE)
            marks += 1
            if marks > MARKS_MAX:
                continue
        else:
            marks = 0
        kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _safe_slow(text: str) -> str:
    drawn = text.translate(_TABLE)
    return drawn if drawn.isascii() else _calm_marks(drawn)


def safe(text: str) -> str:
    """`text` as one harmless line; printable ASCII comes back as it is."""
    if text.isascii() and text.isprintable():
        return text
    return _safe_slow(text)


def safe_bytes(data: bytes) -> str:
    """`data` read as UTF-8, with what is not UTF-8 shown as U+FFFD, made harmless."""
    return safe(data.decode("utf-8", "replace"))
