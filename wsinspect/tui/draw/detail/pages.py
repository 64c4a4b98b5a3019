"""Which page a tab shows of a subject. The one place that knows all tabs."""

from wsinspect.protocol.opcodes import CLOSE, TEXT
from wsinspect.tui.data.entries import Gap
from wsinspect.tui.draw.detail import tabs
from wsinspect.tui.draw.detail.alerts import alert_rows
from wsinspect.tui.draw.detail.binary_readers import read_binary
from wsinspect.tui.draw.detail.diagnosis import diagnosis_rows
from wsinspect.tui.draw.detail.handshake import handshake_rows
from wsinspect.tui.draw.detail.hexdump import HexPage, byte_marks
from wsinspect.tui.draw.detail.json_reader import read_json
from wsinspect.tui.draw.detail.overview import (
    connection_overview,
    entry_head,
    no_content,
    on_the_wire,
)
from wsinspect.tui.draw.detail.page import Page, Row, RowsPage, Stack, heading, hint, paragraph
from wsinspect.tui.draw.detail.subject import (
    Content,
    Subject,
    can_fetch,
    content_of,
    masked_forms,
)
from wsinspect.tui.draw.detail.timing import timing_rows
from wsinspect.tui.draw.detail.tree import Tree
from wsinspect.tui.draw.detail.tree_page import TreePage
from wsinspect.tui.draw.detail.wrapped import WrappedText, needle_marks
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.draw.words import looks_like_text

_BYTES_MAX = 512  # of a content that is small enough to be shown in two ways
CONTENT_TABS = frozenset({tabs.TEXT, tabs.JSON, tabs.HEX})


def page_for(
    tab: int,
    subject: Subject,
    p: Palette,
    width: int,
    *,
    rules: list[str] | None = None,
    numbers: bool | None = None,
    height: int = 0,
) -> Page:
    """The page of `tab`. `rules` are the rule files loaded, `numbers` whether lines have theirs;
    `height` is how many lines of it can be seen at once."""
    c = subject.connection
    if c is None:
        return RowsPage(
            hint(p, ("Nothing is chosen.", "Choose a connection, or a frame of one."), width)
        )
    match tab:
        case tabs.TEXT:
            return _text(subject, p, width, numbers, height)
        case tabs.JSON:
            return _tree(subject, p, width)
        case tabs.HEX:
            return _hex(subject, p, width)
        case tabs.HANDSHAKE:
            return RowsPage(handshake_rows(c, p, width, subject.trouble))
        case tabs.TIMING:
            return RowsPage(timing_rows(subject, p, width))
        case tabs.RULES:
            return RowsPage(alert_rows(subject, p, width, rules or []))
        case _:
            return RowsPage(diagnosis_rows(subject, p, width))


def tree_of(content: Content) -> Tree | None:
    """The content as JSON, MessagePack or CBOR."""
    if content.compressed:
        return None
    text = content.data.decode("utf-8", "replace")
    tree = read_json(text, content.whole) if "\ufffd" not in text[:64] else None
    if tree is None and content.whole and not looks_like_text(content.data[:64]):
        tree = read_binary(content.data)
    return tree


def _text(subject: Subject, p: Palette, width: int, numbers: bool | None, height: int = 0) -> Page:
    c, entry = subject.connection, subject.entry
    if entry is None:
        if c is None:
            return RowsPage([])
        return RowsPage(connection_overview(c, subject.now_ns, p, width))
    head = entry_head(subject, p, width)
    content = content_of(subject)
    if content is None:
        body: Page = RowsPage(no_content(subject, p, width))
    elif content.compressed:
        body = RowsPage([])
    elif not content.data or (entry.opcode == CLOSE and len(content.data) >= 2):
        body = RowsPage([] if content.data else paragraph("(empty)", p.faint, width))
    else:
        if entry.opcode != TEXT and not looks_like_text(content.data[:512]):
            say = "bytes, not text: 3 shows them in hexadecimal"
            head = [*head[:-1], *paragraph(say, p.label, width), []]
        text = content.data.decode("utf-8", "replace")
        marks = needle_marks(subject.needle, masked_forms(subject.alerts), p)
        body = WrappedText(text, width, p, marks, numbers)
    if not body.count() and head and not head[-1]:
        head.pop()  # the next heading brings a free line
    pages: list[Page] = [RowsPage(head), body, RowsPage(on_the_wire(subject, p, width))]
    if content is not None and 0 < len(content.data) <= _BYTES_MAX:
        for page in pages:
            page.reach(height)
        room = height - sum(page.count() for page in pages)
        pages += _bytes(subject, content, p, width, room)
    return Stack(*pages)


