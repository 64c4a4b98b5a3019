"""The lock: complete, exact, and without the name of any registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("run", "dev")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def entries(lock: str) -> list[tuple[Requirement, int]]:
    """Each locked requirement and the number of its hashes."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    unfolded = re.sub(r"#.*\n", "\n", text).replace("\\\n", " ")
    found = []
    for line in filter(None, map(str.strip, unfolded.splitlines())):
        requirement, *hashes = re.split(r"\s+--hash=", line)
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", h) for h in hashes), line
        found.append((Requirement(requirement), len(hashes)))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_names_no_host_and_no_path(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert not re.search(r"://|index-url|find-links|trusted-host| @ |/", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_exact_and_hashed(lock: str) -> None:
    found = entries(lock)
    assert len(found) > 30
    for requirement, hash_count in found:
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert hash_count >= 1, requirement


@pytest.mark.parametrize(
    ("lock", "groups"), [("run", ["build"]), ("dev", ["build", "test", "check", "fuzz"])]
)
def test_holds_all_that_the_project_asks_for(lock: str, groups: list[str]) -> None:
    asked = [*PROJECT["project"]["dependencies"]]
    for group in groups:
        asked += PROJECT["dependency-groups"][group]
    locked = {canonicalize_name(r.name): r for r, _ in entries(lock)}
    for text in asked:
        wanted = Requirement(text)
        (pin,) = locked[canonicalize_name(wanted.name)].specifier
        assert wanted.specifier.contains(pin.version), text


def test_development_lock_holds_the_run_time_lock() -> None:
    assert {str(r) for r, _ in entries("run")} <= {str(r) for r, _ in entries("dev")}
