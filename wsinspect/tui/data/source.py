"""Where the picture comes from: what the dashboard needs of a proxy's socket or of a recording.

`Feed` and `RecordingSource` are the two. Knows no Textual.
"""

from enum import Enum
from typing import Protocol

from wsinspect.tui.data.contents import Contents, Place
from wsinspect.tui.data.store import Store


class Link(Enum):
    """How things stand with the proxy. A recording is LIVE once it can be read."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"


class Timeline(Protocol):
    """The time of a recording. Times are in ns since the epoch."""

    @property
    def start_ns(self) -> int: ...
    @property
    def end_ns(self) -> int: ...
    @property
    def now_ns(self) -> int:
        """The cursor: what the store shows is the state at this moment."""

    @property
    def playing(self) -> bool: ...
    @property
    def speed(self) -> int:
        """×1, ×10 or ×60: of playing, or the one that `play` takes up again."""

    @property
    def progress(self) -> float:
        """How much of the file has been read, 0 to 1."""

    @property
    def marks(self) -> "Marks":
        """Where connections ended and rules fired."""

    def density(self, columns: int) -> list[int]:
        """Frames in each of `columns` equal parts of the recording."""

    def seek(self, at_ns: int) -> None:
        """Show the moment `at_ns`. Playing goes on from there."""

    def step(self, forward: bool) -> None:
        """Go to the next or previous event."""

    def play(self, speed: int | None = None) -> None: ...
    def set_speed(self, speed: int) -> None: ...
    def pause(self) -> None: ...


class Marks(Protocol):
    """Columns with something in them, for `columns` equal parts of the recording."""

    def closes(self, columns: int) -> list[int]:
        """Unclean ends in each."""

    def alerts(self, columns: int) -> list[int]:
        """Alerts in each."""


class Source(Protocol):
    """`run` until cancelled; `watch` chooses whose frames come."""

    store: Store
    address: str  # the socket's or the file's path
    link: Link
    reason: str  # why it is not LIVE
    changed_ns: int  # since when `link` is as it is

    @property
    def can(self) -> frozenset[str]:
        """What may be asked for: `close`, `payload`."""

    @property
    def timeline(self) -> Timeline | None:
        """Of a recording."""

    @property
    def content_note(self) -> str:
        """Why no content is here; empty where it may be."""

    def contents(self) -> Contents:
        """All contents of all connections that can be searched."""

    def locate(self, place: Place) -> int | None:
        """Where in the log of the watched connection that is, once it is filled."""

    async def run(self) -> None: ...
    def watch(self, flow_id: int | None) -> None: ...
    def close(self, flow_id: int, code: int, reason: str) -> None: ...
    def payload(self, flow_id: int, direction: int, seq: int) -> None: ...
