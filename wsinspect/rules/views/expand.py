"""From a message to its views: which ones can matter, made in order, within limits.

Owns: the work list, the limits, which decoder is tried on what. Must not know: how any encoding
works, detectors, rules.

The scan of a view's raw bytes tells what signs are in it, so most messages cost one look at a
number. A JSON text is taken apart only where a string in it has escapes: strings that have none
were scanned as they stand. What looks encoded is decoded first and its place named after,
because most of it turns out to be noise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from wsinspect.rules.detect.pattern import (
    SIGN_BASE64,
    SIGN_BROKEN,
    SIGN_COMPRESSED,
    SIGN_ESCAPE,
    SIGN_HEX,
    SIGN_HTML,
    SIGN_NON_ASCII,
    SIGN_NUL,
    SIGN_PARTS,
    SIGN_PERCENT,
    SIGN_SPELLED,
    SIGN_TURNED,
)
from wsinspect.rules.views import bodies, compressed, folding, mapped, recoded, utf16
from wsinspect.rules.views.broken import JOINS, NULS, TAGS, ends_with_nul
from wsinspect.rules.views.expansion import Expansion
from wsinspect.rules.views.joined import join_leaves
from wsinspect.rules.views.jsontext import (
    escaped_strings,
    is_document,
    json_leaves,
    json_start,
    make_leaf,
)
from wsinspect.rules.views.parts import numbered
from wsinspect.rules.views.places import Places
from wsinspect.rules.views.signs import IN_PLACE, TEXT_SIGNS
from wsinspect.rules.views.spelled import QUOTED, is_quoted, spelled
from wsinspect.rules.views.turned import TurnedView, turned
from wsinspect.rules.views.view import LIMITS, Leaves, Limits, Origin, View, is_text

__all__ = ["DECODE_NAMES", "expand"]

DECODE_NAMES: Final = frozenset(
    {
        "json",
        "base64",
        "url",
        "unicode",
        "html",
        "hex",
        "gzip",
        "utf16",
        "msgpack",
        "cbor",
        "protobuf",
    }
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST_CHANCE: Final = 8192
_MANY_LEAVES: Final = 8  # more escaped strings than this are scanned as one view


def expand(
    payload: bytes,
    *,
    text: bool,
    decode: frozenset[str],
    signs: Callable[[bytes], int],
    limits: Limits = LIMITS,
    all_leaves: bool = False,
) -> Expansion:
    """All views of a message that can matter, itself first.

    ``signs`` is called exactly once for each view, in the order of ``Expansion.views``.
    ``all_leaves``: every leaf of a document is a view, for patterns that mean the begin or end of
    a value. Never raises.
    """
    text = text and is_text(payload)
    root = View(payload, text=text)
    mask = signs(payload)
    views = [root]
    if not decode or (not mask and text and not all_leaves and b"+" not in payload):
        return Expansion(views, None, json="json" in decode)
    work = _Work(views, decode, limits, all_leaves)
    work.look(root, mask)
    at = 1
    while at < len(views):
        view = views[at]
        work.look(view, signs(view.data))
        at += 1
    return Expansion(views, work.bomb, json="json" in decode, twins=work.twins)


class _Work:
    """One expansion under way."""

    __slots__ = (
        "all_leaves",
        "bomb",
        "budget",
        "decode",
        "limits",
        "listed",
        "seen",
        "spans",
        "twins",
        "views",
    )

    def __init__(
        self, views: list[View], decode: frozenset[str], limits: Limits, all_leaves: bool
    ) -> None:
        self.views = views
        self.decode = decode
        self.limits = limits
        self.all_leaves = all_leaves
        self.bomb: str | None = None
        self.budget = limits.output(len(views[0].data))
        self.seen: dict[bytes, View] = {views[0].data: views[0]}
        self.twins: dict[View, list[View]] = {}
        self.listed: set[int] = {id(views[0])}
        self.spans: list[tuple[int, int]] = []  # of the strings with escapes in this view

    def add(self, view: View) -> bool:
        """Put a view on the list; False, and a bomb, where a limit forbids it."""
        if id(view) in self.listed:
            return True
        if not self.may_add(view):
            return False
        self.views.append(view)
        self.listed.add(id(view))
        return True

    def may_add(self, view: View) -> bool:
        """Whether no limit forbids it; then it is paid for. Else a bomb."""
        limit = ""
        if view.depth > self.limits.depth:
            limit = "depth"
        elif len(self.views) >= self.limits.views:
            limit = "views"
        elif len(view.data) > self.budget:
            limit = "output"
        if limit:
            self.bomb = self.bomb or limit
            return False
        self.budget -= len(view.data)
        return True

    def derive(
        self, parent: View, data: bytes, origin: Origin, *, text: bool | None = None
    ) -> None:
        """A view of something that was decoded. The same bytes are looked at once."""
        if not data:
            return
        first = self.seen.get(data)
        if first is not None:
            twin = View(data, text=first.text, parent=parent, origin=origin)
            if first is not self.views[0] and self.may_add(twin):
                self.twins.setdefault(first, []).append(twin)
            return
        text = is_text(data) if text is None else text
        view = self.seen[data] = View(data, text=text, parent=parent, origin=origin)
        self.add(view)

    def look(self, view: View, mask: int) -> None:
        """Put on the list what comes out of this view."""
        decode = self.decode
        self.spans = []
        # A short binary body may be valid UTF-8 by chance; what was encoded is likely to be one.
        recoded_text = (
            view.text
            and isinstance(view.origin, recoded.RecodedView)
            and len(view.data) <= _LONGEST_CHANCE
        )
        if (not view.text or recoded_text) and self._binary(view, mask):
            return
        if mask & SIGN_NUL and view.text and "utf16" in decode and self._utf16(view):
            return
        document = False
        if "json" in decode and (mask or self.all_leaves):
            document = self._document(view, mask)
        if mask & TEXT_SIGNS or b"+" in view.data:
            if isinstance(view.leaves, Leaves) or document:
                self._in_leaves(view, mask)
            else:
                self._mapped(view, mask)
                self._runs(view, mask, None)
        if mask & SIGN_ESCAPE and not document and "unicode" in decode:
            self._map(view, mapped.BACKSLASH)
        if mask & SIGN_PARTS and "json" in decode:
            for data, origin in numbered(view.data):
                self.derive(view, data, origin)

    # Documents: JSON, and what was rendered like it.

    def _document(self, view: View, mask: int) -> bool:
        """Whether the view is a JSON text. Its strings with escapes are put on the list."""
        if isinstance(view.leaves, Leaves):
            return True  # known already: joined leaves, or a structured body
        start = json_start(view)
        if start < 0:
            return False
        if self.all_leaves:
            leaves = json_leaves(view)
            if leaves is None:
                return False
            for index in range(len(leaves.starts)):
                if not self.add(leaves.leaf(index)):
                    break
            return not leaves.cut
        if not mask & SIGN_ESCAPE:
            return True
        whole = is_document(view.data, start)
        if not whole:
            leaves = json_leaves(view)
            if leaves is None:
                return False
            whole = not leaves.cut
        self.spans = spans = list(escaped_strings(view.data, start))
        if len(spans) <= _MANY_LEAVES:
            for begin, end in spans:
                self.add(make_leaf(view, begin, end, True))
            return whole
        joined, alone = join_leaves(view, spans)
        for leaf in alone:
            if not self.add(leaf):
                return whole
        if joined is not None:
            self.add(joined)
        return whole

    def _in_leaves(self, view: View, mask: int) -> None:
        """Decoders on a document: on the leaves that they concern, not across them."""
        places = Places(view)
        done: set[int] = set()
        if mask & SIGN_BASE64 and b"&" in view.data:
            mask |= SIGN_PERCENT  # fields of a form that need no escapes
        for name, escapes, sign in IN_PLACE:
            if mask & sign and name in self.decode:
                at = 0
                while (found := escapes.search(view.data, at)) is not None:
                    owner, at = places.owner(found.start(), found.end())
                    if owner is not None and id(owner) not in done:
                        done.add(id(owner))
                        self._mapped(owner, mask)
        if mask & SIGN_NON_ASCII and "unicode" in self.decode and view.text:
            for start, end in folding.places(view.data):
                owner, _ = places.owner(start, end)
                if owner is not None and id(owner) not in done:
                    done.add(id(owner))
                    self._mapped(owner, mask)
        self._runs(view, mask, places)

    # Text: escapes and runs.

    def _mapped(self, view: View, mask: int) -> None:
        decode, data = self.decode, view.data
        plain = True
        if "url" in decode and (
            mask & SIGN_PERCENT or b"+" in data or (mask & SIGN_BASE64 and b"&" in data)
        ):
            plain = not self._map(view, mapped.URL)
        if mask & (SIGN_HTML | SIGN_BROKEN) and "html" in decode:
            kind = TAGS if mask & SIGN_BROKEN and b"<" in data else mapped.HTML
            plain = not self._map(view, kind) and plain
        # After the others: in every order, they would be twice as many views.
        if plain and mask & SIGN_SPELLED and "hex" in decode and is_quoted(data):
            self._map(view, QUOTED)
        if "unicode" not in decode:
            return
        if mask & SIGN_NON_ASCII and view.text:
            folded = folding.fold(data)
            if folded is not None:
                self.derive(view, folded, folding.FoldedView(), text=True)
        if mask & SIGN_BROKEN:
            self._map(view, JOINS)
        if mask & SIGN_NUL and ends_with_nul(data):
            self._map(view, NULS)
        if mask & SIGN_TURNED and not isinstance(view.origin, TurnedView):
            for turned_data, origin in turned(data):
                self.derive(view, turned_data, origin)

    def _map(self, view: View, kind: mapped.Kind) -> bool:
        kind, data = mapped.unescaped(kind, view.data)
        if data == view.data:
            return False
        self.derive(view, data, mapped.MappedView(kind))
        return True

    def _runs(self, view: View, mask: int, places: Places | None) -> None:
        base64 = bool(mask & SIGN_BASE64) and "base64" in self.decode
        # A prefix is what most hex that is not just hex has.
        hexed = bool(mask & (SIGN_HEX | SIGN_BASE64)) and "hex" in self.decode
        data = view.data
        if base64 or hexed:
            done = 0
            for start, end in (*self.spans, (len(data), 0)):  # with escapes: views already
                for run in recoded.runs(
                    data,
                    base64=base64,
                    hexed=hexed,
                    structured=self._is_structured,
                    start=done,
                    stop=start,
                ):
                    self._run(view, run, places)
                done = end
        if mask & SIGN_SPELLED and "hex" in self.decode:
            for run in spelled(data):
                self._run(view, run, places)

    def _run(self, view: View, run: recoded.Run, places: Places | None) -> None:
        owner, shift = view, 0
        if places is not None:
            found, _ = places.owner(run.start, run.end)
            if found is None:
                return
            owner, shift = found, places.shift
        origin = recoded.RecodedView(run.name, run.start - shift, run.end - shift, run.encode)
        self.derive(owner, run.data, origin)

    # Binary bodies.

    def _is_structured(self, data: bytes, whole: bool) -> bool:
        return bodies.is_body(data, self.decode, self.limits.elements, whole=whole)

    def _utf16(self, view: View) -> bool:
        found = utf16.decode(view.data)
        if found is None:
            return False
        data, origin = found
        self.derive(view, data, origin, text=True)
        return True

    def _binary(self, view: View, mask: int) -> bool:
        """Whether the view turned out to be some binary body."""
        data = view.data
        if _CONTROL.search(data) is None and is_text(data):
            return False
        decode = self.decode
        magic = -1
        if "gzip" in decode and mask & SIGN_COMPRESSED:
            magic = compressed.find_magic(data)
            if magic == 0 and self._inflated(view, 0):
                return True
        if "utf16" in decode and self._utf16(view):
            return True
        body, over = bodies.read(view, decode, self.limits.elements)
        if over:
            self.bomb = self.bomb or "elements"
        if body is not None:
            for leaf in body.views:
                if not self.add(leaf):
                    break
            if self.all_leaves:
                for index in range(len(body.leaves.starts)):
                    if not self.add(body.leaves.leaf(index)):
                        break
            # Any text is some protobuf message by chance: then it is looked at as text, too.
            return not is_text(data)
        if magic > 0 and self._inflated(view, magic):  # behind a header of the application's own
            return True
        return "gzip" in decode and not is_text(data) and self._inflated(view, -1)

    def _inflated(self, view: View, start: int) -> bool:
        """``start`` -1: it has no magic."""
        limit = self.budget
        found = (
            compressed.inflate_unmarked(view.data, limit, recoded.plausible_head)
            if start < 0
            else compressed.inflate(view.data, start, limit)
        )
        if found is None or (start > 0 and not found.whole and not found.over):
            return False  # a magic by chance, as like as not
        data = found.data
        if found.over:
            self.bomb = self.bomb or "output"
            data = data[: self.limits.kept(len(self.views[0].data))]
        # What stands before it may tell its length, so such a body cannot be written anew.
        encode = found.encode if start <= 0 and found.end == len(view.data) else None
        origin = recoded.RecodedView("gzip", max(start, 0), found.end, encode)
        view.leaves = None  # whatever its bytes look like by chance
        view.sealed = True
        inner = View(data, text=is_text(data), parent=view, origin=origin, whole=found.whole)
        return self.add(inner)
