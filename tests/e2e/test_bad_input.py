"""What is wrong on the command line: one line on stderr, exit 2, nothing half-started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.proxy import OTHER, ROOT, environment

pytestmark = pytest.mark.skipif(bool(OTHER), reason="asks wsinspect's own command line")


def run(tmp_path: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "wsinspect", "run", "--headless", "-p", "0",
        "--set", f"confdir={tmp_path / 'confdir'}", *args,
    ]  # fmt: skip
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_one_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2, result
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert "listening" not in result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in lines[0], lines[0]


def test_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        assert_one_line(run(tmp_path, "-p", port), port)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--mode", "nonsense"], "nonsense"),
        (["--mode", "reverse:ftp://127.0.0.1:9"], "ftp"),
        (["--mode", "reverse:http://127.0.0.1:notaport"], "notaport"),
        (["--record", "sometimes"], "sometimes"),
        (["--on-violation", "panic"], "panic"),
        (["--on-error", "shrug"], "shrug"),
        (["-p", "abc"], "abc"),
        (["-p", "99999"], "99999"),
        (["--listen-host", "no.such.host.invalid"], "no.such.host.invalid"),
        (["--frobnicate"], "--frobnicate"),
        (["--set", "no_such_option=1"], "no_such_option"),
        (["--set", "wsinspect_no_such=1"], "wsinspect_no_such"),
        (["--set", "stream_large_bodies=lots"], "stream_large_bodies"),
        (["--set", "noequalssign"], "noequalssign"),
        (["positional"], "positional"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_bad_options(tmp_path: Path, args: list[str], word: str) -> None:
    assert_one_line(run(tmp_path, *args), word)


def test_unknown_command(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "wsinspect", "inspekt"],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert_one_line(result, "inspekt")


@pytest.mark.parametrize("what", ["no folder", "a folder", "below a file", "not writable"])
def test_unwritable_log(tmp_path: Path, what: str) -> None:
    log = tmp_path / "log.jsonl"
    if what == "no folder":
        log = tmp_path / "none" / "log.jsonl"
    elif what == "a folder":
        log.mkdir()
    elif what == "below a file":
        log.touch()
        log /= "log.jsonl"
    elif os.geteuid() == 0:
        log = Path("/proc/no-such-file.jsonl")  # root may write anywhere but here
    else:
        log.touch(mode=0o400)
    assert_one_line(run(tmp_path, "--log", str(log)), str(log))


def test_bare_help_is_no_error() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "wsinspect", "--help"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0
    for word in ("run", "demo", "attach", "schema"):
        assert word in result.stdout
