"""What a good rule file means: every form of every key, as a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.language.reading import read, read_path, rule
from wsinspect.rules.language.ast import (
    DECODE_NAMES,
    Act,
    EntropyTest,
    Find,
    Place,
    SizeTest,
    TextTest,
    Threshold,
    When,
)

EVERYTHING = frozenset(DECODE_NAMES)


def test_the_least_rule() -> None:
    file = read("rules:\n  - id: a\n    find: { detector: email }\n    do: log\n")
    (only,) = file.rules
    assert (only.id, only.say, only.severity, only.mode) == ("a", "a", "medium", "enforce")
    assert only.when == When()
    assert only.find == Find(detectors=("email",))
    assert only.acts == (Act("log"),)
    assert only.threshold is None
    assert (only.decode, only.streams, only.on_error) == (EVERYTHING, True, None)
    assert only.tests == ()
    assert only.place == Place("rules.yaml", 2)
    assert only.enabled
    assert file.path == Path("rules.yaml")
    assert file.files == ()


def test_the_sample_reads_as_it_stands() -> None:
    data = Path(__file__).parents[1] / "data"
    file = read_path(data / "facts" / "sample_rules.yaml")
    assert [(each.id, each.place.line, len(each.tests)) for each in file.rules] == [
        ("card-redact", 12, 2),
        ("aws-key-block", 21, 2),
        ("email-seen", 30, 0),
        ("ssn-bulk", 35, 0),
        ("big-message", 42, 0),
        ("graphql-password", 47, 0),
    ]
    card, aws, _, ssn, big, graphql = file.rules
    assert card.acts == (Act("mask", keep_last=4),)
    assert card.decode == {"json", "base64", "url", "unicode"}
    assert card.tests[0].output == b"pay **** **** **** 1111"
    assert aws.when.host == TextTest((), ("api.partner.example", "*.partner.example"))
    assert aws.acts == (Act("close", code=1008, reason="policy: credential"),)
    assert ssn.threshold == Threshold(5, True, "connection", 60)
    assert [act.kind for act in ssn.acts] == ["alert", "throttle"]
    assert big.when.size == SizeTest((1 << 20) + 1)
    assert graphql.mode == "shadow"
    assert graphql.find == Find(json="$.payload.variables..password", regexes=(".+",))
    assert [path.name for path in file.files] == ["sample_rules.yaml", "gitleaks.toml"]


def test_say_is_one_line() -> None:
    assert rule("say: 'a\n  b', when: {direction: to_client}, do: log").say == "a b"


@pytest.mark.parametrize("rule_id", ["a-", "_", "A.b_c-1", "0", "x" * 100])
def test_ids(rule_id: str) -> None:
    text = f"rules: [{{id: '{rule_id}', when: {{direction: to_client}}, do: log}}]"
    assert read(text).rules[0].id == rule_id


@pytest.mark.parametrize(
    ("when", "test"),
    [
        ("host: 'a*'", TextTest(("a*",))),
        ("host: [a, b, a]", TextTest(("a", "b"))),
        ("host: {in: [a]}", TextTest(("a",))),
        ("host: {not_in: [a]}", TextTest((), ("a",))),
        ("host: {in: [b], not_in: [a], regex: c}", TextTest(("b",), ("a",), "c")),
        ("host: {regex: '^$'}", TextTest((), (), "^$")),
    ],
)
def test_text_tests(when: str, test: TextTest) -> None:
    assert rule(f"when: {{{when}}}, do: log").when.host == test


def test_when() -> None:
    body = (
        "when: {direction: to_server, opcode: [text, ping], size: '>1k', flow: '~d x', "
        "client: 10.0.0.0/8, app: mqtt, origin: 'https://a'}, do: log"
    )
    assert rule(body).when == When(
        direction="to_server",
        opcode=frozenset({"text", "ping"}),
        size=SizeTest(1025),
        flow="~d x",
        client=TextTest(("10.0.0.0/8",)),
        app=TextTest(("mqtt",)),
        origin=TextTest(("https://a",)),
    )
    assert rule("when: {size: 5}, do: log").when.size == SizeTest(5, 5)


def test_a_size_test_has_inclusive_ends() -> None:
    assert [size in SizeTest(2, 3) for size in range(5)] == [False, False, True, True, False]
    assert 10**9 in SizeTest(2)


@pytest.mark.parametrize(
    ("text", "find"),
    [
        ("detector: [email, phone]", Find(("email", "phone"))),
        ("pack: secrets", Find(pack="secrets")),
        ("pack: secrets, only: stripe", Find(pack="secrets", only=frozenset({"stripe"}))),
        ("pack: secrets, except: [stripe]", Find(pack="secrets", excepted=frozenset({"stripe"}))),
        ("regex: 'a+'", Find(regexes=("a+",))),
        ("regex: ['a+', b]", Find(regexes=("a+", "b"))),
        ("words: [' Falcon ', b]", Find(words=("Falcon", "b"))),
        ("json: $.a", Find(json="$.a")),
        ("json: $..x, regex: '.+'", Find(json="$..x", regexes=(".+",))),
        ("entropy: 4", Find(entropy=EntropyTest(4.0, 20))),
        ("entropy: {least_bits: 4.5, least_len: 32}", Find(entropy=EntropyTest(4.5, 32))),
        ("detector: email, unless: '@a$'", Find(("email",), unless=("@a$",))),
        ("detector: us-ssn, near: [ssn]", Find(("us-ssn",), near=("ssn",))),
        ("detector: us-ssn, near: [ssn], within: 9", Find(("us-ssn",), near=("ssn",), within=9)),
    ],
)
def test_find(text: str, find: Find) -> None:
    assert rule(f"find: {{{text}}}, do: log").find == find


@pytest.mark.parametrize(
    ("do", "acts"),
    [
        ("block", (Act("block"),)),
        ("[log, alert]", (Act("log"), Act("alert"))),
        ("{block: }", (Act("block"),)),
        ("{alert: {}, block: null}", (Act("alert"), Act("block"))),
        ("redact", (Act("redact", replacement="[redacted]"),)),
        ("{redact: {with: ''}}", (Act("redact", replacement=""),)),
        ("{mask: {keep_first: 1, keep_last: 4}}", (Act("mask", keep_first=1, keep_last=4),)),
        ("hash", (Act("hash"),)),
        ("{hash: {key: env:K_1}}", (Act("hash", key="env:K_1"),)),
        ("{tokenize: {key: 'env:k'}}", (Act("tokenize", key="env:k"),)),
        ("close", (Act("close", code=1008, reason=""),)),
        ("{close: {code: 4001, reason: no}}", (Act("close", code=4001, reason="no"),)),
        (
            "[alert, {throttle: {messages_per_second: 0.5}}]",
            (Act("alert"), Act("throttle", messages_per_second=0.5)),
        ),
    ],
)
def test_do(do: str, acts: tuple[Act, ...]) -> None:
    assert rule(f"find: {{detector: email}}, do: {do}").acts == acts


def test_threshold() -> None:
    body = "find: {detector: email}, do: alert, threshold: {count: 5, seconds: 1.5"
    assert rule(f"{body}}}").threshold == Threshold(5, False, "connection", 1.5)
    assert rule(f"{body}, unique: true, per: host}}").threshold == Threshold(5, True, "host", 1.5)


def test_settings_of_a_rule_beat_the_defaults() -> None:
    text = """
