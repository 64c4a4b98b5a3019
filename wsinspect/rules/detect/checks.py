"""Check digits: the arithmetic that tells an account number from any other number.

Owns the algorithms, each from its standard or from the issuer's publication. Must not know
patterns, engines, or where a number was found. Every function takes the bare number as text, with
its check digits, upper case, without separators, and never raises on ASCII letters and digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import Final

__all__ = [
    "is_date",
    "iso7064_mod11_2",
    "iso7064_mod11_10",
    "luhn",
    "mod97",
    "verhoeff",
    "weighted",
]

# ISO/IEC 7812-1 annex B: the digit sum of twice a digit.
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")

# Verhoeff, "Error Detecting Decimal Codes" (1969): the dihedral group D5 and its permutation.
_D5: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTED: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1 annex B: payment cards, Canadian SIN, Swedish personnummer."""
    doubled = number[-2::-2].translate(_DOUBLED)
    return (sum(map(int, number[::-2])) + sum(map(int, doubled))) % 10 == 0


def verhoeff(number: str) -> bool:
    """Verhoeff's code, as in Aadhaar."""
    value = 0
    for place, digit in enumerate(reversed(number)):
        value = _D5[value][_PERMUTED[place & 7][int(digit)]]
    return value == 0


def mod97(number: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 over digits and letters (A is 10), check digits at the end."""
    return int("".join(str(int(character, 36)) for character in number)) % 97 == 1


def weighted(number: str, weights: Sequence[int]) -> int:
    """The sum of digit × weight. A number longer than the weights: the rest is not counted."""
    return sum(map(mul, map(int, number), weights))


def iso7064_mod11_2(number: str) -> bool:
    """ISO/IEC 7064 MOD 11-2 with X for ten: the Chinese resident id."""
    value = 0
    for digit in number[:-1]:
        value = (value + int(digit)) * 2 % 11
    return (value + (10 if number[-1] == "X" else int(number[-1]))) % 11 == 1


def iso7064_mod11_10(number: str) -> bool:
    """ISO/IEC 7064 MOD 11,10: the German tax id."""
    value = 10
    for digit in number[:-1]:
        value = ((value + int(digit)) % 10 or 10) * 2 % 11
    return (value + int(number[-1])) % 10 == 1


def is_date(month: int, day: int) -> bool:
    """Whether there is such a day in some year."""
    return 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]
