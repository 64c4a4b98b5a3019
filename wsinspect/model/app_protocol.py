"""Which application protocol a connection speaks, by what its opening handshake says.

Owns: the names, and the subprotocols and paths that tell of them. Must not know: messages
(``dissect`` reads those), rules.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

__all__ = ["APPS", "app_protocol"]

APPS: Final = (
    "actioncable", "amqp", "engineio", "graphql", "jsonrpc", "kubernetes", "mqtt", "nats", "ocpp",
    "phoenix", "signalr", "sip", "socketio", "sockjs", "stomp", "vnc", "wamp", "xmpp",
)  # fmt: skip

_BY_SUBPROTOCOL: Final[tuple[tuple[str, str], ...]] = (
    ("graphql-transport-ws", "graphql"),
    ("graphql-ws", "graphql"),
    ("subscriptions-transport-ws", "graphql"),
    ("mqtt*", "mqtt"),
    ("v1?.stomp", "stomp"),
    ("stomp*", "stomp"),
    ("wamp*", "wamp"),
    ("amqp*", "amqp"),
    ("json-rpc*", "jsonrpc"),
    ("jsonrpc*", "jsonrpc"),
    ("ocpp*", "ocpp"),
    ("sip", "sip"),
    ("xmpp*", "xmpp"),
    ("actioncable-*", "actioncable"),
    ("nats*", "nats"),
    ("*channel.k8s.io", "kubernetes"),
    ("*.base64.channel.k8s.io", "kubernetes"),
    ("signalr*", "signalr"),
)
_BY_PATH: Final[tuple[tuple[str, str], ...]] = (
    ("*/socket.io", "socketio"),
    ("*/socket.io/*", "socketio"),
    ("*/engine.io", "engineio"),
    ("*/engine.io/*", "engineio"),
    ("*/signalr", "signalr"),
    ("*/signalr/*", "signalr"),
    ("*/graphql", "graphql"),
    ("*/graphql/*", "graphql"),
    ("*/mqtt", "mqtt"),
    ("*/stomp", "stomp"),
    ("*/cable", "actioncable"),
    ("*/websockify", "vnc"),
    ("*/live/websocket", "phoenix"),
    ("*/socket/websocket", "phoenix"),
)


def app_protocol(subprotocol: str, path: str) -> str:
    """The application protocol that subprotocol and path tell of, or an empty text.

    The subprotocol is what both sides agreed on, so it comes first.
    """
    agreed = subprotocol.lower()
    if agreed:
        for glob, app in _BY_SUBPROTOCOL:
            if fnmatchcase(agreed, glob):
                return app
    bare, _, query = path.lower().partition("?")
    for glob, app in _BY_PATH:
        if fnmatchcase(bare, glob):
            return app
    if _is_sockjs(bare):
        return "sockjs"
    given = {pair.partition("=")[0] for pair in query.split("&")}
    if {"eio", "transport"} <= given:
        return "socketio"
    if "vsn" in given:
        return "phoenix"
    if "connectiontoken" in given:
        return "signalr"
    return ""


def _is_sockjs(path: str) -> bool:
    """``/<prefix>/<server: 3 digits>/<session>/websocket``"""
    parts = path.rsplit("/", 3)
    return (
        len(parts) == 4
        and parts[3] == "websocket"
        and len(parts[1]) == 3
        and parts[1].isdecimal()
        and bool(parts[2])
    )
