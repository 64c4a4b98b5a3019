"""The open message of an edited direction once it is too large to be held whole.

Owns: when judging in pieces begins and ends, what follows when that fails, and what stopping it
means: dropped whole where nothing of it has left, else the receiver gets no more of it. Must not
know: how chunks wait (``holdback.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wsinspect.protocol.opcodes import TEXT
from wsinspect.protocol.records import Piece, Whole
from wsinspect.relay.holdback import HoldBack
from wsinspect.relay.observation import Shown
from wsinspect.relay.policy import LargeVerdict
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.editor import Editor

__all__ = ["LargeMessage"]


class LargeMessage:
    """Made once by each :class:`Editor`. ``open`` while a message is judged in pieces, or what
    comes of it is thrown away.
    """

    __slots__ = ("_back", "_editor", "_gone", "_seq")

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._back: HoldBack | None = None
        self._gone: Shown | None = None  # nothing more of the open message leaves
        self._seq = -1  # of the open message's first frame

    @property
    def open(self) -> bool:
        return self._back is not None or self._gone is not None

    def begins_with(self, piece: Piece) -> bool:
        """Whether this large frame's message is to be judged in pieces from here on."""
        editor = self._editor
        b0 = piece.frame.b0
        if not piece.first or b0 & 0x0F > 2 or editor.outlet.shut or editor.outlet.ahead:
            return False
        if not editor.is_held(b0):
            return False
        if self.stopped_early():
            return True
        if piece.content is None:
            return False
        hold = editor.hold
        begun = hold.content_begun
        if not (b0 & 0x0F or begun) or editor.relay.refuses(piece.frame.violation):
            return False
        compressed = bool(b0 & 0x40) and editor.reader.joiner.deflate
        seq = hold.seq if begun else piece.frame.first_seq
        return self.begin(b0 & 0x0F, compressed=compressed, seq=seq) and self.open

    def begin(self, opcode: int = 0, *, compressed: bool = False, seq: int | None = None) -> bool:
        """Judge the open message in pieces, if the policy can; what is held goes first."""
        editor = self._editor
        policy, hold = editor.policy, editor.hold
        if policy is None or policy.frames or hold.changed:
            return False
        if hold.frames:
            first = hold.frames[0].whole
            opcode, compressed = first.opcode, first.compressed
        elif hold.left is not None:
            opcode = TEXT
        if compressed and editor.writer.recompress:
            return False  # the receiver's window is not the sender's any more
        self._seq = hold.seq if seq is None else seq
        judge = policy.large(opcode, compressed=compressed, seq=self._seq)
        if judge is None:
            return False
        self._back = back = HoldBack(editor.outlet, judge, compressed=compressed)
        left, held = hold.left, hold.take()
        hold.forget()
        if left is not None:
            self._judged(lambda: back.resume(left))
        for one in held:
            if self.open:
                self._add(one.step, one.whole)
            else:  # judging failed, and what is left goes on uninspected
                editor.outlet.leave(one.step, one.raw)
        return True

    def stopped_early(self) -> bool:
        """Whether an early verdict stands against the open message (``early.py``), which cannot
        be judged whole: then nothing of it leaves.
        """
        editor = self._editor
        asked, held = editor.hold.asked, editor.hold.frames
        if asked is None or editor.hold.left is not None:
            return False
        shown = Shown(None, asked.shown.rules if asked.shown is not None else [])
        self._gone = None if held and held[-1].step.b0 > 0x7F else shown
        editor.hold.take()
        editor.hold.forget()
        editor.outlet.fate.judged(shown)
        for one in held:
            editor.outlet.stop(one.step)
        editor.outlet.boundary()
        return True

    def go_on(self, step: Step, whole: Whole | Piece) -> None:
        """The next data frame or piece."""
        editor = self._editor
        outlet = editor.outlet
        if isinstance(whole, Piece):
            if not outlet.shut:
                editor.relay.refuses(whole.frame.violation)
            if whole.last:
                step.note(editor.direction, whole.frame.start)
                outlet.fate.came(step, whole.frame.message)
        self._add(step, whole)

    def control(self, step: Step, raw: bytes, payload: bytes) -> None:
        """A frame that belongs to no message, as it is to leave: as soon as it may."""
        back, outlet = self._back, self._editor.outlet
        if back is None:
            outlet.leave(step, raw, payload)
            return
        back.put(step, raw, payload)
        if back.overfull:
            self._give_in()

    def end(self) -> None:
        """No more of the message will come: the rest leaves after its verdict."""
        back = self._back
        if back is not None:
            self._judged(back.finish)
        self._back = self._gone = None

    def shut(self) -> None:
        """The connection closes: what has not begun to leave stays. A frame that is half way out
        goes on, judged.
        """
        back = self._back
        if back is not None and (not back.half_way or self._editor.outlet.shut):
            self._give_up(back)

    # --- inside ---

    def _add(self, step: Step, whole: Whole | Piece) -> None:
        editor, back = self._editor, self._back
        outlet = editor.outlet
        if back is not None and outlet.shut:  # what was half way out is out
            self._give_up(back)
            back = None
        if back is None:
            self._thrown_away(step, whole)
            return
        if whole.content is None:
            if self._unreadable():
                back.pass_on(step, whole)
                outlet.passing = outlet.message_open or back.half_way
            else:
                self._thrown_away(step, whole)
            return
        self._judged(lambda: back.add(step, whole))
        if self._back is not None and back.overfull:
            self._give_in()

    def _judged(self, judge: Callable[[], LargeVerdict]) -> bool:
        """Carry out what the judge says. Returns whether more of the message may leave."""
        back = self._back
        assert back is not None
        try:
            verdict = judge()
        except Exception as error:  # noqa: BLE001 - whatever fails, the user's policy decides
            if self._editor.relay.large_failed(error):
                self._pass_rest(back)
                return True
            self._stop(back, (1011, "inspection failed"))
            return False
        if verdict.stop is not None:
            if verdict.drop and not back.touched:
                self._drop(back)
            else:
                self._stop(back, verdict.stop)
            return False
        if back.over:
            self._back = None
        elif self._editor.outlet.shut:  # a Close frame waited for the boundary that was passed
            self._give_up(back)
        return True

    def _drop(self, back: HoldBack) -> None:
        if back.compressed:
            self._editor.writer.lost_window()
        self._give_up(back)

    def _stop(self, back: HoldBack, stop: tuple[int, str]) -> None:
        if back.half_way:  # the rest of the frame never comes, so no Close frame can follow it
            self._give_up(back)
            self._editor.outlet.cut()
        self._editor.relay.close(*stop, "policy")

    def _give_up(self, back: HoldBack) -> None:
        """Nothing more of the message leaves, neither what waits nor what comes."""
        self._back = None
        self._gone = None if back.whole else back.shown
        outlet = self._editor.outlet
        outlet.fate.judged(back.shown)
        back.stop()
        outlet.boundary()

    def _pass_rest(self, back: HoldBack) -> None:
        """What waits and what comes leaves without a verdict."""
        outlet = self._editor.outlet
        self._back = None
        back.release()
        outlet.passing = outlet.message_open or back.half_way

    def _give_in(self) -> None:
        """It waits in so many frames that it cannot go on being held back."""
        back = self._back
        if back is not None and self._unreadable():
            self._pass_rest(back)

    def _unreadable(self) -> bool:
        """What follows cannot be judged: the verdict on what is there, then the user's policy.

        Returns whether it goes on uninspected.
        """
        editor, back = self._editor, self._back
        assert back is not None
        if not self._judged(back.finish):
            return False
        if editor.relay.on_error == "closed" and back.half_way:
            self._give_up(back)
            editor.outlet.cut()
        return editor.relay.too_large(editor.direction, compressed=False, seq=self._seq)

    def _thrown_away(self, step: Step, whole: Whole | Piece) -> None:
        """It does not leave: what record it has says so."""
        outlet = self._editor.outlet
        last = not isinstance(whole, Piece) or whole.last
        if last:
            outlet.fate.judged(self._gone)
        outlet.stop(step, ends=last)
        if last and step.b0 > 0x7F and step.b0 & 0x0F < 3:
            self._gone = None
            outlet.boundary()
