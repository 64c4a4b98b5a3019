"""Panes without rows say why, and what to do about it."""

from __future__ import annotations

from tests.support.fake_story import NS, T0_NS, Story, closed, frame, hello, opened
from tests.tui.conftest import Open, until
from wsinspect.tui.data.source import Link


async def test_a_filter_that_hides_all_says_so_in_its_pane(desk: Open) -> None:
    async with desk() as d:
        d.app.filter_by("host:nowhere.example")
        await d.pilot.pause()
        text = d.screen_text()
        assert "The filter hides all" in text
        assert "host:nowhere.example" in text
        await until(d.pilot, lambda: "No connection is chosen." in d.screen_text())


async def test_ended_connections_that_are_hidden(desk: Open) -> None:
    told = Story([hello(), opened(1, T0_NS - NS, "a.example", "/"),
                  closed(1, T0_NS, 1000, "client")])  # fmt: skip
    async with desk(told=told) as d:
        await d.press("e")
        assert "connections have ended." in d.screen_text()


async def test_a_proxy_that_is_gone(desk: Open) -> None:
    async with desk(told=Story([hello()])) as d:
        d.feed.link, d.feed.reason = Link.LOST, "the proxy closed the socket"
        d.app.sync()
        await d.pilot.pause()
        text = d.screen_text()
        assert "The proxy is gone." in text
        assert "wsinspect attach nowhere" in text


async def test_a_recording_without_payloads_has_nothing_to_find(desk: Open) -> None:
    rows = [frame(T0_NS, 1, n, 1, b"hay") for n in range(3)]
    told = Story([hello(), opened(1, T0_NS - NS, "a.example", "/")])
    async with desk(told=told) as d:
        await d.choose(1)
        await d.say({"type": "frames", "flow_id": 1, "rows": rows})
        d.feed.content_note = "payload not recorded"
        d.app.filter_by('text~"nothing like this"')
        await d.pilot.pause()
        assert "This recording has no payloads." in d.screen_text()
