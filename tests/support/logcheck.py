"""What must hold of every log, whatever happened: the contract's sentences as one check.

Every 101 has exactly one ``ws_open`` and one ``ws_close``, a failed handshake has no ``ws_close``;
frames lie between them, are numbered without a gap, and are as many as ``ws_close`` counts; so
are messages, where they were recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Event = dict[str, Any]


def log_problems(
    events: Iterable[Event], *, frames: bool = True, still_open: Iterable[int] = ()
) -> list[str]:
    """What is wrong, one string each. ``frames``: the log was recorded with frames.

    ``still_open`` are the flow ids of connections that may lack their end.
    """
    problems: list[str] = []
    flows: dict[int, list[Event]] = {}
    for event in events:
        if event["event_type"] not in ("stats", "ws_diagnosis"):
            flows.setdefault(event["flow_id"], []).append(event)
    for flow_id, own in flows.items():
        found = list(_flow(own, frames=frames, may_be_open=flow_id in set(still_open)))
        problems += [f"flow {flow_id}: {text}" for text in found]
    return problems


def _is_injected(event: Event) -> bool:
    return event["event_type"] == "ws_message" and bool(event["message"]["injected"])


def _flow(own: list[Event], *, frames: bool, may_be_open: bool) -> Iterable[str]:
    opens = [event["open"] for event in own if event["event_type"] == "ws_open"]
    closes = [event["close"] for event in own if event["event_type"] == "ws_close"]
    if len(opens) != 1:
        yield f"{len(opens)} ws_open"
        return
    if opens[0]["status"] != 101:
        if [event for event in own[1:] if event["event_type"] != "alert"]:
            yield f"a failed handshake ({opens[0]['status']}) with more than its ws_open"
        return
    if own[0]["event_type"] != "ws_open":
        yield f"{own[0]['event_type']} before ws_open"
    if not closes and may_be_open:
        return
    if len(closes) != 1:
        yield f"{len(closes)} ws_close"
        return
    if own[-1]["event_type"] != "ws_close":
        yield f"{own[-1]['event_type']} after ws_close"
    in_order = True
    for direction in ("to_server", "to_client"):
        lines = [event["ws"] for event in own if event["event_type"] == "websocket"]
        lines = [line for line in lines if line["direction"] == direction]
        seqs = [line["seq"] for line in lines]
        # A line is written when the frame's fate is known: a ping overtakes a held message.
        in_order = in_order and seqs == sorted(seqs)
        if sorted(seqs) != list(range(len(lines))):
            yield f"{direction}: seq has a gap or a double"
        told = closes[0][direction]
        sums = {
            "frames": len(lines),
            "payload_bytes": sum(line["payload_len"] for line in lines),
            "wire_bytes": sum(line["frame_len"] for line in lines),
        }
        for name, total in sums.items():
            if frames and told[name] != total:
                yield f"{direction}: {told[name]} {name} in ws_close, {total} in the lines"
    told = [event["message"] for event in own if event["event_type"] == "ws_message"]
    for direction in ("to_server", "to_client"):
        finished = [m for m in told if m["direction"] == direction and not m["injected"]]
        counted = closes[0][direction]["messages"]
        if told and len(finished) != counted:
            yield f"{direction}: {counted} messages in ws_close, {len(finished)} lines"
    # What is injected may go before a message that came earlier and is held; an alert goes before
    # the frames that waited for its verdict.
    times = [
        event["timestamp"]
        for event in own
        if not _is_injected(event) and event["event_type"] != "alert"
    ]
    if in_order and times != sorted(times):
        yield "timestamps go back"
