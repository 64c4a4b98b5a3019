"""``python -m bench.diagnosing``: what the diagnosis costs, live and of a million events.

Live: one frame's way (the event loop, read from a socket, walked, recorded, written to a socket)
without and with the diagnosis, at 10,000 connections, in turns of 2,500 frames, and what its
second's tick takes. Target: 5 % in all.

A report, of two logs: one of frames (as ``--record frames`` writes it), one of openings and ends
alone. Targets: 10 s and 200 MB each.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from wsinspect.diagnose.fanout import LOOKS
from wsinspect.model.connection import Connection
from wsinspect.model.events import envelope
from wsinspect.protocol.handshake import Request, Response, examine
from wsinspect.proxy.diagnosing import Diagnosing
from wsinspect.relay.relay import Relay
from wsinspect.sinks.hub import Hub

CONNECTIONS = 10_000
ROUND = 2_500  # frames
ROUNDS = 100  # of each
TARGET_SHARE = 0.05
EVENTS = 1_000_000
TARGET_S = 10.0
TARGET_MB = 200.0
START_S = 1_795_352_400
_CHILD = """
import resource, sys, time
from wsinspect.cli import main
began = time.perf_counter()
code = main(["report", sys.argv[1], "--json"])
took = time.perf_counter() - began
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def _stamp(at_s: float) -> str:
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(at_s))) + f".{int(at_s % 1 * 1e6):06d}Z"
    )


def _line(at_s: float, event_type: str, flow_id: int, **body: Any) -> str:
    return json.dumps(
        {
            "timestamp": _stamp(at_s), "event_type": event_type, "flow_id": flow_id,
            "src_ip": f"10.0.{flow_id % 200}.{flow_id % 250}", "src_port": 40_000,
            "dest_ip": "192.0.2.1", "dest_port": 443, "proto": "TCP", "host": "box", **body,
        },
        separators=(",", ":"),
    )  # fmt: skip


def _opening(at_s: float, flow_id: int) -> str:
    opened = {
        "schema_version": 1, "host": f"app{flow_id % 50}.example", "uri": f"/ws?v={flow_id}",
        "status": 101, "http_version": "HTTP/1.1", "tls": True, "client_protocols": [],
        "client_extensions": [], "server_extensions": [], "findings": [], "accept_valid": True,
    }  # fmt: skip
    return _line(at_s, "ws_open", flow_id, open=opened)


def _end(at_s: float, flow_id: int, rand: random.Random, age_s: float) -> str:
    abrupt = rand.random() < 0.05
    totals = {"frames": 5, "messages": 5, "payload_bytes": 500, "wire_bytes": 530}
    close: dict[str, Any] = {
        "code_observed": 1006 if abrupt else 1000, "reason": "",
        "initiator": rand.choice(("client", "server")), "clean": not abrupt,
        "cause": "fin" if abrupt else "close_frame", "age_s": age_s,
        "idle_s": min(age_s, rand.expovariate(1 / 40)), "to_server": totals, "to_client": totals,
        "ping_rtt_ms": {"count": 3, "min": 1.0, "p50": 2.0, "max": 9.0}, "diagnosis": [],
        "keepalive": {"pings_to_client": 3, "interval_s": 20.0},
    }  # fmt: skip
    return _line(at_s, "ws_close", flow_id, close=close)


def write_frames(file: IO[str], events: int) -> None:
    """2,000 connections that chat."""
    rand = random.Random(1)
    flows = 2000
    for flow_id in range(1, flows + 1):
        file.write(_opening(START_S + flow_id / 1000, flow_id) + "\n")
    for number in range(events - 2 * flows):
        opcode = "ping" if number % 50 == 0 else "text"
        ws = {
            "direction": "to_server" if number % 2 else "to_client", "seq": number // flows,
            "rsv": 0, "payload_len": 120, "frame_len": 126, "forwarded": True,
        }  # fmt: skip
        websocket = {"fin": True, "opcode": opcode, "mask": 123456789}
        at_s = START_S + 3 + number / 500
        file.write(_line(at_s, "websocket", number % flows + 1, websocket=websocket, ws=ws) + "\n")
    end_s = START_S + 3 + events / 500
    for flow_id in range(1, flows + 1):
        file.write(_end(end_s + flow_id / 10, flow_id, rand, end_s - START_S) + "\n")


