"""What every scene shares: the proxy, the servers' addresses, the clock and the counts."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from wsinspect.lab import raw
from wsinspect.lab.summary import End, Story

Address = tuple[str, int]


@dataclasses.dataclass(slots=True)
class Stage:
    """One run's shared state. `addresses` maps a server's public name to where it listens."""

    proxy: str
    seed: int
    story: Story
    addresses: dict[str, Address] = dataclasses.field(default_factory=dict)
    over: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def rng(self, name: str) -> random.Random:
        """A generator of its own for each actor, so that no actor disturbs another's."""
        return random.Random(f"{self.seed}/{name}")

    async def pause(self, duration_s: float) -> bool:
        """Wait, but not past the end of the story; true while the story goes on."""
        try:
            async with asyncio.timeout(duration_s):
                await self.over.wait()
        except TimeoutError:
            return True
        return False

    @asynccontextmanager
    async def visit(
        self,
        scene: str,
        host: str,
        target: str,
        *,
        subprotocols: Iterable[str] = (),
        user_agent: str = "lab/1 websockets",
        **options: Any,
    ) -> AsyncIterator[ClientConnection]:
        """A `websockets` client through a tunnel; its end is counted when it is closed."""
        sock = await raw.open_tunnel(self.proxy, *self.addresses[host])
        options.setdefault("compression", None)
        options.setdefault("ping_interval", None)
        async with connect(
            f"ws://{host}{target}",
            sock=sock,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            user_agent_header=user_agent,
            **options,
        ) as connection:
            self.story.opened(scene)
            try:
                yield connection
            finally:
                await connection.close()
                self.story.ended(end_of(connection))

    async def say(self, connection: ClientConnection, message: str | bytes) -> None:
        """Send a message to the server and count it."""
        self.story.to_server.sent += 1
        await connection.send(message)

    async def listen(
        self, connection: ClientConnection, *, slowly_until: asyncio.Event | None = None
    ) -> None:
        """Receive and count until the connection ends; twice a second until `slowly_until`."""
        try:
            async for _ in connection:
                self.story.to_client.received += 1
                if slowly_until is not None and not slowly_until.is_set():
                    await self.pause(0.5)
        except ConnectionClosed:
            pass

    async def repeat(self, scene: str, play: Any, *args: Any, gap_s: float = 0.5) -> None:
        """Play a scene again and again until the story is over; count what fails in it."""
        rng = self.rng(f"{scene}{args}")
        while not self.over.is_set():
            try:
                await play(self, rng, *args)
            except (OSError, EOFError, InvalidHandshake, TimeoutError) as error:
                self.story.errors[f"{scene}: {type(error).__name__}"] += 1
                await self.pause(1.0)
            await self.pause(gap_s * rng.uniform(0.5, 1.5))


def end_of(connection: ClientConnection) -> End:
    """Who ended a closed `websockets` connection, and with what."""
    protocol = connection.protocol
    received, sent = protocol.close_rcvd, protocol.close_sent
    if received is not None and (protocol.close_rcvd_then_sent or sent is None):
        return End("server", "close_frame", received.code)
    if sent is not None:
        return End("client", "close_frame", sent.code)
    reset = isinstance(connection.protocol.close_exc.__cause__, ConnectionResetError)
    return End("server", "rst" if reset else "fin", 1006)
