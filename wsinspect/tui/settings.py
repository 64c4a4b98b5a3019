"""What the dashboard remembers between two runs: theme, columns, order, splits and habits.

Owns the file's place and shape. Reading never fails: what is broken or out of range is the
default again, with one line that says so. Writing is atomic, and readable by its owner alone; it
changes what was changed here, and leaves what another dashboard changed meanwhile.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct, field

from wsinspect.tui import sharedfiles

_LEN_MAX = 256 * 1024
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, sharedfiles.TooLarge)
TIME_MODES = ("absolute", "relative", "delta")


class ListSettings(Struct):
    """One list. Empty `columns` stand for the list's own choice."""

    columns: list[str] = []
    widths: dict[str, int] = {}


class Settings(Struct):
    """All that is remembered. Names are stable: they are the file's."""

    theme: str = "wsinspect-night"
    connections: ListSettings = field(default_factory=ListSettings)
    frames: ListSettings = field(default_factory=ListSettings)
    order: str = ""  # a column of the connections; empty: newest first
    reverse: bool = False
    hide_ended: bool = False
    time_mode: str = "absolute"
    heartbeats_hidden: bool = False
    detail: bool = False  # whether the detail was open
    tab: int = 1  # of the detail, from 1
    split_top: float = 0.0  # the upper pane's share of the height; 0: as the style says
    split_left: float = 0.0  # the frames' share of the width beside the detail


def state_dir() -> Path:
    """`~/.local/state/wsinspect`, or under XDG_STATE_HOME."""
    base = os.environ.get("XDG_STATE_HOME")
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state"
    return folder / "wsinspect"


def settings_path() -> Path:
    return state_dir() / "dashboard.json"


def load_settings(path: Path) -> tuple[Settings, str]:
    """The settings in `path`, and one line if they could not be read."""
    try:
        settings = msgspec.json.decode(sharedfiles.read(path, _LEN_MAX), type=Settings)
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), f"settings {path}: {error.strerror}; the defaults are used"
    except _BROKEN:
        return Settings(), f"settings {path} cannot be read; the defaults are used"
    return _sane(settings), ""


def _sane(settings: Settings) -> Settings:
    """Numbers that no screen could have made are taken back."""
    if settings.time_mode not in TIME_MODES:
        settings.time_mode = TIME_MODES[0]
    if not 1 <= settings.tab <= 7:
        settings.tab = 1
    for name in ("split_top", "split_left"):
        if not 0.05 <= getattr(settings, name) <= 0.95:
            setattr(settings, name, 0.0)
    for part in (settings.connections, settings.frames):
        part.widths = {key: wide for key, wide in part.widths.items() if 1 <= wide <= 500}
    return settings


def save_settings(path: Path, settings: Settings, was: Settings) -> str:
    """Write what is not as it `was` when it was read or written last; one line if that failed, or
    if something was there that is no settings."""
    changed = msgspec.to_builtins(settings)
    unchanged = msgspec.to_builtins(was)
    told = ""
    try:
        with sharedfiles.locked(path):
            try:
                there = _there(path)
            except _BROKEN:
                there = {}
                bad = sharedfiles.set_aside(path)
                told = f"settings {path} could not be read; they are kept as {bad.name}"
            for name, value in changed.items():
                if value != unchanged[name] or name not in there:
                    there[name] = value
            text = msgspec.json.format(msgspec.json.encode(there))
            sharedfiles.replace(path, text + b"\n")
    except OSError as error:
        return f"settings were not saved: {path}: {error.strerror}"
    return told


def _there(path: Path) -> dict[str, object]:
    """The file's own content, with names that only a newer version knows."""
    try:
        data = sharedfiles.read(path, _LEN_MAX)
    except FileNotFoundError:
        return {}
    msgspec.json.decode(data, type=Settings)
    found: dict[str, object] = msgspec.json.decode(data)
    return found
