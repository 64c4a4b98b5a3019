"""What holds for every test: the ``ci_tool`` marker, no skips in CI, Hypothesis without a clock."""

import os

import hypothesis
import pytest

from tests.support.tools import require_tool

IN_CI = os.environ.get("WSINSPECT_CI") == "1"

# No timed tests: a slow machine is not a bug. In CI the examples are the same in every run.
hypothesis.settings.register_profile(
    "wsinspect",
    deadline=None,
    derandomize=IN_CI,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("wsinspect")

_skipped: list[str] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("ci_tool"):
        for name in marker.args:
            require_tool(name)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _note_skip(report)


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    _skipped.append(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if IN_CI and _skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if IN_CI and _skipped:
        terminalreporter.section("skipped, which fails the session in CI", red=True)
        for line in _skipped:
            terminalreporter.line(line)
