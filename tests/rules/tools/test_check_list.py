"""``rules check`` and ``rules list``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.rules.tools.conftest import RuleWriter, quick_load
from wsinspect.rules.tools.check import run_check
from wsinspect.rules.tools.list import run_list
from wsinspect.rules.tools.test import run_test


def check(*paths: Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return run_check(paths, out, err, loader=quick_load), out.getvalue(), err.getvalue()


class TestCheck:
    def test_good(self, rules: Path) -> None:
        code, out, err = check(rules)
        assert code == 0
        first, second = out.splitlines()
        assert first.startswith(f"{rules}: good: 4 rules, 1 in shadow mode, ")
        assert first.endswith(", 2 tests")
        assert second == "without a test: word shy often"
        assert err == ""

    def test_several_files_are_one_set(self, tmp_path: Path, rules: Path) -> None:
        other = tmp_path / "other.yaml"
        other.write_text("version: 1\nrules: [{ id: card, find: { regex: x }, do: log }]\n")
        code, out, err = check(rules, other)
        assert (code, out) == (2, "")
        assert err.startswith(f"{other}:2: ")
        assert "card" in err

    def test_one_line_a_problem(self, write_rules: RuleWriter) -> None:
        path = write_rules("""
            version: 1
            rules:
              - id: one
                find: { detector: email, unles: ["x"] }
                do: log
              - id: two
                find: { detector: emial }
                do: blok
        """)
        code, out, err = check(path)
        assert (code, out) == (2, "")
        lines = err.splitlines()
        assert [line.rpartition(str(path))[2].split(":")[1] for line in lines] == ["4", "7", "8"]
        assert all("did you mean" in line for line in lines)

    def test_no_such_file(self, tmp_path: Path) -> None:
        code, out, err = check(tmp_path / "none.yaml")
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "none.yaml" in err

    def test_a_pack_s_oddities_are_warnings(self, tmp_path: Path, write_rules: RuleWriter) -> None:
        (tmp_path / "p.toml").write_text(
            '[[rules]]\nid = "x"\nregex = "x{9}"\nkeywords = ["x"]\nsuprise = 1\n'
        )
        path = write_rules("""
            version: 1
            packs: { mine: p.toml }
            rules: [{ id: a, find: { pack: mine }, do: log }]
        """)
        code, _, err = check(path)
        assert code == 0
        (line,) = err.splitlines()
        assert line.startswith("warning: ")
        assert "suprise" in line

    @pytest.mark.parametrize("tool", [run_test, run_list])
    def test_other_tools_refuse_broken_files_as_well(
        self, tool: type, write_rules: RuleWriter
    ) -> None:
        path = write_rules("version: 2\nrules: []\n")
        out, err = io.StringIO(), io.StringIO()
        assert tool([path], out, err) == 2
        assert out.getvalue() == ""
        assert err.getvalue().startswith(f"{path}:1: ")


class TestList:
    def test_table(self, rules: Path) -> None:
        out = io.StringIO()
        assert run_list([rules], out, io.StringIO(), loader=quick_load) == 0
        head, card, word, shy, often = out.getvalue().splitlines()
        assert head.split() == ["rule", "mode", "does", "when", "looks", "for", "tests"]
        assert card.split("  ")[0] == "card"
        for text in ("enforce", "mask, keep last 4", "to_server", "credit-card"):
            assert text in card
        assert card.endswith(" 2")
        assert "host chat.example" in word
        assert "1 word" in word
        assert "bluebird" not in word
        assert "shadow" in shy
        assert "everything" in shy
        assert "from 3 different in 60 s per" in often

    def test_json(self, rules: Path) -> None:
        out = io.StringIO()
        assert run_list([rules], out, io.StringIO(), as_json=True, loader=quick_load) == 0
        card, word, shy, often = json.loads(out.getvalue())
        assert card["id"] == "card"
        assert (card["say"], word["say"]) == ("Mask cards", "word")
        assert (card["file"], card["line"]) == (str(rules), 3)
        assert card["detectors"] == ["credit-card"]
        assert (card["do"], card["tests"]) == (["mask"], 2)
        assert shy["mode"] == "shadow"
        assert often["threshold"] == "from 3 different in 60 s per connection"
        assert "base64" in card["decode"]

    def test_no_terminal_command_from_a_rule_file(self, write_rules: RuleWriter) -> None:
        path = write_rules("""
            version: 1
            rules: [{ id: a, when: { path: "/\\e[31m" }, do: block }]
        """)
        out = io.StringIO()
        assert run_list([path], out, io.StringIO(), loader=quick_load) == 0
        assert "\x1b" not in out.getvalue()
        assert "/\\u001b[31m" in out.getvalue()
