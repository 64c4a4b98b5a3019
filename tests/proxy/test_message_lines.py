"""What the log says of messages that a script drops, rewrites, stops and injects."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.proxy.conftest import SCRIPTS, running
from tests.support.raw import CONT, KEY, TEXT, frame, raw_pair
from tests.support.tap import parse_frames


@pytest.mark.parametrize("audit", [(), ("--audit",)], ids=["", "audit"])
async def test_what_a_script_did_is_on_record(tmp_path: Path, audit: tuple[str, ...]) -> None:
    script = ("-s", str(SCRIPTS / "fates.py"))
    with running(tmp_path, *script, "--payloads", "full", *audit, record="all") as proxy:
        async with raw_pair(proxy.port, "/fates") as pair:
            await pair.client.send(
                frame(TEXT, b"hush ", fin=False, mask=KEY)
                + frame(CONT, b"drop", mask=KEY)
                + frame(TEXT, b"hush rewrite", mask=KEY)
                + frame(TEXT, b"inject", mask=KEY)
            )
            await pair.client.receive(len(frame(TEXT, b"to the client")))
            await pair.server.receive(6 + 3 + 6 + 6 + 6 + 2)
            await pair.client.send(frame(TEXT, b"hush stop", mask=KEY))
            await asyncio.gather(pair.client.read_to_end(), pair.server.read_to_end())
            left = [f.payload for f in parse_frames(bytes(pair.server.received))[0]]
            assert sorted(left[:3]) == [b"inject", b"new", b"\xff\xfe"]
        await proxy.recorded("/fates")
        own = [e for e in proxy.log() if e["event_type"] in ("websocket", "ws_message")]
        text = proxy.log_path.read_text()

    messages = [e["message"] for e in own if e["event_type"] == "ws_message"]
    sent = [m for m in messages if m["direction"] == "to_server" and not m["injected"]]
    assert [(m["action"], m.get("preview"), m["payload_len"]) for m in sent] == [
        ("drop", None, 9), ("rewrite", "new", 12), ("pass", "inject", 6), ("close", None, 9),
    ]  # fmt: skip
    injected = {m["direction"]: m for m in messages if m["injected"]}
    assert len(messages) == len(sent) + len(injected) == 6
    to_client, to_server = injected["to_client"], injected["to_server"]
    assert (to_client["preview"], to_client["wire_len"]) == ("to the client", 15)
    assert (to_server["opcode"], to_server["wire_len"], to_server["action"]) == (
        "binary",
        8,
        "pass",
    )
    assert "hush" not in text

    ends = []  # of each message that was sent: how many frames were on record before its line
    frames = 0
    for event in own:
        if event["event_type"] == "websocket":
            frames += event["ws"]["direction"] == "to_server"
        elif event["message"] in sent:
            ends.append(frames)
    assert ends == [2, 3, 4, 5]
