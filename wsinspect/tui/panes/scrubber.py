"""The time of a recording as a bar: where something happened, and where the cursor stands.

Owns the keys and the mouse on it; the timeline does the moving. Two lines: how much happened, and a
rule with the marks (✗ an unclean end, ▲ an alert); where there is room for one line only, both in
one. Left of it clock, date and how far into the recording that is.
"""

import time
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from wsinspect.tui.data.moments import NS
from wsinspect.tui.data.source import Timeline
from wsinspect.tui.draw.cells import fit
from wsinspect.tui.draw.figures import clock, duration, sparkline
from wsinspect.tui.draw.palette import Palette

SPEEDS = (1, 10, 60)
ENDED, ALERT, RULE, CURSOR = "✗", "▲", "─", "◆"
_LEGEND_LEN = 33
_NARROW_LEGEND_LEN = 18
_NARROW = 100  # cells from which on there is room for all of the legend
_FLAT = "▁"


def date(timestamp_ns: int) -> str:
    """The local day: Sun 22 Nov 2026."""
    return time.strftime("%a %d %b %Y", time.localtime(timestamp_ns // NS))


class Scrubber(Widget, can_focus=True):
    """`sync` is called by the app's tick."""

    DEFAULT_CSS = "Scrubber { height: 2; }"
    BINDINGS = [  # noqa: RUF012 - Textual reads it from the class
        Binding("left", "scrub(-1)", "earlier", show=False),
        Binding("right", "scrub(1)", "later", show=False),
        Binding("shift+left", "step(-1)", "event before", show=False),
        Binding("shift+right", "step(1)", "event after", show=False),
        Binding("home", "scrub_to(0)", "to the beginning", show=False),
        Binding("end", "scrub_to(1)", "to the end", show=False),
        Binding("P", "play", "play, pause", show=False),
        Binding("S", "speed", "speed", show=False),
    ]

    class Moved(Message):
        """The user moved the cursor to another moment."""

    def __init__(self, timeline: Timeline, palette: Palette) -> None:
        super().__init__(id="timeline")
        self.timeline = timeline
        self.palette = palette
        self._drawn: tuple[object, ...] = ()
        self._dragging = False

    # Drawing

    def sync(self) -> None:
        """Draw if anything changed."""
        t = self.timeline
        drawn = (t.now_ns, t.start_ns, t.end_ns, t.playing, t.speed, t.progress, self.palette)
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    @property
    def _legend_len(self) -> int:
        return _LEGEND_LEN if self.size.width >= _NARROW else _NARROW_LEGEND_LEN

    @property
    def _columns(self) -> int:
        """Cells of the bar itself."""
        return max(1, self.size.width - self._legend_len - 1)

    @property
    def _column(self) -> int:
        """The cell of the cursor."""
        t = self.timeline
        span = max(1, t.end_ns - t.start_ns)
        return min(self._columns - 1, max(0, (t.now_ns - t.start_ns) * self._columns // span))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = [*self._legend(y), *(self._rule() if y else self._bars())]
        return Strip(line).adjust_cell_length(width).apply_style(self.rich_style)

    def _legend(self, y: int) -> list[Segment]:
        t, p, length = self.timeline, self.palette, self._legend_len
        if y:
            wide = length == _LEGEND_LEN
            span = duration((t.end_ns - t.start_ns) / NS)
            into = duration((t.now_ns - t.start_ns) / NS)
            say = f"{date(t.now_ns)}  " if wide and t.end_ns else ""
            if t.progress < 1:
                say = f"reading {t.progress:.0%}"
            else:
                say += f"{into} of {span}" if not wide else f"{into}/{span}"
            return [Segment(" " + fit(say, length - 1) + " ", p.label)]
        glyph, style = ("▶", p.good) if t.playing else ("‖", p.warn)
        speed = f"×{t.speed}"
        moment = clock(t.now_ns) if t.end_ns else ""
        rest = max(0, length - 3 - cell_len(moment))
        return [
            Segment(f" {glyph} ", style),
            Segment(moment, p.strong if self.has_focus else p.text),
            Segment(" " + fit(speed, rest), p.text if t.playing else p.faint),
        ]

    def _bars(self) -> list[Segment]:
        p, columns = self.palette, self._columns
        text = sparkline(self.timeline.density(columns)).replace(" ", _FLAT)
        if self.size.height > 1:
            return self._cells(text, [None] * columns, p.pulse, p.rule)
        return self._cells(text, self._marks(), p.pulse, p.rule)

    def _rule(self) -> list[Segment]:
        p = self.palette
        past = p.rule_active if self.has_focus else p.label
        line = [RULE] * self._columns
        line[self._column] = CURSOR
        return self._cells("".join(line), self._marks(), past, p.rule)

    def _marks(self) -> list[tuple[str, Style] | None]:
        """What happened in each cell; an end is more than an alert."""
        t, p, columns = self.timeline, self.palette, self._columns
        closes: Sequence[int] = t.marks.closes(columns)
        alerts: Sequence[int] = t.marks.alerts(columns)
        return [
            (ENDED, p.bad) if ended else (ALERT, p.warn) if alert else None
            for ended, alert in zip(closes, alerts, strict=True)
        ]

    def _cells(
        self, text: str, marks: list[tuple[str, Style] | None], past: Style, to_come: Style
    ) -> list[Segment]:
        """`text` with marks over it; bright up to the cursor, which stands out."""
        column = self._column
        found = []
        for at, (char, mark) in enumerate(zip(text, marks, strict=True)):
            style = past if at <= column else to_come
            if mark is not None:
                char, style = mark
            if at == column:
                style = self.palette.strong + self.palette.cursor
                if mark is None and self.size.height == 1:
                    char = CURSOR if char == _FLAT else char
            found.append(Segment(char, style))
        return list(Segment.simplify(found))

    # Keys

    def action_scrub(self, percent: int) -> None:
        """Go by so many hundredths of the recording."""
        t = self.timeline
        span = max(1, t.end_ns - t.start_ns)
        self._seek(t.now_ns + span * int(percent) // 100)

    def action_step(self, direction: int) -> None:
        """To the next or previous event."""
        self.timeline.step(int(direction) > 0)
        self._moved()

    def action_scrub_to(self, part: float) -> None:
        """To a part of the recording: 0 its beginning, 1 its end."""
        t = self.timeline
        self._seek(t.start_ns + int((t.end_ns - t.start_ns) * float(part)))

    def action_play(self) -> None:
        if self.timeline.playing:
            self.timeline.pause()
        else:
            self.timeline.play()
        self._moved()

    def action_speed(self) -> None:
        """The next speed, whether it plays or not."""
        t = self.timeline
        speed = SPEEDS[(SPEEDS.index(t.speed) + 1) % len(SPEEDS)] if t.speed in SPEEDS else 1
        t.set_speed(speed)
        self._moved()

    def _seek(self, at_ns: int) -> None:
        self.timeline.seek(at_ns)
        self._moved()

    def _moved(self) -> None:
        self.sync()
        self.post_message(self.Moved())

    # Mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.focus()
        if event.x < 3:
            self.action_play()
        elif event.x < self._legend_len:
            self.action_speed()
        else:
            self._dragging = True
            self.capture_mouse()
            self._seek_cell(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            self._seek_cell(event.x)

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def _seek_cell(self, x: int) -> None:
        """The moment in the middle of the cell; of the last one the end."""
        t, columns = self.timeline, self._columns
        cell = min(columns - 1, max(0, x - self._legend_len - 1))
        if cell == columns - 1:
            self._seek(t.end_ns)
        elif cell == 0:
            self._seek(t.start_ns)
        else:
            self._seek(t.start_ns + (t.end_ns - t.start_ns) * (2 * cell + 1) // (2 * columns))
