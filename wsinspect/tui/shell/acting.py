"""Carrying out: every key's action, what is copied and saved, and closing a connection.

Owns the dispatch: an action of the table runs on the pane in use where that has it, else here.
"""

import os

from textual.widget import Widget

from wsinspect.dissect import summarize
from wsinspect.tui import clipboard
from wsinspect.tui.copying import (
    Copyable,
    connection_facts,
    entry_facts,
    json_lines,
    of_connection,
    of_entry,
)
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.draw.figures import size_unit
from wsinspect.tui.keys import Key
from wsinspect.tui.panes.asking import AskScreen
from wsinspect.tui.panes.closing import ClosingScreen, Wanted
from wsinspect.tui.panes.compare import CompareScreen
from wsinspect.tui.panes.palette import Choice, ChooseScreen
from wsinspect.tui.saving import save_text, trouble_with
from wsinspect.tui.shell.everywhere import Everywhere

_LOOK_EVERY_S = 0.1  # whether the proxy has ended


class Acting(Everywhere):
    """The shell, with everything that a key does."""

    def on_load(self) -> None:
        """Bind the table, key map included; lists bind their own movement."""
        for key in self.keymap.table:
            if key.keys and not key.local:
                self.bind(key.keys, f"do('{key.id}')", description=key.say, show=False)
        self.set_keymap({key.id: key.keys for key in self.keymap.table if key.local and key.keys})

    # Dispatch

    def key_of(self, id_: str) -> Key:
        return next(key for key in self.keymap.table if key.id == id_)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action means anything now: the key goes on to others if not."""
        if action != "do" or len(self.screen_stack) > 1:
            return True
        key = self.key_of(str(parameters[0]))
        return self.pane in key.where and (self.recording or not key.recording)

    async def action_do(self, id_: str) -> None:
        """Carry out the action `id_` of the table, in the pane in use."""
        key = self.key_of(id_)
        target = self._target(key)
        await self.run_action(key.action, target)
        if self.is_running and len(self.screen_stack) == 1:
            self.sync()
            self.remember()

    def _target(self, key: Key) -> Widget | None:
        name = f"action_{key.action.partition('(')[0]}"
        widget = self.pane_widgets.get(self.pane)
        return widget if widget is not None and hasattr(widget, name) else None

    # Watching

    def action_pause(self) -> None:
        resume = self.paused or not self.frames.following
        self.paused = not resume
        self.connections.hold(self.paused)
        self.frames.follow(resume)

    def action_acknowledge(self) -> None:
        self.store.acknowledge()

    # What is chosen

    def chosen_entry(self) -> Entry | None:
        return self.frames.chosen() if self.on_frames else None

    def _content(self, entry: Entry) -> tuple[bytes | None, bool]:
        """What may be copied of an entry's payload, and whether that is all of it."""
        if isinstance(entry, Gap):
            return None, False
        if isinstance(entry, Message):
            connection = self.frames.connection
            flow_id = connection.flow_id if connection is not None else 0
            fetched = self.store.payloads.get((flow_id, entry.direction, entry.seq))
            if fetched is not None and fetched.content is not None:
                return fetched.content, fetched.whole
        elif entry.compressed:
            return None, False  # the bytes of one compressed fragment say nothing
        return entry.content, entry.whole

    # Copying

    def action_copy(self) -> None:
        """A menu of all ways to copy what is chosen."""
        connection = self.connections.selected
        if connection is None:
            self.notify("nothing is chosen", severity="warning")
            return
        ways = self.ways_to_copy(connection, self.chosen_entry())
        known = {way.name: way for way in ways}

        def choices(_typed: str) -> list[Choice]:
            return [Choice(way.say, way.name, more=way.name) for way in ways]

        def take(name: str | None) -> None:
            if name is not None:
                self.copy_way(known[name])

        self.push_screen(ChooseScreen(self.palette, "Copy", choices, placeholder="what"), take)

    def ways_to_copy(self, connection: Connection, entry: Entry | None) -> list[Copyable]:
        ways = []
        if entry is not None:
            content, whole = self._content(entry)
            path = self.detail.json_path
            ways += of_entry(connection, entry, content, whole, path)
        ways += of_connection(connection)
        return list({way.say: way for way in reversed(ways)}.values())[::-1]

    def copy_way(self, way: Copyable) -> None:
        self.run_worker(self._copy(way), name="copy")

    async def _copy(self, way: Copyable) -> None:
        """To a clipboard that is sure to have it, or else to the terminal, and say which."""
        text = way.text()
        size = size_unit(len(text.encode(errors="replace")))
        where = await clipboard.copy(text, os.environ)
        if where:
            self.notify(f"copied: {way.say}, {size} ({where})", timeout=3)
            return
        self.copy_to_clipboard(text)
        say = f"sent to the terminal: {way.say}, {size}; if nothing arrives: docs/dashboard.md"
        self.notify(say, timeout=4)

    # Saving

    def action_save(self) -> None:
        """Ask for a file, then write what is marked or chosen as JSON Lines."""
        facts, say = self._to_save()
        if not facts:
            self.notify("nothing is chosen", severity="warning")
            return

        def take(name: str | None) -> None:
            if name is not None:
                self._save(name, json_lines(facts), say)

        screen = AskScreen(
            self.palette, "Save", f"{say}, as JSON Lines, to the file", "", trouble_with
        )
        self.push_screen(screen, take)

    def _to_save(self) -> tuple[list[dict[str, object]], str]:
        connection = self.connections.selected
        if connection is None:
            return [], ""
        if not self.on_frames:
            marked = self.connections.marked
            many = [c for c in map(self.store.find, sorted(marked)) if c is not None]
            chosen = many or [connection]
            word = "connection" if len(chosen) == 1 else "connections"
            return [connection_facts(c) for c in chosen], f"{len(chosen)} {word}"
        entry = self.chosen_entry()
        entries = self.frames.marked or ([entry] if entry else [])
        word = "frame or message" if len(entries) == 1 else "frames and messages"
        found = [entry_facts(connection.flow_id, e, *self._content(e)) for e in entries]
        return found, f"{len(entries)} {word}"

    def _save(self, name: str, text: str, say: str) -> None:
        try:
            path = save_text(name, text)
        except OSError as error:
            self.notify(f"not saved: {error.strerror}: {name}", severity="error")
            return
        self.notify(f"saved {say} to {path}")

    # Closing

    def action_close_connection(self) -> None:
        """Ask for a code and a reason, then have the proxy end the connection."""
        connection = self.connections.selected
        if connection is None or connection.ended:
            self.notify("it has ended already" if connection else "nothing is chosen")
            return
        if "close" not in self.feed.can:
            what = "a recording" if self.recording else "this proxy"
            self.notify(f"{what} cannot close connections", severity="warning")
            return
        flow_id = connection.flow_id
        name = f"#{flow_id} {connection.facts.host or connection.server}"

        def take(wanted: Wanted | None) -> None:
            if wanted is not None:
                self.feed.close(flow_id, wanted.code, wanted.reason)
                connection.asked = wanted.code, wanted.reason
                self.notify(f"closing #{flow_id} with {wanted.code}", timeout=3)

        self.push_screen(ClosingScreen(self.palette, name), take)

    # Comparing

    def action_diff(self) -> None:
        """The marked message and the chosen one; without a mark, the one before of its shape."""
        chosen, marked = self.chosen_entry(), self.frames.marked
        others = [entry for entry in marked if entry is not chosen]
        if isinstance(chosen, Message) and not others:
            others = self._of_its_shape(chosen)
        pair = [entry for entry in (*others[-1:], chosen) if isinstance(entry, Message)]
        if len(pair) == 2:
            before, after = pair
            self.push_screen(CompareScreen.of_messages(before, after, palette=self.palette))
        else:
            self.notify("choose a message, or mark one (m) and choose another", timeout=4)

    def _of_its_shape(self, chosen: Message) -> list[Entry]:
        """The message before it of the same direction, opcode and kind."""
        app = self.frames.app_spoken
        entries = self.frames.shown_entries()
        mine = summarize(app, chosen.opcode, chosen.content)
        place = next((at for at, entry in enumerate(entries) if entry is chosen), 0)
        for entry in reversed(entries[max(0, place - 1000) : place]):
            same = isinstance(entry, Message) and entry.opcode == chosen.opcode
            if not same or entry.direction != chosen.direction:
                continue
            other = summarize(app, chosen.opcode, entry.content)
            if (other.role, other.text.split(" ")[:1]) == (mine.role, mine.text.split(" ")[:1]):
                return [entry]
        return []

    def action_compare(self) -> None:
        """The handshakes of the marked connection and the chosen one."""
        chosen = self.connections.selected
        marked = [self.store.find(flow_id) for flow_id in self.connections.marked]
        others = [c for c in marked if c is not None and c is not chosen]
        if chosen is not None and others:
            screen = CompareScreen.of_handshakes(others[-1], chosen, self.palette)
            self.push_screen(screen)
        else:
            self.notify("mark a connection (m) and choose another", timeout=4)

    # Recordings

    def action_play(self) -> None:
        timeline = self.feed.timeline
        if timeline is not None:
            timeline.pause() if timeline.playing else timeline.play()

    # Leaving

    async def action_quit(self) -> None:
        """Leave; where the proxy ends with us and connections are open, wait for their ends. A
        second time does not wait."""
        if self.owned is None or self.leaving or not self.store.live:
            self.exit(0)
            return
        self.leaving = True
        self.owned.end()
        self.set_interval(_LOOK_EVERY_S, self._leave)
        self.sync_bars()

    def _leave(self) -> None:
        if self.owned is not None and self.owned.over:
            self.exit(0)