defaults: {mode: shadow, decode: json, streams: false, on_error: block, severity: low}
rules:
  - {id: a, when: {direction: to_server}, do: log}
  - {id: b, when: {direction: to_server}, do: log, mode: enforce, decode: [], streams: true,
     on_error: log, severity: high, enabled: false}
"""
    first, second = read(text).rules
    assert (first.mode, first.decode, first.streams) == ("shadow", frozenset({"json"}), False)
    assert (first.on_error, first.severity, first.enabled) == ("block", "low", True)
    assert (second.mode, second.decode, second.streams) == ("enforce", frozenset(), True)
    assert (second.on_error, second.severity, second.enabled) == ("log", "high", False)


def test_tests() -> None:
    text = """
rules:
  - id: a
    find: { detector: email }
    do: redact
    tests:
      - { text: "ä@b", expect: redact, direction: to_client, host: h, path: /p,
          subprotocol: s, opcode: binary }
      - { base64: "AP8=", expect: "x" }
      - text: pass
        expect: { redacted: pass }
      - { base64: "AA==", expect: { redacted_base64: "/w==" } }
      - { messages: [one, { text: two }], expect: pass }
      - { messages: [{ base64: "AQ==" }], expect: log }
"""
    tests = read(text).rules[0].tests
    first = tests[0]
    assert (first.payload, first.text, first.expect) == ("ä@b".encode(), True, "redact")
    assert (first.direction, first.host, first.path) == ("to_client", "h", "/p")
    assert (first.subprotocol, first.opcode, first.output) == ("s", "binary", None)
    assert first.place == Place("rules.yaml", 7)
    assert (tests[1].payload, tests[1].text, tests[1].output) == (b"\0\xff", False, b"x")
    assert (tests[2].expect, tests[2].output, tests[2].direction) == ("pass", b"pass", None)
    assert tests[3].output == b"\xff"
    assert (tests[4].payload, tests[4].messages) == (b"two", (b"one", b"two"))
    assert (tests[5].text, tests[5].messages) == (False, (b"\1",))


def test_no_repr_shows_payload_or_words() -> None:
    text = """
