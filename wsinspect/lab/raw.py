"""WebSocket peers on bare sockets: for what no well-behaved library can be made to send.

It owns just enough of RFC 6455 for that: an opening handshake, a frame writer that accepts
nonsense, a frame reader for well-formed frames, and the three ways to end a TCP connection.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
import struct
from typing import NamedTuple
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
HEADERS_LIMIT = 64 * 1024


class Frame(NamedTuple):
    """A frame that was read: its opcode and unmasked payload."""

    opcode: int
    payload: bytes


def encode(opcode: int, payload: bytes, *, mask: bool, fin: bool = True, rsv: int = 0) -> bytes:
    """Encode a frame; `opcode` 0-15 and `rsv` 0-7 are written as they are."""
    head = bytearray([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if mask else 0
    if len(payload) < 126:
        head.append(mask_bit | len(payload))
    elif len(payload) < 1 << 16:
        head += struct.pack("!BH", mask_bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", mask_bit | 127, len(payload))
    if not mask:
        return bytes(head) + payload
    key = os.urandom(4)
    return bytes(head) + key + _masked(payload, key)


def _masked(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[index & 3] for index, byte in enumerate(payload))


def close_payload(code: int, reason: str = "") -> bytes:
    """A Close frame's payload (RFC 6455, 5.5.1)."""
    return struct.pack("!H", code) + reason.encode()


def accept_key(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


class RawPeer:
    """One end of a connection after (or during) its opening handshake."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, masks: bool
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.masks = masks

    async def send(self, opcode: int, payload: bytes = b"") -> None:
        """Send a legal frame, masked if this end is a client."""
        await self.send_bytes(encode(opcode, payload, mask=self.masks))

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def read_frame(self) -> Frame:
        """Read a frame.

        Raises:
            asyncio.IncompleteReadError: the connection ended.
        """
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        key = await self.reader.readexactly(4) if second & 0x80 else b"\0\0\0\0"
        return Frame(first & 0x0F, _masked(await self.reader.readexactly(length), key))

    async def read_headers(self) -> tuple[str, dict[str, str]]:
        """Read an HTTP head: its first line and its headers, names in lower case."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        return first, {name.lower(): value.strip() for name, _, value in pairs}

    async def finish(self) -> None:
        """Send a FIN, then read until the other end has ended too."""
        self.writer.write_eof()
        await self.read_to_end()

    async def read_to_end(self) -> None:
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.writer.close()

    def reset(self) -> None:
        """End with an RST: SO_LINGER with a time of 0 makes close() send one."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def open_tunnel(proxy: str, host: str, port: int) -> socket.socket:
    """Ask a proxy for a tunnel (RFC 9110, 9.3.6) and return its connected socket.

    Raises:
        ConnectionError: the proxy is not there or refuses.
    """
    parts = urlsplit(proxy)
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, (parts.hostname, parts.port))
        request = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
        await loop.sock_sendall(sock, request.encode())
        head = b""
        while not head.endswith(b"\r\n\r\n") and len(head) < HEADERS_LIMIT:
            byte = await loop.sock_recv(sock, 1)  # one at a time: what follows is not ours
            if not byte:
                break
            head += byte
        if head.split(b" ")[1:2] != [b"200"]:
            raise ConnectionError(f"the proxy refused a tunnel: {head[:60]!r}")
    except BaseException:
        sock.close()
        raise
    return sock


async def connect(
    proxy: str, address: tuple[str, int], host: str, target: str
) -> tuple[RawPeer, str]:
    """Open a WebSocket through the proxy; return the peer and the response's status line."""
    sock = await open_tunnel(proxy, *address)
    reader, writer = await asyncio.open_connection(sock=sock, limit=HEADERS_LIMIT)
    peer = RawPeer(reader, writer, masks=True)
    key = base64.b64encode(os.urandom(16)).decode()
    try:
        await peer.send_bytes(
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: lab-raw/1\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status, _ = await peer.read_headers()
    except BaseException:
        writer.close()
        raise
    return peer, status


async def accept(peer: RawPeer, *, wrong_key: bool = False) -> str:
    """Answer an opening handshake with 101; return the request line."""
    request, headers = await peer.read_headers()
    key = headers.get("sec-websocket-key", "")
    accept = accept_key(key + "!" if wrong_key else key)
    await peer.send_bytes(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    return request
