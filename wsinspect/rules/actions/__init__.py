"""What is done about a finding: replacement forms, which rule wins, thresholds, throttling.

Stands alone: knows no rule file, no engine, no view, no clock.
"""

from wsinspect.rules.actions.decide import (
    STRICTNESS,
    Decision,
    Wish,
    decide,
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
    "Fingerprints",
    "KeyMissing",
    "Throttle",
    "Windows",
    "Wish",
    "decide",
    "hashed",
    "mask",
    "masked_form",
    "merge_spans",
    "redact",
    "resolve_key",
    "token",
]
