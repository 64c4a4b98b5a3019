"""Every event is one line of valid JSON that obeys the schema, whatever the peers sent."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import NOW_NS, SECOND_NS, make_connection
from tests.support.raw import KEY, PING, PONG, TEXT, close_frame, frame
from wsinspect.model import events
from wsinspect.model.connection import Connection
from wsinspect.model.schema import MessageLine
from wsinspect.protocol.messages import MessageFacts

SCHEMA = json.loads(events.json_schema())
decode = msgspec.json.Decoder(events.Event, strict=True).decode
ENVELOPE = {"flow_id", "src_ip", "src_port", "dest_ip", "dest_port", "proto", "host"}


def check(value: Any, schema: dict[str, Any], at: str = "$") -> None:
    """Validate against as much of JSON Schema as ours uses; unknown words fail."""
    known = {
        "$ref", "anyOf", "discriminator", "title", "description", "type", "properties", "required",
        "items", "enum", "const", "$defs", "$schema", "$id", "contentEncoding", "default",
        "additionalProperties",
        "minimum", "$comment", "version",
    }  # fmt: skip
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        return check(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], at)
    if "anyOf" in schema:
        if "discriminator" in schema:
            found = schema["discriminator"]
            name = found["mapping"][value[found["propertyName"]]]
            return check(value, {"$ref": name}, at)
        errors = []
        for each in schema["anyOf"]:
            try:
                return check(value, each, at)
            except AssertionError as error:
                errors.append(error)
        raise AssertionError(errors)
    if "enum" in schema:
        assert value in schema["enum"], at
    if "const" in schema:
        assert value == schema["const"], at
    if kind := schema.get("type"):
        kinds: dict[str, Any] = {
            "object": dict, "array": list, "string": str, "integer": int,
            "number": (int, float), "boolean": bool,
        }  # fmt: skip
        assert isinstance(value, kinds[kind]), f"{at}: {value!r} is no {kind}"
        assert kind == "boolean" or not isinstance(value, bool), at
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value), at
        named, others = schema.get("properties", {}), schema.get("additionalProperties")
        unknown = set(value) - set(named)
        assert others or not unknown, f"{at}: the schema does not know {unknown}"
        for name, each in value.items():
            check(each, named.get(name, others), f"{at}.{name}")
    if isinstance(value, list):
        for number, each in enumerate(value):
            check(each, schema["items"], f"{at}[{number}]")
    return None


def parsed(line: bytes) -> dict[str, Any]:
    """One line, strictly: by the schema, by the struct, and without duplicate keys."""
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(pairs) == len(dict(pairs)), pairs
        return dict(pairs)

    value: dict[str, Any] = json.loads(line.decode("utf-8"), object_pairs_hook=unique)
    check(value, SCHEMA)
    decode(line)
    return value


def test_the_schema_checker_can_fail() -> None:
    good = json.loads(events.open_event(make_connection(), NOW_NS, 101))
    check(good, SCHEMA)
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda e: e.pop("flow_id"),
        lambda e: e.update(flow_id="1"),
        lambda e: e.update(surprise=1),
        lambda e: e["open"].pop("status"),
        lambda e: e["open"].update(tls=1),
        lambda e: e["open"].update(findings=[{"code": "x"}]),
    ]
    for change in changes:
        bad = json.loads(json.dumps(good))
        change(bad)
        with pytest.raises(AssertionError):
            check(bad, SCHEMA)


# --- ws_open ---


def test_an_open_event_in_full() -> None:
    connection = make_connection(
        3,
        asked=[
            (b"User-Agent", b"test/1"),
            (b"Origin", b"https://app.example"),
            (b"Sec-WebSocket-Protocol", b"chat.v2, chat.v1"),
            (b"Sec-WebSocket-Extensions", b"permessage-deflate; client_max_window_bits"),
        ],
        answered=[
            (b"Sec-WebSocket-Protocol", b"chat.v2"),
            (b"Sec-WebSocket-Extensions", b"permessage-deflate"),
        ],
    )
    assert parsed(events.open_event(connection, NOW_NS, 101)) == {
        "timestamp": "2026-11-22T13:00:00.123456Z",
        "event_type": "ws_open",
        "flow_id": 3,
        "src_ip": "127.0.0.1",
        "src_port": 50_000,
        "dest_ip": "127.0.0.1",
        "dest_port": 9000,
        "proto": "TCP",
        "host": "box",
        "open": {
            "schema_version": 1,
            "host": "127.0.0.1:9000",
            "uri": "/chat?x=1",
            "user_agent": "test/1",
            "origin": "https://app.example",
            "subprotocol": "chat.v2",
            "client_protocols": ["chat.v2", "chat.v1"],
            "client_extensions": ["permessage-deflate; client_max_window_bits"],
            "server_extensions": ["permessage-deflate"],
            "status": 101,
            "http_version": "HTTP/1.1",
            "tls": False,
            "accept_valid": True,
            "handshake_ms": 1.25,
            "upstream": "127.0.0.1:9000",
            "findings": [],
        },
    }


@pytest.mark.parametrize("status", [403, 502, None])
def test_accept_valid_is_absent_unless_the_status_is_101(status: int | None) -> None:
    connection = make_connection(status=status)
    event = parsed(events.open_event(connection, NOW_NS, status or 0))
    assert "accept_valid" not in event["open"]
    assert event["open"]["status"] == (status or 0)


header_bytes = st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
AWKWARD = [
    b'"', b"\\", b'\\"}{"x":1', b"\0\x01\x1f\x7f", "Grüße 👋".encode(), b"\xff\xfe\xc3(",
    "\u2028\u2029".encode(), b"\xed\xa0\x80", b"%s%d%%",
]  # fmt: skip


@pytest.mark.parametrize("awkward", AWKWARD, ids=range(len(AWKWARD)))
def test_awkward_headers_stay_valid_json(awkward: bytes) -> None:
    _check_awkward(b"/" + awkward, awkward)


@given(header_bytes, header_bytes)
def test_any_header_stays_valid_json(target: bytes, value: bytes) -> None:
    _check_awkward(b"/" + target, value)


def _check_awkward(target: bytes, value: bytes) -> None:
    headers = [
        (b"User-Agent", value),
        (b"Origin", value),
        (b"Sec-WebSocket-Protocol", value),
        (b"Sec-WebSocket-Extensions", value),
    ]
    connection = make_connection(target=target, asked=headers, answered=headers[2:])
    event = parsed(events.open_event(connection, NOW_NS, 101))
    try:
        assert event["open"]["uri"] == target.decode()
    except UnicodeDecodeError:
        assert "\\x" in event["open"]["uri"]


# --- ws_message ---


@pytest.mark.parametrize("payloads", ["none", "preview", "full"])
@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize(
    "payload",
    [None, b"", b'say "hi"\n', b"\xff\xfe\0", b"x" * 3000],
    ids=["not-kept", "empty", "quotes", "not-utf8", "long"],
)
def test_message_events(payloads: Any, opcode: int, payload: bytes | None) -> None:
    content = payload or b""
    facts = MessageFacts(opcode, len(content), 99, 2, True, payload, content[:512], None)
    line = events.message_event(
        make_connection(), "to_client", facts, NOW_NS, payloads=payloads, injected=True
    )
    message = parsed(line)["message"]
    assert message["opcode"] == ("text" if opcode == 1 else "binary")
    assert (message["direction"], message["wire_len"], message["frames"]) == ("to_client", 99, 2)
    assert (message["compressed"], message["injected"], message["rules"]) == (True, True, [])
    if payloads == "none":
        assert not {"preview", "preview_base64"} & set(message)
        return
    shown = content if payloads == "full" else content[:512]
    if opcode == 1:
        assert message["preview"] == shown.decode(errors="replace")
    else:
        event = decode(line)
        assert isinstance(event, MessageLine)
        assert event.message.preview_base64 == shown


@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize(
    ("action", "shown"), [("pass", True), ("rewrite", True), ("drop", False), ("close", False)]
)
def test_a_message_event_shows_only_what_was_forwarded(
    action: events.Action, shown: bool, opcode: int
) -> None:
    facts = MessageFacts(opcode, 6, 12, 1, False, b"secret", b"secret", None)
    for payloads in ("preview", "full"):
        line = events.message_event(
            make_connection(), "to_server", facts, NOW_NS, payloads=payloads, action=action
        )
        message = parsed(line)["message"]
        assert message["action"] == action
        assert bool({"preview", "preview_base64"} & set(message)) is shown


# --- ws_close ---


def receive(connection: Connection, data: bytes, *, to_client: bool, now_ns: int) -> None:
    """What a relay does with a chunk, as far as the model cares."""
    reader = connection.to_client if to_client else connection.to_server
    reader.walk(data)
    for control in reader.controls:
        if control.opcode == 8:
            connection.ends(now_ns).close_frame(
                "server" if to_client else "client", control.payload, forwarded=True
            )
        elif control.opcode == PING:
            connection.pings.ping(control.payload, now_ns, to_client=to_client)
        else:
            connection.pings.pong(control.payload, now_ns, to_client=to_client)
    reader.controls.clear()
    connection.last_frame_ns = now_ns


def closing(connection: Connection) -> dict[str, Any]:
    close: dict[str, Any] = parsed(events.close_event(connection, NOW_NS + 9 * SECOND_NS))["close"]
    return close


def test_a_close_event_in_full() -> None:
    connection = make_connection()
    at = NOW_NS + SECOND_NS
    receive(connection, frame(TEXT, b"hello", mask=KEY), to_client=False, now_ns=at)
    receive(connection, frame(PING, b"p"), to_client=True, now_ns=at)
    receive(connection, frame(PONG, b"p", mask=KEY), to_client=False, now_ns=at + SECOND_NS // 1000)
    at += SECOND_NS
    receive(connection, close_frame(1001, "bye", mask=KEY), to_client=False, now_ns=at)
    receive(connection, close_frame(1000), to_client=True, now_ns=at)
    connection.ends(at).socket_end("server", reset=True)
    assert closing(connection) == {
        "code_observed": 1001,
        "reason": "bye",
        "code_relayed": 1001,
        "initiator": "client",
        "clean": True,
        "cause": "close_frame",
        "age_s": 2.0,
        "idle_s": 0.999,
        "to_server": {"frames": 3, "messages": 1, "payload_bytes": 11, "wire_bytes": 29},
        "to_client": {"frames": 2, "messages": 0, "payload_bytes": 3, "wire_bytes": 7},
        "ping_rtt_ms": {"count": 1, "min": 1.0, "p50": 1.0, "max": 1.0},
        "diagnosis": [],
        "keepalive": {},
    }


def test_without_pongs_only_the_count() -> None:
    assert closing(make_connection())["ping_rtt_ms"] == {"count": 0}


def test_a_close_frame_without_a_code_is_1005_on_both_sides() -> None:
    """The other side was sent just that: no code, which is no abrupt end."""
    connection = make_connection()
    receive(connection, close_frame(None), to_client=True, now_ns=NOW_NS)
    close = closing(connection)
    assert (close["code_observed"], close["code_relayed"], close["reason"]) == (1005, 1005, "")
    assert (close["initiator"], close["cause"], close["clean"]) == ("server", "close_frame", False)


@pytest.mark.parametrize(("reset", "cause"), [(True, "rst"), (False, "fin")])
@pytest.mark.parametrize("side", ["client", "server"])
def test_an_abrupt_end_is_1006_and_relays_no_code(reset: bool, cause: str, side: Any) -> None:
    connection = make_connection()
    connection.ends(NOW_NS).socket_end(side, reset=reset)
    connection.ends(NOW_NS + 5).socket_end("server" if side == "client" else "client", reset=True)
    close = closing(connection)
    assert (close["cause"], close["initiator"], close["code_observed"]) == (cause, side, 1006)
    assert "code_relayed" not in close


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_socket_that_timed_out_is_neither_fin_nor_rst(side: Any) -> None:
    connection = make_connection()
    connection.ends(NOW_NS).socket_end(side, reset=True, timeout=True)
    connection.ends(NOW_NS).socket_end("server" if side == "client" else "client", reset=False)
    close = closing(connection)
    assert (close["cause"], close["initiator"], close["code_observed"]) == ("timeout", side, 1006)


def test_a_peer_that_repeats_our_reason_gave_none() -> None:
    connection = make_connection()
    connection.ends(NOW_NS).by_proxy("policy", 1008)
    receive(connection, close_frame(1008, "ours", mask=KEY), to_client=False, now_ns=NOW_NS)
    close = closing(connection)
    assert (close["code_observed"], close["reason"], close["code_relayed"]) == (1006, "", 1008)
    assert (close["initiator"], close["cause"], close["clean"]) == ("proxy", "policy", False)


def test_idle_is_the_age_where_there_was_no_frame() -> None:
    connection = make_connection()
    connection.ends(NOW_NS + 3 * SECOND_NS).socket_end("client", reset=False)
    close = closing(connection)
    assert close["age_s"] == close["idle_s"] == 3.0


def test_a_frame_that_never_completed_is_told() -> None:
    connection = make_connection()
    receive(connection, frame(TEXT, b"hello", mask=KEY)[:8], to_client=False, now_ns=NOW_NS)
    assert closing(connection)["unfinished"] == {"to_server": 8, "to_client": 0}


@given(st.binary(max_size=123))
def test_any_close_reason_is_valid_json(reason: bytes) -> None:
    connection = make_connection()
    receive(connection, frame(8, b"\x03\xe8" + reason), to_client=True, now_ns=NOW_NS)
    assert closing(connection)["reason"] == reason.decode(errors="replace")


# --- stats ---


def test_stats_line() -> None:
    stats = events.Stats(1, 1.5, 1, 2, 0, 3, 4, 5, 6, 0.5, 0.25, 7, 8, log_error='no "room"')
    event = parsed(events.stats_event(stats, NOW_NS, 'a "box"'))
    assert event["host"] == 'a "box"'
    assert event["stats"]["schema_version"] == 1
    assert event["stats"]["log_error"] == 'no "room"'
    assert ENVELOPE & set(event) == {"host"}


# --- time ---


@given(st.integers(0, 4_102_444_799 * SECOND_NS))
def test_timestamps_are_rfc_3339_in_utc(now_ns: int) -> None:
    text = events.timestamp(now_ns).decode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    second, rest = divmod(now_ns, SECOND_NS)
    told = datetime.datetime.fromisoformat(text)
    assert told == datetime.datetime.fromtimestamp(second, datetime.UTC).replace(
        microsecond=rest // 1000
    )


def test_timestamps_sort_as_text_over_a_second() -> None:
    """The second is cached: going on and back must both tell the truth."""
    base = NOW_NS // SECOND_NS * SECOND_NS
    times = [base - 1, base, base + 1_000, base + 999_999_999, base + SECOND_NS]
    texts = [events.timestamp(each).decode() for each in times]
    assert texts == sorted(texts)
    assert texts[0].endswith("12:59:59.999999Z")
    assert texts[3].endswith("13:00:00.999999Z")
    assert events.timestamp(times[0]).decode() == texts[0]


def test_the_local_time_zone_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    try:
        assert events.timestamp(NOW_NS + 7 * SECOND_NS) == b"2026-11-22T13:00:07.123456Z"
    finally:
        monkeypatch.undo()
        time.tzset()
