"""The Timing tab: when, how often, how fast it answers. Looks at the newest entries only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from wsinspect.protocol.opcodes import PING, PONG
from wsinspect.tui.data.connection import NS, Connection
from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.detail.page import Row, field, heading, paragraph
from wsinspect.tui.draw.detail.subject import Subject
from wsinspect.tui.draw.figures import clock, count, duration, sparkline
from wsinspect.tui.draw.palette import TO_CLIENT, TO_SERVER, Palette

_LOOKED_AT = 5_000  # newest entries
_PARTNER_FAR = 2_000  # entries searched for a ping's pong
_BAR = 24
_SLOW_MS = 100  # a pong later than this is worth a colour
_BUCKETS: tuple[tuple[float, str], ...] = (
    (0.001, "< 1 ms"),
    (0.01, "1–10 ms"),
    (0.1, "10–100 ms"),
    (1.0, "0.1–1 s"),
    (10.0, "1–10 s"),
    (60.0, "10–60 s"),
    (float("inf"), "> 60 s"),
)


def seconds(value_s: float) -> str:
    """A span with the unit that suits it: 0.4 ms, 12 ms, 3.1 s, 2m05s."""
    if value_s < 0.01:
        return f"{value_s * 1000:.1f} ms"
    if value_s < 1:
        return f"{value_s * 1000:.0f} ms"
    return f"{value_s:.1f} s" if value_s < 60 else duration(value_s)


def timing_rows(subject: Subject, p: Palette, width: int) -> list[Row]:
    c = subject.connection
    if c is None:
        return []
    rows = _entry(subject, p, width)
    rows += heading(p, "Connection")[0 if rows else 1 :]
    facts = c.facts
    opened = clock(c.opened_ns) if c.opened_ns else "before the dashboard came"
    rows += field(p, "opened", opened, p.text, width)
    took = "–" if facts.handshake_ms is None else f"{facts.handshake_ms:.1f} ms"
    rows += field(p, "handshake", took, p.text, width)
    rows += field(p, "age", duration(c.age_s(subject.now_ns)), p.text, width)
    rows += field(p, "idle", duration(c.idle_s(subject.now_ns)), p.text, width)
    if c.ended_ns:
        rows += field(p, "ended", clock(c.ended_ns), p.text, width)
    rows += _pings(c, subject.log, p, width)
    return rows + _intervals(subject.log, p, width)


# One entry


def _entry(subject: Subject, p: Palette, width: int) -> list[Row]:
    entry, log, c = subject.entry, subject.log, subject.connection
    if entry is None or isinstance(entry, Gap):
        return []
    kind = "message" if isinstance(entry, Message) else "frame"
    rows = heading(p, f"This {kind}", clock(entry.timestamp_ns))[1:]
    place = None if log is None else log.position(entry.direction, entry.seq)
    if log is not None and place is not None and log.entries[place] is entry:
        before = _before(log.entries, place, None)
        rows += field(p, "gap before", _since(entry, before), p.text, width)
        same = _before(log.entries, place, entry.direction)
        arrow = TO_CLIENT if entry.direction else TO_SERVER
        rows += field(p, f"same way {arrow}", _since(entry, same), p.text, width)
        rows += _half(entry, log, place, p, width)
    if isinstance(entry, Message) and entry.frame_count > 1:
        span = seconds((entry.ended_ns - entry.timestamp_ns) / NS)
        say = f"{span} from its first to its last frame"
        rows += field(p, "lasted", say, p.text, width)
    if c is not None and c.opened_ns:
        age = (entry.timestamp_ns - c.opened_ns) / NS
        rows += field(p, "at age", seconds(max(0.0, age)), p.text, width)
    return rows


def _before(entries: Sequence[Entry], place: int, direction: int | None) -> Message | Frame | None:
    """The entry before `place`, in one direction if one is given; None behind a gap."""
    for at in range(place - 1, max(-1, place - _PARTNER_FAR), -1):
        entry = entries[at]
        if isinstance(entry, Gap):
            return None
        if direction is None or entry.direction == direction:
            return entry
    return None


def _since(entry: Message | Frame, before: Message | Frame | None) -> str:
    if before is None:
        return "– (nothing before it is kept)"
    return seconds(max(0, entry.timestamp_ns - before.timestamp_ns) / NS)


def _half(entry: Message | Frame, log: FrameLog, place: int, p: Palette, width: int) -> list[Row]:
    """A ping's pong or a pong's ping, and the time between."""
    if not isinstance(entry, Frame) or entry.opcode not in (PING, PONG):
        return []
    partner = _partner(entry, log.entries, place)
    if partner is None:
        asked = entry.opcode == PING
        say = "no pong yet" if asked else "no ping: sent unasked"
        return field(p, "answer" if asked else "answers", say, p.warn if asked else p.label, width)
    gap_ms = abs(partner.timestamp_ns - entry.timestamp_ns) / 1e6
    style = p.warn if gap_ms > _SLOW_MS else p.good
    what = "pong after" if entry.opcode == PING else "ping before"
    return field(p, what, f"{gap_ms:,.1f} ms (#{partner.seq})  o jumps there", style, width)


def _partner(frame: Frame, entries: Sequence[Entry], place: int) -> Frame | None:
    """The other half by payload, the nearest in time (RFC 6455 §5.5.3)."""
    forward = frame.opcode == PING
    wanted = PONG if forward else PING
    places = (
        range(place + 1, min(len(entries), place + _PARTNER_FAR))
        if forward
        else range(place - 1, max(-1, place - _PARTNER_FAR), -1)
    )
    for at in places:
        entry = entries[at]
        if not isinstance(entry, Frame) or entry.direction == frame.direction:
            continue
        if entry.opcode == wanted and entry.preview == frame.preview:
            return entry
    return None


# All of them


def _pings(c: Connection, log: FrameLog | None, p: Palette, width: int) -> list[Row]:
    rows = heading(p, "Pings", "RFC 6455 §5.5.2")
    low = mid = high = None
    many = len(c.rtts)
    if c.rtts:
        low, mid, high = min(c.rtts), median(c.rtts), max(c.rtts)
    elif c.close is not None and c.close.ping_rtt_ms.get("count"):
        told = c.close.ping_rtt_ms
        low, mid, high = told.get("min"), told.get("p50"), told.get("max")
        many = int(told["count"])
    if low is None or mid is None or high is None:
        say = "no answered ping yet: the first hop with an idle timeout may cut a quiet connection"
        rows += field(p, "round trip", say, p.label, width)
    else:
        style = p.warn if mid > _SLOW_MS else p.text
        say = f"{low:.1f} / {mid:.1f} / {high:.1f} ms (min / median / max of {many})"
        rows += field(p, "round trip", say, style, width)
        if len(c.rtts) > 2:
            bars = sparkline([max(1, round(rtt * 1000)) for rtt in c.rtts[-(width - 20) :]])
            rows += field(p, "", f"{bars} {c.rtts[-1]:.1f} ms now", p.pulse, width)
    for direction, arrow in ((0, TO_SERVER), (1, TO_CLIENT)):
        every = _ping_interval(log, direction)
        if every is not None:
            rows += field(p, f"sent {arrow}", every, p.text, width)
    return rows


def _ping_interval(log: FrameLog | None, direction: int) -> str | None:
    if log is None:
        return None
    times = [
        entry.timestamp_ns
        for entry in log.entries[-_LOOKED_AT:]
        if isinstance(entry, Frame) and entry.opcode == PING and entry.direction == direction
    ]
    if not times:
        return None
    if len(times) < 3:
        return f"{len(times)} seen"
    gaps = [(later - sooner) / NS for sooner, later in pairwise(times)]
    mid = median(gaps)
    jitter = median(abs(gap - mid) for gap in gaps)
    longest = max(gaps)
    late = f", once {seconds(longest)}" if longest > 2 * mid else ""
    return f"every {seconds(mid)} ± {seconds(jitter)}{late} ({len(times)} seen)"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Times between neighbours: how many in each of `_BUCKETS`, the middle one, the longest."""

    counts: list[int]
    median_s: float
    longest_s: float
    longest_at_ns: int
    over_time: list[int]


