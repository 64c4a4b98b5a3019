"""What a reader of a binary document notes down: its leaves and containers, in order.

Owns: that table and the bookkeeping of what is open; counting the work. Must not know: the formats,
what the table is for.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["BYTES", "NUMBER", "TEXT", "Builder", "Leaf", "Length", "Malformed"]

TEXT: Final = 0
BYTES: Final = 1
NUMBER: Final = 2


class Malformed(Exception):
    """Not a document of this format."""


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
