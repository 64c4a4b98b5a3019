"""Pictures of the dashboard at fixed sizes and a pinned clock.

After a wanted change: `pytest tests/tui/test_snapshots.py --snapshot-update`, then look at them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.fake_story import T0_NS, Story, hello, stamp, story
from tests.support.told_feed import ToldFeed
from tests.tui.conftest import Clock, choose, make_app, until
from wsinspect.tui.app import DashboardApp

type Compare = Callable[..., bool]
type Before = Callable[[Pilot[Any]], Awaitable[None]]


def before(flow_id: int | None, keys: tuple[str, ...], lines: tuple[dict[str, Any], ...]) -> Before:
    """Chooses a connection, presses keys, then tells more lines."""

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, DashboardApp)
        await until(pilot, lambda: app.store.hello is not None)
        app.sync()
        if flow_id is not None:
            await choose(pilot, app, flow_id)
        for key in keys:
            await pilot.press(key)
        assert isinstance(app.feed, ToldFeed)
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
JSON = ("enter", "g", "j", "i", "2")


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
