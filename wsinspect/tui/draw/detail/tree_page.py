"""A tree as lines: one node a line, coloured by what it is; what rules found is marked.

The chosen line carries its path at the right. Owns how a node looks; the tree owns its shape.
"""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.detail.tree import CONTAINERS, CUT_SAY, Kind, Node, Tree
from wsinspect.tui.draw.detail.wrapped import Mark, highlighted, matches
from wsinspect.tui.draw.palette import ALERT, Palette

_INDENT_MAX = 24  # cells; deeper nodes stand below each other, with their depth
_GLANCE = 6  # children looked at for a folded container's line
_PATH_LEAST = 12  # cells that a path needs to be worth showing


class TreePage:
    """A page of `tree`. `rules` are the names of rules that found something, by path."""

    def __init__(
        self,
        tree: Tree,
        palette: Palette,
        marks: Sequence[Mark] = (),
        rules: Mapping[str, str] | None = None,
    ) -> None:
        self.tree = tree
        self.palette = palette
        self.marks = marks
        self.rules = dict(rules or {})
        self.chosen = -1

    def count(self) -> int:
        return len(self.tree.visible())

    def reach(self, index: int) -> None:
        """All nodes are there."""

    def place(self, index: int) -> int:
        """The node of line `index`."""
        return self.tree.visible()[index]

    def line(self, index: int, width: int) -> list[Segment]:
        place = self.place(index)
        node = self.tree.nodes[place]
        pieces = self._indent(node)
        pieces += self._key(node)
        pieces += self._value(place, node)
        rule = self.rules.get(self.tree.path(place)) if self.rules else None
        if rule is not None:
            pieces.append((f"  {ALERT} {rule}", self.palette.warn))
        line: list[Segment] = []
        room = width - 1
        for text, style in pieces:
            if room <= 0:
                break
            segment = Segment(clip(text, room), style)
            room -= segment.cell_length
            line.append(segment)
        if index == self.chosen:
            line += self._path(place, room)
        return line

    def on_handle(self, index: int, x: int) -> bool:
        """Whether cell `x` of a line is left of its key, or on the sign that it folds."""
        node = self.tree.nodes[self.place(index)]
        key = sum(len(text) for text, _ in self._key(node))
        return node.kind in CONTAINERS and x <= min(_INDENT_MAX, 1 + 2 * node.depth) + key + 1

    def _path(self, place: int, room: int) -> list[Segment]:
        path = self.tree.path(place)
        if room < _PATH_LEAST or path == "$":
            return []
        if len(path) > room - 2:
            path = "…" + path[-(room - 3) :]
        shown = clip(path, room - 2)
        segment = Segment(shown, self.palette.label)
        return [Segment(" " * (room - segment.cell_length)), segment]

    def _indent(self, node: Node) -> list[tuple[str, Style]]:
        cells = 1 + 2 * node.depth
        if cells <= _INDENT_MAX:
            return [(" " * cells, self.palette.text)]
        return [(" " * (_INDENT_MAX - 6) + f"{node.depth:>4}· ", self.palette.faint)]

    def _key(self, node: Node) -> list[tuple[str, Style]]:
        p = self.palette
        if isinstance(node.step, str):
            return [*self._marked(node.step, p.rule_active), (": ", p.faint)]
        if isinstance(node.step, int):
            return [(f"{node.step} ", p.faint)]
        return []

    def _marked(self, text: str, style: Style) -> list[tuple[str, Style]]:
        text = text[:4096]
        found: list[tuple[int, int, Style]] = []
        for spans, mark in self.marks:
            found += matches(spans, mark, text, 0, len(text))
        return highlighted(text, 0, len(text), style, found)

    def _value(self, place: int, node: Node) -> list[tuple[str, Style]]:
        p = self.palette
        match node.kind:
            case Kind.OBJECT | Kind.ARRAY:
                return self._container(place, node)
            case Kind.STRING:
                return [("“", p.faint), *self._marked(node.text, p.good), ("”", p.faint)]
            case Kind.NUMBER:
                return self._marked(node.text, p.to_client)
            case Kind.WORD:
                return [(node.text, p.to_server)]
            case Kind.CUT:
                say = self.tree.cut_say if node.text == CUT_SAY else ""
                return [(f"✂ {say or node.text}", p.warn)]
            case Kind.BYTES:
                return [(node.text, p.label)]
            case _:
                return [(node.text, p.faint)]

    def _container(self, place: int, node: Node) -> list[tuple[str, Style]]:
        p = self.palette
        brackets = "{}" if node.kind is Kind.OBJECT else "[]"
        if not node.count and node.after == place + 1:
            return [(brackets, p.text)]
        folded = place in self.tree.folded
        many = f"{node.count:,}" + ("" if node.closed else "+")
        head = "▸" if folded else "▾"
        shown = [(f"{head} ", p.key), (f"{brackets[0]}{many}{brackets[1]}", p.faint)]
        if not node.depth and self.tree.name != "JSON":
            shown.append((f"  {self.tree.name}", p.label))
        if folded:
            shown.append((f"  {self._glance(place, node)}", p.label))
        return shown

    def _glance(self, place: int, node: Node) -> str:
        """The first children in a few words."""
        said: list[str] = []
        child = place + 1
        while child < node.after and len(said) < _GLANCE:
            one = self.tree.nodes[child]
            if one.kind in CONTAINERS:
                value = "{…}" if one.kind is Kind.OBJECT else "[…]"
            else:
                value = one.text[:40]
            said.append(f"{one.step}: {value}" if isinstance(one.step, str) else value)
            child = one.after
        return ", ".join(said) + (" …" if child < node.after else "")
