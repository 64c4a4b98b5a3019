"""Titles of the panes, the sentence on the chosen connection, the footer. Pure."""

from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.figures import count, duration
from wsinspect.tui.draw.palette import STATE_GLYPH, Palette
from wsinspect.tui.draw.words import close_name, close_sentence, end_cause, end_reason, refusal
from wsinspect.tui.keys import Key
from wsinspect.tui.panes.cohorts import CohortsView
from wsinspect.tui.panes.connections import ConnectionsView
from wsinspect.tui.panes.frames import FramesView

_FILTER_SHOWN = 40  # characters


def _title(name: str, focused: bool, p: Palette) -> tuple[Item, ...]:
    rule = p.rule_active if focused else p.rule
    return (Item("─ ", rule), Item(name, p.title if focused else p.label), Item(" ", rule))


def connections_title(view: ConnectionsView, focused: bool, p: Palette, filtered: str = "") -> Line:
    shown, total = view.count(), view.total
    number = count(shown) if shown == total else f"{count(shown)} of {count(total)}"
    left = [*_title("Connections", focused, p), Item(f"{number} ", p.strong)]
    right = []
    if view.held:
        new = f"‖ held · {count(view.held_new)} new"
        right.append(Item(f" {new} ", p.warn, action="do('pause')"))
    if view.filter is not None:
        left += _filtered(filtered, p)
    if view.marked:
        right.append(Item(f" {len(view.marked)} marked ", p.mark, 3, "do('next-mark')"))
    if view.hide_ended:
        right.append(Item(" ended hidden ", p.warn, 2, "do('ended')"))
    arrow = "▴" if view.reverse is view.order.largest_first else "▾"
    right.append(Item(f" by {view.order.say} {arrow} ", p.label, 1, "do('order')"))
    return _line(left, right, focused, p)


def _filtered(text: str, p: Palette) -> list[Item]:
    """The filter in force: a press changes it, `✕` takes it off."""
    shown = text if len(text) <= _FILTER_SHOWN else f"{text[: _FILTER_SHOWN - 1]}…"
    return [
        Item(" filter ", p.held, 1, "do('filter')"),
        Item(f" {shown}", p.text, 4, "do('filter')"),
        Item(" ✕ ", p.warn, 1, "do('filter-off')"),
    ]


def cohorts_title(view: CohortsView, focused: bool, p: Palette) -> Line:
    left = [
        *_title("Cohorts", focused, p),
        Item("how connections end, who talks most ", p.label, 2),
    ]
    right = [
        Item(f" talkers by {view.by} ", p.label, 1, "do('talkers-by')"),
        Item(f"per {view.per} ", p.label, 1, "do('talkers-per')"),
    ]
    return _line(left, right, focused, p)


def _line(left: list[Item], right: list[Item], focused: bool, p: Palette) -> Line:
    rule = p.rule_active if focused else p.rule
    return Line(tuple(left), (*right, Item("─", rule)), "─", rule)


def frames_title(
    view: FramesView,
    focused: bool,
    p: Palette,
    filtered: str = "",
    searched: tuple[str, str] = ("", ""),
) -> Line:
    """`searched`: what is looked for, and what of it was found."""
    left = [*_title("Frames", focused, p)]
    connection = view.connection
    if connection is not None:
        left.append(Item(f"#{connection.flow_id} ", p.strong))
    right = []
    if view.filter is not None:
        left += _filtered(filtered, p)
        if view.hidden:
            left.append(Item(f"{count(view.hidden)} hidden ", p.label, 3))
    if searched[0]:
        left.append(Item(f" / {searched[0][:_FILTER_SHOWN]} ", p.text, 3, "do('search')"))
        left.append(Item(f"{searched[1]} ", p.label, 3, "do('next-match')"))
    if view.marked:
        right.append(Item(f" {len(view.marked)} marked ", p.mark, 3, "do('next-mark')"))
    if view.heartbeats_hidden:
        say = f" {count(view.hidden_heartbeats)} heartbeats hidden "
        right.append(Item(say, p.warn, 2, "do('heartbeats')"))
    if view.store.watched.skipped:
        right.append(Item(f" {count(view.store.watched.skipped)} too fast to show ", p.warn, 2))
    if connection is None:
        pass
    elif view.following and connection.ended:
        right.append(Item(f" {connection.state.value} ", p.state(connection.state)))
    elif view.following:
        right.append(Item(" following ", p.good, action="do('pause')"))
    else:
        right.append(Item(f" ‖ paused · {count(view.new)} new ", p.warn, action="do('pause')"))
    return _line(left, right, focused, p)


