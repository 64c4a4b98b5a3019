"""RE2's syntax, read into a flat list of pieces.

Owns: the walk over a regex (github.com/google/re2/wiki/Syntax) that RE2 has accepted, with its
flags. Must not know: what is made of the pieces (``superset.py``).

A class, an escape that is one, or a folded letter is asked of RE2 itself: which ASCII characters it
has, and whether it has others. So no table of our own can differ from RE2's.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final, Literal

import re2

from wsinspect.rules.engine.regexes import BadRegexError, compile_regex

__all__ = ["Piece", "UnknownSyntaxError", "read_pieces"]

_ASCII: Final = bytes(range(128))
_CONTROLS: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_CLASS_LETTERS: Final = frozenset("dDsSwW")
# RE2 makes a folded letter of such a class, and then maybe another class with non-ASCII forms.
_PAIRS: Final = {r"\x4b\x6b": "K|k", r"\x53\x73": "S|s"}
_OCTAL: Final = frozenset("01234567")

Kind = Literal["open", "close", "bar", "edge", "literal", "chars"]


class UnknownSyntaxError(ValueError):
    """A piece of RE2 syntax that is not read here (``\\C``)."""


@dataclass(slots=True)
class Piece:
    """``text``: an edge (``^ $ \\b \\B``), a literal as bytes, or a class body of ASCII members.

    ``above``: of a class: it has non-ASCII members. ``low``, ``high``: the repeat (None: no limit).
    """

    kind: Kind
    text: str = ""
    above: bool = False
    low: int = 1
    high: int | None = 1


def read_pieces(regex: str) -> tuple[list[Piece], str]:
    """The pieces, and the regex with its ASCII classes folded in ASCII only (``superset.py``).

    Raises: UnknownSyntaxError.
    """
    walk = _Walk(regex)
    walk.run()
    return walk.pieces, "".join(walk.exact) + regex[walk.copied :]


class _Walk:
    """One pass over a regex; the only state is the flags of the open groups."""

    __slots__ = ("at", "copied", "exact", "flags", "pieces", "quoted", "regex", "token")

    def __init__(self, regex: str) -> None:
        self.regex = regex
        self.at = 0
        self.token = 0  # where the piece in work begins
        self.quoted = False  # it stands between \Q and \E
        self.copied = 0  # how much of the regex is in ``exact``
        self.exact: list[str] = []
        self.flags: list[frozenset[str]] = [frozenset()]
        self.pieces: list[Piece] = []

    def run(self) -> None:
        regex = self.regex
        while self.at < len(regex):
            char = regex[self.at]
            self.token = self.at
            if char == "(":
                self._open()
            elif char == ")":
                self.at += 1
                self.flags.pop()
                self._add(Piece("close"))
            elif char == "|":
                self.at += 1
                self.pieces.append(Piece("bar"))
            elif char in "^$":
                self.at += 1
                self._edge(char)
            elif char == ".":
                self.at += 1
                self._chars("(?s:.)" if "s" in self.flags[-1] else ".")
            elif char == "[":
                self._chars(self._class_text())
            elif char == "\\":
                self._escape()
            else:
                self.at += 1
                self._literal(char)

    # --- pieces ---

    def _add(self, piece: Piece) -> None:
        piece.low, piece.high = self._repeat()
        self.pieces.append(piece)

    def _edge(self, text: str) -> None:
        low, _ = self._repeat()
        if low:  # else it need not be there
            self.pieces.append(Piece("edge", text))

    def _literal(self, char: str) -> None:
        if "i" in self.flags[-1] and (char.isalpha() or not char.isascii()):
            self._chars(f"[\\x{{{ord(char):x}}}]")
            return
        code = char.encode()
        text = "".join(map(_plain, code))
        self._add(Piece("literal", text if len(code) == 1 else f"(?:{text})"))

    def _chars(self, text: str) -> None:
        """One character of the class that ``text`` is."""
        body, above, strange = _members(text, "i" in self.flags[-1])
        pair = None if above else _PAIRS.get(body)
        if strange or pair is not None:
            spelt = f"(?-i:{pair or f'[{body}]'})"
            self.exact += (
                self.regex[self.copied : self.token],
                f"\\E{spelt}\\Q" if self.quoted else spelt,
            )
            self.copied = self.token + 1 if self.quoted else self.at
        self._add(Piece("chars", body, above))

    # --- syntax ---

    def _repeat(self) -> tuple[int, int | None]:
        """The repeat operator at the current place, if any."""
        regex, at = self.regex, self.at
        char = regex[at : at + 1]
        bounds: tuple[int, int | None]
        if char == "*":
            bounds, at = (0, None), at + 1
        elif char == "+":
            bounds, at = (1, None), at + 1
        elif char == "?":
            bounds, at = (0, 1), at + 1
        elif char == "{":
            close = regex.find("}", at)
            low, comma, high = regex[at + 1 : max(close, 0)].partition(",")
            if not _is_number(low) or (high and not _is_number(high)):
                return 1, 1  # a literal brace
            bounds = int(low), (int(high) if high else None) if comma else int(low)
            at = close + 1
        else:
            return 1, 1
        if regex[at : at + 1] == "?":
            at += 1
        self.at = at
        return bounds

    def _open(self) -> None:
        regex, at = self.regex, self.at
        flags = self.flags[-1]
        if regex[at + 1 : at + 2] != "?":
            at += 1
        elif regex.startswith(("(?P<", "(?<"), at):
            at = regex.index(">", at) + 1
        else:
            end = at + 2
            while regex[end] not in ":)":
                end += 1
            on, _, off = regex[at + 2 : end].partition("-")
            flags = (flags | frozenset(on)) - frozenset(off)
            at = end + 1
            if regex[end] == ")":  # for the rest of the group that it stands in
                self.flags[-1] = flags
                self.at = at
                return
        self.flags.append(flags)
        self.at = at
        self.pieces.append(Piece("open"))

    def _class_text(self) -> str:
        """The bracketed class at the current place."""
        regex, start = self.regex, self.at
        at = start + 1
        if regex[at : at + 1] == "^":
            at += 1
        first = at
        while regex[at] != "]" or at == first:
            if regex[at] == "\\":
                at += 2
            elif regex.startswith("[:", at) and regex.find(":]", at) > 0:
                at = regex.index(":]", at) + 2
            else:
                at += 1
        self.at = at + 1
        return regex[start : self.at]

    def _escape(self) -> None:
        regex, at = self.regex, self.at
        char = regex[at + 1]
        self.at = at + 2
        if char == "Q":
            self._quotation()
        elif char in "bB":
            self._edge("\\" + char)
        elif char in "Az":
            self._edge("^" if char == "A" else "$")
        elif char in _CLASS_LETTERS:
            self._chars("\\" + char)
        elif char in "pP":
            self.at = regex.index("}", at) + 1 if regex[at + 2] == "{" else at + 3
            self._chars(regex[at : self.at])
        elif char in _CONTROLS:
            self._literal(chr(_CONTROLS[char]))
        elif char == "x":
            self.at = regex.index("}", at) + 1 if regex[at + 2] == "{" else at + 4
            self._literal(chr(int(regex[at + 2 : self.at].strip("{}"), 16)))
        elif char in _OCTAL:
            end = at + 2
            while end < at + 4 and regex[end : end + 1] in _OCTAL:
                end += 1
            self.at = end
            self._literal(chr(int(regex[at + 1 : end], 8)))
        elif char.isascii() and not char.isalnum():
            self._literal(char)
        else:
            raise UnknownSyntaxError(f"\\{char}")

    def _quotation(self) -> None:
        """``\\Q…\\E``: each character stands for itself; a repeat behind it is the last one's."""
        regex, start = self.regex, self.at
        end = regex.find("\\E", start)
        if end < 0:
            end = len(regex)
        self.quoted = True
        for at in range(start, end):
            self.token = at
            # A repeat is read where ``at`` is: only the last character may have one.
            self.at = end + 2 if at == end - 1 else len(regex)
            self._literal(regex[at])
        self.quoted = False
        if start == end:
            self.at = end + 2


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _plain(byte: int) -> str:
    """A byte outside a class."""
    char = chr(byte)
    return char if char.isascii() and char.isalnum() else f"\\x{byte:02x}"


