"""Two commands on a fresh machine: which Python is taken, and what is said where there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import require_tool

ROOT = Path(__file__).parents[2]


def fake_python(folder: Path, name: str, answer: str, exit_code: int = 0) -> None:
    """A program that answers any question with ``answer``."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{answer}'\nexit {exit_code}\n")
    program.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a clone holds before anything is installed."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", ".python-version"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with the shell's own tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cat", "make"):
        (folder / name).symlink_to(require_tool(name))
    return folder


def run(
    checkout: Path, programs: Path, *command: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=checkout,
        env={"PATH": str(programs), "HOME": str(checkout), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "target", ["demo", "test", "check", "bench", "fuzz", "screenshots", "lock"]
)
@pytest.mark.parametrize(
    ("python", "said"),
    [(None, "found none"), ("3.11.7", "found 3.11.7 at /old/python3"), ("2.7.18", "found 2.7.18")],
)
def test_missing_or_old_python_gets_one_line(
    checkout: Path, programs: Path, target: str, python: str | None, said: str
) -> None:
    if python:
        fake_python(programs, "python3", f"{python} /old/python3")
    result = run(checkout, programs, "make", target)
    assert result.returncode == 2
    lines = (result.stdout + result.stderr).splitlines()
    assert len(lines) == 1, lines
    assert "needs Python 3.12 or newer" in lines[0]
    assert said in lines[0]
    assert not (checkout / ".venv").exists()


def test_named_python_is_the_only_one_tried(checkout: Path, programs: Path) -> None:
    fake_python(programs, "python3", "3.13.1 /good/python3")
    fake_python(programs, "mine", "3.10.1 /mine")
    result = run(checkout, programs, "make", "demo", "PYTHON=mine")
    assert result.returncode == 2
    assert "PYTHON=mine is 3.10.1 at /mine" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_python_of_the_environment_is_no_order(checkout: Path, programs: Path) -> None:
    """Some machines have a PYTHON variable for other ends."""
    result = run(checkout, programs, "make", "demo", PYTHON="/elsewhere/python2")
    assert "PYTHON=/elsewhere" not in result.stderr
    assert "found none" in result.stderr


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.13": "3.13.0", "python3": "3.14.2"}, "python3.13"),  # .python-version first
        ({"python3.12": "3.12.1", "python3": "3.14.2"}, "python3.12"),
        ({"python3": "3.14.2", "python": "3.12.0"}, "python3"),
        ({"python3": "3.11.7", "python": "3.12.0"}, "python"),
    ],
)
def test_order_of_candidates(
    checkout: Path, programs: Path, there: dict[str, str], taken: str
) -> None:
    for name, version in there.items():
        fake_python(programs, name, f"{version} /found/{name}")
    result = run(checkout, programs, "sh", "scripts/find_python.sh")
    assert result.stdout == f"/found/{taken}\n"


def test_python_version_file_is_honoured(checkout: Path, programs: Path) -> None:
    (checkout / ".python-version").write_text("3.14\n")
    fake_python(programs, "python3.13", "3.13.0 /found/python3.13")
    fake_python(programs, "python3.14", "3.14.0 /found/python3.14")
    result = run(checkout, programs, "sh", "scripts/find_python.sh")
    assert result.stdout == "/found/python3.14\n"


def test_shim_that_fails_is_passed_over(checkout: Path, programs: Path) -> None:
    """pyenv leaves a python3.13 on the PATH that exits 127 where another version is selected."""
    fake_python(programs, "python3.13", "pyenv: python3.13: command not found", exit_code=127)
    fake_python(programs, "python3", "3.12.4 /found/python3")
    result = run(checkout, programs, "sh", "scripts/find_python.sh")
    assert result.stdout == "/found/python3\n"


def fake_uv(folder: Path, can_fetch: bool) -> None:
    """A uv that knows of no Python until it was told to install one."""
    program = folder / "uv"
    fetch = f"echo {folder}/of-uv > {folder}/fetched" if can_fetch else "false"
    program.write_text(
        f'#!/bin/sh\ncase "$2" in\n  find) cat {folder}/fetched ;;\n  install) {fetch} ;;\nesac\n'
    )
    program.chmod(0o755)
    fake_python(folder, "of-uv", "3.13.5 /found/of-uv")


def test_uv_may_fetch_a_python(checkout: Path, programs: Path) -> None:
    fake_python(programs, "python3", "3.11.7 /old/python3")
    fake_uv(programs, can_fetch=True)
    result = run(checkout, programs, "sh", "scripts/find_python.sh")
    assert result.stdout == "/found/of-uv\n"


def test_uv_that_cannot_fetch_changes_nothing(checkout: Path, programs: Path) -> None:
    fake_python(programs, "python3", "3.11.7 /old/python3")
    fake_uv(programs, can_fetch=False)
    result = run(checkout, programs, "make", "demo")
    assert result.returncode == 2
    assert "found 3.11.7 at /old/python3" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_this_python_is_found_as_it_is(checkout: Path, programs: Path) -> None:
    """The question put to a real interpreter, not to a fake one."""
    (programs / "python3").symlink_to(sys.executable)
    result = run(checkout, programs, "sh", "scripts/find_python.sh")
    assert Path(result.stdout.strip()).samefile(sys.executable)
