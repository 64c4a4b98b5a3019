"""Starts what stands between the two taps: nothing, a plain relay, stock mitmproxy, wsinspect.

Owns: the child processes, ended by their id. Must not know: Autobahn, frames.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, get_args

from tests.autobahn.tap import Tap

ProxyName = Literal["none", "relay", "stock", "wsinspect"]
PROXY_NAMES: Final[tuple[ProxyName, ...]] = get_args(ProxyName)

START_S: Final = 30.0
"""How long a proxy may take until it listens."""

STOP_S: Final = 15.0
"""How long it may take to end after SIGTERM."""

LISTENING: Final = re.compile(rb"wsinspect: listening on \S*:(\d+)")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def proxy(
    name: ProxyName, upstream_port: int, directory: Path, more: Sequence[str] = ()
) -> AsyncIterator[int]:
    """Run a proxy in front of ``upstream_port``; yields the port to connect to.

    wsinspect writes ``directory / "frames.jsonl"``, complete once the block has ended; ``more``
    are more arguments for it.
    """
    match name:
        case "none":
            yield upstream_port
        case "relay":
            async with Tap(upstream_port, record=False).running() as relay:
                yield relay.port
        case "stock":
            async with _stock(upstream_port, directory) as port:
                yield port
        case "wsinspect":
            async with _wsinspect(upstream_port, directory, more) as port:
                yield port


@asynccontextmanager
async def _stock(upstream_port: int, directory: Path) -> AsyncIterator[int]:
    port = free_port()
    start = "from mitmproxy.tools.main import mitmdump; mitmdump()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", start, "-q", "--listen-host", "127.0.0.1", "-p", str(port)),
        *("--mode", f"reverse:http://127.0.0.1:{upstream_port}", "--set", f"confdir={directory}"),
    )
    try:
        async with asyncio.timeout(START_S):
            while not await _accepts(port):
                await asyncio.sleep(0.05)
        yield port
    finally:
        await stop(process)


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def _wsinspect(
    upstream_port: int, directory: Path, more: Sequence[str]
) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wsinspect", "run", "--headless", "-p", "0"),
        *("--mode", f"reverse:http://127.0.0.1:{upstream_port}"),
        *("--log", str(directory / "frames.jsonl"), "--record", "frames"),
        *("--socket", str(directory / "dashboard.sock"), "--set", f"confdir={directory}"),
        *more,
        stderr=PIPE,
    )
    assert process.stderr is not None
    said: list[bytes] = []
    try:
        async with asyncio.timeout(START_S):
            while not (said and (found := LISTENING.search(said[-1]))):
                said.append(await process.stderr.readline())
                if not said[-1]:
                    raise RuntimeError(f"wsinspect did not start: {b''.join(said).decode()}")
        pass_on = asyncio.create_task(_pass_on(process.stderr))
        yield int(found[1])
    finally:
        await stop(process)
    await pass_on


async def _pass_on(stream: asyncio.StreamReader) -> None:
    """What the proxy says while it runs belongs into the test's output."""
    while line := await stream.readline():
        sys.stderr.write(line.decode(errors="replace"))


async def stop(process: Process) -> None:
    """End a child by SIGTERM, by SIGKILL if it will not."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
