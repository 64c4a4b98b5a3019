"""A message too large to be held whole, looked at in overlapping windows.

Owns: which bytes may leave, which are overwritten in place (their number has left in the frame\'s
header), when to stop. Must not know: frames, how bytes wait (``relay/holdback.py``).

A window is scanned as one message would be, but as text in pieces: what a document\'s structure
would tell is not known in the middle of it. What is found has at most :data:`OVERLAP` bytes.
Memory: one window, and the chunk that filled it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wsinspect.relay.policy import LargeVerdict
from wsinspect.rules.finding import BOMB, Finding, Inspection, Sighting
from wsinspect.rules.forming import form
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.plan import Scope
from wsinspect.rules.ruleset import CHANGING
from wsinspect.rules.views.view import MAPPED, CannotRewrite, Edit

__all__ = ["OVERLAP", "WINDOW", "LargeJudge"]

WINDOW: Final = 256 * 1024
OVERLAP: Final = 64 * 1024
_STAR: Final = b"*"


class LargeJudge:
    """For one message. ``found`` is told what each window showed, with places in the message."""

    def __init__(
        self,
        inspector: Inspector,
        scope: Scope,
        opcode: str,
        clock: Callable[[], int],
        found: Callable[[Inspection], None],
    ) -> None:
        self._inspector = inspector
        self._scope = scope
        self._opcode = opcode
        self._clock = clock
        self._found = found
        self._kept = bytearray()  # what may still be part of a find
        self._kept_at = 0  # its offset in the message
        self._chars = 0  # characters before it
        self._scanned = 0
        self._known: set[tuple[int, str, int]] = set()  # rule, detector, begin in the message

    def feed(self, content: bytes, *, last: bool) -> LargeVerdict:
        """The next bytes. Raises what the inspector raises."""
        self._kept += content
        end = self._kept_at + len(self._kept)
        if not last and end - self._scanned < WINDOW:
            return LargeVerdict(max(0, self._kept_at), [])
        self._scanned = end
        window = bytes(self._kept)
        inspector, scope = self._inspector, self._scope
        inspection, locator = inspector.look(scope, window, self._opcode, (), end)
        open_from = len(window)
        fresh: dict[Sighting, tuple[int, int] | None] = {}
        for sighting in inspection.sightings:
            span = _in_window(sighting)
            begin = -1
            if span is not None:
                begin = self._kept_at + span[0]
                if span[1] >= len(window) and not last and span[0] >= len(window) - OVERLAP:
                    open_from = min(open_from, span[0])  # it may go on
                    continue
            key = (sighting.rule.order, sighting.detector, begin)
            if key not in self._known:
                self._known.add(key)
                fresh[sighting] = span
        inspection.sightings = list(fresh)
        edits: list[tuple[int, bytes]] = []
        stop: tuple[int, str] | None = None
        if fresh or inspection.unreadable:
            inspector.decide(scope, inspection, locator, self._clock())
            if inspection.action == "redact":
                for sighting, span in fresh.items():
                    if span is not None and sighting.rule.enforced:
                        edits += self._overwrite(window, sighting, *span)
            for finding in inspection.findings:
                self._move(finding)
            self._found(inspection)
            if inspection.action == "close":
                stop = inspection.code, inspection.reason
            elif inspection.action == "block":
                stop = 1008, "policy"
        self._forget(min(open_from, len(window) - OVERLAP), last=last)
        safe = end if last else self._kept_at
        return LargeVerdict(safe, edits, stop, inspection.action == "block")

    def _overwrite(
        self, window: bytes, sighting: Sighting, start: int, stop: int
    ) -> list[tuple[int, bytes]]:
        """As many other bytes: the mask where it is as long, else stars."""
        one = sighting.rule
        act = next((act for act in one.rule.acts if act.kind in CHANGING), None)
        if act is None:
            return []
        old = window[start:stop]
        new = _STAR * len(old)
        if act.kind == "mask" and old == sighting.secret:
            masked = form(old, act, b"")
            new = masked if len(masked) == len(old) else new
        self._kept[start:stop] = new
        change = bytes(a ^ b for a, b in zip(old, new, strict=True))
        return [(self._kept_at + start, change)]

    def _move(self, finding: Finding) -> None:
        """From its place in the window to that in the message."""
        if finding.path == "$" and finding.rule is not BOMB:
            finding.start += self._kept_at
            finding.end += self._kept_at
            finding.start_char += self._chars
            finding.end_char += self._chars

    def _forget(self, until: int, *, last: bool) -> None:
        if last:
            until = len(self._kept)
        if until <= 0:
            return
        gone = bytes(self._kept[:until])
        self._chars += len(gone.decode(errors="ignore"))
        del self._kept[:until]
        self._kept_at += until
        self._known = {key for key in self._known if key[2] < 0 or key[2] >= self._kept_at}


def _in_window(sighting: Sighting) -> tuple[int, int] | None:
    """The bytes of the window that hold it; None: it is not of a place (a rule of ``when``)."""
    view, start, end = sighting.view, sighting.start, sighting.end
    if view is None or sighting.detector == "when":
        return None
    while view.parent is not None and view.origin is not None:
        try:
            back = view.origin.back(view, [Edit(start, end, b"*" * (end - start), MAPPED)])
        except CannotRewrite:
            return 0, len(view.parent.data)
        if not back:
            return 0, len(view.parent.data)
        view, start, end = view.parent, back[0].start, back[-1].end
    return start, end
