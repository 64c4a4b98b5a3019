"""The dashboard's socket of a running proxy, read as any program could."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.proxy import OTHER, ProxyProcess
from tests.support.raw import KEY, TEXT, frame, raw_pair

pytestmark = pytest.mark.skipif(bool(OTHER), reason="asks wsinspect's own socket")
Message = dict[str, Any]


class Viewer:
    """Keeps everything that the proxy says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.said: list[Message] = []

    async def until(self, found: Callable[[list[Message]], Any]) -> None:
        async with asyncio.timeout(20):
            while not found(self.said):
                line = await self.reader.readline()
                assert line.endswith(b"\n"), "the socket ended"
                self.said.append(json.loads(line))

    def watch(self, flow_id: int | None) -> None:
        self.writer.write(json.dumps({"type": "watch", "flow_id": flow_id}).encode() + b"\n")


@asynccontextmanager
async def viewer(proxy: ProxyProcess) -> AsyncIterator[Viewer]:
    reader, writer = await asyncio.open_unix_connection(str(proxy.socket_path), limit=1 << 24)
    try:
        yield Viewer(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def opened(said: list[Message], target: str) -> list[Message]:
    return [m for m in said if m.get("event_type") == "ws_open" and m["open"]["uri"] == target]


async def test_the_socket_is_private(proxy: ProxyProcess) -> None:
    assert stat.S_IMODE(proxy.socket_path.parent.stat().st_mode) == 0o700
    assert stat.S_ISSOCK(proxy.socket_path.stat().st_mode)


async def test_a_late_viewer_gets_the_whole_picture(proxy: ProxyProcess, target: str) -> None:
    """Hello, the open connection, exact totals, the frames of the watched one, its end."""
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        await proxy.opened(target)
        async with viewer(proxy) as view:
            await view.until(lambda said: opened(said, target))
            hello = view.said[0]
            assert hello["type"] == "hello"
            assert hello["pid"] == proxy.process.pid
            assert hello["listen"] == [f"127.0.0.1:{proxy.port}"]
            assert hello["record"] == "frames"
            assert hello["log"] == str(proxy.log_path)
            flow_id = opened(view.said, target)[0]["flow_id"]
            view.watch(flow_id)
            # The greetings are told at once: now the watch has taken effect.
            await view.until(lambda said: any(m.get("type") == "frames" for m in said))
            text = frame(TEXT, b"watched", mask=KEY)
            await pair.client.send(text * 300)

            def totals(said: list[Message]) -> list[list[int]]:
                rows = [r for m in said if m.get("type") == "totals" for r in m["rows"]]
                return [row for row in rows if row[0] == flow_id]

            await view.until(lambda said: [row for row in totals(said) if row[1] == 301])
            last = totals(view.said)[-1]
            payload = len(b"hello") + 300 * len(b"watched")
            assert last[1:4] == [301, payload, payload + 301 * 6]
            assert last[4:7] == [1, len(b"welcome"), len(b"welcome") + 2]
            assert last[7:9] == [301, 1]

            def frames(said: list[Message]) -> list[list[Any]]:
                batches = [m for m in said if m.get("type") == "frames"]
                assert all(batch["flow_id"] == flow_id for batch in batches)
                return [row for batch in batches for row in batch["rows"]]

            def seen(said: list[Message]) -> bool:
                skipped = sum(m["skipped"] for m in said if m.get("type") == "frames")
                return bool(len([r for r in frames(said) if r[1] == 0]) + skipped >= 300)

            await view.until(seen)
            row = frames(view.said)[-1]
            assert row[1:8] == [0, row[2], 0x81, int.from_bytes(KEY), 7, 13, None]
            assert base64.b64decode(row[8]) == b"watched"
            pair.client.finish()
            pair.server.finish()
            await view.until(
                lambda said: any(
                    m.get("event_type") == "ws_close" and m["flow_id"] == flow_id for m in said
                )
            )


async def test_a_viewer_that_does_not_read_delays_nobody(proxy: ProxyProcess, target: str) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(proxy.socket_path))
        async with raw_pair(proxy.port, target) as pair:
            event = await proxy.opened(target)
            deaf.send(json.dumps({"type": "watch", "flow_id": event["flow_id"]}).encode() + b"\n")
            text = frame(TEXT, b"x" * 500, mask=KEY)
            for count in range(1, 41):
                await pair.client.send(text * 500)
                await pair.server.receive(count * 500 * len(text))
            pair.client.finish()
            pair.server.finish()
            await pair.tap.passage(target)
            found = await proxy.recorded(target)
        assert found.close["to_server"]["frames"] == len(found.frames["to_server"]) == 20_000


async def test_what_a_viewer_may_say_wrong(proxy: ProxyProcess, target: str) -> None:
    """Nonsense on the socket ends at most that viewer."""
    for line in (b"nonsense\n", b"{}\n", b'{"type":"watch","flow_id":"x"}\n', b"[1]\n", b"\xff\n"):
        async with viewer(proxy) as view:
            view.writer.write(line)
            await view.writer.drain()
    async with viewer(proxy) as view, raw_pair(proxy.port, target) as pair:
        await pair.greet()
        await view.until(lambda said: opened(said, target))
