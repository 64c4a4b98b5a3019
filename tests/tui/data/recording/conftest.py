"""Recordings in a file, and what the dashboard shows of them as plain values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_story import T0_NS
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Gap, Message
from wsinspect.tui.data.recording import RecordingSource
from wsinspect.tui.data.store import Store

type Recorded = Callable[..., RecordingSource]


def source_of(path: Path, **how: Any) -> RecordingSource:
    """All of the file read, the newest shown."""
    source = RecordingSource(path, Store(lambda: T0_NS), **how)
    source.settle()
    return source


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    def record(*lines: dict[str, Any] | bytes) -> RecordingSource:
        path = tmp_path / "log.jsonl"
        path.write_bytes(
            b"".join(
                line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
                for line in lines
            )
        )
        return source_of(path)

    return record


def connection_facts(c: Connection, second: int) -> dict[str, Any]:
    return {
        "flow_id": c.flow_id,
        "state": c.state,
        "addresses": (c.client, c.server),
        "facts": c.facts,
        "times": (c.opened_ns, c.ended_ns, c.last_frame_ns),
        "close": c.close,
        "ways": (c.to_server, c.to_client, c.message_bytes),
        "last": (c.last_direction, c.last_opcode),
        "alerts": (c.alerts, c.violations, c.rules, c.alerts_seen),
        "activity": c.activity.recent(second),
        "deflate": c.deflate,
        "rtts": c.rtts,
    }


def entry_facts(entry: Any) -> Any:
    if isinstance(entry, Gap):
        return entry
    if isinstance(entry, Message):
        return (
            entry.direction, entry.seq, entry.last_seq, entry.opcode, entry.frame_count,
            entry.payload_len, entry.frame_len, entry.finished, entry.content, entry.whole,
            entry.content_len, entry.action, entry.injected, entry.rules, entry.hits,
            entry.violation, entry.compressed, entry.timestamp_ns,
        )  # fmt: skip
    return (entry.direction, entry.seq, entry.b0, entry.mask, entry.payload_len, entry.violation)


def picture(source: RecordingSource) -> dict[str, Any]:
    """All that is shown at the moment, but for how far the file goes on."""
    store = source.store
    second = source._cursor.clock_ns // 1_000_000_000
    rings = (
        store.frames_to_server, store.frames_to_client, store.bytes_to_server, store.bytes_to_client
    )  # fmt: skip
    return {
        "live": [connection_facts(c, second) for c in store.live.values()],
        "ended": [connection_facts(c, second) for c in store.ended.values()],
        "counts": (store.ended_count, store.unclean_count, store.refused_count, store.unreadable),
        "alerts": (store.alerts, list(store.alerts_recent), store.losses, store.diagnoses),
        "rates": [ring.recent(second) for ring in rings],
        "ends": [
            (g.code, g.cause, g.initiator, g.host, g.count, g.first_ns, g.last_ns, g.age_s)
            for g in store.ends.groups
        ],
        "bursts": store.ends.bursts,
        "talkers": store.talkers(source._cursor.clock_ns),
        "entries": [entry_facts(entry) for entry in store.watched.entries],
    }
