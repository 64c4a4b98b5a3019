"""The rows of the dashboards' lines: a connection's totals, a frame, a message.

Owns: their order and form (``docs/dashboard-socket.md``). Must not know: who is told, and when.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from wsinspect.model.connection import Connection
from wsinspect.model.events import Action
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.reader import Record
from wsinspect.relay.direction import Direction

__all__ = [
    "Batch",
    "Told",
    "batch_line",
    "encode",
    "frame_rows",
    "in_order",
    "is_whole",
    "message_rows",
    "told_of",
    "totals_line",
]

SHORT_LEN: Final = 128
"""Bytes shown of a message when the tick's budget is used up."""

# direction, now_ns, seq of the first, records, forwarded, previews
type Batch = tuple[Direction, int, int, list[Record], bool, Sequence[bytes | None]]

encode = msgspec.json.Encoder().encode


def totals_line(connections: Iterable[Connection], now_ns: int) -> bytes:
    """One line with exact totals; nothing for no connection."""
    rows = []
    for c in connections:
        to_server, to_client = c.to_server, c.to_client
        rtt_ns = c.pings.last_ns
        rows.append(
            (
                c.flow_id,
                to_server.frames,
                to_server.payload_bytes,
                to_server.wire_bytes,
                to_client.frames,
                to_client.payload_bytes,
                to_client.wire_bytes,
                to_server.joiner.messages,
                to_client.joiner.messages,
                int(c.last_frame_to_client),
                c.last_opcode,
                c.last_frame_ns or 0,
                to_server.message_bytes,
                to_client.message_bytes,
                c.alerts,
                to_server.violations + to_client.violations,
                None if rtt_ns is None else rtt_ns // 1000,
                int(to_server.joiner.deflate),
            )
        )
    if not rows:
        return b""
    return encode({"type": "totals", "timestamp_ns": now_ns, "rows": rows}) + b"\n"


def frame_rows(
    to_client: bool,
    now_ns: int,
    seq: int,
    records: Sequence[Record],
    previews: Sequence[bytes | None],
) -> list[list[object]]:
    """``previews`` is empty or has one for each; None: it may not be shown."""
    rows: list[list[object]] = []
    for number, (mask, (b0, payload_len, frame_len, violation)) in enumerate(records):
        shown = previews[number] if previews else None
        preview = None if shown is None else base64.b64encode(shown).decode()
        rows.append(
            [
                now_ns,
                int(to_client),
                seq + number,
                b0,
                None if mask < 0 else mask,
                payload_len,
                frame_len,
                violation,
                preview,
            ]
        )
    return rows


def batch_line(kind: str, flow_id: int | None, rows: list[list[object]], skipped: int = 0) -> bytes:
    batch = {"type": kind, "flow_id": flow_id, "rows": rows, "skipped": skipped}
    return encode(batch) + b"\n"


def in_order[T](frames: list[T], place: Callable[[T], tuple[int, int]]) -> list[T]:
    """The same with each direction's numbers rising, the directions interleaved as they were.

    ``place``: direction and number. What a rule held is on record after what overtook it.
    """
    last = [-1, -1]
    for each in frames:
        to_client, seq = place(each)
        if seq < last[to_client]:
            break
        last[to_client] = seq
    else:
        return frames
    ways = [iter(sorted((f for f in frames if place(f)[0] == way), key=place)) for way in (0, 1)]
    return [next(ways[place(each)[0]]) for each in frames]


class Told(NamedTuple):
    """A message as the relay told it; ``facts`` has only what may be shown, its payload in
    ``start`` alone. ``whole``: that is all of it.
    """

    now_ns: int
    to_client: bool
    facts: MessageFacts
    action: Action
    injected: bool
    rules: Sequence[str]
    whole: bool

    def __repr__(self) -> str:  # never payload
        return f"Told({self.facts!r}, {self.action})"


def told_of(
    now_ns: int,
    to_client: bool,
    facts: MessageFacts,
    action: Action,
    injected: bool,
    rules: Sequence[str],
) -> Told:
    whole = is_whole(facts)
    return Told(now_ns, to_client, facts._replace(payload=None), action, injected, rules, whole)


def is_whole(facts: MessageFacts) -> bool:
    """Whether its start is all of what may be shown of it, and that is something."""
    start = facts.start
    if facts.payload is not None:
        return len(facts.payload) == len(start)
    return facts.violation is None and 0 < len(start) == facts.payload_len


def message_rows(messages: Iterable[Told], budget: int) -> list[list[object]]:
    """With up to ``budget`` bytes of content in all; of what comes after them a little."""
    rows: list[list[object]] = []
    for now_ns, to_client, facts, action, injected, rules, whole in messages:
        start = facts.start
        if len(start) > SHORT_LEN and len(start) > budget:
            start, whole = start[:SHORT_LEN], False
        budget -= len(start)
        content = base64.b64encode(start).decode() if start or whole else None
        rows.append(
            [
                now_ns,
                int(to_client),
                facts.first_seq,
                facts.last_seq,
                facts.opcode,
                facts.payload_len,
                facts.wire_len,
                facts.frames,
                facts.compressed,
                action,
                injected,
                list(rules),
                content,
                whole,
            ]
        )
    return rows
