"""Valid numbers and their near-miss twins, with python-stdnum as the judge of both.

A maker gives a number's characters at random, then tries check characters until python-stdnum
agrees. A twin differs in one digit and python-stdnum refuses it. Nothing here knows our checks.
"""

from __future__ import annotations

import importlib
import itertools
import random
import string
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

Body = Callable[[random.Random], str]


class Recipe(NamedTuple):
    """How to make a number: ``body`` without its last ``tail`` characters, out of ``letters``."""

    detector: str
    module: str  # of stdnum
    body: Body
    tail: int
    word: str
    groups: tuple[int, ...]
    separator: str
    letters: str = string.digits


def _digits(n: int, first: str = string.digits) -> Body:
    return lambda rng: rng.choice(first) + "".join(rng.choices(string.digits, k=n - 1))


def _dated(pattern: str, more: int) -> Body:
    """``pattern`` out of Y (year), M, D and C (century); then ``more`` digits."""

    def make(rng: random.Random) -> str:
        values = {
            "Y": f"{rng.randrange(40, 100):02}",
            "M": f"{rng.randrange(1, 13):02}",
            "D": f"{rng.randrange(1, 29):02}",
            "C": "19",
        }
        return "".join(values[one] for one in pattern) + "".join(rng.choices(string.digits, k=more))

    return make


def _letters(n: int, out_of: str = string.ascii_uppercase) -> Body:
    return lambda rng: "".join(rng.choices(out_of, k=n))


def _joined(*bodies: Body) -> Body:
    return lambda rng: "".join(body(rng) for body in bodies)


def _card(rng: random.Random) -> str:
    """Fifteen digits of a card of sixteen, in a range of Visa, Mastercard or Discover."""
    head = rng.choice(("4", *["51", "52", "53", "54", "55", "2221", "2300", "2720", "6011", "65"]))
    return head + "".join(rng.choices(string.digits, k=15 - len(head)))


_CONSONANTS: Final = "BCDFGHJKLMNPQRSTVWXYZ"

