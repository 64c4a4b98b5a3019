"""The frames of the chosen connection. Owns following and pausing; reads the store's frame log."""

from rich.segment import Segment
from rich.style import Style

from wsinspect.protocol.opcodes import CLOSE, PING, PONG
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.framelog import Entry, Gap
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.cells import clip, fit
from wsinspect.tui.draw.columns import Column, lay_out
from wsinspect.tui.draw.figures import clock, count
from wsinspect.tui.draw.palette import STATE_GLYPH, TO_CLIENT, TO_SERVER, VIOLATION, Palette
from wsinspect.tui.draw.rows import MARGIN, row, titles
from wsinspect.tui.draw.words import end_short, flags, is_compressed, opcode_short, preview
from wsinspect.tui.panes.lines import LinesView

COLUMNS = (
    Column("mark", "", 1, 0),
    Column("time", "time", 12, 4),
    Column("direction", "", 1, 1),
    Column("seq", "seq", 6, 9, right=True),
    Column("opcode", "opcode", 7, 2),
    Column("flags", "flags", 5, 7),
    Column("payload", "payload", 7, 5, right=True),
    Column("wire", "wire", 7, 8, right=True),
    Column("preview", "content", 8, 3, grow=1, ideal=34),
)


class FramesView(LinesView):
    """One row a frame. `following` keeps the newest in sight."""

    def __init__(self, store: Store, palette: Palette) -> None:
        super().__init__(palette, id="frames")
        self.store = store
        self.following = True
        self.connection: Connection | None = None
        self._log = store.watched
        self._trimmed = 0
        self._left_at = 0

    @property
    def new(self) -> int:
        """Frames that came since following stopped."""
        return 0 if self.following else max(0, self.store.watched.total - self._left_at)

    def chosen(self) -> Frame | None:
        entries = self.store.watched.entries
        if 0 <= self.cursor < len(entries):
            entry = entries[self.cursor]
            return entry if isinstance(entry, Frame) else None
        return None

    def follow(self, following: bool) -> None:
        if following is not self.following:
            self.following = following
            self._left_at = self.store.watched.total
        self.sync()

    # LinesView

    def count(self) -> int:
        return len(self.store.watched.entries) + self._ended

    @property
    def _ended(self) -> bool:
        """Whether the list has a last line that says how the connection ended."""
        connection = self.connection
        return (
            connection is not None
            and connection.ended
            and connection.flow_id == self.store.watched.flow_id
            and bool(self.store.watched.entries)
        )

    def sync(self) -> None:
        log = self.store.watched
        if log is not self._log:
            self._log = log
            self._trimmed = 0
            self._left_at = 0
            self.cursor = 0
        gone = log.trimmed - self._trimmed
        self._trimmed = log.trimmed
        if gone and not self.following:
            self.cursor = max(0, self.cursor - gone)
            self._jump(self.top - gone)
        if self.following:
            self.cursor = max(0, self.count() - 1)
        super().sync()
        if self.following:
            self.show_cursor()

    def move_to(self, index: int) -> None:
        last = self.count() - 1
        at_end = index >= last
        if self.following and not at_end:
            self.follow(False)
        super().move_to(index)

    def action_bottom(self) -> None:
        super().action_bottom()
        self.follow(True)

    def scrolled_by_user(self) -> None:
        at_end = self.top + self.page_height >= self.count()
        if not at_end:
            self.cursor = max(self.top, min(self.cursor, self.top + self.page_height - 1))
        self.follow(at_end)

    def header(self, width: int) -> list[Segment] | None:
        if not self.count():
            return None
        return titles(lay_out(COLUMNS, width - 2 * MARGIN), self.palette.label)

    def empty(self, y: int, width: int) -> list[Segment]:
        if y != 1:
            return []
        connection = self.connection
        if connection is None:
            say = "choose a connection to see its frames"
        elif connection.frames and not connection.ended:
            say = f"{count(connection.frames)} frames passed before; new ones appear here"
        elif connection.frames:
            say = f"its {count(connection.frames)} frames are no longer kept{self._where}"
        else:
            say = "no frame yet"
        return [Segment(clip(f"  {say}", width), self.palette.label)]

    def segments(self, index: int, width: int) -> list[Segment]:
        if index == len(self.store.watched.entries):
            return self._end(width)
        entry: Entry = self.store.watched.entries[index]
        if isinstance(entry, Gap):
            return self._gap(entry, index == 0, width)
        placed = lay_out(COLUMNS, width - 2 * MARGIN)
        line = row(placed, [self._cell(place.column.key, entry) for place in placed])
        if entry.violation is not None and placed[-1].column.key == "preview":
            line[-1:] = self._violation(entry, placed[-1].width)
        return line

    @property
    def _where(self) -> str:
        hello = self.store.hello
        return "; the log has them" if hello is not None and hello.log else ""

    def _gap(self, gap: Gap, first: bool, width: int) -> list[Segment]:
        ways = [
            f"{count(number)} {arrow}"
            for number, arrow in ((gap.to_server, TO_SERVER), (gap.to_client, TO_CLIENT))
            if number
        ]
        what = f"{'earlier ' if first else ''}frames not shown{self._where}"
        say = f"⋯ {' and '.join(ways)} {what}"
        return [Segment(" " * MARGIN), Segment(clip(say, width - 2), self.palette.faint)]

    def _end(self, width: int) -> list[Segment]:
        c = self.connection
        if c is None:
            return []
        style = self.palette.state(c.state)
        say = f" {STATE_GLYPH[c.state]} {clock(c.ended_ns)} {end_short(c)}"
        return [Segment(clip(say, width), style)]

    def _violation(self, frame: Frame, width: int) -> list[Segment]:
        said = clip(f" {frame.violation} ", width)
        rest = width - len(said)
        line = [Segment(said, self.palette.alarm)]
        if rest > 1:
            line.append(Segment(" " + fit(preview(frame), rest - 1), self.palette.bad))
        return line

    def _cell(self, key: str, frame: Frame) -> tuple[str, Style]:
        p = self.palette
        control = frame.opcode in (PING, PONG)
        body = p.faint if control else p.text
        match key:
            case "mark":
                return (VIOLATION, p.bad) if frame.violation is not None else ("", body)
            case "time":
                return clock(frame.timestamp_ns), p.faint if control else p.label
            case "direction":
                return TO_CLIENT if frame.direction else TO_SERVER, p.direction(frame.direction)
            case "seq":
                return str(frame.seq), p.faint
            case "opcode":
                return opcode_short(frame.opcode), self._opcode_style(frame)
            case "flags":
                return flags(frame), p.faint
            case "payload":
                return count(frame.payload_len), body
            case "wire":
                return count(frame.frame_len), p.faint
            case _:
                return preview(frame), self._preview_style(frame)

    def _opcode_style(self, frame: Frame) -> Style:
        if frame.opcode == CLOSE:
            return self.palette.warn
        if frame.opcode in (PING, PONG):
            return self.palette.faint
        return self.palette.direction(frame.direction)

    def _preview_style(self, frame: Frame) -> Style:
        p = self.palette
        if frame.preview is None or is_compressed(frame) or frame.opcode in (PING, PONG):
            return p.faint
        return p.warn if frame.opcode == CLOSE else p.text
