"""The tests' own waiting: it ends when all is done, not before. A canary for what it touches."""

from __future__ import annotations

import asyncio
import time

from textual.app import App, ComposeResult
from textual.widgets import Static

from tests.support.settling import settle


class Host(App[None]):
    """Does one thing after the other, each put off in a way that Textual has."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("a", id="a")

    def begin(self) -> None:
        self.call_later(self.second)

    def second(self) -> None:
        self.done.append("call_later")
        self.query_one("#a", Static).update("b\nb")
        self.call_after_refresh(self.third)

    def third(self) -> None:
        self.done.append("call_after_refresh")
        self.run_worker(self.fourth())

    async def fourth(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        self.done.append("worker")


async def test_all_that_can_be_done_is_done() -> None:
    async with Host().run_test() as pilot:
        app = pilot.app
        assert isinstance(app, Host)
        app.begin()
        await settle(app)
        assert app.done == ["call_later", "call_after_refresh", "worker"]
        assert app.query_one("#a").size.height == 2


async def test_a_new_size_is_taken() -> None:
    async with Host().run_test(size=(40, 10)) as pilot:
        for width in (60, 30, 50):
            await pilot.resize_terminal(width, 10)
            assert pilot.app.query_one("#a").size.width == width


async def test_one_that_never_rests_is_left_after_a_while() -> None:
    async with Host().run_test() as pilot:

        async def forever() -> None:
            while True:
                await asyncio.sleep(0)

        worker = pilot.app.run_worker(forever())
        began = time.monotonic()
        await settle(pilot.app, 0.05)
        assert time.monotonic() - began >= 0.05
        worker.cancel()
