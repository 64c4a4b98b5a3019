"""A connection that a rule's ``when`` accepts: where the rule's own tests take place.

Owns: making a name out of a glob, a network or a regex. Must not know: messages. Whatever is made
up is tried on the rule's own scope, and dropped if that does not accept it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wsinspect.model.app_protocol import app_protocol
from wsinspect.rules.language.ast import Test, TextTest, When
from wsinspect.rules.language.scope import ConnectionFacts, compile_scope
from wsinspect.rules.tools.sample import sample

__all__ = ["TEXT_TESTS", "Example", "accepts", "example_of"]

# What a name is where the rule does not care.
_DEFAULTS: Final = {
    "host": "host.example",
    "path": "/",
    "subprotocol": "",
    "origin": "https://host.example",
    "client": "192.0.2.1",
    "app": "",
}
_OTHERS: Final = {
    "host": ("other.test", "192.0.2.1", "localhost", ""),
    "path": ("/other", ""),
    "subprotocol": ("other",),
    "origin": ("https://other.test", "null", ""),
    "client": ("198.51.100.1", "2001:db8::1", "127.0.0.1", "10.0.0.1"),
    "app": ("other",),
}
TEXT_TESTS: Final = tuple(_DEFAULTS)
_OPCODES: Final = ("text", "binary", "ping", "pong", "close")


@dataclass(frozen=True, slots=True)
class Example:
    """``misfit`` names the first key of the rule's ``when`` that does not accept this; or None."""

    facts: ConnectionFacts
    direction: str
    opcode: str
    misfit: str | None

    @property
    def fits(self) -> bool:
        return self.misfit is None


def example_of(when: When, test: Test) -> Example:
    """What ``test`` says of its connection; where it is silent, something that ``when`` accepts."""
    facts: dict[str, str] = {}
    misfit = None
    for name, default in _DEFAULTS.items():
        value: str | None = getattr(test, name, None)
        limit: TextTest | None = getattr(when, name)
        if value is None:
            value = default
            if limit is not None:
                value = _fitting(name, limit, default)
        if name == "app" and limit is None:
            value = app_protocol(facts["subprotocol"], facts["path"])
        facts[name] = value
        if misfit is None and limit is not None and not accepts(name, limit, value):
            misfit = name
    direction = test.direction or when.direction or "to_server"
    if misfit is None and when.direction not in (None, direction):
        misfit = "direction"
    opcode = test.opcode or _opcode(when, "text" if test.text else "binary")
    if misfit is None and when.opcode is not None and opcode not in when.opcode:
        misfit = "opcode"
    return Example(_facts(facts), direction, opcode, misfit)


def _opcode(when: When, natural: str) -> str:
    if when.opcode is None or natural in when.opcode:
        return natural
    return next((name for name in _OPCODES if name in when.opcode), natural)


def _facts(facts: dict[str, str]) -> ConnectionFacts:
    return ConnectionFacts(
        host=facts["host"],
        path=facts["path"],
        subprotocol=facts["subprotocol"],
        origin=facts["origin"],
        client=facts["client"],
        app=facts["app"],
        flow_matches=lambda _: True,  # a filter of mitmproxy's cannot be met by inventing a name
    )


def accepts(name: str, test: TextTest, value: str) -> bool:
    """Whether the one test named ``name`` lets this value pass, whatever the others say."""
    scope = compile_scope(When(**{name: test}))  # type: ignore[arg-type]  # a key of _DEFAULTS
    return scope(_facts({**_DEFAULTS, name: value}))


def _fitting(name: str, test: TextTest, default: str) -> str:
    """The first name that fits; the default if none does."""
    for value in _candidates(name, test, default):
        if accepts(name, test, value):
            return value
    return default


def _candidates(name: str, test: TextTest, default: str) -> Iterator[str]:
    for glob in test.any_of:
        yield _address(glob) if name == "client" else _literal(glob)
    if test.regex is not None:
        yield sample(test.regex)
    yield default
    yield from _OTHERS[name]


def _literal(glob: str) -> str:
    return glob.replace("*", "a").replace("?", "a")


def _address(network: str) -> str:
    """An address in it: the first that can be a host's."""
    try:
        parsed = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return _literal(network)
    return str(parsed[1] if parsed.num_addresses > 1 else parsed[0])
