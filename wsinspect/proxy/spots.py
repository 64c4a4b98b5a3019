"""A spot in a message that a person has named: ``auth.session``, ``args[0].sid`` or ``/regex/``.

Owns: reading such a name, and finding what is there. Must not know: what it is good for.

JSON may have digits before it (``42["event",{...}]``, as Engine.IO and Socket.IO send it).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import re2

__all__ = ["Spot", "read_spot"]

type Spot = Callable[[bytes], str | None]

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_DIGITS = re.compile(rb"\d{1,8}(?=[\[{])")
_LONGEST = 1 << 20  # bytes of a message
_LONGEST_VALUE = 1024


def read_spot(name: str) -> Spot:
    """Raises ValueError with what is wrong."""
    if len(name) > 2 and name[0] == name[-1] == "/":
        return _by_regex(name[1:-1])
    path = name.removeprefix("$")
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            break
        steps.append(step[1] if step[2] is None else int(step[2]))
        at = step.end()
    if at < len(path) or not steps:
        raise ValueError(f"{name!r} is no path like a.b[0].c, and no /regex/")
    return lambda message: _at(message, steps)


def _by_regex(text: str) -> Spot:
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(text.encode(), options)
    except re2.error as error:
        raise ValueError(f"/{text}/ is no regular expression: {error}") from None
    group = min(1, pattern.groups)

    def find(message: bytes) -> str | None:
        found = pattern.search(message[:_LONGEST])
        if found is None or found[group] is None:
            return None
        return _value(found[group].decode(errors="replace"))

    return find


def _at(message: bytes, steps: list[str | int]) -> str | None:
    if len(message) > _LONGEST:
        return None
    digits = _DIGITS.match(message)
    try:
        value = msgspec.json.decode(message[digits.end() :] if digits else message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return _value(str(value)) if isinstance(value, str | int) else None


def _value(text: str) -> str | None:
    return text if 0 < len(text) <= _LONGEST_VALUE else None
