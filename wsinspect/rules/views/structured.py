"""Binary documents: msgpack, CBOR (RFC 8949), protobuf. Their strings, with their places.

Owns: what is asked of a format, the text that is scanned for all of them, the way
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
from typing import Final, NamedTuple, override

from wsinspect.rules.views.builder import BYTES, NUMBER, Builder, Leaf
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

__all__ = ["Body", "Format", "StructuredLeaves", "render"]

_LEAST_NUMBER: Final = 100_000  # shorter ones identify nobody
_LEAST_BYTES: Final = 12
_ACCOUNT_LEN: Final = 9  # digits; a document with such a number is worth a scan
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Format(ABC):
    """How one format writes."""

    name: str
    plain_steps = False  # field numbers instead of names

    @abstractmethod
    def write(self, leaf: Leaf, value: bytes, document: bytes) -> bytes:
        """A leaf of a document with its header and another value. What was a number is a text."""

    def length(self, size: int) -> bytes:
        """A length that stands before a part of the document."""
        raise CannotRewrite(f"{self.name} counts no bytes but those of a leaf: {size}")


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

    @override
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

    @override
    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        leaf = self.builder.leaves[index]
        if leaf.value is not None:  # its bytes are not those of the document
            return 0, len(leaf.value)
        return start - leaf.body, end - leaf.body

    @override
    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        return []

    @override
    def is_key(self, index: int) -> bool:
        return self.builder.keys[index]

    @override
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

    @override
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

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        leaves = self.leaves
        steps = leaves.steps(self.index, hidden)
        shown = show_steps(steps, key=leaves.is_key(self.index), plain=leaves.format.plain_steps)
        return f"{leaves.format.name}:{shown}"

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        leaf = self.leaves.builder.leaves[self.index]
        new = self.leaves.format.write(leaf, apply_edits(view.data, edits), self.leaves.view.data)
        return [Edit(leaf.head, leaf.end, new, RECODED)]


class _Rendered(Origin):
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return f"{self.name}:$"

    @override
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

    @override
    def leaf(self, index: int) -> View:
        return self._source.leaf(self._indexes[index])

    @override
    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        return start - self.starts[index], end - self.starts[index]

    @override
    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        return []

    @override
    def steps(self, index: int, hidden: Collection[int]) -> list[str | int]:
        return self._source.steps(self._indexes[index], hidden)

    @override
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
            texts += len(value) >= _ACCOUNT_LEN
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
