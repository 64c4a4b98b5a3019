"""A dashboard that crashes: a failing exit code, where it was, and nothing of what passed."""

from __future__ import annotations

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from tests.support.fake_story import story
from tests.support.told_feed import ToldFeed
from wsinspect.tui import app as app_module
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.crash import crash_report

SECRET = "4111111111111111"


def break_down(payload: str) -> None:
    try:
        int(payload, 2)
    except ValueError as error:
        raise KeyError(payload) from error


class Broken(ToldFeed):
    async def run(self) -> None:
        payload = SECRET
        break_down(payload)


@pytest.mark.parametrize("where", ["feed", "callback"])
async def test_it_fails_and_tells_no_payload(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make = Broken if where == "feed" else ToldFeed
    app = DashboardApp("nowhere", make_feed=lambda at, store: make(at, store, story()))
    monkeypatch.setattr(app, "driver_class", HeadlessDriver)
    if where == "callback":
        app.call_later(break_down, SECRET)
    assert await app_module._run(app) == 1
    told = capsys.readouterr().err
    assert told.startswith("wsinspect: the dashboard crashed: ")
    assert "test_crash.py" in told
    assert "break_down" in told
    assert SECRET not in told
    assert "locals" not in told
    assert len(told.splitlines()) < 60


def test_the_report_names_every_link_of_the_chain() -> None:
    with pytest.raises(KeyError) as caught:
        break_down(SECRET)
    report = crash_report(caught.value).splitlines()
    assert report[0].startswith("wsinspect: the dashboard crashed: KeyError at test_crash.py:")
    assert "while handling ValueError:" in report
    assert SECRET not in "".join(report)
    assert (
        crash_report(ValueError(SECRET)).splitlines()[0].endswith("ValueError at an unknown place")
    )
