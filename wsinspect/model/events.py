"""Facts become lines of the log.

Owns: which value goes into which field of the log's schema (``schema``), the envelope and the
timestamps. Must not know: where lines go. Frames are encoded in ``lines.py`` for speed; a test
holds the two together.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from wsinspect.model.connection import Connection
from wsinspect.model.diagnosis import Keepalive, keepalive_summary
from wsinspect.model.framing import framings_of
from wsinspect.model.schema import (
    SCHEMA_VERSION,
    Action,
    Alert,
    AlertLine,
    Close,
    CloseLine,
    Direction,
    DirectionTotals,
    Disposition,
    Event,
    EveWebsocket,
    Finding,
    FrameLine,
    Hit,
    Message,
    Open,
    OpenLine,
    PingRtt,
    Severity,
    Spread,
    Stats,
    Unfinished,
    Ws,
    json_schema,
)
from wsinspect.protocol.handshake import Handshake
from wsinspect.protocol.messages import START_LIMIT, MessageFacts
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.protocol.reader import FrameReader

__all__ = [
    "SCHEMA_VERSION",
    "Action",
    "Alert",
    "AlertLine",
    "CloseLine",
    "Disposition",
    "EveWebsocket",
    "Event",
    "FrameLine",
    "Hit",
    "OpenLine",
    "Severity",
    "Spread",
    "Stats",
    "Ws",
    "alert_event",
    "close_event",
    "encode",
    "envelope",
    "json_schema",
    "keepalive_of",
    "message_event",
    "open_event",
    "second_text",
    "stats_event",
    "timestamp",
]

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
    """Its pings, its longest silence, and whether its last message got no answer."""
    return keepalive_summary(
        connection.keepalive,
        connection.longest_idle_ns,
        last_to_server=connection.unanswered,
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
        framing=_or_unset(framings_of(connection.to_server, connection.to_client)),
        code_relayed=_or_unset(ending.relayed_code),
    )
    left = connection.to_server.unfinished_len, connection.to_client.unfinished_len
    if any(left):
        body.unfinished = Unfinished(*left)
    return _line("ws_close", now_ns, connection.envelope, "close", body)


def stats_event(stats: Stats, now_ns: int, host: str) -> bytes:
    return _line("stats", now_ns, b'"host":%b' % encode(host), "stats", stats)