def _bytes(subject: Subject, content: Content, p: Palette, width: int, room: int) -> list[Page]:
    """A small content in hexadecimal, too, where all of it has room below the rest."""
    marks = byte_marks(subject.needle, masked_forms(subject.alerts), p)
    title = heading(p, "Bytes", "3 has all of longer ones")
    page = HexPage(content.data, width, p, marks)
    fits = len(title) + page.count() + 1 <= room
    return [RowsPage(title), page] if fits else []


def _without_entry(subject: Subject, p: Palette, width: int, what: str) -> RowsPage | None:
    """What stands where there is no content to show as `what`."""
    entry = subject.entry
    if entry is None:
        say = f"A connection is chosen; messages have {what}."
        return RowsPage(hint(p, (say, "Enter goes to its frames: choose one there."), width))
    if isinstance(entry, Gap):
        return RowsPage(entry_head(subject, p, width))
    content = content_of(subject)
    if content is None:
        return RowsPage(no_content(subject, p, width))
    if not content.data:
        return RowsPage(hint(p, ("It is empty: no payload at all.",), width))
    return None


def _tree(subject: Subject, p: Palette, width: int) -> Page:
    nothing = _without_entry(subject, p, width, "a tree")
    content = content_of(subject)
    if nothing is not None or content is None:
        return nothing or RowsPage([])
    tree = tree_of(content)
    if tree is None:
        return RowsPage(_no_tree(subject, content, p, width))
    if not content.whole and tree.nodes:
        more = " – ctrl+e fetches the rest" if can_fetch(subject) else ""
        tree.cut_say = f"cut here: the rest is not there{more}"
    marks = needle_marks(subject.needle, masked_forms(subject.alerts), p)
    return TreePage(tree, p, marks, _rules_by_path(subject))


def _no_tree(subject: Subject, content: Content, p: Palette, width: int) -> list[Row]:
    if content.compressed:
        say = ("Still compressed, as on the wire: its content is not here.", "3 shows the bytes.")
        return hint(p, say, width)
    if looks_like_text(content.data[:512]):
        say = ("It is text, but no JSON.", "1 shows it.")
        return hint(p, say, width)
    fetch = " ctrl+e fetches all of it first." if can_fetch(subject) else ""
    cut = "" if content.whole else f" Binary formats are read only when all is there.{fetch}"
    say = (f"No JSON, and no MessagePack or CBOR to the last byte.{cut}", "3 shows the bytes.")
    return hint(p, say, width)


def _rules_by_path(subject: Subject) -> dict[str, str]:
    """The rule that found something at each JSON path."""
    found: dict[str, str] = {}
    for alert in subject.alerts:
        for hit in alert.hits:
            for layer in hit.path.split(">"):
                name, _, path = layer.partition(":")
                if path and name in ("json", "msgpack", "cbor"):
                    found.setdefault(path, alert.rule)
    return found


def _hex(subject: Subject, p: Palette, width: int) -> Page:
    nothing = _without_entry(subject, p, width, "bytes")
    content = content_of(subject)
    if nothing is not None or content is None:
        return nothing or RowsPage([])
    shown = len(content.data)
    if content.whole:
        say = f"{shown:,} bytes"
    else:
        total = f"{content.total_len:,} bytes" if content.total_len is not None else "more"
        say = f"first {shown:,} of {total}"
        say += " – ctrl+e fetches the rest" if can_fetch(subject) else ""
    if content.compressed:
        say += ", still compressed"
    marks = byte_marks(subject.needle, masked_forms(subject.alerts), p)
    return Stack(
        RowsPage([*paragraph(say, p.label, width), []]), HexPage(content.data, width, p, marks)
    )
