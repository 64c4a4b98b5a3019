"""Rule files for the tools' tests."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from wsinspect.rules.ruleset import load_rules

# The tools do not care which engine looks; this one has nothing to compile.
quick_load = functools.partial(load_rules, engine="re2")
RuleWriter = Callable[[str], Path]

RULES = """
version: 1
rules:
  - id: card
    say: Mask cards
    when: { direction: to_server }
    find: { detector: credit-card }
    do: { mask: { keep_last: 4 } }
    tests:
      - { text: "pay 4111 1111 1111 1111", expect: "pay **** **** **** 1111" }
      - { text: "order 4111 1111 1111 1112", expect: pass }
  - id: word
    when: { host: chat.example }
    find: { words: [bluebird] }
    do: { close: { code: 4001, reason: "no birds" } }
  - id: shy
    find: { regex: "shy-[0-9]{4}" }
    do: block
    mode: shadow
  - id: often
    when: { direction: to_client }
    find: { regex: "tick-[0-9]+" }
    threshold: { count: 3, unique: true, per: connection, seconds: 60 }
    do: alert
"""


@pytest.fixture
def write_rules(tmp_path: Path) -> RuleWriter:
    def write(text: str) -> Path:
        path = tmp_path / "rules.yaml"
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    return write


@pytest.fixture
def rules(write_rules: RuleWriter) -> Path:
    return write_rules(RULES)
