"""The columns of the connection list as data: place, priority, and what a cell says. Pure."""

from collections.abc import Callable

from rich.style import Style

from wsinspect.tui.data.connection import NS, Connection, State
from wsinspect.tui.draw.columns import Column
from wsinspect.tui.draw.figures import count, duration, pulse, rate, size
from wsinspect.tui.draw.palette import STATE_GLYPH, TO_CLIENT, TO_SERVER, Palette
from wsinspect.tui.draw.words import end_short, is_failure, last_opcode

ACTIVITY_SHOWN_S = 14

type Cell = tuple[str, Style]
type Draw = Callable[[Connection, Palette, int], Cell]


def _body(c: Connection, p: Palette) -> Style:
    return p.faint if c.ended else p.text


def _label(c: Connection, p: Palette) -> Style:
    return p.faint if c.ended else p.label


def _last(c: Connection, p: Palette, _now_ns: int) -> Cell:
    if not c.last_frame_ns:
        return "", p.faint
    arrow = TO_CLIENT if c.last_direction else TO_SERVER
    return f"{arrow} {last_opcode(c)}", p.faint if c.ended else p.direction(c.last_direction)


def _age(c: Connection, p: Palette, now_ns: int) -> Cell:
    return "" if c.state is State.REFUSED else duration(c.age_s(now_ns)), _body(c, p)


def _fate(c: Connection, p: Palette, now_ns: int) -> Cell:
    """How lively it is, while it lives; then how it ended."""
    if c.ended:
        failed = c.state is State.CLEAN and is_failure(c)
        return end_short(c), p.warn if failed else p.state(c.state)
    if c.state is State.CLOSING:
        return "closing", p.warn
    bars = pulse(c.activity.recent(now_ns // NS - 1, ACTIVITY_SHOWN_S))
    found = len(c.facts.findings)
    if found:
        return f"{bars} {found} finding{'' if found == 1 else 's'}", p.warn
    return bars, p.pulse


_TABLE: tuple[tuple[Column, Draw], ...] = (
    (Column("state", "", 1, 0), lambda c, p, _: (STATE_GLYPH[c.state], p.state(c.state))),
    (Column("flow_id", "#", 5, 13, right=True), lambda c, p, _: (str(c.flow_id), p.faint)),
    (
        Column("client", "client", 15, 9, grow=1, width_max=21),
        lambda c, p, _: (c.client, _label(c, p)),
    ),
    (
        Column("host", "host", 13, 1, grow=3, width_max=34, ideal=17),
        lambda c, p, _: (c.facts.host or c.server, _body(c, p)),
    ),
    (
        Column("path", "path", 10, 2, grow=4, width_max=60, ideal=16),
        lambda c, p, _: (c.facts.uri or "", _body(c, p)),
    ),
    (
        Column("subprotocol", "subprotocol", 11, 10, grow=1, width_max=20),
        lambda c, p, _: (c.facts.subprotocol or "", _label(c, p)),
    ),
    (
        Column("frames_to_server", "↑frames", 7, 4, right=True),
        lambda c, p, _: (count(c.to_server[0]), _body(c, p)),
    ),
    (
        Column("frames_to_client", "↓frames", 7, 4, right=True),
        lambda c, p, _: (count(c.to_client[0]), _body(c, p)),
    ),
    (
        Column("bytes_to_server", "↑bytes", 6, 7, right=True),
        lambda c, p, _: (size(c.to_server[2]), _body(c, p)),
    ),
    (
        Column("bytes_to_client", "↓bytes", 6, 7, right=True),
        lambda c, p, _: (size(c.to_client[2]), _body(c, p)),
    ),
    (Column("last", "last", 8, 8), _last),
    (
        Column("rate", "rate", 6, 11, right=True),
        lambda c, p, now_ns: (rate(c.frames_per_s(now_ns)), _body(c, p)),
    ),
    (Column("age", "age", 6, 5, right=True), _age),
    (
        Column("idle", "idle", 6, 12, right=True),
        lambda c, p, now_ns: (
            duration(c.idle_s(now_ns)) if c.close or not c.ended else "",
            _label(c, p),
        ),
    ),
    (Column("end", "activity / end", 18, 3, grow=3, width_max=46, ideal=25), _fate),
)
COLUMNS = tuple(column for column, _ in _TABLE)
DRAW = {column.key: draw for column, draw in _TABLE}
