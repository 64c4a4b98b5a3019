"""``when:`` – which connections and messages a rule is for.

Owns: the forms of its tests. Must not know: connections (``scope.py``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from wsinspect.model.app_protocol import APPS
from wsinspect.rules.language.ast import DIRECTIONS, OPCODES, SizeTest, TextTest, When
from wsinspect.rules.language.fields import Fields, Origin, kind_of
from wsinspect.rules.language.library import Library
from wsinspect.rules.language.problems import quoted
from wsinspect.rules.language.regexes import check_regex, parse_size
from wsinspect.rules.language.scope import glob_matches
from wsinspect.rules.language.source import ListNode, MapNode, Node, ScalarNode
from wsinspect.rules.language.words import TEXT_TEST_KEYS, WHEN_KEYS

__all__ = ["read_when"]

MAX_SIZE = 1 << 40

type CheckFlow = Callable[[str], str | None]


def read_when(
    origin: Origin, node: Node, library: Library, folder: Path, check_flow: CheckFlow | None
) -> When | None:
    """None after a problem of form; other problems leave their field out."""
    if not isinstance(node, MapNode):
        hint = "when: { direction: to_server }"
        origin.problem(node, f"when must be a mapping, not {kind_of(node)}", hint)
        return None
    fields = Fields(origin, node, "when", WHEN_KEYS)
    if not node.entries:
        origin.problem(node, "when is empty", "without it a rule is for every message")
    tests: dict[str, Any] = {}
    for name in ("host", "path", "subprotocol", "origin", "client", "app"):
        value = fields.node_of(name)
        if value is not None:
            tests[name] = _text_test(origin, value, name, library, folder)
    return When(
        direction=cast(Any, fields.choice("direction", DIRECTIONS)),
        opcode=_opcodes(origin, fields.node_of("opcode")),
        size=_size(origin, fields.node_of("size")),
        flow=_flow(origin, fields, check_flow),
        **tests,
    )


def _text_test(
    origin: Origin, node: Node, name: str, library: Library, folder: Path
) -> TextTest | None:
    if isinstance(node, MapNode):
        fields = Fields(origin, node, name, TEXT_TEST_KEYS)
        if not node.entries:
            origin.problem(node, f"{name} is empty", "known: in, not_in, regex")
        regex = _regex(origin, fields, name)
        sides = []
        for key in ("in", "not_in"):
            value = fields.node_of(key)
            words = None
            if value is not None:
                words = library.words(origin, value, f"{name}.{key}", folder)
                if words is not None:
                    _check_each(origin, [(word, value) for word in words], name)
            sides.append(words or ())
        return TextTest(sides[0], sides[1], regex)
    found = origin.texts(node, name)
    if found is None:
        return None
    if not found:
        origin.problem(node, f"{name} is an empty list: it could never match")
    for word, where in found:
        if word in library.list_names:
            hint = f"did you mean {{in: {word}}}?"
            origin.problem(where, f"{quoted(word)} in {name} is the name of a list", hint)
    _check_each(origin, found, name)
    return TextTest(tuple(dict.fromkeys(word for word, _ in found)))


def _regex(origin: Origin, fields: Fields, name: str) -> str | None:
    node = fields.node_of("regex")
    regex = fields.text("regex")
    if node is None or regex is None:
        return None
    if name == "client":
        origin.problem(node, "client takes addresses and networks, not a regex", "10.0.0.0/8")
        return None
    wrong = check_regex(regex)
    if wrong is not None and not wrong[0].endswith("anywhere"):
        # One that matches the empty text is of use here: `^$` is "none".
        origin.problem(node, *wrong)
    return regex


def _check_each(origin: Origin, found: list[tuple[str, Node]], name: str) -> None:
    for word, where in found:
        if name == "client":
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError:
                what = f"{quoted(word)} is no IP address or network"
                origin.problem(where, what, "such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32")
        elif name == "app" and not any(glob_matches(word.lower(), app) for app in APPS):
            origin.unknown(where, "application protocol", word, APPS, "app")
        elif name == "host" and "/" in word:
            origin.problem(
                where, f"{quoted(word)} is no host name", "the path has a key of its own"
            )
        elif name == "path" and not word.startswith(("/", "*", "?")):
            origin.problem(
                where, f"{quoted(word)} is no path", f"did you mean {quoted('/' + word)}?"
            )
        elif name == "origin" and word != "null" and "://" not in word and word[:1] not in "*?":
            # A browser sends its scheme too, so it could never match.
            hint = f"did you mean {quoted('*://' + word)}?"
            origin.problem(where, f"{quoted(word)} is no origin", hint)


def _opcodes(origin: Origin, node: Node | None) -> frozenset[str] | None:
    if node is None:
        return None
    items = node.items if isinstance(node, ListNode) else (node,)
    found = [origin.choice(item, "opcode", OPCODES) for item in items]
    if not found:
        origin.problem(node, "opcode is an empty list: it could never match")
    return frozenset(word for word in found if word is not None)


def _size(origin: Origin, node: Node | None) -> SizeTest | None:
    if node is None:
        return None
    if not isinstance(node, ScalarNode) or node.kind not in ("text", "number"):
        origin.problem(node, f"size must be a size, not {kind_of(node)}", 'such as ">1MiB"')
        return None
    parsed = parse_size(node.text)
    if parsed is None or max(parsed[0], parsed[1] or 0) > MAX_SIZE:
        hint = 'such as ">1MiB", "<=100", "1k..64k" or 4096'
        origin.problem(node, f"{quoted(node.text)} is no size that a message can have", hint)
        return None
    return SizeTest(*parsed)


def _flow(origin: Origin, fields: Fields, check: CheckFlow | None) -> str | None:
    node = fields.node_of("flow")
    flow = fields.text("flow")
    if node is None or flow is None:
        return None
    wrong = "it is empty" if not flow.strip() else None if check is None else check(flow)
    if wrong is not None:
        what = f"flow is no filter expression of mitmproxy: {' '.join(wrong.split())[:200]}"
        origin.problem(node, what)
    return flow
