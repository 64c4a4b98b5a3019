"""A connection with everything that the detail can show, told to a store as a proxy would."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

import msgpack

from tests.support.fake_story import NS, T0_NS, closed, frame, opened, stamp
from wsinspect.tui.data import wire
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Frame

FLOW = 7
CARD = "****-****-****-1111"
ORDER = {
    "event": "order.placed",
    "id": 1041,
    "customer": {"name": "Jürgen Ünal", "card": {"number": CARD, "brand": "visa", "ok": True}},
    "lines": [{"sku": "A-17", "qty": 2}, {"sku": "ZZ-9", "qty": 1}],
    "note": None,
}
ORDER_LEN = 81_232  # what the proxy says its content is; only the start of it is sent
MAP = {"cmd": "join", "rooms": [1, 2, 3]}


@dataclass
class Told:
    """The store and the entries in it, by what they are."""

    store: Store
    order: Message  # compressed, of three frames, rewritten by a rule, not whole
    map: Message  # MessagePack
    bad: Message  # breaks the protocol
    ping: Frame
    pong: Frame
    close: Frame

    @property
    def connection(self) -> Connection:
        connection = self.store.find(FLOW)
        assert connection is not None
        return connection

    @property
    def log(self) -> FrameLog:
        log = self.store.log_of(FLOW)
        assert log is not None
        return log


def say(store: Store, line: dict[str, Any]) -> None:
    decoded = wire.decode(json.dumps(line).encode())
    assert decoded is not None
    store.apply(decoded)


def _opening() -> dict[str, Any]:
    return opened(
        FLOW,
        T0_NS,
        "chat.example.net",
        "/rooms/football?token=****",
        subprotocol="chat.v2",
        client_protocols=["chat.v2", "chat.v1"],
        client_extensions=["permessage-deflate; client_max_window_bits", "x-other"],
        server_extensions=["permessage-deflate; server_no_context_takeover; made_up=3"],
        findings=[{"code": "deflate-parameter-unknown", "say": "unused"}],
        handshake_ms=23.4,
    )


def _alert(seq: int) -> dict[str, Any]:
    hit = {
        "detector": "credit-card",
        "path": "json:$.customer.card.number",
        "start": 0,
        "end": 19,
        "length": 19,
        "masked": CARD,
        "fingerprint": "fp_k3jx0d9w2q",
    }
    alert = {
        "signature": "A card number leaves",
        "rule": "card-number",
        "severity": "high",
        "action": "allowed",
        "disposition": "redacted",
        "direction": "to_server",
        "opcode": "text",
        "seq": seq,
        "hits": [hit],
        "hits_total": 3,
    }
    line = _opening()
    line.pop("open")
    return {**line, "event_type": "alert", "alert": alert}


DIAGNOSIS = {
    "kind": "idle-cut",
    "confidence": "high",
    "host": "chat.example.net",
    "count": 14,
    "evidence": {"idle_s": [60.0, 60.1], "longest_bytes": 131_072, "rtt_ms": 18.25},
    "candidates": [{"hop": "nginx proxy_read_timeout", "limit_s": 60, "source": "nginx.org"}],
    "say": "14 connections ended after 60 s of silence.",
    "flow_ids": [FLOW],
}


def told(*, end: bool = False, diagnosed: bool = False) -> Told:
    """The story; `end`: the connection has ended, `diagnosed`: and one knows why."""
    store = Store(lambda: T0_NS + 300 * NS)
    say(store, {
        "type": "hello", "pid": 1, "version": "0.1", "listen": ["127.0.0.1:8080"],
        "mode": ["regular"], "rules": ["/etc/rules/pci.yaml"], "can": ["payload"],
    })  # fmt: skip
    say(store, _opening())
    store.watch(FLOW)
    content = json.dumps(ORDER, ensure_ascii=False).encode()
    squeezed = zlib.compress(content)
    at = T0_NS + NS
    rows = [
        frame(at, 0, 0, 9, b"p0"),
        frame(at + 150_000_000, 1, 0, 10, b"p0"),
        frame(at + NS, 0, 1, 1, squeezed[:60], fin=False, rsv=4),
        frame(at + NS + 4_000_000, 0, 2, 0, squeezed[60:90], fin=False),
        frame(at + NS + 9_000_000, 0, 3, 0, squeezed[90:]),
        frame(at + 2 * NS, 1, 1, 2, msgpack.packb(MAP)),
        frame(at + 3 * NS, 1, 2, 1, b"\xc3\x28 bad", violation="invalid-utf8"),
        frame(at + 4 * NS, 1, 3, 8, (1008).to_bytes(2) + b"token expired"),
    ]
    say(store, {"type": "frames", "flow_id": FLOW, "rows": rows})
    row = [
        at + NS, 0, 1, 3, 1, ORDER_LEN, len(squeezed) + 18, 3, True, "rewrite", False,
        ["card-number"], base64.b64encode(content).decode(), False,
    ]  # fmt: skip
    say(store, {"type": "messages", "flow_id": FLOW, "rows": [row]})
    say(store, _alert(1))
    if end:
        say(
            store, closed(FLOW, at + 65 * NS, 1006, "server", cause="fin", clean=False, idle_s=60.0)
        )
    if diagnosed:
        line = {"timestamp": stamp(at + 66 * NS), "event_type": "ws_diagnosis", "host": "box"}
        say(store, {**line, "flow_id": FLOW, "diagnosis": DIAGNOSIS})
    log = store.log_of(FLOW)
    assert log is not None
    places = {"order": (0, 1), "map": (1, 1), "bad": (1, 2), "ping": (0, 0), "pong": (1, 0)}
    found = {name: log.find(*place) for name, place in {**places, "close": (1, 3)}.items()}
    return Told(store, **found)  # type: ignore[arg-type]  # the kinds are those of the story
