"""The socket: any chunking, broken lines, a proxy that goes and comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_feed import FakeFeed
from tests.support.fake_story import T0_NS, hello, opened, story
from wsinspect.tui.data import feed as feed_module
from wsinspect.tui.data.feed import Feed, Link
from wsinspect.tui.data.store import Store

WIRE = b"".join(json.dumps(line).encode() + b"\n" for line in story().lines)


def fed(*chunks: bytes) -> Feed:
    feed = Feed("nowhere", Store(lambda: T0_NS))
    for chunk in chunks:
        feed.take(chunk)
    return feed


def link(feed: Feed) -> Link:
    return feed.link


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


@given(st.lists(st.integers(0, len(WIRE)), max_size=20))
def test_any_chunking_gives_the_same_picture(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WIRE)]
    chunks = [WIRE[a:b] for a, b in pairwise(edges)]
    store = fed(*chunks).store
    assert (len(store.live), len(store.ended), store.unreadable) == (9, 7, 0)


def test_a_broken_line_is_counted_and_the_next_one_read() -> None:
    feed = fed(b'{"type":\n', json.dumps(hello()).encode() + b"\n")
    assert feed.store.unreadable == 1
    assert link(feed) is Link.LIVE


def test_a_line_without_end_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "LINE_LEN_MAX", 100)
    feed = fed(b"x" * 60, b"x" * 60, b"x" * 60, b"tail\n" + json.dumps(hello()).encode() + b"\n")
    assert feed.store.unreadable == 1
    assert link(feed) is Link.LIVE


async def test_watch_lost_and_back(tmp_path: Path) -> None:
    path = tmp_path / "proxy.sock"
    store = Store()
    feed = Feed(str(path), store)
    running = asyncio.create_task(feed.run())
    server = FakeFeed(path, story())
    try:
        await until(lambda: feed.reason)
        assert link(feed) is Link.CONNECTING
        await server.start()
        await until(lambda: link(feed) is Link.LIVE)
        await until(lambda: len(store) == 16)
        feed.watch(8)
        await until(lambda: store.watched.entries)
        assert server.watched == [8]
        kept = len(store.watched.entries)

        await server.stop()
        await until(lambda: link(feed) is Link.LOST)
        assert "closed" in feed.reason
        assert len(store) == 16
        lost_ns = store.now_ns()
        assert store.now_ns() == lost_ns  # time stands still

        await server.start()
        await until(lambda: server.watched == [8, 8])
        server.send(opened(50, T0_NS, "example.net", "/later"))
        await until(lambda: store.find(50))
        assert store.now_ns() > lost_ns
        assert len(store.watched.entries) == kept  # told again, kept once
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.stop()
