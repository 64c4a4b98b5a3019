"""A strand for each JSON path: the string leaves of a direction's documents.

Owns: the tree of paths, and which of them are kept: at most 48, of 1 KiB
each, and 64 KiB where an open private key needs more. Must not know: patterns, engines.

A path is kept from the first string seen there. When there is no room, the paths that were not
part of the present batch make way, the longest unused first; if all were, the new one is left out.
Numbers are not stitched: they are whole where they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from wsinspect.rules.streams.strand import TOO_OFTEN, Strand

__all__ = ["MAX_PATHS", "PathTree"]

MAX_PATHS: Final = 48
TAIL_LIMIT: Final = 1024
_MAX_TEXT: Final = 64 * 1024
_MAX_NESTING: Final = 3  # JSON in a string in JSON
_MAX_KEY_SHOWN: Final = 64
_MAX_STEPS_SHOWN: Final = 40
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_decode = msgspec.json.Decoder().decode


class _Node(Strand):
    """A place in documents. ``name`` is a key, an index, or None: a document in its string."""

    __slots__ = ("children", "is_leaf", "name", "parent", "seen")

    def __init__(self, parent: _Node | None, name: str | int | None) -> None:
        super().__init__(TAIL_LIMIT)
        self.parent = parent
        self.name = name
        self.children: dict[str | int | None, _Node] = {}
        self.is_leaf = False
        self.seen = 0

    @property
    def path(self) -> str:
        documents: list[list[str | int]] = [[]]
        node = self
        while node.parent is not None:
            if node.name is None:
                documents.append([])
            else:
                documents[-1].append(node.name)
            node = node.parent
        return ">".join("json:" + _show(steps[::-1]) for steps in reversed(documents))

    @property
    def key(self) -> str:
        node: _Node | None = self
        while node is not None:
            if isinstance(node.name, str):
                return node.name
            node = node.parent
        return ""


def _places(values: list[Any]) -> Iterable[tuple[int, Any]]:
    """The values of an array with their places; none of a long one that holds no string."""
    if len(values) > _MANY and _BRANCHES.isdisjoint(map(type, values)):
        return ()
    return enumerate(values)


_MANY: Final = 8
_BRANCHES: Final = frozenset({str, dict, list})


class PathTree:
    """The paths of one direction. ``touched``: the strands with new values since :meth:`begin`."""

    __slots__ = ("_batch", "_leaves", "_root", "_stale", "touched")

    def __init__(self) -> None:
        self._root = _Node(None, None)
        self._leaves: set[_Node] = set()
        self._stale: list[_Node] | None = None  # those that may make way; None: not looked yet
        self._batch = 0
        self.touched: list[_Node] = []

    def begin(self) -> None:
        """A new batch of documents."""
        self._batch += 1
        self._stale = None
        self.touched = []

    def add(self, document: Any, message: int) -> bool:  # one loop: hot path
        """Take the strings of a document. True: it has some."""
        if type(document) is str:
            if document:
                self._root.is_leaf = True
                self._put(self._root, document, message)
            return bool(document)
        if type(document) is not dict and type(document) is not list:
            return False
        found = False
        batch = self._batch
        work: list[tuple[Any, _Node, int]] = [(document, self._root, 0)]
        while work:
            container, node, nesting = work.pop()
            children = node.children
            items = container.items() if type(container) is dict else _places(container)
            for name, item in items:
                kind = type(item)
                if kind is str:
                    if not item:
                        continue
                    found = True
                    first = item[0]
                    if (first == "{" or first == "[") and nesting < _MAX_NESTING:
                        inner = _document(item)
                        if inner is not None:
                            carrier = children.get(name) or _Node(node, name)
                            inside = carrier.children.get(None) or _Node(carrier, None)
                            work.append((inner, inside, nesting + 1))
                            continue
                    child = children.get(name)
                    if child is None or not child.is_leaf:
                        child = self._leaf(child or _Node(node, name))
                        if child is None:
                            continue
                    child.seen = batch
                    if not child.values:
                        if item == child.last and child.skips and child.run >= TOO_OFTEN:
                            continue  # what never changes is told by nobody bit by bit
                        self.touched.append(child)
                    child.values.append(item)
                    child.messages.append(message)
                elif (kind is dict or kind is list) and item:
                    # Not part of the tree until there is a string in it.
                    work.append((item, children.get(name) or _Node(node, name), nesting))
        return found

    def end(self) -> None:
        """After the batch was taken: keep within the limit on text."""
        if any(len(node.tail) > TAIL_LIMIT for node in self.touched):
            leaves = sorted(self._leaves, key=lambda node: node.seen)
            total = sum(len(node.tail) for node in leaves)
            for node in leaves:
                if total <= _MAX_TEXT:
                    break
                total -= len(node.tail)
                self._forget(node)

    def _put(self, node: _Node, value: str, message: int) -> None:
        node.seen = self._batch
        if not node.values:
            self.touched.append(node)
        node.values.append(value)
        node.messages.append(message)

    def _leaf(self, node: _Node) -> _Node | None:
        """Make the place one that is kept; None: no room."""
        if len(self._leaves) >= MAX_PATHS:
            if self._stale is None:
                stale = [leaf for leaf in self._leaves if leaf.seen < self._batch]
                self._stale = sorted(stale, key=lambda leaf: leaf.seen, reverse=True)
            if not self._stale:
                return None
            self._forget(self._stale.pop())
        node.is_leaf = True
        self._leaves.add(node)
        at = node
        while at.parent is not None and at.parent.children.get(at.name) is not at:
            at.parent.children[at.name] = at
            at = at.parent
        return node

    def _forget(self, node: _Node) -> None:
        self._leaves.discard(node)
        node.is_leaf = False
        node.restart()
        while node.parent is not None and not node.children and not node.is_leaf:
            if node.parent.children.get(node.name) is node:
                del node.parent.children[node.name]
            node = node.parent


def _document(value: str) -> Any:
    """The object or array in a string, or None."""
    try:
        return _decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _show(steps: list[str | int]) -> str:
    """``$.a["we ird"][0]``, as the views name it. Bounded."""
    if len(steps) > _MAX_STEPS_SHOWN:
        half = _MAX_STEPS_SHOWN // 2
        steps = [*steps[:half], "…", *steps[-half:]]
    out = ["$"]
    for step in steps:
        if isinstance(step, int):
            out.append(f"[{step}]")
            continue
        short = step if len(step) <= _MAX_KEY_SHOWN else step[:_MAX_KEY_SHOWN] + "…"
        if step == "…" or _IDENTIFIER.fullmatch(step):
            out.append("." + short)
        else:
            out.append("[" + json.dumps(short, ensure_ascii=False) + "]")
    return "".join(out)
