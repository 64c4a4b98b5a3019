"""The open message of an edited direction once it is too large to be held whole.

Owns: when judging in pieces begins and ends, and what stopping it half way means: the receiver
gets no more of it. Must not know: how chunks wait (``holdback.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsinspect.protocol.records import Piece, Whole
from wsinspect.relay.holdback import HoldBack
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.editor import Editor

__all__ = ["LargeMessage"]


class LargeMessage:
    """Made once by each :class:`Editor`. ``open`` while a message is judged in pieces."""

    __slots__ = ("_back", "_editor")

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._back: HoldBack | None = None

    @property
    def open(self) -> bool:
        return self._back is not None

    def begins_with(self, piece: Piece) -> bool:
        """Whether this large frame's message is to be judged in pieces from here on."""
        editor = self._editor
        b0 = piece.frame.b0
        if not piece.first or b0 & 0x0F > 2 or editor.outlet.shut or editor.outlet.ahead:
            return False
        if piece.content is None or not editor.is_held(b0):
            return False
        if not (b0 & 0x0F or editor.hold.frames) or editor.refuses(piece.frame.violation):
            return False
        compressed = bool(b0 & 0x40) and editor.reader.joiner.deflate
        return self.begin(b0 & 0x0F, compressed=compressed)

    def begin(self, opcode: int = 0, *, compressed: bool = False) -> bool:
        """Judge the open message in pieces, if the policy can; what is held goes first."""
        editor = self._editor
        policy, hold = editor.policy, editor.hold
        if policy is None or policy.frames or hold.changed:
            return False
        if hold.frames:
            first = hold.frames[0].whole
            opcode, compressed = first.opcode, first.compressed
        if compressed and editor.writer.recompress:
            return False  # the receiver's window is not the sender's any more
        judge = policy.large(opcode, compressed=compressed)
        if judge is None:
            return False
        self._back = HoldBack(editor.outlet, judge, compressed=compressed)
        for one in hold.take():
            self.go_on(one.step, one.whole, again=True)
        return True

    def go_on(self, step: Step, whole: Whole | Piece, *, again: bool = False) -> None:
        """The next frame or piece. ``again``: its arrival was noted before."""
        editor, back = self._editor, self._back
        outlet = editor.outlet
        if back is None or outlet.shut:  # stopped by one before it
            if step.record is not None:
                outlet.stop(step)
            return
        if isinstance(whole, Piece) and whole.last and not again:
            step.note(editor.direction, whole.frame.start)
            outlet.fate.came(step, whole.frame.message)
        if step.b0 & 0x0F < 3 and whole.content is None and not self._unreadable():
            if step.record is not None:
                outlet.stop(step)
            return
        stop = back.add(step, whole)
        if stop is not None:
            self._stop(stop)
        elif back.over:
            self._back = None

    def end(self) -> None:
        """No more of the message will come: the rest leaves after its verdict."""
        back = self._back
        if back is not None:
            stop = back.finish()
            if stop is not None:
                self._stop(stop)
            self._back = None

    def give_up(self) -> list[Step]:
        """What waits will not leave: its steps that are on record."""
        back, self._back = self._back, None
        return [] if back is None else back.give_up()

    def _stop(self, stop: tuple[int, str]) -> None:
        editor, back = self._editor, self._back
        if back is not None and back.half_way:
            self._cut()
        editor.relay.close(*stop, "policy")

    def _cut(self) -> None:
        """The receiver never gets the rest of the frame, so no Close frame can follow it."""
        for step in self.give_up():
            self._editor.outlet.stop(step)
        self._editor.outlet.cut()

    def _unreadable(self) -> bool:
        """Its compression broke on the way. Returns whether it goes on uninspected."""
        editor, back = self._editor, self._back
        if editor.relay.on_error == "closed" and back is not None and back.half_way:
            self._cut()
        return editor.relay.too_large(editor.direction, compressed=False)
