"""What a gitleaks file says, key by key, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.detect_packs.reference import find
from wsinspect.rules.detect.gitleaks import FILE_LIMIT, load_gitleaks
from wsinspect.rules.detect.pack import Pack

LIST = "[[rules]]\nid='a'\nregex='a'\n[[rules.allowlists]]\n"


def load(folder: Path, text: str, name: str = "pack.toml") -> Pack:
    path = folder / name
    path.write_text(text)
    return load_gitleaks(path)


def finds(folder: Path, rule: str, text: str, top: str = "") -> list[bytes]:
    """Of a file with one rule, ``k``."""
    pack = load(folder, f"{top}\n[[rules]]\nid = 'k'\n{rule}\n")
    return find(pack.patterns["k"], text)


def test_keywords_any_of_them_in_any_case(tmp_path: Path) -> None:
    rule = "regex = '[0-9]{4}'\nkeywords = ['PIN', 'code']"
    assert finds(tmp_path, rule, "pin 1234") == [b"1234"]
    assert finds(tmp_path, rule, "1234 CODE") == [b"1234"]
    assert finds(tmp_path, rule, "1234") == []
    assert finds(tmp_path, "regex = '[0-9]{4}'", "1234") == [b"1234"]


def test_entropy_of_the_secret_must_be_above(tmp_path: Path) -> None:
    rule = "regex = 'key=([a-z]+)'\nentropy = 2"
    assert finds(tmp_path, rule, "key=abcd") == []  # exactly 2 bits
    assert finds(tmp_path, rule, "key=abcde") == [b"abcde"]


def test_the_secret_is_the_named_group_or_the_first_that_is_not_empty(tmp_path: Path) -> None:
    regex = "regex = '(a)?(b+)(c+)'"
    assert finds(tmp_path, regex, "bbcc") == [b"bb"]
    assert finds(tmp_path, regex, "abbcc") == [b"a"]
    assert finds(tmp_path, regex + "\nsecretGroup = 3", "abbcc") == [b"cc"]
    assert finds(tmp_path, "regex = 'b+'", "abbcc") == [b"bb"]


@pytest.mark.parametrize(
    ("allowlist", "allowed"),
    [
        ("regexes = ['^dead']", True),
        ("regexes = ['^key']", False),  # the secret is meant
        ("regexTarget = 'secret'\nregexes = ['^dead']", True),
        ("regexTarget = 'match'\nregexes = ['^key=']", True),
        ("regexTarget = 'match'\nregexes = ['^x key=']", False),
        ("regexTarget = 'line'\nregexes = ['^x key=dead y$']", True),
        ("regexTarget = 'line'\nregexes = ['above']", False),
        ("regexTarget = 'line'\nregexes = ['below']", False),
        ("stopwords = ['EA']", True),
        ("stopwords = ['key']", False),
        ("stopwords = ['e.d']", False),  # a text, no regex
        ("stopwords = ['zzz']\nregexes = ['dead']", True),
        ("stopwords = ['zzz']\nregexes = ['dead']\ncondition = 'OR'", True),
        ("stopwords = ['zzz']\nregexes = ['dead']\ncondition = 'AND'", False),
        ("stopwords = ['ad']\nregexes = ['dead']\ncondition = '&&'", True),
        ("paths = ['.*']", False),
        ("commits = ['1234567']", False),
        ("paths = ['.*']\nregexes = ['dead']", True),
        ("paths = ['.*']\nregexes = ['dead']\ncondition = 'and'", False),
        ("regexes = ['(?i)nothing', 'DEAD']", True),  # (?i) goes on, as they are joined
        ("REGEXES = ['dead']", True),  # keys have no case
    ],
)
def test_allowlists(tmp_path: Path, allowlist: str, allowed: bool) -> None:
    text = "above\nx key=dead y\nbelow"
    rule = "regex = 'key=([a-f]+)'"
    found = [] if allowed else [b"dead"]
    assert finds(tmp_path, f"{rule}\n[[rules.allowlists]]\n{allowlist}", text) == found
    assert finds(tmp_path, f"{rule}\n[rules.allowlist]\n{allowlist}", text) == found
    assert finds(tmp_path, rule, text, top=f"[[allowlists]]\n{allowlist}") == found
    assert finds(tmp_path, rule, text, top=f"[allowlist]\n{allowlist}") == found


def test_a_second_allowlist_allows_too(tmp_path: Path) -> None:
    lists = "[[rules.allowlists]]\nregexes=['x']\n[[rules.allowlists]]\nregexes=['dead']"
    assert finds(tmp_path, f"regex = 'dead'\n{lists}", "dead") == []


def test_a_line_end_in_the_match_is_not_of_the_secret_or_the_line(tmp_path: Path) -> None:
    rule = "regex = '\\n?dead\\n?'\n[[rules.allowlists]]\nregexTarget = '%s'\nregexes = ['%s']"
    text = "one\ndead\ntwo"
    assert finds(tmp_path, rule % ("secret", "^dead$"), text) == []
    assert finds(tmp_path, rule % ("match", "^dead$"), text) == []
    assert finds(tmp_path, rule % ("line", "^dead$"), text) == []
    assert finds(tmp_path, rule % ("line", "one|two"), text) == [b"\ndead\n"]


def test_a_very_long_line_is_read_near_the_match_only(tmp_path: Path) -> None:
    rule = "regex = 'dead'\n[[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['fine']"
    for gap, expected in ((100, []), (5000, [b"dead"])):
        assert finds(tmp_path, rule, "fine" + gap * "." + "dead") == expected
        assert finds(tmp_path, rule, "dead" + gap * "." + "fine") == expected


def test_target_rules(tmp_path: Path) -> None:
    rules = "[[rules]]\nid='a'\nregex='dead'\n[[rules]]\nid='b'\nregex='dead'\n"
    lists = "[[allowlists]]\ntargetRules = ['a']\nregexes = ['dead']\n"
    pack = load(tmp_path, rules + lists)
    assert find(pack.patterns["a"], "dead") == []
    assert find(pack.patterns["b"], "dead") == [b"dead"]


def test_only_the_end_of_the_text_closes_so_does_a_quote(tmp_path: Path) -> None:
    assert finds(tmp_path, r"regex = 'k=([a-z]+)(?:\s|\z)'", '{"q":"k=dead"}') == [b"dead"]
    assert finds(tmp_path, r"regex = 'k=([a-z]+)(?:;|$)'", "k=dead'") == []


def test_extend(tmp_path: Path) -> None:
    load(
        tmp_path,
        "[[rules]]\nid='a'\nregex='dead'\nkeywords=['x']\nentropy=1\n"
        "[[rules]]\nid='gone'\nregex='g'\n[[allowlists]]\nregexes=['^bead']",
        "base.toml",
    )
    pack = load(
        tmp_path,
        "[extend]\npath='base.toml'\ndisabledRules=['gone', 'never']\n"
        "[[rules]]\nid='a'\nregex='[a-f]+'\nkeywords=['y']\n[[rules]]\nid='b'\nregex='b'",
    )
    assert set(pack.patterns) == {"a", "b"}
    assert pack.patterns["a"].regex == "[a-f]+"
    assert pack.patterns["a"].keywords == ("x", "y")
    assert pack.patterns["a"].entropy == 1
    assert find(pack.patterns["a"], "y bead") == []
    assert pack.files == (tmp_path / "pack.toml", tmp_path / "base.toml")
    assert [one for one in pack.warnings if "never" in one]


def test_a_file_that_extends_itself_ends(tmp_path: Path) -> None:
    pack = load(tmp_path, "[extend]\npath='pack.toml'\n[[rules]]\nid='a'\nregex='a'")
    assert set(pack.patterns) == {"a"}
    assert any("deep" in one for one in pack.warnings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ("[[rules]]\nid='a'\nregex='a'\nlevel=1", "a: unknown key 'level'"),
        (LIST + "regexes=['x']\nstop=1", "a: allowlists: unknown key 'stop'"),
        ("[extend]\nuseDefault=true", "useDefault is left out"),
        ("[extend]\nurl='x'", "url is left out"),
        ("[[rules]]\nid='a'\npath='x'", "a: skipped: it looks at a file's path alone"),
        ("[[rules]]\nid='a'\npath='x'\nregex='a'", "a: its path is left out"),
        ("[[rules]]\nid='a'\nregex='a'\nskipReport=true", "a: skipped: skipReport"),
        ("[[rules]]\nid='a'\nregex='a'\n[[rules.required]]\nid='a'", "a: required is left out"),
        ("[[rules]]\nid='a'\nregex='a'\n[[rules]]\nid='a'\nregex='b'", "a: there are two"),
    ],
)
def test_warnings_name_what_is_left_out(tmp_path: Path, text: str, said: str) -> None:
    warnings = load(tmp_path, text).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{tmp_path / 'pack.toml'}: ")
    assert said in warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rules", "not TOML"),
        ("rules = 1", "rules: tables are wanted"),
        ("[[rules]]\nregex='a'", "rules: number 1 has no id"),
        ("[[rules]]\nid=' '\nregex='a'", "rules: number 1 has no id"),
        ("[[rules]]\nid=3\nregex='a'", "rules: number 1 has no id"),
        ("[[rules]]\nid='a'", "a: neither regex nor path"),
        ("[[rules]]\nid='a'\nregex='('", "a: regex: missing )"),
        ("[[rules]]\nid='a'\nregex='(?=x)'", "a: regex: invalid perl operator"),
        ("[[rules]]\nid='a'\nregex=1", "a: regex: a string is wanted"),
        ("[[rules]]\nid='a'\nregex='(a)'\nsecretGroup=2", "a: secretGroup 2: the regex has 1"),
        ("[[rules]]\nid='a'\nregex='a'\nentropy='high'", "a: entropy: a number is wanted"),
        ("[[rules]]\nid='a'\nregex='a'\nkeywords='k'", "a: keywords: a list of strings is wanted"),
        (LIST, "a: allowlists: commits, paths"),
        (LIST + "regexes=['(']", "a: allowlists: regexes: missing )"),
        (LIST + "regexes=['a']\ncondition='xor'", "a: allowlists: condition 'xor'"),
        (LIST + "regexes=['a']\nregexTarget='file'", "a: allowlists: regexTarget 'file'"),
        (LIST + "regexes=['a']\n[rules.allowlist]", "a: allowlist cannot stand beside allowlists"),
        ("[[allowlists]]\ntargetRules=['b']\nregexes=['a']", "target rule 'b' does not exist"),
        ("[[allowlists]]\ndescription='x'", "allowlists: commits, paths"),
        ("allowlist = 1", "allowlist: a table is wanted"),
        ("extend = 1", "extend: a table is wanted"),
        ("[extend]\nuseDefault=true\npath='x'", "cannot both be set"),
        ("[extend]\npath='none.toml'", "No such file"),
    ],
)
def test_errors(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match="toml: ") as caught:
        load(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        load_gitleaks(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="Is a directory"):
        load_gitleaks(tmp_path)
    path = tmp_path / "pack.toml"
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(ValueError, match="not UTF-8"):
        load_gitleaks(path)
    path.write_bytes(b"#" * (FILE_LIMIT + 1))
    with pytest.raises(ValueError, match="larger than"):
        load_gitleaks(path)
    path.write_text("a = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ValueError, match="not TOML"):
        load_gitleaks(path)
