"""Dialogs that choose: help, the command palette, columns, themes, one connection by number.

Owns what the palette offers. Must not know how a command is carried out: it runs actions by id.
"""

from wsinspect.tui import keys
from wsinspect.tui.draw.palette import THEMES
from wsinspect.tui.keys import Key
from wsinspect.tui.panes.help import HelpScreen
from wsinspect.tui.panes.palette import Choice, ChooseScreen
from wsinspect.tui.shell.moving import Moving


class Asking(Moving):
    """The shell, with its menus."""

    def action_help(self) -> None:
        pane = self.pane or keys.CONNECTIONS
        screen = HelpScreen(self.palette, self.keymap.table, pane, self.recording)
        self.push_screen(screen, self._do_later)

    def _do_later(self, id_: str | None) -> None:
        if id_ is not None:
            self.call_after_refresh(self.run_action, f"do('{id_}')")

    # The command palette

    def action_palette(self) -> None:
        screen = ChooseScreen(
            self.palette, "Commands", self._choices, placeholder="a command, a theme, a filter, #7"
        )
        self.push_screen(screen, self._chosen)

    def _choices(self, typed: str) -> list[Choice]:
        """Everything that can be done here; `#7` and `7` go to a connection."""
        number = typed.strip().removeprefix("#")
        if number.isdecimal() and number.isascii() and len(number) < 16:
            found = self.store.find(int(number))
            if found is not None:
                host = found.facts.host or found.server
                return [Choice(f"#{number} go to connection {number}", f"#{number}", host, "→")]
            return []
        pane = self.pane or keys.CONNECTIONS
        here = keys.applying(self.keymap.table, pane, self.recording)
        choices = [_choice(key) for key in here if not key.local and key.id != "palette"]
        for colors in THEMES:
            now = "●" if self.settings.theme == colors.name else ""
            choices.append(Choice(f"theme: {colors.say}", f"theme {colors.name}", "", now))
        choices += self.more_choices()
        choices.append(Choice("go to connection #…", "goto", "type its number"))
        return choices

    def more_choices(self) -> list[Choice]:
        """What the finding parts add: saved filters."""
        return []

    def _chosen(self, value: str | None) -> None:
        if value is None:
            return
        kind, _, rest = value.partition(" ")
        if value.startswith("#"):
            self.go_to(int(value[1:]))
        elif kind == "theme":
            self.set_theme(rest)
            self.remember()
        elif kind == "do":
            self._do_later(rest)
        elif kind == "goto":
            self.notify("type # and its number, then Enter")
            self.action_palette()
        else:
            self.take_choice(kind, rest)

    def take_choice(self, kind: str, rest: str) -> None:
        """Carry out what `more_choices` offered."""

    def go_to(self, flow_id: int) -> None:
        """Choose a connection by its number, also where order or filter hide it now."""
        connection = self.store.find(flow_id)
        if connection is None:
            self.notify(f"there is no connection #{flow_id}", severity="warning")
            return
        if connection not in self.connections.shown:
            self.uncover(flow_id)
        if connection in self.connections.shown:
            self.connections.move_to(self.connections.shown.index(connection))
        self.show_pane(False)

    def uncover(self, flow_id: int) -> None:  # noqa: ARG002 - for layers above
        """Take away what hides a connection."""
        self.connections.hide_ended = False
        self.connections.sync()

    # Themes

    def action_theme(self) -> None:
        if self.no_colors:
            self.notify("NO_COLOR is set: there are no themes")
            return
        names = [colors.name for colors in THEMES]
        at = names.index(self.settings.theme)
        colors = THEMES[(at + 1) % len(THEMES)]
        self.set_theme(colors.name)
        self.notify(f"theme: {colors.say}", timeout=2)


def _choice(key: Key) -> Choice:
    say = f"{key.label}: {key.say}" if key.label and key.label not in key.say else key.say
    return Choice(say, f"do {key.id}", key.name, more=f"{key.id} {key.label}")
