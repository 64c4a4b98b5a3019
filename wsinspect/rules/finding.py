"""What inspecting one message came to.

Owns the shapes: a finding says where and what kind, never what; an inspection is the verdict with
all that is needed to carry it out and to show the message masked. Must not know: how it is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from wsinspect.model.events import Disposition
from wsinspect.rules.language.ast import Place, Rule, When
from wsinspect.rules.ruleset import CompiledRule
from wsinspect.rules.views.expansion import Expansion
from wsinspect.rules.views.view import View

__all__ = ["BOMB", "Finding", "Inspection", "Sighting"]

# Of the finding that a message could not be looked at to its end.
BOMB = Rule(
    id="wsinspect-limit",
    say="A message could not be looked at to its end",
    severity="high",
    when=When(),
    find=None,
    acts=(),
    threshold=None,
    mode="enforce",
    decode=frozenset(),
    streams=False,
    on_error=None,
    tests=(),
    place=Place("", 0),
)


class Sighting(NamedTuple):
    """A rule saw something in a view, before anything is decided. ``secret`` is never shown.

    ``view`` is None where it is only a part of what was found, in a stream of messages, and that
    part cannot be written anew. ``path`` is given for streams. ``told``: it goes on a secret that
    was a finding before.
    """

    rule: CompiledRule
    detector: str
    view: View | None
    start: int
    end: int
    secret: bytes
    path: str | None = None
    told: bool = False

    def __repr__(self) -> str:
        return f"Sighting({self.rule.rule.id}, {self.detector}, {self.start}, {self.end})"


@dataclass(slots=True, eq=False)
class Finding:
    """``start`` and ``end`` are bytes in the view that ``path`` names, ``start_char`` and
    ``end_char`` characters where that is text. ``masked`` and ``fingerprint`` are empty behind the
    first hundred of a rule in a message.
    """

    rule: Rule
    detector: str
    path: str
    start: int
    end: int
    start_char: int
    end_char: int
    view_text: bool
    length: int
    masked: str
    fingerprint: str
    disposition: Disposition = "logged"


@dataclass(slots=True, eq=False)
class Inspection:
    """The verdict on one message.

    ``output`` is the new payload of a redacted one. ``throttle``: messages a second.
    ``unreadable``: a limit was hit and some of it was not looked at. ``block_on_error``: what the
    rules themselves say to that; None: they do not.
    """

    action: Literal["pass", "redact", "block", "close"] = "pass"
    output: bytes | None = field(default=None, repr=False)
    code: int = 0
    reason: str = ""
    findings: list[Finding] = field(default_factory=list)
    throttle: float | None = None
    unreadable: str | None = None
    block_on_error: bool | None = None
    expansion: Expansion | None = field(default=None, repr=False)
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def rules(self) -> list[str]:
        """The ids of the rules that fired, each once, in order."""
        return list(dict.fromkeys(finding.rule.id for finding in self.findings))
