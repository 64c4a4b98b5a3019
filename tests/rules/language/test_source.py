"""YAML becomes nodes with lines; what a rule file may not use is refused, whatever its size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.language.source import (
    MAX_BYTES,
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    SourceError,
    parse,
)


def plain(node: Node | None) -> object:
    if isinstance(node, MapNode):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return None if node is None else node.text


def refused(text: str | bytes) -> tuple[int, str]:
    with pytest.raises(SourceError) as caught:
        parse(text)
    return caught.value.line, f"{caught.value.what} – {caught.value.hint}"


def test_nodes_know_their_lines() -> None:
    top = parse("# first\na:\n  - x\n  - {b: 'y'}\n")
    assert isinstance(top, MapNode)
    ((key, items),) = top.entries
    assert (key.line, key.text) == (2, "a")
    assert isinstance(items, ListNode)
    assert [item.line for item in items.items] == [3, 4]
    assert plain(top) == {"a": ["x", {"b": "y"}]}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "text"), ("'1'", "text"), ('"true"', "text"), ("yes", "text"), ("on", "text"),
        ("No", "text"), ("1", "number"), ("-1.5e3", "number"), ("0x1f", "number"),
        ("0o17", "number"), (".inf", "number"), ("012", "number"), ("1k", "text"),
        ("1.2.3", "text"), ("12:30", "text"), ("true", "true or false"),
        ("FALSE", "true or false"), ("null", "nothing"), ("~", "nothing"), ("", "nothing"),
        ("''", "text"), ("|\n  1", "text"), ("2001-01-01", "text"),
    ],
)  # fmt: skip
def test_what_a_scalar_is(text: str, kind: str) -> None:
    top = parse(f"a: {text}\n")
    assert isinstance(top, MapNode)
    value = top.entries[0][1]
    assert isinstance(value, ScalarNode)
    assert value.kind == kind


def test_nothing_but_comments() -> None:
    assert parse("# only\n\n") is None
    assert parse("") is None
    assert parse("---\n# x\n") is not None  # an explicit document: an empty value


def test_a_byte_order_mark_and_crlf() -> None:
    assert plain(parse("\ufeffa: b\r\nc: d\r\n".encode())) == {"a": "b", "c": "d"}


def test_escaped_surrogates_are_one_character() -> None:
    assert plain(parse('a: "\\ud83d\\ude00"')) == {"a": "😀"}
    assert refused('a: b\nc: "\\ud83d"')[0] == 2


def test_an_alias_is_its_anchors_node() -> None:
    assert plain(parse("a: &x [1, 2]\nb: *x\n")) == {"a": ["1", "2"], "b": ["1", "2"]}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: b: c", 1, "not YAML: mapping values are not allowed here – put text"),
        ("a:\n\tb: c", 2, "indent with spaces"),
        ("a: b\n  c: d", 2, "indent keys alike"),
        ("a: [\n", 2, "not YAML"),
        ("a: 'x\n", 2, "unexpected end of stream"),
        ("a:\n  - b\n c", 3, "indent what belongs together alike"),
        ("a: @x", 1, "in quotes"),
        ('a: b\nb: "\\q"', 2, "in single quotes a backslash is a backslash"),
        ("a: b\n---\nc: d", 2, "one YAML document"),
        ("a: b\nb: !!str c", 2, "tags"),
        ("a: !x {b: c}", 1, "tags"),
        ("a: ! b", 1, "tags"),
        ("a: !!python/object:os.system x", 1, "tags"),
        ("a: *x", 1, 'the alias "x" has no anchor'),
        ("a: &x [*x]", 1, 'the alias "x" has itself inside'),
        ("? [a]\n: b", 1, "a key is a word"),
        ("a: b\nc: \x00", 2, "U+0000"),
        ("a: b\nc: \x1b[31m", 2, "U+001B"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, line: int, said: str) -> None:
    at, what = refused(text)
    assert said in what
    assert at == line
    assert "\n" not in what


def test_bytes_that_are_not_utf8() -> None:
    assert refused(b"a: b\nc: \xff") == (2, "not UTF-8 – ")
    assert refused("a: b".encode("utf-16")) == (1, "not UTF-8 – ")


def test_depth() -> None:
    assert parse("[" * 19 + "x" + "]" * 19) is not None
    assert "deeper than 20" in refused("[" * 20 + "x" + "]" * 20)[1]
    assert "deeper than 20" in refused("[" * 50_000)[1]
    block = "\n".join(" " * at + "a:" for at in range(100))
    assert refused(block) == (20, "nested deeper than 20 – ")


def test_depth_counts_through_aliases() -> None:
    half = "a: &x " + "[" * 12 + "y" + "]" * 12 + "\nb: "
    assert parse(half + "[" * 5 + "*x" + "]" * 5) is not None
    assert "deeper than 20" in refused(half + "[" * 10 + "*x" + "]" * 10)[1]


def test_an_alias_bomb() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 9)]
    line, what = refused("\n".join(lines))
    assert "more than 100,000 values, aliases written out" in what
    assert line == 5
    assert len(plain(parse("\n".join(lines[:4])))["a3"]) == 10  # type: ignore[index]


def test_many_anchors() -> None:
    assert "more than 1000 anchors" in refused("\n".join(f"- &a{i} x" for i in range(1001)))[1]


def test_size() -> None:
    assert parse("#" * MAX_BYTES) is None
    assert "at most 1024 KiB" in refused("#" * (MAX_BYTES + 1))[1]
    assert "at most 1024 KiB" in refused(b"#" * (MAX_BYTES + 1))[1]
    assert "at most 1024 KiB" in refused("é" * (MAX_BYTES // 2 + 1))[1]


def test_no_repr_shows_a_value() -> None:
    assert "s3cr3t" not in repr(parse("a: [s3cr3t, {s3cr3t: s3cr3t}]"))


def outcome(source: str | bytes) -> SourceError | None:
    try:
        parse(source)
    except SourceError as error:
        return error
    return None


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@`?<>~ \n\t\\x0", max_size=60))
def test_any_text_is_nodes_or_refused(text: str) -> None:
    error = outcome(text)
    assert error is None or 1 <= error.line <= text.count("\n") + 2
    assert error is None or error.what.isprintable()


@given(st.binary(max_size=60))
def test_any_bytes_are_nodes_or_refused(data: bytes) -> None:
    error = outcome(data)
    assert error is None or error.what.isprintable()
