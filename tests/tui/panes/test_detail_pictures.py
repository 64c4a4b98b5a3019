"""Pictures of the detail's tabs, the comparisons and the cohorts, at fixed sizes.

After a wanted change: `pytest tests/tui/panes/test_detail_pictures.py --snapshot-update`; look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.detail_story import told
from tests.support.pane_host import PaneHost
from tests.tui.panes.test_cohorts import lived
from tests.tui.panes.test_compare import A, B, connection, message
from wsinspect.tui.data.wire import Finding
from wsinspect.tui.draw.palette import NIGHT, palette_of
from wsinspect.tui.panes.cohorts import CohortsView
from wsinspect.tui.panes.compare import CompareScreen
from wsinspect.tui.panes.detail import DetailView

type Compare = Callable[..., bool]


@pytest.mark.parametrize(
    ("tab", "size"),
    [(1, (80, 40)), (2, (80, 24)), (3, (80, 24)), (4, (120, 50)), (5, (58, 36)), (6, (80, 24)),
     (7, (80, 30))],
    ids=["text", "json", "hex", "handshake", "timing", "rules", "diagnosis"],
)  # fmt: skip
def test_tab(snap_compare: Compare, tab: int, size: tuple[int, int]) -> None:
    story = told(end=tab == 7, diagnosed=tab == 7)
    view = DetailView(palette_of(NIGHT), story.store)
    view.can = frozenset({"payload"})
    view.needle = "visa"

    async def show(pilot: Pilot[Any]) -> None:
        view.focus()
        view.show(story.connection, None if tab == 7 else story.order, story.store.now_ns())
        view.action_tab(tab)
        await pilot.pause()

    assert snap_compare(PaneHost(view), terminal_size=size, run_before=show)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["narrow", "wide"])
def test_cohorts(snap_compare: Compare, size: tuple[int, int]) -> None:
    view = CohortsView(lived(), palette_of(NIGHT))

    async def show(pilot: Pilot[Any]) -> None:
        view.focus()
        view.sync()
        await pilot.press("down")
        await pilot.pause()

    assert snap_compare(PaneHost(view), terminal_size=size, run_before=show)


@pytest.mark.parametrize("what", ["messages", "handshakes"])
def test_comparison(snap_compare: Compare, what: str) -> None:
    if what == "messages":
        screen = CompareScreen.of_messages(message(3, A), message(9, B))
    else:
        left = connection(7, server_extensions=["permessage-deflate; server_no_context_takeover"])
        screen = CompareScreen.of_handshakes(
            left, connection(9, findings=[Finding("accept-wrong")])
        )

    async def show(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(screen)
        await pilot.pause()

    assert snap_compare(PaneHost(), terminal_size=(80, 24), run_before=show)
