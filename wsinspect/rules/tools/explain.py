"""``wsinspect rules explain``: one message, and for each rule why it matched or did not.

Owns: asking the inspector again with less and less of a rule, until it matches: what had to go is
the reason. Must not know: how a verdict is reached. Nothing of the message is shown but masked
forms and the paths of its views.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import msgspec

from wsinspect.rules.finding import Finding, Inspection
from wsinspect.rules.inspector import InspectionTimeout, Inspector
from wsinspect.rules.language.ast import Rule, When
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.ruleset import CompiledRule, RuleSet, load_rules
from wsinspect.rules.tools.describe import does_in_words, threshold_in_words
from wsinspect.rules.tools.example import TEXT_TESTS, accepts
from wsinspect.rules.tools.lines import connection_facts
from wsinspect.rules.tools.loading import BROKEN, GOOD, Loader, load
from wsinspect.rules.tools.reasons import why_nothing
from wsinspect.rules.tools.show import count, printable, table

__all__ = ["Asked", "Explanation", "explain", "run_explain"]

_FINDINGS_SHOWN = 3
_VIEWS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """The message and what is known of its connection."""

    payload: bytes = dataclasses.field(repr=False)
    opcode: str
    direction: Literal["to_server", "to_client"]
    facts: ConnectionFacts


@dataclass(frozen=True, slots=True)
class Explanation:
    rule: str
    matched: bool
    why: str


def run_explain(
    paths: Sequence[Path],
    payload: bytes,
    out: TextIO,
    err: TextIO,
    *,
    opcode: str = "text",
    direction: Literal["to_server", "to_client"] = "to_server",
    said: Mapping[str, str] | None = None,
    as_json: bool = False,
    loader: Loader = load_rules,
) -> int:
    """``said`` of the connection: host, path, subprotocol, origin, client. 0, or 2 broken files."""
    ruleset = load(paths, err, loader)
    if ruleset is None:
        return BROKEN
    asked = Asked(payload, opcode, direction, connection_facts(said or {}))
    inspection = _inspect(ruleset, asked)
    explained = [explain(ruleset, compiled, asked) for compiled in ruleset.rules]
    if as_json:
        body = {
            "action": inspection.action,
            "views": _views(inspection),
            "rules": [dataclasses.asdict(each) for each in explained],
        }
        out.write(msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n")
        return GOOD
    rows = [(each.rule, "yes" if each.matched else "no", each.why) for each in explained]
    out.write(table(("rule", "matched", "why"), rows))
    if len(views := _views(inspection)) > 1:
        more = f" and {len(views) - _VIEWS_SHOWN} more" if len(views) > _VIEWS_SHOWN else ""
        out.write(f"looked at: {'  '.join(map(printable, views[:_VIEWS_SHOWN]))}{more}\n")
    out.write(f"verdict: {_verdict(inspection)}\n")
    return GOOD


def _verdict(inspection: Inspection) -> str:
    words: str = inspection.action
    if inspection.action == "close":
        words += f" {inspection.code}"
    if inspection.unreadable is not None:
        words += f"; not all of it could be read: {inspection.unreadable}"
    return words


def _views(inspection: Inspection) -> list[str]:
    if inspection.expansion is None:
        return ["$"]
    hit = [seen.view for seen in inspection.sightings if seen.view is not None]
    return [view.path_with(hit) for view in inspection.expansion.views]


def _inspect(ruleset: RuleSet, asked: Asked) -> Inspection:
    """By a new inspector: nothing is remembered."""
    inspector = Inspector(ruleset)
    scope = inspector.scope(asked.facts, asked.direction)
    try:
        return inspector.inspect(scope, asked.payload, asked.opcode, 0)
    except InspectionTimeout:
        return Inspection(unreadable="time")


def explain(ruleset: RuleSet, compiled: CompiledRule, asked: Asked) -> Explanation:
    """Why this rule, alone, matched or did not."""
    rule = compiled.rule
    outside = _outside(rule.when, asked)
    if rule.find is None:
        return Explanation(rule.id, outside is None, outside or f"{does_in_words(rule)}: any such")
    matched, why = _content(ruleset, compiled, asked)
    if outside is not None:
        return Explanation(rule.id, False, f"{outside}; but for that: {why}")
    return Explanation(rule.id, matched, f"{does_in_words(rule)}: {why}" if matched else why)


def _outside(when: When, asked: Asked) -> str | None:
    """What of ``when`` does not hold, first of all."""
    if when.direction not in (None, asked.direction):
        return f"the direction is {asked.direction}"
    for name in TEXT_TESTS:
        limit = getattr(when, name)
        value: str = getattr(asked.facts, name)
        if limit is not None and not accepts(name, limit, value):
            shown = printable(value.partition("?")[0], 60) or "not given"
            return f"the {name} is {shown}"
    if when.flow is not None and not asked.facts.flow_matches(when.flow):
        return "its flow filter needs a flow"
    if asked.opcode not in (when.opcode or ("text", "binary")):
        return f"the opcode is {asked.opcode}"
    if when.size is not None and len(asked.payload) not in when.size:
        return f"the size is {count(len(asked.payload), 'byte')}"
    return None


def _content(ruleset: RuleSet, compiled: CompiledRule, asked: Asked) -> tuple[bool, str]:
    """Whatever its scope: whether the rule matches, and where, or what it lacks."""
    rule = dataclasses.replace(compiled.rule, when=When(), mode="enforce")
    anywhere = dataclasses.replace(compiled, rule=rule, in_scope=lambda _: True)
    inspection = _alone(ruleset, anywhere, asked)
    if inspection.findings:
        return True, _places(inspection.findings)
    for without, reason in _WEAKER:
        weaker = without(anywhere)
        if weaker is not None:
            found = _alone(ruleset, weaker, asked).findings
            if found:
                return False, f"{_places(found)}, but {reason(rule)}"
            anywhere = weaker
    return False, _nothing(ruleset, compiled, inspection, rule)


def _alone(ruleset: RuleSet, compiled: CompiledRule, asked: Asked) -> Inspection:
    return _inspect(dataclasses.replace(ruleset, rules=(compiled,)), asked)


def _without_threshold(compiled: CompiledRule) -> CompiledRule | None:
    if compiled.rule.threshold is None:
        return None
    return dataclasses.replace(compiled, rule=dataclasses.replace(compiled.rule, threshold=None))


def _without_unless(compiled: CompiledRule) -> CompiledRule | None:
    return dataclasses.replace(compiled, unless=()) if compiled.unless else None


def _without_near(compiled: CompiledRule) -> CompiledRule | None:
    return None if compiled.near is None else dataclasses.replace(compiled, near=None)


def _near_words(rule: Rule) -> str:
    within = 0 if rule.find is None else rule.find.within
    return f"none of its near words stands within {count(within, 'character')}"


_WEAKER = (
    (_without_threshold, lambda rule: f"it acts {threshold_in_words(rule)}"),
    (_without_unless, lambda _: "its unless lets that pass"),
    (_without_near, _near_words),
)


def _places(findings: Sequence[Finding]) -> str:
    shown = [
        f"{found.detector} {printable(found.masked)} at {found.start_char}–{found.end_char}"
        f" of {printable(found.path)}"
        for found in findings[:_FINDINGS_SHOWN]
    ]
    more = len(findings) - _FINDINGS_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _nothing(ruleset: RuleSet, compiled: CompiledRule, inspection: Inspection, rule: Rule) -> str:
    expansion = inspection.expansion
    views = [] if expansion is None else expansion.views
    path = None if rule.find is None else rule.find.json
    if path is not None and expansion is not None:
        views = [leaf for view in expansion.views for leaf in expansion.leaves(view, path)]
        if not views:
            return f"there is nothing at {printable(path)}"
        if compiled.leaf_patterns and not compiled.patterns:
            return f"what is at {printable(path)} does not match"
    patterns = [ruleset.table[place] for place in sorted(compiled.patterns)]
    return why_nothing(patterns, ((view.path, view.data) for view in views))
