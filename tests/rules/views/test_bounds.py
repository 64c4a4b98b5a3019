"""Bombs are named and cost little; no bytes make the views raise; an untouched message stays."""

from __future__ import annotations

import base64
import gzip
import json
import zlib

import brotli
import msgpack
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from tests.rules.views.helpers import SECRET, expanded, paths, redacted
from wsinspect.rules.engine.signs import SIGN_REGEXES
from wsinspect.rules.views import DECODE_NAMES, LIMITS, Limits, expand, rebuild
from wsinspect.rules.views import signs as own_signs
from wsinspect.rules.views.signs import signs

S = SECRET.decode()


def size(views: list[bytes]) -> int:
    return sum(map(len, views))


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(bytes(20_000_000)),
        zlib.compress(bytes(20_000_000)),
        zstandard.compress(bytes(50_000_000)),
        gzip.compress(gzip.compress(bytes(50_000_000))),
        gzip.compress(b'{"a":"\\n"}' * 1_000_000),
    ],
    ids=["gzip", "zlib", "zstd", "gzip in gzip", "gzip of JSON"],
)
def test_a_compression_bomb_is_named_and_small(bomb: bytes) -> None:
    expansion = expanded(bomb)
    assert expansion.bomb == "output"
    assert size([view.data for view in expansion.views[1:]]) <= LIMITS.output(len(bomb))


def test_a_bomb_in_base64_in_json() -> None:
    payload = json.dumps({"a": base64.b64encode(gzip.compress(bytes(5_000_000))).decode()})
    expansion = expanded(payload)
    assert expansion.bomb == "output"
    assert not expansion.views[-1].whole


def test_what_is_before_the_cut_of_a_bomb_is_seen() -> None:
    payload = gzip.compress(f"the key {S} ".encode() + bytes(5_000_000))
    expansion = expanded(payload)
    assert (expansion.bomb, paths(expansion)) == ("output", {"gzip"})
    assert redacted(expansion) is None


def test_a_brotli_stream_that_asks_for_much_is_not_unpacked() -> None:
    assert len(expanded(brotli.compress(bytes(10_000_000))).views) == 1


def test_depth() -> None:
    value = f"\n{S}"
    for layer in range(1, 9):
        value = json.dumps([value])
        expansion = expanded(value)
        assert max(view.depth for view in expansion.views) == min(layer, LIMITS.depth)
        assert expansion.bomb == ("depth" if layer > LIMITS.depth else None)


def test_views() -> None:
    payload = json.dumps([json.dumps([f"\n{i}"]) for i in range(2000)]).encode()
    expansion = expand(
        payload, text=True, decode=DECODE_NAMES, signs=signs, limits=Limits(views=100)
    )
    assert (len(expansion.views), expansion.bomb) == (100, "views")


def test_elements() -> None:
    payload = msgpack.packb({"a": ["abcd", 1] * 50_000})
    expansion = expanded(payload)
    assert (len(expansion.views), expansion.bomb) == (1, "elements")


