"""Whose leaf a place in a document is.

Owns: that question, asked for many places of one view in order. Must not know: decoders.
"""

from __future__ import annotations

from bisect import bisect_right

from wsinspect.rules.views.jsontext import json_leaves
from wsinspect.rules.views.view import Leaves, View

__all__ = ["Places"]


class Places:
    """The leaves are not named: most of what is asked for turns out to be noise."""

    __slots__ = ("_last", "_view", "shift")

    def __init__(self, view: View) -> None:
        self._view = view
        self._last: tuple[int, int, View] | None = None
        self.shift = 0  # where the owner begins in the view

    def owner(self, start: int, end: int) -> tuple[View | None, int]:
        """The leaf without escapes that this span lies in, and where to go on.

        The view itself if it lies in none; None if it has escapes: then it is a view already.
        """
        last = self._last
        if last is not None and last[0] <= start and end <= last[1]:
            self.shift = last[0]
            return last[2], last[1]
        view = self._view
        leaves = view.leaves if isinstance(view.leaves, Leaves) else json_leaves(view)
        self.shift = 0
        if leaves is None:
            return view, end
        index = bisect_right(leaves.starts, start) - 1
        if index < 0 or end > leaves.ends[index]:
            return view, end
        begin, stop = leaves.starts[index], leaves.ends[index]
        leaf = leaves.leaf(index)
        if leaf.data != view.data[begin:stop]:
            return None, stop
        self.shift = begin
        self._last = (begin, stop, leaf)
        return leaf, stop
