"""A deterministic picture for the dashboard's tests: connections, totals and frames at one moment.

Everything is derived from one timestamp, so that a snapshot with a pinned clock never changes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NS = 1_000_000_000
T0_NS = 1_795_356_000 * NS  # 2026-11-22 14:00:00 UTC

type Row = list[Any]


def stamp(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / NS, UTC).isoformat().replace("+00:00", "Z")


def hello(**changes: Any) -> dict[str, Any]:
    fields = {
        "type": "hello",
        "pid": 4242,
        "version": "0.1.0",
        "listen": ["127.0.0.1:8080"],
        "mode": ["regular"],
        "log": "frames.jsonl",
        "record": "frames",
        "schema_version": 1,
    }
    return {**fields, **changes}


def opened(flow_id: int, at_ns: int, host: str, uri: str, **facts: Any) -> dict[str, Any]:
    return {
        "timestamp": stamp(at_ns),
        "event_type": "ws_open",
        "flow_id": flow_id,
        "src_ip": facts.pop("src_ip", "127.0.0.1"),
        "src_port": 50_000 + flow_id,
        "dest_ip": "127.0.0.1",
        "dest_port": 9000,
        "proto": "TCP",
        "host": "box",
        "open": {
            "schema_version": 1,
            "host": host,
            "uri": uri,
            "status": 101,
            "http_version": "HTTP/1.1",
            "tls": True,
            "accept_valid": True,
            "handshake_ms": 3.4,
            "client_protocols": [],
            "client_extensions": [],
            "server_extensions": [],
            "findings": [],
            **facts,
        },
    }


def closed(flow_id: int, at_ns: int, code: int, initiator: str, **facts: Any) -> dict[str, Any]:
    way = {"frames": 0, "messages": 0, "payload_bytes": 0, "wire_bytes": 0}
    return {
        "timestamp": stamp(at_ns),
        "event_type": "ws_close",
        "flow_id": flow_id,
        "src_ip": "127.0.0.1",
        "src_port": 50_000 + flow_id,
        "dest_ip": "127.0.0.1",
        "dest_port": 9000,
        "proto": "TCP",
        "host": "box",
        "close": {
            "code_observed": code,
            "reason": "",
            "initiator": initiator,
            "clean": code != 1006,
            "cause": "close_frame",
            "age_s": 12.5,
            "idle_s": 0.4,
            "to_server": way,
            "to_client": way,
            "ping_rtt_ms": {"count": 0},
            "diagnosis": [],
            **facts,
        },
    }


def way(frames: int, size: int) -> dict[str, int]:
    return {
        "frames": frames,
        "messages": frames,
        "payload_bytes": frames * size,
        "wire_bytes": frames * (size + 6),
    }


def totals_row(
    flow_id: int, up: int, down: int, last: tuple[int, int], at_ns: int, size: int = 90
) -> Row:
    """`last` is (direction, opcode) of the last frame."""
    up_bytes, down_bytes = up * size, down * size
    return [
        flow_id, up, up_bytes, up_bytes + 6 * up, down, down_bytes, down_bytes + 2 * down,
        up, down, last[0], last[1], at_ns,
    ]  # fmt: skip


def frame(
    at_ns: int,
    direction: int,
    seq: int,
    opcode: int,
    payload: bytes,
    *,
    fin: bool = True,
    rsv: int = 0,
    violation: str | None = None,
) -> Row:
    b0 = (0x80 if fin else 0) | rsv << 4 | opcode
    length = len(payload)
    header = 2 + (0 if length < 126 else 2 if length < 65_536 else 8) + (0 if direction else 4)
    mask = None if direction else 0x37FA213D ^ seq
    preview = base64.b64encode(payload[:512]).decode()
    return [at_ns, direction, seq, b0, mask, length, length + header, violation, preview]


@dataclass
class Story:
    """What a dashboard is told on attach, and the frames kept for each connection."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    frames: dict[int, list[Row]] = field(default_factory=dict)


_LIVE: tuple[tuple[str, str, dict[str, Any], tuple[int, int], tuple[int, int]], ...] = (
    ("chat.example.net", "/rooms/football", {"subprotocol": "chat.v2"}, (212, 1_840), (1, 1)),
    ("chat.example.net", "/rooms/lobby", {"subprotocol": "chat.v2"}, (88, 913), (0, 1)),
    ("odds.example.net", "/feed?sport=tennis", {}, (4, 48_213), (1, 1)),
    ("odds.example.net", "/feed?sport=football", {"server_extensions": ["permessage-deflate"]},
     (6, 128_400), (1, 9)),
    ("api.example.net:8443", "/graphql", {"subprotocol": "graphql-transport-ws"}, (31, 77), (1, 1)),
    ("api.example.net:8443", "/socket.io/?EIO=4&transport=websocket", {}, (14, 15), (0, 10)),
    ("telemetry.example.net", "/tram/2/position", {"subprotocol": "mqtt"}, (9_240, 3), (0, 2)),
    ("カメラ.example.jp", "/ストリーム/東京", {"findings": [
        {"code": "subprotocol-not-offered", "say": "the server chose a subprotocol nobody offered"}
    ]}, (2, 650), (1, 2)),
)  # fmt: skip


