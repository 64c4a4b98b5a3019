"""``find:`` – what a rule looks for.

Owns: the forms of its finders and what narrows them. Must not know: engines, what a detector is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from wsinspect.rules.language.ast import EntropyTest, Find
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.library import Library
from wsinspect.rules.language.regexes import check_json_path, check_regex
from wsinspect.rules.language.source import ListNode, MapNode, Node, ScalarNode
from wsinspect.rules.language.words import ENTROPY_KEYS, EXACT_KEYS, FIND_KEYS

__all__ = ["is_key_name", "read_find", "read_key"]

FINDERS: Final = ("detector", "pack", "regex", "words", "json", "exact", "entropy")
MAX_WITHIN: Final = 1000
MAX_WORD: Final = 200


def read_find(
    origin: Origin, node: Node, library: Library, folder: Path, detectors: Collection[str]
) -> Find | None:
    """None after a problem of form; other problems leave their field out."""
    if not isinstance(node, MapNode):
        hint = "find: { detector: credit-card }"
        origin.problem(node, f"find must be a mapping, not {kind_of(node)}", hint)
        return None
    fields = Fields(origin, node, "find", FIND_KEYS)
    if not any(name in fields for name in FINDERS):
        what = "find has nothing to look for"
        origin.problem(node, what, f"it needs one of {', '.join(FINDERS)}")
    pack, only, excepted = _pack(origin, fields, library)
    near = _words(origin, fields, "near", library, folder)
    if "within" in fields and "near" not in fields.keys:
        origin.problem(fields.keys["within"], "within needs near")
    exact, exact_key = _exact(origin, fields, library, folder)
    return Find(
        detectors=_detectors(origin, fields, detectors),
        pack=pack,
        only=only,
        excepted=excepted or frozenset(),
        regexes=_checked(origin, fields, "regex", check_regex),
        words=_words(origin, fields, "words", library, folder),
        json=_json(origin, fields),
        exact=exact,
        exact_key=exact_key,
        entropy=_entropy(origin, fields),
        unless=_checked(origin, fields, "unless", check_regex),
        near=near,
        within=fields.whole("within", 40, 1, MAX_WITHIN),
    )


def _detectors(origin: Origin, fields: Fields, known: Collection[str]) -> tuple[str, ...]:
    found = fields.texts("detector")
    _not_empty(origin, fields, "detector", found)
    for name, node in found:
        if name not in known:
            origin.unknown(node, "detector", name, known, "find")
    return tuple(dict.fromkeys(name for name, _ in found))


def _pack(
    origin: Origin, fields: Fields, library: Library
) -> tuple[str | None, frozenset[str] | None, frozenset[str] | None]:
    name = fields.text("pack")
    node = fields.node_of("pack")
    ids = None if name is None or node is None else library.ids_of(origin, node, name)
    sides: list[frozenset[str] | None] = []
    for key in ("only", "except"):
        if key not in fields:
            sides.append(None)
            continue
        if "pack" not in fields.keys:
            origin.problem(fields.keys[key], f"{key} needs pack")
        found = fields.texts(key)
        _not_empty(origin, fields, key, found)
        for each, where in found:
            if ids is not None and each not in ids:
                origin.unknown(where, "id", each, ids, f"pack {name}")
        sides.append(frozenset(each for each, _ in found))
    only, excepted = sides
    if ids and not (only or ids) - (excepted or frozenset()) and node is not None:
        origin.problem(node, "only and except leave nothing of the pack")
    return name, only, excepted


def _checked(
    origin: Origin,
    fields: Fields,
    name: str,
    check: Callable[[str], tuple[str, str] | None],
) -> tuple[str, ...]:
    found = fields.texts(name)
    _not_empty(origin, fields, name, found)
    for text, node in found:
        wrong = check(text)
        if wrong is not None:
            origin.problem(node, f"{name}: {wrong[0]}", wrong[1])
    return tuple(dict.fromkeys(text for text, _ in found))


def _words(
    origin: Origin, fields: Fields, name: str, library: Library, folder: Path
) -> tuple[str, ...]:
    node = fields.node_of(name)
    if node is None:
        return ()
    found = library.words(origin, node, name, folder)
    if found is None:
        return ()
    if not all(any(map(str.isalnum, word)) for word in found):
        origin.problem(node, f"each word of {name} needs a letter or a digit", "or use regex:")
    if max(map(len, found)) > MAX_WORD:
        origin.problem(node, f"a word of {name} has more than {MAX_WORD} characters")
    return tuple(word.strip() for word in found)


def _json(origin: Origin, fields: Fields) -> str | None:
    path = fields.text("json")
    node = fields.node_of("json")
    wrong = None if path is None else check_json_path(path)
    if wrong is not None and node is not None:
        origin.problem(node, *wrong)
    return path


def _exact(
    origin: Origin, fields: Fields, library: Library, folder: Path
) -> tuple[str | None, str | None]:
    node = fields.node_of("exact")
    if node is None:
        return None, None
    if not isinstance(node, MapNode):
        hint = "exact: { file: customers.hashes, key: env:NAME }"
        origin.problem(node, f"exact must be a mapping, not {kind_of(node)}", hint)
        return None, None
    inner = Fields(origin, node, "exact", EXACT_KEYS)
    inner.need("file", "key")
    file = inner.node_of("file")
    key = inner.node_of("key")
    path = None
    if isinstance(file, ScalarNode):
        if library.file(origin, file, "file", folder, None) is not None:
            path = str(library.path(folder, file.text))
    elif file is not None:
        origin.text(file, "file")
    return path, None if key is None else read_key(origin, key)


def _entropy(origin: Origin, fields: Fields) -> EntropyTest | None:
    node = fields.node_of("entropy")
    if node is None:
        return None
    if isinstance(node, MapNode):
        inner = Fields(origin, node, "entropy", ENTROPY_KEYS)
        inner.need("least_bits")
        bits = inner.number("least_bits", 0.1, 8)
        length = inner.whole("least_len", 20, 8, 512)
        return None if bits is None else EntropyTest(bits, length)
    bits = origin.number(node, "entropy", 0.1, 8)
    return None if bits is None else EntropyTest(bits)


def _not_empty(origin: Origin, fields: Fields, name: str, found: list[tuple[str, Node]]) -> None:
    node = fields.node_of(name)
    if isinstance(node, ListNode) and not node.items:
        origin.problem(node, f"{name} is an empty list")
    for text, where in found:
        if not text.strip():
            origin.problem(where, f"{name} is empty")


def read_key(origin: Origin, node: Node) -> str | None:
    """``env:NAME``. Anything else could be the key itself, so it is not quoted."""
    if isinstance(node, ScalarNode) and is_key_name(node.text):
        return node.text
    what = "key must name the variable that has it"
    origin.problem(node, what, "write env:NAME; no secret belongs into a rule file")
    return None


def is_key_name(text: str) -> bool:
    kind, colon, name = text.partition(":")
    return (
        kind == "env"
        and bool(colon)
        and name.isascii()
        and name.replace("_", "a").isalnum()
        and not name[0].isdigit()
    )
