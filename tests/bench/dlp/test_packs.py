"""The referee's reading of gitleaks' semantics, on rules small enough to judge by eye."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.dlp import packs
from bench.dlp.packs import Referee

PACK = """
[allowlist]
regexes = ['''^EXAMPLE''']
[[rules]]
id = "plain"
regex = '''tok_([a-z]{4})(?:;|$)'''
keywords = ["TOK_"]
[[rules]]
id = "random"
regex = '''k=(?:(\\d{4})|([a-z]{8}))'''
entropy = 2.0
[[rules]]
id = "second"
regex = '''u=(\\w+) p=(\\w+)'''
secretGroup = 2
  [[rules.allowlists]]
  regexTarget = "line"
  regexes = ['''^#''']
  [[rules.allowlists]]
  stopwords = ["Dummy"]
  [[rules.allowlists]]
  condition = "AND"
  paths = ['''x''']
  regexes = ['''.*''']
[[rules]]
id = "by-name"
path = '''\\.p12$'''
"""


@pytest.fixture
def referee(tmp_path: Path) -> Referee:
    file = tmp_path / "pack.toml"
    file.write_text(PACK)
    return Referee(file)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("plain", "tok_abcd;", True),
        ("plain", "tok_abcd", True),
        ("plain", "tok_abcd,", False),
        ("plain", "say tok_abcd\n", False),  # the end is the end of the text
        ("random", "k=abcdefgh", True),
        ("random", "k=aaaaaaab", False),
        ("random", "k=1234", False),  # two bits: not above
        ("second", "u=a p=b", True),
        ("second", "# u=a p=b", False),
        ("second", "#\nu=a p=b", True),
        ("second", "u=a p=xDUMMYx", False),
        ("second", "u=dummy p=b", True),
        ("second", "u=a p=EXAMPLE1", False),
        ("second", "u=EXAMPLE p=b", True),
    ],
)
def test_what_a_rule_finds(referee: Referee, name: str, text: str, *, found: bool) -> None:
    assert referee.finds(name, text) is found


def test_a_keyword_must_be_somewhere(tmp_path: Path) -> None:
    file = tmp_path / "pack.toml"
    file.write_text("[[rules]]\nid='a'\nregex='''x\\d'''\nkeywords=['Word']\n")
    assert not Referee(file).finds("a", "x1")
    assert Referee(file).found("x1 a wORD") == {"a"}


def test_a_rule_without_a_regex_is_none(referee: Referee) -> None:
    assert set(referee.rules) == {"plain", "random", "second"}


def test_positives_are_what_the_referee_finds() -> None:
    cases, without = packs.positives("train", 1)
    referee = Referee()
    assert not without
    assert len(cases) == 217  # five rules of the pack ask for a path, one of them for nothing else
    assert all(referee.finds(case.detector, case.secret) for case in cases)


def test_the_same_seed_gives_the_same_and_splits_share_nothing() -> None:
    train, again, test = (
        {case.secret for case in packs.positives(split, 2)[0]}
        for split in ("train", "train", "test")
    )
    assert train == again
    assert not train & test


def test_entropy() -> None:
    assert packs.shannon("aabb") == 1.0
    assert packs.shannon("abcdefgh") == 3.0
