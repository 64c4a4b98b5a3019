"""What became of a message: its views, and questions to them.

Owns: naming the place of a find (``leaf_at``), picking leaves by a JSON path. Must not know: how
views are made, how they are written anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from wsinspect.rules.views.jsonpath import JsonPath, parse_json_path
from wsinspect.rules.views.jsontext import json_leaves
from wsinspect.rules.views.view import Leaves, View

__all__ = ["Expansion", "leaves_of"]


def leaves_of(view: View) -> Leaves | None:
    """The leaves of a view that is a document of some kind; None: it is none."""
    leaves = view.leaves
    if leaves is False:
        return json_leaves(view)
    return leaves if isinstance(leaves, Leaves) else None


class Expansion:
    """``views``: the message first. ``bomb``: the limit that was hit first, or None:
    ``depth``, ``views``, ``output`` or ``elements``. ``twins``: views with the same data as one of
    ``views`` in other places; what is changed in it changes in them."""

    __slots__ = ("_names_leaves", "bomb", "twins", "views")

    def __init__(
        self,
        views: list[View],
        bomb: str | None,
        *,
        json: bool,
        twins: Mapping[View, Sequence[View]] | None = None,
    ) -> None:
        self.views = views
        self.twins = twins or {}
        self.bomb = bomb
        self._names_leaves = json

    @property
    def root(self) -> View:
        return self.views[0]

    def leaf_at(self, view: View, start: int, end: int) -> tuple[View, int, int] | None:
        """The innermost leaf that wholly contains a span of a view's data, and the span in it.

        None if the view is no document or the span is not within one leaf, or if JSON is not to
        be decoded. Quotes round the leaf may be part of the span.
        """
        found: tuple[View, int, int] | None = None
        if not self._names_leaves and view.leaves is False:
            return None
        while True:
            leaves = leaves_of(view)
            if leaves is None or not leaves.starts:
                return found
            index = bisect_right(leaves.starts, start) - 1
            data = view.data
            # Quotes round it may belong to the span.
            if data[start : start + 1] == b'"' and leaves.starts[index + 1 : index + 2] == [
                start + 1
            ]:
                index, start = index + 1, start + 1
            if index < 0:
                return found
            begin, stop = leaves.starts[index], leaves.ends[index]
            if end == stop + 1 and data[stop:end] == b'"':
                end = stop
            if start < begin or end > stop or start > end:
                return found
            start, end = leaves.inward(index, start, end)
            view = leaves.leaf(index)
            found = (view, start, end)

    def leaves(self, view: View, json_path: str | JsonPath) -> list[View]:
        """The leaves of a document that a JSON path leads to, in order.

        Where it leads to an object or array: all values in it. Keys are no values.

        Raises:
            ValueError: not a JSON path (see ``parse_json_path``).
        """
        path = parse_json_path(json_path) if isinstance(json_path, str) else json_path
        leaves = leaves_of(view)
        if leaves is None:
            return []
        return [
            leaves.leaf(index)
            for index in range(len(leaves.starts))
            if not leaves.is_key(index) and path.leads_to(leaves.steps(index, ()))
        ]

    def __repr__(self) -> str:  # never payload
        return f"<Expansion {len(self.views)} views, bomb={self.bomb}>"
