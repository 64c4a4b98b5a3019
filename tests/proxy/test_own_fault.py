"""Our own inspection breaks: the traffic follows ``--on-error``, loudly and without payload."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.proxy.conftest import SCRIPTS
from tests.support.proxy import ProxyProcess
from tests.support.raw import TEXT, frame, raw_pair
from tests.support.tap import parse_frames

Start = Callable[..., ProxyProcess]


@pytest.mark.parametrize("on_error", ["open", "closed"])
async def test_a_fault_of_ours_follows_on_error(start: Start, on_error: str) -> None:
    proxy = start("-s", str(SCRIPTS / "broken_reader.py"), "--on-error", on_error)
    async with raw_pair(proxy.port, "/fault") as pair:
        await pair.greet()
        before = len(pair.client.received)
        secret = frame(TEXT, b"hush")
        await pair.server.send(secret)
        if on_error == "open":
            assert (await pair.client.receive(before + len(secret)))[before:] == secret
            await pair.greet()  # and it goes on
        else:
            await pair.client.read_to_end()
            await pair.server.read_to_end()
            for peer in (pair.client, pair.server):
                last = parse_frames(bytes(peer.received))[0][-1]
                assert (last.opcode, last.payload[:2]) == ("close", (1011).to_bytes(2))
            assert b"hush" not in pair.client.received
    found = await proxy.recorded("/fault")
    assert found.close["cause"] == ("error" if on_error == "closed" else "fin")
    proxy.stop()
    assert "RuntimeError while inspecting a chunk" in proxy.output
    assert "hush" not in proxy.output
    assert proxy.log()[-1]["stats"]["inspection_errors"] == 1
