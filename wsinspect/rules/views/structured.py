"""Binary documents: msgpack, CBOR (RFC 8949), protobuf. Their strings, with their places.

Owns: the table of leaves that the readers fill, the text that is scanned for all of them, the way
back for an edit with all lengths put right. Must not know: the formats – a reader each –, limits
other than its own.

All strings of a document are scanned as one text that looks like JSON (a key, a colon, a value in
quotes), because detectors know values by what stands round them. A find in it is named by leaf.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Collection
from typing import Final, NamedTuple

from wsinspect.rules.views.jsontext import show_steps
from wsinspect.rules.views.view import (
    RECODED,
    CannotRewrite,
    Edit,
    Leaves,
    Origin,
    View,
    apply_edits,
    is_text,
)

__all__ = ["BYTES", "NUMBER", "TEXT", "Body", "Builder", "Format", "Malformed", "render"]

TEXT: Final = 0
BYTES: Final = 1
NUMBER: Final = 2
_LEAST_NUMBER: Final = 100_000  # shorter ones identify nobody
_LEAST_BYTES: Final = 12
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Malformed(Exception):
    """Not a document of this format."""


class Format(ABC):
    """How one format writes."""

    name: str
    plain_steps = False  # field numbers instead of names

    @abstractmethod
    def write(self, leaf: Leaf, value: bytes, document: bytes) -> bytes:
        """A leaf of a document with its header and another value. What was a number is a text."""

    def length(self, size: int) -> bytes:
        """A length that stands before a part of the document."""
        raise CannotRewrite


class Leaf(NamedTuple):
    """``head``: where its header begins. ``body`` to ``end``: its content. ``value``: where it is
    not just the content. ``within``: the innermost length that counts it, -1: none."""

    head: int
    body: int
    end: int
    kind: int
    value: bytes | None
    within: int

    def __repr__(self) -> str:  # never payload
        return f"Leaf({self.head}, {self.end})"


class Length(NamedTuple):
    """A length at ``start`` to ``end`` that counts the bytes from there to ``stop``."""

    start: int
    end: int
    stop: int
    within: int


class _Open:
    """A container that is not complete. ``items`` to come, -1: until it is closed; ``at``: place
    in an array; ``key`` in a map: the leaf that names the next value, -1: a key comes next."""

    __slots__ = ("at", "index", "is_map", "items", "key")

    def __init__(self, index: int, items: int, is_map: bool) -> None:
        self.index = index
        self.items = items
        self.is_map = is_map
        self.at = 0
        self.key: int | str = -1


class Builder:
    """What a reader finds, in order: containers and leaves. Counts its work."""

    __slots__ = (
        "_elements",
        "_stack",
        "_top",
        "containers",
        "keys",
        "leaves",
        "lengths",
        "over",
        "parents",
        "refs",
        "within",
    )

    def __init__(self, elements: int) -> None:
        self.leaves: list[Leaf] = []
        self.keys: list[bool] = []
        # Of each leaf and container: the container that it is in (0: none), and its name there:
        # the index of the leaf that is its key, ~(place in the array), or just a name.
        self.parents: list[int] = []
        self.refs: list[str | int] = []
        self.containers: list[tuple[int, str | int]] = [(0, 0)]
        self.lengths: list[Length] = []
        self.within = -1
        self.over = False
        self._elements = elements
        self._top = _Open(0, -1, False)  # what is in no container
        self._stack: list[_Open] = []

    @property
    def depth(self) -> int:
        return len(self._stack)

    def open_ended(self) -> bool:
        """Whether the innermost container goes on until it is closed."""
        return bool(self._stack) and self._top.items < 0

    def room(self) -> int:
        """Items that the innermost array may still hold; 0 in a map or where it is unknown."""
        top = self._top
        return 0 if top.is_map or top.items < 0 else top.items

    def open(self, items: int, *, is_map: bool) -> None:
        """A container of so many items (a map: keys and values both count), -1: until closed."""
        self.count(1)
        self.containers.append((self._top.index, self._name()))
        self._stack.append(self._top)
        self._top = _Open(len(self.containers) - 1, items, is_map)
        if items == 0:
            self.close()

    def close(self) -> None:
        """The innermost container is complete."""
        if not self._stack or (self._top.is_map and self._top.key != -1):
            raise Malformed
        self._top = self._stack.pop()
        self._finish(1)

    def leaf(self, kind: int, head: int, body: int, end: int, value: bytes | None = None) -> None:
        """A string or number. In a map, every other one is a key."""
        self.count(1)
        top = self._top
        is_key = top.is_map and top.key == -1
        self.leaves.append(Leaf(head, body, end, kind, value, self.within))
        self.keys.append(is_key)
        self.parents.append(top.index)
        self.refs.append(self._name())
        self._finish(1)
        if is_key:
            top.key = len(self.leaves) - 1

    def skip(self, items: int) -> None:
        """So many items that hold no text."""
        self.count(1)
        self._finish(items)

    def named(
        self, kind: int, name: str, head: int, body: int, end: int, value: bytes | None
    ) -> None:
        """A leaf of a container whose names are not leaves themselves."""
        self.count(1)
        self.leaves.append(Leaf(head, body, end, kind, value, self.within))
        self.keys.append(False)
        self.parents.append(self._top.index)
        self.refs.append(name)

    def enter(self, name: str) -> None:
        """Such a container inside another one."""
        self.count(1)
        self.containers.append((self._top.index, name))
        self._stack.append(self._top)
        self._top = _Open(len(self.containers) - 1, -1, False)

    def leave(self) -> None:
        """The end of such a container."""
        self._top = self._stack.pop()

    def mark(self) -> tuple[int, int, int]:
        """To come back to with :meth:`reset`."""
        return len(self.leaves), len(self.containers), len(self.lengths)

    def reset(self, mark: tuple[int, int, int]) -> None:
        """Forget what was found since the mark, of a container that was entered then."""
        del self.leaves[mark[0] :], self.keys[mark[0] :], self.parents[mark[0] :]
        del self.refs[mark[0] :], self.containers[mark[1] :], self.lengths[mark[2] :]
        self.leave()

    def count(self, elements: int) -> None:
        """Work done."""
        self._elements -= elements
        if self._elements < 0:
            self.over = True
            raise Malformed

    def _name(self) -> str | int:
        top = self._top
        if not top.is_map:
            return ~top.at
        return top.key if top.key != -1 else "?"

    def _finish(self, items: int) -> None:
        """Items of the innermost container are complete; with them, perhaps, the container."""
        top = self._top
        while True:
            if top.is_map:
                # A key that is no leaf (a container, a small number) has no name to show.
                top.key = "?" if top.key == -1 else -1
            else:
                top.at += items
            if top.items < 0:
                return
            top.items -= items
            if top.items > 0:
                return
            top = self._top = self._stack.pop()
            items = 1


class StructuredLeaves(Leaves):
    """The leaves of a binary document, by their contents' places in it."""

    __slots__ = ("builder", "format")

    def __init__(self, view: View, form: Format, builder: Builder) -> None:
        self.view = view
        self.format = form
        self.builder = builder
        self.starts = [leaf.body for leaf in builder.leaves]
        self.ends = [leaf.end for leaf in builder.leaves]

    def value(self, index: int) -> bytes:
        leaf = self.builder.leaves[index]
        return self.view.data[leaf.body : leaf.end] if leaf.value is None else leaf.value

    def leaf(self, index: int) -> View:
        view = self.view
        if view.made is None:
            view.made = {}
        made = view.made.get(index)
        if made is None:
            data = self.value(index)
            made = view.made[index] = View(
                data, text=is_text(data), parent=view, origin=_StructuredLeaf(self, index)
            )
        return made

    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        leaf = self.builder.leaves[index]
        if leaf.value is not None:  # its bytes are not those of the document
            return 0, len(leaf.value)
        return start - leaf.body, end - leaf.body

    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        return []

    def is_key(self, index: int) -> bool:
        return self.builder.keys[index]

    def steps(self, index: int, hidden: Collection[int]) -> list[str | int]:
        builder = self.builder
        steps: list[str | int] = []
        container, ref = builder.parents[index], builder.refs[index]
        if container and not builder.keys[index]:
            steps.append(self._name(ref, hidden))
        while container:
            container, ref = builder.containers[container]
            if container:
                steps.append(self._name(ref, hidden))
        steps.reverse()
        return steps

    def _name(self, ref: str | int, hidden: Collection[int]) -> str | int:
        if isinstance(ref, str):
            return ref
        if ref < 0:
            return ~ref
        made = None if self.view.made is None else self.view.made.get(ref)
        if made is not None and id(made) in hidden:
            return "*"
        return self.value(ref).decode(errors="replace")

    def settle(self, edits: list[Edit]) -> list[Edit]:
        """The edits, and those of all lengths that count what they change."""
        builder = self.builder
        if not builder.lengths:
            return edits
        grown = [0] * len(builder.lengths)
        heads = [leaf.head for leaf in builder.leaves]
        for edit in edits:
            index = bisect_right(heads, edit.start) - 1
            at = builder.leaves[index].within
            while at >= 0:
                grown[at] += len(edit.new) - (edit.end - edit.start)
                at = builder.lengths[at].within
        out = list(edits)
        # A length stands before what it counts, so the inner ones come first this way.
        for at in range(len(builder.lengths) - 1, -1, -1):
            length = builder.lengths[at]
            if not grown[at]:
                continue
            new = self.format.length(length.stop - length.end + grown[at])
            out.append(Edit(length.start, length.end, new, RECODED))
            above = length.within
            while above >= 0:
                grown[above] += len(new) - (length.end - length.start)
                above = builder.lengths[above].within
        out.sort(key=lambda edit: edit.start)
        return out


