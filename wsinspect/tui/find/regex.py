"""Patterns that a person typed, in RE2: linear in what they are held against, whatever they are.

The dashboard's only import of re2. A typed pattern never reaches the standard library's `re`, so
neither a hostile payload nor a clumsy pattern can freeze the screen.
"""

from typing import Any, Final

import re2

PATTERN_MAX: Final = 1_000  # characters
_MEMORY_MAX: Final = 8 << 20


class PatternError(ValueError):
    """A pattern that RE2 does not take; `say` is one sentence."""

    def __init__(self, say: str, hint: str = "") -> None:
        super().__init__(say)
        self.say = say
        self.hint = hint


def compile_pattern(pattern: str, *, ignore_case: bool = False) -> Any:
    """With `.search` for text and bytes. Raises PatternError."""
    if len(pattern) > PATTERN_MAX:
        raise PatternError(f"the pattern has more than {PATTERN_MAX:,} characters")
    options = re2.Options()
    options.max_mem = _MEMORY_MAX
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise PatternError(f"not a pattern: {text}", _hint(text)) from None
    except UnicodeEncodeError:
        raise PatternError("the pattern has half a character in it") from None


def _hint(said: str) -> str:
    if "invalid perl operator" in said:
        return "RE2 has no look-around"
    if "invalid escape" in said and said[-1:].isdigit():
        return "RE2 has no backreferences"
    if "missing )" in said or "unexpected )" in said:
        return r"a literal parenthesis is \( or \)"
    if "no argument for repetition" in said:
        return r"a literal star is \*"
    return ""


def escape(text: str) -> str:
    """`text` as a pattern that finds just it."""
    return str(re2.escape(text))


def glob_pattern(glob: str) -> Any:
    """`*` any text, `?` one character; the whole text, upper and lower case alike."""
    parts = [".*" if c == "*" else "." if c == "?" else escape(c) for c in glob[:PATTERN_MAX]]
    return compile_pattern(rf"(?s:\A{''.join(parts)}\z)", ignore_case=True)
