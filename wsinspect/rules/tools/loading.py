"""Loading rule files for a tool: every problem is a line for the user.

Owns: what goes to stderr when files are broken or have oddities. Must not know: what the tool does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TextIO

from wsinspect.rules.language.problems import RuleFileError
from wsinspect.rules.ruleset import RuleSet, load_rules

__all__ = ["BROKEN", "FAILED", "GOOD", "Loader", "load"]

GOOD: Final = 0
FAILED: Final = 1  # a negative verdict
BROKEN: Final = 2  # a file or a use of it that is wrong

Loader = Callable[[Sequence[Path]], RuleSet]


def load(paths: Sequence[Path], err: TextIO, loader: Loader = load_rules) -> RuleSet | None:
    """None if the files are broken: all their problems have then been written, a line each."""
    try:
        ruleset = loader(paths)
    except RuleFileError as error:
        err.writelines(f"{problem}\n" for problem in error.problems)
        return None
    except OSError as error:
        err.write(f"{error.filename}: {error.strerror}\n")
        return None
    err.writelines(f"warning: {warning}\n" for warning in ruleset.warnings)
    return ruleset
