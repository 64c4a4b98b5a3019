"""A pack: patterns by name, and what its reader could not take over.

Owns the shape only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wsinspect.rules.detect.pattern import Pattern

__all__ = ["Pack"]


@dataclass(frozen=True, slots=True)
class Pack:
    """``patterns`` in the order of the pack. ``files``: what was read, to be watched.

    ``gives_way``: ids of catch-all patterns. A find of theirs counts for nothing where a find of
    another pattern, on the same line, holds the same text.
    """

    patterns: Mapping[str, Pattern]
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    gives_way: frozenset[str] = field(default=frozenset())
