"""`--serve`: nobody comes in without the token, twice with it, or from another page."""

from __future__ import annotations

import asyncio
import socket as socket_module
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support.fake_feed import FakeFeed
from tests.support.fake_story import story
from wsinspect.child import module_command
from wsinspect.tui.browser import COOKIE, run_browser


@asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a dashboard on a story, as `attach --serve` prints it."""
    socket = tmp_path / "s"
    async with FakeFeed(socket, story()):
        process = await asyncio.create_subprocess_exec(
            *module_command("wsinspect", "attach", str(socket), "--serve"), stderr=PIPE
        )
        assert process.stderr is not None
        try:
            line = (await process.stderr.readline()).decode()
            assert line.startswith("wsinspect: dashboard at ")
            yield line.split()[-1]
        finally:
            process.terminate()
            assert await process.wait() == 0
            while await process.stderr.read(4096):
                pass


async def status(session: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with session.get(url, headers=headers) as response:
        return response.status


async def upgrade(session: aiohttp.ClientSession, url: str, **headers: str) -> int:
    try:
        async with session.ws_connect(url, headers=headers):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def test_the_door(tmp_path: Path) -> None:
    async with served(tmp_path) as address:
        base, _, token = address.partition("?token=")
        assert base.startswith("http://127.0.0.1:")
        assert len(token) >= 43
        origin = base.rstrip("/")
        async with aiohttp.ClientSession() as stranger:
            for path in ("", "?token=", "?token=x", "ws", "static/js/textual.js", "download/x"):
                assert await status(stranger, base + path) == 403, path
            assert await upgrade(stranger, base + "ws", Origin=origin) == 403
            assert await upgrade(stranger, f"{base}ws?token={token}", Origin=origin) == 403
            for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
                assert await status(stranger, address, **headers) == 403
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as owner:
            async with owner.get(address) as response:
                assert response.status == 200
                assert "textual.js" in await response.text()
                cookie = response.cookies[COOKIE]
                assert cookie["httponly"]
                assert cookie["samesite"] == "Strict"
                assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert await status(owner, address) == 200  # a reload
            assert await status(owner, base + "static/js/textual.js") == 200
            assert await status(owner, base, Host="evil.example") == 403
            for origins in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
                assert await upgrade(owner, base + "ws", **origins) == 403
            async with owner.ws_connect(
                base + "ws?width=120&height=36", headers={"Origin": origin}
            ) as screen:
                seen = b""
                while b"Connections" not in seen:
                    seen += (await screen.receive(timeout=30)).data
        async with aiohttp.ClientSession() as thief:
            assert await status(thief, address) == 403


def test_a_port_that_is_taken_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket_module.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run_browser(["true"], port) == 2
    assert f"--serve {port}: Address already in use" in capsys.readouterr().err
