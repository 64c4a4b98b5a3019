"""Words of a handshake or a close reason, with what is secret in them masked.

Owns: which rules look at them (all that find something, whatever direction and opcode they are
for), and what is told of it. Must not know: how lines are written.
"""

from __future__ import annotations

from wsinspect.rules.failing import failure
from wsinspect.rules.finding import Finding, Inspection
from wsinspect.rules.inspector import HANDSHAKE, Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.plan import Scope

__all__ = ["WITHHELD", "conceal", "handshake_findings"]

WITHHELD = "(withheld)"
_LONGEST = 16 * 1024  # characters


class HandshakeTooLong(Exception):
    """A part of the handshake that is not looked at."""


def _looked(inspector: Inspector, text: str, facts: ConnectionFacts) -> Inspection:
    rules = [one for one in inspector.ruleset.rules if one.rule.find is not None]
    scope = Scope(inspector.plan(rules), facts, "to_server", "")
    payload = text.encode(errors="replace")
    inspection, locator = inspector.look(scope, payload, HANDSHAKE, (), len(payload))
    inspector.note(inspection, locator)
    return inspection


def conceal(inspector: Inspector, text: str) -> str:
    """The text, masked where any rule sees something. Never raises."""
    if not text:
        return text
    if len(text) > _LONGEST:
        return WITHHELD
    try:
        inspection = _looked(inspector, text, ConnectionFacts())
        shown = inspector.masked(inspection)
    except Exception:  # noqa: BLE001 - not to be shown is the safe side
        return WITHHELD
    return WITHHELD if shown is None else shown.decode(errors="replace")


def handshake_findings(
    inspector: Inspector, parts: dict[str, str], facts: ConnectionFacts
) -> list[Finding]:
    """What is in these parts (by name), each finding once; paths begin with the part's name.

    Never raises: that a part could not be looked at is a finding, and it is not shown.
    """
    findings: list[Finding] = []
    for name, text in parts.items():
        if not text:
            continue
        try:
            if len(text) > _LONGEST:
                raise HandshakeTooLong
            found = _looked(inspector, text, facts).findings
        except Exception as error:  # noqa: BLE001 - the handshake is over, it cannot be stopped
            found = [failure(type(error).__name__, blocked=False)]
        for finding in found:
            finding.path = f"{name}" if finding.path == "$" else f"{name}>{finding.path}"
            findings.append(finding)
    return findings
