"""What the top of the screen says: link, address, totals, rates, losses, problems. Pure.

Priorities where it is narrow, last to go: the link, what is open, what was lost; then alerts and
diagnoses, rates, the proxy's own latency, addresses, graphs.
"""

from functools import lru_cache
from pathlib import Path

from wsinspect.tui.data.connection import NS, Activity
from wsinspect.tui.data.source import Link, Source
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import DiagnosisFacts
from wsinspect.tui.draw.barline import Item, Line
from wsinspect.tui.draw.figures import count, duration, size_unit, sparkline
from wsinspect.tui.draw.palette import ALERT, TO_CLIENT, TO_SERVER, Palette

_SPARK_S = 14
_FLAT = "▁"
_DIAGNOSIS_S = 600  # so long the latest one is told in words
DIAGNOSIS = "◆"
TINY = 9  # lines of a screen that has one line for all this
TALL = 30  # lines of a screen that can afford a third


@lru_cache(maxsize=4)
def short_path(path: str) -> str:
    """As the user would write it: from here, or from home."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        if Path(path).is_relative_to(base):
            return f"{sign}{Path(path).relative_to(base)}"
    return path


def title(store: Store, feed: Source, p: Palette, *, paused: bool, height: int) -> list[Line]:
    """The lines at the top: one where the screen is tiny, two, and a third where there is news."""
    alone = height < TINY
    lines = [identity(store, feed, paused, alone, p)]
    if not alone:
        lines.append(totals(store, p))
    last = news(store)
    if last is not None and height >= TALL:
        lines.append(latest(last, store.now_ns(), p))
    return lines


def _link(feed: Source, p: Palette) -> list[Item]:
    for_s = (feed.store.clock() - feed.changed_ns) / NS
    timeline = feed.timeline
    if timeline is not None:
        if feed.link is Link.LOST:
            return [Item(" ✗ cannot be read ", p.alarm)]
        if timeline.progress < 1:
            return [Item(f"◌ reading {timeline.progress:.0%}", p.warn)]
        return [Item("▶ recording", p.good)]
    match feed.link:
        case Link.LIVE:
            return [Item("● live", p.good)]
        case Link.CONNECTING:
            return [Item("◌ connecting", p.warn)]
        case _:
            return [Item(f" ✗ proxy lost {duration(for_s)} ago ", p.alarm)]


def identity(store: Store, feed: Source, paused: bool, alone: bool, p: Palette) -> Line:
    """First line: who we are, how the link is, where it listens, where the log goes.

    `alone` where there is no second line: then losses are told here.
    """
    left = [Item(" wsinspect ", p.title, 2), Item(" ", p.text), *_link(feed, p)]
    right: list[Item] = []
    if paused:
        left += [Item("  ", p.text), Item(" ‖ paused ", p.held, 1, action="do('pause')")]
    hello = store.hello
    if feed.timeline is not None:
        left.append(Item(f"   {short_path(feed.address)}", p.strong, 3))
    elif hello is not None:
        left.append(Item(f"   {', '.join(hello.listen)}", p.strong, 3))
        left.append(Item(f"  {', '.join(hello.mode)}", p.label, 5))
        right += _latency(store, p)
        rules = len(hello.rules)
        if rules:
            right.append(Item(f"  {rules} rule file{'' if rules == 1 else 's'}", p.label, 9))
        if hello.log:
            right.append(Item(f"  recording {hello.record or 'connections'}", p.label, 8))
            right.append(Item(f" → {short_path(hello.log)}", p.label, 7))
        else:
            right.append(Item("  no log", p.faint, 7))
        right.append(Item(" ", p.text, 7))
    if alone and store.losses:
        right += losses(store, p)
    return Line(tuple(left), tuple(right))


def milliseconds(value: float) -> str:
    """A latency in at most 7 characters: 0.04 ms, 1.2 ms, 38 ms."""
    if value < 0.995:
        return f"{value:.2f} ms"
    return f"{value:.1f} ms" if value < 9.95 else f"{value:,.0f} ms"


def _latency(store: Store, p: Palette) -> list[Item]:
    """What the proxy itself added in the last interval."""
    added = store.added_ms
    p50, p99 = added.get("p50"), added.get("p99")
    if p50 is None or p99 is None:
        return []
    slow = p.warn if p99 >= 10 else p.text
    return [
        Item("adds ", p.label, 6),
        Item(milliseconds(p50), p.text, 6),
        Item(", p99 ", p.label, 6),
        Item(milliseconds(p99), slow, 6),
    ]


def _flow(arrow: str, frames: Activity, size: Activity, store: Store, p: Palette) -> list[Item]:
    second = store.now_ns() // NS
    number = count(round(frames.per_s(second)))
    volume = f"{size_unit(round(size.per_s(second)))}/s"
    bars = sparkline(frames.recent(second - 1, _SPARK_S)).replace(" ", _FLAT)
    style = p.to_client if arrow == TO_CLIENT else p.to_server
    return [
        Item(f"  {arrow} ", style),
        Item(f"{bars} ", style if bars.strip(_FLAT) else p.rule, 9),
        Item(number, p.strong),
        Item("/s", p.label),
        Item(f" {volume}", p.text, 6),
        # What follows keeps its place while the numbers change.
        Item(" " * (5 - len(number)), p.text),
        Item(" " * (9 - len(volume)), p.text, 6),
    ]


def losses(store: Store, p: Palette) -> list[Item]:
    """What was not recorded or not shown. Never left out, however narrow the screen."""
    if store.unreadable:
        unreadable = [Item(f" {count(store.unreadable)} unreadable lines ", p.alarm)]
    else:
        unreadable = []
    if not store.losses:
        return [*unreadable, Item("  dropped ", p.label), Item("0 ", p.text)]
    found = [
        Item(f" dropped {what} {count(number)} ", p.warn if what == "dashboard" else p.alarm)
        for what, number in store.losses.items()
    ]
    return [Item("  ", p.text), *unreadable, *found]


def totals(store: Store, p: Palette) -> Line:
    """Second line: how many connections, how much traffic, what was found, what was lost."""
    left = [
        Item(" open ", p.label),
        Item(count(len(store.live)), p.strong),
        Item("  ended ", p.label, 2),
        Item(count(store.ended_count), p.strong, 2),
    ]
    if store.unclean_count:
        left.append(Item(f"  ✗ {count(store.unclean_count)}", p.bad, 4, "do('cohorts')"))
        left.append(Item(" unclean", p.bad, 8, "do('cohorts')"))
    if store.refused_count:
        left.append(Item(f"  ⊘ {count(store.refused_count)}", p.bad, 5, "do('cohorts')"))
        left.append(Item(" refused", p.bad, 8, "do('cohorts')"))
    left += _flow(TO_SERVER, store.frames_to_server, store.bytes_to_server, store, p)
    left += _flow(TO_CLIENT, store.frames_to_client, store.bytes_to_client, store, p)
    if store.alerts:
        left.append(Item(f"  {ALERT} {count(store.alerts)}", p.warn, 3))
        left.append(Item(f" alert{'' if store.alerts == 1 else 's'}", p.warn, 7))
    found = len(store.diagnoses)
    if found:
        left.append(Item(f"  {DIAGNOSIS} {count(found)}", p.warn, 3, "do('cohorts')"))
        left.append(Item(f" diagnos{'is' if found == 1 else 'es'}", p.warn, 7, "do('cohorts')"))
    return Line(tuple(left), tuple(losses(store, p)))


def news(store: Store) -> DiagnosisFacts | None:
    """The latest diagnosis, while it is news."""
    if not store.diagnoses:
        return None
    last = store.diagnoses[-1]
    fresh = store.now_ns() - last.timestamp_ns < _DIAGNOSIS_S * NS
    return last if fresh else None


def latest(last: DiagnosisFacts, now_ns: int, p: Palette) -> Line:
    """Third line: the latest diagnosis in words."""
    ago = duration((now_ns - last.timestamp_ns) / NS)
    style = p.warn if last.confidence == "high" else p.text
    left = (
        Item(f" {DIAGNOSIS} ", p.warn, action="do('cohorts')"),
        Item(last.say or last.kind, style, action="do('cohorts')"),
    )
    confidence = Item(f"  {last.confidence} confidence", p.label, 2)
    return Line(left, (confidence, Item(f" · {ago} ago ", p.faint, 1)))


def leaving(live: int, grace_s: float, p: Palette) -> Line:
    """While the proxy ends with its dashboard: what goes on, and how not to wait for it."""
    many = f"{count(live)} connection{'' if live == 1 else 's'}"
    say = (
        f" Ending {many}, one after the other within {grace_s:g} s, so that they do not come back "
        "all at once …"
    )
    again = Item(" q again: at once ", p.held, 0, "do('quit')")
    return Line((Item(say, p.held, 1),), (again,), fill_style=p.held)


def problems(store: Store, feed: Source, p: Palette) -> list[Line]:
    """Lines that must be seen: the link, then the latest problem."""
    lines = []
    if feed.link is Link.LOST and feed.timeline is None:
        say = f" ✗ {feed.reason}; what you see is the last picture, trying again … "
        lines.append(Line((Item(say, p.alarm),), fill_style=p.alarm))
    elif feed.link is Link.CONNECTING and feed.reason:
        say = f" ◌ {feed.address}: {feed.reason}; trying again … "
        lines.append(Line((Item(say, p.warn),)))
    if store.problems:
        more = len(store.problems) - 1
        say = f" ! {store.problems[-1]}{f'  (and {more} more)' if more else ''}"
        acknowledge = Item(" x acknowledge ", p.alarm, 1, "do('acknowledge')")
        lines.append(Line((Item(say, p.alarm),), (acknowledge,), fill_style=p.alarm))
    return lines
