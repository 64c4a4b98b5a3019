"""Any moment of a recording looks as if the file ended there."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import long_log
from tests.support.fake_story import NS, T0_NS, closed, opened, stamp, way
from tests.tui.data.recording.conftest import picture, source_of
from wsinspect.tui.data.connection import State
from wsinspect.tui.data.moments import timestamp_ns
from wsinspect.tui.data.recording import holding
from wsinspect.tui.data.recording import reading as reading_module


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints every few lines, and slices that end everywhere."""
    monkeypatch.setattr(holding, "CHECKPOINT_LINES", 7)
    monkeypatch.setattr(reading_module, "LINES_A_STEP", 3)


def when(line: bytes) -> int:
    try:
        return timestamp_ns(json.loads(line)["timestamp"])
    except (ValueError, KeyError, TypeError):
        return 0


def prefix(lines: list[bytes], until_ns: int) -> bytes:
    """The longest beginning without a line that is later."""
    found = []
    for line in lines:
        if when(line) > until_ns:
            break
        found.append(line)
    return b"".join(found)


_BODIES = ("open", "close", "alert", "stats", "diagnosis", "message", "websocket", "ws")
_OPCODES = ("continuation", "text", "binary", "close", "ping", "pong", "unknown-5")


def a_log(seed: int, length: int) -> list[bytes]:
    """Everything that a log can have, in an order that a log can have it in, and some that not."""
    rng = random.Random(seed)
    now_ns = T0_NS
    seqs: dict[tuple[int, int], int] = {}
    first = {"event_type": "stats", "stats": {}}  # by it the file is known as a log
    lines = [_rendered(first, now_ns, 0)]
    for _ in range(length):
        now_ns += rng.choice((0, 1000, 40_000, NS // 3, 4 * NS))
        at_ns = now_ns - rng.choice((0, 0, 0, 2000, NS))
        flow_id = rng.randint(1, 5)
        roll = rng.random()
        line: dict[str, Any]
        if roll < 0.12:
            status = rng.choice((101, 101, 101, 403))
            line = opened(flow_id, at_ns, f"host{flow_id % 2}", "/", status=status)
        elif roll < 0.18:
            line = closed(flow_id, at_ns, rng.choice((1000, 1006)), "client",
                          to_server=way(rng.randint(0, 9), 10))  # fmt: skip
        elif roll < 0.22:
            line = {
                "event_type": "alert",
                "alert": {
                    "rule": rng.choice("ab"),
                    "direction": "to_client",
                    "seq": rng.randint(0, 9),
                },
            }
        elif roll < 0.25:
            line = {"event_type": "stats", "stats": {"log_dropped": rng.randint(0, 3)}}
        elif roll < 0.27:
            line = {
                "event_type": "ws_diagnosis",
                "diagnosis": {"kind": "crash", "flow_ids": [flow_id], "say": str(now_ns)},
            }
        elif roll < 0.32:
            lines.append(rng.choice((b"broken\n", b"{}\n", b"\n", b'{"event_type":"websocket"}\n')))
            continue
        elif roll < 0.42:
            line = {
                "event_type": "ws_message",
                "message": {
                    "direction": "to_client",
                    "opcode": "text",
                    "payload_len": 5,
                    "wire_len": 7,
                    "frames": 1,
                    "injected": rng.random() < 0.2,
                    "preview": "hello",
                },
            }
        else:
            direction = rng.randint(0, 1)
            seq = seqs.get((flow_id, direction), 0)
            seqs[flow_id, direction] = seq + (1 if rng.random() < 0.95 else 3)
            size = rng.choice((0, 5, 5, 200))
            line = {
                "event_type": "websocket",
                "websocket": {"fin": rng.random() < 0.8, "opcode": rng.choice(_OPCODES)},
                "ws": {"direction": ("to_server", "to_client")[direction], "rsv": 0,
                       "payload_len": size, "frame_len": size + 2, "forwarded": True,
                       **({"violation": "bad"} if rng.random() < 0.05 else {}), "seq": seq},
            }  # fmt: skip
        lines.append(_rendered(line, at_ns, flow_id))
    return lines


def _rendered(line: dict[str, Any], at_ns: int, flow_id: int) -> bytes:
    """As the proxy writes it: the same order of names, no blanks."""
    text = stamp(at_ns)
    if "." not in text:
        text = text.replace("Z", ".000000Z")
    head = {
        "timestamp": text,
        "event_type": line.pop("event_type"),
        "flow_id": flow_id,
        "src_ip": "127.0.0.1",
        "src_port": 50_000 + flow_id,
        "dest_ip": "127.0.0.1",
        "dest_port": 9000,
        "proto": "TCP",
        "host": "box",
    }
    body = {name: line[name] for name in _BODIES if name in line}
    return json.dumps({**head, **body}, separators=(",", ":")).encode() + b"\n"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 10**6),
    length=st.integers(1, 120),
    moments=st.lists(st.floats(0, 1), min_size=1, max_size=6),
    watched=st.integers(1, 5),
    checkpoint=st.sampled_from((7, 40, 1_000)),
)
def test_a_moment_looks_as_if_the_file_ended_there(
    tmp_path: Path, seed: int, length: int, moments: list[float], watched: int, checkpoint: int
) -> None:
    holding.CHECKPOINT_LINES = checkpoint  # the fixture puts it back
    lines = a_log(seed, length)
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"".join(lines))
    source = source_of(path)
    source.watch(watched)
    timeline = source.timeline
    exact = [at_ns for line in lines if (at_ns := when(line)) >= timeline.start_ns]
    for number, part in enumerate(moments):
        at_ns = timeline.start_ns + int((timeline.end_ns - timeline.start_ns) * part)
        if number % 2 and exact:
            at_ns = exact[int(part * (len(exact) - 1))]  # just when something happened
        timeline.seek(at_ns)
        source.settle()
        until = tmp_path / "until.jsonl"
        until.write_bytes(prefix(lines, at_ns) if not timeline.at_end else b"".join(lines))
        reference = source_of(until)
        reference.watch(watched)
        reference.settle()
        assert picture(source) == picture(reference)


