"""Numbers with check digits: valid ones, and near-miss twins that differ by a slip of the pen.

Owns: how each kind of number is built, written and talked about. python-stdnum is the judge of
what is valid; nothing here or there is shared with the product. Must not know: detectors, beyond
the names in the contract and those that carry the same kind of name.
"""

from __future__ import annotations

import importlib
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.dlp.cases import Case, Split, rng, single

__all__ = ["KINDS", "Kind", "cases", "twin"]

TRIES: Final = 20_000

Draw = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of number.

    ``draw`` gives candidates, ``valid`` judges. ``groups`` are the usual ways to write it: lengths
    of groups and what stands between, the first one with nothing between. ``alone``: its format
    and its check say enough without a word beside it.
    """

    detector: str
    draw: Draw
    valid: Callable[[str], bool]
    groups: tuple[tuple[tuple[int, ...], str], ...]
    words: tuple[str, ...]
    alone: bool = False

    def value(self, source: random.Random) -> str:
        """A valid number, without separators."""
        return next(each for _ in range(TRIES) if self.valid(each := self.draw(source)))

    def written(self, value: str, source: random.Random) -> tuple[str, bool]:
        """As somebody writes it down, and whether that shows its groups."""
        if not self.groups or source.random() < 0.35:
            return value, False
        lengths, between = source.choice(self.groups)
        parts, at = [], 0
        for length in lengths:
            parts.append(value[at : at + length])
            at += length
        parts.append(value[at:])
        return between.join(part for part in parts if part), True


def _judge(module: str, **options: Any) -> Callable[[str], bool]:
    judge = importlib.import_module(f"stdnum.{module}")

    def valid(value: str) -> bool:
        return bool(judge.is_valid(value, **options))

    return valid


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choices(string.digits, k=count))


def _pattern(form: str) -> Draw:
    """``#`` any digit, ``A`` any capital, ``2-9`` not written: other signs stand for themselves."""

    def draw(source: random.Random) -> str:
        signs = {"#": string.digits, "A": string.ascii_uppercase, "+": "123456789"}
        return "".join(source.choice(signs.get(sign, sign)) for sign in form)

    return draw


CARDS: Final = (
    *(("4", 16),) * 4,
    ("4", 13),
    *((str(each), 16) for each in range(51, 56)),
    *((str(each), 16) for each in (2221, 2300, 2720)),
    *(("34", 15), ("37", 15)) * 2,
    *(("6011", 16), ("65", 16), ("644", 16), ("3528", 16), ("3589", 16)),
    *(("300", 14), ("36", 14), ("38", 14), ("62", 16)),
)


def _card(source: random.Random) -> str:
    prefix, length = source.choice(CARDS)
    return prefix + _digits(source, length - len(prefix))


IBANS: Final = {  # country: the rest after its check digits, from the IBAN registry
    "AT": "################",
    "BE": "############",
    "CH": "#################",
    "CZ": "####################",
    "DE": "##################",
    "DK": "##############",
    "ES": "####################",
    "FI": "##############",
    "FR": "#######################",
    "GB": "AAAA##############",
    "IE": "AAAA##############",
    "IT": "A######################",
    "NL": "AAAA##########",
    "NO": "###########",
    "PL": "########################",
    "PT": "#####################",
    "SE": "####################",
    "SA": "####################",
    "AE": "###################",
    "TR": "#####0################",
}


def _iban(source: random.Random) -> str:
    country = source.choice(sorted(IBANS))
    rest = _pattern(IBANS[country])(source)
    number = "".join(str(int(char, 36)) for char in rest + country + "00")
    check = 98 - int(number) % 97
    # One in four with other check digits: the judge throws them out, so no maker is trusted.
    return f"{country}{check if source.random() < 0.75 else source.randrange(97):02d}{rest}"


def _date(source: random.Random, form: str, first: int = 1940, last: int = 2005) -> str:
    values = {
        "Y": source.randint(first, last),
        "M": source.randint(1, 12),
        "D": source.randint(1, 28),
    }
    return form.format(y=values["Y"] % 100, Y=values["Y"], m=values["M"], d=values["D"])


def _dated(form: str, rest: str) -> Draw:
    return lambda source: _date(source, form) + _pattern(rest)(source)


def _steuerid(source: random.Random) -> str:
    """Ten digits of which exactly one comes twice."""
    digits = source.sample(string.digits, 9)
    digits.insert(source.randrange(10), source.choice(digits))
    return "".join(digits) + source.choice(string.digits)


def _nir(source: random.Random) -> str:
    departments = [number for number in range(1, 96) if number != 20]  # Corsica has letters
    born = _date(source, "{y:02d}{m:02d}")
    place = f"{source.choice(departments):02d}{source.randint(1, 990):03d}"
    number = f"{source.choice('12')}{born}{place}{source.randint(1, 999):03d}"
    return f"{number}{97 - int(number) % 97:02d}"


def _codice_fiscale(source: random.Random) -> str:
    names = "".join(source.choices("BCDFGLMNPRSTVZ", k=6))
    day = source.randint(1, 28) + source.choice((0, 40))
    born = f"{source.randint(40, 99):02d}{source.choice('ABCDEHLMPRST')}{day:02d}"
    return f"{names}{born}H501{source.choice(string.ascii_uppercase)}"


THREES: Final = (((3, 3), " "), ((3, 3), "-"))
FOURS: Final = (((4, 4), " "), ((4, 4), "-"))
CARD_GROUPS: Final = (((4, 4, 4), " "), ((4, 4, 4), "-"))

