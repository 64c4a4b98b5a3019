"""One direction of one connection: bytes in, bytes out.

Owns: when bytes leave. Two ways:

*pass* – nothing can change or stop this direction: the original chunk leaves at once, a decoded
copy becomes records. This is the hot path.

A watch sees what passes this way a moment later, or at once where payload is to be shown.

*edit* – a policy wants to see frames or messages first, something waits to be put in between, or
the connection is being closed: an :class:`Editor` takes whole frames apart.

A direction can change from one way to the other at any byte. Must not know: sockets, mitmproxy,
what a policy is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wsinspect.protocol.opcodes import CLOSE
from wsinspect.protocol.reader import WHOLE_FRAME_LIMIT, FrameReader
from wsinspect.protocol.records import Record
from wsinspect.relay.editor import Editor
from wsinspect.relay.observation import DirectionName, Observation
from wsinspect.relay.policy import Policy, Watch
from wsinspect.relay.rewrite import MessageWriter
from wsinspect.relay.watching import hand_over, shown

if TYPE_CHECKING:
    from wsinspect.relay.relay import Relay

__all__ = ["HOLD_LIMIT", "Direction"]

HOLD_LIMIT = 16 * 1024 * 1024


class Direction:
    """See the module. ``receive`` is the way in; it is ``_pass`` or an editor's.

    ``open`` turns False when the destination is gone: what arrives then is recorded as not
    forwarded. While there is a ``question`` the owner stops reading; it calls :meth:`answer` then.
    An open message, or an unfinished frame, is held up to ``hold_limit`` bytes. ``masks``: payload
    may be shown only as the policy or the watch says.
    """

    __slots__ = (
        "_clock",
        "_connection",
        "_editor",
        "_frames",
        "hold_limit",
        "masks",
        "name",
        "open",
        "policy",
        "reader",
        "receive",
        "relay",
        "rules_of",
        "seq",
        "to_client",
        "watch",
        "writer",
    )

    def __init__(
        self,
        name: DirectionName,
        reader: FrameReader,
        writer: MessageWriter,
        policy: Policy | None,
        relay: Relay,
        hold_limit: int = HOLD_LIMIT,
        watch: Watch | None = None,
    ) -> None:
        self.name = name
        self.to_client = name == "to_client"
        self.reader = reader
        self.writer = writer
        self.policy: Policy | None = None
        self.relay = relay
        self.seq = 0
        self.open = True
        self.rules_of: list[list[str]] = []  # of each of the reader's finished messages
        self.hold_limit = hold_limit
        self._clock = relay.clock  # at hand for the hot path
        self._frames = relay.recorder.frames
        self._connection = relay.connection
        self.receive: Callable[[bytes], bytes] = self._pass
        self._editor: Editor | None = None
        self.masks = False
        self.watch: Watch | None = None
        if watch is not None or policy is not None:
            self.govern(policy, watch)
        if policy is not None or relay.on_violation == "close" or relay.audit:
            self._edit()

    def govern(self, policy: Policy | None, watch: Watch | None) -> None:
        """Another policy or watch from here on; an open message goes on as it began.

        A direction that was edited for a policy stays so: with one that lets all pass.
        """
        reader, joiner = self.reader, self.reader.joiner
        if policy is not None and self.policy is None:
            self.policy = policy
            if self._editor is not None:
                self._editor.govern(policy)
            self._edit()
            reader.whole_frame_limit = self.hold_limit
        self.watch = watch = watch if self.policy is None else None
        self.masks = watch is not None or (self.policy is not None and self.policy.masks)
        reader.tap = watch is not None
        joiner.begin_large = None
        if watch is not None:
            joiner.keep_payload = True
            joiner.payload_limit = watch.hold_limit
            joiner.begin_large = watch.watch_large

    # --- pass: the hot path ---

    def _pass(self, data: bytes) -> bytes:
        reader = self.reader
        records = reader.walk(data)
        if records:
            relay = self.relay
            now_ns = self._clock()
            if self.watch is not None:
                self._show(self.watch, now_ns, records)
            self._frames(self, now_ns, self.seq, records, self.open, reader.previews)
            if reader.previews:
                reader.previews = []
            self.seq += len(records)
            connection = self._connection
            if reader.controls:
                if records[0][1][0] & 0x0F != CLOSE:
                    connection.last_frame_ns = now_ns
                relay.saw_controls(self, now_ns)
            connection.last_frame_ns = now_ns
            connection.last_frame_to_client = self.to_client
            connection.last_b0 = records[-1][1][0]
            if reader.finished:
                relay.saw_messages(self, now_ns)
        return data if self.open else b""

    def _show(self, watch: Watch, now_ns: int, records: list[Record]) -> None:
        """What passes, to the watch; what may be shown of it, to the recorder."""
        reader = self.reader
        if reader.tapped or reader.controls or reader.tapped_seqs:
            hand_over(self, watch, now_ns)
        if reader.finished or reader.previews:
            shown(self, watch, now_ns, records)

    # --- edit ---

    def _edit(self) -> Editor:
        """From here on frames are taken apart. What has left of an open frame stays counted."""
        if self._editor is None:
            self._editor = Editor(self)
            reader = self.reader
            reader.keep = True
            reader.early = self.relay.audit
            if self.policy is not None:
                reader.whole_frame_limit = self.hold_limit
            self.receive = self._editor.receive
        return self._editor

    def end_edit(self) -> None:
        """Back to *pass*: the editor has nothing left to do, and let the open frame's bytes go."""
        self._editor = None
        self.reader.keep = False
        self.reader.whole_frame_limit = WHOLE_FRAME_LIMIT
        self.receive = self._pass

    @property
    def question(self) -> Observation | None:
        """What somebody outside must answer before anything more leaves."""
        return None if self._editor is None else self._editor.question

    def answer(self) -> bytes:
        """The question has been answered: go on. Returns what leaves now."""
        assert self._editor is not None
        return self._editor.answer()

    def inject(self, opcode: int, payload: bytes) -> bytes:
        """Put a whole message or control frame in at the next boundary (§5.4).

        Returns what leaves now; otherwise it leaves with a later ``receive``, or not at all where
        a Close frame leaves first. To close, use :meth:`Relay.close`.
        """
        return self._edit().inject(opcode, payload)

    def shut(self, payload: bytes) -> bytes:
        """Send a Close frame with this payload at the next frame boundary, and nothing after it.

        Returns what leaves now. None is sent where one of the sender's has left.
        """
        return self._edit().shut(payload)

    def end(self) -> bytes:
        """The sender's socket has ended: what is held leaves after a verdict on what is there.

        Returns what leaves now; with a question open, :meth:`answer` returns the rest.
        """
        out = b""
        if self._editor is not None:
            out = self._editor.end()
        elif self.watch is not None:
            self.reader.cut_off()
        joiner = self.reader.joiner
        if self.watch is not None and (rest := joiner.end()):
            self.watch.later(self, self._clock(), [(joiner.opcode, rest)], [(0, joiner.first_seq)])
        return out