@pytest.mark.parametrize("part", [0.0, 0.13, 0.5, 0.51, 0.99, 1.0])
def test_a_long_log_at_any_moment(tmp_path: Path, part: float) -> None:
    lines = list(long_log.lines(2_000, 40, 300))
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"".join(lines))
    source = source_of(path)
    source.watch(3)
    timeline = source.timeline
    timeline.seek(timeline.start_ns + (timeline.end_ns - timeline.start_ns) // 3)
    source.settle()
    at_ns = timeline.start_ns + int((timeline.end_ns - timeline.start_ns) * part)
    timeline.seek(at_ns)
    source.settle()
    until = tmp_path / "until.jsonl"
    until.write_bytes(prefix(lines, at_ns))
    reference = source_of(until)
    reference.watch(3)
    reference.settle()
    assert len(source.index.checkpoints) > 5
    assert picture(source) == picture(reference)


def test_totals_are_those_of_the_lines(tmp_path: Path) -> None:
    """The fast way against a plain sum; violations and Close frames among them."""
    lines = list(long_log.lines(3_000, 20, 60))
    for at in range(0, len(lines), 7):
        lines[at] = lines[at].replace(b',"seq"', b',"violation":"bad","seq"')
    for at in range(3, len(lines), 11):
        lines[at] = lines[at].replace(b'"opcode":"ping"', b'"opcode":"close"')
    sums: dict[int, list[Any]] = {}
    for line in lines:
        event = json.loads(line)
        if event["event_type"] != "websocket":
            continue
        ws, eve = event["ws"], event["websocket"]
        own = sums.setdefault(event["flow_id"], [0, 0, 0, 0, 0, 0, 0, None, 0])
        way_at = 3 * (ws["direction"] == "to_client")
        own[way_at] += 1
        own[way_at + 1] += ws["payload_len"]
        own[way_at + 2] += ws["frame_len"]
        own[6] += "violation" in ws
        own[7] = (ws["direction"], eve["opcode"])
        own[8] += eve["opcode"] == "close"
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(line for line in lines if b'"ws_close"' not in line))
    names = {1: "text", 8: "close", 9: "ping"}
    found = {
        c.flow_id: [
            *c.to_server[:3], *c.to_client[:3], c.violations,
            (("to_server", "to_client")[c.last_direction or 0], names[c.last_opcode or 0]),
            c.state is State.CLOSING,
        ]
        for c in source_of(path).store.live.values()
    }  # fmt: skip
    assert found == {flow_id: [*own[:8], own[8] > 0] for flow_id, own in sums.items()}
    assert sum(own[6] for own in sums.values()) > 100