KINDS: Final = (
    Kind(
        "credit-card",
        _card,
        _judge("luhn"),
        CARD_GROUPS,
        ("card", "credit card", "pan"),
        alone=True,
    ),
    Kind(
        "iban",
        _iban,
        _judge("iban", check_country=False),
        (((4,) * 9, " "),),
        ("IBAN", "bank account"),
        alone=True,
    ),
    Kind(
        "us-ssn",
        _pattern("#########"),
        _judge("us.ssn"),
        (((3, 2), "-"), ((3, 2), " ")),
        ("SSN", "social security number"),
    ),
    Kind(
        "ca-sin",
        _pattern("#########"),
        _judge("ca.sin"),
        THREES,
        ("SIN", "social insurance number"),
    ),
    Kind("uk-nhs", _pattern("##########"), _judge("gb.nhs"), THREES, ("NHS", "NHS number")),
    Kind(
        "in-aadhaar", _pattern("############"), _judge("in_.aadhaar"), FOURS, ("Aadhaar", "UIDAI")
    ),
    Kind("us-aba-routing", _pattern("#########"), _judge("us.rtn"), (), ("routing number", "ABA")),
    Kind(
        "de-steuerid",
        _steuerid,
        _judge("de.idnr"),
        (((2, 3, 3), " "),),
        ("Steuer-ID", "steuerliche Identifikationsnummer"),
    ),
    Kind(
        "fr-nir",
        _nir,
        _judge("fr.nir"),
        (((1, 2, 2, 2, 3, 3), " "),),
        ("numéro de sécurité sociale", "NIR"),
    ),
    Kind("es-dni", _pattern("########A"), _judge("es.dni"), (((8,), "-"),), ("DNI", "NIF")),
    Kind(
        "it-codice-fiscale",
        _codice_fiscale,
        _judge("it.codicefiscale"),
        (),
        ("codice fiscale",),
        alone=True,
    ),
    Kind("nl-bsn", _pattern("#########"), _judge("nl.bsn"), (), ("BSN", "burgerservicenummer")),
    Kind("pl-pesel", _dated("{y:02d}{m:02d}{d:02d}", "#####"), _judge("pl.pesel"), (), ("PESEL",)),
    Kind(
        "se-personnummer",
        _dated("{y:02d}{m:02d}{d:02d}-", "####"),
        _judge("se.personnummer"),
        (),
        ("personnummer",),
    ),
    Kind(
        "fi-hetu",
        _dated("{d:02d}{m:02d}{y:02d}-", "###A"),
        _judge("fi.hetu"),
        (),
        ("henkilötunnus", "HETU"),
    ),
    Kind(
        "no-fodselsnummer",
        _dated("{d:02d}{m:02d}{y:02d}", "#####"),
        _judge("no.fodselsnummer"),
        (((6,), " "),),
        ("fødselsnummer",),
    ),
    Kind("br-cpf", _pattern("###########"), _judge("br.cpf"), (), ("CPF",)),
    Kind(
        "au-tfn",
        _pattern("#########"),
        _judge("au.tfn"),
        (((3, 3), " "),),
        ("TFN", "tax file number"),
    ),
    Kind(
        "kr-rrn",
        _dated("{y:02d}{m:02d}{d:02d}", "1######"),
        _judge("kr.rrn"),
        (((6,), "-"),),
        ("주민등록번호", "RRN"),
    ),
    Kind(
        "cn-resident-id",
        _dated("110105{Y:04d}{m:02d}{d:02d}", "####"),
        _judge("cn.ric"),
        (),
        ("身份证", "resident identity"),
    ),
    Kind(
        "za-id",
        _dated("{y:02d}{m:02d}{d:02d}", "####08#"),
        _judge("za.idnr"),
        (),
        ("South African ID", "SA ID number"),
    ),
)


def twin(kind: Kind, value: str, source: random.Random) -> str:
    """The same number with a digit mistyped or two neighbours swapped, so that it is invalid."""
    places = [at for at, char in enumerate(value) if char.isdigit()]
    while True:
        chars = list(value)
        at = source.choice(places)
        if source.random() < 0.3 and at + 1 in places:
            chars[at], chars[at + 1] = chars[at + 1], chars[at]
        else:
            chars[at] = source.choice(string.digits)
        wrong = "".join(chars)
        if wrong != value and not kind.valid(wrong):
            return wrong


NAMED: Final = (
    "my {word} is {value}",
    "{word}: {value}",
    '{{"{word}":"{value}"}}',
    '{{"user":17,"note":"{word} {value}, please update"}}',
    "could you check {word} {value} for me?",
)
UNNAMED: Final = (
    "{value}",
    '{{"v":"{value}"}}',
    "here you go: {value}, thanks",
    '{{"user":17,"note":"it was {value} last time"}}',
)


def cases(
    split: Split, each: int, known: Sequence[str] | None = None, *, seed: int | None = None
) -> list[Case]:
    """``each`` valid numbers and as many twins of a kind, with a word beside them and without.

    ``known``: only these detectors.
    """
    made = []
    for kind in KINDS:
        if known is not None and kind.detector not in known:
            continue
        source = rng(split, "numbers", kind.detector, seed=seed)
        for index in range(2 * each):
            named = index % 2 == 0
            value = kind.value(source)
            for positive in (True, False):
                number = value if positive else twin(kind, value, source)
                text, grouped = kind.written(number, source)
                form = source.choice(NAMED if named else UNNAMED)
                made.append(
                    single(
                        _group(kind, named=named, grouped=grouped),
                        form.format(word=source.choice(kind.words), value=text),
                        kind.detector,
                        positive=positive,
                        secret=text,
                    )
                )
    return made


def _group(kind: Kind, *, named: bool, grouped: bool) -> str:
    place = "named" if named else "alone"
    return f"{kind.detector}, {place}, {'grouped' if grouped else 'plain'}"
