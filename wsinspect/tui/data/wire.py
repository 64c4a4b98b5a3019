"""The lines of the dashboard socket, decoded and checked. Knows no store and no Textual.

The proxy sends one JSON object a line: its own kinds carry `type`, log events carry `event_type`
and look as they do in the log. Fields not named here are ignored, so that a newer proxy can add
some; kinds not named here decode to None; what an older proxy leaves out has a default. Raises
`msgspec.MsgspecError` on a line that is not what it says it is.
"""

from typing import Any

import msgspec
from msgspec import Struct

from wsinspect.tui.data.bounds import Count, Number, Real, Seq
from wsinspect.tui.data.moments import timestamp_ns

PREVIEW_LEN_MAX = 512  # bytes kept of one frame's payload
CONTENT_LEN_MAX = 4096  # bytes kept of one message's content
TO_CLIENT = "to_client"


class Hello(Struct, frozen=True):
    """The first line: which proxy this is."""

    pid: int = 0
    version: str = ""
    listen: list[str] = []
    mode: list[str] = []
    log: str | None = None
    record: str | None = None
    ca: str | None = None  # path of the CA certificate that clients have to trust
    rules: list[str] = []  # paths of the rule files
    payloads: str | None = None  # of the log: none, preview, full
    can: list[str] = []  # what may be asked of it beside `watch`: close, payload
    started_ns: int | None = None


class TotalsRow(Struct, array_like=True, frozen=True, gc=False):
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
    # Protocol 2. Content of finished messages, decompressed:
    message_bytes_to_server: int = 0
    message_bytes_to_client: int = 0
    alerts: int = 0
    violations: int = 0
    rtt_us: int | None = None  # of the last answered ping
    deflate: int = 0  # permessage-deflate was negotiated


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

    @property
    def compressed(self) -> bool:
        """RSV1 on a data frame: permessage-deflate (RFC 7692 §6)."""
        return self.b0 & 0x48 == 0x40

    @property
    def content(self) -> bytes | None:
        return self.preview

    @property
    def whole(self) -> bool:
        """Whether `content` is all of the payload, and not compressed."""
        preview = self.preview
        return preview is not None and len(preview) >= self.payload_len and not self.compressed


class Frames(Struct, frozen=True):
    flow_id: int
    rows: list[Frame]
    skipped: int = 0


class MessageRow(Struct, array_like=True, frozen=True, gc=False):
    """A finished data message: what was done to it, and its content as far as it may be shown."""

    timestamp_ns: int
    direction: int
    first_seq: int | None  # None (or below 0): it was injected, no frame belongs to it
    last_seq: int | None
    opcode: int
    payload_len: int  # decompressed
    wire_len: int
    frames: int
    compressed: bool = False
    action: str = "pass"
    injected: bool = False
    rules: tuple[str, ...] = ()
    content: bytes | None = None  # at most CONTENT_LEN_MAX bytes
    whole: bool = False


class Messages(Struct, frozen=True):
    flow_id: int
    rows: list[MessageRow]
    skipped: int = 0


class History(Struct, frozen=True):
    """Begins the answer to `watch`: so many rows of the past follow, then what is live."""

    flow_id: int
    frames: int = 0
    messages: int = 0
    older: int = 0  # frames that were kept and had to go
    busy: int = 0  # frames that passed while too much passed to keep


class Payload(Struct, frozen=True):
    """The answer to `payload`: all of a message, or why not."""

    flow_id: int
    direction: int
    seq: int
    content: bytes | None = None
    whole: bool = False
    say: str | None = None


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
    status: Number | None = 101
    http_version: str | None = None
    tls: bool | None = None
    accept_valid: bool | None = None
    handshake_ms: Real | None = None
    upstream: str | None = None
    app_proto: str | None = None
    findings: list[Finding] = []


class OneWay(Struct, frozen=True):
    frames: Count = 0
    messages: Count = 0
    payload_bytes: Count = 0
    wire_bytes: Count = 0


class CloseFacts(Struct, frozen=True):
    """How a connection ended, as in the log's `close`."""

    code_observed: Number | None = None
    reason: str | None = None
    code_relayed: Number | None = None
    initiator: str = "none"
    clean: bool = False
    cause: str = ""
    age_s: Real | None = None
    idle_s: Real | None = None
    to_server: OneWay = OneWay()
    to_client: OneWay = OneWay()
    ping_rtt_ms: dict[str, Real] = {}
    diagnosis: list[str] = []
    unfinished: Any = None

    @property
    def by_proxy(self) -> bool:
        """Whether this proxy ended it on purpose: for a rule, an option, a person, or its end."""
        return self.initiator == "proxy" and self.cause in ("policy", "shutdown")

    @property
    def unclean(self) -> bool:
        """Whether it ended as nobody wanted: neither by both Close frames nor by this proxy."""
        return not self.clean and not self.by_proxy

    @property
    def code(self) -> int | None:
        """The code that tells how it ended: where this proxy ended it, the one that it sent."""
        return self.code_relayed if self.by_proxy else self.code_observed


