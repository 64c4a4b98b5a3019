"""The log as a file: complete after a signal, appended to, rotated, ahead of the bytes, full."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import StartProxy
from tests.support.proxy import ProxyProcess, recorded
from tests.support.raw import KEY, TEXT, frame, raw_pair


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
        proxy.signal(number)
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


async def test_rotation_on_sighup(start_proxy: StartProxy, tmp_path: Path) -> None:
    """Rename, then SIGHUP: what follows is in a new file, and nothing is lost between."""
    proxy = start_proxy()
    text = frame(TEXT, b"line", mask=KEY)
    async with raw_pair(proxy.port, "/rotate") as pair:
        await pair.client.send(text * 500)
        await pair.server.receive(500 * len(text))
        old = proxy.log_path.rename(tmp_path / "old.jsonl")
        await pair.client.send(text * 500)
        proxy.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(20):
            while not proxy.log_path.exists():
                await asyncio.sleep(0.02)
        await pair.client.send(text * 500)
        await pair.server.receive(1500 * len(text))
        pair.client.finish()
        pair.server.finish()
        await pair.tap.passage("/rotate")
    await proxy.until(lambda events: any(e["event_type"] == "ws_close" for e in events))
    proxy.stop()
    new = proxy.log()
    assert stat.S_IMODE(proxy.log_path.stat().st_mode) == 0o600
    before = [json.loads(line) for line in old.read_text().splitlines()]
    seqs = [e["ws"]["seq"] for e in before + new if e["event_type"] == "websocket"]
    assert seqs == list(range(1500))
    assert any(event["event_type"] == "websocket" for event in new)


async def test_audit_records_before_it_forwards(start_proxy: StartProxy) -> None:
    """Whatever has arrived is already in the file: no waiting between the two looks."""
    proxy = start_proxy("--audit")
    async with raw_pair(proxy.port, "/audit") as pair:
        total = 0
        for number in range(100):
            data = frame(TEXT, b"x" * (number * 37), mask=KEY)
            await pair.client.send(data)
            total += len(data)
            await pair.server.receive(total)
            events = [e for e in proxy.log() if e["event_type"] in ("ws_open", "websocket")]
            assert events[0]["event_type"] == "ws_open"
            assert [e["ws"]["seq"] for e in events[1:]] == list(range(number + 1))


@pytest.mark.parametrize("on_error", ["open", "closed"])
async def test_a_full_disk_is_loud_and_follows_the_policy(
    start_proxy: StartProxy, on_error: str
) -> None:
    """A limit on the size of files stands in for the full disk."""
    inner = [sys.executable, "-m", "wsinspect", "run", "--headless", "--on-error", on_error]
    limited = ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", *inner]
    proxy = start_proxy(command=limited, log=True)
    text = frame(TEXT, b"fill the log", mask=KEY)
    async with raw_pair(proxy.port, "/full") as pair:
        sent = 0

        async def send() -> None:
            nonlocal sent
            await pair.client.send(text * 20)
            sent += 20
            await pair.server.receive(sent * len(text))

        async def send_for_ever() -> None:
            while True:
                await send()

        async with asyncio.timeout(30):
            if on_error == "closed":
                with pytest.raises((EOFError, ConnectionError)):
                    await send_for_ever()
            else:
                while not told(proxy):
                    await send()
                for _ in range(100):
                    await send()
            while not told(proxy):
                await asyncio.sleep(0.05)


def told(proxy: ProxyProcess) -> bool:
    """Whether the proxy complained about its log."""
    return "log" in proxy.output.partition("listening on")[2]
