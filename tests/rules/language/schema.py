"""As much of JSON Schema (2020-12) as ours uses; a word that it does not know fails."""

from __future__ import annotations

import re
from typing import Any, Final

from wsinspect.rules.language.source import ListNode, MapNode, Node, ScalarNode, parse

KNOWN: Final = {
    "$schema", "$defs", "$ref", "title", "description", "type", "properties", "required", "anyOf",
    "oneOf", "additionalProperties", "items", "enum", "const", "minimum", "maximum", "minItems",
    "maxItems", "minProperties", "maxLength", "pattern", "dependentRequired", "contentEncoding",
}  # fmt: skip
KINDS: Final[dict[str, Any]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool, "null": type(None),
}  # fmt: skip


class Invalid(Exception):
    pass


def need(condition: object, at: str) -> None:
    if not condition:
        raise Invalid(at)


def validate(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> None:
    """Raises Invalid with the place."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        validate(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    for word, wanted in (("anyOf", None), ("oneOf", 1)):
        if word in schema:
            good = sum(is_valid(value, each, root) for each in schema[word])
            need(good == wanted if wanted else good, f"{at} {word}")
    if "type" in schema:
        need(isinstance(value, KINDS[schema["type"]]), f"{at} type")
        need(schema["type"] == "boolean" or not isinstance(value, bool), f"{at} type")
    need("enum" not in schema or value in schema["enum"], f"{at} enum")
    need("const" not in schema or value == schema["const"], f"{at} const")
    if isinstance(value, int | float):
        need(schema.get("minimum", value) <= value <= schema.get("maximum", value), f"{at} range")
    if isinstance(value, str):
        need(len(value) <= schema.get("maxLength", len(value)), f"{at} length")
        need(re.search(schema.get("pattern", ""), value), f"{at} pattern")
    if isinstance(value, list):
        need(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9), f"{at} len")
        for place, item in enumerate(value):
            validate(item, schema.get("items", {}), root, f"{at}[{place}]")
    if isinstance(value, dict):
        _object(value, schema, root, at)


def _object(value: dict[str, Any], schema: dict[str, Any], root: Any, at: str) -> None:
    need(set(schema.get("required", ())) <= set(value), f"{at} required")
    need(len(value) >= schema.get("minProperties", 0), f"{at} minProperties")
    for key, needs in schema.get("dependentRequired", {}).items():
        need(key not in value or set(needs) <= set(value), f"{at} dependentRequired")
    others = schema.get("additionalProperties", {})
    for key, each in value.items():
        inner = schema.get("properties", {}).get(key, others)
        need(inner is not False, f"{at}.{key} unknown")
        validate(each, inner, root, f"{at}.{key}")


def is_valid(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> bool:
    try:
        validate(value, schema, schema if root is None else root)
    except Invalid:
        return False
    return True


def as_json(text: str) -> Any:
    """YAML as an editor's schema sees it."""
    return _plain(parse(text))


def _plain(node: Node | None) -> Any:
    if isinstance(node, MapNode):
        return {key.text: _plain(value) for key, value in node.entries}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    if not isinstance(node, ScalarNode) or node.kind == "nothing":
        return None
    if node.kind == "true or false":
        return node.is_true
    if node.kind == "number":
        number = float(node.text)
        return int(number) if number.is_integer() else number
    return node.text
