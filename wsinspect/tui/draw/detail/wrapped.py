"""Text of any length, wrapped as it is looked at. Owns the places of the lines, and highlights.

Lines are found from the top as far as one has looked, so that one line of a MiB costs a draw no
more than a short one. What is drawn goes through `safe`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.safe import safe
from wsinspect.tui.find.needle import parse_needle

type Mark = tuple[Callable[[str], Iterable[tuple[int, int]]], Style]  # where it is in a text

_MARKS_A_ROW = 100  # highlights drawn in one row
_AROUND = 256  # characters before and behind a row in which a match may begin or end
_NUMBERS_FROM = 60  # cells that leave room for line numbers


@lru_cache(maxsize=8192)
def _cells(char: str) -> int:
    """Cells of one character as it is drawn, also of a combining mark."""
    drawn = safe(char)
    return cell_len(drawn) if len(drawn) < 2 else 0  # a lone mark comes with a base of its own


class WrappedText:
    """A page of `text`, `width` cells wide, line numbers in front where there are lines."""

    def __init__(
        self,
        text: str,
        width: int,
        palette: Palette,
        marks: Sequence[Mark] = (),
        numbers: bool | None = None,
    ) -> None:
        self.text = text
        self.palette = palette
        self.marks = marks
        if numbers is None:
            numbers = width >= _NUMBERS_FROM and text.find("\n", 0, len(text) - 1) >= 0
        lines = text.count("\n") + 1 if numbers else 0
        self.gutter = len(str(lines)) + 2 if numbers else 1
        self._room = max(1, width - self.gutter - 1)
        self._starts: list[int] = []
        self._numbers: list[int] = []  # of the line that begins in this row, else 0
        self._at = 0
        self._line = 1
        self._fresh = True
        self.reach(0)

    # Places

    def count(self) -> int:
        return len(self._starts)

    @property
    def done(self) -> bool:
        """Whether all of the text is wrapped."""
        return self._at >= len(self.text)

    def reach(self, index: int) -> None:
        while not self.done and len(self._starts) <= index:
            self._step()

    def _step(self) -> None:
        start = self._at
        end, broken = self._row_end(start)
        self._starts.append(start)
        self._numbers.append(self._line if self._fresh else 0)
        self._fresh = broken
        self._at = end
        if broken:
            self._line += 1

    def _row_end(self, start: int) -> tuple[int, bool]:
        """Where the row that starts at `start` ends, and whether with a line break."""
        text, room = self.text, self._room
        piece = text[start : start + room + 1]
        line_break = piece.find("\n")
        if piece.isascii():
            if 0 <= line_break <= room:
                return start + line_break + 1, True
            if len(piece) <= room:
                return start + len(piece), False
            end = start + room
        else:
            end, broken = self._wide_end(start)
            if broken or end >= len(text):
                return end, broken
        space = text.rfind(" ", start + (end - start) // 2, end)
        return (space + 1 if space > start else end), False

    def _wide_end(self, start: int) -> tuple[int, bool]:
        text = self.text
        taken = 1 if _cells(text[start]) == 0 else 0
        longest = min(
            len(text), start + 4 * self._room + 4
        )  # marks take no cell, but end somewhere
        for index in range(start, longest):
            char = text[index]
            if char == "\n":
                return index + 1, True
            taken += _cells(char)
            if taken > self._room:
                return max(index, start + 1), False
        return longest, False

    # Drawing

    def line(self, index: int, width: int) -> list[Segment]:
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self._at
        number = self._numbers[index]
        if self.gutter > 1:
            shown = f"{number or '':>{self.gutter - 1}} "
        else:
            shown = " "
        line = [Segment(shown, self.palette.faint)]
        room = max(0, width - self.gutter)
        for text, style in self._pieces(start, end):
            segment = Segment(clip(text, room), style)
            room -= segment.cell_length
            line.append(segment)
        return line

    def _pieces(self, start: int, end: int) -> list[tuple[str, Style]]:
        if end > start and self.text[end - 1] == "\n":
            end -= 1
        found: list[tuple[int, int, Style]] = []
        for spans, style in self.marks:
            found += matches(spans, style, self.text, start, end)
        return highlighted(self.text, start, end, self.palette.text, found)


def matches(
    spans: Callable[[str], Iterable[tuple[int, int]]], style: Style, text: str, start: int, end: int
) -> list[tuple[int, int, Style]]:
    """Where the mark is in text[start:end], also if it begins before or ends behind."""
    base = max(0, start - _AROUND)
    found: list[tuple[int, int, Style]] = []
    for low, high in spans(text[base : end + _AROUND]):
        low, high = base + low, base + high
        if low >= end or len(found) >= _MARKS_A_ROW:
            break
        if high > start and high > low:
            found.append((max(start, low), min(end, high), style))
    return found


def highlighted(
    text: str, start: int, end: int, base: Style, marks: Sequence[tuple[int, int, Style]]
) -> list[tuple[str, Style]]:
    """text[start:end] in pieces; where marks overlap, the first one counts."""
    pieces: list[tuple[str, Style]] = []
    at = start
    for low, high, style in sorted(marks, key=lambda mark: mark[:2]):
        if high <= at:
            continue
        low = max(low, at)
        if low > at:
            pieces.append((text[at:low], base))
        pieces.append((text[low:high], style))
        at = high
    if at < end:
        pieces.append((text[at:end], base))
    return pieces


def needle_marks(needle: str, masked: Sequence[str], p: Palette) -> list[Mark]:
    """What to highlight: what was searched for, and the masked forms of what rules found."""
    marks: list[Mark] = []
    sought = parse_needle(needle)
    if sought:
        marks.append((sought.spans, p.match))
    worth = {form for form in masked if len(form) >= 3}
    if worth:
        longest_first = sorted(worth, key=lambda form: (-len(form), form))[:50]
        forms = re.compile("|".join(re.escape(form) for form in longest_first))
        marks.append((lambda text: (match.span() for match in forms.finditer(text)), p.hit))
    return marks
