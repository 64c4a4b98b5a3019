"""With ``WSINSPECT_CI=1`` a skip fails the session; without it, it does not."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SKIPS = {
    "a missing tool": """
        import pytest
        @pytest.mark.ci_tool("no-such-program")
        def test_it(): pass
    """,
    "a whole module": """
        import pytest
        pytest.importorskip("no_such_module")
    """,
}


def run_session(folder: Path, source: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(textwrap.dedent(source))
    (folder / "test_other.py").write_text("def test_other(): pass\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider",
         "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(folder)],
        cwd=ROOT,
        env={**os.environ, "WSINSPECT_CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS.keys())
def test_skip_fails_in_ci_and_is_listed(tmp_path: Path, source: str) -> None:
    result = run_session(tmp_path, source, ci="1")
    assert result.returncode == 1, result.stdout
    _, _, listed = result.stdout.partition("skipped, which fails the session in CI")
    assert "no-such-program" in listed or "no_such_module" in listed


def test_skip_is_fine_elsewhere(tmp_path: Path) -> None:
    result = run_session(tmp_path, SKIPS["a missing tool"], ci="")
    assert result.returncode == 0, result.stdout
    assert "needs no-such-program, which is not installed" in result.stdout


def test_expected_failure_is_no_skip(tmp_path: Path) -> None:
    source = """
        import pytest
        @pytest.mark.xfail(reason="known")
        def test_it(): assert False
    """
    assert run_session(tmp_path, source, ci="1").returncode == 0
