"""The proxy under the dashboard: how it is started, how long it may take to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.proxy import environment
from wsinspect import child, cli_dashboard
from wsinspect.child import ProxyChild

START = """
import sys
from wsinspect.child import proxy_child
with proxy_child(["-p", "0", "--set", "confdir=" + sys.argv[1]], sys.argv[1] + "/s") as proxy:
    print(proxy.wait_until_it_listens(), proxy.said)
"""


def test_modules_in_the_working_directory_are_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("wsinspect", "mitmproxy", "msgspec"):
        (folder / f"{name}.py").write_text("raise SystemExit('not ours')")
    result = subprocess.run(
        [sys.executable, "-P", "-c", START, str(tmp_path)],
        cwd=folder, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout == "True []\n"


SLOW = """
import signal, sys, time
def end(*_):
    time.sleep(0.6)
    print("complete", file=sys.stderr, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("wsinspect: listening on 127.0.0.1:1", file=sys.stderr, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("grace_s", "code", "said"), [(0.5, 0, ["complete"]), (0.0, -9, [])])
def test_it_waits_for_the_grace_and_a_little_longer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, grace_s: float, code: int, said: list[str]
) -> None:
    """Here that little is less than the 0.6 s that the proxy takes."""
    monkeypatch.setattr(child, "_LAST_LINES_S", 0.4)
    monkeypatch.setattr(child, "module_command", lambda *_: [sys.executable, "-c", SLOW])
    proxy = ProxyChild([], str(tmp_path / "s"), grace_s)
    assert proxy.wait_until_it_listens()
    assert proxy.stop() == code
    assert proxy.said == said


def test_the_usual_wait_is_longer_than_the_log_may_take_to_close() -> None:
    from wsinspect.sinks.jsonl import JsonLog

    limit_s = JsonLog.close.__defaults__
    assert limit_s is not None
    assert limit_s[0] < child._LAST_LINES_S


def test_a_proxy_that_dies_under_its_dashboard_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    started: list[ProxyChild] = []

    class Recorded(ProxyChild):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            started.append(self)

    def die(*_: object) -> int:
        (proxy,) = started
        proxy.process.kill()
        proxy.process.wait()
        return 0

    monkeypatch.setattr(child, "module_command", lambda *_: [sys.executable, "-c", SLOW])
    monkeypatch.setattr(child, "ProxyChild", Recorded)
    monkeypatch.setattr(cli_dashboard, "show_dashboard", die)
    assert child.run_with_dashboard([], str(tmp_path / "s"), 0.5) == 1
    assert "the proxy had ended before the dashboard: signal 9" in capsys.readouterr().err
