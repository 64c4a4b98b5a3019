"""The application protocol by subprotocol and path."""

from __future__ import annotations

import pytest

from wsinspect.model.app_protocol import APPS, app_protocol


@pytest.mark.parametrize(
    ("subprotocol", "path", "app"),
    [
        ("graphql-transport-ws", "/", "graphql"),
        ("graphql-ws", "/", "graphql"),
        ("", "/api/graphql", "graphql"),
        ("", "/graphql/stream?x=/socket.io/", "graphql"),
        ("mqtt", "/", "mqtt"),
        ("mqttv3.1", "/", "mqtt"),
        ("", "/socket.io/?EIO=4&transport=websocket", "socketio"),
        ("", "/app/ws?EIO=4&transport=websocket", "socketio"),
        ("", "/engine.io/?EIO=4", "engineio"),
        ("", "/echo/123/abcdefgh/websocket", "sockjs"),
        ("", "/echo/12/abcdefgh/websocket", ""),
        ("", "/signalr/connect?transport=webSockets", "signalr"),
        ("", "/hub?connectionToken=x", "signalr"),
        ("v12.stomp", "/", "stomp"),
        ("wamp.2.json", "/", "wamp"),
        ("AMQP", "/", "amqp"),
        ("jsonrpc2.0", "/", "jsonrpc"),
        ("ocpp1.6", "/socket.io/", "ocpp"),
        ("actioncable-v1-json", "/", "actioncable"),
        ("v4.channel.k8s.io", "/", "kubernetes"),
        ("", "/socket/websocket?vsn=2.0.0", "phoenix"),
        ("", "/ws?vsn=2.0.0", "phoenix"),
        ("binary", "/websockify", "vnc"),
        ("nats", "/", "nats"),
        ("sip", "/", "sip"),
        ("xmpp", "/", "xmpp"),
        ("", "/cable", "actioncable"),
        ("chat.v2", "/chat", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_application_protocols(subprotocol: str, path: str, app: str) -> None:
    assert app_protocol(subprotocol, path) == app
    assert app == "" or app in APPS
