"""Read rules from a text, with a small world of detectors and packs around it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from wsinspect.rules.language.ast import Rule, RuleFile
from wsinspect.rules.language.problems import RuleFileError
from wsinspect.rules.language.read import read_rules, read_text

DETECTORS: Final = (
    "credit-card", "email", "phone", "iban", "us-ssn", "ca-sin", "uk-nhs", "in-aadhaar", "jwt",
    "private-key", "aws-access-key", "github-token", "slack-token", "stripe-key",
    "url-credentials", "db-connection", "ip-address", "mac-address",
)  # fmt: skip
PACK: Final = ("aws-access-token", "github-pat", "slack-bot-token")


def pack_ids(name: str, path: Path | None) -> tuple[str, ...]:
    """A pack's file holds ids, one a line; ``broken`` in it is what it says."""
    if path is None:
        assert name == "secrets"
        return ("openai", "stripe")
    text = path.read_text()
    if path.name == "gitleaks.toml":
        return PACK
    if "broken" in text:
        raise ValueError("line 1: no table\nat all")
    return tuple(text.split())


def check_flow(expression: str) -> str | None:
    return "nobody knows\n~x" if "~x" in expression else None


def read(text: str, name: str = "rules.yaml") -> RuleFile:
    return read_text(
        text, name, known_detectors=DETECTORS, pack_ids=pack_ids, check_flow=check_flow
    )


def read_path(path: Path) -> RuleFile:
    return read_rules(path, known_detectors=DETECTORS, pack_ids=pack_ids, check_flow=check_flow)


def rule(body: str) -> Rule:
    """The one rule with these fields, in YAML's flow form."""
    (only,) = read(f"rules:\n  - {{id: a, {body}}}\n").rules
    return only


def problems(text: str, name: str = "rules.yaml") -> list[str]:
    """As they are shown."""
    with pytest.raises(RuleFileError) as caught:
        read(text, name)
    return [str(problem) for problem in caught.value.problems]


def problem(body: str) -> str:
    """The only one of one rule with these fields; without its place."""
    (only,) = problems(f"rules:\n  - {{id: a, {body}}}\n")
    place, _, what = only.partition(": ")
    assert place == "rules.yaml:2"
    return what
