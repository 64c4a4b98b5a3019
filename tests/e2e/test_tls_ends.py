"""How a wss:// connection ends: what one side does reaches the other through TLS on both legs."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from tests.support.certs import TestAuthority
from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import (
    BINARY,
    KEY,
    TEXT,
    close_frame,
    frame,
    raw_pair,
    switching,
    upgrade_request,
)

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


async def test_both_sides_get_a_close_notify(
    proxy: ProxyProcess, authority: TestAuthority, target: str
) -> None:
    """Each unwraps its TLS as it should be; neither is left with an unexpected end of file."""
    ended: dict[str, str] = {}

    def unwrap(name: str, sock: ssl.SSLSocket) -> None:
        try:
            sock.settimeout(10)
            sock.unwrap()
            ended[name] = "clean"
        except OSError as error:
            ended[name] = repr(error)
        finally:
            sock.close()

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        accepted, _ = listener.accept()
        sock = authority.server_context().wrap_socket(accepted, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
        sock.sendall(switching(head))
        assert sock.recv(100)  # the client's Close frame
        sock.sendall(close_frame(1000))
        unwrap("server", sock)

    def talk() -> None:
        trust = ssl.create_default_context(cafile=str(proxy.confdir / "mitmproxy-ca-cert.pem"))
        plain = socket.create_connection(("127.0.0.1", proxy.port))
        plain.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in plain.recv(4096)
        sock = trust.wrap_socket(plain, server_hostname="127.0.0.1")
        sock.sendall(upgrade_request(target, f"127.0.0.1:{port}"))
        assert b" 101 " in sock.recv(4096)
        sock.sendall(close_frame(1000, mask=KEY))
        assert sock.recv(100)
        unwrap("client", sock)

    with listener:
        await asyncio.gather(asyncio.to_thread(serve), asyncio.to_thread(talk))
    assert ended == {"client": "clean", "server": "clean"}
