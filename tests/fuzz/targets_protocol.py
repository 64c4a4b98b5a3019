"""Targets of ``wsinspect.protocol``: documented errors only, the same result in any pieces."""

import dataclasses
import json

from websockets.exceptions import ProtocolError as WebsocketsError
from websockets.frames import Close

from tests.protocol import utf8_grammar
from tests.protocol.inflating import as_a_whole, in_pieces
from tests.vectors import load
from tests.vectors.http import handshake
from wsinspect.protocol.close_codes import close_words
from wsinspect.protocol.deflate import Deflater, Inflater
from wsinspect.protocol.frames import CloseFacts, close_payload, parse_close
from wsinspect.protocol.handshake import Request, Response, examine, is_websocket_upgrade
from wsinspect.protocol.utf8 import Utf8Validator

#: Between the messages of one direction in the input of ``fuzz_deflate``.
_NEXT_MESSAGE = b"\r\n"
_CAPS = (0, 5, 1000, 65536)


def cut(data: bytes, plan: int) -> list[bytes]:
    """Pieces of ``data``; the plan 0-255 says how long they are."""
    lengths = (1 + (plan & 3), 1 + (plan >> 2 & 7), 1 + (plan >> 5) * 40)
    pieces: list[bytes] = []
    position = 0
    while position < len(data):
        length = lengths[len(pieces) % 3]
        pieces.append(data[position : position + length])
        position += length
    return pieces


def fuzz_handshake(data: bytes) -> None:
    """Input: a request head and a response head."""
    request, response = handshake(data)
    seen = examine(request, response)
    json.dumps(dataclasses.asdict(seen), ensure_ascii=False).encode()
    assert (seen.accept_valid is None) == (seen.status != 101)
    assert not (seen.deflate and seen.deflate_unreadable)
    assert len({finding.code for finding in seen.findings}) == len(seen.findings)
    if response is not None:
        assert is_websocket_upgrade(response.headers) == (
            "response-upgrade-missing"
            not in {f.code for f in examine(request, Response(101, response.headers)).findings}
        )
        as_text = [(_text(name), _text(value)) for name, value in response.headers]
        again = Request(
            _text(request.method), _text(request.target), request.http_version, request.headers
        )
        assert examine(again, Response(response.status, as_text)) == seen


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def fuzz_deflate(data: bytes) -> None:
    """Input: window, takeover and cap in a byte, the cutting in another, then the messages."""
    settings, plan = (data[:2] + b"\x07\x00")[:2]
    window, no_takeover, cap = 8 + (settings & 7), bool(settings & 8), _CAPS[settings >> 4 & 3]
    whole, pieced = Inflater(window, no_takeover, cap), Inflater(window, no_takeover, cap)
    deflater, reader = Deflater(window, no_takeover), Inflater(window, no_takeover, 1 << 20)
    for payload in data[2:].split(_NEXT_MESSAGE):
        expected = as_a_whole(whole, payload)
        assert in_pieces(pieced, cut(payload, plan)) == expected
        assert whole.unreadable == pieced.unreadable == (expected == "DeflateError")
        if isinstance(expected, bytes):
            assert len(expected) <= cap
        assert reader.message(deflater.compress(payload)) == payload


def seed_deflate() -> list[bytes]:
    """The vectors, each as one direction."""
    return [
        bytes([(7 | 8 * vector["no_context_takeover"]) | cap << 4, plan])
        + _NEXT_MESSAGE.join(bytes.fromhex(payload) for payload in vector["hex"])
        for vector in load("deflate")
        for cap, plan in ((3, 0), (1, 0x55))
    ]


def fuzz_utf8(data: bytes) -> None:
    """Input: the cutting in a byte, then a text message."""
    plan, message = (data[:1] or b"\x00")[0], data[1:]
    expected = utf8_grammar.refused_at(message)
    validator = Utf8Validator()
    fed = 0
    for piece in cut(message, plan):
        fed += len(piece)
        assert validator.feed(piece) == (expected is None or fed < expected)
    assert validator.finish() == utf8_grammar.is_valid(message)
    assert validator.feed(message) == (expected is None)
    validator.reset()
    assert validator.finish()


def seed_utf8() -> list[bytes]:
    """The vectors, byte by byte and whole."""
    return [bytes([plan]) + bytes.fromhex(v["hex"]) for v in load("utf8") for plan in (0, 0xFF)]


def fuzz_close(data: bytes) -> None:
    """Input: the payload of a Close frame."""
    facts = parse_close(data)
    facts.reason.encode()
    assert close_words(facts.code)
    try:
        theirs = Close.parse(data)
    except (WebsocketsError, UnicodeDecodeError):
        assert facts.violation in {"close-length", "close-code", "close-utf8"}
        return
    assert facts == CloseFacts(theirs.code, theirs.reason, None)
    if len(data) <= 125:
        assert close_payload(facts.code, facts.reason) == data
