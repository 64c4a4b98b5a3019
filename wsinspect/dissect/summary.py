"""What a dissector says of one message. Pure data."""

from dataclasses import dataclass
from enum import StrEnum

TEXT_MAX = 200  # characters of a summary
ID_MAX = 80


class Role(StrEnum):
    """What a message is in its conversation."""

    REQUEST = "request"  # an answer with the same id is expected
    REPLY = "reply"  # answers the request with the same id
    EVENT = "event"
    HEARTBEAT = "heartbeat"
    CONTROL = "control"  # of the protocol itself: opening, acknowledging, closing
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """`text` is one line, not yet made harmless for a terminal; empty: nothing to say.

    `id` ties request and reply of opposite directions together; None: it has none.
    """

    text: str = ""
    id: str | None = None
    role: Role = Role.UNKNOWN


NOTHING = Summary()


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def said(*parts: object, id: object = None, role: Role = Role.UNKNOWN) -> Summary:  # noqa: A002 - its name
    """A summary of the parts that are not empty, bounded."""
    text = " ".join(str(part) for part in parts if part not in (None, ""))
    text = text.replace("\r\n", " ").replace("\n", " ")
    key = None if id is None or isinstance(id, dict | list) else cut(str(id), ID_MAX)
    return Summary(cut(text, TEXT_MAX), key, role)
