"""Rule files, compiled: patterns in one scanner, rules with their scope and their filters.

Owns: turning the language's :class:`~wsinspect.rules.language.ast.Rule` into something that runs.
Must not know: messages, connections (see ``inspector.py``). A set never changes; a reload makes
another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import re2

from wsinspect.rules.actions.forms import KeyMissing, resolve_key
from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.detect.entropy import entropy_pattern
from wsinspect.rules.detect.exact import exact_pattern, load_exact
from wsinspect.rules.detect.gitleaks import Pack, load_gitleaks
from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.detect.regex_shape import regex_shape
from wsinspect.rules.detect.secrets import secrets_pack
from wsinspect.rules.detect.words import word_patterns
from wsinspect.rules.engine.regexes import compile_regex
from wsinspect.rules.engine.scanner import Scanner
from wsinspect.rules.language.ast import Find, Rule
from wsinspect.rules.language.problems import Problem, RuleFileError
from wsinspect.rules.language.read import read_rules
from wsinspect.rules.language.scope import ConnectionFacts, compile_scope

__all__ = ["CompiledRule", "Engine", "RuleSet", "load_rules"]

Engine = Literal["auto", "hyperscan", "re2"]

STOPPING: Final = frozenset({"block", "close"})
_LONGEST_MATCH: Final = 64 * 1024  # bytes
CHANGING: Final = frozenset({"redact", "mask", "hash", "tokenize"})


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """``patterns`` are indices in the set's scanner; ``order`` is the place among all rules.

    ``gives_way``: detectors whose find counts for nothing within another's. ``leaf_patterns``: a
    rule with ``json`` looks at those leaves only, with these, apart from the
    scanner: ``.+`` is a sensible pattern there. ``keys``: the secrets behind ``env:NAME``.
    """

    rule: Rule
    order: int
    in_scope: Callable[[ConnectionFacts], bool]
    patterns: frozenset[int]
    detectors: tuple[str, ...]
    leaf_patterns: tuple[tuple[str, Any], ...] = ()
    unless: tuple[Any, ...] = ()
    near: Any = None
    gives_way: frozenset[str] = frozenset()
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def enforced(self) -> bool:
        return self.rule.mode == "enforce"

    @property
    def holds(self) -> bool:
        """Whether it can change or stop a message, so that none may leave before its verdict."""
        return self.enforced and any(act.kind in STOPPING | CHANGING for act in self.rule.acts)


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """See the module. ``table`` has the scanner's patterns; ``anchored`` those that mean a leaf.

    ``bare`` is a scanner for the same that sees no signs, for streams and where nothing is decoded.
    """

    rules: tuple[CompiledRule, ...]
    table: tuple[Pattern, ...]
    scanner: Scanner
    bare: Scanner
    anchored: frozenset[int]
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def only(self, rule_id: str) -> RuleSet:
        """The same scanner with one rule: what its own tests are run on."""
        kept = tuple(one for one in self.rules if one.rule.id == rule_id)
        return replace(self, rules=kept)


class _Packs:
    """Each pack file is read once."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, Path | None], Pack] = {}
        self.warnings: list[str] = []
        self.files: list[Path] = []

    def load(self, name: str, path: Path | None) -> Pack:
        """Raises ValueError."""
        pack = self._loaded.get((name, path))
        if pack is None:
            if path is None:
                if name != "secrets":
                    raise ValueError(f"unknown pack {name}")
                pack = secrets_pack()
            else:
                pack = load_gitleaks(path)
            self._loaded[name, path] = pack
            self.warnings += pack.warnings
            self.files += pack.files
        return pack

    def ids(self, name: str, path: Path | None) -> list[str]:
        return list(self.load(name, path).patterns)


class _Table:
    """The patterns of all rules, each once."""

    def __init__(self) -> None:
        self.patterns: list[Pattern] = []
        self._places: dict[int, int] = {}

    def add(self, pattern: Pattern) -> int:
        place = self._places.get(id(pattern))
        if place is None:
            place = self._places[id(pattern)] = len(self.patterns)
            self.patterns.append(pattern)
        return place


