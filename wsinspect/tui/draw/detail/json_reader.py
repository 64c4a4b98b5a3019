"""JSON (RFC 8259) into a tree, as far as it goes: what is cut or broken is marked, not refused.

No recursion, so depth costs nothing. Several documents one after the other (lines, SignalR's
0x1E) and a short prefix (`42/chat,` of Socket.IO) are read, too.
"""

import re

from wsinspect.tui.draw.detail.tree import CONTAINERS, CUT_SAY, DEPTH_MAX, NODES_MAX, Kind, Tree

_SPACE = re.compile(r"[ \t\r\n\x1e]*")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")
_WORD = re.compile(r"[a-zA-Z]+")
_PREFIX = re.compile(r"[0-9]{1,4}(?:-)?(?:/[^,\[{]{0,64},)?[0-9]{0,9}(?=[\[{])")
_SKIPPED = re.compile(r'[^"{}\[\]]*+')
_WORDS = ("true", "false", "null")
_VALUE_SHOWN = 4096  # characters of one value that are kept in the tree
_NEAR = 24  # characters shown of what is no JSON
_ROOTS_MAX = 500
_SKIP_STEPS = 100_000  # brackets and strings passed over beyond DEPTH_MAX


def read_json(text: str, whole: bool = True) -> Tree | None:
    """The tree of `text`; None if it does not begin like JSON. `whole`: there is no more of it."""
    tree = Tree("JSON")
    at = _space(text, 0)
    prefix = _PREFIX.match(text, at)
    if prefix is not None:
        tree.add(Kind.NOTE, -1, None, f"{prefix[0]}  (before the JSON)")
        at = prefix.end()
    if at >= len(text) or not _begins(text, at):
        return None
    reader = _Reader(tree, text, whole)
    roots = 0
    while at < len(text):
        at = reader.value(at)
        roots += 1
        if reader.stopped:
            break
        at = _space(text, at)
        if roots >= _ROOTS_MAX and at < len(text):
            tree.add(Kind.NOTE, -1, None, f"and more after {roots} documents")
            break
        if at < len(text) and not _begins(text, at):
            reader.stop(at, "no JSON from here")
            break
    if roots == 1 and reader.stopped and len(tree.nodes) <= 2 and not prefix:
        first = tree.nodes[0].kind
        if first not in CONTAINERS and first is not Kind.STRING:
            return None  # `12:30 Uhr` begins like a number, and is none
    return tree.opened()


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _begins(text: str, at: int) -> bool:
    if text[at] in '{["' or _NUMBER.match(text, at):
        return True
    word = _WORD.match(text, at)
    if word is None:
        return False
    return any(name == word[0] for name in _WORDS)


