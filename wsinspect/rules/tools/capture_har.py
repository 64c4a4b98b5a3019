"""WebSocket messages out of HAR files, as Chromium and mitmproxy write them.

Owns: ``_webSocketMessages`` (Chromium's extension of HAR 1.2): ``type`` send or receive, ``time``
in seconds since the epoch, ``opcode``, ``data``, which is base64 unless the opcode is 1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from wsinspect.rules.tools.capture import (
    CaptureBroken,
    CapturedMessage,
    capture_facts,
    host_and_path,
)

__all__ = ["read_har"]

SIZE_LIMIT: Final = 2 << 30  # bytes: it is read as a whole
_OPCODES: Final = {1: "text", 2: "binary"}


class _Header(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Request(msgspec.Struct):
    url: str = ""
    headers: list[_Header] = []


class _Response(msgspec.Struct):
    headers: list[_Header] = []


class _Message(msgspec.Struct):
    type: str = ""
    time: Annotated[float, msgspec.Meta(ge=0, lt=1e11)] = 0.0
    opcode: float = 0
    data: str = ""


class _Entry(msgspec.Struct):
    request: _Request
    response: _Response
    messages: list[_Message] | None = msgspec.field(default=None, name="_webSocketMessages")


class _Log(msgspec.Struct):
    entries: list[_Entry]


class _Har(msgspec.Struct):
    log: _Log


def read_har(path: Path) -> Iterator[CapturedMessage]:
    """Messages of all connections, each in order. Raises CaptureBroken, OSError."""
    if path.stat().st_size > SIZE_LIMIT:
        raise CaptureBroken(f"{path}: a HAR file of more than {SIZE_LIMIT >> 30} GiB")
    try:
        har = msgspec.json.decode(path.read_bytes(), type=_Har)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = str(error) if isinstance(error, msgspec.DecodeError) else "it is not UTF-8"
        raise CaptureBroken(f"{path}: not HAR 1.2: {why}") from None
    for number, entry in enumerate(har.log.entries):
        yield from _messages(path, number, entry)


def _messages(path: Path, number: int, entry: _Entry) -> Iterator[CapturedMessage]:
    if not entry.messages:
        return
    host, uri = host_and_path(entry.request.url)
    facts = capture_facts(
        host=host,
        path=uri,
        subprotocol=_header(entry.response.headers, "sec-websocket-protocol"),
        origin=_header(entry.request.headers, "origin"),
    )
    for message in entry.messages:
        opcode = _OPCODES.get(int(message.opcode))
        if message.type not in ("send", "receive") or opcode is None:
            continue  # Chromium notes errors and control frames here, too
        if opcode == "text":
            payload = message.data.encode()
        else:
            try:
                payload = base64.b64decode(message.data, validate=True)
            except (binascii.Error, ValueError):
                raise CaptureBroken(f"{path}: entry {number}: data is not base64") from None
        yield CapturedMessage(
            number,
            facts,
            "to_server" if message.type == "send" else "to_client",
            opcode,
            payload,
            int(message.time * 1e9),
        )


def _header(headers: list[_Header], name: str) -> str:
    return next((header.value for header in headers if header.name.lower() == name), "")
