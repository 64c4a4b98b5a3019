"""``wsinspect rules test``: the examples in the rule files, each with only its own rule active.

Owns: what ``expect`` means, and telling a failure without the secret. Also used at every load.
A rule in shadow mode is tested as if it were enforced: that is what it is to become.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from wsinspect.rules.finding import Inspection
from wsinspect.rules.inspector import InspectionTimeout, Inspector
from wsinspect.rules.language.ast import Place, Rule, Test
from wsinspect.rules.ruleset import CompiledRule, RuleSet, load_rules
from wsinspect.rules.tools.example import Example, example_of
from wsinspect.rules.tools.loading import BROKEN, FAILED, GOOD, Loader, load
from wsinspect.rules.tools.show import count, first_difference, masked_text

__all__ = ["Failure", "TestRun", "run_test", "run_tests"]

_STEP_NS: Final = 1_000_000  # between the messages of one test
_GIVEN: Final = ("direction", "host", "path", "subprotocol", "opcode")


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that did not come out as expected; nothing in it shows a secret."""

    place: Place
    rule: str
    expected: str
    got: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" – {self.hint}" if self.hint else ""
        return f"{self.place}: {self.rule}: expected {self.expected}, got {self.got}{hint}"


@dataclass(frozen=True, slots=True)
class TestRun:
    __test__ = False  # pytest collects classes of this name

    passed: int
    failures: tuple[Failure, ...]
    untested: tuple[str, ...]  # ids of rules without a test


def run_test(
    paths: Sequence[Path], out: TextIO, err: TextIO, *, loader: Loader = load_rules
) -> int:
    """0 all pass, 1 a test failed, 2 broken files."""
    ruleset = load(paths, err, loader)
    if ruleset is None:
        return BROKEN
    run = run_tests(ruleset)
    out.writelines(f"{failure}\n" for failure in run.failures)
    total = run.passed + len(run.failures)
    verdict = f"{len(run.failures)} failed" if run.failures else "all passed"
    out.write(f"{count(total, 'test')}, {verdict}" if total else "no tests")
    if run.untested:
        out.write(f"; without a test: {' '.join(run.untested)}")
    out.write("\n")
    return FAILED if run.failures else GOOD


def run_tests(ruleset: RuleSet) -> TestRun:
    """All tests of all rules; the set's own state is not touched."""
    failures = []
    passed = 0
    untested = []
    for compiled in ruleset.rules:
        if not compiled.rule.tests:
            untested.append(compiled.rule.id)
            continue
        alone = _alone(ruleset, compiled)
        for test in compiled.rule.tests:
            failure = _failure(alone, compiled.rule, test)
            if failure is None:
                passed += 1
            else:
                failures.append(failure)
    return TestRun(passed, tuple(failures), tuple(untested))


def _alone(ruleset: RuleSet, compiled: CompiledRule) -> RuleSet:
    only = ruleset.only(compiled.rule.id)
    enforced = dataclasses.replace(
        only.rules[0], rule=dataclasses.replace(compiled.rule, mode="enforce")
    )
    return dataclasses.replace(only, rules=(enforced,))


def _failure(alone: RuleSet, rule: Rule, test: Test) -> Failure | None:
    example = example_of(rule.when, test)
    if not example.fits and _expects_nothing(test) and not _says_where(test):
        say = (
            f"a test that cannot fail: give it a `{example.misfit}:` that the rule's `when` accepts"
        )
        return Failure(test.place, rule.id, _expected(test, ()), "pass", say)
    inspector = Inspector(alone)
    scope = inspector.scope(example.facts, example.direction)
    messages = test.messages or (test.payload,)
    try:
        for step, message in enumerate(messages, 1):
            inspection = inspector.inspect(scope, message, example.opcode, step * _STEP_NS)
    except InspectionTimeout:
        return Failure(test.place, rule.id, _expected(test, ()), "a time-out")
    if _as_expected(test, messages[-1], inspection):
        return None
    return _told(rule, test, messages[-1], example, inspection)


def _expects_nothing(test: Test) -> bool:
    return test.output is None and test.expect == "pass"


def _says_where(test: Test) -> bool:
    return any(getattr(test, name) is not None for name in _GIVEN)


def _as_expected(test: Test, payload: bytes, inspection: Inspection) -> bool:
    if test.output is not None:
        if inspection.action == "redact":
            return inspection.output == test.output
        return inspection.action == "pass" and payload == test.output
    found = bool(inspection.findings)
    if test.expect == "pass":
        return not found
    if test.expect in ("log", "alert"):  # that the rule alerts at all, the language has checked
        return inspection.action == "pass" and found
    return inspection.action == test.expect


def _told(
    rule: Rule, test: Test, payload: bytes, example: Example, inspection: Inspection
) -> Failure:
    secrets = _secrets(inspection)
    got: str = inspection.action
    hint = ""
    if inspection.unreadable is not None:
        hint = f"not all of it could be read, by the limit of {inspection.unreadable}"
    elif got == "pass" and inspection.findings:
        got = "alert" if any(act.kind == "alert" for act in rule.acts) else "log"
    elif got == "pass":
        hint = "nothing was found"
        if not example.fits:
            hint = f"the rule's `when` leaves it out by its {example.misfit}"
        elif rule.when.size is not None and len(payload) not in rule.when.size:
            hint = f"the rule's `when` leaves it out by its size of {count(len(payload), 'byte')}"
        elif rule.threshold is not None:
            hint = f"its threshold is {rule.threshold.count}"
    elif got == "redact" and test.output is not None and inspection.output is not None:
        got, hint = _changed(test.output, inspection.output, test.text, secrets)
    return Failure(test.place, rule.id, _expected(test, secrets), got, hint)


def _changed(
    expected: bytes, output: bytes, is_text: bool, secrets: Sequence[str]
) -> tuple[str, str]:
    if is_text:
        old, new = expected.decode(errors="replace"), output.decode(errors="replace")
        return masked_text(new, secrets), first_difference(old, new)
    return f"{count(len(output), 'byte')} with other content", ""


def _expected(test: Test, secrets: Sequence[str]) -> str:
    if test.output is None:
        return test.expect
    if not test.text:
        return f"{count(len(test.output), 'byte')} exactly"
    return masked_text(test.output.decode(errors="replace"), secrets)


def _secrets(inspection: Inspection) -> list[str]:
    """What must not be shown: each word of what was found."""
    found = (seen.secret.decode(errors="replace") for seen in inspection.sightings)
    return [word for text in found for word in text.split()]
