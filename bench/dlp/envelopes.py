"""What applications wrap text in before it becomes a WebSocket message.

Owns: the fifteen envelopes that have a target, and more that are only counted. Must not know:
what is inside. An envelope with several usual forms draws one.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import string
import urllib.parse
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import brotli
import cbor2
import msgpack
import zstandard

from bench.dlp.cases import Case, single

__all__ = ["FURTHER", "TARGETED", "Envelope", "wrapped"]

Envelope = Callable[[str, random.Random], str | bytes]

NAMES: Final = ("ann", "bilal", "chiara", "dmitri", "eun-ji", "fatou")
INVISIBLE: Final = "\u200b\u200c\u200d\ufeff\u2060"


def _id(source: random.Random) -> str:
    return "".join(source.choices(string.hexdigits[:16], k=8))


def _json(value: Any, source: random.Random) -> str:
    compact = (",", ":") if source.random() < 0.6 else None
    return json.dumps(value, separators=compact, ensure_ascii=source.random() < 0.5)


def _body(text: str, source: random.Random) -> dict[str, Any]:
    """A chat's JSON object with the text somewhere in it."""
    return source.choice(
        (
            {"body": text},
            {"op": "post", "room": _id(source), "body": text, "ts": source.randrange(10**9)},
            {"user": source.choice(NAMES), "message": {"kind": "md", "blocks": [{"text": text}]}},
            {"seq": source.randrange(10**6), "args": ["say", text, None, True]},
        )
    )


def plain(text: str, _: random.Random) -> str:
    return text


def in_json(text: str, source: random.Random) -> str:
    return _json(_body(text, source), source)


def in_nested_json(text: str, source: random.Random) -> str:
    return _json({"event": "relay", "data": in_json(text, source)}, source)


def in_graphql(text: str, source: random.Random) -> str:
    query = "mutation Send($input: MessageInput!) {\n  send(input: $input) { id }\n}"
    variables = {"input": {"channel": _id(source), "text": text}}
    payload = {"query": query, "operationName": "Send", "variables": variables}
    return _json({"id": _id(source), "type": "subscribe", "payload": payload}, source)


def in_socketio(text: str, source: random.Random) -> str:
    prefix = source.choice(("42", "42", "42/chat,", "4217", f"42/{_id(source)},7"))
    return prefix + _json(["chat message", _body(text, source)], source)


def in_sockjs(text: str, source: random.Random) -> str:
    frame = _json([in_json(text, source)], source)
    return frame if source.random() < 0.3 else f"a{frame}"


def in_base64(text: str, source: random.Random) -> str:
    return _carried(base64.b64encode(text.encode()).decode(), source)


def in_base64url(text: str, source: random.Random) -> str:
    return _carried(base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode(), source)


def in_gzip_base64(text: str, source: random.Random) -> str:
    return _carried(base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(), source)


def _carried(value: str, source: random.Random) -> str:
    return value if source.random() < 0.3 else _json({"enc": "b64", "data": value}, source)


def in_url(text: str, source: random.Random) -> str:
    if source.random() < 0.4:
        return urllib.parse.quote(text, safe="")
    fields = {"room": _id(source), "text": text, "lang": "en"}
    form = urllib.parse.urlencode(fields)
    return form if source.random() < 0.5 else f"/post?{form}"


def in_u_escapes(text: str, source: random.Random) -> str:
    units = text.encode("utf-16-be")
    escaped = "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
    return escaped if source.random() < 0.3 else f'{{"room":"{_id(source)}","body":"{escaped}"}}'


def with_zero_width(text: str, source: random.Random) -> str:
    every = source.random() < 0.5
    hidden = "".join(
        char + source.choice(INVISIBLE) * (every or source.random() < 0.2) for char in text
    )
    return hidden if source.random() < 0.5 else in_json(hidden, source)


def in_utf16le(text: str, source: random.Random) -> bytes:
    mark = b"\xff\xfe" if source.random() < 0.5 else b""
    inner = text if source.random() < 0.5 else in_json(text, source)
    return mark + inner.encode("utf-16-le")


def in_msgpack(text: str, source: random.Random) -> bytes:
    packed: bytes = msgpack.packb(_body(text, source))
    return packed


def in_gzip(text: str, source: random.Random) -> bytes:
    inner = text if source.random() < 0.5 else in_json(text, source)
    return gzip.compress(inner.encode(), mtime=0)


