"""The interface between the relay and whoever may change, stop or merely watch traffic.

A policy is compiled for one direction of one connection at its handshake. With none, original
bytes pass at once. With one, the relay shows it frames or joined messages before anything of
them leaves. A watch sees what passes, and can stop nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from wsinspect.protocol.messages import LargeSink
from wsinspect.relay.observation import Observation, Shown

if TYPE_CHECKING:
    from wsinspect.relay.direction import Direction

__all__ = [
    "LargeVerdict",
    "OnError",
    "OnViolation",
    "Policy",
    "Seqs",
    "StreamJudge",
    "Tapped",
    "Watch",
]

type Tapped = list[tuple[int, bytes]]
type Seqs = list[tuple[int, int]]

OnViolation = Literal["pass", "close"]
OnError = Literal["open", "closed"]


class Policy(Protocol):
    """What a direction's policy wants to see, and its judgement.

    ``judge`` answers by the observation's methods. With ``outside`` the relay does not call it:
    the direction waits with ``question`` set until its owner has answered (a script that may
    take its time) and reads nothing more meanwhile. ``frames``: every frame; ``controls``: those
    that belong to no message (control frames, reserved opcodes), shown as frames.

    ``large`` is asked for when a message goes beyond ``hold_limit`` bytes: what it returns judges
    the message in pieces. None: it cannot. ``unreadable`` is asked whether a message that cannot
    be inspected is forwarded; None: the user's ``--on-error`` decides. ``seq`` is the number of
    the message's first frame in its direction, -1 if it is not known.
    """

    frames: bool
    messages: bool
    controls: bool
    outside: bool
    masks: bool  # payload may be shown only as ``Observation.shown`` says

    def judge(self, observation: Observation) -> None: ...

    def large(self, opcode: int, *, compressed: bool, seq: int) -> StreamJudge | None: ...

    def unreadable(self, now_ns: int, seq: int) -> bool | None: ...


class LargeVerdict(NamedTuple):
    """On a large message so far. Offsets are bytes of content since the message's begin.

    Up to ``safe`` nothing more will be found, so it may leave. ``edits`` are new: bytes to be
    XORed with, before they leave; no two overlap. ``stop``: nothing more of it may leave; the
    connection ends with this code and reason – unless ``drop`` is set and nothing of it has left:
    then it is dropped.
    """

    safe: int
    edits: list[tuple[int, bytes]]
    stop: tuple[int, str] | None = None
    drop: bool = False

    def __repr__(self) -> str:  # never payload
        return f"LargeVerdict(safe={self.safe}, {len(self.edits)} edits, stop={self.stop})"


class StreamJudge(Protocol):
    """Judges one message in pieces. ``last``: no more will come. ``hurry``: what waits costs much
    more than it holds, so call safe what can be. ``rules``: the ids of those that fired.
    """

    rules: list[str]

    def feed(self, content: bytes, *, last: bool, hurry: bool = False) -> LargeVerdict: ...


class Watch(Protocol):
    """Sees the messages of one direction as they pass.

    ``later`` takes ``(opcode, payload)`` of what was forwarded and looks at it soon; ``seqs`` as
    in ``FrameReader.tapped_seqs``. Where payload
    is to be shown to somebody, ``now`` looks at once. ``watch_large`` is given a message of more
    than ``hold_limit`` bytes in pieces; its last answer is the :class:`Shown` of that message. None
    of them raises.
    """

    hold_limit: int

    def later(self, direction: Direction, now_ns: int, seen: Tapped, seqs: Seqs) -> None: ...

    def now(self, now_ns: int, opcode: int, payload: bytes, seq: int) -> Shown: ...

    def watch_large(self, opcode: int, seq: int) -> LargeSink | None: ...
