"""Which application protocol a message is of, where the handshake told nothing.

Owns the signs by which a first message is known and how much each is worth. The subprotocol and
the path come first; those are read elsewhere. A peer can pretend anything: this is a hint for
people, never a ground for a decision.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from wsinspect.dissect.arrays import NOSTR
from wsinspect.dissect.binary import cbor_keys, is_msgpack, protobuf_fields
from wsinspect.dissect.graphql import ROLES as GRAPHQL
from wsinspect.dissect.mqtt import CONNACK, CONNECT, packet_header
from wsinspect.dissect.reading import CONTENT_MAX, MISSING, get, json_of
from wsinspect.dissect.signalr import RECORD_END
from wsinspect.dissect.stomp import CLIENT_COMMANDS, SERVER_COMMANDS

_TEXT: Final = 1
_BINARY: Final = 2


class Confidence(StrEnum):
    """How sure a recognition is; ordered by `rank`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        return ("low", "medium", "high").index(self.value)


type Found = tuple[str, Confidence] | None
HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW

_LSP_METHOD: Final = re.compile(r"(?:textDocument|window|workspace|client|\$)/\w+")
_CDP_METHOD: Final = re.compile(r"[A-Z][A-Za-z]{2,30}+\.[a-z][A-Za-z]{2,60}+")
_ENGINEIO_OPEN: Final = re.compile(rb'0\{[^}]*"sid"\s*:')
_SOCKETIO: Final = re.compile(rb"4(?:0(?:\Z|\{|/)|[25](?:[0-9]{1,9}-)?(?:/[^,\[]*+,)?[0-9]*\[\")")


def identify(opcode: int, content: bytes | None) -> Found:
    """The protocol that this message is of, with the confidence; None: it tells nothing."""
    if not content:
        return None
    content = content[:CONTENT_MAX]
    if opcode == _TEXT:
        return _text(content)
    return _binary(content) if opcode == _BINARY else None


def _text(content: bytes) -> Found:
    if _ENGINEIO_OPEN.match(content):
        return "socketio", HIGH
    if _SOCKETIO.match(content):
        return "socketio", MEDIUM
    if content == b"o":
        return "sockjs", MEDIUM
    if content.startswith(b'a["') and content.endswith(b'"]'):
        return "sockjs", HIGH
    if content.endswith(RECORD_END) and content[:1] == b"{":
        shake = json_of(content.split(RECORD_END, 1)[0])
        return "signalr", HIGH if get(shake, "protocol") and get(shake, "version") else MEDIUM
    command = content.lstrip(b"\r\n").split(b"\n", 1)[0].strip()
    if command.isalpha() and command.decode() in CLIENT_COMMANDS | SERVER_COMMANDS:
        return "stomp", HIGH if b":" in content else MEDIUM
    if b"urn:ietf:params:xml:ns:xmpp-" in content or b"jabber:client" in content:
        return "xmpp", HIGH
    value = json_of(content)
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list) and value:
        return _array(value)
    return None


def _object(value: dict[str, Any]) -> Found:
    for known in (_rpc, _named, _channels):
        found = known(value)
        if found is not None:
            return found
    return "json", LOW


def _rpc(value: dict[str, Any]) -> Found:
    method = value.get("method")
    if value.get("jsonrpc") == "2.0":
        lsp = isinstance(method, str) and (
            _LSP_METHOD.match(method)
            or (method == "initialize" and get(value, "params", "capabilities") is not None)
        )
        return ("lsp", MEDIUM) if lsp else ("jsonrpc", HIGH)
    if isinstance(method, str) and _CDP_METHOD.fullmatch(method):
        return "cdp", MEDIUM
    return None


def _named(value: dict[str, Any]) -> Found:
    kind = value.get("type")
    if not isinstance(kind, str):
        kind = ""
    if kind in ("connection_init", "connection_ack"):
        return "graphql", HIGH
    if kind in GRAPHQL and "id" in value and ("payload" in value or kind == "complete"):
        return "graphql", MEDIUM
    if "C" in value and isinstance(value.get("M"), list) and "S" in value:
        return "signalr", MEDIUM
    return None


