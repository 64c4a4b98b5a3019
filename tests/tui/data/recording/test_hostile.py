"""Whatever stands in a recording: a line is read or counted as unreadable, and reading ends."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.fake_story import NS, T0_NS, closed, opened, way
from tests.tui.data.recording.conftest import Recorded
from tests.tui.data.recording.test_source import HAR, event, frame, message
from wsinspect.tui.data.recording import NotARecording, RecordingSource, kind_of
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw.connection_columns import DRAW
from wsinspect.tui.draw.headline import title
from wsinspect.tui.draw.palette import NIGHT, palette_of

STEPS_MAX = 400
DEEP = b"[" * 100_000
_HIT = {"detector": "d", "path": "$", "start": 1, "end": 2, "length": 1, "masked": "*"}
EVENTS: list[dict[str, Any]] = [
    opened(1, T0_NS, "example.net", "/chat", findings=[{"code": "c", "say": "s"}]),
    frame(T0_NS + NS, 0, rsv=1, violation="v"),
    frame(T0_NS + 2 * NS, 1, opcode="ping"),
    message(T0_NS + 2 * NS, preview="hello", rules=["r"]),
    event("alert", T0_NS + 3 * NS, alert={
        "signature": "s", "rule": "r", "severity": "high", "action": "allowed",
        "disposition": "logged", "direction": "to_server", "opcode": "text", "seq": 0,
        "hits": [_HIT], "hits_total": 1}),
    event("ws_diagnosis", T0_NS + 4 * NS, diagnosis={
        "kind": "idle-cut", "confidence": "high", "host": "h", "count": 3, "flow_ids": [1],
        "evidence": {"idle_s": 60}, "candidates": [{"hop": "h", "limit_s": 60, "source": "s"}],
        "say": "s", "advice": "a", "id": "i"}),
    event("stats", T0_NS + 5 * NS, stats={"log_dropped": 1, "alerts": 1, "added_ms": {"p50": 1}}),
    closed(1, T0_NS + 9 * NS, 1006, "server", cause="rst", to_server=way(2, 5),
           ping_rtt_ms={"count": 1, "p50": 3.5}),
]  # fmt: skip

HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, "", "x" * 5_000, "9999-12-31T23:59:59.999999Z", "2262-04-11T23:47:16.854775Z",
        "2026-11-22T14:00:00.-00001Z", "0001-01-01T00:00:00+14:00", "\x00\x1b[2J", "\ufffe", [],
        {}, [[]], {"": None}, 0, -1, 2**31, 2**53, 2**61 + 1, 2**63 - 1, 2**63, -(2**63), -(10**30),
        10**30, 10**400, 1e308, -1e308, 5e-324, 1.5, "1e999", 127, 255, 65_536,
    ]
)  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*way, key)
        if isinstance(one, dict | list):
            yield from places(one, (*way, key))


def spoiled(value: Any, way: tuple[Any, ...], what: Any) -> Any:
    """A copy with `what` at that place."""
    copy = deepcopy(value)
    inner = copy
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = what
    return copy


PLACES = [(at, way) for at, one in enumerate(EVENTS) for way in places(one)]


def settled(source: RecordingSource) -> None:
    """As `settle`, but one that never ends fails."""
    work = source._work()
    next(work)
    for _ in range(STEPS_MAX):
        if not source._busy:
            return
        next(work)
    pytest.fail("it never ends")


def shown(path: Path) -> Store:
    """All of it is gone through, as a user would."""
    store = Store(lambda: T0_NS + 10 * NS)
    source = RecordingSource(path, store)
    source._open()
    settled(source)
    flow_ids = [*store.live, *store.ended]
    for flow_id in flow_ids:
        source.watch(flow_id)
        settled(source)
    timeline = source.timeline
    assert timeline.start_ns <= timeline.end_ns
    for at_ns in (timeline.start_ns, (timeline.start_ns + timeline.end_ns) // 2, timeline.end_ns):
        timeline.seek(at_ns)
        settled(source)
    assert len(timeline.density(60)) == len(timeline.marks.closes(60)) == 60
    palette = palette_of(NIGHT)
    for connection in store.newest_first():
        for draw in DRAW.values():
            draw(connection, palette, store.now_ns())
    title(store, source, palette, paused=False, height=40)
    return store


def spaced(line: dict[str, Any]) -> bytes:
    return json.dumps(line).encode() + b"\n"


def tight(line: dict[str, Any]) -> bytes:
    """As the proxy writes it, so that the ledger's fast way is gone."""
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), HOSTILE), min_size=1, max_size=3),
    st.booleans(),
    st.integers(1, 3),
)
@example([((1, ("ws", "frame_len")), 10**30)], False, 1)
@example([((1, ("ws", "frame_len")), 2**63)], True, 2)
@example([((1, ("timestamp",)), "9999-12-31T23:59:59.999999Z")], False, 1)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_any_place(
    tmp_path: Path, spoil: list[tuple[tuple[int, tuple[Any, ...]], Any]], fast: bool, times: int
) -> None:
    lines = deepcopy(EVENTS)
    for (at, inside), what in spoil:
        try:
            lines[at] = spoiled(lines[at], inside, what)
        except (TypeError, KeyError, IndexError):
            pass  # what stood there was spoiled before
    path = tmp_path / "log.jsonl"
    write = tight if fast else spaced
    path.write_bytes(b"".join(write(line) * times for line in lines) + write(EVENTS[0]))
    store = shown(path)
    assert store.unreadable <= times * len(spoil)


