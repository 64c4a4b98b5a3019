"""Application → summarizer, and what an application is called. Data."""

from collections.abc import Callable
from typing import Final

from wsinspect.dissect.arrays import nostr, ocpp, wamp
from wsinspect.dissect.binary import cbor, msgpack, protobuf
from wsinspect.dissect.channels import actioncable, phoenix, pusher
from wsinspect.dissect.graphql import graphql
from wsinspect.dissect.jsonrpc import jsonrpc
from wsinspect.dissect.mqtt import mqtt
from wsinspect.dissect.plain import plain
from wsinspect.dissect.reading import CONTENT_MAX
from wsinspect.dissect.signalr import signalr
from wsinspect.dissect.socketio import engineio, socketio, sockjs
from wsinspect.dissect.stomp import nats, stomp
from wsinspect.dissect.summary import NOTHING, Summary
from wsinspect.dissect.xmpp import xmpp

type Summarizer = Callable[[int, bytes], Summary]

_TEXT: Final = 1
_BINARY: Final = 2

SUMMARIZERS: Final[dict[str, Summarizer]] = {
    "actioncable": actioncable,
    "cbor": cbor,
    "cdp": jsonrpc,
    "engineio": engineio,
    "graphql": graphql,
    "json": plain,
    "jsonrpc": jsonrpc,
    "lsp": jsonrpc,
    "mqtt": mqtt,
    "msgpack": msgpack,
    "nats": nats,
    "nostr": nostr,
    "ocpp": ocpp,
    "phoenix": phoenix,
    "protobuf": protobuf,
    "pusher": pusher,
    "signalr": signalr,
    "socketio": socketio,
    "sockjs": sockjs,
    "stomp": stomp,
    "wamp": wamp,
    "xmpp": xmpp,
}
_WORDS: Final = {
    "actioncable": "ActionCable",
    "amqp": "AMQP",
    "cbor": "CBOR",
    "cdp": "Chrome DevTools",
    "engineio": "Engine.IO",
    "graphql": "GraphQL",
    "json": "JSON",
    "jsonrpc": "JSON-RPC",
    "kubernetes": "Kubernetes",
    "lsp": "LSP",
    "mqtt": "MQTT",
    "msgpack": "MessagePack",
    "nats": "NATS",
    "nostr": "Nostr",
    "ocpp": "OCPP",
    "phoenix": "Phoenix",
    "pusher": "Pusher",
    "signalr": "SignalR",
    "sip": "SIP",
    "socketio": "Socket.IO",
    "sockjs": "SockJS",
    "stomp": "STOMP",
    "vnc": "VNC",
    "wamp": "WAMP",
    "xmpp": "XMPP",
}


def app_words(app: str) -> str:
    """How people write it: `socketio` is Socket.IO."""
    return _WORDS.get(app, app)


def summarize(app: str, opcode: int, content: bytes | None) -> Summary:
    """One line for a data message of `app` (any text; empty: not known). Never raises.

    `content` is the unmasked, decompressed payload or its first bytes.
    """
    if not content or opcode not in (_TEXT, _BINARY):
        return NOTHING
    content = content[:CONTENT_MAX]
    found = SUMMARIZERS.get(app, plain)(opcode, content)
    if not found.text and opcode == _TEXT and app in SUMMARIZERS:
        return plain(opcode, content)
    return found
