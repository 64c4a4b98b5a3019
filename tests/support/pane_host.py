"""An app with one widget on it, to press its keys and look at what it shows."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from wsinspect.tui import keys
from wsinspect.tui.draw.palette import NIGHT, palette_of


class PaneHost(App[None]):
    """Shows `widget`; keeps what it posts. Keys run actions of the widget, as in the dashboard."""

    CSS = "LinesView { height: 1fr; }"

    def on_key(self, event: events.Key) -> None:
        """As the shell does: the action of the pane in use, by the table of keys."""
        for key in keys.ALL:
            name = f"action_{key.action.partition('(')[0]}"
            pressed = event.key in key.keys.split(",") and not key.local
            if pressed and self._pane in key.where and hasattr(self.widget, name):
                self.call_later(self.run_action, key.action, self.widget)

    @property
    def _pane(self) -> str:
        return "" if self.widget is None else self.widget.id or ""

    def __init__(self, widget: Widget | None = None) -> None:
        super().__init__()
        self.widget = widget
        self.palette = palette_of(NIGHT)
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        if self.widget is not None:
            yield self.widget

    def screen_text(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    def on_detail_view_payload_wanted(self, message: Message) -> None:
        self.posted.append(message)

    on_detail_view_tab_chosen = on_detail_view_payload_wanted
    on_cohorts_view_filter_wanted = on_detail_view_payload_wanted
