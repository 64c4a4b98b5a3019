"""What the benchmark harness promises; no figure that it measures is looked at here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import TextMessage
from wsproto.extensions import PerMessageDeflate

from bench import contenders, wire
from bench.__main__ import InvalidRun, check_log, run_once
from bench.client import Endpoint
from bench.contenders import Proxy, Site
from bench.report import TARGETS, Result, verdicts
from bench.scenarios import SCENARIOS, Effort, Figures, Scenario

TINY = Effort(seconds=0.02, big_bytes=1 << 20, memory_messages=100, connections=3)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def received(batch: wire.Batch, times: int, extension: PerMessageDeflate | None) -> list[str]:
    """The messages that wsproto reads from a repeated batch."""
    reader = Connection(ConnectionType.SERVER, [extension] if extension else [])
    reader.receive_data(batch.data * times)
    texts = [""]
    for event in reader.events():
        assert isinstance(event, TextMessage), event
        texts[-1] += event.data
        if event.message_finished:
            texts.append("")
    return texts[:-1]


@pytest.mark.parametrize("payload_len", [64, 1024])
def test_a_repeated_batch_is_a_legal_stream(payload_len: int) -> None:
    batch = wire.batch(payload_len)
    texts = received(batch, 2, None)
    assert len(texts) == 2 * batch.frames
    assert {len(text) for text in texts} == {payload_len}
    assert len({*texts}) == batch.frames


def test_a_repeated_compressed_batch_is_a_legal_stream() -> None:
    batch = wire.compressed_batch(1024)
    deflate = PerMessageDeflate()
    deflate.accept(wire.DEFLATE)
    assert received(batch, 3, deflate) == 3 * [
        text.decode() for text in wire.payloads(1024, batch.frames)
    ]
    assert len(batch.data) < batch.frames * 1024


@contextmanager
def this_process(site: Site) -> Iterator[Proxy]:
    """No proxy; this process stands for it, so that there is time and memory to read."""
    with contenders.direct(site) as proxy:
        yield replace(proxy, pid=os.getpid())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_load_runs_without_a_proxy(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(contenders.CONTENDERS, "direct", this_process)
    monkeypatch.setattr("bench.client.PATIENCE_S", 0.2)
    figures = run_once(scenario, "direct", TINY, tmp_path)
    assert "" in figures.values
    if scenario.name == "stopped-receiver":
        assert 0 < figures.values["taken_mib"] < 64  # direct, the sender does block


@pytest.mark.parametrize(
    "name", ["pipelined-64", "to-client-1k", "ping-pong-16", "memory", "wss-ping-pong-1"]
)
def test_every_frame_is_in_the_log_of_wsinspect(name: str, tmp_path: Path) -> None:
    figures = run_once(BY_NAME[name], "wsinspect", TINY, tmp_path)
    assert figures.frames_to_server > 0


def test_a_run_with_frames_missing_from_the_log_is_invalid(tmp_path: Path) -> None:
    log = tmp_path / "frames.jsonl"
    line = b'{"event_type":"websocket","ws":{"direction":"to_server","seq":0}}\n'
    other = b'{"event_type":"websocket","ws":{"direction":"to_client","seq":0}}\n'
    proxy = Proxy(Endpoint(1), 1, log)
    log.write_bytes(3 * line + 2 * other)
    check_log(proxy, Figures({}, frames_to_server=3))
    log.write_bytes(2 * line + 2 * other)
    with pytest.raises(InvalidRun, match="2 frames in the log, 3 were sent"):
        check_log(proxy, Figures({}, frames_to_server=3))
    log.write_bytes(3 * line + 2 * other)
    with pytest.raises(InvalidRun, match="2 answers in the log, 3 came"):
        check_log(proxy, Figures({}, frames_to_server=3, frames_to_client=3))


def result(name: str, *rounds: dict[str, float]) -> Result:
    return Result(
        BY_NAME[name],
        [{who: Figures({"": value}) for who, value in each.items()} for each in rounds],
    )


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    rates = result(
        "pipelined-64",
        {"stock": 10, "wsinspect": 1000},
        {"stock": 1, "wsinspect": 200},  # a slow round slows both
        {"stock": 10, "wsinspect": 3000},
    )
    assert rates.ratio("stock") == 200
    times = result("big-message", {"stock": 20, "wsinspect": 0.5})
    assert times.ratio("stock") == 40


def test_added_latency_is_over_direct() -> None:
    latencies = result("latency-1", {"direct": 20, "haproxy-tcp": 40, "wsinspect": 50})
    assert latencies.added_ratio("haproxy-tcp") == 1.5


@pytest.mark.parametrize(
    ("ours", "problems", "good"), [(1300, [], True), (1100, [], False), (1300, ["frames"], False)]
)
def test_verdicts(ours: float, problems: list[str], good: bool) -> None:
    rates = result("pipelined-64", {"stock": 10, "wsinspect": ours})
    rates.problems += problems
    assert verdicts({"pipelined-64": rates})[1] is good


def test_a_target_that_was_not_measured_is_not_met() -> None:
    assert not verdicts({"ping-pong-16": result("ping-pong-16", {"stock": 10})})[1]


def test_every_target_names_a_scenario() -> None:
    assert {target.scenario for target in TARGETS} <= BY_NAME.keys()
