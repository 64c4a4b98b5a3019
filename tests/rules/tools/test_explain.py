"""``rules explain``: why each rule matched or did not, without a word of the message."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest

from tests.rules.tools.conftest import RuleWriter, quick_load
from wsinspect.rules.tools.explain import run_explain

CARD = "4111 1111 1111 1111"
STARS = "**** **** **** ****"
LOOKS = "looks like one, but "
BITS = "0.54 bits a character"
NOT_NEAR = "none of its near words stands"


def explained(rules: Path, text: str | bytes, /, **said: str) -> tuple[dict[str, str], str]:
    """Words by rule, those that matched with a + in front; and the action."""
    out, err = io.StringIO(), io.StringIO()
    payload = text.encode() if isinstance(text, str) else text
    direction = said.pop("direction", "to_server")
    code = run_explain(
        [rules], payload, out, err, opcode=said.pop("opcode", "text"),
        direction=direction, said=said, as_json=True, loader=quick_load,  # type: ignore[arg-type]
    )  # fmt: skip
    assert (code, err.getvalue()) == (0, "")
    body = json.loads(out.getvalue())
    words = {each["rule"]: "+" * each["matched"] + each["why"] for each in body["rules"]}
    return words, body["action"]


def why(write_rules: RuleWriter, rule: str, text: str | bytes, /, **said: str) -> str:
    path = write_rules(f"version: 1\nrules:\n  - id: it\n    do: block\n    {rule}\n")
    return explained(path, text, **said)[0]["it"]


FIND = "find: { detector: credit-card }"


@pytest.mark.parametrize(
    ("rule", "text", "words"),
    [
        (FIND, f"pay {CARD}", "+block: credit-card **** **** **** **** at 4–23 of $"),
        (
            FIND,
            json.dumps({"a": f"é\n{CARD}"}),
            "+block: credit-card **** **** **** **** at 2–21 of json:$.a",
        ),
        (FIND, "hello", "credit-card: its regex matches nowhere"),
        (
            FIND,
            "pay 4111 1111 1111 1112",
            f"credit-card: {STARS} at 4 of $ {LOOKS}its check fails (check digits, length or form)",
        ),
        (
            f"{FIND}\n    threshold: {{ count: 2, per: connection, seconds: 9 }}",
            CARD,
            f"credit-card {STARS} at 0–19 of $, but it acts from 2 in 9 s per connection",
        ),
        (
            "find: { detector: credit-card, unless: ['^4111'] }",
            CARD,
            "credit-card **** **** **** **** at 0–19 of $, but its unless lets that pass",
        ),
        (
            "find: { detector: credit-card, near: [visa], within: 9 }",
            f"visa, or another one: {CARD}",
            f"credit-card {STARS} at 22–41 of $, but {NOT_NEAR} within 9 characters",
        ),
        ("find: { json: $.pin }", '{"pun": "1"}', "there is nothing at $.pin"),
        (
            "find: { json: $.pin, regex: '^[0-9]+$' }",
            '{"pin": "abc"}',
            "what is at $.pin does not match",
        ),
        ("when: { size: '>3' }", "abcd", "+block: any such"),
        ("when: { size: '>3' }", "abc", "the size is 3 bytes"),
        ("when: { flow: ~all }\n    find: { regex: b+ }", "abc", "its flow filter needs a flow;"),
        (f"{FIND}\n    mode: shadow", CARD, "+block (shadow): credit-card"),
    ],
)
def test_why(write_rules: RuleWriter, rule: str, text: str, words: str) -> None:
    said = why(write_rules, rule, text)
    assert said.startswith(words)
    assert "4111" not in said


@pytest.mark.parametrize(
    ("rule", "said", "words"),
    [
        ("when: { direction: to_client }", {}, "the direction is to_server"),
        ("when: { host: a.example }", {}, "the host is not given"),
        ("when: { host: a.example }", {"host": "b.example"}, "the host is b.example"),
        ("when: { path: /a }", {"path": "/b?token=t0k3n"}, "the path is /b"),
        ("when: { app: mqtt }", {"subprotocol": "stomp"}, "the app is stomp"),
        ("when: { client: 10.0.0.0/8 }", {"client": "11.0.0.1"}, "the client is 11.0.0.1"),
        ("when: { opcode: binary }", {}, "the opcode is text"),
    ],
)
def test_out_of_scope(write_rules: RuleWriter, rule: str, said: dict[str, str], words: str) -> None:
    assert why(write_rules, rule, "bob", **said) == words
    found = why(write_rules, f"{rule}\n    find: {{ regex: b+ }}", "abba", **said)
    assert found == f"{words}; but for that: regex ** at 1–3 of $"
    missed = why(write_rules, f"{rule}\n    find: {{ regex: b+ }}", "a", **said)
    assert missed == f"{words}; but for that: regex: its regex matches nowhere"


class TestPack:
    PACK = """
        [[rules]]
        id = "keyed"
        regex = '''ab[0-9]{4}'''
        keywords = ["magic"]
        [[rules]]
        id = "random"
        regex = '''r:([a-z]{8})'''
        entropy = 2.5
        keywords = ["r:"]
        [[rules]]
        id = "allowed"
        regex = '''zz[0-9]{4}'''
        [[rules.allowlists]]
        regexes = ['''1234''']
    """

    @pytest.fixture
    def packed(self, tmp_path: Path, write_rules: RuleWriter) -> Path:
        (tmp_path / "p.toml").write_text(self.PACK)
        return write_rules("""
            version: 1
            packs: { p: p.toml }
            rules: [{ id: it, find: { pack: p }, do: block }]
        """)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("magic ab1234", "+block: keyed ****** at 6–12 of $"),
            (
                "ab1234",
                "keyed: ****** at 0 of $ looks like one, but no keyword of it is there (magic)",
            ),
            (
                "r:aaaaaaab",
                f"random: ******** at 2 of $ {LOOKS}its entropy is {BITS}, not above 2.5",
            ),
            ("zz1234", "allowed: ****** at 0 of $ looks like one, but an allow list lets it pass"),
            (
                "ab1234 zz1234",
                f"allowed: ****** at 7 of $ {LOOKS}an allow list lets it pass",
            ),
            ("magic", "none of its 3 detectors matches; the keywords of keyed are there"),
            ("hello", "none of its 3 detectors matches"),
        ],
    )
    def test_the_nearest_miss(self, packed: Path, text: str, words: str) -> None:
        said, _ = explained(packed, text)
        assert said["it"] == words

    def test_in_a_view(self, packed: Path) -> None:
        body = json.dumps({"a": base64.b64encode(b"it says ab1234 here").decode()})
        said, _ = explained(packed, body)
        assert "****** at 8 of json:$.a>base64 looks like one" in said["it"]


def test_every_rule_and_the_verdict(rules: Path) -> None:
    out = io.StringIO()
    payload = f'{{"a": "\\u0062luebird {CARD}"}}'.encode()
    said = {"host": "chat.example"}
    assert run_explain([rules], payload, out, io.StringIO(), said=said, loader=quick_load) == 0
    head, card, word, shy, often, views, verdict = out.getvalue().splitlines()
    assert head.split() == ["rule", "matched", "why"]
    assert card.split()[:3] == ["card", "yes", "mask,"]
    assert word.split()[:4] == ["word", "yes", "close", "4001:"]
    assert shy.split()[:2] == ["shy", "no"]
    assert often.split()[:2] == ["often", "no"]
    assert views.startswith("looked at: $  json:$.a")
    assert verdict == "verdict: close 4001"
    assert "4111" not in out.getvalue()
    assert "bird" not in out.getvalue()


def test_a_key_that_was_found_is_not_in_a_path(write_rules: RuleWriter) -> None:
    path = write_rules("version: 1\nrules: [{ id: a, find: { words: [bluebird] }, do: block }]\n")
    out = io.StringIO()
    payload = b'{"\\u0062luebird": {"a": "\\u0062"}}'
    assert run_explain([path], payload, out, io.StringIO(), loader=quick_load) == 0
    assert "json:$.*" in out.getvalue()
    assert "bluebird" not in out.getvalue()


def test_the_verdict_is_that_of_all(rules: Path) -> None:
    assert explained(rules, f"pay {CARD}")[1] == "redact"
    assert explained(rules, "shy-1234")[1] == "pass"
    assert explained(rules, b"\xff" + CARD.encode(), opcode="binary")[1] == "redact"


def test_broken_rules(write_rules: RuleWriter) -> None:
    path = write_rules("version: 1\nrules: [{ id: a }]\n")
    out, err = io.StringIO(), io.StringIO()
    assert run_explain([path], b"x", out, err) == 2
    assert out.getvalue() == ""
    assert err.getvalue().startswith(f"{path}:2: ")
