"""`wsinspect check` against real servers and hops: what it finds, says, and exits with."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve

from tests.e2e.conftest import StartProxy, authority, start_proxy  # noqa: F401 - fixtures
from tests.e2e.test_hops import running_hop
from tests.support.certs import TestAuthority
from tests.support.echo import echo_server
from tests.support.ports import free_port
from tests.support.proxy import ROOT, environment
from tests.support.raw import (
    PING,
    PONG,
    TEXT,
    RawPeer,
    accept_for,
    close_frame,
    frame,
    raw_server,
    switching,
)
from tests.support.tap import parse_frames
from tests.support.upstreams import ConnectServer, SocksServer

PLAIN_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{target}; }} }}
}}
"""


@dataclasses.dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        assert set(found) == {"url", "verdict", "checks"}
        for check in found["checks"]:
            assert set(check) == {"name", "verdict", "evidence", "say"}
            assert check["say"].endswith(".") or check["verdict"] == "bad"
        assert (found["verdict"] == "bad") == any(c["verdict"] == "bad" for c in found["checks"])
        assert self.code == (found["verdict"] == "bad")
        return found

    def check(self, name: str) -> dict[str, Any]:
        (found,) = [check for check in self.report["checks"] if check["name"] == name]
        return dict(found)


async def check(url: str, *args: str, as_json: bool = True) -> Ran:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wsinspect", "check", url, *(["--json"] if as_json else []), *args,
        cwd=ROOT, env=environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    return Ran(process.returncode or 0, out.decode(), err.decode())


async def test_a_good_endpoint() -> None:
    async with echo_server() as port:
        ran = await check(f"ws://127.0.0.1:{port}/chat?token=x")
    assert ran.report["url"] == f"ws://127.0.0.1:{port}/chat?token=x"
    upgrade, ping = ran.check("upgrade"), ran.check("ping")
    assert (upgrade["verdict"], upgrade["evidence"]["status"]) == ("good", 101)
    assert upgrade["evidence"]["extensions"]  # what a browser offers is offered
    assert ping["evidence"]["pongs"] == 5
    assert 0 < ping["evidence"]["median_ms"] <= 100
    assert [c["name"] for c in ran.report["checks"]] == ["upgrade", "ping"]


async def test_for_people_it_fits_a_screen() -> None:
    async with echo_server() as port:
        good = await check(f"ws://127.0.0.1:{port}/?secret=1", as_json=False)
    assert good.code == 0
    assert good.out.splitlines()[-1] == "good"
    assert "✓ upgrade" in good.out
    assert "secret" not in good.out
    assert "\x1b" not in good.out  # not a terminal
    bad = await check(f"ws://127.0.0.1:{free_port()}/", as_json=False)
    assert bad.code == 1
    assert "✗ upgrade" in bad.out
    assert len(bad.out.splitlines()) < 24


@pytest.mark.parametrize(
    ("url", "say"),
    [
        ("", "not a WebSocket URL"),
        ("nonsense", "not a WebSocket URL"),
        ("ftp://host/", "not a WebSocket URL"),
        ("ws://", "no host"),
        ("ws://host:99999/", "not a URL"),
        ("ws://ho st/", "a space"),
        ("ws://host/#part", "fragment"),
        ("ws://u:geheim@host/", "--header"),
    ],
)
async def test_not_a_url(url: str, say: str) -> None:
    ran = await check(url)
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert say in line
    assert "geheim" not in line


async def test_usage() -> None:
    for args in (["--idle", "soon"], ["--herd", "1001"], ["--header", "x"], ["--proxy", "x://h"]):
        assert (await check("ws://127.0.0.1:1/", *args)).code == 2


async def test_nobody_there() -> None:
    ran = await check(f"ws://127.0.0.1:{free_port()}/")
    found = ran.check("upgrade")
    assert found["evidence"]["stage"] == "connect"
    assert "cannot connect" in found["say"]


# --- the handshake ---


def wrong(head: bytes) -> bytes:
    return switching(head).replace(accept_for(head), base64.b64encode(hashlib.sha1(b"x").digest()))


def without(name: str) -> Callable[[bytes], bytes]:
    def answer(head: bytes) -> bytes:
        lines = switching(head).split(b"\r\n")
        return b"\r\n".join(x for x in lines if not x.lower().startswith(name.lower().encode()))

    return answer


def refuse(status: int, *lines: str) -> Callable[[bytes], bytes]:
    more = "".join(f"{line}\r\n" for line in lines)
    text = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{more}\r\nno"
    return lambda _: text.encode()


