"""The command line: what is wrong is said in one line, with what would be right; exit 2."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.proxy import ROOT, environment
from wsinspect import __version__
from wsinspect.cli import main


def fails(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line that the command says."""
    assert main(args) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("wsinspect: ")
    return line


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--hedless"], ["--hedless", "did you mean --headless?"]),
        (["run", "--on-eror", "open"], ["--on-eror", "did you mean --on-error?"]),
        (["run", "--recrod=all"], ["did you mean --record?"]),
        (["run", "--record", "frame"], ["--record", "frames"]),
        (["run", "--zzzz"], ["--zzzz", "wsinspect --help"]),
        (["run", "--drain-grace", "soon"], ["soon", "number of seconds"]),
        (["run", "--drain-grace", "nan"], ["nan"]),
        (["run", "-p", "-1"], ["-1"]),
        (["run", "-p", "65536"], ["65536", "port"]),
        (["run", "-p"], ["-p"]),
        (["demo", "--seconds", "0"], ["'0'"]),
        (["atach"], ["atach", "attach"]),
        (["demo", "extra"], ["extra"]),
        (["run", "--headless", "--set", "confdir"], ["confdir", "NAME=VALUE"]),
    ],
    ids=" ".join,
)
def test_usage_errors(
    capsys: pytest.CaptureFixture[str], args: list[str], words: list[str]
) -> None:
    line = fails(capsys, *args)
    for word in words:
        assert word in line


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"wsinspect {__version__}\n"


def test_schema_is_json_and_needs_no_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["discriminator"]["mapping"]) == {
        "ws_open", "websocket", "ws_message", "ws_close", "stats",
    }  # fmt: skip
    code = "import sys; from wsinspect.cli import main; main(['schema']); print(len([m for m in sys.modules if m.startswith(('mitmproxy', 'textual'))]))"  # noqa: E501
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "0"


# --- attach ---


def test_attach_without_a_proxy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert "no proxy is running" in fails(capsys, "attach")


def test_attach_with_several(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "wsinspect").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        for number, each in enumerate((one, two)):
            each.bind(str(tmp_path / "wsinspect" / f"{number}.sock"))
            each.listen()
        line = fails(capsys, "attach")
    assert "0.sock" in line
    assert "1.sock" in line


def test_attach_where_the_runtime_directory_is_not_ours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "wsinspect").write_text("a file")
    assert str(tmp_path / "wsinspect") in fails(capsys, "attach")


# --- processes ---


def run(tmp_path: Path, *args: str) -> subprocess.Popen[str]:
    env = environment()
    env["XDG_RUNTIME_DIR"] = str(tmp_path)
    return subprocess.Popen(
        [sys.executable, "-m", "wsinspect", *args, "--set", f"confdir={tmp_path / 'ca'}"],
        cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_without_a_terminal_it_goes_on_headless_and_says_so(tmp_path: Path) -> None:
    with run(tmp_path, "-p", "0") as process:
        assert process.stderr is not None
        assert "no terminal" in process.stderr.readline()
        assert process.stderr.readline().startswith("wsinspect: listening on 127.0.0.1:")
        sockets = list((tmp_path / "wsinspect").glob("*.sock"))
        assert [path.stem for path in sockets] == [str(process.pid)]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert list((tmp_path / "wsinspect").iterdir()) == []


def test_the_log_on_standard_output_is_json_alone(tmp_path: Path) -> None:
    with run(tmp_path, "run", "--headless", "-p", "0", "--log", "-") as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        out = process.stdout.read()
        assert process.wait(10) == 0
    assert [json.loads(line)["event_type"] for line in out.splitlines()] == ["stats"]


def test_set_by_mitmproxys_name_is_not_undone_by_our_default(tmp_path: Path) -> None:
    log = tmp_path / "log"
    args = ("run", "--headless", "-p", "0", "--set", f"wsinspect_log={log}")
    with run(tmp_path, *args) as process:
        assert process.stderr is not None
        assert "listening" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert log.exists()


def test_a_script_that_fails_to_load_says_why(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("import no_such_module\n")
    with run(tmp_path, "run", "--headless", "-p", "0", "-s", str(script)) as process:
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
        assert process.wait(10) == 2
    assert len(lines) == 1
    assert "no_such_module" in lines[0]
    assert str(script) in lines[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_proxy_ends_with_the_dashboard_that_started_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Not even a dashboard that is killed leaves a proxy behind."""
    import pty

    env = environment() | {"XDG_RUNTIME_DIR": str(tmp_path), "TERM": "xterm-256color"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(
            sys.executable,
            [sys.executable, "-m", "wsinspect", "-p", "0", "--set", f"confdir={tmp_path / 'ca'}"],
            env,
        )
    try:
        found: list[Path] = []
        deadline = time.monotonic() + 20
        os.set_blocking(terminal, False)

        def look() -> None:
            try:
                while os.read(terminal, 65536):
                    pass
            except OSError:
                pass
            time.sleep(0.05)

        while not found and time.monotonic() < deadline:
            look()
            found = list((tmp_path / "wsinspect").glob("*.sock"))
        assert found
        os.kill(pid, number)
        while found and time.monotonic() < deadline:
            look()
            found = list((tmp_path / "wsinspect").glob("*.sock"))
        assert not found, "the proxy still runs"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(pid, 0)
