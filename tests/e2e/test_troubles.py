"""What fails before there is a WebSocket is told to whoever watches, once."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidProxyStatus

from tests.e2e.conftest import StartProxy
from tests.support.certs import TestAuthority
from tests.support.echo import echo_server
from tests.support.ports import free_port
from tests.support.proxy import ProxyProcess


async def _told(proxy: ProxyProcess, words: str) -> str:
    async with asyncio.timeout(20):
        while words not in proxy.output:
            await asyncio.sleep(0.02)
    return proxy.output


async def test_a_client_that_does_not_trust_us(
    start_proxy: StartProxy, authority: TestAuthority
) -> None:
    proxy = start_proxy("--set", f"ssl_verify_upstream_trusted_ca={authority.ca_file}")
    async with echo_server(authority.server_context()) as port:
        for _ in range(3):
            with pytest.raises(ssl.SSLError):
                await connect(f"wss://localhost:{port}/", proxy=proxy.url)
        said = await _told(proxy, "no TLS with a client that wants localhost")
    assert "must trust this proxy's CA" in said
    assert said.count("no TLS with a client") == 1


async def test_a_server_whose_certificate_nobody_knows(
    start_proxy: StartProxy, authority: TestAuthority
) -> None:
    proxy = start_proxy()
    async with echo_server(authority.server_context()) as port:
        with contextlib.suppress(Exception):  # the client's trouble is not ours
            await connect(f"wss://localhost:{port}/", proxy=proxy.url)
        said = await _told(proxy, "no TLS with the server localhost")
    assert "ssl_insecure=true" in said


async def test_a_server_that_is_not_there(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    port = free_port()
    with pytest.raises(InvalidProxyStatus):
        await connect(f"ws://127.0.0.1:{port}/", proxy=proxy.url)
    said = await _told(proxy, f"cannot reach 127.0.0.1:{port}")
    assert "502" in said
