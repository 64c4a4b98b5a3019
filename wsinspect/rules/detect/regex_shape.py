"""The shape of a regex: how long a match can be, and whether it must touch an edge of its text.

Owns a reader of RE2's syntax (github.com/google/re2/wiki/Syntax) into a small tree. It matches
nothing and does not validate: RE2 compiles a pattern before anybody asks for its shape. Must not
know: patterns, packs, engines.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Node", "RegexShape", "parse_regex", "regex_shape"]

type Ranges = tuple[tuple[int, int], ...]

_LAST: Final = sys.maxunicode
_DIGIT: Final[Ranges] = ((48, 57),)
_WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Final[Ranges] = ((9, 10), (12, 13), (32, 32))
_PERL: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX: Final[dict[str, Ranges]] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_CONTROL: Final = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}


class RegexShape(NamedTuple):
    """``max_len``: bytes of the longest match, None: no limit. ``anchored``: every match touches
    the begin or the end of its text (or of a line), so it means a leaf rather than a message."""

    max_len: int | None
    anchored: bool


class Node(NamedTuple):
    """A part of a regex. ``kind`` is chars, edge, boundary, sequence, choice, repeat or group."""

    kind: str
    max_len: int | None
    anchored: bool
    items: tuple[Node, ...] = ()
    ranges: Ranges = ()  # chars: the code points, ascending
    least: int = 1  # repeat
    most: int | None = 1
    group: int = 0  # its number, 0: not capturing

    def __repr__(self) -> str:  # a tree can be 1,000 deep
        return f"Node({self.kind!r}, max_len={self.max_len}, anchored={self.anchored})"


def regex_shape(regex: str) -> RegexShape:
    """Raises ValueError where ``regex`` is not RE2's syntax."""
    tree = parse_regex(regex)
    return RegexShape(tree.max_len, tree.anchored)


def parse_regex(regex: str) -> Node:
    """The tree of ``regex``. Raises ValueError where it is not RE2's syntax."""
    return _Parser(regex).run()


class _Open:
    """A group that is not closed yet."""

    __slots__ = ("flags", "index", "items", "options")

    def __init__(self, index: int, flags: frozenset[str]) -> None:
        self.index = index
        self.flags = flags  # as they were outside it
        self.options: list[Node] = []
        self.items: list[Node] = []

    def close(self) -> Node:
        node = _sequence(self.items)
        return _choice([*self.options, node]) if self.options else node


