"""Caps by what was refused, by what passed, and by what comes near."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnose.scenes import Scene
from wsinspect.diagnose.report import Report

GATEWAY = "abc123.execute-api.eu-west-1.amazonaws.com"
BOTH = pytest.mark.parametrize("logged", [False, True], ids=["in-ws_close", "in-frames"])


def only(report: Report) -> Any:
    (found,) = report.diagnoses
    return found


@BOTH
@pytest.mark.parametrize(
    ("where", "size", "limit"),
    [
        ({"uri": "/socket.io/?EIO=4"}, 950_000, 1_000_000),
        ({"uri": "/api/engine.io/?EIO=4"}, 1_000_000, 1_000_000),
        ({"uri": "/rt?EIO=4&transport=websocket"}, 800_000, 1_000_000),
        ({"host": GATEWAY}, 131_072, 131_072),
        ({"host": GATEWAY}, 30_000, 32_768),
    ],
)
def test_near_a_cap_of_the_product(
    where: dict[str, Any], size: int, limit: int, *, logged: bool
) -> None:
    scene = Scene(1)
    scene.sizes(0.0, [10, size, 500], logged=logged, **where)
    found = only(scene.report())
    assert (found.kind, found.confidence, found.count) == ("oversize", "low", 1)
    assert found.evidence["payload_len"] == size
    assert [one.limit_bytes for one in found.candidates] == [limit]


@BOTH
@pytest.mark.parametrize(
    ("where", "size"),
    [
        ({"uri": "/ws"}, 950_000),  # anybody's
        ({"host": "execute-api.example"}, 130_000),
        ({"host": f"{GATEWAY}.example"}, 130_000),
        ({"uri": "/socket.io/?EIO=4"}, 799_000),
        ({"uri": "/socket.io/?EIO=4"}, 1_000_001),  # over it: it is a higher one
        ({"host": GATEWAY}, 26_000),
        ({"host": GATEWAY}, 60_000),
    ],
)
def test_not_near_or_not_the_products(where: dict[str, Any], size: int, *, logged: bool) -> None:
    scene = Scene(1)
    scene.sizes(0.0, [10, size], logged=logged, **where)
    assert scene.report().diagnoses == []


def test_what_the_server_sends_is_near_nothing() -> None:
    scene = Scene(1)
    scene.connection(
        0.0, 50.0, 1.0, code=1000, initiator="client", host=GATEWAY,
        framing={"to_client": {"message_max_len": 32_768, "frame_max_len": 32_768}},
    )  # fmt: skip
    assert scene.report().diagnoses == []


def test_who_cuts_messages_up_knows_of_the_frame_cap() -> None:
    scene = Scene(1)
    scene.connection(
        0.0, 50.0, 1.0, code=1000, initiator="client", host=GATEWAY,
        framing={"to_server": {
            "message_max_len": 90_000, "frame_max_len": 32_768, "fragmented": 4, "fragments": 8,
            "fragment_len": 32_768, "fragments_alike": 8,
        }},
    )  # fmt: skip
    assert scene.report().diagnoses == []


@BOTH
def test_a_larger_one_that_passed_says_that_the_cap_is_a_higher_one(*, logged: bool) -> None:
    scene = Scene(1)
    scene.sizes(0.0, [1_500_000], logged=logged, uri="/socket.io/?EIO=4&t=1")
    scene.sizes(100.0, [950_000], logged=logged, uri="/socket.io/?EIO=4&t=2")
    assert scene.report().diagnoses == []


def refused(scene: Scene, at_s: float, size: int, *, logged: bool, **more: Any) -> None:
    scene.sizes(at_s, [9, size], logged=logged, code=1009, **more)
    if not logged:
        close = scene.events[-1][2]["close"]
        close["caused_by_len"] = size


@BOTH
@pytest.mark.parametrize("before", [False, True])
def test_what_passed_takes_its_cap_out(*, logged: bool, before: bool) -> None:
    scene = Scene(2)
    refused(scene, 500.0, 1_200_000, logged=logged)
    hops = {one.hop.split()[0] for one in only(scene.report()).candidates}
    assert hops == {"websockets", "engine.io", "AWS"}
    scene.sizes(0.0 if before else 900.0, [1_030_000], logged=logged)
    found = only(scene.report())
    assert [one.hop for one in found.candidates] == ["websockets (Python) max_size"]
    assert found.evidence["passed_len"] == 1_030_000
    assert "where one of 1,030,000 bytes passed" in found.say


@BOTH
def test_what_passed_elsewhere_says_nothing(*, logged: bool) -> None:
    scene = Scene(2)
    refused(scene, 500.0, 1_200_000, logged=logged)
    scene.sizes(0.0, [1_030_000], logged=logged, uri="/other")
    scene.sizes(0.0, [1_030_000], logged=logged, host="other.example")
    found = only(scene.report())
    assert "passed_len" not in found.evidence
    assert len(found.candidates) == 4


def test_small_frames_are_no_frame_caps_victims() -> None:
    scene = Scene(3)
    scene.connection(
        0.0, 50.0, 1.0, code=1009, initiator="server",
        framing={"to_server": {
            "message_max_len": 200_000, "frame_max_len": 16_384, "fragmented": 1,
            "fragments": 12, "fragment_len": 16_384, "fragments_alike": 12,
        }},
    )  # fmt: skip
    scene.events[-1][2]["close"]["caused_by_len"] = 200_000
    found = only(scene.report())
    assert [one.hop for one in found.candidates] == ["AWS API Gateway message"]
    assert found.evidence["fragment_len"] == 16_384


def test_a_cut_is_no_proof_that_it_passed() -> None:
    scene = Scene(4)
    scene.sizes(0.0, [1_030_000], logged=False)
    close = scene.events[-1][2]["close"]
    close |= {"code_observed": 1006, "cause": "rst", "initiator": "server", "clean": False}
    refused(scene, 500.0, 1_200_000, logged=False)
    assert "passed_len" not in only(scene.report()).evidence
