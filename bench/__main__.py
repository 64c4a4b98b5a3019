"""``python -m bench [NAMES…] [--rounds N] [--quick] [--json FILE]``.

Each round runs every contender of a scenario once, one after the other, in an order that turns;
each run has a fresh proxy and a fresh server. With wsinspect the log is counted after the proxy
has ended: a run with a frame missing from it is invalid.
Exit code 1 if a target is missed or a run is invalid (not with ``--quick``, which only smokes).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench import tls
from bench.contenders import CONTENDERS, NODE, Proxy, Site, missing
from bench.processes import server
from bench.report import Result, Round, as_json, known_names, table, verdicts
from bench.scenarios import FULL, QUICK, SCENARIOS, Effort, Figures, Scenario

TO_SERVER: Final = b'"direction":"to_server"'
TO_CLIENT: Final = b'"direction":"to_client"'
STATS: Final = b'"event_type":"stats"'
READ_SIZE: Final = 1 << 24


class InvalidRun(Exception):
    """A run whose figures do not count."""


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known_names()))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one short round, to see it work")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, help="only these contenders")
    parser.add_argument("--json", type=Path, help="write all figures there")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in known_names()]:
        parser.error(f"no scenario {', '.join(unknown)}; there are: {', '.join(known_names())}")
    return arguments


def run_once(scenario: Scenario, contender: str, effort: Effort, directory: Path) -> Figures:
    """One run of one contender, with all it needs brought up and taken down.

    Raises:
        InvalidRun: frames are missing from the log.
    """
    certificate = tls.make(directory) if scenario.tls else None
    files = (certificate.certificate, certificate.key) if certificate else ()
    with server(*files) as server_port:
        site = Site(server_port, directory, certificate)
        with CONTENDERS[contender](site) as proxy:
            figures = scenario.run(proxy, effort)
    check_log(proxy, figures)
    return figures


def check_log(proxy: Proxy, figures: Figures) -> None:
    """Count the lines of frames in the log; remove it, it is large.

    Raises:
        InvalidRun: their number is not that of the frames sent.
    """
    if proxy.log is None or not figures.frames_to_server:
        return
    to_server = to_client = 0
    stats = b"no stats line"
    with proxy.log.open("rb") as log:
        rest = b""
        while data := log.read(READ_SIZE):
            whole, _, rest = (rest + data).rpartition(b"\n")
            # Only lines of frames have a direction.
            to_server += whole.count(TO_SERVER)
            to_client += whole.count(TO_CLIENT)
            if (at := whole.rfind(STATS)) >= 0:
                stats = whole[at:].partition(b"\n")[0]
    proxy.log.unlink()
    if to_server != figures.frames_to_server:
        counted = f"{to_server} frames in the log, {figures.frames_to_server} were sent"
        raise InvalidRun(f"{counted}; the last stats: {stats.decode()}")
    if to_client < figures.frames_to_client:
        raise InvalidRun(f"{to_client} answers in the log, {figures.frames_to_client} came")


def run_scenario(scenario: Scenario, names: list[str], rounds: int, effort: Effort) -> Result:
    """All rounds of a scenario."""
    result = Result(scenario)
    for index in range(min(rounds, scenario.rounds or rounds)):
        figures: Round = {}
        turn = index % len(names)
        for contender in names[turn:] + names[:turn]:
            if sys.stderr.isatty():
                print(f"\r  round {index + 1}: {contender:<14}", end="", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="wsinspect-bench-") as directory:
                try:
                    figures[contender] = run_once(scenario, contender, effort, Path(directory))
                except (OSError, RuntimeError, InvalidRun, subprocess.SubprocessError) as error:
                    result.problems.append(f"{scenario.name}, {contender}: {error}")
        result.rounds.append(figures)
    return result


def machine() -> str:
    """One line about where this was measured."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} × {model}, load {os.getloadavg()[0]:.1f}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, mitmproxy {version('mitmproxy')}"
    )


def _install_node_packages() -> None:
    if (NODE / "node_modules").is_dir() or not shutil.which("npm"):
        return
    print("Installing the npm packages of the benchmarks", file=sys.stderr)
    subprocess.run(
        ("npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(NODE)), check=False
    )


def main() -> int:
    """Run what was asked for and print it; the exit code."""
    arguments = _parse()
    effort, rounds = (QUICK, 1) if arguments.quick else (FULL, arguments.rounds)
    _install_node_packages()
    print(machine(), flush=True)
    absent = {name: reason for name in CONTENDERS if (reason := missing(name))}
    for name, reason in absent.items():
        print(f"without {name}: {reason}")
    results: dict[str, Result] = {}
    for scenario in SCENARIOS:
        if arguments.names and scenario.name not in arguments.names:
            continue
        print(f"\r{scenario.name}", file=sys.stderr, flush=True)
        wanted = arguments.only or scenario.contenders
        names = [each for each in scenario.contenders if each in wanted and each not in absent]
        if names:
            results[scenario.name] = run_scenario(scenario, names, rounds, effort)
    print("\n".join(["", *table(results), ""]))
    lines, good = verdicts(results)
    problems = [problem for result in results.values() for problem in result.problems]
    print("\n".join([*lines, *(f"invalid: {problem}" for problem in problems)]))
    if arguments.json:
        document = {"machine": machine(), "rounds": rounds, "results": as_json(results)}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.quick:
        print("a quick run: nothing above is a measurement")
        return 1 if problems else 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
