"""Find a built-in detector's matches the plain way: RE2 on the whole text, then the check."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Any

import re2

from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.detect.pattern import Context, Pattern


@functools.cache
def compiled(pattern: Pattern) -> Any:
    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    return re2.compile(pattern.regex.encode(), options)


def spans(detector: str, data: bytes) -> list[tuple[int, int]]:
    """Begin and end of everything that the detector finds."""
    lower, found = data.lower(), []
    for pattern in BUILTIN[detector]:
        if pattern.keywords and not any(word.encode() in lower for word in pattern.keywords):
            continue
        regex = compiled(pattern)
        for match in regex.finditer(data):
            groups = (pattern.group,) if pattern.group else range(1, regex.groups + 1)
            group = next((one for one in groups if match.end(one) > match.start(one)), 0)
            context = Context(data, *match.span(group), *match.span())
            around = data[max(0, context.start - pattern.within) : context.end + pattern.within]
            if pattern.near and not any(re2.search(one.encode(), around) for one in pattern.near):
                continue
            if pattern.check is None or pattern.check(context):
                found.append(match.span(group))
    return sorted(found)


def find(detector: str, text: str) -> list[str]:
    """What the detector finds in a text."""
    data = text.encode()
    return [data[start:end].decode() for start, end in spans(detector, data)]


def which(text: str, detectors: Collection[str] = tuple(BUILTIN)) -> set[str]:
    """The detectors that find something in a text."""
    return {name for name in detectors if find(name, text)}
