"""The event loop of our own process: uvloop where it is installed, asyncio's otherwise.

Owns: making uvloop work under mitmproxy, which sets ``asyncio.eager_task_factory``: that of
CPython 3.13.0 to 3.13.2 refuses an argument that uvloop passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["loop_factory"]


def _eager_task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any],
    *,
    eager_start: bool | None = None,
    **options: Any,
) -> asyncio.Task[Any]:
    """As ``asyncio.eager_task_factory``; takes ``eager_start``, and no eager start before run."""
    eager = loop.is_running() if eager_start is None else eager_start
    return asyncio.Task(coro, loop=loop, eager_start=eager, **options)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop

    class Loop(uvloop.Loop):
        def set_task_factory(self, factory: Any) -> None:
            eager: Any = _eager_task
            super().set_task_factory(eager if factory is asyncio.eager_task_factory else factory)

    return Loop
