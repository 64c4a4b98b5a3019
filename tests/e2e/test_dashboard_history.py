"""A dashboard that comes late: what passed before it is there, masked as if it had watched."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import StartProxy
from tests.e2e.test_dashboard_socket import Viewer, opened, rows, viewer
from tests.e2e.test_pressure import resident_bytes
from tests.support.proxy import OTHER, ProxyProcess
from tests.support.raw import BINARY, CONT, KEY, PING, TEXT, close_frame, frame, raw_pair

pytestmark = pytest.mark.skipif(bool(OTHER), reason="asks wsinspect's own socket")
Message = dict[str, Any]

CARD = "4111 1111 1111 1111"
RULES = """\
version: 1
rules:
  - {id: noted, find: {detector: credit-card}, do: log, when: {direction: to_server}}
  - {id: masked, find: {detector: credit-card}, do: mask, when: {direction: to_client}}
  - {id: stopped, find: {words: [forbidden]}, do: block}
"""


async def look(view: Viewer, target: str) -> tuple[Message, list[Message]]:
    """The answer to ``watch``, and what it consists of."""
    await view.until(lambda said: opened(said, target))
    flow_id = opened(view.said, target)[0]["flow_id"]
    view.watch(flow_id)
    await view.until(lambda said: any(m.get("type") == "history" for m in said))
    at = next(i for i, m in enumerate(view.said) if m.get("type") == "history")
    head = view.said[at]
    await view.until(
        lambda said: (
            len(rows(said[at:], "frames")) >= head["frames"]
            and len(rows(said[at:], "messages")) >= head["messages"]
        )
    )
    return head, view.said[at:]


async def payload(view: Viewer, flow_id: int, direction: int, seq: int) -> Message:
    before = len(view.said)
    view.order({"type": "payload", "flow_id": flow_id, "direction": direction, "seq": seq})
    await view.until(lambda said: any(m.get("type") == "payload" for m in said[before:]))
    return next(m for m in view.said[before:] if m.get("type") == "payload")


def shown(lines: list[Message]) -> list[bytes | None]:
    return [row[12] and base64.b64decode(row[12]) for row in rows(lines, "messages")]


async def test_a_socket_that_just_closed(proxy: ProxyProcess, target: str) -> None:
    large = bytes(range(256)) * 64
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        await pair.client.send(
            frame(BINARY, large[:99], fin=False, mask=KEY)
            + frame(PING, b"?", mask=KEY)
            + frame(CONT, large[99:], mask=KEY)
            + close_frame(1000, "done", mask=KEY)
        )
        await pair.server.send(close_frame(1000, "done"))
        pair.server.finish()
        pair.client.finish()
        found = await proxy.recorded(target)
    async with viewer(proxy) as view:
        head, lines = await look(view, target)
        flow_id = found.flow_id
        assert head == {
            "type": "history", "flow_id": flow_id, "frames": 7, "frames_total": 7,
            "messages": 3, "messages_total": 3, "older": 0, "busy": 0,
        }  # fmt: skip
        for way, name in enumerate(("to_server", "to_client")):
            seqs = [row[2] for row in rows(lines, "frames") if row[1] == way]
            assert seqs == list(range(len(found.frames[name])))  # type: ignore[index]
        assert sorted(filter(None, shown(lines))) == sorted([b"hello", b"welcome", large[:4096]])
        answer = await payload(view, flow_id, 0, 1)
        assert base64.b64decode(answer["content"]) == large


async def test_what_rules_mask_and_stop(
    start_proxy: StartProxy, tmp_path: Path, target: str
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    proxy = start_proxy("--rules", str(tmp_path / "rules.yaml"))
    said = [f"card {CARD}", f"forbidden {CARD}", "plain"]
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        for text in said:
            await pair.client.send(frame(TEXT, text.encode(), mask=KEY))
            await pair.server.send(frame(TEXT, text.encode()))
        await pair.client.send(frame(PING, CARD.encode(), mask=KEY))
        await pair.server.send(close_frame(1000, f"for {CARD}"))
        await pair.client.send(close_frame(1000, "", mask=KEY))
        pair.server.finish()
        pair.client.finish()
        found = await proxy.recorded(target)
    async with viewer(proxy) as view:
        head, lines = await look(view, target)
        assert (head["frames_total"], head["messages_total"]) == (11, 8)
        assert head["frames"] == 11
        for way in (0, 1):
            told = [
                row[12] and base64.b64decode(row[12])
                for row in rows(lines, "messages")
                if row[1] == way
            ]
            assert told[1:] == [b"card **** **** **** ****", None, b"plain"]
        actions = [(row[1], row[9]) for row in rows(lines, "messages") if "stopped" in row[11]]
        assert sorted(actions) == [(0, "drop"), (1, "drop")]
        for way in (0, 1):
            for seq in range(6):
                await payload(view, found.flow_id, way, seq)
        everything = b"".join(
            base64.b64decode(value)
            for m in view.said
            for value in (m.get("content"), *(row[8] for row in rows([m], "frames")))
            if value
        )
        assert b"card ****" in everything
        assert CARD.encode() not in everything
        assert CARD not in str(view.said)


async def test_a_burst_is_too_much_to_keep(proxy: ProxyProcess, target: str) -> None:
    """Exact totals, bounded memory; what comes when it is calm again is kept again."""
    text = frame(TEXT, b"x" * 200, mask=KEY)
    async with raw_pair(proxy.port, target) as pair:
        await pair.greet()
        await proxy.opened(target)
        for count in range(1, 11):
            await pair.client.send(text * 1000)
            await pair.server.receive(count * 1000 * len(text))
        before = resident_bytes(proxy)
        for count in range(11, 61):
            await pair.client.send(text * 1000)
            await pair.server.receive(count * 1000 * len(text))
        assert resident_bytes(proxy) - before < 24 << 20
        async with viewer(proxy) as view:
            head, lines = await look(view, target)
            assert (head["frames_total"], head["messages_total"]) == (60_002, 60_002)
            assert head["busy"] > 50_000
            assert head["older"] == 0
            seqs = [row[2] for row in rows(lines, "frames") if row[1] == 0]
            assert seqs == sorted(set(seqs))
            assert seqs[-1] == 60_000
            async with asyncio.timeout(20):
                view.watch(None)
                while not await is_kept(proxy, pair, target):
                    await asyncio.sleep(0.5)
        pair.client.finish()
        pair.server.finish()


async def is_kept(proxy: ProxyProcess, pair: Any, target: str) -> bool:
    """Whether a message that passes now can be seen by who comes afterwards."""
    await pair.server.send(frame(TEXT, b"calm again"))
    async with viewer(proxy) as view:
        _, lines = await look(view, target)
        return b"calm again" in shown(lines)
