"""docs/rules.md: each example is read, checked by the schema, and its tests are run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.rules.language.reading import read
from tests.rules.language.schema import as_json, validate
from wsinspect.model.app_protocol import APPS
from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.language import ast, words
from wsinspect.rules.language.json_schema import rules_json_schema
from wsinspect.rules.language.problems import RuleFileError
from wsinspect.rules.language.read_tests import OUTPUT_KEYS
from wsinspect.rules.ruleset import load_rules
from wsinspect.rules.tools.test import run_tests

ROOT: Final = Path(__file__).parents[3]
DOCS: Final = (ROOT / "docs" / "rules.md").read_text()
EXAMPLES: Final = re.findall(r"^```yaml\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
SCHEMA: Final = json.loads(rules_json_schema(BUILTIN))


def section(name: str) -> str:
    return DOCS.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("place", range(len(EXAMPLES)))
def test_every_example(place: int, tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "banks.yaml").write_text("lists: {banks: [a.example]}\n")
    (tmp_path / "names.txt").write_text("# of projects\nfalcon\n")
    pack = (ROOT / "tests" / "rules" / "data" / "gitleaks.toml").read_text()
    (tmp_path / "gitleaks.toml").write_text(pack)
    path = tmp_path / "rules.yaml"
    path.write_text(EXAMPLES[place])
    validate(as_json(EXAMPLES[place]), SCHEMA, SCHEMA)
    run = run_tests(load_rules([path], engine="re2"))
    assert run.failures == ()
    assert run.passed == len(re.findall("expect:", EXAMPLES[place]))


def test_there_are_examples_with_tests() -> None:
    assert len(EXAMPLES) >= 9
    assert len(re.findall("expect:", "".join(EXAMPLES))) >= 15


def test_the_problems_are_told_as_shown() -> None:
    text = "rules:\n- id: a\n  when:\n    dirction: x\n  do: log\n  find:\n    regex: (?<=a)b\n"
    with pytest.raises(RuleFileError) as caught:
        read(text)
    assert f"```text\n{caught.value}\n```" in DOCS


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("The file", words.FILE_KEYS), ("The file", words.DEFAULTS_KEYS),
        ("A rule", words.RULE_KEYS), ("when", words.WHEN_KEYS), ("find", words.FIND_KEYS),
        ("do", words.ACTION_WORDS), ("threshold", words.THRESHOLD_KEYS),
        ("tests", words.TEST_KEYS),
    ],
)  # fmt: skip
def test_every_key_is_in_its_section(name: str, keys: words.Keys) -> None:
    text = section(name)
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_key_within_is_told() -> None:
    inner = [words.TEXT_TEST_KEYS, words.EXACT_KEYS, words.ENTROPY_KEYS, OUTPUT_KEYS]
    for keys in [*inner, *words.ACTION_KEYS.values()]:
        assert [key for key in keys if not re.search(rf"\b{key}\b", DOCS)] == []


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("when", ast.DIRECTIONS), ("when", ast.OPCODES), ("when", APPS),
        ("A rule", ast.MODES), ("A rule", ast.SEVERITIES), ("A rule", ast.ON_ERROR),
        ("threshold", ast.PER), ("tests", ast.EXPECTATIONS), ("decode", ast.DECODE_NAMES),
        ("do", ast.ACTIONS), ("detectors", tuple(BUILTIN)),
    ],
)  # fmt: skip
def test_every_word_is_in_its_section(name: str, known: tuple[str, ...]) -> None:
    text = section(name)
    assert [word for word in known if f"`{word}`" not in text] == []


def test_no_detector_is_told_that_there_is_not() -> None:
    told = re.findall(r"`([a-z0-9-]+)`", section("detectors").partition("| | |")[2])
    assert set(told) <= set(BUILTIN)


def test_links_inside_the_page_lead_somewhere() -> None:
    heads = set(re.findall(r"^## (.+)$", DOCS, re.MULTILINE))
    for link in re.findall(r"\]\(#([a-z-]+)\)", DOCS):
        assert link in {head.lower().replace(" ", "-") for head in heads}
