"""How the tools write: tables, names that came from traffic, texts with their secrets masked.

Owns: making text harmless on a terminal and in a CI log. Must not know: rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

__all__ = ["count", "cut", "first_difference", "masked_text", "printable", "table"]

_SHOWN_MAX: Final = 200  # characters
# A run that could be a secret or a part of one: one with a digit in it, or a long one.
_RUN: Final = re.compile(r"[\w+/=%@.~-]+")
_PLAIN_WORD_MAX: Final = 12


def printable(text: str, limit: int = _SHOWN_MAX) -> str:
    """One line without control characters, invisible ones or lone surrogates."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def count(number: int, one: str, many: str = "") -> str:
    """``1 rule``, ``2 rules``, ``1,204 messages``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> str:
    """Columns two spaces apart, those numbered in ``right`` aligned there; no trailing space."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def masked_text(text: str, secrets: Collection[str] = ()) -> str:
    """``text`` to be shown to whoever debugs a rule, quoted, without what may be a secret in it.

    Known ``secrets`` go first. A rule that fails its test may have missed one, so every word that
    has a digit or is long goes as well: each of its characters becomes ``*``.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, _starred(secret))
    return f'"{printable(_RUN.sub(_without_secrets, text))}"'


def _starred(text: str) -> str:
    return "".join("*" if char.isalnum() else char for char in text)


def _without_secrets(found: re.Match[str]) -> str:
    run = found[0]
    if len(run) <= _PLAIN_WORD_MAX and not any(char.isdigit() for char in run):
        return run
    return _starred(run)


def first_difference(expected: str, got: str) -> str:
    """Where two texts part, by kinds of characters: ``at character 5: a digit, not *``."""
    place = next(
        (i for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b),
        min(len(expected), len(got)),
    )
    return f"at character {place}: {_kind(got, place)}, not {_kind(expected, place)}"


def _kind(text: str, place: int) -> str:
    if place >= len(text):
        return "the end"
    char = text[place]
    if char.isdigit():
        return "a digit"
    if char.isalpha():
        return "a letter"
    return "a space" if char.isspace() else printable(char)
