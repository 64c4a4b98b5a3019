"""Connections that a rule accepts, made up from its ``when``."""

from __future__ import annotations

import ipaddress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.language.ast import Place, Test, TextTest, When
from wsinspect.rules.language.scope import ConnectionFacts, compile_scope
from wsinspect.rules.tools.example import example_of

NAMES = ("host", "path", "subprotocol", "origin", "client", "app")


def a_test(**said: str) -> Test:
    return Test(b"x", True, "pass", place=Place("f", 1), **said)  # type: ignore[arg-type]


def test_a_rule_without_when() -> None:
    example = example_of(When(), a_test())
    assert example.fits
    assert (example.facts.host, example.facts.path) == ("host.example", "/")
    assert (example.direction, example.opcode) == ("to_server", "text")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "client"])
@pytest.mark.parametrize(
    "test",
    [
        TextTest(("api.partner.example", "*.other")),
        TextTest(("*.partner.*", "b")),
        TextTest(("a?c*",)),
        TextTest((), ("host.example", "/", "", "https://host.example")),
        TextTest(("*",), ("host.example", "a", "/")),
        TextTest((), (), r"^api[0-9]+\.(?:eu|us)\.example$"),
        TextTest((), (), r"(?i)^/v\d+/chat/.*$"),
        TextTest((), (), r"one|two"),
        TextTest((), (), r"^[a-z]+-\w{2,3}\.x$"),
    ],
)
def test_something_fits(name: str, test: TextTest) -> None:
    when = When(**{name: test})  # type: ignore[arg-type]
    example = example_of(when, a_test())
    assert example.fits
    assert compile_scope(when)(example.facts)


@pytest.mark.parametrize(
    "test",
    [
        TextTest(("10.0.0.0/8",)),
        TextTest(("192.0.2.77",)),
        TextTest(("2001:db8::/32",)),
        TextTest(("::1",)),
        TextTest(("10.1.2.3/31", "10.9.0.0/16")),
        TextTest((), ("192.0.2.0/24", "198.51.100.0/24")),
    ],
)
def test_a_client_fits(test: TextTest) -> None:
    example = example_of(When(client=test), a_test())
    assert example.fits
    assert compile_scope(When(client=test))(example.facts)
    if test.any_of:
        network = ipaddress.ip_network(test.any_of[0], strict=False)
        address = ipaddress.ip_address(example.facts.client)
        assert network.num_addresses == 1 or address != network.network_address


@pytest.mark.parametrize("name", ["host", "path", "subprotocol"])
def test_what_the_test_says_counts(name: str) -> None:
    when = When(**{name: TextTest(("/good",))})  # type: ignore[arg-type]
    example = example_of(when, a_test(**{name: "/bad"}))
    assert example.misfit == name
    assert getattr(example.facts, name) == "/bad"


def test_what_cannot_be_made_up_is_told() -> None:
    when = When(host=TextTest(regex=r"^\x41\x42$"), path=TextTest(("/p",)))
    example = example_of(when, a_test())
    assert (example.fits, example.misfit, example.facts.path) == (False, "host", "/p")


def test_direction_and_opcode() -> None:
    when = When(direction="to_client", opcode=frozenset({"ping", "binary"}))
    assert example_of(when, a_test()).direction == "to_client"
    assert example_of(when, a_test()).opcode == "binary"
    assert example_of(when, a_test(opcode="ping")).fits
    assert example_of(when, a_test(opcode="text")).misfit == "opcode"
    assert example_of(when, a_test(direction="to_server")).misfit == "direction"
    blob = Test(b"x", False, "pass")
    assert example_of(When(), blob).opcode == "binary"
    assert example_of(When(opcode=frozenset({"text"})), blob).opcode == "text"


def test_app_comes_from_the_path_unless_the_rule_names_it() -> None:
    assert example_of(When(), a_test(path="/socket.io/?EIO=4")).facts.app == "socketio"
    assert example_of(When(app=TextTest(("mqtt",))), a_test()).facts.app == "mqtt"


def test_a_flow_filter_is_met() -> None:
    when = When(flow="~u chat")
    assert compile_scope(when)(example_of(when, a_test()).facts)


def test_every_part_of_a_scope_has_its_name_here() -> None:
    tests = {field.name for field in fields(When)} - {"direction", "opcode", "size", "flow"}
    facts = {field.name for field in fields(ConnectionFacts)} - {"flow_matches"}
    assert tests == facts == set(NAMES)


@given(
    st.sampled_from([name for name in NAMES if name != "client"]),
    st.text("abc/.*?", min_size=1, max_size=8),
)
def test_any_glob(name: str, glob: str) -> None:
    when = When(**{name: TextTest((glob,))})  # type: ignore[arg-type]
    assert compile_scope(when)(example_of(when, a_test()).facts)
