"""Views of a text that is turned: by rot13, or written backwards.

Owns: telling it, both ways. Must not know: where the text stands.

Every text can be turned, so only what begins as well-known kinds of secrets do is, and a number
that is written backwards is just another number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, override

from wsinspect.rules.views.view import MAPPED, Edit, Origin, View

__all__ = ["ROT13", "TURNED", "TurnedView", "turned"]

_BY_ROT13: Final = (
    rb"\b(?:N[XF]VN[2-7A-Z]{4}|tu[bcehf]_[0-9A-Za-z]{8}|tvguho_cng_|kbk[cefno]-[0-9A-Za-z]"
    rb"|[fe]x_(?:yvir|grfg)_[0-9A-Za-z]|rlW[0-9A-Za-z_-]{12}"
    rb"|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{4} ?[0-9A-Z]{3})|-----ORTVA "
    rb"|(?:cbfgterf(?:dy)?|zlfdy|zbatbqo(?:\+fei)?|erqvff?|uggcf?|nzdcf?|sgc)://"
)
_BACKWARDS: Final = (
    rb"[2-7A-Z]{4}AI[KS]A\b|[0-9A-Za-z]{8}_[oprsu]hg\b|_tap_buhtig|[0-9A-Za-z]-[abepr]xox\b"
    rb"|[0-9A-Za-z]_(?:evil|tset)_k[rs]\b|[0-9A-Za-z_-]{12}Jye\b| NIGEB-----"
    rb"|//:(?:(?:lq)?sergtsop|lqsym|(?:vrs\+)?bdognom|s?sider|s?ptth|s?pqma|ptf)"
)
TURNED: Final = re.compile(_BY_ROT13 + b"|" + _BACKWARDS)
_IS_ROT13 = re.compile(_BY_ROT13)
_IS_BACKWARDS = re.compile(_BACKWARDS)
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROT13: Final = bytes.maketrans(
    _UPPER + _UPPER.lower(),
    _UPPER[13:] + _UPPER[:13] + _UPPER[13:].lower() + _UPPER[:13].lower(),
)


def _reversed(data: bytes) -> bytes:
    if data.isascii():
        return data[::-1]
    # A byte that is none of UTF-8 stays one byte.
    return data.decode(errors="surrogateescape")[::-1].encode(errors="surrogateescape")


def turned(data: bytes) -> Iterator[tuple[bytes, TurnedView]]:
    """The text read as it is meant, in every way that it seems to be meant."""
    if _IS_ROT13.search(data):
        yield data.translate(ROT13), TurnedView(backwards=False)
    if _IS_BACKWARDS.search(data):
        yield _reversed(data), TurnedView(backwards=True)


class TurnedView(Origin):
    """The whole parent; every character has its place there."""

    __slots__ = ("backwards",)

    def __init__(self, *, backwards: bool) -> None:
        self.backwards = backwards

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        return "unicode"

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        size = len(view.data)
        if not self.backwards:
            return [
                Edit(e.start, e.end, e.new.translate(ROT13), max(e.rank, MAPPED)) for e in edits
            ]
        return [
            Edit(size - e.end, size - e.start, _reversed(e.new), max(e.rank, MAPPED))
            for e in reversed(edits)
        ]
