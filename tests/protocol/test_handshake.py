"""RFC 6455 section 4: the opening handshake, right and wrong."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.extensions.permessage_deflate import PerMessageDeflate as WebsocketsDeflate
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.uri import parse_uri
from wsproto import WSConnection
from wsproto.connection import ConnectionType
from wsproto.events import AcceptConnection
from wsproto.events import Request as WsprotoRequest
from wsproto.extensions import PerMessageDeflate

from tests.vectors import ids, load
from tests.vectors.http import handshake
from wsinspect.protocol.handshake import (
    FINDINGS,
    DeflateParams,
    Finding,
    Handshake,
    Headers,
    Request,
    Response,
    examine,
    is_websocket_upgrade,
)

VECTORS = load("handshake")
VALID = bytes.fromhex(VECTORS[0]["hex"])


def codes(seen: Handshake) -> list[str]:
    return [finding.code for finding in seen.findings]


def with_lines(request_lines: bytes = b"", response_lines: bytes = b"") -> Handshake:
    """The RFC's own handshake with more header lines."""
    request, response, _ = VALID.split(b"\r\n\r\n")
    return examine(*handshake(request + request_lines + b"\r\n\r\n" + response + response_lines))


@pytest.mark.parametrize("vector", VECTORS, ids=ids(VECTORS))
def test_findings(vector: dict[str, Any]) -> None:
    seen = examine(*handshake(bytes.fromhex(vector["hex"])))
    assert codes(seen) == vector["expected"]
    wrong = {"accept-missing", "accept-wrong"} & set(vector["expected"])
    assert seen.accept_valid == (None if seen.status != 101 else not wrong)


def test_every_finding_has_a_vector() -> None:
    met = {code for vector in VECTORS for code in vector["expected"]}
    assert met == FINDINGS.keys() - {"response-missing"}


def test_findings_are_sentences_with_their_source() -> None:
    for code, say in FINDINGS.items():
        assert code == code.lower().replace("_", "-").replace(" ", "-")
        assert say[0].isupper() or say.startswith("permessage-deflate")
        assert "(RFC " in say
        assert say.endswith(").")


def test_what_it_says() -> None:
    seen = with_lines(
        b"\r\nUser-Agent: probe/1\r\nSec-WebSocket-Extensions: permessage-deflate; "
        b'client_max_window_bits, foo; x="a, b"\r\nSec-WebSocket-Extensions: bar',
        b"\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10, Foo",
    )
    assert seen == Handshake(
        host="example.com",
        uri="/chat?room=1",
        http_version="HTTP/1.1",
        user_agent="probe/1",
        origin="http://example.com",
        versions=("13",),
        key="dGhlIHNhbXBsZSBub25jZQ==",
        client_protocols=("chat", "superchat"),
        subprotocol="chat",
        client_extensions=(
            "permessage-deflate; client_max_window_bits",
            'foo; x="a, b"',
            "bar",
        ),
        server_extensions=("permessage-deflate; client_max_window_bits=10", "Foo"),
        status=101,
        accept_valid=True,
        deflate=DeflateParams(client_max_window_bits=10),
        deflate_unreadable=False,
        other_extensions=("foo",),
        findings=(Finding("extension-unknown", FINDINGS["extension-unknown"]),),
    )


def test_nothing_at_all() -> None:
    seen = examine(Request(b"", b"", b"", []), None)
    assert seen.status is None
    assert seen.accept_valid is None
    assert (seen.host, seen.uri, seen.key, seen.subprotocol) == (None, "", None, None)
    assert codes(seen) == [
        "method-not-get",
        "http-version",
        "host-missing",
        "request-upgrade-missing",
        "request-connection-missing",
        "key-missing",
        "version-missing",
        "response-missing",
    ]


def test_an_answer_other_than_101_agrees_on_nothing() -> None:
    request, response = handshake(VALID)
    assert response
    refused = Response(403, [*response.headers, ("Sec-WebSocket-Extensions", "permessage-deflate")])
    seen = examine(request, refused)
    assert (seen.subprotocol, seen.server_extensions, seen.deflate) == (None, (), None)
    assert seen.accept_valid is None


@pytest.mark.parametrize(
    ("chosen", "deflate", "unreadable"),
    [
        ("", None, False),
        ("foo", None, False),
        ("permessage-deflate", DeflateParams(), False),
        ("permessage-deflate; nonsense", None, True),
        ("permessage-deflate; server_max_window_bits=99", None, True),
        ("permessage-deflate, permessage-deflate", None, True),
    ],
)
def test_whether_to_inflate(chosen: str, deflate: DeflateParams | None, unreadable: bool) -> None:
    seen = with_lines(b"", b"\r\nSec-WebSocket-Extensions: " + chosen.encode())
    assert (seen.deflate, seen.deflate_unreadable) == (deflate, unreadable)


def test_one_code_once() -> None:
    seen = with_lines(b"", b"\r\nSec-WebSocket-Extensions: foo, bar")
    assert codes(seen) == ["extension-not-offered", "extension-unknown"]
    assert seen.other_extensions == ("foo", "bar")