class _Reader:
    """The state of one read: open containers, and whether it stopped."""

    def __init__(self, tree: Tree, text: str, whole: bool) -> None:
        self.tree = tree
        self.text = text
        self.whole = whole
        self.stopped = False
        self.open: list[int] = []

    def stop(self, at: int, say: str = "") -> None:
        """Mark where it ends early."""
        if self.stopped:
            return
        self.stopped = True
        parent = self.open[-1] if self.open else -1
        if not say:
            say = "ends here, unfinished" if self.whole else CUT_SAY
        elif at < len(self.text):
            rest = self.text[at : at + _NEAR]
            say = f"{say}: {rest}{'…' if at + _NEAR < len(self.text) else ''}"
        self.tree.add(Kind.CUT, parent, None, say)
        for place in self.open:
            self.tree.close(place, whole=False)

    def value(self, at: int) -> int:
        """Read one document from `at`; the place behind it."""
        text, tree = self.text, self.tree
        self.open = []
        key: str | None = None
        while not self.stopped:
            at = _space(text, at)
            if at >= len(text):
                self.stop(at)
                break
            if tree.full:
                self.stop(at, f"the tree stops after {NODES_MAX:,} nodes")
                break
            char = text[at]
            parent = self.open[-1] if self.open else -1
            in_object = parent >= 0 and tree.nodes[parent].kind is Kind.OBJECT
            if parent >= 0 and char == ("}" if in_object else "]"):
                tree.close(parent)
                self.open.pop()
                at += 1
            elif in_object and key is None:
                key, at = self._key(at)
                continue
            else:
                at, opened = self._one(at, parent, key)
                key = None
                if opened:
                    continue
            if not self.open:
                return at
            at = self._comma(at)
        return at

    def _key(self, at: int) -> tuple[str | None, int]:
        """A member's name and its colon."""
        match = _STRING.match(self.text, at)
        if match is None:
            self.stop(at, "a name was expected")
            return None, at
        if not match[1]:
            self.stop(len(self.text))
            return None, len(self.text)
        at = _space(self.text, match.end())
        if at >= len(self.text):
            self.stop(at)
        elif self.text[at] != ":":
            self.stop(at, "a colon was expected")
        return decoded(match[0]), at + 1

    def _comma(self, at: int) -> int:
        at = _space(self.text, at)
        if self.stopped:
            return at
        if at >= len(self.text):
            self.stop(at)
            return at
        if self.text[at] == ",":
            return at + 1
        if self.text[at] not in "]}":
            self.stop(at, "a comma was expected")
        return at

    def _one(self, at: int, parent: int, key: str | None) -> tuple[int, bool]:
        """A value; whether it is a container that stays open."""
        text, tree = self.text, self.tree
        step = self._step(parent, key)
        char = text[at]
        if char in "{[":
            kind = Kind.OBJECT if char == "{" else Kind.ARRAY
            place = tree.add(kind, parent, step)
            if len(self.open) >= DEPTH_MAX:
                end = self._skip(at)
                if end < 0:
                    tree.close(place)
                    self.stop(len(text), f"the tree stops: deeper than {DEPTH_MAX} levels")
                    return len(text), False
                say = f"{end - at:,} characters deeper than {DEPTH_MAX} levels"
                tree.add(Kind.NOTE, place, None, say)
                tree.close(place)
                return end, False
            self.open.append(place)
            return at + 1, True
        if char == '"':
            match = _STRING.match(text, at)
            if match is None:  # cannot be: it begins with a quote
                return at + 1, False
            tree.add(Kind.STRING, parent, step, decoded(match[0]))
            if not match[1]:
                self.stop(len(text))
            return match.end(), False
        number = _NUMBER.match(text, at)
        if number is not None:
            tree.add(Kind.NUMBER, parent, step, number[0][:_VALUE_SHOWN])
            return number.end(), False
        word = _WORD.match(text, at)
        if word is not None and any(
            name == word[0] or (name.startswith(word[0]) and word.end() == len(text))
            for name in _WORDS
        ):
            tree.add(Kind.WORD, parent, step, word[0])
            return word.end(), False
        cut = char == "-" and at + 1 == len(text)
        self.stop(at, "" if cut else "no JSON from here")
        return at, False

    def _step(self, parent: int, key: str | None) -> str | int | None:
        if key is not None:
            return key
        return self.tree.nodes[parent].count if parent >= 0 else None

    def _skip(self, at: int) -> int:
        """Behind the container that begins at `at`, whatever is in it; -1 if that takes long."""
        text, depth = self.text, 0
        for _ in range(_SKIP_STEPS):
            if at >= len(text):
                return at
            char = text[at]
            if char == '"':
                match = _STRING.match(text, at)
                at = match.end() if match else at + 1
                continue
            if char in "{[":
                depth += 1
            elif char in "}]":
                depth -= 1
                if not depth:
                    return at + 1
            match = _SKIPPED.match(text, at + 1)
            at = match.end() if match else at + 1
        return -1


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def decoded(token: str) -> str:
    """A string token without its quotes, escapes read; also one that is cut or has bad escapes."""
    token = token[: _VALUE_SHOWN + 1]
    body = token[1:-1] if len(token) > 1 and token.endswith('"') else token[1:]
    if "\\" not in body:
        return body

    def read(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return _ESCAPES.get(match[2], match[2])

    text = _ESCAPE.sub(read, body)
    # two escapes may make one character: pairs of surrogates
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
