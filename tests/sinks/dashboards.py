"""A dashboard that only knows the documented protocol, and the socket that it attaches to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from tests.sinks.conftest import Bench
from wsinspect.sinks.dashboard import DashboardServer

MakeBench = Callable[..., Bench]
Message = dict[str, Any]


DASHBOARDS: list[Dashboard] = []


class Dashboard:
    """A client of the socket that only knows the documented protocol."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen: list[Message] = []
        DASHBOARDS.append(self)

    @classmethod
    async def attach(cls, path: Path) -> Self:
        return cls(*await asyncio.open_unix_connection(str(path), limit=1 << 26))

    async def next(self) -> Message:
        async with asyncio.timeout(10):
            line = await self.reader.readline()
        if not line:
            raise EOFError
        message: Message = json.loads(line)
        self.seen.append(message)
        return message

    async def until(self, found: Callable[[Message], object]) -> Message:
        while True:
            message = await self.next()
            if found(message):
                return message

    def send(self, order: object) -> None:
        self.writer.write((json.dumps(order) if not isinstance(order, str) else order).encode())
        self.writer.write(b"\n")

    def totals(self, flow_id: int) -> list[Any] | None:
        """The newest of a connection."""
        found = None
        for message in self.seen:
            for row in message.get("rows", ()) if message.get("type") == "totals" else ():
                if row[0] == flow_id:
                    found = row
        return found


@asynccontextmanager
async def serving(
    bench: Bench, path: Path, close: Callable[[int, int, str], bool] | None = None
) -> AsyncIterator[DashboardServer]:
    server = DashboardServer(
        bench.hub, lambda: {"listen": ["127.0.0.1:1"], "mode": ["regular"]}, close
    )
    await server.start(str(path))
    try:
        yield server
    finally:
        server.stop()
        await asyncio.sleep(0)
        bench.hub.end()


async def attach(server: DashboardServer) -> Dashboard:
    assert server.path is not None
    return await Dashboard.attach(server.path)


def is_totals(message: Message) -> bool:
    return message.get("type") == "totals"


def is_frames(message: Message) -> bool:
    return message.get("type") == "frames"
