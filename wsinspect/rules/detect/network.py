"""Addresses of machines: IPv4, IPv6, MAC.

Owns their text forms (RFC 4291 section 2.2, IEEE EUI-48) and what else looks like them: versions,
times, object ids. Parsing is ``ipaddress``'s.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from wsinspect.rules.detect.pattern import Context, Pattern, Trigger
from wsinspect.rules.detect.token_sieve import straight

__all__ = ["IP_ADDRESS", "MAC_ADDRESS"]

_HEXTET: Final = "[0-9A-Fa-f]{1,4}"
_V4: Final = r"\d{1,3}(?:\.\d{1,3}){3}"

_VERSION: Final = re.compile(
    rb"(?i)(?:\bv|version|release|build|ver\.?|firmware|driver|rev|oid"
    rb"|chrome/|safari/|edg/|section|chapter)[\s\"'=:/]{0,4}\Z"
)
_OPR: Final = re.compile(rb"(?i)[a-z]+/\Z")  # a product of a User-Agent: Chrome/120.0.0.0


_V6_BEFORE: Final = re.compile(rb"(?i)(?:::(?:[0-9a-f]{1,4}:){0,5}|(?:[0-9a-f]{1,4}:){6})\Z")


def _is_ipv4(context: Context) -> bool:
    data, start, end = context.data, context.start, context.end
    if data[start - 1 : start] in (b".", b"_", b"-") and start:
        return False
    behind = data[end : end + 2]
    if behind[:1] == b"_" or (behind[:1] in (b".", b"-") and behind[1:].isalnum()):
        return False
    if _V6_BEFORE.search(data, max(0, start - 30), start):
        return False  # the end of an IPv6 address
    before = data[max(0, start - 16) : start]
    if _VERSION.search(before) or (_OPR.search(before) and not before.endswith(b"://")):
        return False
    octets = context.secret.split(b".")
    if any(len(octet) > 1 and octet[:1] == b"0" for octet in octets):
        return False
    return octets[0] != b"0" or octets == [b"0"] * 4


def _is_ipv6(context: Context) -> bool:
    data, start, end = context.data, context.start, context.end
    before, behind = data[start - 1 : start] if start else b"", data[end : end + 1]
    if (
        before.isalnum()
        or before in (b":", b".", b"_")
        or behind.isalnum()
        or behind in (b":", b"_")
    ):
        return False
    text = context.secret.decode("ascii")
    if text.count(":") < 2 or len(text) < 4:
        return False
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    # "a::b" of C++ and Rust, "12::30": short ones need a hextet of three characters.
    return (
        "::" not in text
        or any(len(part) > 2 for part in text.split(":"))
        or (text.count(":") > 3 and address.is_global)
    )


def _is_mac(context: Context) -> bool:
    data, start, end = context.data, context.start, context.end
    before, behind = data[start - 1 : start] if start else b"", data[end : end + 1]
    if before.isalnum() or behind.isalnum() or before in (b":", b"-") or behind in (b":", b"-"):
        return False
    return len(set(context.secret.lower().replace(b":", b"").replace(b"-", b""))) > 1


IP_ADDRESS: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="ip-address",
        say="IPv4 address",
        regex=r"\b(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\b",
        check=_is_ipv4,
        max_len=15,
        trigger=Trigger(r"\d\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", straight),
        digits=True,
    ),
    Pattern(
        id="ip-address",
        say="IPv6 address",
        regex=(
            rf"\b(?:{_HEXTET}:){{7}}{_HEXTET}\b|\b(?:{_HEXTET}:){{6}}{_V4}\b"
            rf"|\b{_HEXTET}(?::{_HEXTET}){{0,6}}::(?:(?:{_HEXTET}:){{0,5}}(?:{_V4}|{_HEXTET})\b)?"
            rf"|::(?:{_HEXTET}:){{0,5}}(?:{_V4}|{_HEXTET})\b"
        ),
        check=_is_ipv6,
        max_len=45,
    ),
)

MAC_ADDRESS: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="mac-address",
        say="MAC address",
        regex=(
            r"\b[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\b|\b[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}\b"
            r"|\b[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\b"
        ),
        check=_is_mac,
        max_len=17,
    ),
)
