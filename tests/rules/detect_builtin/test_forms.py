"""A number is found however it is written, and once; a piece of something else is not one."""

from __future__ import annotations

import pytest

from tests.rules.detect_builtin.finder import find, which

FOURS = "4532 0151 1283 0366"
CARD = "4532015112830366"

WRITTEN = [
    CARD,
    FOURS,
    *(FOURS.replace(" ", one) for one in ("-", ".", "/", "\t", "\n", "--", "_", "|")),
]
WRITTEN += [
    "4532 0151-1283 0366",
    "45320151\n12830366",
    "45320151\r\n12830366",
    "45-32-01-51-12-83-03-66",
]
WRITTEN += [one.join(CARD) for one in (" ", "-", "/", "\n", "<!---->", "/**/")]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("template", ["{}", "pay {} now", "({})", "a,{},b", "?card={}&x=1"])
def test_a_card_in_any_form(written: str, template: str) -> None:
    assert find("credit-card", template.format(written)) == [written]


@pytest.mark.parametrize(
    "number",
    ["378282246310005", "3782 822463 10005", "3782 8224 6310 005", "30569309025904",
     "3056 930902 5904", "6250941006528599", "3530111333300000", "2223003122003222",
     "4111111111111111", "4012 8888 8888 1881", "6011-1111-1111-1117"],
)  # fmt: skip
def test_published_card_numbers(number: str) -> None:
    assert find("credit-card", f"card: {number}.") == [number]


@pytest.mark.parametrize(
    "text",
    ["00000{}", "{}00000", "XXXXXXXXXX{}XXXXXXXXXX", "test_value_{}", "{}/12/28", "{}|12|28|123",
     "2026-11-22 {}, and", "id 45 {}", "x{}"],
)  # fmt: skip
def test_a_card_beside_other_things(text: str) -> None:
    assert find("credit-card", text.format(CARD)) == [CARD]


def test_two_cards_beside_each_other() -> None:
    assert find("credit-card", f"{CARD} 4111111111111111") == [CARD, "4111111111111111"]
    assert find("credit-card", f"{FOURS} 4111 1111 1111 1111") == [FOURS, "4111 1111 1111 1111"]


@pytest.mark.parametrize(
    "text",
    ["order 4111 1111 1111 1112", '{"x":4.532015112830366}', '{"x":0.4532015112830366}',
     "45.3201511 28.30366", "sha 45320151128303664532015112830366", "a4532015112830366f",
     "4111-1111-1111-1111-1111", "1700000000000000", "4222222222222", "4444444444444444",
     "5 3 0 0 7 0 0 0 0 6 0 0 1 9 5 0 0 0", "45320151.12830366"],
)  # fmt: skip
def test_no_card(text: str) -> None:
    assert find("credit-card", text) == []


@pytest.mark.parametrize(
    ("detector", "text"),
    [("credit-card", "DK2231635130939952"), ("in-aadhaar", "DK56 5794 1931 4008 6"),
     ("in-aadhaar", "3482 7020 0390 94"), ("ca-sin", "29 301 773 560"),
     ("ca-sin", "BSN 651215774"), ("uk-nhs", "890724-6920"),
     ("credit-card", "7534479094896295036"),
     ("credit-card", '{"id":6304000000000000125,"text":"my card"}'), ("us-itin", "912-78-5678")],
)  # fmt: skip
def test_a_part_or_another_kind_of_number(detector: str, text: str) -> None:
    assert find(detector, text) == []


def test_rare_lengths_need_a_word() -> None:
    assert find("credit-card", "4222222222222") == []
    assert find("credit-card", "4222 2222 2222 2") == ["4222 2222 2222 2"]
    assert find("credit-card", "visa 4222222222222") == ["4222222222222"]
    assert find("credit-card", '{"cardNumber":"6304000000000000125"}') == ["6304000000000000125"]