class Hit(Struct, frozen=True):
    """Where a rule found something: never the value. `start`, `end` count in the view `path`."""

    detector: str = ""
    path: str = "$"
    start: Number = 0
    end: Number = 0
    length: Number = 0
    masked: str = ""
    fingerprint: str = ""


class AlertFacts(Struct, frozen=True):
    """A rule's finding in a message, a control frame, or (no direction) the opening handshake."""

    signature: str = ""
    rule: str = ""
    severity: str = ""
    action: str = ""
    disposition: str = ""
    hits: list[Hit] = []
    hits_total: Number = 0
    direction: Number | None = None
    opcode: str | None = None
    seq: Seq | None = None  # of the message's first frame, in its direction
    timestamp_ns: Number = 0


class _Alert(Struct, frozen=True):
    signature: str = ""
    rule: str = ""
    severity: str = ""
    action: str = ""
    disposition: str = ""
    hits: list[Hit] = []
    hits_total: Number = 0
    direction: str | None = None
    opcode: str | None = None
    seq: Seq | None = None


class Candidate(Struct, frozen=True):
    """A hop that may have cut: `limit_s` is its timeout, `source` how we know."""

    hop: str = ""
    limit_s: Real | None = None
    source: str = ""
    limit_bytes: Number | None = None  # of `oversize`, in place of `limit_s`


class DiagnosisFacts(Struct, frozen=True):
    """Why connections died, as in the log's `diagnosis`; one of the same `id` replaces it."""

    kind: str = ""
    confidence: str = ""
    host: str = ""
    count: Number = 0
    evidence: dict[str, Any] = {}
    candidates: list[Candidate] = []
    say: str = ""
    advice: str = ""
    flow_ids: list[Number] = []
    id: str = ""
    timestamp_ns: Number = 0

    def replaces(self, other: "DiagnosisFacts") -> bool:
        """Whether this is a later word on the same thing."""
        return self.id != "" and self.id == other.id


class _Event(Struct, frozen=True):
    timestamp: str
    flow_id: Number
    src_ip: str = ""
    src_port: Number = 0
    dest_ip: str = ""
    dest_port: Number = 0


class WsOpen(_Event, frozen=True, kw_only=True):
    open: OpenFacts


class WsClose(_Event, frozen=True, kw_only=True):
    close: CloseFacts


class WsAlert(_Event, frozen=True, kw_only=True):
    alert: _Alert

    def facts(self) -> AlertFacts:
        a = self.alert
        direction = None if a.direction is None else int(a.direction == TO_CLIENT)
        return AlertFacts(
            a.signature, a.rule, a.severity, a.action, a.disposition, a.hits, a.hits_total,
            direction, a.opcode, a.seq, timestamp_ns(self.timestamp),
        )  # fmt: skip


class WsDiagnosis(Struct, frozen=True):
    timestamp: str
    diagnosis: DiagnosisFacts
    flow_id: Number | None = None  # where it concerns exactly one connection

    def facts(self) -> DiagnosisFacts:
        return msgspec.structs.replace(self.diagnosis, timestamp_ns=timestamp_ns(self.timestamp))


class Stats(Struct, frozen=True):
    timestamp: str
    stats: dict[str, Any]


type Line = (
    Hello | Totals | History | Frames | Messages | Payload | Problem
    | WsOpen | WsClose | WsAlert | WsDiagnosis | Stats
)  # fmt: skip


class _Kind(Struct, frozen=True):
    type: str = ""
    event_type: str = ""


_KINDS: dict[str, type[Any]] = {
    "hello": Hello,
    "totals": Totals,
    "history": History,
    "frames": Frames,
    "messages": Messages,
    "payload": Payload,
    "problem": Problem,
    "ws_open": WsOpen,
    "ws_close": WsClose,
    "alert": WsAlert,
    "ws_diagnosis": WsDiagnosis,
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


def _order(**fields: object) -> bytes:
    return msgspec.json.encode(fields) + b"\n"


def encode_watch(flow_id: int | None) -> bytes:
    """Ask for the frames of one connection, or of none."""
    return _order(type="watch", flow_id=flow_id)


def encode_close(flow_id: int, code: int, reason: str) -> bytes:
    """Ask the proxy to end a connection. Only where `Hello.can` names it."""
    return _order(type="close", flow_id=flow_id, code=code, reason=reason)


def encode_payload(flow_id: int, direction: int, seq: int) -> bytes:
    """Ask for all of the message whose first frame has `seq`. Only where `Hello.can` names it."""
    return _order(type="payload", flow_id=flow_id, direction=direction, seq=seq)
