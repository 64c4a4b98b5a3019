"""RFC 6455 sections 5.2 and 5.5.1: writing frames, reading and writing close payloads."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.exceptions import ProtocolError as WebsocketsError
from websockets.frames import Close, Frame
from websockets.frames import Opcode as WebsocketsOpcode
from websockets.streams import StreamReader
from wsproto.frame_protocol import FrameProtocol

from tests.vectors import ids, load
from wsinspect.protocol.close_codes import is_valid_on_wire
from wsinspect.protocol.errors import EncodeError
from wsinspect.protocol.frames import CloseFacts, close_payload, encode_frame, parse_close

CLOSES = load("close")

# RFC 6455 section 5.7
EXAMPLES = [
    ("text", "810548656c6c6f", 1, b"Hello", True, None),
    ("masked text", "818537fa213d7f9f4d5158", 1, b"Hello", True, "37fa213d"),
    ("first fragment", "010348656c", 1, b"Hel", False, None),
    ("last fragment", "80026c6f", 0, b"lo", True, None),
    ("ping", "890548656c6c6f", 9, b"Hello", True, None),
    ("masked pong", "8a8537fa213d7f9f4d5158", 10, b"Hello", True, "37fa213d"),
    ("256 bytes", "827e0100" + "00" * 256, 2, bytes(256), True, None),
    ("65536 bytes", "827f0000000000010000" + "00" * 65536, 2, bytes(65536), True, None),
]


@pytest.mark.parametrize(
    ("wire", "opcode", "payload", "fin", "mask"),
    [vector[1:] for vector in EXAMPLES],
    ids=[vector[0] for vector in EXAMPLES],
)
def test_rfc_examples(wire: str, opcode: int, payload: bytes, fin: bool, mask: str | None) -> None:
    key = bytes.fromhex(mask) if mask else None
    assert encode_frame(opcode, payload, fin=fin, mask=key).hex() == wire


@pytest.mark.parametrize(
    ("payload_len", "header"),
    [
        (0, "8200"),
        (125, "827d"),
        (126, "827e007e"),
        (127, "827e007f"),
        (65535, "827effff"),
        (65536, "827f0000000000010000"),
    ],
)
def test_shortest_length_form(payload_len: int, header: str) -> None:
    assert encode_frame(2, bytes(payload_len)) == bytes.fromhex(header) + bytes(payload_len)


def test_every_first_byte() -> None:
    for first in range(256):
        frame = encode_frame(first & 15, b"", fin=first > 127, rsv=first >> 4 & 7)
        assert frame == bytes([first, 0])


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("mask", [None, b"\x01\x02\x03\x04"])
def test_payload_kinds(kind: Any, mask: bytes | None) -> None:
    assert encode_frame(2, kind(b"abc"), mask=mask) == encode_frame(2, b"abc", mask=mask)


@pytest.mark.parametrize(
    "arguments", [{"opcode": 16}, {"opcode": -1}, {"rsv": 8}, {"rsv": -1}, {"mask": b"abc"}]
)
def test_what_cannot_be_expressed(arguments: dict[str, Any]) -> None:
    with pytest.raises(EncodeError) as caught:
        encode_frame(**{"opcode": 1, "payload": b"secret", **arguments})
    assert "secret" not in str(caught.value)


lengths = st.one_of(st.integers(0, 300), st.sampled_from([65534, 65535, 65536, 65537]))


@given(
    st.sampled_from(list(WebsocketsOpcode)),
    lengths,
    st.booleans(),
    st.booleans(),
    st.binary(min_size=4, max_size=4),
)
def test_websockets_reads_it(
    opcode: WebsocketsOpcode, length: int, fin: bool, masked: bool, key: bytes
) -> None:
    payload = bytes(n & 255 for n in range(length))
    wire = encode_frame(opcode, payload, fin=fin, mask=key if masked else None)
    stream = StreamReader()
    stream.feed_data(wire)
    parsing = Frame.parse(stream.read_exact, mask=masked)
    if opcode >= 8 and (length > 125 or not fin):
        with pytest.raises(WebsocketsError):
            list(parsing)
        return
    with pytest.raises(StopIteration) as stop:
        next(parsing)
    assert stop.value.value == Frame(opcode, payload, fin)
    assert not stream.buffer


@given(st.sampled_from([1, 2]), lengths, st.booleans())
def test_wsproto_writes_the_same(opcode: int, length: int, fin: bool) -> None:
    payload = b"x" * length
    writer = FrameProtocol(client=False, extensions=[])
    theirs = writer.send_data(payload if opcode == 2 else payload.decode(), fin)
    assert encode_frame(opcode, payload, fin=fin) == theirs


@pytest.mark.parametrize("vector", CLOSES, ids=ids(CLOSES))
def test_close_vectors(vector: dict[str, Any]) -> None:
    assert parse_close(bytes.fromhex(vector["hex"])) == CloseFacts(**vector["expected"])


@given(st.binary(max_size=130))
@example(b"\x03\xe8\xed\xa0\x80")
def test_websockets_refuses_the_same_closes(payload: bytes) -> None:
    facts = parse_close(payload)
    try:
        theirs = Close.parse(payload)
    except (WebsocketsError, UnicodeDecodeError):
        assert facts.violation
    else:
        assert facts == CloseFacts(theirs.code, theirs.reason, None)


@given(st.sampled_from([c for c in range(65536) if is_valid_on_wire(c)]), st.text(max_size=200))
def test_close_round_trip(code: int, reason: str) -> None:
    payload = close_payload(code, reason)
    assert len(payload) <= 125
    facts = parse_close(payload)
    assert (facts.code, facts.violation) == (code, None)
    assert reason.startswith(facts.reason)
    if len(reason.encode()) <= 123:
        assert facts.reason == reason
    else:
        assert len(payload) > 121  # no more is cut off than one character needs


@pytest.mark.parametrize(
    ("reason", "kept_len"), [("x" * 123, 123), ("x" * 124, 123), ("x" * 122 + "é", 122)]
)
def test_reason_is_cut_at_a_character(reason: str, kept_len: int) -> None:
    assert close_payload(1000, reason) == b"\x03\xe8" + b"x" * kept_len


def test_close_without_code() -> None:
    assert close_payload(1005) == b""
    with pytest.raises(EncodeError):
        close_payload(1005, "why")


def test_reason_with_lone_surrogate() -> None:
    assert close_payload(1000, "a\ud800b") == b"\x03\xe8a?b"


@pytest.mark.parametrize("code", [0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65536, -1])
def test_close_code_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(EncodeError):
        close_payload(code)
