"""``rules test``: what ``expect`` means, and failures that show no secret."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.rules.tools.conftest import RuleWriter, quick_load
from wsinspect.rules.tools.test import Failure, run_test, run_tests

RULE = """
version: 1
rules:
  - id: it
    {rule}
    tests:
      - {{ {test} }}
"""
CARD = "4111 1111 1111 1111"
FIND = "find: { detector: credit-card }"
EVERYWHERE = (
    "direction: to_client, app: mqtt, client: 10.0.0.0/8, opcode: binary, flow: ~websocket,"
    " path: { regex: '^/v[0-9]+$' }"
)
MASK = f"{FIND}\n    do: mask"
BLOCK = f"{FIND}\n    do: block"


def failures(write_rules: RuleWriter, rule: str, test: str) -> list[Failure]:
    path = write_rules(RULE.format(rule=rule, test=test))
    run = run_tests(quick_load([path]))
    assert run.passed + len(run.failures) == 1
    assert all(failure.place == (str(path), 6 + rule.count("\n")) for failure in run.failures)
    return list(run.failures)


@pytest.mark.parametrize(
    ("rule", "test"),
    [
        (MASK, f'text: "pay {CARD}", expect: "pay **** **** **** ****"'),
        (MASK, f'text: "pay {CARD}", expect: redact'),
        (MASK, 'text: "pay 12", expect: pass'),
        (MASK, 'text: "pay 12", expect: "pay 12"'),
        (MASK, 'text: "log", expect: { redacted: "log" }'),
        (MASK, f'base64: "{"NDExMSAxMTExIDExMTEgMTExMQ=="}", expect: redact'),
        (BLOCK, f'text: "pay {CARD}", expect: block'),
        (f"{FIND}\n    do: close", f'text: "pay {CARD}", expect: close'),
        (f"{FIND}\n    do: log", f'text: "pay {CARD}", expect: log'),
        (f"{FIND}\n    do: [alert, log]", f'text: "pay {CARD}", expect: alert'),
        (f"{FIND}\n    do: log", 'text: "pay 12", expect: pass'),
        (f"{BLOCK}\n    mode: shadow", f'text: "pay {CARD}", expect: block'),
        # Where the rule is for: filled in, unless the test says another.
        (f'{BLOCK}\n    when: {{ host: "*.bank.example" }}', f'text: "{CARD}", expect: block'),
        (
            f'{BLOCK}\n    when: {{ host: "*.bank.example" }}',
            f'text: "{CARD}", host: else.example, expect: pass',
        ),
        (
            f"{BLOCK}\n    when: {{ {EVERYWHERE} }}",
            f'text: "{CARD}", expect: block',
        ),
        (
            f"{BLOCK}\n    when: {{ direction: to_client }}",
            f'text: "{CARD}", direction: to_server, expect: pass',
        ),
        ("when: { size: '>3' }\n    do: block", "text: abcd, expect: block"),
        ("when: { size: '>3' }\n    do: block", "text: abc, expect: pass"),
        # Several messages: what is expected is said of the last.
        (BLOCK, 'messages: ["pay 4111 1111 ", "1111 1111 now"], expect: block'),
        (BLOCK, f'messages: ["{CARD}", "nothing"], expect: pass'),
        (f"{BLOCK}\n    streams: false", 'messages: ["4111 1111 ", "1111 1111"], expect: pass'),
        (
            f"{BLOCK}\n    threshold: {{ count: 2, per: connection, seconds: 1 }}",
            f'messages: ["{CARD}", "and {CARD}"], expect: block',
        ),
        (
            f"{BLOCK}\n    threshold: {{ count: 2, per: connection, seconds: 1 }}",
            f'messages: ["{CARD}"], expect: pass',
        ),
    ],
)
def test_as_expected(write_rules: RuleWriter, rule: str, test: str) -> None:
    assert failures(write_rules, rule, test) == []


@pytest.mark.parametrize(
    ("rule", "test", "expected", "got", "hint"),
    [
        (MASK, f'text: "pay {CARD}", expect: pass', "pass", "redact", ""),
        (BLOCK, f'text: "pay {CARD}", expect: pass', "pass", "block", ""),
        (MASK, f'text: "pay {CARD}", expect: log', "log", "redact", ""),
        (f"{FIND}\n    do: log", 'text: "x", expect: log', "log", "pass", "nothing was found"),
        (BLOCK, 'text: "pay 4111", expect: block', "block", "pass", "nothing was found"),
        (f"{FIND}\n    do: log", f'text: "{CARD}", expect: pass', "pass", "log", ""),
        (f"{FIND}\n    do: alert", f'text: "{CARD}", expect: pass', "pass", "alert", ""),
        (
            MASK,
            f'text: "pay {CARD}", expect: "pay [card]"',
            '"pay [card]"',
            '"pay **** **** **** ****"',
            "at character 4: *, not [",
        ),
        (
            f"{FIND}\n    do: {{ mask: {{ keep_last: 4 }} }}",
            f'text: "pay {CARD}", expect: "pay **** **** **** 1112"',
            '"pay **** **** **** ****"',
            '"pay **** **** **** ****"',
            "at character 22: a digit, not a digit",
        ),
        (
            MASK,
            f'text: "pay {CARD}", expect: "pay {CARD}"',
            '"pay **** **** **** ****"',
            '"pay **** **** **** ****"',
            "at character 4: *, not a digit",
        ),
        (
            MASK,
            'text: "pay 4111", expect: "pay ****"',
            '"pay ****"',
            "pass",
            "nothing was found",
        ),
        (
            f'{BLOCK}\n    when: {{ host: "*.bank.example" }}',
            f'text: "{CARD}", host: else.example, expect: block',
            "block",
            "pass",
            "the rule's `when` leaves it out by its host",
        ),
        (
            "when: { size: '>3' }\n    do: block",
            "text: abc, expect: block",
            "block",
            "pass",
            "the rule's `when` leaves it out by its size of 3 bytes",
        ),
        (
            f"{BLOCK}\n    threshold: {{ count: 2, per: connection, seconds: 1 }}",
            f'text: "{CARD}", expect: block',
            "block",
            "pass",
            "its threshold is 2",
        ),
        (
            f"{BLOCK}\n    when: {{ host: {{ regex: '^\\x41\\x42$' }} }}",
            f'text: "{CARD}", expect: pass',
            "pass",
            "pass",
            "a test that cannot fail: give it a `host:` that the rule's `when` accepts",
        ),
    ],
)
def test_otherwise(
    write_rules: RuleWriter, rule: str, test: str, expected: str, got: str, hint: str
) -> None:
    (failure,) = failures(write_rules, rule, test)
    assert (failure.expected, failure.got, failure.hint) == (expected, got, hint)
    line = str(failure)
    assert line.startswith(f"{failure.place}: it: expected {expected}, got {got}")
    assert CARD not in line


@pytest.mark.parametrize(
    "body",
    [
        '{"pin": "plum jam", "to": "anna"}',
        '{"a": {"pin": "\\u0070lum jam"}, "to": "anna"}',
        '{"a": "eyJwaW4iOiAicGx1bSBqYW0ifQ=="}',  # {"pin": "plum jam"} in base64
    ],
)
def test_a_secret_of_plain_words_in_a_view(write_rules: RuleWriter, body: str) -> None:
    rule = 'find: { regex: "plum [a-z]+" }\n    do: { redact: { with: "***" } }'
    test = f"text: '{body}', expect: 'it was jam, plum jam or plum'"
    (failure,) = failures(write_rules, rule, test)
    assert "plum" not in str(failure)
    assert "jam" not in str(failure)


def run(path: Path) -> tuple[int, str]:
    out = io.StringIO()
    return run_test([path], out, io.StringIO(), loader=quick_load), out.getvalue()


class TestRun:
    def test_all_pass(self, rules: Path) -> None:
        assert run(rules) == (0, "2 tests, all passed; without a test: word shy often\n")

    def test_a_line_for_each_that_failed(self, rules: Path) -> None:
        text = rules.read_text()
        rules.write_text(
            text.replace("expect: pass", "expect: redact").replace(' 1111" }', ' 2" }')
        )
        code, out = run(rules)
        first, second, end = out.splitlines()
        assert code == 1
        assert first.startswith(f"{rules}:9: card: expected ")
        assert second.startswith(f"{rules}:10: card: expected redact, got pass")
        assert end.startswith("2 tests, 2 failed; ")

    def test_none(self, write_rules: RuleWriter) -> None:
        path = write_rules("version: 1\nrules: [{ id: a, find: { regex: x }, do: log }]\n")
        assert run(path) == (0, "no tests; without a test: a\n")

    def test_a_rule_is_tested_alone(self, write_rules: RuleWriter) -> None:
        path = write_rules("""
            version: 1
            rules:
              - { id: all, find: { regex: "." }, do: close }
              - id: it
                find: { regex: "x+" }
                do: { redact: { with: "-" } }
                tests: [{ text: "axxb", expect: "a-b" }]
        """)
        assert run(path) == (0, "1 test, all passed; without a test: all\n")

    def test_the_set_itself_stays_in_shadow(self, write_rules: RuleWriter) -> None:
        path = write_rules(
            RULE.format(rule=f"{BLOCK}\n    mode: shadow", test="text: a, expect: pass")
        )
        ruleset = quick_load([path])
        run_tests(ruleset)
        assert ruleset.rules[0].rule.mode == "shadow"
