"""The rules\' own filters on what patterns found, and rules that look at certain leaves only.

Owns: ``unless``, ``near`` and ``json`` of a rule. Must not know: verdicts, thresholds.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Any

from wsinspect.rules.finding import Sighting
from wsinspect.rules.ruleset import CompiledRule
from wsinspect.rules.views.expansion import Expansion
from wsinspect.rules.views.view import MAPPED, CannotRewrite, Edit, View

__all__ = ["in_leaves", "passes_filters", "without_given_way"]

_MOST_IN_A_LEAF = 1000


def passes_filters(
    one: CompiledRule, view: View, start: int, end: int, match_start: int, match_end: int
) -> bool:
    """Whether a match is one for this rule, by its ``unless`` and ``near``."""
    if one.unless:
        secret = view.data[start:end]
        if any(regex.search(secret) for regex in one.unless):
            return False
    if one.near is None:
        return True
    assert one.rule.find is not None
    return _is_near(one.near, one.rule.find.within, view, match_start, match_end)


def _is_near(near: Any, within: int, view: View, start: int, end: int) -> bool:
    """A word within so many characters, in the view or round its place in the views above it."""
    while True:
        data = view.data
        before = data[max(0, start - 4 * within) : start].decode(errors="ignore")[-within:]
        after = data[end : end + 4 * within].decode(errors="ignore")[:within]
        if near.search(before.encode()) or near.search(after.encode()):
            return True
        if view.parent is None or view.origin is None:
            return False
        try:
            back = view.origin.back(view, [Edit(start, end, b"", MAPPED)])
        except CannotRewrite:
            return False
        if not back:
            return False
        view, start, end = view.parent, back[0].start, back[-1].end


def without_given_way(sightings: list[Sighting]) -> list[Sighting]:
    """Without finds of catch-all detectors that another of the same rule's holds."""
    if not any(sighting.detector in sighting.rule.gives_way for sighting in sightings):
        return sightings
    specific: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for sighting in sightings:
        if sighting.detector not in sighting.rule.gives_way:
            key = (sighting.rule.order, id(sighting.view))
            specific.setdefault(key, []).append((sighting.start, sighting.end))
    holders = {key: _Holders(spans) for key, spans in specific.items()}
    kept = []
    for sighting in sightings:
        if sighting.detector in sighting.rule.gives_way:
            held_by = holders.get((sighting.rule.order, id(sighting.view)))
            if held_by is not None and held_by.hold(sighting.start, sighting.end):
                continue
        kept.append(sighting)
    return kept


class _Holders:
    """Whether one of some spans holds another: there may be very many of both."""

    __slots__ = ("_reach", "_starts")

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        spans.sort()
        self._starts = [start for start, _ in spans]
        self._reach = list(accumulate((end for _, end in spans), max))  # of it and those before

    def hold(self, start: int, end: int) -> bool:
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and self._reach[at] >= end


def in_leaves(one: CompiledRule, expansion: Expansion) -> list[Sighting]:
    """What a rule with ``json`` sees by its own regexes, or by a leaf\'s being there."""
    find = one.rule.find
    assert find is not None
    assert find.json is not None
    seen: list[Sighting] = []
    done: set[int] = set()
    for view in list(expansion.views):
        for leaf in expansion.leaves(view, find.json):
            if id(leaf) in done:
                continue
            done.add(id(leaf))
            for detector, regex in one.leaf_patterns:
                for start, end, match_start, match_end in _spans(regex, leaf.data):
                    if passes_filters(one, leaf, start, end, match_start, match_end):
                        secret = leaf.data[start:end]
                        seen.append(Sighting(one, detector, leaf, start, end, secret))
                    if len(seen) >= _MOST_IN_A_LEAF:
                        return seen
    return seen


def _spans(regex: Any, data: bytes) -> list[tuple[int, int, int, int]]:
    """Of the secret – the first group that is not empty, or all of it – and of the match."""
    if regex is None:
        return [(0, len(data), 0, len(data))]
    spans = []
    for found in regex.finditer(data):
        group = next((i for i in range(1, regex.groups + 1) if found.group(i)), 0)
        if found.end() > found.start():
            spans.append((*found.span(group), *found.span()))
        if len(spans) >= _MOST_IN_A_LEAF:
            break
    return spans
