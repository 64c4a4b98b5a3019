"""Messages out of our own JSON log.

Owns: which of its fields a replay needs. ``ws_open`` says what the connection was, ``ws_message``
has the payload with ``--payloads full``, its first 512 bytes with ``preview``, nothing by default
and nothing of a message that was stopped. What rules found is masked in it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.tools.capture import CapturedMessage, capture_facts
from wsinspect.rules.tools.lines import read_lines
from wsinspect.rules.tools.show import count

__all__ = ["read_log"]

LINE_LIMIT: Final = 256 << 20  # bytes: a full payload of 64 MiB, escaped
_PREVIEW_LEN: Final = 512  # bytes
_CUT_CHARACTER_MAX: Final = 3  # bytes that a preview lost with a character it cut in two


class _Open(msgspec.Struct):
    host: str = ""
    uri: str = "/"
    subprotocol: str = ""
    origin: str = ""


class _Message(msgspec.Struct):
    direction: Literal["to_server", "to_client"]
    opcode: str
    payload_len: int
    action: str = "pass"
    rules: list[str] = []
    preview: str | None = None
    preview_base64: str | None = None


class _Line(msgspec.Struct):
    event_type: str
    timestamp: str = ""
    flow_id: int = 0
    src_ip: str = ""
    open: _Open | None = None
    message: _Message | None = None


_NOWHERE: Final = capture_facts(host="", path="/")


def read_log(path: Path, told: Callable[[str], None]) -> Iterator[CapturedMessage]:
    """The log's messages, in order. Lines that cannot be read are counted and told. OSError."""
    decode = msgspec.json.Decoder(_Line).decode
    connections: dict[int, tuple[int, ConnectionFacts]] = {}
    broken = first_broken = orphans = 0
    with path.open("rb") as file:
        for number, raw in enumerate(read_lines(file, LINE_LIMIT), 1):
            try:
                line = decode(raw or b"")
                if line.event_type == "ws_open" and line.open is not None:
                    # A log may have several runs of a proxy: the line tells the flows apart.
                    connections[line.flow_id] = number, _facts(line, line.open)
                elif line.event_type == "ws_close":
                    connections.pop(line.flow_id, None)
                elif line.event_type == "ws_message" and line.message is not None:
                    opened, facts = connections.get(line.flow_id, (0, _NOWHERE))
                    orphans += facts is _NOWHERE
                    yield _message(line, line.message, (line.flow_id, opened), facts)
            except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
                broken += 1
                first_broken = first_broken or number
    if broken:
        told(f"{path}: {count(broken, 'line')} could not be read, the first is line {first_broken}")
    if orphans:
        told(
            f"{path}: {count(orphans, 'message')} without the ws_open of the connection:"
            " rules that ask for a host or path cannot match"
        )


def _facts(line: _Line, opened: _Open) -> ConnectionFacts:
    return capture_facts(
        host=opened.host,
        path=opened.uri,
        subprotocol=opened.subprotocol,
        origin=opened.origin,
        client=line.src_ip,
    )


def _message(
    line: _Line, message: _Message, connection: tuple[int, int], facts: ConnectionFacts
) -> CapturedMessage:
    """Raises ValueError."""
    payload: bytes | None = None
    whole = True
    if message.preview is not None:
        payload = message.preview.encode()
    elif message.preview_base64 is not None:
        payload = base64.b64decode(message.preview_base64, validate=True)
    if payload is not None:
        # Of a rewritten message only the old length is told.
        looks_cut = _PREVIEW_LEN - _CUT_CHARACTER_MAX <= len(payload) <= _PREVIEW_LEN + 3
        whole = len(payload) >= message.payload_len if message.action == "pass" else not looks_cut
        if not whole and message.preview is not None:
            payload = message.preview.rstrip("\ufffd").encode()  # a character cut in two
    return CapturedMessage(
        connection,
        facts,
        message.direction,
        message.opcode,
        payload,
        _nanoseconds(line),
        whole,
        masked=bool(message.rules),
    )


def _nanoseconds(line: _Line) -> int:
    return int(datetime.fromisoformat(line.timestamp).timestamp() * 1e6) * 1000