class _StructuredLeaf(Origin):
    __slots__ = ("index", "leaves")

    def __init__(self, leaves: StructuredLeaves, index: int) -> None:
        self.leaves = leaves
        self.index = index

    def step(self, view: View, hidden: Collection[int]) -> str:
        leaves = self.leaves
        steps = leaves.steps(self.index, hidden)
        shown = show_steps(steps, key=leaves.is_key(self.index), plain=leaves.format.plain_steps)
        return f"{leaves.format.name}:{shown}"

    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        leaf = self.leaves.builder.leaves[self.index]
        new = self.leaves.format.write(leaf, apply_edits(view.data, edits), self.leaves.view.data)
        return [Edit(leaf.head, leaf.end, new, RECODED)]


class _Rendered(Origin):
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, view: View, hidden: Collection[int]) -> str:
        return f"{self.name}:$"

    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        raise CannotRewrite  # its leaves have a place, it has none


class _RenderedLeaves(Leaves):
    __slots__ = ("_indexes", "_source")

    def __init__(
        self,
        view: View,
        source: StructuredLeaves,
        indexes: list[int],
        starts: list[int],
        ends: list[int],
    ) -> None:
        self.view = view
        self.starts = starts
        self.ends = ends
        self._source = source
        self._indexes = indexes

    def leaf(self, index: int) -> View:
        return self._source.leaf(self._indexes[index])

    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        return start - self.starts[index], end - self.starts[index]

    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        return []

    def steps(self, index: int, hidden: Collection[int]) -> list[str | int]:
        return self._source.steps(self._indexes[index], hidden)

    def is_key(self, index: int) -> bool:
        return self._source.is_key(self._indexes[index])


