"""The load: cheap enough that the proxy is what is measured.

Owns: blocking blasts, ping-pong and connects over raw sockets.
Must not know: which proxy stands in between. Times are ``time.monotonic_ns``, one clock for all
processes of a machine, so a sink's times may be held against the sender's.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import time
import zlib
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from bench import wire

PAYLOAD_LEN: Final = 64
"""Payload bytes of a ping-pong's question."""

READ_SIZE: Final = 1 << 18
TIMEOUT_S: Final = 120.0
"""A run that is silent for so long has failed."""

PATIENCE_S: Final = 2.0
"""A sender that got nothing rid for so long is blocked."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect."""

    port: int
    tls: bool = False


def connect(endpoint: Endpoint, target: str, *, deflate: bool = False) -> socket.socket:
    """Open a WebSocket connection; nothing but the opening handshake has been read from it."""
    connection = socket.create_connection(("127.0.0.1", endpoint.port), timeout=TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if endpoint.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # loopback: the cost is the same
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(wire.request(target, endpoint.port, deflate=deflate))
    read_head(connection)
    return connection


def read_head(connection: socket.socket) -> None:
    """Read the answer's head, byte by byte so that nothing behind it is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = connection.recv(1)
        if not data:
            raise ConnectionError(f"no upgrade: {head[:200]!r}")
        head += data
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise ConnectionError(f"no upgrade: {head[:200]!r}")


@dataclass(frozen=True, slots=True)
class Blast:
    """One pipelined run."""

    frames: int
    elapsed_s: float
    first_byte_s: float


def blast(endpoint: Endpoint, batch: wire.Batch, repeat: int, *, deflate: bool = False) -> Blast:
    """Send a batch ``repeat`` times as fast as it is taken; until the server has all of it."""
    frames = batch.frames * repeat
    goal = f"frames={frames}" if deflate else f"bytes={len(batch.data) * repeat}"
    with closing(connect(endpoint, f"/sink?{goal}", deflate=deflate)) as connection:
        started_ns = time.monotonic_ns()
        for _ in range(repeat):
            connection.sendall(batch.data)
        counted = json.loads(_read_frame(connection))
        say_goodbye(connection)
    if counted.get("frames", frames) != frames or counted.get("bytes") not in (
        None,
        len(batch.data) * repeat,
    ):
        raise ConnectionError(f"the server got {counted}, not {goal}")
    return Blast(
        frames,
        (counted["last_ns"] - started_ns) / 1e9,
        (counted["first_ns"] - started_ns) / 1e9,
    )


def _read_frame(connection: socket.socket) -> bytes:
    """The payload of a short unmasked frame; some proxies compress what was not."""
    data = b""
    while len(data) < 2 or len(data) < 2 + data[1]:
        received = connection.recv(READ_SIZE)
        if not received:
            raise ConnectionError("ended before the server's report")
        data += received
    if data[0] & 0x40:
        return zlib.decompress(data[2:] + b"\x00\x00\xff\xff\x03\x00", wbits=-15)
    return data[2:]


def send_counted(connection: socket.socket, batch: wire.Batch, repeat: int) -> None:
    """On a ``/count`` connection: send, and wait until the server has all of it."""
    connection.sendall(wire.frame(b"%d" % (len(batch.data) * repeat), mask=b"\0\0\0\0"))
    for _ in range(repeat):
        connection.sendall(batch.data)
    _read_frame(connection)


def say_goodbye(connection: socket.socket) -> None:
    """A clean Close frame; the answer is not waited for."""
    connection.sendall(wire.frame((1000).to_bytes(2), mask=b"\1\2\3\4", opcode=wire.CLOSE))


def drain(endpoint: Endpoint, payload_len: int, repeat: int) -> Blast:
    """Receive a batch ``repeat`` times as fast as it comes."""
    batch = wire.batch(payload_len, to_server=False)
    expected = len(batch.data) * repeat
    target = f"/source?bytes={expected}&payload_len={payload_len}"
    buffer = bytearray(READ_SIZE)
    with closing(connect(endpoint, target)) as connection:
        started_ns = time.monotonic_ns()
        count = 0
        first_ns = 0
        while count < expected:
            received = connection.recv_into(buffer)
            if not received:
                raise ConnectionError(f"ended after {count} of {expected} bytes")
            first_ns = first_ns or time.monotonic_ns()
            count += received
        elapsed_s = (time.monotonic_ns() - started_ns) / 1e9
        say_goodbye(connection)
    return Blast(batch.frames * repeat, elapsed_s, (first_ns - started_ns) / 1e9)


@dataclass(frozen=True, slots=True)
class PingPong:
    """Round trips of some connections, each waiting for its answer."""

    round_trips: int
    questions: int
    elapsed_s: float
    p50_us: float


def ping_pong(endpoint: Endpoint, connections: int, seconds: float) -> PingPong:
    """Ask and wait on each connection, for ``seconds``; then a clean close."""
    source = wire.payloads(PAYLOAD_LEN, connections)
    opened = [connect(endpoint, "/echo") for _ in range(connections)]
    asking = {
        connection.fileno(): (connection, wire.frame(text, mask=bytes((index + 1, 7, 99, 200))))
        for index, (connection, text) in enumerate(zip(opened, source, strict=True))
    }
    latencies_ns: list[int] = []
    # epoll itself: the selectors module would cost as much as the system calls.
    with select.epoll() as poller:
        for descriptor, (connection, _) in asking.items():
            connection.setblocking(False)
            poller.register(descriptor, select.EPOLLIN)
        begun = time.monotonic_ns()
        end = begun + int(seconds * 1e9)
        asked = dict.fromkeys(asking, begun)
        for connection, question in asking.values():
            connection.send(question)
        # Each answer asks anew, so every connection has one question in flight at the end.
        now = begun
        while now < end:
            ready = poller.poll(TIMEOUT_S)
            if not ready:
                raise ConnectionError("no answer")
            for descriptor, _ in ready:
                connection, question = asking[descriptor]
                try:
                    answer = connection.recv(4096)
                except ssl.SSLWantReadError:
                    continue
                if len(answer) != PAYLOAD_LEN + 2:
                    raise ConnectionError(f"an answer of {len(answer)} bytes")
                now = time.monotonic_ns()
                latencies_ns.append(now - asked[descriptor])
                asked[descriptor] = now
                connection.send(question)
    for connection in opened:
        connection.setblocking(True)
        while len(connection.recv(4096)) % (PAYLOAD_LEN + 2):
            pass
        say_goodbye(connection)
        connection.close()
    latencies_ns.sort()
    # The last answer of each connection came after the clock had stopped.
    return PingPong(
        round_trips=len(latencies_ns),
        questions=len(latencies_ns) + connections,
        elapsed_s=(now - begun) / 1e9,
        p50_us=latencies_ns[len(latencies_ns) // 2] / 1e3,
    )


def open_connections(endpoint: Endpoint, count: int, at_once: int = 16) -> float:
    """Open, upgrade and close ``count`` connections; opened per second."""
    started = time.monotonic()
    hello = wire.request("/echo", endpoint.port)
    for first in range(0, count, at_once):
        opened = [
            socket.create_connection(("127.0.0.1", endpoint.port), timeout=TIMEOUT_S)
            for _ in range(first, min(first + at_once, count))
        ]
        for connection in opened:
            connection.sendall(hello)
        for connection in opened:
            read_head(connection)
            say_goodbye(connection)
        for connection in opened:
            while connection.recv(4096):
                pass
            connection.close()
    return count / (time.monotonic() - started)


def push_until_blocked(
    endpoint: Endpoint, batch: wire.Batch, limit_bytes: int
) -> tuple[int, socket.socket]:
    """Send to a server that does not read, until nothing has been taken for ``PATIENCE_S``.

    Returns the bytes that were taken, ``limit_bytes`` or more if nobody pushed back, and the
    connection, still open.
    """
    connection = connect(endpoint, "/stopped")
    connection.settimeout(PATIENCE_S)
    sent = 0
    try:
        while sent < limit_bytes:
            sent += connection.send(batch.data[sent % len(batch.data) :])
    except TimeoutError:
        pass  # blocked: that is what the receiver asked for
    return sent, connection