def test_findings_quote_nothing() -> None:
    """Tokens travel in subprotocols, queries and anywhere else."""
    secret = b"s3cr3t"
    lines = b"".join(
        b"\r\n" + name + b": " + secret
        for name in (b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Extensions", b"Host")
    )
    seen = examine(*handshake(VALID.replace(b"Upgrade", secret) + b""))
    everything = seen.findings + with_lines(lines, lines).findings
    assert everything
    assert not [finding for finding in everything if "s3cr3t" in finding.say]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("Upgrade", "websocket")], True),
        ([(b"upgrade", b"WebSocket")], True),
        ([("UPGRADE", "foo, websocket , bar")], True),
        ([("Upgrade", "foo"), ("Upgrade", "websocket")], True),
        ([("Upgrade", "websocket/13")], True),
        ([("Upgrade", "websocket"), ("Sec-WebSocket-Version", "8")], True),
        ([("Upgrade", "websockets")], False),
        ([("Upgrade", "h2c")], False),
        ([("X-Upgrade", "websocket")], False),
        ([("Connection", "websocket")], False),
        ([], False),
    ],
)
def test_is_websocket_upgrade(headers: Headers, expected: bool) -> None:
    assert is_websocket_upgrade(headers) is expected


def test_bytes_that_are_no_utf8_can_be_written() -> None:
    """Each way of getting them: bytes, and text with lone surrogates of both kinds."""
    for value in (b"a\xff", "a\udcff", "a\ud800\udcff"):
        seen = examine(Request("GET", value, "HTTP/1.1", [("Host", value)]), None)
        assert seen.host == seen.uri
        assert seen.uri.encode().startswith(b"a\\x")


def test_text_and_bytes_are_read_alike() -> None:
    """A str with bytes as lone surrogates is what mitmproxy hands out."""
    for vector in VECTORS:
        request, response = handshake(bytes.fromhex(vector["hex"]))
        assert response
        as_text = [
            [
                (
                    text.decode("utf-8", "surrogateescape")
                    for text in pair
                    if isinstance(text, bytes)
                )
                for pair in headers
            ]
            for headers in (request.headers, response.headers)
        ]
        request_headers, response_headers = (
            [(name, value) for name, value in headers] for headers in as_text
        )
        assert examine(
            dataclasses.replace(request, headers=request_headers),
            Response(response.status, response_headers),
        ) == examine(request, response)


windows = st.integers(9, 15)


@given(
    st.booleans(),
    windows,
    st.none() | windows | st.just(True),
    st.none() | windows,
    st.lists(st.sampled_from("abc")),
)
def test_websockets_own_handshakes_are_without_finding(
    no_takeover: bool,
    server_bits: int,
    client_bits: int | None,
    granted_bits: int | None,
    protocols: list[str],
) -> None:
    subprotocols = [Subprotocol(name) for name in dict.fromkeys(protocols)]
    client = ClientProtocol(
        parse_uri("ws://box:1/x?y"),
        origin=None,
        extensions=[ClientPerMessageDeflateFactory(no_takeover, False, 15, client_bits)],
        subprotocols=subprotocols or None,
    )
    server = ServerProtocol(
        extensions=[ServerPerMessageDeflateFactory(False, no_takeover, server_bits, granted_bits)],
        subprotocols=subprotocols or None,
    )
    client.send_request(client.connect())
    wire_request = b"".join(client.data_to_send())
    server.receive_data(wire_request)
    (received,) = server.events_received()
    server.send_response(server.accept(received))  # type: ignore[arg-type] # it is the request
    seen = examine(*handshake(wire_request + b"".join(server.data_to_send())))
    assert codes(seen) == []
    assert seen.accept_valid
    assert seen.subprotocol == server.subprotocol
    assert seen.uri == "/x?y"
    if server.extensions:
        (extension,) = server.extensions
        assert isinstance(extension, WebsocketsDeflate)
        assert seen.deflate
        assert seen.deflate.server_max_window_bits == extension.local_max_window_bits
        assert seen.deflate.client_max_window_bits == extension.remote_max_window_bits
        assert seen.deflate.server_no_context_takeover == extension.local_no_context_takeover
        assert seen.deflate.client_no_context_takeover == extension.remote_no_context_takeover
    else:
        assert seen.server_extensions == ()


def test_wsprotos_own_handshake_is_without_finding() -> None:
    client, server = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    wire_request = client.send(
        WsprotoRequest("box", "/x", extensions=[PerMessageDeflate()], subprotocols=["a", "b"])
    )
    server.receive_data(wire_request)
    (_,) = server.events()
    wire_response = server.send(AcceptConnection(subprotocol="b", extensions=[PerMessageDeflate()]))
    seen = examine(*handshake(wire_request + wire_response))
    assert codes(seen) == []
    assert (seen.subprotocol, seen.deflate) == ("b", DeflateParams())


header_names = st.sampled_from(
    [
        "Host",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Origin",
    ]
)
any_text = st.text(st.characters(), max_size=20) | st.binary(max_size=20)
any_headers = st.lists(st.tuples(header_names | any_text, any_text), max_size=6)


@given(any_text, any_text, any_text, any_headers, st.none() | st.integers(), any_headers)
def test_never_raises(
    method: bytes | str,
    target: bytes | str,
    version: bytes | str,
    asked: list[tuple[bytes | str, bytes | str]],
    status: int | None,
    answered: list[tuple[bytes | str, bytes | str]],
) -> None:
    for code in (status, 101):
        response = None if code is None else Response(code, answered)
        seen = examine(Request(method, target, version, asked), response)
        json.dumps(dataclasses.asdict(seen), ensure_ascii=False).encode()
    is_websocket_upgrade(asked)
