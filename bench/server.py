"""The benchmarks' server, in its own process: ``python -m bench.server [CERTIFICATE KEY]``.

Owns: counting, echoing, sending and deliberately not reading, as the request target asks.
Must not know: proxies. It prints its port and ends with its standard input.

| target | does |
|---|---|
| ``/sink?bytes=N`` | reads N bytes of frames, then reports in one text frame |
| ``/sink?frames=N`` | the same, counting frames by their headers (dearer) |
| ``/count`` | the same again and again; each time a first frame says N |
| ``/echo`` | answers each frame with one of the same size; many connections, one thread |
| ``/source?bytes=N&payload_len=L`` | sends at least N bytes of frames |
| ``/stopped`` | never reads |
"""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
import sys
import threading
import time
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from bench import wire

READ_SIZE: Final = 1 << 18
"""Bytes asked from a socket at once."""

QUESTION_SIZE: Final = 4096
"""The same for an echo: a large buffer would be mapped anew each time, which costs the most."""

REPLY_LEN: Final = 64
"""Payload bytes of an echo's answer, the same as the question's."""


class EchoLoop(threading.Thread):
    """All echo connections, in one thread.

    Each client waits for its answer, so what is read is one frame: its content is not looked at.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        # epoll itself: the selectors module would cost as much as the system calls.
        self._poller = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        self._reply = wire.frame(next(wire.payloads(REPLY_LEN, 1)))

    def add(self, connection: socket.socket) -> None:
        """Take over a connection after its opening handshake."""
        connection.setblocking(False)
        self._connections[connection.fileno()] = connection
        self._poller.register(connection.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Answer for ever."""
        while True:
            for descriptor, _ in self._poller.poll():
                self._answer(descriptor)

    def _answer(self, descriptor: int) -> None:
        connection = self._connections[descriptor]
        try:
            data = connection.recv(QUESTION_SIZE)
            if data and data[0] & 0x0F != wire.CLOSE:
                connection.send(self._reply)
                return
            if data:
                connection.send(wire.frame((1000).to_bytes(2), opcode=wire.CLOSE))
        except ssl.SSLWantReadError:
            return
        except OSError:
            pass  # the client went away: as good as its FIN
        self._poller.unregister(descriptor)
        del self._connections[descriptor]
        connection.close()


def _sink_bytes(connection: socket.socket, first: bytes, expected: int) -> dict[str, int]:
    buffer = bytearray(READ_SIZE)
    count = len(first)
    first_ns = time.monotonic_ns() if first else 0
    while count < expected:
        received = connection.recv_into(buffer)
        if not received:
            break
        first_ns = first_ns or time.monotonic_ns()
        count += received
    return {"first_ns": first_ns, "last_ns": time.monotonic_ns(), "bytes": count}


def _sink_frames(connection: socket.socket, first: bytes, expected: int) -> dict[str, int]:
    rest = first
    frames = 0
    first_ns = time.monotonic_ns()
    while frames < expected:
        received = connection.recv(READ_SIZE)
        if not received:
            break
        data = rest + received
        at, end = 0, len(data)
        # Masked frames below 64 KiB, all of the load's: 6 or 8 bytes of header.
        while at + 8 <= end:
            length = data[at + 1] & 0x7F
            after = at + 6 + length if length < 126 else at + 8 + (data[at + 2] << 8 | data[at + 3])
            if after > end:
                break
            at = after
            frames += 1
        rest = data[at:]
    return {"first_ns": first_ns, "last_ns": time.monotonic_ns(), "frames": frames}


def _source(connection: socket.socket, expected: int, payload_len: int) -> None:
    data = memoryview(wire.batch(payload_len, to_server=False).data)
    while expected > 0:
        connection.sendall(data[:expected])
        expected -= len(data)


def _count(connection: socket.socket) -> None:
    """The frame that says N is masked with zeros and shorter than 126 bytes, and N rules."""
    while head := connection.recv(2, socket.MSG_WAITALL):
        size = (head[1] & 0x7F) + 4
        goal = connection.recv(size, socket.MSG_WAITALL)[4:]
        if head[0] & 0x0F == wire.CLOSE:
            return
        _sink_bytes(connection, b"", int(goal))
        connection.sendall(wire.frame(b"done"))


def _serve(connection: socket.socket, echo: EchoLoop) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(READ_SIZE)
        if not data:
            connection.close()
            return
        received += data
    head, _, rest = received.partition(b"\r\n\r\n")
    url = urlsplit(head.split(b" ", 2)[1].decode())
    query = {name: int(value) for name, value in parse_qsl(url.query)}
    connection.sendall(wire.response(head))
    match url.path:
        case "/echo":
            echo.add(connection)
        case "/source":
            _source(connection, query["bytes"], query["payload_len"])
            connection.recv(1)
        case "/count":
            _count(connection)
        case "/stopped":
            threading.Event().wait()
        case _:
            counted = (
                _sink_bytes(connection, rest, query["bytes"])
                if "bytes" in query
                else _sink_frames(connection, rest, query["frames"])
            )
            connection.sendall(wire.frame(json.dumps(counted).encode()))
            while connection.recv(READ_SIZE):
                pass
            connection.close()


def _guarded(connection: socket.socket, context: ssl.SSLContext | None, echo: EchoLoop) -> None:
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        _serve(connection, echo)
    except OSError:
        connection.close()  # a proxy was stopped while we sent


def main() -> None:
    """Serve until standard input ends."""
    context = None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    echo = EchoLoop()
    echo.start()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            arguments = (connection, context, echo)
            threading.Thread(target=_guarded, args=arguments, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)  # threads may be blocked on purpose


if __name__ == "__main__":
    main()