@pytest.mark.parametrize(
    ("answer", "finding", "says"),
    [
        (wrong, "accept-wrong", "does not match"),
        (without("Sec-WebSocket-Accept"), "accept-missing", "no Sec-WebSocket-Accept"),
        (without("Upgrade"), "response-upgrade-missing", "Upgrade header"),
        (without("Connection"), "response-connection-missing", "Connection header"),
        (
            lambda head: switching(head, f"Sec-WebSocket-Accept: {accept_for(head).decode()}"),
            "accept-repeated",
            "several",
        ),
        (
            lambda head: switching(head, "Sec-WebSocket-Protocol: never-offered"),
            "subprotocol-not-offered",
            "did not offer",
        ),
        (
            lambda head: switching(head, "Sec-WebSocket-Extensions: x-zip"),
            "extension-not-offered",
            "did not offer",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_101_that_is_wrong(
    answer: Callable[[bytes], bytes], finding: str, says: str
) -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(answer(await peer.read_head()))
        await peer.read_to_end()

    async with raw_server(handler) as port:
        ran = await check(f"ws://127.0.0.1:{port}/")
    found = ran.check("upgrade")
    assert found["verdict"] == "bad"
    assert finding in found["evidence"]["findings"]
    assert says in found["say"]
    named = found["evidence"]["missing"] + found["evidence"]["wrong"]
    assert named, "no header is named"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refuse(200), "upgrade-lost"),
        (refuse(400), "upgrade-lost"),
        (refuse(426, "Upgrade: websocket"), "upgrade-lost"),
        (refuse(426, "Sec-WebSocket-Version: 7, 8"), "version"),
        (refuse(426, "Sec-WebSocket-Version: 13"), "upgrade-lost"),
        (refuse(505), "upgrade-lost"),
        (refuse(401), "credentials"),
        (refuse(403), "credentials"),
        (refuse(302, "Location: wss://other/"), "redirect"),
        (refuse(404), "not-found"),
        (refuse(503), "unavailable"),
        (refuse(418), "status"),
    ],
)
async def test_another_status(answer: Callable[[bytes], bytes], kind: str) -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(answer(await peer.read_head()))

    async with raw_server(handler) as port:
        ran = await check(f"ws://127.0.0.1:{port}/")
    found = ran.check("upgrade")
    assert (found["verdict"], found["evidence"]["kind"]) == ("bad", kind)
    assert str(found["evidence"]["status"]) in found["say"]


async def test_a_redirect_is_said_without_its_secrets() -> None:
    async def handler(peer: RawPeer) -> None:
        place = "Location: wss://u:geheim@other/path?token=geheim"
        await peer.send(refuse(302, place)(await peer.read_head()))

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/")).check("upgrade")
    assert "wss://other/path" in found["say"]
    assert found["evidence"]["headers"]["Location"] == "wss://other/path"
    assert "geheim" not in str(found)


@pytest.mark.parametrize("junk", [b"", b"HTTP/1.1 2", b"SSH-2.0-x\r\n\r\n", b"\x00" * 99])
async def test_what_is_no_http(junk: bytes) -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.read_head()
        await peer.send(junk)

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/")).check("upgrade")
    assert (found["verdict"], found["evidence"]["stage"]) == ("bad", "answer")


@pytest.mark.ci_tool("nginx")
@pytest.mark.parametrize("server", ["websockets", "aiohttp"])
async def test_nginx_without_the_upgrade_headers(tmp_path: Path, server: str) -> None:
    """The hop that everybody forgets to configure, before two servers that say it differently."""
    async with echo_server() as port:
        runner = None
        if server == "aiohttp":
            app = web.Application()

            async def ws(request: web.Request) -> web.StreamResponse:
                response = web.WebSocketResponse()
                await response.prepare(request)
                return response

            app.router.add_get("/", ws)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
        try:
            with running_hop("nginx", tmp_path, port, template=PLAIN_NGINX) as hop:
                found = (await check(f"ws://127.0.0.1:{hop}/")).check("upgrade")
        finally:
            if runner is not None:
                await runner.cleanup()
    assert (found["verdict"], found["evidence"]["kind"]) == ("bad", "upgrade-lost")
    assert found["evidence"]["status"] in (400, 426, 505)
    assert "proxy_set_header Upgrade" in found["say"]


# --- pings ---


async def slow_pongs(connection: ServerConnection) -> None:
    await connection.wait_closed()


@pytest.mark.parametrize(("delay_s", "verdict"), [(0.0, "good"), (0.15, "bad")])
async def test_pongs_against_the_limit(delay_s: float, verdict: str) -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        seen = 0
        while True:
            data = await peer.reader.read(65536)
            if not data:
                return
            peer.received += data
            frames = parse_frames(bytes(peer.received))[0]
            for one in frames[seen:]:
                await asyncio.sleep(delay_s)
                if one.opcode == "ping":
                    # beside the pong: data, and a ping of its own
                    await peer.send(frame(TEXT, b"beside") + frame(PING, b"yours"))
                    await peer.send(frame(PONG, one.payload))
            seen = len(frames)

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/")).check("ping")
    assert found["verdict"] == verdict
    assert found["evidence"]["pongs"] == 5
    assert (found["evidence"]["median_ms"] > 100) == (verdict == "bad")
    assert found["evidence"]["median_ms"] >= delay_s * 1e3


