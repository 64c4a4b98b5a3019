"""What an inspection costs: time of an ordinary message, time and memory of the worst ones.

Owns: how that is measured. Each worst message is looked at in a process of its own, so that its
peak of memory is its own: ``python -m bench.dlp.speed NAME DIRECTORY`` is that process.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench.dlp import loads
from bench.dlp.cases import SEEDS
from bench.dlp.packs import PACK
from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.ruleset import load_rules

__all__ = ["Cost", "Latency", "inspect_time_s", "latency", "worst"]

SECOND_NS: Final = 10**9
SIZE: Final = 1024
WARM: Final = 200
MESSAGES: Final = 20_000
DIFFERENT: Final = 500
TRIES: Final = 5
QUIET_TRIES: Final = 15


@dataclass(frozen=True, slots=True)
class Latency:
    """Microseconds an inspection."""

    p50_us: float
    p99_us: float
    findings: int


@dataclass(frozen=True, slots=True)
class Cost:
    """A worst message: ``ratio`` to benign text of its size, ``grown_bytes`` beyond that."""

    name: str
    size: int
    seconds: float
    quiet_seconds: float
    grown_bytes: int

    @property
    def ratio(self) -> float:
        return self.seconds / self.quiet_seconds


def everything(directory: Path) -> Inspector:
    """The whole pack and every detector, views and streams on, all logging.

    The compiled database stays in ``directory`` for the next one.
    """
    file = directory / "rules.yaml"
    detectors = "".join(
        f"  - {{id: find-{name}, find: {{detector: {name}}}, do: log}}\n"
        for name in sorted(BUILTIN)
    )
    file.write_text(
        f"version: 1\npacks: {{gitleaks: {PACK}}}\nrules:\n"
        f"  - {{id: pack, find: {{pack: gitleaks}}, do: log}}\n{detectors}"
    )
    return Inspector(load_rules([file], cache=directory), time_limit_s=60.0)


def _facts() -> ConnectionFacts:
    return ConnectionFacts("chat.example", "/ws", "", "", "203.0.113.9", "", lambda _: False)


def inspect_time_s(inspector: Inspector, payload: bytes, opcode: str, tries: int) -> float:
    """The median of some inspections, each the first message of its own stream."""
    taken = []
    for _ in range(tries):
        scope = inspector.scope(_facts(), "to_server")
        begin = time.perf_counter()
        inspector.inspect(scope, payload, opcode, SECOND_NS)
        taken.append(time.perf_counter() - begin)
    return median(taken)


def latency(count: int = MESSAGES) -> Latency:
    """1 KiB of chat JSON, many different ones on one connection."""
    with tempfile.TemporaryDirectory(prefix="wsinspect-dlp-") as directory:
        inspector = everything(Path(directory))
    payloads = loads.ordinary(SIZE, DIFFERENT, SEEDS["test"])
    scope = inspector.scope(_facts(), "to_server")
    taken, findings = [], 0
    for index in range(count + WARM):
        payload = payloads[index % DIFFERENT]
        begin = time.perf_counter()
        inspection = inspector.inspect(scope, payload, "text", index * SECOND_NS // 1000)
        taken.append(time.perf_counter() - begin)
        findings += len(inspection.findings)
    cut = quantiles(taken[WARM:], n=100)
    return Latency(cut[49] * 1e6, cut[98] * 1e6, findings)


def worst(names: Sequence[str] = tuple(loads.WORST)) -> list[Cost]:
    """Every worst message, one process each."""
    costs = []
    with tempfile.TemporaryDirectory(prefix="wsinspect-dlp-") as directory:
        for name in names:
            command = (sys.executable, "-m", "bench.dlp.speed", name, directory)
            said = subprocess.run(command, check=True, capture_output=True, timeout=600).stdout
            costs.append(Cost(**json.loads(said)))
    return costs


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(name: str, directory: Path) -> Cost:
    """In the process of its own."""
    inspector = everything(directory)
    source = random.Random(SEEDS["test"])
    load = loads.WORST[name]
    payload = load.make(source)
    size = max(len(payload), 512)
    quiet = loads.quiet_text(size, source)
    quiet_s = inspect_time_s(inspector, quiet, "text", QUIET_TRIES)
    before = _peak_bytes()
    seconds = inspect_time_s(inspector, payload, load.opcode, TRIES)
    return Cost(name, len(payload), seconds, quiet_s, _peak_bytes() - before)


if __name__ == "__main__":
    cost = measure(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps({name: getattr(cost, name) for name in Cost.__slots__}))
