"""Valid numbers are found and their near-miss twins are not; python-stdnum says which is which.

The seeds are printed, and are not those with which the detectors were written.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable

import pytest

from tests.rules.detect_builtin.finder import find
from tests.rules.detect_builtin.makers import RECIPES, Recipe, grouped, make, twin

SEED = 74_207_281
COUNT = 120
IDS = [f"{recipe.detector}-{recipe.module}" for recipe in RECIPES]

#: Found without a word beside them, compact: the contract's, and those with a tight form.
BARE = (
    "credit-card", "ca-sin", "uk-nhs", "in-aadhaar", "fr-nir", "es-dni", "it-codice-fiscale",
    "no-fodselsnummer", "ch-ahv", "br-cpf", "mx-curp", "cn-resident-id",
)  # fmt: skip


def numbers(recipe: Recipe) -> tuple[list[str], list[str]]:
    """Valid numbers and a twin of each."""
    print(f"seed {SEED}")  # noqa: T201  # shown where a test fails
    rng = random.Random(f"{SEED} {recipe.module}")
    valid = [make(recipe, rng) for _ in range(COUNT)]
    return valid, [twin(recipe, number, rng) for number in valid]


def found(detector: str, template: str, number: str) -> bool:
    return find(detector, template.format(number)) == [number]


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_beside_its_word(recipe: Recipe) -> None:
    template = f"her {recipe.word}: {{}}, thanks"
    valid, twins = numbers(recipe)
    for groups, separator in (((len(valid[0]),), ""), (recipe.groups, recipe.separator)):
        hits = sum(found(recipe.detector, template, grouped(n, groups, separator)) for n in valid)
        misses = sum(
            find(recipe.detector, template.format(grouped(n, groups, separator))) != []
            for n in twins
        )
        assert hits >= 0.99 * COUNT
        assert misses <= 0.01 * COUNT


@pytest.mark.parametrize(
    "recipe", [recipe for recipe in RECIPES if recipe.detector in BARE], ids=lambda r: r.module
)
@pytest.mark.parametrize("template", ["see {} there", "{}", '{{"note":"{}"}}', "<b>{}</b>"])
def test_alone(recipe: Recipe, template: str) -> None:
    valid, twins = numbers(recipe)
    assert sum(found(recipe.detector, template, number) for number in valid) >= 0.99 * COUNT
    assert sum(find(recipe.detector, template.format(n)) != [] for n in twins) <= 0.01 * COUNT


@pytest.mark.parametrize("country", ["DE", "GB", "FR", "ES", "NL", "PL", "NO", "BE", "CH", "MT"])
def test_iban(country: str) -> None:
    from stdnum import iban

    templates = {
        "DE": "{18}", "GB": "WEST{14}", "FR": "{10}ABC12{8}", "ES": "{20}", "NL": "ABNA{10}",
        "PL": "{24}", "NO": "{11}", "BE": "{12}", "CH": "{17}", "MT": "MALT{5}AB12{14}",
    }  # fmt: skip
    rng = random.Random(f"{SEED} {country}")
    for _ in range(40):
        text, body = templates[country], ""
        while text:
            head, _, rest = text.partition("{")
            size, _, text = rest.partition("}")
            body += head + "".join(rng.choices("0123456789", k=int(size or 0)))
        checks = [f"{n:02}" for n in range(2, 99)]
        right = [c for c in checks if iban.is_valid(country + c + body, check_country=False)]
        wrong = [c for c in checks if not iban.is_valid(country + c + body, check_country=False)]
        number = country + right[0] + body
        fours = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
        for written in (
            number,
            fours,
            fours.replace(" ", "-"),
            number.lower(),
            "/**/".join(number),
        ):
            for template in ("pay {} now", "{}", "{} NOW 2026", "IBAN:{};"):
                assert found("iban", template, written), template
        assert find("iban", country + rng.choice(wrong) + body) == []


def _born(rng: random.Random) -> str:
    return f"{rng.randrange(1, 29):02}{rng.randrange(1, 13):02}{rng.randrange(40, 100):02}"


DRAWN: dict[str, tuple[str, str, Callable[[random.Random], str]]] = {
    "fi.hetu": ("fi-hetu", "{}", lambda rng: f"{_born(rng)}-{rng.randrange(2, 900):03}"
                f"{rng.choice('0123456789ABCDEFHJKLMNPRSTUVWXY')}"),
    "us.ssn": ("us-ssn", "{}", lambda rng: f"{rng.randrange(1000):03}-{rng.choice(('00', '45'))}"
               f"-{rng.choice(('0000', '6789', '1234'))}"),
    # Groups 50 to 65 are newer than python-stdnum's list.
    "us.itin": ("us-itin", "ITIN {}", lambda rng: f"9{rng.randrange(100):02}"
                f"-{rng.randrange(66, 100):02}-{rng.randrange(10000):04}"),
    "in_.pan": ("in-pan", "{}", lambda rng: "".join(rng.choices("ABCDEFGHJKLPTXZ", k=5))
                + f"{rng.choice((0, 7, 1234, 9999)):04}Q"),
    "dk.cpr": ("dk-cpr", "CPR: {}", lambda rng: f"{rng.randrange(1, 32):02}"
               f"{rng.randrange(1, 15):02}{rng.randrange(40, 100):02}{rng.randrange(4000):04}"),
    "my.nric": ("my-nric", "{}", lambda rng: f"{rng.randrange(40, 100):02}{rng.randrange(1, 15):02}"
                f"{rng.randrange(1, 32):02}-{rng.randrange(1, 60):02}-{rng.randrange(1, 9999):04}"),
}  # fmt: skip


@pytest.mark.parametrize("module", DRAWN)
def test_random_numbers_are_judged_as_stdnum_does(module: str) -> None:
    detector, template, draw = DRAWN[module]
    is_valid = importlib.import_module(f"stdnum.{module}").is_valid
    rng = random.Random(f"{SEED} {module}")
    agreed = {True: 0, False: 0}
    for _ in range(400):
        number = draw(rng)
        valid = bool(is_valid(number))
        agreed[valid] += found(detector, template, number) == valid
    print(agreed)  # noqa: T201  # shown where a test fails
    assert sum(agreed.values()) >= 0.99 * 400
    assert agreed[True] > 5


BITCOIN = (
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
)


@pytest.mark.parametrize("address", BITCOIN)
def test_bitcoin(address: str) -> None:
    from stdnum import bitcoin

    assert find("bitcoin-address", f"send to {address}, ok") == [address]
    for place in range(4, len(address)):
        other = "2" if address[place] != "2" else "3"
        wrong = address[:place] + other + address[place + 1 :]
        assert not bitcoin.is_valid(wrong)
        assert find("bitcoin-address", wrong) == []
