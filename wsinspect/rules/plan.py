"""The rules that concern one direction of one connection.

Owns: what follows from a rule set for the facts of a handshake: which patterns are wanted, which
views may matter, whether messages must be held. Plans are shared: many connections have the same
rules. Must not know: messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsinspect.rules.actions.throttle import Throttle
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.ruleset import CompiledRule, RuleSet
from wsinspect.rules.streams import Streams

__all__ = ["Plan", "Scope"]


class Plan:
    """See the module. ``empty``: no rule at all.

    ``streamed``: patterns that are also looked for over several messages; None: of no rule.
    """

    __slots__ = (
        "all_leaves",
        "by_pattern",
        "decode",
        "empty",
        "finders",
        "holds",
        "leaf_rules",
        "paths",
        "rules",
        "streamed",
        "wanted",
        "when_rules",
    )

    def __init__(self, ruleset: RuleSet, rules: Sequence[CompiledRule]) -> None:
        self.rules = tuple(rules)
        self.empty = not rules
        self.holds = any(one.holds for one in rules)
        self.when_rules = tuple(one for one in rules if one.rule.find is None)
        finding = [one for one in rules if one.rule.find is not None]
        self.finders = tuple(one.rule.find for one in rules if one.rule.find is not None)
        self.leaf_rules = tuple(one for one in finding if one.leaf_patterns)
        by_pattern: dict[int, list[CompiledRule]] = {}
        for one in finding:
            for pattern in one.patterns:
                by_pattern.setdefault(pattern, []).append(one)
        self.by_pattern = {pattern: tuple(ones) for pattern, ones in by_pattern.items()}
        self.wanted = frozenset(by_pattern)
        self.decode = frozenset[str]().union(*(one.rule.decode for one in finding))
        # A rule for certain leaves needs JSON to be read whatever it may decode besides.
        if any(one.rule.find is not None and one.rule.find.json for one in finding):
            self.decode |= {"json"}
        self.all_leaves = "json" in self.decode and bool(self.wanted & ruleset.anchored)
        streamed = frozenset[int]().union(*(one.patterns for one in finding if one.rule.streams))
        self.streamed = streamed or None
        self.paths = any(one.rule.streams and "json" in one.rule.decode for one in finding)


class Scope:
    """One direction of one connection under a plan; remembers what its streams need."""

    __slots__ = ("connection", "direction", "facts", "plan", "rate", "streams", "throttle")

    def __init__(self, plan: Plan, facts: ConnectionFacts, direction: str, connection: str) -> None:
        self.plan = plan
        self.facts = facts
        self.direction = direction
        self.connection = connection
        self.streams = None if plan.streamed is None else Streams()
        self.throttle: Throttle | None = None
        self.rate: float | None = None

    def slow_down(self, messages_per_second: float) -> None:
        """From now on at most so many, unless it is slower already."""
        if self.rate is None or messages_per_second < self.rate:
            self.rate = messages_per_second
            self.throttle = Throttle(messages_per_second)

    def key(self, per: str) -> str:
        """Whose findings a threshold counts."""
        if per == "client":
            return self.facts.client
        if per == "host":
            return self.facts.host
        return self.connection
