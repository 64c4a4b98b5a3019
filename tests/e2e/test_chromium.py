"""Headless Chromium trusts the proxy's CA; a page opens ws:// and wss:// through the proxy."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from websockets.typing import Subprotocol

from tests.support.certs import TestAuthority
from tests.support.echo import echo_server
from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw, environment
from tests.support.tap import Tap
from tests.support.tools import require_tool

TIMEOUT_S = 90.0
PAGE = """<!doctype html><meta charset=utf-8><title>wsinspect e2e</title><script>
const seen = {messages: [], errors: 0};
const socket = new WebSocket(%(url)s, ["chat.v2"]);
socket.binaryType = "arraybuffer";
socket.onopen = () => {
  seen.protocol = socket.protocol;
  seen.extensions = socket.extensions;
  for (let n = 0; n < 20; n++) socket.send(JSON.stringify({n, text: "Grüße 👋 ".repeat(n)}));
  socket.send(new Uint8Array(70000));
};
socket.onmessage = ({data}) => {
  seen.messages.push(typeof data === "string" ? data.length : data.byteLength);
  if (seen.messages.length === 21) socket.close(4005, "page says bye");
};
socket.onerror = () => { seen.errors++; };
socket.onclose = ({code, reason, wasClean}) => {
  Object.assign(seen, {code, reason, wasClean});
  fetch("/report", {method: "POST", body: JSON.stringify(seen)});
};
</script>"""


@asynccontextmanager
async def browser(proxy: ProxyProcess, home: Path, url: str) -> AsyncIterator[None]:
    """Chromium on a page, with a home, a profile and a certificate store of its own."""
    chromium, certutil = require_tool("chromium"), require_tool("certutil")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    ca = proxy.confdir / "mitmproxy-ca-cert.pem"
    env = environment() | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    for command in (
        [certutil, "-d", f"sql:{store}", "-N", "--empty-password"],
        [certutil, "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "proxy", "-i", str(ca)],
    ):
        process = await asyncio.create_subprocess_exec(*command, env=env)
        assert await process.wait() == 0, command
    with (home / "chromium.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-extensions",
            f"--user-data-dir={home / 'profile'}", f"--proxy-server={proxy.url}",
            "--proxy-bypass-list=<-loopback>", "--remote-debugging-port=0", url,
            env=env, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the group is this browser's own
        await process.wait()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_page_in_chromium(
    proxy: ProxyProcess, authority: TestAuthority, tmp_path: Path, target: str, scheme: str
) -> None:
    reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    tls = scheme == "wss"
    contexts = (
        {"server_ssl": authority.server_context(), "client_ssl": authority.client_context()}
        if tls
        else {}
    )
    async with (
        echo_server(contexts.get("server_ssl"), subprotocols=[Subprotocol("chat.v2")]) as port,
        Tap(port, **contexts) as tap,
    ):
        page = PAGE % {"url": json.dumps(f"{scheme}://127.0.0.1:{tap.port}{target}")}

        async def show(request: web.Request) -> web.Response:
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
            passage = await tap.passage(target)
        finally:
            await runner.cleanup()
    assert (seen["code"], seen["wasClean"], seen["errors"]) == (4005, True, 0), seen
    assert seen["protocol"] == "chat.v2"
    assert len(seen["messages"]) == 21
    assert seen["messages"][-1] == 70_000
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert (found.close["code_observed"], found.close["initiator"]) == (4005, "client")
    assert found.open["tls"] is tls
    assert "Chrome" in found.open["user_agent"]
    assert found.open["origin"] == url.rstrip("/")
    assert found.open["client_extensions"] == ["permessage-deflate; client_max_window_bits"]
