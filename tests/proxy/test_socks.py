"""Names that cannot be one: they come from a client, and go to another proxy."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.raw import RawPeer, raw_server
from wsinspect.proxy.socks import DialFailed, dial
from wsinspect.routing import Upstream

BAD = ["a" * 64 + ".example", "..", "x\r\nA: b", "x y", "x\0", "\udcff.example", "u@host", "a/b"]


@pytest.mark.parametrize("name", BAD, ids=ascii)
@pytest.mark.parametrize("kind", ["direct", "http", "socks5h"])
async def test_no_proxy_is_asked_for_what_is_no_name(kind: str, name: str) -> None:
    """A line end would write header lines of the client's own beside our password."""
    asked = 0

    async def handler(peer: RawPeer) -> None:
        nonlocal asked
        asked += 1

    async with raw_server(handler) as port:
        upstream = Upstream("direct")
        if kind == "http":
            upstream = Upstream("http", "127.0.0.1", port, "me", "geheim")
        elif kind == "socks5h":
            upstream = Upstream("socks5h", "127.0.0.1", port, "me", "geheim")
        with pytest.raises(DialFailed) as caught:
            await dial(upstream, (name, 80))
        await asyncio.sleep(0.02)
    assert (caught.value.reason, asked) == ("target", 0)
    assert name not in str(caught.value)


@pytest.mark.parametrize("status", [b"-20", b"abc", "²²".encode()[:3]])
async def test_what_is_no_status(status: bytes) -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 %b x\r\n\r\n" % status)

    async with raw_server(handler) as port:
        with pytest.raises(DialFailed, match="does not speak HTTP"):
            await dial(Upstream("http", "127.0.0.1", port), ("host", 80))
