"""What a pattern finds, the slow and plain way: the meaning that every engine must have."""

from __future__ import annotations

from typing import Any

import re2

from wsinspect.rules.detect.entropy import shannon
from wsinspect.rules.detect.pattern import Context, Pattern

_compiled: dict[str, Any] = {}


def find(pattern: Pattern, text: str | bytes) -> list[bytes]:
    """The secrets in ``text``."""
    data = text.encode() if isinstance(text, str) else text
    lower = data.lower()
    if pattern.keywords and not any(word.encode() in lower for word in pattern.keywords):
        return []
    regex = _compiled.get(pattern.regex)
    if regex is None:
        options = re2.Options()
        options.max_mem = 64 * 1024 * 1024
        regex = _compiled[pattern.regex] = re2.compile(pattern.regex, options)
    return [data[start:end] for start, end in _spans(pattern, regex, data)]


def _spans(pattern: Pattern, regex: Any, data: bytes) -> list[tuple[int, int]]:
    spans = []
    for match in regex.finditer(data):
        groups = [pattern.group] if pattern.group else range(1, regex.groups + 1)
        filled = (match.span(group) for group in groups if match.group(group))
        start, end = next(filled, match.span())
        context = Context(data, start, end, *match.span())
        if start == end or (pattern.entropy and shannon(context.secret) <= pattern.entropy):
            continue
        if pattern.check is not None and not pattern.check(context):
            continue
        if not any(allowed(context) for allowed in pattern.allowed):
            spans.append((start, end))
    return spans
