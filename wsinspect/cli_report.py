"""``wsinspect report FILE``: what happened, on a screen, as JSON, or as meters.

Owns: the command's syntax, reading the file, tables for other programs. Must not know: how anything
is found (``diagnose/``), how it looks on the screen (``cli_screen``).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wsinspect.cli_screen import harmless, screen

if TYPE_CHECKING:
    from wsinspect.diagnose.facts import Ended

__all__ = ["add_report_command"]

USAGE_ERROR = 2
_BUFFER = 1 << 20  # bytes


def add_report_command(sub: Any, commands: dict[str, Any]) -> None:
    """``sub``: the subparsers of ``wsinspect``."""
    report = sub.add_parser(
        "report", help="what happened in a log: ends, causes, advice", allow_abbrev=False
    )
    report.add_argument("file", metavar="FILE", help="a JSON Lines log; - reads standard input")
    report.add_argument("--json", action="store_true", help="for programs")
    report.add_argument(
        "--meters",
        choices=("csv", "json"),
        help="only who used how much, as a table for other programs",
    )
    report.add_argument(
        "--by",
        choices=("host", "client", "user", "connection"),
        default="host",
        help="one meter for each (default: %(default)s)",
    )
    report.add_argument(
        "--pong-deadline",
        type=float,
        default=100.0,
        metavar="MS",
        help="a pong that comes later is slow (default: %(default)g)",
    )
    report.add_argument(
        "--session",
        action="append",
        metavar="NAME",
        help="a query parameter that holds a session id, repeatable (default: sid, session, …)",
    )
    report.set_defaults(function=_report)
    commands["report"] = report


def _report(args: argparse.Namespace) -> int:
    from wsinspect.diagnose.report import read_log
    from wsinspect.diagnose.sessions import SESSION_NAMES

    names: Sequence[str] = args.session or SESSION_NAMES
    rows = _ConnectionRows(args.meters) if args.meters and args.by == "connection" else None
    try:
        with _opened(args.file) as file, _uncollected():
            report = read_log(
                file,
                pong_deadline_ms=args.pong_deadline,
                session_names=names,
                meter_by=args.by,
                each=None if rows is None else rows.add,
            )
    except BrokenPipeError:  # of the rows, which go out as they come
        raise
    except OSError as error:
        print(f"wsinspect: cannot read {args.file}: {error.strerror}", file=sys.stderr)
        return USAGE_ERROR
    if report.broken_lines and not (report.first_us or report.frames or report.diagnoses):
        print(f"wsinspect: {args.file}: no line of it is one of a log", file=sys.stderr)
        return USAGE_ERROR
    if rows is not None:
        rows.end()
    elif args.meters:
        _write_meters(report.meters, args.meters)
    elif args.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        print("\n".join(screen(report, args.file)))
    return 0


def _opened(name: str) -> IO[bytes]:
    if name == "-":
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", _BUFFER)
    return Path(name).open("rb", _BUFFER)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing of a log is part of a cycle: the collector would walk what is open for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- meters ---


class _ConnectionRows:
    """A row for each connection, written as it comes."""

    def __init__(self, form: str) -> None:
        self._csv = _csv_writer() if form == "csv" else None
        self._first = True

    def add(self, end: Ended) -> None:
        from wsinspect.diagnose.meters import connection_row

        row = connection_row(end)
        if self._csv is not None:
            flat = _flat(row)
            if self._first:
                self._csv.writerow(flat)
            self._csv.writerow(map(_cell, flat.values()))
        else:
            print(("[" if self._first else ",\n") + json.dumps(row), end="")
        self._first = False

    def end(self) -> None:
        if self._csv is None:
            print("[]" if self._first else "]")


def _csv_writer() -> Any:
    return csv.writer(sys.stdout, lineterminator="\n")


def _write_meters(meters: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print(json.dumps(meters, ensure_ascii=False))
        return
    writer = _csv_writer()
    for number, meter in enumerate(meters):
        flat = _flat(meter)
        if not number:
            writer.writerow(flat)
        writer.writerow(map(_cell, flat.values()))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{name}_{count}": number for count, number in value.items()}
        else:
            flat[name] = value
    return flat


def _cell(value: object) -> object:
    """A name that a peer has chosen is no formula in a spreadsheet, and steers no terminal."""
    if not isinstance(value, str):
        return value
    value = harmless(value)
    if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
