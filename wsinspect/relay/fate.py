"""What became of the open message of an edited direction, frame by frame.

Owns: the message's fact for the recorder, once the fate of its last frame is known and recorded:
as it came where it passed, with the payload that left where it was changed, with none where it
was stopped. Must not know: why a frame leaves or does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsinspect.model.events import Action
from wsinspect.protocol.messages import MessageFacts
from wsinspect.protocol.records import Piece
from wsinspect.relay.observation import Shown
from wsinspect.relay.step import Step
from wsinspect.relay.watching import NOTHING, masked

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = ["Fate", "tell_injected", "tell_message"]


def tell_message(
    direction: Direction,
    now_ns: int,
    facts: MessageFacts,
    action: Action = "pass",
    *,
    injected: bool = False,
    rules: Sequence[str] = (),
) -> None:
    """To the recorder; never with a payload that was not forwarded."""
    if action in ("drop", "close"):
        facts = facts._replace(payload=None, start=b"")
    direction.relay.recorder.message(
        direction, now_ns, facts, action=action, injected=injected, rules=rules
    )


def tell_injected(direction: Direction, opcode: int, payload: bytes, frame_len: int) -> None:
    """A message of ours has left in one frame of so many bytes."""
    if direction.open and direction.reader.tell_messages:
        limit = direction.reader.joiner.start_limit
        start = payload[:limit]
        facts = MessageFacts(opcode, len(payload), frame_len, 1, False, payload, start, None)
        if direction.masks:  # nobody has looked at it
            facts = masked(facts, NOTHING, limit)
        tell_message(direction, direction.relay.clock(), facts, injected=True)


class Fate:
    """Of each data frame :meth:`came` says that it has its turn, :meth:`became` what it came to.

    Frames of one message may become what they do in another order: a dropped one is on record
    before those that are still held.
    """

    __slots__ = (
        "_actions",
        "_all_kept",
        "_facts",
        "_kept",
        "_now_ns",
        "_open",
        "_shown",
        "_telling",
        "direction",
    )

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self._telling = direction.reader.tell_messages  # of the open message
        self._begin()

    def _begin(self) -> None:
        self._actions: set[Action] = set()
        self._facts: MessageFacts | None = None
        self._now_ns = 0
        self._open = 0  # frames that came and have become nothing yet
        self._kept = bytearray()  # the payload that has left, as far as the log may want it
        self._all_kept = True
        self._shown: Shown | None = None  # by a policy that masks

    def judged(self, one: Shown | None) -> None:
        """What may be shown of the open message, where its policy masks."""
        if one is not None:
            self._shown = one

    def came(self, step: Step, message: MessageFacts | None) -> None:
        """``message``: the one that this frame finishes."""
        opcode = step.b0 & 0x0F
        if opcode > 2:
            return
        if opcode:
            self._telling = self.direction.reader.tell_messages
            self._begin()
        if not self._telling:
            return
        self._open += 1
        self._facts = message
        self._now_ns = step.now_ns

    def became(self, step: Step, action: Action, content: bytes | None = None) -> None:
        """The frame's record is made. ``content``: what the application gets if it was changed."""
        if step.b0 & 0x0F > 2 or not self._telling:
            return
        self._actions.add(action)
        self._open -= 1
        over = self._facts is not None and not self._open
        if action in ("pass", "rewrite") and not (over and self._actions == {"pass"}):
            self._keep(step, content)
        if over:
            self._tell()

    def _keep(self, step: Step, content: bytes | None) -> None:
        joiner = self.direction.reader.joiner
        whole = step.whole
        if isinstance(whole, Piece):
            # As it came there is no more of it, changed there is nothing.
            content = whole.frame.start if content is None else b""
            self._all_kept = False
        elif content is None:
            content = whole.content
        limit = joiner.payload_limit if joiner.keep_payload else joiner.start_limit
        room = limit - len(self._kept)
        if content is None or len(content) > room:
            self._all_kept = False
        self._kept += (content or b"")[:room]

    def _tell(self) -> None:
        facts, actions = self._facts, self._actions
        assert facts is not None
        action: Action = "rewrite"
        if "close" in actions:
            action = "close"
        elif len(actions) == 1:
            (action,) = actions
        if action == "rewrite":
            kept = bytes(self._kept)
            whole = kept if self._all_kept and self.direction.reader.joiner.keep_payload else None
            facts = facts._replace(
                payload=whole, start=kept[: self.direction.reader.joiner.start_limit]
            )
        now_ns, one = self._now_ns, self._shown
        self._begin()
        if self.direction.masks:
            facts = masked(facts, one or NOTHING, self.direction.reader.joiner.start_limit)
        tell_message(self.direction, now_ns, facts, action, rules=one.rules if one else ())
