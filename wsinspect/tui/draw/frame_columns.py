"""The columns of the frame list as data, and what their cells say of an entry. Rich only.

Owns the look of messages, frames and fragments; `Look` is all it has to know of the moment.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from wsinspect.dissect import Role, Summary, summarize
from wsinspect.protocol.opcodes import CLOSE, CONTINUATION, PING, PONG, TEXT
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.wire import AlertFacts, Frame
from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.columns import Column
from wsinspect.tui.draw.figures import clock, count
from wsinspect.tui.draw.palette import ALERT, TO_CLIENT, TO_SERVER, VIOLATION, Palette
from wsinspect.tui.draw.safe import safe_bytes
from wsinspect.tui.draw.spans import LENGTH_MAX, Marked, marked, wherever
from wsinspect.tui.draw.words import (
    looks_like_text,
    opcode_short,
    preview,
)
from wsinspect.tui.find.needle import Needle

FOLDED, UNFOLDED = "▸", "▾"
FIXED = ("mark",)
NS = 1_000_000_000
_NO_TIME = 99_999 * NS  # offsets beyond are told in seconds only
_RULES_SHOWN = 2
WITHHELD = "content not shown"  # by the proxy: a rule found what must not be seen
_RAW_LEAST = 16  # cells that are worth it to show the content beside what it means
_READ_LEN = 1_024  # bytes of a content that are read for one line
_HEX_LEN = 256
_LINES_MAX = 256  # summaries kept
_TAGS = {"rewrite": "rewritten", "drop": "dropped", "close": "closed the connection"}


class TimeMode(StrEnum):
    """What the time column counts from."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"  # to the opening of the connection
    DELTA = "delta"  # to the row above


_TIME_TITLES = {
    TimeMode.ABSOLUTE: "time",
    TimeMode.RELATIVE: "since open",
    TimeMode.DELTA: "since above",
}
COLUMNS = (
    Column("mark", "", 1, 0, say="alerts and violations"),
    Column("time", "time", 12, 4),
    Column("direction", "", 1, 1, say="direction"),
    Column("seq", "seq", 6, 10, right=True, say="number in its direction"),
    Column("opcode", "opcode", 7, 2),
    Column("flags", "flags", 5, 8),
    Column("payload", "payload", 7, 5, right=True, say="payload bytes"),
    Column("wire", "wire", 7, 9, right=True, say="bytes on the wire"),
    Column("inflated", "inflated", 8, 7, right=True, say="bytes when decompressed"),
    Column("preview", "content", 8, 3, grow=1, ideal=34),
)

type Cell = tuple[str, Style]


