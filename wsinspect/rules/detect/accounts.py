"""Bank accounts and the like: IBAN, US routing numbers, addresses of Bitcoin and Ethereum.

Owns how they are written. IBAN: ISO 13616 (``iban_form.py``). Routing numbers: the key of the
American Bankers Association. Bitcoin: Base58Check, and BIP 173 and BIP 350 (Bech32).
"""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import Final

from wsinspect.rules.detect.checks import weighted
from wsinspect.rules.detect.iban_form import IBAN_LENGTHS, is_iban
from wsinspect.rules.detect.kinds import digits
from wsinspect.rules.detect.number_sieve import FILLER, SEPARATOR
from wsinspect.rules.detect.pattern import Context, Pattern, Trigger
from wsinspect.rules.detect.shape import MAX_FILLER
from wsinspect.rules.detect.token_sieve import IBAN_LIKE, SPELT, IbanHint, SpeltHint, straight

__all__ = ["BITCOIN_ADDRESS", "ETHEREUM_ADDRESS", "IBAN", "US_ABA_ROUTING"]

_ALNUM: Final = re.compile(rb"[0-9A-Za-z]")


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


_GAP: Final = SEPARATOR + "{1,3}"


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
        trigger=SPELT if "between" in say else IBAN_LIKE,
        hint=SpeltHint(r"[A-Z]{2}\d\d") if "between" in say else IbanHint(IBAN_LENGTHS, is_iban),
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
            rf"[A-Z]{FILLER}+[A-Z](?:{FILLER}+\d){{2}}(?:{FILLER}+[0-9A-Z]){{11,30}}",
        ),
        (
            "IBAN with a line break in it",
            r"[A-Z]{2}\d\d[0-9A-Z]{2,28}[ \t]?\r?\n[ \t]?[0-9A-Z]{3,28}",
        ),
    )
)


def _is_routing(number: str) -> bool:
    """ABA: weights 3 7 1, MOD 10. (Districts are not asked: a word is there, and they change.)"""
    return int(number) > 0 and weighted(number, (3, 7, 1) * 3) % 10 == 0


US_ABA_ROUTING: Final[tuple[Pattern, ...]] = digits(
    "us-aba-routing",
    "US bank routing number",
    ((9,), (4, 4, 1)),
    _is_routing,
    (r"routing(?:[\s_-]?(?:transit|number|no|num))?", r"aba", r"rtn"),
    bare=frozenset(),
)

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _is_base58check(text: str) -> bool:
    value = 0
    for character in text:
        value = value * 58 + _BASE58.index(character)
    if value >> 200:
        return False
    raw = value.to_bytes(25, "big")
    digest = hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()
    return raw[0] in (0, 5) and raw[21:] == digest[:4]  # P2PKH, P2SH


def _is_bech32(text: str) -> bool:
    """BIP 173: version 0 ends in 1; BIP 350: later versions end in 0x2bc830a3."""
    values = [_BECH32.index(character) for character in text[3:]]
    check = 1
    for value in (3, 3, 0, 2, 3, *values):  # "bc" spread out
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, part in enumerate(_GENERATOR):
            check ^= part if top >> place & 1 else 0
    return check == (1 if values[0] == 0 else 0x2BC830A3)


def _is_bitcoin(context: Context) -> bool:
    text = context.secret.decode()
    if text[:3].lower() == "bc1":
        return (text.islower() or text.isupper()) and _is_bech32(text.lower())
    return _is_base58check(text)


BITCOIN_ADDRESS: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="bitcoin-address",
        say="Bitcoin address",
        regex=(
            r"\b(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}"
            r"|(?:bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71}))\b"
        ),
        check=_is_bitcoin,
        max_len=74,
        trigger=Trigger(
            r"\b(?:[13][1-9A-HJ-NP-Za-km-z]{25,}|bc1[02-9a-z]{11,}|BC1[02-9A-Z]{11,})\b", straight
        ),
    ),
)

# Its check is in the case of its letters, by Keccak; so a word must say what it is.
ETHEREUM_ADDRESS: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="ethereum-address",
        say="Ethereum address",
        regex=r"\b0x[0-9A-Fa-f]{40}\b",
        check=lambda context: len(set(context.secret[2:].lower())) > 4,
        near=(r"(?i)(?:\b|_)(?:eth|ether|ethereum|erc-?20|wallets?|usd[ct]|crypto|evm)(?:\b|_)",),
        within=60,
        max_len=42,
    ),
)
