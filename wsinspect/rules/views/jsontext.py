"""JSON texts and their leaves, with their places in the bytes.

Owns: finding JSON in a view (bare, one a line, behind the prefixes of Socket.IO, SockJS, SignalR,
server-sent events), the walk over its tokens, and paths. Must not
know: which views are made of it, and when.

The walk is one regex over the bytes and a loop without recursion, so any depth is fine. It is as
tolerant as readers are, or more: commas are not counted, control characters in strings are let
pass, unknown escapes stand for their character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import override

import msgspec

from wsinspect.rules.views.jsonescape import escape, escape_pieces, unescape
from wsinspect.rules.views.view import (
    MAPPED,
    RECODED,
    Edit,
    Leaves,
    Origin,
    View,
    apply_edits,
    is_text,
    map_back,
    map_forward,
)

__all__ = [
    "JsonLeaf",
    "JsonLeaves",
    "escaped_strings",
    "is_document",
    "json_leaves",
    "json_start",
    "make_leaf",
    "show_steps",
]

# What may stand before a document: Engine.IO and Socket.IO ("42", "451-/chat,7"), SockJS ("a",
# "m", "c"), server-sent events ("data: "), the guard against JSON hijacking, a byte order mark.
_PREFIX = (
    rb"(?:[0-9]{1,4}-?(?:/[^,\x22\[{\x00-\x20]{0,256}+,)?[0-9]{0,10}|[acm]|data:[ ]?"
    rb"|for[ ]?\(;;\);|while\(1\);|\)\]\}',?\n)?"
)
# What must follow a bracket, or else it is one in plain text ("[INFO] …").
_OPENING = rb"(?:\{(?=[ \t\r\n]*+(?:[\x22}]|\Z))|\[(?=[ \t\r\n]*+(?:[\x22\[{\]0-9tfnNI-]|\Z)))"
_AT_START = re.compile(rb"(?:\xef\xbb\xbf)?[\x00-\x20]*+" + _PREFIX + rb"(?=([\x22\[{]))")
_IS_OPENING = re.compile(_OPENING)
_ON_A_LINE = re.compile(rb"[\n\x1e\x00]" + _PREFIX + rb"(?=" + _OPENING + rb")")
_ANYWHERE = re.compile(rb"(?=[\[{][ \t\r\n]*+[\x22\[{])")
_LONE_STRING = re.compile(rb"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"[\x00-\x20]*+\Z", re.DOTALL)

_TOKEN = re.compile(
    rb"[ \t\r\n,:]*+(?:\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"([ \t\r\n]*+:)?"
    rb"|([{\[])|([}\]])|(-?[0-9][0-9.eE+-]*+|true|false|null|NaN|-?Infinity)|(.))",
    re.DOTALL,
)
_STRING, _KEY, _OPEN, _CLOSE, _BARE = 1, 2, 3, 4, 5
_ESCAPED_STRING = re.compile(
    rb"[^\"]*+(?:\"[^\"\\]*+\"[^\"]*+)*+\"([^\"\\]*+(?:\\.[^\"\\]*+)++)\"", re.DOTALL
)
_check = msgspec.json.Decoder(msgspec.Raw).decode
_MAX_FALSE_STARTS = 16
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_MAX_KEY_SHOWN = 64
_MAX_STEPS_SHOWN = 40


def json_start(view: View) -> int:
    """Where the first JSON document may begin; -1: nowhere. Only a guess, made in no time."""
    data = view.data
    found = _AT_START.match(data)
    if found is not None:
        at = found.end()
        if found[1] == b'"':
            if _LONE_STRING.match(data, at):
                return at
        elif _IS_OPENING.match(data, at):
            return at
    if b"{" not in data and b"[" not in data:
        return -1
    found = (_ON_A_LINE if view.text else _ANYWHERE).search(data)
    return -1 if found is None else found.end()


def is_document(data: bytes, start: int) -> bool:
    """Whether one JSON document, and no more, begins there. Quick; deep ones count as none."""
    try:
        _check(data[start:] if start else data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def escaped_strings(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Spans, without quotes, of the strings that have escapes. ``start`` is outside a string."""
    match = _ESCAPED_STRING.match
    found = match(data, start)
    while found is not None:
        yield found.span(1)
        found = match(data, found.end())


