"""History and saved filters: private, bounded, whole or not at all; a broken file stops nothing."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from wsinspect.tui import sharedfiles
from wsinspect.tui.find.remembered import HISTORY_MAX, LINE_MAX, SAVED_MAX, History, SavedFilters
from wsinspect.tui.sharedfiles import LOCK_NAME


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "file.json"


def test_history_comes_back(file: Path) -> None:
    history = History(file)
    for line in ("a", "b", "  a  ", "", "   ", "a"):
        history.add(line)
    assert History(file).lines == ["b", "a"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in file.parent.iterdir()} == {"file.json", LOCK_NAME}
    assert (file.parent / LOCK_NAME).stat().st_mode & 0o777 == 0o600


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
    assert file.read_bytes() == content, "looking at it changes nothing"
    history.add("a")
    assert "is kept as" in history.problem
    assert file.with_name("file.json.bad").read_bytes() == content
    assert History(file).lines == ["a"]
    history.add("b")
    assert history.problem == ""
    assert file.with_name("file.json.bad").read_bytes() == content


def test_what_does_not_belong_into_a_file_is_left_out(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps(["a", 3, None, ["b"], "", "x" * (LINE_MAX + 1), "c"]))
    assert History(file).lines == ["a", "c"]
    file.write_text(json.dumps({"good": "host:a", "": "b", "n": 3, "x" * 99: "c"}))
    saved = SavedFilters(file)
    assert saved.filters == {"good": "host:a", "x" * 60: "c"}
    assert saved.save("new", "host:b") == ""
    assert "is kept as" in saved.problem
    assert json.loads(file.with_name("file.json.bad").read_text())["n"] == 3
    assert list(SavedFilters(file).filters) == ["good", "x" * 60, "new"]


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
    assert [path.name for path in tmp_path.glob(".*")] == [LOCK_NAME]


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


# Two dashboards


def test_two_dashboards_keep_the_filters_of_each_other(file: Path) -> None:
    one, other = SavedFilters(file), SavedFilters(file)
    assert one.save("chat", "host:chat") == ""
    assert other.save("ends", "close:1006") == ""
    assert other.filters == {"chat": "host:chat", "ends": "close:1006"}
    assert SavedFilters(file).filters == other.filters
    one.refresh()
    assert one.filters == other.filters


def test_what_one_deleted_does_not_come_back_from_the_other(file: Path) -> None:
    one = SavedFilters(file)
    one.save("chat", "host:chat")
    other = SavedFilters(file)
    assert one.delete("chat") == ""
    assert other.save("ends", "close:1006") == ""
    assert SavedFilters(file).filters == {"ends": "close:1006"}
    assert other.filters == {"ends": "close:1006"}


def test_two_dashboards_delete_the_same_and_one_saves_it_again(file: Path) -> None:
    one = SavedFilters(file)
    one.save("chat", "host:chat")
    other = SavedFilters(file)
    assert one.delete("chat") == other.delete("chat") == ""
    assert one.save("chat", "host:new") == ""
    other.save("ends", "close:1006")
    assert SavedFilters(file).filters == {"chat": "host:new", "ends": "close:1006"}


def test_two_dashboards_have_one_history(file: Path) -> None:
    one, other = History(file), History(file)
    for history, line in ((one, "a"), (other, "b"), (one, "c"), (other, "a")):
        history.add(line)
    assert History(file).lines == ["b", "c", "a"] == other.lines


def test_many_at_once_lose_nothing(file: Path) -> None:
    program = """
import sys
from pathlib import Path
from wsinspect.tui.find.remembered import SavedFilters
saved = SavedFilters(Path(sys.argv[1]))
input()
for number in range(20):
    wrong = saved.save(f"{sys.argv[2]} {number}", "host:a")
    assert not wrong, wrong
"""
    command = [sys.executable, "-c", program, str(file)]
    all_ = [subprocess.Popen([*command, name], stdin=subprocess.PIPE) for name in "abcd"]
    for process in all_:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in all_:
        process.communicate()
    assert [process.returncode for process in all_] == [0] * 4
    wanted = {f"{name} {number}" for name in "abcd" for number in range(20)}
    assert set(SavedFilters(file).filters) == wanted
    assert {path.name for path in file.parent.iterdir()} == {"file.json", LOCK_NAME}


def test_a_change_that_could_not_be_written_comes_with_the_next(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharedfiles, "_PATIENCE_S", 0.0)
    saved, history = SavedFilters(file), History(file.with_name("history.json"))
    saved.save("old", "host:old")
    with (file.parent / LOCK_NAME).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another dashboard holds .lock" in saved.save("chat", "host:chat")
        assert "another dashboard holds .lock" in saved.delete("old")
        history.add("a")
        assert saved.filters == {"chat": "host:chat"}
        assert SavedFilters(file).filters == {"old": "host:old"}
    assert saved.save("ends", "close:1006") == ""
    assert SavedFilters(file).filters == {"chat": "host:chat", "ends": "close:1006"}
    history.add("b")
    assert History(file.with_name("history.json")).lines == ["a", "b"]
