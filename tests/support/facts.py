"""Connections as the model sees them, without a socket."""

from __future__ import annotations

from collections.abc import Sequence

from wsinspect.model.connection import Connection
from wsinspect.model.events import envelope
from wsinspect.protocol.handshake import Request, Response, examine

SECOND_NS = 1_000_000_000
NOW_NS = 1_795_352_400 * SECOND_NS + 123_456_789  # 2026-11-22T13:00:00.123456789Z

type Headers = Sequence[tuple[bytes, bytes]]

ASKED: Headers = (
    (b"Host", b"127.0.0.1:9000"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
)
ANSWERED: Headers = (
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
)


def make_connection(
    flow_id: int = 1,
    *,
    target: str | bytes = "/chat?x=1",
    asked: Headers = (),
    answered: Headers = (),
    status: int | None = 101,
    host: str = "box",
) -> Connection:
    """A connection whose handshake is over; ``asked`` and ``answered`` are more headers."""
    client, server = ("127.0.0.1", 50_000), ("127.0.0.1", 9000)
    raw_target = target.decode("utf-8", "surrogateescape") if isinstance(target, bytes) else target
    handshake = examine(
        Request("GET", raw_target, "HTTP/1.1", [*ASKED, *asked]),
        None if status is None else Response(status, [*ANSWERED, *answered]),
    )
    return Connection(
        flow_id=flow_id,
        client=client,
        server=server,
        handshake=handshake,
        opened_ns=NOW_NS,
        envelope=envelope(flow_id, client, server, host),
        handshake_ms=1.25,
        upstream="127.0.0.1:9000",
    )
