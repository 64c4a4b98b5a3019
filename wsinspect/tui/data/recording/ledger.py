"""All connections' totals at one position of a recording, moved forward line by line.

One ledger reads the file to its end and writes the index as it goes; another one stands where the
cursor stands: restored at a checkpoint, moved on to the moment. Both move by the same code, so a
moment looks as if the file ended there. Lines of frames are the hot path: about 1.5 µs each.

Time is the latest timestamp so far: a line that was written late belongs to when it was written.
"""

from array import array
from collections.abc import Sequence

import msgspec

from wsinspect.tui.data.bounds import UNREADABLE, held
from wsinspect.tui.data.moments import NS, second_ns, timestamp_ns
from wsinspect.tui.data.recording.holding import Holding, Shape
from wsinspect.tui.data.recording.index import HITS_KEPT, Track
from wsinspect.tui.data.recording.lines import Head, read_frame, read_head, read_message
from wsinspect.tui.data.recording.tally import (
    CLEAN,
    CONTENT,
    LIVE,
    REFUSED,
    UNCLEAN,
    UNSEEN,
    WAY,
    Tally,
)
from wsinspect.tui.data.wire import WsAlert, WsClose, WsDiagnosis, WsOpen, decode

_SHAPES_MAX = 65_536
_CLOSE = 8
_DATA = (0, 1, 2)

_START = b'{"timestamp":"'
_IS_FRAME = b'","event_type":"websocket","flow_id":'
_IS_FRAME_AT = 41
_ENVELOPE_AT = _IS_FRAME_AT + len(_IS_FRAME)
_EVE = b',"websocket":{'
_FIN = b'"fin":'
_SEQ = b',"seq":'
_ALWAYS = (b'"opcode":"', b'"ws":{"direction":"', b'"payload_len":', b'"frame_len":')


def _address(ip: str, port: int) -> str:
    if not ip:
        return ""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


