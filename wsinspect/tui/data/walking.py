"""All contents that a running proxy keeps, asked of it connection by connection. No Textual.

Over a socket of its own, so that what the dashboard watches goes on. The proxy answers `watch` with
the past of a connection (docs/dashboard-socket.md): how many rows there are, then these rows. What
comes besides is passed over. Nothing here waits: a batch is empty while an answer is on its way.
"""

import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from wsinspect.tui.data.bounds import UNREADABLE
from wsinspect.tui.data.contents import Place, StoreContents
from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.store import Store
from wsinspect.tui.data.wire import Frames, History, Messages, decode, encode_watch

ASKED_MAX = 2_000  # connections: those with the latest frames
_PATIENCE_S = 3.0  # without an answer: an older proxy, or one that hangs
_CHUNK_LEN = 256 * 1024
_LINE_LEN_MAX = 16 * 1024 * 1024
_HEAD_LEN = 40  # of a line: its type stands there
_ANSWERS = (b'"type":"history"', b'"type":"frames"', b'"type":"messages"')

type Batch = Sequence[tuple[bytes, tuple[int, Entry]]]


class ProxyContents:
    """What this dashboard has, then what the proxy at `address` keeps of all other connections."""

    def __init__(
        self, address: str, store: Store, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.waits = False
        self._address = address
        self._clock = clock
        self._own = StoreContents(store)
        unknown = [c for c in store.newest_first() if c.flow_id not in self._own.ids]
        others = [c for c in unknown if c.frames]
        others.sort(key=lambda c: c.last_frame_ns, reverse=True)
        self._asked = [c.flow_id for c in others[:ASKED_MAX]]
        self._answered = 0
        self._quiet = len(unknown) - len(others)  # nothing passed there
        self._of = len(store)
        self._rest = b""
        self._lines: deque[bytes] = deque()  # that may be part of an answer

    # Contents

    @property
    def progress(self) -> float:
        own = self._own.progress
        return (own + self._answered) / (1 + len(self._asked))

    @property
    def scope(self) -> str:
        if self._asked and not self._answered:
            return self._own.scope
        here = min(self._of, len(self._own.ids) + self._answered + self._quiet)
        many = f"all {self._of:,}" if here == self._of else f"{here:,} of {self._of:,}"
        return f"what the proxy keeps of {many} connections"

    def batches(self) -> Generator[Batch]:
        yield from self._own.batches()
        try:
            with closing(socket.socket(socket.AF_UNIX)) as sock:
                sock.setblocking(False)
                if self._asked:
                    sock.connect(self._address)
                for flow_id in self._asked:
                    sock.send(encode_watch(flow_id))
                    log = FrameLog(flow_id)
                    for waits in self._answer(sock, log):
                        self.waits = waits
                        yield []
                    self.waits = False
                    self._answered += 1
                    yield [(e.content, (flow_id, e)) for e in log.entries if e.content is not None]
        except (OSError, *UNREADABLE):
            pass  # it is gone, or no proxy that we know: `scope` says how far it was
        self.waits = False

    def place(self, token: tuple[int, Entry]) -> Place | None:
        return self._own.place(token)

    # The answers

    def _answer(self, sock: socket.socket, log: FrameLog) -> Iterator[bool]:
        """Fill `log` with the past of its connection; yields whether there is nothing to do but
        wait. Raises OSError, also where no answer comes."""
        frames = messages = 0  # rows still to come
        begun = False
        end_s = self._clock() + _PATIENCE_S
        while not begun or frames > 0 or messages > 0:
            line = self._next(sock)
            told = None if line is None else decode(line)
            if isinstance(told, History) and told.flow_id == log.flow_id:
                begun, frames, messages = True, told.frames, told.messages
            elif isinstance(told, Frames) and begun and told.flow_id == log.flow_id:
                log.extend(told.rows)
                frames -= len(told.rows)
            elif isinstance(told, Messages) and begun and told.flow_id == log.flow_id:
                log.tell(told.rows)
                messages -= len(told.rows)
            elif self._clock() > end_s:
                raise TimeoutError
            yield line is None

    def _next(self, sock: socket.socket) -> bytes | None:
        """The next line that may be part of an answer; None: there is none now."""
        if not self._lines:
            try:
                chunk = sock.recv(_CHUNK_LEN)
            except BlockingIOError:
                return None
            if not chunk:
                raise ConnectionError
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > _LINE_LEN_MAX:
                raise ConnectionError
            for line in lines:
                if any(kind in line[:_HEAD_LEN] for kind in _ANSWERS):
                    self._lines.append(line)
        return self._lines.popleft() if self._lines else None
