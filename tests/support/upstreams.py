"""Real proxies on loopback for the way on: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT.

They count what they were asked, user by user. Share no code with wsinspect or python-socks.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

type Address = tuple[str, int]
type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Upstream:
    """Runs while its context is open. ``users``: names and passwords, None asks for none;
    ``names``: what stands for a host (its resolver).

    ``asked`` has every target with the user; ``logins`` counts authentications, ``refused`` those
    that failed, ``connections`` those that came.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        *,
        names: Mapping[str, str] | None = None,
        any_user_with: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.users = users
        self.names = names or {}
        self.any_user_with = any_user_with
        self.ssl_context = ssl_context
        self.asked: list[tuple[str, Address]] = []
        self.logins: Counter[str] = Counter()
        self.refused = 0
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.ssl_context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def by_user(self) -> dict[str, list[Address]]:
        found: dict[str, list[Address]] = {}
        for user, target in self.asked:
            found.setdefault(user, []).append(target)
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(OSError, EOFError):
                onward = await self.dialogue(reader, writer)
                if onward is not None:
                    try:
                        await asyncio.gather(_pump(reader, onward[1]), _pump(onward[0], writer))
                    finally:
                        onward[1].close()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def dialogue(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Streams | None:
        raise NotImplementedError

    def knows(self, user: str, password: str) -> bool:
        good = self.any_user_with == password or (self.users or {}).get(user) == password
        if good:
            self.logins[user] += 1
        else:
            self.refused += 1
        return good

    async def onward(self, user: str, host: str, port: int) -> Streams:
        self.asked.append((user, (host, port)))
        return await asyncio.open_connection(self.names.get(host, host), port)


class SocksServer(Upstream):
    async def dialogue(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Streams | None:
        version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        user = ""
        wants = self.users is not None or self.any_user_with is not None
        method = 2 if wants else 0
        if version != 5 or method not in methods:
            writer.write(b"\x05\xff")
            return None
        writer.write(bytes([5, method]))
        if wants:
            _, length = await reader.readexactly(2)
            user = (await reader.readexactly(length)).decode()
            (length,) = await reader.readexactly(1)
            password = (await reader.readexactly(length)).decode()
            good = self.knows(user, password)
            writer.write(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return None
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            (length,) = await reader.readexactly(1)
            host = (await reader.readexactly(length)).decode()
        else:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            host = socket.inet_ntop(family, await reader.readexactly(4 if kind == 1 else 16))
        port = int.from_bytes(await reader.readexactly(2))
        try:
            onward = await self.onward(user, host, port)
        except OSError:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))
            return None
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        return onward


class ConnectServer(Upstream):
    async def dialogue(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Streams | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request, *lines = head.split("\r\n")
        method, target, _ = request.split(" ")
        assert method == "CONNECT", request
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        user = ""
        if self.users is not None or self.any_user_with is not None:
            token = headers.get("proxy-authorization", "Basic ").removeprefix("Basic ")
            user, _, password = base64.b64decode(token).decode().partition(":")
            if not self.knows(user, password):
                writer.write(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n")
                return None
        host, _, port = target.rpartition(":")
        try:
            onward = await self.onward(user, host.strip("[]"), int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Nobody there\r\nContent-Length: 0\r\n\r\n")
            return None
        writer.write(b"HTTP/1.1 200 Go\r\nX-Some: header\r\n\r\n")
        return onward


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
        else:  # TLS
            writer.close()
