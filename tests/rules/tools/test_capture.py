"""Captures: our own log, HAR files, and telling them apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wsinspect.model import events, schema
from wsinspect.rules.tools.capture import (
    CaptureBroken,
    CapturedMessage,
    FlowReader,
    capture_facts,
    host_and_path,
    read_capture,
)

STAMP = "2026-11-22T13:00:00.000001Z"
STAMP_NS = 1_795_352_400_000_001_000


def lines_of(path: Path, *lines: dict[str, Any] | bytes) -> Path:
    path.write_bytes(
        b"".join((x if isinstance(x, bytes) else json.dumps(x).encode()) + b"\n" for x in lines)
    )
    return path


def opened(flow_id: int = 1, **said: Any) -> dict[str, Any]:
    body = {"host": "h.example:8080", "uri": "/ws?token=x", "status": 101, **said}
    return {
        "timestamp": STAMP, "event_type": "ws_open", "flow_id": flow_id, "src_ip": "10.0.0.9",
        "open": body,
    }  # fmt: skip


def sent(flow_id: int = 1, **said: Any) -> dict[str, Any]:
    body = {
        "direction": "to_server", "opcode": "text", "payload_len": 5, "wire_len": 9, "frames": 1,
        "compressed": False, "action": "pass", "rules": [], "injected": False, **said,
    }  # fmt: skip
    return {"timestamp": STAMP, "event_type": "ws_message", "flow_id": flow_id, "message": body}


def read(path: Path, flows: FlowReader | None = None) -> tuple[list[CapturedMessage], list[str]]:
    told: list[str] = []
    return list(read_capture(path, told.append, flows)), told


class TestLog:
    def test_a_message_and_its_connection(self, tmp_path: Path) -> None:
        path = lines_of(
            tmp_path / "log", opened(subprotocol="mqtt", origin="https://o"), sent(preview="hello")
        )
        (message,), told = read(path)
        assert (message.payload, message.whole, message.opcode) == (b"hello", True, "text")
        assert message.timestamp_ns == STAMP_NS
        facts = message.facts
        assert (facts.host, facts.path, facts.app) == ("h.example:8080", "/ws?token=x", "mqtt")
        assert (facts.client, facts.origin) == ("10.0.0.9", "https://o")
        assert told == []

    def test_binary(self, tmp_path: Path) -> None:
        said: dict[str, Any] = {"opcode": "binary", "direction": "to_client", "payload_len": 2}
        path = lines_of(tmp_path / "log", opened(), sent(preview_base64="/wA=", **said))
        (message,), _ = read(path)
        assert (message.payload, message.direction) == (b"\xff\x00", "to_client")
        assert message.whole

    @pytest.mark.parametrize(
        ("said", "payload", "whole"),
        [
            ({}, None, True),
            ({"action": "close"}, None, True),
            ({"preview": "x" * 512, "payload_len": 600}, b"x" * 512, False),
            ({"preview": "x" * 511 + "\ufffd", "payload_len": 600}, b"x" * 511, False),
            ({"preview": "x" * 600, "payload_len": 600}, b"x" * 600, True),
            ({"preview": "hel", "payload_len": 9, "action": "rewrite"}, b"hel", True),
            ({"preview": "x" * 512, "payload_len": 9, "action": "rewrite"}, b"x" * 512, False),
        ],
    )
    def test_how_much_is_there(
        self, tmp_path: Path, said: dict[str, Any], payload: bytes | None, whole: bool
    ) -> None:
        (message,), _ = read(lines_of(tmp_path / "log", opened(), sent(**said)))
        assert (message.payload, message.whole) == (payload, whole)

    def test_flows_that_are_numbered_again_are_other_connections(self, tmp_path: Path) -> None:
        path = lines_of(
            tmp_path / "log",
            opened(1), opened(2), sent(1, preview="a"), sent(2, preview="b"), sent(1, preview="c"),
            opened(1, host="later"), sent(1, preview="d"),
        )  # fmt: skip
        messages, _ = read(path)
        one, two, again, later = messages
        assert one.connection == again.connection
        assert len({one.connection, two.connection, later.connection}) == 3
        assert later.facts.host == "later"

    def test_what_cannot_be_read_is_told_without_a_word_of_it(self, tmp_path: Path) -> None:
        path = lines_of(
            tmp_path / "log",
            opened(),
            b'{"event_type":"ws_message","secret',
            b"",
            {"event_type": "ws_message", "message": "secret"},
            sent(preview_base64="!secret"),
            {**sent(preview="x"), "timestamp": "secret"},
            b"\xff",
            {"event_type": "something_new", "message": {"direction": "to_server"}},
            sent(preview="hello"),
        )
        messages, told = read(path)
        assert [message.payload for message in messages] == [b"hello"]
        assert told == [f"{path}: 7 lines could not be read, the first is line 2"]

    def test_a_message_whose_opening_is_not_in_the_log(self, tmp_path: Path) -> None:
        path = lines_of(tmp_path / "log", sent(preview="hello"))
        (message,), told = read(path)
        assert message.facts.host == ""
        assert told[0].startswith(f"{path}: 1 message without the ws_open")

    def test_after_its_close_a_connection_is_over(self, tmp_path: Path) -> None:
        closed = {"timestamp": STAMP, "event_type": "ws_close", "flow_id": 1, "close": {}}
        path = lines_of(tmp_path / "log", opened(), closed, sent(preview="hello"))
        (message,), _ = read(path)
        assert message.facts.host == ""


def har(*messages: dict[str, Any], **entry: Any) -> bytes:
    request = {
        "method": "GET",
        "url": "wss://user@chat.example:8443/ws/v1?token=x",
        "headers": [{"name": "Origin", "value": "https://chat.example"}],
    }
    response = {"status": 101, "headers": [{"name": "Sec-WebSocket-Protocol", "value": "stomp"}]}
    page = {"request": {"url": "https://x/"}, "response": {"content": {"text": "…"}}, "time": 1}
    socket = {"request": request, "response": response, "_webSocketMessages": messages, **entry}
    return json.dumps({"log": {"version": "1.2", "entries": [page, socket]}}).encode()


class TestHar:
    def test_as_chromium_writes_it(self, tmp_path: Path) -> None:
        path = tmp_path / "x.har"
        path.write_bytes(
            har(
                {"type": "send", "time": 1795352400.5, "opcode": 1, "data": "hé"},
                {"type": "receive", "time": 1795352401, "opcode": 2, "data": "/wA="},
                {"type": "error", "time": 1795352401, "opcode": 1, "data": "net::ERR"},
                {"type": "receive", "time": 1795352401, "opcode": 10, "data": ""},
            )
        )
        (one, two), told = read(path)
        assert (one.payload, one.direction, one.opcode) == ("hé".encode(), "to_server", "text")
        assert one.timestamp_ns == 1_795_352_400_500_000_000
        assert (two.payload, two.direction, two.opcode) == (b"\xff\x00", "to_client", "binary")
        assert one.connection == two.connection
        assert (one.facts.host, one.facts.path) == ("chat.example:8443", "/ws/v1?token=x")
        assert (one.facts.subprotocol, one.facts.app) == ("stomp", "stomp")
        assert one.facts.origin == "https://chat.example"
        assert told == []

    def test_indented(self, tmp_path: Path) -> None:
        path = tmp_path / "x.har"
        message = {"type": "send", "time": 1, "opcode": 1, "data": "a"}
        path.write_text("\n " + json.dumps(json.loads(har(message)), indent=2))
        assert len(read(path)[0]) == 1

    @pytest.mark.parametrize(
        "content",
        [
            b"{",
            b'{"log": {}}',
            b'{"log": {"entries": 7}}',
            har({"type": "send", "time": 1, "opcode": 2, "data": "!"}),
            har({"type": "send", "time": 1e300, "opcode": 1, "data": "a"}),
            har({"type": "send", "time": 1, "opcode": 1, "data": "a"}).replace(b'"a"', b'"\xff"'),
        ],
    )
    def test_broken(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "x.har"
        path.write_bytes(content)
        with pytest.raises(CaptureBroken, match=r"x\.har: "):
            read(path)


def message_at(timestamp_ns: int) -> CapturedMessage:
    facts = capture_facts(host="h", path="/")
    return CapturedMessage(1, facts, "to_server", "text", b"x", timestamp_ns)


class TestKinds:
    @pytest.mark.parametrize("content", [b"", b" \n", b"hello", b"[1]", b"\x89PNG"])
    def test_none_of_them(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "x"
        path.write_bytes(content)
        with pytest.raises(CaptureBroken, match=f"{path}: "):
            read(path)

    def test_flows_go_to_their_reader(self, tmp_path: Path) -> None:
        path = tmp_path / "x.mitm"
        path.write_bytes(b"1234:9:websocket;")
        message = CapturedMessage(
            1, capture_facts(host="h", path="/"), "to_server", "text", b"secret", 1
        )

        def flows(given: Path) -> Iterator[CapturedMessage]:
            assert given == path
            yield message

        assert read(path, flows)[0] == [message]
        assert "secret" not in repr(message)
        with pytest.raises(CaptureBroken, match="mitmproxy flows"):
            read(path)

    def test_flows_that_end_in_the_middle(self, tmp_path: Path) -> None:
        path = tmp_path / "x.mitm"
        path.write_bytes(b"1234:9:websocket;")

        def flows(given: Path) -> Iterator[CapturedMessage]:
            yield message_at(1)
            raise CaptureBroken(f"{given}: the file is cut off")

        messages, told = read(path, flows)
        assert len(messages) == 1
        assert told == [f"{path}: the file is cut off: the messages before that were replayed"]

    @pytest.mark.parametrize(("by_time", "order"), [(False, [1, 3, 2]), (True, [1, 2, 3])])
    def test_connections_side_by_side(
        self, tmp_path: Path, by_time: bool, order: list[int]
    ) -> None:
        path = tmp_path / "x.mitm"
        path.write_bytes(b"1234:9:websocket;")

        def flows(_: Path) -> Iterator[CapturedMessage]:
            yield from (message_at(1), message_at(3), message_at(2))

        told: list[str] = []
        messages = read_capture(path, told.append, flows, by_time=by_time)
        assert [message.timestamp_ns for message in messages] == order

    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "x")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("wss://h/p", ("h", "/p")),
        ("ws://h:1?q=a?b", ("h:1", "/?q=a?b")),
        ("ws://u:p@[::1]:9/p%20q#f", ("[::1]:9", "/p%20q")),
        ("", ("", "/")),
        ("wss://[bad/p", ("", "/")),
    ],
)
def test_host_and_path(url: str, parts: tuple[str, str]) -> None:
    assert host_and_path(url) == parts


def test_no_filter_of_mitmproxy_s_matches_a_past_connection() -> None:
    assert not capture_facts(host="h", path="/").flow_matches("~all")


def test_lines_as_the_log_writes_them(tmp_path: Path) -> None:
    """The log's own structs, so that a field that is renamed there is missed here."""
    opened = schema.Open(
        schema_version=1, host="h.example", uri="/ws", status=101, http_version="HTTP/1.1",
        tls=False, client_protocols=["mqtt"], client_extensions=[], server_extensions=[],
        findings=[], subprotocol="mqtt", origin="https://o.example",
    )  # fmt: skip
    text = schema.Message("to_client", "text", 5, 9, 1, False, "pass", [], False)
    text.preview = "hello"
    binary = schema.Message("to_server", "binary", 2, 8, 1, False, "pass", [], False)
    binary.preview_base64 = b"\xff\x00"
    around = {
        "timestamp": events.timestamp(STAMP_NS).decode(), "flow_id": 7, "src_ip": "10.0.0.9",
        "src_port": 1, "dest_ip": "10.0.0.1", "dest_port": 443, "proto": "TCP", "host": "here",
    }  # fmt: skip
    lines = [
        schema.OpenLine(open=opened, **around),  # type: ignore[arg-type]
        schema.MessageLine(message=text, **around),  # type: ignore[arg-type]
        schema.MessageLine(message=binary, **around),  # type: ignore[arg-type]
    ]
    messages, told = read(lines_of(tmp_path / "log", *map(events.encode, lines)))
    assert told == []
    assert [message.payload for message in messages] == [b"hello", b"\xff\x00"]
    assert [message.direction for message in messages] == ["to_client", "to_server"]
    for message in messages:
        assert (message.whole, message.timestamp_ns) == (True, STAMP_NS)
        facts = message.facts
        assert (facts.host, facts.path, facts.client) == ("h.example", "/ws", "10.0.0.9")
        assert (facts.app, facts.origin) == ("mqtt", "https://o.example")
