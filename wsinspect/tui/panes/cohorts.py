"""The cohorts view: how connections end, who comes back at once, who talks most.

Owns the cursor and what the talkers are ordered by; `draw/cohorts` makes the lines. Enter asks for
the filter that a line stands for.
"""

from rich.segment import Segment
from textual.message import Message

from wsinspect.tui.data.store import Store
from wsinspect.tui.data.talkers import By, Per
from wsinspect.tui.draw.cohorts import Line, cohort_lines
from wsinspect.tui.draw.detail.page import segments
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.panes.lines import LinesView


class CohortsView(LinesView):
    """Lines in sections; those that stand for connections can be chosen."""

    class FilterWanted(Message):
        """The user wants to see the connections of a line: apply the filter `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, store: Store, palette: Palette) -> None:
        super().__init__(palette, id="cohorts")
        self.store = store
        self.by: By = "bytes"
        self.per: Per = "host"
        self.lines_shown: list[Line] = []
        self._chosen_key = ""

    def sync(self) -> None:
        self._make()
        self._settle()
        super().sync()

    def _make(self) -> None:
        now_ns, width = self.store.now_ns(), self.size.width
        self.lines_shown = cohort_lines(
            self.store, now_ns, self.by, self.per, self.palette, width, self._chosen_key
        )

    def _settle(self) -> None:
        """The cursor stays on its line whatever the order does."""
        places = [i for i, line in enumerate(self.lines_shown) if line.key and not line.sentence]
        if not places:
            self.cursor = 0
            return
        for place in places:
            if self.lines_shown[place].key == self._chosen_key:
                self.cursor = place
                return
        self.cursor = min(places, key=lambda place: abs(place - self.cursor))
        self._chosen_key = self.lines_shown[self.cursor].key

    @property
    def chosen(self) -> Line | None:
        """The line under the cursor."""
        if 0 <= self.cursor < len(self.lines_shown):
            return self.lines_shown[self.cursor]
        return None

    def move_to(self, index: int) -> None:
        """To the nearest line that can be chosen, in the direction of the move."""
        lines = self.lines_shown
        index = max(0, min(index, len(lines) - 1))
        down = index >= self.cursor
        places = [i for i, line in enumerate(lines) if line.key and not line.sentence]
        if not places:
            self._jump(index)
            return
        ahead = [place for place in places if (place >= index if down else place <= index)]
        if ahead:
            target = ahead[0] if down else ahead[-1]
        else:
            target = places[-1] if down else places[0]
        self._chosen_key = lines[target].key
        self._make()
        self._settle()
        target = self.cursor
        super().sync()
        super().move_to(target)
        if target == places[0]:
            self._jump(0)

    def action_toggle_by(self) -> None:
        """Talkers by bytes, or by connection-hours."""
        self.by = "time" if self.by == "bytes" else "bytes"
        self.sync()

    def action_toggle_per(self) -> None:
        """Talkers by host, or by client."""
        self.per = "client" if self.per == "host" else "host"
        self.sync()

    def action_descend(self) -> None:
        """Ask for the filter of the chosen line."""
        chosen = self.chosen
        if chosen is not None and chosen.filter:
            self.post_message(self.FilterWanted(chosen.filter))

    def line_pressed(self, index: int, x: int) -> bool:  # noqa: ARG002 - the whole line counts
        if index < len(self.lines_shown) and self.lines_shown[index].action == "toggle_by":
            self.action_toggle_by()
            return True
        return False

    # LinesView

    def on_resize(self) -> None:
        self.sync()

    def count(self) -> int:
        return len(self.lines_shown)

    def segments(self, index: int, width: int) -> list[Segment]:
        return segments(self.lines_shown[index].pieces, width)
