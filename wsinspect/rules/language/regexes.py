"""Patterns that users write: RE2 syntax, JSON paths and sizes, checked when the file is read.

Owns: what is wrong with one, in words. Must not know: YAML, rules. A user's pattern never reaches
the standard library's ``re``.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import re2

from wsinspect.rules.language.problems import quoted

__all__ = ["check_json_path", "check_regex", "compile_regex", "parse_size"]

MAX_PATTERN: Final = 16_384
MAX_MEM: Final = 64 << 20
MAX_JSON_PATH: Final = 1024

_LOOK_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!")
_PROBES: Final = ("", "a", "a b", "1", "-", "\n", "é")


def compile_regex(regex: str, *, ignore_case: bool = False) -> Any:
    """Raises re2.error."""
    options = re2.Options()
    options.max_mem = MAX_MEM
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(regex, options)


def check_regex(regex: str) -> tuple[str, str] | None:
    """What is wrong, with a hint; None: nothing is."""
    if len(regex) > MAX_PATTERN:
        return f"the pattern has more than {MAX_PATTERN:,} characters", "use words: with a file"
    try:
        compiled = compile_regex(regex)
    except re2.error as error:
        said = error.args[0]
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"the pattern is not RE2: {quoted(text)[1:-1]}", _regex_hint(regex, text)
    if _has_single_byte(regex):
        return "\\C is not part of the language: it cuts characters apart", "write (?s:.)"
    for probe in _PROBES:
        found = compiled.search(probe)
        if found is not None and found.start() == found.end():
            hint = "use + in place of *" if "*" in regex else ""
            return "the pattern matches the empty text, so it would match anywhere", hint
    return None


def _has_single_byte(regex: str) -> bool:
    """Whether it has RE2's ``\\C``, outside of ``\\Q…\\E``."""
    position = regex.find("\\")
    while position >= 0:
        escaped = regex[position + 1 : position + 2]
        if escaped == "C":
            return True
        if escaped == "Q":
            end = regex.find("\\E", position + 2)
            if end < 0:
                return False
            position = end
        position = regex.find("\\", position + 2)
    return False


def _regex_hint(regex: str, said: str) -> str:
    if "invalid perl operator" in said or "invalid named capture" in said:
        if any(each in said for each in _LOOK_AROUND):
            return "RE2 has no look-around; say unless: or near: instead"
        if "(?>" in said:
            return "RE2 has no atomic groups, and needs none: it never backtracks"
        if "(?P" in said and "(?P=" in regex:
            return "RE2 has no backreferences"
        return ""
    if "invalid escape sequence" in said:
        escape = said.rpartition("\\")[2][:1]
        if escape.isdigit() or escape == "k":
            return "RE2 has no backreferences"
        return {
            "u": "write \\x{20AC} for a character by its number",
            "Z": "RE2 says \\z for the end of the text",
            "h": "write [0-9a-fA-F] or [ \\t]",
        }.get(escape, "")
    if "bad repetition operator" in said:
        return "RE2 has no possessive repetition, and needs none: it never backtracks"
    if "invalid repetition size" in said:
        return "RE2 repeats at most 1000 times"
    if "missing )" in said:
        return "a literal parenthesis is \\("
    return ""


# --- JSON paths: $ .name ["name"] [0] [*] .* ..name ..* ---

_STEP: Final = re.compile(
    r"(?:\.\.?(?:[^\W\d][\w-]*|\*))"
    r"|(?:\.\.)?\[(?:\*|0|[1-9][0-9]{0,8}|(?P<quoted>\"(?:[^\"\\]|\\.)*\")|'[^'\\]*')\]"
)


def check_json_path(path: str) -> tuple[str, str] | None:
    """What is wrong, with a hint; None: nothing is.

    What passes here ``views/jsonpath.py`` understands; a test holds the two together.
    """
    known = 'known: $ .name ["any name"] [0] [*] .* ..name'
    if len(path) > MAX_JSON_PATH:
        return f"the JSON path has more than {MAX_JSON_PATH} characters", ""
    if not path.startswith("$"):
        return "a JSON path begins with $", f'did you mean "$.{quoted(path)[1:-1].lstrip(".")}"?'
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None or not _is_json_string(step["quoted"]):
            rest = quoted(path[position : position + 20])
            if path[position : position + 2] == "[-":
                return f"the JSON path is not understood from {rest} on", "indices count from 0"
            return f"the JSON path is not understood from {rest} on", known
        position = step.end()
    return None


def _is_json_string(quoted_name: str | None) -> bool:
    if quoted_name is None:
        return True
    try:
        json.loads(quoted_name).encode()
    except ValueError:
        return False
    return True


# --- sizes ---

MAX_SIZE_TEXT: Final = 64
_UNITS: Final = {
    "": 1, "b": 1,
    "k": 1 << 10, "kib": 1 << 10, "kb": 10**3,
    "m": 1 << 20, "mib": 1 << 20, "mb": 10**6,
    "g": 1 << 30, "gib": 1 << 30, "gb": 10**9,
}  # fmt: skip
_AMOUNT: Final = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([kKmMgG]?(?:i?[bB])?)"
_COMPARED: Final = re.compile(rf"\s*(>=|<=|==?|>|<)?\s*{_AMOUNT}\s*")
_RANGE: Final = re.compile(rf"\s*(?:{_AMOUNT})?\s*\.\.\s*(?:{_AMOUNT})?\s*")


def parse_size(text: str) -> tuple[int, int | None] | None:
    """Least and most bytes, inclusive; None: not understood, or never true."""
    if len(text) > MAX_SIZE_TEXT:
        return None
    if found := _COMPARED.fullmatch(text):
        amount = _amount(found[2], found[3])
        if amount is None:
            return None
        least, most = {
            ">": (amount + 1, None),
            ">=": (amount, None),
            "<": (0, amount - 1),
            "<=": (0, amount),
        }.get(found[1], (amount, amount))
    elif (found := _RANGE.fullmatch(text)) and (found[1] or found[3]):
        low = _amount(found[1] or "0", found[2] or "")
        high = _amount(found[3], found[4]) if found[3] else None
        if low is None or (found[3] and high is None):
            return None
        least, most = low, high
    else:
        return None
    return None if most is not None and most < least else (least, most)


def _amount(digits: str, unit: str) -> int | None:
    """Whole bytes; None: an unknown unit, or a fraction of a byte."""
    factor = _UNITS.get(unit.lower())
    if factor is None:
        return None
    whole, _, fraction = digits.partition(".")
    bytes_, rest = divmod(int(whole + fraction) * factor, 10 ** len(fraction))
    return None if rest and factor == 1 else bytes_
