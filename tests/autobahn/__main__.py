"""``python -m tests.autobahn``: the whole comparison by hand, with figures.

Exit code 1 if anything differs.
"""

# ruff: noqa: T201 - a command-line tool prints
from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, get_args

from tests.autobahn.compare import Comparison, compare
from tests.autobahn.logcheck import log_differences
from tests.autobahn.proxies import PROXY_NAMES, ProxyName
from tests.autobahn.run import COMPRESSION, CORE, PERFORMANCE, Role, case_ids, course

SETS: Final = {
    "core": CORE,
    "performance": PERFORMANCE,
    "compression": COMPRESSION,
    "all": CORE + PERFORMANCE + COMPRESSION,
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.autobahn", description=__doc__)
    parser.add_argument("--proxy", choices=PROXY_NAMES, default="wsinspect")
    parser.add_argument("--role", choices=(*get_args(Role), "both"), default="both")
    parser.add_argument(
        "--cases",
        nargs="+",
        default=["core"],
        metavar="SET|CASE",
        help=f"{', '.join(SETS)}, or case ids and patterns such as 7.* (default: core)",
    )
    return parser.parse_args()


async def _run(proxy: ProxyName, role: Role, ids: list[str]) -> int:
    """The number of differences, after printing them."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with (
            course(role, "none", directory) as direct,
            course(role, proxy, directory) as proxied,
        ):
            comparison = await compare(direct, proxied, ids)
        problems = []
        if proxy == "wsinspect":
            problems = log_differences(directory / "frames.jsonl", comparison.proxied)
    _print(comparison, problems)
    print(f"{role} through {proxy}: {comparison.summary()}", end="")
    if proxy == "wsinspect":
        print(f"; log against tap: {len(problems)}", end="")
    print(f"; {time.monotonic() - started:.0f} s")
    return len(comparison.differences) + len(problems)


def _print(comparison: Comparison, problems: list[str]) -> None:
    for difference in comparison.differences:
        print(difference)
    for problem in problems:
        print(f"log: {problem}")


async def _main() -> int:
    arguments = _parse()
    patterns = [pattern for name in arguments.cases for pattern in SETS.get(name, (name,))]
    ids = await case_ids(patterns)
    roles: tuple[Role, ...] = get_args(Role) if arguments.role == "both" else (arguments.role,)
    return sum([await _run(arguments.proxy, role, ids) for role in roles])


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(_main()) else 0)
