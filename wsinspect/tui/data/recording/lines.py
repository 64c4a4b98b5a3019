"""What a line of the log says (docs/log.md), read as far as a recording needs it. Pure.

Raises one of `bounds.UNREADABLE` on what is no line of a log.
"""

from typing import Any

import msgspec
from msgspec import Struct

from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.tui.data.bounds import Count, Seq
from wsinspect.tui.data.moments import timestamp_ns
from wsinspect.tui.data.wire import CONTENT_LEN_MAX, PREVIEW_LEN_MAX, TO_CLIENT, Frame, MessageRow

_OPCODES = {name: number for number, name in enumerate(OPCODE_NAMES)}


class Head(Struct, frozen=True, gc=False):
    """What every line has."""

    timestamp: str
    event_type: str
    flow_id: Count = 0
    src_ip: str = ""
    src_port: Count = 0
    dest_ip: str = ""
    dest_port: Count = 0


class _Eve(Struct, frozen=True, gc=False):
    fin: bool
    opcode: str
    mask: Count | None = None


class _Ws(Struct, frozen=True, gc=False):
    direction: str
    seq: Seq
    payload_len: Count
    frame_len: Count
    rsv: Count = 0
    violation: str | None = None


class FrameLine(Struct, frozen=True, gc=False):
    timestamp: str
    websocket: _Eve
    ws: _Ws

    @property
    def direction(self) -> int:
        return int(self.ws.direction == TO_CLIENT)

    @property
    def opcode(self) -> int:
        """RFC 6455 §5.2. Raises ValidationError if it is no opcode's name."""
        return opcode_of(self.websocket.opcode)

    def frame(self) -> Frame:
        ws, eve = self.ws, self.websocket
        b0 = (0x80 if eve.fin else 0) | (ws.rsv & 7) << 4 | self.opcode
        return Frame(
            timestamp_ns(self.timestamp), self.direction, ws.seq, b0, eve.mask,
            ws.payload_len, ws.frame_len, ws.violation,
        )  # fmt: skip


class _Message(Struct, frozen=True, gc=False):
    direction: str
    opcode: str
    payload_len: Count
    wire_len: Count
    frames: Count = 1
    compressed: bool = False
    action: str = "pass"
    rules: tuple[str, ...] = ()
    injected: bool = False
    preview: str | None = None
    preview_base64: bytes | None = None


class MessageLine(Struct, frozen=True, gc=False):
    timestamp: str
    message: _Message

    @property
    def direction(self) -> int:
        return int(self.message.direction == TO_CLIENT)

    @property
    def content(self) -> bytes | None:
        """As much of it as is recorded."""
        m = self.message
        return m.preview_base64 if m.preview is None else m.preview.encode()

    @property
    def whole(self) -> bool:
        """Whether `content` is all of it. A rewritten one's length is not on record."""
        content = self.content
        if content is None:
            return False
        if self.message.action == "rewrite":  # previews end at 512, or before a character
            return not PREVIEW_LEN_MAX - 3 <= len(content) <= PREVIEW_LEN_MAX
        return len(content) >= self.message.payload_len

    def row(self, first_seq: int | None, last_seq: int | None) -> MessageRow:
        m = self.message
        content = self.content
        fits = content is not None and len(content) <= CONTENT_LEN_MAX
        return MessageRow(
            timestamp_ns(self.timestamp), self.direction, first_seq, last_seq,
            opcode_of(m.opcode), m.payload_len, m.wire_len, m.frames, m.compressed, m.action,
            m.injected, m.rules, None if content is None else content[:CONTENT_LEN_MAX],
            self.whole and fits,
        )  # fmt: skip


class StatsLine(Struct, frozen=True):
    timestamp: str
    stats: dict[str, Any]


def opcode_of(name: str) -> int:
    opcode = _OPCODES.get(name)
    if opcode is None:
        raise msgspec.ValidationError("no opcode has this name")
    return opcode


read_head = msgspec.json.Decoder(Head).decode
read_frame = msgspec.json.Decoder(FrameLine).decode
read_message = msgspec.json.Decoder(MessageLine).decode
read_stats = msgspec.json.Decoder(StatsLine).decode
