"""RE2 as all of the engine uses it: UTF-8 patterns on bytes, quiet, bounded.

Owns the options and the error. Must not know: patterns' other tests, hyperscan.

``search(data, pos, endpos)`` of a compiled regex keeps the whole text as its context: ``^``, ``$``
and ``\\b`` at ``pos`` and ``endpos`` see what is beyond (a test holds RE2 to it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import re2

__all__ = ["BadRegexError", "Find", "compile_bytes_regex", "compile_regex", "finder"]

# Data, where to begin, where to end: the spans of the first match and its groups, or None.
type Find = Callable[[bytes, int, int], Sequence[tuple[int, int]] | None]

# A program or DFA cache above this makes RE2 refuse or fall back to its slower, still linear way.
_MAX_MEM: Final = 16 * 1024 * 1024


class BadRegexError(ValueError):
    """Not RE2 syntax, or too large for it. The text is RE2's own."""


def compile_regex(regex: str) -> Any:
    """A compiled RE2 regex for UTF-8 bytes. Raises: BadRegexError."""
    return _compile(regex, re2.Options.Encoding.UTF8)


def compile_bytes_regex(regex: str) -> Any:
    """A compiled RE2 regex whose characters are single bytes. Raises: BadRegexError."""
    return _compile(regex, re2.Options.Encoding.LATIN1)


def _compile(regex: str, encoding: Any) -> Any:
    options = re2.Options()
    options.max_mem = _MAX_MEM
    options.encoding = encoding
    options.log_errors = False  # it would write the pattern to stderr
    try:
        return re2.compile(regex.encode(), options)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        text = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
    except UnicodeEncodeError:
        text = "not a Unicode text"
    raise BadRegexError(text)


def finder(regex: Any) -> Find:
    """A compiled regex's search without the wrapper's own objects, which cost more than a search.

    A group that has no part in the match is at -1.
    """
    try:
        match, anchor = regex._regexp.Match, re2._Anchor.UNANCHORED  # noqa: SLF001
        match(anchor, b"", 0, 0)
    except (AttributeError, TypeError):  # another release of google-re2
        return _slow_finder(regex)

    def find(data: bytes, start: int, end: int) -> Sequence[tuple[int, int]] | None:
        spans: list[tuple[int, int]] = match(anchor, data, start, end)
        return None if spans[0][0] < 0 else spans

    return find


def _slow_finder(regex: Any) -> Find:
    groups = range(regex.groups + 1)

    def find(data: bytes, start: int, end: int) -> Sequence[tuple[int, int]] | None:
        match = regex.search(data, start, end)
        return None if match is None else [match.span(group) for group in groups]

    return find
