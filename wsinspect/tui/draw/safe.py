"""Makes text from the wire harmless before it is drawn. Owns that rule, knows no Textual.

Whatever a peer sends must not reach the terminal as a command, and must not move what stands
beside it: ESC and the other C0/C1 controls, NUL, bidirectional overrides, zero-width and
invisible characters, lone surrogates, unassigned code points, endless stacks of combining marks.
Each becomes one visible cell, so that nothing is hidden. Markup needs no care: rows are built
from Segments, which are not parsed.

Nor may a text take more cells than were counted for it: what is drawn is `steady`, of a width that
all terminals agree on. Skin tones go, flags are their letters, spacing marks (the vowel signs of
India) are the letters of their sound, and newer or disputed characters a box. What is copied stays
as it was.
"""

import unicodedata
from bisect import bisect_right
from functools import lru_cache

from wsinspect.tui.draw import steady

INVISIBLE = "◌"  # formatting, zero-width and bidirectional characters
UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
UNSTEADY = "▯"  # terminals do not agree on its width, or may not know it yet
NEWLINE = "↵"
MARKS_MAX = 3  # combining marks kept on one base character
CLUSTER_MAX = MARKS_MAX + 3  # characters, all of them in the cells of the first

# Letters and marks by category that show nothing at all: Hangul and Khmer fillers, Braille blank,
# the grapheme joiner, Mongolian selectors.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f\u180b\u180c\u180d")
_EMOJI_STYLE = frozenset("\ufe0e\ufe0f")  # common after emoji; terminals disagree on their width
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_A = 0x1F1E6
_TABLE_MAX = 8192  # entries; what lies beyond is computed each time

# A spacing mark and the letter of its sound, by their names in Unicode.
_LETTERS = (
    ("VOWEL SIGN", "LETTER"),
    ("VOWEL SIGN ", "INDEPENDENT VOWEL Q"),  # Khmer
    ("CONSONANT SIGN MEDIAL", "LETTER"),  # Myanmar
    ("VOWEL SIGN AA", "LETTER A"),
    ("VOWEL SIGN TALL AA", "LETTER A"),
)
_SINHALA = dict(zip("ාැෑෘෙේෛොෝෞෟ", "ආඇඈඍඑඒඓඔඕඖඏ", strict=True))  # names of another kind
_SIGNS = (("VISARGA", ":"), ("REAHMUK", ":"), ("ANUSVARA", "o"))  # as they look


def _ranges() -> list[tuple[int, int, int]]:
    """First, last, width; in order."""
    found = []
    for width, text in enumerate((steady.MARKS, steady.NARROW, steady.WIDE)):
        for part in text.split():
            first, _, last = part.partition("-")
            found.append((int(first, 16), int(last or first, 16), width))
    return sorted(found)


_RANGES = _ranges()
_FIRSTS = [first for first, _, _ in _RANGES]
_MARKS = frozenset(
    chr(code_point)
    for first, last, width in _RANGES
    for code_point in range(first, last + 1)
    if width == 0 and chr(code_point) not in _EMOJI_STYLE
)
_JOINING = _MARKS | _EMOJI_STYLE | _SKIN_TONES  # what is drawn depends on what is before


def steady_width(char: str) -> int | None:
    """Cells of `char` in every terminal; None: they do not agree."""
    first, last, width = _RANGES[max(0, bisect_right(_FIRSTS, ord(char)) - 1)]
    return width if first <= ord(char) <= last else None


def _replacement(code_point: int) -> str:
    """What is drawn for one code point; the joining ones stay until `_joined`."""
    char = chr(code_point)
    if code_point < 0x20:
        named = {0x09: "⇥", 0x0A: NEWLINE}
        return named.get(code_point, chr(0x2400 + code_point))
    if code_point == 0x7F:
        return "␡"
    if char in _EMOJI_STYLE or char in _SKIN_TONES:
        return char
    if char in _BLANK_LETTERS or 0xFE00 <= code_point <= 0xFE0D or code_point >= 0xE0000:
        return INVISIBLE
    if _FLAG_A <= code_point < _FLAG_A + 26:
        return chr(ord("A") + code_point - _FLAG_A)
    return _by_category(char, unicodedata.category(char))


def _by_category(char: str, category: str) -> str:
    if category == "Cf":
        return INVISIBLE
    if category in ("Zl", "Zp"):
        return NEWLINE
    if category == "Zs":
        return " "
    if category in ("Cc", "Cs", "Co"):
        return UNDECODABLE
    if category == "Mc":
        return _letter(char)
    return char if steady_width(char) is not None else UNSTEADY


def _letter(char: str) -> str:
    """A spacing mark is part of the cell before or a cell of its own; a letter is one cell."""
    if char in _SINHALA:
        return _SINHALA[char]
    name = unicodedata.name(char, "")
    for part, shown in _SIGNS:
        if part in name:
            return shown
    for sign, letter in _LETTERS:
        try:
            found = unicodedata.lookup(name.replace(sign, letter))
        except KeyError:
            continue
        if found != char and steady_width(found) == 1:
            return found
    return INVISIBLE


class _Table(dict[int, str]):
    """`str.translate` table that fills itself, up to a bound."""

    def __missing__(self, code_point: int) -> str:
        drawn = _replacement(code_point)
        if len(self) < _TABLE_MAX:
            self[code_point] = drawn
        return drawn


_TABLE = _Table()


def _is_symbol(char: str) -> bool:
    return char != "" and unicodedata.category(char) == "So"


def _joined(text: str) -> str:
    """What joins the character before: MARKS_MAX marks are kept, one skin tone and one emoji style
    are left out. What has nothing to join, or is too much, is shown."""
    kept: list[str] = []
    base = ""
    marks = 0
    styled = toned = False
    for char in text:
        if char not in _JOINING:
            base, marks, styled, toned = char, 0, False, False
        elif char in _MARKS:
            if not kept:
                kept.append(INVISIBLE)
            marks += 1
            if marks > MARKS_MAX:
                continue
        elif char in _EMOJI_STYLE and base and not styled:
            styled = True
            continue
        elif char in _SKIN_TONES and not toned and _is_symbol(base):
            toned = True
            continue
        else:
            char = INVISIBLE
            base, marks = "", 0
        kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _safe_slow(text: str) -> str:
    drawn = text.translate(_TABLE)
    return drawn if drawn.isascii() or _JOINING.isdisjoint(drawn) else _joined(drawn)


def safe(text: str) -> str:
    """`text` as one harmless line; printable ASCII comes back as it is."""
    if text.isascii() and text.isprintable():
        return text
    return _safe_slow(text)


def safe_bytes(data: bytes) -> str:
    """`data` read as UTF-8, with what is not UTF-8 shown as U+FFFD, made harmless."""
    return safe(data.decode("utf-8", "replace"))
