"""National identity, tax and health numbers of Asia.

Owns their formats and check digits, each from its issuer's publication.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.checks import is_date, iso7064_mod11_2, verhoeff, weighted
from wsinspect.rules.detect.kinds import ALL_FORMS, Kind, digits, number_patterns
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.detect.shape import Form

__all__ = ["ASIA"]

_TIGHT: Final = frozenset({Form.COMPACT, Form.GROUPED})
_WRITTEN: Final = frozenset({Form.GROUPED})
_D: Final = r"\d"


def _in_aadhaar(number: str) -> bool:
    """UIDAI: 12 digits, not beginning with 0 or 1, no palindrome, Verhoeff."""
    if number[0] in "01" or number == number[::-1] or not verhoeff(number):
        return False
    return {number[0:2], number[4:6], number[8:10]} != {"20"}  # 2024 2025 2026


def _in_pan(number: str) -> bool:
    """Income Tax Department: the fourth letter is the kind of holder, the serial is not 0000."""
    return number[3] in "ABCFGHJKLPT" and number[5:9] != "0000"


def _cn_resident_id(number: str) -> bool:
    """GB 11643-1999: region, date of birth, ISO 7064 MOD 11-2."""
    return (
        number[:1] in "12345689"
        and 1900 <= int(number[6:10]) <= 2099
        and is_date(int(number[10:12]), int(number[12:14]))
        and iso7064_mod11_2(number)
    )


def _kr_rrn(number: str) -> bool:
    """Date of birth, century and sex, MOD 11. (Issued since October 2020: no check digit.)"""
    check = (11 - weighted(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return is_date(int(number[2:4]), int(number[4:6])) and int(number[12]) == check


def _jp_my_number(number: str) -> bool:
    """Ordinance of MIC: MOD 11, weights 2 to 7 from the right."""
    rest = weighted(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return int(number[11]) == (0 if rest < 2 else 11 - rest) and len(set(number)) > 1


def _sg_nric(number: str) -> bool:
    """ICA: weights 2 7 6 5 4 3 2; T and G count 4 more, M 3 more."""
    total = weighted(number[1:8], (2, 7, 6, 5, 4, 3, 2))
    series = number[0]
    if series in "ST":
        return number[8] == "JZIHGFEDCBA"[(total + (4 if series == "T" else 0)) % 11]
    if series in "FG":
        return number[8] == "XWUTRQPNMLK"[(total + (4 if series == "G" else 0)) % 11]
    return number[8] == "XWUTRQPNJLK"[(total + 3) % 11]


def _is_hkid(context: Context) -> bool:
    """Immigration Department: letters count from 10, a blank 36; MOD 11, ten is A."""
    text = context.secret.decode().upper().replace("(", "").replace(")", "").strip()
    values = [int(one, 36) for one in text[:-1].strip()]
    if len(values) == 7:
        values.insert(0, 36)
    total = sum(value * (9 - place) for place, value in enumerate(values))
    return (total + int(text[-1], 16)) % 11 == 0


def _th_id(number: str) -> bool:
    """DOPA: weights 13 to 2, MOD 11."""
    return (
        number[0] in "12345678"
        and int(number[12]) == (11 - weighted(number, range(13, 1, -1)) % 11) % 10
    )


# Letters stand for 10 to 35 in the order of when the counties got them.
_TW_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def _tw_id(number: str) -> bool:
    """Ministry of the Interior: the letter's two digits weigh 1 and 9, then 8 to 1, 1."""
    tens, ones = divmod(10 + _TW_LETTERS.index(number[0]), 10)
    total = tens + 9 * ones + weighted(number[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))
    return total % 10 == 0


def _my_nric(number: str) -> bool:
    """JPN: date of birth and a place code; no check digit."""
    return (
        is_date(int(number[2:4]), int(number[4:6]))
        and number[6:8] not in ("00", "17", "18", "19", "20", "69", "70", "73", "80", "81", "94")
        and number[8:] != "0000"
    )


def _il_id(number: str) -> bool:
    """Population Authority: Luhn with the doubled digits at even places."""
    total = sum(sum(divmod(int(one) * (1 + place % 2), 10)) for place, one in enumerate(number))
    return total % 10 == 0 and int(number) > 0


ASIA: Final[tuple[tuple[Pattern, ...], ...]] = (
    digits(
        "in-aadhaar",
        "Indian Aadhaar number",
        ((4, 4, 4),),
        _in_aadhaar,
        (r"a+dh?a+r", r"uidai", r"uid"),
        bare=ALL_FORMS,
    ),
    number_patterns(
        Kind(
            id="in-pan",
            say="Indian permanent account number",
            atoms=(*("[A-Z]",) * 5, *(_D,) * 4, "[A-Z]"),
            layouts=((10,),),
            valid=_in_pan,
            words=(r"pan", r"permanent[\s_-]?account"),
            bare=_TIGHT,
        )
    ),
    number_patterns(
        Kind(
            id="cn-resident-id",
            say="Chinese resident identity number",
            atoms=("[1-9]", *(_D,) * 16, "[0-9Xx]"),
            layouts=((18,), (6, 8, 4)),
            valid=_cn_resident_id,
            words=(r"身份证", r"resident[\s_-]?id", r"id[\s_-]?card"),
            bare=_TIGHT,
        )
    ),
    digits(
        "kr-rrn",
        "Korean resident registration number",
        ((6, 7),),
        _kr_rrn,
        (r"rrn", r"jumin", r"resident[\s_-]?registration", r"주민등록번호"),
        bare=_WRITTEN,
        usual=b"-",
    ),
    digits(
        "jp-my-number",
        "Japanese individual number",
        ((4, 4, 4),),
        _jp_my_number,
        (r"my[\s_-]?number", r"マイナンバー", r"個人番号"),
        bare=frozenset(),
    ),
    number_patterns(
        Kind(
            id="sg-nric",
            say="Singaporean NRIC or FIN",
            atoms=("[STFGM]", *(_D,) * 7, "[A-Z]"),
            layouts=((9,),),
            valid=_sg_nric,
            words=(r"nric", r"fin"),
            bare=_TIGHT,
        )
    ),
    (
        Pattern(
            id="hk-hkid",
            say="Hong Kong identity card number",
            regex=r"\b[A-Z]{1,2}\d{6} ?\([0-9A]\)",
            check=_is_hkid,
            max_len=12,
        ),
    ),
    digits(
        "th-id",
        "Thai identity number",
        ((1, 4, 5, 2, 1),),
        _th_id,
        (r"thai[\s_-]?id", r"บัตรประชาชน"),
        bare=_WRITTEN,
    ),
    number_patterns(
        Kind(
            id="tw-id",
            say="Taiwanese identity number",
            atoms=("[A-Z]", "[1289]", *(_D,) * 8),
            layouts=((10,),),
            valid=_tw_id,
            words=(r"身(?:分|份)證", r"tw[\s_-]?id"),
            bare=_TIGHT,
        )
    ),
    digits(
        "my-nric",
        "Malaysian NRIC",
        ((6, 2, 4),),
        _my_nric,
        (r"mykad", r"nric", r"kad pengenalan", r"\bic\b"),
        bare=_WRITTEN,
        usual=b"-",
    ),
    digits(
        "il-id",
        "Israeli identity number",
        ((9,), (8, 1)),
        _il_id,
        (r"teudat[\s_-]?zehut", r"תעודת זהות", r"\btz\b", r"israeli[\s_-]?id"),
        bare=frozenset(),
    ),
)
