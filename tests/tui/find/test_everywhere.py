"""The search over all connections: what it walks through, what it says, how it ends."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_story import NS, T0_NS, opened, stamp
from tests.support.fake_story import frame as row
from wsinspect.tui.data import store as store_module
from wsinspect.tui.data.contents import Place, StoreContents, locate
from wsinspect.tui.data.framelog import LESS_ENTRIES
from wsinspect.tui.data.recording import RecordingSource
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import MessageRow, Messages, decode
from wsinspect.tui.find.everywhere import HITS_MAX, Search, snippet
from wsinspect.tui.find.needle import parse_needle


def message(at_ns: int, flow_id: int, text: str, **facts: Any) -> dict[str, Any]:
    told = {"direction": "to_client", "opcode": "text", "payload_len": len(text), "wire_len": 11,
            "frames": 1, "compressed": False, "action": "pass", "rules": [], "injected": False,
            "preview": text, **facts}  # fmt: skip
    return {"timestamp": stamp(at_ns), "event_type": "ws_message", "flow_id": flow_id,
            "src_ip": "127.0.0.1", "src_port": 5, "dest_ip": "127.0.0.1", "dest_port": 9,
            "proto": "TCP", "host": "box", "message": told}  # fmt: skip


def recording(path: Path, *lines: dict[str, Any]) -> RecordingSource:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = RecordingSource(path, Store(lambda: T0_NS))
    source.settle()
    return source


def told(store: Store, *lines: dict[str, Any]) -> Store:
    for line in lines:
        decoded = decode(json.dumps(line).encode())
        assert decoded is not None
        store.apply(decoded)
    return store


def frames(flow_id: int, *contents: bytes, first: int = 0) -> dict[str, Any]:
    rows = [row(T0_NS + n * NS, 1, n, 1, content) for n, content in enumerate(contents, first)]
    return {"type": "frames", "flow_id": flow_id, "rows": rows}


def done(search: Search) -> Search:
    while not search.step(0):
        pass
    return search


def three(store: Store) -> Store:
    """Of three connections two were watched, one after the other."""
    told(store, *(opened(n, T0_NS, f"host{n}.example", "/") for n in (1, 2, 3)))
    store.watch(1)
    told(store, frames(1, b"hay", b"the Needle", b"hay"))
    store.watch(2)
    told(store, frames(2, b"needle in two"))
    return store


def test_a_dashboard_searches_what_it_was_told_and_says_how_much_that_is() -> None:
    store = three(Store(lambda: T0_NS))
    contents = StoreContents(store)
    search = done(Search(contents, parse_needle("needle")))
    assert [found.place.flow_id for found in search.found] == [2, 1]  # in the order of time
    assert search.words() == "2 found in 2 connections"
    assert contents.scope == "2 of 3 connections: those that were chosen here"
    assert contents.progress == 1.0


def test_what_was_found_is_found_again_once_it_is_watched() -> None:
    store = three(Store(lambda: T0_NS))
    place = done(Search(StoreContents(store), parse_needle("the needle"))).found[0].place
    assert locate(store, place) is None
    store.watch(1)
    at = locate(store, place)
    assert at == 1
    assert store.watched.entries[at].content == b"the Needle"


def test_one_that_is_watched_again_goes_on_where_it_was() -> None:
    store = three(Store(lambda: T0_NS))
    store.watch(1)
    told(store, frames(1, b"hay", b"the Needle", b"hay"), frames(1, b"more", first=3))
    assert [entry.content for entry in store.watched.entries] == [
        b"hay", b"the Needle", b"hay", b"more",
    ]  # fmt: skip


def test_an_injected_message_that_is_told_again_stays_one() -> None:
    store = three(Store(lambda: T0_NS))

    def inject(at_ns: int) -> None:
        injected = MessageRow(at_ns, 1, -1, -1, 1, 4, 6, 1, injected=True, content=b"ours")
        store.apply(Messages(store.watched.flow_id or 0, [injected]))

    inject(T0_NS + 5 * NS)
    store.watch(1)
    store.watch(2)
    inject(T0_NS + 5 * NS)
    assert [entry.content for entry in store.watched.entries].count(b"ours") == 1
    inject(T0_NS + 6 * NS)
    assert [entry.content for entry in store.watched.entries].count(b"ours") == 2
    place = done(Search(StoreContents(store), parse_needle("ours"))).found[1].place
    assert locate(store, place) == len(store.watched.entries) - 1


def test_what_is_kept_of_those_watched_before_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(lambda: T0_NS)
    store.logs_max = 3
    many = LESS_ENTRIES + 50
    told(store, *(opened(n, T0_NS, "a.example", "/") for n in range(1, 9)))
    for flow_id in range(1, 9):
        store.watch(flow_id)
        told(store, frames(flow_id, *(b"%d" % n for n in range(many))))
    assert list(store.logs) == [5, 6, 7]
    assert {len(log.entries) for log in store.logs.values()} == {LESS_ENTRIES}
    assert store.logs[7].entries[-1].content == b"%d" % (many - 1)


def test_those_of_ended_connections_go_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "ENDED_MAX", 0)
    store = three(Store(lambda: T0_NS))
    assert 1 in store.logs
    line = {"timestamp": stamp(T0_NS), "event_type": "ws_close", "flow_id": 1, "close": {}}
    told(store, line)
    assert store.find(1) is None
    assert 1 not in store.logs


def test_a_recording_is_searched_whole_and_each_find_has_its_place(tmp_path: Path) -> None:
    source = recording(
        tmp_path / "log.jsonl",
        opened(1, T0_NS, "one.example", "/"),
        message(T0_NS + NS, 1, "a needle"),
        message(T0_NS + NS, 1, '"ws_message" is no needle by itself', preview_base64="AAA="),
        opened(2, T0_NS + NS, "two.example", "/"),
        message(T0_NS + 2 * NS, 2, "hay"),
        message(T0_NS + 3 * NS, 2, "NEEDLE", direction="to_server"),
        message(T0_NS + 4 * NS, 2, "ours: needle", injected=True),
    )
    contents = source.contents()
    search = done(Search(contents, parse_needle("needle")))
    assert contents.scope == "all of the recording, 2 connections"
    assert [found.place.flow_id for found in search.found] == [1, 1, 2, 2]
    for found in search.found:
        assert source.locate(found.place) is None
        source.watch(found.place.flow_id)
        source.settle()
        at = source.locate(found.place)
        assert at is not None
        content = source.store.watched.entries[at].content
        assert content is not None
        assert content.decode() == found.snippet
        source.watch(None)


def test_a_number_given_anew_is_another_connection(tmp_path: Path) -> None:
    source = recording(
        tmp_path / "log.jsonl",
        opened(1, T0_NS, "one.example", "/"),
        message(T0_NS + NS, 1, "needle"),
        opened(1, T0_NS + 2 * NS, "again.example", "/"),
        message(T0_NS + 3 * NS, 1, "needle"),
    )
    search = done(Search(source.contents(), parse_needle("needle")))
    hosts = [source.store.find(found.place.flow_id) for found in search.found]
    assert [c.facts.host for c in hosts if c is not None] == ["one.example", "again.example"]


class Endless:
    """Contents that never end."""

    waits = False
    progress = 0.25
    scope = "everything"

    def batches(self) -> Generator[Sequence[tuple[bytes, int]]]:
        number = 0
        while True:
            yield [(b"hay", 0), (b"needle", number)]
            number += 1

    def place(self, token: int) -> Place:
        return Place(token % 7, token, 0, token)


def test_it_ends_when_there_are_too_many() -> None:
    search = done(Search(Endless(), parse_needle("needle")))
    assert len(search.found) == HITS_MAX
    assert search.words().startswith("1,000 found in 7 connections; it ended there")


def test_a_slice_is_short_and_a_search_can_be_stopped() -> None:
    search = Search(Endless(), parse_needle("needle"))
    ticks = iter(range(1_000))
    assert not search.step(5, clock=lambda: next(ticks))
    assert len(search.found) == 5
    assert search.words() == "searching … 25%, 5 found in 5 connections"
    search.stop()
    assert search.step()
    assert search.words() == "stopped at 25%, 5 found in 5 connections"


def test_a_needle_of_nothing_or_a_wrong_one_finds_nothing() -> None:
    for text in ("", "/(/", "hex:0"):
        search = Search(Endless(), parse_needle(text))
        assert search.over
        assert search.words() == "nothing found"


def test_snippets() -> None:
    long = b"a" * 500 + b"needle" + b"z" * 500
    assert snippet(long, parse_needle("needle")) == "…" + "a" * 60 + "needle" + "z" * 334
    assert snippet(bytes(range(40)), parse_needle("hex:0a0b")).startswith("02 03 04")
    assert snippet(b"\xff\x00 needle", parse_needle("needle")) == "\ufffd\x00 needle"