@dataclass(frozen=True, slots=True)
class Look:
    """How entries are to be drawn now."""

    palette: Palette
    app: str = ""
    needle: Needle | None = None
    time_mode: TimeMode = TimeMode.ABSOLUTE
    opened_ns: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list: an entry, or a `fragment` of it."""

    entry: Message | Frame
    above_ns: int = 0  # the time of the row above
    unfolded: bool = False
    fragment: Frame | None = None
    part: int = 0
    hits: tuple[AlertFacts, ...] = ()

    @property
    def frame(self) -> Message | Frame:
        return self.entry if self.fragment is None else self.fragment


@lru_cache(maxsize=_LINES_MAX)
def summary(app: str, opcode: int, content: bytes) -> Summary:
    return summarize(app, opcode, content)


@lru_cache(maxsize=16)
def timed(columns: tuple[Column, ...], mode: TimeMode) -> tuple[Column, ...]:
    """`columns` with the title that the time column has in `mode`."""
    return tuple(
        replace(c, title=_TIME_TITLES[mode], right=mode is not TimeMode.ABSOLUTE)
        if c.key == "time"
        else c
        for c in columns
    )


def time_words(at_ns: int, line: Line, look: Look) -> str:
    """The time of a row as its mode has it, in at most 12 characters."""
    if look.time_mode is TimeMode.ABSOLUTE:
        return clock(at_ns)
    since_ns = look.opened_ns if look.time_mode is TimeMode.RELATIVE else line.above_ns
    if not since_ns:
        return ""
    offset = at_ns - since_ns
    digits = 3 if abs(offset) < _NO_TIME else 0
    return f"{offset / NS:+.{digits}f} s"


def _quiet(frame: Message | Frame) -> bool:
    return frame.opcode in (PING, PONG)


def _opcode(line: Line, p: Palette) -> Cell:
    frame = line.frame
    if line.fragment is not None:
        lead = "╰" if line.part == len(getattr(line.entry, "frames", ())) else "├"
        name = "contin." if frame.opcode == CONTINUATION else opcode_short(frame.opcode)
        return f"{lead}{name}"[:7], p.faint
    if frame.opcode == CLOSE:
        return opcode_short(frame.opcode), p.warn
    style = p.faint if _quiet(frame) else p.direction(frame.direction)
    return opcode_short(frame.opcode), style


def _mark(line: Line, p: Palette) -> Cell:
    if line.frame.violation is not None:
        return VIOLATION, p.bad
    if line.fragment is None and rules_of(line):
        return ALERT, severity_style(line.hits, p)
    return "", p.faint


def _inflated(line: Line, p: Palette) -> Cell:
    entry = line.entry
    if line.fragment is None and isinstance(entry, Message) and entry.compressed:
        return "?" if entry.content_len is None else count(entry.content_len), p.label
    return "", p.faint


def _flags(frame: Message | Frame) -> str:
    """Five fixed places: FIN, RSV1, RSV2, RSV3, mask. A message has FIN when it is finished."""
    signs = ((8, "F"), (4, "1"), (2, "2"), (1, "3"))
    bits = frame.rsv | 8 * frame.fin
    shown = "".join(sign if bits & bit else "·" for bit, sign in signs)
    return shown + ("·" if frame.mask is None else "M")


_Draw = Callable[[Line, Look, Palette, Style], Cell]
_CELLS: dict[str, _Draw] = {
    "mark": lambda line, _l, p, _s: _mark(line, p),
    "time": lambda line, look, _, s: (time_words(line.frame.timestamp_ns, line, look), s),
    "direction": lambda line, _l, p, _s: (
        ("", p.faint)
        if line.fragment is not None
        else (TO_CLIENT if line.entry.direction else TO_SERVER, p.direction(line.entry.direction))
    ),
    "seq": lambda line, _l, p, _s: (str(line.frame.seq), p.faint),
    "opcode": lambda line, _l, p, _s: _opcode(line, p),
    "flags": lambda line, _l, p, _s: (_flags(line.frame), p.faint),
    "payload": lambda line, _l, _p, s: (count(line.frame.payload_len), s),
    "wire": lambda line, _l, p, _s: (count(line.frame.frame_len), p.faint),
    "inflated": lambda line, _l, p, _s: _inflated(line, p),
}


def cell(key: str, line: Line, look: Look) -> Cell:
    """One cell, but for the content's."""
    p = look.palette
    quiet = line.fragment is not None or _quiet(line.frame)
    style = p.faint if quiet else p.label if key == "time" else p.text
    return _CELLS[key](line, look, p, style)


# The content


def rules_of(line: Line) -> tuple[str, ...]:
    """The rules that found something in it."""
    entry = line.entry
    told = entry.rules if isinstance(entry, Message) else ()
    return tuple(dict.fromkeys((*told, *(hit.rule for hit in line.hits if hit.rule))))


def severity_style(hits: tuple[AlertFacts, ...], p: Palette) -> Style:
    """Red for what is high, amber for the rest: the word is in the detail."""
    return p.bad if any(hit.severity in ("high", "critical") for hit in hits) else p.warn


def fold_tag(entry: Message | Frame, unfolded: bool) -> str:
    """`▸ 12 fragments`, or nothing where there is but one frame."""
    number = getattr(entry, "frame_count", 1)
    return f"{UNFOLDED if unfolded else FOLDED} {number:,} fragments" if number > 1 else ""


