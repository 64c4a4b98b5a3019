"""The detail of one frame or one connection as lines, and the pane that shows them.

`frame_lines` and `connection_lines` are pure; the pane scrolls what they give.
"""

from rich.segment import Segment
from rich.style import Style

from wsinspect.protocol.opcodes import CLOSE, OPCODE_NAMES, TEXT
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.wire import Frame, OneWay
from wsinspect.tui.draw.cells import clip, wrap
from wsinspect.tui.draw.figures import clock, duration, size_unit
from wsinspect.tui.draw.palette import TO_CLIENT, TO_SERVER, Palette
from wsinspect.tui.draw.safe import safe_bytes
from wsinspect.tui.draw.words import (
    close_payload,
    close_sentence,
    end_cause,
    is_compressed,
    looks_like_text,
)
from wsinspect.tui.panes.lines import LinesView

type Row = list[tuple[str, Style]]

_LABEL_WIDTH = 13


def _field(p: Palette, name: str, value: str, style: Style, width: int) -> list[Row]:
    """A labelled value, wrapped under itself."""
    pieces = wrap(value, max(8, width - _LABEL_WIDTH - 2)) or [""]
    return [
        [(f" {name if not index else '':<{_LABEL_WIDTH}}", p.label), (piece, style)]
        for index, piece in enumerate(pieces)
    ]


def _heading(p: Palette, text: str) -> list[Row]:
    return [[], [(f" {text}", p.title)]]


def hex_rows(data: bytes, width: int) -> list[tuple[str, str, str]]:
    """(offset, hexadecimal, characters) rows of 16 bytes, or of 8 or 4 where it is narrow."""
    for step in (16, 8, 4):
        if 8 + step * 4 <= width:
            break
    rows = []
    for at in range(0, len(data), step):
        part = data[at : at + step]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)
        rows.append((f"{at:04x}", f"{part.hex(' '):<{step * 3 - 1}}", shown))
    return rows


def _flag_words(frame: Frame) -> str:
    said = ["FIN" if frame.fin else "no FIN: more fragments follow"]
    for bit, name in ((4, "RSV1"), (2, "RSV2"), (1, "RSV3")):
        if frame.rsv & bit:
            compressed = bit == 4 and is_compressed(frame)
            said.append("RSV1: compressed message" if compressed else name)
    return ", ".join(said)


def frame_lines(frame: Frame, p: Palette, width: int) -> list[Row]:
    """Everything known of one frame."""
    way = f"{TO_CLIENT} to client" if frame.direction else f"{TO_SERVER} to server"
    mask = "none" if frame.mask is None else f"0x{frame.mask:08x}"
    header_len = frame.frame_len - frame.payload_len
    rows: list[Row] = [
        [
            (f" {OPCODE_NAMES[frame.opcode]} ", p.strong),
            (way, p.direction(frame.direction)),
            (f"  #{frame.seq}", p.faint),
        ]
    ]
    if frame.violation is not None:
        rows += [[], *_field(p, "violation", frame.violation, p.bad, width)]
    rows += [
        [],
        *_field(p, "time", clock(frame.timestamp_ns), p.text, width),
        *_field(p, "flags", _flag_words(frame), p.text, width),
        *_field(p, "opcode", f"{frame.opcode} {OPCODE_NAMES[frame.opcode]}", p.text, width),
        *_field(p, "masking key", mask, p.text, width),
        *_field(p, "payload", size_unit(frame.payload_len), p.text, width),
        *_field(
            p, "wire", f"{size_unit(frame.frame_len)}, {header_len} of it header", p.text, width
        ),
    ]
    data = frame.preview
    if frame.opcode == CLOSE and data is not None:
        rows += _field(p, "close", close_payload(data), p.warn, width)
        if len(data) >= 2:
            rows += _field(p, "", close_sentence(int.from_bytes(data[:2])), p.label, width)
    if data:
        rows += _payload(frame, data, p, width)
    return rows


def _payload(frame: Frame, data: bytes, p: Palette, width: int) -> list[Row]:
    part = "" if len(data) == frame.payload_len else f", first {len(data)} bytes"
    rows: list[Row] = []
    if is_compressed(frame):
        rows += _heading(p, f"Payload as on the wire, compressed{part}")
    else:
        if frame.opcode == TEXT or looks_like_text(data):
            rows += _heading(p, f"Text{part}")
            rows += [[(f" {piece}", p.text)] for piece in wrap(safe_bytes(data), width - 2)]
        rows += _heading(p, f"Hex{part}")
    for offset, digits, shown in hex_rows(data, width):
        rows.append([(f" {offset} ", p.faint), (digits, p.text), (f" {shown}", p.label)])
    return rows


