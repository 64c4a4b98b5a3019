"""The JSON Schema for editors says what the reader says, as far as a schema can."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.rules.language.reading import DETECTORS, read
from tests.rules.language.schema import as_json, is_valid, validate
from wsinspect.rules.language import words
from wsinspect.rules.language.json_schema import rules_json_schema
from wsinspect.rules.language.problems import RuleFileError

SCHEMA: Final = json.loads(rules_json_schema(DETECTORS))

# Every key of the language, and every action.
EVERY_KEY: Final = """
version: 1
include: [other.yaml]
defaults: { mode: shadow, decode: [json], streams: false, on_error: log, severity: low }
packs: { mine: mine.toml }
lists: { hosts: [a.example], names: { file: names.txt } }
rules:
  - id: a
    say: One
    severity: high
    when:
      direction: to_server
      host: { in: hosts, not_in: [b.example], regex: "a$" }
      path: [/a, "/b/*"]
      subprotocol: chat
      origin: https://a.example
      client: { not_in: [10.0.0.0/8] }
      app: graphql
      opcode: [text, binary]
      size: ">1k"
      flow: "~d a"
    find:
      detector: [email, iban]
      pack: mine
      only: [x, y]
      except: y
      regex: "k=(.+)"
      words: names
      json: $.a
      exact: { file: hashes, key: env:K }
      entropy: { least_bits: 4, least_len: 20 }
      unless: ["@a$"]
      near: [b]
      within: 30
    do: [log, alert, { mask: { keep_first: 1, keep_last: 4 } }, { block: }]
    threshold: { count: 2, unique: true, per: client, seconds: 60 }
    mode: enforce
    decode: []
    streams: true
    on_error: block
    enabled: true
    tests:
      - { text: a, expect: pass, direction: to_client, host: h, path: /, subprotocol: s,
          opcode: text }
      - { base64: AA==, expect: { redacted: b } }
      - { messages: [a, { text: b }], expect: redact }
      - { messages: [{ base64: AA== }], expect: { redacted_base64: AA== } }
  - { id: b, find: { entropy: 4.5 }, do: { redact: { with: x } } }
  - id: c
    find: { words: [x] }
    do: [{ hash: { key: env:K } }, { close: { code: 4000, reason: r } }]
  - { id: d, find: { words: { file: names.txt } }, do: { tokenize: { key: env:K } } }
  - { id: e, when: { size: 5 }, do: { throttle: { messages_per_second: 0.5 } } }
"""


VALUE: Final = as_json(EVERY_KEY)


@pytest.fixture
def world(tmp_path: Path) -> str:
    """Beside the name that is returned are the files that EVERY_KEY names."""
    (tmp_path / "other.yaml").write_text("lists: {x: [y]}\n")
    (tmp_path / "mine.toml").write_text("x y z")
    (tmp_path / "names.txt").write_text("falcon\n")
    (tmp_path / "hashes").write_text("h")
    return str(tmp_path / "rules.yaml")


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def all_words() -> set[str]:
    tables: list[words.Keys] = [
        words.FILE_KEYS, words.DEFAULTS_KEYS, words.RULE_KEYS, words.WHEN_KEYS, words.FIND_KEYS,
        words.TEXT_TEST_KEYS, words.EXACT_KEYS, words.ENTROPY_KEYS, words.LIST_FILE_KEYS,
        words.THRESHOLD_KEYS, words.TEST_KEYS, *words.ACTION_KEYS.values(),
    ]  # fmt: skip
    return {key for table in tables for key in table}


def test_a_file_with_every_key_pleases_both(world: str) -> None:
    validate(VALUE, SCHEMA, SCHEMA)
    assert len(read(EVERY_KEY, world).rules) == 5
    assert all_words() <= set(keys_of(VALUE))


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Of fixed keys: not packs and lists, whose keys are the user's names."""
    if isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key == "lists":
                yield from mappings(inner["names"])
            elif key != "packs":
                yield from mappings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from mappings(inner)


def test_neither_takes_an_unknown_key_anywhere(world: str) -> None:
    places = len(list(mappings(VALUE)))
    assert places > 30
    for place in range(places):
        value = copy.deepcopy(VALUE)
        list(mappings(value))[place]["surprise"] = 1
        assert not is_valid(value, SCHEMA), place
        with pytest.raises(RuleFileError, match="surprise"):
            read(json.dumps(value), world)


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from leaves(inner)
        else:
            yield value, key


def test_neither_takes_a_wrong_type_anywhere(world: str) -> None:
    places = len(list(leaves(VALUE)))
    assert places > 80
    for place in range(places):
        for wrong in ({"a": {"b": 1}}, True if place % 2 else [["x"]]):
            value = copy.deepcopy(VALUE)
            inside, key = list(leaves(value))[place]
            if isinstance(inside[key], bool) and wrong is True:
                continue
            inside[key] = wrong
            assert not is_valid(value, SCHEMA), (place, wrong)
            with pytest.raises(RuleFileError):
                read(json.dumps(value), world)


@pytest.mark.parametrize(
    "body",
    [
        "find: {detector: email}",
        "do: log",
        "find: {near: [a]}, do: log",
        "find: {detector: emial}, do: log",
        "find: {detector: email, only: [a]}, do: log",
        "find: {detector: email, within: 5}, do: log",
        "when: {}, do: log",
        "when: {direction: out}, do: log",
        "when: {client: {regex: a}}, do: log",
        "find: {detector: email}, do: []",
        "find: {detector: email}, do: throttle",
        "find: {detector: email}, do: {throttle: }",
        "find: {detector: email}, do: {close: {code: 99}}",
        "find: {detector: email}, do: {hash: {key: secret}}",
        "find: {detector: email}, do: log, threshold: {count: 1}",
        "find: {detector: email}, do: log, tests: [{expect: pass}]",
        "find: {detector: email}, do: log, tests: [{text: a, base64: AA==, expect: pass}]",
        "find: {entropy: 9}, do: log",
        "find: {detector: email}, do: log, mode: off",
        "find: {detector: email}, do: log, id: 'a b'",
    ],
)
def test_what_a_schema_can_refuse_it_refuses(body: str) -> None:
    rule_id = "" if "id:" in body else "id: a, "
    text = f"rules:\n  - {{{rule_id}{body}}}\n"
    assert not is_valid(as_json(text), SCHEMA)
    with pytest.raises(RuleFileError):
        read(text)


def test_without_names_any_detector_will_do() -> None:
    schema = json.loads(rules_json_schema())
    value = as_json("rules: [{id: a, find: {detector: x}, do: log}]")
    assert is_valid(value, schema)
    assert not is_valid(value, SCHEMA)


def test_every_key_has_a_description() -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            for name, inner in schema.get("properties", {}).items():
                assert inner.get("description"), name
            for inner in schema.values():
                check(inner)
        elif isinstance(schema, list):
            for inner in schema:
                check(inner)

    check(SCHEMA)
