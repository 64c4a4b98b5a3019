"""A small app around the two bars: a list of connections above, a log of entries, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from tests.support.fake_story import T0_NS, frame, story
from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Frame, decode
from wsinspect.tui.draw.palette import NIGHT, Palette, palette_of, plain, theme_of
from wsinspect.tui.find.filter import EMPTY, Filter
from wsinspect.tui.find.needle import Needle
from wsinspect.tui.find.remembered import History, SavedFilters
from wsinspect.tui.panes.filterbar import FilterBar
from wsinspect.tui.panes.prompt import Prompt
from wsinspect.tui.panes.searchbar import SearchBar


def told_store() -> Store:
    """The story of the dashboard's own tests: sixteen connections at one moment."""
    store = Store(lambda: T0_NS)
    for line in story().lines:
        decoded = decode(msgspec.json.encode(line))
        if decoded is not None:
            store.apply(decoded)
    return store


def frames_of(*rows: list[Any]) -> list[Frame]:
    return [msgspec.convert(row, Frame) for row in rows]


def log_of(*payloads: bytes) -> FrameLog:
    """Text messages, one a frame, directions in turn."""
    log = FrameLog(1)
    rows = [
        frame(T0_NS + at * 1_000_000, at % 2, at // 2, 1, payload)
        for at, payload in enumerate(payloads)
    ]
    log.extend(frames_of(*rows))
    return log


class Bench(App[None]):
    """What a shell does with the bars, without the shell."""

    CSS = "Screen { layout: vertical; } #above { height: 1fr; } #keys { height: 1; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, store: Store, palette: Palette, folder: Path | None, log: FrameLog) -> None:
        super().__init__(ansi_color=True if palette == plain() else None)
        if palette != plain():
            self.register_theme(theme_of(NIGHT))
            self.theme = NIGHT.name
        self.store = store
        self.log_ = log
        self.at = 0
        history = History(folder / "history" if folder else None)
        saved = SavedFilters(folder / "saved" if folder else None)
        self.bar = FilterBar(store, palette, history, saved, self.counts)
        self.search = SearchBar(palette, History(None), lambda: self.at)
        self.filters: list[str] = []
        self.closed: list[tuple[str, bool]] = []
        self.needles: list[str] = []
        self.filter: Filter = EMPTY
        self.needle: Needle | None = None

    def counts(self) -> tuple[int, int]:
        connections = self.store.newest_first()
        return len(self.filter.connections(connections, T0_NS)), len(connections)

    def compose(self) -> ComposeResult:
        yield Static("\n".join(f"row {n}" for n in range(60)), id="above")
        yield self.bar
        yield self.search
        yield Static(" keys", id="keys")

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        self.filter = message.filter
        self.filters.append(message.filter.text)
        self.bar.sync()

    def on_filter_bar_closed(self, message: FilterBar.Closed) -> None:
        self.closed.append((message.filter.text, message.kept))

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.needles.append(message.needle.text)

    def on_search_bar_next(self) -> None:
        self._move(True)

    def on_search_bar_previous(self) -> None:
        self._move(False)

    def on_search_bar_closed(self, message: SearchBar.Closed) -> None:
        self.closed.append((message.needle.text, message.kept))

    def _move(self, forward: bool) -> None:
        matches = self.search.matches
        found = matches.nearest(self.at, forward) if matches is not None else None
        if found is not None:
            self.at = found
        self.search.sync()


_KEY_NAMES = {" ": "space", ":": "colon", "/": "slash", "(": "left_parenthesis"}


@dataclass
class Seat:
    app: Bench
    pilot: Pilot[None]
    entries: list[Entry] = field(default_factory=list)

    async def type(self, text: str, by_letter: bool = False) -> None:
        """As a person does; faster where only the last letter matters."""
        prompt = self.app.focused
        assert isinstance(prompt, Prompt)
        pieces = list(text) if by_letter else [text]
        for piece in pieces:
            await self.pilot.pause()
            prompt.insert_text_at_cursor(piece[:-1])
            await self.pilot.press(_KEY_NAMES.get(piece[-1], piece[-1]))
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def screen_text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    def line(self, widget: Widget) -> str:
        return self.screen_text().splitlines()[widget.region.y]


@asynccontextmanager
async def seat(
    size: tuple[int, int] = (100, 24),
    folder: Path | None = None,
    palette: Palette | None = None,
    log: FrameLog | None = None,
) -> AsyncIterator[Seat]:
    app = Bench(told_store(), palette or palette_of(NIGHT), folder, log or log_of())
    async with app.run_test(size=size) as pilot:
        yield Seat(app, pilot)
