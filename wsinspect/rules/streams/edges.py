"""Parts of a joined text that are to be scanned as though nothing stood beside them.

Owns: where to look so. Must not know: patterns, engines.

Joined pieces are one text to the scanner, and that is what they should be where a text is told bit
by bit. But ``hey`` + ``AKIA…`` + ``…OLIB`` + ``thanks`` are four values: joined, the key is the
middle of a long word, and no pattern that asks for a word's edge would match. So what begins at a
piece's begin, or ends at a piece's end, or both, is looked at once more on its own – only where
the pieces' touching characters could belong to one token, and no white space stands in a piece
that the token would have to span. In a flood, hundreds of messages in one read, only the first
such places are looked at.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.streams.strand import Text

__all__ = ["Part", "parts"]

_MAX_PIECES: Final = 6  # from a begin to its end
_MAX_LEN: Final = 512
_WINDOW: Final = 256  # looked back at from a piece's end
_LEAST: Final = 8  # no secret is shorter
_TOKEN: Final = bytes(
    chr(byte).isalnum() or chr(byte) in "_-+/=.~:@%$!" if byte < 128 else False
    for byte in range(256)
)

type Part = tuple[int, int, bool]  # start, end, whether it begins where a piece does


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
            found.append((max(0, end - _WINDOW), end, False))
        stop = cut
        for before in range(index - 1, max(index - _MAX_PIECES, -1), -1):
            start = places[before] - origin
            if cut - start > _MAX_LEN or data.find(b" ", start, stop) >= 0:
                break
            stop = start
            if not start or not _TOKEN[data[start - 1]] or end - start < _LEAST:
                continue  # it begins a word in the joined text, too
            found.append((start, min(end, start + _MAX_LEN), True))
        if len(found) >= room:
            break
    return found
