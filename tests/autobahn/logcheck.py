"""wsinspect's log against what the taps saw: 100 % of the frames, in order, and the end.

Owns: reading the log's contract (``websocket`` and ``ws_close`` lines) with nothing but ``json``.
Must not know: wsinspect's code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.autobahn.run import Observation
from tests.autobahn.tap import TappedConnection, TappedFrame, TappedStream

OPCODES: Final = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

_CONTROL: Final = {"close", "ping", "pong", *(f"unknown-{n}" for n in range(11, 16))}

Row = tuple[bool, int, str, int | None, int, int]
"""fin, rsv, opcode, mask, payload_len, frame_len."""


def log_differences(
    log: Path, observations: Iterable[Observation], *, overtaking: bool = False
) -> list[str]:
    """Where the log differs from the taps; one string a connection and aspect.

    ``overtaking``: a control frame may leave before held fragments, so data frames and control
    frames are in order each for themselves. ``seq`` still counts them as they came.

    The outer tap's own port is the ``src_port`` in the log, while the tap has it: over a thousand
    connections a port comes round again. Frames are held against the inner tap: what is logged as
    forwarded is what the server got.
    """
    flows: dict[int, list[dict[str, Any]]] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        entry = json.loads(line)
        if "src_port" in entry:
            flows.setdefault(entry["flow_id"], []).append(entry)
    problems: list[str] = []
    for observation in observations:
        outer, inner = observation.outer, observation.inner
        if outer is None or inner is None:
            problems.append(f"{observation.case_id}: no connection")
            continue
        entries = [
            entry
            for flow in flows.values()
            if flow[0]["src_port"] == outer.onward_port
            and outer.opened_at <= _time(flow[0]) <= outer.ended_at
            for entry in flow
        ]
        problems += [
            f"{observation.case_id}: {text}"
            for text in _connection(entries, inner, overtaking=overtaking)
        ]
    return problems


def _time(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["timestamp"]).timestamp()


def _connection(
    entries: list[dict[str, Any]], inner: TappedConnection, *, overtaking: bool
) -> list[str]:
    problems: list[str] = []
    for event_type in ("ws_open", "ws_close"):
        count = sum(entry["event_type"] == event_type for entry in entries)
        if count != 1:
            problems.append(f"{count} {event_type} lines")
    frames = [entry for entry in entries if entry["event_type"] == "websocket"]
    for direction, stream in (("to_server", inner.to_server), ("to_client", inner.to_client)):
        lines = [line for line in frames if line["ws"]["direction"] == direction]
        problems += _frames(lines, direction, stream, overtaking=overtaking)
    closes = [entry["close"] for entry in entries if entry["event_type"] == "ws_close"]
    expected = _cause(inner)
    problems += [
        f"cause {close['cause']}, the tap saw {expected}"
        for close in closes
        if close["cause"] != expected
    ]
    return problems


def _frames(
    lines: list[dict[str, Any]], direction: str, stream: TappedStream, *, overtaking: bool
) -> list[str]:
    problems: list[str] = []
    logged = [_logged(line) for line in lines]
    tapped = [_tapped(frame) for frame in stream.frames]
    seqs = [line["ws"]["seq"] for line in lines]
    if overtaking:
        logged.sort(key=_is_control)
        tapped.sort(key=_is_control)
        for control in (False, True):
            mine = [
                seq
                for seq, line in zip(seqs, lines, strict=True)
                if _is_control(_logged(line)) is control
            ]
            if mine != sorted(mine):
                problems.append(f"{direction}: seq is out of order")
        seqs.sort()
    if logged != tapped:
        shared = min(len(logged), len(tapped))
        at = next((index for index in range(shared) if logged[index] != tapped[index]), shared)
        problems.append(
            f"{direction}: {len(logged)} frames logged, {len(tapped)} tapped; first difference at "
            f"{at}: {logged[at : at + 1]} {tapped[at : at + 1]}"
        )
    if seqs != list(range(len(lines))):
        problems.append(f"{direction}: seq has gaps")
    if not all(line["ws"]["forwarded"] for line in lines):
        problems.append(f"{direction}: forwarded is not true")
    return problems


def _is_control(row: Row) -> bool:
    return row[2] in _CONTROL


def _logged(line: dict[str, Any]) -> Row:
    websocket, ws = line["websocket"], line["ws"]
    return (
        websocket["fin"],
        ws["rsv"],
        websocket["opcode"],
        websocket.get("mask"),
        ws["payload_len"],
        ws["frame_len"],
    )


def _tapped(frame: TappedFrame) -> Row:
    opcode = OPCODES.get(frame.opcode, f"unknown-{frame.opcode}")
    return frame.fin, frame.rsv, opcode, frame.mask, frame.payload_len, frame.frame_len


def _cause(inner: TappedConnection) -> str:
    streams = (inner.to_server, inner.to_client)
    if any(frame.opcode == 8 for stream in streams for frame in stream.frames):
        return "close_frame"
    return "rst" if any(stream.end == "rst" for stream in streams) else "fin"
