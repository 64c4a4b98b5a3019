"""The language as JSON Schema (2020-12), for editors: completion, descriptions, red underlines.

Owns: the schema. Must not know: how files are read. It allows all that ``read.py`` does; names
that only a file can tell (lists, packs, ids), RE2 and values across keys are checked there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from wsinspect.rules.language import ast, words
from wsinspect.rules.language.read_tests import OUTPUT_KEYS

__all__ = ["rules_json_schema"]

type Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
KEY: Final[Schema] = {"type": "string", "pattern": "^env:[A-Za-z_][A-Za-z0-9_]*$"}


def rules_json_schema(detectors: Collection[str] = ()) -> bytes:
    """``detectors``: names to offer and to hold ``detector`` to; none: any name."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wsinspect rules, version 1",
        **_mapping(
            words.FILE_KEYS,
            {
                "version": {"const": 1},
                "include": _some(TEXT),
                "defaults": _mapping(words.DEFAULTS_KEYS, _settings()),
                "packs": {"type": "object", "additionalProperties": TEXT},
                "lists": {"type": "object", "additionalProperties": _ref("listed")},
                "rules": {"type": "array", "items": _ref("rule")},
            },
        ),
        "$defs": {
            "rule": _rule(),
            "when": _when(),
            "text_test": _text_test(TEXT),
            "client_test": _text_test(TEXT, regex=False),
            "find": _find(detectors),
            "action": _action(),
            "threshold": _threshold(),
            "test": _test(),
            "listed": {"anyOf": [_many(TEXT), _ref("word_file")]},
            "words": {"anyOf": [TEXT, _many(TEXT), _ref("word_file")]},
            "word_file": _mapping(words.LIST_FILE_KEYS, {"file": TEXT}, ["file"]),
        },
    }
    return json.dumps(schema, indent=2, ensure_ascii=False).encode() + b"\n"


def _rule() -> Schema:
    own = {
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]*$", "maxLength": 100},
        "say": {"type": "string", "maxLength": 1000},
        "when": _ref("when"),
        "find": _ref("find"),
        "do": {"anyOf": [_ref("action"), _many(_ref("action"))]},
        "threshold": _ref("threshold"),
        "tests": {"type": "array", "items": _ref("test"), "maxItems": 1000},
        "enabled": FLAG,
    }
    rule = _mapping(words.RULE_KEYS, {**own, **_settings()}, ["id", "do"])
    return {**rule, "anyOf": [{"required": ["find"]}, {"required": ["when"]}]}


def _settings() -> Schema:
    return {
        "mode": _one(ast.MODES),
        "decode": _some(_one(ast.DECODE_NAMES), empty=True),
        "streams": FLAG,
        "on_error": _one(ast.ON_ERROR),
        "severity": _one(ast.SEVERITIES),
    }


def _when() -> Schema:
    tests = ("host", "path", "subprotocol", "origin", "app")
    when = _mapping(
        words.WHEN_KEYS,
        {
            "direction": _one(ast.DIRECTIONS),
            **{name: _ref("text_test") for name in tests},
            "client": _ref("client_test"),
            "opcode": _some(_one(ast.OPCODES)),
            "size": {"anyOf": [TEXT, {"type": "integer", "minimum": 0}]},
            "flow": TEXT,
        },
    )
    return {**when, "minProperties": 1}


def _text_test(text: Schema, *, regex: bool = True) -> Schema:
    values: Schema = {"in": _ref("words"), "not_in": _ref("words")}
    keys = dict(words.TEXT_TEST_KEYS)
    if regex:
        values["regex"] = text
    else:
        del keys["regex"]
    return {"anyOf": [text, _many(text), {**_mapping(keys, values), "minProperties": 1}]}


