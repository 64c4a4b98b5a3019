"""The signs that a view of some bytes could matter, without a scanner.

Owns: what each sign means. The engine finds the same ones in its own scan, at no cost of its own;
a test holds the two together. Must not know: views, decoders.
"""

from __future__ import annotations

import re

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
from wsinspect.rules.views.broken import BROKEN
from wsinspect.rules.views.parts import PARTS
from wsinspect.rules.views.spelled import SPELLED
from wsinspect.rules.views.turned import TURNED

__all__ = ["signs"]

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
