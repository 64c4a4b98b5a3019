"""What passes a direction, handed to its watch, and shown only as the watch says.

Owns: which payload goes to the watch when, and what of it the recorder may see: a message's
payload masked, nothing of a frame that is only a part of one. Must not know: what a watch looks
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.reader import PREVIEW_LIMIT
from wsinspect.protocol.records import Piece, Record, Whole
from wsinspect.relay.observation import Shown
from wsinspect.relay.policy import Seqs, Tapped, Watch

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction
    from wsinspect.relay.step import Step

__all__ = ["NOTHING", "hand_over", "masked", "shown", "watched"]

NOTHING = Shown(None, [])


def hand_over(direction: Direction, watch: Watch, now_ns: int) -> None:
    """To be looked at soon: nobody is shown its payload."""
    reader = direction.reader
    seen, reader.tapped = reader.tapped, []
    seqs = [(0, direction.seq)]
    if reader.tapped_seqs:
        seqs += reader.tapped_seqs
        reader.tapped_seqs = []
    if not reader.preview:
        for control in reader.controls:
            seqs.append((len(seen), control.seq))
            seen.append((control.opcode, control.payload))
    if seen and direction.open:
        watch.later(direction, now_ns, seen, seqs)


def shown(direction: Direction, watch: Watch, now_ns: int, records: list[Record]) -> None:
    """Looks at the finished messages now; masks them and the frames' previews."""
    reader = direction.reader
    told = [(facts, _look(direction, watch, now_ns, facts)) for facts in reader.finished]
    limit = reader.joiner.start_limit
    reader.finished[:] = [masked(facts, one, limit) for facts, one in told]
    direction.rules_of = [one.rules for _, one in told]
    if not reader.previews:
        return
    alone = iter([one for facts, one in told if facts.frames == 1])
    controls = iter(reader.controls)
    previews: list[bytes | None] = []
    for seq, (_, shape) in enumerate(records, direction.seq):
        opcode, fin = shape[0] & 0x0F, shape[0] > 0x7F
        one = NOTHING
        if fin and 0 < opcode < 3:
            one = next(alone, NOTHING)
        elif opcode > 7 and opcode < 11:
            control = next(controls, None)
            if control is not None and control.payload:
                one = watch.now(now_ns, opcode, control.payload, seq)
        previews.append(None if one.payload is None else one.payload[:PREVIEW_LIMIT])
    reader.previews = previews


def watched(direction: Direction, watch: Watch, now_ns: int, steps: list[Step]) -> list[Step]:
    """The same for frames that were taken apart: each step with what may be shown of it."""
    if not direction.open:
        return steps
    reader = direction.reader
    now = reader.preview or reader.tell_messages
    later: Tapped = []
    seqs: Seqs = []
    for i, step in enumerate(steps):
        whole = step.whole
        opcode = step.b0 & 0x0F
        message = whole.message if isinstance(whole, Whole) else None
        if isinstance(whole, Piece) and whole.last:
            message = whole.frame.message
        if message is not None and (now or message.payload is None):
            one = _look(direction, watch, now_ns, message)
            alone = isinstance(whole, Whole) and message.frames == 1
            steps[i] = step._replace(told=one, shown=one if alone else NOTHING)
        elif message is not None:
            seqs.append((len(later), message.first_seq))
            later.append((message.opcode, message.payload or b""))
        elif isinstance(whole, Whole) and opcode > 2:
            if reader.preview:
                one = watch.now(now_ns, opcode, whole.payload, step.seq)
                steps[i] = step._replace(shown=one)
            else:
                seqs.append((len(later), step.seq))
                later.append((opcode, whole.payload))
    if later:
        watch.later(direction, now_ns, later, seqs)
    return steps


def _look(direction: Direction, watch: Watch, now_ns: int, facts: MessageFacts) -> Shown:
    if facts.payload is None or not direction.open:
        return facts.seen if isinstance(facts.seen, Shown) else NOTHING
    return watch.now(now_ns, facts.opcode, facts.payload, facts.first_seq)


def masked(facts: MessageFacts, one: Shown, start_limit: int) -> MessageFacts:
    """The facts as they may be told."""
    if one.payload is None:
        return facts._replace(payload=None, start=b"")
    return facts._replace(payload=one.payload, start=one.payload[:start_limit])