def test_sums_beyond_all_bounds_are_kept_as_far_as_they_go(recorded: Recorded) -> None:
    huge = [frame(T0_NS + n * NS, n, frame_len=2**63 - 1, payload_len=2**63 - 1) for n in range(9)]
    source = recorded(EVENTS[0], *huge)
    source.timeline.seek(T0_NS + 3 * NS)
    source.settle()
    assert source.store.unreadable == 0


@pytest.mark.parametrize("before", [b"", tight(EVENTS[0]) + tight(EVENTS[1])])
def test_a_line_of_a_hundred_thousand_brackets(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "deep"
    after = spaced(event("websocket", T0_NS)).replace(b'"proto"', b'"x": %s, "proto"' % DEEP)
    path.write_bytes(before + DEEP + b"\n" + after)
    if before:
        assert shown(path).unreadable == 2
    path.write_bytes(DEEP)
    with pytest.raises(NotARecording):
        kind_of(path)
    path.write_bytes(b'{"log":' + DEEP)
    with pytest.raises(NotARecording, match="not a HAR"):
        RecordingSource(path, Store())._open()


HAR_PLACES = [way for way in places(HAR) if way[:2] == ("log", "entries")]


@given(st.sampled_from(HAR_PLACES), HOSTILE)
@example(("log", "entries", 1, "request", "url"), "http://[::1")
@example(("log", "entries", 1, "request", "url"), "ws://h:99999/")
@example(("log", "entries", 1, "_webSocketMessages", 0, "time"), 1e308)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_a_har(tmp_path: Path, way: tuple[Any, ...], what: Any) -> None:
    path = tmp_path / "some.har"
    path.write_bytes(json.dumps(spoiled(HAR, way, what)).encode())
    try:
        store = shown(path)
    except NotARecording:
        return  # there was nothing else in it
    assert store.unreadable == 0


@given(st.randoms(use_true_random=False), st.integers(1, 30))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_bytes_that_fell_over(tmp_path: Path, chance: random.Random, count: int) -> None:
    whole = bytearray(b"".join(tight(line) for line in EVENTS))
    for _ in range(count):
        whole[chance.randrange(len(whole))] = chance.randrange(256)
    path = tmp_path / "log.jsonl"
    path.write_bytes(tight(EVENTS[0]) + bytes(whole))
    shown(path)
