"""Waiting until a Textual app has done all that it can do now, instead of for some time.

Textual's Pilot sleeps 20 ms at a time until the process uses little CPU: 40 ms for a key, more on a
busy machine, and no promise. Here it ends when the event loop has nothing ready and the screen
nothing to draw: all that is left then waits for a timer, for I/O or for the test. Reaches into the
loop and into Textual; `tests/tui/test_settling.py` fails when either changes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App

_TURNS = 3  # so often in a row there has to be nothing
_TO_DRAW = (
    "_layout_required", "_scroll_required", "_repaint_required", "_recompose_required",
    "_dirty_widgets", "_callbacks",
)  # fmt: skip


def _ready(loop: asyncio.AbstractEventLoop) -> int:
    """How many handles wait for their turn, our own not among them."""
    return len(loop._ready)  # type: ignore[attr-defined]


def _put_off(app: App[Any]) -> bool:
    """Do what Textual puts off to the next sixtieth of a second; False: it put off nothing."""
    if not app.is_running or not app.screen_stack:
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return True
    screen = app.screen
    if not any(getattr(screen, name) for name in _TO_DRAW):
        return False
    screen._on_timer_update()
    return True


async def settle(app: App[Any], patience_s: float = 1.0) -> None:
    """Let the app work until there is nothing to do. One that always has some: `patience_s`."""
    loop = asyncio.get_running_loop()
    end, quiet = loop.time() + patience_s, 0
    while quiet < _TURNS and loop.time() < end:
        await asyncio.sleep(0)
        quiet = 0 if _ready(loop) or _put_off(app) else quiet + 1


async def wait_for_idle(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """In place of Textual's function of that name. `min_sleep` is not slept: nothing needs it."""
    from textual._context import active_app

    app = active_app.get(None)
    if app is None:
        await asyncio.sleep(min_sleep)
    else:
        await settle(app, max_sleep)
