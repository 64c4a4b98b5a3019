"""One direction while it is edited: whole frames are taken apart and leave as they came,
rewritten, or not at all.

Owns: what is held, what waits to be put in between, and what the receiver has had so far – its
half frame, its open message, its Close frame – so that what leaves is a legal stream wherever
what came was one (RFC 6455 §5.4, §5.5). Must not know: sockets, what a policy is made of.

Control frames never wait behind a held message, but for a Close frame: after it nothing may
leave, so the verdict on what is held comes first. The same holds where the sender's socket ends
and where a new message begins inside another (a violation): nothing leaves without a verdict.

Memory: an open message is held up to ``hold_limit`` bytes, an unfinished frame likewise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from wsinspect.protocol.opcodes import CLOSE, CONTINUATION
from wsinspect.protocol.reader import PREVIEW_LIMIT
from wsinspect.protocol.records import LargeFrame, Piece, Record, Whole
from wsinspect.relay.observation import Observation

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["Editor"]

_VIOLATION_CODES: Final = {"invalid-utf8": 1007, "close-utf8": 1007, "deflate": 1007}
_HELD_COST: Final = 1024  # bytes of memory that holding one more frame takes beside its own


class Step(NamedTuple):
    """A frame, or a piece of one, on its way. ``record`` is None where none is to be made."""

    seq: int
    now_ns: int
    b0: int
    record: Record | None
    whole: Whole | Piece


class Held(NamedTuple):
    """A frame of the open message, with its payload as it is to leave."""

    step: Step
    raw: bytes  # b"" where a frame policy changed it
    content: bytes


class Editor:
    """Made by :class:`Direction` for as long as it is needed; its methods are explained there."""

    __slots__ = (
        "_ahead",
        "_busy",
        "_close_left",
        "_closing",
        "_cut",
        "_ended",
        "_held",
        "_held_changed",
        "_held_cost",
        "_injections",
        "_large",
        "_message_open",
        "_out",
        "_passing",
        "_shut",
        "_steps",
        "_then",
        "direction",
        "policy",
        "question",
        "reader",
        "relay",
        "writer",
    )

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.reader = reader = direction.reader
        self.relay = direction.relay
        self.writer = direction.writer
        self.policy = direction.policy
        self.question: Observation | None = None
        self._then: Callable[[Observation], None] | None = None
        self._steps: deque[Step] = deque()
        self._out: list[bytes] = []
        self._busy = False  # a policy may call us from within
        self._held: list[Held] = []
        self._held_cost = 0
        self._held_changed = False
        self._injections: deque[tuple[int, bytes]] = deque()
        self._closing: bytes | None = None  # a Close frame of ours waits for the frame boundary
        self._shut = False  # nothing leaves any more
        self._cut: tuple[Record, Whole] | None = None  # the unfinished frame at the end
        self._ended = 0  # 1: the sender's socket has; 2: and its unfinished frame was seen to
        # What the receiver has had already:
        self._large = reader.large is not None  # pieces of the open large frame
        self._ahead = 0 if self._large else reader.unfinished_len  # so much of the small one
        self._message_open = reader.joiner.opcode != 0  # fragments of a message
        self._close_left = reader.closed
        self._passing = self._message_open  # the open message's rest leaves without a verdict

    # --- in ---

    def receive(self, data: bytes) -> bytes:
        reader = self.reader
        direction = self.direction
        records = iter(reader.walk(data))
        wholes, reader.wholes = reader.wholes, []
        reader.previews.clear()
        reader.controls.clear()  # each has its turn as a step
        now_ns = self.relay.clock()
        for whole in wholes:
            if isinstance(whole, Piece) and not (whole.first if reader.early else whole.last):
                self._steps.append(Step(-1, now_ns, whole.frame.b0, None, whole))
                continue
            record = next(records)
            self._steps.append(Step(direction.seq, now_ns, record[1][0], record, whole))
            direction.seq += 1
        if reader.finished:
            self.relay.saw_messages(direction, now_ns)
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
        if not (self._shut or self._close_left or self._closing):
            self._injections.append((opcode, payload))
            self._flush_injections()
        return self.advance()

    def shut(self, close_payload: bytes) -> bytes:
        if self._shut or self._closing is not None:
            return b""
        self._injections.clear()
        for held in self._take_held():
            self._record(held.step, forwarded=False)
        self._closing = self.writer.frame(CLOSE, close_payload)
        self._boundary()
        return self.advance()

    def end(self) -> bytes:
        if not self._ended:
            self._ended = 1
            self._cut = None if self._ahead else self.reader.cut_off()
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
            self._out.append(self.reader.tail()[self._ahead :])
            self.direction.end_edit()
        out = b"".join(self._out)
        self._out.clear()
        return out if self.direction.open else b""

    def _next(self) -> bool:
        if self._steps:
            step = self._steps[0]
            if self._held and self._ends_held(step):
                self._ask_message(fin=False)
                return True
            self._steps.popleft()
            if isinstance(step.whole, Piece):
                self._piece(step, step.whole)
            else:
                self._whole_frame(step, step.whole)
            return True
        if self._ended == 1 and not (self._held and self._ends_held_cut):
            self._ended = 2
            self._cut_off()
            return True
        if self._ended and self._held:
            self._ask_message(fin=False)
            return True
        return False

    @property
    def _is_idle(self) -> bool:
        """Nothing is left to do that *pass* could not do."""
        return (
            self.policy is None
            and self.relay.on_violation == "pass"
            and not self.relay.audit
            and self._closing is None
            and not (self._shut or self._injections or self._ended)
        )

    def _ends_held(self, step: Step) -> bool:
        """Whether the held message must be judged as it is before ``step`` is seen to."""
        opcode = step.b0 & 0x0F
        if isinstance(step.whole, Piece):
            return step.whole.first and opcode > 0
        return opcode == CLOSE or 0 < opcode < 3

    @property
    def _ends_held_cut(self) -> bool:
        """Likewise for the unfinished frame at the end, unless it goes on with the message."""
        return self._cut is None or self._cut[0][1][0] & 0x0F > 0

    def _cut_off(self) -> None:
        """The sender is gone in the middle of a small frame, perhaps."""
        tail = self.reader.tail()
        if self._shut or not tail:
            return
        if self._ahead:  # so it goes on
            self._out.append(tail[self._ahead :])
            return
        if self._cut is None:  # less than a header
            if not self.relay.audit:
                self._out.append(tail)
            return
        record, whole = self._cut
        b0, _, _, violation = record[1]
        if self._refuses(violation):
            return
        direction = self.direction
        step = Step(-1, self.relay.clock(), b0 & 0x7F, None, whole)  # it never ended
        if self.relay.audit:
            step = step._replace(seq=direction.seq, record=record)
            direction.seq += 1
        if b0 & 0x0F > 2 or self.policy is None:
            self._leave(step, whole.raw)
            return
        self._steps.append(step)

    # --- frames ---

    def _whole_frame(self, step: Step, whole: Whole) -> None:
        b0 = step.b0
        violation = None if step.record is None else step.record[1][3]
        refused = not self._shut and not self._ahead and self._refuses(violation)
        if self._ended < 2:
            self._note(step, whole.payload)
        if self._shut or refused:
            self._record(step, forwarded=False)
        elif self._ahead:  # began to leave before: so it goes on
            ahead, self._ahead = self._ahead, 0
            self._leave(step, whole.raw[ahead:], whole.payload, b0)
            if b0 & 0x0F < 3:
                self._passing = b0 < 0x80
        elif self.policy is not None and self.policy.frames:
            self._ask(self._frame_question(step, whole), lambda seen: self._judged(step, seen))
        else:
            self._passes(step, whole)

    def _note(self, step: Step, payload: bytes) -> None:
        """What the connection's facts are about: the frame has come, whatever becomes of it."""
        direction = self.direction
        opcode = step.b0 & 0x0F
        connection = self.relay.connection
        if opcode != CLOSE:
            connection.last_frame_ns = step.now_ns
        if opcode & 0x08:
            self.relay.saw_control(direction, opcode, payload[:PREVIEW_LIMIT], step.now_ns)
        connection.last_frame_ns = step.now_ns
        connection.last_frame_to_client = direction.to_client
        connection.last_opcode = opcode

    def _judged(self, step: Step, seen: Observation) -> None:
        """The policy has seen this frame."""
        whole = step.whole
        assert isinstance(whole, Whole)
        b0 = step.b0
        if seen.closing is not None:
            self.relay.close(seen.closing.code, seen.closing.reason, "policy")
            self._record(step, forwarded=False)
        elif self._shut or seen.unchanged:
            self._passes(step, whole)
        elif b0 & 0x0F > 2:
            if seen.rewritten is not None:
                frame = self.writer.frame(b0 & 0x0F, seen.rewritten, fin=b0 > 0x7F)
                self._leave(step, frame, seen.rewritten)
            else:
                self._record(step, forwarded=False)
        elif self._is_held(b0):
            self._hold(step, Held(step, b"", seen.rewritten or b""), dropped=seen.dropped)
        elif seen.rewritten is not None:
            self._write_fragment(step, seen.rewritten)
        else:
            self._record(step, forwarded=False)
            if b0 & 0x8F == 0x80 and self._message_open:  # what has left of it must end
                self._out.append(self.writer.frame(CONTINUATION, b""))
                self._message_open = False
            self._boundary()

    def _is_held(self, b0: int) -> bool:
        policy = self.policy
        return b0 & 0x0F < 3 and policy is not None and policy.messages and not self._passing

    def _passes(self, step: Step, whole: Whole) -> None:
        """The frame goes on as it came."""
        if self._shut:
            self._record(step, forwarded=False)
        elif self._is_held(step.b0):
            self._hold(step, Held(step, whole.raw, whole.content or b""))
        elif not step.b0 & 0x0F and whole.opcode and not self._message_open:
            # The frames of its message before it were dropped: now it is the first.
            self._write_fragment(step, whole.payload)
        else:
            self._leave(step, whole.raw, whole.payload)

    def _write_fragment(self, step: Step, payload: bytes) -> None:
        """An uncompressed data frame in a message whose frames are changed one by one."""
        whole = step.whole
        assert isinstance(whole, Whole)
        goes_on = not step.b0 & 0x0F and self._message_open
        opcode = CONTINUATION if goes_on else whole.opcode
        self._leave(step, self.writer.frame(opcode, payload, fin=step.b0 > 0x7F))

    def _piece(self, step: Step, piece: Piece) -> None:
        """Some of a frame over the limit: it leaves as it comes, or the connection is closed."""
        raw = piece.raw
        if piece.first:
            ahead, self._ahead = self._ahead, 0
            raw = raw[ahead:]
            goes = ahead > 0 or self._large_goes(piece.frame)
            if step.record is not None:
                written = self._record(step, forwarded=goes)
                goes = goes and (written or self.relay.unrecorded()) and not self._shut
            self._large = goes
        elif self._large:
            self._refuses(piece.frame.violation)  # it must end, but the Close frame follows it
        if self._large:
            self._out.append(raw)
        if not piece.last:
            return
        went, self._large = self._large, False
        self._note(step, piece.frame.start)
        if not piece.first and step.record is not None:
            self._record(step, forwarded=went)
        if went:
            self._left(step.b0, piece.frame.start)
            if step.b0 & 0x0F < 3:
                self._passing = step.b0 < 0x80

    def _large_goes(self, large: LargeFrame) -> bool:
        if self._shut or self._refuses(large.violation):
            return False
        policy = self.policy
        is_data = large.b0 & 0x0F < 3
        if policy is not None and (policy.frames or self._is_held(large.b0)):
            if not self.relay.too_large(self.direction, compressed=self.reader.joiner.compressed):
                return False
            if is_data:
                self._release_held()
        return True

    # --- messages ---

    def _hold(self, step: Step, held: Held, *, dropped: bool = False) -> None:
        whole = step.whole
        assert isinstance(whole, Whole)
        if not self._held and step.b0 & 0x0F:
            self._held_changed = False
        if dropped:
            self._held_changed = True
            self._record(step, forwarded=False)
        else:
            cost = max(len(whole.raw), len(held.content))
            self._held_cost += cost + (_HELD_COST if self._held else 0)
            self._held_changed = self._held_changed or not held.raw
            self._held.append(held)
            too_large = self._held_cost > self.direction.hold_limit
            if too_large or (whole.content is None and held.raw):
                if self.relay.too_large(self.direction, compressed=whole.compressed):
                    self._release_held()
                    self._passing = step.b0 < 0x80
                return
        if step.b0 > 0x7F or not whole.opcode:
            if self._held:
                self._ask_message(fin=step.b0 > 0x7F)
            else:
                self._boundary()

    def _ask_message(self, *, fin: bool) -> None:
        """The message is whole, or will never be: the policy sees what is there."""
        first, last = self._held[0].step, self._held[-1].step
        assert isinstance(first.whole, Whole)
        assert isinstance(last.whole, Whole)
        message = last.whole.message
        violation = first.record[1][3] if message is None and first.record else None
        question = Observation(
            self.relay.connection,
            self.direction.name,
            "message",
            first.whole.opcode,
            b"".join(held.content for held in self._held),
            last.now_ns,
            fin=fin,
            violation=message.violation if message is not None else violation,
            compressed=first.whole.compressed,
        )
        self._ask(question, self._message_judged)

    def _message_judged(self, seen: Observation) -> None:
        changed = self._held_changed or seen.rewritten is not None
        held = self._take_held()
        if not held:
            return  # the connection was closed while the question was open
        writer = self.writer
        if seen.closing is not None:
            self.relay.close(seen.closing.code, seen.closing.reason, "policy")
        elif not seen.dropped:
            if changed or (seen.compressed and writer.recompress):
                self._rewrite(held, seen)
            else:
                for one in held:
                    self._leave(one.step, one.raw)
            return
        elif seen.compressed:
            writer.lost_window()
        for one in held:
            self._record(one.step, forwarded=False)
        self._boundary()

    def _rewrite(self, held: list[Held], seen: Observation) -> None:
        payload = seen.payload if seen.rewritten is None else seen.rewritten
        if seen.compressed:
            self.writer.lost_window()
        frames = self.writer.message(
            seen.opcode_number,
            payload,
            compressed=seen.compressed,
            fragment_lens=[self._len_on_wire(one) for one in held],
            fin=seen.fin,
        )
        for one, frame in zip(held, frames, strict=True):
            self._leave(one.step, frame)

    def _len_on_wire(self, held: Held) -> int:
        whole = held.step.whole
        assert isinstance(whole, Whole)
        return len(whole.payload) if held.raw else len(held.content)

    def _take_held(self) -> list[Held]:
        held, self._held = self._held, []
        self._held_cost = 0
        self._held_changed = False
        return held

    def _release_held(self) -> None:
        """The open message will not be judged: it leaves as it came, and so does its rest."""
        for one in self._take_held():
            raw = one.raw
            if not raw:
                whole = one.step.whole
                assert isinstance(whole, Whole)
                opcode = CONTINUATION if self._message_open else whole.opcode
                raw = self.writer.frame(opcode, one.content, fin=one.step.b0 > 0x7F)
            self._leave(one.step, raw)

    # --- out ---

    def _leave(self, step: Step, raw: bytes, payload: bytes = b"", b0: int | None = None) -> None:
        """Let ``raw`` out in place of the frame – unless its record had to be written first.

        ``payload`` is what a Close frame says now; ``b0`` the first byte where it left before.
        """
        if self._shut:
            self._record(step, forwarded=False)
        elif self._record(step, forwarded=True) or self.relay.unrecorded():
            self._out.append(raw)
            self._left(raw[0] if b0 is None else b0, payload)

    def _left(self, b0: int, payload: bytes) -> None:
        """A frame has left whole."""
        opcode = b0 & 0x0F
        if opcode == CLOSE:
            self._close_left = True
            self._injections.clear()
            self.relay.close_left(self.direction, payload)
        elif opcode < 3:
            self._message_open = b0 < 0x80
            if not self._message_open:
                self._passing = False
        self._boundary()

    def _boundary(self) -> None:
        """Between two frames: what waited for that may go."""
        if self._ahead or self._large:
            return
        if self._closing is not None:
            if not self._close_left:  # at most one Close frame in a direction (§5.5.1)
                self._out.append(self._closing)
            self._closing = None
            self._shut = True
        self._flush_injections()

    def _flush_injections(self) -> None:
        if self._ahead or self._large or self._shut:
            return
        while self._injections:
            opcode, payload = self._injections[0]
            if not opcode & 0x08 and self._message_open:
                return
            self._injections.popleft()
            self._out.append(self.writer.frame(opcode, payload))

    # --- small things ---

    def _refuses(self, violation: str | None) -> bool:
        if violation is None or self.relay.on_violation == "pass":
            return False
        self.relay.close(_VIOLATION_CODES.get(violation, 1002), violation, "policy")
        return True

    def _frame_question(self, step: Step, whole: Whole) -> Observation:
        return Observation(
            self.relay.connection,
            self.direction.name,
            "frame",
            step.b0 & 0x0F,
            whole.payload,
            step.now_ns,
            fin=step.b0 > 0x7F,
            rsv=step.b0 >> 4 & 7,
            violation=None if step.record is None else step.record[1][3],
            compressed=whole.compressed,
        )

    def _ask(self, question: Observation, then: Callable[[Observation], None]) -> None:
        policy = self.policy
        assert policy is not None
        if policy.outside:
            self.question = question
            self._then = then
            return
        try:
            policy.judge(question)
        except Exception as error:  # noqa: BLE001 - whatever fails, the user's policy decides
            self.relay.inspection_failed(question, error)
        then(question)

    def _record(self, step: Step, *, forwarded: bool) -> bool:
        if step.record is None:
            return True
        previews = []
        if self.reader.preview:
            whole = step.whole
            start = whole.frame.start if isinstance(whole, Piece) else whole.payload
            previews.append(start[:PREVIEW_LIMIT])
        direction = self.direction
        forwarded = forwarded and direction.open
        return self.relay.recorder.frames(
            direction, step.now_ns, step.seq, [step.record], forwarded, previews
        )