def _find(detectors: Collection[str]) -> Schema:
    detector = _one(sorted(detectors)) if detectors else TEXT
    entropy = {
        "least_bits": {"type": "number", "minimum": 0.1, "maximum": 8},
        "least_len": {"type": "integer", "minimum": 8, "maximum": 512},
    }
    find = _mapping(
        words.FIND_KEYS,
        {
            "detector": _some(detector),
            "pack": TEXT,
            "only": _some(TEXT),
            "except": _some(TEXT),
            "regex": _some(TEXT),
            "words": _ref("words"),
            "json": {"type": "string", "pattern": "^\\$"},
            "exact": _mapping(words.EXACT_KEYS, {"file": TEXT, "key": KEY}, ["file", "key"]),
            "entropy": {
                "anyOf": [
                    entropy["least_bits"],
                    _mapping(words.ENTROPY_KEYS, entropy, ["least_bits"]),
                ]
            },
            "unless": _some(TEXT),
            "near": _ref("words"),
            "within": {"type": "integer", "minimum": 1, "maximum": 1000},
        },
    )
    finders = ("detector", "pack", "regex", "words", "json", "exact", "entropy")
    return {
        **find,
        "anyOf": [{"required": [name]} for name in finders],
        "dependentRequired": {"only": ["pack"], "except": ["pack"], "within": ["near"]},
    }


def _action() -> Schema:
    kept = {"type": "integer", "minimum": 0, "maximum": 100}
    values: Mapping[str, Schema] = {
        "redact": {"with": {"type": "string", "maxLength": 1000}},
        "mask": {"keep_first": kept, "keep_last": kept},
        "hash": {"key": KEY},
        "tokenize": {"key": KEY},
        "close": {
            "code": {"type": "integer", "minimum": 1000, "maximum": 4999},
            "reason": {"type": "string", "maxLength": 123},
        },
        "throttle": {
            "messages_per_second": {"type": "number", "minimum": 0.001, "maximum": 1_000_000}
        },
    }
    given = {}
    for kind, keys in words.ACTION_KEYS.items():
        inner = _mapping(keys, values.get(kind, {}))
        if kind == "throttle":
            given[kind] = {**inner, "required": ["messages_per_second"]}
        else:
            given[kind] = {"anyOf": [{"type": "null"}, inner]}
    alone = [
        {"const": kind, "description": said}
        for kind, said in words.ACTION_WORDS.items()
        if kind != "throttle"
    ]
    mapping = {**_mapping(words.ACTION_WORDS, given), "minProperties": 1}
    return {"anyOf": [*alone, mapping]}


def _threshold() -> Schema:
    return _mapping(
        words.THRESHOLD_KEYS,
        {
            "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            "unique": FLAG,
            "per": _one(ast.PER),
            "seconds": {"type": "number", "minimum": 0.001, "maximum": 2_678_400},
        },
        ["count", "seconds"],
    )


def _test() -> Schema:
    payload = {"text": TEXT, "base64": {"type": "string", "contentEncoding": "base64"}}
    message = _mapping({name: words.TEST_KEYS[name] for name in payload}, payload)
    one_form = [{"required": [name]} for name in payload]
    output = _mapping(OUTPUT_KEYS, {"redacted": TEXT, "redacted_base64": payload["base64"]})
    test = _mapping(
        words.TEST_KEYS,
        {
            **payload,
            "messages": _many({"anyOf": [TEXT, {**message, "oneOf": one_form}]}),
            "expect": {
                "anyOf": [
                    _one(ast.EXPECTATIONS),
                    TEXT,
                    {**output, "oneOf": [{"required": [name]} for name in OUTPUT_KEYS]},
                ]
            },
            "direction": _one(ast.DIRECTIONS),
            "host": TEXT,
            "path": TEXT,
            "subprotocol": TEXT,
            "opcode": _one(ast.OPCODES),
        },
        ["expect"],
    )
    return {**test, "oneOf": [*one_form, {"required": ["messages"]}]}


# --- building blocks ---


def _mapping(
    keys: words.Keys, values: Mapping[str, Schema], required: Collection[str] = ()
) -> Schema:
    """Of exactly these keys; a key without a value here is a fault of ours: KeyError."""
    found: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": said, **values[name]} for name, said in keys.items()},
    }
    if required:
        found["required"] = list(required)
    return found


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one(known: Collection[str]) -> Schema:
    return {"enum": list(known)}


def _many(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _some(item: Schema, *, empty: bool = False) -> Schema:
    """One or a list."""
    return {"anyOf": [item, {"type": "array", "items": item} if empty else _many(item)]}
