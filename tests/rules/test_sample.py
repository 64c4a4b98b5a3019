"""The sample rule file works as it stands: it loads, its tests pass, its rules do what they say.

``data/`` has copies of the project's sample and of the gitleaks pack that it names.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest

from wsinspect.rules.ruleset import RuleSet, load_rules
from wsinspect.rules.tools.check import run_check
from wsinspect.rules.tools.scan import Scanning
from wsinspect.rules.tools.test import run_test

SAMPLE = Path(__file__).parent / "data" / "facts" / "sample_rules.yaml"
KEY = "AKIALALEMEL33243OLIB"
CARD = "4111 1111 1111 1111"
CHAT = {"subprotocol": "chat.v2"}
GRAPHQL = {"path": "/graphql", "subprotocol": "graphql-transport-ws"}
PASSWORD = json.dumps({"id": "1", "payload": {"variables": {"in": {"password": "plum jam"}}}})


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """Loaded where the key of its tokens is not there, as on a machine that only tries it out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WSI_KEY", raising=False)
        return load_rules([SAMPLE], cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def loaded(ruleset: RuleSet) -> Any:
    return lambda _: ruleset


def test_check(loaded: Any) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert run_check([SAMPLE], out, err, loader=loaded) == 0
    assert f"{SAMPLE}: good: 6 rules, 1 in shadow mode, " in out.getvalue()
    assert "4 tests" in out.getvalue()


def test_what_it_warns_of(ruleset: RuleSet) -> None:
    said = " ".join(ruleset.warnings)
    assert "WSI_KEY" in said
    assert "pkcs12-file" in said  # the pack's only rule for a path alone


def test_its_own_tests(loaded: Any) -> None:
    out = io.StringIO()
    assert run_test([SAMPLE], out, io.StringIO(), loader=loaded) == 0
    assert out.getvalue().startswith("4 tests, all passed")


def test_its_own_tests_without_hyperscan() -> None:
    ruleset = load_rules([SAMPLE], engine="re2")
    assert ruleset.scanner.engine == "re2"
    out = io.StringIO()
    assert run_test([SAMPLE], out, io.StringIO(), loader=lambda _: ruleset) == 0
    assert out.getvalue().startswith("4 tests, all passed")


def scan(ruleset: RuleSet, *asked: dict[str, Any]) -> list[dict[str, Any]]:
    scanning = Scanning(ruleset)
    return [json.loads(scanning.answer(json.dumps(each).encode())) for each in asked]


def found(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule"], finding["path"]) for finding in answer["findings"]]


@pytest.mark.parametrize(
    ("asked", "action", "output", "findings"),
    [
        ({"text": f"pay {CARD}"}, "redact", "pay **** **** **** 1111", [("card-redact", "$")]),
        ({"text": f"pay {CARD}", "direction": "to_client"}, "pass", None, []),
        ({"text": "order 4111 1111 1111 1112"}, "pass", None, []),
        (
            {"text": f'{{"a":{{"b c":"{CARD}"}}, "n": 1.0}}'},
            "redact",
            '{"a":{"b c":"**** **** **** 1111"}, "n": 1.0}',
            [("card-redact", 'json:$.a["b c"]')],
        ),
        (
            {"text": "card=4111%201111%201111%201111&x=%C3%A9"},
            "redact",
            "card=****%20****%20****%201111&x=%C3%A9",
            [("card-redact", "url")],
        ),
        ({"text": f'{{"k":"{KEY}"}}'}, "close", None, [("aws-key-block", "json:$.k")]),
        ({"text": f'{{"k":"{KEY}"}}', "host": "api.partner.example"}, "pass", None, []),
        ({"text": f'{{"k":"{KEY}"}}', "host": "x.partner.example:443"}, "pass", None, []),
        ({"text": f'{{"k":"{KEY}"}}', "host": "partner.example"}, "close", None, None),
        ({"text": '{"k":"AKIAIOSFODNN7EXAMPLE"}'}, "pass", None, []),
        ({"text": f"{CARD} {KEY}"}, "close", None, [("card-redact", "$"), ("aws-key-block", "$")]),
        (
            {"base64": base64.b64encode(b"\xff\x00 " + KEY.encode()).decode()},
            "close",
            None,
            [("aws-key-block", "$")],
        ),
        ({"text": "to bob@work.net"}, "pass", None, [("email-seen", "$")]),
        ({"text": "to bob@example.com, ann@example.org"}, "pass", None, []),
        ({"text": "x" * (1 << 20), **CHAT}, "pass", None, []),
        ({"text": "x" * ((1 << 20) + 1), **CHAT}, "block", None, [("big-message", "$")]),
        ({"text": "x" * ((1 << 20) + 1)}, "pass", None, []),
        ({"text": "x" * ((1 << 20) + 1), "opcode": "binary", **CHAT}, "pass", None, []),
        (
            {"text": PASSWORD, **GRAPHQL},
            "pass",
            None,
            [("graphql-password", "json:$.payload.variables.in.password")],
        ),
        ({"text": PASSWORD, "path": "/graphql"}, "pass", None, []),
    ],
)
def test_a_message(
    ruleset: RuleSet,
    asked: dict[str, Any],
    action: str,
    output: str | None,
    findings: list[tuple[str, str]] | None,
) -> None:
    (answer,) = scan(ruleset, asked)
    assert (answer["action"], answer["output"]) == (action, output)
    if findings is not None:
        assert sorted(found(answer)) == sorted(findings)


class TestSsnBulk:
    """5 or more different ones on one connection in a minute, with a word near."""

    @staticmethod
    def fired(ruleset: RuleSet, *texts: str, connection: str | None = "a") -> list[bool]:
        asked = [
            {"text": text, "connection": connection, "direction": "to_client"} for text in texts
        ]
        answers = scan(ruleset, *asked)
        assert {answer["action"] for answer in answers} == {"pass"}
        return [found(answer) == [("ssn-bulk", "$")] for answer in answers]

    def test_from_the_fifth_on(self, ruleset: RuleSet) -> None:
        texts = [f"his SSN is 219-09-999{n}" for n in (1, 2, 2, 3, 3, 4, 5, 6)]
        assert self.fired(ruleset, *texts) == [False] * 6 + [True, True]

    def test_a_word_must_be_near(self, ruleset: RuleSet) -> None:
        far = " of somebody whose name has been left out of this list"
        texts = [f"SSN{far} 219-09-999{n}" for n in range(1, 8)]
        assert not any(self.fired(ruleset, *texts))
        texts = [f"219-09-999{n}: Social Security" for n in range(1, 8)]
        assert sum(self.fired(ruleset, *texts)) == 3

    def test_on_one_connection(self, ruleset: RuleSet) -> None:
        texts = [f"SSN 219-09-999{n}" for n in range(1, 8)]
        assert not any(self.fired(ruleset, *texts, connection=None))


def test_streams_are_on(ruleset: RuleSet) -> None:
    """Eight characters a message, as a language model's answer comes."""
    text = f"the key is {KEY}, and the card is {CARD}."
    deltas = [
        {"text": json.dumps({"delta": {"text": text[i : i + 8]}, "n": i}), "connection": "a"}
        for i in range(0, len(text), 8)
    ]
    answers = scan(ruleset, *deltas)
    rules = {name for answer in answers for name, _ in found(answer)}
    assert rules == {"aws-key-block", "card-redact"}
    assert "close" in {answer["action"] for answer in answers}


def test_the_whole_pack_loads(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    pack = SAMPLE.parents[1] / "gitleaks.toml"
    path.write_text(
        f"version: 1\npacks: {{ g: {pack} }}\nrules:\n"
        "  - { id: all, find: { pack: g }, do: block }\n"
        "  - { id: some, find: { pack: g, except: [aws-access-token] }, do: log }\n"
    )
    ruleset = load_rules([path], engine="re2")
    whole, some = (set(compiled.detectors) for compiled in ruleset.rules)
    assert len(whole) == 221
    assert whole - some == {"aws-access-token"}
    (answer,) = scan(ruleset, {"text": f"key {KEY}"})
    assert (answer["action"], found(answer)) == ("block", [("all", "$")])
    assert answer["findings"][0]["detector"] == "aws-access-token"
