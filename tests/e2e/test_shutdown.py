"""SIGTERM and SIGINT: the log is complete, open connections get their ws_close, exit 0."""

from __future__ import annotations

import asyncio
import signal
import stat

import pytest

from tests.e2e.conftest import StartProxy
from tests.support.proxy import recorded
from tests.support.raw import TEXT, frame, raw_pair


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_open_connection_gets_its_close(
    start_proxy: StartProxy, number: signal.Signals
) -> None:
    proxy = start_proxy()
    async with raw_pair(proxy.port, "/open") as pair:
        await pair.greet()
        await pair.server.send(frame(TEXT, b"last") * 1000)
        await pair.client.receive(1000 * len(frame(TEXT, b"last")))
        await proxy.opened("/open")
        proxy.process.send_signal(number)
        await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
        code = await asyncio.to_thread(proxy.stop)
    assert code == 0, proxy.output
    text = proxy.log_path.read_text() if proxy.log_path.exists() else ""
    assert text.endswith("\n") or not text
    found = recorded(proxy.log(), "/open")
    assert found.close["cause"] == "shutdown"
    assert found.close["code_observed"] == 1006
    assert found.close["to_client"]["frames"] == len(found.frames["to_client"]) == 1001


async def test_the_log_is_private_and_appended_to(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    async with raw_pair(proxy.port, "/first") as pair:
        await pair.greet()
    await proxy.recorded("/first")
    assert stat.S_IMODE(proxy.log_path.stat().st_mode) == 0o600
    proxy.stop()
    before = proxy.log_path.read_bytes()
    second = start_proxy("--log", str(proxy.log_path))
    second.log_path = proxy.log_path
    async with raw_pair(second.port, "/second") as pair:
        await pair.greet()
    await second.recorded("/second")
    assert proxy.log_path.read_bytes().startswith(before)
    assert recorded(second.log(), "/first").close["cause"] == "fin"


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        ("connections", set()),
        ("messages", {"ws_message"}),
        ("frames", {"websocket"}),
        ("all", {"websocket", "ws_message"}),
    ],
)
async def test_record_chooses_the_events(
    start_proxy: StartProxy, record: str, kinds: set[str]
) -> None:
    proxy = start_proxy(record=record)
    async with raw_pair(proxy.port, "/r") as pair:
        await pair.greet()
        pair.client.finish()
        pair.server.finish()
    await proxy.recorded("/r")
    proxy.stop()
    seen = {event["event_type"] for event in proxy.log()}
    assert seen - {"stats"} == kinds | {"ws_open", "ws_close"}
