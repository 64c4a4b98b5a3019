"""The finding that inspection itself failed.

Owns: its rule, which no file has. Must not know: what is done about it.
"""

from __future__ import annotations

import dataclasses

from wsinspect.rules.finding import BOMB, Finding

__all__ = ["FAILURE", "failure", "limit"]

FAILURE = dataclasses.replace(
    BOMB, id="wsinspect-error", say="A message could not be inspected", severity="critical"
)


def failure(what: str, *, blocked: bool) -> Finding:
    """``what``: the kind of error, never its text, which may quote the message."""
    disposition = "blocked" if blocked else "logged"
    return Finding(FAILURE, what, "$", 0, 0, 0, 0, True, 0, "", "", disposition)  # type: ignore[arg-type]


def limit(what: str, *, blocked: bool) -> Finding:
    """A message went beyond a limit before anything of it could be looked at."""
    return dataclasses.replace(failure(what, blocked=blocked), rule=BOMB)
