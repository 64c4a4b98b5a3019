"""A view: a message, or a part of it, as some reader of it will see it.

Owns: the shapes (views, limits, where a view came from) and offset maps. Must not know: any one
encoding, detectors, rules. All offsets are bytes. A view's ``data`` never shows in a repr.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = [
    "DIRECT",
    "LIMITS",
    "MAPPED",
    "RECODED",
    "REGENERATED",
    "CannotRewrite",
    "Edit",
    "Leaves",
    "Limits",
    "Origin",
    "Piece",
    "View",
    "apply_edits",
    "hidden_ids",
    "is_text",
    "map_back",
    "map_forward",
]

# How an edit came to be. Where two overlap, what was asked for of the bytes themselves goes first.
REGENERATED: Final = -1  # the whole parent from anew: nothing of its old bytes is left
DIRECT: Final = 0
MAPPED: Final = 1  # of a view whose characters each have their place in the parent
RECODED: Final = 2  # a part of the parent that is encoded anew, with an edit inside


class CannotRewrite(Exception):
    """This place cannot be written anew so that its reader would still understand it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may cost. Beyond a limit no more views are made, and ``bomb`` names it.

    ``depth``: layers of decoding, one within the other. ``views``: how many. All views together
    are at most :meth:`output` bytes. ``elements``: of one msgpack, CBOR or protobuf body, runs of
    plain numbers not counted. Of a body that is over the limit :meth:`kept` bytes are looked at.
    """

    depth: int = 12
    views: int = 10_000
    elements: int = 20_000
    output_least: int = 32 * 1024
    output_usual: int = 8 * 1024 * 1024
    output_most: int = 32 * 1024 * 1024
    cut_least: int = 4 * 1024
    cut_most: int = 32 * 1024

    def output(self, payload_len: int) -> int:
        """Bytes. Small messages get little: a bomb of 1 KiB must not cost more than some benign."""
        usual = max(self.output_least, min(64 * payload_len, self.output_usual))
        return min(max(usual, 8 * payload_len), max(self.output_most, 2 * payload_len))

    def kept(self, payload_len: int) -> int:
        """Bytes."""
        return max(self.cut_least, min(8 * payload_len, self.cut_most))


LIMITS: Final = Limits()


class Edit(NamedTuple):
    """Bytes ``start`` to ``end`` become ``new``; ``rank`` says how it came to be."""

    start: int
    end: int
    new: bytes
    rank: int

    def __repr__(self) -> str:  # never payload
        return f"Edit({self.start}, {self.end})"


class Piece(NamedTuple):
    """A part of a view that is not what its source is there, byte for byte."""

    start: int
    end: int
    source_start: int
    source_end: int


class Origin(ABC):
    """How a view came out of its parent."""

    __slots__ = ()

    @abstractmethod
    def step(self, view: View, hidden: Collection[int]) -> str:
        """The last step of the view's path. ``hidden``: ids of key views that show as ``*``."""

    @abstractmethod
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        """Edits of the view as edits of its parent.

        Raises:
            CannotRewrite: the parent cannot be written so.
        """


class View:
    """``text``: its data is valid UTF-8. ``whole``: False where a limit cut it short.

    ``depth`` counts the layers from the message, which has 0. Compared by identity.
    """

    __slots__ = ("data", "depth", "leaves", "made", "origin", "parent", "sealed", "text", "whole")

    def __init__(
        self,
        data: bytes,
        *,
        text: bool,
        parent: View | None = None,
        origin: Origin | None = None,
        whole: bool = True,
    ) -> None:
        self.data = data
        self.text = text
        self.parent = parent
        self.origin = origin
        self.whole = whole
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.leaves: Leaves | bool | None = False  # False: not looked for yet
        self.sealed = False  # compressed: an edit of the bytes themselves would ruin it
        self.made: dict[int, View] | None = None  # leaves that are views, by their place

    @property
    def path(self) -> str:
        """``$`` for the message, else its layers: ``json:$.a.b>base64``."""
        return self._path(())

    def path_with(self, hidden: Collection[View]) -> str:
        """The path, where a key that is one of ``hidden``, or holds one, shows as ``*``."""
        return self._path(hidden_ids(hidden))

    def path_without(self, hidden: Collection[int]) -> str:
        """The same, by :func:`hidden_ids`."""
        return self._path(hidden)

    def _path(self, hidden: Collection[int]) -> str:
        steps: list[str] = []
        view = self
        while view.parent is not None and view.origin is not None:
            step = view.origin.step(view, hidden)
            if step:
                steps.append(step)
            view = view.parent
        return ">".join(reversed(steps)) or "$"

    def __repr__(self) -> str:  # never data; a path may hold keys, so not even that
        kind = "text" if self.text else "binary"
        return f"<View depth={self.depth} {kind} {len(self.data)} bytes>"


class Leaves(ABC):
    """The strings, keys, numbers of a view that is a document (JSON, msgpack, …), in order.

    ``starts`` and ``ends`` are their spans in the view's data, without quotes.
    """

    __slots__ = ("ends", "starts", "view")

    view: View
    starts: list[int]
    ends: list[int]

    @abstractmethod
    def leaf(self, index: int) -> View:
        """The leaf as a view; the same view each time."""

    @abstractmethod
    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        """A span of the view's data that lies within the leaf, as a span of the leaf's data."""

    @abstractmethod
    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a span that are in no document, where bytes may be changed freely."""

    @abstractmethod
    def steps(self, index: int, hidden: Collection[int]) -> list[str | int]:
        """Keys and indexes that lead to the leaf."""

    @abstractmethod
    def is_key(self, index: int) -> bool:
        """Whether it is the name of a member."""

    def settle(self, edits: list[Edit]) -> list[Edit]:
        """Edits of the view, with all that they bring with them (lengths)."""
        return edits


def hidden_ids(views: Iterable[View]) -> frozenset[int]:
    """Of the views and all above them."""
    ids: set[int] = set()
    for view in views:
        above: View | None = view
        while above is not None and id(above) not in ids:
            ids.add(id(above))
            above = above.parent
    return frozenset(ids)


def is_text(data: bytes) -> bool:
    """Whether it is valid UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes:
    """``edits`` sorted and disjoint."""
    parts: list[bytes] = []
    done = 0
    for edit in edits:
        parts.append(data[done : edit.start])
        parts.append(edit.new)
        done = edit.end
    parts.append(data[done:])
    return b"".join(parts)


def map_back(pieces: Sequence[Piece], start: int, end: int) -> tuple[int, int]:
    """Where a span of a view is in its source. A piece that it touches is taken as a whole.

    Pieces of no length (characters that are not in the view) count if they are inside of it.
    """
    source_start = source_end = -1
    shift = 0  # source minus view, behind the pieces so far
    for piece in pieces:
        if piece.start > end:
            break
        if source_start < 0 and start < piece.end:
            source_start = piece.source_start if start >= piece.start else start + shift
        if source_end < 0 and end <= piece.start:
            source_end = end + shift
        elif source_end < 0 and end <= piece.end:
            source_end = piece.source_end
        shift = piece.source_end - piece.end
    if source_start < 0:
        source_start = start + shift
    if source_end < 0:
        source_end = end + shift
    return source_start, max(source_start, source_end)


def map_forward(pieces: Sequence[Piece], start: int, end: int) -> tuple[int, int]:
    """Where a span of the source is in the view. A piece that it touches is taken as a whole."""
    swapped = [Piece(p.source_start, p.source_end, p.start, p.end) for p in pieces]
    return map_back(swapped, start, end)
