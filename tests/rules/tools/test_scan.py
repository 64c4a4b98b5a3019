"""``rules scan``: the stream form, and which lines make one stream."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rules.tools.conftest import RuleWriter, quick_load
from wsinspect.rules.inspector import InspectionTimeout, Inspector
from wsinspect.rules.tools.lines import bad_answer
from wsinspect.rules.tools.scan import Scanning, run_scan

CARD = "4111 1111 1111 1111"
COMMAND = """
import functools, sys
from pathlib import Path
from wsinspect.rules.ruleset import load_rules
from wsinspect.rules.tools.scan import run_scan
load = functools.partial(load_rules, engine="re2")
rules = [Path(sys.argv[1])]
sys.exit(run_scan(rules, sys.stdin.buffer, sys.stdout.buffer, sys.stderr, loader=load))
"""


def scan(path: Path, *asked: dict[str, Any] | bytes) -> list[dict[str, Any]]:
    source = io.BytesIO(
        b"".join((x if isinstance(x, bytes) else json.dumps(x).encode()) + b"\n" for x in asked)
    )
    out, err = io.BytesIO(), io.StringIO()
    assert run_scan([path], source, out, err, loader=quick_load) == 0
    assert err.getvalue() == ""
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(answers) == len(asked)
    return answers


def one(path: Path, **asked: Any) -> dict[str, Any]:
    (answer,) = scan(path, asked)
    return answer


class TestVerdicts:
    def test_pass(self, rules: Path) -> None:
        assert one(rules, text="hello") == {"action": "pass", "output": None, "findings": []}

    def test_redact_text(self, rules: Path) -> None:
        assert one(rules, text=f"é pay {CARD}") == {
            "action": "redact",
            "output": "é pay **** **** **** 1111",
            "findings": [
                {"rule": "card", "detector": "credit-card", "path": "$", "start": 6, "end": 25}
            ],
        }

    def test_redact_binary_in_bytes(self, rules: Path) -> None:
        payload = b"\xff\xc3\xa9 " + CARD.encode()
        answer = one(rules, base64=base64.b64encode(payload).decode())
        assert base64.b64decode(answer["output"]) == b"\xff\xc3\xa9 **** **** **** 1111"
        (found,) = answer["findings"]
        assert (found["start"], found["end"]) == (4, 23)

    def test_text_in_base64(self, rules: Path) -> None:
        payload = base64.b64encode(f"é {CARD}".encode()).decode()
        answer = one(rules, base64=payload, opcode="text")
        assert base64.b64decode(answer["output"]).decode() == "é **** **** **** 1111"
        assert answer["findings"][0]["start"] == 2

    def test_a_view(self, rules: Path) -> None:
        body = json.dumps({"a": {"b": base64.b64encode(f"x {CARD} x".encode()).decode()}})
        answer = one(rules, text=body)
        (found,) = answer["findings"]
        assert found["path"] == "json:$.a.b>base64"
        assert (found["start"], found["end"]) == (2, 21)
        inner = json.loads(answer["output"])["a"]["b"]
        assert base64.b64decode(inner) == b"x **** **** **** 1111 x"

    def test_close_has_no_output(self, rules: Path) -> None:
        answer = one(rules, text=f"a Bluebird, {CARD}", host="chat.example:443")
        assert (answer["action"], answer["output"]) == ("close", None)
        assert {found["rule"] for found in answer["findings"]} == {"card", "word"}

    def test_shadow_lists_and_passes(self, rules: Path) -> None:
        answer = one(rules, text="shy-1234")
        assert (answer["action"], answer["output"]) == ("pass", None)
        assert [found["rule"] for found in answer["findings"]] == ["shy"]

    def test_scope(self, rules: Path) -> None:
        there, back = scan(
            rules, {"text": CARD}, {"text": CARD, "direction": "to_client"}
        )  # fmt: skip
        assert (there["action"], back["action"]) == ("redact", "pass")
        assert one(rules, text="bluebird")["action"] == "pass"

    def test_in_order_with_broken_lines_between(self, rules: Path) -> None:
        answers = scan(
            rules, {"text": CARD}, b"{", {"text": "a"}, b"", {"text": CARD}, b'{"text":1}'
        )
        assert ["error" if "error" in each else each["action"] for each in answers] == [
            "redact", "error", "pass", "error", "redact", "error",
        ]  # fmt: skip
        assert all(list(each) == ["error"] for each in answers if "error" in each)

    def test_an_answer_shows_no_secret(self, rules: Path) -> None:
        assert "4111" not in json.dumps(one(rules, text=f"pay {CARD}"))


class TestConnections:
    def test_split_over_lines(self, rules: Path) -> None:
        first, second = scan(
            rules,
            {"text": "pay 4111 1111 ", "connection": "a"},
            {"text": "1111 1111 now", "connection": "a"},
        )
        assert first["action"] == "pass"
        assert (second["action"], second["output"]) == ("redact", "**** 1111 now")
        assert second["findings"][0]["detector"] == "credit-card"

    @pytest.mark.parametrize(
        "between",
        [
            ({}, {}),
            ({"connection": "a"}, {"connection": "b"}),
            ({"connection": "1"}, {"connection": 1}),
            ({"connection": "a", "host": "x"}, {"connection": "a", "host": "y"}),
        ],
    )
    def test_not_over_connections(
        self, rules: Path, between: tuple[dict[str, Any], dict[str, Any]]
    ) -> None:
        answers = scan(
            rules, {"text": "4111 1111 ", **between[0]}, {"text": "1111 1111", **between[1]}
        )
        assert [answer["action"] for answer in answers] == ["pass", "pass"]

    def test_not_over_directions(self, write_rules: RuleWriter) -> None:
        path = write_rules(
            "version: 1\nrules: [{ id: a, find: { regex: 'left-right' }, do: block }]\n"
        )
        answers = scan(
            path,
            {"text": "left-", "connection": 1},
            {"text": "right", "connection": 1, "direction": "to_client"},
            {"text": "right", "connection": 1},
        )
        assert [answer["action"] for answer in answers] == ["pass", "pass", "block"]

    def test_interleaved(self, rules: Path) -> None:
        halves = [
            {"text": text, "connection": name}
            for text in ("4111 1111 ", "1111 1111")
            for name in range(50)
        ]
        actions = [answer["action"] for answer in scan(rules, *halves)]
        assert actions == ["pass"] * 50 + ["redact"] * 50

    def test_facts_are_said_once(self, rules: Path) -> None:
        answers = scan(
            rules,
            {"text": "hi", "connection": "a", "host": "chat.example"},
            {"text": "bluebird", "connection": "a"},
            {"text": "bluebird", "connection": "a", "host": "else.example"},
            {"text": "bluebird", "connection": "b"},
        )
        assert [answer["action"] for answer in answers] == ["pass", "close", "pass", "pass"]

    def test_a_threshold_counts_in_a_connection(self, rules: Path) -> None:
        asked = [
            {"text": f"tick-{number} ", "connection": name, "direction": "to_client"}
            for number, name in [
                (1, "a"),
                (2, "b"),
                (2, "a"),
                (2, "a"),
                (3, "b"),
                (3, "a"),
                (4, "b"),
            ]
        ]
        found = [bool(answer["findings"]) for answer in scan(rules, *asked)]
        assert found == [False, False, False, False, False, True, True]

    def test_a_threshold_counts_within_a_line_without_one(self, rules: Path) -> None:
        answers = scan(
            rules,
            *({"text": f"tick-{n}", "direction": "to_client"} for n in range(5)),
            {"text": "tick-1 tick-2 tick-3", "direction": "to_client"},
        )
        assert [bool(answer["findings"]) for answer in answers] == [False] * 5 + [True]

    def test_how_many_are_remembered(self, rules: Path) -> None:
        scanning = Scanning(quick_load([rules]), connections_max=2)

        def ask(text: str, connection: str) -> str:
            line = json.dumps({"text": text, "connection": connection}).encode()
            return str(json.loads(scanning.answer(line))["action"])

        for name in "abcdef":
            ask("4111 1111 ", name)
        assert ask("1111 1111", "a") == "pass"  # forgotten
        assert ask("1111 1111", "f") == "redact"

    def test_who_is_heard_of_is_remembered(self, rules: Path) -> None:
        scanning = Scanning(quick_load([rules]), connections_max=2)

        def ask(connection: str, text: str, **said: str) -> str:
            line = {"text": text, "connection": connection, **said}
            return str(json.loads(scanning.answer(json.dumps(line).encode()))["action"])

        ask("a", "4111 1111 ", host="chat.example")
        for name in "bcdefg":
            ask(name, "", host="chat.example")
            ask("a", "")
        assert ask("a", "1111 1111") == "redact"
        assert ask("a", "bluebird") == "close"  # its host is remembered as well
        ask("h", "", host="chat.example")
        assert ask("h", "bluebird") == "close"  # and that of the newest

    def test_a_path_is_always_there(self, write_rules: RuleWriter) -> None:
        path = write_rules("version: 1\nrules: [{ id: a, when: { path: '/*' }, do: block }]\n")
        assert one(path, text="x")["action"] == "block"


class TestTrouble:
    def test_broken_rules(self, write_rules: RuleWriter) -> None:
        out, err = io.BytesIO(), io.StringIO()
        path = write_rules("version: 2\nrules: []\n")
        assert run_scan([path], io.BytesIO(b'{"text":"a"}\n'), out, err) == 2
        assert out.getvalue() == b""
        assert err.getvalue().startswith(f"{path}:1: ")

    def test_a_flow_filter_is_told_once(self, write_rules: RuleWriter) -> None:
        rule = "{ id: a, when: { flow: '~u x' }, find: { regex: x }, do: block }"
        path = write_rules(f"version: 1\nrules: [{rule}]\n")
        out, err = io.BytesIO(), io.StringIO()
        run_scan([path], io.BytesIO(b'{"text":"x"}\n' * 2), out, err, loader=quick_load)
        assert err.getvalue() == "warning: rule a: there are no flows here, it never matches\n"
        assert out.getvalue().count(b'"pass"') == 2

    def test_a_line_that_takes_too_long(self, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def inspect(*_: object) -> None:
            raise InspectionTimeout

        scanning = Scanning(quick_load([rules]))
        monkeypatch.setattr(Inspector, "inspect", inspect)
        answer = json.loads(scanning.answer(b'{"text":"a"}'))
        assert list(answer) == ["error"]
        assert "time limit" in answer["error"]

    def test_a_line_that_is_too_long(self, rules: Path) -> None:
        scanning = Scanning(quick_load([rules]))
        assert scanning.answer(None) == bad_answer("the line is longer than 64 MiB")


class TestPipes:
    def start(self, rules: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", COMMAND, str(rules)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # What this variable does for every program, the tool must do for itself.
            env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
        )

    def test_an_answer_comes_before_the_next_line(self, rules: Path) -> None:
        with self.start(rules) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for number in range(3):
                process.stdin.write(json.dumps({"text": f"{number} {CARD}"}).encode() + b"\n")
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["output"].startswith(f"{number} ****")
            _, err = process.communicate(timeout=30)
            assert (process.returncode, err) == (0, b"")

    def test_the_reader_goes_away(self, rules: Path) -> None:
        with self.start(rules) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            try:
                process.stdin.write(b'{"text":"a"}\n' * 100_000)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it was faster
            err = process.stderr.read()
            assert (process.wait(30), err) == (0, b"")
