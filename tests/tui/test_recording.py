"""The dashboard on a recording: its timeline by key, and what a recording cannot do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.fake_story import NS, T0_NS, closed, opened, stamp
from tests.tui.conftest import Clock as _Clock
from tests.tui.conftest import Desk, until
from wsinspect.cli import main
from wsinspect.tui import keys
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.data.recording import RecordingSource
from wsinspect.tui.data.source import Link
from wsinspect.tui.panes.closing import ClosingScreen

LENGTH_S = 60


def write(path: Path) -> Path:
    """A minute: a connection that stays, one that ends in the middle."""
    lines = [opened(1, T0_NS, "stays.example", "/"), opened(2, T0_NS + NS, "ends.example", "/")]
    for second in range(2, LENGTH_S):
        at_ns = T0_NS + second * NS
        lines.append(
            {
                "timestamp": stamp(at_ns), "event_type": "websocket", "flow_id": 1, "host": "b",
                "websocket": {"fin": True, "mask": 1, "opcode": "text"},
                "ws": {"direction": "to_server", "seq": second - 2, "rsv": 0, "payload_len": 5,
                       "frame_len": 11, "forwarded": True},
            }
        )  # fmt: skip
        if second == LENGTH_S // 2:
            lines.append(closed(2, at_ns, 1006, "server", cause="rst"))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@asynccontextmanager
async def opened_recording(path: Path) -> AsyncIterator[Desk]:
    app = DashboardApp(str(path), make_feed=lambda name, store: RecordingSource(name, store))
    async with app.run_test(size=(140, 40)) as pilot:
        timeline = app.feed.timeline
        assert timeline is not None
        await until(pilot, lambda: timeline.progress >= 1 and len(app.store) == 2)
        app.sync()
        await until(pilot, lambda: app.store.watched.flow_id is not None)
        yield Desk(app, pilot, _Clock())


def now_ns(d: Desk) -> int:
    assert d.app.feed.timeline is not None
    return d.app.feed.timeline.now_ns


async def test_the_timeline_by_keys(tmp_path: Path) -> None:
    async with opened_recording(write(tmp_path / "log.jsonl")) as d:
        timeline = d.app.feed.timeline
        assert timeline is not None
        assert d.app.recording
        assert "P play" in d.screen_text()
        await d.press("shift+tab")
        assert d.app.pane == keys.TIMELINE
        end_ns = now_ns(d)
        await d.press("left")
        assert now_ns(d) < end_ns
        await d.press("home")
        assert now_ns(d) == timeline.start_ns
        await d.press("right")
        assert now_ns(d) > timeline.start_ns
        await d.press("end")
        assert now_ns(d) == end_ns
        playing = []
        for name in ("home", "P", "P"):
            await d.press(name)
            playing.append(timeline.playing)
        assert playing == [False, True, False]
        tried = {"left", "home", "right", "end", "P"}
        assert {key.keys for key in keys.ALL if key.recording} == tried


async def test_the_past_is_shown(tmp_path: Path) -> None:
    async with opened_recording(write(tmp_path / "log.jsonl")) as d:
        timeline = d.app.feed.timeline
        assert timeline is not None
        assert len(d.app.store.live) == 1
        timeline.seek(T0_NS + 10 * NS)
        await until(d.pilot, lambda: len(d.app.store.live) == 2)
        d.app.sync()
        await d.pilot.pause()
        assert "recording" in d.screen_text().splitlines()[0]


async def test_a_recording_closes_nothing(tmp_path: Path) -> None:
    async with opened_recording(write(tmp_path / "log.jsonl")) as d:
        await d.choose(1)
        await d.press("X")
        assert not isinstance(d.app.screen, ClosingScreen)
        assert "a recording cannot close" in next(iter(d.app._notifications)).message


def broken_lines(path: Path) -> Iterator[bytes]:
    yield from ()
    raise ValueError(f"{path}: the file ends in the middle of flow 1")


async def test_a_recording_that_cannot_be_read_has_words_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "flows"
    app = DashboardApp(
        str(path),
        make_feed=lambda name, store: RecordingSource(name, store, broken_lines(path)),
    )
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: app.feed.link is Link.LOST)
        desk = Desk(app, pilot, _Clock())
        app.sync()
        await until(pilot, lambda: "cannot be shown" in desk.screen_text())
        text = desk.screen_text()
    assert "cannot be read" in text
    assert "the file ends in the middle of flow 1" in text
    for wrong in ("proxy is gone", "trying again", "attach", "reading", "Point a client"):
        assert wrong not in text


async def test_an_empty_recording_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"")
    app = DashboardApp(str(path), make_feed=lambda name, store: RecordingSource(name, store))
    async with app.run_test(size=(160, 40)) as pilot:
        desk = Desk(app, pilot, _Clock())
        await until(pilot, lambda: app.feed.link is Link.LIVE)
        app.sync()
        await until(pilot, lambda: "No connection is in this recording" in desk.screen_text())
        assert "Point a client" not in desk.screen_text()


@pytest.mark.parametrize(
    ("name", "text", "say"),
    [("none.jsonl", None, "No such file"), ("x.txt", "just some text\n", "no log of wsinspect")],
)
def test_what_cannot_be_opened_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str | None,
    say: str,
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    assert main(["open", str(path)]) == 2
    said = capsys.readouterr().err
    assert say in said
    assert said.count("\n") == 1
