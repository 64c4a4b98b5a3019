"""A document as a tree of nodes in one list, and what of it is unfolded. Owns folding and paths.

Readers (`json_reader`, `binary_readers`) fill it in document order; NODES_MAX and DEPTH_MAX bound
it whatever the document is. Knows no formats and no colours.
"""

import json
import re
from dataclasses import dataclass, field
from enum import Enum

NODES_MAX = 20_000
DEPTH_MAX = 200
CUT_SAY = "cut here: the rest is not there"
_FOLDED_FROM = 400  # nodes; a larger document opens with only its first levels unfolded
_KEY_SHOWN = 64
_STEPS_SHOWN = 32
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Kind(Enum):
    """What a node is; the colour follows from it."""

    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    NUMBER = "number"
    WORD = "word"  # true, false, null
    BYTES = "bytes"
    CUT = "cut"  # where the document stops, or stops being one
    NOTE = "note"  # something beside it: a prefix, what was left out


CONTAINERS = frozenset({Kind.OBJECT, Kind.ARRAY})


@dataclass(slots=True, eq=False)
class Node:
    """`step` is its key, its index, or None at the top; `text` what is shown of a leaf."""

    kind: Kind
    depth: int
    parent: int  # place of its parent, -1 at the top
    step: str | int | None = None
    text: str = ""
    count: int = 0  # children
    after: int = 0  # place behind its last descendant
    closed: bool = True


@dataclass(slots=True)
class Tree:
    """Nodes in document order. `name` is the format."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    cut_say: str = ""  # what stands where it is cut, if there is more to say than the reader can
    folded: set[int] = field(default_factory=set)
    _visible: list[int] | None = None

    # Filling

    @property
    def full(self) -> bool:
        return len(self.nodes) >= NODES_MAX

    def add(self, kind: Kind, parent: int, step: str | int | None, text: str = "") -> int:
        """Append a node; its place."""
        depth = self.nodes[parent].depth + 1 if parent >= 0 else 0
        place = len(self.nodes)
        self.nodes.append(Node(kind, depth, parent, step, text, after=place + 1))
        if parent >= 0 and kind not in (Kind.CUT, Kind.NOTE):
            self.nodes[parent].count += 1
        return place

    def close(self, place: int, whole: bool = True) -> None:
        """No more children come."""
        self.nodes[place].after = len(self.nodes)
        self.nodes[place].closed = whole

    def opened(self) -> "Tree":
        """Itself, with what is deep folded if it is large."""
        if len(self.nodes) > _FOLDED_FROM:
            self.folded = {
                place
                for place, node in enumerate(self.nodes)
                if node.kind in CONTAINERS and node.depth >= 2
            }
        return self

    # Folding

    def visible(self) -> list[int]:
        """Places of the nodes that are shown."""
        if self._visible is None:
            shown: list[int] = []
            place = 0
            while place < len(self.nodes):
                shown.append(place)
                place = self.nodes[place].after if place in self.folded else place + 1
            self._visible = shown
        return self._visible

    def fold(self, place: int) -> bool:
        """Fold or unfold a node; False if it has nothing to fold."""
        node = self.nodes[place]
        if node.kind not in CONTAINERS or node.after <= place + 1:
            return False
        self.folded ^= {place}
        self._visible = None
        return True

    def fold_all(self, folded: bool) -> None:
        """Fold all but the top, or nothing."""
        self.folded = {
            place
            for place, node in enumerate(self.nodes)
            if folded and node.kind in CONTAINERS and node.depth >= 1
        }
        self._visible = None

    def keep_folds(self, before: "Tree") -> None:
        """Fold what was folded in an earlier reading, perhaps of less, of the same document."""
        kinds = [node.kind for node in before.nodes]
        if kinds and kinds[-1] is Kind.CUT:
            kinds.pop()
        if kinds == [node.kind for node in self.nodes[: len(kinds)]]:
            self.folded = {place for place in before.folded if place < len(kinds)}
            self._visible = None

    # Paths

    def steps(self, place: int) -> list[str | int]:
        """Keys and indexes from the top to a node."""
        steps: list[str | int] = []
        while place >= 0:
            node = self.nodes[place]
            if node.step is not None:
                steps.append(node.step)
            place = node.parent
        return steps[::-1]

    def path(self, place: int) -> str:
        """Where a node is, as rules and alerts write it: `$.a["we ird"][0]`."""
        return show_path(self.steps(place))


def show_path(steps: list[str | int]) -> str:
    """`$.a["we ird"][0]`; the middle of a very long one is left out."""
    if len(steps) > _STEPS_SHOWN:
        half = _STEPS_SHOWN // 2
        steps = [*steps[:half], "…", *steps[-half:]]
    shown = ["$"]
    for step in steps:
        if isinstance(step, int):
            shown.append(f"[{step}]")
            continue
        short = step if len(step) <= _KEY_SHOWN else step[:_KEY_SHOWN] + "…"
        if step == "…" or _IDENTIFIER.fullmatch(step):
            shown.append("." + short)
        else:
            shown.append("[" + json.dumps(short, ensure_ascii=False) + "]")
    return "".join(shown)
