"""What differs between a case run direct and the same case run through a proxy.

Owns: the four comparisons, and the retries that tell chance from difference.
Must not know: how a case is run.

- *view*: Autobahn's report (verdict, close, what was received), direct against proxied;
- *frames*: what reached the endpoint under test, direct against proxied, masking keys aside;
- *ends*: how the connection ended on either side of the path, direct against proxied;
- *relay*: within the proxied run, what each side sent against what the other got, masking keys
  included, and both ends. It needs no second run, so nothing random excuses a difference.

``overtaking``, for a run with rules that hold messages: a control frame may overtake held
fragments, so data frames and control frames are compared in order each for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from tests.autobahn.run import Course, Observation
from tests.autobahn.tap import TappedConnection, TappedFrame, TappedStream

Kind = Literal["view", "frames", "ends", "relay"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

RETRIES: Final = 2
"""How often a differing case is run again, direct and proxied."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One case that is not the same; ``details`` say direct against proxied."""

    case_id: str
    kind: Kind
    details: tuple[str, ...]

    def __str__(self) -> str:
        return "\n    ".join((f"{self.case_id} {self.kind}:", *self.details))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of a set of cases."""

    direct: tuple[Observation, ...]
    proxied: tuple[Observation, ...]
    differences: tuple[Difference, ...]
    retried: tuple[str, ...]
    """Cases that differed at first and not when run again: too many are suspicious."""

    def of(self, kind: Kind) -> list[str]:
        """The differences of one kind, to be compared with an empty list."""
        return [str(difference) for difference in self.differences if difference.kind == kind]

    def summary(self) -> str:
        """One line."""
        counts = ", ".join(f"{kind} {len(self.of(kind))}" for kind in KINDS)
        again = f"; same only when run again: {', '.join(self.retried)}" if self.retried else ""
        return f"{len(self.direct)} cases: {tally(self.direct)}; differences: {counts}{again}"


def tally(observations: Iterable[Observation]) -> str:
    """How often each verdict was given."""
    counts: dict[str, int] = {}
    for observation in observations:
        verdict = observation.behavior or "no report"
        counts[verdict] = counts.get(verdict, 0) + 1
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))


async def compare(
    direct: Course, proxied: Course, case_ids: Iterable[str], *, overtaking: bool = False
) -> Comparison:
    """Run each case over both; a case that differs is run again, alone as always."""
    seen: list[tuple[Observation, Observation]] = []
    differences: list[Difference] = []
    retried: list[str] = []
    for case_id in case_ids:
        pair = await direct.run(case_id), await proxied.run(case_id)
        found = differences_of(*pair, overtaking=overtaking)
        for _ in range(RETRIES):
            # What the relay itself altered was altered, however often it goes well later.
            if not found or any(each.kind == "relay" for each in found):
                break
            pair = await direct.run(case_id), await proxied.run(case_id)
            found = differences_of(*pair, overtaking=overtaking)
            if not found:
                retried.append(case_id)
        seen.append(pair)
        differences += found
    direct_runs, proxied_runs = zip(*seen, strict=True)
    return Comparison(direct_runs, proxied_runs, tuple(differences), tuple(retried))


def differences_of(
    direct: Observation, proxied: Observation, *, overtaking: bool = False
) -> list[Difference]:
    """All that differs in one case, at most one difference a kind."""
    found: dict[Kind, list[str]] = {"view": _view(direct, proxied)}
    if direct.outer and direct.inner and proxied.outer and proxied.inner:
        found["frames"] = _frames(direct, proxied, overtaking=overtaking)
        found["ends"] = _ends(direct.inner.to_server, proxied.inner.to_server, "to_server") + _ends(
            direct.outer.to_client, proxied.outer.to_client, "to_client"
        )
        found["relay"] = _relay(proxied.outer, proxied.inner, overtaking=overtaking)
    else:
        found["relay"] = ["no connection reached the server"]
    return [
        Difference(direct.case_id, kind, tuple(details))
        for kind, details in found.items()
        if details
    ]


def _view(direct: Observation, proxied: Observation) -> list[str]:
    if not (direct.verdict and proxied.verdict):
        return [] if direct.verdict == proxied.verdict else ["no report from one of both"]
    return [
        f"{name}: {_short(value)} -> {_short(proxied.verdict[name])}"
        for name, value in direct.verdict.items()
        if value != proxied.verdict[name]
    ]


def _frames(direct: Observation, proxied: Observation, *, overtaking: bool) -> list[str]:
    first, second = direct.under_test(), proxied.under_test()
    if not (first and second):
        return []
    return _content(first, second, "frame", exact=False, overtaking=overtaking)


def _relay(outer: TappedConnection, inner: TappedConnection, *, overtaking: bool) -> list[str]:
    to_server, to_client = (
        _content(*streams, name, exact=True, overtaking=overtaking)
        for name, streams in (
            ("to_server", (outer.to_server, inner.to_server)),
            ("to_client", (inner.to_client, outer.to_client)),
        )
    )
    return (
        to_server
        + to_client
        + _ends(outer.to_server, inner.to_server, "to_server")
        + _ends(inner.to_client, outer.to_client, "to_client")
    )


def _ends(first: TappedStream, second: TappedStream, name: str) -> list[str]:
    return [] if first.end == second.end else [f"{name} end: {first.end} -> {second.end}"]


def _content(
    first: TappedStream, second: TappedStream, name: str, *, exact: bool, overtaking: bool
) -> list[str]:
    """Details of what differs between two streams; ``exact`` compares masking keys too."""
    details: list[str] = []
    if overtaking:
        for kind, control in ((f"{name} data", False), (f"{name} control", True)):
            one, other = (
                [frame for frame in stream.frames if (frame.opcode > 7) is control]
                for stream in (first, second)
            )
            details += _in_order(one, other, kind, exact=exact)
    else:
        details += _in_order(first.frames, second.frames, name, exact=exact)
    one_rest, other_rest = (
        stream.unfinished if exact else stream.unfinished_content() for stream in (first, second)
    )
    if one_rest != other_rest:
        details.append(f"{name} unfinished: {_short(one_rest)} -> {_short(other_rest)}")
    return details


def _in_order(
    first: Sequence[TappedFrame], second: Sequence[TappedFrame], name: str, *, exact: bool
) -> list[str]:
    details: list[str] = []
    for index in range(max(len(first), len(second))):
        one = first[index] if index < len(first) else None
        other = second[index] if index < len(second) else None
        if one is None or other is None or one.same_content() != other.same_content():
            details.append(f"{name} {index}: {one} -> {other}")
        elif exact and one.mask != other.mask:
            details.append(f"{name} {index}: mask {one.mask} -> {other.mask}")
        if details:
            break  # what follows is shifted: the counts below say how much is missing
    if len(first) != len(second):
        details.append(f"{name} count: {len(first)} -> {len(second)}")
    return details


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:50]}... ({len(text)} characters)"
