"""Both engines against each other, and against what the words of ``Pattern`` say."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.engine.regexes import regexes, texts
from wsinspect.rules.detect.gitleaks import load_gitleaks
from wsinspect.rules.detect.pattern import (
    SIGN_BASE64,
    SIGN_COMPRESSED,
    SIGN_ESCAPE,
    SIGN_HEX,
    SIGN_HTML,
    SIGN_NON_ASCII,
    SIGN_NUL,
    SIGN_PERCENT,
    Match,
    Pattern,
)
from wsinspect.rules.engine import BadRegexError, EngineError, Scanner, hyperscan
from wsinspect.rules.engine.plain import signs_of
from wsinspect.rules.engine.regexes import compile_regex
from wsinspect.rules.engine.superset import widen

GITLEAKS = Path(__file__).parents[1] / "data" / "gitleaks.toml"
Engine = Literal["hyperscan", "re2"]
BOTH: tuple[Engine, Engine] = ("hyperscan", "re2")


@pytest.fixture(scope="module")
def pack() -> list[Pattern]:
    return list(load_gitleaks(GITLEAKS).patterns.values())


@pytest.fixture(scope="module")
def pack_scanners(pack: list[Pattern], tmp_path_factory: pytest.TempPathFactory) -> list[Scanner]:
    cache = tmp_path_factory.mktemp("databases")
    return [Scanner(pack, engine=engine, cache=cache) for engine in BOTH]


def by_definition(patterns: list[Pattern], data: bytes) -> list[Match]:
    """RE2's leftmost, non-overlapping, non-empty matches in the whole data, nothing saved."""
    found = set()
    for index, pattern in enumerate(patterns):
        regex = compile_regex(widen(pattern.regex).exact)
        for match in regex.finditer(data):
            if match.end() > match.start():
                spans = [match.span(group) for group in range(1, regex.groups + 1)]
                secret = next((one for one in spans if one[1] > one[0]), match.span())
                found.add(Match(index, *secret, *match.span()))
    return sorted(found, key=lambda one: (one.start, -one.end, one.pattern, one.match_start))


# Few examples of many texts: compiling is the slow part.
@settings(max_examples=60, deadline=None)
@given(
    st.lists(regexes(), min_size=1, max_size=5),
    st.lists(texts(), min_size=1, max_size=12),
)
def test_both_engines_find_what_the_definition_says(
    sources: list[str], messages: list[bytes]
) -> None:
    patterns = [Pattern(f"p{i}", regex) for i, regex in enumerate(sources)]
    scanners = [Scanner(patterns, engine=engine) for engine in BOTH]
    ends: list[int] = []
    for message in messages:
        ends.append((ends[-1] + 1 if ends else 0) + len(message))
    joined = b"\n".join(messages)
    for scanner in scanners:
        alone, _ = scanner.scan_joined(joined)
        told, _ = scanner.scan_joined(joined, ends)
        for message, end in zip(messages, ends, strict=True):
            expected = by_definition(patterns, message)
            assert scanner.matches(message) == expected
            for found in (alone, told):
                here = {p for p, e in found if end - len(message) < e <= end}
                assert {match.pattern for match in expected} <= here


def test_a_real_pack_is_taken_whole_by_hyperscan(pack_scanners: list[Scanner]) -> None:
    assert [scanner.engine for scanner in pack_scanners] == list(BOTH)
    assert pack_scanners[0].left_out == frozenset()
    assert len(pack_scanners[1].left_out) == len(pack_scanners[1].patterns)


SECRETS = [
    "AKIALALEMEL33243OLIB",
    "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "xoxb-1234567890123-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "api_key = 'a8f5f167f44f4964e6c998dee827110c'",
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "MIIEpAIBAAKCAQEA7bq2" * 8
    + "\n-----END RSA PRIVATE KEY-----",
    "password: é漢😀 token=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
]
FILLERS = ['{"text":"', "Hi there, lunch at noon? ", "Привет, 今日は ", "\xff\xfe", "\n", '"}', " "]


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.sampled_from(SECRETS + FILLERS), max_size=12), cut=st.integers(0, 40))
def test_both_engines_agree_on_a_real_pack(
    pack_scanners: list[Scanner], parts: list[str], cut: int
) -> None:
    data = "".join(parts).encode("utf-8" if cut % 2 else "latin-1", "replace")[cut:]
    first, second = (scanner.matches(data) for scanner in pack_scanners)
    assert first == second
    assert first.truncated is second.truncated is False
    assert pack_scanners[0].scan(data)[1] == pack_scanners[1].scan(data)[1]


def test_the_real_pack_finds_its_secrets(pack_scanners: list[Scanner]) -> None:
    for scanner in pack_scanners:
        for secret in SECRETS[:5]:
            data = f'{{"a":"é {secret} "}}'.encode()
            assert any(
                data[match.start : match.end].decode() in secret for match in scanner.matches(data)
            )
        assert scanner.matches(b'{"text":"Hi there, lunch at noon?"}') == []


