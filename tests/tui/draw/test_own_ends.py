"""Ends that this proxy made on purpose look like what they are, in every place that names one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.fake_story import NS, T0_NS, Story, closed, hello, opened, stamp
from tests.tui.conftest import Open
from wsinspect.tui import explain
from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.own_end import OwnEnd, own_end
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import decode
from wsinspect.tui.draw.cohorts import group_filter, reasons_said
from wsinspect.tui.draw.detail.overview import ending
from wsinspect.tui.draw.palette import NIGHT, palette_of
from wsinspect.tui.draw.words import end_cause, end_reason, end_short
from wsinspect.tui.find.filter import parse

P = palette_of(NIGHT)


def alert(disposition: str) -> dict[str, Any]:
    return {
        "timestamp": stamp(T0_NS),
        "event_type": "alert",
        "flow_id": 1,
        "alert": {"rule": "cards", "disposition": disposition, "action": "blocked"},
    }


def ended(
    cause: str,
    relayed: int | None,
    *,
    reason: str = "",
    asked: tuple[int, str] | None = None,
    disposition: str = "",
    violations: int = 0,
) -> Connection:
    """A connection that this proxy ended."""
    store = Store(lambda: T0_NS)
    lines = [opened(1, T0_NS, "a.example", "/x")]
    if disposition:
        lines.append(alert(disposition))
    facts = {} if relayed is None else {"code_relayed": relayed}
    lines.append(
        closed(1, T0_NS + NS, 1006, "proxy", cause=cause, clean=False, reason=reason, **facts)
    )
    for line in lines:
        known = store.find(1)
        if known is not None:
            known.asked, known.violations = asked, violations
        decoded = decode(json.dumps(line).encode())
        assert decoded is not None
        store.apply(decoded)
    connection = store.find(1)
    assert connection is not None
    assert store.unclean_count == 0
    assert store.ends.groups[0].unclean == 0
    assert group_filter(store.ends.groups[0]).startswith(
        f"cause:{cause}" if relayed is None else f"close:{relayed} cause:{cause}"
    )
    return connection


CASES: tuple[tuple[Connection, OwnEnd, str], ...] = (
    (ended("policy", 1000, asked=(1000, "bye")), OwnEnd.YOU, "1000 closed by you"),
    (ended("policy", 1001, asked=(1000, "")), OwnEnd.POLICY, "1001 closed by the proxy"),
    (ended("policy", 1008, disposition="closed"), OwnEnd.RULE, "1008 closed by rule cards"),
    (ended("policy", 1008, disposition="logged"), OwnEnd.POLICY, "1008 closed by the proxy"),
    (ended("policy", 1002, violations=1), OwnEnd.VIOLATION, "1002 closed for a violation"),
    (ended("shutdown", 1012), OwnEnd.DRAIN, "1012 drained"),
    (ended("shutdown", None), OwnEnd.STOPPED, "– proxy stopped"),
)


@pytest.mark.parametrize(("connection", "own", "short"), CASES, ids=[case[2] for case in CASES])
def test_said_as_what_it_is(connection: Connection, own: OwnEnd, short: str) -> None:
    assert own_end(connection) is own
    assert end_short(connection) == short
    assert end_cause(connection) == short.partition(" ")[2]
    assert connection.state is State.STOPPED
    detail = " ".join(
        " ".join("".join(t for t, _ in row) for row in ending(connection, P, 90)).split()
    )
    explanation = explain.of("end", own.value)
    assert explanation is not None
    assert explanation.say in detail
    assert "abrupt end, as it came" not in detail
    code = connection.close.code if connection.close is not None else None
    assert (f"{code}, to both sides" in detail) is (code is not None)


def test_every_own_end_is_explained() -> None:
    assert all(explain.of("end", own.value) is not None for own in OwnEnd)


def test_an_error_of_the_proxy_and_a_crash_stay_unclean() -> None:
    store = Store(lambda: T0_NS)
    for number, (who, cause) in enumerate((("proxy", "error"), ("server", "rst")), 1):
        line = closed(number, T0_NS, 1006, who, cause=cause)
        decoded = decode(json.dumps(line).encode())
        assert decoded is not None
        store.apply(decoded)
        connection = store.find(number)
        assert connection is not None
        assert connection.state is State.UNCLEAN
        assert own_end(connection) is None
    assert store.unclean_count == 2


def test_filters_know_them_by_the_code_that_was_sent() -> None:
    drained = ended("shutdown", 1012)
    for text, found in (
        ("close:1012", True),
        ("close:1006", False),
        ("state:stopped", True),
        ("state:unclean", False),
        ("by:proxy", True),
    ):
        assert parse(text).connection(drained, T0_NS) is found, text


def test_the_reason_is_the_one_of_the_frame_or_the_one_asked_with() -> None:
    assert end_reason(ended("policy", 1000, asked=(1000, "bye"))) == " “bye”"
    assert end_reason(ended("policy", 1000, asked=(1001, "bye"))) == ""
    assert end_reason(ended("policy", 1008, reason="no cards")) == " “no cards”"


def story() -> Story:
    lines = [hello()]
    for number, reason in enumerate(("deploy", "deploy", "session expired"), 1):
        lines.append(opened(number, T0_NS - 60 * NS, "a.example", f"/{number}"))
        lines.append(closed(number, T0_NS, 1001, "server", reason=reason))
    return Story(lines)


async def test_the_reason_is_in_the_list_and_in_the_cohorts(desk: Open) -> None:
    async with desk(size=(160, 40), told=story()) as d:
        assert "1001 going away by server “deploy”" in d.screen_text()
        (group,) = d.app.store.ends.groups
        assert reasons_said(group) == "“deploy” 2×, “session expired”"
        await d.press("v")
        assert "“deploy” 2×, “session expired”" in d.screen_text()


async def test_what_the_user_closes_is_said_to_be_theirs(desk: Open) -> None:
    async with desk(size=(160, 40)) as d:
        d.feed.able = frozenset({"close"})
        await d.choose(9)
        await d.press("X", "enter")
        assert ("close", 9, 1000, "") in d.feed.asked
        await d.say(closed(9, T0_NS, 1006, "proxy", cause="policy", clean=False, code_relayed=1000))
        assert "1000 closed by you" in d.screen_text()
