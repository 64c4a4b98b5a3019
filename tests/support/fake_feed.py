"""A server that speaks the dashboard socket's protocol, for tests: no proxy needed.

`python -m tests.support.fake_feed PATH` serves the story with live traffic until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.fake_story import Story, frame, story, totals_row


class FakeFeed:
    """Tells `story` to each dashboard that attaches, answers `watch`, sends what it is given."""

    def __init__(self, path: Path, told: Story) -> None:
        self.path = path
        self.story = told
        self.watched: list[int | None] = []
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> FakeFeed:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Cut all dashboards off."""
        if self._server is None:
            return
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        await self._server.wait_closed()
        self._server = None
        self.path.unlink(missing_ok=True)

    def send(self, *lines: dict[str, Any]) -> None:
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        for writer in self._writers:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.send(*self.story.lines)
        while line := await reader.readline():
            asked = json.loads(line)
            if asked["type"] == "watch":
                self.watched.append(asked["flow_id"])
                rows = self.story.frames.get(asked["flow_id"], [])
                if rows:
                    self.send({"type": "frames", "flow_id": asked["flow_id"], "rows": rows})


async def serve_live(path: Path) -> None:
    """The story, then a frame every 50 ms each way on connection 8."""
    told = story(time.time_ns())
    async with FakeFeed(path, told) as feed:
        up, down = 212, 1_845
        while True:
            await asyncio.sleep(0.05)
            now_ns = time.time_ns()
            rows = [
                frame(now_ns, 0, up, 1, b'{"type":"say","text":"hello %d"}' % up),
                frame(now_ns, 1, down, 1, b'{"type":"said","number":%d}' % down),
            ]
            up, down = up + 1, down + 1
            told.frames[8] = [*told.frames[8], *rows][-500:]
            feed.send(
                {
                    "type": "totals",
                    "timestamp_ns": now_ns,
                    "rows": [totals_row(8, up, down, (1, 1), now_ns)],
                },
                {"type": "frames", "flow_id": 8, "rows": rows, "skipped": 0},
            )


if __name__ == "__main__":
    asyncio.run(serve_live(Path(sys.argv[1])))
