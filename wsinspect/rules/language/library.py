"""What rules of all included files share: lists, packs, and the files behind them.

Owns: names of lists and packs, reading word lists, which files were read. Must not know: rules.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wsinspect.rules.language.ast import Place
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.problems import quoted
from wsinspect.rules.language.source import MapNode, Node, ScalarNode
from wsinspect.rules.language.words import LIST_FILE_KEYS

__all__ = ["BUILT_IN_PACK", "Library", "PackIds", "read_bytes"]

BUILT_IN_PACK: Final = "secrets"
MAX_LIST_BYTES: Final = 16 << 20
MAX_WORD: Final = 1000

type PackIds = Callable[[str, Path | None], Collection[str]]


@dataclass(frozen=True, slots=True)
class _Pack:
    path: Path | None
    ids: frozenset[str] | None  # None: it cannot be read, which was reported
    place: Place


@dataclass(frozen=True, slots=True)
class _Named:
    words: tuple[str, ...] | None  # None: it is broken, which was reported
    place: Place


class Library:
    """Lists and packs by name, over all files. ``pack_ids`` raises ValueError with words."""

    def __init__(self, pack_ids: PackIds) -> None:
        self._pack_ids = pack_ids
        self._lists: dict[str, _Named] = {}
        self._packs: dict[str, _Pack] = {}
        self.files: dict[Path, None] = {}

    @property
    def list_names(self) -> Collection[str]:
        return self._lists

    @property
    def pack_names(self) -> Collection[str]:
        return [*self._packs, BUILT_IN_PACK]

    @property
    def pack_paths(self) -> dict[str, Path]:
        return {name: pack.path for name, pack in self._packs.items() if pack.path is not None}

    # --- lists ---

    def add_lists(self, origin: Origin, node: Node, folder: Path) -> None:
        if not isinstance(node, MapNode):
            origin.problem(node, f"lists must be a mapping of names, not {kind_of(node)}")
            return
        fields = Fields(origin, node, "lists", {key.text: None for key, _ in node.entries})
        for name in fields:
            value = fields.node_of(name)
            assert value is not None
            before = self._lists.get(name)
            if before is not None:
                key = fields.keys[name]
                origin.problem(key, f"list {quoted(name)} is there already, at {before.place}")
                continue
            words = self.words(origin, value, f"list {quoted(name)}", folder, named=False)
            self._lists[name] = _Named(words, origin.place(value))

    def words(
        self, origin: Origin, node: Node, name: str, folder: Path, *, named: bool = True
    ) -> tuple[str, ...] | None:
        """Inline, a list's name (if ``named``), or ``{file: …}``. None after a problem."""
        if isinstance(node, MapNode):
            return self._from_file(origin, node, name, folder)
        if isinstance(node, ScalarNode):
            if named and node.kind == "text":
                return self._by_name(origin, node, name)
            what = "a list, its name, or {file: …}" if named else "a list or {file: …}"
            origin.problem(node, f"{name} must be {what}, not {kind_of(node)}")
            return None
        found = origin.texts(node, name)
        if found is None:
            return None
        if not found:
            origin.problem(node, f"{name} is empty")
            return None
        good = True
        for word, where in found:
            if not word.strip():
                origin.problem(where, f"an entry of {name} is empty")
                good = False
        return tuple(dict.fromkeys(word for word, _ in found)) if good else None

    def _by_name(self, origin: Origin, node: ScalarNode, name: str) -> tuple[str, ...] | None:
        entry = self._lists.get(node.text)
        if entry is not None:
            return entry.words
        near = origin.report.nearest(node.text, self._lists)
        if near is not None:
            what = f"unknown list {quoted(node.text)} in {name}"
            origin.problem(node, what, f"did you mean {near}?")
        elif name in ("words", "near"):
            # Perhaps it was meant as a word, which could be the user's secret: not quoted.
            hint = "a single word is a list too: [word]"
            origin.problem(node, f"unknown list in {name}", hint)
        else:
            what = f"unknown list {quoted(node.text)} in {name}"
            origin.problem(node, what, "one value is a list too: [value]")
        return None

    def _from_file(
        self, origin: Origin, node: MapNode, name: str, folder: Path
    ) -> tuple[str, ...] | None:
        fields = Fields(origin, node, name, LIST_FILE_KEYS)
        fields.need("file")
        where = fields.node_of("file")
        data = None if where is None else self.file(origin, where, "file", folder, MAX_LIST_BYTES)
        if data is None or where is None:
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            origin.problem(where, f"the file of {name} is not UTF-8, in its line {line}")
            return None
        lines = (line.strip() for line in text.split("\n"))
        words = tuple(dict.fromkeys(line for line in lines if line and line[0] != "#"))
        if not words:
            origin.problem(where, f"the file of {name} has no words")
            return None
        if max(map(len, words)) > MAX_WORD:
            origin.problem(where, f"the file of {name} has a line of over {MAX_WORD} characters")
            return None
        return words

    # --- packs ---

    def add_packs(self, origin: Origin, node: Node, folder: Path) -> None:
        if not isinstance(node, MapNode):
            hint = "packs: {gitleaks: gitleaks.toml}"
            origin.problem(node, f"packs must be a mapping of names, not {kind_of(node)}", hint)
            return
        fields = Fields(origin, node, "packs", {key.text: None for key, _ in node.entries})
        for name in fields:
            value = fields.node_of(name)
            assert value is not None
            file = origin.text(value, f"pack {quoted(name)}")
            if file is None:
                self._packs.setdefault(name, _Pack(None, None, origin.place(value)))
                continue
            if name == BUILT_IN_PACK:
                origin.problem(fields.keys[name], f"pack {quoted(name)} is built in already")
                continue
            path = _absolute(folder, file)
            before = self._packs.get(name)
            if before is None:
                self._packs[name] = _Pack(
                    path, self._ids(origin, value, name, path), origin.place(value)
                )
            elif before.path is not None and before.path.resolve() != path.resolve():
                what = f"pack {quoted(name)} is another file already, at {before.place}"
                origin.problem(fields.keys[name], what)

    def _ids(
        self, origin: Origin, node: Node, name: str, path: Path | None
    ) -> frozenset[str] | None:
        if path is not None:
            self.files[path] = None
        try:
            return frozenset(self._pack_ids(name, path))
        except OSError as error:
            origin.problem(node, f"pack {quoted(name)} cannot be read: {error.strerror}")
        except ValueError as error:
            origin.problem(node, f"pack {quoted(name)}: {' '.join(str(error).split())}")
        return None

    def ids_of(self, origin: Origin, node: Node, name: str) -> frozenset[str] | None:
        """None: unknown or broken, which has been reported."""
        if name == BUILT_IN_PACK and name not in self._packs:
            ids = self._ids(origin, node, name, None)
            self._packs[name] = _Pack(None, ids, origin.place(node))
        pack = self._packs.get(name)
        if pack is None:
            origin.unknown(node, "pack", name, self.pack_names, "find")
            return None
        return pack.ids

    # --- files ---

    def path(self, folder: Path, name: str) -> Path:
        return _absolute(folder, name)

    def file(
        self, origin: Origin, node: Node, name: str, folder: Path, most: int | None
    ) -> bytes | None:
        """A file that is named in a rule file; ``most`` None: only see that it can be read.

        None after a problem.
        """
        text = origin.text(node, name)
        if text is None:
            return None
        path = _absolute(folder, text)
        self.files[path] = None
        try:
            return read_bytes(path, most)
        except OSError as error:
            origin.problem(node, f"{quoted(text)} cannot be read: {error.strerror}")
        except ValueError as error:
            origin.problem(node, f"{quoted(text)} {error}")
        return None


def read_bytes(path: Path, most: int | None) -> bytes:
    """Of a regular file: a pipe could block for ever. ``most`` None: nothing of it.

    Raises:
        OSError
        ValueError: no file, or too large.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("is no regular file")
        with path.open("rb") as file:
            data = file.read(0 if most is None else most + 1)
    except ValueError as error:
        if "null" in str(error):  # an embedded NUL in the name
            raise ValueError("is no file name") from None
        raise
    if most is not None and len(data) > most:
        raise ValueError(f"is larger than {most >> 10} KiB")
    return data


def _absolute(folder: Path, name: str) -> Path:
    return (folder / name).absolute()
