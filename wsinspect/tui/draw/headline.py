"""What the top of the screen says: link, address, totals, rates, losses, problems. Pure."""

from functools import lru_cache
from pathlib import Path

from wsinspect.tui.data.connection import NS, Activity
from wsinspect.tui.data.feed import Feed, Link
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.figures import count, duration, size_unit, sparkline
from wsinspect.tui.draw.palette import TO_CLIENT, TO_SERVER, Palette

_SPARK_S = 12
_FLAT = "▁"


@lru_cache(maxsize=4)
def short_path(path: str) -> str:
    """As the user would write it: from here, or from home."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        if Path(path).is_relative_to(base):
            return f"{sign}{Path(path).relative_to(base)}"
    return path


def _link(feed: Feed, p: Palette) -> list[Item]:
    for_s = (feed.store.clock() - feed.changed_ns) / NS
    match feed.link:
        case Link.LIVE:
            return [Item("● live", p.good)]
        case Link.CONNECTING:
            return [Item("◌ connecting", p.warn)]
        case _:
            return [Item(f" ✗ proxy lost {duration(for_s)} ago ", p.alarm)]


def identity(store: Store, feed: Feed, paused: bool, alone: bool, p: Palette) -> Line:
    """First line: who we are, how the link is, where it listens, where the log goes.

    `alone` where there is no second line: then losses are told here.
    """
    left = [Item(" wsinspect ", p.title, 2), Item(" ", p.text), *_link(feed, p)]
    right: list[Item] = []
    if paused:
        left += [Item("  ", p.text), Item(" ‖ paused ", p.held, 1, action="pause")]
    hello = store.hello
    if hello is not None:
        left.append(Item(f"   {', '.join(hello.listen)}", p.strong, 3))
        left.append(Item(f"  {', '.join(hello.mode)}", p.label, 5))
        if hello.log:
            right.append(Item(f"recording {hello.record or 'connections'} ", p.label, 8))
            right.append(Item(f"→ {short_path(hello.log)} ", p.label, 7))
        else:
            right.append(Item("no log ", p.faint, 7))
    if alone and store.losses:
        right += losses(store, p)
    return Line(tuple(left), tuple(right))


def _flow(arrow: str, frames: Activity, size: Activity, store: Store, p: Palette) -> list[Item]:
    second = store.now_ns() // NS
    number = count(round(frames.per_s(second)))
    volume = f"{size_unit(round(size.per_s(second)))}/s"
    bars = sparkline(frames.recent(second - 1, _SPARK_S)).replace(" ", _FLAT)
    style = p.to_client if arrow == TO_CLIENT else p.to_server
    return [
        Item(f"   {arrow} ", style),
        Item(number, p.strong),
        Item(f"{'/s':<{7 - len(number)}}", p.label),
        Item(f" {volume:<10}", p.text, 6),
        Item(bars, style if bars.strip(_FLAT) else p.rule, 9),
    ]


def losses(store: Store, p: Palette) -> list[Item]:
    """What was not recorded or not shown. Never left out, however narrow the screen."""
    if store.unreadable:
        unreadable = [Item(f" {count(store.unreadable)} unreadable lines ", p.alarm)]
    else:
        unreadable = []
    if not store.losses:
        return [*unreadable, Item("dropped ", p.label), Item("0 ", p.text)]
    found = [
        Item(f" dropped {what} {count(number)} ", p.warn if what == "dashboard" else p.alarm)
        for what, number in store.losses.items()
    ]
    return [*unreadable, *found]


def totals(store: Store, p: Palette) -> Line:
    """Second line: how many connections, how much traffic, what was lost."""
    left = [
        Item(" open ", p.label),
        Item(count(len(store.live)), p.strong),
        Item("  ended ", p.label, 2),
        Item(count(store.ended_count), p.strong, 2),
    ]
    if store.unclean_count:
        left += [Item("  ✗ unclean ", p.bad, 4), Item(count(store.unclean_count), p.bad, 4)]
    if store.refused_count:
        left += [Item("  ⊘ refused ", p.bad, 5), Item(count(store.refused_count), p.bad, 5)]
    if store.alerts:
        left += [Item("  ▲ alerts ", p.warn, 3), Item(count(store.alerts), p.warn, 3)]
    left += _flow(TO_SERVER, store.frames_to_server, store.bytes_to_server, store, p)
    left += _flow(TO_CLIENT, store.frames_to_client, store.bytes_to_client, store, p)
    return Line(tuple(left), tuple(losses(store, p)))


def problems(store: Store, feed: Feed, p: Palette) -> list[Line]:
    """Lines that must be seen: the link, then the latest problem."""
    lines = []
    if feed.link is Link.LOST:
        say = f" ✗ {feed.reason}; what you see is the last picture, trying again … "
        lines.append(Line((Item(say, p.alarm),), fill_style=p.alarm))
    elif feed.link is Link.CONNECTING and feed.reason:
        say = f" ◌ {feed.address}: {feed.reason}; trying again … "
        lines.append(Line((Item(say, p.warn),)))
    if store.problems:
        more = len(store.problems) - 1
        say = f" ! {store.problems[-1]}{f'  (and {more} more)' if more else ''}"
        acknowledge = Item(" x acknowledge ", p.alarm, 1, "acknowledge")
        lines.append(Line((Item(say, p.alarm),), (acknowledge,), fill_style=p.alarm))
    return lines
