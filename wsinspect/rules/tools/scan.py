"""``wsinspect rules scan``: messages in, verdicts out, a line each, at once.

Owns: which lines belong to one connection, and so to one stream. Must not know: the lines' form
(``lines.py``), how a verdict is reached.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from wsinspect.rules.inspector import InspectionTimeout, Inspector
from wsinspect.rules.plan import Scope
from wsinspect.rules.ruleset import RuleSet, load_rules
from wsinspect.rules.tools.lines import (
    LINE_LIMIT,
    BadLine,
    Question,
    answer,
    bad_answer,
    connection_facts,
    read_lines,
    read_question,
)
from wsinspect.rules.tools.loading import BROKEN, GOOD, Loader, load

__all__ = ["Scanning", "run_scan"]

CONNECTIONS_MAX: Final = 32_768  # remembered at a time; then the one not heard of for longest goes

_Key = tuple[tuple[str | int, tuple[tuple[str, str], ...]], str]


def run_scan(
    paths: Sequence[Path],
    source: BinaryIO,
    out: BinaryIO,
    err: TextIO,
    *,
    loader: Loader = load_rules,
) -> int:
    """Answers until the input ends. 0, also when the reader of ``out`` is gone; 2 broken files."""
    ruleset = load(paths, err, loader)
    if ruleset is None:
        return BROKEN
    for compiled in ruleset.rules:
        if compiled.rule.when.flow is not None:
            err.write(
                f"warning: rule {compiled.rule.id}: there are no flows here, it never matches\n"
            )
    scanning = Scanning(ruleset)
    try:
        for line in read_lines(source):
            out.write(scanning.answer(line))
            out.flush()
    except BrokenPipeError:
        _let_go(out)
    return GOOD


def _let_go(out: BinaryIO) -> None:
    """Nobody reads any more: what is left in the buffer must not fail again at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


class Scanning:
    """One run over one input.

    Lines with the same ``connection`` are one stream for each direction; what a line does not say
    about its connection, an earlier one has said. Where a line says otherwise than the one before,
    another connection has begun. A line without ``connection`` is a connection of its own.
    """

    def __init__(self, ruleset: RuleSet, connections_max: int = CONNECTIONS_MAX) -> None:
        self._inspector = Inspector(ruleset)
        self._connections_max = connections_max
        self._number = 0
        self._facts: OrderedDict[str | int, Mapping[str, str]] = OrderedDict()
        self._scopes: OrderedDict[_Key, Scope] = OrderedDict()

    def answer(self, line: bytes | None) -> bytes:
        """One line for one line. None is a line that was too long."""
        self._number += 1
        if line is None:
            return bad_answer(f"the line is longer than {LINE_LIMIT >> 20} MiB")
        try:
            return self._answer(read_question(line))
        except BadLine as error:
            return bad_answer(str(error))
        except InspectionTimeout:
            return bad_answer("looking at the message took longer than its time limit")
        except Exception as error:  # noqa: BLE001 - its text may quote the message
            return bad_answer(f"{type(error).__name__} while looking at the message")

    def _answer(self, question: Question) -> bytes:
        inspection = self._inspector.inspect(
            self._scope(question), question.payload, question.opcode, time.monotonic_ns()
        )
        found = []
        for finding in inspection.findings:
            text = finding.view_text
            start = finding.start_char if text else finding.start
            end = finding.end_char if text else finding.end
            found.append((finding.rule.id, finding.detector, finding.path, start, end))
        return answer(question, inspection.action, inspection.output, found)

    def _scope(self, question: Question) -> Scope:
        name = question.connection
        if name is None:
            facts_alone = connection_facts(question.facts)
            return self._inspector.scope(facts_alone, question.direction, f"line {self._number}")
        facts = {**self._facts.get(name, {}), **question.facts}
        self._facts[name] = facts
        self._facts.move_to_end(name)
        connection = (name, tuple(sorted(facts.items())))
        key = (connection, question.direction)
        scope = self._scopes.get(key)
        if scope is None:
            scope = self._inspector.scope(
                connection_facts(facts), question.direction, repr(connection)
            )
            self._scopes[key] = scope
        self._scopes.move_to_end(key)
        if len(self._facts) > self._connections_max:
            self._facts.popitem(last=False)
        if len(self._scopes) > 2 * self._connections_max:
            self._scopes.popitem(last=False)
        return scope
