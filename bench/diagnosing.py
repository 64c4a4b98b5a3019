"""``python -m bench.diagnosing``: what the diagnosis costs, live and of a million events.

Live: two real proxies side by side in front of one server, equal but for the diagnosis; 10,000
connections open on each, some of which talk; rounds in turns. Target: 5 % of the throughput.

A report, of two logs: one of frames (as ``--record frames`` writes it), one of openings and ends
alone. Targets: 10 s and 200 MB each.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any

from bench import client
from bench.client import Endpoint
from bench.contenders import Site
from bench.processes import running, server, wait_for_line

CONNECTIONS = 10_000
TALKING = 64
ROUNDS = 12
TARGET_SHARE = 0.05
EVENTS = 1_000_000
TARGET_S = 10.0
TARGET_MB = 200.0
_GREETING_S = 3.0  # what comes soon after a handshake is not looked at
_WITH = "import sys; from wsinspect.cli import main; sys.exit(main())"
# There is no such option: nobody needs it but this.
_WITHOUT = f"""
from wsinspect.proxy.addon import Inspector
_open = Inspector._open
def without(self, settings):
    _open(self, settings)
    self.diagnosing = None
Inspector._open = without
{_WITH}
"""
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


# --- live ---


@contextmanager
def _proxy(site: Site, *, diagnosis: bool) -> Iterator[Endpoint]:
    """As a contender, with nothing else between it and ``wsinspect run`` than that switch."""
    name = "with" if diagnosis else "without"
    said = site.directory / f"{name}.txt"
    command = (
        *(sys.executable, "-c", _WITH if diagnosis else _WITHOUT),
        *("run", "--headless", "--mode", f"reverse:http://127.0.0.1:{site.server_port}"),
        *("-p", "0", "--log", str(site.directory / f"{name}.jsonl"), "--record", "connections"),
        *("--socket", str(site.directory / f"{name}.sock")),
        *("--set", f"confdir={site.directory}"),
    )
    with running(command, said) as process:
        line = wait_for_line(process, rb"wsinspect: listening on \S*:(\d+)", said)
        yield Endpoint(int(line[1]))


def _room(wanted: int) -> int:
    """As many connections as this process may have on two proxies, and a proxy on two sides."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, (hard - 10 * TALKING) // 2)


def _echoed(endpoint: Endpoint, seconds: float) -> float:
    """Messages a second, both ways, of questions and answers."""
    found = client.ping_pong(endpoint, TALKING, seconds)
    return 2 * found.round_trips / found.elapsed_s


def _pushed(endpoint: Endpoint, _: float) -> float:
    """Messages a second that a server sends of its own accord, as fast as they are taken."""
    found = client.drain(endpoint, 64, 40)
    return found.frames / found.elapsed_s


def live(connections: int, rounds: int, seconds: float) -> bool:
    """Two real proxies, one without the diagnosis, in turns; most connections are just open."""
    connections = _room(connections)
    good = True
    with (
        tempfile.TemporaryDirectory(prefix="wsinspect-bench-") as folder,
        server() as port,
        _proxy(Site(port, Path(folder)), diagnosis=False) as without,
        _proxy(Site(port, Path(folder)), diagnosis=True) as with_it,
        ExitStack() as held,
    ):
        arms = {"without": without, "with": with_it}
        for _ in range(connections):
            for endpoint in arms.values():
                held.enter_context(closing(client.connect(endpoint, "/echo")))
        time.sleep(_GREETING_S)
        for name, load in (("echoed", _echoed), ("pushed", _pushed)):
            rates: dict[str, list[float]] = {arm: [] for arm in arms}
            for number in range(rounds + 1):
                for arm in arms if number % 2 else reversed(arms):
                    rate = load(arms[arm], seconds)
                    if number:  # the first only warms up
                        rates[arm].append(rate)
            # Neighbours in time have the same neighbours on the machine.
            pairs = zip(rates["with"], rates["without"], strict=True)
            ratios = sorted(one / other for one, other in pairs)
            ratio = statistics.median(ratios)
            good = good and ratio >= 1 - TARGET_SHARE
            print(
                f"live {name:<7} {connections:,} connections, {TALKING} talk: "
                f"{statistics.median(rates['without']):,.0f} messages/s without, "
                f"{statistics.median(rates['with']):,.0f} with the diagnosis: ratio {ratio:.3f} "
                f"({ratios[0]:.3f} to {ratios[-1]:.3f} of {rounds} rounds) – "
                f"{'met' if ratio >= 1 - TARGET_SHARE else 'MISSED'}",
                flush=True,
            )
    return good


# --- reports ---


def reports() -> bool:
    good = True
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
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.diagnosing", description=__doc__)
    parser.add_argument("--only", choices=("live", "reports"))
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a round of echoes")
    args = parser.parse_args()
    good = args.only == "reports" or live(args.connections, args.rounds, args.seconds)
    if args.only != "live":
        good = reports() and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
