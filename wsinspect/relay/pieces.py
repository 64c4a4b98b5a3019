"""Frames over the limit on their way through an edited direction, piece by piece.

Owns: whether such a frame goes, decided at its first piece, and its record. What of its message is
judged in pieces is ``large.py``'s affair. Must not know: how other frames are held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsinspect.protocol.records import LargeFrame, Piece
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.editor import Editor

__all__ = ["Pieces"]


class Pieces:
    """Made once by each :class:`Editor`."""

    __slots__ = ("_editor",)

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    def go(self, step: Step, piece: Piece) -> None:
        """Some of a frame over the limit: it leaves as it comes, or the connection is closed."""
        editor = self._editor
        outlet = editor.outlet
        raw = piece.raw
        if editor.large.open or editor.large.begins_with(piece):
            editor.large.go_on(step, piece)
            return
        if piece.first:
            ahead, outlet.ahead = outlet.ahead, 0
            raw = raw[ahead:]
            goes = ahead > 0 or self._goes(piece.frame)
            if step.record is not None:
                written = outlet.record(step, forwarded=goes)
                goes = goes and (written or editor.relay.unrecorded()) and not outlet.shut
            outlet.large = goes
        elif outlet.large:
            editor.relay.refuses(
                piece.frame.violation
            )  # it must end, but the Close frame follows it
        if outlet.large:
            outlet.raw(raw)
        if not piece.last:
            return
        went, outlet.large = outlet.large, False
        step.note(editor.direction, piece.frame.start)
        outlet.fate.came(step, piece.frame.message)
        if piece.frame.message is not None:
            outlet.fate.judged(step.told)
        if not piece.first and step.record is not None:
            outlet.record(step, forwarded=went)
        outlet.became(step, went=went)
        if went:
            outlet.left(step.b0, piece.frame.start)
            if step.b0 & 0x0F < 3:
                outlet.passing = step.b0 < 0x80

    def _goes(self, large: LargeFrame) -> bool:
        editor = self._editor
        if editor.outlet.shut or editor.relay.refuses(large.violation):
            return False
        policy = editor.policy
        if policy is not None and (
            policy.frames or editor.is_held(large.b0) or (policy.controls and large.b0 & 0x0F > 2)
        ):
            compressed, seq = editor.reader.joiner.compressed, large.first_seq
            if not editor.relay.too_large(editor.direction, compressed=compressed, seq=seq):
                return False
            if large.b0 & 0x0F < 3:
                editor.release_held()
        return True
