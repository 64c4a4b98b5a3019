"""Text with marked parts in an exact width: what was searched for, what a rule found. Rich only."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.cells import ELLIPSIS, clip
from wsinspect.tui.draw.safe import safe

LENGTH_MAX = 4096  # characters that are looked through
MARKS_MAX = 64  # marked parts of one line
_BEFORE = 3  # the marked part begins within the first third of what is shown


@dataclass(frozen=True, slots=True)
class Marked:
    """Parts to be marked: `find` says where they are in a text."""

    find: Callable[[str], list[tuple[int, int]]]
    style: Style


def wherever(part: str) -> Callable[[str], list[tuple[int, int]]]:
    """Finds `part` wherever it occurs."""
    part = safe(part)

    def find(text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        at = text.find(part) if part else -1
        while at >= 0 and len(found) < MARKS_MAX:
            found.append((at, at + len(part)))
            at = text.find(part, at + len(part))
        return found

    return find


def places(text: str, marks: Sequence[Marked]) -> list[tuple[int, int, Style]]:
    """Where the parts are, in order and apart; the first of `marks` wins where two overlap."""
    found: list[tuple[int, int, Style]] = []
    for mark in marks:
        for at, end in mark.find(text):
            free = all(end <= start or at >= stop for start, stop, _ in found)
            if free and at < end and len(found) < MARKS_MAX:
                found.append((at, end, mark.style))
    return sorted(found, key=lambda place: place[0])


def marked(text: str, width: int, style: Style, marks: Sequence[Marked] = ()) -> list[Segment]:
    """`text` made harmless, in exactly `width` cells, with its marked parts in their styles.

    Where the first of them lies further on than there is room, the text begins shortly before it.
    """
    if width <= 0:
        return []
    text = safe(text[:LENGTH_MAX])
    found = places(text, marks) if marks else []
    if found:
        start = _start(text, found[0][0], found[0][1], width)
        if start:
            text = ELLIPSIS + text[start:]
            found = [(a - start + 1, b - start + 1, s) for a, b, s in found if a >= start]
    shown = clip(text, width)
    segments = _cut_up(shown, style, found)
    missing = width - cell_len(shown)
    if missing > 0:
        segments.append(Segment(" " * missing, style))
    return segments


def _start(text: str, begin: int, end: int, width: int) -> int:
    """The character to begin with, so that `begin` to `end` is seen."""
    if cell_len(text[:end]) < width:
        return 0
    cells = [0]
    for char in text[:begin]:
        cells.append(cells[-1] + (1 if char.isascii() else cell_len(char)))
    # an ellipsis on either side has to have room
    before = max(0, min(width // _BEFORE, width - 2 - cell_len(text[begin:end])))
    return bisect_left(cells, cells[-1] - before)


def _cut_up(shown: str, style: Style, found: Sequence[tuple[int, int, Style]]) -> list[Segment]:
    segments: list[Segment] = []
    at = 0
    for start, end, mark in found:
        if start >= len(shown):
            break
        if start > at:
            segments.append(Segment(shown[at:start], style))
        segments.append(Segment(shown[max(at, start) : end], style + mark))
        at = min(end, len(shown))
    if at < len(shown):
        segments.append(Segment(shown[at:], style))
    return segments
