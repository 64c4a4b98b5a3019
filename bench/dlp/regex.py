"""Texts that match a regular expression: a reader of RE2's syntax, and a walk that draws.

Owns: the part of the syntax that rule packs use (https://github.com/google/re2/wiki/Syntax).
Must not know: packs, detectors. Assertions (``^ $ \\b \\B \\A \\z``) draw nothing: whoever asks
looks whether the text does match.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Node", "UnknownSyntax", "group", "parse", "sample"]

SPREAD: Final = 8
"""An unbounded repeat draws at most so many more than its least."""

LAST: Final = 0x10FFFF
ASCII: Final = frozenset(map(ord, string.printable)) - frozenset(map(ord, "\r\x0b\x0c"))
DIGITS: Final = frozenset(map(ord, string.digits))
WORD: Final = frozenset(map(ord, string.ascii_letters + string.digits + "_"))
SPACE: Final = frozenset(map(ord, " \t\n\r\x0c"))
POSIX: Final = {
    "alnum": frozenset(map(ord, string.ascii_letters + string.digits)),
    "alpha": frozenset(map(ord, string.ascii_letters)),
    "digit": DIGITS,
    "lower": frozenset(map(ord, string.ascii_lowercase)),
    "punct": frozenset(map(ord, string.punctuation)),
    "space": SPACE,
    "upper": frozenset(map(ord, string.ascii_uppercase)),
    "word": WORD,
    "xdigit": frozenset(map(ord, string.hexdigits)),
}
CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
CLASSES: Final = {"d": DIGITS, "w": WORD, "s": SPACE}


class UnknownSyntax(ValueError):
    """Something that RE2 may know and this reader does not."""


@dataclass(frozen=True, slots=True)
class Node:
    """``kind`` is ``chars`` (one of ``chars``), ``join``, ``either``, ``repeat`` or ``group``.

    An assertion is an empty ``join``. ``number`` counts capturing groups from 1.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    chars: tuple[int, ...] = ()
    literal: bool = False
    least: int = 1
    most: int | None = 1
    number: int = 0


Case = Callable[[str], str]

NOTHING: Final = Node("join")


