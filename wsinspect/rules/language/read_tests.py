"""``tests:`` – examples inside a rule.

Owns: their forms, and expectations that the rule could never meet. Must not know: how a test is
run (``rules/tools/test.py``). A test's payload is never quoted in a problem.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final, cast

from wsinspect.rules.language.ast import (
    CHANGING,
    DIRECTIONS,
    EXPECTATIONS,
    OPCODES,
    Act,
    Test,
)
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.problems import suggestion
from wsinspect.rules.language.source import ListNode, MapNode, Node, ScalarNode
from wsinspect.rules.language.words import TEST_KEYS

__all__ = ["OUTPUT_KEYS", "read_tests"]

PAYLOADS: Final = ("text", "base64", "messages")
MAX_TESTS: Final = 1000
#: `expect: {redacted: …}`: exactly this leaves, even if it is a word such as pass.
OUTPUT_KEYS: Final = {
    "redacted": "The exact text that leaves.",
    "redacted_base64": "The exact payload that leaves, in base64.",
}


def read_tests(origin: Origin, node: Node, acts: Sequence[Act]) -> tuple[Test, ...]:
    if not isinstance(node, ListNode):
        hint = "- { text: …, expect: pass }"
        origin.problem(node, f"tests must be a list, not {kind_of(node)}", hint)
        return ()
    if len(node.items) > MAX_TESTS:
        origin.problem(node, f"more than {MAX_TESTS} tests in one rule")
        return ()
    found = (_test(origin, item, acts) for item in node.items)
    return tuple(test for test in found if test is not None)


def _test(origin: Origin, node: Node, acts: Sequence[Act]) -> Test | None:
    if not isinstance(node, MapNode):
        hint = "{ text: …, expect: pass }"
        origin.problem(node, f"a test must be a mapping, not {kind_of(node)}", hint)
        return None
    fields = Fields(origin, node, "a test", TEST_KEYS)
    given = [name for name in PAYLOADS if name in fields.keys]
    if len(given) != 1:
        what = "a test has one of text, base64 and messages"
        if given:
            what += f", not {' and '.join(given)}"
        origin.problem(node, what)
    payloads = _payloads(origin, fields)
    opcode = fields.choice("opcode", OPCODES)
    direction = fields.choice("direction", DIRECTIONS)
    host, path = fields.text("host"), fields.text("path")
    subprotocol = fields.text("subprotocol")
    fields.need("expect")
    expected = fields.node_of("expect")
    expect = None if expected is None else _expect(origin, expected, acts)
    if not payloads or expect is None:
        return None
    payload, text = payloads[-1]
    return Test(
        payload,
        text,
        expect[0],
        expect[1],
        cast(Any, direction),
        host,
        path,
        subprotocol,
        opcode,
        tuple(each for each, _ in payloads) if "messages" in fields else (),
        origin.place(node),
    )


def _payloads(origin: Origin, fields: Fields) -> list[tuple[bytes, bool]]:
    """With whether they are text. Empty after a problem."""
    if "messages" in fields:
        node = fields.node_of("messages")
        if not isinstance(node, ListNode) or not node.items:
            origin.problem(node or fields.node, "messages must be a list of messages")
            return []
        found = [_message(origin, item) for item in node.items]
        good = [each for each in found if each is not None]
        if len({text for _, text in good}) > 1:
            origin.problem(node, "messages are either all text or all base64")
        return good if len(good) == len(found) else []
    text, data = fields.node_of("text"), fields.node_of("base64")
    if text is not None:
        value = origin.text(text, "text")
        return [] if value is None else [(value.encode(), True)]
    one = None if data is None else _decoded(origin, data, "base64")
    return [] if one is None else [(one, False)]


def _message(origin: Origin, node: Node) -> tuple[bytes, bool] | None:
    if isinstance(node, MapNode):
        fields = Fields(origin, node, "a message", {"text": 1, "base64": 1})
        text, data = fields.node_of("text"), fields.node_of("base64")
        if data is not None and text is None:
            value = _decoded(origin, data, "base64")
            return None if value is None else (value, False)
        if text is None or data is not None:
            origin.problem(node, "a message has one of text and base64")
            return None
        node = text
    words = origin.text(node, "a message")
    return None if words is None else (words.encode(), True)


def _decoded(origin: Origin, node: Node, name: str) -> bytes | None:
    text = origin.text(node, name)
    if text is None:
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        origin.problem(node, f"{name} is not base64")
        return None


def _expect(origin: Origin, node: Node, acts: Sequence[Act]) -> tuple[str, bytes | None] | None:
    """The word or text, and the exact output if one is asked for."""
    kinds = {act.kind for act in acts}
    changes = bool(kinds & CHANGING) or not acts  # no acts: they were wrong
    if isinstance(node, MapNode):
        return _output(origin, node, changes)
    text = origin.text(node, "expect")
    if text is None:
        return None
    if text in EXPECTATIONS:
        possible = text not in ("redact", "block", "close", "alert") or text in kinds or not acts
        if not possible and not (text == "redact" and changes):
            origin.problem(node, f"this rule has no action {text}, so it cannot be expected")
        return text, None
    if not changes:
        # It would be an exact output, which only an action that replaces something makes.
        hint = suggestion(text, EXPECTATIONS) if isinstance(node, ScalarNode) else ""
        what = "expect is an exact text, but no action of this rule changes a message"
        origin.problem(node, what, hint)
    return text, text.encode()


def _output(origin: Origin, node: MapNode, changes: bool) -> tuple[str, bytes | None] | None:
    fields = Fields(origin, node, "expect", OUTPUT_KEYS)
    text, data = fields.node_of("redacted"), fields.node_of("redacted_base64")
    if (text is None) == (data is None):
        origin.problem(node, "expect has one of redacted and redacted_base64")
        return None
    if not changes:
        origin.problem(node, "no action of this rule changes a message")
    if text is not None:
        words = origin.text(text, "redacted")
        return None if words is None else (words, words.encode())
    output = None if data is None else _decoded(origin, data, "redacted_base64")
    return None if output is None else ("redact", output)
