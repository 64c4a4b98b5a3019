"""``wsinspect rules list``: what the files make of traffic, a line a rule.

Owns: the table and its ``--json`` form.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from wsinspect.rules.language.ast import Rule
from wsinspect.rules.ruleset import CompiledRule, load_rules
from wsinspect.rules.tools.describe import (
    acts_in_words,
    find_in_words,
    scope_in_words,
    threshold_in_words,
)
from wsinspect.rules.tools.loading import BROKEN, GOOD, Loader, load
from wsinspect.rules.tools.show import cut, printable, table

__all__ = ["run_list"]

_WIDTH = 44  # characters of the widest cells


def run_list(
    paths: Sequence[Path],
    out: TextIO,
    err: TextIO,
    *,
    as_json: bool = False,
    loader: Loader = load_rules,
) -> int:
    """0 good, 2 broken."""
    ruleset = load(paths, err, loader)
    if ruleset is None:
        return BROKEN
    if as_json:
        listed = msgspec.json.encode([_as_json(compiled) for compiled in ruleset.rules])
        out.write(msgspec.json.format(listed, indent=2).decode() + "\n")
        return GOOD
    rows = [_row(compiled.rule) for compiled in ruleset.rules]
    head = ("rule", "mode", "does", "when", "looks for", "tests")
    out.write(table(head, rows, right={5}))
    return GOOD


def _row(rule: Rule) -> tuple[str, ...]:
    found = find_in_words(rule.find)
    limit = threshold_in_words(rule)
    cells = (
        rule.id,
        rule.mode,
        acts_in_words(rule),
        scope_in_words(rule.when),
        f"{found}, {limit}" if limit else found,
    )
    return (*(cut(printable(cell), _WIDTH) for cell in cells), str(len(rule.tests)))


def _as_json(compiled: CompiledRule) -> dict[str, Any]:
    rule = compiled.rule
    return {
        "id": rule.id,
        "say": rule.say,
        "severity": rule.severity,
        "mode": rule.mode,
        "do": [act.kind for act in rule.acts],
        "does": acts_in_words(rule),
        "when": scope_in_words(rule.when),
        "looks_for": find_in_words(rule.find),
        "threshold": threshold_in_words(rule) or None,
        "detectors": list(compiled.detectors),
        "decode": sorted(rule.decode),
        "streams": rule.streams,
        "tests": len(rule.tests),
        "file": str(rule.place.file),
        "line": rule.place.line,
    }
