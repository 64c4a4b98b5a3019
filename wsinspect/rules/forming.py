"""The new payload: what was found gives way to its mask, hash, token or replacement.

Owns: which form each span gets, and overlapping spans. Must not know: how a view is written anew
(``views/rebuild.py``).
"""

from __future__ import annotations

from collections.abc import Collection

from wsinspect.rules.actions.decide import merge_spans
from wsinspect.rules.actions.forms import hashed, mask, redact, token
from wsinspect.rules.finding import Inspection, Sighting
from wsinspect.rules.language.ast import Act
from wsinspect.rules.ruleset import CHANGING, CompiledRule
from wsinspect.rules.views.rebuild import rebuild
from wsinspect.rules.views.view import View

__all__ = ["change", "form", "mask_all"]

_SHOWN_ONLY = 1 << 30  # behind all rules: found, but not to be changed on the wire

type Spans = dict[View, list[tuple[int, int, int]]]


def change(inspection: Inspection, orders: Collection[int], key: bytes) -> bytes | None:
    """The payload as the changing rules among ``orders`` want it. None: it cannot be written."""
    spans: Spans = {}
    acts: dict[int, tuple[CompiledRule, Act]] = {}
    for sighting in inspection.sightings:
        one = sighting.rule
        act = _changing(one)
        if act is None or one.order not in orders:
            continue
        if sighting.view is None:
            return None
        acts[one.order] = (one, act)
        spans.setdefault(sighting.view, []).append((sighting.start, sighting.end, one.order))
    return _written(inspection, spans, acts, key)


def mask_all(inspection: Inspection, key: bytes) -> bytes | None:
    """The payload with everything masked that any rule saw, changed where it is changed."""
    if inspection.expansion is None:
        return None
    if inspection.unreadable:
        return None  # there may be more than was seen
    spans: Spans = {}
    acts: dict[int, tuple[CompiledRule, Act]] = {}
    for sighting in inspection.sightings:
        if not _is_secret(sighting):
            continue
        if sighting.view is None:
            return None
        order = _SHOWN_ONLY
        act = _changing(sighting.rule)
        if act is not None and inspection.action == "redact":
            order = sighting.rule.order
            acts[order] = (sighting.rule, act)
        spans.setdefault(sighting.view, []).append((sighting.start, sighting.end, order))
    return _written(inspection, spans, acts, key)


def _is_secret(sighting: Sighting) -> bool:
    return sighting.rule.rule.find is not None


def _changing(one: CompiledRule) -> Act | None:
    if not one.enforced:
        return None
    return next((act for act in one.rule.acts if act.kind in CHANGING), None)


def _written(
    inspection: Inspection,
    spans: Spans,
    acts: dict[int, tuple[CompiledRule, Act]],
    key: bytes,
) -> bytes | None:
    assert inspection.expansion is not None
    edits: dict[View, list[tuple[int, int, bytes]]] = {}
    for view, own in spans.items():
        edits[view] = [
            (start, end, _formed(view.data[start:end], acts.get(order), key))
            for start, end, order in merge_spans(own)
        ]
    return rebuild(inspection.expansion, edits)


def _formed(value: bytes, by: tuple[CompiledRule, Act] | None, key: bytes) -> bytes:
    if by is None:
        return mask(value.decode(errors="replace")).encode()
    one, act = by
    return form(value, act, one.keys.get(act.key, key) if act.key else key)


def form(value: bytes, act: Act, key: bytes) -> bytes:
    """What stands for a value."""
    if act.kind == "hash":
        return hashed(value, key).encode()
    if act.kind == "tokenize":
        return token(value, key).encode()
    text = value.decode(errors="replace")
    if act.kind == "mask":
        return mask(text, act.keep_first, act.keep_last).encode()
    return redact(text, act.replacement).encode()
