"""Rules in a relay without a proxy: what was told, and what a strict endpoint makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.relay.harness import Wire
from wsinspect.model.connection import Connection
from wsinspect.model.events import Alert
from wsinspect.relay.observation import DirectionName
from wsinspect.rules.finding import Finding
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.policy import Desk, Guard
from wsinspect.rules.ruleset import RuleSet, load_rules

CARD = "4111 1111 1111 1111"


_made: dict[tuple[str, ...], RuleSet] = {}  # a set never changes, and takes a second to compile


def rule_file(*rules: str, head: str = "") -> str:
    """Each rule is what follows its id, in YAML's short form: ``find: …, do: …``."""
    lines = [f"  - {{id: r{i}, {rule}}}" for i, rule in enumerate(rules)]
    return "\n".join(["version: 1", *([head] if head else []), "rules:", *lines, ""])


def ruleset(folder: Path, *rules: str) -> RuleSet:
    """Of such rules."""
    made = _made.get(rules)
    if made is None:
        path = folder / "rules.yaml"
        path.write_text(rule_file(*rules))
        made = _made[rules] = load_rules([path])
    return made


@dataclass
class Told:
    """Who is told."""

    alerts: list[Alert] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    pauses: list[tuple[str, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def alert(self, connection: Connection, now_ns: int, alert: Alert) -> None:
        self.alerts.append(alert)

    def findings(
        self, connection: Connection, direction: DirectionName, findings: Sequence[Finding]
    ) -> None:
        self.found += findings

    def slow(self, connection: Connection, direction: DirectionName, pause_s: float) -> None:
        self.pauses.append((direction, pause_s))

    def failed(self, connection: Connection, say: str) -> None:
        self.failures.append(say)

    @property
    def rules(self) -> list[tuple[str, str]]:
        """Rule and disposition of each alert."""
        return [(alert.rule, alert.disposition) for alert in self.alerts]


class Guarded:
    """A relay whose both directions have a guard; time stands still."""

    def __init__(
        self,
        rules: RuleSet,
        *,
        on_error: Any = "open",
        inspector: Inspector | None = None,
        hold_limit: int | None = None,
        tell: bool = True,
        facts: ConnectionFacts | None = None,
        **options: Any,
    ) -> None:
        self.told = Told()
        self.calls: list[Callable[[], None]] = []
        self.desk = Desk(
            inspector or Inspector(rules),
            self.told,
            on_error=on_error,
            clock=lambda: 10**18,
            later=lambda _, call: self.calls.append(call),
        )
        # The relay makes the connection; a guard needs it before.
        connection = Wire(None, deflate=options.get("deflate")).connection
        own = facts or ConnectionFacts(host="example.test", path="/chat")
        self.guards: tuple[Guard, Guard] = (
            self.desk.guard(connection, own, "to_server"),
            self.desk.guard(connection, own, "to_client"),
        )
        if hold_limit is not None:
            for guard in self.guards:
                guard.hold_limit = hold_limit
        up, down = self.guards
        self.wire = Wire(
            policies=(up.as_policy, down.as_policy),
            watches=(up.as_watch, down.as_watch),
            on_error=on_error,
            hold_limit=hold_limit or 1024 * 1024,
            **options,
        )
        for reader in (self.wire.connection.to_server, self.wire.connection.to_client):
            reader.tell_messages = tell

    def reload(self, rules: RuleSet) -> None:
        """As the proxy does it."""
        self.desk.batch.flush()
        self.desk.inspector = Inspector(rules)
        for guard in self.guards:
            guard.renew()
        for guard, name in zip(self.guards, ("to_server", "to_client"), strict=True):
            self.wire.direction(name).govern(guard.as_policy, guard.as_watch)

    def settle(self) -> Told:
        """The batch's time has come."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()
        return self.told
