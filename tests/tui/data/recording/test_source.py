"""Reading recordings: broken and growing files, other formats, payloads, the way through time."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import long_log
from tests.support.fake_story import NS, T0_NS, closed, opened, stamp, way
from tests.tui.data.recording.conftest import Recorded, source_of
from wsinspect.tui.data.connection import State
from wsinspect.tui.data.entries import Gap, Message
from wsinspect.tui.data.recording import (
    Kind,
    NotARecording,
    RecordingSource,
    kind_of,
    kinds,
)
from wsinspect.tui.data.recording import reading as reading_module
from wsinspect.tui.data.recording import source as source_module
from wsinspect.tui.data.source import Link, Source
from wsinspect.tui.data.store import Store

OPEN = opened(1, T0_NS, "example.net", "/chat")
CLOSE = closed(1, T0_NS + 9 * NS, 1006, "server", cause="rst", to_server=way(2, 5))


def event(kind: str, at_ns: int, flow_id: int = 1, **body: Any) -> dict[str, Any]:
    return {
        "timestamp": stamp(at_ns), "event_type": kind, "flow_id": flow_id, "src_ip": "127.0.0.1",
        "src_port": 50_001, "dest_ip": "127.0.0.1", "dest_port": 9000, "proto": "TCP",
        "host": "box", **body,
    }  # fmt: skip


def frame(at_ns: int, seq: int, *, fin: bool = True, opcode: str = "text", **ws: Any) -> Any:
    facts = {"direction": "to_server", "seq": seq, "rsv": 0, "payload_len": 5, "frame_len": 11,
             "forwarded": True, **ws}  # fmt: skip
    return event("websocket", at_ns, websocket={"fin": fin, "opcode": opcode, "mask": 7}, ws=facts)


def message(at_ns: int, **facts: Any) -> Any:
    told = {"direction": "to_server", "opcode": "text", "payload_len": 5, "wire_len": 11,
            "frames": 1, "compressed": False, "action": "pass", "rules": [], "injected": False,
            **facts}  # fmt: skip
    return event("ws_message", at_ns, message=told)


def test_it_is_a_source(recorded: Recorded) -> None:
    source: Source = recorded(OPEN)
    assert source.link is Link.LIVE
    assert source.timeline is not None
    assert source.can == frozenset()


def test_a_life(recorded: Recorded) -> None:
    source = recorded(OPEN, frame(T0_NS + NS, 0), frame(T0_NS + 2 * NS, 1, opcode="ping"), CLOSE)
    (connection,) = source.store.ended.values()
    assert (connection.state, connection.frames) == (State.UNCLEAN, 2)
    assert (connection.client, connection.facts.host) == ("127.0.0.1:50001", "example.net")
    source.watch(1)
    source.settle()
    text, ping = source.store.watched.entries
    assert isinstance(text, Message)
    assert (text.payload_len, text.mask, text.content) == (5, 7, None)
    assert ping.opcode == 9
    assert "payload not recorded" in source.content_note


def test_broken_lines_are_counted_and_the_others_read(recorded: Recorded) -> None:
    source = recorded(
        b"\x00\xff\n", OPEN, b'{"timestamp":\n', b"[]\n", frame(T0_NS, 0), b"x" * 400_000 + b"\n",
        event("websocket", T0_NS, websocket={"fin": True, "opcode": "nonsense"},
              ws={"direction": "to_server", "seq": 9, "payload_len": 1, "frame_len": 2}),
        event("ws_later", T0_NS), CLOSE,
    )  # fmt: skip
    assert source.store.unreadable == 5
    assert (source.store.ended_count, len(source.store)) == (1, 1)


def test_a_rotated_log_begins_in_the_middle(recorded: Recorded) -> None:
    source = recorded(frame(T0_NS, 40), frame(T0_NS, 41), CLOSE)
    source.watch(1)
    source.settle()
    assert source.store.watched.entries[0] == Gap(T0_NS, 40, 0)
    assert source.store.ended_count == 1


def test_a_second_run_in_the_same_log_gives_numbers_anew(recorded: Recorded) -> None:
    source = recorded(OPEN, frame(T0_NS, 0), opened(1, T0_NS + NS, "other.net", "/"), CLOSE)
    first, second = source.store.ended.values()
    assert (first.flow_id, first.state, first.frames) == (1, State.UNSEEN, 1)
    assert (second.flow_id, second.facts.host, second.state) == (2, "other.net", State.UNCLEAN)


def test_a_growing_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in (OPEN, frame(T0_NS, 0), CLOSE))
    path.write_bytes(b"")
    source = source_of(path)
    source.watch(1)
    frames = []
    for end in range(0, len(whole) + 1, 37):
        path.write_bytes(whole[:end])
        source.settle()
        frames.append(len(source.store.watched.entries))
    path.write_bytes(whole)
    source.settle()
    assert source.store.unreadable == 0
    assert (source.store.ended_count, frames[-1]) == (1, 1)
    assert sorted(set(frames)) == [0, 1]


def test_a_last_line_without_its_end_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(json.dumps(OPEN).encode())
    source = source_of(path)
    assert len(source.store) == 1
    path.write_bytes(json.dumps(OPEN).encode() + b"\n" + json.dumps(CLOSE).encode() + b"\n")
    source.settle()
    assert (len(source.store), source.store.ended_count, source.store.unreadable) == (1, 1, 0)


def test_a_file_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in (OPEN, CLOSE)))
    source = source_of(path)
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(json.dumps(opened(5, T0_NS, "new.net", "/")).encode() + b"\n")
    source.settle()
    assert set(source.store.live) == {5}
    assert not source.store.ended
    assert "anew" in source.store.problems[-1]


def test_contents_of_messages(recorded: Recorded) -> None:
    long = "x" * 9_000
    source = recorded(
        OPEN,
        frame(T0_NS, 0, fin=False), frame(T0_NS, 1, opcode="continuation"),
        message(T0_NS, frames=2, wire_len=22, payload_len=10, preview="helloworld"),
        frame(T0_NS, 2, payload_len=9_000, frame_len=9_008),
        message(T0_NS, wire_len=9_008, payload_len=9_000, preview=long),
        message(T0_NS, injected=True, preview="put in"),
        frame(T0_NS, 3),  # its line was not written
        frame(T0_NS, 4, frame_len=12),
        message(T0_NS, wire_len=12, preview="later", action="rewrite", rules=["card"]),
    )  # fmt: skip
    source.watch(1)
    source.settle()
    joined, cut, injected, untold, rewritten = source.store.watched.entries
    assert isinstance(joined, Message)
    assert (joined.content, joined.whole, joined.frame_count) == (b"helloworld", True, 2)
    assert isinstance(cut, Message)
    assert (len(cut.content or b""), cut.whole) == (4096, False)
    assert (injected.content, untold.content, rewritten.content) == (b"put in", None, b"later")
    assert isinstance(rewritten, Message)
    assert (rewritten.action, rewritten.rules) == ("rewrite", ("card",))
    assert source.can == {"payload"}
    source.payload(1, 0, 2)
    answer = source.store.payloads[1, 0, 2]
    assert (answer.content, answer.whole) == (long.encode(), True)
    source.payload(1, 0, 3)
    assert source.store.payloads[1, 0, 3].say == "payload not recorded"


def test_a_message_that_a_ping_overtook(recorded: Recorded) -> None:
    source = recorded(
        OPEN, frame(T0_NS, 0), message(T0_NS, preview="first"),
        frame(T0_NS + 2, 2, opcode="ping"),  # it passed while the rules looked at 1 and 3
        frame(T0_NS + 1, 1, fin=False), frame(T0_NS + 3, 3, opcode="continuation"),
        message(T0_NS + 3, frames=2, wire_len=22, payload_len=10, preview="held back", rules=["r"]),
    )  # fmt: skip
    source.watch(1)
    source.settle()
    first, held, ping = source.store.watched.entries
    assert isinstance(held, Message)
    assert (first.content, held.seq, held.last_seq, ping.opcode) == (b"first", 1, 3, 9)
    assert (held.content, held.finished, held.rules) == (b"held back", True, ("r",))


def test_messages_alone_stand_for_their_frames(recorded: Recorded) -> None:
    source = recorded(
        OPEN, message(T0_NS), message(T0_NS + NS, direction="to_client", frames=3, wire_len=40)
    )
    (connection,) = source.store.live.values()
    assert (connection.to_server, connection.to_client) == ((1, 5, 11, 1), (3, 5, 40, 1))
    source.watch(1)
    source.settle()
    assert [(e.direction, e.frame_len) for e in source.store.watched.entries] == [(0, 11), (1, 40)]


HAR = {
    "log": {
        "entries": [
            {"request": {"url": "https://example.net/page", "headers": []}},
            {
                "startedDateTime": "2026-11-22T14:00:00.000Z",
                "serverIPAddress": "127.0.0.1",
                "request": {
                    "url": "wss://example.net/chat?x=1",
                    "headers": [{"name": "Origin", "value": "https://example.net"}],
                },
                "response": {"status": 101, "headers": []},
                "_webSocketMessages": [
                    {"type": "send", "time": T0_NS / NS + 1, "opcode": 1, "data": "hellö"},
                    {"type": "receive", "time": T0_NS / NS + 2, "opcode": 2,
                     "data": base64.b64encode(b"\x00\x01").decode()},
                    {"type": "receive", "time": None, "opcode": 1, "data": 7},
                ],
            },
        ]
    }
}  # fmt: skip


def test_har(tmp_path: Path) -> None:
    path = tmp_path / "page.har"
    path.write_text(json.dumps(HAR, indent=2))
    assert kind_of(path) is Kind.HAR
    source = source_of(path)
    (connection,) = source.store.live.values()
    assert (connection.facts.host, connection.facts.uri) == ("example.net", "/chat?x=1")
    assert (connection.facts.tls, connection.opened_ns) == (True, T0_NS)
    source.watch(1)
    source.settle()
    contents = [entry.content for entry in source.store.watched.entries]
    assert contents == ["hellö".encode(), b"\x00\x01", b""]
    assert source.content_note == ""


@pytest.mark.parametrize("text", ['{"log":{"entries":[]}}', '{"log":7}', '{"log":{"entries":'])
async def test_a_har_without_messages_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.har"
    path.write_text(text)
    source = RecordingSource(path, Store())
    running = asyncio.create_task(source.run())
    while not source.reason:
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    link: Link = source.link
    assert link is Link.LOST
    assert "HAR" in source.reason or "WebSocket" in source.reason or "list" in source.reason


def test_kinds(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, kind in (
        (b"", Kind.LOG),
        (b'broken\n{"event_type":"stats","timestamp":""}\n', Kind.LOG),
        (b'{"event_type":"sta', Kind.LOG),
        (b'{"log":{"version":"1.2","entries":[', Kind.HAR),
        (b"3012:9:websocket;", Kind.FLOWS),
    ):
        path.write_bytes(content)
        assert kind_of(path) is kind
    path.write_bytes(b"GIF89a\x00\x01")
    with pytest.raises(NotARecording, match="no log"):
        kind_of(path)


def test_lines_of_another_format_are_shown(tmp_path: Path) -> None:
    lines = (json.dumps(line).encode() + b"\n" for line in (OPEN, CLOSE))
    source = source_of(tmp_path / "flows", lines=lines)
    assert source.store.ended_count == 1


class Clock:
    def __init__(self) -> None:
        self.ns = 5 * NS

    def __call__(self) -> int:
        return self.ns


def test_playing_moves_with_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [OPEN, *(frame(T0_NS + second * NS, second) for second in range(100)), CLOSE]
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in rows))
    clock = Clock()
    source = RecordingSource(path, Store(clock))
    source.settle()
    timeline = source.timeline
    timeline.play(10)
    source.settle()
    assert timeline.now_ns == T0_NS
    clock.ns += 3 * NS
    source.settle()
    assert timeline.now_ns == T0_NS + 30 * NS
    assert source.store.now_ns() == timeline.now_ns
    assert [c.frames for c in source.store.live.values()] == [31]
    timeline.pause()
    clock.ns += 3 * NS
    source.settle()
    assert timeline.now_ns == T0_NS + 30 * NS
    timeline.play(60)
    clock.ns += 3 * NS
    source.settle()
    assert timeline.at_end
    assert not timeline.playing


def test_steps_go_from_event_to_event(recorded: Recorded) -> None:
    source = recorded(OPEN, *(frame(T0_NS + n * NS, n) for n in range(1, 6)), CLOSE)
    timeline = source.timeline
    for watched in (None, 1):
        source.watch(watched)
        timeline.seek(T0_NS + int(2.5 * NS))
        source.settle()
        timeline.step(True)
        source.settle()
        assert timeline.now_ns == T0_NS + 3 * NS
        timeline.step(False)
        source.settle()
        assert timeline.now_ns == T0_NS + 2 * NS


def test_density_and_marks_count_everything(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = list(long_log.lines(12_000, 50, 600))
    path.write_bytes(b"".join(lines))
    source = source_of(path)
    timeline = source.timeline
    for columns in (1, 7, 80, 250):
        assert len(timeline.density(columns)) == columns
        assert sum(timeline.density(columns)) == len(lines)
        assert sum(timeline.marks.closes(columns)) == source.store.unclean_count
        assert sum(timeline.marks.alerts(columns)) == source.store.alerts
    half = timeline.density(2)
    middle = (timeline.start_ns + timeline.end_ns) // 2
    before = sum(1 for line in lines if json.loads(line)["timestamp"] <= stamp(middle))
    assert abs(half[0] - before) <= 2


def test_reading_gives_way_after_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many steps, each showing more: not one that takes all the time."""
    monkeypatch.setattr(source_module, "SLICE_S", 0.0)
    monkeypatch.setattr(reading_module, "LINES_A_STEP", 100)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(long_log.lines(3_000, 30, 60)))
    source = RecordingSource(path, Store(lambda: T0_NS))
    source._open()
    work = source._work()
    progress = []
    while source.timeline.progress < 1:
        next(work)
        progress.append(source.timeline.progress)
    assert progress == sorted(progress)
    assert len(set(progress)) > 20


