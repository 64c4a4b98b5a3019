"""`wsinspect check` where the other side, or the command line, means no good."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable

import pytest
from aiohttp import web

from tests.check.test_check import answer_pings, check, refuse
from tests.e2e.conftest import authority  # noqa: F401 - the fixture
from tests.support.certs import TestAuthority
from tests.support.echo import echo_server
from tests.support.ports import free_port
from tests.support.proxy import ROOT, environment
from tests.support.raw import PONG, TEXT, RawPeer, close_frame, frame, raw_server, switching
from tests.support.tap import parse_frames
from wsinspect.check.model import NotAUrl, parse_target
from wsinspect.check.wire import Wire

LONG = 64 * "a"


# --- what is asked ---


@pytest.mark.parametrize("url", [f"ws://{LONG}.example/", "ws://a..b/", "ws://host:0/"])
async def test_a_host_that_cannot_be(url: str) -> None:
    ran = await check(url, "--herd", "2")
    assert (ran.code, ran.out) == (2, "")
    assert "not a URL" in ran.err


@pytest.mark.parametrize("url", ["ws://[::1]:8/", "ws://1.2.3.4/", "ws://a_b.example./"])
def test_a_host_that_can_be(url: str) -> None:
    assert parse_target(url).url == url


def test_a_mistaken_scheme_tells_no_password() -> None:
    with pytest.raises(NotAUrl) as caught:
        parse_target("wws://me:geheim@host/?token=geheim")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "args",
    [
        ("--header", "A b: geheim"),
        ("--subprotocol", "geheim\r\nX: y"),
        ("--proxy", f"http://me:geheim@{LONG}:1"),
        ("--proxy", "socks5://me:geheim@host:0"),
    ],
)
async def test_what_cannot_be_sent(args: tuple[str, str]) -> None:
    ran = await check("ws://127.0.0.1:1/", *args)
    assert (ran.code, ran.out) == (2, "")
    assert "geheim" not in ran.err


async def test_a_health_check_that_cannot_be_asked() -> None:
    for url in (f"http://me:geheim@{LONG}/", "http://me:geheim@a..b/", "http://["):
        ran = await check(f"ws://127.0.0.1:{free_port()}/", "--healthz", url)
        assert ran.check("healthz")["verdict"] == "bad"
        assert "geheim" not in ran.out


async def test_a_health_check_has_the_same_trust(
    authority: TestAuthority,  # noqa: F811 - the fixture
) -> None:
    """Beside a plain ws:// endpoint, too."""

    async def healthy(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/", healthy)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server_context())
    await site.start()
    try:
        url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
        async with echo_server() as port:
            ran = await check(f"ws://127.0.0.1:{port}/", "--healthz", url, "--insecure")
    finally:
        await runner.cleanup()
    assert ran.check("healthz")["verdict"] == "good"


async def test_nobody_there_in_the_system_s_words() -> None:
    for host in ("127.0.0.1", "localhost"):
        ran = await check(f"ws://{host}:{free_port()}/")
        assert ran.check("upgrade")["say"].endswith(": connection refused")


@pytest.mark.parametrize("args", [(), ("--json",)])
async def test_an_output_that_is_no_utf_8(args: tuple[str, ...]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wsinspect", "check", f"ws://127.0.0.1:{free_port()}/", *args,
        cwd=ROOT, env=environment() | {"PYTHONIOENCODING": "ascii"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, err) == (1, b"")
    assert b"connection refused" in out


# --- what is answered ---


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda _: "HTTP/1.1 403 X\r\nContent-Length: ²\r\n\r\n".encode(), 403),
        (refuse(302, "Location: http://x/\x1b]0;mine\x07\x1b[31m\x9b31m"), 302),
        (lambda head: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + refuse(418)(head), 418),
        (lambda _: b"HTTP/1.1 103 X\r\n\r\n" * 1000, 103),
    ],
    ids=["length", "escapes", "interim", "interim only"],
)
async def test_an_odd_refusal(answer: Callable[[bytes], bytes], status: int) -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(answer(await peer.read_head()))

    async with raw_server(handler) as port:
        url = f"ws://127.0.0.1:{port}/"
        ran, said = await check(url), await check(url, as_json=False)
    assert ran.check("upgrade")["evidence"]["status"] == status
    assert said.code == 1
    assert all(char.isprintable() or char == "\n" for char in said.out + ran.out)


async def test_a_server_that_breaks_the_protocol() -> None:
    """Every client ends a connection whose server masks its frames."""

    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        seen = 0
        while data := await peer.reader.read(65536):
            peer.received += data
            frames = parse_frames(bytes(peer.received))[0]
            for one in frames[seen:]:
                if one.opcode == "ping":
                    await peer.send(frame(PONG, one.payload, mask=b"\1\2\3\4"))
            seen = len(frames)

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/")).check("ping")
    assert (found["verdict"], found["evidence"]["pongs"]) == ("bad", 5)
    assert "masked" in found["say"]


async def test_pongs_that_nobody_asked_for_are_not_kept() -> None:
    async def handler(peer: RawPeer) -> None:
        for number in range(2000):
            await peer.send(frame(PONG, b"%d" % number))
        await peer.send(frame(3, b"", mask=b"\1\2\3\4") * 2000)
        peer.writer.close()

    async with raw_server(handler) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        wire = Wire(reader, writer)
        while wire.end is None:
            await wire.step()
        writer.close()
    kept = sum(len(value) for value in vars(wire).values() if isinstance(value, dict | list | set))
    assert kept <= 4


# --- what ended it ---


async def test_an_end_under_traffic_is_not_blamed_on_silence() -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        pongs = asyncio.create_task(answer_pings(peer))
        for _ in range(4):
            await asyncio.sleep(0.5)
            await peer.send(frame(TEXT, b"tick"))
        await asyncio.sleep(0.1)
        pongs.cancel()

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/", "--idle", "5")).check("idle")
    assert found["verdict"] == "bad"
    assert found["evidence"]["idle_s"] < 0.3
    assert "not for silence" in found["say"]
    assert "Ping at least every" not in found["say"]


async def test_silence_before_a_close_frame_is_that_before_it() -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        pongs = asyncio.create_task(answer_pings(peer))
        await asyncio.sleep(2.0)
        await peer.send(frame(TEXT, b"tick"))
        await asyncio.sleep(0.4)
        await peer.send(close_frame(1001))
        await asyncio.sleep(0.1)
        pongs.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pongs

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/", "--idle", "5")).check("idle")
    assert found["evidence"]["code"] == 1001
    assert 0.3 < found["evidence"]["idle_s"] < 0.8