rules:
  - id: a
    find: { words: [s3cr3t], near: [s3cr3t] }
    do: redact
    tests: [{ text: s3cr3t, expect: s3cr3t }, { messages: [s3cr3t], expect: {redacted: s3cr3t} }]
"""
    assert "s3cr3t" not in repr(read(text))


def test_lists_by_name() -> None:
    text = """
lists:
  hosts: [a.example, "*.b.example"]
  names: [falcon, kestrel]
rules:
  - id: a
    when: { host: { in: hosts }, origin: { not_in: ["https://a"] } }
    find: { words: names, near: names }
    do: log
"""
    (only,) = read(text).rules
    assert only.when.host == TextTest(("a.example", "*.b.example"))
    assert only.find is not None
    assert only.find.words == only.find.near == ("falcon", "kestrel")


def test_word_files(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_bytes("\ufefffalcon\r\n\n# a comment\n kestrel \nÄ\n".encode())
    (tmp_path / "rules.yaml").write_text("""
lists: { names: { file: words.txt } }
rules:
  - { id: a, find: { words: names }, do: log }
  - { id: b, find: { words: { file: words.txt } }, do: log }
""")
    file = read_path(tmp_path / "rules.yaml")
    assert [each.find and each.find.words for each in file.rules] == [
        ("falcon", "kestrel", "Ä")
    ] * 2
    assert file.files == (tmp_path / "rules.yaml", tmp_path / "words.txt")


def test_exact_values(tmp_path: Path) -> None:
    (tmp_path / "h").write_bytes(b"x")
    (tmp_path / "rules.yaml").write_text(
        "rules: [{id: a, find: {exact: {file: h, key: env:K}}, do: log}]"
    )
    file = read_path(tmp_path / "rules.yaml")
    assert file.rules[0].find == Find(exact=str(tmp_path / "h"), exact_key="env:K")
    assert tmp_path / "h" in file.files


def test_packs(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("x y z")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "rules.yaml").write_text("""
packs: { mine: ../p.toml }
rules:
  - { id: a, find: { pack: mine, only: [x, y], except: y }, do: log }
""")
    file = read_path(tmp_path / "sub" / "rules.yaml")
    assert file.packs == {"mine": tmp_path / "sub" / "../p.toml"}
    assert file.rules[0].find == Find(
        pack="mine", only=frozenset({"x", "y"}), excepted=frozenset({"y"})
    )


# --- includes ---


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "main.yaml"


RULE = "{{id: {0}, when: {{direction: to_server}}, do: log}}"


def test_included_rules_come_first_and_lists_are_shared(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main=f"""
include: [sub/one.yaml, two.yaml]
lists: {{ mine: [m.example] }}
defaults: {{ mode: shadow }}
rules:
  - {{ id: c, when: {{ host: {{ in: theirs }} }}, do: log }}
  - {RULE.format("d")}
""",
        sub__one=f"""
include: ../two.yaml
rules: [{RULE.format("a")}, {{id: b, when: {{host: {{in: mine}}}}, do: log}}]
""",
        two="lists: { theirs: [t.example] }\nrules: [" + RULE.format("z") + "]\n",
    )
    file = read_path(main)
    assert [each.id for each in file.rules] == ["z", "a", "b", "c", "d"]
    assert [each.mode for each in file.rules] == ["enforce"] * 3 + ["shadow"] * 2
    assert file.rules[2].when.host == TextTest(("m.example",))
    assert file.rules[3].when.host == TextTest(("t.example",))
    assert [path.name for path in file.files] == ["main.yaml", "one.yaml", "two.yaml"]
    assert all(path.is_absolute() for path in file.files)
    assert file.rules[0].place.file.endswith("sub/../two.yaml")


def test_the_same_pack_may_be_named_in_many_files(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("x")
    main = write(
        tmp_path,
        main="include: sub/one.yaml\npacks: {mine: p.toml}\n",
        sub__one="packs: {mine: ../p.toml}\n",
    )
    assert len(read_path(main).packs) == 1


def test_a_text_in_memory_finds_its_files_beside_its_name(tmp_path: Path) -> None:
    write(tmp_path, one=f"rules: [{RULE.format('a')}]")
    assert [r.id for r in read("include: one.yaml", str(tmp_path / "x.yaml")).rules] == ["a"]


def test_a_file_with_lists_only() -> None:
    assert read("lists: {a: [b]}").rules == ()