def load_rules(
    paths: Sequence[Path],
    *,
    check_flow: Callable[[str], str | None] | None = None,
    cache: Path | None = None,
    engine: Engine = "auto",
    need_keys: bool = False,
) -> RuleSet:
    """Read and compile rule files.

    ``need_keys``: a key that an enforced rule names must be there; else, as in a check, the key of
    the fingerprints stands in for it, with a warning.

    Raises:
        RuleFileError: with all problems of all files.
    """
    packs = _Packs()
    problems: list[Problem] = []
    table = _Table()
    compiled: list[CompiledRule] = []
    files: list[Path] = []
    seen: dict[str, Rule] = {}
    for path in paths:
        try:
            read = read_rules(
                path, known_detectors=BUILTIN, pack_ids=packs.ids, check_flow=check_flow
            )
        except RuleFileError as error:
            problems += error.problems
            continue
        files += read.files
        for rule in read.rules:
            first = seen.setdefault(rule.id, rule)
            if first is not rule:
                where = f"{first.place.file}:{first.place.line}"
                say = f"rule {rule.id} is there already, at {where}"
                problems.append(Problem(rule.place.file, rule.place.line, say, ""))
            elif rule.enabled:
                try:
                    keys = _keys(rule, packs.warnings, need=need_keys)
                    compiled.append(_compile(rule, len(compiled), read.packs, packs, table, keys))
                except (ValueError, OSError, KeyMissing) as error:
                    say = f"rule {rule.id}: {error}"
                    problems.append(Problem(rule.place.file, rule.place.line, say, ""))
    if problems:
        raise RuleFileError(problems)
    bare = Scanner(table.patterns, cache=cache, engine=engine, signs=False)
    scanner = bare
    if any(one.rule.decode for one in compiled):
        scanner = Scanner(table.patterns, cache=cache, engine=engine)
    return RuleSet(
        tuple(compiled),
        tuple(table.patterns),
        scanner,
        bare,
        frozenset(i for i, pattern in enumerate(table.patterns) if pattern.anchored),
        tuple(dict.fromkeys(packs.warnings)),
        tuple(dict.fromkeys([*files, *packs.files])),
    )


def _keys(rule: Rule, warnings: list[str], *, need: bool) -> dict[str, bytes]:
    """Raises KeyMissing."""
    keys = {}
    for act in rule.acts:
        if act.key is not None:
            try:
                keys[act.key] = resolve_key(act.key)
            except KeyMissing as error:
                if need and rule.mode == "enforce":
                    raise
                warnings.append(f"{rule.place}: rule {rule.id}: {error}")
    return keys


def _compile(
    rule: Rule,
    order: int,
    pack_paths: Mapping[str, Path],
    packs: _Packs,
    table: _Table,
    keys: Mapping[str, bytes],
) -> CompiledRule:
    """Raises ValueError, OSError or KeyMissing with words for the user."""
    find = rule.find
    in_scope = compile_scope(rule.when)
    if find is None:
        return CompiledRule(rule, order, in_scope, frozenset(), ("when",), keys=keys)
    patterns = _patterns(find, pack_paths, packs)
    places = frozenset(table.add(pattern) for pattern in patterns)
    own = tuple(("regex", compile_regex(regex)) for regex in find.regexes)
    detectors = tuple(dict.fromkeys(pattern.id for pattern in patterns))
    if find.json is None:
        own_places = frozenset(table.add(_own_pattern(regex)) for regex in find.regexes)
        places |= own_places
        own = ()
    elif not patterns and not find.regexes:
        own = (("json", None),)
    if find.regexes:
        detectors = (*detectors, "regex")
    if find.json is not None and not detectors:
        detectors = ("json",)
    near = None
    if find.near:
        words = "|".join(re2.escape(word) for word in find.near)
        near = compile_regex(rf"(?i)(?:{words})")
    return CompiledRule(
        rule,
        order,
        in_scope,
        places,
        detectors,
        own,
        tuple(compile_regex(regex) for regex in find.unless),
        near,
        _gives_way(find, pack_paths, packs),
        keys,
    )


def _gives_way(find: Find, pack_paths: Mapping[str, Path], packs: _Packs) -> frozenset[str]:
    if find.pack is None:
        return frozenset()
    return packs.load(find.pack, pack_paths.get(find.pack)).gives_way


def _patterns(find: Find, pack_paths: Mapping[str, Path], packs: _Packs) -> list[Pattern]:
    found: list[Pattern] = []
    for name in find.detectors:
        found += BUILTIN[name]
    if find.pack is not None:
        pack = packs.load(find.pack, pack_paths.get(find.pack))
        found += [
            pattern
            for name, pattern in pack.patterns.items()
            if (not find.only or name in find.only) and name not in find.excepted
        ]
    if find.words:
        found += word_patterns("words", find.words)
    if find.exact is not None:
        if find.exact_key is None:
            raise ValueError("exact needs a key, as in key: env:NAME")
        found.append(
            exact_pattern("exact", load_exact(Path(find.exact), resolve_key(find.exact_key)))
        )
    if find.entropy is not None:
        found.append(entropy_pattern("entropy", find.entropy.least_bits, find.entropy.least_len))
    return found


def _own_pattern(regex: str) -> Pattern:
    """Of a user's regex; one without a bound is looked for in windows of 64 KiB at most."""
    shape = regex_shape(regex)
    longest = min(shape.max_len or _LONGEST_MATCH, _LONGEST_MATCH)
    return Pattern("regex", regex, anchored=shape.anchored, max_len=longest)
