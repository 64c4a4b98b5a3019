"""``rules exact``: the file holds no value, and finds what it was made of."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.ruleset import load_rules
from wsinspect.rules.tools.exact import run_exact

KEY = "WSINSPECT_TEST_EXACT_KEY"
VALUES = "Jane Miller\nACME-77120\n\n"


def made(values: str, target: Path, key: str = f"env:{KEY}") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return run_exact(io.StringIO(values), key, target, out, err), out.getvalue(), err.getvalue()


def test_a_value_is_found_and_not_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "k" * 16)
    target = tmp_path / "people.hashes"
    assert made(VALUES, target) == (0, f"{target}: 2 values\n", "")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert b"jane" not in target.read_bytes().lower()
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  - id: people\n    do: block\n"
        f"    find: {{ exact: {{ file: people.hashes, key: 'env:{KEY}' }} }}\n"
    )
    inspector = Inspector(load_rules([rules], engine="re2"))

    def action(text: str) -> str:
        scope = inspector.scope(ConnectionFacts(), "to_server")
        return inspector.inspect(scope, text.encode(), "text", 1).action

    assert action("about jane MILLER") == "block"
    assert action("acme 77120?") == "block"
    assert action("about joan miller") == "pass"


@pytest.mark.parametrize(
    ("values", "key", "say"),
    [
        ("abc\n", f"env:{KEY}", "value 1: "),
        (VALUES, "env:WSINSPECT_TEST_NO_SUCH_KEY", "WSINSPECT_TEST_NO_SUCH_KEY is not set"),
        (VALUES, "the key itself", "env:NAME"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_value(
    values: str, key: str, say: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "k" * 16)
    code, out, err = made(values, tmp_path / "x", key)
    assert (code, out) == (2, "")
    assert say in err
    assert "abc" not in err
    assert "itself" not in err
    assert not (tmp_path / "x").exists()


def test_a_place_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "k" * 16)
    target = tmp_path / "no" / "such" / "folder"
    assert made(VALUES, target) == (2, "", f"wsinspect: {target}: No such file or directory\n")
