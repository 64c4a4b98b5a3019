"""JSON paths: ``$.a.b[0]``, ``$..password``, ``$.items[*].name``, ``$["we ird"]``.

Owns: reading them (a subset of RFC 9535: names, indexes, wildcards, descendants) and telling
whether one leads to a leaf. Must not know: JSON texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

__all__ = ["JsonPath", "parse_json_path"]

_STEP = re.compile(
    r"(?P<deep>\.\.)?(?:(?<!\.)\.(?P<name>[\w-]+|\*)|(?<=\.\.)(?P<below>[\w-]+|\*)"
    r"|\[\s*(?:(?P<index>[0-9]{1,9})|(?P<star>\*)|(?P<quoted>\"(?:[^\"\\]|\\.)*\")"
    r"|'(?P<single>[^'\\]*)')\s*\])"
)
_MAX_LEN = 1024


class JsonPath:
    """``steps``: (descendant, name, index or None for any)."""

    __slots__ = ("steps", "text")

    def __init__(self, text: str, steps: tuple[tuple[bool, str | int | None], ...]) -> None:
        self.text = text
        self.steps = steps

    def leads_to(self, way: Sequence[str | int]) -> bool:
        """Whether it leads to the leaf at this way, or to an object or array that holds it."""
        # The places in the way where the steps so far can have arrived: no recursion, no blow-up.
        here = {0}
        for deep, wanted in self.steps:
            if deep and here:
                here = set(range(min(here), len(way)))
            here = {
                place + 1
                for place in here
                if place < len(way) and (wanted is None or _same(wanted, way[place]))
            }
            if not here:
                return False
        return True

    def __repr__(self) -> str:
        return f"JsonPath({self.text!r})"


def _same(wanted: str | int, step: str | int) -> bool:
    return wanted == step and type(wanted) is type(step)


@lru_cache(maxsize=512)
def parse_json_path(text: str) -> JsonPath:
    """Read a JSON path.

    Raises:
        ValueError: it is none; the message says where it stops being one.
    """
    if not text.startswith("$"):
        raise ValueError("a JSON path begins with $")
    if len(text) > _MAX_LEN:
        raise ValueError(f"a JSON path is at most {_MAX_LEN} characters")
    steps: list[tuple[bool, str | int | None]] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError(
                f"not a JSON path from {text[at : at + 20]!r} on: it takes .name, [0], [*], "
                '.*, ..name and ["any name"]'
            )
        steps.append((found["deep"] is not None, _wanted(found)))
        at = found.end()
    return JsonPath(text, tuple(steps))


def _wanted(found: re.Match[str]) -> str | int | None:
    if found["index"] is not None:
        return int(found["index"])
    if found["quoted"] is not None:
        try:
            return msgspec.json.decode(found["quoted"], type=str)
        except msgspec.DecodeError:
            raise ValueError(f"not a JSON string: {found['quoted'][:20]}") from None
    if found["single"] is not None:
        return found["single"]
    name = found["name"] or found["below"]
    return None if name in (None, "*") else name
