"""What an IBAN is: the countries and lengths of ISO 13616's registry, and its check digits.

Owns: the judgement on a bare number, and on digits that stand inside of what has the form of one.
Must not know patterns, nor how an IBAN is found.
"""

from __future__ import annotations

import re
from typing import Final

from wsinspect.rules.detect.checks import mod97

__all__ = ["IBAN_LENGTHS", "is_iban", "is_inside_iban_like"]

# The IBAN registry: country and length.
IBAN_LENGTHS: Final[dict[str, int]] = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        33: "LC RU",
    }.items()
    for country in countries.split()
}
_ONLY_DIGITS: Final = frozenset(
    re.findall(
        "..",
        "AEATBABECZDEDKEEESFIFOGLHRHUILIQISLTLYMEMNNOPLPTRSSDSESISKSOTLTNVAXKMRBIDJST",
    )
)
"""Countries whose national part has digits only: a scrambled word is no IBAN of theirs."""

_LONGEST: Final = 48  # bytes, in groups
_BEGIN: Final = re.compile(rb"(?<![0-9A-Za-z])[A-Z]{2}(?=[ .\-/_|]?[0-9])")
_ALNUM: Final = re.compile(rb"[0-9A-Za-z]")


def is_iban(number: str) -> bool:
    """Country, its length, and ISO 7064 MOD 97-10. ``number``: upper case, no separators."""
    country = number[:2]
    if IBAN_LENGTHS.get(country) != len(number) or not number[2:4].isdigit():
        return False
    if country in _ONLY_DIGITS and not number.isdigit() and not number[2:].isdigit():
        return False
    return mod97(number[4:] + number[:4])


def is_inside_iban_like(data: bytes, start: int, end: int) -> bool:
    """Whether digits stand in what has an IBAN's country and length, be its check right or not."""
    for begin in _BEGIN.finditer(data, max(0, start - _LONGEST), start + 1):
        length = IBAN_LENGTHS.get(begin[0].decode(), 0)
        if not length:
            continue
        text = re.match(rb"(?:[ .\-/_|]?[0-9A-Z])*", data[begin.start() : begin.start() + 64])
        places = [] if text is None else [found.end() for found in _ALNUM.finditer(text[0])]
        if len(places) < length:
            continue
        last = begin.start() + places[length - 1]
        # The next word may look like one more group; more of the last one may not.
        if end <= last and not _ALNUM.match(data, last):
            return True
    return False
