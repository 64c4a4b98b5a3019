"""Handshakes, pongs, sessions, sizes: found where they are, told as what they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnose.scenes import Scene
from wsinspect.diagnose.report import Report


def only(report: Report) -> Any:
    (found,) = report.diagnoses
    return found


# --- upgrade-lost ---


@pytest.mark.parametrize("status", [200, 400, 426, 505])
def test_an_upgrade_that_never_works_was_lost_behind_us(status: int) -> None:
    scene = Scene(1)
    for number in range(3):
        scene.handshake(number * 10.0, status)
    found = only(scene.report())
    assert (found.kind, found.count) == ("upgrade-lost", 3)
    assert found.confidence in ("medium", "high")
    assert found.evidence["status"] == status
    assert "behind this proxy" in found.say
    assert "proxy_set_header Upgrade" in found.advice
    assert any("nginx" in one.hop for one in found.candidates)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 502, 503])
def test_other_answers_say_something_else(status: int) -> None:
    scene = Scene(1)
    for number in range(5):
        scene.handshake(number * 10.0, status)
    assert scene.report().diagnoses == []


def test_a_bad_request_among_good_ones_is_the_clients() -> None:
    scene = Scene(1)
    scene.handshake(0.0, 400)
    scene.connection(5.0, 20.0, 1.0, code=1000, initiator="client")
    scene.handshake(60.0, 400)
    assert scene.report().diagnoses == []


def test_many_bad_requests_among_good_ones_are_no_lost_header() -> None:
    scene = Scene(1)
    for number in range(20):
        scene.handshake(number * 10.0, 400)
        scene.connection(number * 10.0 + 5, 2.0, 1.0, code=1000, initiator="client")
    assert scene.report().diagnoses == []


def test_what_came_without_upgrade_was_lost_before_us() -> None:
    scene = Scene(1)
    scene.handshake(0.0, 400, findings=("request-upgrade-missing",))
    found = only(scene.report())
    assert "between the client and here" in found.say
    assert "without Upgrade" in found.say


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("accept-wrong", "does not answer the client's key"),
        ("accept-missing", "no Sec-WebSocket-Accept"),
        ("accept-repeated", "more than once"),
        ("subprotocol-not-offered", "subprotocol"),
        ("extension-not-offered", "extension"),
        ("response-upgrade-missing", "Upgrade header was lost"),
    ],
)
def test_a_101_that_is_not_right(code: str, words: str) -> None:
    scene = Scene(1)
    scene.connection(0.0, 5.0, 1.0, code=1000, initiator="client", findings=(code,))
    found = only(scene.report())
    assert (found.kind, found.confidence) == ("upgrade-lost", "high")
    assert words in found.say


def test_version_is_told_as_what_it_is() -> None:
    scene = Scene(1)
    scene.handshake(0.0, 426, findings=("version-not-13",))
    assert "another version than 13" in only(scene.report()).say


def test_a_hop_that_spoils_many_paths_is_one_thing() -> None:
    scene = Scene(1)
    for number in range(12):
        for _ in range(number + 1):
            scene.handshake(number * 10.0, 426, uri=f"/api/{number}?token=x")
    found = only(scene.report())
    assert (found.kind, found.confidence, found.count) == ("upgrade-lost", "high", 78)
    assert found.evidence["paths"] == 12
    assert [(one.path, one.count) for one in found.paths][:2] == [("/api/11", 12), ("/api/10", 11)]
    assert "12 paths (" in found.say


def test_other_causes_on_the_same_host_are_other_things() -> None:
    scene = Scene(1)
    scene.handshake(0.0, 426)
    scene.handshake(1.0, 426, findings=("version-not-13",))
    scene.handshake(2.0, 426, findings=("request-upgrade-missing",))
    scene.handshake(3.0, 400, findings=("request-upgrade-missing",))
    found = scene.report().diagnoses
    assert len({one.id for one in found}) == len(found) == 4
    assert {one.count for one in found} == {1}


def test_paths_that_answer_101_are_not_among_those_that_are_lost() -> None:
    scene = Scene(1)
    for number in range(12):
        scene.handshake(number * 10.0, 400, uri="/lost")
        scene.handshake(number * 10.0, 400, uri="/fine")
        scene.connection(number * 10.0 + 1, 5.0, 1.0, code=1000, initiator="client", uri="/fine")
    found = only(scene.report())
    assert [one.path for one in found.paths] == ["/lost"]
    assert found.count == 12


# --- slow-pong, keepalive-risk ---


def test_slow_pongs_of_a_host() -> None:
    scene = Scene(2)
    for number in range(5):
        rtts = tuple(scene.random.uniform(150, 400) for _ in range(10))
        scene.connection(number * 50.0, 40.0, 1.0, code=1000, initiator="client", rtts=rtts)
    found = only(scene.report())
    assert (found.kind, found.confidence, found.count) == ("slow-pong", "medium", 5)
    assert found.evidence["deadline_ms"] == 100
    assert 150 < found.evidence["rtt_ms"] < 400


def test_the_deadline_can_be_another() -> None:
    scene = Scene(2)
    scene.connection(0.0, 40.0, 1.0, code=1000, initiator="client", rtts=(40.0, 50.0, 60.0))
    assert scene.report().diagnoses == []
    assert only(scene.report(pong_deadline_ms=20)).kind == "slow-pong"


@pytest.mark.parametrize("slow", [1, 2])
def test_a_hiccup_or_two_of_a_host_are_nothing(slow: int) -> None:
    scene = Scene(2)
    for number in range(7):
        rtts = (20.0, 30.0, 180.0 if number < slow else 21.0)
        scene.connection(number * 50.0, 40.0, 1.0, code=1000, initiator="client", rtts=rtts)
    assert scene.report().diagnoses == []


def test_one_slow_pong_of_many_is_nothing() -> None:
    scene = Scene(2)
    for number in range(20):
        rtts = (20.0,) * 9 + ((180.0,) if number == 7 else (21.0,))
        scene.connection(number * 50.0, 40.0, 1.0, code=1000, initiator="client", rtts=rtts)
    assert scene.report().diagnoses == []


def with_keepalive(scene: Scene, **facts: Any) -> None:
    """Of the last ``ws_close``."""
    scene.events[-1][2]["close"]["keepalive"] = facts


def test_a_pong_late_behind_a_large_transfer_is_said_to_be_that() -> None:
    scene = Scene(2)
    scene.connection(
        0.0, 40.0, 1.0, code=1000, initiator="client", rtts=(10.0, 12.0, 900.0, 11.0)
    )  # fmt: skip
    with_keepalive(scene, pings_to_client=4, slow_pongs=1, late_behind_bytes=50_000_000)
    found = only(scene.report())
    assert (found.kind, found.confidence) == ("slow-pong", "low")
    assert "behind a large transfer" in found.say
    assert "not dead" in found.say
    assert found.evidence["late_behind_bytes"] == 50_000_000


def test_pings_that_nobody_answers() -> None:
    scene = Scene(2)
    for number in range(3):
        scene.connection(number * 200.0, 100.0, 1.0, code=1000, initiator="client")
        with_keepalive(scene, pings_to_client=5, unanswered=5, interval_s=20.0)
    assert "got no pong" in only(scene.report()).say


def test_an_interval_too_near_the_limit_that_cuts() -> None:
    scene = Scene(2)
    for number in range(4):
        scene.connection(number * 100.0, 75.0, 60.0 + number / 10)
    for number in range(5):
        scene.connection(500 + number * 300.0, 290.0, 2.0, code=1000, initiator="client")
        with_keepalive(scene, pings_to_server=5, interval_s=55.0, jitter_s=2.0)
    kinds = {one.kind: one for one in scene.report().diagnoses}
    assert set(kinds) == {"idle-cut", "keepalive-risk"}
    risk = kinds["keepalive-risk"]
    assert risk.evidence["interval_s"] == 55.0
    assert risk.count == 5


def test_an_interval_is_read_from_frames_where_the_log_has_no_more() -> None:
    scene = Scene(2)
    for number in range(4):
        scene.connection(number * 100.0, 75.0, 60.0 + number / 10)
    flow_id = scene.connection(500.0, 290.0, 2.0, code=1000, initiator="client")
    for beat in range(5):
        scene.frame(501 + beat * 56.0, flow_id, "ping", "to_server")
        scene.frame(501 + beat * 56.0 + 0.01, flow_id, "pong", "to_client")
    kinds = {one.kind: one for one in scene.report().diagnoses}
    assert kinds["keepalive-risk"].evidence["interval_s"] == 56.0


def test_no_limit_no_risk() -> None:
    scene = Scene(2)
    scene.connection(0.0, 290.0, 2.0, code=1000, initiator="client")
    with_keepalive(scene, pings_to_server=5, interval_s=59.0)
    assert scene.report().diagnoses == []


# --- sticky-broken ---


def test_a_session_that_comes_back_to_another_server() -> None:
    scene = Scene(3)
    for number in range(4):
        for visit in range(2):
            scene.connection(
                number * 50.0 + visit * 20, 10.0, 1.0, code=1000, initiator="client",
                uri=f"/socket.io/?EIO=4&sid=s{number}", server=f"192.0.2.{10 + visit}",
            )  # fmt: skip
    found = only(scene.report())
    assert (found.kind, found.confidence, found.count) == ("sticky-broken", "medium", 4)
    assert found.evidence["other_server_connections"] == 4


def test_a_session_that_stays_where_it_is() -> None:
    scene = Scene(3)
    for visit in range(5):
        for number in range(4):
            scene.connection(
                number * 2.0 + visit * 20, 10.0, 1.0, code=1000, initiator="client",
                uri=f"/ws?session=s{number}", server=f"192.0.2.{10 + number}",
            )  # fmt: skip
    assert scene.report().diagnoses == []


def test_another_client_address_in_mid_session() -> None:
    scene = Scene(3)
    for visit in range(2):
        scene.connection(
            visit * 12.0, 10.0, 1.0, code=1000, initiator="client", uri="/ws?sid=a",
            client=f"10.0.0.{visit}",
        )  # fmt: skip
    found = only(scene.report())
    assert (found.kind, found.confidence) == ("sticky-broken", "low")
    assert "another client address" in found.say


def test_the_name_of_the_parameter_is_configurable() -> None:
    scene = Scene(3)
    for visit in range(2):
        scene.connection(
            visit * 20.0, 10.0, 1.0, code=1000, initiator="client", uri="/ws?room.key=a",
            server=f"192.0.2.{10 + visit}",
        )  # fmt: skip
    assert scene.report().diagnoses == []
    assert only(scene.report(session_names=["Room.Key"])).kind == "sticky-broken"


def test_masked_sessions_are_not_all_the_same() -> None:
    scene = Scene(3)
    for visit in range(2):
        scene.connection(
            visit * 20.0, 10.0, 1.0, code=1000, initiator="client", uri="/ws?sid=********",
            server=f"192.0.2.{10 + visit}",
        )  # fmt: skip
    assert scene.report().diagnoses == []


# --- oversize ---


@pytest.mark.parametrize(
    ("fragments", "hops"),
    [([40_000], {"AWS API Gateway frame"}), ([500_000, 600_000], {"engine.io maxHttpBufferSize"})],
)
def test_1009_with_the_size_that_caused_it(fragments: list[int], hops: set[str]) -> None:
    scene = Scene(4)
    flow_id = scene.connection(0.0, 10.0, 0.1, code=1009, initiator="server")
    scene.frame(1.0, flow_id, "text", "to_server", 100)
    for number, length in enumerate(fragments):
        scene.frame(9.0 + number / 10, flow_id, "continuation" if number else "text",
                    "to_server", length)  # fmt: skip
    scene.frame(9.5, flow_id, "text", "to_client", 7)
    found = only(scene.report())
    assert (found.kind, found.confidence) == ("oversize", "high")
    assert found.evidence["payload_len"] == sum(fragments)
    assert hops <= {one.hop for one in found.candidates}
    assert all(one.limit_bytes < sum(fragments) for one in found.candidates)


def test_many_that_come_and_go_are_no_crash() -> None:
    """One at a time, each cut at once: nothing fell that stood."""
    scene = Scene(1)
    for number in range(8):
        scene.connection(number * 0.9, 0.1, 0.05)
    assert [one.kind for one in scene.report().diagnoses] == []
