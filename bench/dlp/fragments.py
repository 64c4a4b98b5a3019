"""Fragmented messages through the whole proxy: is what no frame shows alone still seen?

Owns: sending each case on a connection of its own and reading the alerts from the log. The target
of its opening handshake names the case. Must not know: corpora, targets.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from bench.dlp.cases import Case, Line
from bench.dlp.scan import Answer, Finding
from bench.dlp.streams import cut
from bench.processes import running, wait_for_line

__all__ = ["FORMS", "Form", "alerts", "fragment_cases", "through_the_proxy"]

AT_ONCE: Final = 16
FRAGMENTS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Form:
    """How a fragmented message is sent."""

    compressed: bool
    pings: bool


FORMS: Final[dict[str, Form]] = {
    "fragments": Form(compressed=False, pings=False),
    "fragments, pings between": Form(compressed=False, pings=True),
    "fragments, compressed": Form(compressed=True, pings=False),
}


def fragment_cases(cases: Sequence[Case]) -> list[Case]:
    """Each case in each form; how it is cut is for whoever sends it."""
    return [
        Case(form, (Line(case.secret),), case.detector, secret=case.secret)
        for form in FORMS
        for case in cases
    ]


def through_the_proxy(
    rules: str, cases: Sequence[Case], source: random.Random
) -> list[list[Answer]]:
    """The alerts of each case, as answers."""
    with tempfile.TemporaryDirectory(prefix="wsinspect-dlp-") as name:
        directory = Path(name)
        log = directory / "log.jsonl"
        asyncio.run(_send_all(rules, cases, source, directory, log))
        found = alerts(log)
    return [[Answer("pass", tuple(found[index]))] for index in range(len(cases))]


async def _send_all(
    rules: str, cases: Sequence[Case], source: random.Random, directory: Path, log: Path
) -> None:
    (directory / "rules.yaml").write_text(rules, "utf-8")
    async with serve(_swallow, "127.0.0.1", 0) as server:
        upstream = next(iter(server.sockets)).getsockname()[1]
        said = directory / "wsinspect.txt"
        command = (
            *(sys.executable, "-m", "wsinspect", "run", "--headless", "-p", "0"),
            *("--mode", f"reverse:http://127.0.0.1:{upstream}"),
            *("--rules", str(directory / "rules.yaml")),
            *("--log", str(log), "--record", "connections"),
            *("--socket", str(directory / "dashboard.sock"), "--set", f"confdir={directory}"),
        )
        with running(command, said) as process:
            line = await asyncio.to_thread(
                wait_for_line, process, rb"wsinspect: listening on \S*:(\d+)", said
            )
            turns = asyncio.Semaphore(AT_ONCE)
            port = int(line[1])
            await asyncio.gather(
                *(_send(index, case, port, turns, source) for index, case in enumerate(cases))
            )


async def _swallow(connection: ServerConnection) -> None:
    async for _ in connection:
        pass


async def _send(
    index: int, case: Case, port: int, turns: asyncio.Semaphore, source: random.Random
) -> None:
    form = FORMS[case.group]
    pieces = cut(case.secret, source.randint(2, FRAGMENTS_MAX), source)
    compression = "deflate" if form.compressed else None
    url = f"ws://127.0.0.1:{port}/{index}"
    async with turns, connect(url, compression=compression, proxy=None) as connection:
        if not form.pings:
            await connection.send(pieces)
            return

        async def with_pings() -> AsyncIterator[str]:
            for piece in pieces:
                yield piece
                await connection.ping()

        await connection.send(with_pings())


def alerts(log: Path) -> dict[int, list[Finding]]:
    """What the log's alerts found, by case."""
    case_of: dict[int, int] = {}
    found: dict[int, list[Finding]] = defaultdict(list)
    for line in log.read_bytes().splitlines():
        event = json.loads(line)
        if event["event_type"] == "ws_open":
            case_of[event["flow_id"]] = int(event["open"]["uri"].rpartition("/")[2])
        elif event["event_type"] == "alert":
            alert = event["alert"]
            found[case_of[event["flow_id"]]] += [
                Finding(alert["rule"], hit["detector"], hit["path"], hit["start"], hit["end"])
                for hit in alert["hits"]
            ]
    return found
