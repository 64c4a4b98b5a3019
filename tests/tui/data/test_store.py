"""The picture that the store keeps, fed line by line."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_story import (
    NS,
    T0_NS,
    closed,
    frame,
    hello,
    opened,
    stamp,
    story,
    totals_row,
    way,
)
from wsinspect.tui.data.connection import ACTIVITY_S, Activity, State, timestamp_ns
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.framelog import FRAMES_MAX, FrameLog, Gap
from wsinspect.tui.data.ordering import ORDERS, ordered
from wsinspect.tui.data.store import ENDED_MAX, Store, losses
from wsinspect.tui.data.wire import PREVIEW_LEN_MAX, Frame, decode


def told(*lines: dict[str, Any]) -> Store:
    store = Store(lambda: T0_NS)
    tell(store, *lines)
    return store


def tell(store: Store, *lines: dict[str, Any]) -> None:
    for line in lines:
        decoded = decode(json.dumps(line).encode())
        assert decoded is not None
        store.apply(decoded)


def totals(*rows: list[Any], at_ns: int = T0_NS) -> dict[str, Any]:
    return {"type": "totals", "timestamp_ns": at_ns, "rows": list(rows)}


def frames(*rows: list[Any], flow_id: int = 1, skipped: int = 0) -> dict[str, Any]:
    return {"type": "frames", "flow_id": flow_id, "rows": list(rows), "skipped": skipped}


def stats(**fields: Any) -> dict[str, Any]:
    return {"timestamp": stamp(T0_NS), "event_type": "stats", "host": "box", "stats": fields}


def state(store: Store, flow_id: int = 1) -> State:
    connection = store.find(flow_id)
    assert connection is not None
    return connection.state


OPEN = opened(1, T0_NS - 5 * NS, "example.net", "/chat")


def test_a_life() -> None:
    store = told(hello(), totals(totals_row(1, 1, 0, (0, 1), T0_NS)))
    connection = store.find(1)
    assert connection is not None
    assert state(store) is State.OPENING
    tell(store, OPEN)
    assert state(store) is State.OPEN
    assert connection.client == "127.0.0.1:50001"
    assert connection.age_s(T0_NS) == 5
    tell(store, totals(totals_row(1, 3, 2, (1, 8), T0_NS)))
    assert state(store) is State.CLOSING
    tell(store, closed(1, T0_NS, 1000, "client", to_server=way(4, 10), to_client=way(3, 10)))
    assert state(store) is State.CLEAN
    assert (connection.to_server[0], connection.to_client[0]) == (4, 3)
    assert (list(store.live), list(store.ended)) == ([], [1])
    assert (store.ended_count, store.unclean_count) == (1, 0)


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        (closed(1, T0_NS, 1006, "server", cause="rst"), State.UNCLEAN),
        (closed(1, T0_NS, 1001, "server"), State.CLEAN),
        (opened(1, T0_NS, "example.net", "/", status=403), State.REFUSED),
    ],
)
def test_ends(line: dict[str, Any], ended: State) -> None:
    assert state(told(hello(), line)) is ended


def test_totals_after_the_close_change_nothing() -> None:
    store = told(hello(), OPEN, closed(1, T0_NS, 1000, "client", to_server=way(4, 10)))
    tell(store, totals(totals_row(1, 99, 99, (0, 1), T0_NS)))
    connection = store.find(1)
    assert connection is not None
    assert connection.frames == 4
    assert not store.live


def test_an_end_told_twice_counts_once() -> None:
    end = closed(1, T0_NS, 1006, "server")
    store = told(hello(), OPEN, end, hello(), OPEN, end)
    assert (store.ended_count, store.unclean_count, len(store)) == (1, 1, 1)


def test_rates_do_not_count_what_went_before_the_attach() -> None:
    store = told(hello(), opened(1, T0_NS - 60 * NS, "example.net", "/"))
    tell(store, totals(totals_row(1, 5_000, 5_000, (0, 1), T0_NS)))
    assert sum(store.frames_to_server.recent(T0_NS // NS)) == 0
    tell(store, totals(totals_row(1, 5_003, 5_000, (0, 1), T0_NS)))
    assert sum(store.frames_to_server.recent(T0_NS // NS)) == 3


def test_ended_connections_are_bounded_oldest_first() -> None:
    store = told(hello())
    for flow_id in range(1, ENDED_MAX + 11):
        tell(store, closed(flow_id, T0_NS, 1000, "client"))
    assert len(store.ended) == ENDED_MAX
    assert min(store.ended) == 11
    assert store.ended_count == ENDED_MAX + 10


def test_the_same_proxy_again_keeps_the_picture_and_settles_who_went() -> None:
    store = told(hello(), OPEN, opened(2, T0_NS, "example.net", "/2"), hello(), OPEN)
    assert set(store.live) == {1, 2}
    tell(store, stats())
    assert set(store.live) == {1}
    assert state(store, 2) is State.UNSEEN
    tell(store, opened(2, T0_NS, "example.net", "/2"))
    assert state(store, 2) is State.OPEN
    assert set(store.live) == {1, 2}


def test_another_proxy_starts_a_new_picture() -> None:
    store = told(hello(), OPEN)
    store.watch(1)
    tell(store, hello(pid=9))
    assert len(store) == 0
    assert store.watched.flow_id is None


def test_frames_of_others_are_not_kept() -> None:
    store = told(hello(), OPEN)
    store.watch(1)
    tell(store, frames(frame(T0_NS, 0, 0, 1, b"x"), flow_id=2))
    assert not store.watched.entries
    tell(store, frames(frame(T0_NS, 0, 0, 1, b"x")))
    assert len(store.watched.entries) == 1


def test_a_frame_as_it_was() -> None:
    store = told(hello())
    store.watch(1)
    tell(store, frames(frame(T0_NS, 0, 0, 1, b"hi", fin=False, rsv=4, violation="bad")))
    (entry,) = store.watched.entries
    assert isinstance(entry, Message)
    assert (entry.fin, entry.rsv, entry.opcode, entry.mask) == (False, 4, 1, 0x37FA213D)
    assert (entry.preview, entry.violation) == (b"hi", "bad")


def test_losses_and_problems_are_loud() -> None:
    store = told(hello(), stats(log_dropped=0, dashboard_dropped=0, connections_open=3))
    assert store.losses == {}
    tell(store, stats(log_dropped=7, dashboard_dropped=40, inspection_errors=1, log_error="full"))
    assert store.losses == {"log": 7, "dashboard": 40, "inspection errors": 1}
    tell(store, {"type": "problem", "say": "disk"}, {"type": "problem", "say": "disk"})
    assert list(store.problems) == ["the log: full", "disk"]
    store.acknowledge()
    assert not store.problems


def test_losses_ignores_what_is_not_a_count() -> None:
    assert losses({"log_dropped": "x", "frames": 9}) == {}


def test_time_stands_still_while_frozen() -> None:
    store = told(hello())
    store.frozen_ns = 5
    assert store.now_ns() == 5
    store.frozen_ns = None
    assert store.now_ns() == T0_NS


def make_frame(direction: int, seq: int, preview: bytes = b"") -> Frame:
    return Frame(T0_NS, direction, seq, 0x81, None, 1, 3, None, preview)


def test_repeats_are_dropped_and_gaps_are_shown() -> None:
    log = FrameLog(1)
    log.extend([make_frame(0, 10), make_frame(1, 0), make_frame(0, 11)])
    assert log.entries[0] == Gap(T0_NS, 10, 0)
    log.extend([make_frame(0, 11), make_frame(0, 15), make_frame(1, 3)], skipped=5)
    kinds = [entry if isinstance(entry, Gap) else entry.seq for entry in log.entries]
    assert kinds == [Gap(T0_NS, 10, 0), 10, 0, 11, Gap(T0_NS, 3, 0), 15, Gap(T0_NS, 0, 2), 3]
    assert log.skipped == 5


def test_frames_and_previews_are_bounded() -> None:
    log = FrameLog(1)
    for start in range(0, FRAMES_MAX + 5_000, 500):
        log.extend([make_frame(0, seq, b"x" * 4_000) for seq in range(start, start + 500)])
        assert len(log.entries) <= FRAMES_MAX
    assert log.total == FRAMES_MAX + 5_000
    last = log.entries[-1]
    assert isinstance(last, Message)
    assert last.preview is not None
    assert len(last.preview) == PREVIEW_LEN_MAX


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=30))
def test_activity_forgets_what_is_old(steps: list[tuple[int, int]]) -> None:
    activity = Activity()
    told_at: dict[int, int] = {}
    second = 1_000
    for ahead, amount in steps:
        second += ahead
        activity.add(second, amount)
        told_at[second] = told_at.get(second, 0) + amount
    expected = [told_at.get(at, 0) for at in range(second - ACTIVITY_S + 1, second + 1)]
    assert activity.recent(second) == expected
    assert activity.recent(second + ACTIVITY_S) == [0] * ACTIVITY_S


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.say)
def test_every_order_sorts_the_whole_story(order: Any) -> None:
    store = told(*story().lines)
    everyone = store.newest_first()
    one_way = ordered(everyone, order, False, T0_NS)
    other_way = ordered(everyone, order, True, T0_NS)
    assert {c.flow_id for c in one_way} == {c.flow_id for c in everyone}
    measures = [order.measure(c, T0_NS) for c in one_way]
    assert measures == sorted(measures, reverse=order.largest_first)
    assert [order.measure(c, T0_NS) for c in other_way] == measures[::-1]


def test_newest_order_needs_no_sort() -> None:
    store = told(*story().lines)
    assert ordered(store.newest_first(), ORDERS[0], False, T0_NS) == store.newest_first()


def test_timestamps() -> None:
    assert timestamp_ns("1970-01-01T00:00:01.500000Z") == 1_500_000_000
    assert timestamp_ns("nonsense") == 0


def test_unknown_kinds_are_passed_over_and_broken_lines_refused() -> None:
    assert decode(b'{"event_type":"websocket","ws":{}}') is None
    assert decode(b'{"type":"weather","say":1}') is None
    for broken in (b"{", b"[]", b'{"type":"totals"}', b'{"type":"frames","flow_id":"x"}', b"\xff"):
        with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
            decode(broken)


@given(st.binary(max_size=200))
def test_any_line_is_a_line_or_a_documented_error(line: bytes) -> None:
    try:
        decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass


def alert(**facts: Any) -> dict[str, Any]:
    body = {"signature": "a card", "rule": "card", "severity": "high", "action": "allowed",
            "disposition": "logged", "direction": "to_client", "opcode": "text", "seq": 0,
            "hits": [{"detector": "credit-card", "masked": "****1111"}], "hits_total": 1,
            **facts}  # fmt: skip
    return {"timestamp": stamp(T0_NS), "event_type": "alert", "flow_id": 1, "alert": body}


def test_rows_of_an_older_proxy_have_defaults_and_longer_ones_are_read() -> None:
    row = totals_row(1, 3, 2, (1, 1), T0_NS)
    store = told(hello(), OPEN, totals(row))
    connection = store.find(1)
    assert connection is not None
    assert (connection.message_bytes, connection.alerts, connection.rtt_ms) == ((0, 0), 0, None)
    assert connection.ratio() is None
    tell(store, totals([*row, 900, 450, 4, 2, 1_500, 1, "newer"]))
    tell(store, totals([*row, 900, 450, 4, 2, 1_500, 1]), totals([*row, 0, 0, 4, 2, 1_700, 1]))
    assert (connection.alerts, connection.violations, connection.deflate) == (4, 2, True)
    assert (connection.rtt_ms, connection.rtts) == (1.7, [1.5, 1.7])
    tell(store, totals([*row, 900, 450, 4, 2, None, 1]))
    assert connection.ratio() == 1350 / 450
    assert connection.rtt_ms == 1.7


def test_alerts_are_counted_kept_and_joined_to_their_message() -> None:
    store = told(hello(), OPEN, alert())
    store.watch(1)
    tell(store, frames(frame(T0_NS, 1, 0, 1, b"4111")), alert(rule="other"))
    connection = store.find(1)
    assert connection is not None
    assert (connection.alerts, connection.rules) == (2, {"card": 1, "other": 1})
    (entry,) = store.watched.entries
    assert isinstance(entry, Message)
    assert entry.rules == ("card", "other")
    assert entry.hits[0].hits[0].masked == "****1111"
    assert [facts.rule for _, facts in store.alerts_recent] == ["card", "other"]
    tell(store, alert(rule="other"))  # told again, as on a new attach
    assert connection.alerts == 2
    for number in range(100):
        tell(store, alert(rule=f"another {number}"))
    assert len(connection.alerts_seen) == 50
    assert connection.alerts == 102


def test_diagnoses_are_kept_once_and_joined_to_their_connections() -> None:
    body = {"kind": "idle-cut", "confidence": "high", "host": "example.net", "count": 3,
            "evidence": {"idle_s": 60.0}, "candidates": [{"hop": "nginx", "limit_s": 60}],
            "say": "cut after 60 s", "flow_ids": [1, 99]}  # fmt: skip
    line = {"timestamp": stamp(T0_NS), "event_type": "ws_diagnosis", "diagnosis": body}
    store = told(hello(), OPEN, line, line)
    (diagnosis,) = store.diagnoses
    assert (diagnosis.kind, diagnosis.timestamp_ns) == ("idle-cut", T0_NS)
    assert diagnosis.candidates[0].hop == "nginx"
    connection = store.find(1)
    assert connection is not None
    assert connection.diagnoses == [diagnosis]


def test_messages_and_payloads_of_the_watched_connection() -> None:
    store = told(hello(), OPEN)
    store.watch(1)
    row = [T0_NS, 1, 0, 0, 1, 5, 7, 1, True, "rewrite", False, ["card"], "aGVsbG8=", True]
    tell(store, frames(frame(T0_NS, 1, 0, 1, b"\xaa", rsv=4)))
    tell(store, {"type": "messages", "flow_id": 2, "rows": [row], "skipped": 0})
    assert [entry.content for entry in store.watched.entries] == [None]
    tell(store, {"type": "messages", "flow_id": 1, "rows": [row], "skipped": 0})
    assert [entry.content for entry in store.watched.entries] == [b"hello"]
    for seq in range(20):
        tell(store, {"type": "payload", "flow_id": 1, "direction": 1, "seq": seq,
                     "content": "aGVsbG8=", "whole": True})  # fmt: skip
    assert store.payloads[1, 1, 19].content == b"hello"
    assert len(store.payloads) == 8


def test_latency_that_the_proxy_adds() -> None:
    store = told(hello(), stats(added_ms={"p50": 0.1, "p99": 0.4, "max": 2}, loop_lag_ms=0.3))
    assert [store.added_ms["p99"], store.loop_lag_ms] == [0.4, 0.3]
    tell(store, stats(loop_lag_ms={"p50": 0.1, "p99": 0.7, "max": 2}))
    p99: float | None = store.loop_lag_ms
    assert p99 == 0.7
    tell(store, stats(added_ms=7))
    assert not store.added_ms
    p99 = store.loop_lag_ms
    assert p99 is None


def test_ends_and_bursts_reach_the_book_once() -> None:
    end = closed(1, T0_NS, 1006, "server", cause="rst")
    store = told(hello(), OPEN, end, hello(), OPEN, end)
    (group,) = store.ends.groups
    assert (group.host, group.code, group.count) == ("example.net", 1006, 1)
