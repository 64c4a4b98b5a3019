"""JSON texts: leaves, framings, paths, and that a redacted one differs in one string only."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.views.helpers import SECRET, expanded, paths, places, redacted
from wsinspect.rules.views import View, expand, parse_json_path, rebuild
from wsinspect.rules.views.jsonescape import escape, escape_pieces, unescape
from wsinspect.rules.views.jsontext import JsonLeaves, json_leaves
from wsinspect.rules.views.signs import signs

S = SECRET.decode()

# name, before the secret, behind it, path; redaction must leave both sides as they are
FRAMINGS = [
    ("plain text", "pay with ", " please", "$"),
    ("log line with brackets", '[INFO] [2024-01-01] said "', '" twice', "$"),
    ("object", '{"body": "', '"}', "json:$.body"),
    ("escapes beside it", r'{"a":"\u00e9\/", "body": "x\n\"', r'\"\/"}', "json:$.body"),
    ("deep", '{"a":{"b":[1,{"c":["', '"]}]}}', "json:$.a.b[1].c[0]"),
    ("a key that is no name", '{"we ird":"', '"}', 'json:$["we ird"]'),
    ("a lone string", r'"x\t', '"', "json:$"),
    ("spaces before", ' \n\t{"a" : "', '" }\n', "json:$.a"),
    ("byte order mark", '\ufeff{"a":"', '"}', "json:$.a"),
    ("lines", '{"a":1}\n{"b":"', '"}\n{"c":2}\n', "json:$.b"),
    ("SignalR records", '{"type":6}\x1e{"type":1,"arguments":["', '"]}\x1e', "json:$.arguments[0]"),
    ("Socket.IO", r'42["ev",{"t":"\n', '"}]', "json:$[1].t"),
    ("Socket.IO namespace", r'42/chat,7["ev",{"t":"\n', '"}]', "json:$[1].t"),
    ("Socket.IO binary event", '451-["ev",{"_placeholder":true,"num":0},"', '"]', "json:$[2]"),
    ("SockJS", 'a["', '"]', "json:$[0]"),
    ("server-sent events", 'data: {"delta":"', '"}\n\ndata: {"x":1}\n\n', "json:$.delta"),
    ("events with names", 'event: m\ndata: {"delta":"', '"}\n\n', "json:$.delta"),
    ("STOMP", 'SEND\ndestination:/q "a\n\n{"b":"\\n', '"}\0', "json:$.b"),
    ("after a log line", '[12:00:01] in\n{"a":"', '"}', "json:$.a"),
]


@pytest.mark.parametrize(
    ("before", "behind", "path"), [f[1:] for f in FRAMINGS], ids=[f[0] for f in FRAMINGS]
)
def test_the_leaf_is_found_and_all_else_stays(before: str, behind: str, path: str) -> None:
    expansion = expanded(before + S + behind)
    assert paths(expansion) == {path}
    assert redacted(expansion) == f"{before}[gone]{behind}".encode()


def test_json_in_json_in_json() -> None:
    inner = json.dumps({"c": f"\n{S}"})
    payload = json.dumps({"a": [json.dumps({"b": inner})]})
    expansion = expanded(payload)
    assert paths(expansion) == {"json:$.a[0]>json:$.b>json:$.c"}
    out = redacted(expansion, b'say "no"\\')
    assert out is not None
    value = json.loads(json.loads(json.loads(out)["a"][0])["b"])["c"]
    assert value == '\nsay "no"\\'


def test_sockjs_with_escaped_json_without_more_escapes() -> None:
    expansion = expanded('a["{\\"b\\":\\"' + S + '\\"}"]')
    assert paths(expansion) == {"json:$[0]>json:$.b"}
    assert redacted(expansion) == b'a["{\\"b\\":\\"[gone]\\"}"]'


def test_every_character_escaped() -> None:
    escaped = "".join(f"\\u{ord(c):04X}" for c in S)
    expansion = expanded('{"a":"é\\u00e9 ' + escaped + '\\/","b":"\\u0041"}')
    assert paths(expansion) == {"json:$.a"}
    assert redacted(expansion) == '{"a":"é\\u00e9 [gone]\\/","b":"\\u0041"}'.encode()


def test_without_json_there_are_still_escapes() -> None:
    payload = '{"a":"\\u0041' + S[1:] + '"}'
    assert paths(expanded(payload, decode={"unicode"})) == {"unicode"}
    assert not paths(expanded(payload, decode=()))


def test_broken_json_is_read_as_text_too() -> None:
    expansion = expanded('{"a":"x\\ny", oops "\\u0041' + S[1:] + '"}')
    assert paths(expansion) == {"unicode"}


def test_cut_json_is_read_as_far_as_it_goes() -> None:
    expansion = expanded('{"a":"\\n' + S + '","b":"unfini')
    assert "json:$.a" in paths(expansion)
    assert redacted(expansion) == b'{"a":"\\n[gone]","b":"unfini'


def test_a_number_becomes_a_string() -> None:
    expansion = expanded('{"card":4111111111111111,"n":[-1.5e3,true]}')
    view, start, end = places(expansion, b"411111111111")[0]
    assert view.path == "json:$.card"
    out = rebuild(expansion, {view: [(start, end, b"*" * 12)]})
    assert out == b'{"card":"************1111","n":[-1.5e3,true]}'
    out = rebuild(expansion, {expansion.root: [(8, 20, b"*" * 12)]})  # of the message itself
    assert out == b'{"card":"************1111","n":[-1.5e3,true]}'


def test_an_edit_across_leaves_changes_what_is_in_them_only() -> None:
    payload = b'{"user":"bob","password":"hunter2"}'
    expansion = expanded(payload, text=True)
    out = rebuild(expansion, {expansion.root: [(9, len(payload) - 4, b"#")]})
    assert out == b'{"user":"#","#":"#r2"}'


def test_an_edit_of_structure_alone_is_refused() -> None:
    expansion = expanded('{"a":"b"}')
    assert rebuild(expansion, {expansion.root: [(4, 5, b"x")]}) is None


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, 99)])
def test_edits_out_of_range_are_refused(span: tuple[int, int]) -> None:
    expansion = expanded("plain")
    assert rebuild(expansion, {expansion.root: [(*span, b"")]}) is None


def test_duplicate_keys_and_lone_surrogates_survive() -> None:
    payload = r'{"a":"\ud800 ' + S + r'","a":"\udc00\ud83d\ude00"}'
    expansion = expanded(payload)
    assert redacted(expansion) == payload.replace(S, "[gone]").encode()
    values = [view.data.decode() for view in expansion.leaves(expansion.root, "$.a")]
    assert values == [f"\ufffd {S}", "\ufffd😀"]


def test_a_key_can_hold_the_secret_and_is_then_not_in_the_path() -> None:
    expansion = expanded('{"x":{"' + S + '":{"v":"\\n' + S + '"}}}')
    by_path = {view.path: view for view, _, _ in places(expansion)}
    key = by_path["json:$.x.*~"]
    value = by_path[f"json:$.x.{S}.v"]
    assert value.path_with([key]) == "json:$.x.*.v"
    assert key.path_with([key]) == "json:$.x.*~"
    assert redacted(expansion) == b'{"x":{"[gone]":{"v":"\\n[gone]"}}}'


def test_a_key_that_holds_an_encoded_secret_is_hidden_by_the_view_in_it() -> None:
    expansion = expanded('{"%41' + S[1:] + '":"v\\n"}')
    (found,) = (view for view, _, _ in places(expansion))
    value = expansion.leaves(expansion.root, "$.*")[0]
    assert found.path == "json:$.*~>url"
    assert value.path_with([found]) == "json:$.*"


def test_long_keys_and_deep_paths_are_shown_short() -> None:
    expansion = expanded(json.dumps({"k" * 100: f"\n{S}", 'q"' * 50: f"\n{S}"}))
    shown = sorted(paths(expansion))
    assert shown[0] == "json:$." + "k" * 64 + "…"
    assert len(shown[1]) < 120
    deep = expanded("[" * 10_000 + f'"\\n{S}"' + "]" * 10_000)
    (path,) = paths(deep)
    assert len(path) < 200
    assert "…" in path


def test_nested_10_000_deep() -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}"), ("[", ""), ('{"a":', "")):
        payload = opening * 10_000 + f'"\\n{S}"' + closing * 10_000
        expansion = expanded(payload)
        assert len(paths(expansion)) == 1 if closing else 2  # cut: read as plain text too
        assert redacted(expansion) == payload.replace(S, "[gone]").encode()


def test_many_escaped_strings_are_scanned_as_one_and_named_one_by_one() -> None:
    payload = json.dumps([f"\n{i} {S}" for i in range(50)] + [json.dumps([f"\n{S}"])])
    expansion = expanded(payload)
    assert len(expansion.views) <= 4
    assert paths(expansion) == {f"json:$[{i}]" for i in range(50)} | {"json:$[50]>json:$[0]"}
    out = redacted(expansion)
    assert out == payload.replace(S, "[gone]").encode()


def test_one_edit_of_the_joined_view_reaches_each_string() -> None:
    payload = json.dumps([f"\n{i}" for i in range(20)])
    expansion = expanded(payload)
    joined = expansion.views[1]
    out = rebuild(expansion, {joined: [(0, len(joined.data), b"x")]})
    assert out == json.dumps(["x"] * 20).encode()


def test_all_leaves() -> None:
    expansion = expanded('{"a":["x","",1,true],"b\\n":"y"}', all_leaves=True)
    got = {(view.path, view.data) for view in expansion.views[1:]}
    assert got == {
        ("json:$.*~", b"a"),
        ("json:$.a[0]", b"x"),
        ("json:$.a[1]", b""),
        ("json:$.a[2]", b"1"),
        ("json:$.a[3]", b"true"),
        ("json:$.*~", b"b\n"),
        ('json:$["b\\n"]', b"y"),
    }


def test_leaf_at() -> None:
    expansion = expanded('{"a":"hello","b":"x\\ny z"}')
    root = expansion.root
    at = expansion.leaf_at
    found = at(root, 6, 11)
    assert found is not None
    assert (found[0].path, found[1:]) == ("json:$.a", (0, 5))
    assert at(root, 5, 12) == found  # the quotes may be part of it
    found = at(root, 23, 24)
    assert found is not None
    assert (found[0].path, found[0].data[found[1] : found[2]]) == ("json:$.b", b"z")
    assert found[0] is expansion.views[1]
    assert at(root, 6, 14) is None  # across two
    assert at(root, 0, 1) is None
    assert at(expansion.views[1], 0, 1) is None  # no document itself


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$", ["1", "a", "b", "pw", "c", "z"]),
        ("$.n", ["1"]),
        ("$.list", ["a", "b"]),
        ("$.list[1]", ["b"]),
        ("$.list[*]", ["a", "b"]),
        ("$.list[7]", []),
        ("$.v.x.password", ["pw"]),
        ("$.v..password", ["pw"]),
        ("$..password", ["pw", "c"]),
        ("$..*", ["1", "a", "b", "pw", "c", "z"]),
        ("$.*", ["1", "a", "b", "pw", "c", "z"]),
        ("$.v.x", ["pw"]),
        ('$["we ird"]', ["z"]),
        ("$['we ird']", ["z"]),
        ("$..[0]", ["a", "c"]),
        ("$.nothing", []),
        ("$.n.x", []),
    ],
)
def test_leaves_by_path(path: str, wanted: list[str]) -> None:
    document = {
        "n": 1,
        "list": ["a", "b"],
        "v": {"x": {"password": "pw"}},
        "w": [{"password": "c"}],
        "we ird": "z",
    }
    expansion = expanded(json.dumps(document))
    assert [v.data.decode() for v in expansion.leaves(expansion.root, path)] == wanted


@pytest.mark.parametrize("path", ["", "a", "$.", "$x", "$[", "$[-1]", "$...a", "$.a b", '$["a]'])
def test_what_is_no_json_path(path: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        parse_json_path(path)


def test_a_hard_path_does_not_blow_up() -> None:
    way = ["a"] * 60
    assert not parse_json_path("$" + "..a" * 60 + "..b").leads_to(way)
    assert parse_json_path("$" + "..a" * 60).leads_to(way)


def test_no_data_in_reprs() -> None:
    expansion = expanded('{"' + S + '":"\\n' + S + '"}')
    shown = repr(expansion) + repr(expansion.views) + repr(list(vars(type(expansion))))
    assert S not in shown


# Properties.

text_values = st.text(max_size=20)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text_values,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text_values, inner, max_size=4),
    max_leaves=12,
)


def flat(document: object) -> list[str]:
    """Keys and values in order, as a JSON writer puts them."""
    if isinstance(document, dict):
        return [x for key, value in document.items() for x in (str(key), *flat(value))]
    if isinstance(document, list):
        return [x for value in document for x in flat(value)]
    return [document if isinstance(document, str) else json.dumps(document)]


@given(document=documents, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_the_leaves_are_those_of_a_json_reader(
    document: object, ascii_only: bool, indent: int | None
) -> None:
    payload = json.dumps([document], ensure_ascii=ascii_only, indent=indent)
    if not ascii_only:
        payload = payload.encode(errors="replace").decode()
        document = json.loads(payload)[0]
    leaves = json_leaves(View(payload.encode(), text=True))
    values: list[str] = []
    if leaves is not None:
        values = [leaves.leaf(i).data.decode() for i in range(len(leaves.starts))]
    wanted = [x.encode(errors="surrogatepass").decode(errors="replace") for x in flat([document])]
    if "\ufffd" not in "".join(wanted):
        assert values == wanted
    assert len(values) == len(wanted)


@given(text=text_values, ascii_only=st.booleans())
def test_escapes_round_trip(text: str, ascii_only: bool) -> None:
    raw = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()
    assert unescape(raw) == text.encode()
    assert unescape(escape(text.encode())) == text.encode()


@given(raw=st.text(alphabet='\\ux"dD8cC0aAé/nt ', max_size=30))
def test_the_map_of_escapes_fits_what_they_stand_for(raw: str) -> None:
    data = raw.encode()
    if data.endswith(b"\\"):
        data += b"n"
    value = unescape(data)
    pieces = escape_pieces(data)
    assert len(value) == len(data) + sum(
        (p.end - p.start) - (p.source_end - p.source_start) for p in pieces
    )
    done = source = 0
    for piece in pieces:  # what is between the pieces is the same on both sides
        assert value[done : piece.start] == data[source : piece.source_start]
        done, source = piece.end, piece.source_end
    assert value[done:] == data[source:]


@given(
    document=documents,
    prefix=st.sampled_from(["", "42", "a", "data: "]),
    new=st.text(max_size=8),
    pick=st.integers(0, 1000),
    ascii_only=st.booleans(),
)
def test_a_rewritten_leaf_is_what_a_reader_gets_and_nothing_else_changes(
    document: object, prefix: str, new: str, pick: int, ascii_only: bool
) -> None:
    payload = prefix + json.dumps([document, "x"], ensure_ascii=ascii_only)
    payload = payload.encode(errors="replace").decode()
    expansion = expand(
        payload.encode(), text=True, decode=frozenset({"json"}), signs=signs, all_leaves=True
    )
    leaves = json_leaves(expansion.root)
    assert isinstance(leaves, JsonLeaves)
    index = pick % len(leaves.starts)
    leaf = leaves.leaf(index)
    out = rebuild(expansion, {leaf: [(0, len(leaf.data), new.encode())]})
    assert out is not None
    again = json_leaves(View(out, text=True))
    assert again is not None
    before = [leaves.leaf(i).data for i in range(len(leaves.starts))]
    before[index] = new.encode()
    assert [again.leaf(i).data for i in range(len(again.starts))] == before
    json.loads(out[len(prefix) :])
    start, end = leaves.starts[index], leaves.ends[index]
    assert out.startswith(payload.encode()[: start - 1])
    assert out.endswith(payload.encode()[end + 1 :])
