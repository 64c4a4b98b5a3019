"""Two messages or two handshakes side by side, what differs marked. Pure rows and pages."""

import difflib
import re
from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style

from wsinspect.protocol.extensions import PERMESSAGE_DEFLATE, parse_extension
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.tui import explain
from wsinspect.tui.data.connection import NS, Connection
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.cells import fit, wrap
from wsinspect.tui.draw.detail.overview import way_words
from wsinspect.tui.draw.detail.page import Page, Row, RowsPage, Stack, heading, paragraph, segments
from wsinspect.tui.draw.detail.pages import tree_of
from wsinspect.tui.draw.detail.shapes import Difference, content_alone, differences
from wsinspect.tui.draw.detail.timing import seconds
from wsinspect.tui.draw.detail.wrapped import highlighted
from wsinspect.tui.draw.figures import clock
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.words import looks_like_text

_LABEL = 14
_VALUE_LINES = 4  # lines of one value
_ALIKE = 32  # characters alike that are worth leaving out
_SHOWN = 2_000  # differences
_WORDS_MAX = 2_000  # of each text that are compared
_TEXT_MAX = 16_384  # characters of each text
_BOLD = Style(bold=True)
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_SAME, _OTHER, _GONE, _NEW = "  ", "≠ ", "− ", "+ "


