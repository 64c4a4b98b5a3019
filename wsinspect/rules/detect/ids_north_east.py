"""National identity, tax and health numbers of Northern and Eastern Europe, and Turkey.

Owns their formats and check digits, each from its issuer's publication.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.checks import is_date, iso7064_mod11_10, luhn, weighted
from wsinspect.rules.detect.kinds import digits
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.detect.shape import Form

__all__ = ["EUROPE_NORTH_EAST"]

_TIGHT: Final = frozenset({Form.COMPACT, Form.GROUPED})
_WRITTEN: Final = frozenset({Form.GROUPED})


def _pl_pesel(number: str) -> bool:
    """Month carries the century (+20 … +80); weights 1 3 7 9."""
    return (
        is_date(int(number[2:4]) % 20, int(number[4:6]))
        and weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    )


def _se_personnummer(number: str) -> bool:
    """Skatteverket: Luhn over ten digits; the day of a coordination number is 60 more."""
    number = number[-10:]
    return is_date(int(number[2:4]), int(number[4:6]) % 60) and luhn(number)


_HETU: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def _is_hetu(context: Context) -> bool:
    """DVV: the character is ddmmyynnn mod 31. The sign of the century is between."""
    text = context.secret.decode().upper()
    body = text[:6] + text[7:10]
    data, end = context.data, context.end
    if data[end : end + 1].isalnum() or (context.start and data[context.start - 1] in b"-."):
        return False
    return is_date(int(text[2:4]), int(text[:2])) and text[10] == _HETU[int(body) % 31]


def _no_fodselsnummer(number: str) -> bool:
    """Skatteetaten: two MOD 11 digits; days +40 (D number), months +40, +65, +80 (H, synthetic)."""
    day, month = int(number[:2]) % 40, int(number[2:4])
    if not any(is_date(month - more, day) for more in (0, 40, 65, 80)):
        return False
    return (
        weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def _dk_cpr(number: str) -> bool:
    """CPR office: no check digit since 2007, so only the date."""
    return is_date(int(number[2:4]), int(number[:2]))


def _ro_cnp(number: str) -> bool:
    """DEPABD: weights 279146358279, MOD 11, ten is 1."""
    check = weighted(number, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (
        number[0] != "0"
        and (0 < int(number[7:9]) <= 52 or number[7:9] in ("70", "80", "81", "82", "83"))
        and is_date(int(number[3:5]), int(number[5:7]))
        and int(number[-1]) == (1 if check == 10 else check)
    )


def _cz_rc(number: str) -> bool:
    """Rodné číslo of ten digits: a multiple of 11; months of women +50, of a full day +20.

    Until 1985 a remainder of ten was written 0.
    """
    month = int(number[2:4]) % 50
    if not is_date(month - 20 if month > 20 else month, int(number[4:6])):
        return False
    return int(number[:9]) % 11 % 10 == int(number[9])


def _tr_tckn(number: str) -> bool:
    """NVI: two check digits."""
    figures = [int(digit) for digit in number]
    tenth = (7 * sum(figures[0:9:2]) - sum(figures[1:8:2])) % 10
    return figures[0] != 0 and figures[9] == tenth and figures[10] == sum(figures[:10]) % 10


def _hr_oib(number: str) -> bool:
    """Porezna uprava: ISO 7064 MOD 11,10."""
    return iso7064_mod11_10(number) and len(set(number)) > 1


EUROPE_NORTH_EAST: Final[tuple[tuple[Pattern, ...], ...]] = (
    digits(
        "pl-pesel",
        "Polish PESEL",
        ((11,),),
        _pl_pesel,
        (r"pesel",),
        bare=frozenset(),
    ),
    (
        *digits(
            "se-personnummer",
            "Swedish personal number",
            ((6, 4),),
            _se_personnummer,
            (r"personnummer", r"person[\s_-]?nr", r"pnr", r"personal[\s_-]?(?:number|id)"),
            bare=_WRITTEN,
            usual=b"-",
        ),
        *digits(
            "se-personnummer",
            "Swedish personal number with its century",
            ((8, 4),),
            _se_personnummer,
            (r"personnummer", r"person[\s_-]?nr", r"pnr", r"personal[\s_-]?(?:number|id)"),
            bare=_WRITTEN,
            usual=b"-",
        ),
    ),
    (
        Pattern(
            id="fi-hetu",
            say="Finnish personal identity code",
            regex=r"\b[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]\b",
            check=_is_hetu,
            max_len=11,
        ),
    ),
    digits(
        "no-fodselsnummer",
        "Norwegian birth number",
        ((6, 5),),
        _no_fodselsnummer,
        (r"f(?:o|ø)dselsnummer", r"personnummer", r"fnr", r"d[\s_-]?nummer", r"birth[\s_-]?number"),
        bare=_TIGHT,
    ),
    digits(
        "dk-cpr",
        "Danish CPR number",
        ((6, 4),),
        _dk_cpr,
        (r"cpr(?:[\s_-]?(?:nr|nummer|number))?",),
        bare=frozenset(),
    ),
    digits(
        "ro-cnp",
        "Romanian personal numerical code",
        ((13,), (1, 6, 6)),
        _ro_cnp,
        (r"cnp", r"cod[\s_-]?numeric[\s_-]?personal"),
        bare=frozenset(),
    ),
    digits(
        "cz-rc",
        "Czech and Slovak birth number",
        ((6, 4),),
        _cz_rc,
        (r"rodn(?:e|é) ?(?:c|č)(?:i|í)slo", r"r(?:c|č)", r"birth[\s_-]?number"),
        bare=_WRITTEN,
        usual=b"/",
    ),
    digits(
        "tr-tckn",
        "Turkish identity number",
        ((11,),),
        _tr_tckn,
        (r"tckn", r"t\.?c\.?[\s_-]?kimlik", r"kimlik"),
        bare=frozenset(),
    ),
    digits(
        "hr-oib",
        "Croatian personal identification number",
        ((11,),),
        _hr_oib,
        (r"oib", r"osobni[\s_-]?identifikacijski"),
        bare=frozenset(),
    ),
)
