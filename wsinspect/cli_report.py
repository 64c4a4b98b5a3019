"""``wsinspect report FILE``: what happened, on one screen, for somebody who is tired.

Owns: the command's syntax, reading the file, and the words and colours on the screen. Must not
know: how anything is found (``diagnose/``).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsinspect.diagnose.facts import Ended
    from wsinspect.diagnose.report import Report

__all__ = ["add_report_command"]

USAGE_ERROR = 2
_WIDEST = 100
_SHOWN = 8
_COLOURS = {"high": "31", "medium": "33", "low": "36"}
_SURE = {"high": "sure", "medium": "likely", "low": "a guess"}
_VIOLATIONS = {
    "unmasked": "a client must mask its frames, RFC 6455 §5.1",
    "masked": "a server must not mask its frames, RFC 6455 §5.1",
}
_CAUSES = {
    "close_frame": "closed",
    "fin": "hung up without a Close frame (FIN)",
    "rst": "hung up without a Close frame (RST)",
    "timeout": "was gone (timeout)",
    "policy": "ended by a rule or a person",
    "shutdown": "ended as this proxy shut down",
    "error": "ended by a failure of this proxy",
}


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
        with _opened(args.file) as file:
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
    if report.lines and report.broken_lines == report.lines:
        print(f"wsinspect: {args.file}: no line of it is one of a log", file=sys.stderr)
        return USAGE_ERROR
    if rows is not None:
        rows.end()
    elif args.meters:
        _write_meters(report.meters, args.meters)
    elif args.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        print("\n".join(_screen(report, args.file)))
    return 0


def _opened(name: str) -> IO[bytes]:
    if name == "-":
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    return Path(name).open("rb")


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
    """A name that a peer has chosen must not be a formula in a spreadsheet."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


# --- the screen ---


