"""The signs in a block of bytes that a view of it could matter.

Owns their patterns, once for both engines. Must not know: what the views make of them.
All are plain bytes, the same in RE2 and hyperscan, with or without UTF-8.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.pattern import (
    SIGN_BASE64,
    SIGN_BROKEN,
    SIGN_COMPRESSED,
    SIGN_ESCAPE,
    SIGN_HEX,
    SIGN_HTML,
    SIGN_NUL,
    SIGN_PARTS,
    SIGN_PERCENT,
    SIGN_SPELLED,
    SIGN_TURNED,
)

__all__ = ["SIGN_REGEXES"]

# gzip; zlib with a 32 KiB window, all levels; zstd. Bytes, not characters.
_MAGIC: Final = r"\x1f\x8b|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd"

_SPELLED: Final = (
    r"[2-7][0-9A-Fa-f](?:[ :,-] ?[2-7][0-9A-Fa-f]){7}|(?:0x[0-9A-Fa-f]{2},? ?){8}"
    r"|(?:=[0-9A-Fa-f]{2}){4}|[^=\s]=\r?\n\S"
    r"|(?:1[0-2][0-9]|[3-9][0-9])(?:(?:,|, | )(?:1[0-2][0-9]|[3-9][0-9])){7}"
)
# How secrets of well-known kinds begin (AKIA, ghp_, xoxb-, sk_live_, eyJ, an IBAN, a PEM block,
# a URL), by rot13 and backwards.
_TURNED: Final = (
    r"\b(?:N[XF]VN[2-7A-Z]{4}|tu[bcehf]_[0-9A-Za-z]{8}|tvguho_cng_|kbk[cefno]-[0-9A-Za-z]"
    r"|[fe]x_(?:yvir|grfg)_[0-9A-Za-z]|rlW[0-9A-Za-z_-]{12}"
    r"|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{4} ?[0-9A-Z]{3})|-----ORTVA "
    r"|(?:cbfgterf(?:dy)?|zlfdy|zbatbqo(?:\+fei)?|erqvff?|uggcf?|nzdcf?|sgc)://"
    r"|[2-7A-Z]{4}AI[KS]A\b|[0-9A-Za-z]{8}_[oprsu]hg\b|_tap_buhtig|[0-9A-Za-z]-[abepr]xox\b"
    r"|[0-9A-Za-z]_(?:evil|tset)_k[rs]\b|[0-9A-Za-z_-]{12}Jye\b| NIGEB-----"
    r"|//:(?:(?:lq)?sergtsop|lqsym|(?:vrs\+)?bdognom|s?sider|s?ptth|s?pqma|ptf)"
)

# SIGN_NON_ASCII has none: bytes.isascii is faster.
SIGN_REGEXES: Final[tuple[tuple[int, str], ...]] = (
    (SIGN_ESCAPE, r"\\"),
    (SIGN_PERCENT, r"%[0-9A-Fa-f]{2}"),
    (SIGN_HTML, r"&#?[0-9A-Za-z]{1,32};"),
    (SIGN_BASE64, r"[A-Za-z0-9+/_-]{14}"),
    (SIGN_HEX, r"[0-9A-Fa-f]{16}"),
    (SIGN_COMPRESSED, _MAGIC),
    (SIGN_NUL, r"\x00"),
    (SIGN_BROKEN, r"</[A-Za-z]|<!--|/\*|[\x22'][ \t]?\+[ \t\r\n]{0,3}[\x22']"),
    (SIGN_SPELLED, _SPELLED),
    (SIGN_TURNED, _TURNED),
    (SIGN_PARTS, r"[A-Za-z_-][01]\x22[ ]?:[ ]?\x22"),
)
