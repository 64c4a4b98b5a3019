"""The log file: private, appended to, rotated, and honest about what it lost.

The invariant of every test here: what is in the file are whole lines, and those plus ``dropped``
are all that was given to it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.sinks import jsonl
from wsinspect.sinks.jsonl import JsonLog


def line(number: int, size: int = 0) -> bytes:
    return b'{"n":%d,"pad":"%b"}\n' % (number, b"x" * size)


def numbers(path: Path) -> list[int]:
    """Of every line; fails on one that is broken or joined to another."""
    text = path.read_bytes()
    assert text.endswith(b"\n") or not text
    return [json.loads(each)["n"] for each in text.splitlines()]


class Problems(list[str]):
    def __call__(self, say: str) -> None:
        self.append(say)


@pytest.fixture
def problems() -> Problems:
    return Problems()


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.fixture(params=[True, False], ids=["direct", "thread"])
def direct(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Disk:
    """Stands in for ``os.write``: takes so many bytes, then fails until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self.step = 1 << 30
        self.now = 0.0
        self._write = os.write
        monkeypatch.setattr("wsinspect.sinks.jsonl.os.write", self.write)
        monkeypatch.setattr("wsinspect.sinks.jsonl.time.monotonic", lambda: self.now)

    def write(self, fd: int, data: memoryview) -> int:
        data = data[: self.step]
        if self.room is not None:
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            data = data[: self.room]
            self.room -= len(data)
        return self._write(fd, data)


# --- the file ---


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o277, 0o777])
def test_a_new_file_is_private_whatever_the_umask(
    tmp_path: Path, problems: Problems, umask: Callable[[int], int], mask: int
) -> None:
    umask(mask)
    log = JsonLog(str(tmp_path / "log"), direct=True, on_problem=problems)
    log.close()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_the_mode_of_a_file_that_is_there_is_its_owners_choice(
    tmp_path: Path, problems: Problems
) -> None:
    """logrotate's ``create 0640`` must survive a reopen."""
    path = tmp_path / "log"
    path.touch()
    path.chmod(0o640)
    JsonLog(str(path), direct=True, on_problem=problems).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_it_appends(tmp_path: Path, problems: Problems, direct: bool) -> None:
    path = tmp_path / "log"
    for number in range(3):
        log = JsonLog(str(path), direct=direct, on_problem=problems)
        log.write(line(number), 1)
        assert log.close()
    assert numbers(path) == [0, 1, 2]


def test_a_line_that_a_crash_cut_is_not_joined_to_ours(
    tmp_path: Path, problems: Problems, direct: bool
) -> None:
    path = tmp_path / "log"
    path.write_bytes(line(0) + b'{"n":')
    log = JsonLog(str(path), direct=direct, on_problem=problems)
    log.write(line(1) + line(2), 2)
    log.close()
    assert path.read_bytes() == line(0) + b'{"n":\n' + line(1) + line(2)
    assert (log.lines, log.dropped) == (2, 0)


def test_an_unwritable_file_is_an_error_at_once(tmp_path: Path, problems: Problems) -> None:
    with pytest.raises(OSError, match="directory"):
        JsonLog(str(tmp_path), direct=False, on_problem=problems)


# --- full disks ---


def test_a_full_device_is_loud_once_and_counted(problems: Problems, direct: bool) -> None:
    log = JsonLog("/dev/full", direct=direct, on_problem=problems)
    for number in range(100):
        log.write(line(number), 1)
    log.close()
    assert (log.lines, log.dropped) == (0, 100)
    assert problems == ["cannot write the log: No space left on device (/dev/full)"]
    assert log.error == "cannot write the log: No space left on device"


