"""How a wss:// connection ends: what one side does reaches the other through TLS on both legs."""

from __future__ import annotations

import ssl

import pytest

from tests.support.certs import TestAuthority
from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import BINARY, KEY, TEXT, close_frame, frame, raw_pair

CLIENT_AND_SERVER = pytest.mark.parametrize("initiator", ["client", "server"])
Tls = tuple[TestAuthority, ssl.SSLContext]


@pytest.fixture
def tls(proxy: ProxyProcess, authority: TestAuthority) -> Tls:
    ca = proxy.confdir / "mitmproxy-ca-cert.pem"
    return authority, ssl.create_default_context(cafile=str(ca))


@CLIENT_AND_SERVER
async def test_close_handshake(proxy: ProxyProcess, tls: Tls, target: str, initiator: str) -> None:
    async with raw_pair(proxy.port, target, tls=tls) as pair:
        await pair.greet()
        first, second, mask, other = pair.client, pair.server, KEY, b""
        if initiator == "server":
            first, second, mask, other = pair.server, pair.client, b"", KEY
        sent = frame(BINARY, bytes(300_000), mask=mask or None)
        sent += close_frame(1014, "bad gateway", mask=mask or None)
        reply = frame(TEXT, b"late", mask=other or None) + close_frame(4321, mask=other or None)
        at_second, at_first = len(second.received), len(first.received)
        await first.send(sent)
        assert (await second.receive(at_second + len(sent)))[at_second:] == sent
        await second.send(reply)
        assert (await first.receive(at_first + len(reply)))[at_first:] == reply
        await pair.server.close()
        assert await pair.client.read_to_end() == "fin"
        await pair.client.close()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"]) == ("close_frame", initiator)
    assert (close["code_observed"], close["reason"]) == (1014, "bad gateway")
    assert found.open["tls"] is True


@CLIENT_AND_SERVER
@pytest.mark.parametrize("last", ["received", "sent"])
async def test_reset_arrives_as_reset(
    proxy: ProxyProcess, tls: Tls, target: str, initiator: str, last: str
) -> None:
    async with raw_pair(proxy.port, target, tls=tls) as pair:
        first, second = pair.client, pair.server
        if initiator == "server":
            first, second = second, first
        await pair.greet()
        if (last == "sent") == (initiator == "client"):
            data, at = frame(TEXT, b"last words", mask=KEY), len(pair.server.received)
            await pair.client.send(data)
            await pair.server.receive(at + len(data))
        first.reset()
        assert await second.read_to_end() == "rst"
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"], close["code_observed"]) == ("rst", initiator, 1006)
    assert close["clean"] is False


@CLIENT_AND_SERVER
async def test_an_end_without_close_arrives_as_one(
    proxy: ProxyProcess, tls: Tls, target: str, initiator: str
) -> None:
    async with raw_pair(proxy.port, target, tls=tls) as pair:
        first, second = pair.client, pair.server
        if initiator == "server":
            first, second = second, first
        await pair.greet()
        before = len(second.received)
        await first.close()
        assert await second.read_to_end() == "fin"
        assert len(second.received) == before, "a frame was made up"
        await second.close()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    close = found.close
    assert (close["cause"], close["initiator"], close["code_observed"]) == ("fin", initiator, 1006)
