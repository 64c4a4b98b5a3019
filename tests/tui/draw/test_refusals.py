"""A handshake that got no answer is not put down to the server; one that got one is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.fake_story import NS, T0_NS, Story, hello, opened
from tests.tui.conftest import Open
from wsinspect.tui.data.connection import State
from wsinspect.tui.data.refusals import TROUBLES_MAX, Troubles
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import decode

REACH = "cannot reach chat.example:9: [Errno 111] Connection refused – its clients get a 502"
TLS = "no TLS with the server chat.example: certificate has expired – a certificate of your own"
OTHER = "cannot reach other.example:9: timed out – its clients get a 502"


def refused(status: int = 502, **facts: Any) -> dict[str, Any]:
    """As the proxy tells it: without an answer there is no time that it took."""
    line = opened(
        1, T0_NS, "chat.example", "/", status=status, upstream="chat.example:9", accept_valid=None,
        **facts,
    )  # fmt: skip
    if "handshake_ms" not in facts:
        del line["open"]["handshake_ms"]
    return line


def problem(say: str) -> dict[str, Any]:
    return {"type": "problem", "say": say}


@pytest.mark.parametrize("trouble", [REACH, TLS])
async def test_what_the_proxy_could_not_do_is_said(desk: Open, trouble: str) -> None:
    told = Story([hello(), problem(OTHER), problem(trouble), refused()])
    async with desk(size=(200, 50), told=told) as d:
        await d.choose(1)
        assert "502 by the proxy" in d.screen_text()
        assert "no answer from the server, so this proxy told the client 502" in d.screen_text()
        for tab in ("4", "7"):
            await d.press("x", tab)
            shown = " ".join(d.screen_text().split())
            assert "no answer from the server" in shown
            assert trouble.partition(" –")[0] in shown
            assert "server answered" not in shown


async def test_without_a_problem_it_is_said_what_it_may_be(desk: Open) -> None:
    async with desk(size=(200, 50), told=Story([hello(), problem(OTHER), refused()])) as d:
        await d.choose(1)
        await d.press("x", "7")
        shown = " ".join(d.screen_text().split())
        assert "It could not be reached, TLS with it failed, or it closed" in shown
        assert "other.example" not in shown


@pytest.mark.parametrize("status", [403, 502])
async def test_an_answer_of_the_server_is_the_servers(desk: Open, status: int) -> None:
    told = Story([hello(), problem(REACH), refused(status, handshake_ms=3.0)])
    async with desk(size=(200, 50), told=told) as d:
        await d.choose(1)
        await d.press("x", "7")
        assert f"the server answered HTTP {status}" in " ".join(d.screen_text().split())


def test_troubles_are_bounded_and_the_latest_counts() -> None:
    store = Store(lambda: T0_NS + NS)
    line = decode(json.dumps(refused()).encode())
    assert line is not None
    store.apply(line)
    connection = store.find(1)
    assert connection is not None
    assert connection.state is State.REFUSED
    troubles = Troubles()
    troubles.note(REACH)
    troubles.note(REACH.replace("111", "113"))
    troubles.note("the log is dead")
    assert "113" in troubles.of(connection)
    for number in range(TROUBLES_MAX):
        troubles.note(f"cannot reach host{number}:1: no – x")
    assert troubles.of(connection) == ""
