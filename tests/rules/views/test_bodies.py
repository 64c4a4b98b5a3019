"""Binary bodies: msgpack, CBOR, protobuf, UTF-16, compressed. Libraries are the oracle."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import zlib
from functools import partial
from typing import Any

import brotli
import cbor2
import msgpack
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.views.helpers import SECRET, expanded, paths, places, redacted
from wsinspect.rules.views import View, rebuild
from wsinspect.rules.views.protobuf import varint

S = SECRET.decode()


def sized(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


DOCUMENT: dict[str, Any] = {
    "user": "bob",
    "items": [1, -70_000, 2.5, None, True, {"body": f"x {S} y", "card": 4111111111111111}],
    "we ird": ["é", ""],
    "blob": b"\x00\x01" + gzip.compress(b"z"),
}
FORMATS = [
    ("msgpack", msgpack.packb, partial(msgpack.unpackb, strict_map_key=False)),
    ("cbor", cbor2.dumps, cbor2.loads),
]
formats = pytest.mark.parametrize(("name", "dump", "load"), FORMATS, ids=[f[0] for f in FORMATS])


@formats
@pytest.mark.parametrize("new", ["", "#", "é" * 20, "x" * 300, "y" * 70_000])
def test_a_string_is_found_and_written_with_its_length(
    name: str, dump: Any, load: Any, new: str
) -> None:
    expansion = expanded(dump(DOCUMENT))
    assert paths(expansion) == {f"{name}:$.items[5].body"}
    out = redacted(expansion, new.encode())
    wanted = json.loads(json.dumps(DOCUMENT | {"blob": ""}))
    wanted["items"][5]["body"] = f"x {new} y"
    assert load(out) == wanted | {"blob": DOCUMENT["blob"]}


@formats
def test_a_number_becomes_a_text(name: str, dump: Any, load: Any) -> None:
    expansion = expanded(dump(DOCUMENT))
    view, start, end = places(expansion, b"411111111111")[0]
    assert view.path == f"{name}:$.items[5].card"
    out = rebuild(expansion, {view: [(start, end, b"*" * 12)]})
    assert load(out)["items"][5]["card"] == "************1111"


@formats
def test_keys_bytes_and_documents_inside(name: str, dump: Any, load: Any) -> None:
    document = {
        S: {"v": f"deeper {S}"},
        "zip": gzip.compress(f"in a zip: {S}".encode()),
        "json": json.dumps({"a": f"\n{S}"}),
        "inner": dump({"secret": S, "n": 1}),
        "b64": base64.b64encode(f"key: {S}".encode()).decode(),
    }
    expansion = expanded(dump(document))
    assert paths(expansion) == {
        f"{name}:$.*~",
        f"{name}:$.{S}.v",
        f"{name}:$.zip>gzip",
        f"{name}:$.json>json:$.a",
        f"{name}:$.inner>{name}:$.secret",
        f"{name}:$.b64>base64",
    }
    out = load(redacted(expansion))
    assert out["[gone]"] == {"v": "deeper [gone]"}
    assert gzip.decompress(out["zip"]) == b"in a zip: [gone]"
    assert json.loads(out["json"]) == {"a": "\n[gone]"}
    assert load(out["inner"]) == {"secret": "[gone]", "n": 1}
    assert base64.b64decode(out["b64"]) == b"key: [gone]"
    by_path = {view.path: view for view, _, _ in places(expansion)}
    key = by_path[f"{name}:$.*~"]
    assert by_path[f"{name}:$.{S}.v"].path_with([key]) == f"{name}:$.*.v"


@formats
def test_leaves_by_path_and_of_the_message_itself(name: str, dump: Any, load: Any) -> None:
    payload = dump(DOCUMENT)
    expansion = expanded(payload)
    (leaf,) = expansion.leaves(expansion.root, "$.items[5].body")
    assert leaf.data == f"x {S} y".encode()
    assert expansion.leaves(expansion.views[1], "$.items[5].body") == [leaf]
    at = payload.index(SECRET)
    assert expansion.leaf_at(expansion.root, at, at + 20) == (leaf, 2, 22)
    out = rebuild(expansion, {expansion.root: [(at, at + 20, b"12345")]})
    assert load(out)["items"][5]["body"] == "x 12345 y"


@formats
def test_all_leaves_and_long_series(name: str, dump: Any, load: Any) -> None:
    payload = dump({"a": [0.5] * 30_000, "b": list(range(300)) * 200, "c": S})
    expansion = expanded(payload, all_leaves=True)
    assert expansion.bomb is None or name == "cbor"
    if expansion.bomb is None:
        assert f"{name}:$.c" in {view.path for view in expansion.views}


def test_cbor_of_unknown_length_and_with_tags() -> None:
    payload = (
        b"\xd9\xd9\xf7\xbf\x63key\x9f\x01\x7f\x6a" + SECRET[:10] + b"\x6a" + SECRET[10:]
        + b"\xff\xff\x61t\xd8\x20\x74" + SECRET + b"\xff"
    )  # fmt: skip
    assert list(cbor2.loads(payload)["key"]) == [1, S]
    expansion = expanded(payload)
    assert paths(expansion) == {"cbor:$.key[1]", "cbor:$.t"}
    assert list(cbor2.loads(redacted(expansion) or b"")["key"]) == [1, "[gone]"]


def test_signalr_messages_with_their_lengths() -> None:
    values: list[list[Any]] = [
        [1, {}, None, "send", [f"hello {S} " + "x" * 200]],
        [6],
        [3, {}, "7", 2],
    ]
    packed = [msgpack.packb(value) for value in values]
    expansion = expanded(b"".join(varint(len(p)) + p for p in packed))
    assert paths(expansion) == {"msgpack:$[4][0]"}
    values[0][4] = [f"hello {'#' * 3} " + "x" * 200]
    packed = [msgpack.packb(value) for value in values]
    assert redacted(expansion, b"###") == b"".join(varint(len(p)) + p for p in packed)


def test_several_msgpack_values_after_another() -> None:
    expansion = expanded(msgpack.packb({"a": S}) + msgpack.packb([S]))
    assert paths(expansion) == {"msgpack:$.a", "msgpack:$[0]"}


@pytest.mark.parametrize("new", [b"", b"#", b"x" * 200, b"y" * 20_000])
def test_protobuf_with_all_lengths_round_it(new: bytes) -> None:
    def message(secret: bytes, tail: bytes) -> bytes:
        inner = sized(3, b"k " + secret) + number(9, 7)
        return (
            sized(1, b"hello")
            + sized(2, number(1, 5) + sized(7, inner) + sized(4, b"\x00\xff"))
            + varint(5 << 3 | 5) + b"\0\1\2\3" + varint(6 << 3 | 1) + b"\0" * 8 + tail
        )  # fmt: skip

    tail = sized(2, sized(7, sized(3, SECRET)))
    expansion = expanded(message(SECRET, tail))
    assert paths(expansion) == {"protobuf:$.2.7.3"}
    assert redacted(expansion, new) == message(new, sized(2, sized(7, sized(3, new))))


def test_a_protobuf_number_becomes_a_text_field() -> None:
    expansion = expanded(sized(1, b"\x08\x01\x12\x03abc") + number(16, 4111111111111111))
    view, start, end = places(expansion, b"411111111111")[0]
    assert view.path == "protobuf:$.16"
    out = rebuild(expansion, {view: [(start, end, b"*" * 12)]})
    assert out == sized(1, b"\x08\x01\x12\x03abc") + sized(16, b"************1111")


def test_protobuf_in_base64() -> None:
    body = sized(1, b"user-name") + sized(2, number(1, 5) + sized(3, SECRET))
    payload = json.dumps({"p": base64.b64encode(body).decode()})
    expansion = expanded(payload)
    assert paths(expansion) == {"json:$.p>base64>protobuf:$.2.3"}
    out = redacted(expansion)
    again = sized(1, b"user-name") + sized(2, number(1, 5) + sized(3, b"[gone]"))
    assert base64.b64decode(json.loads(out or b"")["p"]) == again


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("text", [f"my key {S} é😀", json.dumps({"k": f"\n{S}"})])
def test_utf16(codec: str, text: str) -> None:
    payload = text.encode(codec)
    expansion = expanded(payload)
    wanted = text.replace(S, "<é>").encode(codec)
    assert paths(expansion) == {"utf16>json:$.k" if text[0] == "{" else "utf16"}
    assert redacted(expansion, "<é>".encode()) == wanted


def test_utf16_with_half_a_pair_keeps_it() -> None:
    payload = f"\ud800 key {S} \udc00".encode("utf-16-le", "surrogatepass")
    out = redacted(expanded(payload))
    assert out == "\ud800 key [gone] \udc00".encode("utf-16-le", "surrogatepass")


def test_utf16_edits_take_whole_characters() -> None:
    expansion = expanded("a key: é and é".encode("utf-16-le"))
    view = expansion.views[1]
    at = view.data.index("é".encode())
    out = rebuild(expansion, {view: [(at + 1, at + 2, b"#"), (at + 7, at + 8, b"#")]})
    assert out == "a key: # and #".encode("utf-16-le")
    out = rebuild(expansion, {view: [(at, at + 1, b"#"), (at + 1, at + 2, b"+")]})
    assert out is not None
    assert out.decode("utf-16-le").startswith("a key: #")
    assert "é" not in out.decode("utf-16-le")[:9]


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


def raw_inflate(data: bytes) -> bytes:
    return zlib.decompress(data, wbits=-15)


PACKERS = [
    ("gzip", gzip.compress, gzip.decompress),
    ("zlib", zlib.compress, zlib.decompress),
    ("zlib best", lambda d: zlib.compress(d, 9), zlib.decompress),
    ("zlib fast", lambda d: zlib.compress(d, 1), zlib.decompress),
    ("raw deflate", raw_deflate, raw_inflate),
    ("brotli", brotli.compress, brotli.decompress),
    (
        "zstd",
        zstandard.compress,
        lambda d: zstandard.ZstdDecompressor().decompressobj().decompress(d),
    ),
]


@pytest.mark.parametrize(("pack", "unpack"), [p[1:] for p in PACKERS], ids=[p[0] for p in PACKERS])
@pytest.mark.parametrize("long", [False, True])
def test_compressed(pack: Any, unpack: Any, long: bool) -> None:
    filling = "".join(f"line {i * i}; " for i in range(9000 if long else 3))
    payload = pack(json.dumps({"k": f"\n{S}", "f": filling}).encode())
    expansion = expanded(payload)
    assert expansion.bomb is None
    # Some put short data into the body as it is: then it is found there too.
    assert paths(expansion) - {"$"} == {"gzip>json:$.k"}
    out = redacted(expansion)
    assert json.loads(unpack(out)) == {"k": "\n[gone]", "f": filling}


def test_a_compressed_body_behind_a_header_is_seen_but_not_rewritten() -> None:
    body = zlib.compress(f"the key is {S}".encode())
    expansion = expanded(b"\0\0\0\x2a\0\x10\0\2" + body)
    assert paths(expansion) == {"gzip"}
    assert redacted(expansion) is None


def test_a_find_in_the_compressed_bytes_alone_cannot_be_taken_out_of_them() -> None:
    expansion = expanded(gzip.compress(b"hello"))
    assert rebuild(expansion, {expansion.root: [(12, 14, b"#")]}) is None


def test_a_body_that_has_no_end_is_seen_but_not_rewritten() -> None:
    deflater = zlib.compressobj()
    payload = deflater.compress(f"the key is {S}".encode()) + deflater.flush(zlib.Z_SYNC_FLUSH)
    expansion = expanded(payload)
    assert paths(expansion) == {"gzip"}
    assert not expansion.views[1].whole
    assert redacted(expansion) is None


def test_json_in_a_binary_message_and_behind_a_binary_header() -> None:
    assert paths(expanded(json.dumps({"k": f"\n{S}"}).encode())) == {"json:$.k"}
    mqtt = b"\x30\x40\x00\x03a/b" + json.dumps({"k": f"\n{S}"}).encode() + b"\xff"
    assert paths(expanded(mqtt)) == {"json:$.k"}


def test_noise_is_no_document() -> None:
    for payload in (bz2.compress(b"x" * 50), bytes(range(256)), b"\x89PNG\r\n\x1a\n" + b"\1" * 60):
        assert {view.path for view in expanded(payload).views} == {"$"}


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(max_size=40) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(st.text(max_size=6) | st.integers(0, 9), inner, max_size=5),
    max_leaves=15,
)  # fmt: skip


def strings(value: object) -> list[bytes]:
    """All that are values, in order."""
    if isinstance(value, dict):
        return [x for v in value.values() for x in strings(v)]
    if isinstance(value, list):
        return [x for v in value for x in strings(v)]
    if isinstance(value, str):
        return [value.encode()]
    return [value] if isinstance(value, bytes) else []


@given(value=values, which=st.sampled_from(FORMATS), new=st.text())
def test_any_document_is_read_as_its_library_does(
    value: object, which: tuple[str, Any, Any], new: str
) -> None:
    name, dump, load = which
    document = [value, "a text to look at"]
    expansion = expanded(dump(document), decode={name}, all_leaves=True)
    leaves: list[View] = expansion.leaves(expansion.root, "$[1]")
    assert [leaf.data for leaf in leaves] == [b"a text to look at"]
    found = iter([view.data for view in expansion.leaves(expansion.root, "$")])
    assert all(value in found for value in strings(document))  # in this order
    out = load(rebuild(expansion, {leaves[0]: [(0, 17, new.encode())]}))
    assert out == [value, new]
