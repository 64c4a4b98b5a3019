"""What codes, opcodes, flags, findings and diagnoses mean, with their source. Pure tables.

`of(kind, word)` is the one way in: kinds are those of `KINDS`. Knows no Rich and no Textual.
"""

from collections.abc import Callable

from wsinspect.tui.explain import (
    alerts,
    close_codes,
    diagnoses,
    endings,
    extensions,
    findings,
    framing,
    violations,
)
from wsinspect.tui.explain.explanation import Explanation

__all__ = ["KINDS", "Explanation", "of"]


def _number(explain: Callable[[int], Explanation], low: int, high: int) -> "_Explain":
    def explained(word: str) -> Explanation | None:
        return explain(int(word)) if word.isdecimal() and low <= int(word) <= high else None

    return explained


type _Explain = Callable[[str], Explanation | None]

_TABLES: dict[str, _Explain] = {
    "close": _number(close_codes.close_code, 0, 65_535),
    "opcode": _number(framing.opcode, 0, 15),
    "flag": framing.flag,
    "extension": extensions.extension,
    "parameter": extensions.parameter,
    "finding": findings.finding,
    "violation": violations.violation,
    "cause": endings.cause,
    "initiator": endings.initiator,
    "end": endings.own,
    "state": endings.state,
    "diagnosis": diagnoses.diagnosis,
    "severity": alerts.severity,
    "disposition": alerts.disposition,
}
KINDS = tuple(_TABLES)


def of(kind: str, word: str | int) -> Explanation | None:
    """The explanation of one word, such as `of("close", 1006)`; None where there is none."""
    table = _TABLES.get(kind)
    return None if table is None else table(str(word))
