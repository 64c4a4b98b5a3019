"""Runs Autobahn's cases (by kosoku) over one path and notes what was seen, case by case.

Owns: the chain fuzzer - outer tap - proxy - inner tap - endpoint, in both roles.
Must not know: what counts as a difference (``compare``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import kosoku
from kosoku._kosoku import CaseResult
from wsproto import ConnectionType

from tests.autobahn.proxies import ProxyName, proxy
from tests.autobahn.reference import EchoEndpoint, echo_client, echo_server
from tests.autobahn.tap import Tap, TappedConnection, TappedStream

Role = Literal["fuzzingclient", "fuzzingserver"]
"""Which end Autobahn plays; the endpoint under test plays the other."""

EchoServer = Callable[[], AbstractAsyncContextManager[int]]
"""Starts a server under test; its context yields the port."""

CORE: Final = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
"""The 247 cases of the protocol itself."""

PERFORMANCE: Final = ("9.*",)
COMPRESSION: Final = ("12.*", "13.*")

SETTLE_S: Final = 15.0
"""How long the taps may take to see a connection's end after the fuzzer is through with it."""

CASE_S: Final = 120.0
"""How long a case may take; Autobahn's own limits are below."""

VERDICT_FIELDS: Final = (
    "behavior",
    "behavior_close",
    "remote_close_code",
    "remote_close_reason",
    "local_close_code",
    "local_close_reason",
    "was_clean",
    "was_not_clean_reason",
    "closed_by_me",
    "failed_by_me",
    "dropped_by_me",
    "was_close_handshake_timeout",
    "was_open_handshake_timeout",
    "was_server_connection_drop_timeout",
    "result",
    "result_close",
    "received",
    "rx_frame_stats",
)
"""What a fuzzer reports, without times, ports and sizes of reads."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One case over one path."""

    role: Role
    case_id: str
    verdict: dict[str, object]
    """Autobahn's report; empty if the case could not be run to a report."""
    outer: TappedConnection | None
    """Between the client and the proxy; ``None`` if no connection was made."""
    inner: TappedConnection | None
    """Between the proxy and the server."""

    @property
    def behavior(self) -> str:
        """``OK``, ``FAILED`` and so on; empty if there was no report."""
        return str(self.verdict.get("behavior", ""))

    def under_test(self) -> TappedStream | None:
        """What the fuzzer sent, as it arrived at the endpoint under test."""
        if self.role == "fuzzingclient":
            return self.inner.to_server if self.inner else None
        return self.outer.to_client if self.outer else None


class Course:
    """A proxy between two taps; runs cases one after the other."""

    def __init__(self, role: Role, entry: Tap, inner: Tap) -> None:
        self._role = role
        self._entry = entry
        self._inner = inner

    async def run(self, case_id: str) -> Observation:
        """Run one case."""
        self._entry.connections.clear()
        self._inner.connections.clear()
        target = "/"
        result: CaseResult | None = None
        try:
            async with asyncio.timeout(CASE_S):
                if self._role == "fuzzingclient":
                    result = await _fuzzing_client(self._entry.port, case_id)
                else:
                    target = "/runCase"
                    result = await self._fuzzing_server(case_id)
        except TimeoutError:
            pass
        return Observation(
            role=self._role,
            case_id=case_id,
            verdict=_verdict(result) if result else {},
            outer=await _settled(self._entry, target),
            inner=await _settled(self._inner, target),
        )

    async def _fuzzing_server(self, case_id: str) -> CaseResult:
        async with kosoku.run_fuzzingserver([case_id], port=0) as server:
            self._inner.upstream_port = server.port
            await echo_client(self._entry.port, "/runCase?case=1&agent=reference")
            await _settled(self._inner, "/runCase")
            await echo_client(server.port, "/updateReports?agent=reference")
            results = await _results(server.get_result())
        return results[0]


async def _fuzzing_client(port: int, case_id: str) -> CaseResult:
    return (await _results(kosoku.run_fuzzingclient(f"ws://127.0.0.1:{port}/", [case_id])))[0]


async def _results(run: Awaitable[list[CaseResult]]) -> list[CaseResult]:
    """A run's results whether all cases passed or not."""
    try:
        return await run
    except kosoku.FailureError as failure:
        results: list[CaseResult] = failure.results
        return results


async def _settled(tap: Tap, target: str) -> TappedConnection | None:
    """The connection that asked for ``target``, once it has ended."""
    for connection in tap.connections:
        if connection.target.startswith(target):
            try:
                async with asyncio.timeout(SETTLE_S):
                    await connection.done.wait()
            except TimeoutError:
                pass  # its ends stay "open", which differs from any real end
            return connection
    return None


def _verdict(result: CaseResult) -> dict[str, object]:
    values = ((name, getattr(result, name)) for name in VERDICT_FIELDS)
    return {name: getattr(value, "value", value) for name, value in values}


@asynccontextmanager
async def course(
    role: Role,
    name: ProxyName,
    directory: Path,
    server: EchoServer = echo_server,
    more: Sequence[str] = (),
) -> AsyncIterator[Course]:
    """Build the chain around a proxy, and take it down again.

    ``server`` is the server under test; with ``fuzzingserver`` it is not used. ``more`` are more
    arguments for wsinspect.
    """
    async with (
        server() as port,
        Tap(port).running() as inner,
        proxy(name, inner.port, directory, more) as entry_port,
        Tap(entry_port).running() as entry,
    ):
        yield Course(role, entry, inner)


async def case_ids(patterns: Sequence[str]) -> list[str]:
    """The ids of the cases that match, in Autobahn's order.

    kosoku has no listing: each case is started and left at once, and the report names it.
    """
    async with kosoku.run_fuzzingserver(list(patterns), port=0) as server:
        count = int((await echo_client(server.port, "/getCaseCount"))[0])
        for index in range(1, count + 1):
            await _leave_at_once(server.port, f"/runCase?case={index}&agent=listing")
        await echo_client(server.port, "/updateReports?agent=listing")
        results = await _results(server.get_result())
    return [result.case_id for result in sorted(results, key=lambda result: result.case_index)]


async def _leave_at_once(port: int, target: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(EchoEndpoint(ConnectionType.CLIENT, host="127.0.0.1", target=target).open())
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
