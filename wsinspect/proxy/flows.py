"""Flows that mitmproxy saved -> lines of a log, for the dashboard on a recording.

Owns: what such a file says of a connection. mitmproxy saves messages, not frames, and neither
compression nor its sizes: each message is taken to be one frame of its content. Must not know: who
shows the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader

from wsinspect.model import events

__all__ = ["FlowsUnreadable", "event_lines"]

type _Line = tuple[int, int, bytes]  # time in ns, number, line

_ABRUPT = 1006


class FlowsUnreadable(ValueError):
    """The file has no flow, none with WebSocket messages, or breaks off; the text says which."""


def event_lines(path: Path) -> Iterator[bytes]:
    """In order of time, over all flows. Raises OSError, and FlowsUnreadable: of a file that was cut
    off after the lines that it has."""
    lines: list[_Line] = []
    number, broken = 0, ""
    with path.open("rb") as file:
        try:
            for number, flow in enumerate(FlowReader(file).stream(), 1):
                if isinstance(flow, http.HTTPFlow) and flow.websocket:
                    for at_ns, line in _connection(number, flow):
                        lines.append((at_ns, len(lines), line))
        except exceptions.FlowReadException as error:
            broken = f"flow {number + 1} cannot be read: {str(error).rstrip('.')}"
            if not file.read(1):
                broken = f"the file ends in the middle of flow {number + 1}"
    if not lines:
        raise FlowsUnreadable(f"{path}: {broken or 'no WebSocket messages in it'}")
    lines.sort()
    for _, _, line in lines:
        yield line
    if broken:
        raise FlowsUnreadable(f"{path}: {broken}; what came before it is here")


def _ns(seconds: float | None) -> int:
    return 0 if seconds is None else int(seconds * 1e9)


def _split(values: list[str]) -> list[str]:
    return [one.strip() for value in values for one in value.split(",") if one.strip()]


def _address(value: Any) -> tuple[str, int]:
    return (str(value[0]), int(value[1])) if value else ("", 0)


def _connection(flow_id: int, flow: http.HTTPFlow) -> Iterator[tuple[int, bytes]]:
    websocket = flow.websocket
    assert websocket is not None
    envelope = events.envelope(
        flow_id,
        _address(flow.client_conn.peername),
        _address(flow.server_conn.peername),
        "mitmproxy",
    )
    began_ns = _ns(flow.request.timestamp_start)
    opened_ns = max(began_ns, _ns(flow.response.timestamp_end if flow.response else None))
    yield opened_ns, _line(opened_ns, b"ws_open", envelope, "open", _open(flow, opened_ns))
    at_ns = opened_ns
    sums: dict[str, list[int]] = {"to_server": [0, 0, 0, 0], "to_client": [0, 0, 0, 0]}
    for message in websocket.messages:
        at_ns = max(at_ns, _ns(message.timestamp))
        fields = _message(message)
        for at, amount in enumerate((1, 1, fields["payload_len"], fields["wire_len"])):
            sums[fields["direction"]][at] += amount
        yield at_ns, _line(at_ns, b"ws_message", envelope, "message", fields)
    if websocket.timestamp_end is not None:
        ended_ns = max(at_ns, _ns(websocket.timestamp_end))
        body = _close(websocket, sums, (ended_ns - opened_ns) / 1e9, (ended_ns - at_ns) / 1e9)
        yield ended_ns, _line(ended_ns, b"ws_close", envelope, "close", body)


def _open(flow: http.HTTPFlow, opened_ns: int) -> dict[str, Any]:
    request, response = flow.request, flow.response
    asked = request.headers
    answered = response.headers if response else http.Headers()
    started_ns = _ns(request.timestamp_start)
    fields = {
        "schema_version": events.SCHEMA_VERSION,
        "host": asked.get("host", request.pretty_host),
        "uri": request.path,
        "status": response.status_code if response else 101,
        "http_version": request.http_version,
        "tls": request.scheme in ("https", "wss"),
        "user_agent": asked.get("user-agent"),
        "origin": asked.get("origin"),
        "client_protocols": _split(asked.get_all("sec-websocket-protocol")),
        "subprotocol": answered.get("sec-websocket-protocol"),
        "client_extensions": _split(asked.get_all("sec-websocket-extensions")),
        "server_extensions": _split(answered.get_all("sec-websocket-extensions")),
        "findings": [],
        "handshake_ms": (opened_ns - started_ns) / 1e6 if started_ns else None,
        "upstream": f"{request.host}:{request.port}",
    }
    return {name: value for name, value in fields.items() if value is not None}


def _message(message: Any) -> dict[str, Any]:
    payload: bytes = message.content
    length = len(payload)
    header = 2 + (0 if length < 126 else 2 if length < 65_536 else 8)
    fields: dict[str, Any] = {
        "direction": "to_server" if message.from_client else "to_client",
        "opcode": "text" if message.is_text else "binary",
        "payload_len": length,
        "wire_len": length + header + (4 if message.from_client else 0),
        "frames": 1,
        "compressed": False,
        "action": "drop" if message.dropped else "pass",
        "rules": [],
        "injected": bool(message.injected),
    }
    if not message.is_text:
        fields["preview_base64"] = payload
    else:
        fields["preview"] = payload.decode("utf-8", "replace")
    return fields


def _close(
    websocket: Any, sums: dict[str, list[int]], age_s: float, idle_s: float
) -> dict[str, Any]:
    code = websocket.close_code if websocket.close_code is not None else _ABRUPT
    who = {True: "client", False: "server"}.get(websocket.closed_by_client, "none")
    abrupt = code == _ABRUPT
    names = ("frames", "messages", "payload_bytes", "wire_bytes")
    return {
        "code_observed": code,
        "reason": websocket.close_reason or "",
        "initiator": who,
        "clean": not abrupt,
        "cause": "fin" if abrupt else "close_frame",
        "age_s": age_s,
        "idle_s": idle_s,
        **{way: dict(zip(names, sums[way], strict=True)) for way in sums},
        "ping_rtt_ms": {"count": 0},
        "diagnosis": [],
        "keepalive": {},
    }


def _line(at_ns: int, event_type: bytes, envelope: bytes, name: str, body: dict[str, Any]) -> bytes:
    return b'{"timestamp":"%b","event_type":"%b",%b,"%b":%b}\n' % (
        events.timestamp(at_ns), event_type, envelope, name.encode(), msgspec.json.encode(body),
    )  # fmt: skip
