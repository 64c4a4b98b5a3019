"""One message, looked at as its reader will see it, under the rules of its connection.

Owns: the order of things – scan, views, matches, the rules\' own filters, thresholds, the verdict,
the new payload. Must not know: relays, sockets, logs, the command line.

Cost: a message in which the scan sees nothing is one call of the scanner, and one for its stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from wsinspect.rules.actions.decide import Wish, decide
from wsinspect.rules.actions.forms import Fingerprints
from wsinspect.rules.actions.windows import Windows
from wsinspect.rules.detect.pattern import Match
from wsinspect.rules.finding import BOMB, Finding, Inspection, Sighting
from wsinspect.rules.forming import change, mask_all
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.locating import Locator, make_finding
from wsinspect.rules.plan import Plan, Scope
from wsinspect.rules.ruleset import CHANGING, CompiledRule, RuleSet
from wsinspect.rules.sighting import in_leaves, passes_filters, without_given_way
from wsinspect.rules.streams import StreamHit
from wsinspect.rules.views.expand import expand
from wsinspect.rules.views.view import View

__all__ = ["HANDSHAKE", "InspectionTimeout", "Inspector"]

HANDSHAKE: Final = "handshake"  # in place of an opcode: every rule that finds looks at it

TIME_LIMIT_S: Final = 1.0  # a message: 64 MiB of plain text takes 0.2 s
_MOST_SHOWN: Final = 100  # findings of a rule with masked form and fingerprint: as many as alerts
_DATA: Final = ("text", "binary")
_TEXT: Final = ("text", "close", HANDSHAKE)


class InspectionTimeout(Exception):
    """Looking at a message took longer than its time limit."""


class Inspector:
    """Looks at messages under one rule set; thresholds and fingerprints outlive a reload."""

    def __init__(
        self,
        ruleset: RuleSet,
        *,
        fingerprints: Fingerprints | None = None,
        windows: Windows | None = None,
        time_limit_s: float = TIME_LIMIT_S,
        timer: Callable[[], float] = time.thread_time,  # a busy machine changes no verdict
    ) -> None:
        self.ruleset = ruleset
        self.fingerprints = fingerprints or Fingerprints()
        self.windows = windows or Windows()
        self.time_limit_s = time_limit_s
        self._timer = timer
        self._plans: dict[tuple[int, ...], Plan] = {}

    # --- at the handshake ---

    def scope(self, facts: ConnectionFacts, direction: str, connection: str = "") -> Scope:
        """The rules for one direction of a connection. ``connection`` is for thresholds."""
        chosen = [
            one
            for one in self.ruleset.rules
            if one.rule.when.direction in (None, direction) and one.in_scope(facts)
        ]
        return Scope(self.plan(chosen), facts, direction, connection)

    def plan(self, rules: Sequence[CompiledRule]) -> Plan:
        key = tuple(one.order for one in rules)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = Plan(self.ruleset, rules)
        return plan

    # --- a message ---

    def inspect(
        self, scope: Scope, payload: bytes, opcode: str, now_ns: int, *, stream: bool = True
    ) -> Inspection:
        """The verdict on one message, whole and decompressed.

        ``opcode`` is a frame\'s by RFC 6455\'s name. ``stream``: it is the next of its direction\'s
        stream; False where the stream is fed apart (``feed``).

        Raises:
            InspectionTimeout: it took too long. Nothing was decided.
        """
        if scope.plan.empty:
            return Inspection()
        hits: list[StreamHit] = []
        more: list[StreamHit] = []
        if stream and scope.streams is not None and opcode in _DATA:
            hits = self.feed(scope, [(opcode == "text", payload)])
            more = scope.streams.continued
        return self.judge(scope, payload, opcode, now_ns, hits, more)

    def feed(self, scope: Scope, messages: Sequence[tuple[bool, bytes]]) -> list[StreamHit]:
        """What several messages of a direction hold together; ``(is text, payload)`` in order."""
        assert scope.streams is not None
        plan = scope.plan
        return scope.streams.feed(messages, self.ruleset.bare, plan.streamed, paths=plan.paths)

    def judge(
        self,
        scope: Scope,
        payload: bytes,
        opcode: str,
        now_ns: int,
        hits: Sequence[StreamHit] = (),
        more: Sequence[StreamHit] = (),
    ) -> Inspection:
        """As :meth:`inspect`, with what the stream already showed to end in this message.

        ``more``: what only goes on a secret that was told of before.
        """
        inspection, locator = self.look(scope, payload, opcode, hits, len(payload), more)
        if inspection.sightings or inspection.unreadable:
            self.decide(scope, inspection, locator, now_ns)
        return inspection

    def look(
        self,
        scope: Scope,
        payload: bytes,
        opcode: str,
        hits: Sequence[StreamHit],
        size: int,
        more: Sequence[StreamHit] = (),
    ) -> tuple[Inspection, Locator]:
        """What the rules see in it; nothing is decided. ``size``: bytes of the whole message."""
        plan = scope.plan
        scanner = self.ruleset.scanner
        candidates: list[list[tuple[int, int]]] = []

        def signs(data: bytes) -> int:
            if len(candidates) and self._timer() > deadline:
                raise InspectionTimeout
            found, mask = scanner.scan(data)
            candidates.append(found)
            return mask

        deadline = self._timer() + self.time_limit_s
        expansion = expand(
            payload,
            text=opcode in _TEXT,
            decode=plan.decode,
            signs=signs,
            all_leaves=plan.all_leaves,
        )
        inspection = Inspection(expansion=expansion, unreadable=expansion.bomb)
        locator = Locator(expansion)
        sightings = inspection.sightings
        for view, found in zip(expansion.views, candidates, strict=True):
            if found:
                matches = scanner.confirm(view.data, found, plan.wanted)
                if matches.truncated:
                    inspection.unreadable = inspection.unreadable or "matches"
                for match in matches:
                    self._sight(plan, locator, view, match, size, opcode, sightings)
                if self._timer() > deadline:
                    raise InspectionTimeout
        for one in plan.leaf_rules:
            if self._concerns(one, opcode, size):
                sightings += in_leaves(one, expansion)
        for one in plan.when_rules:
            if self._concerns(one, opcode, size):
                root = expansion.views[0]
                sightings.append(Sighting(one, "when", root, 0, len(root.data), b""))
        sightings[:] = without_given_way(sightings)
        for some, told in ((hits, False), (more, True)):
            for hit in some:
                sightings += self._sight_stream(plan, locator, hit, size, opcode, told=told)
        if sightings:
            locator.keys.update(one.view for one in sightings if one.view is not None)
        return inspection, locator

    # --- what is seen ---

    def _sight(
        self,
        plan: Plan,
        locator: Locator,
        view: View,
        match: Match,
        size: int,
        opcode: str,
        sightings: list[Sighting],
    ) -> None:
        placed = None
        for one in plan.by_pattern.get(match.pattern, ()):
            if not self._concerns(one, opcode, size) or not passes_filters(
                one, view, match.start, match.end, match.match_start, match.match_end
            ):
                continue
            if placed is None:
                placed = locator.place(view, match.start, match.end)
            if not locator.allows(one, placed[0]) or not locator.is_new(one, match, placed):
                continue
            secret = view.data[match.start : match.end]
            detector = self.ruleset.table[match.pattern].id
            sightings.append(Sighting(one, detector, *placed, secret))

    def _sight_stream(
        self,
        plan: Plan,
        locator: Locator,
        hit: StreamHit,
        size: int,
        opcode: str,
        *,
        told: bool,
    ) -> Iterator[Sighting]:
        view = locator.view_at(hit.path)
        detector = self.ruleset.table[hit.match.pattern].id
        for one in plan.by_pattern.get(hit.match.pattern, ()):
            find = one.rule.find
            if not one.rule.streams or not self._concerns(one, opcode, size):
                continue
            if find is None or any(regex.search(hit.value) for regex in one.unless):
                continue
            if find.json is not None and not locator.allows(one, view):
                continue
            yield Sighting(one, detector, view, hit.start, hit.end, hit.value, hit.path, told=told)

    @staticmethod
    def _concerns(one: CompiledRule, opcode: str, size: int) -> bool:
        """Whether the rule looks at such messages; one with ``find``: at all that carry data."""
        when = one.rule.when
        if opcode == HANDSHAKE:
            return True
        if when.size is not None and size not in when.size:
            return False
        if when.opcode is not None:
            return opcode in when.opcode
        return one.rule.find is not None or opcode in _DATA

    # --- what becomes of it ---

    def decide(self, scope: Scope, inspection: Inspection, locator: Locator, now_ns: int) -> None:
        """Fill in the verdict."""
        by_rule: dict[int, list[Sighting]] = {}
        for sighting in inspection.sightings:
            by_rule.setdefault(sighting.rule.order, []).append(sighting)
        wishes: list[Wish] = []
        fired: list[tuple[CompiledRule, list[Finding]]] = []
        for order in sorted(by_rule):
            one = by_rule[order][0].rule
            own = [sighting for sighting in by_rule[order] if not sighting.told]
            if not own and one.rule.threshold is not None:
                continue
            # A threshold counts all of them.
            shown = own[:_MOST_SHOWN] if one.rule.threshold is None else own
            prints = [self.fingerprints.of(sighting.secret) for sighting in shown]
            if own and not self._reached(scope, one, prints, now_ns):
                continue
            findings = [
                make_finding(sighting, locator, print_)
                for sighting, print_ in zip_longest(own, prints[:_MOST_SHOWN])
            ]
            fired.append((one, findings))
            inspection.findings += findings
            if one.enforced:
                wishes += [
                    Wish(order, act.kind, act.code, act.reason, act.messages_per_second)
                    for act in one.rule.acts
                ]
        decision = decide(wishes)
        inspection.action = decision.action
        inspection.code, inspection.reason = decision.code, decision.reason
        inspection.throttle = decision.throttle
        if decision.throttle is not None:
            scope.slow_down(decision.throttle)
        if decision.action == "redact":
            assert inspection.expansion is not None
            orders = {one.order for one, _ in fired}
            inspection.output = change(inspection, orders, self.fingerprints.key)
            if inspection.output is None:  # it cannot be written anew, so it must not leave
                inspection.action = "block"
            elif inspection.output == inspection.expansion.root.data:  # an empty value
                inspection.action, inspection.output = "pass", None
        for one, findings in fired:
            _dispose(one, findings, inspection.action)
        if inspection.unreadable:
            self._unreadable(scope, inspection)
        inspection.findings.sort(key=lambda finding: (finding.path, finding.start))

    def note(self, inspection: Inspection, locator: Locator) -> None:
        """Every sighting is a finding, and nothing is done about it."""
        inspection.findings = [
            make_finding(sighting, locator, self.fingerprints.of(sighting.secret))
            for sighting in inspection.sightings
        ]

    def _reached(self, scope: Scope, one: CompiledRule, prints: Sequence[str], now_ns: int) -> bool:
        threshold = one.rule.threshold
        if threshold is None:
            return True
        return self.windows.add(
            one.rule.id,
            scope.key(threshold.per),
            prints,
            now_ns,
            count=threshold.count,
            unique=threshold.unique,
            seconds=threshold.seconds,
        )

    def _unreadable(self, scope: Scope, inspection: Inspection) -> None:
        """A limit was hit: that is a finding of its own, and the rules may say what follows."""
        assert inspection.expansion is not None
        size = len(inspection.expansion.views[0].data)
        limit = inspection.unreadable or ""
        says = {one.rule.on_error for one in scope.plan.rules}
        if "block" in says:
            inspection.block_on_error = True
        elif None not in says:
            inspection.block_on_error = False
        blocked = inspection.block_on_error and inspection.action in ("pass", "redact")
        if blocked:
            inspection.action, inspection.output = "block", None
        text = inspection.expansion.views[0].text
        inspection.findings.append(
            Finding(
                BOMB, limit, "$", 0, size, 0, size, text, size, "", "",
                "blocked" if blocked else "logged",
            )
        )  # fmt: skip

    def masked(self, inspection: Inspection) -> bytes | None:
        """What may be shown of the message: as it leaves, with all that was seen masked.

        None: it cannot be masked.
        """
        return mask_all(inspection, self.fingerprints.key)


def _dispose(one: CompiledRule, findings: Sequence[Finding], action: str) -> None:
    """What became of the message by each rule: the strictest of its own acts that was done."""
    kinds = {act.kind for act in one.rule.acts}
    for finding in findings:
        if not one.enforced:
            finding.disposition = "shadow"
        elif action == "close":
            finding.disposition = "closed"
        elif action == "block":
            finding.disposition = "blocked"
        elif action == "redact" and kinds & CHANGING:
            finding.disposition = "redacted"
        elif "throttle" in kinds:
            finding.disposition = "throttled"
