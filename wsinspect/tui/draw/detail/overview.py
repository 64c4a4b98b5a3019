"""What stands around the content in the Text tab: a message's head, its frames; a connection.

Owns these rows and their order; each thing is explained where it stands.
"""

from wsinspect.protocol.opcodes import CLOSE, OPCODE_NAMES
from wsinspect.tui import explain
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Gap, Message
from wsinspect.tui.data.own_end import close_reason, own_end
from wsinspect.tui.data.wire import CloseFacts, Frame, OneWay
from wsinspect.tui.draw.detail.page import Row, explained, field, heading, hint, paragraph
from wsinspect.tui.draw.detail.subject import Subject, can_fetch, content_of
from wsinspect.tui.draw.figures import clock, count, duration, size_unit
from wsinspect.tui.draw.palette import STATE_GLYPH, TO_CLIENT, TO_SERVER, Palette
from wsinspect.tui.draw.words import close_payload, end_cause

_FRAMES_SHOWN = 40
_ACTIONS = {
    "rewrite": "rewritten: this is what went on",
    "drop": "stopped: it did not go on",
    "close": "stopped: the connection was ended for it",
}


def way_words(direction: int | None) -> str:
    return f"{TO_CLIENT} to client" if direction else f"{TO_SERVER} to server"


def entry_head(subject: Subject, p: Palette, width: int) -> list[Row]:
    """The lines above the content: which message, how large, what was done to it."""
    entry = subject.entry
    if isinstance(entry, Gap):
        return _gap(entry, p, width)
    if entry is None:
        return []
    seq = f"#{entry.seq}" if entry.seq >= 0 else "injected"
    if isinstance(entry, Message) and entry.last_seq > entry.seq:
        seq += f"–{entry.last_seq}"
    name = OPCODE_NAMES[entry.opcode]
    rows: list[Row] = [
        [
            (f" {name} ", p.strong),
            (way_words(entry.direction), p.direction(entry.direction)),
            (f"  {seq}  {clock(entry.timestamp_ns)}", p.faint),
        ]
    ]
    rows += paragraph(_sizes(entry), p.label, width)
    rows += _deeds(entry, p, width)
    if entry.violation is not None:
        rows += field(p, "violation", entry.violation, p.bad, width)
        rows += explained(p, explain.of("violation", entry.violation), width)
    if isinstance(entry, Frame) and entry.opcode == CLOSE:
        rows += _close(entry, p, width)
    return [*rows, *_how_much(subject, p, width), []]


def _gap(gap: Gap, p: Palette, width: int) -> list[Row]:
    say = (
        f"{count(gap.to_server)} frames {TO_SERVER} to server and {count(gap.to_client)} frames "
        f"{TO_CLIENT} to client are not here."
    )
    why = (
        "They passed before this connection was watched, faster than the dashboard takes them, or "
        "were not recorded. Totals are exact all the same; a log with --record frames has them."
    )
    if gap.waiting:
        why = (
            "A rule holds a message until it has all of it, and control frames overtake it: then "
            f"they come, and stand here. Else: {why[0].lower()}{why[1:]}"
        )
    return hint(p, (say, why), width)


def _sizes(entry: Message | Frame) -> str:
    header = entry.frame_len - entry.payload_len
    wire = f"{size_unit(entry.frame_len)} on the wire"
    if not isinstance(entry, Message):
        return f"{size_unit(entry.payload_len)} payload · {wire}, {header} of it header"
    length = entry.content_len if entry.content_len is not None else entry.payload_len
    said = [size_unit(length), wire]
    if entry.compressed and entry.content_len and entry.payload_len:
        said[1] += f" (deflate {entry.content_len / entry.payload_len:.1f}×)"
    elif entry.compressed:
        said = [f"{size_unit(entry.payload_len)} compressed", wire]
    if entry.frame_count > 1:
        span_ms = (entry.ended_ns - entry.timestamp_ns) / 1e6
        said.append(f"{entry.frame_count:,} frames in {span_ms:,.0f} ms")
    if not entry.finished:
        said.append("not finished")
    return " · ".join(said)


