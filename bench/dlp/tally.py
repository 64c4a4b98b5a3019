"""From answers to rows: what was found, what was missed, what should not have been found.

Owns: how cases are counted, targets, the table. Must not know: how corpora are made or asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.dlp.cases import Case
from bench.dlp.scan import Answer

__all__ = [
    "NONE",
    "Figure",
    "Goal",
    "Outcome",
    "Row",
    "by_group",
    "count",
    "figures",
    "misses",
    "outcomes",
    "table",
]

SHOWN: Final = 100
"""Characters of a missed message that are shown."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case and what became of it. ``hit``: its own detector spoke; ``any``: one did."""

    case: Case
    hit: bool
    any: bool
    detectors: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Goal:
    """The share aimed at: at least, at most, or none."""

    least: float | None = None
    most: float | None = None


NONE: Final = Goal()


@dataclass(frozen=True, slots=True)
class Row:
    """``hits`` of ``cases``."""

    suite: str
    name: str
    cases: int
    hits: int
    goal: Goal = NONE

    @property
    def share(self) -> float:
        return self.hits / self.cases if self.cases else 0.0

    @property
    def good(self) -> bool:
        """Whether the target is met; a row without cases never meets one."""
        if self.goal == NONE:
            return True
        least, most = self.goal.least, self.goal.most
        enough = least is None or self.share >= least
        return self.cases > 0 and enough and (most is None or self.share <= most)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share, "good": self.good}


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured; ``most`` is the limit aimed at."""

    suite: str
    name: str
    value: float
    unit: str
    most: float | None = None
    remark: str = ""

    @property
    def good(self) -> bool:
        return self.most is None or self.value <= self.most

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"good": self.good}


def outcomes(cases: Sequence[Case], answers: Sequence[Sequence[Answer]]) -> list[Outcome]:
    """What became of every case."""
    made = []
    for case, own in zip(cases, answers, strict=True):
        spoke = {detector for answer in own for detector in answer.detectors}
        error = next((answer.error for answer in own if answer.error), "")
        made.append(Outcome(case, case.detector in spoke, bool(spoke), tuple(sorted(spoke)), error))
    return made


def count(
    suite: str,
    name: str,
    results: Iterable[Outcome],
    *,
    any_detector: bool = False,
    goal: Goal = NONE,
) -> Row:
    """One row for all of them."""
    own = list(results)
    hits = sum(each.any if any_detector else each.hit for each in own)
    return Row(suite, name, len(own), hits, goal)


def by_group(
    suite: str,
    results: Iterable[Outcome],
    key: Callable[[Case], str] = lambda case: case.group,
    *,
    goal: Goal = NONE,
) -> list[Row]:
    """A row for each group, in order of appearance."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for each in results:
        groups[key(each.case)].append(each)
    return [count(suite, name, own, goal=goal) for name, own in groups.items()]


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as text."""
    lines, suite = [], ""
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        if row.suite != suite:
            suite = row.suite
            lines += ["", suite]
        goal = ""
        if row.goal.least is not None:
            goal = f"at least {row.goal.least:.1%}"
        elif row.goal.most is not None:
            goal = f"at most {row.goal.most:.1%}"
        verdict = ("  good" if row.good else "  MISSED") if goal else ""
        lines.append(
            f"  {row.name:<{width}}  {row.hits:>6} of {row.cases:>6}  {row.share:>7.2%}"
            f"  {goal:<15}{verdict}".rstrip()
        )
    return lines


def figures(values: Sequence[Figure]) -> list[str]:
    """The measurements as text."""
    lines = []
    width = max((len(each.name) for each in values), default=0)
    for each in values:
        goal = f"at most {each.most:g}" if each.most is not None else ""
        verdict = ("  good" if each.good else "  MISSED") if goal else ""
        number = f"{each.value:>9.1f} {each.unit:<4}"
        line = f"  {each.name:<{width}}  {number}  {goal:<12}{verdict}"
        lines.append(f"{line}  {each.remark}".rstrip())
    return lines


def misses(results: Iterable[Outcome], limit: int) -> list[str]:
    """The cases that went wrong, grouped, the largest groups first, one of each shown."""
    wrong = [each for each in results if each.hit != each.case.positive or each.error]
    groups = Counter((each.case.group, each.case.detector) for each in wrong)
    first = {(each.case.group, each.case.detector): each for each in reversed(wrong)}
    lines = []
    for key, number in groups.most_common(limit):
        case = first[key].case
        payload = ascii(case.lines[0].payload)
        shown = payload[:SHOWN] + ("…" if len(payload) > SHOWN else "")
        said = first[key].error or ", ".join(first[key].detectors) or "nothing"
        more = f" + {len(case.lines) - 1} messages" if len(case.lines) > 1 else ""
        lines.append(f"    {number:>4} × {key[0]} / {key[1]}: said {said}: {shown}{more}")
    if len(groups) > limit:
        lines.append(f"    … and {len(groups) - limit} groups more")
    return lines
