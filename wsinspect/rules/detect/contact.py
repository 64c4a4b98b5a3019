"""How to reach a person: e-mail addresses and telephone numbers.

Owns their formats: RFC 5321 (the part of it that mail systems deliver to), ITU-T E.164 and its
country codes, the North American Numbering Plan.
"""

from __future__ import annotations

import re
from typing import Final

from wsinspect.rules.detect.pattern import Context, Pattern, Trigger
from wsinspect.rules.detect.token_sieve import straight

__all__ = ["EMAIL", "PHONE"]

# RFC 6761, RFC 6762: no mail is ever delivered there.
_NO_MAIL: Final = frozenset({b"example", b"invalid", b"local", b"localhost", b"test"})
# What follows an @ in names of files, packages and retina images.
_NO_TLD: Final = frozenset(
    b"png jpg jpeg gif svg webp ico css js mjs ts tsx jsx json html md py".split()
)


def _is_email(context: Context) -> bool:
    local, _, host = context.secret.rpartition(b"@")
    tld = host.rpartition(b".")[2].lower()
    if tld in _NO_MAIL or tld in _NO_TLD:
        return False
    if b".." in local or local[:1] == b"." or local[-1:] == b"." or len(local) > 64:
        return False
    if any(label[:1] == b"-" or label[-1:] == b"-" or not label for label in host.split(b".")):
        return False
    data, start, end = context.data, context.start, context.end
    # user:pass@host is a credential and has a detector of its own; git@host:path is no mailbox.
    if data[max(0, start - 3) : start].endswith(b"://"):
        return False
    return not (local.lower() == b"git" and data[end : end + 1] in (b":", b"/"))


EMAIL: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="email",
        say="e-mail address",
        regex=(
            r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
            r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24})\b"
        ),
        check=_is_email,
        max_len=320,
        # From the @ on: what stands before it is everywhere.
        trigger=Trigger(
            r"[!-?A-~]@(?:[A-Za-z0-9-]{1,63}\.){1,8}(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24})\b",
            straight,
        ),
    ),
)

# ITU-T E.164 assigned country codes, but +1 and +7.
_COUNTRY: Final = re.compile(
    r"2(?:0|7|1[1-368]|[2346]\d|5[0-8]|9[0-1789])|3(?:[0-469]|5\d|7[0-8]|8[0-35-79])"
    r"|4(?:[013-9]|2[013])|5(?:[1-8]|0\d|9\d)|6(?:[0-6]|7[02-9]|8[0-35-9]|9[0-2])"
    r"|7|8(?:[1246]|0[08]|5[02356]|7[08]|8[0-368])|9(?:[0-58]|6[0-8]|7[0-79]|9[2-6])"
)
# NANPA: a geographic area code, or toll-free; not N11, not the premium and reserved ones.
_NANP: Final = re.compile(r"1?(?!.11|[23469]00|700|5(?:00|33|44|66|77))[2-9]\d\d[2-9](?!11)\d{6}")
_PHONE_WORDS: Final = (
    r"(?:tele|mobile|cell|home|work)?[\s_-]?phones?|tel|telefon\w{0,4}|t[eé]l[eé]phone|tel[eé]fono"
    r"|mobiles?|mobil\w{0,7}|cell(?:ular)?|call(?: me| us| him| her| back)?(?: at| on)?|fax|handy"
    r"|whats[\s_-]?app|sms|msisdn|contact[\s_-]?(?:number|no)|dial|text me(?: at| on)?|callback"
)


def _is_international(context: Context) -> bool:
    number = _number(context)
    if not 8 <= len(number) <= 15 or _touches(context):
        return False
    if number[0] == "1":
        return _NANP.fullmatch(number) is not None
    return _COUNTRY.match(number) is not None


def _is_national(context: Context) -> bool:
    number = _number(context)
    if not 7 <= len(number) <= 12 or _touches(context) or len(set(number)) < 3:
        return False
    if number[0] == "0":
        return len(number) >= 9
    return _NANP.fullmatch(number) is not None or len(number) in (8, 9)


def _number(context: Context) -> str:
    return "".join(chr(byte) for byte in context.secret if 0x30 <= byte <= 0x39)


def _touches(context: Context) -> bool:
    """Whether the number goes on: digits, a decimal point, a word, a mail address."""
    data, start, end = context.data, context.start, context.end
    before, behind = data[start - 1 : start], data[end : end + 2]
    return (
        before.isalnum()
        or before in (b"_", b"@", b"#", b"$")
        or (behind[:1].isalnum() or behind[:1] in (b"_", b"@", b"%"))
        or (behind[:1] in (b".", b"-", b"/", b":") and behind[1:].isdigit())
    )


PHONE: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="phone",
        say="telephone number, international form",
        regex=r"\+[1-9]\d{0,3}(?:[ .\-/]{0,2}\(?\d{1,5}\)?){1,6}",
        check=_is_international,
        max_len=40,
        digits=True,
    ),
    Pattern(
        id="phone",
        say="telephone number beside a word that says so",
        regex=(
            rf"(?:\b|_)(?i:{_PHONE_WORDS})(?:[^0-9a-z(+][^0-9(+]{{0,24}})?"
            r"((?:1[ .-]?)?\(?\d{2,5}\)?(?:[ .\-/]{0,2}\d{2,4}){1,4})\b"
        ),
        group=1,
        check=_is_national,
        max_len=120,
        digits=True,
    ),
)
