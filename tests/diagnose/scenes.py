"""Made-up logs: what the proxy would have written in a scenario, random but by a seed.

Lines have the contract's fields alone, so they are what any recorder of such logs would write –
but for sizes: these are in ``framing`` or, as in logs of others, only in the lines of frames.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from wsinspect.diagnose.findings import when
from wsinspect.diagnose.report import Report, read_log

START_US = 1_795_352_400_000_000
SECOND = 1_000_000


@dataclass
class Scene:
    """Events of a log by time. All times are seconds since its start."""

    seed: int
    events: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    flows: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def add(self, at_s: float, event_type: str, flow_id: int, **more: Any) -> None:
        event = {
            "timestamp": when(START_US + int(at_s * SECOND)),
            "event_type": event_type,
            "flow_id": flow_id,
            "src_ip": more.pop("client", "10.0.0.1"),
            "src_port": 40_000 + flow_id % 20_000,
            "dest_ip": more.pop("server", "192.0.2.10"),
            "dest_port": 443,
            "proto": "TCP",
            "host": "box",
            **more,
        }
        self.events.append((at_s, len(self.events), event))

    def handshake(
        self, at_s: float, status: int = 101, *, host: str = "chat.example", uri: str = "/ws",
        findings: tuple[str, ...] = (), client: str = "10.0.0.1", server: str = "192.0.2.10",
    ) -> int:  # fmt: skip
        self.flows += 1
        opened = {
            "schema_version": 1, "host": host, "uri": uri, "status": status, "http_version": "1.1",
            "tls": False, "client_protocols": [], "client_extensions": [],
            "server_extensions": [], "findings": [{"code": one, "say": one} for one in findings],
        }  # fmt: skip
        self.add(at_s, "ws_open", self.flows, open=opened, client=client, server=server)
        return self.flows

    def connection(
        self, at_s: float, age_s: float, idle_s: float | None = None, *, code: int = 1006,
        cause: str = "", initiator: str = "server", rtts: tuple[float, ...] = (),
        frames: int | None = None, framing: dict[str, Any] | None = None, **handshake: Any,
    ) -> int:  # fmt: skip
        """A whole life. ``idle_s`` None: nothing ever passed."""
        flow_id = self.handshake(at_s, **handshake)
        idle_s = age_s if idle_s is None else min(idle_s, age_s)
        if frames is None:
            frames = 0 if idle_s == age_s else 2 + 2 * int(age_s - idle_s)
        cause = cause or ("close_frame" if code != 1006 else self.random.choice(("fin", "rst")))
        totals = {
            "frames": frames // 2, "messages": frames // 2, "payload_bytes": frames * 20,
            "wire_bytes": frames * 24,
        }  # fmt: skip
        ordered = sorted(rtts)
        rtt: dict[str, Any] = {"count": len(rtts)}
        if rtts:
            rtt |= {"min": ordered[0], "p50": ordered[len(rtts) // 2], "max": ordered[-1]}
        close = {
            "code_observed": code, "reason": "", "initiator": initiator,
            "clean": cause == "close_frame", "cause": cause, "age_s": round(age_s, 6),
            "idle_s": round(idle_s, 6), "to_server": totals, "to_client": totals,
            "ping_rtt_ms": rtt, "diagnosis": [],
        }  # fmt: skip
        if framing is not None:
            close["framing"] = framing
        addresses = {key: handshake[key] for key in ("client", "server") if key in handshake}
        self.add(at_s + age_s + 0.001, "ws_close", flow_id, close=close, **addresses)
        return flow_id

    def frame(
        self, at_s: float, flow_id: int, opcode: str, direction: str, payload_len: int = 4,
        *, fin: bool = True, rsv: int = 0, forwarded: bool = True, violation: str | None = None,
        seq: int = 0,
    ) -> None:  # fmt: skip
        self.add(
            at_s, "websocket", flow_id,
            websocket={"fin": fin, "opcode": opcode},
            ws={"direction": direction, "seq": seq, "rsv": rsv, "payload_len": payload_len,
                "frame_len": payload_len + 2, "forwarded": forwarded}
            | ({} if violation is None else {"violation": violation}),
        )  # fmt: skip

    def sizes(
        self, at_s: float, to_server: list[int], *, logged: bool, code: int = 1000, **more: Any
    ) -> int:  # fmt: skip
        """A connection whose client sends messages of so many bytes, one frame each.

        ``logged``: a line for each, and nothing in ``ws_close``; else the other way about.
        """
        framing = None
        if not logged and max(to_server) > 125:
            framing = {"to_server": {"message_max_len": max(to_server)} | {
                "frame_max_len": max(to_server)}}  # fmt: skip
        flow_id = self.connection(
            at_s, 60.0, 1.0, code=code, initiator="client" if code == 1000 else "server",
            framing=framing, **more,
        )  # fmt: skip
        if logged:
            for number, length in enumerate(to_server):
                self.frame(at_s + 50 * (number + 1) / len(to_server), flow_id, "text", "to_server",
                           length, seq=number)  # fmt: skip
        return flow_id

    def lines(self) -> Iterator[bytes]:
        for _, _, event in sorted(self.events, key=lambda one: one[:2]):
            yield json.dumps(event).encode() + b"\n"

    def report(self, **options: Any) -> Report:
        return read_log(self.lines(), **options)


def jitter(scene: Scene, width: float) -> float:
    return scene.random.uniform(-width, width)


def idle_cut(scene: Scene, limit_s: float, *, count: int | None = None, **more: Any) -> None:
    """Connections of all ages, cut ±1 s (or a little after) the limit without traffic."""
    for _ in range(count or scene.random.randint(3, 30)):
        idle_s = limit_s + jitter(scene, min(0.95, limit_s / 20))
        busy_s = scene.random.choice((0.0, scene.random.expovariate(1 / 200)))
        scene.connection(
            scene.random.uniform(0, 3600), busy_s + idle_s, idle_s if busy_s else None, **more
        )


def lifetime_cut(scene: Scene, age_s: float, **more: Any) -> None:
    for _ in range(scene.random.randint(4, 30)):
        scene.connection(
            scene.random.uniform(0, 3600),
            age_s + jitter(scene, 0.9),
            scene.random.uniform(0.01, min(5.0, age_s / 4)),
            **more,
        )


def crash(scene: Scene, count: int | None = None) -> float:
    """Returns when it was."""
    at_s = scene.random.uniform(3600, 4000)
    for _ in range(count or scene.random.randint(8, 200)):
        opened_s = scene.random.uniform(0, at_s - 10)
        end_s = at_s + scene.random.uniform(0, 0.4)
        scene.connection(opened_s, end_s - opened_s, scene.random.expovariate(1 / 8))
    return at_s


def drain(scene: Scene) -> None:
    at_s, over_s = scene.random.uniform(3600, 4000), scene.random.uniform(3, 60)
    code = scene.random.choice((1001, 1012))
    for _ in range(scene.random.randint(15, 200)):
        opened_s = scene.random.uniform(0, at_s - 10)
        end_s = at_s + scene.random.uniform(0, over_s)
        scene.connection(opened_s, end_s - opened_s, scene.random.expovariate(0.1), code=code)


def restart(scene: Scene, back_s: Callable[[], float], count: int = 200) -> None:
    """A server goes; its clients are back after ``back_s()`` each."""
    at_s = crash(scene, count)
    for number in range(count):
        scene.connection(
            at_s + 0.4 + back_s(), scene.random.expovariate(1 / 600), 1.0, code=1000,
            initiator="client", client=f"10.0.{number // 250}.{number % 250}",
        )  # fmt: skip


def framing_of(rand: random.Random) -> dict[str, Any] | None:
    """Messages of all sizes, some in fragments, on paths that no product is known by."""
    found: dict[str, Any] = {}
    for direction in ("to_server", "to_client"):
        largest = int(rand.lognormvariate(7, 3))
        if largest <= 125:
            continue
        found[direction] = {"message_max_len": largest, "frame_max_len": largest}
        if largest > 16_384 and rand.random() < 0.5:
            count = largest // 16_384
            found[direction] |= {
                "frame_max_len": 16_384, "fragmented": 1, "fragment_len": 16_384,
                "fragments": count, "fragments_alike": count,
            }  # fmt: skip
    return found or None


def near_a_cap(scene: Scene, cap: int, **more: Any) -> None:
    """Messages of all sizes, the largest between 80 and 100 % of a cap."""
    rand = scene.random
    logged = rand.random() < 0.5
    for _ in range(rand.randint(1, 20)):
        lengths = [rand.randint(1, cap // 2) for _ in range(rand.randint(1, 9))]
        scene.sizes(rand.uniform(0, 3600), lengths, logged=logged, **more)
    scene.sizes(
        rand.uniform(0, 3600), [5, rand.randint(int(0.8 * cap) + 1, cap)], logged=logged, **more
    )


def too_big(scene: Scene, cap: int, **more: Any) -> None:
    """Some pass below a cap, those over it end with 1009."""
    rand = scene.random
    logged = rand.random() < 0.5
    for number in range(rand.randint(3, 20)):
        scene.sizes(number * 100.0, [rand.randint(1, cap)], logged=logged, **more)
        refused = rand.randint(cap + 1, 3 * cap)
        flow_id = scene.sizes(number * 100.0 + 9, [9, refused], logged=logged, code=1009, **more)
        if not logged:
            closes = (event for _, _, event in scene.events if event["flow_id"] == flow_id)
            (close,) = (event["close"] for event in closes if event["event_type"] == "ws_close")
            close["caused_by_len"] = refused


def healthy(scene: Scene, count: int = 1000, hosts: int = 4) -> None:
    """Mixed traffic with nothing wrong, for a day and more."""
    rand = scene.random
    day_s = 86_400.0
    names = [f"app{number}.example" for number in range(hosts)]
    restarts = {name: rand.uniform(0.2, 0.8) * day_s for name in names}
    for number in range(count):
        host = rand.choice(names)
        at_s = rand.uniform(0, day_s)
        age_s = min(rand.lognormvariate(5.5, 1.8), 80_000)
        client = f"10.{number % 7}.{rand.randrange(200)}.{rand.randrange(200)}"
        common: dict[str, Any] = {
            "host": host, "client": client, "uri": f"/ws/{rand.choice('abc')}?v={number % 3}",
            "rtts": tuple(rand.lognormvariate(3.3, 0.4) for _ in range(rand.randrange(9))),
            "framing": framing_of(rand),
        }  # fmt: skip
        restart_s = restarts[host]
        if at_s < restart_s < at_s + age_s:  # the daily restart, in order and at once
            age_s = restart_s + rand.uniform(0, 0.3) - at_s
            scene.connection(at_s, age_s, rand.expovariate(1 / 20), code=1001, **common)
            delay_s = rand.uniform(1, 40)
            scene.connection(
                restart_s + delay_s, rand.expovariate(1 / 900), rand.expovariate(1 / 20),
                code=1000, initiator="client", **common,
            )  # fmt: skip
            continue
        kind = rand.random()
        idle_s = rand.choice((rand.expovariate(1 / 15), rand.uniform(0, 300)))
        if kind < 0.45:
            scene.connection(at_s, age_s, idle_s, code=1000, initiator="client", **common)
        elif kind < 0.65:
            scene.connection(at_s, age_s, idle_s, code=1001, initiator="client", **common)
        elif kind < 0.75:
            code = rand.choice((1000, 1005, 4000, 4001, 4401, 4999))
            scene.connection(at_s, age_s, idle_s, code=code, initiator="server", **common)
        elif kind < 0.85:  # a mobile vanishes
            scene.connection(at_s, age_s, idle_s, initiator="client", **common)
        elif kind < 0.97:
            scene.connection(at_s, age_s, None, code=1000, initiator="client", **common)
        elif kind < 0.985:
            scene.handshake(at_s, rand.choice((401, 403, 404, 429, 502, 503, 400)), host=host)
            scene.connection(at_s + 1, 30.0, 2.0, code=1000, initiator="client", **common)
        else:
            scene.connection(
                at_s, age_s, idle_s, code=1011, initiator=rand.choice(("client", "server")),
                **common,
            )  # fmt: skip
