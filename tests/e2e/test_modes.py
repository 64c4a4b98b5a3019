"""The ways in: regular (CONNECT and absolute form), reverse, SOCKS5, upstream; TLS."""

from __future__ import annotations

import asyncio
import signal
import ssl

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.e2e.conftest import StartProxy
from tests.support.certs import TestAuthority
from tests.support.echo import MESSAGES, assert_recorded, echo_server, talk
from tests.support.ports import free_port
from tests.support.proxy import MITMDUMP, ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import (
    BINARY,
    KEY,
    TEXT,
    RawPeer,
    frame,
    raw_server,
    switching,
    upgrade_request,
)
from tests.support.tap import Tap


async def test_regular_ws_through_connect(proxy: ProxyProcess, target: str) -> None:
    async with echo_server() as port, Tap(port) as tap:
        async with connect(f"ws://127.0.0.1:{tap.port}{target}", proxy=proxy.url) as client:
            await talk(client)
        await assert_recorded(proxy, tap, target, tls=False)


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_regular_ws_in_absolute_form(proxy: ProxyProcess, target: str, scheme: str) -> None:
    """What aiohttp asks a proxy for: `GET ws://...` where the caller wrote a ws:// URL."""
    chat = [Subprotocol("chat.v2")]
    async with (
        echo_server(subprotocols=chat) as port,
        Tap(port) as tap,
        aiohttp.ClientSession() as session,
    ):
        async with session.ws_connect(
            f"{scheme}://127.0.0.1:{tap.port}{target}", proxy=proxy.url, protocols=["chat.v2"]
        ) as client:
            assert client.protocol == "chat.v2"
            await client.send_str("hello")
            assert await client.receive_str() == "hello"
            await client.close(code=4004)
        passage = await tap.passage(target)
        found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert found.open["subprotocol"] == "chat.v2"


async def test_regular_wss(proxy: ProxyProcess, authority: TestAuthority, target: str) -> None:
    """TLS on both legs: the client trusts the proxy's CA, the proxy trusts the server's."""
    trust = ssl.create_default_context(cafile=str(proxy.confdir / "mitmproxy-ca-cert.pem"))
    witness = {
        "server_ssl": authority.server_context(),
        "client_ssl": authority.client_context(),
    }
    async with (
        echo_server(authority.server_context()) as port,
        Tap(port, **witness) as tap,
    ):
        url = f"wss://127.0.0.1:{tap.port}{target}"
        async with connect(url, proxy=proxy.url, ssl=trust) as client:
            await talk(client)
        await assert_recorded(proxy, tap, target, tls=True)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_lazy_connections(
    start_proxy: StartProxy, authority: TestAuthority, scheme: str
) -> None:
    """The server's connection is opened late: its TLS then sits beside the layers, not below."""
    trusted = f"ssl_verify_upstream_trusted_ca={authority.ca_file}"
    proxy = start_proxy("--set", "connection_strategy=lazy", "--set", trusted)
    serving = authority.server_context() if scheme == "wss" else None
    onward = authority.client_context() if scheme == "wss" else None
    async with (
        echo_server(serving) as port,
        Tap(port, server_ssl=serving, client_ssl=onward) as tap,
    ):
        trust = None
        if scheme == "wss":
            ca = proxy.confdir / "mitmproxy-ca-cert.pem"
            trust = ssl.create_default_context(cafile=str(ca))
        url = f"{scheme}://127.0.0.1:{tap.port}/lazy"
        async with connect(url, proxy=proxy.url, ssl=trust) as client:
            await talk(client)
        await assert_recorded(proxy, tap, "/lazy", tls=scheme == "wss")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_reverse_lazy(start_proxy: StartProxy, authority: TestAuthority, tls: bool) -> None:
    serving = authority.server_context() if tls else None
    onward = authority.client_context() if tls else None
    async with (
        echo_server(serving) as port,
        Tap(port, server_ssl=serving, client_ssl=onward) as tap,
    ):
        mode = f"reverse:{'https' if tls else 'http'}://127.0.0.1:{tap.port}"
        trusted = f"ssl_verify_upstream_trusted_ca={authority.ca_file}"
        proxy = start_proxy("--mode", mode, "--set", trusted, "--set", "connection_strategy=lazy")
        async with connect(f"ws://127.0.0.1:{proxy.port}/lazy", proxy=None) as client:
            await talk(client)
        found = await proxy.recorded("/lazy")
        assert_log_is_what_the_tap_saw(found, await tap.passage("/lazy"))


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_reverse_http(start_proxy: StartProxy, scheme: str) -> None:
    async with echo_server() as port, Tap(port) as tap:
        proxy = start_proxy("--mode", f"reverse:{scheme}://127.0.0.1:{tap.port}")
        async with connect(f"ws://127.0.0.1:{proxy.port}/r?a=b", proxy=None) as client:
            await talk(client)
        await assert_recorded(proxy, tap, "/r?a=b", tls=False)


