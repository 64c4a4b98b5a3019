"""National identity, tax and health numbers of Western and Southern Europe.

Owns their formats and check digits, each from its issuer's publication.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.checks import iso7064_mod11_10, weighted
from wsinspect.rules.detect.kinds import ALL_FORMS, Kind, digits, number_patterns
from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.detect.shape import Form

__all__ = ["EUROPE"]

_TIGHT: Final = frozenset({Form.COMPACT, Form.GROUPED})
_WRITTEN: Final = frozenset({Form.GROUPED})
_D: Final = r"\d"


def _uk_nhs(number: str) -> bool:
    """NHS data dictionary: weights 10 to 2, MOD 11; a remainder of 10 is never issued."""
    return weighted(number, range(10, 0, -1)) % 11 == 0 and len(set(number)) > 1


def _uk_nino(number: str) -> bool:
    """HMRC manual NIM39110: prefixes that are not used."""
    return number[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def _de_steuerid(number: str) -> bool:
    """BZSt: of the first ten digits one comes twice or three times; ISO 7064 MOD 11,10."""
    most = max(number[:10].count(digit) for digit in set(number[:10]))
    return number[0] != "0" and most in (2, 3) and iso7064_mod11_10(number)


def _fr_nir(number: str) -> bool:
    """INSEE: sex, year, month, department (2A and 2B in Corsica), key 97 − n mod 97."""
    month, department = int(number[3:5]), number[5:7]
    body = number[:13]
    if department in ("2A", "2B"):
        body = body[:5] + ("19" if department == "2A" else "18") + body[7:]
    if not body.isdigit() or not number[13:].isdigit() or number[0] not in "123478":
        return False
    if not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) or department == "00":
        return False
    return 97 - int(body) % 97 == int(number[13:])


_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def _es_dni(number: str) -> bool:
    """Ministerio del Interior: the letter is n mod 23; X, Y, Z of a NIE are 0, 1, 2."""
    body = str("XYZ".find(number[0])) + number[1:-1] if number[0] in "XYZ" else number[:-1]
    return body.isdigit() and number[-1] == _DNI_LETTERS[int(body) % 23] and len(set(body)) > 1


# D.M. 23/12/1976: values of characters at odd places, 0 to 9 and A to Z.
_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10)
_ODD_ALL: Final = (*_ODD, 22, 25, 24, 23)


def _it_codice_fiscale(number: str) -> bool:
    """Letters for digits (omocodia) are counted as themselves."""
    total = 0
    for place, character in enumerate(number[:-1]):
        value = int(character, 36)
        index = value if value < 10 else value - 10
        total += index if place & 1 else _ODD_ALL[index]
    return number[-1] == chr(ord("A") + total % 26)


def _nl_bsn(number: str) -> bool:
    """RvIG: the eleven test, the last weight is −1."""
    return weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and int(number) > 0


def _be_nrn(number: str) -> bool:
    """Rijksregister: 97 − n mod 97, with a 2 before n for births since 2000."""
    body, key = number[:9], int(number[9:])
    month = int(number[2:4]) % 20
    if month > 12 or int(number[4:6]) > 31 or not 1 <= key <= 97 or len(set(number)) == 1:
        return False
    if key == 97 - int(body) % 97:
        return True
    return int(number[:2]) < 50 and key == 97 - int("2" + body) % 97


def _ch_ahv(number: str) -> bool:
    """ZAS: 756 and the check digit of EAN-13."""
    return number[:3] == "756" and weighted(number, (1, 3) * 6 + (1,)) % 10 == 0


def _at_svnr(number: str) -> bool:
    """Dachverband: the fourth digit is the MOD 11 of the others."""
    check = weighted(number, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11
    return number[0] != "0" and check == int(number[3]) and int(number[4:6]) <= 31


def _pt_nif(number: str) -> bool:
    """AT: weights 9 to 2, MOD 11."""
    check = 11 - weighted(number, range(9, 1, -1)) % 11
    return number[0] in "1235689" and int(number[-1]) == (0 if check > 9 else check)


def _ie_pps(number: str) -> bool:
    """DSP: weights 8 to 2, a ninth character counts 9; letters W, A … V."""
    total = weighted(number[:7], range(8, 1, -1))
    return number[7] == "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


_NINO: Final = ("[A-CEGHJ-PR-TW-Z]", "[A-CEGHJ-NPR-TW-Z]", *(_D,) * 6, "[A-D]")
_DNI_END: Final = "[A-HJ-NP-TV-Z]"
_CF_DIGIT: Final = "[0-9LMNP-V]"
_CF: Final = (
    *("[A-Z]",) * 6,
    *(_CF_DIGIT,) * 2,
    "[A-EHLMPRST]",
    *(_CF_DIGIT,) * 2,
    "[A-Z]",
    *(_CF_DIGIT,) * 3,
    "[A-Z]",
)


EUROPE: Final[tuple[tuple[Pattern, ...], ...]] = (
    digits(
        "uk-nhs",
        "UK NHS number",
        ((3, 3, 4),),
        _uk_nhs,
        (r"nhs", r"national[\s_-]?health", r"patient", r"health[\s_-]?(?:number|id|no)"),
        bare=ALL_FORMS,
    ),
    number_patterns(
        Kind(
            id="uk-nino",
            say="UK national insurance number",
            atoms=_NINO,
            layouts=((2, 2, 2, 2, 1), (2, 6, 1)),
            valid=_uk_nino,
            words=(r"nino?", r"national[\s_-]?insurance"),
            bare=_TIGHT,
        )
    ),
    digits(
        "de-steuerid",
        "German tax id",
        ((2, 3, 3, 3),),
        _de_steuerid,
        (
            r"steuer[\s_-]?(?:id\w{0,24}|nummer|nr)",
            r"idnr",
            r"tax[\s_-]?(?:id|number|no)",
            r"tin",
            r"identifikationsnummer",
        ),
        bare=_WRITTEN,
        usual=b" ",
    ),
    number_patterns(
        Kind(
            id="fr-nir",
            say="French social security number",
            atoms=("[1-478]", *(_D,) * 5, "[0-9AB]", *(_D,) * 8),
            layouts=((1, 2, 2, 2, 3, 3, 2), (13, 2)),
            valid=_fr_nir,
            words=(
                r"nir",
                r"insee",
                r"s(?:e|é)curit(?:e|é)[\s_-]?sociale",
                r"secu",
                r"num(?:e|é)ro",
            ),
            bare=_TIGHT,
        )
    ),
    (
        *number_patterns(
            Kind(
                id="es-dni",
                say="Spanish DNI",
                atoms=(*(_D,) * 8, _DNI_END),
                layouts=((8, 1), (2, 3, 3, 1)),
                valid=_es_dni,
                words=(r"dni", r"nif", r"documento"),
                bare=_TIGHT,
            )
        ),
        *number_patterns(
            Kind(
                id="es-dni",
                say="Spanish NIE",
                atoms=("[XYZ]", *(_D,) * 7, _DNI_END),
                layouts=((1, 7, 1), (1, 1, 3, 3, 1)),
                valid=_es_dni,
                words=(r"nie", r"dni", r"nif"),
                bare=_TIGHT,
            )
        ),
    ),
    number_patterns(
        Kind(
            id="it-codice-fiscale",
            say="Italian tax code",
            atoms=_CF,
            layouts=((6, 5, 5), (3, 3, 5, 5), (3, 3, 2, 1, 2, 4, 1)),
            valid=_it_codice_fiscale,
            words=(r"codice[\s_-]?fiscale", r"cod\.? ?fisc", r"fiscal"),
            bare=_TIGHT,
        )
    ),
    digits(
        "nl-bsn",
        "Dutch citizen service number",
        ((9,), (3, 3, 3), (4, 2, 3)),
        _nl_bsn,
        (r"bsn", r"burger[\s_-]?service\w{0,12}", r"sofi(?:[\s_-]?nummer)?"),
        bare=frozenset(),
    ),
    digits(
        "be-nrn",
        "Belgian national register number",
        ((2, 2, 2, 3, 2), (6, 3, 2)),
        _be_nrn,
        (r"rijksregister\w{0,8}", r"registre[\s_-]?national", r"insz", r"niss", r"nrn"),
        bare=_WRITTEN,
    ),
    number_patterns(
        Kind(
            id="ch-ahv",
            say="Swiss AHV number",
            atoms=("[7]", "[5]", "[6]", *(_D,) * 10),
            layouts=((3, 4, 4, 2),),
            valid=_ch_ahv,
            words=(r"ahv(?:[\s_-]?(?:nr|nummer))?", r"avs", r"oasi"),
            bare=_TIGHT,
        )
    ),
    digits(
        "at-svnr",
        "Austrian social insurance number",
        ((4, 6),),
        _at_svnr,
        (r"sv[\s_-]?(?:nr|nummer)", r"sozialversicherung\w{0,12}", r"vsnr"),
        bare=frozenset(),
    ),
    digits(
        "pt-nif",
        "Portuguese tax number",
        ((9,), (3, 3, 3)),
        _pt_nif,
        (r"nif", r"contribuinte", r"nipc"),
        bare=frozenset(),
    ),
    number_patterns(
        Kind(
            id="ie-pps",
            say="Irish PPS number",
            atoms=(*(_D,) * 7, "[A-W]"),
            layouts=((7, 1),),
            valid=_ie_pps,
            words=(r"ppsn?", r"personal[\s_-]?public[\s_-]?service"),
            bare=frozenset(),
        )
    ),
)
