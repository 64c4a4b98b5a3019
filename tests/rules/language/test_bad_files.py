"""Every fault of a rule file is told: its line, what it is, and what was probably meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.language.reading import problem, problems, read, read_path
from wsinspect.rules.language.problems import Problem, RuleFileError

FIND = "find: {detector: email}"
WHEN = "when: {direction: to_server}"


def broken_rules() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "bad_rules.txt").read_text().splitlines()
    pairs = [line.split(" => ") for line in lines if line and not line.startswith("#")]
    return [(body.replace("FIND", FIND).replace("WHEN", WHEN), said) for body, said in pairs]


@pytest.mark.parametrize(("body", "said"), broken_rules())
def test_one_problem_and_its_words(body: str, said: str) -> None:
    assert said in problem(body)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: the file is empty – it begins with version: 1 and has rules:"),
        ("# x\n", "1: the file is empty"),
        ("- a\n", "1: a rule file is not a list"),
        ("version: 1\n", '1: the file has no "rules"'),
        ("version: 2\nrules: []", "1: the version of the language is not known"),
        ("version: '1'\nrules: []", "1: the version of the language is not known"),
        ("version: [1]\nrules: []", "1: the version of the language is not known"),
        ("rules: {}\n", "1: rules must be a list, not a mapping"),
        ("rules: [a]\n", "1: a rule must be a mapping, not a text"),
        ("rules: []\nrule: []\n", '2: unknown key "rule" in the file – did you mean rules?'),
        ("rules: []\nmode: shadow\n",
         '2: unknown key "mode" in the file – it belongs into a rule, or into defaults'),
        ("rules: []\ndefaults: []\n", "2: defaults must be a mapping"),
        ("rules: []\ndefaults: {mod: x}\n", "2: unknown key"),
        ("packs: [x]\n", "1: packs must be a mapping of names, not a list"),
        ("packs: {secrets: x}\n", '1: pack "secrets" is built in already'),
        ("packs: {a: 5}\n", '1: pack "a" must be a text, not a number'),
        ("packs: {a: nope.toml}\n", '1: pack "a" cannot be read: No such file or directory'),
        ("lists: [x]\n", "1: lists must be a mapping of names, not a list"),
        ("lists: {a: x}\n", '1: list "a" must be a list or {file: …}, not a text'),
        ("lists: {a: {file: nope}}\n", '1: "nope" cannot be read: No such file or directory'),
        ("lists: {a: {}}\n", '1: list "a" has no "file"'),
        ("lists: {a: [b]}\nrules:\n- {id: a, when: {host: a}, do: log}\n",
         '3: "a" in host is the name of a list – did you mean {in: a}?'),
        ("lists: {abc: [b]}\nrules:\n- {id: a, when: {host: {in: abd}}, do: log}\n",
         '3: unknown list "abd" in host.in – did you mean abc?'),
        ("lists: {abc: [b]}\nrules:\n- {id: a, find: {words: abd}, do: log}\n",
         '3: unknown list "abd" in words – did you mean abc?'),
        ("lists: {a: ['10.0.0.*']}\nrules:\n- {id: a, when: {client: {in: a}}, do: log}\n",
         '3: "10.0.0.*" is no IP address'),
        ("include: nope.yaml\n", '1: "nope.yaml" cannot be read: No such file or directory'),
        ("rules:\n- {id: 'a b', find: {detector: email}, do: log}\n", '2: "a b" cannot be an id'),
        ("rules:\n- {id: -a, find: {detector: email}, do: log}\n", '2: "-a" cannot be an id'),
        ("rules:\n- {id: '', find: {detector: email}, do: log}\n", '2: "" cannot be an id'),
        ("rules:\n- {id: 7, find: {detector: email}, do: log}\n", "2: id must be a text, not a"),
        ("rules:\n- {find: {detector: email}, do: log}\n", '2: rule has no "id"'),
        ("a: b: c\n", "1: not YAML"),
    ],
)  # fmt: skip
def test_the_file_as_a_whole(text: str, said: str) -> None:
    (only,) = problems(text)
    assert only.startswith(f"rules.yaml:{said}")


def test_all_at_once_in_the_order_of_lines() -> None:
    text = """\