RECIPES: Final = (
    Recipe("credit-card", "luhn", _card, 1, "pay", (4, 4, 4, 4), " "),
    Recipe("credit-card", "luhn", _joined(lambda rng: rng.choice(("34", "37")), _digits(12)), 1,
           "amex", (4, 6, 5), "-"),
    Recipe("ca-sin", "ca.sin", _digits(8, "1234567"), 1, "SIN", (3, 3, 3), "-"),
    Recipe("uk-nhs", "gb.nhs", _digits(9, "46"), 1, "NHS no", (3, 3, 4), " "),
    Recipe("in-aadhaar", "in_.aadhaar", _digits(11, "23456789"), 1, "Aadhaar", (4, 4, 4), " "),
    Recipe("de-steuerid", "de.idnr", _digits(10, "123456789"), 1, "Steuer-ID", (2, 3, 3, 3), " "),
    Recipe("fr-nir", "fr.nir",
           _joined(_digits(1, "12"), _dated("YM", 0),
                   lambda rng: f"{rng.randrange(1, 95):02}", _digits(6)),
           2, "NIR", (1, 2, 2, 2, 3, 3, 2), " "),
    Recipe("es-dni", "es.dni", _digits(8), 1, "DNI", (8, 1), "-", string.ascii_uppercase),
    Recipe("es-dni", "es.nie", _joined(_letters(1, "XYZ"), _digits(7)), 1, "NIE", (1, 7, 1), "-",
           string.ascii_uppercase),
    Recipe("it-codice-fiscale", "it.codicefiscale",
           _joined(_letters(6, _CONSONANTS), _digits(2), _letters(1, "ABCDEHLMPRST"),
                   lambda rng: f"{rng.randrange(1, 29):02}", _letters(1, "ABCDEFGHIL"),
                   _digits(3)),
           1, "codice fiscale", (3, 3, 5, 5), " ", string.ascii_uppercase),
    Recipe("nl-bsn", "nl.bsn", _digits(8, "123456789"), 1, "BSN", (9,), ""),
    Recipe("be-nrn", "be.nn", _dated("YMD", 3), 2, "NISS", (2, 2, 2, 3, 2), "."),
    Recipe("pl-pesel", "pl.pesel", _dated("YMD", 4), 1, "PESEL", (11,), ""),
    Recipe("se-personnummer", "se.personnummer", _dated("YMD", 3), 1, "personnummer", (6, 4), "-"),
    Recipe("no-fodselsnummer", "no.fodselsnummer",
           lambda rng: (f"{rng.randrange(1, 29):02}{rng.randrange(1, 13):02}"
                        f"{rng.randrange(40, 100):02}{rng.randrange(0, 500):03}"),
           2, "fødselsnummer", (6, 5), " "),
    Recipe("ch-ahv", "ch.ssn", lambda rng: "756" + _digits(9)(rng), 1, "AHV", (3, 4, 4, 2), "."),
    Recipe("at-svnr", "at.vnr",
           lambda rng: (f"{rng.randrange(100, 1000)}{rng.randrange(10)}{rng.randrange(1, 29):02}"
                        f"{rng.randrange(1, 13):02}{rng.randrange(10)}"), 1, "SVNR", (4, 6), " "),
    Recipe("pt-nif", "pt.nif", _digits(8, "12356"), 1, "NIF", (3, 3, 3), " "),
    Recipe("ie-pps", "ie.pps", _digits(7), 1, "PPS", (8,), "", "ABCDEFGHIJKLMNOPQRSTUVW"),
    Recipe("ro-cnp", "ro.cnp",
           _joined(_digits(1, "12"), _dated("YMD", 0), lambda rng: f"{rng.randrange(1, 40):02}",
                   lambda rng: f"{rng.randrange(1, 1000):03}"), 1, "CNP", (13,), ""),
    Recipe("cz-rc", "cz.rc", _dated("YMD", 3), 1, "rodné číslo", (6, 4), "/"),
    Recipe("tr-tckn", "tr.tckimlik", _digits(9, "123456789"), 2, "TCKN", (11,), ""),
    Recipe("hr-oib", "hr.oib", _digits(10), 1, "OIB", (11,), ""),
    Recipe("br-cpf", "br.cpf", _digits(9), 2, "CPF", (3, 3, 3, 2), "."),
    Recipe("br-cnpj", "br.cnpj", _digits(12), 2, "CNPJ", (2, 3, 3, 4, 2), "."),
    Recipe("mx-curp", "mx.curp",
           _joined(_letters(1, _CONSONANTS), _letters(1, "EIU"), _letters(2, _CONSONANTS),
                   _dated("YMD", 0), _letters(1, "HM"), lambda rng: rng.choice(("DF", "JC", "NL")),
                   _letters(3, _CONSONANTS), _digits(1)), 1, "CURP", (18,), ""),
    Recipe("cl-rut", "cl.rut", _digits(8, "123456789"), 1, "RUT", (2, 3, 3, 1), ".",
           string.digits + "K"),
    Recipe("ar-cuit", "ar.cuit", _joined(lambda rng: rng.choice(("20", "27", "30")), _digits(8)),
           1, "CUIT", (2, 8, 1), "-"),
    Recipe("za-id", "za.idnr",
           _joined(_dated("YMD", 4), _digits(1, "01"), _digits(1, "8")), 1, "SA ID", (13,), ""),
    Recipe("au-tfn", "au.tfn", _digits(8, "123456789"), 1, "TFN", (3, 3, 3), " "),
    Recipe("nz-ird", "nz.ird", _digits(8, "1"), 1, "IRD", (3, 3, 3), "-"),
    Recipe("cn-resident-id", "cn.ric",
           lambda rng: rng.choice(("110101", "310104", "440103")) + _dated("CYMD", 3)(rng),
           1, "resident id", (6, 8, 4), " ", string.digits + "X"),
    Recipe("kr-rrn", "kr.rrn",
           _joined(_dated("YMD", 0), lambda rng: f"{rng.choice('12')}{rng.randrange(90):02}",
                   _digits(3)), 1, "RRN", (6, 7), "-"),
    Recipe("th-id", "th.pin", _digits(12, "12345678"), 1, "Thai ID", (1, 4, 5, 2, 1), "-"),
    Recipe("il-id", "il.idnr", _digits(8), 1, "teudat zehut", (9,), ""),
    Recipe("us-aba-routing", "us.rtn", _digits(8), 1, "routing number", (4, 4, 1), "-"),
)  # fmt: skip


def judge(recipe: Recipe) -> Callable[[str], bool]:
    """python-stdnum's opinion on a compact number."""
    is_valid = importlib.import_module(f"stdnum.{recipe.module}").is_valid
    return lambda number: bool(is_valid(number))


def make(recipe: Recipe, rng: random.Random) -> str:
    """A valid number, compact."""
    is_valid = judge(recipe)
    while True:
        body = recipe.body(rng)
        tails = list(itertools.product(recipe.letters, repeat=recipe.tail))
        rng.shuffle(tails)
        for tail in tails:
            number = body + "".join(tail)
            if len(set(number)) > 2 and is_valid(number):
                return number


def twin(recipe: Recipe, number: str, rng: random.Random) -> str:
    """The number with one digit changed, which makes it invalid."""
    is_valid = judge(recipe)
    places = [index for index, character in enumerate(number) if character.isdigit()]
    while True:
        at = rng.choice(places)
        changed = number[:at] + rng.choice(string.digits) + number[at + 1 :]
        if not is_valid(changed):
            return changed


def grouped(number: str, groups: Sequence[int], separator: str) -> str:
    """The number in these groups."""
    parts, at = [], 0
    for size in groups:
        parts.append(number[at : at + size])
        at += size
    return separator.join(parts)
