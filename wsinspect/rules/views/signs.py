"""The signs that a view of some bytes could matter: without a scanner, and what they are for.

Owns: what each sign means. The engine finds the same ones in its own scan, at no cost of its own;
a test holds the two together. Must not know: views, decoders.
"""

from __future__ import annotations

import re
from typing import Final

from wsinspect.rules.detect.pattern import (
    SIGN_BASE64,
    SIGN_BROKEN,
    SIGN_COMPRESSED,
    SIGN_ESCAPE,
    SIGN_HEX,
    SIGN_HTML,
    SIGN_NON_ASCII,
    SIGN_NUL,
    SIGN_PARTS,
    SIGN_PERCENT,
    SIGN_SPELLED,
    SIGN_TURNED,
)
from wsinspect.rules.views.broken import BROKEN, JOINS, TAGS
from wsinspect.rules.views.mapped import URL
from wsinspect.rules.views.parts import PARTS
from wsinspect.rules.views.spelled import QUOTED, SPELLED
from wsinspect.rules.views.turned import TURNED

__all__ = ["IN_PLACE", "TEXT_SIGNS", "signs"]

TEXT_SIGNS: Final = (
    SIGN_PERCENT
    | SIGN_HTML
    | SIGN_BASE64
    | SIGN_HEX
    | SIGN_NON_ASCII
    | SIGN_NUL
    | SIGN_BROKEN
    | SIGN_SPELLED
    | SIGN_TURNED
)
# What is undone in single leaves of a document: its decode name, where it is, its signs.
IN_PLACE: Final = (
    ("url", URL.escapes, SIGN_PERCENT),
    ("html", TAGS.escapes, SIGN_HTML | SIGN_BROKEN),
    ("unicode", JOINS.escapes, SIGN_BROKEN),
    ("hex", QUOTED.escapes, SIGN_SPELLED),
    ("unicode", TURNED, SIGN_TURNED),
)

_SIGNS = (
    (SIGN_ESCAPE, re.compile(rb"\\")),
    (SIGN_PERCENT, re.compile(rb"%[0-9A-Fa-f]{2}")),
    (SIGN_HTML, re.compile(rb"&#?[0-9A-Za-z]{1,32};")),
    (SIGN_BASE64, re.compile(rb"[A-Za-z0-9+/_-]{14}")),
    (SIGN_HEX, re.compile(rb"[0-9A-Fa-f]{16}")),
    (SIGN_COMPRESSED, re.compile(rb"\x1f\x8b|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd")),
    (SIGN_NON_ASCII, re.compile(rb"[\x80-\xff]")),
    (SIGN_NUL, re.compile(rb"\x00")),
    (SIGN_BROKEN, BROKEN),
    (SIGN_SPELLED, SPELLED),
    (SIGN_TURNED, TURNED),
    (SIGN_PARTS, PARTS),
)


def signs(data: bytes) -> int:
    """The signs in ``data``, as bits."""
    return sum(sign for sign, pattern in _SIGNS if pattern.search(data))
