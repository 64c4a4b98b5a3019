"""A report reads any log: broken, cut, appended to, of others."""

from __future__ import annotations

import json

from tests.diagnose.scenes import Scene, crash, idle_cut
from wsinspect.diagnose.facts import Ended
from wsinspect.diagnose.findings import Findings
from wsinspect.diagnose.report import read_log
from wsinspect.model.diagnosis import Diagnosis


def test_the_objects_shape_is_the_contracts() -> None:
    scene = Scene(1)
    idle_cut(scene, 60, count=4)
    scene.handshake(10.0, 503)
    document = json.loads(json.dumps(scene.report().as_json()))
    assert set(document) == {
        "connections",
        "failed_handshakes",
        "frames",
        "ends",
        "diagnoses",
        "meters",
    }
    assert (document["connections"], document["failed_handshakes"]) == (4, 1)
    assert sum(end["count"] for end in document["ends"]) == 4
    assert set(document["ends"][0]) == {"cause", "code_observed", "initiator", "count"}
    (found,) = document["diagnoses"]
    assert set(found) >= {
        "kind", "confidence", "host", "count", "evidence", "candidates", "say", "flow_ids",
    }  # fmt: skip
    assert set(found["candidates"][0]) == {"hop", "limit_s", "source"}
    assert all(isinstance(value, int | float) for value in found["evidence"].values())
    (meter,) = document["meters"]
    assert set(meter) == {"host", "connections", "connection_s", "to_server", "to_client"}


def test_broken_lines_are_counted_and_the_rest_is_read() -> None:
    scene = Scene(2)
    idle_cut(scene, 60, count=4)
    lines = list(scene.lines())
    broken = [
        b"{\n",
        b"no json\n",
        b"\xff\xfe\n",
        lines[0][:40] + b"\n",
        b'{"event_type":"ws_open"}\n',
    ]
    report = read_log([*broken, b"\n", b'{"event_type":"of_a_later_version"}\n', *lines])
    assert report.broken_lines == len(broken)
    assert report.as_json()["broken_lines"] == len(broken)
    assert [one.kind for one in report.diagnoses] == ["idle-cut"]


def test_a_log_that_begins_too_late() -> None:
    scene = Scene(3)
    scene.connection(0.0, 50.0, 1.0, code=1000)
    report = read_log(line for line in scene.lines() if b"ws_open" not in line)
    assert report.connections == 1
    assert sum(report.ends.values()) == 1


def test_two_runs_in_one_file_have_the_same_flow_ids() -> None:
    first, second = Scene(4), Scene(4)
    first.handshake(0.0)  # its proxy was killed
    second.connection(100.0, 10.0, 1.0, code=1000)
    report = read_log([*first.lines(), *second.lines()])
    assert (report.connections, report.never_ended, report.still_open) == (2, 1, 0)


def test_connections_that_are_still_open_count() -> None:
    scene = Scene(5)
    flow_id = scene.handshake(0.0)
    scene.frame(5.0, flow_id, "text", "to_server")
    scene.connection(0.0, 60.0, 1.0, code=1000)
    report = scene.report()
    assert report.still_open == 1
    (meter,) = report.meters
    assert meter["connections"] == 2
    assert 119 < meter["connection_s"] < 121


def told(kind: str, id_: str) -> bytes:
    diagnosis = {
        "kind": kind, "confidence": "low", "host": "chat.example", "count": 12,
        "evidence": {"skew_ms": 3.5}, "candidates": [], "say": "so", "flow_ids": [1], "id": id_,
    }  # fmt: skip
    line = {"timestamp": "2026-11-22T13:00:00.000000Z", "event_type": "ws_diagnosis", "host": "box"}
    return json.dumps(line | {"diagnosis": diagnosis}).encode() + b"\n"


def test_what_the_log_cannot_show_is_passed_on_once_and_the_rest_is_found_anew() -> None:
    scene = Scene(6)
    idle_cut(scene, 60, count=4)
    (found,) = scene.report().diagnoses
    lines = [*scene.lines(), told("fan-out", "fan-out:chat.example"), told(found.kind, found.id)]
    report = read_log([*lines, told("fan-out", "fan-out:chat.example")])
    assert sorted((one.kind, one.count) for one in report.diagnoses) == [
        ("fan-out", 12),
        ("idle-cut", 4),
    ]


def test_meters_sum_to_the_same_however_they_are_cut() -> None:
    scene = Scene(7)
    crash(scene, 30)
    rows: list[Ended] = []
    by_host = scene.report().meters
    by_client = scene.report(meter_by="client").meters
    scene.report(each=rows.append)
    assert len(rows) == 30
    for direction in ("to_server", "to_client"):
        total = sum(getattr(row, direction).wire_bytes for row in rows)
        assert sum(meter[direction]["wire_bytes"] for meter in by_host) == total
        assert sum(meter[direction]["wire_bytes"] for meter in by_client) == total


def a_diagnosis(count: int, confidence: str = "medium") -> Diagnosis:
    return Diagnosis(
        "crash", confidence, "h", count, {}, [], "", "", [], "crash:h", "", ""  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_burst_is_told_once_and_again_when_it_has_doubled() -> None:
    findings, second = Findings(), 1_000_000
    findings.put(a_diagnosis(5), 0)
    assert findings.due(second) == []
    findings.put(a_diagnosis(9), second)
    assert [one.count for one in findings.due(2 * second)] == [9]
    findings.put(a_diagnosis(12), 3 * second)
    assert findings.due(60 * second) == []
    findings.put(a_diagnosis(18), 61 * second)
    assert [one.count for one in findings.due(62 * second)] == [18]
    findings.put(a_diagnosis(19), 63 * second)
    assert [one.count for one in findings.rest()] == [19]
    assert findings.rest() == []


def test_what_was_sure_stays_sure() -> None:
    findings = Findings()
    findings.put(a_diagnosis(5, "high"), 0)
    findings.put(a_diagnosis(6, "low"), 1)
    assert [(one.count, one.confidence) for one in findings.all()] == [(6, "high")]