def _deeds(entry: Message | Frame, p: Palette, width: int) -> list[Row]:
    if not isinstance(entry, Message):
        return []
    rows: list[Row] = []
    if entry.action != "pass":
        rows += paragraph(_ACTIONS.get(entry.action, entry.action), p.warn, width)
    if entry.injected:
        rows += paragraph("injected: this proxy sent it, not the other side", p.warn, width)
    if entry.rules:
        many = ", ".join(entry.rules)
        rows += paragraph(f"rules: {many} – 6 says why", p.warn, width)
    return rows


def _close(frame: Frame, p: Palette, width: int) -> list[Row]:
    data = frame.preview
    if data is None:
        return []
    rows = field(p, "close", close_payload(data), p.warn, width)
    code = int.from_bytes(data[:2]) if len(data) >= 2 else 1005
    return rows + explained(p, explain.of("close", code), width)


def _how_much(subject: Subject, p: Palette, width: int) -> list[Row]:
    """How much of the content is here, and how to get the rest."""
    content = content_of(subject)
    payload = subject.payload
    rows: list[Row] = []
    if payload is not None and payload.content is None:
        rows += paragraph(f"the proxy does not have it: {payload.say or 'gone'}", p.warn, width)
    if content is None:
        return rows
    if content.compressed:
        say = "still compressed, as on the wire: its content is not here"
        return rows + paragraph(say, p.label, width)
    if content.whole:
        return rows
    total = f"{content.total_len:,} bytes" if content.total_len is not None else "more"
    say = f"first {len(content.data):,} of {total}"
    if can_fetch(subject):
        say += " – ctrl+e fetches the rest"
    return rows + paragraph(say, p.label, width)


def no_content(subject: Subject, p: Palette, width: int) -> list[Row]:
    """Where the content would stand: why it is not here, and what to do."""
    entry = subject.entry
    if isinstance(entry, Gap) or entry is None:
        return []
    if subject.note:
        return hint(p, (subject.note,), width)
    if isinstance(entry, Message) and entry.action in ("drop", "close"):
        return hint(
            p,
            (
                "What was stopped is not shown.",
                "It may be what must not be seen. 6 says which rule stopped it.",
            ),
            width,
        )
    if can_fetch(subject):
        return hint(p, ("Its payload is not here yet.", "ctrl+e asks the proxy for it."), width)
    return hint(
        p,
        (
            "Its payload was not kept: it passed before anyone watched.",
            (
                "New messages of this connection come with content. --payloads preview keeps the "
                "start of each in the log."
            ),
        ),
        width,
    )


def on_the_wire(subject: Subject, p: Palette, width: int) -> list[Row]:
    """The frames below the content: opcode, flags and mask, explained."""
    entry = subject.entry
    if entry is None or isinstance(entry, Gap):
        return []
    frames = entry.frames if isinstance(entry, Message) else [entry]
    if entry.seq < 0:
        return []
    rows = heading(p, "On the wire", "RFC 6455 §5.2")
    first = frames[0]
    rows += field(p, "opcode", f"0x{first.opcode:x} {OPCODE_NAMES[first.opcode]}", p.text, width)
    rows += explained(p, explain.of("opcode", first.opcode), width)
    for name in _flags(first):
        rows += field(p, "flag", name, p.text, width)
        rows += explained(p, explain.of("flag", name), width)
    mask = "no mask" if first.mask is None else "mask"
    shown = "none" if first.mask is None else f"0x{first.mask:08x}"
    rows += field(p, "masking key", shown, p.text, width)
    rows += explained(p, explain.of("flag", mask), width)
    if isinstance(entry, Message) and entry.frame_count > 1:
        rows += _fragments(entry, p, width)
    return rows


def _flags(frame: Frame) -> list[str]:
    said = ["FIN" if frame.fin else "no FIN"]
    return said + [name for bit, name in ((4, "RSV1"), (2, "RSV2"), (1, "RSV3")) if frame.rsv & bit]


def _fragments(message: Message, p: Palette, width: int) -> list[Row]:
    rows = heading(p, f"{message.frame_count:,} frames", "u unfolds them in the list")
    began = message.timestamp_ns
    for frame in message.frames[:_FRAMES_SHOWN]:
        after_ms = (frame.timestamp_ns - began) / 1e6
        rows.append(
            [
                (f" #{frame.seq:<8}", p.faint),
                (f"+{after_ms:>9,.1f} ms  ", p.label),
                (f"{count(frame.payload_len):>8} B  ", p.text),
                (", ".join(_flags(frame)), p.faint),
            ]
        )
    more = message.frame_count - min(len(message.frames), _FRAMES_SHOWN)
    if more > 0:
        rows += paragraph(f"and {more:,} more", p.faint, width)
    return rows


