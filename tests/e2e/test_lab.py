"""The lab's story against the log: what the demo says it did is what the proxy saw."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import StartProxy
from tests.support.proxy import OTHER, ROOT, Event, ProxyProcess, environment
from wsinspect.lab import End, Story, run_story


async def test_the_story_is_what_the_log_says(start_proxy: StartProxy) -> None:
    proxy = start_proxy(record="connections")
    story = await run_story(proxy.url, 8, seed=7)
    assert not story.errors, story.lines()
    assert story.live == 0
    assert story.connections >= 40
    assert story.live_peak >= 25
    assert {"client", "server"} == {end.initiator for end in story.ends}
    assert {"close_frame", "fin", "rst"} == {end.cause for end in story.ends}
    await proxy.until(lambda events: len(_of(events, "ws_close")) >= story.connections)
    events = proxy.log()
    opens, closes = _of(events, "ws_open"), _of(events, "ws_close")
    statuses = Counter(event["open"]["status"] for event in opens)
    assert statuses == Counter({101: story.connections, 403: story.refused})
    ends = Counter(
        End(e["close"]["initiator"], e["close"]["cause"], e["close"]["code_observed"])
        for e in closes
    )
    assert ends == story.ends
    for direction in ("to_server", "to_client"):
        counts = getattr(story, direction)
        slack = story.violations if direction == "to_server" else 0
        seen = sum(event["close"][direction]["messages"] for event in closes)
        assert counts.received <= seen <= counts.sent + slack, direction


def _of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event_type"] == kind]


async def test_cancelling_leaves_nothing_behind(proxy: ProxyProcess) -> None:
    before = asyncio.all_tasks()
    story = Story(seed=3)
    playing = asyncio.create_task(run_story(proxy.url, 60, seed=3, story=story))
    async with asyncio.timeout(30):
        while story.connections < 20:
            await asyncio.sleep(0.05)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    async with asyncio.timeout(10):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.05)


async def test_a_proxy_that_is_not_there_is_counted() -> None:
    story = await run_story("http://127.0.0.1:1", 0.5, seed=1)
    assert story.connections == 0
    assert any("ConnectionRefusedError" in what for what in story.errors)


@pytest.mark.skipif(bool(OTHER), reason="asks wsinspect's own command line")
def test_demo_headless(tmp_path: Path) -> None:
    log = tmp_path / "demo.jsonl"
    result = subprocess.run(
        [sys.executable, "-m", "wsinspect", "demo", "--headless", "--seconds", "5",
         "--log", str(log)],
        cwd=ROOT, env=environment() | {"HOME": str(tmp_path)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "onnections" in result.stdout
    assert '"event_type":"ws_open"' in log.read_text()
    assert '"event_type":"websocket"' in log.read_text()
