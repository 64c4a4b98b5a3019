"""Databases on disk: who may read them, and what is done about what is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.engine import Scanner, hyperscan
from wsinspect.rules.engine.cache import Cache
from wsinspect.rules.engine.superset import Form

PATTERNS = [Pattern("p", r"key=(\w{4,})"), Pattern("q", "a.{3}b")]


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that hyperscan compiled."""
    made: list[int] = []
    build = hyperscan.build

    def counted(forms: list[tuple[Form, ...]], **how: Any) -> hyperscan.Databases:
        made.append(len(forms))
        return build(forms, **how)

    monkeypatch.setattr(hyperscan, "build", counted)
    return made


def the_file(directory: Path) -> Path:
    (path,) = directory.iterdir()
    return path


def check(directory: Path, patterns: list[Pattern] = PATTERNS) -> None:
    scanner = Scanner(patterns, cache=directory, engine="hyperscan")
    data = b"key=abcdef a123b"
    assert [data[m.start : m.end] for m in scanner.matches(data)] == [b"abcdef", b"a123b"]


def test_the_second_start_does_not_compile(tmp_path: Path, builds: list[int]) -> None:
    directory = tmp_path / "deep" / "cache"
    check(directory)
    check(directory)
    assert builds == [2]
    assert directory.stat().st_mode & 0o777 == 0o700
    assert the_file(directory).stat().st_mode & 0o777 == 0o600


def test_other_patterns_have_another_file(tmp_path: Path, builds: list[int]) -> None:
    check(tmp_path)
    check(tmp_path, [*PATTERNS, Pattern("r", "zzz")])
    check(tmp_path, [Pattern("other name", PATTERNS[0].regex), PATTERNS[1]])  # the same regexes
    assert builds == [2, 3]
    assert len(list(tmp_path.iterdir())) == 2


def test_keys_have_no_collisions_by_joining() -> None:
    assert Cache.key(["ab", "c"]) != Cache.key(["a", "bc"]) != Cache.key(["abc"])


def test_another_version_of_hyperscan_has_another_file(
    tmp_path: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    check(tmp_path)
    monkeypatch.setattr(hyperscan, "version", lambda: "99")
    check(tmp_path)
    assert builds == [2, 2]


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "garbage", "foreign"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, builds: list[int], damage: str) -> None:
    check(tmp_path)
    path = the_file(tmp_path)
    whole = path.read_bytes()
    if damage == "foreign":  # right in itself, but not a database: another format, say
        Cache(tmp_path).save(path.stem, b"not a database")
    else:
        middle = len(whole) // 2
        path.write_bytes(
            {
                "cut": whole[:middle],
                "empty": b"",
                "flip": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
                "garbage": bytes(len(whole)),
            }[damage]
        )
    check(tmp_path)
    check(tmp_path)
    assert builds == [2, 2]
    assert the_file(tmp_path).read_bytes()[:16] == whole[:16]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_used(
    tmp_path: Path, builds: list[int], mode: int
) -> None:
    check(tmp_path)
    the_file(tmp_path).chmod(mode)
    check(tmp_path)
    assert builds == [2, 2]
    assert the_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_directory_that_others_may_write_is_not_used(tmp_path: Path, builds: list[int]) -> None:
    check(tmp_path)
    tmp_path.chmod(0o770)
    check(tmp_path)
    assert builds == [2, 2]
    tmp_path.chmod(0o700)
    check(tmp_path)
    assert builds == [2, 2]


def test_what_another_user_owns_is_not_used(
    tmp_path: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    check(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    before = the_file(tmp_path).read_bytes()
    check(tmp_path)
    assert builds == [2, 2]
    assert the_file(tmp_path).read_bytes() == before


def test_a_link_is_not_followed(tmp_path: Path, builds: list[int]) -> None:
    directory = tmp_path / "cache"
    check(directory)
    path = the_file(directory)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    check(directory)
    assert builds == [2, 2]
    assert not path.is_symlink()  # replaced, and the file that it named is untouched
    link = tmp_path / "link"
    link.symlink_to(directory)
    check(link)
    assert builds == [2, 2, 2]


def test_a_directory_that_cannot_be_is_no_error(tmp_path: Path, builds: list[int]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    check(blocked)
    check(blocked / "below")
    assert builds == [2, 2]
    assert blocked.read_text() == "not a directory"


def test_a_write_that_fails_leaves_nothing(
    tmp_path: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "replace", full)
    check(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert builds == [2]


def test_old_files_go(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for number in range(20):
        cache.save(f"{number:064x}", b"x")
        os.utime(tmp_path / f"{number:064x}.hsdb", (number, number))
    cache.save("f" * 64, b"y")
    names = sorted(path.name[:-5] for path in tmp_path.iterdir())
    assert len(names) == 16
    assert names[-1] == "f" * 64
    assert names[0] == f"{5:064x}"
    assert cache.load("f" * 64) == b"y"
    assert cache.load("0" * 64) is None
