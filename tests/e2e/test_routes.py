"""The way on by the configuration's routes: SOCKS5, HTTP proxies, headers, forty feeds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections import Counter
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.e2e.conftest import StartProxy
from tests.proxy.conftest import SPY, spy
from tests.support.certs import TestAuthority
from tests.support.echo import assert_recorded, echo_server, talk
from tests.support.ports import free_port
from tests.support.proxy import MITMDUMP, ProxyProcess
from tests.support.raw import RawPeer, dial, header, raw_server, switching, upgrade_request
from tests.support.tap import Tap
from tests.support.upstreams import ConnectServer, SocksServer

PASSWORD = "hush-Zeppelin-9"
FEEDS = 40


def config(folder: Path, routes: str, run: str = "") -> tuple[str, str]:
    path = folder / "wsinspect.yaml"
    path.write_text(f"{run}\nroutes:\n{routes}")
    return "--config", str(path)


def assert_no_password(proxy: ProxyProcess) -> None:
    log = proxy.log_path.read_text() if proxy.log_path.exists() else ""
    assert PASSWORD not in proxy.output + log


async def refused_connect(proxy: ProxyProcess, port: int) -> str:
    """The answer's body to a CONNECT that must end in 502."""
    client = await dial(None, proxy.port)
    host = f"127.0.0.1:{port}"
    await client.send(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = await client.read_head()
    assert head.startswith(b"HTTP/1.1 502"), head
    async with asyncio.timeout(10):
        body = await client.reader.readexactly(int(header(head, b"Content-Length")))
    await client.close()
    return body.decode()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_through_socks5_with_a_password(
    start_proxy: StartProxy, authority: TestAuthority, tmp_path: Path, scheme: str
) -> None:
    """The target's TLS is inside; every frame is as without; one authentication."""
    tls = scheme == "wss"
    serving = authority.server_context() if tls else None
    onward = authority.client_context() if tls else None
    async with (
        SocksServer({"feed": PASSWORD}) as socks,
        echo_server(serving) as port,
        Tap(port, server_ssl=serving, client_ssl=onward) as tap,
    ):
        proxy = start_proxy(
            *config(tmp_path, f"- via: socks5h://feed:{PASSWORD}@127.0.0.1:{socks.port}"),
            "--set", f"ssl_verify_upstream_trusted_ca={authority.ca_file}",
        )  # fmt: skip
        trust = None
        if tls:
            trust = ssl.create_default_context(cafile=str(proxy.confdir / "mitmproxy-ca-cert.pem"))
        url = f"{scheme}://127.0.0.1:{tap.port}/socks"
        async with connect(url, proxy=proxy.url, ssl=trust) as client:
            await talk(client)
        await assert_recorded(proxy, tap, "/socks", tls=tls)
        assert socks.asked == [("feed", ("127.0.0.1", tap.port))]
        assert socks.logins == {"feed": 1}
        opened = await proxy.opened("/socks")
        assert opened["open"]["upstream"] == f"127.0.0.1:{tap.port}"
    assert_no_password(proxy)


async def test_the_express_lane_goes_through_socks_too(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    async with SocksServer() as socks, echo_server() as port:
        proxy = start_proxy(*config(tmp_path, f"- via: socks5://127.0.0.1:{socks.port}"), *SPY)
        async with connect(f"ws://127.0.0.1:{port}/lane", proxy=proxy.url) as client:
            for _ in range(3):
                await client.send("x")
                await client.recv()
            state = (await spy(proxy))["layers"]["/lane"]
            assert state["client"]["in_lane"]
            assert state["server"]["in_lane"]
    assert len(socks.asked) == 1


@pytest.mark.parametrize(
    ("kind", "host", "seen"),
    [
        ("socks5h", "feeds.example", "feeds.example"),  # resolved by the proxy
        ("socks5h", "[::1]", "::1"),
        ("socks5", "localhost", ("127.0.0.1", "::1")),  # resolved here
    ],
)
async def test_names_and_addresses(
    start_proxy: StartProxy, tmp_path: Path, kind: str, host: str, seen: str | tuple[str, ...]
) -> None:
    names = {"feeds.example": "127.0.0.1", "::1": "127.0.0.1"}
    async with SocksServer(names=names) as socks, echo_server() as port:
        proxy = start_proxy(*config(tmp_path, f"- via: {kind}://127.0.0.1:{socks.port}"))
        async with connect(f"ws://{host}:{port}/name", proxy=proxy.url) as client:
            await client.send("there")
            assert await client.recv() == "there"
        ((_, asked),) = socks.asked
        assert asked[0] in ((seen,) if isinstance(seen, str) else seen)
        opened = await proxy.opened("/name")
        # Where the proxy resolves, nobody here knows the address.
        assert opened["dest_ip"] in ("", "::1")


async def test_a_wrong_password_is_a_502_that_says_so(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    async with SocksServer({"feed": "another"}) as socks, echo_server() as port:
        proxy = start_proxy(
            *config(tmp_path, f"- via: socks5h://feed:{PASSWORD}@127.0.0.1:{socks.port}")
        )
        body = await refused_connect(proxy, port)
        assert "refused our user name and password" in body
        assert PASSWORD not in body
        # In absolute form the same, and on record.
        client = await dial(None, proxy.port)
        await client.send(upgrade_request(f"http://127.0.0.1:{port}/absolute", f"127.0.0.1:{port}"))
        async with asyncio.timeout(10):
            answer = await client.reader.read(65536)
        await client.close()
        assert answer.startswith(b"HTTP/1.1 502")
        assert b"refused our user name and password" in answer
        assert PASSWORD.encode() not in answer
        assert (await proxy.opened("/absolute"))["open"]["status"] == 502
        assert socks.refused == 2
    await proxy.said("refused our")
    assert proxy.output.count("refused our user name and password") == 1  # said once
    assert_no_password(proxy)


@pytest.mark.parametrize(
    ("url", "say"),
    [
        ("socks5://127.0.0.1:{free}", "cannot reach socks5://127.0.0.1:{free}"),
        ("http://127.0.0.1:{free}", "cannot reach http://127.0.0.1:{free}"),
        ("socks5h://127.0.0.1:{socks}", "wants a user name and a password"),
        ("http://127.0.0.1:{connect}", "wants a user name and a password"),
        ("http://u:p@127.0.0.1:{connect}", "refused our user name and password"),
        ("socks5h://127.0.0.1:{echo}", "does not speak SOCKS5"),
        ("socks5h://feed:right@127.0.0.1:{socks}", "connection refused"),  # the target is not there
        ("http://feed:right@127.0.0.1:{connect}", "status 502"),
    ],
    ids=lambda value: value.partition("/")[0] if ":" in value else value.replace(" ", "-")[:20],
)
async def test_what_goes_wrong_is_said(
    start_proxy: StartProxy, tmp_path: Path, url: str, say: str
) -> None:
    users = {"feed": "right"}
    async with SocksServer(users) as socks, ConnectServer(users) as http, echo_server() as echo:
        ports = {"free": free_port(), "socks": socks.port, "connect": http.port, "echo": echo}
        proxy = start_proxy(*config(tmp_path, f"- via: {url.format(**ports)}"))
        body = await refused_connect(proxy, free_port())
    assert say.format(**ports) in body
    await proxy.said(say.format(**ports))


@pytest.mark.parametrize("kind", ["http", "https"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_through_an_http_proxy_with_a_password(
    start_proxy: StartProxy, authority: TestAuthority, tmp_path: Path, kind: str, scheme: str
) -> None:
    serving = authority.server_context() if scheme == "wss" else None
    onward = authority.client_context() if scheme == "wss" else None
    outer = authority.server_context() if kind == "https" else None
    async with (
        ConnectServer({"feed": PASSWORD}, ssl_context=outer) as upstream,
        echo_server(serving) as port,
        Tap(port, server_ssl=serving, client_ssl=onward) as tap,
    ):
        ca = f", ca: {authority.ca_file}" if outer else ""
        via = (
            f"{{url: '{kind}://127.0.0.1:{upstream.port}', user: feed, password: env:FEED_PW{ca}}}"
        )
        proxy = ProxyProcess(
            tmp_path / "p", *config(tmp_path, f"- via: {via}"),
            "--set", f"ssl_verify_upstream_trusted_ca={authority.ca_file}",
        )  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FEED_PW", PASSWORD)
            proxy.__enter__()
        try:
            trust = None
            if scheme == "wss":
                trust = ssl.create_default_context(
                    cafile=str(proxy.confdir / "mitmproxy-ca-cert.pem")
                )
            url = f"{scheme}://127.0.0.1:{tap.port}/http"
            async with connect(url, proxy=proxy.url, ssl=trust) as client:
                await talk(client)
            await assert_recorded(proxy, tap, "/http", tls=scheme == "wss")
        finally:
            proxy.__exit__(None)
        assert upstream.asked == [("feed", ("127.0.0.1", tap.port))]
    assert_no_password(proxy)


# --- forty feeds, one sticky session each ---


async def feed(
    proxy: ProxyProcess, port: int, name: str, *, by_header: bool, gate: asyncio.Event
) -> str:
    """Connects, talks, comes back once; the session must be the same."""
    url, headers = proxy.url, {}
    if by_header:
        headers = {"X-Feed": name}
    else:
        url = url.replace("http://", f"http://{name}:any@")
    for turn in range(2):
        async with connect(
            f"ws://127.0.0.1:{port}/{name}", proxy=url, additional_headers=headers
        ) as client:
            for n in range(3):
                await client.send(f"{name} {turn} {n}")
                assert await client.recv() == f"{name} {turn} {n}"
            if not turn:
                await gate.wait()  # all forty at once
    return name


@pytest.mark.parametrize("by_header", [False, True], ids=["proxy-user", "header"])
async def test_forty_feeds_have_a_session_each(
    start_proxy: StartProxy, tmp_path: Path, by_header: bool
) -> None:
    async with (
        SocksServer(any_user_with=PASSWORD) as one,
        SocksServer(any_user_with=PASSWORD) as two,
        SocksServer(any_user_with=PASSWORD) as three,
        echo_server() as port,
    ):
        servers = (one, two, three)
        via = "\n".join(
            f"    - {{url: 'socks5h://127.0.0.1:{s.port}', user: 'session-{{key}}',"
            f" password: '{PASSWORD}'}}"
            for s in servers
        )
        key = "{header: X-Feed}" if by_header else "proxy-user"
        routes = (
            f"- host: 127.0.*\n  via:\n{via}\n  choose: key\n  sticky: connection\n  key: {key}\n"
        )
        proxy = start_proxy(*config(tmp_path, routes))
        gate = asyncio.Event()
        names = [f"feed{n:02}" for n in range(FEEDS)]
        tasks = [
            asyncio.create_task(feed(proxy, port, name, by_header=by_header, gate=gate))
            for name in names
        ]
        async with asyncio.timeout(60):
            while sum(len(s.asked) for s in servers) < FEEDS:
                await asyncio.sleep(0.02)
            gate.set()
            assert await asyncio.gather(*tasks) == names
        homes: dict[str, set[int]] = {}
        logins: Counter[str] = Counter()
        for server in servers:
            assert server.asked, "a proxy that nobody was sent to"
            assert sum(server.logins.values()) == server.connections  # once a connection
            logins += server.logins
            for user, _ in server.asked:
                homes.setdefault(user, set()).add(server.port)
        assert logins == {f"session-{name}": 2 for name in names}
        assert all(len(places) == 1 for places in homes.values())  # the same one again
    assert_no_password(proxy)


async def test_a_socks_client_s_name_is_a_key_too(start_proxy: StartProxy, tmp_path: Path) -> None:
    async with SocksServer(any_user_with="x") as socks, echo_server() as port:
        via = f"{{url: 'socks5h://127.0.0.1:{socks.port}', user: 's-{{key}}', password: x}}"
        proxy = start_proxy(
            *config(tmp_path, f"- via: {via}\n  key: proxy-user"), "--mode", "socks5"
        )
        for name in ("a", "b"):
            url = f"socks5://{name}:any@127.0.0.1:{proxy.port}"
            async with connect(f"ws://127.0.0.1:{port}/", proxy=url) as client:
                await client.send("x")
                assert await client.recv() == "x"
        assert [user for user, _ in socks.asked] == ["s-a", "s-b"]


async def test_reverse_mode_goes_by_a_route_too(start_proxy: StartProxy, tmp_path: Path) -> None:
    async with SocksServer(names={"feeds.example": "127.0.0.1"}) as socks, echo_server() as port:
        proxy = start_proxy(
            *config(tmp_path, f"- host: feeds.*\n  via: socks5h://127.0.0.1:{socks.port}"),
            "--mode", f"reverse:http://feeds.example:{port}",
        )  # fmt: skip
        async with connect(f"ws://127.0.0.1:{proxy.port}/", proxy=None) as client:
            await client.send("x")
            assert await client.recv() == "x"
        assert socks.asked == [("", ("feeds.example", port))]


async def test_a_feed_without_its_key_is_refused(start_proxy: StartProxy, tmp_path: Path) -> None:
    async with SocksServer(any_user_with="x") as socks, echo_server() as port:
        via = f"{{url: 'socks5h://127.0.0.1:{socks.port}', user: 's-{{key}}', password: x}}"
        proxy = start_proxy(*config(tmp_path, f"- via: {via}\n  key: {{header: X-Feed}}"))
        for headers in ({}, {"X-Feed": "a:b"}, {"X-Feed": "x" * 200}):
            with pytest.raises(InvalidStatus) as caught:
                await connect(
                    f"ws://127.0.0.1:{port}/", proxy=proxy.url, additional_headers=headers
                )
            assert caught.value.response.status_code == 502
            assert b"header X-Feed" in (caught.value.response.body or b"")
        assert socks.connections == 0


async def test_another_key_on_one_client_connection_gets_another_session(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    """A client that reuses its connection to us must not inherit somebody else's session."""

    async def serve(peer: RawPeer) -> None:
        while True:
            try:
                head = await peer.read_head()
            except (EOFError, ConnectionError):
                return
            feed = header(head, b"X-Feed")
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(feed), feed))

    async with SocksServer(any_user_with="x") as socks, raw_server(serve) as port:
        via = f"{{url: 'socks5h://127.0.0.1:{socks.port}', user: 's-{{key}}', password: x}}"
        proxy = start_proxy(*config(tmp_path, f"- via: {via}\n  key: {{header: X-Feed}}"))
        client = await dial(None, proxy.port)
        for name in (b"a", b"a", b"b"):
            await client.send(
                b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\nX-Feed: %b\r\n\r\n" % (port, name)
            )
            head = await client.read_head()
            assert head.startswith(b"HTTP/1.1 200"), head
            assert await client.reader.readexactly(1) == name
        await client.close()
        assert [user for user, _ in socks.asked] == ["s-a", "s-b"]


async def test_what_was_chosen_stays_for_a_client_connection(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    """The server hangs up after each answer: the next one comes by the same proxy."""

    async def serve(peer: RawPeer) -> None:
        with contextlib.suppress(EOFError):
            await peer.read_head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with SocksServer() as one, SocksServer() as two, raw_server(serve) as port:
        via = f"['socks5://127.0.0.1:{one.port}', 'socks5://127.0.0.1:{two.port}']"
        proxy = start_proxy(*config(tmp_path, f"- via: {via}\n  sticky: connection"))
        for client_number in (1, 2):
            client = await dial(None, proxy.port)
            for _ in range(3):
                await client.send(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % port)
                assert (await client.read_head()).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(0.2)  # the proxy learns of the end
            await client.close()
            assert [len(one.asked), len(two.asked)] == [3, 3 * client_number - 3]


async def test_round_robin_and_first_route_that_fits(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    async with SocksServer() as one, SocksServer() as two, echo_server() as port:
        routes = (
            f"- {{host: nobody.example, via: 'socks5://127.0.0.1:1'}}\n"
            f"- {{host: [127.0.0.1], port: {port}, path: /direct*, via: direct}}\n"
            f"- via: ['socks5://127.0.0.1:{one.port}', 'socks5://127.0.0.1:{two.port}']\n"
        )
        proxy = start_proxy(*config(tmp_path, routes), "--http", "127.0.0.1:0")
        for path in ("/a", "/b", "/c", "/d", "/direct/x"):
            async with connect(f"ws://127.0.0.1:{port}{path}", proxy=proxy.url) as client:
                await client.send("x")
                assert await client.recv() == "x"
        assert (len(one.asked), len(two.asked)) == (2, 2)


# --- headers ---


async def test_headers_and_subprotocol_to_the_byte(start_proxy: StartProxy, tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def serve(peer: RawPeer) -> None:
        head = await peer.read_head()
        seen.append(head)
        await peer.send(switching(head, "Sec-WebSocket-Protocol: v2.Feed"))
        await peer.read_to_end()

    routes = (
        "- host: 127.0.0.1\n"
        "  subprotocol: 'v2.Feed,  v1.Feed'\n"
        "  headers: {X-feed-TOKEN: 'Grüße  \"x\" ', origin: https://Feeds.Example, X-Gone: ~}\n"
    )
    async with raw_server(serve) as port:
        proxy = start_proxy(*config(tmp_path, routes))
        client = await dial(proxy.port, port)
        await client.send(
            upgrade_request(
                "/h", "the.host", "ORIGIN: http://old", "X-Gone: 1", "x-GONE: 2", "X-Kept:  a b",
                "Sec-WebSocket-Protocol: v2.Feed",
            )
        )  # fmt: skip
        assert b"v2.Feed" in await client.read_head()
        await client.close()
    lines = seen[0].split(b"\r\n")[1:-2]
    assert lines[5:] == [
        b"origin: https://Feeds.Example",
        b"X-Kept: a b",
        b"Sec-WebSocket-Protocol: v2.Feed,  v1.Feed",
        'X-feed-TOKEN: Grüße  "x" '.encode(),
    ]
    assert lines[0] == b"Host: the.host"


# --- options ---


async def test_mitmdump_takes_the_file_too(tmp_path: Path) -> None:
    """Options that nobody set otherwise, and the routes."""
    log = tmp_path / "from-config.jsonl"
    async with SocksServer() as socks, echo_server() as port:
        _, path = config(
            tmp_path,
            f"- via: socks5://127.0.0.1:{socks.port}",
            "run: {log: from-config.jsonl, record: connections}",
        )
        with ProxyProcess(
            tmp_path / "p", "-s", "addons/wsinspect_addon.py",
            "--set", f"wsinspect_config={path}", "--set", "wsinspect_record=all",
            command=[str(MITMDUMP), "--listen-host", "127.0.0.1"],
        ) as proxy:  # fmt: skip
            proxy.log_path = log
            async with connect(f"ws://127.0.0.1:{port}/dump", proxy=proxy.url) as client:
                await client.send("x")
                assert await client.recv() == "x"
            await proxy.recorded("/dump")
    assert len(socks.asked) == 1
    kinds = {json.loads(line)["event_type"] for line in log.read_text().splitlines()}
    assert "websocket" in kinds  # --set beats the file
