"""How a number stands in a text: compact, in its usual groups, or spread out to hide it.

Owns: taking a found number apart, naming the form in which it is written, and the judgement
whether it stands for itself or is a piece of something else (a longer number, a float, a hash, a
time stamp, somebody's running number). Must not know check digits or any one kind of number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from wsinspect.rules.detect.pattern import Context

__all__ = [
    "Form",
    "Touch",
    "Writing",
    "is_called_an_id",
    "is_named_otherwise",
    "is_running",
    "take_apart",
    "touch",
]

#: The longest filler between two characters that is looked for: ``<!---->`` has 7.
MAX_FILLER: Final = 8

_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_DIGITS: Final = frozenset(b"0123456789")
_HEX: Final = frozenset(b"0123456789ABCDEFabcdef")
_ALNUM: Final = _LETTERS | _DIGITS
_SPACE: Final = b" \t\r\n"
_JOINTS: Final = b".-/_|"
_RUN: Final = 32  # bytes of a word that a number is stuck to

# What stands before a number that is only somebody's running number, a time or a quantity.
_RUNNING: Final = re.compile(
    rb"(?i)(?:(?<![a-z])(?:id|uid|uuid|gid|pid|ts|ref|sku|ean|upc|isbn|gtin|arn|port|seq|size|len"
    rb"|qty|nonce|etag|crc)|\w{0,12}_?id|orders?|invoices?|tickets?|reference|track(?:ing)?|time"
    rb"|timestamp|date|epoch|phone|tel|telephone|fax|mobile|call|sequence|count|length|version"
    rb"|build|amount|price|total|quantity|score|serial|bytes|offset|parcel|shipment|item|case"
    rb"|commit|revision|session|request|trace|span|block|height|nanos|micros|millis|balance)"
    rb"[\s\"'=:#._-]{0,6}(?:(?:id|is|was|no|nr|number|at|of)[\s\"'=:#._-]{1,4})?\Z"
)
_JSON_BEFORE: Final = re.compile(rb"(?:\"\s{0,4}:|\[[\d,.\s-]{0,64})\s{0,4}\Z")
_JSON_BEHIND: Final = re.compile(rb"\s{0,4}[,}\]]")
_EPOCH: Final = re.compile(r"1[0-9](?:\d{8}|\d{11}|\d{14}|\d{17})")  # s, ms, µs, ns


# What names another kind of number than those that are found without a word.
_OTHER: Final = re.compile(
    rb"(?i)(?<![a-z])(?:bsn|burger[\s_-]?service|tfn|tax[\s_-]?file|routing|aba|rtn|ssn"
    rb"|social[\s_-]?security|steuer|idnr|identifikations|nif|ird|oib|pesel|personn|cpf|cpr|rut"
    rb"|npi|itin|account|konto|iban|swift|zip|postal|duns)"
)


class Form:
    """How a found number is written."""

    COMPACT: Final = "compact"
    GROUPED: Final = "grouped"  # in the groups of its issuer
    EVEN: Final = "even"  # in other groups of one length, or with one line break in it
    SPREAD: Final = "spread"  # something between all characters
    ODD: Final = "odd"


class Touch:
    """What a found number is stuck to."""

    NOTHING: Final = ""
    MARK: Final = "mark"  # one of # $ +
    WORD: Final = "word"
    PIECE: Final = "piece"  # it is a part of a longer number, of a float, of a hash


@dataclass(frozen=True, slots=True)
class Writing:
    """A found number, taken apart: no separators, upper case; and what stood between."""

    number: str = field(repr=False)  # never payload
    gaps: tuple[bytes, ...] = field(repr=False)  # gaps[i] stood behind character i
    form: str

    @property
    def separators(self) -> frozenset[int]:
        """The bytes of all gaps."""
        return frozenset(byte for gap in self.gaps for byte in gap)


def take_apart(secret: bytes, layouts: Sequence[tuple[int, ...]]) -> Writing:
    """The letters and digits of a found number, and the form that its gaps make."""
    places = [index for index, byte in enumerate(secret) if byte in _ALNUM]
    number = bytes(secret[index] for index in places).decode().upper()
    gaps = tuple(secret[a + 1 : b] for a, b in pairwise(places))
    return Writing(number, gaps, _form(gaps, layouts))


def _form(gaps: tuple[bytes, ...], layouts: Sequence[tuple[int, ...]]) -> str:
    filled = [index for index, gap in enumerate(gaps) if gap]
    if not filled:
        return Form.COMPACT
    if max(map(len, gaps)) > 2 * MAX_FILLER:
        return Form.ODD
    for layout in layouts:
        ends = _ends(layout)
        if filled == ends:
            return Form.GROUPED
        # "1 2 3 - 4 5 - 6 7 8 9": one filler everywhere, and the groups' separators beside it.
        inner = {gap for index, gap in enumerate(gaps) if index not in ends}
        if len(inner) == 1 and b"" not in inner:
            filler = min(inner)
            if len(filler) <= MAX_FILLER and all(filler in gaps[index] for index in ends):
                return Form.SPREAD
    if len({gaps[index] for index in filled}) > 1 and not all(
        gaps[index] in (b" ", b"-") for index in filled
    ):
        return Form.ODD
    first, gap = filled[0], gaps[filled[0]]
    if len(filled) == 1 and (b"\n" in gap or b"\r" in gap):
        return Form.EVEN
    even = all(b - a == first + 1 for a, b in pairwise(filled))
    # Two groups with one point between are a float.
    if not even or len(gaps) - filled[-1] > first + 1 or (len(filled) == 1 and gap == b"."):
        return Form.ODD
    # Two groups of which the second is shorter: 890724-6920. (Eight and some: half a card.)
    if len(filled) == 1 and first < 7 and len(gaps) - filled[-1] != first + 1:
        return Form.ODD
    return Form.SPREAD if first == 0 else Form.EVEN


def _ends(layout: tuple[int, ...]) -> list[int]:
    """Behind which characters the groups of a layout end, but the last."""
    ends, at = [], -1
    for size in layout[:-1]:
        at += size
        ends.append(at)
    return ends


def touch(context: Context, writing: Writing, *, padded: bool = False) -> str:
    """What the number is stuck to.

    ``padded``: zeros stuck to it are not a part of it (two or more before, three or more behind),
    and what follows it behind a slash or a bar is another field, as after a card's number.
    """
    data, start, end = context.data, context.start, context.end
    if padded:
        start, end = _without_zeros(data, start, end)
    before = data[start - 1] if start else 0x20
    behind = data[end] if end < len(data) else 0x20
    if before in _DIGITS or behind in _DIGITS:
        return Touch.PIECE
    joints = _joints(writing, padded=padded)
    if behind in joints and end + 1 < len(data) and data[end + 1] in _DIGITS:
        return Touch.PIECE
    if before in joints and start > 1 and data[start - 2] in _DIGITS:
        return Touch.PIECE
    if (
        writing.form in (Form.SPREAD, Form.EVEN)
        or (writing.form == Form.GROUPED and not padded and _is_fours(writing.gaps))
    ) and _goes_on(data, start, end, writing.gaps):
        return Touch.PIECE
    if (
        writing.form == Form.GROUPED
        and not padded
        and _SHORT_GROUP.search(data, max(0, start - 8), start)
    ):
        return Touch.PIECE
    if before in _LETTERS or behind in _LETTERS:
        return _stuck(data, start, end)
    return Touch.MARK if before in b"#$+" else Touch.NOTHING


# "29 301 773 560": the begin of a longer number, and no date.
_SHORT_GROUP: Final = re.compile(rb"(?<![0-9A-Za-z.,:/-])[0-9]{1,2} \Z")


def _is_fours(gaps: Sequence[bytes]) -> bool:
    """Groups of four: a card is written so, and what a shorter number has before or behind it."""
    return all(bool(gap) == (place % 4 == 3) for place, gap in enumerate(gaps))


def _goes_on(data: bytes, start: int, end: int, gaps: Sequence[bytes]) -> bool:
    """Whether what stands between its characters also joins it to further digits."""
    gap = next(gap for gap in gaps if gap)
    size = len(gap)
    return (data.startswith(gap, end) and data[end + size : end + size + 1].isdigit()) or (
        data.endswith(gap, 0, start) and data[start - size - 1 : start - size].isdigit()
    )


def _stuck(data: bytes, start: int, end: int) -> str:
    """A word, or the rest of a hash or of base64 (then the number is a chance)."""
    left, right = start, end
    while left and start - left < _RUN and data[left - 1] in _ALNUM:
        left -= 1
    while right < len(data) and right - end < _RUN and data[right] in _ALNUM:
        right += 1
    around = data[left:start] + data[end:right]
    if all(byte in _HEX for byte in around) or any(byte in _DIGITS for byte in around):
        return Touch.PIECE
    return Touch.WORD


def _joints(writing: Writing, *, padded: bool) -> bytes:
    """What joins a number to further digits."""
    if writing.form not in (Form.COMPACT, Form.GROUPED):
        return _JOINTS + b" \t,:;"
    if not padded:
        return _JOINTS
    return b"." + bytes(byte for byte in writing.separators if byte not in _SPACE)


def _without_zeros(data: bytes, start: int, end: int) -> tuple[int, int]:
    left, right = start, end
    while left and start - left < _RUN and data[left - 1] == 0x30:
        left -= 1
    while right < len(data) and right - end < _RUN and data[right] == 0x30:
        right += 1
    return left, right if right - end >= 3 else end


def is_named_otherwise(context: Context) -> bool:
    """Whether a word before a number says that it is of another kind."""
    return _OTHER.search(context.data, max(0, context.start - 40), context.start) is not None


def is_called_an_id(context: Context) -> bool:
    """Whether what stands before a number names it as a running number, a time or a quantity."""
    return _RUNNING.search(context.data, max(0, context.start - 40), context.start) is not None


def is_running(context: Context, writing: Writing) -> bool:
    """Whether a number is rather a time, a quantity, or somebody's running or phone number."""
    if not writing.number.isdigit():
        return False
    data, start, end = context.data, context.start, context.end
    if writing.form == Form.COMPACT:
        if _EPOCH.fullmatch(writing.number):
            return True
        # A bare number in JSON.
        before = _JSON_BEFORE.search(data, max(0, start - 72), start)
        if before and _JSON_BEHIND.match(data, end):
            return True
    return is_called_an_id(context)
