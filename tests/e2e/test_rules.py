"""Real endpoints take what rules wrote anew: `websockets`, Node's `ws`, Chromium."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.e2e.conftest import StartProxy
from tests.e2e.test_chromium import PAGE, TIMEOUT_S, browser
from tests.e2e.test_node import node_server, run_node
from tests.support.echo import echo_server

RULES = """\
version: 1
rules:
  - {id: hello, when: {direction: to_server}, find: {words: [hello]}, do: mask}
  - {id: three, when: {direction: to_client}, find: {words: [three]}, do: {redact: {with: "3 (three, as it were)"}}}
  - {id: gruss, when: {direction: to_client}, find: {regex: "Grüße"}, do: {redact: {with: "[servus]"}}}
  - {id: gone, find: {words: [gone]}, do: block}
"""  # noqa: E501
SERVUS = "[servus]"


def rules_at(folder: Path) -> str:
    path = folder / "rules.yaml"
    path.write_text(RULES)
    return str(path)


async def test_node_client(start_proxy: StartProxy, tmp_path: Path, target: str) -> None:
    """Compressed with context takeover, one message in three fragments."""
    proxy = start_proxy("--rules", rules_at(tmp_path))
    async with echo_server(subprotocols=[Subprotocol("chat.v2")]) as port:
        seen = await run_node("client.mjs", proxy.url, f"ws://127.0.0.1:{port}{target}")
    assert seen["extensions"].startswith("permessage-deflate")
    assert seen["messages"] == [
        "*****", f"{SERVUS} 👋", "<70000 bytes>", "in 3 (three, as it were) parts", "x" * 500,
    ]  # fmt: skip
    assert (seen["pongs"], seen["code"]) == (1, 4002)
    found = await proxy.recorded(target)
    assert (found.close["code_observed"], found.close["clean"]) == (4002, True)


async def test_node_server(start_proxy: StartProxy, tmp_path: Path, target: str) -> None:
    """Each second message is changed or dropped, so that the window is another one soon."""
    proxy = start_proxy("--rules", rules_at(tmp_path))
    async with node_server("server.mjs") as port:
        async with connect(f"ws://127.0.0.1:{port}{target}", proxy=proxy.url) as client:
            for number in range(30):
                text = f"message {number} äöü " * 20
                await client.send([part + " " for part in f"hello {text}".split(" ")])
                assert await client.recv() == f"***** {text} "
                await client.send(f"gone {text}")
                await client.send(text)
                assert await client.recv() == text
        found = await proxy.recorded(target)
    assert found.close["clean"]


async def test_chromium(start_proxy: StartProxy, tmp_path: Path, target: str) -> None:
    proxy = start_proxy("--rules", rules_at(tmp_path))
    reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with echo_server(subprotocols=[Subprotocol("chat.v2")]) as port:
        page = PAGE % {"url": json.dumps(f"ws://127.0.0.1:{port}{target}")}

        async def show(_: web.Request) -> web.Response:
            return web.Response(text=page, content_type="text/html")

        async def report(request: web.Request) -> web.Response:
            await reports.put(json.loads(await request.text()))
            return web.Response(text="ok")

        app = web.Application()
        app.router.add_get("/", show)
        app.router.add_post("/report", report)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            async with browser(proxy, tmp_path, url), asyncio.timeout(TIMEOUT_S):
                seen = await reports.get()
        finally:
            await runner.cleanup()
    texts = [
        json.dumps({"n": n, "text": f"{SERVUS} 👋 " * n}, separators=(",", ":"), ensure_ascii=False)
        for n in range(20)
    ]
    assert seen["messages"] == [*(len(text.encode("utf-16-le")) // 2 for text in texts), 70_000]
    assert (seen["code"], seen["wasClean"], seen["errors"]) == (4005, True, 0), seen
    assert "permessage-deflate" in seen["extensions"]
    found = await proxy.recorded(target)
    assert found.close["code_observed"] == 4005