def _way(connection: Connection) -> str:
    facts = connection.facts
    scheme = "wss" if facts.tls else "ws"
    return f"{scheme}://{facts.host or connection.server}{facts.uri or ''}"


def about(connection: Connection | None, now_ns: int, p: Palette) -> list[Line]:
    """Two lines on the chosen connection: what it is, how it is or how it ended."""
    if connection is None:
        return []
    facts = connection.facts
    state = p.state(connection.state)
    what = [
        Item(f" {STATE_GLYPH[connection.state]} ", state),
        Item(_way(connection), p.text),
    ]
    if facts.subprotocol:
        what.append(Item(f"  {facts.subprotocol}", p.label, 2))
    if facts.server_extensions:
        what.append(Item(f"  {', '.join(facts.server_extensions)}", p.label, 3))
    right = (Item(f"  from {connection.client} ", p.label, 1),)
    return [Line(tuple(what), right), _fate(connection, now_ns, p)]


def _fate(connection: Connection, now_ns: int, p: Palette) -> Line:
    state = p.state(connection.state)
    age = duration(connection.age_s(now_ns))
    idle = duration(connection.idle_s(now_ns))
    close = connection.close
    if close is None:
        return _fate_without_close(connection, age, idle, p)
    items = []
    code = close.code
    if code is not None:
        unclean = close.unclean
        items.append(Item(f"   {code} {close_name(code)}", state + p.strong if unclean else p.text))
        items.append(Item(f" · {end_cause(connection)}", state if unclean else p.text))
        reason = end_reason(connection)
        if reason:
            items.append(Item(f" ·{reason}", p.text, 2))
    else:
        items.append(Item(f"   {end_cause(connection)}", state))
    if close.code_relayed is not None and close.code_relayed != code:
        items.append(Item(f" · relayed as {close.code_relayed}", p.warn, 3))
    if close.unfinished:
        items.append(Item(" · a frame never finished", p.bad, 3))
    items.append(Item(f" · after {age}, idle {idle}", p.label, 4))
    if code is not None:
        items.append(Item(f" · {close_sentence(code)}", p.faint, 5))
    return Line(tuple(items))


def _fate_without_close(connection: Connection, age: str, idle: str, p: Palette) -> Line:
    if connection.state is State.REFUSED:
        say = f"   the opening handshake failed: {refusal(connection)}"
        return Line((Item(say, p.bad), *_findings(connection, p)))
    if connection.state is State.UNSEEN:
        return Line((Item("   ended while this dashboard was away", p.label),))
    items = [Item(f"   {connection.state.value} for {age}, idle {idle}", p.label)]
    return Line((*items, *_findings(connection, p)))


def _findings(connection: Connection, p: Palette) -> list[Item]:
    found = [f.say or f.code for f in connection.facts.findings]
    return [Item(f" · {say}", p.warn, 1) for say in found]


def footer(shown: tuple[Key, ...], following: bool, version: str, p: Palette) -> Line:
    """The keys that matter most here; what has no room is left out from the right."""
    items = [Item(" ", p.label)]
    for key in shown:
        label = "follow" if key.id == "pause" and not following else key.label
        action = f"do('{key.id}')"
        items.append(Item(f" {key.first}", p.key, key.rank, action))
        items.append(Item(f" {label} ", p.label, key.rank, action))
    return Line(tuple(items), (Item(f"{version} ", p.faint, 99),))
