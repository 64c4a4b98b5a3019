"""Very many finds in one message: all are counted and changed, only the first told in detail."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rules.guarding import CARD, ruleset
from wsinspect.rules.alerts import MOST_HITS, alerts_of
from wsinspect.rules.finding import Sighting
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.sighting import without_given_way

FACTS = ConnectionFacts("a.example", "/", "", "", "203.0.113.9", "", lambda _: False)
COUNT = 300


def test_all_are_redacted_and_counted(tmp_path: Path) -> None:
    inspector = Inspector(ruleset(tmp_path, "find: {detector: credit-card}, do: redact"))
    scope = inspector.scope(FACTS, "to_server")
    payload = " and ".join([CARD] * COUNT).encode()
    inspection = inspector.inspect(scope, payload, "text", 1)
    assert inspection.output == " and ".join(["[redacted]"] * COUNT).encode()
    assert len(inspection.findings) == COUNT
    step = len(CARD) + len(" and ")
    assert [one.start for one in inspection.findings] == [step * i for i in range(COUNT)]
    assert {one.path for one in inspection.findings} == {"$"}
    assert all(one.masked and one.fingerprint for one in inspection.findings[:MOST_HITS])
    assert not any(one.masked or one.fingerprint for one in inspection.findings[MOST_HITS:])
    (alert,) = alerts_of(inspection.findings, "to_server", "text")
    assert alert.hits_total == COUNT
    assert len(alert.hits) == MOST_HITS
    assert all(hit.masked and hit.fingerprint for hit in alert.hits)


def test_a_threshold_counts_all(tmp_path: Path) -> None:
    rule = "find: {detector: credit-card}, threshold: {count: %d, per: connection, seconds: 60}"
    for count, fires in ((COUNT, True), (COUNT + 1, False)):
        inspector = Inspector(ruleset(tmp_path, f"{rule % count}, do: log"))
        scope = inspector.scope(FACTS, "to_server")
        inspection = inspector.inspect(scope, f"{CARD} and ".encode() * COUNT, "text", 1)
        assert bool(inspection.findings) is fires


@pytest.mark.parametrize("seed", range(20))
def test_what_another_find_holds_gives_way(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    (rule,) = ruleset(tmp_path, "find: {detector: credit-card}, do: log").rules
    general = "general"
    one = replace(rule, gives_way=frozenset({general}))
    sightings = []
    for _ in range(30):
        start = source.randrange(60)
        name = source.choice((general, "other"))
        end = start + source.randrange(1, 20)
        sightings.append(Sighting(one, name, None, start, end, b""))
    specific = [found for found in sightings if found.detector == "other"]
    assert without_given_way(sightings) == [
        found
        for found in sightings
        if found.detector == "other"
        or not any(it.start <= found.start and found.end <= it.end for it in specific)
    ]
