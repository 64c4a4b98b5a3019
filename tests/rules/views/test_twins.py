"""The same encoded value in several places: it is looked at once, and changed in all of them."""

from __future__ import annotations

import base64
import json

import pytest

from wsinspect.rules.views import DECODE_NAMES, expand, rebuild
from wsinspect.rules.views.signs import signs

CARD = "4111 1111 1111 1111"
INNER = base64.b64encode(CARD.encode()).decode()
DOCUMENT = base64.b64encode(json.dumps({"a": {"b": CARD}}).encode()).decode()
URL = CARD.replace(" ", "%20")


@pytest.mark.parametrize(
    "message",
    [
        f"{INNER} {INNER}",
        json.dumps({"a": INNER, "b": [INNER, f"and {INNER}"]}),
        json.dumps({"a": DOCUMENT, "b": DOCUMENT}),
        json.dumps({"a": json.dumps({"c": INNER}), "b": INNER}),
        json.dumps({"a": f"card={URL}", "b": f"card={URL}"}),
        json.dumps({"a": INNER, "b": base64.b64encode(INNER.encode()).decode()}),
    ],
)
def test_all_places_change(message: str) -> None:
    expansion = expand(message.encode(), text=True, decode=DECODE_NAMES, signs=signs)
    edits = {
        view: [(at, at + len(CARD), b"*")]
        for view in expansion.views
        if (at := view.data.find(CARD.encode())) >= 0
    }
    assert edits
    changed = rebuild(expansion, edits)
    assert changed is not None
    again = expand(changed, text=True, decode=DECODE_NAMES, signs=signs)
    assert not any(CARD.encode() in view.data for view in again.views)
    if message.startswith("{"):
        json.loads(changed)
