"""A TCP forwarder on loopback that notes which frames passed and how each side ended.

Owns: its own naive frame parser, so that it shares no code with what it judges.
Must not know: wsinspect, Autobahn, which side of a proxy it stands on.

It forwards what it reads at once and unaltered: a FIN as a FIN (the other direction goes on), a
reset as a reset. With ``record=False`` it is the perfect relay that a comparison must not blame.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

READ_SIZE: Final = 65536
"""Bytes asked from a socket at once."""

LINGER_S: Final = 10.0
"""How long the second direction may last after the first has ended."""

End = Literal["fin", "rst", "open"]
"""How a direction ended, as its sender's socket told; ``open`` if the tap gave up first."""


@dataclass(frozen=True, slots=True)
class TappedFrame:
    """One frame on the wire. ``digest`` is of the unmasked payload."""

    fin: bool
    rsv: int
    opcode: int
    mask: int | None
    payload_len: int
    frame_len: int
    digest: str

    def same_content(self) -> tuple[bool, int, int, bool, int, int, str]:
        """What must not differ between two runs: all but the random masking key."""
        return (
            self.fin,
            self.rsv,
            self.opcode,
            self.mask is not None,
            self.payload_len,
            self.frame_len,
            self.digest,
        )

    def __str__(self) -> str:
        fin = "" if self.fin else " no FIN"
        rsv = f" rsv={self.rsv}" if self.rsv else ""
        mask = "" if self.mask is None else " masked"
        return f"opcode {self.opcode}{fin}{rsv}{mask} {self.payload_len} B {self.digest[:8]}"


@dataclass(slots=True)
class TappedStream:
    """One direction: handshake head, frames in order, an unfinished rest, its end."""

    head: bytes = b""
    frames: list[TappedFrame] = field(default_factory=list)
    end: End = "open"
    _buffer: bytearray = field(default_factory=bytearray)
    _in_head: bool = True
    _needed: int = 0

    @property
    def unfinished(self) -> bytes:
        """Bytes after the last whole frame, as on the wire."""
        return bytes(self._buffer)

    def unfinished_content(self) -> tuple[bytes, bytes]:
        """The same without the random masking key: header, and what there is of the payload."""
        raw = self.unfinished
        if len(raw) < 2 or not raw[1] & 0x80:
            return raw, b""
        at = 2 + {126: 2, 127: 8}.get(raw[1] & 0x7F, 0)
        if len(raw) < at + 4:
            return raw[:at], b""
        return raw[:at], unmasked(raw[at + 4 :], int.from_bytes(raw[at : at + 4]))

    def feed(self, data: bytes) -> None:
        """Note these bytes."""
        self._buffer += data
        if self._in_head:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = bytes(self._buffer[: end + 4])
            del self._buffer[: end + 4]
            self._in_head = False
        while len(self._buffer) >= self._needed and (frame := self._take()):
            self.frames.append(frame)

    def _take(self) -> TappedFrame | None:
        """The next whole frame; otherwise how many bytes to wait for is noted."""
        buffer = self._buffer
        self._needed = 2
        if len(buffer) < self._needed:
            return None
        length, at = buffer[1] & 0x7F, 2
        extended = {126: 2, 127: 8}.get(length, 0)
        masked = bool(buffer[1] & 0x80)
        self._needed = 2 + extended + 4 * masked
        if len(buffer) < self._needed:
            return None
        if extended:
            length = int.from_bytes(buffer[2 : 2 + extended])
            at += extended
        mask: int | None = None
        if masked:
            mask = int.from_bytes(buffer[at : at + 4])
            at += 4
        self._needed = at + length
        if len(buffer) < self._needed:
            return None
        payload = bytes(buffer[at : at + length])
        frame = TappedFrame(
            fin=bool(buffer[0] & 0x80),
            rsv=buffer[0] >> 4 & 7,
            opcode=buffer[0] & 15,
            mask=mask,
            payload_len=length,
            frame_len=at + length,
            digest=hashlib.sha256(unmasked(payload, mask)).hexdigest(),
        )
        del buffer[: at + length]
        self._needed = 0
        return frame


def unmasked(payload: bytes, mask: int | None) -> bytes:
    """RFC 6455, section 5.3, as one XOR of two long integers."""
    if not mask or not payload:
        return payload
    keys = (mask.to_bytes(4) * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(len(payload))


@dataclass(slots=True)
class TappedConnection:
    """Both directions of one connection through the tap."""

    to_server: TappedStream = field(default_factory=TappedStream)
    to_client: TappedStream = field(default_factory=TappedStream)
    onward_port: int = 0
    """The tap's own port on the way to the server: the source port that the next hop sees."""
    opened_at: float = 0.0
    """Seconds since 1970, before the next hop knew of the connection: ports are used again."""
    ended_at: float = math.inf
    """Seconds since 1970, when this tap let go of ``onward_port``."""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def target(self) -> str:
        """The request target of the opening handshake, empty if there was none."""
        parts = self.to_server.head.split(b" ", 2)
        return parts[1].decode("latin-1") if len(parts) == 3 else ""


class Tap:
    """Accepts on ``port`` and forwards to another loopback port."""

    def __init__(self, upstream_port: int, *, record: bool = True) -> None:
        self.connections: list[TappedConnection] = []
        self.port = 0
        self.upstream_port = upstream_port
        self._record = record
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Tap]:
        """Listen until the block ends."""
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            accepting = asyncio.create_task(self._accept(listener))
            try:
                yield self
            finally:
                for task in (accepting, *self._tasks):
                    task.cancel()
                await asyncio.gather(accepting, *self._tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._connection(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connection(self, client: socket.socket) -> None:
        tapped = TappedConnection()
        if self._record:
            self.connections.append(tapped)
        server = socket.socket()
        server.setblocking(False)
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, server:
            try:
                loop = asyncio.get_running_loop()
                tapped.opened_at = time.time()
                await loop.sock_connect(server, ("127.0.0.1", self.upstream_port))
                tapped.onward_port = server.getsockname()[1]
                await self._both_ways(client, server, tapped)
            finally:
                tapped.ended_at = time.time()
                tapped.done.set()

    async def _both_ways(
        self, client: socket.socket, server: socket.socket, tapped: TappedConnection
    ) -> None:
        directions = {
            asyncio.create_task(self._forward(client, server, tapped.to_server)),
            asyncio.create_task(self._forward(server, client, tapped.to_client)),
        }
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            if "rst" not in (tapped.to_server.end, tapped.to_client.end):
                await asyncio.wait(directions, timeout=LINGER_S)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _forward(
        self, source: socket.socket, destination: socket.socket, stream: TappedStream
    ) -> None:
        loop = asyncio.get_running_loop()
        deaf = False
        while True:
            try:
                data = await loop.sock_recv(source, READ_SIZE)
            except ConnectionError:
                stream.end = "rst"
                abort_on_close(destination)
                return
            if self._record:
                stream.feed(data)
            if not data:
                stream.end = "fin"
                half_close(destination)
                return
            try:
                if not deaf:
                    await loop.sock_sendall(destination, data)
            except ConnectionError:
                deaf = True  # nobody to send to: go on noting, the reset goes the other way


def abort_on_close(sock: socket.socket) -> None:
    """Make ``close`` send a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_close(sock: socket.socket) -> None:
    """Send FIN, keep reading."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # already gone