TARGETED: Final[dict[str, Envelope]] = {
    "plain": plain,
    "json": in_json,
    "json-in-json": in_nested_json,
    "graphql": in_graphql,
    "socketio": in_socketio,
    "sockjs": in_sockjs,
    "base64": in_base64,
    "base64url": in_base64url,
    "gzip+base64": in_gzip_base64,
    "url": in_url,
    "u-escapes": in_u_escapes,
    "zero-width": with_zero_width,
    "utf-16le": in_utf16le,
    "msgpack": in_msgpack,
    "gzip": in_gzip,
}
"""The fifteen of the project's target."""


def in_signalr(text: str, source: random.Random) -> str:
    call = {"type": 1, "target": "Send", "arguments": [_id(source), text]}
    return _json(call, source) + "\x1e" + '{"type":6}\x1e'


def in_ndjson(text: str, source: random.Random) -> str:
    return f'{{"tick":1}}\n{_json({"line": text}, source)}\n{{"tick":2}}\n'


def in_stomp(text: str, source: random.Random) -> str:
    body = text if source.random() < 0.5 else in_json(text, source)
    return f"SEND\ndestination:/app/{_id(source)}\ncontent-type:text/plain\n\n{body}\x00"


def in_sse(text: str, source: random.Random) -> str:
    return f"event: message\ndata: {_json({'text': text}, source)}\n\n"


def in_wamp(text: str, source: random.Random) -> str:
    return _json([16, source.randrange(2**53), {}, "com.example.chat", [text]], source)


def in_json_rpc(text: str, source: random.Random) -> str:
    call = {"jsonrpc": "2.0", "id": 7, "method": "say", "params": {"text": text}}
    return _json(call, source)


def in_html(text: str, _: random.Random) -> str:
    return f"<p>{html.escape(text)}</p>"


def in_html_numbers(text: str, source: random.Random) -> str:
    form = source.choice(("&#{};", "&#x{:x};", "&#x{:04X};"))
    return "".join(form.format(ord(char)) for char in text)


def in_hex(text: str, source: random.Random) -> str:
    return _carried(text.encode().hex(), source)


def in_double_url(text: str, _: random.Random) -> str:
    return urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="")


def in_base64_twice(text: str, _: random.Random) -> str:
    return base64.b64encode(base64.b64encode(text.encode())).decode()


def in_base64_lines(text: str, _: random.Random) -> str:
    return base64.encodebytes(text.encode()).decode()


def in_data_url(text: str, source: random.Random) -> str:
    value = base64.b64encode(text.encode()).decode()
    return _json({"image": f"data:text/plain;base64,{value}"}, source)


def in_utf16be(text: str, source: random.Random) -> bytes:
    return (b"\xfe\xff" if source.random() < 0.5 else b"") + text.encode("utf-16-be")


def in_cbor(text: str, source: random.Random) -> bytes:
    packed: bytes = cbor2.dumps(_body(text, source))
    return packed


def in_protobuf(text: str, source: random.Random) -> bytes:
    """Field 1 a varint, field 3 a message whose field 2 is the string."""
    inner = b"\x12" + _varint(len(text.encode())) + text.encode()
    return b"\x08" + _varint(source.randrange(1, 2**28)) + b"\x1a" + _varint(len(inner)) + inner


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def in_zlib(text: str, source: random.Random) -> bytes:
    return zlib.compress(in_json(text, source).encode())


def in_brotli(text: str, source: random.Random) -> bytes:
    packed: bytes = brotli.compress(in_json(text, source).encode())
    return packed


def in_zstd(text: str, source: random.Random) -> bytes:
    return zstandard.compress(in_json(text, source).encode())


def json_in_binary(text: str, source: random.Random) -> bytes:
    return in_json(text, source).encode()


FURTHER: Final[dict[str, Envelope]] = {
    "signalr": in_signalr,
    "ndjson": in_ndjson,
    "stomp": in_stomp,
    "sse": in_sse,
    "wamp": in_wamp,
    "json-rpc": in_json_rpc,
    "html": in_html,
    "html-numbers": in_html_numbers,
    "hex": in_hex,
    "double-url": in_double_url,
    "base64-twice": in_base64_twice,
    "base64-lines": in_base64_lines,
    "data-url": in_data_url,
    "utf-16be": in_utf16be,
    "cbor": in_cbor,
    "protobuf": in_protobuf,
    "zlib": in_zlib,
    "brotli": in_brotli,
    "zstd": in_zstd,
    "json-in-binary": json_in_binary,
}
"""Not among the fifteen; counted and shown."""


def wrapped(
    cases: Sequence[Case], envelopes: dict[str, Envelope], source: random.Random
) -> list[Case]:
    """Every case in every envelope."""
    return [
        single(name, envelope(case.secret, source), case.detector, secret=case.secret)
        for name, envelope in envelopes.items()
        for case in cases
    ]