async def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    source = RecordingSource(tmp_path / "none", Store())
    running = asyncio.create_task(source.run())
    while not source.reason:
        await asyncio.sleep(0.01)
    assert source.reason == "No such file or directory"
    assert "none" in source.store.problems[-1]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_message_whose_frames_are_in_the_file_before_stands_for_them(recorded: Recorded) -> None:
    source = recorded(message(T0_NS, preview="first"), frame(T0_NS, 7), message(T0_NS))
    source.watch(1)
    source.settle()
    messages = [e for e in source.store.watched.entries if isinstance(e, Message)]
    assert [(m.content, m.told) for m in messages] == [(b"first", True), (None, True)]
    (connection,) = source.store.live.values()
    assert connection.frames == 2


async def test_lines_that_cannot_be_made_are_said(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield from ()
        raise ValueError(f"{path}: cut off")

    path = tmp_path / "flows"
    source = RecordingSource(path, Store(), broken())
    running = asyncio.create_task(source.run())
    while not source.reason:
        await asyncio.sleep(0.01)
    assert source.reason == "cut off"
    assert list(source.store.problems) == [f"{path}: cut off"]  # its name once
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_lines_that_break_off_are_shown_as_far_as_they_go(tmp_path: Path) -> None:
    def cut() -> Iterator[bytes]:
        yield json.dumps(OPEN).encode() + b"\n"
        raise ValueError(f"{path}: it ends in the middle")

    path = tmp_path / "flows"
    source = source_of(path, lines=cut())
    assert (source.link, len(source.store)) == (Link.LIVE, 1)
    assert list(source.store.problems) == [f"{path}: it ends in the middle"]


def test_packed_recordings_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = b"".join(json.dumps(line).encode() + b"\n" for line in (OPEN, frame(T0_NS, 0), CLOSE))
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(log[:-1]))
    assert kind_of(path) is Kind.LOG
    assert (source_of(path).store.ended_count, source_of(path).store.unreadable) == (1, 0)
    path.write_bytes(gzip.compress(json.dumps(HAR).encode()))
    assert kind_of(path) is Kind.HAR
    assert len(source_of(path).store) == 1
    path.write_bytes(gzip.compress(log, compresslevel=0)[:-90])
    cut = source_of(path)
    assert len(cut.store) == 1
    (said,) = cut.store.problems
    assert "packed with gzip, and cut or broken" in said
    monkeypatch.setattr(kinds, "UNPACKED_MAX", 400)
    path.write_bytes(gzip.compress(log))
    (said,) = source_of(path).store.problems
    assert f"gunzip -k {path}" in said
    path.write_bytes(gzip.compress(b"123:flows"))
    with pytest.raises(NotARecording, match="gunzip -k"):
        kind_of(path)
    path.write_bytes(b"\x1f\x8bnonsense")
    with pytest.raises(NotARecording, match="is none"):
        kind_of(path)
