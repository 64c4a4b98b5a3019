"""Kinds of numbers, and the patterns that find them however they are written.

Owns: the regexes for all ways of writing a number of known length and groups. Must not know any
one kind of number.

Alignment is why there are several tight regexes and not one loose one: ``\\d(?:[ -]*\\d){15}``
begins at the year of ``2026-11-22 4111 1111 1111 1111`` and loses the card behind it. Cost is why
the compact form of a weak kind is only looked for behind its words: their letters are what the
scanner finds fast, while any digits at all would keep it, and its callback, busy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wsinspect.rules.detect.iban_form import is_inside_iban_like
from wsinspect.rules.detect.number_sieve import (
    FILLER,
    HIDDEN,
    LOOK,
    PLAIN,
    SEPARATOR,
    NumberHint,
    Sizes,
    coarser,
)
from wsinspect.rules.detect.pattern import Context, Pattern, Trigger
from wsinspect.rules.detect.shape import (
    MAX_FILLER,
    Form,
    Touch,
    Writing,
    is_called_an_id,
    is_named_otherwise,
    is_running,
    take_apart,
    touch,
)

__all__ = ["ALL_FORMS", "WRITTEN_FORMS", "Kind", "digits", "number_patterns"]

ALL_FORMS: Final = frozenset({Form.COMPACT, Form.GROUPED, Form.EVEN, Form.SPREAD})
WRITTEN_FORMS: Final = ALL_FORMS - {Form.COMPACT}

_LINE_BREAK: Final = r"[ \t]?\r?\n[ \t]?"
_DIGIT: Final = re.compile(r"\\d|\[[0-9-]+\]")  # an atom that stands for a digit


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of number.

    ``atoms``: a character class per character; ``layouts``: its usual groups; ``valid``: what its
    check digits and ranges say of the bare number, upper case.
    ``words``: regexes of what names it, in text and as a key; of short ones the edges count.
    ``bare``: forms in which it is found without a word; all others need one. ``usual``: separators
    with which the grouped form needs none. ``sizes``: other sizes of groups that are looked for.
    ``strong``: may be stuck to letters and to zeros, and looks like no running number.
    ``no_id``: not what is called an id, an order or the like, whatever word is about.
    """

    id: str
    say: str
    atoms: tuple[str, ...]
    layouts: tuple[tuple[int, ...], ...]
    valid: Callable[[str], bool]
    words: tuple[str, ...]
    bare: frozenset[str] = WRITTEN_FORMS
    usual: bytes = b" -./_|\t\r\n"
    sizes: tuple[int, ...] = (2, 4)
    strong: bool = False
    ignore_case: bool = False
    no_id: bool = False


def number_patterns(kind: Kind) -> tuple[Pattern, ...]:
    """The patterns that find this kind in all its forms. No two of them find the same place."""
    n, atoms = len(kind.atoms), kind.atoms
    first_digit, last_digit = _DIGIT.fullmatch(atoms[0]), _DIGIT.fullmatch(atoms[-1])
    lead = r"\b|[A-Za-z_]" if first_digit else r"\b|_"
    tail = r"\b|[A-Za-z_]" if last_digit else r"\b|_"
    zeros = ("|0{2,12}", "|000") if kind.strong else ("", "")  # not round the hidden forms
    flag = "(?i)" if kind.ignore_case else ""

    regexes: list[str] = []
    sizes: list[set[Sizes]] = []
    if Form.COMPACT in kind.bare:
        regexes.append(_joined(atoms, kind.layouts, SEPARATOR + "{0,3}"))
        sizes.append(set().union(*map(coarser, kind.layouts)))
    elif Form.GROUPED in kind.bare:
        regexes.append(_joined(atoms, kind.layouts, SEPARATOR + "{1,3}"))
        sizes.append(set(kind.layouts))
    if Form.SPREAD in kind.bare:
        hidden = [(1,) * n]
        if Form.EVEN in kind.bare:
            hidden += [_even(n, size) for size in kind.sizes if size < n]
        regex = _joined(atoms, [one for one in hidden if one not in kind.layouts], FILLER + "+")
        if Form.EVEN in kind.bare and first_digit and len(set(atoms[1:])) == 1 and n > 8:
            regex += rf"|{atoms[0]}{atoms[1]}{{2,{n - 4}}}{_LINE_BREAK}{atoms[1]}{{3,{n - 3}}}"
            hidden += [(size, n - size) for size in range(3, n - 2)]
        regexes.append(regex)
        sizes.append(set(hidden))
    spelt = [re.compile(f"{flag}(?:{regex})".encode()) for regex in regexes]
    words = re.compile(rf"(?<![A-Za-z])(?i:{'|'.join(kind.words)})(?![a-z])".encode())

    only_digits = all(_DIGIT.fullmatch(atom) for atom in atoms)

    def pattern(
        regex: str,
        check: Callable[[Context], bool],
        its_sizes: set[Sizes],
        trigger: Trigger,
        more: int = 0,
    ) -> Pattern:
        hint = NumberHint(
            frozenset(its_sizes),
            kind.valid,
            "|".join(kind.words),
            needs_word=more > 0,
            hidden=trigger is HIDDEN,
            padded=kind.strong and trigger is PLAIN,
        )
        return Pattern(
            id=kind.id,
            say=kind.say,
            regex=regex,
            group=1,
            check=check,
            max_len=n * (MAX_FILLER + 1) + 16 + more,
            digits=only_digits,
            trigger=trigger if only_digits else None,
            hint=hint if only_digits else None,
        )

    def check_for(earlier: Sequence[re.Pattern[bytes]]) -> Callable[[Context], bool]:
        def check(context: Context) -> bool:
            if earlier and _goes_on(context):
                return False
            if any(one.fullmatch(context.secret) for one in earlier):
                return False  # an earlier pattern has it
            return _stands(context, kind, words)

        return check

    patterns = [
        pattern(
            f"{flag}(?:{lead}{zeros[0]})({regex})(?:{tail}{zeros[1]})"
            if index == 0
            else f"{flag}(?:{lead})({regex})(?:{tail})",
            check_for(spelt[:index]),
            sizes[index],
            HIDDEN if Form.SPREAD in kind.bare and index == len(regexes) - 1 else PLAIN,
        )
        for index, regex in enumerate(regexes)
    ]
    if Form.COMPACT not in kind.bare:
        # The word must stand before; a word behind counts only for the forms above.
        layouts = tuple(dict.fromkeys((*kind.layouts, (n,), _even(n, 4))))
        loose = _joined(atoms, layouts, SEPARATOR + "{0,3}")
        spelled = "|".join(word for word in kind.words if word.isascii())
        other = "".join(f"|{word}" for word in kind.words if not word.isascii())
        behind_word = (
            rf"(?:(?:\b|_)(?i:{spelled}){other})(?:[^0-9a-z][^0-9]{{0,32}})?"
            rf"({'(?i:' if flag else '(?:'}{loose}))(?:{tail})"
        )
        patterns.append(
            pattern(behind_word, check_for(spelt), set().union(*map(coarser, layouts)), PLAIN, 80)
        )
    return tuple(patterns)


