"""Tests of text and bytes, made once from what was typed. Pure.

Names (host, path, …) are compared without regard to case; content is, unless what is looked for
has a capital letter in it.
"""

from collections.abc import Callable
from typing import Final

from wsinspect.tui.find.regex import compile_pattern, glob_pattern
from wsinspect.tui.find.syntax import Value

_KEPT_MAX: Final = 20_000

type TextTest = Callable[[str], bool]
type BytesTest = Callable[[bytes], bool]


def has_glob(value: Value) -> bool:
    return not value.quoted and ("*" in value.text or "?" in value.text)


class _Kept(dict[str, bool]):
    """A test and its answers: ten thousand connections have a few hundred names between them."""

    def __init__(self, test: TextTest) -> None:
        super().__init__()
        self._test = test

    def __missing__(self, text: str) -> bool:
        if len(self) >= _KEPT_MAX:
            self.clear()
        found = self[text] = self._test(text)
        return found


def kept(test: TextTest) -> TextTest:
    """`test`, asked once for each text."""
    return _Kept(test).__getitem__


def name_test(operator: str, value: Value) -> TextTest:
    """`:` finds it within, `=` is all of it, `*` and `?` are wildcards. Raises PatternError."""
    return kept(_name_test(operator, value))


def _name_test(operator: str, value: Value) -> TextTest:
    if value.regex:
        search = compile_pattern(value.text, ignore_case=True).search
        return lambda text: search(text) is not None
    wanted = value.text.lower()
    if has_glob(value):
        if not value.text.strip("*"):
            return bool  # any at all
        match = glob_pattern(wanted).search
        return lambda text: match(text) is not None
    if operator in ("=", "=="):
        return lambda text: text.lower() == wanted
    return lambda text: wanted in text.lower()


def is_smart(text: str) -> bool:
    """Whether case does not matter: no capital in it."""
    return text == text.lower()


def content_test(operator: str, value: Value) -> BytesTest:
    """The same for payloads. Raises PatternError."""
    if value.regex:
        search = compile_pattern(value.text, ignore_case="i" in value.flags).search
        return lambda content: search(content) is not None
    wanted = value.text.encode("utf-8", "surrogateescape")
    if operator in ("=", "=="):
        return lambda content: content == wanted
    if not is_smart(value.text):
        return lambda content: wanted in content
    if value.text.isascii():
        return lambda content: wanted in content or wanted in content.lower()
    lower = value.text
    return lambda content: lower in content.decode("utf-8", "replace").lower()
