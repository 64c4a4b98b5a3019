"""One direction of one connection: bytes in, bytes out.

Owns: when bytes leave. Two ways:

*pass* – nothing can change or stop this direction: the original chunk leaves at once, a decoded
copy becomes records. This is the hot path.

*edit* – a policy wants to see frames or messages first, something waits to be put in between, or
the connection is being closed: whole frames are taken apart and leave as they came, rewritten, or
not at all. Control frames never wait behind a held message.

A direction can change from one way to the other at any byte; ``_sent_ahead`` counts what of the
open frame had left already. Must not know: sockets, mitmproxy, what a policy is made of.

Memory: an open frame or message is held up to ``hold_limit`` bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from wsinspect.protocol.frames import close_payload
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.opcodes import CLOSE, CONTINUATION
from wsinspect.protocol.reader import PREVIEW_LIMIT, WHOLE_FRAME_LIMIT, FrameReader, Record, Whole
from wsinspect.relay.observation import DirectionName, Observation
from wsinspect.relay.policy import Policy
from wsinspect.relay.rewrite import MessageWriter

if TYPE_CHECKING:
    from wsinspect.relay.relay import Relay

__all__ = ["HOLD_LIMIT", "Direction"]

HOLD_LIMIT = 16 * 1024 * 1024
_VIOLATION_CODES = {"invalid-utf8": 1007, "close-utf8": 1007, "deflate": 1007}


class Step(NamedTuple):
    """A frame on its way through *edit*: its number, arrival, facts and bytes."""

    seq: int
    now_ns: int
    record: Record
    whole: Whole


class Direction:
    """See the module. ``receive`` is the way in; it is one of ``_pass`` and ``_edit``.

    ``open`` turns False when the destination is gone: what arrives then is recorded as not
    forwarded. ``question`` is the observation that somebody outside must answer before anything
    more leaves; the owner stops reading meanwhile and calls :meth:`answer`.
    """

    __slots__ = (
        "_close_sent",
        "_held",
        "_injections",
        "_out",
        "_passing",
        "_sent_ahead",
        "_sent_fragment",
        "_shut",
        "_shutting",
        "_steps",
        "_then",
        "hold_limit",
        "name",
        "open",
        "policy",
        "question",
        "reader",
        "receive",
        "relay",
        "seq",
        "to_client",
        "writer",
    )

    def __init__(
        self,
        name: DirectionName,
        reader: FrameReader,
        writer: MessageWriter,
        policy: Policy | None,
        relay: Relay,
    ) -> None:
        self.name = name
        self.to_client = name == "to_client"
        self.reader = reader
        self.writer = writer
        self.policy = policy
        self.relay = relay
        self.seq = 0
        self.open = True
        self.hold_limit = HOLD_LIMIT
        self.question: Observation | None = None
        self.receive: Callable[[bytes], bytes] = self._pass
        self._then: Callable[[Observation], None] | None = None
        self._steps: deque[Step | bytes] = deque()  # bytes: a piece of a large frame
        self._out: list[bytes] = []
        self._held: list[Step] = []  # frames of the open message
        self._injections: deque[tuple[int, bytes]] = deque()
        self._sent_ahead = 0  # bytes of the open frame that left in *pass*
        self._sent_fragment = False  # the receiver has an open message that we wrote
        self._passing = False  # the rest of the open message leaves as it comes
        self._shutting: bytes | None = None  # a Close frame waits for the frame boundary
        self._close_sent = False  # a Close frame of the sender's has left
        self._shut = False  # our Close frame has left: nothing follows it
        if policy is not None or relay.on_violation == "close" or relay.audit:
            self._begin_edit()

    # --- pass: the hot path ---

    def _pass(self, data: bytes) -> bytes:
        reader = self.reader
        records = reader.walk(data)
        if records:
            relay = self.relay
            now_ns = relay.clock()
            relay.recorder.frames(self, now_ns, self.seq, records, self.open, reader.previews)
            if reader.previews:
                reader.previews = []
            self.seq += len(records)
            connection = relay.connection
            if reader.controls:
                if records[0][1][0] & 0x0F != CLOSE:
                    connection.last_frame_ns = now_ns
                relay.saw_controls(self, now_ns)
            connection.last_frame_ns = now_ns
            connection.last_frame_to_client = self.to_client
            connection.last_opcode = records[-1][1][0] & 0x0F
            if reader.finished:
                relay.saw_messages(self, now_ns)
        return data if self.open else b""

    # --- edit ---

    def _begin_edit(self) -> None:
        """From here on frames are taken apart. What has left of an open frame stays counted."""
        if self.reader.keep:
            return
        self.reader.keep = True
        self.reader.early = self.relay.audit
        if self.policy is not None:
            self.reader.whole_frame_limit = self.hold_limit
            self.reader.joiner.keep_payload = self.policy.messages
            self.reader.joiner.payload_limit = self.hold_limit
        self._sent_ahead = self.reader.unfinished_len if self.reader.large is None else 0
        self._passing = self.reader.joiner.opcode != 0
        self._close_sent = self.reader.closed
        self.receive = self._edit

    def _end_edit(self) -> None:
        """Back to *pass*: nothing waits any more. Bytes of an open frame leave now."""
        tail = self.reader.tail()
        self._out.append(tail[self._sent_ahead :])
        self._sent_ahead = 0
        self._passing = False
        self.reader.keep = False
        self.reader.whole_frame_limit = WHOLE_FRAME_LIMIT
        self.receive = self._pass

    def _edit(self, data: bytes) -> bytes:
        reader = self.reader
        records = iter(reader.walk(data))
        wholes = reader.wholes
        reader.wholes = []
        reader.previews.clear()
        now_ns = self.relay.clock()
        for whole in wholes:
            if whole.large:
                self._steps.append(whole.raw)
                continue
            record = next(records)
            self._steps.append(Step(self.seq, now_ns, record, whole))
            self.seq += 1
        if reader.finished:
            self.relay.saw_messages(self, now_ns)
        return self._advance()

    def answer(self) -> bytes:
        """The question has been answered: go on. Returns what leaves now."""
        observation, then = self.question, self._then
        assert observation is not None
        assert then is not None
        self.question = self._then = None
        then(observation)
        return self._advance()

    def _advance(self) -> bytes:
        while self._steps and self.question is None:
            step = self._steps.popleft()
            if isinstance(step, bytes):
                self._large_piece(step)
            else:
                self._whole_frame(step)
        if (
            self.policy is None
            and self.relay.on_violation == "pass"
            and not self.relay.audit
            and self._shutting is None
            and not (self._shut or self._injections or self._held or self._sent_fragment)
        ):
            self._end_edit()
        out = b"".join(self._out)
        self._out.clear()
        return out if self.open else b""

    def _large_piece(self, raw: bytes) -> None:
        """A piece of a frame over the limit: it leaves as it comes, or the connection closes."""
        if self._shut:
            return
        large = self.reader.large
        if large is not None and large.offset + large.header_len == len(raw):  # its first piece
            if self._refuses(large.violation):
                return
            if self.policy is not None and not self.relay.too_large(self):
                return
        self._release_held()
        self._out.append(raw)

    def _whole_frame(self, step: Step) -> None:
        b0, _, _, violation = step.record[1]
        connection = self.relay.connection
        if b0 & 0x0F != CLOSE:
            connection.last_frame_ns = step.now_ns
        refused = not self._shut and not self._sent_ahead and self._refuses(violation)
        if self.reader.controls:
            self.relay.saw_controls(self, step.now_ns)
        connection.last_frame_ns = step.now_ns
        connection.last_frame_to_client = self.to_client
        connection.last_opcode = b0 & 0x0F
        if self._shut or refused:
            self._record(step, forwarded=False)
        elif self._sent_ahead or not step.whole.raw:  # began to leave before: so it goes on
            self._leave(step, step.whole.raw[self._sent_ahead :])
            self._sent_ahead = 0
            self._passing = not b0 & 0x80 if not b0 & 0x08 else self._passing
            self._frame_left(b0)
        elif self.policy is not None and self.policy.frames:
            self._ask(self._frame_question(step), lambda seen: self._frame_judged(step, seen))
        else:
            self._frame_passes(step)

    def _frame_judged(self, step: Step, seen: Observation) -> None:
        b0 = step.record[1][0]
        if seen.closing is not None:
            self._record(step, forwarded=False)
            self.relay.close(seen.closing.code, seen.closing.reason, "policy")
        elif self._shut:
            self._record(step, forwarded=False)
        elif seen.unchanged:
            self._frame_passes(step)
        elif b0 & 0x08:
            if seen.rewritten is not None:
                self._leave(step, self.writer.frame(b0 & 0x0F, seen.rewritten))
            else:
                self._record(step, forwarded=False)
        elif self.policy is not None and self.policy.messages and not self._passing:
            # The message is judged as it is after this change.
            payload = b"" if seen.dropped else seen.rewritten or b""
            self._hold(step._replace(whole=step.whole._replace(payload=payload, raw=b"")))
        else:
            self._write_fragment(step, seen)

    def _frame_passes(self, step: Step) -> None:
        b0 = step.record[1][0]
        is_data = not b0 & 0x08 and b0 & 0x07 < 3
        judged = self.policy is not None and self.policy.messages and not self._passing
        if is_data and judged:
            self._hold(step)
            return
        if self._sent_fragment and not b0 & 0x08:
            self._write_fragment(step, None)
            return
        self._leave(step, step.whole.raw)
        self._frame_left(b0)

    def _write_fragment(self, step: Step, seen: Observation | None) -> None:
        """A data frame in a message of which frames were dropped or rewritten one by one."""
        b0 = step.record[1][0]
        fin = b0 > 0x7F
        dropped = seen is not None and seen.dropped
        if not dropped or (fin and self._sent_fragment):
            payload = step.whole.payload
            if seen is not None:
                payload = seen.rewritten or b""
            opcode = CONTINUATION if self._sent_fragment else self._message_opcode(step)
            self._leave(step, self.writer.frame(opcode, payload, fin=fin), forwarded=not dropped)
            self._sent_fragment = not fin
        else:
            self._record(step, forwarded=False)
        self._frame_boundary(b0)

    def _message_opcode(self, step: Step) -> int:
        message = step.whole.message
        return message.opcode if message is not None else self.reader.joiner.opcode or 2

    # --- messages ---

    def _hold(self, step: Step) -> None:
        self._held.append(step)
        message = step.whole.message
        if message is None:
            held_len = sum(len(held.whole.raw) for held in self._held)
            if held_len > self.hold_limit and self.relay.too_large(self):
                self._release_held()
            return
        if message.payload is None:  # unreadable: over the limit, or broken compression
            if self.relay.too_large(self):
                self._release_held()
                self._frame_boundary(0x80)
            return
        payload = message.payload
        if not message.compressed:
            payload = b"".join(held.whole.payload for held in self._held)
        question = Observation(
            self.relay.connection,
            self.name,
            "message",
            message.opcode,
            payload,
            step.now_ns,
            violation=message.violation,
            compressed=message.compressed,
        )
        self._ask(question, lambda seen: self._message_judged(message, seen))

    def _message_judged(self, message: MessageFacts, seen: Observation) -> None:
        held, self._held = self._held, []
        writer = self.writer
        if seen.closing is not None:
            self.relay.close(seen.closing.code, seen.closing.reason, "policy")
        elif self._shut:
            pass
        elif seen.dropped:
            if message.compressed:
                writer.lost_window()
        elif (
            seen.rewritten is None
            and all(step.whole.raw for step in held)
            and not (message.compressed and writer.recompress)
        ):
            for step in held:
                self._leave(step, step.whole.raw)
            self._frame_boundary(0x80)
            return
        else:
            if message.compressed:
                writer.lost_window()
            payload = seen.payload if seen.rewritten is None else seen.rewritten
            lens = [step.record[1][1] for step in held]
            written = writer.message(
                message.opcode, payload, compressed=message.compressed, fragment_lens=lens
            )
            for step in held[:-1]:
                self._leave(step, b"")
            self._leave(held[-1], written)
            self._frame_boundary(0x80)
            return
        for step in held:
            self._record(step, forwarded=False)
        self._frame_boundary(0x80)

    def _release_held(self) -> None:
        """The open message will not be judged: it leaves as it came, and so does its rest."""
        held, self._held = self._held, []
        for step in held:
            self._leave(step, step.whole.raw)
        self._passing = not held or held[-1].whole.message is None

    # --- putting in and closing ---

    def inject(self, opcode: int, payload: bytes) -> bytes:
        """Put a whole message or control frame in at the next boundary (§5.4).

        Returns what leaves now; otherwise it leaves with a later ``receive``.
        """
        self._begin_edit()
        self._injections.append((opcode, payload))
        self._flush_injections()
        return self._advance()

    def shut(self, code: int, reason: str) -> bytes:
        """Send a Close frame at the next frame boundary, and nothing after it."""
        if self._shut or self._shutting is not None:
            return b""
        self._begin_edit()
        for step in self._held:
            self._record(step, forwarded=False)
        self._held.clear()
        self._injections.clear()
        self._shutting = self.writer.frame(CLOSE, close_payload(code, reason))
        if not self._mid_frame:
            self._frame_boundary(0x08)
        return self._advance()

    def end(self) -> bytes:
        """The sender's socket has ended: what is held leaves as it came. Returns those bytes."""
        if not self.reader.keep:
            return b""
        if not self._shut:
            self._release_held()
            tail = self.reader.tail()
            self._out.append(tail[self._sent_ahead :])
            self._sent_ahead = len(tail)
        return self._advance()

    @property
    def _mid_frame(self) -> bool:
        return self._sent_ahead > 0 or self.reader.large is not None

    def _frame_left(self, b0: int) -> None:
        if b0 & 0x0F == CLOSE:
            self._close_sent = True
        self._frame_boundary(b0)

    def _frame_boundary(self, b0: int) -> None:
        """A frame has left whole (or will not): what waited for that may go."""
        if b0 > 0x7F and not b0 & 0x08:
            self._passing = False
        if self._shutting is not None and not self._mid_frame:
            if not self._close_sent:  # at most one Close frame in a direction (§5.5.1)
                self._out.append(self._shutting)
            self._shutting = None
            self._shut = True
        self._flush_injections()

    def _flush_injections(self) -> None:
        between_frames = not self._mid_frame and not self._shut
        while self._injections and between_frames:
            opcode, payload = self._injections[0]
            if not opcode & 0x08 and (self._passing or self._sent_fragment):
                return
            self._injections.popleft()
            self._out.append(self.writer.frame(opcode, payload))

    # --- small things ---

    def _refuses(self, violation: str | None) -> bool:
        if violation is None or self.relay.on_violation == "pass":
            return False
        self.relay.close(_VIOLATION_CODES.get(violation, 1002), violation, "policy")
        return True

    def _frame_question(self, step: Step) -> Observation:
        b0 = step.record[1][0]
        joiner = self.reader.joiner
        message = step.whole.message
        return Observation(
            self.relay.connection,
            self.name,
            "frame",
            b0 & 0x0F,
            step.whole.payload,
            step.now_ns,
            fin=b0 > 0x7F,
            rsv=b0 >> 4 & 7,
            violation=step.record[1][3],
            compressed=message.compressed if message is not None else joiner.compressed,
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

    def _leave(self, step: Step, raw: bytes, *, forwarded: bool = True) -> None:
        """Let ``raw`` out in place of the frame – unless its record had to be written first."""
        if self._record(step, forwarded=forwarded) or self.relay.unrecorded():
            self._out.append(raw)

    def _record(self, step: Step, *, forwarded: bool) -> bool:
        previews = [step.whole.payload[:PREVIEW_LIMIT]] if self.reader.preview else []
        return self.relay.recorder.frames(
            self, step.now_ns, step.seq, [step.record], forwarded and self.open, previews
        )
