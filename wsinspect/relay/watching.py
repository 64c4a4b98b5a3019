"""What passes a direction, handed to its watch, and shown only as the watch says.

Owns: which payload goes to the watch when, and what of it the recorder may see: a message's
payload masked, nothing of a frame that is only a part of one. Must not know: what a watch looks
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsinspect.protocol.messages import START_LIMIT, MessageFacts
from wsinspect.protocol.reader import PREVIEW_LIMIT
from wsinspect.protocol.records import Record
from wsinspect.relay.observation import Shown
from wsinspect.relay.policy import Watch

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["NOTHING", "hand_over", "masked", "shown"]

NOTHING = Shown(None, [])


def hand_over(direction: Direction, watch: Watch, now_ns: int) -> None:
    """To be looked at soon: nobody is shown its payload."""
    reader = direction.reader
    seen, reader.tapped = reader.tapped, []
    if not reader.preview:
        seen += [(control.opcode, control.payload) for control in reader.controls]
    if seen and direction.open:
        watch.later(direction, now_ns, seen)


def shown(direction: Direction, watch: Watch, now_ns: int, records: list[Record]) -> None:
    """Looks at the finished messages now; masks them and the frames' previews."""
    reader = direction.reader
    told = [(facts, _look(direction, watch, now_ns, facts)) for facts in reader.finished]
    reader.finished[:] = [masked(facts, one) for facts, one in told]
    direction.rules_of = [one.rules for _, one in told]
    if not reader.previews:
        return
    alone = iter([one for facts, one in told if facts.frames == 1])
    controls = iter(reader.controls)
    previews = []
    for _, shape in records:
        opcode, fin = shape[0] & 0x0F, shape[0] > 0x7F
        one = NOTHING
        if fin and 0 < opcode < 3:
            one = next(alone, NOTHING)
        elif opcode > 7 and opcode < 11:
            control = next(controls, None)
            if control is not None and control.payload:
                one = watch.now(direction, now_ns, opcode, control.payload)
        previews.append((one.payload or b"")[:PREVIEW_LIMIT])
    reader.previews = previews


def _look(direction: Direction, watch: Watch, now_ns: int, facts: MessageFacts) -> Shown:
    if facts.payload is None or not direction.open:
        return NOTHING
    return watch.now(direction, now_ns, facts.opcode, facts.payload)


def masked(facts: MessageFacts, one: Shown) -> MessageFacts:
    """The facts as they may be told."""
    if one.payload is None:
        return facts._replace(payload=None, start=b"")
    return facts._replace(payload=one.payload, start=one.payload[:START_LIMIT])