@given(st.data())
def test_every_line_is_whole_in_the_file_or_counted_as_dropped(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The disk fills up at any byte, any number of times, and comes back."""
    path = tmp_path_factory.mktemp("log") / "log"
    problems = Problems()
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch)
        disk.step = data.draw(st.sampled_from([1, 7, 1 << 20]), label="bytes a write takes")
        log = JsonLog(str(path), direct=True, on_problem=problems)
        given_lines = 0
        for _ in range(data.draw(st.integers(1, 12), label="batches")):
            disk.room = data.draw(st.none() | st.integers(0, 120), label="room on the disk")
            disk.now += data.draw(st.sampled_from([0.1, 2.0]), label="seconds")
            count = data.draw(st.integers(1, 4), label="lines")
            lines = [line(given_lines + n, data.draw(st.integers(0, 30))) for n in range(count)]
            given_lines += count
            log.write(b"".join(lines), count)
        disk.room = data.draw(st.sampled_from([None, 0]), label="room at the end")
        log.close()
    text = path.read_bytes()
    whole, _, cut = text.rpartition(b"\n")
    found = [json.loads(each)["n"] for each in whole.splitlines()]
    assert found == sorted(set(found)), "a line came twice or out of order"
    assert log.lines == len(found)
    assert log.lines + log.dropped == given_lines
    if disk.room is None:
        assert not cut, "a cut line was not completed although there is room again"


def test_a_dead_log_recovers_by_itself(
    tmp_path: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    log = JsonLog(str(tmp_path / "log"), direct=True, on_problem=problems)
    taken = [log.write(line(0), 1)]
    disk.room = 0
    disk.now += 100
    taken.append(log.write(line(1), 1))
    errors = [log.error]
    disk.room = None
    taken.append(log.write(line(2), 1))  # it does not knock on a dead disk for each line
    disk.now += 1.1
    taken.append(log.write(line(3), 1))
    errors.append(log.error)
    assert taken == [True, False, False, True]
    assert errors == ["cannot write the log: No space left on device", None]
    log.close()
    assert numbers(tmp_path / "log") == [0, 3]
    assert (log.lines, log.dropped) == (2, 2)
    assert len(problems) == 1


def test_trouble_that_comes_and_goes_does_not_flood_stderr(
    tmp_path: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    log = JsonLog(str(tmp_path / "log"), direct=True, on_problem=problems)
    for number in range(100):
        disk.room = None if number % 2 else 0
        disk.now += 1.1
        log.write(line(number), 1)
    log.close()
    assert 1 < len(problems) < 20


# --- the thread and its queue ---


class SlowDisk:
    """``os.write`` waits until told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        write = os.write

        def slow(fd: int, data: memoryview) -> int:
            self.go.wait(30)
            return write(fd, data)

        monkeypatch.setattr("wsinspect.sinks.jsonl.os.write", slow)


def test_a_slow_disk_bounds_the_queue_and_never_blocks(
    tmp_path: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    monkeypatch.setattr(jsonl, "QUEUE_LIMIT", 100_000)
    log = JsonLog(str(tmp_path / "log"), direct=False, on_problem=problems)
    taken = sum(log.write(line(number, 1000), 1) for number in range(1000))
    assert 90 < taken < 110
    assert log.dropped == 1000 - taken
    assert problems == [
        f"the disk is too slow: lines are being dropped ({tmp_path / 'log'})",
    ]
    disk.go.set()
    assert log.close()
    assert len(numbers(tmp_path / "log")) == taken == log.lines
    assert log.error is None


def test_the_books_hold_with_a_writer_that_is_interrupted_anywhere(
    tmp_path: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both threads count at once: nothing may get lost between them."""
    before = sys.getswitchinterval()
    monkeypatch.setattr(jsonl, "QUEUE_LIMIT", 50_000)
    log = JsonLog(str(tmp_path / "log"), direct=False, on_problem=problems)
    sys.setswitchinterval(1e-6)
    try:
        for number in range(40_000):
            log.write(line(number), 1)
    finally:
        sys.setswitchinterval(before)
    assert log.close()
    assert log._put == log._taken
    assert log.lines + log.dropped == 40_000
    assert len(numbers(tmp_path / "log")) == log.lines


def test_close_says_so_if_the_disk_hangs(
    tmp_path: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    log = JsonLog(str(tmp_path / "log"), direct=False, on_problem=problems)
    log.write(line(0), 1)
    assert log.close(timeout_s=0.05) is False
    disk.go.set()
    assert log._thread is not None
    log._thread.join(5)


# --- rotation ---


def test_rotation_under_load_loses_and_doubles_nothing(
    tmp_path: Path, problems: Problems, direct: bool
) -> None:
    path = tmp_path / "log"
    log = JsonLog(str(path), direct=direct, on_problem=problems)
    for number in range(5000):
        log.write(line(number), 1)
        if number % 500 == 250:
            while not path.exists():  # the last rotation, done by the thread
                time.sleep(0.001)
            path.rename(tmp_path / f"log.{number}")
            log.reopen()
    log.close()
    old = sorted(tmp_path.glob("log.*"), key=lambda each: int(each.suffix[1:]))
    assert len(old) == 10
    found = [n for each in [*old, path] for n in numbers(each)]
    assert found == list(range(5000))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert problems == []


def test_rotation_into_nothing_goes_on_in_the_old_file(tmp_path: Path, problems: Problems) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    log = JsonLog(str(folder / "log"), direct=True, on_problem=problems)
    log.write(line(0), 1)
    folder.rename(tmp_path / "moved")
    log.reopen()
    log.write(line(1), 1)
    log.close()
    assert numbers(tmp_path / "moved" / "log") == [0, 1]
    assert problems == [f"cannot reopen the log: No such file or directory ({folder / 'log'})"]


def test_rotation_cures_a_full_disk_and_begins_with_a_whole_line(
    tmp_path: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    disk = Disk(monkeypatch)
    log = JsonLog(str(path), direct=True, on_problem=problems)
    disk.room = 10
    log.write(line(0) + line(1), 2)
    path.rename(tmp_path / "old")
    log.reopen()
    disk.room = None
    assert log.write(line(2), 1), "a new file is tried at once"
    log.close()
    assert numbers(path) == [2]
    assert (log.lines, log.dropped) == (1, 2)


# --- standard output ---


def test_a_closed_pipe_is_loud_and_counted(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(JsonLog, "_open", lambda self: write)
    log = JsonLog("-", direct=direct, on_problem=problems)
    log.write(line(0), 1)
    deadline = time.monotonic() + 5
    while not log.lines and time.monotonic() < deadline:
        time.sleep(0.001)
    os.close(read)
    log.write(line(1), 1)
    assert log.close()
    os.close(write)
    assert (log.lines, log.dropped) == (1, 1)
    assert problems == ["cannot write the log: Broken pipe (-)"]


def test_a_non_blocking_pipe_gets_every_line(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    monkeypatch.setattr(JsonLog, "_open", lambda self: write)
    log = JsonLog("-", direct=False, on_problem=problems)
    sent = b"".join(line(number, 1000) for number in range(300))
    log.write(sent, 300)
    received = b""
    while len(received) < len(sent):
        received += os.read(read, 65536)
    assert log.close()
    assert received == sent
    assert (log.lines, log.dropped, problems) == (300, 0, [])
    os.close(read)
    os.close(write)


def test_standard_output_stays_open(problems: Problems) -> None:
    JsonLog("-", direct=True, on_problem=problems).close()
    os.fstat(1)
