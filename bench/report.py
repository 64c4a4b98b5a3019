"""From rounds to a table: medians, ratios within each round, targets.

Owns: the targets and what they mean. Must not know: how anything is run.
A ratio is taken round by round and the median of those is shown: a machine that slows down
slows both sides of a round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Final

from bench.scenarios import SCENARIOS, Figures, Scenario

Round = dict[str, Figures]
"""One round of a scenario: each contender's figures; who failed is absent."""


@dataclass(slots=True)
class Result:
    """All rounds of one scenario."""

    scenario: Scenario
    rounds: list[Round] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Failed or invalid runs, in words."""

    def median(self, contender: str, metric: str = "") -> float | None:
        """A contender's median over the rounds."""
        values = [each[contender].values[metric] for each in self.rounds if contender in each]
        return median(values) if values else None

    def cpu_us(self, contender: str) -> float | None:
        """Processor microseconds a message, the median over the rounds."""
        spent = [
            figures.cpu_s / figures.messages * 1e6
            for each in self.rounds
            if (figures := each.get(contender)) and figures.messages and figures.cpu_s
        ]
        return median(spent) if spent else None

    def ratio(self, other: str, metric: str = "", ours: str = "wsinspect") -> float | None:
        """How many times better wsinspect (or another of ``ours``) is than ``other``."""
        ratios = []
        for each in self.rounds:
            if ours in each and other in each:
                own, theirs = (each[name].values[metric] for name in (ours, other))
                better, worse = (theirs, own) if self.scenario.lower_is_better else (own, theirs)
                ratios.append(better / worse if worse else float("inf"))
        return median(ratios) if ratios else None

    def added_ratio(self, other: str) -> float | None:
        """What wsinspect adds over direct, in parts of what ``other`` adds."""
        ratios = []
        for each in self.rounds:
            if {"direct", "wsinspect", other} <= each.keys():
                base = each["direct"].values[""]
                added = each[other].values[""] - base
                ours = each["wsinspect"].values[""] - base
                ratios.append(ours / added if added > 0 else float("inf"))
        return median(ratios) if ratios else None


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must be reached: at least ``bound``, or at most."""

    scenario: str
    what: str
    figure: Callable[[Result], float | None]
    bound: float
    at_most: bool = False
    unit: str = "×"

    def met(self, value: float) -> bool:
        """Whether a measured value reaches the target."""
        return value <= self.bound if self.at_most else value >= self.bound


def _over(other: str, ours: str = "wsinspect") -> Callable[[Result], float | None]:
    return lambda result: result.ratio(other, ours=ours)


TARGETS: Final = (
    Target("pipelined-64", "over stock", _over("stock"), 120),
    Target("pipelined-1k", "over stock", _over("stock"), 60),
    Target("compressed-1k", "over stock", _over("stock"), 30),
    Target("ping-pong-16", "over stock", _over("stock"), 15),
    Target("ping-pong-16", "over mockttp", _over("mockttp"), 1),
    Target("ping-pong-16", "over haproxy's splice", _over("haproxy-tcp"), 0.7),
    Target(
        "latency-1",
        "added p50 over what haproxy's splice adds",
        lambda result: result.added_ratio("haproxy-tcp"),
        2,
        at_most=True,
    ),
    Target("wss-ping-pong-1", "over stock", _over("stock"), 3),
    Target("wss-ping-pong-16", "over stock", _over("stock"), 3),
    Target("big-message", "over stock", _over("stock"), 45),
    Target(
        "big-message",
        "first byte",
        lambda result: result.median("wsinspect", "first_byte_s"),
        0.1,
        at_most=True,
        unit=" s",
    ),
    Target("rules-64", "100 plain rules that log", _over("stock", "log-plain"), 100),
    Target("rules-1k", "100 plain rules that log", _over("stock", "log-plain"), 40),
    Target("rules-ping-pong-16", "100 plain rules that log", _over("stock", "log-plain"), 12),
    Target("rules-64", "100 rules, every view and stream", _over("stock", "log"), 30),
    Target("rules-1k", "100 rules, every view and stream", _over("stock", "log"), 15),
    Target("rules-ping-pong-16", "100 rules, every view and stream", _over("stock", "log"), 10),
    Target("memory", "grown", lambda result: result.median("wsinspect"), 10, True, " MiB"),
    Target(
        "stopped-receiver", "grown", lambda result: result.median("wsinspect"), 32, True, " MiB"
    ),
    Target(
        "stopped-receiver",
        "taken before the sender blocks",
        lambda result: result.median("wsinspect", "taken_mib"),
        64,
        at_most=True,
        unit=" MiB",
    ),
)


def table(results: dict[str, Result]) -> list[str]:
    """Every contender's median, with wsinspect's ratio to it and the processor time."""
    lines = [f"{'scenario':<18}{'contender':<14}{'median':>14}  {'unit':<15}{'ours':>8}{'cpu':>12}"]
    for result in results.values():
        for contender in result.scenario.contenders:
            value = result.median(contender)
            if value is None:
                continue
            ratio = None if contender == "wsinspect" else result.ratio(contender)
            cpu = result.cpu_us(contender)
            lines.append(
                f"{result.scenario.name:<18}{contender:<14}{_number(value):>14}  "
                f"{result.scenario.unit:<15}{'' if ratio is None else f'{_number(ratio)}×':>8}"
                f"{'' if cpu is None else f'{_number(cpu)} µs':>12}"
            )
    lines.append("ours: how many times better wsinspect is; cpu: the proxy's own, a message")
    return lines


def verdicts(results: dict[str, Result]) -> tuple[list[str], bool]:
    """A line a target, and whether all that could be measured are met."""
    lines = [f"{'scenario':<18}{'target':<44}{'wanted':>10}{'measured':>12}  met?"]
    good = True
    for target in TARGETS:
        result = results.get(target.scenario)
        value = target.figure(result) if result else None
        if result is None:
            continue
        wanted = f"{'≤' if target.at_most else '≥'} {target.bound:g}{target.unit}"
        met = value is not None and target.met(value) and not result.problems
        good &= met
        measured = "none" if value is None else f"{_number(value)}{target.unit}"
        said = "yes" if met else "no (invalid)" if result.problems else "no"
        lines.append(f"{target.scenario:<18}{target.what:<44}{wanted:>10}{measured:>12}  {said}")
    return lines, good


def as_json(results: dict[str, Result]) -> dict[str, object]:
    """All that was measured, for ``--json``."""
    return {
        name: {
            "unit": result.scenario.unit,
            "problems": result.problems,
            "rounds": [
                {contender: asdict(figures) for contender, figures in each.items()}
                for each in result.rounds
            ],
        }
        for name, result in results.items()
    }


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def known_names() -> tuple[str, ...]:
    """The scenarios' names."""
    return tuple(scenario.name for scenario in SCENARIOS)