def _totals(way: tuple[int, int, int, int]) -> tuple[str, str]:
    frames, payload, wire, messages = way
    return (
        f"{frames:,} frames, {messages:,} messages",
        f"{size_unit(payload)}, {size_unit(wire)} wire",
    )


def connection_lines(c: Connection, now_ns: int, p: Palette, width: int) -> list[Row]:
    """Everything known of one connection."""
    facts = c.facts
    rows: list[Row] = [[(f" #{c.flow_id} ", p.strong), (c.state.value, p.state(c.state))]]
    rows += _ending(c, p, width)
    rows += _heading(p, "Opening handshake")
    up, down = _totals(c.to_server), _totals(c.to_client)
    accept = {True: "valid", False: "WRONG", None: "–"}[facts.accept_valid]
    handshake = "–" if facts.handshake_ms is None else f"{facts.handshake_ms:.1f} ms"
    for name, value in (
        ("client", c.client),
        ("server", c.server),
        ("host", facts.host or ""),
        ("path", facts.uri or ""),
        ("status", f"{facts.status} {facts.http_version or ''}"),
        ("TLS", "yes" if facts.tls else "no"),
        ("accept key", accept),
        ("handshake", handshake),
        ("origin", facts.origin or "–"),
        ("user agent", facts.user_agent or "–"),
        ("subprotocol", facts.subprotocol or "none chosen"),
        ("offered", ", ".join(facts.client_protocols) or "–"),
        ("extensions", ", ".join(facts.server_extensions) or "none chosen"),
        ("offered", ", ".join(facts.client_extensions) or "–"),
        ("opened", clock(c.opened_ns) if c.opened_ns else "before the attach"),
        ("age", duration(c.age_s(now_ns))),
        ("idle", duration(c.idle_s(now_ns))),
        (f"{TO_SERVER} to server", up[0]),
        ("", up[1]),
        (f"{TO_CLIENT} to client", down[0]),
        ("", down[1]),
    ):
        rows += _field(p, name, value, p.text, width)
    for finding in facts.findings:
        rows += _field(p, "finding", finding.say or finding.code, p.warn, width)
    return rows


def _ending(c: Connection, p: Palette, width: int) -> list[Row]:
    close = c.close
    if close is None:
        return []
    style = p.state(c.state) if not close.clean else p.text
    rows = _heading(p, "End")
    rows += _field(p, "time", clock(c.ended_ns), p.text, width)
    rows += _field(p, "cause", end_cause(close), style, width)
    if close.code_observed is not None:
        rows += _field(p, "close code", str(close.code_observed), style, width)
        rows += _field(p, "", close_sentence(close.code_observed), p.label, width)
    if close.reason:
        rows += _field(p, "reason", close.reason, p.text, width)
    relayed = "abrupt end, as it came" if close.code_relayed is None else str(close.code_relayed)
    rows += _field(p, "relayed", relayed, p.text, width)
    if close.unfinished is not None:
        rows += _field(p, "unfinished", _unfinished(close.unfinished), p.bad, width)
    if close.ping_rtt_ms.get("count"):
        rtt = close.ping_rtt_ms
        say = f"{rtt.get('p50', 0):.1f} ms median of {rtt['count']:.0f}"
        rows += _field(p, "ping RTT", say, p.text, width)
    return rows


def _unfinished(left: OneWay | object) -> str:
    """Bytes of a frame that never completed, each direction."""
    if isinstance(left, dict):
        parts = [f"{name.replace('_', ' ')} {value} B" for name, value in left.items() if value]
        return "a frame never finished: " + ", ".join(parts)
    return "a frame never finished"


class DetailView(LinesView):
    """Shows rows that it is given by `show`; scrolls, has no cursor."""

    HAS_CURSOR = False

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, id="detail")
        self.rows: list[Row] = []
        self._subject: object = None

    def show(self, subject: object, rows: list[Row]) -> None:
        """`subject` tells whether it is the same thing as before: then the place is kept."""
        self.rows = rows
        if subject is not self._subject:
            self._subject = subject
            self._jump(0)
        self.sync()

    def count(self) -> int:
        return len(self.rows)

    def empty(self, y: int, width: int) -> list[Segment]:  # noqa: ARG002 - fixed text
        return [Segment("  nothing chosen", self.palette.label)] if y == 1 else []

    def segments(self, index: int, width: int) -> list[Segment]:
        line: list[Segment] = []
        for text, style in self.rows[index]:
            text = clip(text, width)
            line.append(Segment(text, style))
        return line
