"""One direction while it is edited: whole frames are taken apart and leave as they came,
rewritten, or not at all.

Owns: who is asked about what, and what becomes of it, so that what leaves is a legal stream
wherever what came was one. What the receiver has had is the ``outlet``'s affair, what waits for
its verdict the ``hold``'s. Must not know: sockets, what a policy is made of.

Control frames never wait behind a held message, but for a Close frame: after it nothing may
leave, so the verdict on what is held comes first. The same holds where the sender's socket ends
and where a new message begins inside another (a violation): nothing leaves without a verdict.

Memory: an open message is held up to ``hold_limit`` bytes, an unfinished frame likewise; beyond
that a policy that can judges it in pieces (``holdback.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from wsinspect.protocol.opcodes import CLOSE, CONTINUATION
from wsinspect.protocol.records import Piece, Record, Whole
from wsinspect.relay.cutoff import cut_off
from wsinspect.relay.early import Early
from wsinspect.relay.hold import Held, Hold, leaves, released
from wsinspect.relay.large import LargeMessage
from wsinspect.relay.observation import Observation
from wsinspect.relay.outlet import Outlet
from wsinspect.relay.pieces import Pieces
from wsinspect.relay.policy import Policy
from wsinspect.relay.step import Step
from wsinspect.relay.watching import NOTHING, watched

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["Editor"]

_USUAL_COMPRESSED: Final = 4 * 1024 * 1024
_MOST_COMPRESSED: Final = 16 * 1024 * 1024


class Editor:
    """Made by :class:`Direction` for as long as it is needed; its methods are explained there."""

    __slots__ = (
        "_busy",
        "_cut",
        "_ended",
        "_pieces",
        "_steps",
        "_then",
        "direction",
        "early",
        "hold",
        "large",
        "outlet",
        "policy",
        "question",
        "reader",
        "relay",
        "writer",
    )

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.reader = direction.reader
        self.relay = direction.relay
        self.writer = direction.writer
        self.policy = direction.policy
        self.question: Observation | None = None
        self._then: Callable[[Observation], None] | None = None
        self._steps: deque[Step] = deque()
        self._busy = False  # a policy may call us from within
        self._cut: tuple[Record, Whole] | None = None  # the unfinished frame at the end
        self._ended = 0  # 1: the sender's socket has; 2: and its unfinished frame was seen to
        self.outlet = Outlet(direction)
        self.hold = Hold()
        self.early = Early(self)
        self.large = LargeMessage(self)
        self._pieces = Pieces(self)

    def govern(self, policy: Policy) -> None:
        """From the next message on; what is open has begun to leave without a verdict."""
        self.policy = policy
        self.outlet.passing = self.reader.joiner.opcode != 0

    # --- in ---

    def receive(self, data: bytes) -> bytes:
        reader = self.reader
        direction = self.direction
        records = iter(reader.walk(data))
        wholes, reader.wholes = reader.wholes, []
        reader.previews.clear()
        reader.controls.clear()  # each has its turn as a step
        reader.finished.clear()  # likewise, with its last frame
        reader.tapped.clear()
        reader.tapped_seqs.clear()
        now_ns = self.relay.clock()
        shown = NOTHING if direction.masks else None  # until there is a verdict
        steps: list[Step] = []
        for whole in wholes:
            if isinstance(whole, Piece) and not (whole.first if reader.early else whole.last):
                steps.append(Step(-1, now_ns, whole.frame.b0, None, whole, shown))
                continue
            record = next(records)
            steps.append(Step(direction.seq, now_ns, record[1][0], record, whole, shown))
            direction.seq += 1
        if direction.watch is not None:
            steps = watched(direction, direction.watch, now_ns, steps)
        self._steps += steps
        return self.advance()

    def answer(self) -> bytes:
        observation, then = self.question, self._then
        assert observation is not None
        assert then is not None
        self.question = self._then = None
        self._busy = True
        try:
            then(observation)
        finally:
            self._busy = False
        return self.advance()

    def inject(self, opcode: int, payload: bytes) -> bytes:
        self.outlet.inject(opcode, payload)
        return self.advance()

    def shut(self, close_payload: bytes) -> bytes:
        held = self.hold.take()
        self.outlet.close(close_payload)
        self.large.shut()
        for one in held:
            self.outlet.stop(one.step)
        return self.advance()

    def end(self) -> bytes:
        if not self._ended:
            self._ended = 1
            self._cut = None if self.outlet.ahead else self.reader.cut_off()
        return self.advance()

    # --- on ---

    def advance(self) -> bytes:
        """Go as far as the open question lets us; return what leaves."""
        if self._busy:
            return b""  # the call further up the stack goes on, and returns it
        self._busy = True
        try:
            while self.question is None and self._next():
                pass
        finally:
            self._busy = False
        if self._is_idle:
            self.outlet.raw(self.reader.tail()[self.outlet.ahead :])
            self.direction.end_edit()
        return self.outlet.take()

    def _next(self) -> bool:
        if self._steps:
            step = self._steps[0]
            if self._ends_held(step):
                if self.hold.frames:
                    self._ask_message(fin=False)
                    return True
                self.large.end()
                self.hold.begin()
            self._steps.popleft()
            if isinstance(step.whole, Piece):
                self._pieces.go(step, step.whole)
            else:
                self._whole_frame(step, step.whole)
            return True
        if self._ended == 1 and not (self.hold.frames and self._ends_held_cut):
            self._ended = 2
            if self._ends_held_cut:
                self.large.end()
            rest = cut_off(self, self._cut)
            if rest is not None:
                self._steps.append(rest)
            return True
        if self._ended and self.hold.frames:
            self._ask_message(fin=False)
            return True
        if self._ended:
            self.large.end()
            return False
        return self.early.tail()

    @property
    def _is_idle(self) -> bool:
        """Nothing is left to do that *pass* could not do."""
        return (
            self.policy is None
            and self.relay.on_violation == "pass"
            and not self.relay.audit
            and not (self.outlet.waits or self._ended)
        )

    def _ends_held(self, step: Step) -> bool:
        """Whether the held message must be judged as it is before ``step`` is seen to."""
        opcode = step.b0 & 0x0F
        if self.outlet.ahead:
            return False  # it began to leave before
        if isinstance(step.whole, Piece):
            return step.whole.first and opcode > 0
        return opcode == CLOSE or 0 < opcode < 3

    @property
    def _ends_held_cut(self) -> bool:
        """Likewise for the unfinished frame at the end, unless it goes on with the message."""
        return self._cut is None or self._cut[0][1][0] & 0x0F > 0

    # --- frames ---

    def _whole_frame(self, step: Step, whole: Whole) -> None:
        b0 = step.b0
        refused = (
            not self.outlet.shut and not self.outlet.ahead and self.relay.refuses(step.violation)
        )
        if self._ended < 2:
            step.note(self.direction, whole.payload)
            self.outlet.fate.came(step, whole.message)
            if whole.message is not None:
                self.outlet.fate.judged(step.told)
        if self.outlet.shut or refused:
            self.outlet.stop(step)
        elif self.outlet.ahead and self.hold.left is not None:
            self.early.completes(step, whole)
        elif self.outlet.ahead:  # began to leave before: so it goes on
            ahead, self.outlet.ahead = self.outlet.ahead, 0
            self.outlet.leave(step, whole.raw[ahead:], whole.payload, b0)
            if b0 & 0x0F < 3:
                self.outlet.passing = b0 < 0x80
        elif self.policy is not None and (
            self.policy.frames or (self.policy.controls and b0 & 0x0F > 2)
        ):
            self._ask(step.question(self.direction, whole), lambda seen: self._judged(step, seen))
        else:
            self._passes(step, whole)

    def _judged(self, step: Step, seen: Observation) -> None:
        """The policy has seen this frame."""
        whole = step.whole
        assert isinstance(whole, Whole)
        b0 = step.b0
        step = step.masked(seen)
        if seen.closing is not None:
            self.relay.close(seen.closing.code, seen.closing.reason, "policy")
            self.outlet.stop(step)
        elif self.outlet.shut or seen.unchanged:
            self._passes(step, whole)
        elif b0 & 0x0F > 2:
            if seen.rewritten is not None:
                frame = self.writer.frame(b0 & 0x0F, seen.rewritten, fin=b0 > 0x7F)
                self.large.control(step, frame, seen.rewritten)
            else:
                self.outlet.stop(step)
        elif self.is_held(b0):
            self._hold(step, Held(step, whole, b"", seen.rewritten or b""), dropped=seen.dropped)
        elif seen.rewritten is not None:
            self._write_fragment(step, seen.rewritten, changed=True)
        else:
            self.outlet.stop(step)
            if b0 & 0x8F == 0x80 and self.outlet.message_open:  # what has left of it must end
                self.outlet.end_message()
            self.outlet.boundary()

    def is_held(self, b0: int) -> bool:
        policy = self.policy
        return b0 & 0x0F < 3 and policy is not None and policy.messages and not self.outlet.passing

    def _passes(self, step: Step, whole: Whole) -> None:
        """The frame goes on as it came."""
        if self.outlet.shut:
            self.outlet.stop(step)
        elif step.b0 & 0x0F > 2:
            self.large.control(step, whole.raw, whole.payload)
        elif self.large.open:
            self.large.go_on(step, whole)
        elif self.is_held(step.b0):
            self._hold(step, Held(step, whole, whole.raw, whole.content or b""))
        elif not step.b0 & 0x0F and whole.opcode and not self.outlet.message_open:
            # The frames of its message before it were dropped: now it is the first.
            self._write_fragment(step, whole.payload)
        else:
            self.outlet.leave(step, whole.raw, whole.payload)

    def _write_fragment(self, step: Step, payload: bytes, *, changed: bool = False) -> None:
        """An uncompressed data frame in a message whose frames are changed one by one."""
        whole = step.whole
        assert isinstance(whole, Whole)
        goes_on = not step.b0 & 0x0F and self.outlet.message_open
        opcode = CONTINUATION if goes_on else whole.opcode
        frame = self.writer.frame(opcode, payload, fin=step.b0 > 0x7F)
        self.outlet.leave(step, frame, content=payload if changed else None)

    # --- messages ---

    def _hold(self, step: Step, held: Held, *, dropped: bool = False) -> None:
        hold = self.hold
        if not hold.frames and step.b0 & 0x0F:
            hold.changed = False
        if dropped:
            hold.changed = True
            self.outlet.stop(step)
        else:
            hold.add(held)
            unreadable = held.whole.content is None and held.raw
            over = hold.cost > self._limit(compressed=held.whole.compressed)
            if (unreadable or over) and self.large.stopped_early():
                return
            if over and not unreadable and self.large.begin():
                return
            if unreadable or over:
                compressed = held.whole.compressed
                if self.relay.too_large(self.direction, compressed=compressed, seq=hold.seq):
                    self.release_held()
                    self.outlet.passing = step.b0 < 0x80
                return
        if step.b0 > 0x7F or not held.whole.opcode:
            if hold.frames:
                self._ask_message(fin=step.b0 > 0x7F)
            else:
                self.outlet.boundary()
        elif not (dropped or self._ended):
            self.early.fragment(step, held.whole)

    def _limit(self, *, compressed: bool) -> int:
        """Bytes of a message that are held. In pieces a compressed one cannot be changed any more,
        and after a change of an earlier one it cannot be judged in pieces at all.
        """
        limit = self.direction.hold_limit
        if compressed and self.policy is not None and self.policy.masks:
            limit = max(limit, _MOST_COMPRESSED if self.writer.recompress else _USUAL_COMPRESSED)
        return limit

    def _ask_message(self, *, fin: bool) -> None:
        """The message is whole, or will never be: the policy sees what is there."""
        self._ask(self.hold.question(self.direction, fin=fin), self._message_judged)

    def _message_judged(self, seen: Observation) -> None:
        hold = self.hold
        self.early.settle(seen)
        alone = hold.left is None and len(hold.frames) == 1
        changed = hold.changed or seen.rewritten is not None
        held = hold.take()
        hold.forget()
        self.outlet.fate.judged(seen.shown)
        if alone:
            held = [held[0]._replace(step=held[0].step.masked(seen))]
        if not held:
            return  # the connection was closed while the question was open
        if seen.closing is not None:
            self.relay.close(seen.closing.code, seen.closing.reason, "policy")
        elif not seen.dropped:
            leaves(held, seen, self.outlet, self.writer, changed=changed)
            return
        elif seen.compressed:
            self.writer.lost_window()
        for one in held:
            self.outlet.stop(one.step)
        self.outlet.boundary()

    def release_held(self) -> None:
        """The open message will not be judged: it leaves as it came, and so does its rest."""
        begun = self.outlet.message_open
        held = self.hold.take()
        self.hold.forget()
        for one, raw in released(held, self.writer, begun=begun):
            self.outlet.leave(one.step, raw, content=None if one.raw else one.content)

    # --- small things ---

    def _ask(self, question: Observation, then: Callable[[Observation], None]) -> None:
        policy = self.policy
        assert policy is not None
        if policy.outside:
            self.question = question
            self._then = then
            return
        self.ask(question)
        then(question)

    def ask(self, question: Observation) -> None:
        """A policy that is not outside."""
        policy = self.policy
        assert policy is not None
        try:
            policy.judge(question)
        except Exception as error:  # noqa: BLE001 - whatever fails, the user's policy decides
            self.relay.inspection_failed(question, error)
