"""Searching all connections, and the way to what was found there.

Owns that way: the moment of a recording, the connection, its frames once they are here, and what
hides the one that is wanted. The search and its list are the dialog's.
"""

import time

from wsinspect.tui import keys
from wsinspect.tui.data.contents import Place
from wsinspect.tui.panes.searchall import Going, SearchAllScreen
from wsinspect.tui.shell.finding import Finding

_LOOK_EVERY_S = 0.03  # for what is on its way from the proxy or the file
_PATIENCE_S = 8.0
_ADVICE = "all of it: --log FILE --record all --payloads full, then wsinspect open FILE"


class Everywhere(Finding):
    """The shell, with a search that knows no bounds of a connection."""

    def action_search_all(self) -> None:
        """Which connection carried it?"""
        screen = SearchAllScreen(
            self.palette,
            self.feed.contents,
            self._connection_words,
            text=self.search_bar.needle.text,
            note=self.feed.content_note,
            advice="" if self.recording else _ADVICE,
        )
        self.push_screen(screen, self._go_to_found)

    def _connection_words(self, flow_id: int) -> str:
        connection = self.store.find(flow_id)
        if connection is None:
            return f"#{flow_id}"
        facts = connection.facts
        return f"#{flow_id} {facts.host or connection.server}{facts.uri or ''}"

    def _go_to_found(self, going: Going | None) -> None:
        if going is None:
            return
        self.show_cohorts(False)
        self.search_bar.look_for(going.text)
        self._approach(going.place, time.monotonic() + _PATIENCE_S, sought=False)

    def _approach(self, place: Place, until_s: float, *, sought: bool) -> None:
        """A step nearer to it, again and again until it is chosen; `sought`: the moment of the
        recording is the one in which it passed."""
        timeline, known = self.feed.timeline, self.store.find(place.flow_id)
        at = self.feed.locate(place)
        if at is not None and self._choose_found(at):
            return
        if known is None and timeline is None:
            self.notify(f"connection #{place.flow_id} is no longer here", severity="warning")
            return
        if timeline is not None and not sought:
            # It passes later than the moment shown, or so long before that it is not kept.
            gone = at is None and self.store.watched.flow_id == place.flow_id
            gone = gone and bool(self.store.watched.entries)
            if known is None or gone or place.timestamp_ns > timeline.now_ns:
                timeline.seek(place.timestamp_ns)
                sought = True
        selected = self.connections.selected
        if known is not None and (selected is None or selected.flow_id != place.flow_id):
            self.go_to(place.flow_id)
        if time.monotonic() > until_s:
            self.notify("it is not here any more", severity="warning", timeout=4)
            return

        def look_again() -> None:
            if len(self.screen_stack) == 1:
                self._approach(place, until_s, sought=sought)

        self.set_timer(_LOOK_EVERY_S, look_again)

    def _choose_found(self, at: int) -> bool:
        """Put the cursor on the entry at `at`, whatever hides it; False if that takes longer."""
        self.frames.sync()
        if not self.frames.select_position(at):
            self._uncover_entries()
            if not self.frames.select_position(at):
                return False  # a long list under another filter: it is tested in slices
        self.go(keys.FRAMES)
        return True

    def _uncover_entries(self) -> None:
        if self.filter is not None and self.filter.on_entries:
            self.set_filter(None)
        self.frames.heartbeats_hidden = False
        self.frames.sync()
