"""Whole rows of the frame list: an entry, a gap, the end; and why there are none. Rich only."""

from collections.abc import Sequence

from rich.segment import Segment

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Gap
from wsinspect.tui.draw.cells import clip, fit
from wsinspect.tui.draw.columns import Placed
from wsinspect.tui.draw.figures import clock, count
from wsinspect.tui.draw.frame_columns import Line, Look, cell, content
from wsinspect.tui.draw.palette import STATE_GLYPH, TO_CLIENT, TO_SERVER, Palette
from wsinspect.tui.draw.rows import MARGIN, SPACE, mark_of
from wsinspect.tui.draw.words import end_reason, end_short

_LOGGED = "; the log has them"
_WAITING = "not here yet: held by a rule, or not shown"


def entry_row(line: Line, look: Look, placed: Sequence[Placed], marked: bool) -> list[Segment]:
    """A message, a control frame or a fragment."""
    segments = [mark_of(look.palette.mark if marked and line.fragment is None else None)]
    for place in placed:
        if place.column.key == "preview":
            segments += content(line, look, place.width)
        else:
            text, style = cell(place.column.key, line, look)
            segments.append(Segment(fit(text, place.width, place.column.right), style))
        segments.append(SPACE)
    return segments


def gap_row(gap: Gap, first: bool, logged: bool, p: Palette, width: int) -> list[Segment]:
    """Frames that are not here; `logged`: but in the log, if they have passed."""
    ways = [
        f"{count(number)} {arrow}"
        for number, arrow in ((gap.to_server, TO_SERVER), (gap.to_client, TO_CLIENT))
        if number
    ]
    what = f"{'earlier ' if first else ''}frames not shown"
    if gap.waiting:
        what = what if first else _WAITING
    elif logged:
        what += _LOGGED
    say = f"⋯ {' and '.join(ways)} {what}"
    return [Segment(" " * MARGIN), Segment(clip(say, width - 2), p.faint)]


def end_row(c: Connection, p: Palette, width: int) -> list[Segment]:
    """How the connection ended, after its last frame."""
    say = f" {STATE_GLYPH[c.state]} {clock(c.ended_ns)} {end_short(c)}{end_reason(c)}"
    return [Segment(clip(say, width), p.state(c.state))]
