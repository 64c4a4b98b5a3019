"""The suites: which corpus is shown to which rules, and what it must reach.

Owns: rule files, targets, sizes. Must not know: how anything is generated or scanned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.dlp import benign, envelopes, evasions, fragments, hiding, numbers, packs, speed, streams
from bench.dlp.cases import Case, Line, Split, rng
from bench.dlp.scan import answered
from bench.dlp.tally import NONE, Figure, Goal, Outcome, Row, by_group, count, outcomes
from wsinspect.rules.detect.builtin import BUILTIN

__all__ = ["FULL", "QUICK", "SUITES", "Result", "Sizes", "detector_rules", "pack_rules"]

RECALL: Final = Goal(least=0.99)
PACK_RECALL: Final = Goal(least=0.995)
EVASION_RECALL: Final = Goal(least=0.80)
EVASION_FALSE: Final = Goal(most=0.07)
TWINS_FALSE: Final = Goal(most=0.01)
SILENCE: Final = Goal(most=0.0)

P50_US: Final = 100.0
P99_US: Final = 1000.0
WORST_RATIO: Final = 20.0
WORST_MIB: Final = 128.0
"""Where "bounded" ends: the views' own limit on output, a few times over."""

STRONG: Final = tuple(evasions.TYPES)
STREAM: Final = 50
"""Messages on one connection of benign traffic."""

TALKATIVE: Final = frozenset({"email", "ip-address", "mac-address", "phone"})
"""What they find is no accident even in traffic that nobody minds."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Cases a rule, a kind, a technique; and messages of benign traffic."""

    plain: int
    enveloped: int
    streamed: int
    numbers: int
    evasions: int
    false: int
    benign: int
    timed: int


FULL: Final = Sizes(
    plain=10, enveloped=4, streamed=3, numbers=250, evasions=2, false=100, benign=2400, timed=20_000
)
QUICK: Final = Sizes(
    plain=1, enveloped=1, streamed=1, numbers=10, evasions=1, false=5, benign=300, timed=500
)


