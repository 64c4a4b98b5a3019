"""Whatever a peer sends: nothing raises, what comes out is bounded, the work is linear."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dissect.samples import BINARY, SAMPLES, TEXT
from wsinspect.dissect import CONTENT_MAX, SUMMARIZERS, identify, summarize
from wsinspect.dissect.binary import cbor_keys, protobuf_fields
from wsinspect.dissect.reading import json_of
from wsinspect.dissect.summary import ID_MAX, TEXT_MAX

APPS = ["", *SUMMARIZERS]
contents = [sample[2] for sample in SAMPLES]


def check(content: bytes) -> None:
    for opcode in (TEXT, BINARY):
        identify(opcode, content)
        for app in APPS:
            found = summarize(app, opcode, content)
            assert len(found.text) <= TEXT_MAX
            assert "\n" not in found.text
            assert found.id is None or len(found.id) <= ID_MAX


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    check(content)


@given(st.sampled_from(contents), st.data())
def test_damaged_messages(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 8))
    check(content[:at] + data.draw(st.binary(max_size=4)) + content[at + cut :])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
KEYS = """type id payload event data topic ref method params result error identifier command
    message protocol version target arguments M H A I R C op channel"""
keys = st.sampled_from(KEYS.split())


@given(st.dictionaries(keys, json_values, max_size=6) | st.lists(json_values, max_size=6))
def test_known_keys_with_any_values(value: object) -> None:
    check(json.dumps(value).encode())


@given(st.integers(0, 70), st.lists(json_values, max_size=5))
def test_arrays_that_begin_like_a_protocol(kind: int, rest: list[object]) -> None:
    check(json.dumps([kind, *rest]).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"[" * CONTENT_MAX,
        b'{"a":' * 1_000,
        b'{"' + b'\\"' * 2_000,
        b'"' * CONTENT_MAX,
        b'["' + b"\\" * 4_000,
        b"<" * CONTENT_MAX,
        b"<a " + b"a=" * 2_000,
        b"42" + b"/" * 4_000,
        b"4" + b"5" * 4_000,
        b"CONNECT\n" + b"a:b\n" * 1_000,
        b"\n" * CONTENT_MAX,
        b"\x1e" * CONTENT_MAX,
        b"\x81" * CONTENT_MAX,
        b"\x9f" * CONTENT_MAX,
        b"\xa1" * CONTENT_MAX,
        b"\xbf" * CONTENT_MAX,
        b"\xc1" * CONTENT_MAX,
        b"\xdd\xff\xff\xff\xff" * 800,
        b"\xbb" + b"\xff" * 4_000,
        b"\x30\xff\xff\xff\x7f" + b"x" * 4_000,
        b"\x08" * CONTENT_MAX,
        b'{"query":"' + b" " * 4_000 + b'"}',
    ],
    ids=lambda c: repr(c[:12]),
)
def test_built_to_be_slow(content: bytes) -> None:
    """A pattern or a walk that looks back would not end within the test's time."""
    check(content[:CONTENT_MAX])


def test_numbers_of_any_size() -> None:
    check(b'{"id":' + b"9" * 4_000 + b',"type":"x"}')
    check(b'{"type":1e999,"id":-1e999}')


@pytest.mark.parametrize("depth", [64, 65, 2_000])
def test_depth_is_guarded(depth: int) -> None:
    """What lies deeper than 64 is not built."""
    value = json_of(b"[" * depth + b"]" * depth)
    found = 0
    while isinstance(value, list):
        found += 1
        value = value[0] if value else None
    assert found == 64


def test_brackets_in_a_text_are_no_depth() -> None:
    assert json_of(b'"' + b"[" * 500 + b'"') == "[" * 500


def test_a_value_is_believed_only_if_all_bytes_belong_to_it() -> None:
    assert cbor_keys(bytes.fromhex("a1616101")) == ["a"]
    assert cbor_keys(bytes.fromhex("a161610100")) is None
    assert protobuf_fields(bytes.fromhex("0801")) == ["1:number"]
    assert protobuf_fields(bytes.fromhex("080108")) is None
    assert identify(BINARY, bytes.fromhex("81a16101")) == ("msgpack", "low")
    assert identify(BINARY, bytes.fromhex("81a1610100")) != ("msgpack", "low")


def test_what_claims_more_than_is_there_is_nothing() -> None:
    assert cbor_keys(bytes.fromhex("bb7fffffffffffffff")) is None
    assert cbor_keys(bytes.fromhex("9a7fffffff")) is None
    assert protobuf_fields(bytes.fromhex("0affffffff7f")) is None
    assert protobuf_fields(b"") is None