def intervals(entries: Sequence[Entry], columns: int) -> Intervals | None:
    """Of the newest entries; None if there are fewer than three."""
    times = [entry.timestamp_ns for entry in entries[-_LOOKED_AT:] if not isinstance(entry, Gap)]
    if len(times) < 3:
        return None
    times.sort()
    gaps = [(later - sooner) / NS for sooner, later in pairwise(times)]
    counts = [0] * len(_BUCKETS)
    for gap in gaps:
        for index, (limit, _) in enumerate(_BUCKETS):
            if gap < limit:
                counts[index] += 1
                break
    longest = max(range(len(gaps)), key=gaps.__getitem__)
    span = max(1, times[-1] - times[0])
    over_time = [0] * columns
    for time_ns in times:
        over_time[min(columns - 1, (time_ns - times[0]) * columns // span)] += 1
    return Intervals(counts, median(gaps), gaps[longest], times[longest], over_time)


def _intervals(log: FrameLog | None, p: Palette, width: int) -> list[Row]:
    found = None if log is None else intervals(log.entries, max(8, min(60, width - 18)))
    rows = heading(p, "Between entries", "of the newest 5,000, both ways")
    if found is None:
        say = "fewer than three entries so far; they come while the connection is watched"
        return rows + paragraph(say, p.label, width)
    rows += field(p, "median", seconds(found.median_s), p.text, width)
    at = clock(found.longest_at_ns)
    rows += field(p, "longest", f"{seconds(found.longest_s)} from {at} on", p.text, width)
    rows += field(p, "over time", sparkline(found.over_time), p.pulse, width)
    rows.append([])
    most = max(found.counts)
    room = max(4, min(_BAR, width - 26))
    for (_, name), many in zip(_BUCKETS, found.counts, strict=True):
        bar = "█" * max(1, round(many * room / most)) if many else ""
        rows.append(
            [
                (f" {name:>13} ", p.label),
                (f"{bar:<{room}} ", p.pulse),
                (f"{count(many) if many else '':>7}", p.faint),
            ]
        )
    return rows