def chat_frames(at_ns: int) -> list[Row]:
    """A talk with every kind of frame in it, the newest last."""
    step = 137_000_000
    says: tuple[tuple[int, int, bytes, dict[str, Any]], ...] = (
        (0, 1, b'{"type":"join","room":"football","user":"ada"}', {}),
        (1, 1, b'{"type":"joined","room":"football","members":41}', {}),
        (1, 9, b"keepalive-7", {}),
        (0, 10, b"keepalive-7", {}),
        (1, 1, '{"type":"say","user":"zoë","text":"Tor! ⚽🎉 3:2 — 信じられない"}'.encode(), {}),
        (0, 1, b'{"type":"say","text":"what a match', {"fin": False}),
        (0, 0, b', unbelievable"}', {}),
        (1, 2, bytes(range(0, 250, 5)), {}),
        (1, 1, bytes.fromhex("aa56ca4a2c4b54b25232b4b050d2512a4e2d2a4b2d52b2520a"), {"rsv": 4}),
        (0, 1, b"\x1b[2J\x1b]0;owned\x07 <b>[red]not markup[/red]\x00\n\ttab", {}),
        (1, 1, b'{"type":"typing","user":"bo"}', {}),
        (0, 1, b"caf\xe9 broken", {"violation": "invalid-utf8"}),
        (1, 1, b'{"type":"score","home":3,"away":2,"minute":88}', {}),
        (1, 9, b"keepalive-8", {}),
        (0, 10, b"keepalive-8", {}),
    )
    rows = []
    seq = [205, 1_830]
    start = at_ns - len(says) * step
    for index, (direction, opcode, payload, extra) in enumerate(says):
        rows.append(
            frame(start + index * step, direction, seq[direction], opcode, payload, **extra)
        )
        seq[direction] += 1
    return rows


def story(at_ns: int = T0_NS) -> Story:
    """The picture at `at_ns`: eight live connections, one closing, six ended, one refused."""
    told = Story([hello()])
    say = told.lines.append
    ends: tuple[tuple[int, str, str, dict[str, Any]], ...] = (
        (1000, "client", "close_frame", {"reason": "bye"}),
        (1001, "server", "close_frame", {"reason": "deploy"}),
        (1006, "server", "rst", {"unfinished": {"to_server": 0, "to_client": 312}}),
        (1006, "client", "fin", {}),
        (1009, "server", "close_frame", {"reason": "frame of 70,000 bytes is too big"}),
        (4003, "server", "close_frame", {"reason": "session expired"}),
    )
    for number, (code, initiator, cause, extra) in enumerate(ends, 1):
        began = at_ns - (300 - 20 * number) * NS
        say(opened(number, began, "chat.example.net", f"/rooms/{number}", subprotocol="chat.v2"))
        traffic = {"to_server": way(number * 7, 60), "to_client": way(number * 31, 84)}
        say(closed(number, began + 12 * NS, code, initiator, cause=cause, **traffic, **extra))
    say(opened(7, at_ns - 90 * NS, "admin.example.net", "/console", status=403))
    rows = []
    for flow_id, (host, uri, facts, (up, down), last) in enumerate(_LIVE, 8):
        say(opened(flow_id, at_ns - (640 - flow_id * 37) * NS, host, uri, **facts))
        rows.append(totals_row(flow_id, up, down, last, at_ns - flow_id * 210_000_000))
    say(opened(16, at_ns - 31 * NS, "chat.example.net", "/rooms/tennis", subprotocol="chat.v2"))
    rows.append(totals_row(16, 12, 40, (0, 8), at_ns - 400_000_000))
    say({"type": "totals", "timestamp_ns": at_ns - 14 * NS, "rows": rows})
    for second in range(13, -1, -1):
        moment = at_ns - second * NS
        moved = []
        for row in rows:
            bump = (row[0] * 7 + second * second * 5) % (23 if row[4] > 1000 else 4)
            row[4] += bump
            row[6] += bump * 92
            row[1] += bump // 3
            row[3] += bump // 3 * 70
            row[11] = max(row[11], moment - row[0] * 10_000_000) if bump else row[11]
            moved.append(list(row))
        say({"type": "totals", "timestamp_ns": moment, "rows": moved})
    say({"timestamp": stamp(at_ns), "event_type": "stats", "host": "box",
         "stats": {"connections_open": 9, "log_dropped": 0, "dashboard_dropped": 0}})  # fmt: skip
    told.frames[8] = chat_frames(at_ns)
    told.frames[16] = [
        *(frame(at_ns - (9 - i) * 90_000_000, i % 2, i // 2, 1, b'{"score":"40:15"}')
          for i in range(7)),
        frame(at_ns - 900_000, 0, 4, 8, (1000).to_bytes(2) + b"match over"),
    ]  # fmt: skip
    told.frames[3] = [
        frame(at_ns - 234 * NS, 1, 90, 1, b'{"type":"say","text":"last words"}'),
        frame(at_ns - 231 * NS, 0, 20, 9, b"still there?"),
        frame(at_ns - 229 * NS, 1, 91, 1, b'{"type":"say","tex', fin=False),
        frame(at_ns - 229 * NS + 2_000_000, 1, 92, 11, b"\x00\x01", violation="reserved-opcode"),
    ]
    return told
