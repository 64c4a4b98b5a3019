"""Connections through a proxy, both ways at once, and dashboards that watch them.

Owns: peers on bare sockets, and keeping all that the dashboard socket said.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.rules.leaks.carriers import Framer
from tests.support.raw import (
    CLOSE,
    KEY,
    TEXT,
    RawPeer,
    frame,
    raw_server,
    switching,
    upgrade_request,
)

_DEFLATE = (
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
    "client_no_context_takeover"
)
_END = b"that is all"
_PATIENCE_S = 40.0
_SILENCE_S = 3.0


class Plan:
    """What goes over one connection. Each item is sent in one write."""

    def __init__(self, rng: random.Random, path: str, *lines: str) -> None:
        self.path = path
        self.lines = lines
        self.up = Framer(rng, KEY)
        self.down = Framer(rng, None)
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.close_payload = b"\x03\xe8"

    @property
    def number(self) -> str:
        return str(id(self))


class Peers:
    """A server behind the proxy that says to each connection what its plan is."""

    def __init__(self, port: int) -> None:
        self.server_port = port
        self.plans: dict[str, Plan] = {}

    async def converse(self, proxy_port: int, plan: Plan) -> None:
        """Ends when both have had everything, or the proxy has closed."""
        self.plans[plan.number] = plan
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy_port)
        client = RawPeer(reader, writer)
        try:
            request = upgrade_request(
                plan.path, "upstream.example", _DEFLATE, f"X-Plan: {plan.number}", *plan.lines
            )
            await client.send(request)
            head = await client.read_head()
            if b" 101 " not in head.split(b"\r\n")[0]:
                return
            end = frame(TEXT, _END, mask=KEY)
            await _talk(client, [*plan.to_server, end], frame(CLOSE, plan.close_payload, mask=KEY))
        finally:
            await client.close()


def _ends_in_close(data: bytes) -> bool:
    """Whether a Close frame is the last that came."""
    for masked, head_len in ((0, 2), (0x80, 6)):
        for size in range(min(126, len(data) - head_len + 1)):
            at = len(data) - head_len - size
            if data[at] == 0x88 and data[at + 1] == masked | size:
                return True
    return False


async def _next_chunk(peer: RawPeer) -> bytes:
    """Nothing for a while is an end, too: the last word may have been dropped."""
    try:
        async with asyncio.timeout(_SILENCE_S):
            return await peer.reader.read(1 << 16)
    except TimeoutError:
        return b""


async def _talk(peer: RawPeer, items: Sequence[bytes], close: bytes) -> None:
    """Send all, read all; close when the other's last word has come, or its Close frame."""

    async def send() -> None:
        for item in items:
            await peer.send(item)

    async def read(*, to_end: bool) -> bool:
        """False: the other end has closed."""
        seen = b""
        while data := await _next_chunk(peer):
            seen = seen[-256:] + data
            if _ends_in_close(seen):
                return False
            if _END in seen and not to_end:
                return True
        return False

    sending = asyncio.ensure_future(send())
    try:
        async with asyncio.timeout(_PATIENCE_S):
            goes_on = await read(to_end=False)
            if goes_on:
                await sending
            await peer.send(close)
            if goes_on:
                await read(to_end=True)
    except ConnectionError:
        pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@asynccontextmanager
async def peers() -> AsyncIterator[Peers]:
    holder: list[Peers] = []

    async def handler(peer: RawPeer) -> None:
        head = await peer.read_head()
        number = next(
            line.partition(b":")[2].strip().decode()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"x-plan:")
        )
        plan = holder[0].plans.pop(number)
        await peer.send(switching(head, _DEFLATE))
        with contextlib.suppress(ConnectionError):
            await _talk(peer, [*plan.to_client, frame(TEXT, _END)], frame(CLOSE, b"\x03\xe8"))

    async with raw_server(handler) as port:
        holder.append(Peers(port))
        yield holder[0]


class Dashboards:
    """Several that each watch the newest connection that is theirs, and ask for its messages'
    payloads; ``said`` is all they got, and what the base64 in it says.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.said: list[bytes] = []
        self.contents = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def attach(self, path: Path) -> None:
        for number in range(self.count):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=1 << 26)
            self._tasks.append(asyncio.ensure_future(self._listen(number, reader, writer)))

    async def _listen(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while line := await reader.readline():
                self.said.append(line)
                if b'"event_type":"ws_open"' in line:
                    flow_id = json.loads(line)["flow_id"]
                    if flow_id % self.count == number:
                        writer.write(json.dumps({"type": "watch", "flow_id": flow_id}).encode())
                        writer.write(b"\n")
                elif line.startswith((b'{"type":"messages"', b'{"type":"payload"')):
                    self._read_on(json.loads(line), writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _read_on(self, told: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        contents = [told["content"]] if "content" in told else [row[12] for row in told["rows"]]
        self.said += [base64.b64decode(each) for each in contents if each]
        self.contents += sum(each is not None for each in contents)
        for row in told.get("rows", ()):
            order = {"type": "payload", "flow_id": told["flow_id"]}
            order |= {"direction": row[1], "seq": row[2]}
            writer.write(json.dumps(order).encode() + b"\n")

    async def done(self) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ends), ends
