"""A short text that a regex probably matches.

Owns: enough of RE2's syntax to write an example for names such as ``^api[0-9]+\\.(eu|us)\\.``. What
it does not know it takes for itself: whoever asks must try the result. Linear, never raises.
"""

from __future__ import annotations

from typing import Final

__all__ = ["sample"]

_LENGTH_MAX: Final = 256  # characters, of the regex and of the sample
_DEPTH_MAX: Final = 32
_OF_CLASS: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_EDGES: Final = frozenset("AbBzZ")
_TRIED_FOR_OTHERS: Final = "a1-/_. ~"


def sample(regex: str) -> str:
    """Empty if the regex is too long or too deep for a guess."""
    if len(regex) > _LENGTH_MAX:
        return ""
    reader = _Reader(regex)
    text = reader.alternatives(0)
    return text if len(text) <= _LENGTH_MAX else ""


class _Reader:
    def __init__(self, regex: str) -> None:
        self._regex = regex
        self._at = 0

    def _next(self) -> str:
        char = self._regex[self._at : self._at + 1]
        self._at += 1
        return char

    def _peek(self, text: str) -> bool:
        return self._regex.startswith(text, self._at)

    def alternatives(self, depth: int) -> str:
        """The first of them; the others are read and left."""
        first = self._sequence(depth)
        while self._peek("|"):
            self._at += 1
            self._sequence(depth)
        return first

    def _sequence(self, depth: int) -> str:
        parts: list[str] = []
        length = 0
        while self._at < len(self._regex) and not self._peek("|"):
            if self._peek(")") and depth:
                break
            atom = self._atom(depth)
            times = self._times()
            if length + len(atom) * times <= _LENGTH_MAX:
                parts.append(atom * times)
                length += len(atom) * times
        return "".join(parts)

    def _atom(self, depth: int) -> str:
        char = self._next()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char == ".":
            return "a"
        return "" if char in "^$" else char

    def _group(self, depth: int) -> str:
        if self._peek("?"):
            end = next(
                (i for i in range(self._at, len(self._regex)) if self._regex[i] in ":>)"), -1
            )
            closes = self._regex[end] == ")"
            self._at = end + 1 if end >= 0 else len(self._regex)
            if end < 0 or closes:
                return ""  # flags alone, as in (?i)
        if depth >= _DEPTH_MAX:
            self._at = len(self._regex)
            return ""
        inner = self.alternatives(depth + 1)
        self._next()  # the closing parenthesis
        return inner

    def _class(self) -> str:
        others = self._peek("^")
        self._at += others
        members: list[str] = []
        while self._at < len(self._regex) and not (self._peek("]") and members):
            char = self._next()
            if char == "[" and self._peek(":"):  # [[:alpha:]]
                self._at = max(self._regex.find("]", self._at) + 1, self._at)
                char = "a"
            elif char == "\\":
                char = self._escape()
            members.append(char)
        self._next()  # the closing bracket
        if not others:
            return members[0] if members else ""
        return next((char for char in _TRIED_FOR_OTHERS if char not in members), "~")

    def _escape(self) -> str:
        char = self._next()
        if char == "Q":
            end = self._regex.find("\\E", self._at)
            end = len(self._regex) if end < 0 else end
            quoted = self._regex[self._at : end]
            self._at = end + 2
            return quoted
        return "" if char in _EDGES else _OF_CLASS.get(char, char)

    def _times(self) -> int:
        """How often the last atom is repeated: as seldom as allowed, but once."""
        times = 1
        if self._peek("{"):
            end = self._regex.find("}", self._at)
            least = self._regex[self._at + 1 : end].partition(",")[0]
            if end > 0 and least.isascii() and least.isdigit():
                times = max(1, min(int(least), _LENGTH_MAX + 1))
                self._at = end + 1
        elif self._regex[self._at : self._at + 1] in tuple("*+?"):
            self._at += 1
        if self._peek("?"):  # as few as possible
            self._at += 1
        return times
