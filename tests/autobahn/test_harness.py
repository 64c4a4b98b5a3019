"""The comparison's own parts: what they must see, planted."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.autobahn.compare import differences_of
from tests.autobahn.logcheck import log_differences
from tests.autobahn.run import Observation
from tests.autobahn.tap import TappedConnection, TappedStream

HEAD = b"GET /chat HTTP/1.1\r\n\r\n"


@dataclass(frozen=True)
class Vector:
    """A frame in hex (RFC 6455, section 5.7, and its relatives), and what it is."""

    name: str
    hex: str
    fin: bool
    rsv: int
    opcode: int
    mask: int | None
    frame_len: int
    payload: bytes


VECTORS = [
    Vector("unmasked", "810548656c6c6f", True, 0, 1, None, 7, b"Hello"),
    Vector("masked", "818537fa213d7f9f4d5158", True, 0, 1, 0x37FA213D, 11, b"Hello"),
    Vector("fragment", "010348656c", False, 0, 1, None, 5, b"Hel"),
    Vector("empty", "8980000000ff", True, 0, 9, 0xFF, 6, b""),
    Vector("reserved", "f300", True, 7, 3, None, 2, b""),
    Vector("16 bit", "827e0100" + "61" * 256, True, 0, 2, None, 260, b"a" * 256),
    Vector("64 bit", "827f000000000000000161", True, 0, 2, None, 11, b"a"),
]


@pytest.mark.parametrize("chunk", [1, 3, 1000])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_tap_reads_frames_in_any_chunking(vector: Vector, chunk: int) -> None:
    stream = TappedStream()
    data = HEAD + 2 * bytes.fromhex(vector.hex) + b"\x81"
    for at in range(0, len(data), chunk):
        stream.feed(data[at : at + chunk])
    first, second = stream.frames
    assert first == second
    assert (first.fin, first.rsv, first.opcode) == (vector.fin, vector.rsv, vector.opcode)
    assert (first.mask, first.frame_len) == (vector.mask, vector.frame_len)
    assert first.payload_len == len(vector.payload)
    assert first.digest == hashlib.sha256(vector.payload).hexdigest()
    assert (stream.head, stream.unfinished) == (HEAD, b"\x81")


def test_unfinished_frames_of_two_keys_have_the_same_content() -> None:
    one, other = TappedStream(), TappedStream()
    one.feed(HEAD + bytes.fromhex("8185 00000000 4865"))
    other.feed(HEAD + bytes.fromhex("8185 37fa213d 7f9f"))
    assert one.unfinished != other.unfinished
    assert one.unfinished_content() == other.unfinished_content() == (b"\x81\x85", b"He")


Line = dict[str, Any]
"""A line of the log."""

HELLO = "818537fa213d7f9f4d5158"
HELLO_OTHER_MASK = "81850000000048656c6c6f"
HELLO_ALTERED = "81850000000048656c6c6e"
BYE = "888200000000" + "03e8"


def stream(*frames: str, end: str = "fin") -> TappedStream:
    made = TappedStream(end=end)  # type: ignore[arg-type]  # a literal, in every call below
    made.feed(HEAD + b"".join(map(bytes.fromhex, frames)))
    return made


def observation(to_server: TappedStream, arrived: TappedStream | None = None) -> Observation:
    """A case in which ``to_server`` was sent and ``arrived`` came out."""
    outer = TappedConnection(to_server, stream(BYE), onward_port=4711)
    inner = TappedConnection(arrived or to_server, stream(BYE))
    verdict: dict[str, object] = {"behavior": "OK"}
    return Observation("fuzzingclient", "1.1.1", verdict, outer, inner)


DIRECT = observation(stream(HELLO, BYE))


@pytest.mark.parametrize(
    ("arrived", "kinds"),
    [
        pytest.param(stream(HELLO, BYE), [], id="the same"),
        pytest.param(stream(HELLO_OTHER_MASK, BYE), ["relay"], id="masked anew"),
        pytest.param(stream(HELLO_ALTERED, BYE), ["frames", "relay"], id="altered"),
        pytest.param(stream(BYE, HELLO), ["frames", "relay"], id="other order"),
        pytest.param(stream(HELLO), ["frames", "relay"], id="lost"),
        pytest.param(stream(HELLO, BYE, BYE), ["frames", "relay"], id="made up"),
        pytest.param(stream(HELLO, BYE, "81"), ["frames", "relay"], id="unfinished"),
        pytest.param(stream(HELLO, BYE, end="rst"), ["ends", "relay"], id="other end"),
    ],
)
def test_differences_between_direct_and_proxied(arrived: TappedStream, kinds: list[str]) -> None:
    proxied = observation(stream(HELLO, BYE), arrived)
    assert [difference.kind for difference in differences_of(DIRECT, proxied)] == kinds


def test_another_verdict_is_a_difference_in_the_view() -> None:
    proxied = observation(stream(HELLO, BYE))
    proxied.verdict["behavior"] = "NON-STRICT"
    assert [difference.kind for difference in differences_of(DIRECT, proxied)] == ["view"]


def test_no_connection_is_a_difference() -> None:
    nothing = Observation("fuzzingclient", "1.1.1", {}, None, None)
    assert [difference.kind for difference in differences_of(DIRECT, nothing)] == ["view", "relay"]


def envelope(event_type: str, flow_id: int = 1, second: int = 5) -> Line:
    """The parts of a line that every event has; ``second`` since 1970, below 60."""
    timestamp = f"1970-01-01T00:00:{second:02}.000000Z"
    return {
        "timestamp": timestamp,
        "event_type": event_type,
        "flow_id": flow_id,
        "src_port": 4711,
    }


def log_lines() -> list[Line]:
    """The log of ``DIRECT``, without a fault."""

    def frame(direction: str, seq: int, opcode: str, mask: int | None, size: int) -> Line:
        websocket = {"fin": True, "opcode": opcode} | ({} if mask is None else {"mask": mask})
        head = 2 if mask is None else 6
        ws = {"direction": direction, "seq": seq, "rsv": 0, "payload_len": size}
        ws |= {"frame_len": head + size, "forwarded": True}
        return envelope("websocket") | {"websocket": websocket, "ws": ws}

    return [
        envelope("ws_open"),
        frame("to_server", 0, "text", 0x37FA213D, 5),
        frame("to_server", 1, "close", 0, 2),
        frame("to_client", 0, "close", 0, 2),
        envelope("ws_close") | {"close": {"cause": "close_frame"}},
    ]


def differences(directory: Path, lines: list[Line]) -> list[str]:
    log = directory / "frames.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return log_differences(log, [DIRECT])


def test_a_true_log_has_no_differences(tmp_path: Path) -> None:
    assert differences(tmp_path, log_lines()) == []


@pytest.mark.parametrize("second", [1, 9])
def test_another_connection_from_the_same_port_is_none_of_ours(second: int, tmp_path: Path) -> None:
    assert DIRECT.outer is not None
    held = dataclasses.replace(DIRECT.outer, opened_at=4.0, ended_at=6.0)
    mine = dataclasses.replace(DIRECT, outer=held)
    other = [
        line | {"flow_id": 2, "timestamp": f"1970-01-01T00:00:{second:02}.000000Z"}
        for line in log_lines()
    ]
    log = tmp_path / "frames.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in other + log_lines()))
    assert log_differences(log, [mine]) == []


def test_a_connection_logged_twice_is_seen(tmp_path: Path) -> None:
    again = [line | {"flow_id": 2} for line in log_lines()]
    assert differences(tmp_path, log_lines() + again)


@pytest.mark.parametrize("lost", range(5))
def test_a_lost_line_is_seen(lost: int, tmp_path: Path) -> None:
    lines = log_lines()
    del lines[lost]
    assert differences(tmp_path, lines)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("websocket", "fin", False),
        ("websocket", "opcode", "binary"),
        ("websocket", "mask", 1),
        ("ws", "direction", "to_client"),
        ("ws", "seq", 7),
        ("ws", "rsv", 4),
        ("ws", "payload_len", 6),
        ("ws", "frame_len", 12),
        ("ws", "forwarded", False),
    ],
)
def test_a_false_field_is_seen(section: str, name: str, value: object, tmp_path: Path) -> None:
    lines = log_lines()
    part = lines[1][section]
    assert isinstance(part, dict)
    part[name] = value
    assert differences(tmp_path, lines)


def test_a_false_cause_is_seen(tmp_path: Path) -> None:
    lines = log_lines()
    lines[-1]["close"] = {"cause": "rst"}
    assert differences(tmp_path, lines) == ["1.1.1: cause rst, the tap saw close_frame"]
