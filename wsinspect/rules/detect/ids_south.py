"""National identity, tax and health numbers of Latin America, Africa and Oceania.

Owns their formats and check digits, each from its issuer's publication.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.checks import is_date, luhn, weighted
from wsinspect.rules.detect.kinds import Kind, digits, number_patterns
from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.detect.shape import Form

__all__ = ["SOUTH"]

_TIGHT: Final = frozenset({Form.COMPACT, Form.GROUPED})
_WRITTEN: Final = frozenset({Form.GROUPED})
_D: Final = r"\d"
_CNPJ: Final = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def _mod11(number: str, weights: tuple[int, ...] | range) -> int:
    rest = weighted(number, weights) % 11
    return 0 if rest < 2 else 11 - rest


def _br_cpf(number: str) -> bool:
    """Receita Federal: two MOD 11 digits."""
    return (
        len(set(number)) > 1
        and int(number[9]) == _mod11(number[:9], range(10, 1, -1))
        and int(number[10]) == _mod11(number[:10], range(11, 1, -1))
    )


def _br_cnpj(number: str) -> bool:
    """Receita Federal: two MOD 11 digits."""
    return (
        len(set(number)) > 1
        and int(number[12]) == _mod11(number[:12], _CNPJ[1:])
        and int(number[13]) == _mod11(number[:13], _CNPJ)
    )


_CURP: Final = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"


def _mx_curp(number: str) -> bool:
    """RENAPO: date of birth, and a digit over values 0 to 36 with weights 18 to 2."""
    total = sum(_CURP.index(one) * (18 - place) for place, one in enumerate(number[:17]))
    return is_date(int(number[6:8]), int(number[8:10])) and int(number[17]) == -total % 10


def _cl_rut(number: str) -> bool:
    """Registro Civil: MOD 11 with weights 2 to 7 from the right; ten is K."""
    total = sum(int(one) * (2 + place % 6) for place, one in enumerate(reversed(number[:-1])))
    return number[-1] == "0123456789K0"[11 - total % 11] and len(set(number[:-1])) > 1


def _ar_cuit(number: str) -> bool:
    """AFIP: kind of person, MOD 11."""
    check = min(9, -weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11)
    return (
        number[:2] in ("20", "23", "24", "27", "30", "33", "34", "50", "51", "55")
        and int(number[-1]) == check
    )


def _za_id(number: str) -> bool:
    """DHA: date of birth, citizenship 0 to 2, Luhn."""
    return is_date(int(number[2:4]), int(number[4:6])) and number[10] in "012" and luhn(number)


def _au_tfn(number: str) -> bool:
    """ATO: weighted sum, MOD 11."""
    return weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and int(number) > 0


def _au_medicare(number: str) -> bool:
    """Services Australia: the ninth digit is the weighted sum of eight, MOD 10."""
    check = weighted(number[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10
    return number[0] in "23456" and int(number[8]) == check and number[9] != "0"


def _nz_ird(number: str) -> bool:
    """Inland Revenue: MOD 11, and a second set of weights where the first gives ten."""
    if not 10_000_000 < int(number) < 200_000_000:
        return False
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        check = -weighted(number[:8], weights) % 11
        if check != 10:
            return int(number[8]) == check
    return False


_CURP_ATOMS: Final = (
    "[A-Z]",
    "[AEIOUX]",
    *("[A-Z]",) * 2,
    *(_D,) * 6,
    "[HMX]",
    *("[A-Z]",) * 2,
    *("[B-DF-HJ-NP-TV-Z]",) * 3,
    "[0-9A-Z]",
    _D,
)


def _rut(digits_before: int) -> tuple[Pattern, ...]:
    atoms = (*(_D,) * digits_before, "[0-9K]")
    head = digits_before - 6
    words = (r"rut", r"run", r"rol")
    dotted = Kind(
        id="cl-rut",
        say="Chilean RUT",
        atoms=atoms,
        layouts=((head, 3, 3, 1),),
        valid=_cl_rut,
        words=words,
        bare=_WRITTEN,
        usual=b".-",
    )
    plain = Kind(
        id="cl-rut",
        say="Chilean RUT without points",
        atoms=atoms,
        layouts=((digits_before, 1),),
        valid=_cl_rut,
        words=words,
        bare=frozenset(),
    )
    return (number_patterns(dotted)[0], *number_patterns(plain))


SOUTH: Final[tuple[tuple[Pattern, ...], ...]] = (
    digits(
        "br-cpf",
        "Brazilian CPF",
        ((3, 3, 3, 2), (9, 2)),
        _br_cpf,
        (r"cpf", r"cadastro"),
        bare=_TIGHT,
    ),
    digits(
        "br-cnpj",
        "Brazilian CNPJ",
        ((2, 3, 3, 4, 2),),
        _br_cnpj,
        (r"cnpj",),
        bare=_WRITTEN,
    ),
    number_patterns(
        Kind(
            id="mx-curp",
            say="Mexican CURP",
            atoms=_CURP_ATOMS,
            layouts=((18,),),
            valid=_mx_curp,
            words=(r"curp",),
            bare=_TIGHT,
        )
    ),
    (*_rut(8), *_rut(7)),
    digits(
        "ar-cuit",
        "Argentine CUIT",
        ((2, 8, 1),),
        _ar_cuit,
        (r"cui[tl]",),
        bare=_WRITTEN,
        usual=b"-",
    ),
    digits(
        "za-id",
        "South African identity number",
        ((13,), (6, 4, 3), (6, 4, 2, 1)),
        _za_id,
        (
            r"(?:sa|rsa|za|south[\s_-]?african?)[\s_-]?id",
            r"id[\s_-]?(?:number|no|num)",
            r"identity",
        ),
        bare=frozenset(),
    ),
    digits(
        "au-tfn",
        "Australian tax file number",
        ((3, 3, 3),),
        _au_tfn,
        (r"tfn", r"tax[\s_-]?file"),
        bare=frozenset(),
    ),
    digits(
        "au-medicare",
        "Australian Medicare number",
        ((4, 5, 1),),
        _au_medicare,
        (r"medicare",),
        bare=_WRITTEN,
        usual=b" -",
    ),
    digits(
        "nz-ird",
        "New Zealand IRD number",
        ((3, 3, 3),),
        _nz_ird,
        (r"ird", r"inland[\s_-]?revenue"),
        bare=frozenset(),
    ),
)
