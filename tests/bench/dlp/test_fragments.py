"""Alerts find their case again; the real proxy sees what is cut over fragments."""

from __future__ import annotations

import json
import random
from pathlib import Path

from bench.dlp.cases import single
from bench.dlp.fragments import FORMS, alerts, fragment_cases, through_the_proxy
from bench.dlp.scan import Finding
from bench.dlp.suites import detector_rules


def event(kind: str, flow: int, **fields: object) -> str:
    return json.dumps({"event_type": kind, "flow_id": flow, **fields})


def test_alerts_are_sorted_by_the_target_of_their_connection(tmp_path: Path) -> None:
    hit = {"detector": "d", "path": "$", "start": 1, "end": 2, "length": 1}
    log = tmp_path / "log.jsonl"
    log.write_text(
        "\n".join(
            [
                event("ws_open", 7, open={"uri": "/1"}),
                event("ws_open", 8, open={"uri": "http://h/0"}),
                event("alert", 8, alert={"rule": "r", "hits": [hit]}),
                event("alert", 7, alert={"rule": "s", "hits": [hit, hit]}),
                event("ws_close", 7, close={}),
            ]
        )
    )
    assert alerts(log) == {
        0: [Finding("r", "d", "$", 1, 2)],
        1: [Finding("s", "d", "$", 1, 2)] * 2,
    }


def test_the_proxy_sees_what_no_fragment_shows() -> None:
    cards = [single("", "4111111111111111", "credit-card", secret="4111111111111111")]
    cases = [*fragment_cases(cards), single("fragments", "", "", secret="nothing to see")]
    rules = detector_rules(["credit-card"]).replace("do: log", "do: alert")
    found = through_the_proxy(rules, cases, random.Random(1))
    assert [[each.detectors for each in own] for own in found] == [
        *([{"credit-card"}] for _ in FORMS),
        [set()],
    ]
