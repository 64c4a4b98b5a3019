"""Typed access to a node's fields; whatever is wrong becomes a problem with its line.

Owns: the checks of form (types, ranges, choices, unknown and doubled keys) and their wording.
Must not know: what the fields mean. A getter returns None, or its default, after it has reported;
so one pass finds every problem.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from wsinspect.rules.language.ast import Place
from wsinspect.rules.language.problems import Report, nearest, quoted
from wsinspect.rules.language.source import ListNode, MapNode, Node, ScalarNode
from wsinspect.rules.language.words import HOMES

__all__ = ["Fields", "Origin", "kind_of"]

MAX_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Origin:
    """Where problems are told: the file's name as the user gave it."""

    file: str
    report: Report

    def problem(self, node: Node | int, what: str, hint: str = "") -> None:
        line = node if isinstance(node, int) else node.line
        self.report.add(self.file, line, what, hint)

    def unknown(
        self, node: Node, kind: str, name: str, known: Collection[str], where: str = ""
    ) -> None:
        self.report.unknown(self.file, node.line, kind, name, known, where)

    def place(self, node: Node) -> Place:
        return Place(self.file, node.line)

    # --- single values; `name` is the key, for the message ---

    def text(self, node: Node, name: str) -> str | None:
        """A text. Numbers and such must be quoted: `0123` would not stay as it is."""
        if isinstance(node, ScalarNode) and node.kind == "text":
            return node.text
        hint = "put it in quotes" if isinstance(node, ScalarNode) and node.text else ""
        self._wrong(node, name, "a text", hint)
        return None

    def flag(self, node: Node, name: str) -> bool | None:
        if isinstance(node, ScalarNode) and node.kind == "true or false":
            return node.is_true
        hint = ""
        if isinstance(node, ScalarNode):
            meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}
            word = meant.get(node.text.lower(), node.text.lower())
            hint = f"did you mean {word}?" if word in ("true", "false") else ""
        self._wrong(node, name, "true or false", hint)
        return None

    def number(
        self, node: Node, name: str, least: float, most: float, *, whole: bool = False
    ) -> float | None:
        """Inclusive ends."""
        if not isinstance(node, ScalarNode) or node.kind != "number":
            hint = "without quotes" if isinstance(node, ScalarNode) and not node.plain else ""
            self._wrong(node, name, "a whole number" if whole else "a number", hint)
            return None
        value = _number(node.text)
        if value is None or (whole and value != int(value)):
            self.problem(node, f"{name} must be {'a whole number' if whole else 'a number'}")
            return None
        if not least <= value <= most:
            top = "" if most == math.inf else f", at most {most:g}"
            self.problem(node, f"{name} must be at least {least:g}{top}")
            return None
        return value

    def choice(self, node: Node, name: str, known: Collection[str]) -> str | None:
        """One of these words."""
        if not isinstance(node, ScalarNode):
            self._wrong(node, name, "a word", f"known: {', '.join(known)}")
            return None
        if node.text in known and node.kind == "text":
            return node.text
        self.unknown(node, name, node.text, known)
        return None

    def texts(self, node: Node, name: str) -> list[tuple[str, Node]] | None:
        """A text or a list of texts, each with its node. None after a problem."""
        if not isinstance(node, ListNode):
            value = self.text(node, name)
            return None if value is None else [(value, node)]
        found = []
        good = True
        for item in node.items:
            value = self.text(item, f"an entry of {name}")
            if value is None:
                good = False
            else:
                found.append((value, item))
        return found if good else None

    def _wrong(self, node: Node, name: str, wanted: str, hint: str) -> None:
        self.problem(node, f"{name} must be {wanted}, not {kind_of(node)}", hint)


class Fields:
    """A mapping's fields. Unknown and doubled keys are reported at once."""

    def __init__(
        self, origin: Origin, node: MapNode, where: str, known: Mapping[str, object]
    ) -> None:
        self.origin = origin
        self.node = node
        self.where = where
        self._nodes: dict[str, Node] = {}
        self.keys: dict[str, ScalarNode] = {}
        for key, value in node.entries:
            name = key.text
            if name in self.keys:
                line = self.keys[name].line
                origin.problem(key, f"key {quoted(name)} is there already, on line {line}")
                continue
            self.keys[name] = key
            if name not in known:
                self._unknown(key, known)
            else:
                self._nodes[name] = value

    def _unknown(self, key: ScalarNode, known: Mapping[str, object]) -> None:
        if key.text == "<<" and key.plain:
            hint = "use defaults: or lists: instead"
            self.origin.problem(key, "merge keys (<<) are not part of the language", hint)
            return
        file, report = self.origin.file, self.origin.report
        report.unknown(file, key.line, "key", key.text, known, self.where, HOMES)

    def __contains__(self, name: str) -> bool:
        return name in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def node_of(self, name: str) -> Node | None:
        return self._nodes.get(name)

    def text(self, name: str) -> str | None:
        node = self._nodes.get(name)
        return None if node is None else self.origin.text(node, name)

    def flag(self, name: str, default: bool) -> bool:
        node = self._nodes.get(name)
        value = None if node is None else self.origin.flag(node, name)
        return default if value is None else value

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        node = self._nodes.get(name)
        if node is None:
            return default
        value = self.origin.number(node, name, least, most, whole=True)
        return default if value is None else int(value)

    def number(self, name: str, least: float, most: float) -> float | None:
        node = self._nodes.get(name)
        return None if node is None else self.origin.number(node, name, least, most)

    def choice(self, name: str, known: Collection[str]) -> str | None:
        node = self._nodes.get(name)
        return None if node is None else self.origin.choice(node, name, known)

    def texts(self, name: str) -> list[tuple[str, Node]]:
        node = self._nodes.get(name)
        return [] if node is None else self.origin.texts(node, name) or []

    def need(self, *names: str) -> bool:
        """Report those that are not there."""
        missing = [name for name in names if name not in self.keys]
        for name in missing:
            hint = ""
            if any(nearest(key, [name]) for key in self.keys):
                hint = "see the unknown key"
            self.origin.problem(self.node, f"{self.where} has no {quoted(name)}", hint)
        return not missing


def kind_of(node: Node) -> str:
    """In words."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    return {"number": "a number", "text": "a text"}.get(node.kind, node.kind)


def _number(text: str) -> float | None:
    """Finite ones of sensible length only."""
    if len(text) > MAX_DIGITS:
        return None
    if text[:2] in ("0o", "0x"):
        return int(text, 0)
    if text.lower().endswith(("inf", "nan")):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
