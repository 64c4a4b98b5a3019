"""How connections end, in groups: lines for the cohorts view. Pure; reads the store's books.

Owns what a group, a burst and a talker look like, and the filter that each stands for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.style import Style

from wsinspect.tui import explain
from wsinspect.tui.data.connection import NS
from wsinspect.tui.data.ends import Burst, EndGroup
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.talkers import REST, By, Per, Talker
from wsinspect.tui.draw.cells import fit, wrap
from wsinspect.tui.draw.detail.page import Row
from wsinspect.tui.draw.figures import clock, count, duration, size_unit, sparkline
from wsinspect.tui.draw.palette import TO_CLIENT, TO_SERVER, Palette

GROUPS_SHOWN = 100
BURSTS_SHOWN = 20
DIAGNOSES_SHOWN = 5
TREND = 24  # buckets of the trend
_SECONDS_SPAN_S = 100  # ends within this time are drawn second by second
_BAR = 10
_CAUSES = {
    "close_frame": "Close frame",
    "fin": "FIN",
    "rst": "TCP reset",
    "timeout": "timeout",
    "policy": "policy",
    "error": "proxy error",
    "shutdown": "proxy stopped",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Lines with the same `key` belong together; `filter` is what Enter applies."""

    pieces: Row
    key: str = ""
    filter: str = ""
    action: str = ""  # what a click does: toggle_by, toggle_per
    sentence: bool = False  # it explains the line above
    text: str = ""  # all of the sentence


