"""What is looked for in content: plain text (case matters once it has a capital), `/pattern/`
(RE2; `/…/i` for any case), or `hex:dead beef`. Pure.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wsinspect.tui.find.regex import PatternError, compile_pattern, escape

SPANS_MAX: Final = 200
_HEX: Final = re.compile(r"hex:([0-9a-fA-F\s:]*)", re.IGNORECASE)
_PATTERN: Final = re.compile(r"/(.+)/(i?)", re.DOTALL)

type Find = Callable[[bytes], bool]


def _nowhere(_content: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Needle:
    """`wrong` says why nothing can be found by it; an empty needle finds nothing."""

    text: str
    found_in: Find = _nowhere
    pattern: str = ""  # in RE2: what is marked where content is drawn
    ignore_case: bool = False
    exact: bytes = b""  # the bytes, where they are the same in every place
    wrong: str = ""

    def __bool__(self) -> bool:
        return bool(self.text) and not self.wrong

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it is in a text that is drawn; at most SPANS_MAX places."""
        if not self.pattern or not self:
            return []
        search = compile_pattern(self.pattern, ignore_case=self.ignore_case)
        found: list[tuple[int, int]] = []
        for match in search.finditer(text):
            start, end = match.span()
            if end > start:
                found.append((start, end))
            if len(found) >= SPANS_MAX:
                break
        return found

    def byte_spans(self, content: bytes) -> list[tuple[int, int]]:
        """The same in bytes, for a hex view."""
        if not self:
            return []
        if not self.exact:
            return self.spans(content.decode("latin-1"))  # one character a byte
        found: list[tuple[int, int]] = []
        at = content.find(self.exact)
        while at >= 0 and len(found) < SPANS_MAX:
            found.append((at, at + len(self.exact)))
            at = content.find(self.exact, at + len(self.exact))
        return found


NOTHING: Final = Needle("")


def parse_needle(text: str) -> Needle:
    """Never raises: what is wrong stands in `wrong`."""
    if not text:
        return NOTHING
    as_hex = _HEX.fullmatch(text)
    if as_hex is not None:
        digits = re.sub(r"[\s:]", "", as_hex[1])
        wanted = bytes.fromhex(digits[: len(digits) & ~1])  # half a byte is still being typed
        if not wanted:
            return Needle(text, wrong="two hexadecimal digits a byte, as in hex:dead")
        return Needle(text, lambda content: wanted in content, exact=wanted)
    try:
        as_pattern = _PATTERN.fullmatch(text)
        if as_pattern is None:
            return _plain(text)
        pattern, any_case = as_pattern[1], bool(as_pattern[2])
        search = compile_pattern(pattern, ignore_case=any_case).search
    except PatternError as error:
        return Needle(text, wrong=error.say)
    except UnicodeEncodeError:
        return Needle(text, wrong="there is half a character in it")
    return Needle(text, lambda content: search(content) is not None, pattern, any_case)


def _plain(text: str) -> Needle:
    wanted = text.encode()
    if text != text.lower():
        return Needle(text, lambda content: wanted in content, escape(text), exact=wanted)
    if not text.isascii():
        return Needle(
            text, lambda c: text in c.decode("utf-8", "replace").lower(), escape(text), True
        )
    if text.upper() == text:  # no letters in it
        return Needle(text, lambda content: wanted in content, escape(text), exact=wanted)
    return Needle(text, lambda c: wanted in c or wanted in c.lower(), escape(text), True)
