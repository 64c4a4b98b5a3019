"""Why patterns found nothing: how far the nearest of them came.

Owns: taking a pattern's tests away, one after the other, until it matches. What a match is, the
engine alone decides: this module only asks it. Must not know: rules, connections. No text that it
returns has a letter or digit of the data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from wsinspect.rules.actions.forms import masked_form
from wsinspect.rules.detect.entropy import shannon
from wsinspect.rules.detect.pattern import Match, Pattern
from wsinspect.rules.engine.scanner import Scanner

__all__ = ["why_nothing"]

_KEYWORDS_SHOWN: Final = 4


class _Miss(NamedTuple):
    """``rank``: how many tests the nearest text passed; the words say what it failed."""

    rank: int
    words: str


def why_nothing(patterns: Sequence[Pattern], views: Iterable[tuple[str, bytes]]) -> str:
    """In words, of the pattern that came nearest in any of the (path, data) ``views``."""
    nearest: dict[str, _Miss] = {}
    views = list(views)
    for pattern in patterns:
        for path, data in views:
            miss = _miss(pattern, path, data)
            if pattern.id not in nearest or miss.rank > nearest[pattern.id].rank:
                nearest[pattern.id] = miss
    if not nearest:
        return "it looks for nothing in the message"
    name, best = max(nearest.items(), key=lambda item: item[1].rank)
    if best.rank > 1 or len(nearest) == 1:
        return f"{name}: {best.words}"
    seen = [name for name, miss in nearest.items() if miss.rank == 1]
    words = f"none of its {len(nearest)} detectors matches"
    if seen:
        words += f"; the keywords of {' '.join(seen[:_KEYWORDS_SHOWN])} are there"
        words += " and others" if len(seen) > _KEYWORDS_SHOWN else ""
    return words


def _miss(pattern: Pattern, path: str, data: bytes) -> _Miss:
    bare = dataclasses.replace(pattern, keywords=(), entropy=0.0, check=None, allowed=(), near=())
    found = _search(bare, data)
    if not found:
        if not pattern.keywords or _has_keyword(pattern, data):
            return _Miss(1 if pattern.keywords else 0, "its regex matches nowhere")
        return _Miss(0, f"no keyword of it is there ({_some(pattern.keywords)})")
    looks = f"{_place(found[0], path, data)} looks like one, but "
    if pattern.keywords and not _has_keyword(pattern, data):
        return _Miss(2, looks + f"no keyword of it is there ({_some(pattern.keywords)})")
    tested = bare
    rank = 2
    for name, words in _TESTS:
        tested = dataclasses.replace(tested, **{name: getattr(pattern, name)})
        rank += 1
        still = _search(tested, data)
        if not still:
            return _Miss(rank, looks + words(pattern, found[0], data))
        looks = f"{_place(still[0], path, data)} looks like one, but "
        found = still
    return _Miss(rank + 1, f"{_place(found[0], path, data)} is one")


def _low_entropy(pattern: Pattern, match: Match, data: bytes) -> str:
    bits = shannon(data[match.start : match.end])
    return f"its entropy is {bits:.2f} bits a character, not above {pattern.entropy:g}"


def _bad_check(pattern: Pattern, match: Match, data: bytes) -> str:  # noqa: ARG001 - one of _TESTS
    return "its check fails (check digits, length or form)"


def _allowed(pattern: Pattern, match: Match, data: bytes) -> str:  # noqa: ARG001
    return "an allow list lets it pass"


def _not_near(pattern: Pattern, match: Match, data: bytes) -> str:  # noqa: ARG001
    return f"nothing that belongs to it stands within {pattern.within} characters"


# In the engine's order.
_TESTS: Final = (
    ("entropy", _low_entropy),
    ("check", _bad_check),
    ("allowed", _allowed),
    ("near", _not_near),
)


def _search(pattern: Pattern, data: bytes) -> Sequence[Match]:
    return Scanner([pattern], engine="re2").matches(data)  # no database for one question


def _has_keyword(pattern: Pattern, data: bytes) -> bool:
    """Asked of the engine, by a regex that any data matches."""
    return bool(_search(Pattern("", r"\C", keywords=pattern.keywords), data))


def _place(match: Match, path: str, data: bytes) -> str:
    shown = masked_form(data[match.start : match.end])
    return f"{shown} at {match.start} of {path}"


def _some(names: Sequence[str]) -> str:
    shown = " ".join(names[:_KEYWORDS_SHOWN])
    return shown if len(names) <= _KEYWORDS_SHOWN else f"{shown} …"