def digits(
    name: str,
    say: str,
    layouts: tuple[tuple[int, ...], ...],
    valid: Callable[[str], bool],
    words: tuple[str, ...],
    *,
    bare: frozenset[str],
    usual: bytes = b" -./_|\t\r\n",
) -> tuple[Pattern, ...]:
    """The patterns of a kind that has digits only."""
    atoms = (r"\d",) * sum(layouts[0])
    return number_patterns(Kind(name, say, atoms, layouts, valid, words, bare=bare, usual=usual))


_SINGLE_DIGITS: Final = re.compile(rb"\d[ \t,:;.\-/_|]\d")


def _goes_on(context: Context) -> bool:
    """Single digits, and more of them behind: a list or a board. Asked first, for its speed."""
    data, end = context.data, context.end
    single = _SINGLE_DIGITS.match
    return single(data, context.start) is not None and single(data, end - 1) is not None


def _even(n: int, size: int) -> tuple[int, ...]:
    whole, rest = divmod(n, size)
    return (size,) * whole + ((rest,) if rest else ())


def _joined(atoms: Sequence[str], layouts: Iterable[tuple[int, ...]], between: str) -> str:
    """A regex for the atoms in any of these groups, with ``between`` between the groups."""
    written = []
    for layout in layouts:
        groups, at = [], 0
        for size in layout:
            runs = [(atom, len(list(same))) for atom, same in groupby(atoms[at : at + size])]
            groups.append("".join(a if k == 1 else f"{a}{{{k}}}" for a, k in runs))
            at += size
        parts = []
        for group, same in groupby(groups):
            again = len(list(same)) - 1
            parts.append(group + (f"(?:{between}{group}){{{again}}}" if again else ""))
        written.append(between.join(parts))
    return "|".join(written)


def _stands(context: Context, kind: Kind, words: re.Pattern[bytes]) -> bool:
    """Whether a found number is one of its kind and not a piece of something else."""
    writing = take_apart(context.secret, kind.layouts)
    if len(writing.number) != len(kind.atoms) or not kind.valid(writing.number):
        return False
    stuck_to = touch(context, writing, padded=kind.strong)
    if stuck_to == Touch.PIECE or is_inside_iban_like(context.data, context.start, context.end):
        return False
    if kind.no_id and is_called_an_id(context):
        return False
    if _needs_no_word(context, kind, writing, stuck_to):
        return True
    data, start, end = context.data, context.start, context.end
    return (
        words.search(data, max(0, start - LOOK), start) is not None
        or words.search(data, end, end + LOOK) is not None
    )


def _needs_no_word(context: Context, kind: Kind, writing: Writing, stuck_to: str) -> bool:
    if writing.form not in kind.bare:
        return False
    if kind.strong:
        return True
    if len(writing.number) < 11 and writing.number.isdigit() and is_named_otherwise(context):
        return False  # one in ten has the right check digit
    if writing.form == Form.GROUPED:
        usual = all(byte in kind.usual for byte in writing.separators)
        # Ten digits in groups are a telephone number more often than not.
        return usual and not (len(writing.number) == 10 and is_running(context, writing))
    if stuck_to != Touch.NOTHING:
        return False
    return writing.form != Form.COMPACT or not is_running(context, writing)
