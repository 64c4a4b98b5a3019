"""The signs in a block of bytes that a view of it could matter.

Owns their patterns, once for both engines. Must not know: what the views make of them.
All are plain bytes, the same in RE2 and hyperscan, with or without UTF-8.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.pattern import (
    SIGN_BASE64,
    SIGN_COMPRESSED,
    SIGN_ESCAPE,
    SIGN_HEX,
    SIGN_HTML,
    SIGN_NUL,
    SIGN_PERCENT,
)

__all__ = ["SIGN_REGEXES"]

# gzip; zlib with a 32 KiB window, all levels; zstd. Bytes, not characters.
_MAGIC: Final = r"\x1f\x8b|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd"

# SIGN_NON_ASCII has none: bytes.isascii is faster.
SIGN_REGEXES: Final[tuple[tuple[int, str], ...]] = (
    (SIGN_ESCAPE, r"\\"),
    (SIGN_PERCENT, r"%[0-9A-Fa-f]{2}"),
    (SIGN_HTML, r"&#?[0-9A-Za-z]{1,32};"),
    (SIGN_BASE64, r"[A-Za-z0-9+/_-]{14}"),
    (SIGN_HEX, r"[0-9A-Fa-f]{16}"),
    (SIGN_COMPRESSED, _MAGIC),
    (SIGN_NUL, r"\x00"),
)
