"""``wsinspect rules check``: are these files rules?

Owns: its words and exit code. Broken files: a line for each problem on stderr, exit 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from wsinspect.rules.ruleset import load_rules
from wsinspect.rules.tools.loading import BROKEN, GOOD, Loader, load
from wsinspect.rules.tools.show import count

__all__ = ["run_check"]


def run_check(
    paths: Sequence[Path], out: TextIO, err: TextIO, *, loader: Loader = load_rules
) -> int:
    """0 good, 2 broken. The tests in the files are compiled, not run: that is ``rules test``."""
    ruleset = load(paths, err, loader)
    if ruleset is None:
        return BROKEN
    rules = [compiled.rule for compiled in ruleset.rules]
    shadows = sum(rule.mode == "shadow" for rule in rules)
    words = [count(len(rules), "rule")]
    if shadows:
        words.append(f"{shadows} in shadow mode")
    words.append(count(len(ruleset.table), "pattern"))
    words.append(count(sum(len(rule.tests) for rule in rules), "test"))
    names = " ".join(map(str, paths))
    out.write(f"{names}: good: {', '.join(words)}\n")
    untested = [rule.id for rule in rules if not rule.tests]
    if untested:
        out.write(f"without a test: {' '.join(untested)}\n")
    return GOOD
