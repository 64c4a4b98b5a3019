"""History and saved filters: private, bounded, whole or not at all; a broken file stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wsinspect.tui.find.remembered import HISTORY_MAX, LINE_MAX, SAVED_MAX, History, SavedFilters


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "file.json"


def test_history_comes_back(file: Path) -> None:
    history = History(file)
    for line in ("a", "b", "  a  ", "", "   ", "a"):
        history.add(line)
    assert History(file).lines == ["b", "a"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["file.json"]


def test_history_is_bounded(file: Path) -> None:
    history = History(file)
    for number in range(HISTORY_MAX + 5):
        history.add(f"line {number}")
    assert len(history.lines) == HISTORY_MAX
    assert History(file).lines == history.lines
    assert history.lines[-1] == f"line {HISTORY_MAX + 4}"
    history.add("x" * (LINE_MAX + 1))
    assert history.lines[-1] == f"line {HISTORY_MAX + 4}"


def test_walking() -> None:
    history = History(None)
    for line in ("one", "two"):
        history.add(line)
    assert history.forward() is None
    assert history.back("typed") == "two"
    assert history.back("two") == "one"
    assert history.back("one") is None
    assert history.forward() == "two"
    assert history.forward() == "typed"
    assert history.forward() is None
    assert history.back("two") == "one", "what stands there already is passed over"
    history.leave()
    assert history.forward() is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"null,", b"3", b'"a"', b"[" * 100_000, b" " * (3 << 20), b"true"],
    ids=lambda c: repr(c[:6]),
)
def test_a_broken_file_is_ignored_and_told(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    history, saved = History(file), SavedFilters(file)
    assert history.lines == []
    assert saved.filters == {}
    assert "is ignored" in history.problem
    assert "is ignored" in saved.problem
    history.add("a")
    assert history.problem == ""
    assert History(file).lines == ["a"]


def test_what_does_not_belong_into_a_file_is_left_out(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps(["a", 3, None, ["b"], "", "x" * (LINE_MAX + 1), "c"]))
    assert History(file).lines == ["a", "c"]
    file.write_text(json.dumps({"good": "host:a", "": "b", "n": 3, "x" * 99: "c"}))
    assert SavedFilters(file).filters == {"good": "host:a", "x" * 60: "c"}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "flat").write_text("")
    history = History(tmp_path / "flat" / "history")
    assert "could not be read" in history.problem
    history.add("a")
    assert "could not be written" in history.problem
    assert history.lines == ["a"]
    (tmp_path / "folder").mkdir()
    saved = SavedFilters(tmp_path / "folder")
    assert "could not be written" in saved.save("name", "host:a")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_saved_filters(file: Path) -> None:
    saved = SavedFilters(file)
    assert saved.save("  my   chat ", " host:chat ") == ""
    assert saved.save("ends", "close:1006") == ""
    assert saved.save("ends", "close:1001") == ""
    assert saved.save("", "host:a") == "a name has 1 to 60 characters"
    assert saved.save("x" * 61, "host:a") == "a name has 1 to 60 characters"
    assert saved.save("none", "  ") == "there is no filter to save"
    again = SavedFilters(file)
    assert again.filters == {"my chat": "host:chat", "ends": "close:1001"}
    assert again.delete("ends") == ""
    assert again.delete("ends") == "there is no filter ends"
    assert SavedFilters(file).filters == {"my chat": "host:chat"}
    assert file.stat().st_mode & 0o777 == 0o600


def test_saved_filters_are_bounded() -> None:
    saved = SavedFilters(None)
    for number in range(SAVED_MAX):
        assert saved.save(f"n{number}", "a") == ""
    assert "delete one first" in saved.save("one more", "a")
    assert saved.save("n0", "b") == ""
