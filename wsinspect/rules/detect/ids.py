"""National identity, tax and health numbers: all of them by name, and those of North America.

Owns their formats and check digits, each from its issuer's publication. Where the number has no
check digit (US SSN), only its usual written form or a word beside it makes it one.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.checks import luhn
from wsinspect.rules.detect.ids_asia import ASIA
from wsinspect.rules.detect.ids_europe import EUROPE
from wsinspect.rules.detect.ids_north_east import EUROPE_NORTH_EAST
from wsinspect.rules.detect.ids_south import SOUTH
from wsinspect.rules.detect.kinds import ALL_FORMS, Kind, digits, number_patterns
from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.detect.shape import Form

__all__ = ["NATIONAL_IDS"]

_WRITTEN: Final = frozenset({Form.GROUPED})


def _us_ssn(number: str) -> bool:
    """SSA: no area 000, 666, 900–999; no group 00; no serial 0000. (Since 2011 that is all.)"""
    return (
        number[:3] not in ("000", "666")
        and number[0] != "9"
        and number[3:5] != "00"
        and number[5:] != "0000"
        and len(set(number)) > 1
    )


def _us_itin(number: str) -> bool:
    """IRS: 9xx, and a group of 50–65, 70–88, 90–92, 94–99."""
    group = int(number[3:5])
    return number[0] == "9" and group >= 50 and group not in (*range(66, 70), 89, 93)


def _us_npi(number: str) -> bool:
    """CMS: Luhn with the prefix 80840."""
    return number[0] in "12" and luhn("80840" + number)


def _ca_sin(number: str) -> bool:
    """Luhn. 0 begins fictitious numbers (046 454 286), 8 a business number."""
    return number[0] != "8" and luhn(number) and len(set(number)) > 1


_LETTER: Final = "[AC-HJKMNP-RT-Y]"  # of an MBI: none that looks like a digit
_EITHER: Final = "[0-9AC-HJKMNP-RT-Y]"
_MBI: Final = ("[1-9]", _LETTER, _EITHER, r"\d", _LETTER, _EITHER, r"\d", _LETTER, _LETTER)


_NORTH: Final = (
    digits(
        "us-ssn",
        "US social security number",
        ((3, 2, 4),),
        _us_ssn,
        (r"ssn", r"social[\s_-]?security", r"soc[\s_-]?sec"),
        bare=frozenset({Form.GROUPED, Form.SPREAD}),
    ),
    digits(
        "us-itin",
        "US individual taxpayer number",
        ((3, 2, 4),),
        _us_itin,
        (r"itin", r"tax[\s_-]?payer"),
        bare=frozenset(),
    ),
    digits(
        "us-npi",
        "US national provider identifier",
        ((10,),),
        _us_npi,
        (r"npi", r"national[\s_-]?provider"),
        bare=frozenset(),
    ),
    number_patterns(
        Kind(
            id="us-mbi",
            say="US Medicare beneficiary identifier",
            atoms=(*_MBI, r"\d", r"\d"),
            layouts=((4, 3, 4),),
            valid=str.isalnum,
            words=(r"mbi", r"medicare", r"beneficiary"),
            bare=_WRITTEN,
        )
    ),
    digits(
        "ca-sin",
        "Canadian social insurance number",
        ((3, 3, 3),),
        _ca_sin,
        (r"sin", r"nas", r"social[\s_-]?insurance", r"assurance[\s_-]?sociale"),
        bare=ALL_FORMS,
        usual=b" -/_|\t\r\n",  # 123.456.789 is an amount
    ),
)

#: Detector name: its patterns.
NATIONAL_IDS: Final[dict[str, tuple[Pattern, ...]]] = {
    patterns[0].id: patterns for patterns in (*_NORTH, *EUROPE, *EUROPE_NORTH_EAST, *SOUTH, *ASIA)
}
