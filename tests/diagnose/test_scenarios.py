"""What must be found in 19 of 20 random runs, and what must never be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.diagnose.scenes import (
    Scene,
    crash,
    drain,
    healthy,
    idle_cut,
    lifetime_cut,
    near_a_cap,
    restart,
    too_big,
)
from wsinspect.diagnose.limits import LIMITS
from wsinspect.model.diagnosis import Kind

RUNS = 20
Make = Callable[[Scene], object]


def found(make: Make, kind: Kind) -> tuple[int, set[Kind]]:
    """In how many runs it is found, and what else was."""
    hits = 0
    others: set[Kind] = set()
    for seed in range(RUNS):
        scene = Scene(seed)
        make(scene)
        kinds = {one.kind for one in scene.report().diagnoses}
        hits += kind in kinds
        others |= kinds - {kind}
    return hits, others


def idle_cut_in_health(scene: Scene) -> None:
    idle_cut(scene, 60, host="app1.example")
    healthy(scene)


GATEWAY = "abc123.execute-api.eu-west-1.amazonaws.com"

SCENARIOS: list[tuple[str, Make, Kind, set[Kind]]] = [
    *[
        (f"idle {limit:g} s", lambda scene, limit=limit: idle_cut(scene, limit), "idle-cut", set())
        for limit in sorted({3.0, 45.0, *(one.limit_s for one in LIMITS if one.kind == "idle")})
    ],
    ("idle, the client's side", lambda s: idle_cut(s, 60, initiator="client"), "idle-cut", set()),
    ("once at a known limit", lambda s: idle_cut(s, 60, count=1), "idle-cut", set()),
    (
        "idle in the midst of health",
        idle_cut_in_health,
        "idle-cut",
        set(),
    ),
    ("lifetime 30 s", lambda s: lifetime_cut(s, 30), "lifetime-cut", set()),
    ("lifetime 45 s", lambda s: lifetime_cut(s, 45), "lifetime-cut", set()),
    ("lifetime 2 h", lambda s: lifetime_cut(s, 7200), "lifetime-cut", set()),
    ("crash", crash, "crash", set()),
    ("drain", drain, "drain", set()),
    ("1009", lambda s: too_big(s, 65_536), "oversize", set()),
    (
        "near engine.io's cap",
        lambda s: near_a_cap(s, 1_000_000, uri="/socket.io/?EIO=4"),
        "oversize",
        set(),
    ),
    (
        "near a gateway's message cap",
        lambda s: near_a_cap(s, 131_072, host=GATEWAY),
        "oversize",
        set(),
    ),
    (
        "near a gateway's frame cap",
        lambda s: near_a_cap(s, 32_768, host=GATEWAY),
        "oversize",
        set(),
    ),
    (
        "back within a second",
        lambda s: restart(s, lambda: s.random.uniform(0, 1)),
        "reconnect-storm",
        {"crash"},
    ),
    (
        "back after a fixed delay",
        lambda s: restart(s, lambda: 3 + s.random.uniform(0, 0.5)),
        "reconnect-storm",
        {"crash"},
    ),
    (
        "back over half a minute",
        lambda s: restart(s, lambda: s.random.uniform(0, 30)),
        "crash",
        set(),
    ),
]


@pytest.mark.parametrize(
    ("make", "kind", "besides"), [one[1:] for one in SCENARIOS], ids=[one[0] for one in SCENARIOS]
)
def test_found_in_19_of_20_and_nothing_else(make: Make, kind: Kind, besides: set[Kind]) -> None:
    hits, others = found(make, kind)
    assert hits >= 19
    assert others <= besides


@pytest.mark.parametrize("hosts", [1, 4, 40])
@pytest.mark.parametrize("first_seed", range(0, 20, 5))
def test_a_thousand_healthy_connections_have_no_diagnosis(hosts: int, first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 5):
        scene = Scene(seed * 7919)
        healthy(scene, hosts=hosts)
        report = scene.report()
        assert report.connections >= 1000
        assert [(seed, one.kind, one.say) for one in report.diagnoses] == []


@pytest.mark.parametrize(
    "limit", [one for one in LIMITS if one.kind == "idle"], ids=lambda o: o.hop
)
def test_each_known_limit_is_a_candidate_and_all_that_fit_are(limit: object) -> None:
    scene = Scene(1)
    idle_cut(scene, limit.limit_s, count=5)  # type: ignore[attr-defined]
    (found,) = scene.report().diagnoses
    fitting = {
        one.hop
        for one in LIMITS
        if one.kind == "idle" and one.limit_s == limit.limit_s  # type: ignore[attr-defined]
    }
    assert fitting <= {one.hop for one in found.candidates}
    assert all(one.source.startswith("https://") for one in found.candidates)
    assert found.confidence == "high"
    assert "consistent with" in found.say


def test_55_seconds_are_not_60() -> None:
    for limit_s, hop in ((55, "Heroku"), (60, "nginx")):
        scene = Scene(3)
        idle_cut(scene, limit_s, count=6)
        (found,) = scene.report().diagnoses
        names = " ".join(one.hop for one in found.candidates)
        assert hop in names
        assert ("nginx" in names) == (limit_s == 60)


def test_once_is_a_guess_three_times_are_none() -> None:
    confidences = []
    for count in (1, 3):
        scene = Scene(4)
        idle_cut(scene, 60, count=count)
        (found,) = scene.report().diagnoses
        confidences.append(found.confidence)
        assert found.count == count
    assert confidences == ["low", "high"]


def test_the_advice_is_below_the_limit() -> None:
    scene = Scene(5)
    idle_cut(scene, 60, count=5)
    (found,) = scene.report().diagnoses
    assert 46 <= found.evidence["ping_below_s"] <= 48
    assert 59 <= found.evidence["idle_s"] <= 61
    assert "48" in found.advice or "47" in found.advice


def test_a_dead_peer_is_no_idle_cut() -> None:
    """The server pings every 30 s and gives up on who does not answer: always the same idle."""
    scene = Scene(6)
    for number in range(10):
        flow_id = scene.connection(number * 100.0, 90.0, 30.0, frames=6)
        for at_s in (30.0, 60.0):
            scene.frame(number * 100 + at_s, flow_id, "ping", "to_client")
            if at_s == 30.0:
                scene.frame(number * 100 + at_s + 0.1, flow_id, "pong", "to_server")
    assert scene.report().diagnoses == []


def test_a_longer_silence_that_was_survived_speaks_against_an_idle_limit() -> None:
    """A heartbeat every 7 s and a life of 45 s: the last silence is constant by chance."""
    scene = Scene(7)
    for number in range(10):
        flow_id = scene.connection(number * 100.0, 45.0, 3.0)
        for beat in range(1, 7):
            scene.frame(number * 100 + 7.0 * beat, flow_id, "text", "to_server")
    assert [one.kind for one in scene.report().diagnoses] == ["lifetime-cut"]


def test_connections_in_step_that_are_cut_together_are_no_crash() -> None:
    """All began within 200 ms and fell silent: their idle time is the same to the millisecond."""
    scene = Scene(8)
    for _ in range(20):
        at_s = scene.random.uniform(0, 0.2)
        scene.connection(at_s, 4.0 + scene.random.uniform(0, 0.005), 3.0, frames=4)
    (found,) = scene.report().diagnoses
    assert found.kind in ("idle-cut", "lifetime-cut")
    scene = Scene(8)
    for _ in range(20):
        at_s = scene.random.uniform(0, 0.2)
        scene.connection(at_s, 4.0 - at_s, 3.0 - at_s, frames=4)
    assert [one.kind for one in scene.report().diagnoses] == ["crash"]


def test_a_restart_at_once_with_1001_is_in_order() -> None:
    scene = Scene(9)
    for _ in range(100):
        opened_s = scene.random.uniform(0, 500)
        scene.connection(opened_s, 600.0 - opened_s + scene.random.uniform(0, 0.3), 1.0, code=1001)
    assert scene.report().diagnoses == []


def test_a_storm_tells_delay_jitter_and_who_came_back() -> None:
    scene = Scene(10)
    restart(scene, lambda: 3 + scene.random.uniform(0, 0.4))
    (storm,) = [one for one in scene.report().diagnoses if one.kind == "reconnect-storm"]
    assert storm.evidence["peak_per_s"] >= 150
    assert storm.evidence["spread_s"] < 1
    assert "0 to 20 s" in storm.advice
    assert storm.count == 200


def test_a_thousand_back_over_half_a_minute_are_no_storm() -> None:
    """40 a second, more than one that is small has in its worst second."""
    scene = Scene(12)
    restart(scene, lambda: scene.random.uniform(0, 30), count=1000)
    assert [one.kind for one in scene.report().diagnoses] == ["crash"]


def test_attempts_that_fail_tell_an_exponential_delay() -> None:
    scene = Scene(11)
    at_s = 1000.0
    for number in range(60):
        client = f"10.1.0.{number}"
        scene.connection(number, at_s - number + scene.random.uniform(0, 0.2), 0.5, client=client)
        for delay_s in (1.0, 3.0, 7.0, 15.0):
            scene.handshake(at_s + delay_s + scene.random.uniform(0, 0.1), 502, client=client)
    (storm,) = [one for one in scene.report().diagnoses if one.kind == "reconnect-storm"]
    assert storm.evidence["failed_handshakes"] == 240
    assert "grows" in storm.say
