"""Search in content: what a needle finds, and matches kept up slice by slice."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.fake_story import T0_NS, frame
from tests.tui.find.bench import frames_of, log_of
from wsinspect.tui.data import framelog
from wsinspect.tui.data.entries import Gap
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.wire import MessageRow
from wsinspect.tui.find.needle import Needle, parse_needle
from wsinspect.tui.find.search import Matches, next_match


@pytest.mark.parametrize(
    ("needle", "content", "found"),
    [
        ("goal", b"a GOAL!", True),
        ("Goal", b"a GOAL!", False),
        ("Goal", b"a Goal!", True),
        ("12", b"x12", True),
        ("zoë", "ZOË".encode(), True),
        ("Zoë", "ZOË".encode(), False),
        ("a.c", b"abc", False),
        ("/a.c/", b"abc", True),
        ("/A.C/", b"abc", False),
        ("/A.C/i", b"abc", True),
        (r"/\d+$/", b"n=12", True),
        ("/slash", b"a/slash", True),
        ("hex:dead", b"\xde\xad", True),
        ("hex:DE AD", b"\xde\xad", True),
        ("hex:de:ad:b", b"\xde\xad", True),
        ("hex:dead", b"dead", False),
        ("hexagon", b"a hexagon", True),
        ("caf", b"caf\xe9", True),
    ],
)
def test_needle(needle: str, content: bytes, found: bool) -> None:
    assert parse_needle(needle).found_in(content) is found


@pytest.mark.parametrize(
    ("needle", "wrong"),
    [
        ("/(/", "not a pattern: missing ): ("),
        ("/a(?=b)/", "not a pattern: invalid perl operator: (?="),
        ("hex:", "two hexadecimal digits a byte, as in hex:dead"),
        ("hex:d", "two hexadecimal digits a byte, as in hex:dead"),
        ("\ud800", "there is half a character in it"),
        ("/" + "a" * 2_000 + "/", "the pattern has more than 1,000 characters"),
    ],
)
def test_wrong_needle(needle: str, wrong: str) -> None:
    parsed = parse_needle(needle)
    assert parsed.wrong == wrong
    assert not parsed
    assert not parsed.found_in(needle.encode("utf-8", "surrogatepass"))
    assert parsed.spans("(") == []


def test_no_needle_finds_nothing() -> None:
    assert not parse_needle("")
    assert next_match(log_of(b"a").entries, 0, parse_needle("")) is None


@pytest.mark.parametrize(
    ("needle", "text", "spans"),
    [
        ("ab", "xabAB", [(1, 3), (3, 5)]),
        ("Ab", "abAb", [(2, 4)]),
        ("a.b", "aXb a.b", [(4, 7)]),
        ("/a.b/", "aXb a.b", [(0, 3), (4, 7)]),
        ("/x*/", "abx", [(2, 3)]),
        ("ü", "xÜü", [(1, 2), (2, 3)]),
        ("hex:61", "a", []),
    ],
)
def test_spans(needle: str, text: str, spans: list[tuple[int, int]]) -> None:
    assert parse_needle(needle).spans(text) == spans


def test_spans_in_bytes() -> None:
    assert parse_needle("hex:00ff").byte_spans(b"\0\xff\xff\0\xff") == [(0, 2), (3, 5)]
    assert parse_needle("AB").byte_spans(b"\xffAB") == [(1, 3)]
    assert parse_needle("ab").byte_spans(b"\xffAB") == [(1, 3)]
    assert len(parse_needle("a").spans("a" * 9_999)) == 200


@given(st.text(max_size=12), st.binary(max_size=40))
def test_any_needle(text: str, content: bytes) -> None:
    needle = parse_needle(text)
    needle.found_in(content)
    for start, end in needle.spans(content.decode("latin-1")):
        assert 0 <= start < end


@given(st.text(alphabet="abAB", min_size=1, max_size=3), st.text(alphabet="abABx", max_size=12))
def test_what_is_marked_is_what_is_found(text: str, content: str) -> None:
    needle = parse_needle(text)
    assert bool(needle.spans(content)) is needle.found_in(content.encode())


# --- matches ---

PAYLOADS = [b"a goal", b"none", b"Goal", b"x", b"GOAL", b"none"]


def all_of(matches: Matches) -> list[int]:
    while not matches.step():
        pass
    return list(matches.positions)


def test_next_match_goes_around() -> None:
    entries = log_of(*PAYLOADS).entries
    needle = parse_needle("goal")
    assert [next_match(entries, at, needle) for at in (0, 2, 4)] == [2, 4, 0]
    assert [next_match(entries, at, needle, False) for at in (0, 2, 3)] == [4, 0, 2]
    assert next_match(entries, 1, parse_needle("x")) == 3
    assert next_match(entries, 3, parse_needle("x")) == 3
    assert next_match([], 0, needle) is None


def test_matches() -> None:
    matches = Matches(log_of(*PAYLOADS), parse_needle("goal"))
    assert not matches.finished
    assert all_of(matches) == [0, 2, 4]
    assert (matches.nearest(0), matches.nearest(4), matches.nearest(1)) == (2, 0, 2)
    assert (matches.nearest(0, False), matches.nearest(3, False)) == (4, 2)
    assert (matches.rank(2), matches.rank(3)) == (2, 0)


def test_a_slice_ends_when_its_time_is_over() -> None:
    """The clock is looked at every few entries: after one tick too many, the rest waits."""
    log = log_of(*(b"x" for _ in range(1_000)))
    matches = Matches(log, parse_needle("x"))
    ticks = itertools.count(0.0, 0.004)
    assert not matches.step(0.008, lambda: next(ticks))
    assert 0 < len(matches) < 200
    assert matches.positions[-1] == 999, "the newest first"
    steps = 1
    while not matches.step(0.008, lambda: next(ticks)):
        steps += 1
    assert len(matches) == 1_000
    assert steps > 5


def test_the_log_grows() -> None:
    log = log_of(*PAYLOADS)
    matches = Matches(log, parse_needle("goal"))
    all_of(matches)
    log.extend(frames_of(frame(T0_NS, 0, 3, 1, b"goal"), frame(T0_NS, 1, 3, 1, b"no")))
    assert not matches.finished
    assert all_of(matches) == [0, 2, 4, 6]


def test_content_that_comes_later() -> None:
    log = FrameLog(1)
    log.extend(frames_of(frame(T0_NS, 0, 0, 1, b"\xaa\x56", rsv=4)))
    matches = Matches(log, parse_needle("goal"))
    assert all_of(matches) == []
    log.tell([MessageRow(T0_NS, 0, 0, 0, 1, 4, 4, 1, True, "pass", False, (), b"goal", True)])
    matches.refresh()
    assert matches.positions == [0]


def test_the_log_is_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framelog, "FRAMES_MAX", 100)
    monkeypatch.setattr(framelog, "_TRIM", 10)
    log = FrameLog(1)
    rows = [frame(T0_NS, 0, n, 1, b"goal" if n % 10 == 0 else b"x") for n in range(300)]
    log.extend(frames_of(*rows[:90]))
    matches = Matches(log, parse_needle("goal"))
    matches.step(0.0)  # a part of it only
    for at in range(90, 300, 30):
        log.extend(frames_of(*rows[at : at + 30]))
        matches.step(0.0)
    assert log.trimmed
    assert all_of(matches) == [n for n in range(0, 300, 10) if n >= log.trimmed]
    assert matches.finished


def test_more_comes_and_goes_than_was_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framelog, "FRAMES_MAX", 100)
    monkeypatch.setattr(framelog, "_TRIM", 10)
    log = log_of(b"goal")
    matches = Matches(log, parse_needle("goal"))
    assert all_of(matches) == [0]
    rows = [frame(T0_NS, 0, n, 1, b"goal") for n in range(1, 301)]
    for at in range(0, 300, 30):
        log.extend(frames_of(*rows[at : at + 30]))
    assert log.trimmed > 1
    matches.refresh()
    assert all_of(matches) == list(range(log.trimmed, 301))


def test_gaps_and_what_is_not_shown() -> None:
    log = FrameLog(1)
    log.extend(frames_of(frame(T0_NS, 0, 5, 1, b"goal"), frame(T0_NS, 1, 0, 1, b"goal")))
    assert isinstance(log.entries[0], Gap)
    assert all_of(Matches(log, parse_needle("goal"))) == [1, 2]
    only = Matches(log, parse_needle("goal"), lambda entry: entry.direction == 1)
    assert all_of(only) == [2]


@given(st.lists(st.sampled_from([b"a", b"b"]), max_size=80), st.integers(0, 80), st.booleans())
def test_nearest_is_next_match(payloads: list[bytes], start: int, forward: bool) -> None:
    log = log_of(*payloads)
    matches = Matches(log, Needle("a", lambda c: c == b"a"))
    all_of(matches)
    start = min(start, max(0, len(payloads) - 1))
    expected: Any = next_match(log.entries, start, matches.needle, forward)
    assert matches.nearest(start, forward) == expected


_STEPS = st.tuples(st.sampled_from(["overtake", "come", "step", "other"]), st.booleans())


@given(st.lists(_STEPS, max_size=30))
@example([("overtake", True), ("other", False), ("step", False), ("come", False)])
def test_what_comes_late_is_found_where_it_stands(steps: list[tuple[str, bool]]) -> None:
    log = FrameLog(1)
    matches = Matches(log, parse_needle("x"))
    held: list[Any] = []
    seq = others = 0
    for what, hit in steps:
        content = b"xx" if hit else b"--"
        if what == "step":
            matches.step()
            found = [at for at, e in enumerate(log.entries) if b"x" in (e.content or b"")]
            assert matches.positions == found
        elif what == "other":
            log.extend(frames_of(frame(T0_NS, 1, others, 1, content)))
            others += 1
        elif what == "overtake":
            held.append(frame(T0_NS, 0, seq, 1, content))
            log.extend(frames_of(frame(T0_NS, 0, seq + 1, 9, content)))
            seq += 2
        elif held:
            log.extend(frames_of(held.pop(0)))
    matches.step()
    assert matches.positions == [
        at for at, entry in enumerate(log.entries) if b"x" in (entry.content or b"")
    ]