@pytest.mark.parametrize(
    ("data", "sign"),
    [
        (rb"a\u0041", SIGN_ESCAPE),
        (b"a%20b", SIGN_PERCENT),
        (b"a%2", 0),
        (b"100% of", 0),
        (b"a&amp;b", SIGN_HTML),
        (b"&#x41;", SIGN_HTML),
        (b"&#65;", SIGN_HTML),
        (b"a&b; c", SIGN_HTML),
        (b"a & b;", 0),
        (b"QUtJQUxBTEVNR", 0),  # 13
        (b"QUtJQUxBTEVNRU", SIGN_BASE64),
        (b"-_-_-_-_-_-_-_", SIGN_BASE64),
        (b"0123456789abcde", SIGN_BASE64),
        (b"0123456789abcdEF", SIGN_BASE64 | SIGN_HEX),
        (b"\x1f\x8b\x08", SIGN_COMPRESSED | SIGN_NON_ASCII),
        (b"x\x78\x01", SIGN_COMPRESSED),
        (b"x\x78\x9c", SIGN_COMPRESSED | SIGN_NON_ASCII),
        (b"x^", SIGN_COMPRESSED),
        (b"\x28\xb5\x2f\xfd", SIGN_COMPRESSED | SIGN_NON_ASCII),
        ("é".encode(), SIGN_NON_ASCII),
        (b"a\x00b", SIGN_NUL),
        (b"plain text", 0),
        (b"", 0),
    ],
)
def test_signs(data: bytes, sign: int) -> None:
    assert signs_of(data) == sign
    for engine in BOTH:
        scanner = Scanner([Pattern("p", "zzzz+y")], engine=engine)
        assert scanner.scan(data) == ([], sign)
        assert scanner.scan_joined(b"a\n" + data + b"\nb")[1] == sign


@given(texts())
def test_signs_are_the_same_in_both_engines(data: bytes) -> None:
    assert _NO_PATTERNS.scan(data) == ([], signs_of(data))


_NO_PATTERNS = Scanner([], engine="hyperscan")


@pytest.mark.parametrize("engine", BOTH)
def test_candidates_never_leak_into_the_next_scan(engine: Engine) -> None:
    scanner = Scanner([Pattern("p", "abc"), Pattern("q", "x{3}y")], engine=engine)
    first = scanner.scan(b"..abc")[0]
    assert [index for index, _ in first] == [0]
    assert scanner.scan(b"nothing") == ([], 0)
    assert [index for index, _ in scanner.scan(b"xxxy")[0]] == [1]
    assert [index for index, _ in first] == [0]


@pytest.mark.parametrize("engine", BOTH)
def test_only_wanted_patterns_are_confirmed(engine: Engine) -> None:
    scanner = Scanner([Pattern("p", "abc"), Pattern("q", "bcd?")], engine=engine)
    assert scanner.matches(b"abcd") == [Match(0, 0, 3, 0, 3), Match(1, 1, 4, 1, 4)]
    assert scanner.matches(b"abcd", frozenset({1})) == [Match(1, 1, 4, 1, 4)]
    assert scanner.matches(b"abcd", frozenset()) == []


@pytest.mark.parametrize("engine", BOTH)
def test_what_hyperscan_refuses_is_found_by_re2(engine: Engine) -> None:
    patterns = [
        Pattern("byte", r"a\Cb"),
        Pattern("empty", "(?:zz)*"),
        Pattern("everywhere", ".+"),
        Pattern("keyed", r"[a-z]+", keywords=("zebra", "ŻUBR")),
        Pattern("nothing repeated", r"a{0}qq"),
        Pattern("edge inside", "x\n(?m:^)y"),
    ]
    scanner = Scanner(patterns, engine=engine)
    assert scanner.left_out >= frozenset({0, 1, 2, 3})
    assert scanner.matches(b"a\xffb") == [
        Match(0, 0, 3, 0, 3),
        Match(2, 0, 1, 0, 1),
        Match(2, 2, 3, 2, 3),
    ]
    assert {m.pattern for m in scanner.matches(b"zzzz")} == {1, 2}
    assert {m.pattern for m in scanner.matches(b"a ZEBRA qq")} == {2, 3, 4}
    assert {m.pattern for m in scanner.matches("żubr a".encode())} == {2, 3}
    assert Match(5, 0, 3, 0, 3) in scanner.matches(b"x\ny")
    found, _ = scanner.scan_joined(b"x\ny\nzz\na\xffb")
    for index, begin, end in ((5, 0, 3), (1, 3, 6), (0, 6, 10), (2, 0, 1)):
        assert any(index == p and begin < e <= end for p, e in found)


def test_errors_are_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRegexError):
        Scanner([Pattern("p", "a(")])
    with pytest.raises(ValueError, match="p: the regex has no group 2"):
        Scanner([Pattern("p", "(a)", group=2)])
    monkeypatch.setattr(hyperscan, "AVAILABLE", False)
    assert Scanner([Pattern("p", "a")]).engine == "re2"
    with pytest.raises(EngineError, match="not installed"):
        Scanner([Pattern("p", "a")], engine="hyperscan")


def test_repr_says_what_it_is() -> None:
    assert repr(Scanner([Pattern("p", "a")])) == "<Scanner of 1 patterns by hyperscan>"


def test_without_signs_there_are_the_same_candidates() -> None:
    patterns = [Pattern("a", r"secret[0-9]{3}"), Pattern("b", r"\bgh[a-z]+_[0-9]+\b")]
    full, bare = Scanner(patterns), Scanner(patterns, signs=False)
    for data in (b"secret123 ghx_1 QUJDREVGR0hJSktMTU5P", b"nothing", "ü secret999".encode()):
        assert full.scan(data)[0] == bare.scan(data)[0]
        assert full.scan_joined(data)[0] == bare.scan_joined(data)[0]
    assert full.scan(b"QUJDREVGR0hJSktMTU5P")[1]
    if bare.engine == "hyperscan":
        assert not bare.scan(b"QUJDREVGR0hJSktMTU5P")[1]
