"""Hyperscan's own: what python-hyperscan asks for, many reports, databases as bytes."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from wsinspect.rules.detect.pattern import SIGN_NON_ASCII, Match, Pattern
from wsinspect.rules.engine import ANYWHERE, MAX_MATCHES, Scanner, hyperscan
from wsinspect.rules.engine.superset import Form, widen


def databases(*regexes: str) -> hyperscan.Databases:
    return hyperscan.build([widen(regex).forms for regex in regexes])


def test_one_database_serves_both_where_the_forms_are_equal() -> None:
    same = databases("ab+c", r"\d{3}")
    assert same.wide is same.narrow
    differ = databases("ab+c", "a.c")
    assert differ.wide is not differ.narrow


def test_each_kind_of_data_has_its_database() -> None:
    block = hyperscan.Block(databases("a.{2}c"), 1, None)
    assert block.scan(b"abbc") == ([(0, 4)], 0)
    assert block.scan("aéñc".encode()) == ([(0, 6)], SIGN_NON_ASCII)
    assert block.scan(b"a\xff\xffc")[1] == SIGN_NON_ASCII


def test_the_list_for_nothing_is_not_the_list_of_something() -> None:
    block = hyperscan.Block(databases("abc"), 1, None)
    nothing, _ = block.scan(b"x")
    something, _ = block.scan(b"abc")
    assert nothing == []
    assert something == [(0, 3)]
    assert block.scan(b"y")[0] == []


def test_refused_forms_give_way_to_looser_ones() -> None:
    hard = Form("a{0}b", "a{0}b")  # hyperscan knows no {0}
    easy = Form("b", "b")
    built = hyperscan.build([[Form("x", "x")], [hard, easy], [hard], []])
    assert built.left_out == {2, 3}
    block = hyperscan.Block(built, 4, None)
    assert sorted(block.scan(b"xb")[0]) == [(0, 1), (1, 2)]


def test_a_regex_with_an_edge_inside_is_scanned_without_it() -> None:
    superset = widen("x\n(?m:^)y")
    built = hyperscan.build([superset.forms])
    assert built.left_out == frozenset()
    assert hyperscan.Block(built, 1, None).scan(b"x\ny")[0] == [(0, 3)]


def test_databases_survive_as_bytes() -> None:
    for built in (databases("ab", "x.z"), databases("ab", r"\d")):
        left = built._replace(left_out=frozenset({7, 9}))
        loaded = hyperscan.load(hyperscan.dump(left))
        assert loaded.left_out == {7, 9}
        assert (loaded.wide is loaded.narrow) == (built.wide is built.narrow)
        for data in (b"..ab xyz 12", "ab xéz".encode(), b"ab " * 5000, b"\xffab"):
            expected = hyperscan.Block(built, 2, None).scan(data)
            assert hyperscan.Block(loaded, 2, None).scan(data) == expected


def test_damaged_bytes_are_refused() -> None:
    whole = hyperscan.dump(databases("ab", "x.z"))
    head = whole[:28]
    for damaged in (
        b"",
        whole[:10],
        whole[:-1],
        whole + b"\0",
        head,
        head + bytes(len(whole) - 28),
    ):
        with pytest.raises(hyperscan.RefusedError):
            hyperscan.load(damaged)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x55
    with pytest.raises(hyperscan.RefusedError):
        hyperscan.load(bytes(flipped))


# --- many reports ---


def test_too_many_reports_end_the_scan_but_no_pattern_is_missed() -> None:
    patterns = [Pattern("run", r"[A-Za-z0-9+/]{20}"), Pattern("late", "needle=(x+)")]
    scanner = Scanner(patterns, engine="hyperscan")
    assert scanner.left_out == frozenset()
    noise = random.Random(1).randbytes(30_000).hex().encode()
    data = noise + b" needle=xxx " + noise
    candidates, signs = scanner.scan(data)
    assert {index for index, _ in candidates} == {0, 1}
    assert len(candidates) < 100
    matches = scanner.confirm(data, candidates, frozenset({1}))
    at = data.index(b"needle")
    assert matches == [Match(1, at + 7, at + 10, at, at + 10)]
    assert signs == scanner.scan(noise)[1]


def _noisy() -> tuple[Scanner, bytes]:
    """A pattern that reports at each character of a run, and data that is one."""
    scanner = Scanner([Pattern("p", "[xy]{5}"), Pattern("q", "z=([xy]+)")], engine="hyperscan")
    assert scanner.left_out == frozenset()
    return scanner, b"xy" * 20_000


def test_the_scan_after_one_that_was_ended_is_clean() -> None:
    scanner, data = _noisy()
    assert scanner.scan(data)[0] == [(0, ANYWHERE)]
    assert scanner.scan(b"nothing at all") == ([], 0)
    assert scanner.scan(b".. xyxyx")[0] == [(0, 8)]


def test_signs_are_complete_when_a_scan_was_ended() -> None:
    scanner, data = _noisy()
    tail = b" \\u0041 %41 &amp; \x00 \x1f\x8b"
    both = data + tail
    assert scanner.scan(both)[1] == scanner.scan(tail)[1] | scanner.scan(data)[1]


def test_joined_messages_with_too_many_reports_are_all_suspects() -> None:
    scanner, data = _noisy()
    messages = [b"hello", data, b"z=xx", b"two\nlines", b""]
    ends = [len(b"\n".join(messages[: i + 1])) for i in range(len(messages))]
    found, _ = scanner.scan_joined(b"\n".join(messages), ends)
    assert {(p, e) for p, e in found if e != ANYWHERE} == {(p, e) for p in (0, 1) for e in ends}
    without, _ = scanner.scan_joined(b"\n".join(messages))
    assert set(found) <= set(without)


def test_matches_past_the_limit_are_told_as_truncated() -> None:
    scanner, data = _noisy()
    matches = scanner.matches(data)
    assert len(matches) == MAX_MATCHES
    assert matches.truncated


# --- traps ---


def test_an_error_in_a_scan_leaves_nothing_behind() -> None:
    scanner = Scanner([Pattern("p", "abc")], engine="hyperscan")
    with pytest.raises((TypeError, AttributeError)):
        scanner.scan("abc")  # type: ignore[arg-type]
    assert scanner.scan(b"nothing") == ([], 0)


def test_scanners_of_several_threads_do_not_meet() -> None:
    def work(seed: int) -> bool:
        scanner = Scanner([Pattern("p", f"key{seed}=\\w{{4}}")], engine="hyperscan")
        data = f"key{seed}=abcd ".encode() * 50
        return all(len(scanner.scan(data)[0]) == 50 for _ in range(300))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [True] * 4


def test_a_scanner_outlives_what_it_was_made_of() -> None:
    def make() -> list[Any]:
        return [Scanner([Pattern("p", f"abc{i}.")], engine="hyperscan").scan for i in range(20)]

    for i, scan in enumerate(make()):
        assert scan(b"-abc%d+" % i)[0] == [(0, 5 + len(str(i)))]


def test_re2_takes_over_where_hyperscan_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **how: object) -> hyperscan.Databases:
        raise hyperscan.RefusedError("no such processor")

    monkeypatch.setattr(hyperscan, "build", refuse)
    scanner = Scanner([Pattern("p", "secret-regex")])
    assert scanner.engine == "re2"
    assert scanner.matches(b"a secret-regex") == [Match(0, 2, 14, 2, 14)]
    assert "no such processor" in caplog.text
    assert "secret" not in caplog.text
