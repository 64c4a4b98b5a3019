"""What is done about a finding: replacement forms, which rule wins, thresholds, throttling.

Stands alone: knows no rule file, no engine, no view, no clock.
"""

from wsinspect.rules.actions.decide import (
    STRICTNESS,
    Decision,
    Edit,
    Wish,
    decide,
    merge_edits,
    merge_spans,
)
from wsinspect.rules.actions.forms import (
    Fingerprints,
    KeyMissing,
    hashed,
    mask,
    masked_form,
    redact,
    resolve_key,
    token,
)
from wsinspect.rules.actions.throttle import Throttle
from wsinspect.rules.actions.windows import Windows

__all__ = [
    "STRICTNESS",
    "Decision",
    "Edit",
    "Fingerprints",
    "KeyMissing",
    "Throttle",
    "Windows",
    "Wish",
    "decide",
    "hashed",
    "mask",
    "masked_form",
    "merge_edits",
    "merge_spans",
    "redact",
    "resolve_key",
    "token",
]
