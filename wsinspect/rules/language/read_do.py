"""``do:`` and ``threshold:`` – what a rule does, and from when on.

Owns: the forms of the actions. Must not know: how they are carried out (``rules/actions``).
"""

from __future__ import annotations

import math
from typing import Any, Final, cast

from wsinspect.protocol.close_codes import is_valid_on_wire
from wsinspect.rules.language.ast import ACTIONS, CHANGING, PER, Act, Threshold
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.problems import quoted
from wsinspect.rules.language.read_find import read_key
from wsinspect.rules.language.source import ListNode, MapNode, Node, ScalarNode
from wsinspect.rules.language.words import ACTION_KEYS, THRESHOLD_KEYS

__all__ = ["read_do", "read_threshold"]

MAX_KEPT: Final = 100
MAX_REPLACEMENT: Final = 1000
MAX_REASON: Final = 123  # bytes, RFC 6455 §5.5.1
MAX_COUNT: Final = 1_000_000
MAX_WINDOW_S: Final = 31 * 86_400
MAX_RATE: Final = 1_000_000.0


def read_do(origin: Origin, node: Node) -> tuple[Act, ...]:
    """One action or a list: a word, or a mapping of the word to what it needs."""
    acts: list[Act] = []
    seen: dict[str, int] = {}
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        origin.problem(node, "do is an empty list", "do: log only notes it")
    for item in items:
        if isinstance(item, MapNode):
            if not item.entries:
                origin.problem(item, "an action is missing", f"known: {', '.join(ACTIONS)}")
            pairs: list[tuple[ScalarNode, Node | None]] = list(item.entries)
        elif isinstance(item, ScalarNode):
            pairs = [(item, None)]
        else:
            origin.problem(item, f"an action must be a word or a mapping, not {kind_of(item)}")
            continue
        for word, value in pairs:
            kind = origin.choice(word, "action", ACTIONS)
            if kind is None:
                continue
            if kind in seen:
                what = f"action {quoted(kind)} is there already, on line {seen[kind]}"
                origin.problem(word, what)
                continue
            seen[kind] = word.line
            acts.append(_act(origin, word, kind, value))
    changing = [act.kind for act in acts if act.kind in CHANGING]
    if len(changing) > 1:
        what = f"{' and '.join(changing)}: what was found can be replaced in one way only"
        origin.problem(node, what)
    return tuple(acts)


def _act(origin: Origin, word: ScalarNode, kind: str, value: Node | None) -> Act:
    known = ACTION_KEYS[kind]
    if isinstance(value, ScalarNode) and value.kind == "nothing":
        value = None
    if value is not None and not isinstance(value, MapNode):
        hint = f"known: {', '.join(known)}" if known else f"write {kind} alone"
        origin.problem(value, f"{kind} takes a mapping, not {kind_of(value)}", hint)
        return Act(cast(Any, kind))
    if value is None:
        value = MapNode(word.line, ())
    fields = Fields(origin, value, kind, known)
    given: dict[str, Any] = {}
    if kind == "mask":
        given["keep_first"] = fields.whole("keep_first", 0, 0, MAX_KEPT)
        given["keep_last"] = fields.whole("keep_last", 0, 0, MAX_KEPT)
    elif kind == "redact":
        given["replacement"] = _replacement(origin, fields)
    elif kind in ("hash", "tokenize"):
        key = fields.node_of("key")
        given["key"] = None if key is None else read_key(origin, key)
    elif kind == "close":
        given["code"], given["reason"] = _close(origin, fields)
    elif kind == "throttle":
        fields.need("messages_per_second")
        rate = fields.number("messages_per_second", 0.001, MAX_RATE)
        given["messages_per_second"] = rate
    return Act(cast(Any, kind), **given)


def _replacement(origin: Origin, fields: Fields) -> str:
    node = fields.node_of("with")
    text = fields.text("with")
    if node is None or text is None:
        return "[redacted]"
    if len(text) > MAX_REPLACEMENT:
        origin.problem(node, f"with has more than {MAX_REPLACEMENT} characters")
    return text


def _close(origin: Origin, fields: Fields) -> tuple[int, str]:
    code = fields.whole("code", 1008, 0, 65_535)
    node = fields.node_of("code")
    if node is not None and not is_valid_on_wire(code):
        hint = "1008 is a policy violation; 4000 to 4999 are yours"
        origin.problem(node, f"close code {code} may not be sent (RFC 6455 7.4)", hint)
    reason = fields.text("reason") or ""
    where = fields.node_of("reason")
    if where is not None and len(reason.encode()) > MAX_REASON:
        size = len(reason.encode())
        what = f"a close reason has at most {MAX_REASON} bytes, not {size} (RFC 6455 5.5.1)"
        origin.problem(where, what)
    return code, reason


def read_threshold(origin: Origin, node: Node, *, finds: bool) -> Threshold | None:
    if not isinstance(node, MapNode):
        hint = "threshold: { count: 5, per: connection, seconds: 60 }"
        origin.problem(node, f"threshold must be a mapping, not {kind_of(node)}", hint)
        return None
    fields = Fields(origin, node, "threshold", THRESHOLD_KEYS)
    fields.need("count", "seconds")
    unique = fields.flag("unique", False)
    if unique and not finds:
        what = "unique needs find: a message as a whole has no value to compare"
        origin.problem(fields.keys["unique"], what)
    per = fields.choice("per", PER)
    count = fields.whole("count", 1, 1, MAX_COUNT)
    seconds = fields.number("seconds", 0.001, MAX_WINDOW_S)
    return Threshold(count, unique, cast(Any, per or "connection"), seconds or math.inf)
