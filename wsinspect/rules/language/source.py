"""Safe YAML: text becomes nodes that know their line.

Owns: what of YAML 1.2 a rule file may use (one document; no tags; bounded size, depth, aliases)
and what a plain scalar is. Must not know: the language. Nothing is ever constructed from a tag.

An alias stands for the very node of its anchor; what it would weigh if it were written out is
counted, so an alias bomb stays small here and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from wsinspect.rules.language.problems import quoted

__all__ = ["MAX_BYTES", "ListNode", "MapNode", "Node", "ScalarNode", "SourceError", "parse"]

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 20
MAX_NODES: Final = 100_000  # aliases written out; about two seconds to parse
MAX_ANCHORS: Final = 1000

# YAML 1.2 core schema: `on`, `yes`, `012` are not what YAML 1.1 made of them.
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_NUMBER: Final = re.compile(
    r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class SourceError(Exception):
    """Not YAML, or more of it than a rule file may be."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True, eq=False)
class ScalarNode:
    """``plain``: without quotes, so that it may be a number, true, false or nothing."""

    line: int
    text: str = field(repr=False)
    plain: bool = False

    @property
    def kind(self) -> str:
        """``text``, ``number``, ``true or false`` or ``nothing``."""
        if not self.plain:
            return "text"
        if self.text in _NULL:
            return "nothing"
        if self.text in _TRUE or self.text in _FALSE:
            return "true or false"
        return "number" if _NUMBER.fullmatch(self.text) else "text"

    @property
    def is_true(self) -> bool:
        return self.text in _TRUE


@dataclass(frozen=True, slots=True, eq=False)
class ListNode:
    line: int
    items: tuple[Node, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class MapNode:
    """Keys may be there twice; the reader of the language says so."""

    line: int
    entries: tuple[tuple[ScalarNode, Node], ...] = field(repr=False)


type Node = ScalarNode | ListNode | MapNode


def parse(data: bytes | str) -> Node | None:
    """The one document's node; None: there is nothing but comments.

    Raises:
        SourceError: see there.
    """
    size = len(data) if isinstance(data, bytes) else len(data.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        raise SourceError(
            1,
            f"a rule file has at most {MAX_BYTES >> 10} KiB",
            "put long word lists in files of their own: {file: words.txt}",
        )
    text = _text(data) if isinstance(data, bytes) else data
    text = text.removeprefix("\ufeff")
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        raise SourceError(line, f"a character that YAML does not allow: U+{ord(bad[0]):04X}")
    try:
        return _Composer(YAML(typ="safe", pure=True).parse(text)).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        what = error.problem or error.context or "cannot be read"
        raise SourceError(line, f"not YAML: {_one_line(what)}", _advice(what)) from None
    except (YAMLError, ValueError, OverflowError):
        raise SourceError(1, "not YAML") from None


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(line, "not UTF-8") from None


def _one_line(text: str) -> str:
    return quoted(text)[1:-1]


def _advice(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return 'put text that has ": " in it in quotes, and indent keys alike'
    if "cannot start any token" in problem:
        return "put text that begins with this character in quotes"
    if "escape character" in problem:
        return "in single quotes a backslash is a backslash"
    if "block end" in problem:
        return "indent what belongs together alike"
    return ""


@dataclass(slots=True)
class _Anchored:
    node: Node
    nodes: int
    height: int


class _Composer:
    """Events to nodes. Recursion is bounded by :data:`MAX_DEPTH`."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, _Anchored | None] = {}  # None: still open
        self._nodes = 0

    def document(self) -> Node | None:
        node: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    raise SourceError(line, "a rule file is one YAML document", "remove the ---")
            elif not isinstance(event, StreamStartEvent | StreamEndEvent | DocumentEndEvent):
                node = self._node(event, 1)[0]
        return node

    def _node(self, event: Any, depth: int) -> tuple[Node, int]:
        """With its height: how deep it goes."""
        line: int = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            return self._alias(event, line, depth)
        self._count(1, line)
        if depth > MAX_DEPTH:
            raise SourceError(line, f"nested deeper than {MAX_DEPTH}")
        if event.tag is not None:
            raise SourceError(line, "YAML tags (!…) are not part of the language")
        anchor = event.anchor
        before = self._nodes
        if anchor is not None:
            if len(self._anchors) >= MAX_ANCHORS:
                raise SourceError(line, f"more than {MAX_ANCHORS} anchors")
            self._anchors[anchor] = None
        node: Node
        if isinstance(event, ScalarEvent):
            text = _paired(event.value, line)
            node, height = ScalarNode(line, text, event.style in (None, "")), 1
        elif isinstance(event, SequenceStartEvent):
            node, height = self._list(line, depth)
        elif isinstance(event, MappingStartEvent):
            node, height = self._map(line, depth)
        else:  # there is no other event here
            raise SourceError(line, "not YAML")
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, self._nodes - before + 1, height)
        return node, height

    def _list(self, line: int, depth: int) -> tuple[ListNode, int]:
        items = []
        deepest = 0
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            item, height = self._node(event, depth + 1)
            items.append(item)
            deepest = max(deepest, height)
        return ListNode(line, tuple(items)), deepest + 1

    def _map(self, line: int, depth: int) -> tuple[MapNode, int]:
        entries = []
        deepest = 0
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key, _ = self._node(event, depth + 1)
            if not isinstance(key, ScalarNode):
                raise SourceError(key.line, "a key is a word, not a list or a mapping")
            value, height = self._node(next(self._events), depth + 1)
            entries.append((key, value))
            deepest = max(deepest, height)
        return MapNode(line, tuple(entries)), deepest + 1

    def _alias(self, event: Any, line: int, depth: int) -> tuple[Node, int]:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            what = "has itself inside" if event.anchor in self._anchors else "has no anchor"
            raise SourceError(line, f"the alias {quoted(event.anchor)} {what}")
        self._count(anchored.nodes, line)
        if depth + anchored.height - 1 > MAX_DEPTH:
            raise SourceError(line, f"nested deeper than {MAX_DEPTH}")
        return anchored.node, anchored.height

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise SourceError(
                line,
                f"more than {MAX_NODES:,} values, aliases written out",
                "put long word lists in files of their own: {file: words.txt}",
            )


def _paired(text: str, line: int) -> str:
    """A pair of escaped surrogates, as JSON has them, is one character; a lone one is none."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise SourceError(line, "an escape that is half of a surrogate pair") from None