class Body(NamedTuple):
    """``views``: what is worth a scan of its own."""

    views: list[View]
    leaves: StructuredLeaves


def render(view: View, form: Format, builder: Builder) -> Body:
    """A document that was read, as views; no views: there is no text in it."""
    leaves = StructuredLeaves(view, form, builder)
    parts: list[bytes] = []
    indexes: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    alone: list[View] = []
    texts = 0
    at = 0
    for index, leaf in enumerate(builder.leaves):
        value = leaves.value(index)
        if leaf.kind == NUMBER:
            if -_LEAST_NUMBER < int(value) < _LEAST_NUMBER:
                continue
            quote = b""
        else:
            if not is_text(value) or (leaf.kind == BYTES and _CONTROL.search(value)):
                if len(value) >= _LEAST_BYTES:
                    alone.append(leaves.leaf(index))
                continue
            quote = b'"'
            texts += len(value) > 2
            if b"\\" in value or value[:1] in (b"{", b"["):
                alone.append(leaves.leaf(index))
        indexes.append(index)
        starts.append(at + len(quote))
        ends.append(at + len(quote) + len(value))
        part = b"%b%b%b%b" % (quote, value, quote, b": " if builder.keys[index] else b"\n")
        parts.append(part)
        at += len(part)
    if not texts and not alone:
        return Body([], leaves)
    view.leaves = leaves
    if not indexes:
        return Body(alone, leaves)
    rendered = View(b"".join(parts), text=True, parent=view, origin=_Rendered(form.name))
    rendered.leaves = _RenderedLeaves(rendered, leaves, indexes, starts, ends)
    return Body([rendered, *alone], leaves)
