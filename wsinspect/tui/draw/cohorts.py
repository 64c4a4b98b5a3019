"""How connections end, in groups: lines for the cohorts view. Pure; reads the store's books.

Owns what a group, a burst and a talker look like, and the filter that each stands for.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.style import Style

from wsinspect.tui import explain
from wsinspect.tui.data.connection import NS
from wsinspect.tui.data.ends import Burst, EndGroup
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.talkers import REST, By, Per, Talker
from wsinspect.tui.draw.cells import clip, fit, wrap
from wsinspect.tui.draw.detail.page import Row
from wsinspect.tui.draw.figures import clock, count, duration, size_unit, sparkline
from wsinspect.tui.draw.palette import TO_CLIENT, TO_SERVER, Palette

GROUPS_SHOWN = 100
BURSTS_SHOWN = 20
DIAGNOSES_SHOWN = 5
TREND = 24  # buckets of the trend, where there is room
TREND_LEAST, TREND_MOST = 11, 60
HOST_MOST = 48  # cells of a host's name
_SECONDS_SPAN_S = 100  # ends within this time are drawn second by second
_BAR = 10
_CAUSES = {
    "close_frame": "Close frame",
    "fin": "FIN",
    "rst": "TCP reset",
    "timeout": "timeout",
    "policy": "closed here",
    "error": "proxy error",
    "shutdown": "drained",
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
        for shown in (_whole(line, p, width) if line.text and line.key == chosen else (line,))
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
        said = wrap(d.say or d.host, max(8, width - 30)) or [""]
        pieces: Row = [
            (f"   {fit(name, 16)} ", style),
            (f"{fit(d.confidence, 7)} ", p.label),
            (said[0], p.text),
        ]
        lines.append(Line(pieces, key, wanted))
        lines += [
            Line([(" " * 28, p.text), (more, p.text)], key, wanted, sentence=True)
            for more in said[1:]
        ]
        # What the proxy advises knows the figures; the explanation only the kind.
        advice = d.advice or (explanation.advice if explanation is not None else "")
        for at, text in enumerate(wrap(f"→ {advice}", max(8, width - 6)) if advice else ()):
            indent = " " * (5 if at else 3)
            piece = (f"{indent}{text}", p.faint)
            lines.append(Line([piece], key, wanted, sentence=True))
    return [*lines, Line([])]


def _sentence(
    say: str, advice: str, key: str, wanted: str, p: Palette, width: int, reasons: str = ""
) -> Line:
    """What something means, behind the close reasons; what to do about it only where there is room
    for all of that."""
    text = f"{say} {advice}".strip()
    room = max(1, width - 4)
    before = clip(f"{reasons} · ", room * 2 // 3) if reasons else ""
    left = max(1, room - cell_len(before))
    shown = say if say and cell_len(text) > left else text
    pieces: Row = [("   ", p.faint), (before, p.label), (fit(shown, left), p.faint)]
    whole = f"{reasons} · {text}" if reasons else text
    return Line(pieces, key, wanted, sentence=True, text=whole)


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
    fine = now_ns - book.first_ns < _SECONDS_SPAN_S * NS
    shown = groups[:GROUPS_SHOWN]
    layout = _layout(width, max(cell_len(group.host) for group in shown), fine)
    lines.append(Line(_ends_titles(layout, p, width)))
    for group in shown:
        lines += _group(group, layout, book.total, shown[0].count, now_ns, p, width)
    more = len(groups) - GROUPS_SHOWN
    return lines + ([Line([(f"   and {more:,} rarer groups", p.faint)])] if more > 0 else [])


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many cells a part of a group's line gets; 0: it is left out."""

    bar: int
    host: int
    trend: int
    seen: int  # how many of the last end and the first one are told
    fine: bool  # the trend is in seconds, not minutes


def _layout(width: int, widest_host: int, fine: bool) -> _Layout:
    """The host gets what it needs, the trend what is left."""
    bar = 0 if width < 100 else _BAR if width < 160 else 2 * _BAR
    seen = 2 if width >= 110 else 1 if width >= 76 else 0
    fixed = 3 + 6 + 6 + (bar + 1 if bar else 0) + 5 + 14 + 7 + 9 * seen + 1
    left = width - fixed - 2
    least = TREND_LEAST if width < 90 else TREND
    host = max(8, min(max(12, widest_host), left - least - 1, HOST_MOST))
    trend = max(TREND_LEAST, min(left - host - 1, TREND_MOST))
    return _Layout(bar, host, trend, seen, fine)


def _ends_titles(layout: _Layout, p: Palette, width: int) -> Row:
    bar = " " * (layout.bar + 1) if layout.bar else ""
    trend = f"last {layout.trend} {'s' if layout.fine else 'min'}"
    seen = ("", "last", "first    last")[layout.seen]
    text = (
        f"   {'ends':>5} {'share':>5} {bar}{'code':>4} {'cause':<13} {'by':<6} "
        f"{fit('host', layout.host)} {trend:<{layout.trend}} {seen}"
    )
    return [(fit(text, width), p.label)]


