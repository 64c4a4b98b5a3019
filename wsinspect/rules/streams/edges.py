"""Parts of a joined text that are to be scanned as though nothing stood beside them.

Owns: where to look so. Must not know: patterns, engines.

Joined pieces are one text to the scanner, and that is what they should be where a text is told bit
by bit. But ``hey`` + ``AKIA…`` + ``…OLIB`` + ``thanks`` are four values: joined, the key is the
middle of a long word, and no pattern that asks for a word's edge would match. So what begins at a
piece's begin, or ends at a piece's end, or both, is looked at once more on its own – only where
the pieces' touching characters could belong to one token, and no white space stands in a piece
that the token would have to span. In a flood, hundreds of messages in one read, only the first
such places are looked at.

Numbers are apart, because they may have spaces in them: ``n 1`` + ``4111 1111`` + ``1111 1111``.
Where a digit ends one piece and another begins the next, what is between such edges is looked at
alone; but not in a row of bare numbers, of which some would always make a card's by chance.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from wsinspect.rules.streams.strand import Text

__all__ = ["Part", "number_parts", "parts"]

_MAX_PIECES: Final = 6  # from a begin to its end
_MAX_LEN: Final = 512
_WINDOW: Final = 256  # looked back at from a piece's end
_LEAST: Final = 8  # no secret is shorter
_TOKEN: Final = bytes(
    chr(byte).isalnum() or chr(byte) in "_-+/=.~:@%$!" if byte < 128 else False
    for byte in range(256)
)

_LONGEST_NUMBER: Final = 128
_DIGIT: Final = bytes(48 <= byte <= 57 for byte in range(256))
_NUMERIC: Final = re.compile(rb"[0-9 \t_/|-]+")
_NUMBER_LIKE: Final = bytes(bool(_NUMERIC.match(bytes([byte]))) for byte in range(256))


class Part(NamedTuple):
    """``begins``: where a piece does. ``number``: it is for patterns of digits, and only they."""

    start: int
    end: int
    begins: bool
    number: bool = False


def parts(text: Text, room: int) -> list[Part]:
    """Spans of the text's data that its new pieces call for; about ``room`` of them at most."""
    data = text.data
    if len(text.messages) == 1 and not (
        _TOKEN[data[text.new_from - 1]] and _TOKEN[data[text.new_from]]
    ):
        return []  # the usual: most of all texts are words
    origin, places = text.origin, text.places
    found: list[Part] = []
    last = len(places) - 1
    for index in range(max(last + 1 - len(text.messages), 1), last + 1):
        cut = places[index] - origin
        if not (_TOKEN[data[cut - 1]] and _TOKEN[data[cut]]):
            continue
        end = places[index + 1] - origin if index < last else len(data)
        if (
            index < last
            and _TOKEN[data[end - 1]]
            and _TOKEN[data[end]]
            and end - cut <= _MAX_LEN
            and data.find(b" ", cut, end) < 0
        ):
            found.append(Part(max(0, end - _WINDOW), end, False))
        stop = cut
        for before in range(index - 1, max(index - _MAX_PIECES, -1), -1):
            start = places[before] - origin
            if cut - start > _MAX_LEN or data.find(b" ", start, stop) >= 0:
                break
            stop = start
            if not start or not _TOKEN[data[start - 1]] or end - start < _LEAST:
                continue  # it begins a word in the joined text, too
            found.append(Part(start, min(end, start + _MAX_LEN), True))
        if len(found) >= room:
            break
    return found


def number_parts(text: Text, room: int) -> list[Part]:
    """The same for numbers: between edges at which digits touch."""
    data, origin, places = text.data, text.origin, text.places
    last = len(places) - 1
    found: list[Part] = []
    for index in range(max(last + 1 - len(text.messages), 1), last + 1):
        cut = places[index] - origin
        if not (_NUMBER_LIKE[data[cut]] and _NUMBER_LIKE[data[cut - 1]]):
            continue
        end = places[index + 1] - origin if index < last else len(data)
        stop = min(end, cut + _LONGEST_NUMBER)
        closed = index < last and stop == end and _DIGIT[data[end - 1]] and _DIGIT[data[end]]
        if closed and _DIGIT[data[cut - 1]] and _NUMERIC.fullmatch(data, end, _end(text, index)):
            closed = not _DIGIT[data[cut]]  # or numbers in a row
        if closed:
            found.append(Part(max(0, end - _LONGEST_NUMBER), end, False, True))
        for before in range(index - 1, max(index - _MAX_PIECES, 0), -1):
            start = places[before] - origin
            after = places[before + 1] - origin
            if cut - start > _LONGEST_NUMBER or not _NUMERIC.fullmatch(data, start, after):
                break
            if not (_DIGIT[data[start]] and _DIGIT[data[start - 1]]):
                continue
            above = places[before - 1] - origin
            if _NUMERIC.fullmatch(data, above, start) and any(
                _DIGIT[data[place - origin - 1]] and _DIGIT[data[place - origin]]
                for place in places[before + 1 : index + 1]
            ):
                continue  # numbers in a row
            found.append(Part(start, stop, True, True))
            if closed:
                found.append(Part(start, end, False, True))
        if len(found) >= room:
            break
    return found


def _end(text: Text, index: int) -> int:
    """Where the piece behind this one ends."""
    after = index + 2
    return text.places[after] - text.origin if after < len(text.places) else len(text.data)
