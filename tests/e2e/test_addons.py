"""wsinspect as an addon of mitmdump, and the example scripts that come with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.e2e.conftest import StartProxy
from tests.support.echo import echo_server
from tests.support.proxy import (
    MITMDUMP,
    OTHER,
    ROOT,
    ProxyProcess,
    assert_log_is_what_the_tap_saw,
    environment,
)
from tests.support.raw import KEY, PING, PONG, TEXT, frame, raw_pair
from tests.support.tap import Tap

pytestmark = pytest.mark.skipif(bool(OTHER), reason="asks wsinspect's own addon")
ADDONS = ROOT / "addons"


def start(start_proxy: StartProxy, tmp_path: Path, *scripts: str) -> ProxyProcess:
    """mitmdump with our addon, then the scripts."""
    loaded = [
        part for name in ("wsinspect_addon.py", *scripts) for part in ("-s", f"{ADDONS / name}")
    ]
    log = tmp_path / "addon.jsonl"
    proxy = start_proxy(
        *loaded, "--set", f"wsinspect_log={log}",
        command=[str(MITMDUMP), "--listen-host", "127.0.0.1"],
    )  # fmt: skip
    proxy.log_path = log
    return proxy


async def test_the_addon_writes_the_same_log(start_proxy: StartProxy, tmp_path: Path) -> None:
    proxy = start(start_proxy, tmp_path)
    async with raw_pair(proxy.port, "/plain") as pair:
        await pair.greet()
        await pair.client.send(frame(0xB, b"odd", mask=KEY))
        pair.client.reset()
        assert await pair.server.read_to_end() == "rst"
        passage = await pair.tap.passage("/plain")
    found = await proxy.recorded("/plain")
    assert_log_is_what_the_tap_saw(found, passage)
    assert found.close["cause"] == "rst"
    assert proxy.log_path.stat().st_mode & 0o777 == 0o600


async def test_drop_pings(start_proxy: StartProxy, tmp_path: Path) -> None:
    proxy = start(start_proxy, tmp_path, "drop_pings.py")
    async with raw_pair(proxy.port, "/pings") as pair:
        ping, pong = frame(PING, b"?", mask=KEY), frame(PONG, b"!", mask=KEY)
        text = frame(TEXT, b"text", mask=KEY)
        await pair.client.send(ping + text + ping + pong)
        assert await pair.server.receive(len(text + pong)) == text + pong
        await pair.server.send(frame(PING, b"?") + frame(TEXT, b"back"))
        assert await pair.client.receive(len(frame(TEXT, b"back"))) == frame(TEXT, b"back")
        pair.client.finish()
        pair.server.finish()
    found = await proxy.recorded("/pings")
    said = [(e["websocket"]["opcode"], e["ws"]["forwarded"]) for e in found.frames["to_server"]]
    assert said == [("ping", False), ("text", True), ("ping", False), ("pong", True)]
    said = [(e["websocket"]["opcode"], e["ws"]["forwarded"]) for e in found.frames["to_client"]]
    assert said == [("ping", False), ("text", True)]


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_uppercase_chat(
    start_proxy: StartProxy, tmp_path: Path, compression: str | None
) -> None:
    """Text is rewritten both ways, whole or in fragments, compressed or not; binary is not."""
    proxy = start(start_proxy, tmp_path, "uppercase_chat.py")
    async with echo_server() as port, Tap(port) as tap:
        url = f"ws://127.0.0.1:{tap.port}/chat"
        async with connect(url, proxy=proxy.url, compression=compression) as client:
            for _ in range(3):  # the compression context carries over
                await client.send("Grüße, moin moin moin")
                assert await client.recv() == "GRÜSSE, MOIN MOIN MOIN"
                await client.send(["in ", "drei ", "Teilen ä"])
                assert await client.recv() == "IN DREI TEILEN Ä"
                await client.send(b"bytes stay")
                assert await client.recv() == b"bytes stay"
            await client.send("x" * 100_000)
            assert await client.recv() == "X" * 100_000
            await client.close(4000, "bye")
        passage = await tap.passage("/chat")
    if compression is None:
        texts = [f.payload for f in passage.frames("to_server") if f.opcode == "text"]
        assert texts[0].decode() == "GRÜSSE, MOIN MOIN MOIN"
    found = await proxy.recorded("/chat")
    assert found.close["code_observed"] == 4000
    assert found.close["to_server"]["messages"] == 10
    # `websocket` lines are what the sender sent: the rewritten message is not among them
    first = found.frames["to_server"][0]
    if compression is None:
        assert first["ws"]["payload_len"] == len("Grüße, moin moin moin".encode())


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("wsinspect_record=sometimes", "sometimes"),
        ("wsinspect_no_such=1", "wsinspect_no_such"),
        ("wsinspect_log=/none/x.jsonl", "/none/x.jsonl"),
    ],
    ids=["bad-value", "unknown-name", "unwritable-log"],
)
def test_a_bad_addon_option_stops_mitmdump(tmp_path: Path, option: str, word: str) -> None:
    """It must not run on uninspected."""
    result = subprocess.run(
        [str(MITMDUMP), "--listen-host", "127.0.0.1", "-p", "0", "--set", f"confdir={tmp_path}",
         "-s", str(ADDONS / "wsinspect_addon.py"), "--set", option],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode in (1, 2), result
    assert word in result.stdout + result.stderr
