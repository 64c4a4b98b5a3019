"""``wsinspect rules scan`` as a stranger uses it: a subprocess, JSON lines in and out.

Owns: the contract of those lines, checked on every answer. Must not know: what is asked for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from bench.dlp.cases import Case, Line

__all__ = ["Answer", "BrokenContract", "Finding", "answered", "scan"]

ACTIONS: Final = frozenset({"pass", "redact", "block", "close"})
FINDING: Final = frozenset({"rule", "detector", "path", "start", "end"})
FIRST_STEP: Final = re.compile(r"(?:json|msgpack|cbor|protobuf):\$|[a-z0-9]+(?:>|$)")
"""How the path of any view but the message itself begins."""

COMMAND: Final = (sys.executable, "-m", "wsinspect", "rules", "scan")


class BrokenContract(Exception):
    """The scanner failed, or answered in another way than it promises."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where something was found."""

    rule: str
    detector: str
    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on one line. ``error`` stands for all else."""

    action: str
    findings: tuple[Finding, ...]
    error: str = ""

    @property
    def detectors(self) -> set[str]:
        return {finding.detector for finding in self.findings}


def scan(
    rules: str, lines: Sequence[Line], *, command: Sequence[str] = COMMAND, timeout_s: float = 900
) -> list[Answer]:
    """One answer a line, in order.

    Raises:
        BrokenContract: it ended early, or a line is not what it must be.
    """
    with tempfile.TemporaryDirectory(prefix="wsinspect-dlp-") as directory:
        file = Path(directory) / "rules.yaml"
        file.write_text(rules, "utf-8")
        with (Path(directory) / "stderr").open("wb+") as stderr:
            process = subprocess.Popen(
                [*command, "--rules", str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
            watchdog = threading.Timer(timeout_s, process.kill)
            watchdog.start()
            try:
                return _talk(process, lines, stderr)
            finally:
                watchdog.cancel()
                process.kill()
                process.wait()


def _talk(
    process: subprocess.Popen[bytes], lines: Sequence[Line], stderr: IO[bytes]
) -> list[Answer]:
    assert process.stdin is not None
    assert process.stdout is not None
    writer = threading.Thread(target=_write, args=(process.stdin, lines), daemon=True)
    writer.start()
    with process.stdout as stdout:
        said = stdout.readlines()
    writer.join(10)
    code = process.wait()
    if code or len(said) != len(lines):
        stderr.seek(0)
        tail = stderr.read().decode(errors="replace")[-2000:]
        raise BrokenContract(f"{len(said)} answers to {len(lines)} lines, exit {code}: {tail}")
    return [_answer(raw, line) for raw, line in zip(said, lines, strict=True)]


def _write(stdin: IO[bytes], lines: Iterable[Line]) -> None:
    try:
        with stdin:
            for line in lines:
                stdin.write(json.dumps(line.as_json()).encode() + b"\n")
    except BrokenPipeError:
        pass  # it ended early; the missing answers tell


def _answer(raw: bytes, line: Line) -> Answer:
    try:
        answer: dict[str, Any] = dict(json.loads(raw))
    except (TypeError, ValueError) as error:
        raise BrokenContract(f"no JSON object: {raw[:200]!r}") from error
    if "error" in answer:
        return Answer("error", (), str(answer["error"]))
    output = answer.get("output")
    bad = (
        answer.keys() != {"action", "output", "findings"}
        or answer["action"] not in ACTIONS
        or (output is None) != (answer["action"] != "redact")
        or not all(each.keys() >= FINDING for each in answer["findings"])
    )
    if bad:
        raise BrokenContract(f"not an answer by the contract: {raw[:300]!r}")
    findings = tuple(Finding(*(each[name] for name in _FIELDS)) for each in answer["findings"])
    for finding in findings:
        _check_place(finding, line, raw)
    return Answer(answer["action"], findings)


_FIELDS: Final = ("rule", "detector", "path", "start", "end")


def _check_place(finding: Finding, line: Line, raw: bytes) -> None:
    """Offsets lie in their view; of the message itself the length is known here."""
    good = finding.path == "$" or FIRST_STEP.match(finding.path) is not None
    whole = len(line.payload) if finding.path == "$" else finding.end
    if not good or not 0 <= finding.start <= finding.end <= whole:
        raise BrokenContract(f"a finding outside its view ({len(line.payload)}): {raw[:300]!r}")


def answered(rules: str, cases: Sequence[Case], **options: Any) -> list[list[Answer]]:
    """The answers to each case's lines, all asked in one run."""
    answers = iter(scan(rules, [line for case in cases for line in case.lines], **options))
    return [[next(answers) for _ in case.lines] for case in cases]
