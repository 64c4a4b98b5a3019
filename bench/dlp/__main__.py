"""``python -m bench.dlp [SUITES…] [--split train|test] [--seed N] [--quick] [--misses] …``.

Recall and false positives of the rules, asked through ``wsinspect rules scan``; then what an
inspection costs, in this process. ``train`` shows what was missed, ``test`` only counts.
Exit code 1 if a target is missed (not with ``--quick``, which only smokes).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from bench.dlp.cases import SEEDS, SPLITS
from bench.dlp.suites import FULL, QUICK, SUITES, Result, Setting
from bench.dlp.tally import Figure, Row, figures, misses, table


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dlp", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--seed", type=int, help="other data than that of the split's own seed")
    parser.add_argument("--quick", action="store_true", help="small corpora, to see it work")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="show N groups (train)")
    parser.add_argument("--json", type=Path, help="write all rows there")
    parsed = parser.parse_args(arguments)
    if unknown := [name for name in parsed.suites if name not in SUITES]:
        parser.error(f"no suite {', '.join(unknown)}; there are: {', '.join(SUITES)}")
    if parsed.misses and parsed.split == "test":
        parser.error("--misses is for --split train: nobody tunes on what test misses")
    return parsed


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for and print it; the exit code."""
    parsed = _parse(arguments)
    sizes = QUICK if parsed.quick else FULL
    setting = Setting(parsed.split, sizes, parsed.seed)
    seed = SEEDS[parsed.split] if parsed.seed is None else parsed.seed
    print(f"split {parsed.split}, seed {seed}", flush=True)
    rows: list[Row | Figure] = []
    for name in parsed.suites or SUITES:
        begin = time.monotonic()
        result = SUITES[name](setting)
        rows += [*result.rows, *result.figures]
        _print(result, parsed.misses)
        print(f"  ({name}: {time.monotonic() - begin:.0f} s)", flush=True)
    missed = [f"{row.suite}, {row.name}" for row in rows if not row.good]
    print("\n" + ("\n".join(f"missed: {name}" for name in missed) or "all targets are met"))
    if parsed.json:
        document = {"split": parsed.split, "seed": seed, "rows": [row.as_json() for row in rows]}
        parsed.json.write_text(json.dumps(document, indent=1) + "\n")
    if parsed.quick:
        print("a quick run: nothing above is a measurement")
        return 0
    return 1 if missed else 0


def _print(result: Result, limit: int) -> None:
    print("\n".join(table(result.rows)))
    if result.figures:
        print("\n".join([result.figures[0].suite, *figures(result.figures)]))
    print("\n".join(f"  {remark}" for remark in result.remarks))
    if limit:
        print("\n".join(["  missed:", *misses(result.outcomes, limit)]))


if __name__ == "__main__":
    sys.exit(main())
