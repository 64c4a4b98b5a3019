"""A first message tells its application, or nothing; never a wrong one with high confidence."""

from __future__ import annotations

import pytest

from tests.dissect.samples import BINARY, RS, SAMPLES, TEXT, Sample, mqtt, utf8
from wsinspect.dissect import Confidence, identify

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
#: Engine.IO carries Socket.IO nearly always; LSP and CDP are kin of JSON-RPC.
SAME = {"engineio": "socketio", "lsp": "jsonrpc"}

FIRST = [
    (TEXT, b'0{"sid":"x","upgrades":[],"pingInterval":25000}', ("socketio", HIGH)),
    (TEXT, b"40", ("socketio", MEDIUM)),
    (TEXT, b'42["hey",1]', ("socketio", MEDIUM)),
    (TEXT, b'{"protocol":"json","version":1}' + RS, ("signalr", HIGH)),
    (TEXT, b"{}" + RS, ("signalr", MEDIUM)),
    (TEXT, b"CONNECT\naccept-version:1.2\n\n\0", ("stomp", HIGH)),
    (BINARY, mqtt(0x10, utf8("MQTT") + b"\x04\x02\x00\x3c" + utf8("x")), ("mqtt", HIGH)),
    (BINARY, mqtt(0x10, utf8("MQIsdp") + b"\x03\x02\x00\x3c" + utf8("x")), ("mqtt", HIGH)),
    (TEXT, b'{"type":"connection_init"}', ("graphql", HIGH)),
    (TEXT, b'["1","1","room:1","phx_join",{}]', ("phoenix", HIGH)),
    (TEXT, b'{"command":"subscribe","identifier":"{\\"channel\\":\\"C\\"}"}',
     ("actioncable", HIGH)),
    (TEXT, b'{"type":"welcome"}', ("actioncable", MEDIUM)),
    (TEXT, b'[1,"realm1",{"roles":{}}]', ("wamp", HIGH)),
    (TEXT, b'{"jsonrpc":"2.0","method":"a","id":1}', ("jsonrpc", HIGH)),
    (TEXT, b'{"jsonrpc":"2.0","method":"initialize","id":1,"params":{"capabilities":{}}}',
     ("lsp", MEDIUM)),
    (TEXT, b'{"id":1,"method":"Target.setAutoAttach","params":{}}', ("cdp", MEDIUM)),
    (TEXT, b'[2,"1","BootNotification",{}]', ("ocpp", HIGH)),
    (TEXT, b'["REQ","s",{"kinds":[1]}]', ("nostr", HIGH)),
    (TEXT, b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>', ("xmpp", HIGH)),
    (TEXT, b'{"event":"pusher:connection_established","data":"{}"}', ("pusher", HIGH)),
    (TEXT, b'a["x"]', ("sockjs", HIGH)),
    (BINARY, b"RFB 003.008\n", ("vnc", HIGH)),
    (BINARY, b'INFO {"server_id":"x"} \r\n', ("nats", HIGH)),
    (TEXT, b'{"hello":1}', ("json", LOW)),
    (BINARY, b"\x81\xa4type\xa3say", ("msgpack", LOW)),
    (BINARY, bytes.fromhex("a26161016162820203"), ("cbor", LOW)),
    (BINARY, bytes.fromhex("0896011203c3a961"), ("protobuf", LOW)),
    (TEXT, b"hello", None),
    (TEXT, b"42", None),
    (BINARY, b"hello world", None),
    (BINARY, b"\xff\xfe\xfd\xfc", None),
    (9, b'{"jsonrpc":"2.0"}', None),
    (TEXT, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("opcode", "content", "found"), FIRST)
def test_first_message(
    opcode: int, content: bytes | None, found: tuple[str, Confidence] | None
) -> None:
    assert identify(opcode, content) == found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s[0]}-{s[3][:30]}")
def test_no_message_is_taken_for_another_application_with_confidence(sample: Sample) -> None:
    app, opcode, content, *_ = sample
    found = identify(opcode, content)
    if found is not None and found[1] is HIGH:
        assert SAME.get(found[0], found[0]) == SAME.get(app, app)


def test_confidence_is_ordered() -> None:
    assert LOW.rank < MEDIUM.rank < HIGH.rank
