"""Bank accounts and the like: IBAN.

Owns their formats. IBAN: ISO 13616, the registry of SWIFT for the lengths by country.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from wsinspect.rules.detect.checks import mod97
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.detect.shape import MAX_FILLER

__all__ = ["IBAN", "IBAN_LENGTHS", "is_iban"]

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

_ALNUM: Final = re.compile(rb"[0-9A-Za-z]")


def is_iban(number: str) -> bool:
    """Country, its length, and ISO 7064 MOD 97-10. ``number``: upper case, no separators."""
    country = number[:2]
    if IBAN_LENGTHS.get(country) != len(number) or not number[2:4].isdigit():
        return False
    if country in _ONLY_DIGITS and not number.isdigit() and not number[2:].isdigit():
        return False
    return mod97(number[4:] + number[:4])


def _is_iban(context: Context) -> bool:
    secret = context.secret
    places = [match.start() for match in _ALNUM.finditer(secret)]
    if not is_iban(bytes(secret[index] for index in places).decode().upper()):
        return False
    data, start, end = context.data, context.start, context.end
    if (start and _ALNUM.match(data, start - 1)) or _ALNUM.match(data, end):
        return False
    gaps = [secret[a + 1 : b] for a, b in pairwise(places)]
    return max(map(len, gaps)) <= 2 * MAX_FILLER


_GAP: Final = r"[ \t\r\n.\-/_|]{1,3}"
_FILLER: Final = r"[ \t\r\n.,\-/_|~*+:;<!>]+"


def _whole_groups() -> str:
    """One alternative a length of whole groups of four: the next word may look like another."""
    parts = []
    for length in (16, 20, 24, 28, 32):
        names = sorted(name for name, its in IBAN_LENGTHS.items() if its == length)
        if names:
            groups = length // 4 - 1
            parts.append(rf"(?:{'|'.join(names)})\d\d(?:{_GAP}[0-9A-Z]{{4}}){{{groups}}}")
    return "|".join(parts)


IBAN: Final[tuple[Pattern, ...]] = tuple(
    Pattern(
        id="iban",
        say=say,
        regex=rf"(?:\b|_)({regex})\b",
        group=1,
        check=_is_iban,
        max_len=320,
    )
    for say, regex in (
        ("IBAN", r"[A-Za-z]{2}\d\d[0-9A-Za-z]{11,30}"),
        ("IBAN in groups of four", _whole_groups()),
        (
            "IBAN in groups of four and a rest",
            rf"[A-Z]{{2}}\d\d(?:{_GAP}[0-9A-Z]{{4}}){{2,7}}{_GAP}[0-9A-Z]{{1,3}}",
        ),
        (
            "IBAN with something between its characters",
            rf"[A-Z]{_FILLER}[A-Z](?:{_FILLER}\d){{2}}(?:{_FILLER}[0-9A-Z]){{11,30}}",
        ),
        (
            "IBAN with a line break in it",
            r"[A-Z]{2}\d\d[0-9A-Z]{2,28}[ \t]?\r?\n[ \t]?[0-9A-Z]{3,28}",
        ),
    )
)
