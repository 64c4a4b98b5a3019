"""The stranger's end of ``rules scan``: every breach of the contract is noticed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.dlp.cases import TO_CLIENT, Case, Line, single
from bench.dlp.scan import BrokenContract, answered, scan

PASS = '{"action": "pass", "output": None, "findings": []}'


def scanner(tmp_path: Path, answer: str, after: str = "") -> tuple[str, str]:
    """A program that answers each line with a Python expression of ``line``."""
    program = tmp_path / "scanner.py"
    program.write_text(
        "import json, sys\n"
        "assert sys.argv[1] == '--rules' and open(sys.argv[2]).read() == 'the rules'\n"
        "for raw in sys.stdin:\n"
        "    line = json.loads(raw)\n"
        f"    print(json.dumps({answer}), flush=True)\n"
        f"{after}\n"
    )
    return sys.executable, str(program)


def finding(start: int = 0, end: int = 1, path: str = "$") -> str:
    place = {"rule": "r", "detector": "d", "path": path, "start": start, "end": end}
    return json.dumps({"action": "block", "output": None, "findings": [place]}).replace(
        "null", "None"
    )


def test_every_case_gets_its_own_answers_in_order(tmp_path: Path) -> None:
    echo = (
        '{"action": "redact", "output": "x", "findings": [{"rule": "r", "start": 0, "end": 0,'
        ' "path": "base64>json:$.a", "detector": line.get("text") or line["base64"]}]}'
    )
    cases = [
        Case("g", (Line("a", "c"), Line("b", "c", TO_CLIENT)), ""),
        single("g", b"\x00\xff", ""),
    ]
    got = answered("the rules", cases, command=scanner(tmp_path, echo))
    assert [[answer.detectors for answer in own] for own in got] == [[{"a"}, {"b"}], [{"AP8="}]]


def test_lines_say_only_what_is_not_usual() -> None:
    assert Line("a").as_json() == {"text": "a"}
    assert Line(b"\x01", "c", TO_CLIENT).as_json() == {
        "base64": "AQ==",
        "connection": "c",
        "direction": "to_client",
    }


def test_many_lines_do_not_block(tmp_path: Path) -> None:
    lines = [Line("x" * 1000)] * 3000
    assert len(scan("the rules", lines, command=scanner(tmp_path, PASS))) == 3000


def test_an_error_is_an_answer(tmp_path: Path) -> None:
    (answer,) = scan("the rules", [Line("a")], command=scanner(tmp_path, '{"error": "no"}'))
    assert answer.error == "no"


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        ("[]", ""),
        ('{"action": "pass"}', ""),
        ('{"action": "drop", "output": None, "findings": []}', ""),
        ('{"action": "pass", "output": "text", "findings": []}', ""),
        ('{"action": "redact", "output": None, "findings": []}', ""),
        ('{"action": "block", "output": None, "findings": [{"rule": "r"}]}', ""),
        (finding(0, 3), ""),
        (finding(2, 1), ""),
        (finding(-1, 1), ""),
        (finding(path="$.a"), ""),
        (finding(path=""), ""),
        (PASS, "sys.exit(2)"),
        (PASS, "print('{}')"),
        (PASS, "sys.exit('no rules')"),
    ],
)
def test_a_breach_is_noticed(tmp_path: Path, answer: str, after: str) -> None:
    with pytest.raises(BrokenContract):
        scan("the rules", [Line("ab")], command=scanner(tmp_path, answer, after))


def test_an_early_end_is_told_with_its_words(tmp_path: Path) -> None:
    command = scanner(tmp_path, PASS, "sys.exit('rules.yaml:1: what')")
    with pytest.raises(BrokenContract, match=r"rules\.yaml:1: what"):
        scan("the rules", [Line("a")], command=command)


def test_a_scanner_that_hangs_is_ended(tmp_path: Path) -> None:
    command = scanner(tmp_path, PASS, "import time; time.sleep(60)")
    with pytest.raises(BrokenContract):
        scan("the rules", [Line("a")], command=command, timeout_s=0.5)
