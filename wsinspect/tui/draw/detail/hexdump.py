"""Bytes as hexadecimal and characters, 16 a line. Only the lines that are seen are made."""

import re
from collections.abc import Callable, Iterable, Sequence

from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.find.needle import parse_needle

type ByteMark = tuple[Callable[[bytes], Iterable[tuple[int, int]]], Style]

_STEPS = (16, 8, 4)
_AROUND = 256  # bytes before and behind a line in which a match may begin or end


def step_for(width: int, length: int) -> int:
    """Bytes a line: 16, or 8 or 4 where it is narrow."""
    for step in _STEPS:
        if _offset_width(length) + 5 + step * 4 + step // 8 <= width:
            return step
    return _STEPS[-1]


def _offset_width(length: int) -> int:
    return max(4, len(f"{max(0, length - 1):x}"))


class HexPage:
    """A page of `data`; `marks` say where in bytes which style goes."""

    def __init__(
        self,
        data: bytes,
        width: int,
        palette: Palette,
        marks: Sequence[ByteMark] = (),
    ) -> None:
        self.data = data
        self.palette = palette
        self.marks = marks
        self.step = step_for(width, len(data))
        self._digits = _offset_width(len(data))

    def count(self) -> int:
        return -(-len(self.data) // self.step)

    def reach(self, index: int) -> None:
        """All lines have their place already."""

    def line(self, index: int, width: int) -> list[Segment]:
        p, step = self.palette, self.step
        start = index * step
        part = self.data[start : start + step]
        styles = self._styles(start, start + len(part))
        pieces: list[tuple[str, Style]] = [(f" {start:0{self._digits}x}  ", p.faint)]
        for at in range(step):
            gap = " " if at % 8 == 7 else ""
            if at < len(part):
                byte = part[at]
                plain = p.faint if byte == 0 else p.text
                pieces.append((f"{byte:02x}", styles.get(at, plain)))
                joined = at + 1 < len(part) and at in styles and styles.get(at + 1) is styles[at]
                pieces.append((" " + gap, styles[at] if joined else p.text))
            else:
                pieces.append(("   " + gap, p.text))
        pieces.append((" ", p.text))
        for at, byte in enumerate(part):
            shown = chr(byte) if 0x20 <= byte < 0x7F else "·"
            plain = p.label if 0x20 <= byte < 0x7F else p.faint
            pieces.append((shown, styles.get(at, plain)))
        return _joined(pieces, width)

    def _styles(self, start: int, end: int) -> dict[int, Style]:
        """Styles by place in the line, for bytes that are part of a match."""
        styles: dict[int, Style] = {}
        low, high = max(0, start - _AROUND), end + _AROUND
        around = self.data[low:high]
        for spans, style in self.marks:
            for first, last in spans(around):
                if low + first >= end:
                    break
                for at in range(max(start, low + first), min(end, low + last)):
                    styles.setdefault(at - start, style)
        return styles


def _joined(pieces: Sequence[tuple[str, Style]], width: int) -> list[Segment]:
    """Neighbours of one style as one Segment, cut at `width`."""
    line: list[Segment] = []
    text, style, room = "", None, width
    for piece, next_style in (*pieces, ("", None)):
        if next_style is style:
            text += piece
            continue
        if text:
            line.append(Segment(clip(text, room), style))
            room -= line[-1].cell_length
        text, style = piece, next_style
    return line


def byte_marks(needle: str, masked: Sequence[str], p: Palette) -> list[ByteMark]:
    """The same marks as in text, for bytes."""
    marks: list[ByteMark] = []
    sought = parse_needle(needle)
    if sought:
        marks.append((sought.byte_spans, p.match))
    worth = sorted({form.encode("utf-8", "replace") for form in masked if len(form) >= 3})[:50]
    if worth:
        forms = re.compile(b"|".join(map(re.escape, worth)))
        marks.append((lambda data: (match.span() for match in forms.finditer(data)), p.hit))
    return marks
