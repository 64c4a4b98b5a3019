"""The command line: what is wrong is said in one line, with what would be right; exit 2."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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
        (["run", "--pong-deadline", "0.5"], ["'0.5'", "milliseconds"]),
        (["run", "-p", "-1"], ["-1"]),
        (["run", "-p", "65536"], ["65536", "port"]),
        (["run", "-p"], ["-p"]),
        (["demo", "--seconds", "0"], ["'0'"]),
        (["atach"], ["unknown command atach", "did you mean attach?"]),
        (["rnu"], ["did you mean run?"]),
        (["rules", "scna"], ["scna", "did you mean scan?"]),
        (["run", "--record", "mesages"], ["mesages", "did you mean messages?"]),
        (["report", "x", "--meters", "zzzz"], ["zzzz", "known: csv, json"]),
        (
            ["run", "--headless", "--mode", "reverse:http://u:geheim@["],
            ["http://["],
        ),
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
    assert "geheim" not in line


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"wsinspect {__version__}\n"


def test_schema_is_json_and_needs_no_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["discriminator"]["mapping"]) == {
        "ws_open", "websocket", "ws_message", "alert", "ws_close", "ws_diagnosis", "stats",
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
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


class Console:
    """A command on a pty; ``seen`` is what it drew."""

    def __init__(self, tmp_path: Path, *args: str) -> None:
        import pty

        env = environment() | {"XDG_RUNTIME_DIR": str(tmp_path), "TERM": "xterm-256color"}
        self.seen = b""
        self.sockets = tmp_path / "wsinspect"
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "-m", "wsinspect", *args], env)
        os.set_blocking(self.terminal, False)

    def until(self, condition: Callable[[], object], patience_s: float = 20.0) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline, self.seen[-2000:]
            self.read()
            time.sleep(0.02)
        self.read()

    def read(self) -> None:
        if self.terminal >= 0:
            with contextlib.suppress(OSError):
                while chunk := os.read(self.terminal, 65536):
                    self.seen += chunk

    def hang_up(self) -> None:
        os.close(self.terminal)
        self.terminal = -1

    def runs(self) -> bool:
        return bool(list(self.sockets.glob("*.sock")))

    def exit_code(self) -> int:
        codes: list[int] = []

        def ended() -> bool:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                codes.append(os.waitstatus_to_exitcode(status))
            return bool(pid)

        self.until(ended)
        return codes[0]

    def end(self) -> None:
        if self.terminal >= 0:
            os.close(self.terminal)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Callable[..., Console]]:
    made: list[Console] = []

    def make(*args: str) -> Console:
        made.append(Console(tmp_path, *args))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["run", "demo"])
def test_a_signal_ends_the_dashboard_with_the_terminal_as_it_was(
    console: Callable[..., Console], tmp_path: Path, command: str, number: signal.Signals
) -> None:
    args = ["-p", "0", "--set", f"confdir={tmp_path / 'ca'}"] if command == "run" else []
    log = tmp_path / "log"
    one = console(command, *args, "--log", str(log))
    one.until(lambda: "● live".encode() in one.seen)
    assert one.runs()
    os.kill(one.pid, number)
    assert one.exit_code() == 0
    assert not one.runs()
    for mode in (b"1049", b"1000", b"1003", b"1006"):  # the other screen, the mouse
        on, off = b"\x1b[?" + mode + b"h", b"\x1b[?" + mode + b"l"
        assert on in one.seen
        assert one.seen.rfind(off) > one.seen.rfind(on), mode
    assert json.loads(log.read_text().splitlines()[-1])["event_type"] == "stats"  # drained


def test_a_signal_before_the_dashboard_is_there(
    console: Callable[..., Console], tmp_path: Path
) -> None:
    """As soon as the proxy has its socket; drawing begins somewhat later."""
    one = console("run", "-p", "0", "--set", f"confdir={tmp_path / 'ca'}")
    one.until(one.runs)
    os.kill(one.pid, signal.SIGTERM)
    assert one.exit_code() == 0
    assert not one.runs()


def test_a_terminal_that_is_gone(console: Callable[..., Console], tmp_path: Path) -> None:
    one = console("run", "-p", "0", "--set", f"confdir={tmp_path / 'ca'}")
    one.until(lambda: "● live".encode() in one.seen)
    one.hang_up()
    one.exit_code()
    one.until(lambda: not one.runs())


def test_a_terminal_that_takes_nothing_more(
    console: Callable[..., Console], tmp_path: Path
) -> None:
    """Drawing waits for it, but a signal ends the program all the same."""
    one = console("demo")
    one.until(lambda: b"open " in one.seen)
    time.sleep(2)  # nobody reads what is drawn meanwhile
    os.kill(one.pid, signal.SIGTERM)
    pid, status = 0, 0
    deadline = time.monotonic() + 15
    while not pid and time.monotonic() < deadline:
        pid, status = os.waitpid(one.pid, os.WNOHANG)
        time.sleep(0.05)
    assert pid
    one.pid = 0
    assert os.waitstatus_to_exitcode(status) == 0
    one.until(lambda: not one.runs())


def test_a_signal_ends_an_attached_dashboard_alone(
    console: Callable[..., Console], tmp_path: Path
) -> None:
    with run(tmp_path, "run", "--headless", "-p", "0") as process:
        assert process.stderr is not None
        process.stderr.readline()
        one = console("attach")
        one.until(lambda: "● live".encode() in one.seen)
        os.kill(one.pid, signal.SIGTERM)
        assert one.exit_code() == 0
        assert one.seen.rfind(b"\x1b[?1049l") > one.seen.rfind(b"\x1b[?1049h")
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "say"),
    [
        (["attach", "--serve", "port"], "'port' is not a port (0 to 65535); write --serve=PORT"),
        (["open", "--serve=99999", "x"], "'99999' is not a port"),
        (["open"], "FILE"),
        (["open", "/nowhere.jsonl"], "/nowhere.jsonl: No such file or directory"),
        (["open", "--seve", "x"], "did you mean --serve?"),
    ],
)
def test_dashboard_commands_say_what_is_wrong(
    arguments: list[str], say: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert say in said
    assert said.count("\n") == 1


def test_serve_is_said_where_the_extra_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    monkeypatch.delitem(sys.modules, "wsinspect.tui.browser", raising=False)
    for command in (["run", "--serve"], ["demo", "--serve"], ["attach", "--serve", "/x"][:2]):
        if command[0] == "attach":
            command = ["attach", "/x", "--serve"]
        assert main(command) == 2
        assert "pip install 'wsinspect[serve]'" in capsys.readouterr().err
