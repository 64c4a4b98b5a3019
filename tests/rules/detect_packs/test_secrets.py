"""The built-in pack: each row finds what its format makes and not what only looks like it."""

from __future__ import annotations

import random

import pytest
import re2

from tests.rules.detect_packs.make import benign, positive_for
from tests.rules.detect_packs.reference import find
from wsinspect.rules.detect.secrets import SECRETS, secrets_pack

PACK = secrets_pack().patterns
SEED = 20261122
# Some credentials have two names on purpose: a provider's own form under another's keyword.
GENERAL = {"heroku-legacy-key", "snyk-legacy-token"}


def test_there_are_more_than_a_hundred_and_each_has_a_name_of_its_own() -> None:
    assert len(SECRETS) == len(PACK) >= 150
    assert all(pattern.say and pattern.id == name for name, pattern in PACK.items())


@pytest.mark.parametrize("name", PACK)
def test_what_the_format_makes_is_found(name: str) -> None:
    rng = random.Random(f"{SEED}/{name}")
    pattern = PACK[name]
    lost = 0
    for _ in range(40):
        text = positive_for(pattern, rng)
        lost += not find(pattern, text)
        assert len(text.encode()) <= pattern.max_len + 64
    assert lost <= 1, f"seed {SEED}: {lost} of 40 (entropy may drop one)"


@pytest.mark.parametrize("name", PACK)
def test_it_is_found_between_quotes_in_json_in_a_url_and_at_the_end(name: str) -> None:
    rng = random.Random(f"{SEED}/around/{name}")
    pattern = PACK[name]
    named = not pattern.regex.startswith(r"\b")
    for _ in range(3):
        text = _found(name, rng)
        secret = find(pattern, text)[0]
        assert find(pattern, text.rstrip("\"'`; \t\n")) or named
        if not named and (
            not pattern.keywords or any(k in secret.decode().lower() for k in pattern.keywords)
        ):
            for around in (
                b'{"k":"%s"}',
                b"?key=%s&x=1",
                b"Bearer %s\r\n",
                b"(%s)",
                b"'%s',",
                b"<t>%s</t>",
            ):
                if not (around == b"<t>%s</t>" and b"/" in secret):
                    assert find(pattern, around % secret) == [secret], around


@pytest.mark.parametrize("name", PACK)
def test_placeholders_are_not_found(name: str) -> None:
    """The same credential with one character all through."""
    rng = random.Random(f"{SEED}/placeholder/{name}")
    pattern = PACK[name]
    secret = find(pattern, _found(name, rng))[0].decode()
    dull = "".join(char if not char.isalnum() else "0" for char in secret)
    assert not find(pattern, f"{' '.join(pattern.keywords)} = {dull}")


def test_a_longer_run_is_not_the_credential() -> None:
    rng = random.Random(SEED)
    for name in (
        "npm-token",
        "github-fine-grained-token",
        "google-api-key",
        "groq-key",
        "sendgrid-key",
    ):
        secret = find(PACK[name], _found(name, rng))[0]
        assert not find(PACK[name], secret + b"A"), name
        assert not find(PACK[name], b"A" + secret), name


def test_a_piece_of_base64_is_not_the_credential() -> None:
    rng = random.Random(SEED)
    for secret in (row for row in SECRETS if row.blob):
        value = find(PACK[secret.id], _found(secret.id, rng))[0]
        assert not find(PACK[secret.id], b"iVBOR+" + value + b" "), secret.id
        assert not find(PACK[secret.id], b" " + value + b"/abc"), secret.id


def test_benign_messages_have_none() -> None:
    rng = random.Random(SEED)
    found = [
        (name, text[:0])
        for text in benign(rng, 1800)
        for name, pattern in PACK.items()
        if find(pattern, text)
    ]
    assert not found


def test_published_examples() -> None:
    """From the vendors' documentation, or their format filled in; none is alive."""
    for name, text in (
        ("aws-access-key-id", "AKIAIOSFODNN7EXAMPLE"),
        (
            "aws-secret-access-key",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        (
            "slack-webhook",
            "https://hooks.slack.com/services/T00000000/B00000000/" + "XyZ123abCD45efGH67ijKL89",
        ),
        ("mailchimp-key", "0123456789abcdef0123456789abcdef-us6"),
        (
            "cloudinary-url",
            "CLOUDINARY_URL=cloudinary://123456789012345:abcdeFghijklmnopqrs-tuvwxyz1@demo",
        ),
        (
            "telegram-bot-token",
            "https://api.telegram.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe",
        ),
        ("discord-webhook", "https://discord.com/api/webhooks/123456789012345678/" + "aB3-" * 17),
        (
            "azure-storage-key",
            "AccountName=x;AccountKey=" + "aB3+/xYz9Q" * 8 + "aB3+/x==;EndpointSuffix=core",
        ),
    ):
        assert find(PACK[name], text), name


def test_keywords_are_lower_case_and_regexes_have_one_group() -> None:
    for pattern in PACK.values():
        assert all(word == word.lower() for word in pattern.keywords)
        assert re2.compile(pattern.regex).groups == 1


def _found(name: str, rng: random.Random) -> str:
    """A text that holds the credential; random ones below the least entropy are drawn again."""
    for _ in range(20):
        text = positive_for(PACK[name], rng)
        if find(PACK[name], text):
            return text
    raise AssertionError(name)