# A connection


def connection_overview(c: Connection, now_ns: int, p: Palette, width: int) -> list[Row]:
    """What the Text tab shows of a connection: how it is or ended, what passed."""
    rows: list[Row] = [
        [
            (f" #{c.flow_id} ", p.strong),
            (f"{STATE_GLYPH[c.state]} {c.state.value}", p.state(c.state)),
            (f"  {c.app}" if c.app else "", p.label),
        ]
    ]
    if c.close is None:
        rows += explained(p, explain.of("state", c.state.value), width)
    rows += ending(c, p, width)
    rows += heading(p, "Where")
    facts = c.facts
    for name, value in (
        ("client", c.client),
        ("host", facts.host or ""),
        ("path", facts.uri or ""),
        ("server", c.server),
        ("upstream", facts.upstream or ""),
    ):
        if value:
            rows += field(p, name, value, p.text, width)
    rows += heading(p, "What passed", f"age {duration(c.age_s(now_ns))}")
    for name, way in ((way_words(0), c.to_server), (way_words(1), c.to_client)):
        frames, payload, wire, messages = way
        rows += field(p, name, f"{messages:,} messages in {frames:,} frames", p.text, width)
        say = f"{size_unit(payload)} payload, {size_unit(wire)} on the wire"
        rows += field(p, "", say, p.label, width)
    ratio = c.ratio()
    if ratio is not None:
        say = f"{ratio:.1f}×: {size_unit(sum(c.message_bytes))} of content"
        rows += field(p, "deflate", say, p.text, width)
    if c.violations:
        rows += field(p, "violations", f"{c.violations:,} – c jumps to the next", p.bad, width)
    if c.alerts:
        rows += field(p, "alerts", f"{c.alerts:,} – 6 shows them", p.warn, width)
    rows += [[], *paragraph("Enter, then a frame: its content stands here.", p.faint, width)]
    return rows


def ending(c: Connection, p: Palette, width: int) -> list[Row]:
    """How it ended, each word explained."""
    close = c.close
    if close is None:
        return []
    style = p.state(c.state) if close.unclean else p.text
    rows = heading(p, "End", clock(c.ended_ns))
    rows += field(p, "cause", end_cause(c), style, width)
    own = own_end(c)
    said = close.cause == "close_frame"  # then its code tells more than the cause
    if own is not None:
        rows += explained(p, explain.of("end", own.value), width)
    elif not said:
        rows += explained(p, explain.of("cause", close.cause), width)
    if close.code is not None:
        code = explain.of("close", close.code)
        title = code.title if code is not None else str(close.code)
        rows += field(p, "close code", title, style, width)
        if said:
            rows += explained(p, code, width)
        elif code is not None:
            rows += field(p, "", f"{code.say} [{code.source}]", p.label, width)
    reason = close_reason(c)
    if reason:
        rows += field(p, "reason", reason, p.text, width)
    rows += field(p, "sent" if own else "relayed", _relayed(close, own is not None), p.text, width)
    if close.unfinished is not None:
        rows += field(p, "unfinished", _unfinished(close.unfinished), p.bad, width)
    return rows


def _relayed(close: CloseFacts, own: bool) -> str:
    """What the other side was told; of an end of ours, what both sides were."""
    if own and close.code_relayed is None:
        return "nothing: both sides saw an abrupt end"
    if own:
        observed = close.code_observed
        log = f" (code_observed {observed} in the log: no Close frame came before it)"
        return f"{close.code_relayed}, to both sides{log}"
    return "an abrupt end, as it came" if close.code_relayed is None else str(close.code_relayed)


def _unfinished(left: OneWay | object) -> str:
    """Bytes of a frame that never completed, each direction."""
    if isinstance(left, dict):
        parts = [f"{name.replace('_', ' ')} {value} B" for name, value in left.items() if value]
        return "a frame never finished: " + ", ".join(parts)
    return "a frame never finished"
