"""Dialogs leave once, whatever is still on its way to them."""

from __future__ import annotations

from tests.tui.conftest import Open


async def test_a_second_leave_takes_nothing_else_along(desk: Open) -> None:
    async with desk() as d:
        await d.press("colon")
        dialog = d.app.screen
        dialog.dismiss(None)
        dialog.dismiss(None)  # raised ScreenStackError, and the program ended
        await d.pilot.pause()
        assert d.app.is_running
        assert len(d.app.screen_stack) == 1
