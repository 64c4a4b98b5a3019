"""Flows that mitmproxy saved become lines of a log that a recording shows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import msgspec
import pytest
from mitmproxy import io
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import Opcode

from tests.tui.data.recording.conftest import source_of
from wsinspect.model.events import Event
from wsinspect.proxy.flows import FlowsUnreadable, event_lines
from wsinspect.tui.data.connection import State
from wsinspect.tui.data.recording import Kind, kind_of

START = 1_795_356_000.0


def saved(path: Path, *, flows: int = 1, websocket: bool = True) -> Path:
    with path.open("wb") as file:
        writer = io.FlowWriter(file)
        for number in range(flows):
            flow = tflow.twebsocketflow() if websocket else tflow.tflow(resp=tutils.tresp())
            flow.request.timestamp_start = START + number
            if flow.response is not None:
                flow.response.timestamp_end = START + number + 0.01
            if flow.websocket is not None:
                flow.websocket.messages = [
                    WebSocketMessage(Opcode.TEXT, True, "hellö".encode(), START + number + 1),
                    WebSocketMessage(Opcode.BINARY, False, b"\x00\x01", START + number + 2),
                ]
                flow.websocket.close_code = 1000
                flow.websocket.closed_by_client = False
                flow.websocket.timestamp_end = START + number + 5
            writer.add(flow)
    return path


def test_they_are_lines_of_the_schema_in_order_of_time(tmp_path: Path) -> None:
    path = saved(tmp_path / "flows", flows=3)
    assert kind_of(path) is Kind.FLOWS
    events = [msgspec.json.decode(line, type=Event) for line in event_lines(path)]
    times = [event.timestamp for event in events]
    assert times == sorted(times)
    assert len(events) == 3 * 4


def test_a_recording_shows_them(tmp_path: Path) -> None:
    path = saved(tmp_path / "flows")
    source = source_of(path, lines=event_lines(path))
    (connection,) = source.store.ended.values()
    assert connection.state is State.CLEAN
    assert connection.close is not None
    assert (connection.close.code_observed, connection.close.initiator) == (1000, "server")
    assert (connection.to_server[0], connection.to_client[0]) == (1, 1)
    source.watch(1)
    source.settle()
    contents = [entry.content for entry in source.store.watched.entries]
    assert contents == ["hellö".encode(), b"\x00\x01"]


def test_a_file_that_was_cut_off_shows_what_it_has(tmp_path: Path) -> None:
    path = saved(tmp_path / "flows", flows=2)
    path.write_bytes(path.read_bytes()[:-100])
    lines = event_lines(path)
    assert len(list(islice(lines, 4))) == 4
    with pytest.raises(FlowsUnreadable, match="the file ends in the middle of flow 2"):
        next(lines)
    source = source_of(path, lines=event_lines(path))
    assert source.store.ended_count == 1
    assert list(source.store.problems) == [
        f"{path}: the file ends in the middle of flow 2; what came before it is here"
    ]


@pytest.mark.parametrize("content", [b"", b"12:nonsense,", b"\x00"])
def test_what_has_no_messages_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "flows"
    path.write_bytes(content)
    with pytest.raises(FlowsUnreadable):
        list(event_lines(path))
    with pytest.raises(FlowsUnreadable, match="no WebSocket"):
        list(event_lines(saved(tmp_path / "http", websocket=False)))
