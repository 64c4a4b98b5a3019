"""RE2 as all of the engine uses it: UTF-8 patterns on bytes, quiet, bounded.

Owns the options and the error. Must not know: patterns' other tests, hyperscan.

``search(data, pos, endpos)`` of a compiled regex keeps the whole text as its context: ``^``, ``$``
and ``\\b`` at ``pos`` and ``endpos`` see what is beyond (a test holds RE2 to it).
"""

from __future__ import annotations

from typing import Any, Final

import re2

__all__ = ["BadRegexError", "compile_bytes_regex", "compile_regex"]

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
