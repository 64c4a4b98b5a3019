"""Numbers, twins, hidden values, near misses and benign traffic are what they are called."""

from __future__ import annotations

import random
import re

import pytest
from stdnum import iban, luhn

from bench.dlp import benign, evasions, hiding, numbers
from bench.dlp.cases import SPLITS, Case
from bench.dlp.packs import Referee


@pytest.mark.parametrize("kind", numbers.KINDS, ids=lambda kind: kind.detector)
def test_valid_numbers_are_valid_and_twins_differ_by_a_slip(kind: numbers.Kind) -> None:
    source = random.Random(1)
    for _ in range(30):
        value = kind.value(source)
        wrong = numbers.twin(kind, value, source)
        assert kind.valid(value)
        assert not kind.valid(wrong)
        assert 1 <= sum(a != b for a, b in zip(value, wrong, strict=True)) <= 2
        written, grouped = kind.written(value, source)
        assert re.sub(r"[ -]", "", written) == value.replace("-", "")
        assert grouped is (written != value)


def test_known_numbers() -> None:
    valid = {kind.detector: kind.valid for kind in numbers.KINDS}
    assert valid["credit-card"]("4111111111111111")
    assert not valid["credit-card"]("4111111111111112")
    assert valid["uk-nhs"]("9434765919")
    assert not valid["us-ssn"]("666123456")


@pytest.mark.parametrize("country", sorted(numbers.IBANS))
def test_every_country_of_ibans_comes_out_valid(country: str) -> None:
    kind = next(kind for kind in numbers.KINDS if kind.detector == "iban")
    source = random.Random(1)
    values = (kind.value(source) for _ in range(2000))
    assert iban.is_valid(
        next(value for value in values if value.startswith(country)), check_country=False
    )


def test_half_of_the_numbers_have_a_word_and_twins_go_with_them() -> None:
    made = numbers.cases("train", 10, ["credit-card", "us-ssn"])
    assert len(made) == 80
    assert sum(case.positive for case in made) == 40
    named = [case for case in made if ", named" in case.group]
    assert len(named) == 40
    words = {kind.detector: kind.words for kind in numbers.KINDS}
    for case in made:
        text = str(case.lines[0].payload)
        spoken = any(word in text for word in words[case.detector])
        assert case.secret in text
        assert spoken is (case in named)


HIDDEN = {
    "between/zwsp": "4\u200b1\u200b1\u200b1",
    "digits/thai": "๔๑๑๑",
    "letters/fullwidth": "４１１１",
    "html/hex": "&#x34;&#x31;&#x31;&#x31;",
    "url/twice": "%2534%2531%2531%2531",
    "escapes/octal": "\\064\\061\\061\\061",
    "base64/half": "41MTE=",
    "hex/spaced": "34 31 31 31",
    "reversed/all": "1114",
    "split/json-fields": '{"part1": "41", "part2": "11"}',
    "structure/first-half": "41",
    "chain/hex-of-base64": "4e4445784d513d3d",
    "context/json-record": '{"type": "transaction", "ref": "4111", "amount": 1200}',
    "delimiter/every-dot": "4.1.1.1",
    "as-it-is": "4111",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_techniques_by_example(name: str) -> None:
    assert hiding.TECHNIQUES[name]("4111") == HIDDEN[name]


def test_there_are_as_many_techniques_as_in_the_public_suite() -> None:
    assert len(hiding.TECHNIQUES) >= 146
    assert len(evasions.TYPES) >= 14
    assert set(hiding.TECHNIQUES) >= hiding.LOSSY


def test_train_does_not_show_a_third_of_the_techniques() -> None:
    seen = {case.group.partition(",")[0] for case in evasions.cases("train", 1)}
    every = {case.group.partition(",")[0] for case in evasions.cases("test", 1)}
    assert every == set(hiding.TECHNIQUES)
    assert seen == {name for name in every if not hiding.held_out(name)}
    assert 0.2 < 1 - len(seen) / len(every) < 0.45


def test_a_hidden_value_is_not_the_value() -> None:
    for case in evasions.cases("train", 1):
        text = str(case.lines[0].payload).removeprefix(f"{evasions.TYPES[case.detector][1]}: ")
        assert (text == case.secret) is case.group.startswith("as-it-is"), case.group


def test_separators_are_only_taken_from_numbers() -> None:
    assert {
        case.detector
        for case in evasions.cases("test", 1)
        if case.group.startswith("delimiter/dot")
    } == evasions.NUMBERS & set(evasions.TYPES)


def test_near_misses_are_not_valid() -> None:
    for case in evasions.false_cases("train", 30):
        digits = re.sub(r"\D", "", case.secret)
        if case.detector in {"credit-card", "ca-sin"}:
            assert not luhn.is_valid(digits)
        if case.detector == "iban":
            assert not iban.is_valid(case.secret, check_country=False)
        if case.detector == "us-ssn":
            assert digits[:3] in {"000", "666"} or digits[0] == "9"


def test_hidden_near_misses_leave_out_what_may_become_something_else() -> None:
    made = evasions.hidden_twins("test", 1)
    assert not {case.group for case in made} & hiding.LOSSY
    assert not any(case.positive for case in made)


def text_of(case: Case) -> str:
    """What of a message can be read at all."""
    payload = case.lines[0].payload
    return payload if isinstance(payload, str) else payload.decode("ascii", "ignore")


@pytest.fixture(scope="module")
def traffic() -> list[Case]:
    return benign.cases("train", 1200)


def test_benign_traffic_has_all_kinds_by_their_shares(traffic: list[Case]) -> None:
    assert abs(len(traffic) - 1200) < 20
    assert {case.group for case in traffic} == set(benign.KINDS)
    assert len({text_of(case) for case in traffic}) > 1000


def test_the_referee_finds_nothing_in_benign_traffic(traffic: list[Case]) -> None:
    referee = Referee()
    assert not [case.group for case in traffic if referee.found(text_of(case))]


def test_no_address_is_in_benign_traffic(traffic: list[Case]) -> None:
    mail = re.compile(r"[\w.]+@[\w-]+\.\w{2,}")
    dotted = re.compile(
        r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|1?\d?\d)(?![\d.])"
    )
    colons = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.IGNORECASE)
    for case in traffic:
        for regex in (mail, dotted, colons):
            assert not regex.search(text_of(case)), case.group


@pytest.mark.parametrize("detector", ["credit-card", "iban", "in-aadhaar"])
def test_splits_of_values_share_nothing(detector: str) -> None:
    train, test = (
        {
            case.secret
            for case in (
                *numbers.cases(split, 50, [detector]),
                *(each for each in evasions.false_cases(split, 20) if each.detector == detector),
            )
        }
        for split in SPLITS
    )
    assert len(train) >= 200
    assert not train & test
