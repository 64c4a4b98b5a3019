"""Running proxies with scripts, shared by the tests of a module."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.logcheck import log_problems
from tests.support.proxy import ProxyProcess

SCRIPTS = Path(__file__).parent / "scripts"
SPY = ("-s", str(SCRIPTS / "spy.py"))


@contextlib.contextmanager
def running(folder: Path, *args: str, **options: Any) -> Iterator[ProxyProcess]:
    """A proxy that the spy is in. Once it has ended, its log must hold together."""
    with ProxyProcess(folder, *SPY, *args, **options) as process:
        yield process
    if process.log_path.exists():
        assert log_problems(process.log(), frames=options.get("record", "frames") == "frames") == []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ProxyProcess]]:
    with contextlib.ExitStack() as stack:
        count = iter(range(100))

        def start(*args: str, **options: Any) -> ProxyProcess:
            return stack.enter_context(running(tmp_path / f"proxy{next(count)}", *args, **options))

        yield start


async def spy(proxy: ProxyProcess) -> dict[str, Any]:
    """The proxy's own state, see ``scripts/spy.py``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"GET http://spy/ HTTP/1.1\r\nHost: spy\r\n\r\n")
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    state: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return state


async def spy_until(
    proxy: ProxyProcess, found: Callable[[dict[str, Any]], object], timeout_s: float = 10
) -> dict[str, Any]:
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        state = await spy(proxy)
        if found(state):
            return state
        assert asyncio.get_running_loop().time() < deadline, state
        await asyncio.sleep(0.05)
