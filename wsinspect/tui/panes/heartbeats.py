"""Which entries are heartbeats: ping and pong frames, and what applications send in their place.

Asked for every entry that arrives while heartbeats are hidden: a message is read only where its
size and a word in it make a heartbeat likely.
"""

import re

from wsinspect.dissect import Role, summarize
from wsinspect.protocol.opcodes import BINARY, PING, PONG, TEXT
from wsinspect.tui.data.entries import Entry, Message

_LONGEST = 200  # bytes; Phoenix and ActionCable need some
_SIGN = re.compile(
    rb"(?i)ping|pong|heart_?beat|keep.?alive|\bhb\b|\bka\b|noop|\A[23]|\A[\xc0\xd0]\0|\A\s*\Z"
    rb'|"type"\s*:\s*6\b|"op"\s*:\s*1\b'
)


def is_heartbeat(entry: Entry, app: str) -> bool:
    """Whether `entry` only says that its sender is alive. `app` as `dissect` names it."""
    if entry.opcode in (PING, PONG):
        return True
    if not isinstance(entry, Message) or entry.opcode not in (TEXT, BINARY):
        return False
    content = entry.content
    if not content or len(content) > _LONGEST or _SIGN.search(content) is None:
        return False
    return summarize(app, entry.opcode, content).role is Role.HEARTBEAT
