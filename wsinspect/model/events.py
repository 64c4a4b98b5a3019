"""The events and their JSON form: the log's schema, version 1.

Owns: field names, types and presence of every line (Suricata EVE's envelope, Zeek's handshake
names). Must not know: where lines go. Frames are encoded in ``lines.py`` for speed; a test
holds the two together.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from wsinspect.model.connection import Cause, Connection, Initiator
from wsinspect.model.diagnosis import Diagnosis, Keepalive, keepalive_summary
from wsinspect.protocol.handshake import Handshake
from wsinspect.protocol.messages import START_LIMIT, MessageFacts
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.protocol.reader import FrameReader

__all__ = [
    "SCHEMA_VERSION",
    "Action",
    "Alert",
    "Disposition",
    "Event",
    "Hit",
    "Severity",
    "Spread",
    "alert_event",
    "close_event",
    "encode",
    "envelope",
    "json_schema",
    "keepalive_of",
    "message_event",
    "open_event",
    "stats_event",
    "timestamp",
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

encode = msgspec.json.Encoder().encode


@functools.lru_cache(maxsize=4)
def second_text(second: int) -> bytes:
    """``2026-11-22T13:00:00.`` for a whole second since the epoch, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()


def timestamp(now_ns: int) -> bytes:
    """RFC 3339 in UTC with microseconds."""
    second, rest_ns = divmod(now_ns, 1_000_000_000)
    return b"%b%06dZ" % (second_text(second), rest_ns // 1000)


def envelope(flow_id: int, client: tuple[str, int], server: tuple[str, int], host: str) -> bytes:
    """The part of every line of one connection that never changes, from ``flow_id`` on."""
    fields = {
        "flow_id": flow_id,
        "src_ip": client[0],
        "src_port": client[1],
        "dest_ip": server[0],
        "dest_port": server[1],
        "proto": "TCP",
        "host": host,
    }
    return encode(fields)[1:-1]


def _line(event_type: str, now_ns: int, envelope: bytes, name: str, body: Struct) -> bytes:
    return b'{"timestamp":"%b","event_type":"%b",%b,"%b":%b}\n' % (
        timestamp(now_ns),
        event_type.encode(),
        envelope,
        name.encode(),
        encode(body),
    )


def _or_unset[T](value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def open_event(connection: Connection, now_ns: int, status: int) -> bytes:
    h: Handshake = connection.handshake
    conceal = connection.conceal

    def concealed(text: str | None) -> str | UnsetType:
        return UNSET if text is None else conceal(text)

    body = Open(
        schema_version=SCHEMA_VERSION,
        host=conceal(h.host or ""),
        uri=conceal(h.uri),
        status=status,
        http_version=h.http_version,
        tls=connection.tls,
        client_protocols=[conceal(one) for one in h.client_protocols],
        client_extensions=[conceal(one) for one in h.client_extensions],
        server_extensions=[conceal(one) for one in h.server_extensions],
        findings=[Finding(f.code, conceal(f.say)) for f in h.findings],
        upstream=concealed(connection.upstream),
        user_agent=concealed(h.user_agent),
        subprotocol=concealed(h.subprotocol),
        origin=concealed(h.origin),
        accept_valid=_or_unset(h.accept_valid),
        handshake_ms=_or_unset(connection.handshake_ms),
        app_proto=connection.app_proto or UNSET,
        session=_or_unset(connection.session),
        user=concealed(connection.user),
    )
    return _line("ws_open", now_ns, connection.envelope, "open", body)


def message_event(
    connection: Connection,
    direction: Direction,
    facts: MessageFacts,
    now_ns: int,
    *,
    action: Action = "pass",
    injected: bool = False,
    payloads: Literal["none", "preview", "full"] = "none",
    rules: Sequence[str] = (),
) -> bytes:
    body = Message(
        direction=direction,
        opcode=OPCODE_NAMES[facts.opcode],
        payload_len=facts.payload_len,
        wire_len=facts.wire_len,
        frames=facts.frames,
        compressed=facts.compressed,
        action=action,
        rules=list(rules),
        injected=injected,
    )
    if payloads != "none" and action in ("pass", "rewrite"):  # what was forwarded, nothing else
        shown = (
            facts.payload
            if payloads == "full" and facts.payload is not None
            else facts.start[:START_LIMIT]
        )
        if facts.opcode == 1:
            body.preview = shown.decode(errors="replace")
        else:
            body.preview_base64 = shown
    return _line("ws_message", now_ns, connection.envelope, "message", body)


def alert_event(connection: Connection, alert: Alert, now_ns: int) -> bytes:
    return _line("alert", now_ns, connection.envelope, "alert", alert)


def totals(reader: FrameReader) -> DirectionTotals:
    return DirectionTotals(
        reader.frames, reader.joiner.messages, reader.payload_bytes, reader.wire_bytes
    )


def keepalive_of(connection: Connection) -> Keepalive:
    """Its pings, its longest silence, and whether its last frame got no answer."""
    unanswered = connection.last_frame_ns is not None and not connection.last_frame_to_client
    return keepalive_summary(
        connection.keepalive,
        connection.longest_idle_ns,
        last_to_server=unanswered and connection.last_b0 > 0 and connection.last_opcode < 3,
    )


def close_event(connection: Connection, now_ns: int) -> bytes:
    ending = connection.ending
    rtt = connection.pings.summary_ms()
    body = Close(
        code_observed=ending.code_observed,
        reason=connection.conceal(ending.reason),
        initiator=ending.initiator,
        clean=ending.clean,
        cause=ending.cause,
        age_s=round(connection.age_s(), 6),
        idle_s=round(connection.idle_s(), 6),
        to_server=totals(connection.to_server),
        to_client=totals(connection.to_client),
        ping_rtt_ms=PingRtt(0)
        if rtt is None
        else PingRtt(connection.pings.count, *(round(ms, 3) for ms in rtt)),
        diagnosis=connection.diagnosis,
        keepalive=keepalive_of(connection),
        caused_by_len=_or_unset(connection.caused_by_len),
        code_relayed=_or_unset(ending.relayed_code),
    )
    left = connection.to_server.unfinished_len, connection.to_client.unfinished_len
    if any(left):
        body.unfinished = Unfinished(*left)
    return _line("ws_close", now_ns, connection.envelope, "close", body)


def stats_event(stats: Stats, now_ns: int, host: str) -> bytes:
    return _line("stats", now_ns, b'"host":%b' % encode(host), "stats", stats)


def json_schema() -> bytes:
    """The log's JSON Schema, indented."""
    schema = msgspec.json.schema(Event)
    schema["title"] = "wsinspect log line"
    schema["$comment"] = f"schema_version {SCHEMA_VERSION}"
    return msgspec.json.format(msgspec.json.encode(schema), indent=2)
