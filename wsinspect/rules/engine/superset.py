"""RE2 regexes on UTF-8 text made regexes on single bytes, that match at least as much.

Owns: what becomes of each piece of a regex. Must not know: hyperscan's calls.

Why: hyperscan's UTF-8 mode is undefined on invalid UTF-8 (binary messages) and refuses common
patterns as too large. So it gets bytes only. Each regex is written twice:

* ``narrow`` for data that is ASCII only: there the two syntaxes can say the same, and what needs
  another character is left away;
* ``wide`` for any data: a class that has non-ASCII members (``.``, ``[^"]``, ``\\PN``) takes any
  bytes above 0x7f, and a counted repeat of one as many bytes as so many characters can have.

In both, classes and folded letters are spelt out (``\\s`` and ``\\v`` mean other things to
hyperscan); laziness is dropped; ``^ $ \\A \\z`` become the edges of *lines*, so that messages
joined by line breaks can be scanned as one block; and a repeat at the very end is cut to its least
(``token=\\w{20,}`` to ``token=\\w{20}``), or else each further character would be reported. RE2
decides about what is found.

RE2 itself gets ``exact``, where under ``(?i)`` the letters k and s, alone or in a class of ASCII
characters, do not stand for the Kelvin sign and the long s too: that alone would make half of all
regexes wide and large. Whoever writes a secret so is read by the view ``unicode`` (NFKC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from wsinspect.rules.engine.syntax import Piece, UnknownSyntaxError, read_pieces

__all__ = ["Form", "Superset", "UnknownSyntaxError", "widen"]

_MAX_EXACT_REPEAT: Final = 4
_MAX_COUNTED_REPEAT: Final = 64  # bytes; above it a wide class is repeated without a limit
_LONGEST_UTF8: Final = 4
_ABOVE: Final = r"\x80-\xff"
_NEVER: Final = f"[{_ABOVE}]"  # in ASCII data
_ONE_ABOVE: Final = r"[\xc2-\xf4][\x80-\xbf]{1,3}"


class Form(NamedTuple):
    narrow: str
    wide: str


class Superset(NamedTuple):
    """``exact``: what RE2 is to match. ``forms``: each looser than the one before, in case that
    hyperscan refuses it: as it is, with repeats that count to a few only, without edges too. Where
    ``exact`` matches, each does from the same begin, to the end of the shortest match at most.
    """

    exact: str
    forms: tuple[Form, ...]


def widen(regex: str) -> Superset:
    """Translate ``regex``, which RE2 has accepted. Raises: UnknownSyntaxError."""
    pieces, exact = read_pieces(regex)
    kept = _flatten(_trim(pieces))
    forms = [_form(kept)]
    rough = [_roughly(piece) for piece in kept]
    forms.append(_form(rough))
    forms.append(_form([piece for piece in rough if piece.kind != "edge"]))
    return Superset(exact, tuple(dict.fromkeys(forms)))


def _trim(pieces: Sequence[Piece]) -> list[Piece]:
    """Cut the repeats at the end to their least."""
    kept = list(pieces)
    at = len(kept) - 1
    while at >= 0:
        piece = kept[at]
        if piece.kind in ("bar", "edge"):
            break
        if piece.low != piece.high:
            if piece.low == 0:
                begin = _opening(kept, at) if piece.kind == "close" else at
                del kept[begin : at + 1]
                at = begin - 1
                continue
            kept[at] = piece = replace(piece, high=piece.low)
        if piece.low != 1 or piece.kind in ("literal", "chars"):
            break
        at -= 1  # into a group that is there once, at its end; or out at its begin
    return kept


def _opening(pieces: Sequence[Piece], close: int) -> int:
    """Where the group begins that ends at ``close``."""
    depth = 0
    for at in range(close, -1, -1):
        kind = pieces[at].kind
        depth += (kind == "close") - (kind == "open")
        if depth == 0:
            return at
    raise UnknownSyntaxError("a parenthesis")


def _roughly(piece: Piece) -> Piece:
    if piece.high is None or piece.high <= _MAX_EXACT_REPEAT:
        return piece
    return replace(piece, low=min(piece.low, _MAX_EXACT_REPEAT), high=None)


def _flatten(pieces: Sequence[Piece]) -> list[Piece]:
    """Groups of one piece, as ``(?s:.){0,200}``, without their parentheses: they are smaller."""
    kept: list[Piece] = []
    for piece in pieces:
        kept.append(piece)
        if piece.kind == "close" and len(kept) > 2 and kept[-3].kind == "open":
            inner = kept[-2]
            if inner.kind in ("chars", "literal") and inner.low == inner.high == 1:
                kept[-3:] = [replace(inner, low=piece.low, high=piece.high)]
    return kept


def _without_non_ascii(pieces: Sequence[Piece]) -> list[Piece] | None:
    """Without the alternatives that cannot match ASCII data; None if nothing can."""
    groups: list[list[list[Piece] | None]] = [[[]]]  # of open groups: their alternatives
    for piece in pieces:
        branches = groups[-1]
        last = branches[-1]
        if piece.kind == "open":
            groups.append([[]])
        elif piece.kind == "bar":
            branches.append([])
        elif piece.kind == "close":
            inner = _joined(groups.pop())
            outer = groups[-1][-1]
            if inner is not None and outer is not None:
                outer += [Piece("open"), *inner, piece]
            elif piece.low:
                groups[-1][-1] = None
        elif piece.kind == "edge" or _can_be_ascii(piece):
            if last is not None:
                last.append(piece)
        elif piece.low:
            branches[-1] = None
    return _joined(groups[0])


def _joined(branches: Sequence[list[Piece] | None]) -> list[Piece] | None:
    alive = [branch for branch in branches if branch is not None]
    if not alive:
        return None
    joined = alive[0]
    for branch in alive[1:]:
        joined = [*joined, Piece("bar"), *branch]
    return joined


def _can_be_ascii(piece: Piece) -> bool:
    return bool(piece.text) and not piece.text.startswith("(?:\\x")


def _form(pieces: Sequence[Piece]) -> Form:
    ascii_only = _without_non_ascii(pieces)
    narrow = _NEVER if ascii_only is None else "".join(map(_narrow, ascii_only))
    return Form(narrow, "".join(map(_wide, pieces)))


def _narrow(piece: Piece) -> str:
    repeat = _counted(piece.low, piece.high)
    match piece.kind:
        case "open":
            return "(?:"
        case "close":
            return ")" + repeat
        case "bar":
            return "|"
        case "edge":
            return piece.text
        case "literal":
            return piece.text + repeat
        case "chars":
            return f"[{piece.text}]{repeat}"


def _wide(piece: Piece) -> str:
    if piece.kind != "chars" or not piece.above:
        return _narrow(piece)
    low, high = piece.low, piece.high
    if high is not None and high <= _MAX_EXACT_REPEAT:
        one = f"(?:[{piece.text}]|{_ONE_ABOVE})" if piece.text else f"(?:{_ONE_ABOVE})"
        return one + _counted(low, high)
    most = None if high is None else high * _LONGEST_UTF8
    if most is not None and most > _MAX_COUNTED_REPEAT:
        most = None
    return f"[{piece.text}{_ABOVE}]" + _counted(low, most)


def _counted(low: int, high: int | None) -> str:
    match low, high:
        case 1, 1:
            return ""
        case 0, 1:
            return "?"
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case _, None:
            return f"{{{low},}}"
        case _:
            return f"{{{low}}}" if low == high else f"{{{low},{high}}}"
