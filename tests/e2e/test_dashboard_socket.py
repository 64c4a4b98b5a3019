"""The dashboard's socket of a running proxy, read as any program could."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import stat
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.proxy import OTHER, ProxyProcess
from tests.support.raw import (
    BINARY,
    CONT,
    KEY,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
    raw_pair,
)
from tests.support.tap import parse_frames

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

    def order(self, order: Message) -> None:
        self.writer.write(json.dumps(order).encode() + b"\n")

    def watch(self, flow_id: int | None) -> None:
        self.order({"type": "watch", "flow_id": flow_id})


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


# --- messages, payloads, orders ---


async def watched(view: Viewer, target: str) -> int:
    """Its flow id, once the watch has taken effect (a frame of before it has been told)."""
    await view.until(lambda said: opened(said, target))
    flow_id: int = opened(view.said, target)[0]["flow_id"]
    view.watch(flow_id)
    await view.until(lambda said: any(m.get("type") == "frames" for m in said))
    return flow_id


def rows(said: list[Message], kind: str) -> list[list[Any]]:
    return [row for m in said if m.get("type") == kind for row in m["rows"]]


async def test_messages_as_the_application_gets_them(proxy: ProxyProcess, target: str) -> None:
    """Compressed with a window that is kept, fragmented with a ping in between, both ways."""
    squeezer = zlib.compressobj(wbits=-15)
    texts = [b"the same words, " * 40, b"the same words, " * 4000]
    squeezed = [(squeezer.compress(t) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4] for t in texts]
    extension = "Sec-WebSocket-Extensions: permessage-deflate"
    both = (extension,)
    async with raw_pair(proxy.port, target, request_lines=both, response_lines=both) as pair:
        await pair.greet()
        await proxy.opened(target)
        async with viewer(proxy) as view:
            flow_id = await watched(view, target)
            await pair.client.send(
                frame(TEXT, squeezed[0], rsv=4, mask=KEY)
                + frame(TEXT, squeezed[1][:20], rsv=4, fin=False, mask=KEY)
                + frame(PING, b"?", mask=KEY)
                + frame(CONT, squeezed[1][20:], mask=KEY)
            )
            await view.until(lambda said: len(rows(said, "messages")) >= 2)
            await pair.server.send(frame(PONG, b"?") + frame(BINARY, b"\x00plain"))
            await view.until(lambda said: len(rows(said, "messages")) >= 3)
            one, two, three = rows(view.said, "messages")
            assert one[1:7] == [0, 1, 1, TEXT, len(texts[0]), len(squeezed[0]) + 6]
            assert one[7:12] == [1, True, "pass", False, []]
            assert (base64.b64decode(one[12]), one[13]) == (texts[0], True)
            assert two[1:6] == [0, 2, 4, TEXT, len(texts[1])]
            assert (base64.b64decode(two[12]), two[13]) == (texts[1][:4096], False)
            assert (three[2:5], base64.b64decode(three[12])) == ([2, 2, BINARY], b"\x00plain")
            view.order({"type": "payload", "flow_id": flow_id, "direction": 0, "seq": 2})
            await view.until(lambda said: said[-1].get("type") == "payload")
            assert base64.b64decode(view.said[-1]["content"]) == texts[1]

            def last(said: list[Message]) -> list[Any]:
                return [row for row in rows(said, "totals") if row[0] == flow_id][-1]

            await view.until(lambda said: last(said)[16] is not None and last(said)[4] == 3)
            tail = last(view.said)[12:]
            assert tail[:4] == [5 + sum(map(len, texts)), len(b"welcome") + 6, 0, 0]
            assert 0 < tail[4] < 20_000_000
            assert tail[5] == 1
        pair.client.finish()
        pair.server.finish()


async def test_a_person_closes_a_connection(proxy: ProxyProcess, target: str) -> None:
    """Both peers get that code and reason; the log says who did it."""
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        flow_id = (await proxy.opened(target))["flow_id"]
        async with viewer(proxy) as view:
            await view.until(lambda said: said)
            assert view.said[0]["can"] == ["close", "payload"]
            view.order({"type": "close", "flow_id": flow_id, "code": 1005, "reason": ""})
            await view.until(lambda said: said[-1].get("type") == "problem")
            assert "1005" in view.said[-1]["say"]
            await pair.greet()
            view.order({"type": "close", "flow_id": flow_id, "code": 4001, "reason": "enough"})
            ends = await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
            await view.until(lambda said: any(m.get("event_type") == "ws_close" for m in said))
            view.order({"type": "close", "flow_id": flow_id, "code": 4001, "reason": ""})
            await view.until(lambda said: "not open" in said[-1].get("say", ""))
    assert len(ends) == 2
    assert bytes(pair.client.received).endswith(close_frame(4001, "enough"))
    assert parse_frames(bytes(pair.server.received))[0][-1].payload == b"\x0f\xa1enough"
    found = await proxy.recorded(target)
    assert (found.close["cause"], found.close["initiator"]) == ("policy", "proxy")
    assert found.close["code_relayed"] == 4001


async def test_how_long_a_chunk_stays_is_told(proxy: ProxyProcess, target: str) -> None:
    async with viewer(proxy) as view, raw_pair(proxy.port, target) as pair:

        def told(said: list[Message]) -> bool:
            return any("added_ms" in m.get("stats", {}) for m in said)

        while not told(view.said):
            await pair.greet()
            count = len(view.said)
            await view.until(lambda said, count=count: len(said) > count)  # type: ignore[misc]
        stats = next(m["stats"] for m in reversed(view.said) if "added_ms" in m.get("stats", {}))
        added, lag = stats["added_ms"], stats["loop_lag_ms"]
        assert 0 < added["p50"] <= added["p99"] <= added["max"] < 10_000
        assert 0 <= lag["p50"] <= lag["p99"] <= lag["max"] < 60_000