def test_limits_grow_with_the_message_up_to_an_end() -> None:
    sizes = [LIMITS.output(n) for n in (0, 100, 10_000, 1_000_000, 10_000_000, 100_000_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] == LIMITS.output_least
    assert sizes[3] == 8 * 1024 * 1024
    assert sizes[5] == 200_000_000


def test_signs_are_asked_once_for_each_view_in_order() -> None:
    seen: list[bytes] = []

    def record(data: bytes) -> int:
        seen.append(data)
        return signs(data)

    payload = json.dumps({"a": base64.b64encode(b'{"x":"\\n%41"}').decode(), "b": "é\n"})
    for text in (True, False):
        for decode in (frozenset[str](), DECODE_NAMES):
            seen.clear()
            expansion = expand(payload.encode(), text=text, decode=decode, signs=record)
            assert seen == [view.data for view in expansion.views]


def test_without_signs_nothing_is_made() -> None:
    expansion = expand(b'{"a":"\\n"}', text=True, decode=DECODE_NAMES, signs=lambda _: 0)
    assert len(expansion.views) == 1


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@example(b"\x78\x9c%41\\\x00&#65;")
def test_the_engines_signs_are_these(data: bytes) -> None:
    ours = {sign: pattern.pattern for sign, pattern in own_signs._SIGNS}
    for sign, regex in SIGN_REGEXES:
        assert ours[sign].decode() == regex
    assert bool(signs(data) & 64) is not data.isascii()


# Worst inputs: counted in views and work, not in time; a test with a clock would fail elsewhere.


@pytest.mark.parametrize(
    "payload",
    [
        "[" * 50_000,
        '{"a":' * 30_000 + '"\\n',
        "\n[1 x" * 20_000 + "\\",
        '["' + '\\"' * 100_000,
        "\n".join(["abcdEFGHijkl01mnop"] * 5_000),
        "a\u200b" * 30_000,
        "аa" * 30_000,
        "&amp;%41\\u0041" * 8_000,
        "%" * 100_000,
        "=" * 50_000 + "+",
        "<!--" * 20_000 + "<a b" * 20_000,
        "<b>x</b>" * 10_000,
        "41 " * 30_000,
        "aa aa:" * 20_000 + "61 61 61 61 61 61 61 61",
        "61 " * 30_000 + "x=\r\ny" + "=41" * 20_000,
        "65," * 30_000,
        "/*" * 30_000 + '" + "' * 10_000,
        '"x1":"' * 20_000,
        '"x1":"ab","x2":"cd",' * 5_000,
        "http://sptth//: " * 5_000,
        "a=b&" * 30_000 + "%41",
        "abcdEFGHijkl01mno= " * 5_000,
        "a234567a234567a234567 " * 5_000,
        "١a" * 30_000,
        "a=" * 50_000 + "+",
        '"' * 100_001 + "\\",
    ],
    ids=range(26),
)
@pytest.mark.timeout(20)
def test_bad_texts_end(payload: str) -> None:
    expansion = expanded(payload)
    assert len(expansion.views) <= LIMITS.views


SEEDS = [
    b'{"a":"\\u0041\\n","b":[1,2.5e3,true,null,"%41&#65;"]}',
    b'42/ns,7["x",{"y":"\\"z"}]',
    b'a["{\\"b\\":\\"c\\"}"]',
    base64.b64encode(gzip.compress(b'{"k":"\\n"}')),
    gzip.compress(b"hello hello hello"),
    zlib.compress(b"hello hello"),
    zstandard.compress(b"hello hello hello"),
    brotli.compress(b"hello hello hello hello"),
    msgpack.packb({"a": ["text here", b"\0\1" * 10, 2**40], "b": {"c": "d" * 40}}),
    b"\xbf\x63key\x9f\x01\x7f\x62ab\xff\xff\x61t\x74" + SECRET + b"\xff",
    b"\x0a\x05hello\x12\x09\x1a\x07\x0a\x05inner",
    b"h\0e\0l\0l\0o\0",
    "A\u200bB４é а1".encode(),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            data[at:at] = draw(st.binary(max_size=6))
        elif kind == 1:
            del data[at : at + draw(st.integers(0, 6))]
        elif kind == 2:
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        else:
            data[at:at] = draw(st.sampled_from(SEEDS))
    return bytes(data)


@given(data=st.binary(max_size=200) | mutated(), text=st.booleans(), every=st.booleans())
def test_no_bytes_make_it_raise(data: bytes, text: bool, every: bool) -> None:
    expansion = expand(data, text=text, decode=DECODE_NAMES, signs=signs, all_leaves=every)
    assert rebuild(expansion, {}) == data
    for view in expansion.views:
        if view.text:
            view.data.decode()
        assert view.path
        assert view.path_with([view])
        repr(view)
        middle = len(view.data) // 2
        expansion.leaf_at(view, middle, middle + 1)
        expansion.leaves(view, "$..*")
        if view.data:
            rebuild(expansion, {view: [(middle, middle + 1, b"#")]})
            rebuild(expansion, {view: [(0, len(view.data), b"")]})


@given(data=mutated(), decode=st.sets(st.sampled_from(sorted(DECODE_NAMES))))
def test_any_choice_of_decoders(data: bytes, decode: set[str]) -> None:
    expansion = expand(data, text=False, decode=frozenset(decode), signs=signs)
    names = {step.partition(":")[0] for view in expansion.views for step in view.path.split(">")}
    assert names <= decode | {"$"}
