"""What only says that its sender is alive, and what does not."""

from __future__ import annotations

import pytest

from wsinspect.tui.data.entries import Gap, Message
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.panes.heartbeats import is_heartbeat


def frame(opcode: int, content: bytes) -> Frame:
    return Frame(1, 0, 0, 0x80 | opcode, None, len(content), len(content) + 2, None, content)


@pytest.mark.parametrize(
    ("app", "opcode", "content"),
    [
        ("socketio", 1, b"2"),
        ("socketio", 1, b"3"),
        ("engineio", 1, b"2probe"),
        ("signalr", 1, b'{"type":6}\x1e'),
        ("graphql", 1, b'{"type":"ping"}'),
        ("graphql", 1, b'{"type":"ka"}'),
        ("phoenix", 1, b'["1","4","phoenix","heartbeat",{}]'),
        ("actioncable", 1, b'{"type":"ping","message":1795356000}'),
        ("pusher", 1, b'{"event":"pusher:ping","data":{}}'),
        ("mqtt", 2, b"\xc0\x00"),
        ("mqtt", 2, b"\xd0\x00"),
        ("stomp", 1, b"\n"),
        ("", 1, b'{"type":"heartbeat"}'),
        ("", 1, b"ping"),
    ],
)
def test_messages_that_are_heartbeats(app: str, opcode: int, content: bytes) -> None:
    assert is_heartbeat(Message(frame(opcode, content)), app)


@pytest.mark.parametrize(
    ("app", "opcode", "content"),
    [
        ("socketio", 1, b'42["ping","me"]'),
        ("", 1, b"2"),
        ("mqtt", 2, b"\x30\x05\x00\x01a\x00\x00"),
        ("", 1, b'{"type":"say","text":"ping"}'),
        ("", 1, b"shopping list"),
        ("", 1, b""),
        ("", 1, b'{"type":"ping"' + b" " * 400 + b"}"),
    ],
)
def test_messages_that_are_not(app: str, opcode: int, content: bytes) -> None:
    assert not is_heartbeat(Message(frame(opcode, content)), app)


def test_control_frames_and_gaps() -> None:
    assert is_heartbeat(frame(9, b"x"), "")
    assert is_heartbeat(frame(10, b""), "")
    assert not is_heartbeat(frame(8, b""), "")
    assert not is_heartbeat(Gap(1, 2, 3), "")