def quoted(value: str) -> str:
    """A filter's value, in quotes where it has to be."""
    if value and all(char.isalnum() or char in ".-_" for char in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def group_filter(group: EndGroup) -> str:
    """The filter that shows the connections of a group."""
    terms = []
    if group.code is not None:
        terms.append(f"close:{group.code}")
    if group.cause:
        terms.append(f"cause:{'close' if group.cause == 'close_frame' else group.cause}")
    if group.initiator:
        terms.append(f"by:{group.initiator}")
    if group.host and group.host != REST:
        terms.append(f"host:{quoted(group.host)}")
    return " ".join(terms)


def cohort_lines(
    store: Store, now_ns: int, by: By, per: Per, p: Palette, width: int, chosen: str = ""
) -> list[Line]:
    """All of the view, `width` cells wide. What explains the line `chosen` is shown whole."""
    lines = _diagnoses(store, p, width)
    lines += _ends(store, now_ns, p, width)
    lines += _bursts(store.ends.bursts, p, width)
    lines += _talkers(store.talkers(now_ns, by, per), by, per, p, width)
    return [
        shown
        for line in lines
        for shown in (_whole(line, p, width) if line.sentence and line.key == chosen else (line,))
    ]


def _whole(line: Line, p: Palette, width: int) -> list[Line]:
    """An explanation on as many lines as it takes."""
    pieces = wrap(line.text, max(8, width - 5))
    return [replace(line, pieces=[("   ", p.faint), (piece, p.label)]) for piece in pieces]


def _heading(
    p: Palette, text: str, beside: str, action: str = "", first: bool = False
) -> list[Line]:
    title = Line([(f" {text}", p.title), (f"  {beside}", p.faint)], action=action)
    return [title] if first else [Line([]), title]


def _diagnoses(store: Store, p: Palette, width: int) -> list[Line]:
    if not store.diagnoses:
        return []
    lines = _heading(p, "Diagnoses", f"{len(store.diagnoses):,}", first=True)
    for index, d in enumerate(store.diagnoses[-DIAGNOSES_SHOWN:][::-1]):
        explanation = explain.of("diagnosis", d.kind)
        name = explanation.title if explanation is not None else d.kind.replace("-", " ")
        key = f"diagnosis {index}"
        wanted = f"host:{quoted(d.host)}" if d.host else ""
        style = p.bad if d.confidence == "high" else p.warn
        pieces: Row = [
            (f"   {fit(name, 16)} ", style),
            (f"{fit(d.confidence, 7)} ", p.label),
            (fit(d.say or d.host, max(1, width - 30)), p.text),
        ]
        lines.append(Line(pieces, key, wanted))
        if explanation is not None and explanation.advice:
            lines.append(_sentence(f"→ {explanation.advice}", key, wanted, p, width))
    return [*lines, Line([])]


def _sentence(text: str, key: str, wanted: str, p: Palette, width: int) -> Line:
    pieces: Row = [("   ", p.faint), (fit(text, max(1, width - 4)), p.faint)]
    return Line(pieces, key, wanted, sentence=True, text=text)


# Ends


def _ends(store: Store, now_ns: int, p: Palette, width: int) -> list[Line]:
    book = store.ends
    groups = book.groups
    if not groups:
        lines = _heading(p, "How connections end", "none has ended yet", first=True)
        say = "Ends are grouped here by code, cause, who began it and host, with their trend."
        return [*lines, Line([(f"   {say}", p.label)])]
    since = f"since {clock(book.first_ns)[:8]}"
    beside = f"{book.total:,} ends in {len(groups):,} groups {since}"
    lines = _heading(p, "How connections end", beside, first=True)
    lines.append(Line(_ends_titles(p, width)))
    fine = now_ns - book.first_ns < _SECONDS_SPAN_S * NS
    most = groups[0].count
    for group in groups[:GROUPS_SHOWN]:
        lines += _group(group, book.total, most, now_ns, fine, p, width)
    more = len(groups) - GROUPS_SHOWN
    return lines + ([Line([(f"   and {more:,} rarer groups", p.faint)])] if more > 0 else [])


def _host_width(width: int) -> int:
    """What the fixed columns of a group leave to the host's name."""
    fixed = 3 + 6 + 5 + (_BAR + 1 if width >= 100 else 0) + 5 + 14 + 7 + 1
    fixed += TREND + 1 if width >= 90 else 12
    fixed += 18 if width >= 110 else 9 if width >= 76 else 0
    return max(8, width - fixed - 1)


def _ends_titles(p: Palette, width: int) -> Row:
    bar = " " * (_BAR + 1) if width >= 100 else ""
    trend = TREND + 1 if width >= 90 else 12
    seen = "first    last" if width >= 110 else "last" if width >= 76 else ""
    text = (
        f"   {'ends':>5} {'share':>4}{bar}{'code':>5} {'cause':<13} {'by':<6} "
        f"{fit('host', _host_width(width))} {'trend':<{trend - 1}} {seen}"
    )
    return [(fit(text, width), p.label)]


def _group(
    group: EndGroup, total: int, most: int, now_ns: int, fine: bool, p: Palette, width: int
) -> list[Line]:
    clean = group.unclean == 0
    style = p.text if clean else p.bad if group.unclean == group.count else p.warn
    key = f"{group.code} {group.cause} {group.initiator} {group.host}"
    wanted = group_filter(group)
    share = 100 * group.count / total
    pieces: Row = [
        ("   ", p.text),
        (f"{count(group.count):>5} ", p.strong),
        (f"{share:>3.0f}% " if share >= 0.5 else " <1% ", p.label),
    ]
    if width >= 100:
        filled = max(1, round(_BAR * group.count / most))
        pieces += [("━" * filled, style), ("━" * (_BAR - filled) + " ", p.rule)]
    code = "–" if group.code is None else str(group.code)
    pieces += [
        (f"{code:>4} ", style),
        (fit(_CAUSES.get(group.cause, group.cause or "–"), 13) + " ", style),
        (fit(group.initiator or "–", 6) + " ", p.label),
        (fit(group.host or "–", _host_width(width)) + " ", p.text),
    ]
    buckets = TREND if width >= 90 else 11
    ring = group.seconds if fine else group.minutes
    pieces.append((sparkline(ring.recent(now_ns // NS, buckets)) + " ", style if clean else p.bad))
    if width >= 110:
        pieces.append((f"{clock(group.first_ns)[:8]} ", p.faint))
    if width >= 76:
        pieces.append((clock(group.last_ns)[:8], p.label))
    return [Line(pieces, key, wanted), _sentence(group_sentence(group), key, wanted, p, width)]


def group_sentence(group: EndGroup) -> str:
    """What such an end means, and what to look at."""
    known = [explain.of("cause", group.cause)]
    if group.code is not None and group.cause in ("close_frame", ""):
        known.insert(0, explain.of("close", group.code))
    explanation = next((one for one in known if one is not None), None)
    said = f"mean age {duration(group.mean_age_s)}. "
    if explanation is None:
        return said.strip()
    what = explanation.say.partition(". ")[0].rstrip(".")
    return f"{said}{what}." + (f" → {explanation.advice}" if explanation.advice else "")


# Bursts


def _bursts(bursts: Sequence[Burst], p: Palette, width: int) -> list[Line]:
    shown = bursts[:BURSTS_SHOWN]
    beside = f"{len(bursts):,}" if bursts else "none: nobody came back all at once"
    lines = _heading(p, "Reconnect bursts", beside)
    for burst in shown:
        span_s = max(1.0, (burst.ended_ns - burst.started_ns) / NS)
        key = f"burst {burst.host} {burst.started_ns}"
        wanted = f"host:{quoted(burst.host)}" if burst.host else ""
        after = f", after {burst.ends_before:,} ends" if burst.ends_before else ""
        head = f"   {clock(burst.started_ns)[:8]} "
        body = (
            f"{burst.count:,} openings in {duration(span_s)}, at most {burst.peak_per_s:,}/s{after}"
        )
        room = max(8, width - len(head) - len(body) - 3)
        lines.append(
            Line(
                [
                    (head, p.label),
                    (fit(burst.host or "–", min(room, 34)) + "  ", p.text),
                    (body, p.warn if burst.ends_before else p.text),
                ],
                key,
                wanted,
            )
        )
    if any(burst.ends_before for burst in shown):
        say = (
            "Clients should wait a random time that grows before they come back. [RFC 6455 §7.2.3]"
        )
        lines.append(Line([("   ", p.faint), (fit(say, max(1, width - 4)), p.faint)]))
    return lines


# Talkers


def _talkers(talkers: Iterable[Talker], by: By, per: Per, p: Palette, width: int) -> list[Line]:
    shown = list(talkers)
    measure = "bytes" if by == "bytes" else "connection-hours"
    other = "connection-hours" if by == "bytes" else "bytes"
    whom = "clients" if per == "host" else "hosts"
    lines = _heading(p, f"Top talkers by {measure}, {per}s", f"t {other} · u {whom}", "toggle_by")
    if not shown:
        return [*lines, Line([("   nobody yet", p.label)])]
    top = max((_measure(talker, by) for talker in shown), default=0) or 1
    wide = width >= 96
    room = max(8, min(40, width - (78 if wide else 52)))
    for talker in shown:
        filled = round(_BAR * _measure(talker, by) / top)
        spent = talker.connection_hours
        hours = f"{spent:,.0f} h" if spent >= 100 else f"{spent:.2f} h"
        field_name = "host" if per == "host" else "client"
        known = talker.name and talker.name != REST
        pieces: Row = [
            (f"   {fit(talker.name or '–', room)} ", p.text),
            ("━" * filled, p.pulse),
            ("━" * (_BAR - filled) + " ", p.rule),
            (f"{TO_SERVER}{size_unit(talker.bytes_to_server):>8} ", p.to_server),
            (f"{TO_CLIENT}{size_unit(talker.bytes_to_client):>8} ", p.to_client),
            (f"{hours:>9} ", _measure_style(by, p)),
            (f"{count(talker.connections):>6}", p.label),
            (f" connections, {count(talker.live)} open" if wide else "", p.faint),
        ]
        wanted = f"{field_name}:{quoted(talker.name)}" if known else ""
        lines.append(Line(pieces, f"talker {talker.name}", wanted))
    return lines


def _measure(talker: Talker, by: By) -> float:
    return talker.bytes if by == "bytes" else talker.connection_s


def _measure_style(by: By, p: Palette) -> Style:
    return p.strong if by == "time" else p.label
