"""Positives for a gitleaks pack: what its own rules, read literally, must find.

Owns: gitleaks' semantics, written down a second time and slowly (detect/detect.go of
https://github.com/gitleaks/gitleaks, MIT, v8): the referee, who shares no code with the product.
A generated text is a positive only if the referee finds it.
"""

from __future__ import annotations

import math
import random
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import re2

from bench.dlp import regex
from bench.dlp.cases import Case, Split, rng, single

__all__ = ["PACK", "Referee", "Rule", "positives", "rules"]

PACK: Final = Path(__file__).parents[2] / "tests/rules/data/gitleaks.toml"
TRIES: Final = 400
"""So many drawn texts are shown to the referee before a rule is given up for this one."""

WRITTEN: Final = (
    '{word}_token = "{secret}"',
    "{word}Token={secret}",
    "{word}_api_key: {secret}",
    "{word}_secret: '{secret}'",
    'var {word}Token string = "{secret}"',
    '{{\n    "{word}_key": "{secret}"\n}}',
    'export {upper}_TOKEN="{secret}"\n',
    '  "{word}Key" => "{secret}",',
    "{upper}_KEY := {secret}\nDEBUG=1",
)
AROUND: Final = (
    "{}",
    "{}",
    "{}\n",
    "hi, use this:\n{}",
    "# config\n{}\n# end\n",
    "it is {} for now",
    "please rotate it: {}",
)


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


OPTIONS: Final = _options()


class Allow(NamedTuple):
    """An allowlist. ``never``: it asks for a path too, and traffic has none."""

    target: str
    regexes: tuple[Any, ...]
    stopwords: tuple[str, ...]
    never: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the pack that looks at content."""

    id: str
    source: str
    regex: Any
    keywords: tuple[str, ...]
    entropy: float
    group: int
    allows: tuple[Allow, ...]
    path: bool


def _allow(table: dict[str, Any]) -> Allow:
    both = str(table.get("condition", "OR")).upper() in {"AND", "&&"}
    return Allow(
        str(table.get("regexTarget", "secret")) or "secret",
        tuple(re2.compile(each, OPTIONS) for each in table.get("regexes", ())),
        tuple(each.lower() for each in table.get("stopwords", ())),
        both and bool(table.get("paths") or table.get("commits")),
    )


def _rule(table: dict[str, Any]) -> Rule:
    return Rule(
        table["id"],
        table["regex"],
        re2.compile(table["regex"], OPTIONS),
        tuple(each.lower() for each in table.get("keywords", ())),
        float(table.get("entropy", 0.0)),
        int(table.get("secretGroup", 0)),
        tuple(_allow(each) for each in table.get("allowlists", ())),
        "path" in table,
    )


def rules(path: Path = PACK) -> tuple[list[Rule], list[Allow]]:
    """The rules with a regex, and the global allowlists."""
    pack = tomllib.loads(path.read_text("utf-8"))
    everywhere = [
        *pack.get("allowlists", ()),
        *([pack["allowlist"]] if "allowlist" in pack else ()),
    ]
    return (
        [_rule(each) for each in pack["rules"] if "regex" in each],
        [_allow(each) for each in everywhere],
    )


def shannon(text: str) -> float:
    """Bits a character."""
    counts = Counter(text).values()
    return -sum(each / len(text) * math.log2(each / len(text)) for each in counts)


class Referee:
    """Says which rules find something in a text, as gitleaks would for a nameless file."""

    def __init__(self, path: Path = PACK) -> None:
        table, self._everywhere = rules(path)
        self.rules = {rule.id: rule for rule in table}

    def found(self, text: str) -> set[str]:
        """The ids of all rules that find something."""
        return {name for name in self.rules if self.finds(name, text)}

    def finds(self, name: str, text: str) -> bool:
        """Whether this rule does."""
        rule = self.rules[name]
        lower = text.lower()
        if rule.keywords and not any(each in lower for each in rule.keywords):
            return False
        return any(
            self._counts(rule, text, found.start(), found.group().strip("\n"))
            for found in rule.regex.finditer(text)
        )

    def _counts(self, rule: Rule, text: str, start: int, match: str) -> bool:
        secret = match
        again = rule.regex.search(match)
        if again is not None and again.groups():
            groups = again.groups()
            if rule.group:
                secret = groups[rule.group - 1] or ""
            else:
                secret = next((each for each in groups if each), match)
        if not secret or (rule.entropy and shannon(secret) <= rule.entropy):
            return False
        end = text.find("\n", start + len(match))
        line = text[text.rfind("\n", 0, start) + 1 : len(text) if end < 0 else end]
        target = {"secret": secret, "match": match, "line": line}
        return not any(
            any(each.search(target[allow.target]) for each in allow.regexes)
            or any(each in secret.lower() for each in allow.stopwords)
            for allow in (*self._everywhere, *rule.allows)
            if not allow.never
        )


def _written(rule: Rule, tree: regex.Node, source: random.Random) -> str:
    """The secret as people write secrets down."""
    inner = regex.group(tree, rule.group or 1)
    secret = regex.sample(inner or tree, source)
    word = source.choice(rule.keywords or (rule.id.partition("-")[0],)).strip("_.-:/ ")
    form = source.choice(WRITTEN)
    return form.format(word=word, upper=word.upper(), secret=secret)


def positive(rule: Rule, tree: regex.Node, referee: Referee, source: random.Random) -> str | None:
    """A text in which the rule must find something, or None if none was drawn."""
    for attempt in range(TRIES):
        # The first tries are as people write, if the regex lets them; then literally the regex.
        natural = attempt < 20 and attempt % 2 == 0
        text = _written(rule, tree, source) if natural else regex.sample(tree, source)
        text = source.choice(AROUND).replace("{}", text)
        if referee.finds(rule.id, text):
            return text
    return None


def positives(
    split: Split, each: int, path: Path = PACK, *, seed: int | None = None
) -> tuple[list[Case], list[str]]:
    """``each`` positives for every rule without a path; and the rules that got none."""
    referee = Referee(path)
    cases, without = [], []
    for rule in referee.rules.values():
        if rule.path:
            continue
        tree = regex.parse(rule.source)
        source = rng(split, "pack", rule.id, seed=seed)
        texts = [positive(rule, tree, referee, source) for _ in range(each)]
        if None in texts:
            without.append(rule.id)
        cases += [single(rule.id, text, rule.id, secret=text) for text in texts if text]
    return cases, without
