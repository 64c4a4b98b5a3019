"""The sender is gone in the middle of a small frame, perhaps.

Owns: which bytes of it leave at once, and which are judged first. Must not know: how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsinspect.protocol.records import Record, Whole
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.editor import Editor

__all__ = ["cut_off"]


def cut_off(editor: Editor, cut: tuple[Record, Whole] | None) -> Step | None:
    """See to the unfinished frame at the end; returned where it is to be judged.

    ``cut``: what the reader made of it, if there is a header.
    """
    tail = editor.reader.tail()
    outlet, relay, direction = editor.outlet, editor.relay, editor.direction
    if outlet.shut or not tail:
        return None
    if outlet.ahead and editor.hold.left is not None:
        editor.early.cut_off()
        return None
    if outlet.ahead:  # so it goes on
        outlet.raw(tail[outlet.ahead :])
        return None
    if cut is None:  # less than a header
        if not relay.audit:
            outlet.raw(tail)
        return None
    record, whole = cut
    b0, _, _, violation = record[1]
    if relay.refuses(violation):
        return None
    step = Step(-1, relay.clock(), b0 & 0x7F, None, whole)  # it never ended
    if relay.audit:
        step = step._replace(seq=direction.seq, record=record)
        direction.seq += 1
    if b0 & 0x0F > 2 or editor.policy is None:
        outlet.leave(step, whole.raw)
        return None
    return step
