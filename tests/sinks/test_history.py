"""What is kept of the past: bounded by one sum, honest about what it costs, and about what went."""

from __future__ import annotations

import gc
import json
import os
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from tests.sinks.conftest import HELLO, WELCOME, Bench
from tests.support.raw import KEY, PING, TEXT, frame
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.records import Record
from wsinspect.sinks import keeping as keeping_module
from wsinspect.sinks.history import Frames, History, Message
from wsinspect.sinks.past import Missing, Past
from wsinspect.sinks.rows import Told, told_of

MakeBench = Callable[..., Bench]
RECORD: Record = (7, (0x81, 5, 11, None))


def frames(seq: int, count: int = 1, *, to_client: bool = False, turn: int = 1) -> Frames:
    return Frames(turn, to_client, 1000 + seq, seq, [RECORD] * count, [b"hello"] * count)


def message(seq: int, content: bytes = b"hello", *, to_client: bool = False) -> Message:
    facts = MessageFacts(
        1, len(content), 11, 1, False, content, content, None, None, first_seq=seq, last_seq=seq
    )
    return Message(1, told_of(1000, to_client, facts, "pass", False, ()), content)


def injected() -> Message:
    facts = MessageFacts(1, 2, 4, 1, False, b"me", b"me", None)
    return Message(1, Told(1000, False, facts, "pass", True, (), True), b"me")


def seqs(history: History, flow_id: int) -> list[int]:
    kept = history.find(flow_id)
    return [] if kept is None else [each.seq for each in kept.entries if isinstance(each, Frames)]


# --- the bound ---


def test_a_talker_loses_its_oldest_rows_and_the_silent_keep_theirs() -> None:
    history = History(limit=100_000, share=10_000)
    for flow_id in range(1, 6):
        history.opened(flow_id, 1)
        history.frames(flow_id, frames(0))
        history.message(flow_id, message(0))
    for seq in range(1000):
        history.frames(7, frames(seq))
        assert history.cost <= history.limit
    assert all(seqs(history, flow_id) == [0] for flow_id in range(1, 6))
    kept = seqs(history, 7)
    assert kept == list(range(1000 - len(kept), 1000))
    assert 50 < len(kept) < 200
    found = history.find(7)
    assert found is not None
    assert (found.frames, found.older) == (1000, 1000 - len(kept))


def test_among_many_small_ones_the_longest_silent_goes() -> None:
    history = History(limit=20_000, share=10_000)
    for flow_id in range(100):
        history.opened(flow_id, 1)
        history.frames(flow_id, frames(0))
        history.frames(0, frames(flow_id + 1))  # this one is never silent
        assert history.cost <= history.limit
    held = [flow_id for flow_id in range(1, 100) if seqs(history, flow_id)]
    assert held == list(range(100 - len(held), 100))
    assert 3 < len(held) < 50
    assert seqs(history, 0)[-1] == 100


def test_whoever_spoke_again_is_not_the_longest_silent() -> None:
    history = History(limit=8_000, share=5_000)
    for flow_id in (1, 2, 3, 1):
        history.frames(flow_id, frames(history.cost))
    for flow_id in (4, 5, 6, 7, 8):
        history.frames(flow_id, frames(0))
    while seqs(history, 2):
        flow_id += 1
        history.frames(flow_id, frames(0))
    assert len(seqs(history, 1)) == 2


def test_of_two_that_have_more_than_their_share_the_longer_silent_one_loses() -> None:
    history = History(limit=20_000, share=2_000)
    for flow_id in (1, 2, 1):
        for seq in range(5):
            history.frames(flow_id, frames(seq))
    while history.cost < history.limit - 1_000:
        history.frames(3, frames(history.cost))
    history.frames(3, frames(history.cost))
    history.frames(3, frames(history.cost))
    assert len(seqs(history, 1)) == 10
    assert len(seqs(history, 2)) < 5


def test_of_an_ended_one_that_lost_all_nothing_is_held() -> None:
    history = History(limit=20_000, share=10_000)
    for flow_id in range(500):
        history.opened(flow_id, 1)
        history.frames(flow_id, frames(0))
        history.closed(flow_id, 1, 1, 1)
    assert len(history._all) == len(history._silent) < 50
    history.opened(1000, 1)
    history.closed(1000, 0, 0, 1)
    assert history.find(1000) is None
    history.closed(1001, 0, 0, 1)  # never heard of
    for flow_id in range(500):
        assert (history.find(flow_id) is None) == (not seqs(history, flow_id))


def test_the_sum_is_that_of_what_is_held() -> None:
    history = History(limit=30_000, share=6_000)
    for step in range(2000):
        history.frames(step * 7 % 13, frames(step, 1 + step % 5))
        history.message(step * 5 % 13, message(step, b"x" * (step * 31 % 900)))
        every = history._all.values()
        assert history.cost == sum(kept.cost for kept in every) <= history.limit
        assert all(kept.cost == sum(kept.costs) for kept in every)
        rich = {flow_id for flow_id, kept in history._all.items() if kept.cost > history.share}
        assert set(history._rich) == rich