class JsonLeaf(Origin):
    """A string, key, number or literal of a JSON text; the span is without quotes."""

    __slots__ = ("bare", "end", "escaped", "start")

    def __init__(self, start: int, end: int, *, escaped: bool, bare: bool = False) -> None:
        self.start = start
        self.end = end
        self.escaped = escaped
        self.bare = bare

    @override
    def step(self, view: View, hidden: Collection[int]) -> str:
        leaves = None if view.parent is None else json_leaves(view.parent)
        if leaves is None:
            return "json:$"
        index = bisect_right(leaves.starts, self.start) - 1
        if index < 0 or leaves.starts[index] != self.start:
            return "json:$"  # a string behind what is no document after all
        # An empty string and what follows it never begin at the same byte: there is a quote.
        return "json:" + show_steps(leaves.steps(index, hidden), key=leaves.is_key(index))

    @override
    def back(self, view: View, edits: list[Edit]) -> list[Edit]:
        if self.bare:  # what is no number any more is a string
            new = b'"' + escape(apply_edits(view.data, edits)) + b'"'
            return [Edit(self.start, self.end, new, RECODED)]
        if not self.escaped:
            return [
                Edit(self.start + e.start, self.start + e.end, escape(e.new), max(e.rank, MAPPED))
                for e in edits
            ]
        assert view.parent is not None
        pieces = escape_pieces(view.parent.data[self.start : self.end])
        out: list[Edit] = []
        for edit in edits:
            start, end = map_back(pieces, edit.start, edit.end)
            out.append(
                Edit(self.start + start, self.start + end, escape(edit.new), max(edit.rank, MAPPED))
            )
        return out


class JsonLeaves(Leaves):
    """All leaves of all documents in a view, from one walk over its tokens.

    ``cut``: the data ends, or stops being JSON, in the middle of the last document.
    """

    __slots__ = ("_containers", "_escaped", "_keys", "_parents", "_refs", "cut", "documents")

    def __init__(self, view: View, start: int) -> None:
        self.view = view
        self.starts = []
        self.ends = []
        self.cut = False
        self.documents: list[tuple[int, int]] = []
        self._keys: list[bool] = []
        self._escaped: list[int] = []  # 0 clean, 1 escaped, 2 bare
        # Of each leaf, and of each container: the container that it is in (0: none), and where in
        # it: the index of the leaf that is its key, or ~(place in the array).
        self._parents: list[int] = []
        self._refs: list[int] = []
        self._containers: list[tuple[int, int]] = [(0, 0)]
        data = view.data
        next_start = _ON_A_LINE if view.text else _ANYWHERE
        false_starts = 0
        while start >= 0:
            leaves = len(self.starts)
            end, good = self._document(data, start)
            if good:
                self.documents.append((start, end))
            else:
                for column in (self.starts, self.ends, self._escaped, self._parents, self._refs):
                    del column[leaves:]
                del self._keys[leaves:]
                false_starts += 1
                if false_starts > _MAX_FALSE_STARTS:
                    break
            start = -1
            found = _AT_START.match(data, end) if good else None
            if found is not None and _IS_OPENING.match(data, found.end()):
                start = found.end()
            else:
                found = next_start.search(data, max(end - 1, 0) if view.text else end)
                if found is not None:
                    start = found.end()

    def _document(self, data: bytes, start: int) -> tuple[int, bool]:  # one loop: a hot path
        """Read one document. Returns where it ends, and whether it is one."""
        starts, ends, escaped = self.starts, self.ends, self._escaped
        parents, refs, keys = self._parents, self._refs, self._keys
        containers = self._containers
        container = 0
        in_array = False
        at = 0  # place in the array
        key = 0
        stack: list[tuple[int, bool, int]] = []
        first = len(starts)
        for found in _TOKEN.finditer(data, start):
            kind = found.lastindex
            if kind == _OPEN:
                stack.append((container, in_array, at + 1))
                containers.append((container, ~at if in_array else key))
                container = len(containers) - 1
                in_array = data[found.end() - 1] == 0x5B
                at = 0
                continue
            if kind == _CLOSE:
                if not stack or (data[found.end() - 1] == 0x5D) is not in_array:
                    return found.end(), False
                container, in_array, at = stack.pop()
            elif kind in (_STRING, _KEY):
                begin, end = found.span(1)
                if kind == _KEY and not in_array:
                    key = len(starts)
                    keys.append(True)
                    refs.append(0)
                else:
                    keys.append(False)
                    refs.append(~at if in_array else key)
                    at += 1
                starts.append(begin)
                ends.append(end)
                parents.append(container)
                escaped.append(1 if data.find(b"\\", begin, end) >= 0 else 0)
                if kind == _KEY:
                    continue
            elif kind == _BARE:
                begin, end = found.span(_BARE)
                starts.append(begin)
                ends.append(end)
                parents.append(container)
                escaped.append(2)
                keys.append(False)
                refs.append(~at if in_array else key)
                at += 1
            else:
                cut = data[found.end() - 1] == 0x22 and len(starts) > first
                self.cut = self.cut or cut
                return (len(data) if cut else found.end()), cut
            if not stack:
                return found.end(), True
        self.cut = True
        return len(data), len(starts) > first

    @override
    def is_key(self, index: int) -> bool:
        return self._keys[index]

    @override
    def leaf(self, index: int) -> View:
        kind = self._escaped[index]
        return make_leaf(self.view, self.starts[index], self.ends[index], kind == 1, kind == 2)

    @override
    def inward(self, index: int, start: int, end: int) -> tuple[int, int]:
        begin = self.starts[index]
        start, end = start - begin, end - begin
        if self._escaped[index] == 1:
            pieces = escape_pieces(self.view.data[begin : self.ends[index]])
            return map_forward(pieces, start, end)
        return start, end

    @override
    def outside(self, start: int, end: int) -> list[tuple[int, int]]:
        out: list[tuple[int, int]] = []
        for begin, stop in self.documents:
            if start < begin:
                out.append((start, min(end, begin)))
            start = max(start, stop)
            if start >= end:
                break
        if start < end:
            out.append((start, end))
        if self.cut and not out:  # no valid document that one could break
            last = self.documents[-1][0] if self.documents else 0
            after = max((e for e in self.ends[-1:]), default=last)
            if end > after:
                out.append((max(start, after), end))
        return [span for span in out if span[0] < span[1]]

    @override
    def steps(self, index: int, hidden: Collection[int]) -> list[str | int]:
        steps: list[str | int] = []
        container, ref = self._parents[index], self._refs[index]
        if not self._keys[index] and container:
            steps.append(self._name(ref, hidden))
        while container:
            container, ref = self._containers[container]
            if container:
                steps.append(self._name(ref, hidden))
        steps.reverse()
        return steps

    def _name(self, ref: int, hidden: Collection[int]) -> str | int:
        if ref < 0:
            return ~ref
        start, end = self.starts[ref], self.ends[ref]
        if hidden and self.view.made is not None:
            made = self.view.made.get(start)
            if made is not None and id(made) in hidden:
                return "*"
        raw = self.view.data[start:end]
        return (unescape(raw) if self._escaped[ref] else raw).decode(errors="replace")


