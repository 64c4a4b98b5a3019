"""A second opinion on UTF-8: the grammar of RFC 3629 section 4, as a regular expression."""

import re

_T = "[\x80-\xbf]"
_CHARACTER = (
    f"[\x00-\x7f]|[\xc2-\xdf]{_T}"
    f"|\xe0[\xa0-\xbf]{_T}|[\xe1-\xec\xee\xef]{_T}{{2}}|\xed[\x80-\x9f]{_T}"
    f"|\xf0[\x90-\xbf]{_T}{{2}}|[\xf1-\xf3]{_T}{{3}}|\xf4[\x80-\x8f]{_T}{{2}}"
)
_BEGUN = (
    "[\xc2-\xdf]"
    f"|\xe0[\xa0-\xbf]?|[\xe1-\xec\xee\xef]{_T}?|\xed[\x80-\x9f]?"
    f"|\xf0(?:[\x90-\xbf]{_T}?)?|[\xf1-\xf3]{_T}{{0,2}}|\xf4(?:[\x80-\x8f]{_T}?)?"
)
_ALL = re.compile(f"(?:{_CHARACTER})*".encode("latin-1"))
_LAST = re.compile(f"(?:{_BEGUN})?".encode("latin-1"))


def refused_at(data: bytes) -> int | None:
    """Length of the shortest beginning of ``data`` that nothing can make valid; None: there is
    none, though the last character may be incomplete.
    """
    whole = _ALL.match(data)
    assert whole
    rest = data[whole.end() :]
    for length in range(1, len(rest) + 1):
        if not _LAST.fullmatch(rest[:length]):
            return whole.end() + length
    return None


def is_valid(data: bytes) -> bool:
    """Whether all of it is UTF-8."""
    return _ALL.fullmatch(data) is not None
