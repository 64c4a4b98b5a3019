"""What was typed before, and filters saved under a name, in two small files.

Bounded, 0600, written to the side and put in place at once. Several dashboards may use them at one
time: each brings its own changes into what is there (`sharedfiles`), so that nothing is lost and
what one deleted does not come back from another. A file that cannot be read or written is no reason
to stop: it is as if it were empty, and `problem` says so in one sentence. What is not understood is
kept aside as `.bad` before anything is written in its place.
"""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from wsinspect.tui import sharedfiles

HISTORY_MAX: Final = 200
SAVED_MAX: Final = 200
LINE_MAX: Final = 4_000  # characters of one filter
NAME_MAX: Final = 60
_FILE_MAX: Final = 2 << 20
_NOT_OURS: Final = "it is not what was written there"


def _line(text: object) -> str:
    return text if isinstance(text, str) and 0 < len(text.strip()) <= LINE_MAX else ""


class _Remembered(ABC):
    """A file that others write too. `problem` is what was wrong with it the last time, or empty."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.problem = ""
        self.refresh()

    @abstractmethod
    def _take(self, data: object) -> bool:
        """Be what the file has; whether all of it was understood."""

    @abstractmethod
    def _bring_in(self) -> object:
        """Make the changes that the file does not have yet, twice if need be; what to write."""

    @abstractmethod
    def _settled(self) -> None:
        """The file has them."""

    @abstractmethod
    def _empty(self) -> None:
        """There is no file, or nothing in it is understood."""

    def refresh(self) -> None:
        """See what other dashboards have written."""
        if self._path is None:
            return
        try:
            self._read(self._path)
        except OSError as error:
            self.problem = f"{self._path} could not be read: {error.strerror or error}"
        self._bring_in()

    def _read(self, path: Path) -> bool:
        """Whether all that is there was understood. Raises OSError."""
        wrong = ""
        try:
            wrong = "" if self._take(json.loads(sharedfiles.read(path, _FILE_MAX))) else _NOT_OURS
        except FileNotFoundError:
            self._empty()
        except sharedfiles.TooLarge as error:
            self._empty()
            wrong = str(error)
        except (ValueError, RecursionError):
            self._empty()
            wrong = _NOT_OURS
        self.problem = wrong and f"{path} is ignored: {wrong}"
        return not wrong

    def _write(self) -> str:
        """Bring the changes into the file; what went wrong, or nothing."""
        aside = ""
        try:
            if self._path is not None:
                aside = self._bring_into(self._path)
        except OSError as error:
            self._bring_in()
            self.problem = f"{self._path} could not be written: {error.strerror or error}"
            return self.problem
        self._bring_in()
        self._settled()
        self.problem = aside
        return ""

    def _bring_into(self, path: Path) -> str:
        """What was kept aside, in one sentence. Raises OSError."""
        aside = ""
        with sharedfiles.locked(path):
            if not self._read(path):
                bad = sharedfiles.set_aside(path)
                aside = f"what {path.name} had is kept as {bad}: {_NOT_OURS}"
            data = json.dumps(self._bring_in(), ensure_ascii=False, indent=1)
            sharedfiles.replace(path, data.encode(errors="replace"))
        return aside


class History(_Remembered):
    """Lines that were used, the newest last, each once. With `path` None nothing is kept on disk.

    `back` and `forward` walk through them from the text that is being typed.
    """

    def __init__(self, path: Path | None, limit: int = HISTORY_MAX) -> None:
        self._limit = limit
        self.lines: list[str] = []
        self._new: list[str] = []
        self._at: int | None = None
        self._typed = ""
        super().__init__(path)

    def _take(self, data: object) -> bool:
        found = data if isinstance(data, list) else []
        self.lines = [line for line in map(_line, found) if line][-self._limit :]
        return isinstance(data, list) and all(map(_line, found))

    def _bring_in(self) -> list[str]:
        self._at = None
        for line in self._new:
            if line in self.lines:
                self.lines.remove(line)
            self.lines.append(line)
        del self.lines[: -self._limit]
        return self.lines

    def _settled(self) -> None:
        self._new.clear()

    def _empty(self) -> None:
        self.lines = []

    def add(self, line: str) -> None:
        """Remember a line that was used; the same one again moves to the end."""
        self._at = None
        line = _line(line.strip())
        if not line or self.lines[-1:] == [line]:
            return
        self._new = [*(each for each in self._new if each != line), line][-self._limit :]
        self._write()

    def back(self, typed: str) -> str | None:
        """The line before; None: there is none. What was typed comes back by `forward`."""
        if self._at is None:
            self._typed, self._at = typed, len(self.lines)
        at = self._at - 1
        while at >= 0 and self.lines[at] == typed:
            at -= 1
        if at < 0:
            return None
        self._at = at
        return self.lines[at]

    def forward(self) -> str | None:
        """The line after, or at last what was typed; None: we are not walking."""
        if self._at is None:
            return None
        self._at += 1
        if self._at >= len(self.lines):
            self._at = None
            return self._typed
        return self.lines[self._at]

    def leave(self) -> None:
        """Something else was typed: the walk is over."""
        self._at = None


class SavedFilters(_Remembered):
    """Filters by name, in the order of saving. With `path` None nothing is kept on disk."""

    def __init__(self, path: Path | None) -> None:
        self.filters: dict[str, str] = {}
        self._changes: dict[str, str | None] = {}  # None: deleted
        super().__init__(path)

    def _take(self, data: object) -> bool:
        found = data if isinstance(data, dict) else {}
        sound = [(name[:NAME_MAX], _line(text)) for name, text in found.items()]
        self.filters = {name: text for name, text in sound if name and text}
        return isinstance(data, dict) and self.filters == found

    def _bring_in(self) -> dict[str, str]:
        for name, text in self._changes.items():
            if text is None:
                self.filters.pop(name, None)
            else:
                self.filters[name] = text
        return self.filters

    def _settled(self) -> None:
        self._changes.clear()

    def _empty(self) -> None:
        self.filters = {}

    def save(self, name: str, text: str) -> str:
        """Keep `text` as `name`, in place of what had that name; what went wrong, or nothing."""
        name = " ".join(name.split())
        if not name or len(name) > NAME_MAX:
            return f"a name has 1 to {NAME_MAX} characters"
        if not _line(text):
            return "there is no filter to save"
        self.refresh()
        if name not in self.filters and len(self.filters) >= SAVED_MAX:
            return f"there are {SAVED_MAX} saved filters; delete one first"
        self._changes[name] = text.strip()
        return self._write()

    def delete(self, name: str) -> str:
        """Forget it, wherever it was saved; what went wrong, or nothing."""
        if name not in self.filters:
            return f"there is no filter {name}"
        self._changes[name] = None
        return self._write()
