"""A message with some spans of its views replaced.

Owns: carrying edits outward, view by view, and what is done where they meet. Must not know: the
encodings – each view's origin knows the way back –, who asked for the edits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from wsinspect.rules.views.expansion import Expansion, leaves_of
from wsinspect.rules.views.view import (
    DIRECT,
    RECODED,
    REGENERATED,
    CannotRewrite,
    Edit,
    Leaves,
    View,
    apply_edits,
)

__all__ = ["rebuild"]


def rebuild(
    expansion: Expansion, edits: Mapping[View, Sequence[tuple[int, int, bytes]]]
) -> bytes | None:
    """The message with these spans of its views replaced; None if it cannot be written so.

    Spans are bytes of each view's data. An edit of a document lands in its leaves, so that JSON
    stays JSON. Where edits meet, all that any of them covers goes, and what was asked for
    first of the bytes themselves stands there instead. A compressed body is compressed anew.
    """
    waiting: dict[int, dict[View, list[Edit]]] = {}
    try:
        for view, spans in edits.items():
            for start, end, new in spans:
                if not 0 <= start <= end <= len(view.data):
                    return None
                _inward(waiting, view, Edit(start, end, new, DIRECT))
        while waiting:
            for view, found in waiting.pop(max(waiting)).items():
                merged = _merge(found)
                if view.sealed and any(edit.rank != REGENERATED for edit in merged):
                    return None
                if isinstance(view.leaves, Leaves):
                    merged = view.leaves.settle(merged)
                if view.parent is None:
                    # Depth 0 has one view, the message, and comes last.
                    return apply_edits(view.data, merged) if view is expansion.root else None
                for twin in _elsewhere(expansion, view):
                    for edit in merged:
                        _put(waiting, twin, edit._replace(rank=DIRECT))
                assert view.origin is not None
                for edit in view.origin.back(view, merged):
                    _put(waiting, view.parent, edit)
    except CannotRewrite:
        return None
    return expansion.root.data


def _elsewhere(expansion: Expansion, view: View) -> list[View]:
    """Views of the same data in other places – not in the same one, reached by another way."""
    twins = expansion.twins.get(view)
    if not twins:
        return []
    taken = [_place(view)]
    found: list[View] = []
    for twin in twins:
        start, end = _place(twin)
        if all(end <= begin or stop <= start for begin, stop in taken):
            taken.append((start, end))
            found.append(twin)
    return found


def _place(view: View) -> tuple[int, int]:
    """The bytes of the message that a view is of. Raises CannotRewrite."""
    start, end = 0, len(view.data)
    while view.parent is not None and view.origin is not None:
        back = view.origin.back(view, [Edit(start, end, view.data[start:end], DIRECT)])
        if not back:
            raise CannotRewrite
        view, start, end = view.parent, back[0].start, back[-1].end
    return start, end


def _put(waiting: dict[int, dict[View, list[Edit]]], view: View, edit: Edit) -> None:
    waiting.setdefault(view.depth, {}).setdefault(view, []).append(edit)


def _inward(waiting: dict[int, dict[View, list[Edit]]], view: View, edit: Edit) -> None:
    """Put an edit of a document on the leaves that it touches; what is between them stays."""
    todo = [(view, edit)]
    while todo:
        view, edit = todo.pop()
        leaves = leaves_of(view)
        if leaves is None:
            _put(waiting, view, edit)
            continue
        landed = False
        for start, end in leaves.outside(edit.start, edit.end):
            landed = True
            _put(waiting, view, edit._replace(start=start, end=end))
        index = max(bisect_right(leaves.starts, edit.start) - 1, 0)
        while index < len(leaves.starts) and leaves.starts[index] <= edit.end:
            start = max(edit.start, leaves.starts[index])
            end = min(edit.end, leaves.ends[index])
            if start < end or (edit.start == edit.end == start):
                landed = True
                inner = leaves.inward(index, start, end)
                todo.append((leaves.leaf(index), edit._replace(start=inner[0], end=inner[1])))
            index += 1
        if not landed:
            raise CannotRewrite


def _merge(edits: list[Edit]) -> list[Edit]:
    """Sorted and disjoint. Edits that meet become one."""
    if len(edits) == 1:
        return edits
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))  # stable: first asked first
    out: list[Edit] = []
    group = [ordered[0]]
    reach = ordered[0].end
    for edit in ordered[1:]:
        if edit.start < reach or (edit.start, edit.end) == (group[0].start, group[0].end):
            group.append(edit)
            reach = max(reach, edit.end)
        else:
            out.append(_one(group, reach))
            group = [edit]
            reach = edit.end
    out.append(_one(group, reach))
    return out


def _one(group: list[Edit], reach: int) -> Edit:
    if len(group) == 1:
        return group[0]
    first = min(group, key=lambda edit: edit.rank)
    if first.rank == RECODED and any(edit != first for edit in group):
        raise CannotRewrite  # each still holds what another takes out
    return Edit(group[0].start, reach, first.new, first.rank)