def _tags(line: Line, p: Palette) -> list[Cell]:
    """What stands before the content, the most important first."""
    entry = line.entry
    tags: list[Cell] = []
    if line.frame.violation is not None:
        tags.append((f" {line.frame.violation} ", p.alarm))
    if line.fragment is not None:
        return tags
    fold = fold_tag(entry, line.unfolded)
    if fold:
        tags.append((fold, p.rule_active))
    rules = rules_of(line)
    if rules:
        more = f" +{len(rules) - _RULES_SHOWN}" if len(rules) > _RULES_SHOWN else ""
        names = ", ".join(rules[:_RULES_SHOWN])
        tags.append((f"{ALERT} {names}{more}", severity_style(line.hits, p)))
    if isinstance(entry, Message):
        if entry.action in _TAGS:
            style = p.warn if entry.action == "rewrite" else p.bad
            tags.append((f"‹{_TAGS[entry.action]}›", style))
        if entry.injected:
            tags.append(("‹injected›", p.title))
        if not entry.finished and entry.frame_count > 1:
            tags.append(("‹unfinished›", p.warn))
    return tags


def _content(line: Line, look: Look) -> list[Cell]:
    """The content's own text: what it means where that is known, and what it is."""
    p = look.palette
    frame = line.frame
    text = content_words(frame, _READ_LEN if not look.needle else LENGTH_MAX)
    if line.fragment is not None or frame.content is None or _quiet(frame):
        return [(text, p.faint)]
    if frame.opcode == CLOSE:
        return [(text, p.warn)]
    if isinstance(frame, Message) and look.app and frame.content:
        said = summary(look.app, frame.opcode, frame.content)
        if said.text:
            beat = said.role is Role.HEARTBEAT
            return [(said.text, p.faint if beat else p.text), (text, p.faint)]
    return [(text, p.text)]


def content_words(frame: Message | Frame, read_len: int = _READ_LEN) -> str:
    """The start of the content as one line: text as text, the rest in hexadecimal."""
    if not isinstance(frame, Message):
        return preview(frame)
    data = frame.content
    if data is None:
        return WITHHELD if frame.told and frame.payload_len else preview(frame.frames[0])
    data = data[:read_len]
    if frame.opcode == TEXT or looks_like_text(data):
        return safe_bytes(data)
    return data[:_HEX_LEN].hex(" ")


def content(line: Line, look: Look, width: int) -> list[Segment]:
    """The content cell, in exactly `width` cells."""
    p = look.palette
    segments: list[Segment] = []
    left = width
    if line.fragment is not None:
        left -= _put(segments, ("  ", p.faint), left)
    for text, style in _tags(line, p):
        left -= _put(segments, (text, style), left)
        left -= _put(segments, (" ", p.faint), left)
    marks = _marks(line, look)
    said, *more = _content(line, look)
    room = left if not more else min(left, cell_len(clip(said[0], left)))
    segments += marked(said[0], room, said[1], marks)
    left -= room
    if more and left >= _RAW_LEAST:
        left -= _put(segments, ("  ", p.faint), left)
        return segments + marked(more[0][0], left, more[0][1], marks)
    return segments + ([Segment(" " * left)] if left else [])


def _put(segments: list[Segment], said: Cell, room: int) -> int:
    """Add as much as there is room for; the cells taken."""
    text = clip(said[0], room)
    if text:
        segments.append(Segment(text, said[1]))
    return cell_len(text)


def _marks(line: Line, look: Look) -> list[Marked]:
    """The masked spans that rules left, and what is searched for."""
    marks = []
    if look.needle:
        marks.append(Marked(look.needle.spans, look.palette.match))
    masked = {hit.masked for alert in line.hits for hit in alert.hits if hit.masked}
    marks += [
        Marked(wherever(text), look.palette.hit) for text in sorted(masked, key=len, reverse=True)
    ]
    return marks
