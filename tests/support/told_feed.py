"""A feed without a socket: tells the story and answers `watch` from it. For pinned pictures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.support.fake_story import Story
from wsinspect.tui.data.feed import Feed
from wsinspect.tui.data.store import Store


class ToldFeed(Feed):
    def __init__(self, address: str, store: Store, told: Story) -> None:
        super().__init__(address, store)
        self.told = told
        self.able: frozenset[str] = frozenset()
        self.asked: list[tuple[object, ...]] = []

    @property
    def can(self) -> frozenset[str]:
        return self.able

    def close(self, flow_id: int, code: int, reason: str) -> None:
        self.asked.append(("close", flow_id, code, reason))

    def payload(self, flow_id: int, direction: int, seq: int) -> None:
        self.asked.append(("payload", flow_id, direction, seq))

    async def run(self) -> None:
        self.say(*self.told.lines)
        await asyncio.Event().wait()

    def say(self, *lines: dict[str, Any]) -> None:
        for line in lines:
            self.take(json.dumps(line).encode() + b"\n")

    def watch(self, flow_id: int | None) -> None:
        super().watch(flow_id)
        rows = self.told.frames.get(flow_id or 0, [])
        if rows:
            self.say({"type": "frames", "flow_id": flow_id, "rows": rows, "skipped": 0})


def telling(told: Story) -> Callable[[str, Store], ToldFeed]:
    """What `DashboardApp(make_feed=…)` takes."""
    return lambda address, store: ToldFeed(address, store, told)
