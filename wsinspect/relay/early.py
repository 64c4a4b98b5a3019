"""A held text message that is no UTF-8 any more: its receiver fails fast (RFC 6455 §8.1), so what
is there leaves at once, after a verdict on it.

Owns: when that early verdict is asked for, and what follows for the rest of the message: it is held
and judged with all that was before it. What has left cannot be changed or dropped, so a verdict
that wants that closes the connection. An early verdict other than *pass* lets nothing go, and
stands when the message is judged whole. Must not know: how frames leave.

Not for whoever is asked outside (a script is shown each message once), frame policies, ``--audit``
and ``--on-violation close``; not for compressed messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wsinspect.protocol.opcodes import TEXT
from wsinspect.protocol.partial import broken_text
from wsinspect.protocol.records import Whole
from wsinspect.relay.observation import Observation, Shown
from wsinspect.relay.step import Step

if TYPE_CHECKING:
    from wsinspect.relay.editor import Editor

__all__ = ["Early"]

_VIOLATION: Final = "invalid-utf8"
_OFTEN: Final = 16 * 1024  # so many bytes of an unfinished frame are looked at whenever some come


class Early:
    """Made once by each :class:`Editor`."""

    __slots__ = ("_editor", "_looked_at")

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._looked_at = (0, 0)  # the unfinished frame's number, its length then

    @property
    def _may_ask(self) -> bool:
        """Whether the open message, or the next, may be asked about before its end."""
        editor = self._editor
        policy, relay, hold = editor.policy, editor.relay, editor.hold
        return (
            policy is not None
            and policy.messages
            and not (policy.frames or policy.outside)
            and not (relay.audit or relay.closing or relay.on_violation == "close")
            and not (hold.changed or hold.asked is not None)
        )

    # --- what may leave early ---

    def fragment(self, step: Step, whole: Whole) -> None:
        """A fragment is held, and is not the last."""
        text = whole.opcode == TEXT and not whole.compressed
        if text and step.violation == _VIOLATION and self._may_ask:
            hold = self._editor.hold
            self._ask_early(hold.content, step.now_ns)

    def tail(self) -> bool:
        """All frames have been seen to; some of the next may be there. Whether it leaves."""
        editor = self._editor
        reader, outlet = editor.reader, editor.outlet
        if reader.large is not None or not (size := reader.unfinished_len):
            return False
        if outlet.shut or outlet.ahead or outlet.passing or editor.large.open:
            return False
        if not self._may_ask:
            return False
        number, before = self._looked_at
        if number == reader.frames and size > _OFTEN and size < before + before // 8:
            return False
        self._looked_at = reader.frames, size
        text = broken_text(reader)
        if text is None or editor.hold.cost + text.frame_len > editor.direction.hold_limit:
            return False
        if not editor.hold.content_begun:
            editor.hold.seq = reader.frames
        seen = editor.hold.content + text.content
        left = editor.hold.content
        if self._ask_early(seen, editor.relay.clock()):
            outlet.raw(text.raw)
            outlet.ahead = len(text.raw)
            editor.hold.has_left(left)
            return True
        editor.hold.ahead = editor.hold.asked is not None and not reader.joiner.opcode
        return False

    def _ask_early(self, content: bytes, now_ns: int) -> bool:
        """Whether what is held has left, as nothing is wrong with it so far."""
        editor = self._editor
        hold, outlet = editor.hold, editor.outlet
        seen = self._ask(content, now_ns, fin=False)
        if outlet.shut or editor.relay.closing:  # from within
            return False
        if seen.closing is not None:
            editor.relay.close(seen.closing.code, seen.closing.reason, "policy")
            return False
        hold.asked = seen
        outlet.fate.judged(seen.shown)
        if not seen.unchanged:
            return False
        hold.has_left(content)
        for one in hold.take():
            outlet.leave(one.step, one.raw)
        return not outlet.shut

    # --- its rest ---

    def completes(self, step: Step, whole: Whole) -> None:
        """The frame of which some has left is complete."""
        editor = self._editor
        outlet, hold = editor.outlet, editor.hold
        content = hold.content + (whole.content or b"")
        if not self._rest_goes(content, step.now_ns, fin=step.b0 > 0x7F):
            outlet.stop(step)
            return
        ahead, outlet.ahead = outlet.ahead, 0
        if step.b0 > 0x7F:
            hold.forget()
        else:
            hold.has_left(content)
        outlet.leave(step, whole.raw[ahead:], whole.payload, step.b0)

    def cut_off(self) -> None:
        """It never will be: its sender is gone."""
        editor = self._editor
        outlet, reader = editor.outlet, editor.reader
        rest = reader.tail()[outlet.ahead :]
        text = broken_text(reader)
        if not rest or text is None:
            return
        content = editor.hold.content + text.content
        if self._rest_goes(content, editor.relay.clock(), fin=False):
            outlet.raw(rest)

    def _rest_goes(self, content: bytes, now_ns: int, *, fin: bool) -> bool:
        """Whether the rest of the frame that is half way out may follow."""
        editor = self._editor
        seen = self._ask(content, now_ns, fin=fin)
        self.settle(seen)
        editor.outlet.fate.judged(seen.shown)
        if seen.closing is None:
            return not editor.outlet.shut
        editor.outlet.cut()  # so no Close frame can follow it
        editor.relay.close(seen.closing.code, seen.closing.reason, "policy")
        return False

    def settle(self, seen: Observation) -> None:
        """The message has been judged with all that is there: what the early verdict adds."""
        hold = self._editor.hold
        asked = hold.asked
        if asked is None:
            return
        if hold.left is not None:
            if seen.closing is None and not seen.unchanged:
                seen.close(1008, "policy")
        elif asked.dropped or (asked.rewritten is not None and seen.unchanged):
            seen.drop()
        if asked.shown is not None and (
            asked.shown.rules or asked.shown.payload != asked.payload
        ):  # it may be shown no more than then
            rules = seen.shown.rules if seen.shown is not None else []
            seen.shown = Shown(None, list(dict.fromkeys([*asked.shown.rules, *rules])))

    def _ask(self, content: bytes, now_ns: int, *, fin: bool) -> Observation:
        editor = self._editor
        direction, policy = editor.direction, editor.policy
        assert policy is not None
        seen = Observation(
            direction.relay.connection,
            direction.name,
            "message",
            TEXT,
            content,
            now_ns,
            fin=fin,
            violation=_VIOLATION,
            seq=editor.hold.seq,
        )
        editor.ask(seen)
        return seen