@functools.lru_cache(maxsize=4096)
def _members(text: str, fold: bool) -> tuple[str, bool, bool]:
    """What a class has: ASCII members as a class body, whether it has others, and whether it has
    those only because RE2 folds k and s to the Kelvin sign and the long s."""
    plain = _class_regex(f"(?:{text})")
    above = _goes_above(plain)
    if not fold:
        return _ranges(b"".join(plain.findall(_ASCII))), above, False
    folded = _class_regex(f"(?i:{text})")
    strange = not above and _goes_above(folded)
    return _ranges(b"".join(folded.findall(_ASCII))), above, strange


def _class_regex(text: str) -> Any:
    try:
        return compile_regex(text)
    except BadRegexError:  # but it stood inside an accepted regex
        raise UnknownSyntaxError("a class") from None


def _goes_above(regex: Any) -> bool:
    """Whether a class has non-ASCII members. In doubt it has."""
    try:
        return bool(regex.possiblematchrange(8)[1] > b"\x7f")
    except re2.error:
        return True


def _ranges(members: bytes) -> str:
    """A class body of hexadecimal ranges."""
    parts: list[str] = []
    at = 0
    while at < len(members):
        end = at
        while end + 1 < len(members) and members[end + 1] == members[end] + 1:
            end += 1
        if end - at > 1:
            parts.append(f"\\x{members[at]:02x}-\\x{members[end]:02x}")
        else:
            parts.extend(f"\\x{byte:02x}" for byte in members[at : end + 1])
        at = end + 1
    return "".join(parts)
