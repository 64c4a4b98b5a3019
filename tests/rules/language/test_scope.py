"""``when`` against a connection: globs, spellings, networks, and what both sides agreed on."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.language.reading import rule
from wsinspect.rules.language.scope import (
    ConnectionFacts,
    compile_scope,
    glob_matches,
)


def in_scope(when: str, **facts: str) -> bool:
    return compile_scope(rule(f"when: {{{when}}}, do: log").when)(ConnectionFacts(**facts))  # type: ignore[arg-type]


def test_direction_opcode_and_size_are_for_messages() -> None:
    assert in_scope("direction: to_client, opcode: ping, size: '>5'")


@pytest.mark.parametrize(
    ("when", "host", "expected"),
    [
        ("host: api.example", "api.example", True),
        ("host: api.example", "API.Example", True),
        ("host: API.example", "api.example", True),
        ("host: api.example", "api.example:8443", True),
        ("host: 'api.example:8443'", "api.example:8443", True),
        ("host: 'api.example:8443'", "api.example:443", False),
        ("host: 'api.example:8443'", "api.example.:8443", True),
        ("host: api.example", "api.example.", True),
        ("host: api.example", "xapi.example", False),
        ("host: api.example", "api.example.evil", False),
        ("host: api.example", "", False),
        ("host: '*.example'", "a.b.example:1", True),
        ("host: '*.example'", "example", False),
        ("host: 'ap?.example'", "api.example", True),
        ("host: [x, y]", "y", True),
        ("host: {in: [x, y]}", "z", False),
        ("host: {not_in: [x, 'y.*']}", "y.z:1", False),
        ("host: {not_in: [x]}", "y", True),
        ("host: {in: ['*.a'], not_in: [b.a]}", "b.a", False),
        ("host: {in: ['*.a'], not_in: [b.a]}", "c.a", True),
        ("host: {regex: '^api[0-9]+[.]'}", "API7.example", True),
        ("host: {regex: '^api[0-9]+[.]'}", "api.example", False),
        ("host: '::1'", "[::1]:8080", True),
        ("host: '[::1]'", "[::1]:8080", True),
        ("host: '::1'", "::1", True),
        ("host: bücher.example", "xn--bcher-kva.example", True),
        ("host: '*.bücher.example'", "www.xn--bcher-kva.example:443", True),
    ],
)  # fmt: skip
def test_host(when: str, host: str, expected: bool) -> None:
    assert in_scope(when, host=host) is expected


@pytest.mark.parametrize(
    ("when", "path", "expected"),
    [
        ("path: /chat", "/chat", True),
        ("path: /chat", "/chat?room=1", True),
        ("path: '/chat?room=1'", "/chat?room=1", True),
        ("path: '/chat*'", "/chat/a/b?c", True),
        ("path: /chat", "/Chat", False),
        ("path: /chat", "/chat/", False),
        # the same to a server: a rule for it cannot be gone round
        ("path: /chat", "/%63hat", True),
        ("path: /chat", "//chat", True),
        ("path: /chat", "/./x/../chat?y", True),
        ("path: /chat/", "/x/..//chat/", True),
        ("path: /chat", "/%2e%2e/chat", True),
        ("path: {regex: '^/v[0-9]/'}", "/v1/x", True),
        ("path: {regex: '^/v[0-9]/'}", "/x?/v1/", False),
        ("path: {regex: '^$'}", "", True),
        # but it is left out only by its own spelling
        ("path: {not_in: [/health]}", "/health?x", False),
        ("path: {not_in: [/health]}", "/x/../health", True),
        ("path: {not_in: [/health]}", "/chat", True),
    ],
)
def test_path(when: str, path: str, expected: bool) -> None:
    assert in_scope(when, path=path) is expected


@pytest.mark.parametrize(
    ("when", "client", "expected"),
    [
        ("client: 10.0.0.0/8", "10.1.2.3", True),
        ("client: 10.0.0.0/8", "11.1.2.3", False),
        ("client: 10.0.0.1", "10.0.0.1", True),
        ("client: 10.0.0.1/8", "10.9.9.9", True),
        ("client: 10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("client: '2001:db8::/32'", "2001:db8::1", True),
        ("client: 'fe80::/10'", "fe80::1%eth0", True),
        ("client: {not_in: [10.0.0.0/8]}", "10.1.2.3", False),
        ("client: {not_in: [10.0.0.0/8]}", "192.0.2.1", True),
        ("client: {in: [10.0.0.0/8], not_in: [10.1.0.0/16]}", "10.1.2.3", False),
        ("client: 10.0.0.0/8", "", False),
        ("client: {not_in: [10.0.0.0/8]}", "", True),
    ],
)
def test_client(when: str, client: str, expected: bool) -> None:
    assert in_scope(when, client=client) is expected


def test_the_rest() -> None:
    assert in_scope("subprotocol: 'mqtt*'", subprotocol="mqttv3.1")
    assert not in_scope("subprotocol: mqtt", subprotocol="MQTT")
    assert not in_scope("subprotocol: '?*'")
    assert in_scope("subprotocol: {not_in: [mqtt]}")
    assert in_scope("origin: 'https://*.example'", origin="HTTPS://a.Example")
    assert not in_scope("origin: 'https://*.example'", origin="null")
    assert in_scope("app: [socketio, 'graph*']", app="graphql")
    assert not in_scope("app: socketio", app="")


def test_all_parts_must_hold() -> None:
    when = "host: a, path: /b"
    assert in_scope(when, host="a", path="/b")
    assert not in_scope(when, host="a", path="/c")
    assert not in_scope(when, host="b", path="/b")


def test_a_flow_filter_is_asked_once_with_its_expression() -> None:
    asked = []

    def flow_matches(expression: str) -> bool:
        asked.append(expression)
        return True

    scope = compile_scope(rule("when: {flow: '~d example'}, do: log").when)
    assert scope(ConnectionFacts(flow_matches=flow_matches))
    assert asked == ["~d example"]
    assert not scope(ConnectionFacts())


def test_no_repr_shows_a_query() -> None:
    facts = ConnectionFacts(path="/x?token=s3cr3t", subprotocol="s3cr3t", origin="s3cr3t")
    assert "s3cr3t" not in repr(facts)


def translated(glob: str) -> str:
    return "".join({"*": "(?s:.*)", "?": "(?s:.)"}.get(c, re.escape(c)) for c in glob)


@given(st.text("ab*?", max_size=8), st.text("ab*?\n", max_size=10))
def test_globs_are_what_they_say(glob: str, text: str) -> None:
    assert glob_matches(glob, text) == bool(re.fullmatch(translated(glob), text))


@given(st.text("ab*?", max_size=8), st.text("abc", max_size=10))
def test_globs_are_those_of_a_shell(glob: str, text: str) -> None:
    assert glob_matches(glob, text) == fnmatch.fnmatchcase(text, glob)


def test_no_glob_is_slow() -> None:
    class Counted(str):
        __slots__ = ()
        looked = 0

        def __getitem__(self, at: object) -> str:
            Counted.looked += 1
            return super().__getitem__(at)  # type: ignore[index]

    assert not glob_matches(Counted("*a" * 20 + "b"), "a" * 1000)
    assert Counted.looked < 5 * 41 * 1000
