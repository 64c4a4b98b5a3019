"""Which binary document, if any, some bytes are.

Owns: the order in which the formats are tried, and what is not worth a try. Must not know: the
formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from wsinspect.rules.views.builder import Builder, Malformed
from wsinspect.rules.views.cbor import CBOR, read_cbor
from wsinspect.rules.views.msgpack import MSGPACK, read_framed_msgpack, read_msgpack
from wsinspect.rules.views.protobuf import PROTOBUF, read_protobuf
from wsinspect.rules.views.structured import Body, Format, render
from wsinspect.rules.views.view import View

__all__ = ["is_body", "read"]

_Reader = Callable[[bytes, Builder], None]
_FORMATS: Final[tuple[tuple[Format, _Reader], ...]] = (
    (MSGPACK, read_msgpack),
    (MSGPACK, read_framed_msgpack),
    (CBOR, read_cbor),
    (PROTOBUF, read_protobuf),
)
# Without a few characters in a row, or a wide number, there is nothing to find in it.
# Three searches: each steps over what cannot begin it, an alternation would try all everywhere.
_WORTH_IT = (
    re.compile(rb"[ -~]{4}"),
    re.compile(rb"[\xcf\xd3\x1b][\x00-\x7f].{7}", re.DOTALL),
    re.compile(rb"[\x80-\xff]{4}"),
)
_HEAD_WORTH_IT = re.compile(rb"[ -~]{5}")


def read(view: View, decode: frozenset[str], elements: int) -> tuple[Body | None, bool]:
    """The view's data as a document, and whether the work for it was more than ``elements``.

    A document without any text in it is a body without views.
    """
    data = view.data
    if not any(pattern.search(data) for pattern in _WORTH_IT):
        return None, False
    over = False
    empty: Body | None = None
    for form, reader in _FORMATS:
        if form.name not in decode:
            continue
        builder = Builder(elements)
        try:
            reader(data, builder)
        except Malformed:
            over = over or builder.over
            continue
        body = render(view, form, builder)
        if body.views:
            return body, False
        empty = empty or body
    return empty, over


def is_body(data: bytes, decode: frozenset[str], elements: int, *, whole: bool) -> bool:
    """Whether the bytes are a document; ``whole`` False: whether they may be the begin of one."""
    first = data[0]
    if not (0x80 <= first <= 0xBF or 0xD9 <= first <= 0xDF or 8 <= first < 0x80):
        return False
    if _HEAD_WORTH_IT.search(data) is None:
        return False
    for form, reader in _FORMATS:
        if form.name not in decode or (form is PROTOBUF) is not (first < 0x80):
            continue
        if not whole:
            return True
        builder = Builder(elements)
        try:
            reader(data, builder)
        except Malformed:
            continue
        if builder.leaves:
            return True
    return False
