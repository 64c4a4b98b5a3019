"""Pictures of the dashboard at fixed sizes and a pinned clock.

After a wanted change: `pytest tests/tui/test_snapshots.py --snapshot-update`, then look at them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.fake_story import T0_NS, Story, closed, hello, stamp, story
from tests.support.told_feed import ToldFeed
from tests.tui.conftest import Clock, choose, make_app, until
from tests.tui.test_recording import write
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.data.recording import RecordingSource

type Compare = Callable[..., bool]
type Before = Callable[[Pilot[Any]], Awaitable[None]]


def before(flow_id: int | None, keys: tuple[str, ...], lines: tuple[dict[str, Any], ...]) -> Before:
    """Chooses a connection, presses keys, then tells more lines."""

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, DashboardApp)
        await until(pilot, lambda: app.store.hello is not None)
        assert isinstance(app.feed, ToldFeed)
        if "X" in keys:
            app.feed.able = frozenset({"close"})
        app.sync()
        if flow_id is not None:
            await choose(pilot, app, flow_id)
        for key in keys:
            await pilot.press(key)
        view = app.connections  # whose frames come a moment after it was chosen
        await until(
            pilot,
            lambda: view.selected is None or view.selected.flow_id == app.store.watched.flow_id,
        )
        app.feed.say(*lines)
        app.clear_notifications()
        app.sync()
        await pilot.pause()

    return run


TROUBLE = (
    {"type": "problem", "say": "the log is dead: No space left on device"},
    {
        "timestamp": stamp(T0_NS),
        "event_type": "stats",
        "host": "box",
        "stats": {"log_dropped": 1_203, "dashboard_dropped": 40},
    },
)
EMPTY = Story([hello()])
DIAGNOSED = (
    {
        "timestamp": stamp(T0_NS),
        "event_type": "ws_diagnosis",
        "host": "box",
        "diagnosis": {
            "kind": "idle-cut",
            "confidence": "high",
            "host": "chat.example.net",
            "count": 12,
            "evidence": {"idle_s": 60.0, "spread_s": 0.2},
            "candidates": [{"hop": "nginx", "limit_s": 60, "source": "proxy_read_timeout"}],
            "say": "12 connections to chat.example.net were cut after 60 s of silence",
            "flow_ids": [3, 4],
        },
    },
    {
        "timestamp": stamp(T0_NS),
        "event_type": "stats",
        "host": "box",
        "stats": {"alerts": 7, "added_ms": {"p50": 0.04, "p99": 0.31, "max": 2.0}},
    },
)
OURS = tuple(
    closed(flow_id, T0_NS, 1006, "proxy", cause=cause, clean=False, **facts)
    for flow_id, cause, facts in (
        (9, "policy", {"code_relayed": 1008, "reason": "no cards here"}),
        (10, "shutdown", {"code_relayed": 1012}),
        (11, "shutdown", {"code_relayed": 1012}),
        (12, "shutdown", {}),
    )
)
JSON = ("enter", "g", "j", "i", "2")
TABS = ("text", "json", "hex", "handshake", "timing", "rules", "diagnosis")
TWO = ("enter", "g", "j", "m", "j", "d")  # two messages of one shape


@pytest.mark.parametrize(
    ("told", "size", "flow_id", "keys", "lines"),
    [
        pytest.param(story(), (140, 40), 8, (), (), id="live"),
        pytest.param(story(), (80, 24), 8, (), (), id="narrow"),
        pytest.param(story(), (220, 50), 8, (), (), id="wide"),
        pytest.param(story(), (60, 15), 8, (), (), id="short"),
        pytest.param(story(), (20, 5), 8, (), (), id="tiny"),
        pytest.param(story(), (140, 40), 8, ("enter", "k", "k", "k", "enter"), (), id="violation"),
        pytest.param(story(), (140, 44), 3, ("i",), (), id="abrupt-end"),
        pytest.param(story(), (120, 30), 8, ("space",), TROUBLE, id="trouble"),
        pytest.param(EMPTY, (120, 34), None, (), (), id="empty"),
        pytest.param(story(), (100, 56), 8, ("question_mark",), (), id="help"),
        pytest.param(story(), (140, 40), 8, JSON, DIAGNOSED, id="json-and-a-diagnosis"),
        pytest.param(story(), (140, 40), 8, ("v",), DIAGNOSED, id="cohorts"),
        pytest.param(story(), (140, 40), 8, ("f", *"host:chat o"), (), id="filter"),
        pytest.param(story(), (140, 40), 8, ("slash", *"say"), (), id="search"),
        pytest.param(story(), (140, 40), 8, ("colon", *"th"), (), id="palette"),
        pytest.param(story(), (140, 40), 8, ("enter", "g", "j", "y"), (), id="copy"),
        pytest.param(story(), (140, 40), 8, (*JSON, "T"), DIAGNOSED, id="light"),
        pytest.param(story(), (140, 40), 8, (*JSON, "T", "T"), DIAGNOSED, id="high-contrast"),
        pytest.param(story(), (140, 40), 8, (*JSON, "T", "T", "T"), DIAGNOSED, id="okabe-ito"),
        pytest.param(story(), (250, 70), 8, JSON, DIAGNOSED, id="very-wide"),
        pytest.param(story(), (120, 36), 8, ("v",), DIAGNOSED, id="cohorts-120"),
        pytest.param(story(), (80, 24), 8, ("v",), DIAGNOSED, id="cohorts-narrow"),
        pytest.param(story(), (140, 40), 8, TWO, (), id="compare-messages"),
        pytest.param(story(), (140, 40), 8, ("m", "j", "D"), (), id="compare-handshakes"),
        pytest.param(story(), (140, 40), 8, ("comma",), (), id="columns"),
        pytest.param(story(), (140, 40), 8, ("enter", "comma"), (), id="columns-of-frames"),
        pytest.param(story(), (140, 40), 8, ("X",), (), id="close"),
        pytest.param(story(), (80, 24), 8, ("X",), (), id="close-narrow"),
        pytest.param(story(), (140, 44), 10, ("i",), OURS, id="own-ends"),
        pytest.param(story(), (120, 36), 8, ("v",), OURS, id="own-ends-in-cohorts"),
        pytest.param(story(), (140, 40), 8, ("asterisk", *"say", "enter"), (), id="search-all"),
        pytest.param(story(), (80, 24), 8, ("asterisk", *"say", "enter"), (), id="search-all-80"),
        pytest.param(story(), (140, 40), 8, ("w",), (), id="save"),
        pytest.param(story(), (140, 40), 8, ("enter", "U"), (), id="unfolded"),
        pytest.param(story(), (140, 40), 8, ("enter", "z"), (), id="zoom"),
        pytest.param(story(), (80, 24), 8, ("question_mark",), (), id="help-narrow"),
        pytest.param(story(), (140, 40), 8, ("f", *"host:("), (), id="filter-error"),
        *(
            pytest.param(
                story(), (140, 40), 3, ("enter", "g", "j", "i", str(number)), (), id=f"tab-{tab}"
            )
            for number, tab in enumerate(TABS, 1)
        ),
    ],
)
def test_picture(
    snap_compare: Compare,
    clock: Clock,
    told: Story,
    size: tuple[int, int],
    flow_id: int | None,
    keys: tuple[str, ...],
    lines: tuple[dict[str, Any], ...],
) -> None:
    assert snap_compare(
        make_app(clock, told), terminal_size=size, run_before=before(flow_id, keys, lines)
    )


def test_picture_without_color(
    snap_compare: Compare, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(make_app(clock), terminal_size=(140, 40), run_before=before(8, (), ()))


@pytest.mark.parametrize("theme", ["", "T", "TT", "TTT"], ids=["dark", "light", "high", "okabe"])
@pytest.mark.parametrize("key", ["v", "question_mark", "colon"], ids=["cohorts", "help", "palette"])
def test_picture_of_theme(snap_compare: Compare, clock: Clock, theme: str, key: str) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        # what is told first: Textual lays out what is below a dialog when it likes
        await before(8, tuple(theme), DIAGNOSED)(pilot)
        await pilot.press(key)
        await pilot.pause()

    assert snap_compare(make_app(clock), terminal_size=(120, 36), run_before=run)


@pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["wide", "narrow"])
def test_picture_of_a_recording(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "monday.jsonl")
    app = DashboardApp(path.name, make_feed=lambda name, store: RecordingSource(Path(name), store))

    async def run(pilot: Pilot[Any]) -> None:
        timeline = app.feed.timeline
        assert timeline is not None
        await until(pilot, lambda: timeline.progress >= 1 and len(app.store) == 2)
        app.sync()
        await until(pilot, lambda: app.store.watched.flow_id is not None)
        for key in ("shift+tab", *["left"] * 8):
            await pilot.press(key)
        await until(pilot, lambda: app.store.watched.flow_id is not None)
        await pilot.pause(0.3)
        app.sync()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=run)
