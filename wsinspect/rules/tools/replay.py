"""``wsinspect rules replay``: what these rules would have done to a capture, by rule.

Owns: the counting and its two forms, words and JSON. Must not know: kinds of captures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec

from wsinspect.rules.finding import Finding, Inspection
from wsinspect.rules.inspector import InspectionTimeout, Inspector
from wsinspect.rules.language.ast import Rule
from wsinspect.rules.plan import Scope
from wsinspect.rules.ruleset import RuleSet, load_rules
from wsinspect.rules.tools.capture import (
    CaptureBroken,
    CapturedMessage,
    FlowReader,
    read_capture,
)
from wsinspect.rules.tools.describe import does_in_words
from wsinspect.rules.tools.loading import BROKEN, GOOD, Loader, load
from wsinspect.rules.tools.show import count, cut, printable, table

__all__ = ["Replay", "run_replay"]

CONNECTIONS_MAX: Final = 65_536  # whose streams are kept at a time
_DETECTORS_SHOWN: Final = 3


@dataclass(slots=True)
class RuleTally:
    """What one rule did. ``first`` is the first finding and the message it was in."""

    rule: Rule
    findings: int = 0
    messages: int = 0
    connections: set[Hashable] = field(default_factory=set)
    detectors: Counter[str] = field(default_factory=Counter)
    dispositions: Counter[str] = field(default_factory=Counter)
    first: tuple[CapturedMessage, Finding] | None = None

    def add(self, message: CapturedMessage, findings: Sequence[Finding]) -> None:
        self.messages += 1
        self.connections.add(message.connection)
        self.findings += len(findings)
        for finding in findings:
            self.detectors[finding.detector] += 1
            self.dispositions[finding.disposition] += 1
        if self.first is None:
            self.first = message, findings[0]


class Replay:
    """All messages of a capture through one set of rules."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._inspector = Inspector(ruleset)
        self._scopes: dict[tuple[Hashable, str], Scope] = {}
        self.tallies = {each.rule.id: RuleTally(each.rule) for each in ruleset.rules}
        self.actions: Counter[str] = Counter()
        self.connections: set[Hashable] = set()
        self.messages = 0
        self.without_payload = 0
        self.cut = 0
        self.masked = 0
        self.unreadable: Counter[str] = Counter()

    def add(self, message: CapturedMessage) -> None:
        self.messages += 1
        self.connections.add(message.connection)
        if message.payload is None:
            self.without_payload += 1
            return
        self.cut += not message.whole
        self.masked += message.masked
        try:
            inspection = self._inspector.inspect(
                self._scope(message), message.payload, message.opcode, message.timestamp_ns
            )
        except InspectionTimeout:
            self.unreadable["time"] += 1
            return
        self.actions[inspection.action] += 1
        if inspection.unreadable is not None:
            self.unreadable[inspection.unreadable] += 1
        self._count(message, inspection)

    def _count(self, message: CapturedMessage, inspection: Inspection) -> None:
        by_rule: dict[str, list[Finding]] = {}
        for finding in inspection.findings:
            by_rule.setdefault(finding.rule.id, []).append(finding)
        for name, findings in by_rule.items():
            if name not in self.tallies:  # what is no rule of the file's: a limit
                self.tallies[name] = RuleTally(findings[0].rule)
            self.tallies[name].add(message, findings)

    def _scope(self, message: CapturedMessage) -> Scope:
        key = (message.connection, message.direction)
        scope = self._scopes.pop(key, None)
        if scope is None:
            scope = self._inspector.scope(
                message.facts, message.direction, repr(message.connection)
            )
            if len(self._scopes) >= CONNECTIONS_MAX:
                del self._scopes[next(iter(self._scopes))]  # not heard of for longest
        self._scopes[key] = scope
        return scope

    @property
    def oddities(self) -> list[str]:
        """What makes this replay say less than the traffic would have, a line each."""
        lines = []
        if self.cut:
            lines.append(
                f"{count(self.cut, 'message')} only in part: what stands further in is not found"
                " – record with --payloads full"
            )
        if self.without_payload:
            lines.append(f"{count(self.without_payload, 'message')} without payload, not looked at")
        if self.masked:
            lines.append(
                f"{count(self.masked, 'message')} masked when recorded:"
                " what the rules of that time found is not found again"
            )
        for limit, number in self.unreadable.most_common():
            lines.append(f"{count(number, 'message')} not read to the end, by the limit of {limit}")
        return lines


