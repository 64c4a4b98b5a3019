"""What a ledger holds at its position, and how that gets into the index and back. Pure.

A checkpoint is gone through in steps, so that the screen stays alive; no line may
be read meanwhile.
"""

import pickle
import zlib
from collections.abc import Iterator

from wsinspect.tui.data.ends import EndsBook
from wsinspect.tui.data.recording.index import Checkpoint, Index
from wsinspect.tui.data.recording.tally import Tally
from wsinspect.tui.data.talkers import Talkers

CHECKPOINT_LINES = 8_192
_CHECKPOINT_TIMES = 4  # so many lines for each connection that changed, at least
_STEP = 500

# direction, opcode, 1 if it finishes a data message, payload_len, frame_len, 1 if a violation
type Shape = tuple[int, int, int, int, int, int]


class Holding:
    """The state of a ledger: of it `changed` is to be shown anew, until `shown` is called."""

    def __init__(self, index: Index, *, writing: bool) -> None:
        self.index = index
        self.writing = writing
        self.position = 0  # offset of the next line
        self.clock_ns = 0
        self.tallies: list[Tally] = []
        self.sums = [0, 0, 0, 0]  # of all: frames to server, to client, wire bytes likewise
        self.ended = self.unclean = self.refused = self.broken = 0
        self.gone_count = 0
        self.book = EndsBook()
        self.talkers = Talkers()
        self.framed = False  # whether any frame is on record
        self.contents = 0  # messages with content on record
        self.touched: set[Tally] = set()
        self._changed: set[Tally] = set()  # since the last checkpoint, and shown
        self._since = 0  # lines since the last checkpoint
        self._booked = 0  # openings and ends that the books were told
        self._unshown: set[Tally] = set()  # touched before the last checkpoint, not shown
        self._by_flow: dict[int, Tally] = {}
        self._by_envelope: dict[bytes, Tally] = {}
        self._flow_ids: set[int] = set()
        self._shapes: dict[bytes, Shape] = {}
        self._second_text = b""
        self._second_ns = 0
        self._second_end = 0

    # Checkpoints

    def changed(self) -> set[Tally]:
        """What is not shown yet."""
        return self._unshown | self.touched

    def shown(self) -> None:
        if self.writing:
            self._changed |= self.touched
        self._unshown.clear()
        self.touched.clear()

    @property
    def checkpoint_due(self) -> bool:
        """Whether so much was read that `checkpoint` is to be gone through before more is."""
        since = self._since
        if since < CHECKPOINT_LINES or not self.writing:
            return False
        return since >= _CHECKPOINT_TIMES * (len(self._changed) + len(self.touched))

    def checkpoint(self) -> Iterator[None]:
        """Put all that changed since the last one into the index, in steps."""
        index = self.index
        number = len(index.checkpoints)
        for count, tally in enumerate(self._changed | self.touched):
            tally.track.history.extend(tally.row(number))
            if count % _STEP == _STEP - 1:
                yield
        before = index.checkpoints[-1] if index.checkpoints else None
        if before is not None and before.booked == self._booked:
            books = before.books
        else:
            books = zlib.compress(pickle.dumps((self.book, self.talkers)), 1)
        index.checkpoints_at.append(self.position)
        index.checkpoints_ns.append(self.clock_ns)
        index.checkpoints.append(
            Checkpoint(
                len(self.tallies), self.ended, self.unclean, self.refused, self.broken,
                self.gone_count, self._booked, tuple(self.sums), self.framed, self.contents, books,
            )
        )  # fmt: skip
        self._unshown |= self.touched
        self.touched.clear()
        self._changed.clear()
        self._since = 0

    def restore(self, number: int) -> Iterator[None]:
        """Stand at checkpoint `number`, -1 for the beginning; in steps that take a moment each."""
        index = self.index
        self.tallies, self._by_flow, self._by_envelope = [], {}, {}
        self.touched, self._unshown, self._second_end = set(), set(), 0
        if number < 0:
            self.position = self.clock_ns = 0
            held = Checkpoint(0, 0, 0, 0, 0, 0, 0, (0, 0, 0, 0), False, 0, b"")
            self.book, self.talkers = EndsBook(), Talkers()
        else:
            held = index.checkpoints[number]
            self.position = index.checkpoints_at[number]
            self.clock_ns = index.checkpoints_ns[number]
            self.book, self.talkers = pickle.loads(zlib.decompress(held.books))
        self.sums = list(held.sums)
        self.ended, self.unclean, self.refused = held.ended, held.unclean, held.refused
        self.broken, self.gone_count = held.broken, held.gone
        self.framed, self.contents = held.framed, held.contents
        for count in range(held.tallies):
            track = index.tracks[count]
            tally = Tally(count, track)
            row = track.row(number)
            if row is not None:
                tally.restore(row)
            self.tallies.append(tally)
            self._by_flow[track.log_id] = tally
            if count % _STEP == 0:
                yield
