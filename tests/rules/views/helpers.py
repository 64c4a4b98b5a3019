"""One secret, expanded and found again, in one call."""

from __future__ import annotations

from collections.abc import Collection

from wsinspect.rules.views import DECODE_NAMES, Expansion, View, expand, rebuild
from wsinspect.rules.views.signs import signs

SECRET = b"AKIALALEMEL33243OLIB"


def expanded(
    payload: bytes | str,
    *,
    text: bool | None = None,
    decode: Collection[str] = DECODE_NAMES,
    all_leaves: bool = False,
) -> Expansion:
    """``text`` None: it is if it was given as one."""
    text = isinstance(payload, str) if text is None else text
    data = payload.encode() if isinstance(payload, str) else payload
    expansion = expand(
        data, text=text, decode=frozenset(decode), signs=signs, all_leaves=all_leaves
    )
    assert expansion.root.data is data
    assert rebuild(expansion, {}) == data
    return expansion


def places(expansion: Expansion, wanted: bytes = SECRET) -> list[tuple[View, int, int]]:
    """Where the secret is, each place named as exactly as can be."""
    out: list[tuple[View, int, int]] = []
    for view in expansion.views:
        at = view.data.find(wanted)
        while at >= 0:
            span = (view, at, at + len(wanted))
            out.append(expansion.leaf_at(*span) or span)
            at = view.data.find(wanted, at + 1)
    return out


def paths(expansion: Expansion, wanted: bytes = SECRET) -> set[str]:
    """The paths at which the secret is."""
    return {view.path for view, _, _ in places(expansion, wanted)}


def redacted(expansion: Expansion, new: bytes = b"[gone]", wanted: bytes = SECRET) -> bytes | None:
    """The message with the secret replaced wherever it is."""
    edits: dict[View, list[tuple[int, int, bytes]]] = {}
    for view, start, end in places(expansion, wanted):
        edits.setdefault(view, []).append((start, end, new))
    return rebuild(expansion, edits)