@pytest.mark.parametrize(
    ("detector", "number"),
    [("us-ssn", "123-45-6789"), ("us-ssn", "123 45 6789"), ("us-ssn", "1 2 3 - 4 5 - 6 7 8 9"),
     ("ca-sin", "046 454 286"), ("ca-sin", "046454286"), ("ca-sin", "0464-5428-6"),
     ("uk-nhs", "943 476 5919"), ("uk-nhs", "9434765919"), ("uk-nhs", "9/4/3/4/7/6/5/9/1/9"),
     ("in-aadhaar", "2341 2341 2346"), ("in-aadhaar", "234123412346"),
     ("uk-nino", "AB123456C"), ("uk-nino", "AB 12 34 56 C"), ("fi-hetu", "131052-308T"),
     ("it-codice-fiscale", "RSSMRA85T10A562S"), ("es-dni", "12345678Z"), ("es-dni", "12.345.678-Z"),
     ("sg-nric", "S1234567D"), ("hk-hkid", "A123456(3)"),
     ("us-mbi", "1EG4-TE5-MK72"), ("in-pan", "ABCPE1234F"), ("se-personnummer", "811228-9874"),
     ("br-cpf", "123.456.789-09"), ("br-cnpj", "11.222.333/0001-81"), ("tw-id", "A123456789"),
     ("my-nric", "770305-02-1234"), ("fr-nir", "1 87 02 2A 120 012 23".replace("23", "00"))][:-1],
)  # fmt: skip
@pytest.mark.parametrize("template", ["{}", "it is {} here", '{{"a":"{}"}}', "<i>{}</i>"])
def test_found_alone(detector: str, number: str, template: str) -> None:
    assert find(detector, template.format(number)) == [number]


@pytest.mark.parametrize(
    ("detector", "text", "number"),
    [("us-ssn", "SSN: 123456789", "123456789"), ("us-ssn", '{"ssn":123456789}', "123456789"),
     ("us-ssn", '{"social_security":"1234-5678-9"}', "1234-5678-9"),
     ("ca-sin", '{"sin": 046454286, "a": 1}', "046454286"),
     ("uk-nhs", "NHS number is 943-476-5919", "943-476-5919"),
     ("us-npi", "NPI 1234567893", "1234567893"), ("us-itin", "ITIN 912-78-5678", "912-78-5678"),
     ("za-id", "South African ID: 8001015009087", "8001015009087"),
     ("us-aba-routing", "routing number: 111000025", "111000025"),
     ("jp-my-number", "マイナンバー 123456789018", "123456789018"),
     ("dk-cpr", "CPR 211062-5629", "211062-5629"),
     ("au-medicare", "medicare 2123456701", "2123456701"),
     ("cl-rut", "RUT 12345678-5", "12345678-5")],
)  # fmt: skip
def test_found_beside_a_word(detector: str, text: str, number: str) -> None:
    assert find(detector, text) == [number]


@pytest.mark.parametrize(
    "text",
    ["000-12-3456", "666-12-3456", "912-34-5678", "123-00-4567", "123-45-0000", "123456789",
     "2026-11-22", "1123-45-6789", "123-45-67891", "123-45-6789-1", "ssn 123.45.67890"],
)  # fmt: skip
def test_no_ssn(text: str) -> None:
    assert find("us-ssn", text) == []


@pytest.mark.parametrize(
    "text",
    ['{"id":046454286}', "order 046454286", "#046454286", "invoice no: 046454286", "0.046454286",
     '{"ts":1700000000}', "$046454286", "a046454286c", "[1,046454286,3]", "ref=046454286"],
)  # fmt: skip
def test_a_running_number_is_no_sin_and_no_nhs_number(text: str) -> None:
    assert which(text, ("ca-sin", "uk-nhs")) == set()


def test_amounts_and_years_are_none() -> None:
    assert find("ca-sin", "EUR 123.456.782") == []
    assert which("2024 2025 2026, 2019-2020-2021") == set()
    assert which("call 943-476-5919", ("uk-nhs",)) == set()
