"""Values that need no checksum of luck to be recognised, hidden; and what merely looks like them.

Owns: the strong types and their near misses. Must not know: how values are hidden.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from bench.dlp import hiding, numbers
from bench.dlp.cases import Case, Split, rng, single

__all__ = ["MISSES", "TYPES", "cases", "false_cases"]

ALNUM: Final = string.ascii_letters + string.digits
Make = Callable[[random.Random], str]


def _some(source: random.Random, alphabet: str, length: int) -> str:
    return "".join(source.choices(alphabet, k=length))


def _number(detector: str) -> Make:
    kind = next(kind for kind in numbers.KINDS if kind.detector == detector)
    return lambda source: kind.written(kind.value(source), source)[0]


def _ssn(source: random.Random) -> str:
    """As it is always written: without a check digit its dashes are what is strong about it."""
    digits = _number("us-ssn")(source).replace("-", "").replace(" ", "")
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


def _email(source: random.Random) -> str:
    name = _some(source, string.ascii_lowercase, source.randint(4, 9))
    host = _some(source, string.ascii_lowercase, source.randint(4, 9))
    return (
        f"{name}.{source.choice('abcdefgh')}@{host}.{source.choice(('com', 'org', 'de', 'co.uk'))}"
    )


def _aws(source: random.Random) -> str:
    return source.choice(("AKIA", "ASIA")) + _some(source, string.ascii_uppercase + "234567", 16)


def _github(source: random.Random) -> str:
    return source.choice(("ghp_", "gho_", "ghs_")) + _some(source, ALNUM, 36)


def _slack(source: random.Random) -> str:
    parts = (_some(source, string.digits, 12), _some(source, string.digits, 12))
    return f"xoxb-{parts[0]}-{parts[1]}-{_some(source, ALNUM, 24)}"


def _stripe(source: random.Random) -> str:
    return source.choice(("sk_live_", "rk_live_", "sk_test_")) + _some(source, ALNUM, 24)


def _jwt(source: random.Random) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = json.dumps({"alg": source.choice(("HS256", "RS256", "ES256")), "typ": "JWT"})
    body = json.dumps({"sub": _some(source, string.digits, 9), "iat": source.randrange(2 * 10**9)})
    return ".".join((part(head.encode()), part(body.encode()), part(source.randbytes(32))))


def _private_key(source: random.Random) -> str:
    body = base64.b64encode(source.randbytes(150)).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


def _url(source: random.Random) -> str:
    password = _some(source, ALNUM, source.randint(8, 16))
    return f"https://deploy:{password}@git.corp-{_some(source, 'abcdef', 4)}.net/app"


def _database(source: random.Random) -> str:
    scheme = source.choice(("postgres", "mysql", "mongodb", "redis"))
    password = _some(source, ALNUM, source.randint(8, 16))
    return f"{scheme}://app:{password}@db-{_some(source, 'abcdef', 4)}.internal:5432/main"


TYPES: Final[dict[str, tuple[Make, str]]] = {
    "credit-card": (_number("credit-card"), "credit card"),
    "iban": (_number("iban"), "IBAN"),
    "us-ssn": (_ssn, "SSN"),
    "ca-sin": (_number("ca-sin"), "SIN"),
    "uk-nhs": (_number("uk-nhs"), "NHS number"),
    "in-aadhaar": (_number("in-aadhaar"), "Aadhaar"),
    "email": (_email, "e-mail"),
    "aws-access-key": (_aws, "AWS access key"),
    "github-token": (_github, "GitHub token"),
    "slack-token": (_slack, "Slack token"),
    "stripe-key": (_stripe, "Stripe key"),
    "jwt": (_jwt, "bearer token"),
    "private-key": (_private_key, "private key"),
    "url-credentials": (_url, "repository"),
    "db-connection": (_database, "database"),
}
"""How a value is made, and the word that people put before it."""

NUMBERS: Final = frozenset(kind.detector for kind in numbers.KINDS)


def cases(split: Split, each: int, *, seed: int | None = None) -> list[Case]:
    """``each`` values of every type by every technique that changes it, half with a word before.

    The group is ``technique, named`` or ``technique, alone``. ``train`` has two techniques of
    three.
    """
    made = []
    for detector, (make, word) in TYPES.items():
        source = rng(split, "evasions", detector, seed=seed)
        for name, hide in hiding.TECHNIQUES.items():
            suits = hiding.suits(name, number=detector in NUMBERS, letters=detector == "email")
            if not suits or (split == "train" and hiding.held_out(name)):
                continue
            for named in (True, False):
                for _ in range(each):
                    value = make(source)
                    hidden = hide(value)
                    if hidden == value and name != "as-it-is":
                        continue
                    text = f"{word}: {hidden}" if named else hidden
                    group = f"{name}, {'named' if named else 'alone'}"
                    made.append(single(group, text, detector, secret=value))
    return made


def _bad_number(detector: str) -> Make:
    kind = next(kind for kind in numbers.KINDS if kind.detector == detector)

    def make(source: random.Random) -> str:
        return kind.written(numbers.twin(kind, kind.value(source), source), source)[0]

    return make


def _bad_ssn(source: random.Random) -> str:
    area = source.choice(("000", "666", str(source.randint(900, 999))))
    return f"{area}-{source.randrange(100):02d}-{source.randrange(10_000):04d}"


def _bad_email(source: random.Random) -> str:
    name = _some(source, string.ascii_lowercase + string.digits, source.randint(4, 10))
    host = source.choice(("domain", "company", "example", "mailserver", "corp"))
    ends = ("invalid", "test", "example", "localhost", "local", "123", "x")
    return f"{name}@{host}.{source.choice(ends)}"


def _bad_phone(source: random.Random) -> str:
    area = source.choice(("000", "011", "100", "111", "555", "911", "200", "300"))
    return f"+1-{area}-{source.randint(200, 999)}-{source.randrange(10_000):04d}"


def _bad_ramq(source: random.Random) -> str:
    name = _some(source, "BCDFGHJKLMNP", 4)
    month = source.choice((0, *range(13, 51), *range(63, 100)))
    return f"{name} {source.randrange(100):02d}{month:02d} {source.randrange(10_000):04d}"


def _looks_random(source: random.Random) -> str:
    word = _some(source, string.ascii_lowercase, 4)
    return source.choice(
        (
            "".join(char * source.randint(4, 8) for char in word),
            str(uuid.UUID(int=source.getrandbits(128), version=4)),
            hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(),
            hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest(),
            hashlib.sha256(word.encode()).hexdigest(),
            base64.b64encode(b"this is not a secret " + word.encode()).decode(),
            base64.b64encode(b"Hello World").decode(),
        )
    )


MISSES: Final[dict[str, tuple[Make, str]]] = {
    "credit-card": (
        _bad_number("credit-card"),
        "Please charge my credit card number {} for the outstanding balance.",
    ),
    "us-ssn": (_bad_ssn, "Employee Social Security Number: {} on file."),
    "ca-sin": (_bad_number("ca-sin"), "Social Insurance Number (SIN): {}. Needed for the filing."),
    "iban": (_bad_number("iban"), "Please wire it to IBAN {}, reference INV-2026-001."),
    "uk-nhs": (_bad_number("uk-nhs"), "The NHS number is {}."),
    "in-aadhaar": (_bad_number("in-aadhaar"), "Aadhaar: {}"),
    "email": (_bad_email, "Contact the holder at e-mail address {} to confirm."),
    "phone": (_bad_phone, "Customer callback phone number: {}, between 9 and 5."),
    "ca-ramq": (_bad_ramq, "Quebec RAMQ: {} on file."),
    "entropy": (_looks_random, "api_key={}  # build-time identifier, not a secret"),
}
"""What a suite for false positives sends: values that cannot be valid, and how they are told."""


def false_cases(split: Split, each: int, *, seed: int | None = None) -> list[Case]:
    """``each`` near misses of a type alone and as many in their sentence."""
    made = []
    for name, (make, sentence) in MISSES.items():
        source = rng(split, "false", name, seed=seed)
        for index in range(2 * each):
            value = make(source)
            text = sentence.replace("{}", value) if index % 2 else value
            group = f"{name}, {'in a sentence' if index % 2 else 'alone'}"
            made.append(single(group, text, name, positive=False, secret=value))
    return made


def hidden_twins(split: Split, each: int, *, seed: int | None = None) -> list[Case]:
    """Invalid numbers by every technique: decoding must not make numbers valid."""
    made = []
    checked: Sequence[str] = ("credit-card", "iban", "ca-sin", "uk-nhs", "in-aadhaar")
    for detector in checked:
        make, word = _bad_number(detector), TYPES[detector][1]
        source = rng(split, "hidden twins", detector, seed=seed)
        for name, hide in hiding.TECHNIQUES.items():
            if name in hiding.LOSSY:
                continue  # half of an invalid number may well be something else
            for _ in range(each):
                value = make(source)
                text = f"{word}: {hide(value)}"
                made.append(single(name, text, detector, positive=False, secret=value))
    return made
