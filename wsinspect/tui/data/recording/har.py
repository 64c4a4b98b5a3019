"""A HAR file with WebSocket messages -> lines of a log. Pure but for reading the file.

Chrome, Playwright and mitmproxy write `_webSocketMessages` into an entry: `type` (`send`,
`receive`), `time` (s since the epoch), `opcode`, `data` (text, or base64 of binary).
"""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from wsinspect.protocol.opcodes import BINARY, OPCODE_NAMES
from wsinspect.tui.data.bounds import UNREADABLE, seconds
from wsinspect.tui.data.moments import NS, timestamp_ns
from wsinspect.tui.data.recording.kinds import NotARecording, unpacked

_encode = msgspec.json.Encoder().encode


def read_har(path: Path) -> Iterator[bytes]:
    """Lines of a log, in order of time. Raises NotARecording, OSError."""
    try:
        har = msgspec.json.decode(unpacked(path))
    except RecursionError as error:
        raise NotARecording(f"{path}: not a HAR file: nested too deep") from error
    except UNREADABLE as error:  # says where, and nothing of what is there
        raise NotARecording(f"{path}: not a HAR file: {error}") from error
    try:
        entries = har["log"]["entries"]
    except (KeyError, TypeError) as error:
        raise NotARecording(f"{path}: not a HAR file: it has no log with entries") from error
    if not isinstance(entries, list):
        raise NotARecording(f"{path}: its entries are no list")
    found: list[tuple[int, int, bytes]] = []
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("_webSocketMessages"), list):
            for at_ns, line in _connection(len(found) + 1, entry):
                found.append((at_ns, len(found), line))
    if not found:
        raise NotARecording(f"{path}: no WebSocket messages in it (no _webSocketMessages)")
    found.sort()
    return (line for _, _, line in found)


def stamp(at_ns: int) -> str:
    """RFC 3339 in UTC with microseconds."""
    second, rest = divmod(at_ns, NS)
    text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest // 1000:06d}Z"


def _headers(part: object) -> dict[str, str]:
    found: dict[str, str] = {}
    headers = part.get("headers") if isinstance(part, dict) else None
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, dict):
            found.setdefault(str(header.get("name", "")).lower(), str(header.get("value", "")))
    return found


def _list(text: str | None) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()] if text else []


def _url(request: object) -> SplitResult:
    try:
        return urlsplit(str(request.get("url", "")) if isinstance(request, dict) else "")
    except ValueError:  # brackets that are no address
        return urlsplit("")


def _connection(flow_id: int, entry: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    request = entry.get("request")
    response = entry.get("response")
    asked, answered = _headers(request), _headers(response)
    url = _url(request)
    secure = url.scheme in ("wss", "https")
    began_ns = timestamp_ns(str(entry.get("startedDateTime", "")).replace("Z", "+00:00"))
    messages = [one for one in entry["_webSocketMessages"] if isinstance(one, dict)]
    times = [int(at * NS) for one in messages if (at := seconds(one.get("time"))) is not None]
    began_ns = began_ns or min(times, default=0)
    try:
        port = url.port or (443 if secure else 80)
    except ValueError:
        port = 0
    envelope = {
        "flow_id": flow_id,
        "src_ip": "",
        "src_port": 0,
        "dest_ip": str(entry.get("serverIPAddress", "")),
        "dest_port": port,
        "proto": "TCP",
        "host": "har",
    }
    status = response.get("status") if isinstance(response, dict) else None
    opened = {
        "schema_version": 1,
        "host": asked.get("host", url.netloc),
        "uri": (url.path or "/") + (f"?{url.query}" if url.query else ""),
        # Browsers write 0 where they did not look; there are messages, so it was opened.
        "status": status if status in range(100, 1_000) and not messages else 101,
        "tls": secure,
        "user_agent": asked.get("user-agent"),
        "origin": asked.get("origin"),
        "client_protocols": _list(asked.get("sec-websocket-protocol")),
        "subprotocol": answered.get("sec-websocket-protocol"),
        "client_extensions": _list(asked.get("sec-websocket-extensions")),
        "server_extensions": _list(answered.get("sec-websocket-extensions")),
        "findings": [],
    }
    yield began_ns, _line(began_ns, "ws_open", envelope, "open", opened)
    at_ns = began_ns
    for message in messages:
        at = seconds(message.get("time"))
        at_ns = int(at * NS) if at is not None else at_ns
        yield at_ns, _line(at_ns, "ws_message", envelope, "message", _message(message))


def _message(message: dict[str, Any]) -> dict[str, Any]:
    data = message.get("data")
    text = data if isinstance(data, str) else ""
    binary = message.get("opcode") == BINARY
    payload = text.encode("utf-8", "replace")
    if binary:
        try:
            payload = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass  # some writers leave it as text
    return message_fields(
        to_client=message.get("type") == "receive", binary=binary, payload=payload
    )


def message_fields(*, to_client: bool, binary: bool, payload: bytes) -> dict[str, Any]:
    """`message` of a line where only the content is known. Its frames are taken to be one."""
    length = len(payload)
    header = 2 + (0 if length < 126 else 2 if length < 65_536 else 8) + (0 if to_client else 4)
    fields: dict[str, Any] = {
        "direction": "to_client" if to_client else "to_server",
        "opcode": OPCODE_NAMES[2 if binary else 1],
        "payload_len": length,
        "wire_len": length + header,
        "frames": 1,
        "compressed": False,
        "action": "pass",
        "rules": [],
        "injected": False,
    }
    if binary:
        fields["preview_base64"] = payload
    else:
        fields["preview"] = payload.decode("utf-8", "replace")
    return fields


def _line(
    at_ns: int, event_type: str, envelope: dict[str, Any], name: str, body: dict[str, Any]
) -> bytes:
    kept = {key: value for key, value in body.items() if value is not None}
    line = {"timestamp": stamp(at_ns), "event_type": event_type, **envelope, name: kept}
    return _encode(line) + b"\n"