def _channels(value: dict[str, Any]) -> Found:
    event = value.get("event")
    if isinstance(event, str) and event.startswith(("pusher:", "pusher_internal:")):
        return "pusher", HIGH
    if {"topic", "event", "payload"} <= value.keys():
        sure = "ref" in value or (isinstance(event, str) and event.startswith("phx_"))
        return "phoenix", HIGH if sure else MEDIUM
    if isinstance(value.get("identifier"), str) and ("command" in value or "message" in value):
        return "actioncable", HIGH if '"channel"' in value["identifier"] else MEDIUM
    if value == {"type": "welcome"}:
        return "actioncable", MEDIUM
    return None


def _array(value: list[Any]) -> Found:
    for known in (_phoenix, _ocpp, _wamp, _nostr):
        found = known(value)
        if found is not None:
            return found
    return "json", LOW


def _phoenix(value: list[Any]) -> Found:
    if len(value) != 5:
        return None
    join, ref, topic, event, payload = value
    refs = all(each is None or isinstance(each, str) for each in (join, ref))
    if not (refs and isinstance(topic, str) and isinstance(event, str)):
        return None
    if not isinstance(payload, dict):
        return None
    sure = event.startswith("phx_") or (topic, event) == ("phoenix", "heartbeat")
    return "phoenix", HIGH if sure else MEDIUM


def _ocpp(value: list[Any]) -> Found:
    if value[0] == 2 and len(value) == 4 and isinstance(value[3], dict):
        if isinstance(value[1], str) and isinstance(value[2], str):
            return "ocpp", HIGH
    elif value[0] == 3 and len(value) == 3 and isinstance(value[1], str):
        return ("ocpp", MEDIUM) if isinstance(value[2], dict) else None
    return None


def _wamp(value: list[Any]) -> Found:
    if len(value) == 3 and isinstance(value[2], dict) and "roles" in value[2]:
        greets = value[0] == 1 and isinstance(value[1], str)
        answers = value[0] == 2 and isinstance(value[1], int)
        return ("wamp", HIGH) if greets or answers else None
    if value[0] in (32, 48, 64) and len(value) >= 4 and isinstance(value[3], str):
        return ("wamp", MEDIUM) if isinstance(value[1], int) else None
    return None


def _nostr(value: list[Any]) -> Found:
    if not isinstance(value[0], str) or value[0] not in NOSTR or len(value) < 2:
        return None
    sure = value[0] == "REQ" and len(value) > 2 and isinstance(value[2], dict)
    event = value[1] if isinstance(value[1], dict) else get(value, 2)
    return "nostr", HIGH if sure or get(event, "pubkey") is not None else MEDIUM


def _binary(content: bytes) -> Found:
    header = packet_header(content, 0)
    if header is not None:
        kind, _, start, length = header
        if kind == CONNECT and content[start : start + 8].startswith((b"\0\4MQTT", b"\0\6MQIsdp")):
            return "mqtt", HIGH
        if kind == CONNACK and length == 2 == len(content) - start:
            return "mqtt", MEDIUM
    if content.startswith(b"RFB 003."):
        return "vnc", HIGH
    if content.startswith((b"INFO {", b"CONNECT {")):
        return "nats", HIGH
    if content[:1] == b"{" and json_of(content) is not MISSING:
        return "json", LOW
    # by trial; a text of printable characters is also MessagePack, CBOR and protobuf by chance
    if content.isascii() and content.decode().isprintable():
        return None
    tries: tuple[tuple[str, Callable[[bytes], object]], ...] = (
        ("msgpack", is_msgpack),
        ("cbor", cbor_keys),
        ("protobuf", protobuf_fields),
    )
    for app, reads in tries:
        if reads(content):
            return app, LOW
    return None