@dataclass(slots=True)
class Result:
    """Rows, the outcomes behind them, and what there is to remark."""

    rows: list[Row] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run was asked for."""

    split: Split
    sizes: Sizes
    seed: int | None = None

    def rng(self, name: str) -> random.Random:
        return rng(self.split, name, seed=self.seed)


Suite = Callable[[Setting], Result]


def pack_rules() -> str:
    """The whole gitleaks pack, logging; decoding and streams are on by default."""
    return (
        f"version: 1\npacks: {{gitleaks: {packs.PACK}}}\n"
        "rules:\n  - {id: pack, find: {pack: gitleaks}, do: log}\n"
    )


def detector_rules(names: Iterable[str], *, secrets: bool = False) -> str:
    """A rule for each detector."""
    lines = [f"  - {{id: find-{name}, find: {{detector: {name}}}, do: log}}" for name in names]
    if secrets:
        lines.append("  - {id: find-secrets, find: {pack: secrets}, do: log}")
    return "\n".join(["version: 1", "rules:", *lines, ""])


def _ask(rules: str, cases: Sequence[Case]) -> list[Outcome]:
    return outcomes(cases, answered(rules, cases))


def pack(setting: Setting) -> Result:
    """Every rule of the pack on texts in which it must find something."""
    cases, without = packs.positives(setting.split, setting.sizes.plain, seed=setting.seed)
    results = _ask(pack_rules(), cases)
    rows = [count("gitleaks pack", "same rule", results, goal=PACK_RECALL)]
    remarks = [f"no positive was drawn for {', '.join(without)}"] if without else []
    return Result(rows, results, remarks)


def wrapped(setting: Setting) -> Result:
    """The same in envelopes."""
    cases, _ = packs.positives(setting.split, setting.sizes.enveloped, seed=setting.seed)
    results, rows = [], []
    for name, table, goal in (
        ("envelopes", envelopes.TARGETED, RECALL),
        ("further envelopes", envelopes.FURTHER, NONE),
    ):
        own = _ask(pack_rules(), envelopes.wrapped(cases, table, setting.rng(name)))
        rows += by_group(name, own, goal=goal)
        results += own
    return Result(rows, results)


def streamed(setting: Setting) -> Result:
    """The same over several messages."""
    referee = packs.Referee()
    cases, _ = packs.positives(setting.split, setting.sizes.streamed, seed=setting.seed)
    split = _ask(pack_rules(), streams.split_cases(cases, setting.rng("splits")))
    deltas = _ask(pack_rules(), streams.delta_cases(cases, referee.finds, setting.rng("deltas")))
    rows = by_group("split over messages", split, goal=RECALL)
    return Result([*rows, *by_group("JSON deltas", deltas, goal=RECALL)], [*split, *deltas])


def fragmented(setting: Setting) -> Result:
    """The same in the fragments of one message, through the running proxy."""
    cases, _ = packs.positives(setting.split, setting.sizes.streamed, seed=setting.seed)
    asked = fragments.fragment_cases(cases)
    rules = pack_rules().replace("do: log", "do: alert")
    answers = fragments.through_the_proxy(rules, asked, setting.rng("fragments"))
    results = outcomes(asked, answers)
    return Result(by_group("split over fragments", results, goal=RECALL), results)


def with_check_digits(setting: Setting) -> Result:
    """Valid numbers and their twins, each detector alone and all together."""
    known = tuple(kind.detector for kind in numbers.KINDS if kind.detector in BUILTIN)
    cases = numbers.cases(setting.split, setting.sizes.numbers, known, seed=setting.seed)
    results = _ask(detector_rules(known), cases)
    rows: list[Row] = []
    for title, positive, goal in (
        ("valid numbers", True, RECALL),
        ("near-miss twins", False, TWINS_FALSE),
    ):
        own = [each for each in results if each.case.positive == positive]
        named = [each for each in own if ", named" in each.case.group]
        alone = [each for each in own if ", alone" in each.case.group]
        strong = [each for each in alone if each.case.detector in _ALONE]
        rows += [
            count(title, "with a word beside them", named, goal=goal),
            count(title, "alone, cards and the like", strong, goal=goal),
            count(title, "alone, all kinds", alone),
            count(title, "any detector", own, any_detector=True),
            *by_group(f"{title}, by kind", own, _kind_and_place),
        ]
    absent = [kind.detector for kind in numbers.KINDS if kind.detector not in known]
    return Result(rows, results, [f"no detector named {', '.join(absent)}"] if absent else [])


_ALONE: Final = frozenset(kind.detector for kind in numbers.KINDS if kind.alone)


def _kind_and_place(case: Case) -> str:
    return case.group


def hidden(setting: Setting) -> Result:
    """Strong types by every technique, and what must not be taken for them."""
    suite, sizes = "evasion techniques", setting.sizes
    rules = detector_rules(STRONG)
    found = _ask(rules, evasions.cases(setting.split, sizes.evasions, seed=setting.seed))
    fair = [each for each in found if _technique(each.case) not in hiding.LOSSY]
    named = [each for each in found if each.case.group.endswith("named")]
    alone = [each for each in found if each.case.group.endswith("alone")]
    rows = [
        count(suite, "the value's own detector", found, goal=EVASION_RECALL),
        count(suite, "any detector", found, any_detector=True),
        count(suite, "with a word before", named),
        count(suite, "alone", alone),
        count(suite, "without what cannot be undone", fair),
        *by_group("evasion techniques, by family", found, _family),
        *by_group("evasion techniques, by type", found, lambda case: case.detector),
    ]
    false = _ask(rules, evasions.false_cases(setting.split, sizes.false, seed=setting.seed))
    twins = _ask(rules, evasions.hidden_twins(setting.split, 1, seed=setting.seed))
    rows += [
        count("false positives", "near misses", false, any_detector=True, goal=EVASION_FALSE),
        *(
            Row("false positives", f"  {row.name}", row.cases, row.hits)
            for row in _any_by_group(false)
        ),
        count("false positives", "hidden near misses", twins),
    ]
    return Result(rows, [*found, *false, *twins])


def _any_by_group(results: Sequence[Outcome]) -> list[Row]:
    names = dict.fromkeys(each.case.group for each in results)
    return [
        count("", name, (each for each in results if each.case.group == name), any_detector=True)
        for name in names
    ]


def _technique(case: Case) -> str:
    return case.group.partition(",")[0]


def _family(case: Case) -> str:
    return _technique(case).partition("/")[0]


def quiet(setting: Setting) -> Result:
    """Traffic in which there is nothing, message by message and as streams."""
    cases = benign.cases(setting.split, setting.sizes.benign, seed=setting.seed)
    names = [name for name in BUILTIN if name not in TALKATIVE]
    alone = detector_rules(names)
    strict = detector_rules(["credit-card", "iban"], secrets=True)
    everything = detector_rules(sorted(BUILTIN), secrets=True)
    result = Result()
    for name, rules, shown, goal in (
        ("gitleaks pack", pack_rules(), cases, SILENCE),
        ("gitleaks pack, as streams", pack_rules(), _as_streams(cases), SILENCE),
        ("cards, IBANs and the pack of secrets", strict, cases, SILENCE),
        ("detectors but for addresses", alone, cases, NONE),
        ("detectors but for addresses, as streams", alone, _as_streams(cases), NONE),
        ("everything that is built in", everything, cases, NONE),
    ):
        results = _ask(rules, shown)
        result.rows.append(count("benign traffic", name, results, any_detector=True, goal=goal))
        wrong = [each for each in results if each.any]
        result.remarks += [
            f"benign, {name}: {', '.join(each.detectors)} in {each.case.group}: "
            f"{ascii(each.case.lines[0].payload)[:160]}"
            for each in wrong[:8]
            if setting.split == "train"
        ]
    return result


def _as_streams(cases: Sequence[Case]) -> list[Case]:
    """The same messages, one after the other, some dozens on a connection."""
    return [
        Case(case.group, (Line(line.payload, f"s{index // STREAM}"),), "", positive=False)
        for index, case in enumerate(cases)
        for line in case.lines
    ]


def fast(setting: Setting) -> Result:
    """An ordinary message."""
    measured = speed.latency(setting.sizes.timed)
    title = "1 KiB of chat JSON, gitleaks pack and all detectors"
    heard = f"{measured.findings} findings"
    return Result(
        figures=[
            Figure(title, "p50", measured.p50_us, "µs", P50_US, heard),
            Figure(title, "p99", measured.p99_us, "µs", P99_US),
        ]
    )


def bounded(_: Setting) -> Result:
    """The worst messages, each against benign text of its size."""
    title = "worst messages"
    made = []
    for cost in speed.worst():
        told = f"{cost.seconds * 1e3:.1f} ms, {cost.size} bytes, {cost.grown_bytes >> 20} MiB more"
        made += [
            Figure(title, cost.name, cost.ratio, "×", WORST_RATIO, told),
            Figure(title, "  memory", cost.grown_bytes / 2**20, "MiB", WORST_MIB),
        ]
    return Result(figures=made)


SUITES: Final[dict[str, Suite]] = {
    "pack": pack,
    "envelopes": wrapped,
    "streams": streamed,
    "fragments": fragmented,
    "numbers": with_check_digits,
    "evasions": hidden,
    "benign": quiet,
    "speed": fast,
    "worst": bounded,
}