@pytest.mark.parametrize("size", [0, 10, 600, 20_000])
async def test_the_sum_is_the_memory(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(keeping_module, "PURSE", 10**9)
    one = bench(with_log=False)
    one.hub.keeping.begin()
    relay, history = one.connect(), one.hub.keeping.history
    opcode = TEXT if size else PING
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        while history.cost < 2 << 20:
            content = os.urandom((size or 20) // 2).hex().encode()
            relay.to_server.receive(frame(opcode, content, mask=KEY))
            one.hub.flush()
        for _ in range(5):  # a tuple is left alone once all in it are
            gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    kept = history.find(1)
    assert kept is not None
    assert not any(map(gc.is_tracked, kept._held)), "the garbage collector walks through all of it"
    assert 0.7 * history.cost < held < 1.25 * history.cost


# --- payloads ---


def test_a_payload_is_found_by_its_first_frame_and_direction() -> None:
    history = History()
    history.message(1, message(3, b"up"))
    history.message(1, message(3, b"down", to_client=True))
    assert history.payload((1, 0, 3)) == b"up"
    assert history.payload((1, 1, 3)) == b"down"
    assert history.payload((1, 0, 4)) is None
    assert history.payload((2, 0, 3)) is None


# --- the answer ---


def told(past: Past) -> list[Any]:
    return [json.loads(line) for piece in past.lines() for line in piece.splitlines()]


def answer(*entries: Frames | Message) -> list[tuple[Any, ...]]:
    """``("f", direction, seq)`` and ``("m", direction, first seq)`` in order."""
    head, *lines = told(Past(7, entries, Missing(None, None, 0, 0)))
    found = [(line["type"][0], row[1], row[2]) for line in lines for row in line["rows"]]
    assert head["frames"] == len([one for one in found if one[0] == "f"])
    assert head["messages"] == len([one for one in found if one[0] == "m"])
    assert all((line["flow_id"], line["skipped"]) == (7, 0) for line in lines)
    return found


def test_a_message_without_its_last_frame_is_left_out() -> None:
    assert answer(message(0), frames(1), message(1), message(5)) == [("f", 0, 1), ("m", 0, 1)]
    assert answer(message(0)) == []


def test_injected_messages_stand_where_they_were() -> None:
    assert answer(injected()) == [("m", 0, -1)]
    found = answer(injected(), frames(0, 150), injected(), frames(150, 150), injected())
    assert [at for at, one in enumerate(found) if one[0] == "m"] == [150, 151, 302]


def test_a_frame_that_was_held_stands_in_its_place() -> None:
    """Before those that overtook it; the directions stay as they were."""
    found = answer(
        frames(1), frames(0, 9, to_client=True), frames(0), message(0), frames(2), message(2)
    )
    assert [seq for kind, way, seq in found if kind == "f" and not way] == [0, 1, 2]
    assert [seq for kind, way, seq in found if kind == "f" and way] == list(range(9))
    assert [seq for kind, way, seq in found if kind == "m"] == [0, 2]


def test_a_line_has_no_more_than_it_should() -> None:
    content = b"x" * 4096
    entries = [each for seq in range(300) for each in (frames(seq), message(seq, content))]
    lines = told(Past(7, [*entries, frames(300, 5000)], Missing(9000, 300, 0, 0)))
    assert [line["type"] for line in lines[:3]] == ["history", "frames", "messages"]
    rows = [len(line["rows"]) for line in lines if line["type"] == "frames"]
    assert (max(rows), sum(rows)) == (200, 5300)
    shown = [line["rows"] for line in lines if line["type"] == "messages"]
    assert sum(map(len, shown)) == 300
    assert max(map(len, shown)) < 70
    assert all(row[13] and len(row[12]) > 5000 for rows in shown for row in rows)


async def test_the_seqs_of_both_periods_join(bench: MakeBench) -> None:
    """Rows from while nothing was kept stand between those with payload."""
    one = bench(with_log=False)
    keeping = one.hub.keeping
    keeping.begin()
    relay = one.connect()
    for count in (5, 4, 3, 2):
        (keeping._switch_on if count % 2 else keeping._switch_off)()
        relay.to_server.receive(HELLO * count)
        relay.to_client.receive(WELCOME)
        one.clock.now_ns -= 10**9  # a clock that is set back
        one.hub.flush()
    past = keeping.past(1)
    rows = [row for line in told(past)[1:] if line["type"] == "frames" for row in line["rows"]]
    assert [row[2] for row in rows if not row[1]] == list(range(14))
    assert "".join(str(row[1]) for row in rows) == "000001000010001001"
    assert "".join("-p"[row[8] is not None] for row in rows) == "pppppp-----pppp---"
    assert past.missing == Missing(18, 18, 0, 8)
    assert past.messages == 10
