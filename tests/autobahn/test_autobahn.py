"""Autobahn through wsinspect must be Autobahn without it: 0 differences, case by case.

A good verdict proves little (a strict endpoint in the middle earns it too), so the direct run is
the measure. It is held to a full score first: the comparison cannot pass empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve

from tests.autobahn.compare import Comparison, compare, tally
from tests.autobahn.logcheck import log_differences
from tests.autobahn.proxies import ProxyName
from tests.autobahn.reference import echo_server
from tests.autobahn.run import CORE, PERFORMANCE, EchoServer, Role, case_ids, course

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings(  # the case files leave their test data open
        "ignore:unclosed file .*autobahntestsuite:ResourceWarning"
    ),
]

COMPRESSION_SUBSET: Final = [
    *(f"12.{group}.1" for group in range(1, 6)),
    *(f"13.{group}.1" for group in range(1, 8)),
    *("12.1.11", "12.5.11", "13.3.11", "13.7.11"),
]
"""Each kind of payload and each set of parameters once, and some with messages in fragments.

All 216 cases take an hour: ``python -m tests.autobahn --cases compression``.
"""

MOST_RETRIED: Final = 3
"""Cases of a set that may differ by chance once; more is a race in the proxy."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A comparison, and where the log of the same run differs from the taps."""

    comparison: Comparison
    log: list[str]


def outcome(
    role: Role,
    proxy: ProxyName,
    patterns: Sequence[str],
    directory: Path,
    server: EchoServer = echo_server,
    more: Sequence[str] = (),
    *,
    overtaking: bool = False,
) -> Outcome:
    """Run the cases over both paths, and the proxy down again."""

    async def run() -> Comparison:
        ids = await case_ids(patterns)
        async with (
            course(role, "none", directory, server) as direct,
            course(role, proxy, directory, server, more) as proxied,
        ):
            return await compare(direct, proxied, ids, overtaking=overtaking)

    comparison = asyncio.run(run())
    log = []
    if proxy == "wsinspect":
        log = log_differences(directory / "frames.jsonl", comparison.proxied, overtaking=overtaking)
    return Outcome(comparison, log)


@pytest.fixture(scope="module", params=get_args(Role))
def core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(request.param, "wsinspect", CORE, tmp_path_factory.mktemp("core"))


def test_reference_scores_fully_without_a_proxy(core: Outcome) -> None:
    assert tally(core.comparison.direct) == "3 INFORMATIONAL, 244 OK"


def test_core_view_is_the_same(core: Outcome) -> None:
    assert core.comparison.of("view") == []


def test_core_frames_that_arrive_are_the_same(core: Outcome) -> None:
    assert core.comparison.of("frames") == []


def test_core_ends_are_the_same(core: Outcome) -> None:
    assert core.comparison.of("ends") == []


def test_core_what_is_sent_is_what_arrives(core: Outcome) -> None:
    assert core.comparison.of("relay") == []


def test_core_log_is_what_the_taps_saw(core: Outcome) -> None:
    assert core.log == []


def test_core_hardly_ever_needs_a_second_run(core: Outcome) -> None:
    assert len(core.comparison.retried) <= MOST_RETRIED, core.comparison.retried


def blocking_rules(directory: Path) -> Path:
    """A hundred that hold every message and find nothing in any."""
    finds = [
        *(f"{{detector: {name}}}" for name in ("credit-card", "iban", "us-ssn", "github-token")),
        "{pack: secrets}",
        *(f'{{regex: "no-such-{n}-[0-9a-f]{{16}}"}}' for n in range(50)),
        *(f"{{words: [unheardof{n}]}}" for n in range(40)),
        *(f'{{json: "$.no.such.leaf{n}"}}' for n in range(5)),
    ]
    acts = ("block", "mask", "{close: {code: 4000}}", "redact")
    rules = "".join(
        f"  - {{id: r{n}, find: {find}, do: {acts[n % 4]}}}\n" for n, find in enumerate(finds)
    )
    path = directory / "rules.yaml"
    path.write_text(f"version: 1\nrules:\n{rules}")
    return path


@pytest.mark.parametrize("role", get_args(Role))
def test_core_with_a_hundred_rules_that_could_block(role: Role, tmp_path: Path) -> None:
    """Messages are held for their verdict, and nobody can tell: but a ping between two fragments
    (5.6, 5.7, 5.8, 5.19, 5.20) does not wait for the verdict on the message round it, so data and
    control frames are in order each for themselves.
    """
    rules = ("--rules", str(blocking_rules(tmp_path)))
    result = outcome(role, "wsinspect", CORE, tmp_path, more=rules, overtaking=True)
    comparison = result.comparison
    assert tally(comparison.direct) == "3 INFORMATIONAL, 244 OK"
    assert comparison.differences == ()
    assert result.log == []
    assert len(comparison.retried) <= MOST_RETRIED, comparison.retried


@pytest.mark.parametrize("role", get_args(Role))
def test_performance_cases(role: Role, tmp_path: Path) -> None:
    result = outcome(role, "wsinspect", PERFORMANCE, tmp_path)
    assert tally(result.comparison.direct) == "54 OK"
    assert tally(result.comparison.proxied) == "54 OK"
    assert result.comparison.differences == ()
    assert result.log == []


@pytest.mark.parametrize("role", get_args(Role))
def test_compression_cases(role: Role, tmp_path: Path) -> None:
    result = outcome(role, "wsinspect", COMPRESSION_SUBSET, tmp_path)
    assert tally(result.comparison.direct) == f"{len(COMPRESSION_SUBSET)} OK"
    assert result.comparison.differences == ()
    assert result.log == []


@asynccontextmanager
async def websockets_server() -> AsyncIterator[int]:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def aiohttp_server() -> AsyncIterator[int]:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        async for message in response:
            if message.type is web.WSMsgType.TEXT:
                await response.send_str(message.data)
            elif message.type is web.WSMsgType.BINARY:
                await response.send_bytes(message.data)
        return response

    application = web.Application()
    application.router.add_get("/", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("server", "case_id"),
    [
        pytest.param(websockets_server, "7.1.5", id="websockets-7.1.5"),
        pytest.param(aiohttp_server, "7.9.5", id="aiohttp-7.9.5"),
    ],
)
def test_a_true_failure_of_a_library_stays_one(
    server: EchoServer, case_id: str, tmp_path: Path
) -> None:
    """A proxy that answers in the server's place would turn these into OK."""
    result = outcome("fuzzingclient", "wsinspect", [case_id], tmp_path, server)
    assert tally(result.comparison.direct) == "1 FAILED"
    assert result.comparison.differences == ()


ALTERED_BY_STOCK: Final = ["2.5", "3.2", "5.19", "6.3.1", "7.5.1", "7.9.2"]
"""An oversize ping, RSV bits, pings between fragments, bad UTF-8, bad close payloads."""


def test_the_comparison_sees_what_stock_mitmproxy_alters(tmp_path: Path) -> None:
    comparison = outcome("fuzzingclient", "stock", ALTERED_BY_STOCK, tmp_path).comparison
    assert [case.split(" ", 1)[0] for case in comparison.of("frames")] == ALTERED_BY_STOCK
    assert len(comparison.of("relay")) == len(ALTERED_BY_STOCK)
    assert comparison.of("view")


def test_the_comparison_does_not_blame_a_plain_relay(tmp_path: Path) -> None:
    comparison = outcome("fuzzingclient", "relay", ALTERED_BY_STOCK, tmp_path).comparison
    assert comparison.differences == ()
