"""Credentials, addresses of people and machines: found whole, and not in what only looks alike."""

from __future__ import annotations

import base64
import json

import pytest

from tests.rules.detect_builtin.finder import find, spans, which


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{b64({'alg': 'HS256', 'typ': 'JWT'})}.{b64({'sub': '12345'})}.SflKxwRJSMeKKF2QT4fwpMeJf36"
BODY = ("MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn" * 2 + "\n") * 8
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}-----END RSA PRIVATE KEY-----"
GITHUB = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
STRIPE = "sk_" + "test_4eC39HqLyjWDarjtT7en6bh8Xy9mPqZ"

FOUND = [
    ("jwt", "Bearer {}", JWT),
    ("jwt", "?token={}&x", JWT),
    ("jwt", "{}", f"{b64({'alg': 'none'})}.{b64({'a': 1})}."),
    ("jwt", "{}", JWT.replace("IkpXVCJ9", "IkpX\nVCJ9")),
    ("private-key", "{}", PEM),
    ("private-key", '{{"key":"{}"}}', PEM.replace("\n", "\\n")),
    ("private-key", "a {} b", PEM.replace("RSA ", "")),
    ("private-key", "{}", PEM.replace("RSA ", "OPENSSH ")),
    ("private-key", "{}", PEM.replace("-----\nMII", "-----\nDEK-Info: AES-128-CBC,7D\n\nMII")),
    ("aws-access-key", "key {}", "AKIAIOSFODNN7EXAMPLE"),
    ("aws-access-key", "{}", "ASIAIOSFODNN7EXAMPLE"),
    ("aws-access-key", "{}", " ".join("AKIAIOSFODNN7EXAMPLE")),
    ("aws-access-key", "{}", "AKIA IOSF ODNN 7EXA MPLE"),
    ("aws-access-key", "aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("github-token", "{}", GITHUB),
    ("github-token", "{}", "<!---->".join(GITHUB)),
    ("github-token", "{}", GITHUB[:20] + "\n" + GITHUB[20:]),
    ("github-token", "{}", "github_pat_" + f"11ABCDEFG0abcdefghijkl_{'aB3dEf7hIj' * 5}kLmN5pQrS"),
    ("slack-token", "{}", "xoxb-" + "123456789012-1234567890123-abcDEF123ghiJKL456mnoPQR"),
    ("slack-token", "{}", "hooks.slack.com/services/T01ABCDE" + "/B01ABCD/abcDEF123ghiJKL456mno"),
    ("stripe-key", '"{}"', STRIPE),
    ("stripe-key", "{}", "/**/".join(STRIPE)),
    ("stripe-key", "{}", "whsec_" + "4eC39HqLyjWDarjtT7en6bh8Xy9mPqZa"),
    ("url-credentials", "https://{}@example.org/x", "bob:hunter2"),
    ("url-credentials", '{{"u":"ftp:\\/\\/{}@10.0.0.1\\/"}}', "bob:hunter2"),
    ("db-connection", "postgres://{}@db.example:5432/app", "app:s3cret"),
    ("db-connection", "mongodb+srv://{}@c.example", "app:s3cret"),
    ("db-connection", "redis://{}@cache:6379", ":s3cret"),
    ("db-connection", "Server=db;Database=a;User Id=b;Password={};", "s3cret!"),
    ("db-connection", "host=db user=b password={} sslmode=require", "s3cret!"),
    ("db-connection", "jdbc:mysql://db/a?user=b&password={}", "s3cret!"),
    ("email", "to {}, please", "test.user+tag@mail.example.com"),
    ("email", "<{}>", "o'neil@corp.example.com"),
    ("email", "mail {}.", "bob@xn--bcher-kva.ch"),
    ("phone", "{}", "+14155552671"),
    ("phone", "{}", "+1-555-867-5309"),
    ("phone", "{} x", "+44 20 7946 0958"),
    ("phone", "{}", "+49 (30) 901820"),
    ("phone", "call me at {}", "415-555-2671"),
    ("phone", '{{"phone":"{}"}}', "(415) 555-2671"),
    ("phone", "Tel.: {}", "030 901820123"),
    ("ip-address", "from {}:8080", "192.168.1.10"),
    ("ip-address", "http://{}/x", "10.0.0.1"),
    ("ip-address", "[{}]:443", "2001:db8::8a2e:370:7334"),
    ("ip-address", "{}", "fe80::1ff:fe23:4567:890a"),
    ("ip-address", "{}", "2001:0db8:0000:0000:0000:8a2e:0370:7334"),
    ("ip-address", "{}", "::ffff:192.0.2.128"),
    ("mac-address", "{}", "00:1A:2B:3C:4D:5E"),
    ("ethereum-address", "my ETH wallet: {}", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("mac-address", "mac={}", "00-1a-2b-3c-4d-5e"),
    ("mac-address", "{}", "001a.2b3c.4d5e"),
]  # fmt: skip


@pytest.mark.parametrize(("detector", "template", "secret"), FOUND)
def test_found_whole(detector: str, template: str, secret: str) -> None:
    assert find(detector, template.format(secret)) == [secret]


def test_a_key_that_is_cut_off_is_found_up_to_its_cut() -> None:
    cut = PEM[:200]
    assert spans("private-key", cut.encode()) == [(0, len(cut))]


MISSED = [
    ("jwt", JWT.replace("eyJ", "eyK", 1)),
    ("jwt", f"{b64({'typ': 'x', 'b': 22})}.{b64({'a': 1})}.abc"),
    ("private-key", "-----BEGIN PUBLIC KEY-----\n" + BODY),
    ("private-key", "-----BEGIN PRIVATE KEY----- begins one"),
    ("aws-access-key", "AKIAXXXXXXXXXXXXXXXX"),
    ("aws-access-key", "AKIAIOSFODNN7EXAMPLEAB"),
    ("github-token", GITHUB[:-2]),
    ("slack-token", "xoxb-your-token-here"),
    ("stripe-key", "pk_live_4eC39HqLyjWDarjtT7en6bh8Xy9mPqZ"),
    ("stripe-key", "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx"),
    ("url-credentials", "https://example.org:8080/a@b"),
    ("url-credentials", "https://user:${PASSWORD}@example.org/"),
    ("db-connection", "postgres://db.example:5432/app"),
    ("db-connection", "postgres://app:********@db.example/app"),
    ("email", "git@github.com:a/b.git"),
    ("email", "logo@2x.png"),
    ("email", "npm i left-pad@1.3.0"),
    ("email", "a@b.invalid"),
    ("email", "ann@corp.example"),
    ("email", "ann@printer.local"),
    ("ethereum-address", "commit 0x52908400098527886E0F7030069857D2E4169EE7"),
    ("email", "@everyone look at user@localhost"),
    ("phone", "2026-11-22 16:44:34"),
    ("phone", "order 415-555-2671"),
    ("phone", "+1-211-555-2671"),
    ("phone", "1+234567890 = x"),
    ("phone", "pi is 3.14159265358979"),
    ("ip-address", "version 1.2.3.4"),
    ("ip-address", "Chrome/120.0.0.0 Safari/537.36"),
    ("ip-address", "16:44:34, 300.1.1.1, 1.2.3, 1.2.3.4.5"),
    ("ip-address", "std::vector<a::b> x; 12::30"),
    ("mac-address", "16:44:34:00:11:22:33"),
    ("mac-address", "00:00:00:00:00:00"),
]


@pytest.mark.parametrize(("detector", "text"), MISSED)
def test_not_found(detector: str, text: str) -> None:
    assert find(detector, text) == []


def test_nothing_of_a_secret_in_a_pattern_or_context() -> None:
    from wsinspect.rules.detect.builtin import BUILTIN
    from wsinspect.rules.detect.pattern import Context
    from wsinspect.rules.detect.shape import take_apart

    assert "4111" not in repr(Context(b"4111111111111111", 0, 16, 0, 16))
    assert "4111" not in repr(take_apart(b"4111 1111 1111 1111", ((4, 4, 4, 4),)))
    assert all(pattern.id == name and pattern.say for name, ps in BUILTIN.items() for pattern in ps)


def test_the_contract_has_its_names() -> None:
    from wsinspect.rules.detect.builtin import BUILTIN

    names = (
        "credit-card email phone iban us-ssn ca-sin uk-nhs in-aadhaar jwt private-key "
        "aws-access-key github-token slack-token stripe-key url-credentials db-connection "
        "ip-address mac-address"
    )
    assert set(names.split()) <= set(BUILTIN)


def test_plain_chat_has_none() -> None:
    assert which("Hi Bob, lunch at 12:30 on 2026-11-22? I'm in room 4532, ext. 1234.") == set()
