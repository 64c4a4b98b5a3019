"""The real file, rule by rule: what its regexes were written for is found, and nothing in chats."""

from __future__ import annotations

import gzip
import json
import random
from itertools import islice
from pathlib import Path

import pytest

from tests.rules.detect_packs.make import benign, positive_for
from tests.rules.detect_packs.reference import find
from wsinspect.rules.detect.gitleaks import load_gitleaks

FILE = Path(__file__).parent.parent / "data" / "gitleaks.toml"
PACK = load_gitleaks(FILE)
SEED = 20261122
UNREAD = {  # gitleaks has no positives of them, or makes them by code
    "dropbox-long-lived-api-token",
    "dropbox-short-lived-api-token",
    "jwt-base64",
    "telegram-bot-api-token",
}
GITHUB = "ghp_aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA2bC4"
SONAR = "12345678ABCDEFH1234567890ABCDEFH12345678"


def test_all_rules_but_that_of_a_path_alone() -> None:
    assert len(PACK.patterns) == 221
    skipped = [one for one in PACK.warnings if "skipped" in one]
    assert [one.split(": ")[1] for one in skipped] == ["pkcs12-file"]
    without_path = [one.split(": ")[1] for one in PACK.warnings if "its path is left out" in one]
    assert without_path == [
        "freemius-secret-key",
        "hashicorp-tf-password",
        "kubernetes-secret-yaml",
        "nuget-config-password",
    ]
    assert len(PACK.warnings) == 5
    assert PACK.gives_way == {"generic-api-key"}
    assert PACK.files == (FILE,)


def test_no_pattern_needs_the_edge_of_its_text() -> None:
    assert not [name for name, pattern in PACK.patterns.items() if pattern.anchored]


@pytest.mark.parametrize("name", PACK.patterns)
def test_positives(name: str) -> None:
    """Drawn again where a word boundary, entropy or an allowlist refuses."""
    rng = random.Random(f"{SEED}/{name}")
    pattern = PACK.patterns[name]
    draws = (positive_for(pattern, rng) for _ in range(500))
    found = sum(1 for _ in islice((text for text in draws if find(pattern, text)), 10))
    assert found == 10, f"seed {SEED}"


def test_gitleaks_own_examples() -> None:
    """1,962 of 6,400. Three differ, where a path alone told them apart."""
    vectors = json.loads(gzip.decompress((FILE.parent / "gitleaks_vectors.json.gz").read_bytes()))
    assert set(PACK.patterns) - {name for name, found, _ in vectors if found} == UNREAD
    differ = [
        (name, found)
        for name, found, text in vectors
        if bool(find(PACK.patterns[name], text)) != found
    ]
    assert sorted(differ) == [
        ("freemius-secret-key", False),
        ("hashicorp-tf-password", False),
        ("nuget-config-password", False),
    ]


def test_benign_messages() -> None:
    texts = benign(random.Random(SEED), 1800)
    assert not [n for n, p in PACK.patterns.items() for text in texts if find(p, text)]


@pytest.mark.parametrize(
    ("name", "text", "secret"),
    [
        ("aws-access-token", '{"k":"AKIALALEMEL33243OLIB"}', b"AKIALALEMEL33243OLIB"),
        ("aws-access-token", '{"k":"AKIAIOSFODNN7EXAMPLE"}', None),  # its own allowlist
        ("github-pat", GITHUB, GITHUB.encode()),
        ("github-pat", "ghp_" + "a" * 36, None),  # entropy
        ("generic-api-key", 'api_key = "kR4nD0mV9xQ2wZ7pLs8t"', b"kR4nD0mV9xQ2wZ7pLs8t"),
        ("generic-api-key", 'api_key_length = "kR4nD0mV9xQ2wZ7pLs8t"', None),  # on the match
        ("generic-api-key", 'api_key = "kR4nD0mV9xQpassword"', None),  # a stopword
        ("generic-api-key", "--mount=type=secret,api_key = kR4nD0mV9xQ2wZ7pLs8t", None),  # line
        ("sonar-api-token", f'sonar_login = "{SONAR}"', SONAR.encode()),
        (
            "curl-auth-user",
            '{"cmd":"curl https://x.test -u jane:s3cr3tV4lue"}',
            b"jane:s3cr3tV4lue",
        ),
    ],
)
def test_examples(name: str, text: str, secret: bytes | None) -> None:
    assert find(PACK.patterns[name], text) == ([secret] if secret else [])


def test_the_comment_that_allows_is_not_honoured() -> None:
    assert find(PACK.patterns["aws-access-token"], "AKIALALEMEL33243OLIB # gitleaks:allow")


def test_the_line_below_does_not_allow() -> None:
    text = "api_key = kR4nD0mV9xQ2wZ7pLs8t\nRUN --mount=type=secret,id=x"
    assert find(PACK.patterns["generic-api-key"], text) == [b"kR4nD0mV9xQ2wZ7pLs8t"]
