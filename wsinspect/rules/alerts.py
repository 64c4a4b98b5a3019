"""Findings as the log\'s alerts: one for each rule that fired on a message.

Owns: the mapping to ``model/events.py``. Must not know: where alerts go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import UNSET

from wsinspect.model.events import Alert, Hit
from wsinspect.rules.finding import Finding

__all__ = ["MOST_HITS", "alerts_of"]

MOST_HITS: Final = 100  # of one alert; ``hits_total`` counts on


def alerts_of(
    findings: Sequence[Finding],
    direction: Literal["to_server", "to_client"] | None,
    opcode: str | None,
    seq: int = -1,
) -> Iterator[Alert]:
    """In order of the rules' first findings. No ``direction``: of the opening handshake.

    ``seq``: the number of the message's first frame; -1: it is of none, or not known.
    """
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule.id, []).append(finding)
    for own in by_rule.values():
        rule, disposition = own[0].rule, own[0].disposition
        yield Alert(
            signature=rule.say,
            rule=rule.id,
            severity=rule.severity,
            action="blocked" if disposition in ("blocked", "closed") else "allowed",
            disposition=disposition,
            hits=[_hit(finding) for finding in own[:MOST_HITS]],
            hits_total=len(own),
            direction=UNSET if direction is None else direction,
            opcode=UNSET if opcode is None else opcode,
            seq=UNSET if seq < 0 else seq,
        )


def _hit(finding: Finding) -> Hit:
    text = finding.view_text
    return Hit(
        detector=finding.detector,
        path=finding.path,
        start=finding.start_char if text else finding.start,
        end=finding.end_char if text else finding.end,
        length=finding.length,
        masked=finding.masked,
        fingerprint=finding.fingerprint,
    )
