"""Asking a proxy for the past of all its connections: a stand-in's answers, and a real proxy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as ws_serve

from tests.support.fake_story import T0_NS, frame, opened, totals_row
from tests.support.proxy import ProxyProcess
from tests.tui.conftest import until
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.data import walking
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.walking import ProxyContents
from wsinspect.tui.data.wire import decode
from wsinspect.tui.find.everywhere import Search
from wsinspect.tui.find.needle import parse_needle
from wsinspect.tui.panes.searchall import SearchAllScreen

PAST: dict[int, list[bytes]] = {1: [b"hay", b"a needle"], 2: [], 3: [b"the needle"]}


def store_of(count: int = 4) -> Store:
    """Connections with frames, none of them watched; the last one had none."""
    store = Store(lambda: T0_NS)
    numbers = range(1, count + 1)
    rows = [totals_row(n, 3, 3, (1, 1), T0_NS + n) for n in numbers if n < count]
    lines: list[dict[str, Any]] = [opened(n, T0_NS, f"host{n}.example", "/") for n in numbers]
    for line in [*lines, {"type": "totals", "timestamp_ns": T0_NS, "rows": rows}]:
        decoded = decode(json.dumps(line).encode())
        assert decoded is not None
        store.apply(decoded)
    return store


def answer(flow_id: int, contents: list[bytes]) -> list[dict[str, Any]]:
    """Frames in lines of one, with what is no part of it before, between and behind."""
    noise = {"type": "totals", "timestamp_ns": 1, "rows": []}
    stray = {"type": "frames", "flow_id": 99, "rows": [frame(1, 1, 0, 1, b"needle of another")]}
    rows = [frame(T0_NS + n, 1, n, 1, content) for n, content in enumerate(contents)]
    lines: list[dict[str, Any]] = [stray, noise]
    lines.append({"type": "history", "flow_id": flow_id, "frames": len(rows), "messages": 0})
    for row in rows:
        lines += [{"type": "frames", "flow_id": flow_id, "rows": [row], "skipped": 0}, noise, stray]
    live = frame(T0_NS + 99, 1, len(rows), 1, b"a needle that came later")
    return [*lines, {"type": "frames", "flow_id": flow_id, "rows": [live], "skipped": 0}]


@asynccontextmanager
async def proxy(tmp_path: Path, *, silent: bool = False) -> AsyncIterator[str]:
    """Answers `watch` in pieces of a few bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            flow_id = json.loads(line)["flow_id"]
            if silent:
                continue
            told = answer(flow_id, PAST.get(flow_id, []))
            data = b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in told)
            for start in range(0, len(data), 37):
                writer.write(data[start : start + 37])
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    address = str(tmp_path / "sock")
    server = await asyncio.start_unix_server(serve, address)
    try:
        yield address
    finally:
        server.close()


async def done(search: Search) -> Search:
    while not search.step():
        await asyncio.sleep(0)
    return search


async def test_all_connections_are_asked_for_their_past(tmp_path: Path) -> None:
    async with proxy(tmp_path) as address:
        contents = ProxyContents(address, store_of())
        search = await done(Search(contents, parse_needle("needle")))
    assert sorted((f.place.flow_id, f.snippet) for f in search.found) == [
        (1, "a needle"),
        (3, "the needle"),
    ]
    assert contents.scope == "what the proxy keeps of all 4 connections"
    assert contents.progress == 1.0
    assert search.step()
    assert not contents.waits


async def test_one_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    ticks = iter(range(1_000))
    async with proxy(tmp_path, silent=True) as address:
        contents = ProxyContents(address, store_of(), lambda: next(ticks))
        search = await done(Search(contents, parse_needle("needle")))
    assert search.words() == "nothing found"
    assert contents.scope == "0 of 4 connections: those that were chosen here"


async def test_a_proxy_that_is_gone(tmp_path: Path) -> None:
    contents = ProxyContents(str(tmp_path / "nothing"), store_of())
    assert (await done(Search(contents, parse_needle("needle")))).found == []
    assert contents.scope == "0 of 4 connections: those that were chosen here"


async def test_of_very_many_those_with_the_latest_frames_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "ASKED_MAX", 1)
    async with proxy(tmp_path) as address:
        contents = ProxyContents(address, store_of())
        search = await done(Search(contents, parse_needle("needle")))
    assert [f.place.flow_id for f in search.found] == [3]
    assert contents.scope == "what the proxy keeps of 2 of 4 connections"


async def test_a_real_proxy_tells_what_nobody_watched(tmp_path: Path) -> None:
    """Found in a connection that was never chosen, and gone to."""

    async def echo(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message)

    async with ws_serve(echo, "127.0.0.1", 0) as server:
        upstream = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with ProxyProcess(tmp_path, "--mode", f"reverse:{upstream}") as running:
            url = f"ws://127.0.0.1:{running.port}/"
            async with connect(url) as one, connect(url) as two:
                for client, text in ((one, "first needle"), (two, "hay"), (one, "hay")):
                    await client.send(text)
                    await client.recv()
                app = DashboardApp(str(running.socket_path))
                async with app.run_test(size=(140, 36)) as pilot:
                    await until(pilot, lambda: sum(c.frames for c in app.store.live.values()) >= 6)
                    app.sync()
                    await until(pilot, lambda: app.store.watched.entries)
                    app.go_to(max(app.store.live))  # `two`
                    await pilot.press("asterisk", *"first", "enter")
                    screen = app.screen
                    assert isinstance(screen, SearchAllScreen)
                    await until(pilot, lambda: screen.search is not None and screen.search.over)
                    assert screen.search is not None
                    assert screen.search.words() == "2 found in 1 connection"
                    scope = screen.search.contents.scope
                    assert scope == "what the proxy keeps of all 2 connections"
                    await pilot.press("enter")
                    await until(pilot, lambda: app.pane == "frames")
                    chosen = app.frames.chosen()
                    assert chosen is not None
                    assert chosen.content == b"first needle"
                    assert app.store.watched.flow_id == min(app.store.live)
