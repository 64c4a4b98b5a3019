"""Rule files to a syntax tree: the whole of one, with all that it includes.

Owns: the top of a file, includes, rules with their defaults, duplicate ids. Must not know: how
anything is compiled or run. All problems of all files are found in one pass.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from wsinspect.rules.language.ast import (
    CHANGING,
    DECODE_NAMES,
    MODES,
    ON_ERROR,
    SEVERITIES,
    Place,
    Rule,
    RuleFile,
    When,
)
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.library import Library, PackIds, read_bytes
from wsinspect.rules.language.problems import Report, RuleFileError, quoted
from wsinspect.rules.language.read_do import read_do, read_threshold
from wsinspect.rules.language.read_find import read_find
from wsinspect.rules.language.read_tests import read_tests
from wsinspect.rules.language.read_when import CheckFlow, read_when
from wsinspect.rules.language.source import (
    MAX_BYTES,
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    SourceError,
    parse,
)
from wsinspect.rules.language.words import DEFAULTS_KEYS, FILE_KEYS, RULE_KEYS

__all__ = ["VERSION", "read_rules", "read_text"]

VERSION: Final = 1
MAX_INCLUDE_DEPTH: Final = 8
MAX_FILES: Final = 100
MAX_RULES: Final = 10_000
MAX_ID: Final = 100
MAX_SAY: Final = 1000
ALL_DECODE: Final = frozenset(DECODE_NAMES)


def read_rules(
    path: Path,
    *,
    known_detectors: Collection[str],
    pack_ids: PackIds,
    check_flow: CheckFlow | None = None,
) -> RuleFile:
    """Read a rule file and what it includes.

    Args:
        known_detectors: names of the built-in detectors.
        pack_ids: the ids in a pack, by its name and file (None: built in); raises ValueError.
        check_flow: what is wrong with a filter expression of mitmproxy, or None.

    Raises:
        RuleFileError: with all problems, by file and line.
    """
    reader = _Reader(known_detectors, pack_ids, check_flow)
    reader.load(path, str(path), ())
    return reader.finish(path)


def read_text(
    text: str,
    name: str,
    *,
    known_detectors: Collection[str],
    pack_ids: PackIds,
    check_flow: CheckFlow | None = None,
) -> RuleFile:
    """The same of a text in memory; files that it names are relative to the folder of ``name``."""
    reader = _Reader(known_detectors, pack_ids, check_flow)
    path = Path(name)
    reader.take(text, path, Origin(name, reader.report), ())
    return reader.finish(path)


@dataclass(frozen=True, slots=True)
class _Defaults:
    mode: str = "enforce"
    decode: frozenset[str] = ALL_DECODE
    streams: bool = True
    on_error: str | None = None
    severity: str = "medium"


@dataclass(frozen=True, slots=True)
class _Part:
    """One file's rules, to be read once all lists and packs are known."""

    origin: Origin
    folder: Path
    fields: Fields