def run_replay(
    capture: Path,
    paths: Sequence[Path],
    out: TextIO,
    err: TextIO,
    *,
    as_json: bool = False,
    flows: FlowReader | None = None,
    loader: Loader = load_rules,
) -> int:
    """0 replayed, whatever was found; 2 broken rules, or a capture that cannot be replayed."""
    ruleset = load(paths, err, loader)
    if ruleset is None:
        return BROKEN
    replay = Replay(ruleset)
    try:
        by_time = any(compiled.rule.threshold is not None for compiled in ruleset.rules)
        for message in read_capture(capture, lambda line: _tell(err, line), flows, by_time=by_time):
            replay.add(message)
    except CaptureBroken as error:
        _tell(err, str(error))
        return BROKEN
    except OSError as error:
        _tell(err, f"{error.filename}: {error.strerror}")
        return BROKEN
    if not replay.messages or replay.messages == replay.without_payload:
        what = "payloads" if replay.messages else "messages"
        _tell(err, f"{capture}: no {what} in it – record with --record messages --payloads full")
        return BROKEN
    for line in replay.oddities:
        _tell(err, line)
    out.write(_in_json(capture, replay) if as_json else _in_words(capture, replay))
    return GOOD


def _tell(err: TextIO, line: str) -> None:
    err.write(printable(line, 1000) + "\n")


def _in_words(capture: Path, replay: Replay) -> str:
    did = [f"{_PAST[action]} {number:,}" for action, number in replay.actions.most_common()]
    seen = f"{count(replay.messages, 'message')} on {count(len(replay.connections), 'connection')}"
    lines = [f"{capture}: {seen}; these rules would have {', '.join(did)}\n"]
    fired = [tally for tally in replay.tallies.values() if tally.messages]
    fired.sort(key=lambda tally: -tally.findings)
    if fired:
        head = ("rule", "does", "found", "messages", "connections", "what", "first")
        lines.append("\n" + table(head, [_row(tally) for tally in fired], right={2, 3, 4}))
    silent = [name for name, tally in replay.tallies.items() if not tally.messages]
    if silent:
        lines.append(f"\nnever matched: {' '.join(silent)}\n")
    return "".join(lines)


_PAST: Final = {"pass": "passed", "redact": "redacted", "block": "blocked", "close": "closed on"}


def _row(tally: RuleTally) -> tuple[str, ...]:
    what = [f"{name} {number:,}" for name, number in tally.detectors.most_common(_DETECTORS_SHOWN)]
    if len(tally.detectors) > _DETECTORS_SHOWN:
        what.append("…")
    return (
        tally.rule.id,
        does_in_words(tally.rule),
        f"{tally.findings:,}",
        f"{tally.messages:,}",
        f"{len(tally.connections):,}",
        cut(", ".join(what), 48),
        _first(tally),
    )


def _first(tally: RuleTally) -> str:
    if tally.first is None:
        return ""
    message, finding = tally.first
    place = printable(f"{message.facts.host}{message.facts.path.partition('?')[0]}", 40)
    path = "" if finding.path == "$" else f" {printable(finding.path, 40)}"
    return f"{_time(message)} {message.direction} {place}{path} {printable(finding.masked, 40)}"


def _time(message: CapturedMessage) -> str:
    moment = datetime.fromtimestamp(message.timestamp_ns / 1e9, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_json(capture: Path, replay: Replay) -> str:
    body = {
        "capture": str(capture),
        "connections": len(replay.connections),
        "messages": replay.messages,
        "without_payload": replay.without_payload,
        "cut": replay.cut,
        "masked": replay.masked,
        "actions": dict(replay.actions),
        "unreadable": dict(replay.unreadable),
        "rules": [_rule_json(tally) for tally in replay.tallies.values()],
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n"


def _rule_json(tally: RuleTally) -> dict[str, Any]:
    first = None
    if tally.first is not None:
        message, finding = tally.first
        first = {
            "timestamp": _time(message),
            "host": message.facts.host,
            "direction": message.direction,
            "detector": finding.detector,
            "path": finding.path,
            "masked": finding.masked,
            "fingerprint": finding.fingerprint,
        }
    return {
        "rule": tally.rule.id,
        "mode": tally.rule.mode,
        "do": [act.kind for act in tally.rule.acts],
        "findings": tally.findings,
        "messages": tally.messages,
        "connections": len(tally.connections),
        "detectors": dict(tally.detectors),
        "dispositions": dict(tally.dispositions),
        "first": first,
    }