class Ledger(Holding):
    """`apply` moves it."""

    # Moving

    def apply(  # noqa: C901 - the hot path: no calls in it
        self, lines: Sequence[bytes], until_ns: int | None = None
    ) -> bool:
        """Move over `lines`, the next ones. False: it stopped at one later than `until_ns`."""
        shapes, by_envelope, sums = self._shapes, self._by_envelope, self.sums
        writing, touch, samples = self.writing, self.touched.add, self.index.samples
        position = self.position
        clock = self.clock_ns
        latest = (1 << 63) if until_ns is None else until_ns
        count = 0
        for line in lines:
            tally = shape = None
            if line.startswith(_IS_FRAME, _IS_FRAME_AT):
                envelope_end = line.find(_EVE, _ENVELOPE_AT)
                tally = by_envelope.get(line[_ENVELOPE_AT:envelope_end])
            if tally is not None:
                shape_end = line.rfind(_SEQ)
                shape = shapes.get(line[line.find(_FIN, envelope_end) : shape_end])
                if not line[shape_end + 7 : -2].isdigit():
                    shape = None
            if tally is None or shape is None:
                self.position, self.clock_ns = position, clock
                if not self._slowly(line, latest):
                    self._since += count
                    return False
                clock = self.clock_ns
            else:
                if line[14:33] != self._second_text:
                    self._turn_text(line[14:33])
                micros = line[34:40]
                at_ns = self._second_ns + (int(micros) * 1000 if micros.isdigit() else 0)
                if at_ns > clock:
                    if at_ns > latest:
                        self.position, self.clock_ns = position, clock
                        self._since += count
                        return False
                    clock = at_ns
                    if clock >= self._second_end:
                        self._turn_second(clock, position)
                direction, opcode, whole, payload_len, frame_len, violation = shape
                own = tally.sums
                way = WAY if direction else 0
                own[way] += 1
                own[way + 1] += payload_len
                own[way + 2] += frame_len
                own[way + 3] += whole
                if violation:
                    tally.violations += 1
                tally.last_direction = direction
                tally.last_opcode = opcode
                tally.last_ns = at_ns
                if opcode == _CLOSE and tally.open_at >= 0:
                    tally.closing = True
                sums[direction] += 1
                sums[2 + direction] += frame_len
                touch(tally)
                if writing:
                    tally.track.frames_at.append(position)
            if writing:
                if not samples.lines & samples.mask:
                    samples.add(clock)
                samples.lines += 1
            count += 1
            position += len(line) + 1
        self.position, self.clock_ns = position, clock
        self._since += count
        return True

    def _turn_text(self, text: bytes) -> None:
        try:
            self._second_ns = second_ns(text.decode())
        except ValueError:
            self._second_ns = 0  # no time of ours: the clock stands still
        self._second_text = text

    def _turn_second(self, clock_ns: int, position: int) -> None:
        second = clock_ns // NS
        self._second_end = (second + 1) * NS
        index = self.index
        if self.writing:
            index.start_ns = index.start_ns or clock_ns
            index.seconds.append(second)
            index.seconds_at.append(position)
            index.seconds_sums.extend(map(held, self.sums))

    # Lines that are no frame of a known shape

    def _slowly(self, line: bytes, latest_ns: int) -> bool:
        """One line of any kind; False: it is later than `latest_ns`, nothing was done."""
        if not line.strip():
            return True
        try:
            head = read_head(line)
            at_ns = timestamp_ns(head.timestamp)
            if at_ns > self.clock_ns:
                if at_ns > latest_ns:
                    return False
                self.clock_ns = at_ns
                if at_ns >= self._second_end:
                    self._turn_second(at_ns, self.position)
            self._event(line, head, at_ns)
        except UNREADABLE:
            self.broken += 1
        return True

    def _event(self, line: bytes, head: Head, at_ns: int) -> None:
        match head.event_type:
            case "websocket":
                self._frame(line, head, at_ns)
            case "ws_message":
                self._message(line, head, at_ns)
            case "ws_open" | "ws_close" | "alert" | "ws_diagnosis":
                event = decode(line)
                match event:
                    case WsOpen():
                        self._open(event, head, at_ns)
                    case WsClose():
                        self._close(event, head, at_ns)
                    case WsAlert():
                        self._alert(event, head)
                    case WsDiagnosis():
                        if self.writing:
                            self.index.diagnoses_at.append(self.position)
                            self.index.diagnoses.append(event.facts())
            case "stats":
                if self.writing:
                    self.index.stats_at.append(self.position)
            case _:
                pass  # of a newer version

    def _tally(self, head: Head) -> Tally:
        tally = self._by_flow.get(head.flow_id)
        if tally is None or tally.gone != LIVE:
            # Unknown, or its number was given anew: a log that a second run was appended to.
            number = len(self.tallies)
            if number == len(self.index.tracks):
                self.index.tracks.append(self._track(head))
            tally = Tally(number, self.index.tracks[number])
            self.tallies.append(tally)
            self._by_flow[head.flow_id] = tally
        self.touched.add(tally)
        return tally

    def _track(self, head: Head) -> Track:
        """A new connection, with a number of its own."""
        flow_id = head.flow_id
        if flow_id in self._flow_ids:
            flow_id = max(self._flow_ids) + 1
        self._flow_ids.add(flow_id)
        client = _address(head.src_ip, head.src_port)
        return Track(flow_id, head.flow_id, client, _address(head.dest_ip, head.dest_port))

    def _frame(self, line: bytes, head: Head, at_ns: int) -> None:
        frame = read_frame(line)
        opcode, direction, ws = frame.opcode, frame.direction, frame.ws
        whole = int(frame.websocket.fin and opcode in _DATA)
        violation = int(ws.violation is not None)
        tally = self._tally(head)
        self._count(tally, direction, opcode, at_ns, (1, ws.payload_len, ws.frame_len, whole))
        tally.violations += violation
        tally.framed = self.framed = True
        if self.writing:
            tally.track.frames_at.append(self.position)
        if line.startswith(_START) and line.startswith(_IS_FRAME, _IS_FRAME_AT):
            shape = (direction, opcode, whole, ws.payload_len, ws.frame_len, violation)
            self._remember(line, tally, shape)

    def _remember(self, line: bytes, tally: Tally, shape: Shape) -> None:
        """The line is as we write them: the next one like it goes the fast way."""
        envelope_end = line.find(_EVE, _ENVELOPE_AT)
        at, end = line.find(_FIN, envelope_end), line.rfind(_SEQ)
        key = line[at:end]
        if envelope_end < 0 or not 0 <= at < end or any(one not in key for one in _ALWAYS):
            return
        if b"{" in line[_ENVELOPE_AT:envelope_end] or line[end + 7 :].find(b"}}") < 1:
            return
        if len(self._shapes) >= _SHAPES_MAX:
            self._shapes.clear()
        self._shapes[key] = shape
        envelope = line[_ENVELOPE_AT:envelope_end]
        if tally.envelope is None:
            tally.envelope = envelope
            self._by_envelope[envelope] = tally

    def _count(
        self,
        tally: Tally,
        direction: int,
        opcode: int,
        at_ns: int,
        amounts: tuple[int, int, int, int],
    ) -> None:
        own, way = tally.sums, WAY if direction else 0
        for number, amount in enumerate(amounts):
            own[way + number] += amount
        self.sums[direction] += amounts[0]
        self.sums[2 + direction] += amounts[2]
        tally.last_direction, tally.last_opcode, tally.last_ns = direction, opcode, at_ns
        if opcode == _CLOSE and tally.open_at >= 0:
            tally.closing = True

    def _message(self, line: bytes, head: Head, at_ns: int) -> None:
        told = read_message(line)
        m, direction = told.message, told.direction
        row = told.row(None, None)  # raises on what is no message
        tally = self._tally(head)
        way = WAY if direction else 0
        if not m.injected:
            tally.sums[way + CONTENT] += m.payload_len
            if not tally.framed:  # only messages are on record: they stand for their frames
                payload_len = min(m.payload_len, m.wire_len)
                amounts = (m.frames, payload_len, m.wire_len, 1)
                self._count(tally, direction, row.opcode, at_ns, amounts)
        self.contents += row.content is not None
        if self.writing:
            tally.track.messages_at.append(self.position)

    def _open(self, event: WsOpen, head: Head, at_ns: int) -> None:
        known = self._by_flow.get(head.flow_id)
        if known is not None and known.open_at >= 0 and known.gone == LIVE:
            self._went(known, UNSEEN, at_ns)  # a new run took its number: nobody saw it end
        tally = self._tally(head)
        track, facts = tally.track, event.open
        tally.open_at = self.position
        if self.writing:
            track.opened_ns = at_ns
            track.host = facts.host or facts.upstream or ""
        self._booked += 1
        self.book.opened(at_ns, track.host)
        if facts.status not in (101, None):
            self.refused += 1
            self._went(tally, REFUSED, at_ns)

    def _close(self, event: WsClose, head: Head, at_ns: int) -> None:
        tally = self._tally(head)
        close = event.close
        for way, told in ((0, close.to_server), (WAY, close.to_client)):
            tally.sums[way : way + 4] = (
                told.frames, told.payload_bytes, told.wire_bytes, told.messages,
            )  # fmt: skip
        tally.close_at = self.position
        self.ended += 1
        self.unclean += close.unclean
        self._went(tally, UNCLEAN if close.unclean else CLEAN, at_ns)
        track = tally.track
        self._booked += 1
        self.book.ended(
            at_ns, close.code, close.cause, close.initiator, track.host or track.server,
            clean=not close.unclean, age_s=close.age_s, reason=close.reason or "",
        )  # fmt: skip
        self.talkers.add(
            track.host or track.server,
            track.client,
            frames=tally.sums[0] + tally.sums[WAY],
            to_server=tally.sums[2],
            to_client=tally.sums[WAY + 2],
            seconds=close.age_s or 0.0,
        )
        if self.writing and close.unclean:
            self.index.unclean.add(self.clock_ns)

    def _went(self, tally: Tally, what: int, at_ns: int) -> None:
        self._by_envelope.pop(tally.envelope or b"", None)
        tally.gone, tally.gone_ns = what, at_ns
        self.gone_count += 1
        self.touched.add(tally)
        if self.writing:
            self.index.gone_at.append(self.position)
            self.index.gone.append(tally.number)

    def _alert(self, event: WsAlert, head: Head) -> None:
        track = self._tally(head).track
        if not self.writing:
            return
        facts = event.facts()
        index = self.index
        if len(index.alerts) >= HITS_KEPT:
            facts = msgspec.structs.replace(facts, hits=[])
        if track.alerts_at is None or track.alerts is None:
            track.alerts_at, track.alerts = array("q"), []
        track.alerts_at.append(self.position)
        track.alerts.append(facts)
        index.alerts_at.append(self.position)
        index.alerts.append((track.flow_id, facts))
        index.alerted.add(self.clock_ns)
