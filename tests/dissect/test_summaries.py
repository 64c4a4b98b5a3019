"""Each message is named as its specification has it, whole and cut."""

from __future__ import annotations

import pytest
import socketio
from engineio.packet import CLOSE, MESSAGE, NOOP, OPEN, PING, PONG, UPGRADE
from engineio.packet import Packet as EnginePacket

from tests.dissect.samples import SAMPLES, TEXT, Sample
from wsinspect.dissect import CONTENT_MAX, SUMMARIZERS, Role, Summary, app_words, summarize


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s[0]}-{s[3][:30]}")
def test_sample(sample: Sample) -> None:
    app, opcode, content, text, key, role = sample
    assert summarize(app, opcode, content) == Summary(text, key, role)


def test_every_application_has_a_sample_and_a_name() -> None:
    assert SUMMARIZERS.keys() <= {sample[0] for sample in SAMPLES}
    assert app_words("socketio") == "Socket.IO"
    assert app_words("something") == "something"


@pytest.mark.parametrize("opcode", [0, 8, 9, 10, 3])
def test_only_messages_are_named(opcode: int) -> None:
    assert summarize("", opcode, b'{"type":"say"}') == Summary()


@pytest.mark.parametrize("content", [None, b""])
def test_nothing_says_nothing(content: bytes | None) -> None:
    assert summarize("graphql", TEXT, content) == Summary()


def test_known_application_with_other_content_is_read_as_json() -> None:
    assert summarize("mqtt", TEXT, b'{"type":"say"}').text == "say"


def test_of_a_cut_message_what_is_whole_is_told() -> None:
    whole = b'{"type":"next","id":"7","payload":{"data":{"a":1,"text":"' + b"x" * 9_000 + b'"}}}'
    assert summarize("graphql", TEXT, whole[:CONTENT_MAX]) == Summary(
        'next #7 {"a":1}', "7", Role.REPLY
    )
    assert summarize("graphql", TEXT, whole) == summarize("graphql", TEXT, whole[:CONTENT_MAX])


@pytest.mark.parametrize("length", range(1, 60))
def test_cut_anywhere(length: int) -> None:
    found = summarize("", TEXT, b'{"op":"subscribe","id":4,"ch":["a","b"],"t":"\\"x"}'[:length])
    assert found.text.startswith("subscribe") is (length >= 18)


def test_every_engineio_packet_of_the_real_library() -> None:
    names = {OPEN: "open", CLOSE: "close", PING: "ping", PONG: "pong", MESSAGE: "message",
             UPGRADE: "upgrade", NOOP: "noop"}  # fmt: skip
    for kind, name in names.items():
        encoded = EnginePacket(kind, data={} if kind == OPEN else None).encode()
        text = encoded if isinstance(encoded, str) else encoded.decode()
        assert summarize("engineio", TEXT, text.encode()).text.startswith(name)


@pytest.mark.parametrize(
    ("packet", "text", "key"),
    [
        (socketio.packet.Packet(2, ["say", {"a": 1}]), 'say {"a":1}', None),
        (socketio.packet.Packet(2, ["say", "x"], "/room", 7), "say in /room x (wants ack 7)",
         "/room 7"),
        (socketio.packet.Packet(3, ["done"], None, 0), 'ack 0 ["done"]', "0"),
        (socketio.packet.Packet(0, None, "/room"), "connect /room", None),
        (socketio.packet.Packet(1, None, "/room"), "disconnect /room", None),
        (socketio.packet.Packet(2, ["up", b"\0\1"]), 'up {"_placeholder":true,"num":0} +1 binary',
         None),
    ],
)  # fmt: skip
def test_what_the_real_socketio_library_sends(
    packet: socketio.packet.Packet, text: str, key: str | None
) -> None:
    encoded = packet.encode()
    first = encoded[0] if isinstance(encoded, list) else encoded
    found = summarize("socketio", TEXT, f"4{first}".encode())
    assert (found.text, found.id) == (text, key)
