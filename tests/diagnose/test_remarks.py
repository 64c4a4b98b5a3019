"""What a report remarks on: fragments, messages without an answer, what did not go on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnose.scenes import Scene
from wsinspect.diagnose.report import Report


def remark(report: Report, what: str) -> Any:
    (found,) = [one for one in report.remarks if one.what == what]
    return found


def fragmented(scene: Scene, lengths: list[int], *, logged: bool, direction: str) -> None:
    """One message of such frames in a connection."""
    framing = None
    if not logged:
        framing = {direction: {
            "message_max_len": sum(lengths), "frame_max_len": max(lengths), "fragmented": 1,
            "fragments": len(lengths) - 1, "fragment_len": lengths[0],
            "fragments_alike": lengths[:-1].count(lengths[0]),
        }}  # fmt: skip
    flow_id = scene.connection(0.0, 50.0, 1.0, code=1000, initiator="client", framing=framing)
    if logged:
        for number, length in enumerate(lengths):
            scene.frame(
                1.0 + number, flow_id, "continuation" if number else "binary", direction, length,
                fin=number == len(lengths) - 1, seq=number,
            )  # fmt: skip


@pytest.mark.parametrize("logged", [False, True])
@pytest.mark.parametrize("direction", ["to_server", "to_client"])
def test_a_buffers_size_shows_in_the_fragments(direction: str, *, logged: bool) -> None:
    scene = Scene(1)
    for rest in (5, 700, 9000):
        fragmented(scene, [16_384] * 4 + [rest], logged=logged, direction=direction)
    found = remark(scene.report(), "fragments")
    assert (found.host, found.count) == ("chat.example", 3)
    assert found.evidence == {
        "messages": 3, "fragments": 12, "fragment_len": 16_384, "frame_max_len": 16_384,
    }  # fmt: skip
    assert "in fragments of 16,384 bytes, as did every longer one" in found.say
    assert f"to the {direction[3:]}" in found.say


def test_not_every_longer_one_where_one_came_whole() -> None:
    scene = Scene(1)
    fragmented(scene, [16_384] * 4 + [5], logged=False, direction="to_server")
    scene.sizes(0.0, [50_000], logged=False)
    assert "every longer one" not in remark(scene.report(), "fragments").say


def test_fragments_of_all_sizes_are_no_buffers() -> None:
    scene = Scene(1)
    for number in range(5):
        fragmented(scene, [100 + 7 * number, 5], logged=False, direction="to_server")
        fragmented(scene, [16_384, 5], logged=False, direction="to_server")
    assert "of many sizes" in remark(scene.report(), "fragments").say


def sent(scene: Scene, up: int, down: int, **more: Any) -> dict[str, Any]:
    """A connection with so many messages each way. Returns its ``close``."""
    scene.connection(0.0, 50.0, 1.0, **more)
    close: dict[str, Any] = scene.events[-1][2]["close"]
    for direction, count in (("to_server", up), ("to_client", down)):
        close[direction] = close[direction] | {"messages": count, "frames": count}
    return close


def test_a_server_that_never_sends_is_said_once() -> None:
    scene = Scene(2)
    for number in range(4):
        sent(scene, 30 + number, 0, code=1000)["keepalive"] = {"last_to_server": True}
    report = scene.report()
    (found,) = report.remarks
    assert (found.what, found.count, found.evidence) == ("never-answered", 4, {"messages": 126})
    assert report.diagnoses == []


def test_one_answer_is_enough_and_who_sends_nothing_waits_for_none() -> None:
    scene = Scene(2)
    sent(scene, 30, 0, code=1000)
    sent(scene, 30, 1, code=1000)
    sent(scene, 0, 0, code=1000, host="quiet.example")
    assert scene.report().remarks == []


def test_ends_before_an_answer_and_those_without_a_close_frame() -> None:
    scene = Scene(3)
    for number in range(6):
        more = {"code": 1000} if number else {}  # one is cut off
        close = sent(scene, 5, 5, **more)
        close["keepalive"] = {"last_to_server": number < 3}
    found = remark(scene.report(), "unanswered")
    assert (found.count, found.evidence) == (3, {"without_close": 1})
    assert "3 of 6 connections" in found.say


def stopped(report: Report) -> tuple[int, int, int]:
    return report.stopped.by_rule, report.stopped.by_script, report.stopped.lost


def alert(scene: Scene, at_s: float, flow_id: int, seq: int, disposition: str = "blocked") -> None:
    scene.add(
        at_s, "alert", flow_id,
        alert={"rule": "cards", "disposition": disposition, "action": "blocked",
               "direction": "to_server", "opcode": "text", "seq": seq},
    )  # fmt: skip


@pytest.mark.parametrize("level", ["connections", "messages", "frames", "all"])
def test_what_did_not_go_on_by_why(level: str) -> None:
    """Two blocked (by three rules), one dropped by a script, the last lost at the end."""
    scene = Scene(4)
    flow_id = scene.connection(0.0, 60.0, 0.5, code=1000)
    fates = ["blocked", "on", "dropped", "on", "blocked", "on", "lost"]
    for seq, fate in enumerate(fates):
        at_s = 10.0 + seq
        if fate == "blocked":
            alert(scene, at_s, flow_id, seq)
            if seq:
                alert(scene, at_s, flow_id, seq, "logged")
        if level in ("frames", "all"):
            scene.frame(at_s, flow_id, "text", "to_server", forwarded=fate == "on", seq=seq)
        if level in ("messages", "all"):
            action = {"on": "pass", "lost": "close"}.get(fate, "drop")
            scene.add(at_s, "ws_message", flow_id, message={"action": action})
    expected = {"connections": (2, 0, 0)}.get(level, (2, 1, 1))
    assert stopped(scene.report()) == expected


@pytest.mark.parametrize("level", ["connections", "messages", "frames"])
def test_a_message_that_ended_its_connection_was_stopped_by_the_rule(level: str) -> None:
    scene = Scene(4)
    flow_id = scene.connection(0.0, 60.0, 0.5, cause="policy", initiator="proxy")
    alert(scene, 10.0, flow_id, 3, "logged")
    alert(scene, 10.0, flow_id, 3, "closed")
    if level == "frames":
        scene.frame(10.0, flow_id, "text", "to_server", forwarded=False, seq=3)
    if level == "messages":
        scene.add(10.0, "ws_message", flow_id, message={"action": "close"})
    assert stopped(scene.report()) == (1, 0, 0)


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("logged", [False, True])
def test_violations_count_once_however_they_are_told(*, told: bool, logged: bool) -> None:
    scene = Scene(5)
    framing = {"to_server": {"violations": {"unmasked": 2}}} if told else None
    flow_id = scene.connection(0.0, 60.0, 0.5, code=1000, framing=framing)
    for seq in range(2 if logged else 0):
        scene.frame(10.0 + seq, flow_id, "text", "to_server", violation="unmasked", seq=seq)
    assert scene.report().violations == ({"unmasked": 2} if told or logged else {})