async def test_an_end_instead_of_a_pong() -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        await peer.receive(2)
        await peer.send(close_frame(1002, "no pings"))

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/")).check("ping")
    assert found["verdict"] == "bad"
    assert "Close 1002" in found["say"]


async def test_no_pong_at_all() -> None:
    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        await peer.read_to_end()

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/")).check("ping")
    assert (found["verdict"], found["evidence"]["pongs"]) == ("bad", 0)
    assert "No pong within 5 s" in found["say"]


# --- idle ---


@pytest.mark.ci_tool("nginx")
async def test_nginx_cuts_an_idle_connection(tmp_path: Path) -> None:
    async with serve(slow_pongs, "127.0.0.1", 0, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        with running_hop("nginx", tmp_path, port, timeout_s=3) as hop:
            found = (await check(f"ws://127.0.0.1:{hop}/", "--idle", "10s")).check("idle")
    assert found["verdict"] == "bad"
    assert 2.5 <= found["evidence"]["idle_s"] <= 4
    assert found["evidence"]["how"] == "fin"
    assert found["evidence"]["candidates"] == []  # 3 s is nobody's default
    assert "FIN without a Close frame" in found["say"]


async def test_a_cut_at_a_known_limit_names_who_it_may_be() -> None:
    """The clock is the check's own: 60 s of silence are over at once."""
    from wsinspect.check import liveness
    from wsinspect.check.wire import End, Wire

    reader = asyncio.StreamReader()
    wire = Wire(reader, _NoWriter())  # type: ignore[arg-type]
    now = [1000.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    async def step() -> None:
        now[0] += 60.2
        wire.end = End("fin")

    wire.step = step  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(liveness, "time", Clock)
        found = await liveness.hold_idle(wire, 75, 999.0, 1)
    hops = {one["hop"] for one in found.evidence["candidates"]}
    assert any("nginx" in hop for hop in hops)
    assert any("ALB" in hop for hop in hops)
    assert "48 s" in found.say  # 0.8 of the limit


class _NoWriter:
    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool:
        return False


async def test_an_idle_connection_that_holds() -> None:
    async with echo_server() as port:
        found = (await check(f"ws://127.0.0.1:{port}/", "--idle", "1.5")).check("idle")
    assert found["verdict"] == "good"
    assert found["evidence"]["held_s"] >= 1.4


async def test_a_server_that_pings_keeps_it_alive() -> None:
    async with serve(slow_pongs, "127.0.0.1", 0, ping_interval=0.3) as server:
        port = server.sockets[0].getsockname()[1]
        found = (await check(f"ws://127.0.0.1:{port}/", "--idle", "1.5")).check("idle")
    assert found["verdict"] == "good"
    assert found["evidence"]["pings_from_server"] >= 3
    assert found["evidence"]["longest_quiet_s"] < 1


async def test_a_connection_that_was_forgotten_silently() -> None:
    """A hop that dropped its state and tells nobody."""

    async def handler(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        pongs = 0
        while True:
            data = await peer.reader.read(65536)
            if not data:
                return
            peer.received += data
            pings = [f for f in parse_frames(bytes(peer.received))[0] if f.opcode == "ping"]
            for one in pings[pongs:5]:
                await peer.send(frame(PONG, one.payload))
            pongs = len(pings)

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/", "--idle", "0.5")).check("idle")
    assert (found["verdict"], found["evidence"]["how"]) == ("bad", "silent")


# --- health checks, herds ---


async def with_healthz(status: int, body: Callable[[str], Awaitable[Ran]]) -> Ran:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        return await body(f"http://127.0.0.1:{runner.addresses[0][1]}/healthz")
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "works", "verdict", "agree"),
    [(200, True, "good", True), (200, False, "bad", False), (503, True, "bad", False),
     (503, False, "bad", True)],
)  # fmt: skip
async def test_a_health_check_that_disagrees(
    status: int, works: bool, verdict: str, agree: bool
) -> None:
    async with echo_server() as port:
        target = port if works else free_port()
        ran = await with_healthz(
            status, lambda url: check(f"ws://127.0.0.1:{target}/", "--healthz", url)
        )
    found = ran.check("healthz")
    assert (found["verdict"], found["evidence"]["agree"]) == (verdict, agree)
    assert ("disagree" in found["say"]) == (not agree)


async def test_a_herd() -> None:
    async with echo_server() as port:
        found = (await check(f"ws://localhost:{port}/", "--herd", "50")).check("herd")
    assert (found["verdict"], found["evidence"]["opened"]) == ("good", 50)
    assert found["evidence"]["handshake_ms"]["p50"] > 0


async def test_a_herd_that_does_not_all_get_in() -> None:
    seen = 0

    async def handler(peer: RawPeer) -> None:
        nonlocal seen
        head = await peer.read_head()
        seen += 1
        await peer.send(switching(head) if seen <= 11 else refuse(503)(head))
        if seen <= 11:
            await answer_pings(peer)

    async with raw_server(handler) as port:
        found = (await check(f"ws://127.0.0.1:{port}/", "--herd", "30")).check("herd")
    assert found["verdict"] == "bad"
    assert found["evidence"]["opened"] == 10
    assert found["evidence"]["failures"] == {"status 503": 20}


async def answer_pings(peer: RawPeer) -> None:
    seen = 0
    while data := await peer.reader.read(65536):
        peer.received += data
        frames = parse_frames(bytes(peer.received))[0]
        for one in frames[seen:]:
            if one.opcode == "ping":
                await peer.send(frame(PONG, one.payload))
        seen = len(frames)


async def test_a_herd_goes_to_ones_own_only() -> None:
    ran = await check("ws://192.0.2.1/", "--herd", "10")
    assert ran.code == 2
    assert "--yes-it-is-mine" in ran.err


# --- TLS, and by way of proxies ---


async def test_wss(authority: TestAuthority) -> None:  # noqa: F811 - the fixture
    async with echo_server(authority.server_context()) as port:
        url = f"wss://localhost:{port}/"
        refused = (await check(url)).check("upgrade")
        assert (refused["verdict"], refused["evidence"]["stage"]) == ("bad", "tls")
        assert "not trusted" in refused["say"]
        assert (await check(url, "--ca", str(authority.ca_file))).code == 0
        assert (await check(url, "--insecure")).code == 0


async def test_through_our_own_proxy_no_header_changes(
    start_proxy: StartProxy,  # noqa: F811 - the fixture
) -> None:
    proxy = start_proxy()
    async with echo_server() as port:
        ran = await check(
            f"ws://127.0.0.1:{port}/", "--proxy", proxy.url, "--header", "x-ODD:  a  b ",
            "--subprotocol", "chat, superchat",
        )  # fmt: skip
    found = ran.check("upgrade")
    changes = found["evidence"]["through_proxy"]
    assert changes["request"] == {key: [] for key in changes["request"]}
    assert changes["response"] == {key: [] for key in changes["response"]}
    assert "changed no header" in found["say"]


async def test_wss_through_our_own_proxy(
    start_proxy: StartProxy,  # noqa: F811 - the fixture
    authority: TestAuthority,  # noqa: F811 - the fixture
) -> None:
    proxy = start_proxy("--set", f"ssl_verify_upstream_trusted_ca={authority.ca_file}")
    async with echo_server(authority.server_context()) as port:
        ca = proxy.confdir / "mitmproxy-ca-cert.pem"
        ran = await check(
            f"wss://localhost:{port}/", "--proxy", proxy.url, "--ca", str(ca), "--idle", "0.2"
        )
    assert ran.report["verdict"] == "good"
    assert ran.check("upgrade")["evidence"]["tls_ms"] > 0


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_through_other_proxies(kind: str) -> None:
    async with (
        (ConnectServer if kind == "http" else SocksServer)({"me": "pw"}) as upstream,
        echo_server() as port,
    ):
        url = f"ws://127.0.0.1:{port}/"
        ran = await check(url, "--proxy", f"{kind}://me:pw@127.0.0.1:{upstream.port}")
        assert ran.report["verdict"] == "good"
        assert upstream.logins["me"] == 2
        bad = await check(url, "--proxy", f"{kind}://me:geheim@127.0.0.1:{upstream.port}")
        assert "refused our user name" in bad.check("upgrade")["say"]
        assert "geheim" not in bad.out + bad.err


async def test_a_proxy_that_changes_headers_is_told_of() -> None:
    from wsinspect.check.headers import differences

    sent = [(b"Host", b"a"), (b"Upgrade", b"websocket"), (b"X-A", b"1"), (b"X-B", b"2")]
    came = [(b"host", b"a"), (b"X-B", b"2"), (b"X-A", b"3"), (b"Via", b"1.1 x")]
    assert differences(sent, came) == {
        "added": ["Via"],
        "removed": ["Upgrade"],
        "changed": ["X-A"],
        "renamed": ["Host"],
        "moved": ["X-A", "X-B"],
    }