class _Parser:
    """One pass with a stack of its own: depth costs memory, not Python's stack."""

    def __init__(self, regex: str) -> None:
        self._regex = regex
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._groups = 0
        self._stack = [_Open(0, self._flags)]

    def run(self) -> Node:
        while self._at < len(self._regex):
            self._step()
        if len(self._stack) != 1:
            raise ValueError("a group is not closed")
        return self._stack[0].close()

    def _step(self) -> None:
        top = self._stack[-1]
        char = self._take()
        if char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char == "|":
            top.options.append(_sequence(top.items))
            top.items = []
        elif char in "*+?":
            self._repeat({"*": (0, None), "+": (1, None), "?": (0, 1)}[char])
        elif char == "{" and (count := self._count()) is not None:
            self._repeat(count)
        elif char in "^$":
            top.items.append(Node("edge", 0, True))
        elif char == ".":
            line_end = () if "s" in self._flags else ((10, 10),)
            top.items.append(_chars(_without(line_end)))
        elif char == "[":
            top.items.append(_chars(self._class()))
        elif char == "\\":
            self._escape()
        else:
            top.items.append(_chars(self._folded(((ord(char), ord(char)),))))

    def _take(self) -> str:
        if self._at >= len(self._regex):
            raise ValueError("it ends too early")
        self._at += 1
        return self._regex[self._at - 1]

    def _skip(self, text: str) -> bool:
        if self._regex.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _until(self, text: str) -> str:
        end = self._regex.find(text, self._at)
        if end < 0:
            raise ValueError("it ends too early")
        found = self._regex[self._at : end]
        self._at = end + len(text)
        return found

    def _open(self) -> None:
        outside = self._flags
        index = 0
        if not self._skip("?") or self._skip("P<") or self._skip("<"):
            if self._regex[self._at - 1] == "<":
                self._until(">")
            self._groups += 1
            index = self._groups
        else:
            on = True
            while (char := self._take()) not in ":)":
                if char == "-":
                    on = False
                else:
                    self._flags = self._flags | {char} if on else self._flags - {char}
            if char == ")":  # (?i): from here to the end of the group that it stands in
                return
        self._stack.append(_Open(index, outside))

    def _close(self) -> None:
        if len(self._stack) == 1:
            raise ValueError("a ) without its (")
        group = self._stack.pop()
        self._flags = group.flags
        inner = group.close()
        self._stack[-1].items.append(
            Node("group", inner.max_len, inner.anchored, (inner,), group=group.index)
        )

    def _count(self) -> tuple[int, int | None] | None:
        """{n}, {n,} or {n,m}; anything else is a literal brace."""
        end = self._regex.find("}", self._at)
        least, comma, most = self._regex[self._at : max(end, self._at)].partition(",")
        if not (least.isdecimal() and least.isascii()):
            return None
        if most and not (most.isdecimal() and most.isascii()):
            return None
        self._at = end + 1
        if not comma:
            return int(least), int(least)
        return int(least), int(most) if most else None

    def _repeat(self, count: tuple[int, int | None]) -> None:
        self._skip("?")  # lazy: the same matches, another order
        items = self._stack[-1].items
        if not items:
            raise ValueError("nothing to repeat")
        item = items.pop()
        least, most = count
        if item.max_len == 0 or most == 0:
            max_len: int | None = 0
        elif most is None or item.max_len is None:
            max_len = None
        else:
            max_len = item.max_len * most
        anchored = item.anchored and least > 0
        items.append(Node("repeat", max_len, anchored, (item,), least=least, most=most))

    def _escape(self) -> None:
        items = self._stack[-1].items
        char = self._take()
        if char in "Az":
            items.append(Node("edge", 0, True))
        elif char in "bB":
            items.append(Node("boundary", 0, False))
        elif char == "C":
            items.append(Node("chars", 1, False, ranges=((0, 255),)))
        elif char == "Q":
            end = self._regex.find("\\E", self._at)
            end = len(self._regex) if end < 0 else end
            for literal in self._regex[self._at : end]:
                items.append(_chars(self._folded(((ord(literal), ord(literal)),))))
            self._at = min(end + 2, len(self._regex))
        else:
            items.append(_chars(self._folded(self._set(char))))

    def _set(self, char: str) -> Ranges:
        """What the escape means that begins with ``char``, as code points."""
        if char.lower() in _PERL:
            inside = _PERL[char.lower()]
            return inside if char.islower() else _without(inside)
        if char in "pP":
            # Which letters a script has is of no use here: any may be meant.
            if self._take() == "{":
                self._until("}")
            return ((0, _LAST),)
        code = self._code(char)
        return ((code, code),)

    def _code(self, char: str) -> int:
        if char in _CONTROL:
            return _CONTROL[char]
        if char == "x":
            digits = self._until("}") if self._skip("{") else self._take() + self._take()
            return int(digits, 16)
        if char in "01234567":
            digits = char
            while len(digits) < 3 and self._regex[self._at : self._at + 1] in set("01234567"):
                digits += self._take()
            return int(digits, 8)
        return ord(char)

    def _class(self) -> Ranges:
        negated = self._skip("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self._skip("]"):
            first = False
            if self._skip("[:"):
                inverse = self._skip("^")
                inside = _POSIX.get(self._until(":]"))
                if inside is None:
                    raise ValueError("no such class")
                ranges += _without(inside) if inverse else inside
                continue
            low = self._member()
            to = self._regex[self._at : self._at + 2]
            if len(low) == 1 and low[0][0] == low[0][1] and to[:1] == "-" and to != "-]":
                self._at += 1
                ranges.append((low[0][0], self._member()[-1][1]))
            else:
                ranges += low
        found = self._folded(_merged(ranges))
        return _without(found) if negated else found

    def _member(self) -> Ranges:
        char = self._take()
        return self._set(self._take()) if char == "\\" else ((ord(char), ord(char)),)

    def _folded(self, ranges: Ranges) -> Ranges:
        """With (?i): the letters' other case, as far as ASCII goes."""
        if "i" not in self._flags:
            return ranges
        more = list(ranges)
        for low, high in ranges:
            for start, shift in ((65, 32), (97, -32)):
                a, b = max(low, start), min(high, start + 25)
                if a <= b:
                    more.append((a + shift, b + shift))
        return _merged(more)


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _without(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All code points but these."""
    left: list[tuple[int, int]] = []
    at = 0
    for low, high in _merged(ranges):
        if at < low:
            left.append((at, low - 1))
        at = high + 1
    if at <= _LAST:
        left.append((at, _LAST))
    return tuple(left)


def _chars(ranges: Ranges) -> Node:
    last = ranges[-1][1] if ranges else 0
    width = 1 if last < 0x80 else 2 if last < 0x800 else 3 if last < 0x10000 else 4
    return Node("chars", width, False, ranges=ranges)


def _sequence(items: list[Node]) -> Node:
    max_len: int | None = 0
    for item in items:
        max_len = None if max_len is None or item.max_len is None else max_len + item.max_len
    return Node("sequence", max_len, any(item.anchored for item in items), tuple(items))


def _choice(options: list[Node]) -> Node:
    max_len: int | None = 0
    for option in options:
        if max_len is None or option.max_len is None:
            max_len = None
        else:
            max_len = max(max_len, option.max_len)
    return Node("choice", max_len, all(option.anchored for option in options), tuple(options))