def _harmless(text: str) -> str:
    """What a peer has chosen (a Host header) must not steer the terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


class _Paint:
    def __init__(self) -> None:
        self._on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def __call__(self, text: str, code: str) -> str:
        text = _harmless(text)
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


def _screen(report: Report, name: str) -> Iterator[str]:
    paint = _Paint()
    for line in _wrapped(_headline(report, name), ""):
        yield paint(line, "1")
    yield ""
    if report.diagnoses:
        yield from _diagnoses(report, paint)
    elif report.alerts or any(status >= 500 for status, _ in report.refusals):
        yield paint("No end or failure repeats in a way that has one cause.", "1")
        yield ""
    elif report.connections or report.failed_handshakes:
        yield paint("Nothing looks wrong.", "32")
        yield ""
    yield from _ends(report, paint)
    yield from _hosts(report, paint)
    yield from _remarks(report)


def _headline(report: Report, name: str) -> str:
    parts = [_count(report.connections, "connection")]
    if report.failed_handshakes:
        parts.append(_count(report.failed_handshakes, "failed handshake"))
    parts.append(_count(report.frames, "frame"))
    if report.still_open:
        parts.append(f"{report.still_open:,} still open")
    span = ""
    if report.first_us:
        span = f" · {_local(report.first_us)} to {_local(report.last_us, report.first_us)} UTC"
    return f"{_cut(Path(name).name, 30)}: {', '.join(parts)}{span}"


def _diagnoses(report: Report, paint: _Paint) -> Iterator[str]:
    for one in report.diagnoses[:_SHOWN]:
        sure = _SURE[one.confidence]
        name = _cut(one.host or "no host", 40)
        yield paint(f"{one.kind} · {name} · {sure}", f"1;{_COLOURS[one.confidence]}")
        yield paint(f"  {_since(one)}", "2")
        for text, mark in ((one.say, "  "), (one.advice, "  → ")):
            if text:
                yield from _wrapped(text, mark)
        yield ""
    left = len(report.diagnoses) - _SHOWN
    if left > 0:
        yield f"… and {left} more: --json has them all."
        yield ""


def _since(one: Any) -> str:
    try:
        first, last = (datetime.fromisoformat(text) for text in (one.first, one.last))
    except ValueError:
        return ""
    count = f", {one.count:,} times" if one.count > 1 else ""
    if (last - first).total_seconds() >= 1:
        form = "%H:%M:%S" if first.date() == last.date() else "%Y-%m-%d %H:%M:%S"
        return f"since {first:%Y-%m-%d %H:%M:%S} until {last:{form}} UTC{count}"
    return f"at {first:%Y-%m-%d %H:%M:%S} UTC{count}"


def _wrapped(text: str, mark: str) -> Iterator[str]:
    return iter(
        textwrap.wrap(
            _harmless(text),
            _width(),
            initial_indent=mark,
            subsequent_indent=" " * len(mark),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _ends(report: Report, paint: _Paint) -> Iterator[str]:
    if not report.ends:
        return
    yield paint("How they ended", "1")
    rows = report.ends.most_common()
    for (cause, code, initiator), count in rows[:_SHOWN]:
        who = {"client": "the client", "server": "the server"}.get(initiator, "")
        what = _CAUSES.get(cause, cause)
        if cause == "close_frame":
            what = f"closed with {code}" if code != 1005 else "closed without a code"
        yield f"  {count:>9,}  {_harmless(f'{who} {what}'.strip())}"
    if len(rows) > _SHOWN:
        rest = sum(count for _, count in rows[_SHOWN:])
        yield f"  {rest:>9,}  in {len(rows) - _SHOWN} other ways"
    yield ""


def _hosts(report: Report, paint: _Paint) -> Iterator[str]:
    if not report.meters:
        return
    by = next(iter(report.meters[0]))
    heading = f"Who talked most, by {by}"
    columns = f"{'connections':>11}  {'together':>10}  {'to server':>10}  {'to client':>10}"
    yield paint(f"{heading:<30} {columns}", "1")
    for meter in report.meters[:_SHOWN]:
        up, down = meter["to_server"]["wire_bytes"], meter["to_client"]["wire_bytes"]
        hours = meter["connection_s"] / 3600
        name = _cut(_harmless(str(meter[by])) or "(none)", 28)
        yield (
            f"  {name:<28} {meter['connections']:>11,}  {_lasting(hours):>10}"
            f"  {_size(up):>10}  {_size(down):>10}"
        )
    if len(report.meters) > _SHOWN:
        yield f"  … and {len(report.meters) - _SHOWN} more: --meters csv has them all."
    yield ""


def _remarks(report: Report) -> Iterator[str]:
    for (status, host), count in report.refusals.most_common(_SHOWN):
        who = _REFUSED.get(status, "the server's answer")
        yield from _wrapped(
            f"{_count(count, 'handshake')} with {host or '?'} failed with {status}: {who}.",
            "",
        )
    for (rule, disposition), count in report.alerts.most_common(_SHOWN):
        yield from _wrapped(f"{_count(count, 'alert')} of rule {rule}: {disposition}.", "")
    for violation, count in report.violations.most_common(_SHOWN):
        say = _VIOLATIONS.get(violation, "")
        yield from _wrapped(
            f"{_count(count, 'frame')} broke the protocol: {violation}{say and f' ({say})'}.", ""
        )
    if report.not_forwarded:
        yield f"{_count(report.not_forwarded, 'frame')} came and could not be forwarded."
    if report.never_ended:
        yield (
            f"{_count(report.never_ended, 'connection')} never ended on record: their proxy was "
            "killed."
        )
    if report.broken_lines:
        yield f"{_count(report.broken_lines, 'line')} could not be read."
    if not report.connections and not report.failed_handshakes:
        yield "No connection is in it."


_REFUSED = {
    502: "the server could not be reached, its TLS failed, or it never answered",
    503: "this proxy was shutting down, or could not write its log – or the server said so",
}


def _count(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _local(at_us: int, same_day_as_us: int = 0) -> str:
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    other = datetime.fromtimestamp(same_day_as_us / 1e6, UTC)
    return f"{at:%H:%M:%S}" if at.date() == other.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _lasting(hours: float) -> str:
    if hours < 0.1:
        return f"{3600 * hours:.0f} s"
    return f"{60 * hours:.0f} min" if hours < 2 else f"{hours:,.0f} h"


def _width() -> int:
    return max(40, min(_WIDEST, shutil.get_terminal_size((80, 24)).columns))


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