def write_connections(file: IO[str], events: int) -> None:
    """Half a million short lives, 10,000 at once."""
    rand = random.Random(1)
    open_at = 10_000
    for number in range(events // 2 + open_at):
        at_s = START_S + number / 100
        if number < events // 2:
            file.write(_opening(at_s, number + 1) + "\n")
        if number >= open_at:
            flow_id = number - open_at + 1
            file.write(_end(at_s + 0.001, flow_id, rand, open_at / 100) + "\n")


def _connect(hub: Hub, flow_id: int) -> Relay:
    client, server = ("127.0.0.1", 40_000), ("127.0.0.1", 9000)
    asked = [(b"Host", b"app.example"), (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
    shake = examine(Request("GET", "/ws", "HTTP/1.1", asked), Response(101, asked[1:]))
    connection = Connection(
        flow_id, client, server, shake, hub.clock(), envelope(flow_id, client, server, "box")
    )
    hub.opened(connection, 101)
    return Relay(connection, hub, clock=hub.clock)


def _ways(relays: list[Relay], diagnosing: Diagnosing | None) -> list[Callable[[bytes], bytes]]:
    """As ``InspectingLayer`` has them: what the server's chunks go through."""

    def way(relay: Relay) -> Callable[[bytes], bytes]:
        receive = relay.to_client.receive
        host, look = (None, None) if diagnosing is None else diagnosing.lookout(relay.connection)

        def straight(data: bytes) -> bytes:
            if host is not None and host.on and look is not None:
                look(data)
            return receive(data)

        return straight

    return [way(relay) for relay in relays]


async def live() -> bool:
    """Short rounds of the same chunks, in turns without the diagnosis, with it, and with all looked
    at – which at most 5,000 chunks a second are."""
    hub = Hub(host="box")
    diagnosing = Diagnosing(hub, pong_deadline_ms=100, session_names=("sid",))
    relays = [_connect(hub, number + 1) for number in range(CONNECTIONS)]
    for relay in relays:
        diagnosing.opened(relay.connection, 101)
        relay.connection.opened_ns -= 10**10  # its greeting is long over
    plain, watched = _ways(relays, None), _ways(relays, diagnosing)
    frames = [bytes([0x81, 62]) + b"%062d" % number for number in range(1000)]
    took: dict[str, list[float]] = {"without": [], "with": [], "looking": []}
    ticks = []
    loop = asyncio.get_running_loop()
    near, far = socket.socketpair()
    out, sink = socket.socketpair()
    for one in (near, far, out, sink):
        one.setblocking(False)
    arrived = loop.create_future()
    number = 0
    ways = plain

    def readable() -> None:
        """As a transport of asyncio: the loop says that there is something, it is read, it goes."""
        nonlocal number
        out.send(ways[number % CONNECTIONS](far.recv(65536)))
        sink.recv(65536)
        number += 1
        if number % ROUND:
            near.send(frames[number % 1000])
        else:
            arrived.set_result(None)

    loop.add_reader(far, readable)
    for round_ in range(ROUNDS):
        arms = list(took)
        for arm in arms if round_ % 2 else reversed(arms):
            ways = plain if arm == "without" else watched
            diagnosing.fan_outs.stop()
            if arm == "looking":
                began = time.perf_counter()
                diagnosing.tick()
                ticks.append(time.perf_counter() - began)
                diagnosing.fan_outs.turn(hub.clock(), rest=False)
            arrived = loop.create_future()
            began = time.perf_counter()
            near.send(frames[number % 1000])
            await arrived
            took[arm].append((time.perf_counter() - began) / ROUND * 1e6)
    loop.remove_reader(far)
    hub.flush()
    for one in (near, far, out, sink):
        one.close()
    without = statistics.median(took["without"])
    # Neighbours in time have the same neighbours on the machine.
    pairs = zip(took["with"], took["without"], strict=True)
    more = statistics.median(one / other for one, other in pairs) - 1
    pairs = zip(took["looking"], took["with"], strict=True)
    look = statistics.median(one - other for one, other in pairs)  # µs
    tick_s = statistics.median(ticks)
    looks_s = LOOKS * max(0, look) / 1e6
    share = max(0, more) + looks_s + tick_s  # the latter two of each second
    print(
        f"live         {CONNECTIONS:,} connections: {without:.2f} µs a frame, {100 * more:+.1f} % "
        f"with diagnosis; looks {1e3 * looks_s:.1f} ms, the tick {1e3 * tick_s:.1f} ms a second: "
        f"{100 * share:.1f} % – {'met' if share <= TARGET_SHARE else 'MISSED'}",
        flush=True,
    )
    return share <= TARGET_SHARE


def main() -> int:
    good = asyncio.run(live())
    with tempfile.TemporaryDirectory(prefix="wsinspect-bench-") as folder:
        for name, write in (("frames", write_frames), ("connections", write_connections)):
            path = Path(folder) / f"{name}.jsonl"
            with path.open("w") as file:
                write(file, EVENTS)
            run = subprocess.run(
                (sys.executable, "-c", _CHILD, str(path)), capture_output=True, check=True
            )
            took_s, kilobytes = map(float, run.stderr.split()[-2:])
            mb = kilobytes * 1024 / 1e6
            found = len(json.loads(run.stdout)["diagnoses"])
            size_mb = path.stat().st_size / 1e6
            met = took_s <= TARGET_S and mb <= TARGET_MB
            good = good and met
            print(
                f"{name:<12} {EVENTS:,} events ({size_mb:.0f} MB): {took_s:.1f} s, {mb:.0f} MB"
                f" peak, {found} diagnoses – {'met' if met else 'MISSED'}",
                flush=True,
            )
            path.unlink()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
