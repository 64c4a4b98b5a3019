"""The log's schema, version 1: field names, types and presence of every line.

Owns: the shapes (Suricata EVE's envelope, Zeek's handshake names), and their JSON Schema. Must not
know: where the values come from (``events``), or where lines go.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from wsinspect.model.connection import Cause, Initiator
from wsinspect.model.diagnosis import Diagnosis, Keepalive
from wsinspect.model.framing import Framings

__all__ = [
    "SCHEMA_VERSION",
    "Action",
    "Alert",
    "AlertLine",
    "Close",
    "CloseLine",
    "DiagnosisLine",
    "Direction",
    "DirectionTotals",
    "Disposition",
    "EveWebsocket",
    "Event",
    "Finding",
    "FrameLine",
    "Hit",
    "Message",
    "MessageLine",
    "Open",
    "OpenLine",
    "PingRtt",
    "Severity",
    "Spread",
    "Stats",
    "StatsLine",
    "Unfinished",
    "Ws",
    "json_schema",
]

SCHEMA_VERSION = 1

Direction = Literal["to_server", "to_client"]
Action = Literal["pass", "rewrite", "drop", "close"]
Severity = Literal["low", "medium", "high", "critical"]
Disposition = Literal["logged", "redacted", "blocked", "closed", "throttled", "shadow"]


class Finding(Struct):
    """Something in the handshake that an expert would remark on; never fatal."""

    code: str
    say: str


class Open(Struct):
    schema_version: int
    host: str
    uri: str
    status: int
    http_version: str
    tls: bool
    client_protocols: list[str]
    client_extensions: list[str]
    server_extensions: list[str]
    findings: list[Finding]
    upstream: str | UnsetType = UNSET
    user_agent: str | UnsetType = UNSET
    subprotocol: str | UnsetType = UNSET
    origin: str | UnsetType = UNSET
    accept_valid: bool | UnsetType = UNSET
    handshake_ms: float | UnsetType = UNSET
    app_proto: str | UnsetType = UNSET
    session: str | UnsetType = UNSET
    user: str | UnsetType = UNSET


class EveWebsocket(Struct):
    """Exactly Suricata EVE's ``websocket`` object."""

    fin: bool
    opcode: str
    mask: int | UnsetType = UNSET


class Ws(Struct):
    direction: Direction
    seq: int
    rsv: int
    payload_len: int
    frame_len: int
    forwarded: bool
    violation: str | UnsetType = UNSET


class Message(Struct):
    direction: Direction
    opcode: str
    payload_len: int
    wire_len: int
    frames: int
    compressed: bool
    action: Action
    rules: list[str]
    injected: bool
    preview: str | UnsetType = UNSET
    preview_base64: bytes | UnsetType = UNSET


class Hit(Struct):
    """Where something was found, never what: ``masked`` and ``fingerprint`` stand for it.

    ``start`` and ``end`` count in the view that ``path`` names: characters of text, bytes of
    binary.
    """

    detector: str
    path: str
    start: int
    end: int
    length: int
    masked: str
    fingerprint: str


class Alert(Struct):
    """A rule found something in a message, or (no ``direction``) in the opening handshake."""

    signature: str
    rule: str
    severity: Severity
    action: Literal["allowed", "blocked"]
    disposition: Disposition
    hits: list[Hit]
    hits_total: int
    direction: Direction | UnsetType = UNSET
    opcode: str | UnsetType = UNSET
    seq: int | UnsetType = UNSET


class DirectionTotals(Struct):
    frames: int
    messages: int
    payload_bytes: int
    wire_bytes: int


class PingRtt(Struct):
    count: int
    min: float | UnsetType = UNSET
    p50: float | UnsetType = UNSET
    max: float | UnsetType = UNSET


class Unfinished(Struct):
    """Bytes of a frame that never completed, each direction."""

    to_server: int
    to_client: int


class Close(Struct):
    code_observed: int
    reason: str
    initiator: Initiator
    clean: bool
    cause: Cause
    age_s: float
    idle_s: float
    to_server: DirectionTotals
    to_client: DirectionTotals
    ping_rtt_ms: PingRtt
    diagnosis: list[str]
    keepalive: Keepalive
    code_relayed: int | UnsetType = UNSET
    caused_by_len: int | UnsetType = UNSET
    framing: Framings | UnsetType = UNSET
    unfinished: Unfinished | UnsetType = UNSET


class Spread(Struct):
    """Of the newest 2,048 times of an interval, in milliseconds."""

    p50: float
    p99: float
    max: float


class Stats(Struct):
    """Totals since the start; rates over the last interval; everything that was not recorded."""

    schema_version: int
    uptime_s: float
    connections_open: int
    connections_total: int
    handshakes_failed: int
    frames: int
    messages: int
    payload_bytes: int
    wire_bytes: int
    frames_per_s: float
    wire_bytes_per_s: float
    log_lines: int
    log_dropped: int
    log_error: str | UnsetType = UNSET
    dashboard_dropped: int = 0
    inspection_errors: int = 0
    alerts: int = 0
    added_ms: Spread | UnsetType = UNSET
    loop_lag_ms: Spread | UnsetType = UNSET


class _Timed(Struct, tag_field="event_type"):
    timestamp: str


class _OnConnection(_Timed, tag_field="event_type"):
    flow_id: int
    src_ip: str
    src_port: int
    dest_ip: str
    dest_port: int
    proto: Literal["TCP"]
    host: str


class OpenLine(_OnConnection, tag="ws_open"):
    open: Open


class FrameLine(_OnConnection, tag="websocket"):
    websocket: EveWebsocket
    ws: Ws


class MessageLine(_OnConnection, tag="ws_message"):
    message: Message


class AlertLine(_OnConnection, tag="alert"):
    alert: Alert


class CloseLine(_OnConnection, tag="ws_close"):
    close: Close


class DiagnosisLine(_Timed, tag="ws_diagnosis"):
    """With the envelope of a connection where it is about exactly one."""

    host: str
    diagnosis: Diagnosis
    flow_id: int | UnsetType = UNSET
    src_ip: str | UnsetType = UNSET
    src_port: int | UnsetType = UNSET
    dest_ip: str | UnsetType = UNSET
    dest_port: int | UnsetType = UNSET
    proto: Literal["TCP"] | UnsetType = UNSET


class StatsLine(_Timed, tag="stats"):
    host: str
    stats: Stats


Event = OpenLine | FrameLine | MessageLine | AlertLine | CloseLine | DiagnosisLine | StatsLine


def json_schema() -> bytes:
    """The log's JSON Schema, indented."""
    schema = msgspec.json.schema(Event)
    schema["title"] = "wsinspect log line"
    schema["$comment"] = f"schema_version {SCHEMA_VERSION}"
    return msgspec.json.format(msgspec.json.encode(schema), indent=2)
