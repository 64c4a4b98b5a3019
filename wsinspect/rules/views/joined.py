"""Many small strings of one document as a single view, so that they cost one scan.

Owns: the join and the way from a place in it to the string. Must not know: decoders, limits.

Each string stands in quotes on a line of its own, as detectors expect of a value.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import override

from wsinspect.rules.views.jsonescape import unescape
from wsinspect.rules.views.jsontext import json_leaves, make_leaf
from wsinspect.rules.views.view import CannotRewrite, Edit, Leaves, Origin, View

__all__ = ["JoinedLeaves", "join_leaves"]

_OPENING = (0x7B, 0x5B)  # { [


class _Joined(Origin):
    """It has no place of its own: its leaves have."""

    __slots__ = ()

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return "json:$"

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        raise CannotRewrite


class JoinedLeaves(Leaves):
    """``spans``: of the strings in the source, a view that is JSON."""

    __slots__ = ("_source", "_spans")

    def __init__(
        self,
        view: View,
        source: View,
        spans: list[tuple[int, int]],
        starts: list[int],
        ends: list[int],
    ) -> None:
        self.view = view
        self.starts = starts
        self.ends = ends
        self._source = source
        self._spans = spans

    @override
    def leaf(self, index: int) -> View:
        start, end = self._spans[index]
        return make_leaf(self._source, start, end, True)

    @override
    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        begin = self.starts[index]
        return start - begin, end - begin

    @override
    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        return []

    @override
    def steps(self, index: int, hidden: Collection[int]) -> list[str | int]:
        leaves = json_leaves(self._source)
        if leaves is None:
            return []
        return leaves.steps(leaves.starts.index(self._spans[index][0]), hidden)

    @override
    def is_key(self, index: int) -> bool:
        leaves = json_leaves(self._source)
        return leaves is not None and leaves.is_key(leaves.starts.index(self._spans[index][0]))


def join_leaves(view: View, spans: Sequence[tuple[int, int]]) -> tuple[View | None, list[View]]:
    """One view for most of these strings, and those that need one of their own.

    Which are: those that still have a backslash (escapes within escapes) and those that may be
    documents themselves.
    """
    data = view.data
    alone: list[View] = []
    kept: list[tuple[int, int]] = []
    values: list[bytes] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 1
    for start, end in spans:
        value = unescape(data[start:end])
        if b"\\" in value or (value[:1] and value[0] in _OPENING) or b'"' in value:
            alone.append(make_leaf(view, start, end, True))
            continue
        kept.append((start, end))
        values.append(value)
        starts.append(at)
        at += len(value)
        ends.append(at)
        at += 3
    if not kept:
        return None, alone
    joined = View(b'"' + b'"\n"'.join(values) + b'"', text=view.text, parent=view, origin=_Joined())
    joined.leaves = JoinedLeaves(joined, view, kept, starts, ends)
    return joined, alone
