"""A rule's parts in words, for ``rules list`` and ``rules explain``.

Owns: the wording. Must not know: compiled rules, messages. Words and regexes of the rule file are
shown: they are what to look for, not what was found.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsinspect.rules.language.ast import Act, Find, Rule, SizeTest, TextTest, When
from wsinspect.rules.tools.show import count

__all__ = [
    "acts_in_words",
    "does_in_words",
    "find_in_words",
    "scope_in_words",
    "threshold_in_words",
]

_SHOWN = 3  # of a list of names
_TEXT_TESTS = ("host", "path", "subprotocol", "origin", "client", "app")


def scope_in_words(when: When) -> str:
    """``to_server, host not partner-hosts…``; ``everything`` if there is no limit."""
    parts: list[str] = [when.direction] if when.direction else []
    for name in _TEXT_TESTS:
        test: TextTest | None = getattr(when, name)
        if test is not None:
            parts += _text_test(name, test)
    if when.opcode is not None:
        parts.append(" or ".join(sorted(when.opcode)) or "no opcode")
    if when.size is not None:
        parts.append(_size(when.size))
    if when.flow is not None:
        parts.append(f"flow {when.flow}")
    return ", ".join(parts) or "everything"


def _text_test(name: str, test: TextTest) -> list[str]:
    parts = []
    if test.any_of:
        parts.append(f"{name} {_some(test.any_of)}")
    if test.none_of:
        parts.append(f"{name} not {_some(test.none_of)}")
    if test.regex is not None:
        parts.append(f"{name} ~ {test.regex}")
    return parts


def _size(size: SizeTest) -> str:
    if size.most is None:
        over = size.least - 1
        return f"over {_bytes(over)}" if _is_round(over) else f"at least {_bytes(size.least)}"
    if size.least == size.most:
        return f"exactly {_bytes(size.least)}"
    if size.least == 0:
        under = size.most + 1
        return f"under {_bytes(under)}" if _is_round(under) else f"at most {_bytes(size.most)}"
    return f"{_bytes(size.least)} to {_bytes(size.most)}"


def _is_round(size: int) -> bool:
    return size > 0 and (size % 1000 == 0 or size % 1024 == 0)


def _bytes(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size and size % unit == 0:
            return f"{size // unit:,} {name}"
    return count(size, "byte")


def find_in_words(find: Find | None) -> str:
    """``credit-card``, ``pack gitleaks (aws-access-token)``; ``any message`` without ``find``."""
    if find is None:
        return "any message"
    parts = list(find.detectors)
    if find.pack is not None:
        parts.append(f"pack {find.pack}{_narrowed(find)}")
    parts += [f"/{regex}/" for regex in find.regexes]
    if find.words:
        parts.append(count(len(find.words), "word"))
    if find.exact is not None:
        parts.append("exact values of a file")
    if find.entropy is not None:
        parts.append(
            f"entropy of {find.entropy.least_bits:g} bits from {find.entropy.least_len} characters"
        )
    words = " or ".join(parts)
    if find.json is not None:
        words = f"{words} in {find.json}" if words else find.json
    if find.near:
        words += f", near {_some(find.near)}"
    if find.unless:
        words += f", unless {_some(find.unless)}"
    return words


def _narrowed(find: Find) -> str:
    if find.only:
        return f" ({_some(sorted(find.only))})"
    return f" (but {_some(sorted(find.excepted))})" if find.excepted else ""


def _some(names: Sequence[str]) -> str:
    shown = " ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def acts_in_words(rule: Rule) -> str:
    """``mask, keep last 4``; ``close 1008 + alert``."""
    return " + ".join(map(_act, rule.acts))


def does_in_words(rule: Rule) -> str:
    """The same, with a remark where nothing is done in truth."""
    words = acts_in_words(rule)
    return f"{words} (shadow)" if rule.mode == "shadow" else words


def _act(act: Act) -> str:
    if act.kind == "mask":
        kept = [(act.keep_first, "first"), (act.keep_last, "last")]
        return ", ".join(["mask", *(f"keep {which} {number}" for number, which in kept if number)])
    if act.kind == "close":
        return f"close {act.code}"
    if act.kind == "throttle" and act.messages_per_second is not None:
        return f"throttle to {act.messages_per_second:g}/s"
    return str(act.kind)


def threshold_in_words(rule: Rule) -> str:
    """``from 5 different in 60 s per connection``; empty without a threshold."""
    limit = rule.threshold
    if limit is None:
        return ""
    different = " different" if limit.unique else ""
    return f"from {limit.count}{different} in {limit.seconds:g} s per {limit.per}"
