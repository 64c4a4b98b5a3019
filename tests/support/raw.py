"""WebSocket peers on bare sockets for tests: every bit of a frame, every way to end.

Shares no code with wsinspect. A peer keeps all bytes that it received after the handshake.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import hashlib
import os
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from tests.support.certs import TestAuthority
from tests.support.tap import Tap, reset, unmask

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
TIMEOUT_S = 30.0
KEY = b"\x37\xfa\x21\x3d"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = None,
    length_bytes: int | None = None,
) -> bytes:
    """Encode a frame, legal or not. `length_bytes` (0, 2, 8) forces a form of the length."""
    size = len(payload)
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 1 << 16 else 8
    mask_bit = 0x80 if mask is not None else 0
    seven = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode, mask_bit | seven])
    head += size.to_bytes(length_bytes) if length_bytes else b""
    if mask is not None:
        return head + mask + unmask(payload, mask)
    return head + payload


def close_frame(code: int | None, reason: str = "", *, mask: bytes | None = None) -> bytes:
    """A Close frame; `code` None leaves the payload empty."""
    payload = b"" if code is None else struct.pack("!H", code) + reason.encode()
    return frame(CLOSE, payload, mask=mask)


class RawPeer:
    """One end of a connection. All waiting is bounded by TIMEOUT_S."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received = bytearray()

    async def read_head(self) -> bytes:
        """An HTTP head with its empty line."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(TIMEOUT_S):
            await self.writer.drain()

    async def receive(self, size: int) -> bytes:
        """Wait until `size` bytes came since the handshake; return all there are."""
        async with asyncio.timeout(TIMEOUT_S):
            while len(self.received) < size:
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError(f"ended after {len(self.received)} of {size} bytes")
                self.received += data
        return bytes(self.received)

    async def read_to_end(self) -> Literal["fin", "rst"]:
        """Read what comes until the other end ends, and tell how it did."""
        async with asyncio.timeout(TIMEOUT_S):
            try:
                while data := await self.reader.read(65536):
                    self.received += data
            except ConnectionError:
                return "rst"
        return "fin"

    async def silent(self, duration_s: float = 0.3) -> bool:
        """True if nothing at all, not even an end, arrives for a while."""
        try:
            async with asyncio.timeout(duration_s):
                self.received += await self.reader.read(65536)
        except TimeoutError:
            return True
        return False

    def finish(self) -> None:
        """Send a FIN and stay able to read: a half-close."""
        self.writer.write_eof()

    def reset(self) -> None:
        reset(self.writer)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                await self.writer.wait_closed()


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header of an HTTP head; empty if it is absent."""
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return b""


def accept_for(head: bytes) -> bytes:
    """Sec-WebSocket-Accept for a request head."""
    key = header(head, b"Sec-WebSocket-Key")
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def switching(head: bytes, *lines: str, upgrade: str = "websocket") -> bytes:
    """The 101 that answers a request head, with more header lines."""
    more = "".join(f"{line}\r\n" for line in lines).encode()
    return (
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {upgrade}\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: ".encode()
        + accept_for(head) + b"\r\n" + more + b"\r\n"
    )  # fmt: skip


def upgrade_request(target: str, host: str, *lines: str, version: int = 13) -> bytes:
    """A GET that asks for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    more = "".join(f"{line}\r\n" for line in lines)
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n{more}\r\n"
    ).encode()


@asynccontextmanager
async def raw_server(
    handler: Callable[[RawPeer], Awaitable[None]], *, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve each connection with `handler`; yields the port. A handler's error fails the test."""
    tasks: set[asyncio.Task[Any]] = set()
    errors: list[BaseException] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        peer = RawPeer(reader, writer)
        try:
            await handler(peer)
        except Exception as error:  # noqa: BLE001 - any of them fails the test
            errors.append(error)
        finally:
            tasks.discard(task)
            await peer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ssl_context, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if errors:
        raise errors[0]


async def dial(
    proxy_port: int | None,
    server_port: int,
    *,
    tls: ssl.SSLContext | None = None,
) -> RawPeer:
    """A TCP (or TLS) connection to a server: straight, or through a proxy's CONNECT."""
    if proxy_port is None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server_port, ssl=tls)
        return RawPeer(reader, writer)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy_port)
    peer = RawPeer(reader, writer)
    host = f"127.0.0.1:{server_port}"
    await peer.send(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = await peer.read_head()
    assert head.split(b" ")[1] == b"200", head
    if tls is not None:
        await writer.start_tls(tls, server_hostname="127.0.0.1")
    return peer


@dataclasses.dataclass(slots=True)
class Pair:
    """A client and a server with the proxy and a tap between them, past the handshake."""

    client: RawPeer
    server: RawPeer
    request: bytes
    response: bytes
    tap: Tap

    async def greet(self) -> None:
        """One text each way, so that both directions are known to work."""
        hello, welcome = frame(TEXT, b"hello", mask=KEY), frame(TEXT, b"welcome")
        at_server, at_client = len(self.server.received), len(self.client.received)
        await self.client.send(hello)
        await self.server.receive(at_server + len(hello))
        await self.server.send(welcome)
        await self.client.receive(at_client + len(welcome))


@asynccontextmanager
async def raw_pair(
    proxy_port: int,
    target: str,
    *,
    request_lines: tuple[str, ...] = (),
    response_lines: tuple[str, ...] = (),
    version: int = 13,
    upgrade: str = "websocket",
    with_request: bytes = b"",
    with_response: bytes = b"",
    tls: tuple[TestAuthority, ssl.SSLContext] | None = None,
) -> AsyncIterator[Pair]:
    """A `Pair`; `with_request`/`with_response` go out in the same write as the handshake.

    `tls`: the server's authority and what the client trusts, for TLS on both legs.
    """
    accepted: asyncio.Future[tuple[RawPeer, bytes]] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def handler(peer: RawPeer) -> None:
        head = await peer.read_head()
        await peer.send(switching(head, *response_lines, upgrade=upgrade) + with_response)
        accepted.set_result((peer, head))
        await over.wait()

    serving = tls[0].server_context() if tls else None
    onward = tls[0].client_context() if tls else None
    async with (
        raw_server(handler, ssl_context=serving) as server_port,
        Tap(server_port, server_ssl=serving, client_ssl=onward) as tap,
    ):
        client = await dial(proxy_port, tap.port, tls=tls[1] if tls else None)
        try:
            request = upgrade_request(
                target, f"127.0.0.1:{tap.port}", *request_lines, version=version
            )
            await client.send(request + with_request)
            response = await client.read_head()
            async with asyncio.timeout(TIMEOUT_S):
                server, seen = await accepted
            yield Pair(client, server, seen, response, tap)
        finally:
            over.set()
            await client.close()
            await asyncio.sleep(0)
