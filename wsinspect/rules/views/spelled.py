"""Bytes that are told one by one: ``41 4b 49``, ``41:4B``, ``0x41, 0x4b``, ``65,75,73``, ``=41``.

Owns: finding such lists, telling text from numbers, writing them anew in the same form. Must not
know: where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from wsinspect.rules.views.mapped import Kind
from wsinspect.rules.views.recoded import Run

__all__ = ["QUOTED", "SPELLED", "is_quoted", "spelled"]

SPELLED: Final = re.compile(
    rb"[2-7][0-9A-Fa-f](?:[ :,-] ?[2-7][0-9A-Fa-f]){7}|(?:0x[0-9A-Fa-f]{2},? ?){8}"
    rb"|(?:=[0-9A-Fa-f]{2}){4}|[^=\s]=\r?\n\S"
    rb"|(?:1[0-2][0-9]|[3-9][0-9])(?:(?:,|, | )(?:1[0-2][0-9]|[3-9][0-9])){7}"
)
# Nothing is asked for behind a list: it would be tried again from its every item.
_PAIRS = re.compile(
    rb"(?P<p>0x|)[0-9A-Fa-f]{2}"
    rb"(?P<s>[:-]|,? ?(?<=[, ]))(?P=p)[0-9A-Fa-f]{2}(?:(?P=s)(?P=p)[0-9A-Fa-f]{2}){6,}+"
)
_DECIMALS = re.compile(rb"[0-9]{2,3}(?P<s>,? ?(?<=[, ]))[0-9]{2,3}(?:(?P=s)[0-9]{2,3}){6,}+")
_BEGIN = re.compile(rb"(?<![0-9A-Za-z])(?=(?:0x)?[0-9A-Fa-f]{2,3}[ ,:-])")
_NUMBER = re.compile(rb"[0-9]+")
_PAIR = re.compile(rb"[0-9A-Fa-f]{2}(?![xX])")
_IS_QUOTED = re.compile(rb"(?:=[0-9A-Fa-f]{2}){4}|[^=\s]=\r?\n\S")
_TEXT = re.compile(rb"[\t\n\r -~]++\Z")
_LONGEST: Final = 64 * 1024


def _quoted(found: re.Match[bytes]) -> bytes:
    raw = found[0]
    return b"" if raw[-1] == 0x0A else bytes.fromhex(raw.replace(b"=", b"").decode())


# RFC 2045 §6.7. A soft line break stands for nothing.
QUOTED: Final = Kind(
    "hex",
    re.compile(rb"=\r?\n|=[0-9A-Fa-f]{2}"),
    _quoted,
    lambda value: re.sub(rb"[^ -<>-~]", lambda found: b"=%02X" % found[0][0], value),
)


def is_quoted(data: bytes) -> bool:
    return _IS_QUOTED.search(data) is not None


def spelled(data: bytes) -> Iterator[Run]:
    """The lists that are text, with their places. Both readings of 52 49: "RI" and "41"."""
    found = _BEGIN.search(data)
    while found is not None:
        start = found.start()
        end = start + 1
        pairs = _PAIRS.match(data, start, start + _LONGEST)
        if pairs is not None:
            end = pairs.end()
            value = bytes.fromhex(b"".join(_PAIR.findall(pairs[0])).decode())
            if _TEXT.match(value):
                yield Run(start, end, "hex", value, _pairs(pairs[0], pairs["p"], pairs["s"]))
        decimals = _DECIMALS.match(data, start, start + _LONGEST)
        if decimals is not None:
            end = max(end, decimals.end())
            numbers = [int(number) for number in _NUMBER.findall(decimals[0])]
            if max(numbers) < 127 and _TEXT.match(bytes(numbers)):
                encode = _decimals(decimals["s"])
                yield Run(start, decimals.end(), "hex", bytes(numbers), encode)
        found = _BEGIN.search(data, end)


def _pairs(raw: bytes, prefix: bytes, separator: bytes) -> Callable[[bytes], bytes]:
    form = b"%02X" if raw.replace(b"x", b"") != raw.replace(b"x", b"").lower() else b"%02x"
    return lambda value: separator.join(prefix + form % byte for byte in value)


def _decimals(separator: bytes) -> Callable[[bytes], bytes]:
    return lambda value: separator.join(b"%d" % byte for byte in value)
