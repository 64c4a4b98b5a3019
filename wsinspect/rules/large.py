"""A message too large to be held whole, looked at in overlapping windows.

Owns: which bytes may leave, which are overwritten in place (their number has left in the frame's
header), when to stop. Must not know: frames, how bytes wait (``relay/holdback.py``).

A window is scanned as one message would be, but as text in pieces: what a document's structure
would tell is not known in the middle of it. What is found has at most :data:`OVERLAP` bytes.
Memory: one window, and the chunk that filled it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wsinspect.relay.policy import LargeVerdict
from wsinspect.rules.actions.decide import merge_spans
from wsinspect.rules.finding import BOMB, Finding, Inspection, Sighting
from wsinspect.rules.forming import form
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.ast import Act
from wsinspect.rules.plan import Scope
from wsinspect.rules.ruleset import CHANGING
from wsinspect.rules.views.view import MAPPED, CannotRewrite, Edit

__all__ = ["OVERLAP", "WINDOW", "LargeJudge"]

WINDOW: Final = 256 * 1024
OVERLAP: Final = 64 * 1024
_HURRIED_OVERLAP: Final = 4 * 1024
_EDGE: Final = 1024  # bytes next to a find that may tell what it is
_STAR: Final = b"*"
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_DECODED: Final = 1 << 30  # added to the order of a rule whose find does not stand there as it is


class LargeJudge:
    """For one message. ``found`` is told what each window showed, with places in the message.

    ``least``: bytes that it has at least. How large it is nobody knows before its end: a rule for
    messages of some size goes by what has come. ``closed``: where a limit is hit and the rules
    do not say what follows, nothing more may leave.
    """

    def __init__(
        self,
        inspector: Inspector,
        scope: Scope,
        opcode: str,
        clock: Callable[[], int],
        found: Callable[[Inspection], None],
        least: int = 0,
        *,
        closed: bool = False,
    ) -> None:
        self._inspector = inspector
        self._scope = scope
        self._opcode = opcode
        self._clock = clock
        self._found = found
        self._least = least
        self._closed = closed
        self._kept = bytearray()  # what may still be part of a find
        self._kept_at = 0  # its offset in the message
        self._chars = 0  # characters before it
        self._scanned = 0
        self._run_at: int | None = None  # where the base64 run that goes on began in the message
        self._known: set[tuple[int, str, int]] = set()  # rule, detector, begin in the message
        self.rules: list[str] = []

    def feed(self, content: bytes, *, last: bool, hurry: bool = False) -> LargeVerdict:
        """The next bytes. Raises what the inspector raises."""
        self._kept += content
        end = self._kept_at + len(self._kept)
        if not (last or hurry) and end - self._scanned < WINDOW:
            return LargeVerdict(self._kept_at, [])
        seen_before, self._scanned = self._scanned, end
        window = bytes(self._kept)
        inspector, scope = self._inspector, self._scope
        size = end if last else max(end, self._least)
        inspection, locator = inspector.look(scope, window, self._opcode, (), size)
        fresh = self._fresh(inspection, seen_before - self._kept_at, last=last)
        inspection.sightings = list(fresh)
        if not seen_before and any(find.json for find in scope.plan.finders):
            inspection.unreadable = inspection.unreadable or "size"  # for rules with `json`
        edits: list[tuple[int, bytes]] = []
        stop: tuple[int, str] | None = None
        if fresh or inspection.unreadable:
            inspector.decide(scope, inspection, locator, self._clock())
            if inspection.action == "redact":
                edits = self._overwrite(window, inspection, fresh)
            for finding in inspection.findings:
                self._move(finding)
            self._found(inspection)
            self.rules += [name for name in inspection.rules if name not in self.rules]
            if inspection.action == "close":
                stop = inspection.code, inspection.reason
            elif inspection.action == "block":
                stop = 1008, "policy"
            elif inspection.unreadable and inspection.block_on_error is None and self._closed:
                stop = 1011, "inspection failed"
        overlap = _HURRIED_OVERLAP if hurry else OVERLAP
        self._forget(len(window) if last else len(window) - overlap)
        return LargeVerdict(self._kept_at, edits, stop, inspection.action == "block")

    def _fresh(
        self, inspection: Inspection, seen_before: int, *, last: bool
    ) -> dict[Sighting, tuple[int, int] | None]:
        """What was not seen in an earlier window, and cannot be more than is there yet."""
        fresh: dict[Sighting, tuple[int, int] | None] = {}
        window_len = self._scanned - self._kept_at
        for sighting in inspection.sightings:
            span = _in_window(sighting)
            begin = -1
            if span is not None:
                begin = self._kept_at + span[0]
                if span[1] >= window_len and not last and span[0] >= window_len - OVERLAP:
                    continue  # it may go on
                cut = self._kept_at > 0 and span[0] < _EDGE
                if cut and span[1] + _EDGE < seen_before:
                    continue  # with what stands before it, it was none
            key = (sighting.rule.order, sighting.detector, begin)
            if key not in self._known:
                self._known.add(key)
                fresh[sighting] = span
        return fresh

    def _overwrite(
        self,
        window: bytes,
        inspection: Inspection,
        fresh: dict[Sighting, tuple[int, int] | None],
    ) -> list[tuple[int, bytes]]:
        """As many other bytes: the mask where it is as long, else stars."""
        fired = set(inspection.rules)
        acts: dict[int, Act] = {}
        spans: list[tuple[int, int, int]] = []
        for sighting, span in fresh.items():
            one = sighting.rule
            act = next((act for act in one.rule.acts if act.kind in CHANGING), None)
            if span is None or act is None or not one.enforced or one.rule.id not in fired:
                continue
            order = one.order
            if window[slice(*span)] == sighting.secret:
                acts[order] = act
            else:
                order += _DECODED
            spans.append((*span, order))
        edits: list[tuple[int, bytes]] = []
        for start, stop, order in merge_spans(spans):
            old = window[start:stop]
            new = _STAR * len(old)
            if order in acts and acts[order].kind == "mask":
                masked = form(old, acts[order], b"")
                new = masked if len(masked) == len(old) else new
            self._kept[start:stop] = new
            change = bytes(a ^ b for a, b in zip(old, new, strict=True))
            edits.append((self._kept_at + start, change))
        return edits

    def _move(self, finding: Finding) -> None:
        """From its place in the window to that in the message."""
        if finding.path == "$" and finding.rule is not BOMB:
            finding.start += self._kept_at
            finding.end += self._kept_at
            finding.start_char += self._chars
            finding.end_char += self._chars

    def _forget(self, until: int) -> None:
        kept = self._kept
        if until < len(kept):  # no character is cut in two
            for _ in range(3):
                until -= until > 0 and kept[until] & 0xC0 == 0x80
            until = self._whole_groups(until)
        if until <= 0:
            return
        self._chars += len(kept[:until].decode(errors="replace"))
        del kept[:until]
        self._kept_at += until
        self._known = {key for key in self._known if key[2] < 0 or key[2] >= self._kept_at}

    def _whole_groups(self, until: int) -> int:
        """Cut a run of base64 (or hex) between two groups of four, or its rest cannot be read."""
        head = bytes(self._kept[:until])
        begin = len(head.rstrip(_BASE64))
        if begin == until:
            self._run_at = None
            return until
        if begin or self._run_at is None:
            self._run_at = self._kept_at + begin
        return until - (self._kept_at + until - self._run_at) % 4


def _in_window(sighting: Sighting) -> tuple[int, int] | None:
    """The bytes of the window that hold it; None: it is not of a place (a rule of ``when``)."""
    view, start, end = sighting.view, sighting.start, sighting.end
    if view is None or sighting.detector == "when":
        return None
    while view.parent is not None and view.origin is not None:
        try:
            back = view.origin.back(view, [Edit(start, end, b"*" * (end - start), MAPPED)])
        except CannotRewrite:
            back = []
        view = view.parent
        start, end = (back[0].start, back[-1].end) if back else (0, len(view.data))
    return start, end
