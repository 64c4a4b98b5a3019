"""A text in numbered parts: ``{"part1": "AKIA…", "part2": "…"}``.

Owns: finding such members, putting them together, the way back. Must not know: where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, override

from wsinspect.rules.views.jsonescape import escape
from wsinspect.rules.views.view import MAPPED, Edit, Origin, View

__all__ = ["PARTS", "NumberedView", "numbered"]

PARTS: Final = re.compile(rb"[A-Za-z_-][01]\x22[ ]?:[ ]?\x22")
_MEMBER = re.compile(
    rb"\x22([A-Za-z_-]{1,32})([0-9]{1,2})\x22[ ]?:[ ]?\x22([^\x22\\]{2,4096}+)\x22"
    rb"[ \t\r\n]{0,32}+(,?)[ \t\r\n]{0,32}+"
)
_MOST: Final = 64


def numbered(data: bytes) -> Iterator[tuple[bytes, NumberedView]]:
    """Strings of members that follow one another and are numbered so, put together."""
    spans: list[tuple[int, int]] = []
    name, number, end = b"", 0, -1
    for found in _MEMBER.finditer(data):
        goes_on = (
            found.start() == end
            and found[1] == name
            and int(found[2]) == number + 1
            and len(spans) < _MOST
        )
        if not goes_on:
            if len(spans) > 1:
                yield _joined(data, spans)
            spans = []
        if goes_on or int(found[2]) < 2:
            spans.append(found.span(3))
        name, number, end = found[1], int(found[2]), found.end()
    if len(spans) > 1:
        yield _joined(data, spans)


def _joined(data: bytes, spans: list[tuple[int, int]]) -> tuple[bytes, NumberedView]:
    return b"".join(data[start:end] for start, end in spans), NumberedView(spans)


class NumberedView(Origin):
    """``spans``: of the parts in the parent, a JSON text."""

    __slots__ = ("spans",)

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self.spans = spans

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return "json:$"

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        out: list[Edit] = []
        for edit in edits:
            at = 0
            new = escape(edit.new)
            for start, end in self.spans:
                begin = max(edit.start - at, 0)
                stop = min(edit.end - at, end - start)
                if begin < stop or (edit.start == edit.end and begin == stop):
                    out.append(Edit(start + begin, start + stop, new, MAPPED))
                    new = b""  # all of it stands in the first part
                at += end - start
        return out
