"""What was typed before, and filters saved under a name, in two small files.

Bounded, 0600, written to the side and put in place at once. A file that cannot be read or written
is no reason to stop: it is as if it were empty, and `problem` says so in one sentence.
"""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

HISTORY_MAX: Final = 200
SAVED_MAX: Final = 200
LINE_MAX: Final = 4_000  # characters of one filter
NAME_MAX: Final = 60
_FILE_MAX: Final = 2 << 20


def write_private(path: Path, data: Any) -> str:
    """Put `data` there as JSON, readable by the user alone; what went wrong, or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp gives 0600 from the beginning
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        return f"{path} could not be written: {error.strerror or error}"
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
        Path(name).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        return f"{path} could not be written: {error.strerror or error}"
    return ""


def read_private(path: Path) -> tuple[Any, str]:
    """What is there, None without a file; and what is wrong with it, or nothing."""
    try:
        with path.open("rb") as file:
            text = file.read(_FILE_MAX + 1)
        if len(text) > _FILE_MAX:
            return None, f"{path} is ignored: it has more than {_FILE_MAX >> 20} MiB"
        return json.loads(text), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"{path} could not be read: {error.strerror or error}"
    except (ValueError, RecursionError):
        return None, f"{path} is ignored: it is not what was written there"


def _line(text: object) -> str:
    return text if isinstance(text, str) and 0 < len(text.strip()) <= LINE_MAX else ""


class History:
    """Lines that were used, the newest last, each once. With `path` None nothing is kept on disk.

    `back` and `forward` walk through them from the text that is being typed.
    """

    def __init__(self, path: Path | None, limit: int = HISTORY_MAX) -> None:
        self._path = path
        self._limit = limit
        self.problem = ""
        self.lines: list[str] = []
        self._at: int | None = None
        self._typed = ""
        if path is not None:
            data, self.problem = read_private(path)
            self.lines = self._sound(data)

    def _sound(self, data: object) -> list[str]:
        if data is None:
            return []
        if not isinstance(data, list):
            self.problem = f"{self._path} is ignored: it is not what was written there"
            return []
        return [line for line in map(_line, data) if line][-self._limit :]

    def add(self, line: str) -> None:
        """Remember a line that was used; the same one again moves to the end."""
        self._at = None
        line = _line(line.strip())
        if not line or self.lines[-1:] == [line]:
            return
        self.lines = [each for each in self.lines if each != line][-self._limit + 1 :]
        self.lines.append(line)
        if self._path is not None:
            self.problem = write_private(self._path, self.lines)

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


class SavedFilters:
    """Filters by name, in the order of saving. With `path` None nothing is kept on disk."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.problem = ""
        self.filters: dict[str, str] = {}
        if path is None:
            return
        data, self.problem = read_private(path)
        if data is not None and not isinstance(data, dict):
            self.problem = f"{path} is ignored: it is not what was written there"
        elif data:
            sound = [(name[:NAME_MAX], _line(text)) for name, text in data.items()]
            self.filters = {name: text for name, text in sound if name and text}
            for name in list(self.filters)[:-SAVED_MAX]:
                del self.filters[name]

    def save(self, name: str, text: str) -> str:
        """Keep `text` as `name`, in place of what had that name; what went wrong, or nothing."""
        name = " ".join(name.split())
        if not name or len(name) > NAME_MAX:
            return f"a name has 1 to {NAME_MAX} characters"
        if not _line(text):
            return "there is no filter to save"
        if name not in self.filters and len(self.filters) >= SAVED_MAX:
            return f"there are {SAVED_MAX} saved filters; delete one first"
        self.filters[name] = text.strip()
        return self._write()

    def delete(self, name: str) -> str:
        if self.filters.pop(name, None) is None:
            return f"there is no filter {name}"
        return self._write()

    def _write(self) -> str:
        if self._path is not None:
            self.problem = write_private(self._path, self.filters)
        return self.problem
