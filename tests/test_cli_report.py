"""``wsinspect report``: one screen, exit codes, tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.diagnose.scenes import Scene, healthy, idle_cut
from wsinspect.cli import main


@pytest.fixture
def log(tmp_path: Path) -> Path:
    scene = Scene(1)
    idle_cut(scene, 60, count=5)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(scene.lines()) + b"broken\n")
    return path


def test_one_screen_says_what_why_since_when_and_what_to_change(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(log)]) == 0
    screen = capsys.readouterr().out
    for words in ("5 connections", "idle-cut", "nginx", "ping", "→", "2026-11-22", "1 line could"):
        assert words in screen
    assert len(screen.splitlines()) <= 40
    assert max(map(len, screen.splitlines())) <= 110
    assert "\x1b" not in screen  # no terminal, no colour


def test_for_programs(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(log), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["connections"] == 5


def test_nothing_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene(2)
    healthy(scene, 50)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(scene.lines()))
    assert main(["report", str(path)]) == 0
    assert "Nothing looks wrong." in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"no log\n" * 3])
def test_what_is_no_log(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert main(["report", str(path)]) == 2
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1
    assert not told.out


def test_an_empty_log_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.jsonl"
    path.touch()
    assert main(["report", str(path)]) == 0
    assert "No connection is in it." in capsys.readouterr().out


@pytest.mark.parametrize("by", ["host", "client", "user", "connection"])
def test_meters_as_tables(log: Path, by: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(log), "--meters", "csv", "--by", by]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert main(["report", str(log), "--meters", "json", "--by", by]) == 0
    objects = json.loads(capsys.readouterr().out)
    assert len(rows) == len(objects) == (5 if by == "connection" else 1)
    for row, one in zip(rows, objects, strict=True):
        assert int(row["to_client_wire_bytes"]) == one["to_client"]["wire_bytes"]


def test_what_peers_chose_steers_no_terminal_and_no_spreadsheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(3)
    idle_cut(scene, 60, count=4, host="=cmd()\x1b[2Jevil")
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(scene.lines()))
    assert main(["report", str(path)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert main(["report", str(path), "--meters", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("'=cmd")


def test_refusals_and_alerts_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene(3)
    healthy(scene, 5)
    alert = (
        b'{"timestamp":"2026-11-22T13:00:00.000000Z","event_type":"alert","flow_id":1,"host":"box",'
    )
    alert += b'"alert":{"rule":"cards","disposition":"blocked"}}\n'
    refused = b'{"timestamp":"2026-11-22T13:00:01.000000Z","event_type":"ws_open","flow_id":999,'
    refused += (
        b'"src_ip":"127.0.0.1","src_port":1,"dest_ip":"","dest_port":1,"proto":"TCP","host":"box",'
    )
    refused += b'"open":{"host":"dead.example","uri":"/","status":502}}\n'
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(scene.lines()) + alert + refused)
    assert main(["report", str(path)]) == 0
    said = capsys.readouterr().out
    assert "Nothing looks wrong." not in said
    assert "1 alert of rule cards: blocked." in said
    assert "1 handshake with dead.example failed with 502: the server could not be reached" in said
