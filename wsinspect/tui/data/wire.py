"""The lines of the dashboard socket, decoded and checked. Knows no store and no Textual.

The proxy sends one JSON object a line: its own kinds carry `type`, log events carry `event_type`
and look as they do in the log. Fields not named here are ignored, so that a newer proxy can add
some; kinds not named here decode to None. Raises `msgspec.MsgspecError` on a line that is not
what it says it is.
"""

from typing import Any

import msgspec
from msgspec import Struct

PREVIEW_LEN_MAX = 512  # bytes kept of one payload


class Hello(Struct, frozen=True):
    """The first line: which proxy this is."""

    pid: int = 0
    version: str = ""
    listen: list[str] = []
    mode: list[str] = []
    log: str | None = None
    record: str | None = None
    ca: str | None = None  # path of the CA certificate that clients have to trust


class TotalsRow(Struct, array_like=True, frozen=True):
    """Cumulative totals of one connection; payload and wire in bytes."""

    flow_id: int
    frames_to_server: int
    payload_bytes_to_server: int
    wire_bytes_to_server: int
    frames_to_client: int
    payload_bytes_to_client: int
    wire_bytes_to_client: int
    messages_to_server: int
    messages_to_client: int
    last_direction: int | None
    last_opcode: int | None
    last_frame_ns: int | None


class Totals(Struct, frozen=True):
    timestamp_ns: int
    rows: list[TotalsRow]


class Frame(Struct, array_like=True, gc=False):
    """One frame as it was on the wire. `b0` is the header's first byte (RFC 6455 §5.2)."""

    timestamp_ns: int
    direction: int  # 0 to_server, 1 to_client
    seq: int
    b0: int
    mask: int | None
    payload_len: int
    frame_len: int
    violation: str | None = None
    preview: bytes | None = None  # base64 on the socket; unmasked, still compressed if RSV1

    @property
    def fin(self) -> bool:
        return self.b0 & 0x80 != 0

    @property
    def rsv(self) -> int:
        return self.b0 >> 4 & 7

    @property
    def opcode(self) -> int:
        return self.b0 & 0x0F


class Frames(Struct, frozen=True):
    flow_id: int
    rows: list[Frame]
    skipped: int = 0


class Problem(Struct, frozen=True):
    say: str


class Finding(Struct, frozen=True):
    code: str = ""
    say: str = ""


class OpenFacts(Struct, frozen=True):
    """The opening handshake, as in the log's `open`."""

    host: str | None = None
    uri: str | None = None
    user_agent: str | None = None
    subprotocol: str | None = None
    client_protocols: list[str] = []
    client_extensions: list[str] = []
    server_extensions: list[str] = []
    origin: str | None = None
    status: int | None = 101
    http_version: str | None = None
    tls: bool | None = None
    accept_valid: bool | None = None
    handshake_ms: float | None = None
    upstream: str | None = None
    findings: list[Finding] = []


class OneWay(Struct, frozen=True):
    frames: int = 0
    messages: int = 0
    payload_bytes: int = 0
    wire_bytes: int = 0


class CloseFacts(Struct, frozen=True):
    """How a connection ended, as in the log's `close`."""

    code_observed: int | None = None
    reason: str | None = None
    code_relayed: int | None = None
    initiator: str = "none"
    clean: bool = False
    cause: str = ""
    age_s: float | None = None
    idle_s: float | None = None
    to_server: OneWay = OneWay()
    to_client: OneWay = OneWay()
    ping_rtt_ms: dict[str, float] = {}
    unfinished: Any = None


class WsOpen(Struct, frozen=True):
    timestamp: str
    flow_id: int
    open: OpenFacts
    src_ip: str = ""
    src_port: int = 0
    dest_ip: str = ""
    dest_port: int = 0


class WsClose(Struct, frozen=True):
    timestamp: str
    flow_id: int
    close: CloseFacts
    src_ip: str = ""
    src_port: int = 0
    dest_ip: str = ""
    dest_port: int = 0


class Stats(Struct, frozen=True):
    timestamp: str
    stats: dict[str, Any]


type Line = Hello | Totals | Frames | Problem | WsOpen | WsClose | Stats


class _Kind(Struct, frozen=True):
    type: str = ""
    event_type: str = ""


_KINDS: dict[str, type[Any]] = {
    "hello": Hello,
    "totals": Totals,
    "frames": Frames,
    "problem": Problem,
    "ws_open": WsOpen,
    "ws_close": WsClose,
    "stats": Stats,
}
_DECODERS = {kind: msgspec.json.Decoder(shape) for kind, shape in _KINDS.items()}
_KIND_DECODER = msgspec.json.Decoder(_Kind)


def decode(line: bytes) -> Line | None:
    """One line of the socket; None if its kind is unknown here."""
    kind = _KIND_DECODER.decode(line)
    decoder = _DECODERS.get(kind.type or kind.event_type)
    if decoder is None:
        return None
    decoded: Line = decoder.decode(line)
    return decoded


def encode_watch(flow_id: int | None) -> bytes:
    """Ask for the frames of one connection, or of none."""
    return msgspec.json.encode({"type": "watch", "flow_id": flow_id}) + b"\n"
