"""A realistic log of any length, fast: connections that come, talk, ping and end.

`python -m tests.support.long_log PATH [--frames 1000000] [--connections 2000] [--seconds 3600]`
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
from collections.abc import Iterator
from pathlib import Path

from tests.support.fake_story import NS, T0_NS
from wsinspect.model.events import timestamp

_HOSTS = (
    ("chat.example.net", "/rooms/%d", "chat.v2"),
    ("odds.example.net", "/feed?sport=%d", None),
    ("api.example.net:8443", "/graphql", "graphql-transport-ws"),
    ("telemetry.example.net", "/tram/%d/position", "mqtt"),
)
_SIZES = (0, 2, 17, 64, 90, 90, 90, 131, 260, 512, 1_400, 4_096, 70_000)
_ENDS = (
    (1000, "client", "close_frame", True),
    (1000, "client", "close_frame", True),
    (1001, "server", "close_frame", True),
    (1006, "server", "rst", False),
    (1006, "client", "fin", False),
    (4003, "server", "close_frame", True),
)


def _header_len(size: int) -> int:
    return 2 + (0 if size < 126 else 2 if size < 65_536 else 8)


class _Life:
    """One connection of the log."""

    def __init__(self, flow_id: int, began_ns: int, frames: int, rng: random.Random) -> None:
        self.rng = rng
        self.left = frames
        self.pause = 0
        self.began_ns = self.last_ns = began_ns
        self.seq = [0, 0]
        self.sums = [[0, 0, 0, 0], [0, 0, 0, 0]]
        host, uri, subprotocol = _HOSTS[flow_id % len(_HOSTS)]
        self.host = host
        self.open = {"schema_version": 1, "host": host, "status": 101, "http_version": "HTTP/1.1",
                     "uri": uri % (flow_id % 7) if "%" in uri else uri, "tls": True,
                     "client_protocols": [], "client_extensions": [], "server_extensions": [],
                     "findings": [], "accept_valid": True, "handshake_ms": 3.2}  # fmt: skip
        if subprotocol:
            self.open["subprotocol"] = subprotocol
        self.envelope = (
            b'"flow_id":%d,"src_ip":"10.0.%d.%d","src_port":%d,"dest_ip":"127.0.0.1",'
            b'"dest_port":9000,"proto":"TCP","host":"box"'
            % (flow_id, flow_id % 8, flow_id % 250, 20_000 + flow_id % 40_000)
        )

    def opening(self) -> bytes:
        return self._event(b"ws_open", self.began_ns, "open", self.open)

    def _event(self, kind: bytes, at_ns: int, name: str, body: object) -> bytes:
        return b'{"timestamp":"%b","event_type":"%b",%b,"%b":%b}\n' % (
            timestamp(at_ns), kind, self.envelope, name.encode(),
            json.dumps(body, separators=(",", ":")).encode(),
        )  # fmt: skip

    def frame(self, at_ns: int) -> bytes:
        rng = self.rng
        roll = rng.random()
        to_client = roll < 0.7
        opcode, size = (b"text", rng.choice(_SIZES)) if roll > 0.06 else (b"ping", 4)
        wire = size + _header_len(size) + (0 if to_client else 4)
        mask = b"" if to_client else b'"mask":%d,' % rng.getrandbits(32)
        sums = self.sums[to_client]
        sums[0] += 1
        sums[1] += opcode == b"text"
        sums[2] += size
        sums[3] += wire
        self.last_ns = at_ns
        self.left -= 1
        seq = self.seq[to_client]
        self.seq[to_client] += 1
        return (
            b'{"timestamp":"%b","event_type":"websocket",%b,"websocket":{%b"fin":true,'
            b'"opcode":"%b"},"ws":{"direction":"%b","rsv":0,"payload_len":%d,"frame_len":%d,'
            b'"forwarded":true,"seq":%d}}\n'
            % (timestamp(at_ns), self.envelope, mask, opcode,
               b"to_client" if to_client else b"to_server", size, wire, seq)
        )  # fmt: skip

    def ending(self, at_ns: int) -> bytes:
        code, initiator, cause, clean = self.rng.choice(_ENDS)
        names = ("frames", "messages", "payload_bytes", "wire_bytes")
        body = {"code_observed": code, "reason": "", "initiator": initiator, "clean": clean,
                "cause": cause, "age_s": (at_ns - self.began_ns) / NS,
                "idle_s": (at_ns - self.last_ns) / NS,
                "to_server": dict(zip(names, self.sums[0], strict=True)),
                "to_client": dict(zip(names, self.sums[1], strict=True)),
                "ping_rtt_ms": {"count": 0}, "diagnosis": []}  # fmt: skip
        return self._event(b"ws_close", at_ns, "close", body)

    def alert(self, at_ns: int) -> bytes:
        body = {"signature": "card number", "rule": "card", "severity": "high",
                "action": "allowed", "disposition": "logged", "direction": "to_server",
                "opcode": "text", "seq": max(0, self.seq[0] - 1), "hits_total": 1, "hits": [
                    {"detector": "credit-card", "path": "$", "start": 4, "end": 20, "length": 16,
                     "masked": "************1111", "fingerprint": "00ff"}]}  # fmt: skip
        return self._event(b"alert", at_ns, "alert", body)


def lines(frames: int, connections: int, seconds: float, seed: int = 1) -> Iterator[bytes]:
    """The lines in order of time; a tenth of the connections is still open at the end."""
    rng = random.Random(seed)
    span = int(seconds * NS)
    each = max(1, frames // connections)
    due: list[tuple[int, int, _Life]] = []
    for number in range(1, connections + 1):
        began = T0_NS + int(span * 0.8 * rng.random() ** 1.5)
        share = max(1, int(each * (0.5 + rng.random())))
        heapq.heappush(due, (began, number, _Life(number, began, share, rng)))
    told = 0
    while due:
        at_ns, number, life = heapq.heappop(due)
        if at_ns == life.began_ns:
            yield life.opening()
            life.pause = max(1, (T0_NS + span - at_ns) // (life.left + 1))
        elif life.left > 0:
            yield life.frame(at_ns)
            told += 1
            if told % 5_000 == 0:
                yield life.alert(at_ns)
        else:
            if number % 10:
                yield life.ending(at_ns)
            continue
        step = int(rng.random() * 2 * life.pause) + 1000
        heapq.heappush(due, (at_ns + step, number, life))


def write(path: Path, frames: int, connections: int, seconds: float, seed: int = 1) -> None:
    with path.open("wb") as file:
        file.writelines(lines(frames, connections, seconds, seed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=3600)
    args = parser.parse_args()
    write(args.path, args.frames, args.connections, args.seconds)
