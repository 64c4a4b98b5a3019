"""The columns of the connection list as data: place, priority, and what a cell says. Pure."""

from collections.abc import Callable

from rich.style import Style

from wsinspect.dissect import app_words
from wsinspect.tui.data.connection import NS, Connection, State
from wsinspect.tui.draw.columns import Column
from wsinspect.tui.draw.figures import count, duration, pulse, rate, size
from wsinspect.tui.draw.palette import ALERT, STATE_GLYPH, TO_CLIENT, TO_SERVER, Palette
from wsinspect.tui.draw.words import end_reason, end_short, is_failure, last_opcode

ACTIVITY_SHOWN_S = 14
DIAGNOSIS = "◆"
RTT_SLOW_MS = 100.0  # a pong later than this is worth a look
FIXED = ("state",)

type Cell = tuple[str, Style]
type Draw = Callable[[Connection, Palette, int], Cell]

_BAD = frozenset({State.UNCLEAN, State.REFUSED})  # those that this proxy ended are not


def _body(c: Connection, p: Palette) -> Style:
    """Ended ones step back; those that ended badly only half as far."""
    if not c.ended:
        return p.text
    return p.label if c.state in _BAD or is_failure(c) else p.faint


def _label(c: Connection, p: Palette) -> Style:
    return p.faint if c.ended else p.label


def _last(c: Connection, p: Palette, _now_ns: int) -> Cell:
    if not c.last_frame_ns:
        return "", p.faint
    arrow = TO_CLIENT if c.last_direction else TO_SERVER
    return f"{arrow} {last_opcode(c)}", p.faint if c.ended else p.direction(c.last_direction)


def _age(c: Connection, p: Palette, now_ns: int) -> Cell:
    return "" if c.state is State.REFUSED else duration(c.age_s(now_ns)), _body(c, p)


def _idle(c: Connection, p: Palette, now_ns: int) -> Cell:
    return duration(c.idle_s(now_ns)) if c.close or not c.ended else "", _label(c, p)


def _alerts(c: Connection, p: Palette, _now_ns: int) -> Cell:
    return (f"{ALERT} {size(c.alerts)}", p.warn) if c.alerts else ("", p.faint)


def rtt_words(rtt_ms: float) -> str:
    """A round trip in at most 6 characters: 0.4ms, 12ms, 1.25s."""
    if rtt_ms < 9.95:
        return f"{rtt_ms:.1f}ms"
    return f"{rtt_ms:.0f}ms" if rtt_ms < 999.5 else duration(rtt_ms / 1000)


def _rtt(c: Connection, p: Palette, _now_ns: int) -> Cell:
    if c.rtt_ms is None:
        return "", p.faint
    slow = c.rtt_ms > RTT_SLOW_MS and not c.ended
    return rtt_words(c.rtt_ms), p.warn if slow else _label(c, p)


def _ratio(c: Connection, p: Palette, _now_ns: int) -> Cell:
    """How many times smaller the payload was than its content."""
    ratio = c.ratio()
    if ratio is None:
        return "", p.faint
    return f"{ratio:.1f}×" if ratio < 99.95 else f"{ratio:.0f}×", _label(c, p)


def _diagnosed(end: str, kinds: str) -> str:
    """`1006 ◆ idle-cut · TCP reset by server`."""
    code, _, rest = end.partition(" ")
    return f"{code} {DIAGNOSIS} {kinds} · {rest}"


def _fate(c: Connection, p: Palette, now_ns: int) -> Cell:
    """How lively it is, while it lives; then how it ended."""
    kinds = ", ".join(dict.fromkeys(diagnosis.kind for diagnosis in c.diagnoses))
    if c.ended:
        said = _diagnosed(end_short(c), kinds) if kinds else end_short(c)
        said += end_reason(c)
        failed = c.state is State.CLEAN and is_failure(c)
        return said, p.warn if failed else p.state(c.state)
    if c.state is State.CLOSING:
        return "closing", p.warn
    bars = pulse(c.activity.recent(now_ns // NS - 1, ACTIVITY_SHOWN_S))
    found = len(c.facts.findings)
    if kinds:
        return f"{bars} {DIAGNOSIS} {kinds}", p.warn
    if found:
        return f"{bars} {found} finding{'' if found == 1 else 's'}", p.warn
    return bars, p.pulse


_TABLE: tuple[tuple[Column, Draw], ...] = (
    (
        Column("state", "", 1, 0, say="state"),
        lambda c, p, _: (STATE_GLYPH[c.state], p.state(c.state)),
    ),
    (
        Column("flow_id", "#", 5, 19, right=True, ideal=7, say="number"),
        lambda c, p, _: (str(c.flow_id), p.faint),
    ),
    (
        Column("client", "client", 15, 15, grow=1, width_max=21),
        lambda c, p, _: (c.client, _label(c, p)),
    ),
    (
        Column("host", "host", 13, 1, grow=3, width_max=34, ideal=22),
        lambda c, p, _: (c.facts.host or c.server, _body(c, p)),
    ),
    (
        Column("path", "path", 10, 2, grow=4, width_max=60, ideal=26),
        lambda c, p, _: (c.facts.uri or "", _body(c, p)),
    ),
    (
        Column("subprotocol", "subprotocol", 11, 18, grow=1, width_max=20),
        lambda c, p, _: (c.facts.subprotocol or "", _label(c, p)),
    ),
    (
        Column("app", "app", 7, 8, grow=1, width_max=20, ideal=10, say="application protocol"),
        lambda c, p, _: (app_words(c.app), _label(c, p)),
    ),
    (
        Column("frames_to_server", "↑frames", 7, 4, right=True, say="frames to server"),
        lambda c, p, _: (count(c.to_server[0]), _body(c, p)),
    ),
    (
        Column("frames_to_client", "↓frames", 7, 4, right=True, say="frames to client"),
        lambda c, p, _: (count(c.to_client[0]), _body(c, p)),
    ),
    (
        Column("bytes_to_server", "↑bytes", 6, 11, right=True, say="bytes to server"),
        lambda c, p, _: (size(c.to_server[2]), _body(c, p)),
    ),
    (
        Column("bytes_to_client", "↓bytes", 6, 11, right=True, say="bytes to client"),
        lambda c, p, _: (size(c.to_client[2]), _body(c, p)),
    ),
    (
        Column("rate", "rate", 6, 13, right=True, say="frames a second"),
        lambda c, p, now_ns: (rate(c.frames_per_s(now_ns)), _body(c, p)),
    ),
    (Column("rtt", "rtt", 6, 9, right=True, say="round trip of the last ping"), _rtt),
    (
        Column("ratio", "deflate", 7, 17, right=True, say="compression ratio"),
        _ratio,
    ),
    (Column("last", "last", 8, 10, say="last opcode"), _last),
    (Column("age", "age", 6, 5, right=True), _age),
    (Column("idle", "idle", 6, 12, right=True), _idle),
    (Column("alerts", ALERT, 6, 6, right=True, say="rule hits"), _alerts),
    (
        Column("end", "activity / end", 18, 3, grow=3, width_max=64, ideal=30),
        _fate,
    ),
)
COLUMNS = tuple(column for column, _ in _TABLE)
DRAW = {column.key: draw for column, draw in _TABLE}
