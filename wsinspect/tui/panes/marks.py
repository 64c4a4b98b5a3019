"""The entries that the user marked, by position in their log. Pure."""

from collections.abc import Sequence

from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.shifts import Shift, shifted


class Marks:
    """Positions count all entries ever appended, so that they stay while the log is trimmed."""

    def __init__(self) -> None:
        self._marked: dict[int, Entry] = {}

    def __contains__(self, position: int) -> bool:
        return position in self._marked

    @property
    def entries(self) -> list[Entry]:
        """Oldest first."""
        return [self._marked[position] for position in self.positions]

    @property
    def positions(self) -> list[int]:
        return sorted(self._marked)

    def toggle(self, position: int, entry: Entry) -> None:
        if self._marked.pop(position, None) is None:
            self._marked[position] = entry

    def move(self, shifts: Sequence[Shift]) -> None:
        """The log told that positions changed."""
        self._marked = {shifted(at, shifts): entry for at, entry in self._marked.items()}

    def forget_before(self, position: int) -> None:
        """What the log dropped is not kept alive here."""
        for gone in [at for at in self._marked if at < position]:
            del self._marked[gone]

    def clear(self) -> None:
        self._marked.clear()
