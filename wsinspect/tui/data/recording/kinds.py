"""What kind of recording a file is, by its first bytes."""

from enum import Enum
from pathlib import Path

import msgspec

_READ_LEN = 64 * 1024


class Kind(Enum):
    LOG = "log"  # JSON Lines, ours
    HAR = "har"
    FLOWS = "flows"  # mitmproxy's


class NotARecording(Exception):
    """The file is nothing that can be shown; the text says why."""


def kind_of(path: Path) -> Kind:
    """Raises NotARecording, OSError."""
    with path.open("rb") as file:
        start = file.read(_READ_LEN)
    if not start.strip():
        return Kind.LOG  # nothing yet: a proxy may be about to write it
    # A flow file is a tnetstring dictionary: `123:…`.
    length, colon, _ = start.partition(b":")
    if colon and length.isdigit():
        return Kind.FLOWS
    lines = start.split(b"\n")
    for line in lines[:-1] or lines:
        try:
            value = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if isinstance(value, dict) and "event_type" in value:
            return Kind.LOG
    if b'"log"' in start and start.lstrip()[:1] == b"{":
        return Kind.HAR
    if len(lines) == 1 and b'"event_type"' in start:
        return Kind.LOG  # one long line, or the start of one
    raise NotARecording(f"{path}: no log of wsinspect, no HAR and no mitmproxy flow file")
