"""``wsinspect report``: one screen, exit codes, tables."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

import pytest

from tests.diagnose.scenes import Scene, drain, healthy, idle_cut, restart
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


def screen_of(scene: Scene, path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path.write_bytes(b"".join(scene.lines()))
    assert main(["report", str(path)]) == 0
    return capsys.readouterr().out


def a_bad_day(scene: Scene) -> None:
    """Everything at once, on many hosts and paths."""
    healthy(scene, 200, 6)
    for number in range(12):
        for _ in range(3):
            scene.handshake(100.0 + number, 400, host="lost.example", uri=f"/api/{number}/ws")
    for number in range(15):
        idle_cut(scene, 60, count=5, host=f"service{number}.example")
    for number in range(6):
        idle_cut(scene, 30 + number * 17, count=8, host="many.example")
    restart(scene, lambda: scene.random.uniform(0, 1))
    drain(scene)
    for number in range(5):
        scene.connection(10.0, 20.0, 1.0, host=f"small{number}.example", code=1009)
        scene.handshake(10.0, (401, 403, 404, 429, 502)[number])


@pytest.mark.parametrize("seed", range(5))
def test_a_bad_day_fits_on_one_screen(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(seed)
    a_bad_day(scene)
    said = screen_of(scene, tmp_path / "log.jsonl", capsys)
    lines = said.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    for words in ("How they ended", "Who talked most", "reconnect-storm", "crash", "→", "since"):
        assert words in said
    assert "and 14 more hosts" in said
    assert said.count("upgrade-lost") == 1


def test_a_crash_that_comes_back_is_told_once_with_its_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(3)
    for number in range(7):
        flows = [scene.random.uniform(0, 1000) for _ in range(30)]
        for opened_s in flows:
            at_s = number * 4000.0 + opened_s
            scene.connection(at_s, number * 4000.0 + 1500.5 - at_s, 0.5)
    said = screen_of(scene, tmp_path / "log.jsonl", capsys)
    assert said.count("crash ·") == 1
    assert "Also 2026-11-22 14:31:40 (30), " in said
    assert "and 2 more." in said


def test_a_502_is_the_servers_only_where_it_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(3)
    scene.handshake(0.0, 502, host="answers.example", findings=("status-not-101",))
    scene.handshake(1.0, 502, host="hangs-up.example", findings=("response-missing",))
    scene.handshake(2.0, 502, host="away.example", findings=("response-missing",))
    away = scene.events[-1][2]
    away["dest_ip"] = ""
    said = " ".join(screen_of(scene, tmp_path / "log.jsonl", capsys).split())
    assert "answers.example failed with 502, the server's answer or a hop's." in said
    assert "hangs-up.example failed with 502: nobody answered; the server was reached" in said
    assert "away.example failed with 502: nobody answered; the server could not be" in said


def test_what_broke_the_protocol_and_what_did_not_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(3)
    framing = {
        "to_server": {"violations": {"unmasked": 3}},
        "to_client": {"violations": {"masked": 1}},
    }
    flow_id = scene.connection(0.0, 50.0, 1.0, code=1000, framing=framing)
    scene.frame(49.0, flow_id, "text", "to_server", forwarded=False)
    said = screen_of(scene, tmp_path / "log.jsonl", capsys)
    assert "3 frames broke the protocol: unmasked (a client must mask its frames, RFC 6455" in said
    assert "1 frame broke the protocol: masked (a server must not mask" in said
    assert "1 message did not go on: 1 lost as their connection ended." in said


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("timestamp", "9999-12-31T23:59:59.999999Z"),
        ("timestamp", "0001-01-01T00:00:00.000000Z"),
        ("age_s", 1e300),
        ("age_s", -5),
        ("extra", "deep"),
    ],
)
def test_a_hostile_line_is_one_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, value: object
) -> None:
    scene = Scene(3)
    for number in range(3):
        scene.connection(10.0 * number, 10.0 * number + 5, 1.0, code=1000)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(scene.lines()))
    lines = path.read_text().splitlines()
    last = json.loads(lines[-1])
    if place == "age_s":
        last["close"]["age_s"] = value
    else:
        last[place] = value
    deep = "[" * 100_000 + "]" * 100_000
    lines[-1] = json.dumps(last).replace('"deep"', deep)
    path.write_text("\n".join(lines) + "\n")
    assert main(["report", str(path)]) == 0
    assert "1 line could not be read" in capsys.readouterr().out


def test_rubbish_is_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rubbish"
    path.write_bytes(random.Random(1).randbytes(100_000) + b"\n\n")
    assert main(["report", str(path)]) == 2
    assert "no line of it is one of a log" in capsys.readouterr().err


def test_a_table_does_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(3)
    scene.connection(0.0, 5.0, 1.0, code=1000, host="\x1b]0;T\x07=cmd()")
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(scene.lines()))
    assert main(["report", str(path), "--meters", "csv"]) == 0
    assert all(char.isprintable() or char == "\n" for char in capsys.readouterr().out)
