"""Payment cards: ISO/IEC 7812 numbers with the ranges and lengths of the networks.

Owns the ranges, as the networks publish them. A length and range that is in daily use is found by
its Luhn digit alone; the rare ones (13 and 19 digits, Maestro, UnionPay above 16) need a word
beside them, since barcodes and ids of that length are a hundred times as frequent.
"""

from __future__ import annotations

import re
from typing import Final

from wsinspect.rules.detect.checks import luhn
from wsinspect.rules.detect.kinds import ALL_FORMS, Kind, number_patterns
from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.detect.shape import Form

__all__ = ["CREDIT_CARD", "is_card"]

# Network: its ranges by prefix, and the lengths in daily use.
_RANGES: Final = re.compile(
    r"4\d{15}"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d|622\d|62[4-6]\d|628\d)\d{12}"  # Discover, and UnionPay on its net
    r"|62\d{14}|81\d{14}"  # UnionPay
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|(?:30[0-5]\d|3095|3[689]\d\d)\d{10}"  # Diners Club
    r"|220[0-4]\d{12}"  # Mir
    r"|(?:60|6521|6522|508[5-9])\d{12,14}"  # RuPay
    r"|(?:5019|4571)\d{12}"  # Dankort
    r"|(?:50[0-9]|5[6-9]\d|6[0-9]\d)\d{13}"  # Maestro of 16, Elo, Hipercard, Verve
    r"|9792\d{12}"  # Troy
)

# Their lengths and ranges that need a word beside them: 13 and 19 digits are barcodes, ids and
# nanoseconds far more often than cards.
_RARE: Final = re.compile(
    r"4\d{12}(?:\d{6})?"  # Visa
    r"|(?:6011|64[4-9]\d|65\d\d)\d{13,15}|62\d{15,17}|81\d{15,17}|35\d{15,17}|3[689]\d{13,17}"
    r"|(?:50|5[6-9]|6\d)\d{10,17}"  # Maestro: 12 to 19
    r"|220[0-4]\d{13,15}|1\d{14}"  # Mir; UATP
)

_GROUPED: Final = frozenset({Form.GROUPED})

_WORDS: Final = (
    r"(?:credit|debit|bank|payment|gift)?[\s_-]?cards?",
    r"card[\s_-]?(?:number|no|num|pan)|cc[\s_-]?(?:number|no|num)|\bcc\b",
    r"visa|master[\s_-]?card|maestro|amex|american express|discover|diners|jcb|union[\s_-]?pay",
    r"rupay|elo|mir|pan|cvv2?|cvc2?|cardholder|expiry|kreditkarten?|karte|carte|tarjeta|carta",
)


def is_card(number: str) -> bool:
    """Whether a network in daily use issues such a number, and its Luhn digit is right."""
    return _RANGES.fullmatch(number) is not None and _luhn(number)


def _is_rare(number: str) -> bool:
    return _RARE.fullmatch(number) is not None and not _RANGES.fullmatch(number) and _luhn(number)


def _luhn(number: str) -> bool:
    return luhn(number) and len(set(number)) > 1


def _kind(
    length: int,
    first: str,
    *layouts: tuple[int, ...],
    rare: bool = False,
    bare: frozenset[str] = ALL_FORMS,
) -> Kind:
    return Kind(
        id="credit-card",
        say="payment card number",
        atoms=(first,) + (r"\d",) * (length - 1),
        layouts=layouts,
        valid=_is_rare if rare else is_card,
        words=_WORDS,
        bare=bare,
        sizes=(2, 5, 8),
        strong=not rare,
        no_id=rare,
    )


CREDIT_CARD: Final[tuple[Pattern, ...]] = (
    *number_patterns(_kind(16, "[2-689]", (4, 4, 4, 4))),
    *number_patterns(_kind(15, "[3]", (4, 6, 5), (4, 4, 4, 3))),
    *number_patterns(_kind(14, "[3]", (4, 6, 4), (4, 4, 4, 2))),
    # A barcode of 13 digits has a check digit of its own, but is not written in groups of four.
    *number_patterns(
        _kind(13, "[4-6]", (4, 4, 4, 1), (4, 4, 5), (4, 3, 3, 3), rare=True, bare=_GROUPED)
    ),
    *number_patterns(_kind(19, "[2-68]", (4, 4, 4, 4, 3), (6, 13), rare=True, bare=frozenset())),
)
