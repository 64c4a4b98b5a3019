"""The command, with suites that answer at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.dlp import __main__ as command
from bench.dlp import suites
from bench.dlp.cases import SEEDS, single
from bench.dlp.suites import QUICK, Result, Setting
from bench.dlp.tally import Figure, Goal, Row, outcomes

GOOD = Row("s", "found", 100, 99, Goal(least=0.99))
BAD = Row("s", "found", 100, 98, Goal(least=0.99))


def with_suite(monkeypatch: pytest.MonkeyPatch, result: Result) -> list[Setting]:
    asked: list[Setting] = []

    def suite(setting: Setting) -> Result:
        asked.append(setting)
        return result

    monkeypatch.setattr(command, "SUITES", {"one": suite})
    return asked


def test_seed_and_split_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = with_suite(monkeypatch, Result([GOOD]))
    assert command.main([]) == 0
    assert f"split test, seed {SEEDS['test']}" in capsys.readouterr().out
    assert command.main(["--seed", "7", "--split", "train", "--quick"]) == 0
    assert "split train, seed 7" in capsys.readouterr().out
    assert asked == [Setting("test", suites.FULL), Setting("train", QUICK, 7)]


@pytest.mark.parametrize(
    "result", [Result([GOOD, BAD]), Result([GOOD], figures=[Figure("s", "slow", 2, "µs", 1)])]
)
def test_a_missed_target_is_told_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], result: Result
) -> None:
    with_suite(monkeypatch, result)
    assert command.main([]) == 1
    assert "missed: s, " in capsys.readouterr().out
    assert command.main(["--quick"]) == 0


def test_what_test_misses_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = outcomes([single("g", "hidden thing", "d")], [[]])
    with_suite(monkeypatch, Result([GOOD], wrong))
    assert command.main(["--split", "train", "--misses", "5"]) == 0
    assert "hidden thing" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(["--misses", "5"])


def test_unknown_suites_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["packk"])
    assert "no suite packk; there are: pack" in capsys.readouterr().err


def test_all_rows_go_into_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    with_suite(monkeypatch, Result([BAD], figures=[Figure("s", "fast", 1, "µs", 1)]))
    command.main(["--json", str(file)])
    document = json.loads(file.read_text())
    assert document["seed"] == SEEDS["test"]
    assert [(row["name"], row["good"]) for row in document["rows"]] == [
        ("found", False),
        ("fast", True),
    ]


def test_the_whole_way_through_the_real_command() -> None:
    """The one run of ``wsinspect rules scan``: a positive of every rule of the pack."""
    result = suites.pack(Setting("train", QUICK))
    (row,) = result.rows
    assert (row.cases, row.good) == (217, True)