def side_by_side(
    name: str, a: str, b: str, p: Palette, width: int, label: int = _LABEL, sign: str = ""
) -> list[Row]:
    """A label and two values, wrapped, marked where they differ."""
    differ = a != b
    sign = sign or (_OTHER if differ else _SAME)
    room = max(8, (width - label - 6) // 2)
    left, right = wrap(a, room)[:_VALUE_LINES] or [""], wrap(b, room)[:_VALUE_LINES] or [""]
    names = wrap(name, label)[:_VALUE_LINES] or [""]
    height = max(len(left), len(right), len(names))
    style = (p.bad, p.good) if differ and sign != _SAME else (p.text, p.text)
    return [
        [
            (f" {sign if not index else _SAME}", p.warn),
            (fit(names[index] if index < len(names) else "", label) + " ", p.label),
            (fit(left[index] if index < len(left) else "", room), style[0]),
            (" ", p.text),
            (right[index] if index < len(right) else "", style[1]),
        ]
        for index in range(height)
    ]


# Messages


def compared_messages(a: Message | Frame, b: Message | Frame, p: Palette, width: int) -> Page:
    """`a` on the left, `b` on the right."""
    head = RowsPage(_facts(a, b, p, width))
    one, other = content_alone(a), content_alone(b)
    if one is None or other is None or one.compressed or other.compressed:
        which = "Neither" if one is None and other is None else "One of them"
        say = f"{which} has content here: ctrl+e fetches it while the connection is watched."
        if one is not None and other is not None:
            say = "They are still compressed here, so their content cannot be compared."
        return Stack(head, RowsPage([[], *paragraph(say, p.label, width)]))
    if one.data == other.data:
        say = "The content that is here is the same, byte for byte."
        return Stack(head, RowsPage([[], *paragraph(say, p.good, width)]))
    trees = tree_of(one), tree_of(other)
    notes: list[Row] = []
    if not one.whole or not other.whole:
        notes = paragraph("not all of the content is here: the rest may differ, too", p.warn, width)
    if trees[0] is not None and trees[1] is not None and trees[0].name == trees[1].name:
        found, equal = differences(trees[0], trees[1])
        if found:
            rows = [*notes, *_structure(found, equal, trees[0].name, p, width)]
            return Stack(head, RowsPage(rows))
        notes += paragraph(
            "The documents are equal; they are only written differently.", p.good, width
        )
    if looks_like_text(one.data[:512]) and looks_like_text(other.data[:512]):
        texts = one.data.decode("utf-8", "replace"), other.data.decode("utf-8", "replace")
        return Stack(head, RowsPage([*notes, *_texts(*texts, p, width)]))
    return Stack(head, RowsPage([*notes, *heading(p, "Bytes", "≠ marks lines that differ"), []]),
                 HexDiffPage(one.data, other.data, p, width))  # fmt: skip


def _facts(a: Message | Frame, b: Message | Frame, p: Palette, width: int) -> list[Row]:
    rows = side_by_side("", _name(a), _name(b), p, width, sign=_SAME)
    rows = [[(text, p.strong) for text, _ in row] for row in rows]
    rows += side_by_side("time", clock(a.timestamp_ns), clock(b.timestamp_ns), p, width, sign=_SAME)
    apart = (b.timestamp_ns - a.timestamp_ns) / NS
    order = "later" if apart >= 0 else "earlier"
    rows.append(_delta("", f"right is {seconds(abs(apart))} {order}", p))
    rows += side_by_side("content", f"{_length(a):,} B", f"{_length(b):,} B", p, width)
    rows += side_by_side("on the wire", f"{a.frame_len:,} B", f"{b.frame_len:,} B", p, width)
    grown = _length(b) - _length(a)
    if grown:
        rows.append(_delta("", f"right is {abs(grown):,} B {'more' if grown > 0 else 'less'}", p))
    rows += side_by_side("frames", _frames(a), _frames(b), p, width)
    actions = getattr(a, "action", "pass"), getattr(b, "action", "pass")
    if actions != ("pass", "pass"):
        rows += side_by_side("action", *actions, p, width)
    rules = ", ".join(getattr(a, "rules", ())), ", ".join(getattr(b, "rules", ()))
    if any(rules):
        rows += side_by_side("rules", *rules, p, width)
    return rows


def _name(entry: Message | Frame) -> str:
    return f"{OPCODE_NAMES[entry.opcode]} {way_words(entry.direction)} #{entry.seq}"


def _length(entry: Message | Frame) -> int:
    told = entry.content_len if isinstance(entry, Message) else None
    return entry.payload_len if told is None else told


def _frames(entry: Message | Frame) -> str:
    return f"{entry.frame_count:,}" if isinstance(entry, Message) else "1"


def _delta(name: str, text: str, p: Palette) -> Row:
    return [(f" {_SAME}{fit(name, _LABEL)} ", p.label), (f"Δ {text}", p.faint)]


def _structure(
    found: Sequence[Difference], equal: int, name: str, p: Palette, width: int
) -> list[Row]:
    """Each path that differs, with its value on each side."""
    removed = sum(one.b is None for one in found)
    added = sum(one.a is None for one in found)
    changed = len(found) - removed - added
    beside = f"≠ {changed:,} changed  − {removed:,} only left  + {added:,} only right"
    rows = heading(p, name, f"{beside}  {equal:,} equal")
    label = max(_LABEL, min(40, width // 3))
    for one in found[:_SHOWN]:
        sign = _NEW if one.a is None else _GONE if one.b is None else _OTHER
        left, right = _from_difference(one.a or "", one.b or "")
        rows += side_by_side(one.path, left, right, p, width, label, sign)
    more = len(found) - _SHOWN
    return rows + (paragraph(f"and {more:,} more", p.faint, width) if more > 0 else [])


def _from_difference(a: str, b: str) -> tuple[str, str]:
    """Long values that begin alike from shortly before the first difference on."""
    same = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    if same <= _ALIKE or max(len(a), len(b)) <= 2 * _ALIKE:
        return a, b
    start = same - _ALIKE // 2
    return "…" + a[start:], "…" + b[start:]


def _texts(a: str, b: str, p: Palette, width: int) -> list[Row]:
    """Two texts, one above the other, the words that differ marked."""
    cut = len(a) > _TEXT_MAX or len(b) > _TEXT_MAX
    ours = _WORD.findall(a[:_TEXT_MAX])[:_WORDS_MAX]
    theirs = _WORD.findall(b[:_TEXT_MAX])[:_WORDS_MAX]
    cut = cut or len(ours) == _WORDS_MAX or len(theirs) == _WORDS_MAX
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        left.append(("".join(ours[a_from:a_to]), tag != "equal"))
        right.append(("".join(theirs[b_from:b_to]), tag != "equal"))
    rows = heading(p, "Left", "what is only here is marked")
    rows += _marked_text(left, p.hit, p, width)
    rows += heading(p, "Right", "what is only here is marked")
    rows += _marked_text(right, p.hit, p, width)
    if cut:
        say = f"only the first {_TEXT_MAX:,} characters and {_WORDS_MAX:,} words are compared"
        rows += [[], *paragraph(say, p.faint, width)]
    return rows


def _marked_text(
    pieces: Sequence[tuple[str, bool]], style: Style, p: Palette, width: int
) -> list[Row]:
    text = "".join(piece for piece, _ in pieces)
    marks: list[tuple[int, int, Style]] = []
    at = 0
    for piece, differs in pieces:
        if differs and piece:
            marks.append((at, at + len(piece), style))
        at += len(piece)
    rows: list[Row] = []
    room = max(8, width - 3)
    start = 0
    for line in text.split("\n"):
        for low in range(start, start + max(1, len(line)), room):
            end = min(start + len(line), low + room)
            rows.append([("  ", p.text), *highlighted(text, low, end, p.text, marks)])
        start += len(line) + 1
    return rows


class HexDiffPage:
    """Bytes of both sides at equal offsets; only the lines that are seen are made."""

    def __init__(self, a: bytes, b: bytes, palette: Palette, width: int) -> None:
        self.a, self.b = a, b
        self.palette = palette
        self.step = 16 if width >= 8 + 2 * 16 * 3 + 6 else 8 if width >= 60 else 4

    def count(self) -> int:
        return -(-max(len(self.a), len(self.b)) // self.step)

    def reach(self, index: int) -> None:
        """All lines have their place already."""

    def line(self, index: int, width: int) -> list[Segment]:
        p, start = self.palette, index * self.step
        sides = self.a[start : start + self.step], self.b[start : start + self.step]
        differ = sides[0] != sides[1]
        row: Row = [(f" {_OTHER if differ else _SAME}", p.warn), (f"{start:05x}  ", p.faint)]
        for side, other, style in ((sides[0], sides[1], p.bad), (sides[1], sides[0], p.good)):
            for at in range(self.step):
                if at >= len(side):
                    row.append(("   ", p.text))
                    continue
                same = at < len(other) and other[at] == side[at]
                row.append((f"{side[at]:02x} ", p.text if same else _BOLD + style))
            row.append((" ", p.text))
        return segments(row, width)


# Handshakes


def compared_handshakes(a: Connection, b: Connection, p: Palette, width: int) -> Page:
    """The opening handshakes of two connections."""
    rows = side_by_side("", f"#{a.flow_id}", f"#{b.flow_id}", p, width, sign=_SAME)
    rows = [[(text, p.strong) for text, _ in row] for row in rows]
    differ = 0
    for title, fields in _HANDSHAKE:
        rows += heading(p, title)
        for name, said in fields:
            left, right = said(a), said(b)
            rows += side_by_side(name, left, right, p, width)
            differ += left != right
    rows += heading(p, "Findings")
    rows += _findings(a, b, p, width)
    rows += _explained(a, b, p, width)
    many = (
        "They are the same."
        if not differ
        else f"{differ} field{'' if differ == 1 else 's'} differ{'s' if differ == 1 else ''}: ≠"
    )
    return RowsPage([*paragraph(many, p.title if differ else p.good, width), [], *rows])


def _joined(values: Sequence[str]) -> str:
    return ", ".join(values) or "none"


_ACCEPT = {True: "right", False: "wrong", None: "–"}
type _Field = tuple[str, Callable[[Connection], str]]

_HANDSHAKE: tuple[tuple[str, tuple[_Field, ...]], ...] = (
    (
        "Asked",
        (
            ("client", lambda c: c.client.rpartition(":")[0] or c.client or "–"),
            ("host", lambda c: c.facts.host or "–"),
            ("path", lambda c: c.facts.uri or "–"),
            ("origin", lambda c: c.facts.origin or "none"),
            ("user agent", lambda c: c.facts.user_agent or "none"),
            ("HTTP", lambda c: c.facts.http_version or "–"),
            ("TLS", lambda c: "yes" if c.facts.tls else "no"),
            ("subprotocols", lambda c: _joined(c.facts.client_protocols)),
            ("extensions", lambda c: _joined(c.facts.client_extensions)),
        ),
    ),
    (
        "Answered",
        (
            ("status", lambda c: str(c.facts.status or "–")),
            (
                "accept key",
                lambda c: _ACCEPT[c.facts.accept_valid],
            ),
            ("subprotocol", lambda c: c.facts.subprotocol or "none"),
            ("extensions", lambda c: _joined(c.facts.server_extensions)),
            ("application", lambda c: c.app or "–"),
            ("upstream", lambda c: c.facts.upstream or c.server or "–"),
        ),
    ),
)


def _findings(a: Connection, b: Connection, p: Palette, width: int) -> list[Row]:
    ours = [finding.code for finding in a.facts.findings]
    theirs = [finding.code for finding in b.facts.findings]
    rows: list[Row] = []
    for code in dict.fromkeys((*ours, *theirs)):
        left, right = (code if code in side else "–" for side in (ours, theirs))
        rows += side_by_side("", left, right, p, width)
        explanation = explain.of("finding", code)
        if explanation is not None:
            rows += paragraph(f"{explanation.say} [{explanation.source}]", p.label, width, 3)
    return rows or paragraph("none on either side", p.label, width, 3)


def _explained(a: Connection, b: Connection, p: Palette, width: int) -> list[Row]:
    """What the extension parameters mean that only one side has."""
    only = _parameters(a) ^ _parameters(b)
    names = sorted({name for name, _ in only})
    if not names:
        return []
    rows = heading(p, "What differs means")
    for name in names:
        kind = "extension" if name == PERMESSAGE_DEFLATE else "parameter"
        explanation = explain.of(kind, name)
        if explanation is not None:
            rows += paragraph(name, p.text, width, 3)
            rows += paragraph(f"{explanation.say} [{explanation.source}]", p.label, width, 3)
    return rows


def _parameters(c: Connection) -> set[tuple[str, str | None]]:
    """Of what the server chose: each deflate extension and parameter."""
    found: set[tuple[str, str | None]] = set()
    for element in c.facts.server_extensions[:32]:
        extension = parse_extension(element[:1000])
        if extension.name == PERMESSAGE_DEFLATE:
            found |= {(extension.name, None), *extension.params}
    return found
