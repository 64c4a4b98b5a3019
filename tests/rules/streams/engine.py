"""A small scanner for the tests of streams: RE2 alone, no engine. Says only *that*, never where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

from wsinspect.rules.detect.pattern import Context, Match, Pattern


class SmallScanner:
    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns: Sequence[Pattern] = tuple(patterns)
        self._compiled: list[Any] = [re2.compile(p.regex.encode()) for p in patterns]
        self.scans = 0
        self.scanned = 0

    def scan_joined(
        self, data: bytes, ends: Sequence[int] | None = None
    ) -> tuple[list[tuple[int, int]], int]:
        assert ends is not None
        assert all(data[end : end + 1] in (b"\n", b"") for end in ends)
        self.scans += 1
        self.scanned += len(data)
        return [(i, 0) for i, one in enumerate(self._compiled) if one.search(data)], 0

    def confirm(
        self,
        data: bytes,
        candidates: list[tuple[int, int]],
        wanted: frozenset[int] | None = None,
    ) -> list[Match]:
        found: list[Match] = []
        for index in {index for index, _ in candidates}:
            if wanted is not None and index not in wanted:
                continue
            pattern = self.patterns[index]
            if pattern.keywords and not any(
                word.encode() in data.lower() for word in pattern.keywords
            ):
                continue
            for match in self._compiled[index].finditer(data):
                start, end = match.span(pattern.group)
                context = Context(data, start, end, *match.span())
                if pattern.check and not pattern.check(context):
                    continue
                round_it = data[max(0, start - pattern.within) : end + pattern.within]
                if pattern.near and not any(
                    re2.search(one.encode(), round_it) for one in pattern.near
                ):
                    continue
                found.append(Match(index, start, end, *match.span()))
        return sorted(found, key=lambda match: (match.start, -match.end, match.pattern))

    def matches(self, data: bytes, wanted: frozenset[int] | None = None) -> list[Match]:
        return self.confirm(data, [(i, 0) for i in range(len(self.patterns))], wanted)