class _Reader:
    def __init__(
        self, detectors: Collection[str], pack_ids: PackIds, check_flow: CheckFlow | None
    ) -> None:
        self.report = Report()
        self._library = Library(pack_ids)
        self._detectors = detectors
        self._check_flow = check_flow
        self._parts: list[_Part] = []
        self._done: set[Path] = set()
        self._ids: dict[str, Place] = {}
        self._rules: list[Rule] = []

    # --- files ---

    def load(
        self,
        path: Path,
        name: str,
        above: tuple[Path, ...],
        asked: tuple[Origin, Node | int] | None = None,
    ) -> None:
        """``name``: as the user knows it; ``above``: who includes it; ``asked``: where."""
        origin, node = asked or (Origin(name, self.report), 1)
        try:
            real = path.resolve()
            if real in above:
                origin.problem(node, f"{quoted(name)} includes itself")
                return
            if real in self._done:
                return
            self._done.add(real)
            self._library.files[path.absolute()] = None
            data = read_bytes(path, MAX_BYTES)
        except OSError as error:
            origin.problem(node, f"{quoted(name)} cannot be read: {error.strerror}")
        except ValueError as error:
            origin.problem(node, f"{quoted(name)} {error}")
        else:
            self.take(data, path, Origin(name, self.report), (*above, real))

    def take(self, data: bytes | str, path: Path, origin: Origin, above: tuple[Path, ...]) -> None:
        try:
            top = parse(data)
        except SourceError as error:
            origin.problem(error.line, error.what, error.hint)
            return
        if not isinstance(top, MapNode):
            what = "the file is empty" if top is None else f"a rule file is not {kind_of(top)}"
            origin.problem(top or 1, what, "it begins with version: 1 and has rules:")
            return
        fields = Fields(origin, top, "the file", FILE_KEYS)
        self._version(origin, fields)
        if not fields.keys.keys() & {"rules", "include", "lists", "packs"}:
            origin.problem(top, 'the file has no "rules"')
        self._includes(origin, fields, path, above)
        for key, add in (("lists", self._library.add_lists), ("packs", self._library.add_packs)):
            node = fields.node_of(key)
            if node is not None:
                add(origin, node, path.parent)
        self._parts.append(_Part(origin, path.parent, fields))

    def _version(self, origin: Origin, fields: Fields) -> None:
        node = fields.node_of("version")
        if node is None:
            return
        if not isinstance(node, ScalarNode) or node.kind != "number" or node.text != str(VERSION):
            hint = f"this program reads version: {VERSION}"
            origin.problem(node, "the version of the language is not known", hint)

    def _includes(
        self, origin: Origin, fields: Fields, path: Path, above: tuple[Path, ...]
    ) -> None:
        for name, node in fields.texts("include"):
            if len(above) >= MAX_INCLUDE_DEPTH:
                origin.problem(node, f"includes go deeper than {MAX_INCLUDE_DEPTH}")
            elif len(self._done) >= MAX_FILES:
                origin.problem(node, f"more than {MAX_FILES} files are included")
            else:
                inner = path.parent / name
                self.load(inner, str(inner), above, (origin, node))

    def finish(self, path: Path) -> RuleFile:
        """Raises RuleFileError."""
        for part in self._parts:
            defaults = self._read_defaults(part)
            node = part.fields.node_of("rules")
            if node is None:
                continue
            if not isinstance(node, ListNode):
                hint = "each rule begins with - id:"
                part.origin.problem(node, f"rules must be a list, not {kind_of(node)}", hint)
                continue
            if len(node.items) > MAX_RULES:
                part.origin.problem(node, f"more than {MAX_RULES} rules")
                continue
            for item in node.items:
                rule = self._rule(part, item, defaults)
                if rule is not None:
                    self._rules.append(rule)
        files = tuple(self._library.files)
        if self.report:
            raise RuleFileError(self.report.problems, files)
        return RuleFile(path, tuple(self._rules), self._library.pack_paths, files)

    # --- rules ---

    def _read_defaults(self, part: _Part) -> _Defaults:
        node = part.fields.node_of("defaults")
        if node is None:
            return _Defaults()
        if not isinstance(node, MapNode):
            part.origin.problem(node, f"defaults must be a mapping, not {kind_of(node)}")
            return _Defaults()
        return _settings(Fields(part.origin, node, "defaults", DEFAULTS_KEYS), _Defaults())

    def _rule(self, part: _Part, node: Node, defaults: _Defaults) -> Rule | None:
        origin = part.origin
        if not isinstance(node, MapNode):
            origin.problem(node, f"a rule must be a mapping, not {kind_of(node)}")
            return None
        given = [value for key, value in node.entries if key.text == "id"]
        called = given[0].text if given and isinstance(given[0], ScalarNode) else ""
        fields = Fields(origin, node, f"rule {called[:MAX_ID]}".strip(), RULE_KEYS)
        fields.need("id", "do")
        rule_id = self._id(origin, fields)
        settings = _settings(fields, defaults)
        if "find" not in fields.keys and "when" not in fields.keys:
            what = f"{fields.where} needs find or when"
            origin.problem(node, what, "else it would act on everything")
        when = find = threshold = None
        if (inner := fields.node_of("when")) is not None:
            when = read_when(origin, inner, self._library, part.folder, self._check_flow)
        if (inner := fields.node_of("find")) is not None:
            find = read_find(origin, inner, self._library, part.folder, self._detectors)
        inner = fields.node_of("do")
        acts = () if inner is None else read_do(origin, inner)
        changing = [act.kind for act in acts if act.kind in CHANGING]
        if changing and inner is not None and "find" not in fields.keys:
            origin.problem(inner, f"{changing[0]} needs find: there is nothing to replace")
        if (inner := fields.node_of("threshold")) is not None:
            threshold = read_threshold(origin, inner, finds="find" in fields.keys)
        inner = fields.node_of("tests")
        tests = () if inner is None else read_tests(origin, inner, acts)
        say = self._say(origin, fields)
        return Rule(
            id=rule_id,
            say=say or rule_id,
            severity=cast(Any, settings.severity),
            when=when or When(),
            find=find,
            acts=acts,
            threshold=threshold,
            mode=cast(Any, settings.mode),
            decode=settings.decode,
            streams=settings.streams,
            on_error=cast(Any, settings.on_error),
            tests=tests,
            place=origin.place(node),
            enabled=fields.flag("enabled", True),
        )

    def _id(self, origin: Origin, fields: Fields) -> str:
        node = fields.node_of("id")
        if node is None:
            return ""
        text = fields.text("id")
        if text is None:
            return ""
        if not _is_id(text):
            hint = f"letters, digits, . _ - and at most {MAX_ID} of them"
            origin.problem(node, f"{quoted(text)} cannot be an id", hint)
            return text
        first = self._ids.setdefault(text, origin.place(node))
        if first != origin.place(node):
            origin.problem(node, f"rule {quoted(text)} is there already, at {first}")
        return text

    def _say(self, origin: Origin, fields: Fields) -> str:
        node = fields.node_of("say")
        text = fields.text("say")
        if node is None or text is None:
            return ""
        line = " ".join(text.split())
        if not line.isprintable() or len(line) > MAX_SAY:
            origin.problem(node, f"say must be one printable sentence of at most {MAX_SAY}")
        return line


def _settings(fields: Fields, base: _Defaults) -> _Defaults:
    """What a rule or ``defaults`` may both say."""
    node = fields.node_of("decode")
    return _Defaults(
        fields.choice("mode", MODES) or base.mode,
        base.decode if node is None else _decode(fields.origin, node),
        fields.flag("streams", base.streams),
        fields.choice("on_error", ON_ERROR) or base.on_error,
        fields.choice("severity", SEVERITIES) or base.severity,
    )


def _decode(origin: Origin, node: Node) -> frozenset[str]:
    items = node.items if isinstance(node, ListNode) else (node,)
    found = (origin.choice(item, "decode", DECODE_NAMES) for item in items)
    return frozenset(name for name in found if name is not None)


def _is_id(text: str) -> bool:
    bare = text.replace(".", "a").replace("_", "a").replace("-", "a")
    return len(text) <= MAX_ID and bare.isascii() and bare.isalnum() and text[0] not in ".-"