async def test_reverse_https(start_proxy: StartProxy, authority: TestAuthority) -> None:
    """TLS to the server only: the client speaks plainly to a reverse proxy."""
    witness = {
        "server_ssl": authority.server_context(),
        "client_ssl": authority.client_context(),
    }
    async with echo_server(authority.server_context()) as port, Tap(port, **witness) as tap:
        trust = f"ssl_verify_upstream_trusted_ca={authority.ca_file}"
        mode = f"reverse:https://127.0.0.1:{tap.port}"
        proxy = start_proxy("--mode", mode, "--set", trust)
        async with connect(f"ws://127.0.0.1:{proxy.port}/s", proxy=None) as client:
            await talk(client)
        found = await proxy.recorded("/s")
        assert_log_is_what_the_tap_saw(found, await tap.passage("/s"))


async def test_socks5(start_proxy: StartProxy) -> None:
    pytest.importorskip("python_socks")
    proxy = start_proxy("--mode", "socks5")
    async with echo_server() as port, Tap(port) as tap:
        url = f"ws://127.0.0.1:{tap.port}/socks"
        async with connect(url, proxy=f"socks5://127.0.0.1:{proxy.port}") as client:
            await talk(client)
        await assert_recorded(proxy, tap, "/socks", tls=False)


@pytest.mark.parametrize("last", ["wsinspect", "mitmdump"])
async def test_upstream(start_proxy: StartProxy, last: str) -> None:
    """Two proxies in a row; where both are ours, both logs say the same."""
    if last == "wsinspect":
        second = start_proxy()
    else:
        second = start_proxy(command=[str(MITMDUMP), "--listen-host", "127.0.0.1"])
    first = start_proxy("--mode", f"upstream:http://127.0.0.1:{second.port}")
    async with echo_server() as port, Tap(port) as tap:
        url = f"ws://127.0.0.1:{tap.port}/up"
        async with asyncio.timeout(30):
            async with connect(url, proxy=first.url, compression=None) as client:
                await talk(client)
        found = await first.recorded("/up")
        passage = await tap.passage("/up")
        assert found.close["to_server"]["messages"] == len(MESSAGES)
        if last == "wsinspect":
            assert_log_is_what_the_tap_saw(found, passage)
            again = await second.recorded("/up")
            assert_log_is_what_the_tap_saw(again, passage)
            assert again.flow_id > 0


async def test_two_modes_at_once(start_proxy: StartProxy) -> None:
    async with echo_server() as port, Tap(port) as tap:
        second = free_port()
        reverse = f"reverse:http://127.0.0.1:{tap.port}"
        proxy = start_proxy("--mode", reverse, "--mode", f"regular@{second}")
        async with connect(f"ws://127.0.0.1:{proxy.port}/one", proxy=None) as client:
            await talk(client)
        url = f"ws://127.0.0.1:{tap.port}/two"
        async with connect(url, proxy=f"http://127.0.0.1:{second}") as client:
            await talk(client)
        await assert_recorded(proxy, tap, "/one", tls=False)
        await assert_recorded(proxy, tap, "/two", tls=False)


async def test_upstream_with_another_connection_before(start_proxy: StartProxy) -> None:
    """One client connection, a request to one host, then a WebSocket to another: not mixed up."""
    last = start_proxy()
    first = start_proxy("--mode", f"upstream:http://127.0.0.1:{last.port}")

    async def plain(peer: RawPeer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        assert await peer.read_to_end() == "fin"
        assert not peer.received  # the frames are none of its business

    async def echo(peer: RawPeer) -> None:
        await peer.send(switching(await peer.read_head()))
        await peer.send(frame(BINARY, await peer.receive(len(sent))))

    sent = frame(TEXT, b"for the second", mask=KEY)
    async with raw_server(plain) as plain_port, raw_server(echo) as echo_port:
        client = RawPeer(*await asyncio.open_connection("127.0.0.1", first.port))
        one, two = f"127.0.0.1:{plain_port}", f"127.0.0.1:{echo_port}"
        await client.send(f"GET http://{one}/ HTTP/1.1\r\nHost: {one}\r\n\r\n".encode())
        await client.read_head()
        assert await client.reader.readexactly(2) == b"hi"
        await client.send(upgrade_request(f"http://{two}/ws", two))
        assert (await client.read_head()).startswith(b"HTTP/1.1 101")
        await client.send(sent)
        back = frame(BINARY, sent)
        assert await client.receive(len(back)) == back
        await client.close()
    found = await first.recorded("/ws")
    assert found.close["to_server"]["frames"] == 1


async def test_the_end_beside_quic_is_orderly(start_proxy: StartProxy) -> None:
    """mitmproxy's QUIC has native threads: one of three exits was a SIGSEGV."""
    proxies = [start_proxy("--mode", "reverse:https://127.0.0.1:9") for _ in range(8)]
    for proxy in proxies:
        proxy.signal(signal.SIGTERM)
    for proxy in proxies:
        assert await asyncio.to_thread(proxy.stop) == 0
