"""Where a find is: the view that says most about it, its path, its offsets.

Owns: naming one place once, however many views show it. Must not know: rules\' actions.
"""

from __future__ import annotations

from wsinspect.rules.actions.forms import mask, masked_form
from wsinspect.rules.detect.pattern import Match
from wsinspect.rules.finding import Finding, Sighting
from wsinspect.rules.language.ast import Rule
from wsinspect.rules.ruleset import CompiledRule
from wsinspect.rules.views.expansion import Expansion
from wsinspect.rules.views.view import MAPPED, CannotRewrite, Edit, View, hidden_ids

__all__ = ["Locator", "make_finding"]

_MASKED_LEN = 64


class Locator:
    """For one message."""

    __slots__ = (
        "_allowed",
        "_ascii",
        "_chars",
        "_hidden",
        "_paths",
        "_seen",
        "_selected",
        "expansion",
        "keys",
    )

    def __init__(self, expansion: Expansion) -> None:
        self.expansion = expansion
        self.keys: set[View] = set()  # where secrets are: keys among them do not show in paths
        self._seen: set[tuple[int, int, int, int, int]] = set()
        self._allowed: dict[tuple[int, int], bool] = {}
        self._selected: dict[str, set[int]] = {}
        self._chars: dict[int, tuple[int, int]] = {}  # view -> bytes, characters before them
        self._ascii: dict[int, bool] = {}
        self._hidden: frozenset[int] | None = None
        self._paths: dict[int, str] = {}

    def place(self, view: View, start: int, end: int) -> tuple[View, int, int]:
        """The same bytes where they stand closest to the message, but named by their leaf."""
        secret = view.data[start:end]
        while view.parent is not None and view.origin is not None:
            try:
                back = view.origin.back(view, [Edit(start, end, b"", MAPPED)])
            except CannotRewrite:
                break
            if len(back) != 1 or view.parent.data[back[0].start : back[0].end] != secret:
                break
            view, start, end = view.parent, back[0].start, back[0].end
        return self.expansion.leaf_at(view, start, end) or (view, start, end)

    def is_new(self, one: CompiledRule, match: Match, placed: tuple[View, int, int]) -> bool:
        view, start, end = placed
        key = (one.order, match.pattern, id(view), start, end)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def allows(self, one: CompiledRule, view: View | None) -> bool:
        """Whether the rule looks into such a view: by its ``decode``, by its ``json``."""
        key = (one.order, id(view))
        allowed = self._allowed.get(key)
        if allowed is None:
            allowed = self._allowed[key] = self._looks_into(one, view)
        return allowed

    def _looks_into(self, one: CompiledRule, view: View | None) -> bool:
        find = one.rule.find
        selected = None if find is None or find.json is None else self._leaves(find.json)
        if view is None:
            return selected is None
        found = selected is None
        while view.parent is not None and view.origin is not None:
            found = found or (selected is not None and id(view) in selected)
            kind = view.origin.step(view, ()).partition(":")[0]
            # The leaf of a rule for certain leaves is no matter of decoding.
            if kind and kind not in one.rule.decode and not (kind == "json" and selected):
                return kind == "json" and _as_it_stands(view) and found
            view = view.parent
        return found

    def _leaves(self, json_path: str) -> set[int]:
        selected = self._selected.get(json_path)
        if selected is None:
            views = [
                leaf
                for view in self.expansion.views
                for leaf in self.expansion.leaves(view, json_path)
            ]
            selected = self._selected[json_path] = {id(view) for view in views}
        return selected

    def view_at(self, path: str) -> View | None:
        """The view of a stream\'s path: ``$`` or a leaf of the message\'s JSON."""
        root = self.expansion.root
        if path == "$":
            return root
        try:
            leaves = self.expansion.leaves(root, path.removeprefix("json:"))
        except ValueError:
            return None
        return next((leaf for leaf in leaves if leaf.path == path), None)

    def chars(self, view: View, at: int) -> int:
        """How many characters are before a byte of a view. Cheap for growing offsets."""
        name = id(view)
        plain = self._ascii.get(name)
        if plain is None:
            plain = self._ascii[name] = not view.text or view.data.isascii()
        if plain:
            return at
        byte, char = self._chars.get(name, (0, 0))
        if at < byte:
            byte = char = 0
        char += len(view.data[byte:at].decode(errors="replace"))
        self._chars[name] = (at, char)
        return char

    def path(self, view: View) -> str:
        """Its path, once all that is in ``keys`` is known."""
        path = self._paths.get(id(view))
        if path is None:
            if self._hidden is None:
                self._hidden = hidden_ids(self.keys)
            path = self._paths[id(view)] = view.path_without(self._hidden)
        return path


def _as_it_stands(view: View) -> bool:
    """A leaf without escapes: what was found in it stands in the message so, decoded or not."""
    return view.parent is not None and view.data in view.parent.data


def make_finding(sighting: Sighting, locator: Locator, fingerprint: str | None) -> Finding:
    """The finding of a sighting, masked. No ``fingerprint``: there are many, in brief then."""
    view = sighting.view
    rule = sighting.rule.rule
    start, end = sighting.start, sighting.end
    text = view is None or view.text
    start_char = start if view is None else locator.chars(view, start)
    end_char = end if view is None else locator.chars(view, end)
    path = sighting.path or "$"
    if view is not None:
        path = locator.path(view)
    elif any(key.data and key.data in path.encode() for key in locator.keys):
        path = "json:$"
    masked = "" if fingerprint is None else _masked(sighting.secret, rule)
    length = end_char - start_char if text else end - start
    return Finding(
        rule, sighting.detector, path, start, end, start_char, end_char, text, length,
        masked, fingerprint or "",
    )  # fmt: skip


def _masked(secret: bytes, rule: Rule) -> str:
    keep = next((act for act in rule.acts if act.kind == "mask"), None)
    if keep is not None and len(secret) <= _MASKED_LEN:
        return mask(secret.decode(errors="replace"), keep.keep_first, keep.keep_last)
    return masked_form(secret)
