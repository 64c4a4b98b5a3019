"""The story: who is on stage, and when. About forty connections live, 100-300 frames a second."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

from wsinspect.lab import clients, content
from wsinspect.lab.servers import servers
from wsinspect.lab.stage import Stage
from wsinspect.lab.summary import Story

GRACE_S = 5.0
"""How long the clients may take to say goodbye once the story is over."""


async def run_story(proxy: str, seconds: float, *, seed: int, story: Story | None = None) -> Story:
    """Play the story for `seconds` through the proxy at `proxy` (``http://127.0.0.1:PORT``).

    Servers and clients live on loopback and are gone when this returns, raises or is cancelled.
    Pass a `story` to watch the counts while it plays; the same object is returned.
    """
    story = Story(seed=seed) if story is None else story
    stage = Stage(proxy=proxy, seed=seed, story=story)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with servers(stage):
        actors = [asyncio.create_task(actor) for actor in _cast(stage)]
        try:
            done, _ = await asyncio.wait(
                actors, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            stage.over.set()
            for actor in done:
                actor.result()  # a mistake in the lab itself is not hidden
            finished, late = await asyncio.wait(actors, timeout=GRACE_S)
            for actor in finished:
                actor.result()
            if late:
                story.errors["still busy at the end"] += len(late)
        finally:
            stage.over.set()
            for actor in actors:
                actor.cancel()
            await asyncio.gather(*actors, return_exceptions=True)
            story.duration_s = loop.time() - started
    return story


def _cast(stage: Stage) -> Iterator[Coroutine[Any, Any, None]]:
    for index, person in enumerate(content.PEOPLE):
        room = "football" if index % 5 < 3 else "lobby"
        yield stage.repeat("chat", clients.chat, person, room, gap_s=1.0)
    for name in ("football", "tennis", "football", "darts", "football", "all"):
        yield stage.repeat("odds", clients.odds, name)
    for device in ("tram-1", "tram-2", "bus-17", "bus-40", "ferry-3", "tram-9"):
        yield stage.repeat("telemetry", clients.telemetry, device)
    for name in ("inbox", "billing", "builds", "on-call", "calendar", "alerts", "wiki", "hr"):
        yield stage.repeat("notices", clients.notices, name)
    yield stage.repeat("upload", clients.upload, gap_s=4.0)
    yield stage.repeat("market", clients.market, gap_s=2.0)
    yield stage.repeat("bad client", clients.bad_client, gap_s=5.0)
    yield stage.repeat("cut", clients.cut_client, gap_s=5.0)
    yield stage.repeat("jobs", clients.job, "crash")
    yield stage.repeat("jobs", clients.job, "vanish")
    yield stage.repeat("refused", clients.refused)
    yield stage.repeat("wrong accept", clients.wrong_accept)