def _group(
    group: EndGroup, layout: _Layout, total: int, most: int, now_ns: int, p: Palette, width: int
) -> list[Line]:
    clean = group.unclean == 0
    style = p.text if clean else p.bad if group.unclean == group.count else p.warn
    key = f"{group.code} {group.cause} {group.initiator} {group.host}"
    wanted = group_filter(group)
    share = 100 * group.count / total
    pieces: Row = [
        ("   ", p.text),
        (f"{count(group.count):>5} ", p.strong),
        (f"{share:>4.0f}% " if share >= 0.5 else "  <1% ", p.label),
    ]
    if layout.bar:
        pieces += [*_bar(group.count / most, layout.bar, style, p), (" ", p.text)]
    code = "–" if group.code is None else str(group.code)
    pieces += [
        (f"{code:>4} ", style),
        (fit(_cause(group), 13) + " ", style),
        (fit(group.initiator or "–", 6) + " ", p.label),
        (fit(group.host or "–", layout.host) + " ", p.text),
    ]
    ring = group.seconds if layout.fine else group.minutes
    bars = sparkline(ring.recent(now_ns // NS, layout.trend)).replace(" ", "·")
    pieces += [
        (dots or ticks, p.rule if dots else p.pulse if clean else style)
        for dots, ticks in re.findall(r"(·+)|([^·]+)", bars)
    ]
    pieces.append((" ", p.text))
    if layout.seen > 1:
        pieces.append((f"{clock(group.first_ns)[:8]} ", p.faint))
    if layout.seen:
        pieces.append((clock(group.last_ns)[:8], p.label))
    say, advice = _meaning(group)
    sentence = _sentence(say, advice, key, wanted, p, width, reasons_said(group))
    return [Line(pieces, key, wanted), sentence]


def _cause(group: EndGroup) -> str:
    if group.cause == "shutdown" and group.code is None:
        return "proxy stopped"  # before it could tell both sides
    return _CAUSES.get(group.cause, group.cause or "–")


def reasons_said(group: EndGroup) -> str:
    """The close reasons, the most frequent first: `“deploy” 412×, “bye”`."""
    reasons = sorted(group.reasons.items(), key=lambda reason: -reason[1])
    said = [f"“{one}”" + (f" {count(number)}×" if number > 1 else "") for one, number in reasons]
    return ", ".join(said)


def _bar(part: float, cells: int, style: Style, p: Palette) -> Row:
    filled = max(1, round(cells * part)) if part > 0 else 0
    return [("━" * filled, style), ("━" * (cells - filled), p.rule)]


def _meaning(group: EndGroup) -> tuple[str, str]:
    """What such an end means, and what to look at."""
    known = [explain.of("cause", group.cause)]
    if group.cause == "shutdown" and group.initiator == "proxy":
        known.insert(0, explain.of("end", "stopped" if group.code is None else "drain"))
    if group.code is not None and group.cause in ("close_frame", ""):
        known.insert(0, explain.of("close", group.code))
    explanation = next((one for one in known if one is not None), None)
    said = f"mean age {duration(group.mean_age_s)}."
    if explanation is None:
        return said, ""
    what = explanation.say.partition(". ")[0].rstrip(".")
    return f"{said} {what}.", f"→ {explanation.advice}" if explanation.advice else ""


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
    bar = 2 * _BAR if width >= 160 else _BAR
    widest = max(cell_len(talker.name) for talker in shown)
    room = max(8, min(max(16, widest), HOST_MOST, width - (68 + bar if wide else 52)))
    for talker in shown:
        spent = talker.connection_hours
        hours = f"{spent:,.0f} h" if spent >= 100 else f"{spent:.2f} h"
        field_name = "host" if per == "host" else "client"
        known = talker.name and talker.name != REST
        pieces: Row = [
            (f"   {fit(talker.name or '–', room)} ", p.text),
            *_bar(_measure(talker, by) / top, bar, p.pulse, p),
            (" ", p.text),
            (f"{TO_SERVER}{size_unit(talker.bytes_to_server):>8} ", p.to_server),
            (f"{TO_CLIENT}{size_unit(talker.bytes_to_client):>8} ", p.to_client),
            (f"{hours:>9} ", _measure_style(by, p)),
            (f"{count(talker.connections):>6}", p.label),
            (f" {_connections(talker)}, {count(talker.live)} open" if wide else "", p.faint),
        ]
        wanted = f"{field_name}:{quoted(talker.name)}" if known else ""
        lines.append(Line(pieces, f"talker {talker.name}", wanted))
    return lines


def _connections(talker: Talker) -> str:
    return f"{'connection' if talker.connections == 1 else 'connections':<11}"


def _measure(talker: Talker, by: By) -> float:
    return talker.bytes if by == "bytes" else talker.connection_s


def _measure_style(by: By, p: Palette) -> Style:
    return p.strong if by == "time" else p.label