def parse(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:
        UnknownSyntax: with the offset.
    """
    return _Reader(pattern).read()


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.fold = False
        self.dot_all = False

    def read(self) -> Node:
        node = self.alternation()
        if self.at < len(self.pattern):
            raise self.unknown()
        return node

    def unknown(self) -> UnknownSyntax:
        return UnknownSyntax(f"at {self.at}: {self.pattern[self.at : self.at + 12]!r}")

    def peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def take(self, text: str) -> bool:
        found = self.peek(text)
        self.at += len(text) * found
        return found

    def next(self) -> str:
        if self.at >= len(self.pattern):
            raise self.unknown()
        self.at += 1
        return self.pattern[self.at - 1]

    def alternation(self) -> Node:
        branches = [self.concatenation()]
        while self.take("|"):
            branches.append(self.concatenation())
        return branches[0] if len(branches) == 1 else Node("either", tuple(branches))

    def concatenation(self) -> Node:
        parts = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self.repeated())
        return parts[0] if len(parts) == 1 else Node("join", tuple(parts))

    def repeated(self) -> Node:
        node = self.atom()
        while bounds := self.quantifier():
            self.take("?")  # lazy or not: the texts are the same
            node = Node("repeat", (node,), least=bounds[0], most=bounds[1])
        return node

    def quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return bounds
        if not self.peek("{"):
            return None
        inner, closed, _ = self.pattern[self.at + 1 :].partition("}")
        least, comma, most = inner.partition(",")
        if not closed or not least.isdigit() or not (most == "" or most.isdigit()):
            return None  # a literal brace
        self.at += len(inner) + 2
        if not comma:
            return int(least), int(least)
        return int(least), int(most) if most else None

    def atom(self) -> Node:
        char = self.next()
        if char == "(":
            return self.group()
        if char == "[":
            return self.char_class()
        if char == ".":
            # Half of the dots in rule packs mean a dot, and their keywords insist on it.
            anything = self.chars(ASCII if self.dot_all else ASCII - {ord("\n")})
            return Node("either", (self.chars({ord(".")}, literal=True), anything))
        if char in "^$":
            return NOTHING
        if char == "\\":
            return self.escape()
        return self.chars({ord(char)}, literal=True)

    def group(self) -> Node:
        fold, dot_all = self.fold, self.dot_all
        number = 0
        if self.take("?P<") or self.take("?<"):
            self.at = self.pattern.index(">", self.at) + 1
            number = self.numbered()
        elif self.take("?"):
            if self.flags():  # (?i): until the end of the group around it
                return NOTHING
        else:
            number = self.numbered()
        inner = self.alternation()
        if not self.take(")"):
            raise self.unknown()
        self.fold, self.dot_all = fold, dot_all
        return Node("group", (inner,), number=number)

    def numbered(self) -> int:
        self.groups += 1
        return self.groups

    def flags(self) -> bool:
        value = True
        while (char := self.next()) not in ":)":
            if char == "-":
                value = False
            elif char == "i":
                self.fold = value
            elif char == "s":
                self.dot_all = value
            elif char not in "mU":
                raise self.unknown()
        return char == ")"

    def escape(self) -> Node:
        char = self.next()
        if char in "bBAz":
            return NOTHING
        if (named := CLASSES.get(char.lower())) is not None and char.isalpha():
            return self.chars(named if char.islower() else ASCII - named)
        return self.chars({self.escaped(char)}, literal=True)

    def escaped(self, char: str) -> int:
        """The character that a backslash and ``char`` stand for."""
        if char == "x":
            if self.take("{"):
                digits, _, _ = self.pattern[self.at :].partition("}")
                self.at += len(digits) + 1
            else:
                digits = self.next() + self.next()
            return int(digits, 16)
        if char in CONTROLS:
            return ord(CONTROLS[char])
        if char.isalnum():
            raise self.unknown()
        return ord(char)

    def char_class(self) -> Node:
        negated = self.take("^")
        members: set[int] = set()
        first = True
        while first or not self.peek("]"):
            first = False
            members |= self.class_item()
        self.take("]")
        if self.fold:
            members = _folded(members)
        return self.chars(ASCII - members if negated else members)

    def class_item(self) -> set[int]:
        if self.take("[:"):
            name, _, _ = self.pattern[self.at :].partition(":]")
            self.at += len(name) + 2
            return set(ASCII - POSIX[name[1:]] if name.startswith("^") else POSIX[name])
        char = self.next()
        if char == "\\":
            char = self.next()
            if char.lower() in CLASSES and char.isalpha():
                named = CLASSES[char.lower()]
                return set(named if char.islower() else ASCII - named)
            begin = self.escaped(char)
        else:
            begin = ord(char)
        if not self.peek("-") or self.peek("-]"):
            return {begin}
        self.take("-")
        char = self.next()
        end = self.escaped(self.next()) if char == "\\" else ord(char)
        return set(range(begin, end + 1))

    def chars(self, members: set[int] | frozenset[int], *, literal: bool = False) -> Node:
        members = _folded(members) if self.fold else members
        # What people type, where the class has any of it.
        usual = sorted(members & ASCII) or sorted(members)
        return Node("chars", chars=tuple(usual), literal=literal)


def _folded(members: set[int] | frozenset[int]) -> set[int]:
    cases = (chr(each).lower() + chr(each).upper() for each in members)
    return {ord(char) for pair in cases for char in pair if ord(char) < 128} | set(members)


def sample(node: Node, source: random.Random) -> str:
    """A text that the tree allows."""
    # How this writer writes words that may be written either way.
    case = source.choice((str.lower, str.lower, str.upper, str.title))
    return "".join(_draw(node, source, case))


def _draw(node: Node, source: random.Random, case: Case) -> Iterator[str]:
    if node.kind == "chars":
        yield _char(node, source, case)
    elif node.kind == "either":
        yield from _draw(source.choice(node.parts), source, case)
    elif node.kind == "repeat":
        most = node.least + SPREAD if node.most is None else min(node.most, node.least + 4 * SPREAD)
        for _ in range(source.randint(node.least, most)):
            yield from _draw(node.parts[0], source, case)
    else:
        for part in node.parts:
            yield from _draw(part, source, case)


def _char(node: Node, source: random.Random, case: Case) -> str:
    chars = node.chars
    if node.literal:
        if len(chars) == 1:
            return chr(chars[0])
        letter = min(chr(each) for each in chars if each < 128)
        return letter.lower() if case is str.lower else letter.upper()
    if 32 in chars and chars[0] < 32:  # white space is a space, most of the time
        drawn = source.choice(chars)
        return " " if drawn < 32 and source.random() < 0.7 else chr(drawn)
    return chr(source.choice(chars))


def group(node: Node, number: int) -> Node | None:
    """The capturing group of that number."""
    if node.kind == "group" and node.number == number:
        return node
    found = (group(part, number) for part in node.parts)
    return next((each for each in found if each), None)
