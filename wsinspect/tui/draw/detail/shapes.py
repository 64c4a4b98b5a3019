"""When two messages are of one shape, and what differs between two trees. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.wire import Frame
from wsinspect.tui.draw.detail.pages import tree_of
from wsinspect.tui.draw.detail.subject import Content, Subject, content_of
from wsinspect.tui.draw.detail.tree import CONTAINERS, Kind, Tree

#: Keys whose value tells one kind of message from another, in many application protocols.
_TELLING = frozenset({"type", "event", "op", "action", "method", "cmd", "command", "topic", "kind"})
_KEYS_MAX = 200


def content_alone(entry: Message | Frame) -> Content | None:
    """An entry's content, without anything that was fetched later."""
    return content_of(Subject(None, entry, 0))


def same_shape(a: Message | Frame, b: Message | Frame) -> bool:
    """Whether two entries are the same kind of message, so that a comparison says something.

    The same direction and opcode; of documents also the same keys at the top, and the same values
    of those that tell kinds apart (`type`, `event` …).
    """
    if (a.direction, a.opcode) != (b.direction, b.opcode):
        return False
    return _shape(a) == _shape(b)


def _shape(entry: Message | Frame) -> object:
    content = content_alone(entry)
    tree = None if content is None else tree_of(content)
    if tree is None:
        return None
    top: list[object] = [tree.name]
    for place in _top(tree):
        node = tree.nodes[place]
        told: str | None = None
        if node.kind is Kind.STRING and (node.step in _TELLING or isinstance(node.step, int)):
            told = node.text if node.step in _TELLING or node.step == 0 else None
        top.append((node.step, told))
        if len(top) > _KEYS_MAX:
            break
    root = tree.nodes[0]
    members = sorted(top[1:], key=repr) if root.kind is Kind.OBJECT else top[1:3]
    return root.kind, top[0], members


def _top(tree: Tree) -> Iterator[int]:
    """Places of the first document's members."""
    root = next((i for i, node in enumerate(tree.nodes) if node.kind is not Kind.NOTE), None)
    if root is None:
        return
    place = root + 1
    while place < tree.nodes[root].after:
        if tree.nodes[place].kind is not Kind.CUT:
            yield place
        place = tree.nodes[place].after


@dataclass(frozen=True, slots=True)
class Difference:
    """A path with its value on each side; None where it is not."""

    path: str
    a: str | None
    b: str | None


def differences(a: Tree, b: Tree) -> tuple[list[Difference], int]:
    """What differs, in the order of `a`, then what only `b` has; and how many leaves are equal."""
    ours, theirs = _leaves(a), _leaves(b)
    found: list[Difference] = []
    equal = 0
    for path, value in ours.items():
        other = theirs.get(path)
        if other == value:
            equal += 1
        else:
            found.append(Difference(path, value, other))
    found += [Difference(path, None, theirs[path]) for path in theirs if path not in ours]
    return found, equal


def _leaves(tree: Tree) -> dict[str, str]:
    """Every leaf's value by its path; empty containers are leaves, too."""
    leaves: dict[str, str] = {}
    for place, node in enumerate(tree.nodes):
        if node.kind in CONTAINERS:
            if node.after > place + 1:
                continue
            text = "{}" if node.kind is Kind.OBJECT else "[]"
        elif node.kind is Kind.STRING:
            text = f"“{node.text}”"
        elif node.kind in (Kind.CUT, Kind.NOTE):
            continue
        else:
            text = node.text
        path = tree.path(place)
        while path in leaves:  # a key that is there twice
            path += "′"
        leaves[path] = text
    return leaves