def make_leaf(view: View, start: int, end: int, escaped: bool, bare: bool = False) -> View:
    """The leaf with this span as a view; the same one each time."""
    if view.made is None:
        view.made = {}
    leaf = view.made.get(start)
    if leaf is None:
        data = view.data[start:end]
        if escaped:
            data = unescape(data)
        leaf = view.made[start] = View(
            data,
            text=view.text or is_text(data),
            parent=view,
            origin=JsonLeaf(start, end, escaped=escaped, bare=bare),
        )
    return leaf


def json_leaves(view: View) -> JsonLeaves | None:
    """The leaves of a view that is JSON, else None. Walks over it once; then they are known."""
    leaves = view.leaves
    if leaves is False:
        start = json_start(view)
        leaves = JsonLeaves(view, start) if start >= 0 else None
        if leaves is not None and not leaves.documents:
            leaves = None
        view.leaves = leaves
    return leaves if isinstance(leaves, JsonLeaves) else None


def show_steps(steps: list[str | int], *, key: bool = False, plain: bool = False) -> str:
    """``$.a["we ird"][0]``. Bounded.

    ``key``: it is the name of a member, not its value. ``plain``: names need no quotes.
    """
    if len(steps) > _MAX_STEPS_SHOWN:
        half = _MAX_STEPS_SHOWN // 2
        steps = [*steps[:half], "…", *steps[-half:]]
    out = ["$"]
    for step in steps:
        if isinstance(step, int):
            out.append(f"[{step}]")
        elif step == "*" or step == "…" or plain or _IDENTIFIER.fullmatch(step):
            out.append("." + (step if len(step) <= _MAX_KEY_SHOWN else step[:_MAX_KEY_SHOWN] + "…"))
        else:
            short = step if len(step) <= _MAX_KEY_SHOWN else step[:_MAX_KEY_SHOWN] + "…"
            out.append("[" + msgspec.json.encode(short).decode() + "]")
    if key:
        out.append(".*~")
    return "".join(out)
