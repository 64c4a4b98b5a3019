"""A report on one screen, for somebody who is tired: what ended, why, since when, what to change.

Owns: the words and colours, and what is left out where there is too much. Must not know: files, how
anything is found (``diagnose/``).
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsinspect.diagnose.log import Told
    from wsinspect.diagnose.report import Refusal, Report
    from wsinspect.model.diagnosis import Diagnosis

    type Found = Diagnosis | Told

__all__ = ["harmless", "screen"]

_LINES = 40
_WIDEST = 100
_ROOMS = (8, 8, 12), (6, 5, 9), (4, 3, 6)  # ends, meters, lines of remarks: what fits
_SHORT = 5  # diagnoses of one line each, after those in full
_ALSO = 4  # others of a group, by name
_COLOURS = {"high": "31", "medium": "33", "low": "36"}
_SURE = {"high": "sure", "medium": "likely", "low": "a guess"}
_FIGURES: tuple[tuple[str, Callable[[Found], str]], ...] = (
    ("idle_s", lambda one: f"{one.evidence['idle_s']:g} s idle"),
    ("status", lambda one: f"answer {one.evidence['status']:g}"),
    ("rtt_ms", lambda one: f"{one.evidence['rtt_ms']:g} ms"),
    ("payload_len", lambda one: _size(one.evidence["payload_len"])),
    ("peak_per_s", lambda one: f"{one.evidence['peak_per_s']:g} a second"),
    ("share_percent", lambda one: f"{one.evidence['share_percent']:g} % of all"),
    ("age_s", lambda one: f"{one.evidence['age_s']:g} s old"),
)
_BY_TIME = ("crash", "drain", "reconnect-storm")
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


class _Paint:
    def __init__(self) -> None:
        self._on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def __call__(self, text: str, code: str) -> str:
        text = harmless(text)
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


def screen(report: Report, name: str) -> Iterator[str]:
    """Its lines: at most 40 where a terminal of 80 columns can show them so."""
    paint = _Paint()
    head = [*(paint(line, "1") for line in _wrapped(_headline(report, name), "")), ""]
    found = _grouped(report.diagnoses)
    in_full = sum(len([*_in_full(group, paint)]) + 1 for group in found)
    rest: list[str] = []
    for most in _ROOMS:
        rest = [*_rest(report, paint, most)]
        if len(head) + in_full + len(rest) <= _LINES:
            break
    yield from head
    if found:
        yield from _diagnoses(found, paint, _LINES - len(head) - len(rest))
    elif report.alerts or any(status >= 500 for status, _, _ in report.refusals):
        yield paint("No end or failure repeats in a way that has one cause.", "1")
        yield ""
    elif report.connections or report.failed_handshakes:
        yield paint("Nothing looks wrong.", "32")
        yield ""
    yield from rest


def _rest(report: Report, paint: _Paint, most: tuple[int, int, int]) -> Iterator[str]:
    """``most``: one of ``_ROOMS``."""
    yield from _ends(report, paint, most[0])
    yield from _meters(report, paint, most[1])
    yield from _first_lines(_remarks(report), most[2])


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


# --- what was found ---


def _diagnoses(groups: list[list[Found]], paint: _Paint, room: int) -> Iterator[str]:
    """Those that fit in full, the first in any case; of the others a line or two each."""
    used = shown = 0
    for group in groups:
        block = [*_in_full(group, paint), ""]
        left = len(groups) - shown - 1
        shorts = min(left, _SHORT) + (left > _SHORT) + (left > 0)
        if shown and used + len(block) + shorts > room:
            break
        yield from block
        used += len(block)
        shown += 1
    shorts = min(len(groups) - shown, _SHORT)
    advised = used + 2 * shorts + 2 <= room
    for group in groups[shown : shown + shorts]:
        yield paint(_cut(_in_short(group), _width()), _COLOURS[group[0].confidence])
        if advised and group[0].advice:
            yield _cut(harmless(f"  → {group[0].advice}"), _width())
    left = sum(map(len, groups[shown + _SHORT :]))
    if left:
        yield f"… and {left} more: --json has them all."
    if shown < len(groups):
        yield ""


def _grouped(found: Iterable[Found]) -> list[list[Found]]:
    """What is one thing to mend: an event that comes back on a host, a cause on many hosts."""
    groups: dict[object, list[Found]] = {}
    for one in found:
        hops = tuple(candidate.hop for candidate in one.candidates)
        key: object = (one.kind, one.advice, hops)
        if one.kind in _BY_TIME:
            key = one.kind, one.host
        elif one.kind in ("idle-cut", "lifetime-cut"):
            key = one.kind, hops or one.host
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _title(group: list[Found]) -> str:
    first = group[0]
    hosts = {one.host for one in group}
    name = _cut(first.host or "no host", 40)
    if len(hosts) > 1:
        name += f" and {_count(len(hosts) - 1, 'more host')}"
    return f"{first.kind} · {name} · {_SURE[first.confidence]}"


def _in_short(group: list[Found]) -> str:
    """With the first word of when, how often, and the figure that says most."""
    first = group[0]
    count = sum(one.count for one in group)
    number = next((f" {one(first)}" for name, one in _FIGURES if name in first.evidence), "")
    at = min(one.first for one in group)[:16].replace("T", " ")
    return f"{_title(group)} ·{number} since {at}, {_count(count, 'time')}"


def _in_full(group: list[Found], paint: _Paint) -> Iterator[str]:
    first = group[0]
    yield paint(_title(group), f"1;{_COLOURS[first.confidence]}")
    yield paint(f"  {_since(first)}", "2")
    yield from _wrapped(first.say, "  ")
    if len(group) > 1:
        also = [_other(one, first) for one in group[1 : _ALSO + 1]]
        more = f" and {len(group) - 1 - _ALSO} more" if len(group) - 1 > _ALSO else ""
        yield from _wrapped(f"Also {', '.join(also)}{more}.", "  ")
    if first.advice:
        yield from _wrapped(first.advice, "  → ")


def _other(one: Found, first: Found) -> str:
    if one.host == first.host and "idle_s" in one.evidence:
        return f"after {one.evidence['idle_s']:g} s ({one.count:,})"
    if one.host == first.host:
        return f"{one.first[:19].replace('T', ' ')} ({one.count:,})"
    return f"{_cut(one.host or 'no host', 40)} ({one.count:,})"


def _since(one: Found) -> str:
    try:
        first, last = (datetime.fromisoformat(text) for text in (one.first, one.last))
    except ValueError:
        return ""
    count = f", {one.count:,} times" if one.count > 1 else ""
    if (last - first).total_seconds() >= 1:
        form = "%H:%M:%S" if first.date() == last.date() else "%Y-%m-%d %H:%M:%S"
        return f"since {first:%Y-%m-%d %H:%M:%S} until {last:{form}} UTC{count}"
    return f"at {first:%Y-%m-%d %H:%M:%S} UTC{count}"


# --- what there was ---


def _ends(report: Report, paint: _Paint, shown: int) -> Iterator[str]:
    if not report.ends:
        return
    yield paint("How they ended", "1")
    rows = report.ends.most_common()
    for (cause, code, initiator), count in rows[:shown]:
        who = {"client": "the client", "server": "the server"}.get(initiator, "")
        what = _CAUSES.get(cause, cause)
        if cause == "close_frame":
            what = f"closed with {code}" if code != 1005 else "closed without a code"
        yield f"  {count:>9,}  {harmless(f'{who} {what}'.strip())}"
    if len(rows) > shown:
        rest = sum(count for _, count in rows[shown:])
        yield f"  {rest:>9,}  in {len(rows) - shown} other ways"
    yield ""


def _meters(report: Report, paint: _Paint, shown: int) -> Iterator[str]:
    if not report.meters:
        return
    by = next(iter(report.meters[0]))
    heading = f"Who talked most, by {by}"
    columns = f"{'connections':>11}  {'together':>10}  {'to server':>10}  {'to client':>10}"
    yield paint(f"{heading:<30} {columns}", "1")
    for meter in report.meters[:shown]:
        up, down = meter["to_server"]["wire_bytes"], meter["to_client"]["wire_bytes"]
        hours = meter["connection_s"] / 3600
        name = _cut(harmless(str(meter[by])) or "(none)", 28)
        yield (
            f"  {name:<28} {meter['connections']:>11,}  {_lasting(hours):>10}"
            f"  {_size(up):>10}  {_size(down):>10}"
        )
    if len(report.meters) > shown:
        yield f"  … and {len(report.meters) - shown} more: --meters csv has them all."
    yield ""


# --- remarks ---


def _first_lines(remarks: Iterable[str], most: int) -> Iterator[str]:
    """Whole remarks, in so many lines; one more says how many are left out."""
    left = 0
    for remark in remarks:
        lines = [*_wrapped(remark, "")]
        if left or len(lines) > most:
            left += 1
            continue
        most -= len(lines)
        yield from lines
    if left:
        yield f"… and {_count(left, 'more remark')}: --json has those of hosts."


def _remarks(report: Report) -> Iterator[str]:
    if not report.connections and not report.failed_handshakes:
        yield "No connection is in it."
    if report.never_ended:
        yield (
            f"{_count(report.never_ended, 'connection')} never ended on record: their proxy was "
            "killed."
        )
    if report.broken_lines:
        yield f"{_count(report.broken_lines, 'line')} could not be read."
    yield from _refusals(report)
    yield from _stopped(report)
    yield from _violations(report)
    yield from _alerts(report)
    for one in report.remarks:
        yield f"{one.host or 'no host'}: {one.say}"


def _refusals(report: Report) -> Iterator[str]:
    """Handshakes that failed, but for those that a diagnosis is about."""
    lost = {
        (one.evidence.get("status"), one.host)
        for one in report.diagnoses
        if one.kind == "upgrade-lost"
    }
    ways: dict[tuple[int, Refusal], list[tuple[str, int]]] = {}
    for (status, host, why), count in report.refusals.most_common():
        if (status, host) not in lost:
            ways.setdefault((status, why), []).append((host or "?", count))
    for (status, why), hosts in [*ways.items()][:3]:
        count = sum(number for _, number in hosts)
        more = f" and {_count(len(hosts) - 1, 'more host')}" if len(hosts) > 1 else ""
        yield (
            f"{_count(count, 'handshake')} with {hosts[0][0]}{more} failed with {status}"
            f"{_refused(status, why)}."
        )
    left = [number for hosts in [*ways.values()][3:] for _, number in hosts]
    if left:
        yield f"{sum(left):,} more handshakes failed, in {len(ways) - 3} ways."


def _refused(status: int, why: Refusal) -> str:
    if status == 503:
        return ": this proxy was shutting down, or could not write its log – or the server said so"
    if why == "silent":
        return ": nobody answered; the server was reached, but its TLS failed or it hung up"
    if why == "unreached":
        return ": nobody answered; the server could not be reached, itself or through a proxy"
    if why == "unknown" and status == 502:
        return ": the server could not be reached, its TLS failed, or it never answered"
    return ", the server's answer or a hop's"


def _stopped(report: Report) -> Iterator[str]:
    stopped = report.stopped
    if stopped.messages:
        whys = (
            (stopped.by_rule, "stopped by a rule"),
            (stopped.by_script, "dropped by a script"),
            (stopped.lost, "lost as their connection ended"),
        )
        why = ", ".join(f"{count:,} {words}" for count, words in whys if count)
        yield f"{_count(stopped.messages, 'message')} did not go on: {why}."
    elif stopped.frames:
        yield f"{_count(stopped.frames, 'frame')} came and could not be forwarded."


def _violations(report: Report) -> Iterator[str]:
    broken = report.violations.most_common()
    for violation, count in broken[:3]:
        say = _VIOLATIONS.get(violation, "")
        yield f"{_count(count, 'frame')} broke the protocol: {violation}{say and f' ({say})'}."
    if len(broken) > 3:
        count = sum(count for _, count in broken[3:])
        yield f"{count:,} more frames broke it, in {len(broken) - 3} ways."


def _alerts(report: Report) -> Iterator[str]:
    alerts = report.alerts.most_common()
    for (rule, disposition), count in alerts[:3]:
        yield f"{_count(count, 'alert')} of rule {rule}: {disposition}."
    if len(alerts) > 3:
        yield f"{sum(count for _, count in alerts[3:]):,} more alerts of other rules."


# --- words ---


def harmless(text: str) -> str:
    """What a peer has chosen (a Host header) must not steer the terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


def _wrapped(text: str, mark: str) -> Iterator[str]:
    return iter(
        textwrap.wrap(
            harmless(text),
            _width(),
            initial_indent=mark,
            subsequent_indent=" " * len(mark),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


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
