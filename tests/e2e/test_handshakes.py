"""Opening handshakes: what the log says of them, and unusual ones that must work all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.proxy import ProxyProcess, assert_log_is_what_the_tap_saw
from tests.support.raw import (
    BINARY,
    KEY,
    TEXT,
    RawPeer,
    close_frame,
    dial,
    frame,
    raw_pair,
    raw_server,
    switching,
    upgrade_request,
)
from tests.support.tap import Tap

FROM_CLIENT = frame(TEXT, b"sent with the GET", mask=KEY) + frame(BINARY, bytes(70_000), mask=KEY)
FROM_SERVER = frame(TEXT, b"in the segment of the 101") + frame(BINARY, bytes(70_000))


@pytest.mark.parametrize(
    ("with_request", "with_response"),
    [(b"", FROM_SERVER), (FROM_CLIENT, b""), (FROM_CLIENT, FROM_SERVER)],
    ids=["with-101", "with-GET", "with-both"],
)
async def test_data_that_comes_with_the_handshake(
    proxy: ProxyProcess, target: str, with_request: bytes, with_response: bytes
) -> None:
    async with raw_pair(
        proxy.port, target, with_request=with_request, with_response=with_response
    ) as pair:
        assert await pair.client.receive(len(with_response)) == with_response
        assert await pair.server.receive(len(with_request)) == with_request
        await pair.greet()
        pair.client.finish()
        pair.server.finish()
        passage = await pair.tap.passage(target)
    assert_log_is_what_the_tap_saw(await proxy.recorded(target), passage)


def answers(*lines: str) -> dict[str, Any]:
    return {"response_lines": lines}


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
UNUSUAL: dict[str, dict[str, Any]] = {
    "upgrade-two-tokens": {"upgrade": "websocket, foo"},
    "upgrade-two-tokens-turned": {"upgrade": "foo, WebSocket"},
    "version-8": {"version": 8},
    "unknown-extension": answers("Sec-WebSocket-Extensions: x-unheard-of; a=1"),
    "subprotocol-not-offered": answers("Sec-WebSocket-Protocol: never-offered"),
    "window-bits-8": answers(f"{DEFLATE}; client_max_window_bits=8"),
    "window-bits-no-value": answers(f"{DEFLATE}; client_max_window_bits"),
    "window-bits-quoted": answers(f'{DEFLATE}; server_max_window_bits="10"'),
    "deflate-unknown-parameter": answers(f"{DEFLATE}; no=such"),
}


@pytest.mark.parametrize("name", UNUSUAL)
async def test_unusual_handshakes_are_inspected_too(
    proxy: ProxyProcess, target: str, name: str
) -> None:
    offer = ("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-unheard-of",)
    async with raw_pair(proxy.port, target, request_lines=offer, **UNUSUAL[name]) as pair:
        await pair.greet()
        await pair.client.send(close_frame(1000, mask=KEY))
        await pair.server.send(close_frame(1000))
        pair.server.finish()
        assert await pair.client.read_to_end() == "fin"
        pair.client.finish()
        passage = await pair.tap.passage(target)
    found = await proxy.recorded(target)
    assert_log_is_what_the_tap_saw(found, passage)
    assert found.open["status"] == 101
    assert found.close["code_observed"] == 1000
    assert found.close["to_server"]["frames"] == 2


async def test_what_the_open_event_says(proxy: ProxyProcess, target: str) -> None:
    async with raw_pair(
        proxy.port,
        target,
        request_lines=(
            "User-Agent: e2e/1",
            "Origin: https://app.example",
            "Sec-WebSocket-Protocol: chat.v2, chat.v1",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        ),
        response_lines=(
            "Sec-WebSocket-Protocol: chat.v2",
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
        ),
    ) as pair:
        await pair.greet()
        port = pair.tap.port
    found = await proxy.recorded(target)
    opened, envelope = found.open, found.envelope
    assert opened["host"] == f"127.0.0.1:{port}"
    assert opened["uri"] == target
    assert opened["user_agent"] == "e2e/1"
    assert opened["origin"] == "https://app.example"
    assert opened["subprotocol"] == "chat.v2"
    assert opened["client_protocols"] == ["chat.v2", "chat.v1"]
    assert opened["client_extensions"] == ["permessage-deflate; client_max_window_bits"]
    assert opened["server_extensions"] == ["permessage-deflate; server_no_context_takeover"]
    assert (opened["status"], opened["http_version"]) == (101, "HTTP/1.1")
    assert opened["accept_valid"] is True
    assert opened["handshake_ms"] > 0
    assert opened["schema_version"] >= 1
    assert envelope["flow_id"] > 0
    assert (envelope["src_ip"], envelope["dest_ip"]) == ("127.0.0.1", "127.0.0.1")
    assert (envelope["dest_port"], envelope["proto"]) == (port, "TCP")
    assert envelope["host"]


async def test_a_refused_handshake_is_an_open_without_a_close(
    proxy: ProxyProcess, target: str
) -> None:
    async def refuse(peer: RawPeer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n")
        await peer.read_to_end()

    async with raw_server(refuse) as server_port:
        client = await dial(proxy.port, server_port)
        await client.send(upgrade_request(target, f"127.0.0.1:{server_port}"))
        head = await client.read_head()
        assert head.startswith(b"HTTP/1.1 403")
        assert await client.receive(3) == b"no\n"
        await client.close()
    event = await proxy.opened(target)
    assert event["open"]["status"] == 403
    assert "accept_valid" not in event["open"]
    own = [other for other in proxy.log() if other.get("flow_id") == event["flow_id"]]
    assert [other["event_type"] for other in own] == ["ws_open"]


async def test_a_wrong_accept_key_is_passed_on_and_recorded(
    proxy: ProxyProcess, target: str
) -> None:
    async def wrong(peer: RawPeer) -> None:
        head = await peer.read_head()
        await peer.send(switching(head.replace(b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: A")))
        await peer.read_to_end()

    async with raw_server(wrong) as server_port, Tap(server_port) as tap:
        client = await dial(proxy.port, tap.port)
        await client.send(upgrade_request(target, f"127.0.0.1:{tap.port}"))
        head = await client.read_head()
        assert head.startswith(b"HTTP/1.1 101")
        await client.close()
        await tap.passage(target)
    found = await proxy.recorded(target)
    assert found.open["accept_valid"] is False
    assert (found.close["cause"], found.close["initiator"]) == ("fin", "client")


async def test_a_request_for_something_else_is_no_event(proxy: ProxyProcess, target: str) -> None:
    async def plain(peer: RawPeer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await peer.read_to_end()

    async with raw_server(plain) as server_port:
        client = await dial(proxy.port, server_port)
        await client.send(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await client.read_head()
        assert await client.receive(2) == b"hi"
        await client.close()
    async with raw_pair(proxy.port, f"{target}&after") as pair:
        await pair.greet()
    await proxy.recorded(f"{target}&after")
    assert not [e for e in proxy.log() if e.get("open", {}).get("uri") == target]


@pytest.mark.parametrize("upgrade", ["", "foo"])
async def test_a_101_without_the_right_upgrade_is_inspected_too(
    proxy: ProxyProcess, target: str, upgrade: str
) -> None:
    """mitmproxy would relay it as bare TCP: no event, no policy."""

    async def odd(peer: RawPeer) -> None:
        head = await peer.read_head()
        answer = switching(head, upgrade="foo")
        if not upgrade:
            answer = answer.replace(b"Upgrade: foo\r\n", b"")
        await peer.send(answer)
        await peer.receive(len(frame(TEXT, b"seen", mask=KEY)))
        await peer.send(frame(TEXT, b"seen"))
        await peer.read_to_end()

    async with raw_server(odd) as server_port, Tap(server_port) as tap:
        client = await dial(proxy.port, tap.port)
        await client.send(upgrade_request(target, f"127.0.0.1:{tap.port}"))
        assert (await client.read_head()).startswith(b"HTTP/1.1 101")
        await client.send(frame(TEXT, b"seen", mask=KEY))
        await client.receive(len(frame(TEXT, b"seen")))
        await client.close()
        await tap.passage(target)
    found = await proxy.recorded(target)
    assert [len(found.rows(way)) for way in ("to_server", "to_client")] == [1, 1]
    assert any("upgrade" in finding["code"] for finding in found.open["findings"])


async def test_a_101_that_mitmproxy_refuses_is_a_failed_handshake(
    proxy: ProxyProcess, target: str
) -> None:
    async def chunked(peer: RawPeer) -> None:
        head = await peer.read_head()
        await peer.send(switching(head, "Transfer-Encoding: chunked"))
        await peer.read_to_end()

    async with raw_server(chunked) as server_port:
        client = await dial(proxy.port, server_port)
        await client.send(upgrade_request(target, f"127.0.0.1:{server_port}"))
        assert b" 502 " in (await client.read_head()).splitlines()[0]
        await client.close()
    event = await proxy.opened(target)
    assert event["open"]["status"] == 502
