"""JSON as far as it goes, MessagePack and CBOR whole or not at all; all of it bounded."""

from __future__ import annotations

import json
import math
from typing import Any

import cbor2
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.tui.draw.detail.binary_readers import read_binary
from wsinspect.tui.draw.detail.json_reader import read_json
from wsinspect.tui.draw.detail.tree import CUT_SAY, DEPTH_MAX, NODES_MAX, Kind, Tree, show_path

_LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=20)
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=30,
)
_ROOTS = st.lists(_DOCUMENTS, max_size=5) | st.dictionaries(st.text(max_size=8), _DOCUMENTS)


def flat(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every node of a document in order, as the tree has to have it."""
    if isinstance(value, dict):
        inside = [node for key, one in value.items() for node in flat(one, (*path, key))]
        return [(path, Kind.OBJECT), *inside]
    if isinstance(value, list):
        inside = [node for at, one in enumerate(value) for node in flat(one, (*path, at))]
        return [(path, Kind.ARRAY), *inside]
    return [(path, value)]


def said(tree: Tree) -> list[tuple[tuple[str | int, ...], Any]]:
    words = {"true": True, "false": False, "null": None}
    found: list[tuple[tuple[str | int, ...], Any]] = []
    for place, node in enumerate(tree.nodes):
        path = tuple(tree.steps(place))
        if node.kind is Kind.NUMBER:
            found.append((path, int(node.text)))
        elif node.kind is Kind.WORD:
            found.append((path, words[node.text]))
        elif node.kind is Kind.STRING:
            found.append((path, node.text))
        else:
            found.append((path, node.kind))
    return found


@given(_ROOTS, st.booleans(), st.sampled_from([None, 2]))
def test_json_is_read_as_the_library_reads_it(value: Any, ascii_: bool, indent: int | None) -> None:
    tree = read_json(json.dumps(value, ensure_ascii=ascii_, indent=indent))
    assert tree is not None
    assert said(tree) == flat(value)


@given(_ROOTS)
def test_msgpack_and_cbor_are_read_as_their_libraries_read_them(value: Any) -> None:
    for name, encoded in (("MessagePack", msgpack.packb(value)), ("CBOR", cbor2.dumps(value))):
        tree = read_binary(encoded)
        assert tree is not None
        if tree.name == name:  # few bytes may be both: the empty array of CBOR is an int before
            assert said(tree) == flat(value)


@given(_ROOTS, st.data())
def test_a_cut_document_shows_what_is_there(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    end = data.draw(st.integers(1, len(text) - 1))
    tree = read_json(text[:end], whole=False)
    assert tree is not None
    assert tree.nodes[-1].kind is Kind.CUT or end == len(text)
    assert tree.nodes[-1].text == CUT_SAY
    whole = flat(value)
    for place, node in enumerate(tree.nodes[:-1]):
        assert tuple(tree.steps(place)) == whole[place][0]
        assert node.kind is not Kind.CUT


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ('{"a" 1}', "a colon was expected: 1}"),
        ("{a:1}", "a name was expected: a:1}"),
        ("[1 2]", "a comma was expected: 2]"),
        ("[nul]", "no JSON from here: nul]"),
        ('{"a":1} trailing words', "no JSON from here: trailing words"),
        ("[1,2", "ends here, unfinished"),
        ('["abc', "ends here, unfinished"),
        ("[tru", "ends here, unfinished"),
    ],
)
def test_what_is_broken_is_marked_where_it_breaks(text: str, last: str) -> None:
    tree = read_json(text)
    assert tree is not None
    assert tree.nodes[-1].kind is Kind.CUT
    assert tree.nodes[-1].text == last


@pytest.mark.parametrize("text", ["", "   ", "hello", "12:30 Uhr", "trueish", "\x00[", "nothing {"])
def test_what_does_not_begin_like_json_is_none(text: str) -> None:
    assert read_json(text) is None


def test_several_documents_and_a_prefix() -> None:
    tree = read_json('{"a":1}\x1e{"b":2}\x1e')
    assert tree is not None
    assert [node.kind for node in tree.nodes if node.depth == 0] == [Kind.OBJECT, Kind.OBJECT]
    tree = read_json('42/chat,17["message",{"x":1}]')
    assert tree is not None
    assert tree.nodes[0].text.startswith("42/chat,17")
    assert tree.path(4) == "$[1].x"


@pytest.mark.parametrize(
    "text",
    ["[" * 10_000, "[" * 10_000 + "]" * 10_000, '{"a":' * 10_000, "[" * 1_000_000],
    ids=["open", "closed", "objects", "a million"],
)
def test_depth_is_bounded(text: str) -> None:
    tree = read_json(text)
    assert tree is not None
    assert max(node.depth for node in tree.nodes) <= DEPTH_MAX + 1
    assert len(tree.nodes) < DEPTH_MAX + 5
    assert any("deeper" in node.text for node in tree.nodes)


def test_nodes_are_bounded_and_the_rest_is_said() -> None:
    tree = read_json("[" + "1," * 100_000 + "1]")
    assert tree is not None
    assert len(tree.nodes) == NODES_MAX + 1
    assert "stops after 20,000" in tree.nodes[-1].text
    assert not tree.nodes[0].closed


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff\x01\x02",  # an array of 4 billion, with two values
        b"\x91" * 50,  # never closed
        b"\x82\xa1a\x01",  # a map with half of its members
        msgpack.packb({"a": 1}) + b"x",
        b"\xa3abc",  # a string alone
        b"\x00\x01\x02",
        b"\xbf\x61a\xff",  # CBOR: a break in place of a value
        b"",
    ],
)
def test_what_is_not_one_whole_document_is_none(data: bytes) -> None:
    assert read_binary(data) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (cbor2.dumps([1.5]), "1.5"),
        (b"\x81\xfa", None),
        (b"\x9f\x01\xff", "1"),  # endless array
        (b"\x81\x7f\x61a\x61b\xff", "ab"),  # string in pieces
        (cbor2.dumps([cbor2.CBORTag(4, [10**6, 1])]), None),  # a number that a library would build
        (msgpack.packb([msgpack.ExtType(5, b"abc")]), "extension 5: 3 B 61 62 63"),
        (msgpack.packb([b"\x00\xff"]), "2 B 00 ff"),
        (msgpack.packb([math.inf]), "inf"),
    ],
)
def test_values_of_the_binary_formats(data: bytes, text: str | None) -> None:
    tree = read_binary(data)
    if text is None:
        assert tree is None or tree.nodes[1].kind is Kind.ARRAY
        return
    assert tree is not None
    assert tree.nodes[1].text == text


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    read_binary(data)
    read_json(data.decode("latin-1"))


def test_folding_hides_descendants_and_unfolding_shows_them() -> None:
    tree = read_json('{"a":{"b":[1,2]},"c":3}')
    assert tree is not None
    assert tree.visible() == [0, 1, 2, 3, 4, 5]
    assert tree.fold(1)
    assert tree.visible() == [0, 1, 5]
    assert not tree.fold(5)
    assert tree.fold(1)
    assert tree.visible() == [0, 1, 2, 3, 4, 5]
    tree.fold_all(True)
    assert tree.visible() == [0, 1, 5]
    other = read_json('{"a":1,"b":[1,2],"c":3}')
    assert other is not None
    other.keep_folds(tree)
    assert other.folded == set()
    longer = read_json('{"a":{"b":[1,2]},"c":3,"d":4}')  # the rest of it came
    assert longer is not None
    longer.keep_folds(tree)
    assert longer.visible() == [0, 1, 5, 6]
    same = read_json('{"a":{"b":[7,8]},"c":9}')
    assert same is not None
    same.keep_folds(tree)
    assert same.visible() == [0, 1, 5]


def test_folds_stay_when_the_rest_of_a_cut_document_comes() -> None:
    cut = read_json('{"a":[1,2],"b":[3', whole=False)
    whole = read_json('{"a":[1,2],"b":[3,4]}')
    assert cut is not None
    assert whole is not None
    cut.fold(1)
    whole.keep_folds(cut)
    assert whole.folded == {1}


def test_a_large_document_opens_folded() -> None:
    tree = read_json(json.dumps([{"a": [1, 2]}] * 300))
    assert tree is not None
    assert len(tree.nodes) > 1000
    assert len(tree.visible()) == 1 + 300 * 2


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([], "$"),
        (["a", 0, "b"], "$.a[0].b"),
        (["we ird", 'q"'], '$["we ird"]["q\\""]'),
        (["k" * 100], "$." + "k" * 64 + "…"),
    ],
)
def test_paths_are_written_as_in_alerts(steps: list[str | int], path: str) -> None:
    assert show_path(steps) == path


def test_a_very_long_path_loses_its_middle() -> None:
    path = show_path(list(range(100)))
    assert path.startswith("$[0]")
    assert path.endswith("[99]")
    assert ".…" in path
    assert len(path) < 200