version: 1
defualts: { mode: shadow }
rules:
  - id: a
    find:
      detector: emial
      regex: "(?=x)"
    do:
      - masq
      - close: { code: 1006 }
    tests:
      - { text: x, expects: pass }
  - id: a
    do: block
"""
    assert [line.split(": ")[0] for line in problems(text)] == [
        "rules.yaml:2", "rules.yaml:6", "rules.yaml:7", "rules.yaml:9", "rules.yaml:10",
        "rules.yaml:12", "rules.yaml:12", "rules.yaml:13", "rules.yaml:13",
    ]  # fmt: skip


def test_a_missing_key_points_at_its_misspelling() -> None:
    found = problems("rules:\n- {name: a, find: {detector: email}, do: log}\n")
    assert found == [
        'rules.yaml:2: unknown key "name" in rule – did you mean id?',
        'rules.yaml:2: rule has no "id" – see the unknown key',
    ]


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n- {id: a, find: {detector: email}, do: {hash: {key: s3cr3t}}}\n",
        "rules:\n- {id: a, find: {exact: {file: x, key: s3cr3t}}, do: log}\n",
        "rules:\n- {id: a, find: {words: s3cr3t}, do: log}\n",
        "rules:\n- {id: a, find: {detector: email, near: s3cr3t}, do: log}\n",
        "rules:\n- {id: a, find: {detector: email}, do: log, tests: [{text: x, expect: s3cr3t}]}\n",
        "rules:\n- {id: a, find: {detector: email}, do: log, tests: [{base64: s3cr3t, expect: a}]}",
        "rules:\n- {id: a, find: {detector: email}, do: log, tests: [s3cr3t]}\n",
        "rules:\n- {id: a, find: {detector: email}, do: {redact: s3cr3t}}\n",
    ],
)
def test_what_could_be_a_secret_is_not_quoted(text: str) -> None:
    found = problems(text)
    assert found
    assert "s3cr3t" not in "\n".join(found)


@pytest.mark.parametrize("key", ["env:", "env:1A", "env:A B", "ENV:A", "env", "file:x", "env:Ä"])
def test_a_key_is_the_name_of_a_variable(key: str) -> None:
    said = problem(f"{FIND}, do: {{hash: {{key: '{key}'}}}}")
    assert said.startswith("key must name the variable that has it – write env:NAME")


def test_control_characters_do_not_reach_the_terminal() -> None:
    (only,) = problems('rules: []\n"a\\e[31m\\nb": x\n')
    assert only.isprintable()


# --- files ---


def told(path: Path) -> list[str]:
    with pytest.raises(RuleFileError) as caught:
        read_path(path)
    return [str(each) for each in caught.value.problems]


def test_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(Path("x.yaml")) == ['x.yaml:1: "x.yaml" cannot be read: No such file or directory']


def test_files_that_are_none(tmp_path: Path) -> None:
    (only,) = told(tmp_path)
    assert only.endswith("is no regular file")
    os.mkfifo(tmp_path / "pipe")
    (only,) = told(tmp_path / "pipe")
    assert only.endswith("is no regular file")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    (only,) = told(path)
    assert only.endswith("is larger than 1024 KiB")


def test_a_name_with_a_null_byte() -> None:
    (only,) = problems('include: "a\\0b"\n')
    assert "rules.yaml:1:" in only


def test_problems_of_included_files_have_their_own_place(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.yaml").write_text("rules:\n- {id: x, do: log}\n")
    (tmp_path / "a.yaml").write_text(
        "include: sub/b.yaml\nrules:\n- {id: x, find: {detector: email}, do: log}\n"
    )
    first, second = told(tmp_path / "a.yaml")
    inner = tmp_path / "sub" / "b.yaml"
    assert first == f'{tmp_path / "a.yaml"}:3: rule "x" is there already, at {inner}:2'
    assert second.startswith(f"{inner}:2: rule x needs find or when")


def test_includes_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("include: b.yaml\n")
    (tmp_path / "b.yaml").write_text("rules: []\ninclude: [a.yaml]\n")
    (only,) = told(tmp_path / "a.yaml")
    assert only.startswith(f"{tmp_path / 'b.yaml'}:2: ")
    assert only.endswith("includes itself")
    (tmp_path / "self.yaml").write_text("include: ./self.yaml\n")
    assert told(tmp_path / "self.yaml")[0].endswith("includes itself")


def test_includes_too_deep(tmp_path: Path) -> None:
    for at in range(10):
        (tmp_path / f"{at}.yaml").write_text(f"include: {at + 1}.yaml\n")
    (tmp_path / "10.yaml").write_text("rules: []\n")
    (only,) = told(tmp_path / "0.yaml")
    assert only == f"{tmp_path / '7.yaml'}:1: includes go deeper than 8"
    assert read_path(tmp_path / "3.yaml").rules == ()


def test_names_that_are_taken(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("x")
    (tmp_path / "q.toml").write_text("x")
    (tmp_path / "b.yaml").write_text("lists: {l: [a]}\npacks: {p: q.toml}\n")
    (tmp_path / "a.yaml").write_text("include: b.yaml\nlists: {l: [a]}\npacks: {p: p.toml}\n")
    place = tmp_path / "b.yaml"
    assert told(tmp_path / "a.yaml") == [
        f'{tmp_path / "a.yaml"}:2: list "l" is there already, at {place}:1',
        f'{tmp_path / "a.yaml"}:3: pack "p" is another file already, at {place}:2',
    ]


def test_a_broken_pack_is_told_once_and_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("broken")
    text = "packs: {p: p.toml}\nrules:\n- {id: a, find: {pack: p, only: [x]}, do: log}\n"
    name = str(tmp_path / "rules.yaml")
    assert problems(text, name) == [f'{name}:1: pack "p": line 1: no table at all']


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\n\xff\n", "is not UTF-8, in its line 2"),
        (b"# x\n\n", "has no words"),
        (b"x" * 1001, "has a line of over 1000 characters"),
    ],
)
def test_bad_word_files(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "w").write_bytes(content)
    (only,) = problems("lists: {a: {file: w}}", str(tmp_path / "rules.yaml"))
    assert only.endswith(f'the file of list "a" {said}')


def test_the_error_names_the_files_that_may_mend_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("include: [b.yaml, gone.yaml]\n")
    (tmp_path / "b.yaml").write_text("lists: {a: {file: gone.txt}}\n")
    with pytest.raises(RuleFileError) as caught:
        read_path(tmp_path / "a.yaml")
    names = ["a.yaml", "b.yaml", "gone.txt", "gone.yaml"]
    assert sorted(path.name for path in caught.value.files) == names


def test_a_thousand_faults_are_bounded() -> None:
    text = "rules:\n" + "- {id: a, dirction: x}\n" * 2000
    found = problems(text)
    assert len(found) == 1001
    assert found[-1].endswith("more problems")


# --- anything at all ---

WORDS = st.sampled_from(
    ["id", "find", "when", "do", "a", "detector", "email", "json", "$.a", "words", "tests", "text",
     "expect", "pass", "mask", "close", "code", "host", "in", "regex", "(", "size", "", "1", "null",
     "near", "pack", "only", "secrets", "threshold", "count", "messages", "exact", "entropy"]
)  # fmt: skip
TREES = st.recursive(
    WORDS | st.integers(-5, 5000) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(WORDS, TREES, max_size=6))
def test_any_rule_is_read_or_refused_with_reasons(tree: dict[str, object]) -> None:
    try:
        found = len(read("rules:\n  - " + json.dumps(tree)).rules)  # JSON is YAML
        told: tuple[Problem, ...] = ()
    except RuleFileError as error:
        found, told = 0, error.problems
    assert found == 1 or told
    assert all(str(each).isprintable() for each in told)
    assert {each.line for each in told} <= {2}
