"""Captures to replay: what one message of one looks like, and which reader a file needs.

Owns: :class:`CapturedMessage`, telling the kinds of file apart by their first bytes. Must not
know: rules being applied, mitmproxy (its flows are read by a function that is handed in).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from wsinspect.model.app_protocol import app_protocol
from wsinspect.rules.language.scope import ConnectionFacts

__all__ = ["CaptureBroken", "CapturedMessage", "FlowReader", "capture_facts", "read_capture"]


class CaptureBroken(Exception):
    """The file cannot be replayed; one line for the user."""


@dataclass(frozen=True, slots=True)
class CapturedMessage:
    """One data message.

    ``payload`` is None where the capture does not have it; ``whole`` is False where it has only the
    message's beginning; ``masked`` is True where rules had found something when it was recorded,
    which is then not in the payload any more. ``connection`` tells connections apart.
    """

    connection: Hashable
    facts: ConnectionFacts
    direction: Literal["to_server", "to_client"]
    opcode: str
    payload: bytes | None = field(repr=False)
    timestamp_ns: int  # since the epoch
    whole: bool = True
    masked: bool = False


FlowReader = Callable[[Path], Iterator[CapturedMessage]]


def capture_facts(
    *, host: str, path: str, subprotocol: str = "", origin: str = "", client: str = ""
) -> ConnectionFacts:
    """Of a past connection. mitmproxy's ``flow:`` filters need its flows: without, none matches."""
    return ConnectionFacts(
        host=host,
        path=path,
        subprotocol=subprotocol,
        origin=origin,
        client=client,
        app=app_protocol(subprotocol, path),
        flow_matches=lambda _: False,
    )


def host_and_path(url: str) -> tuple[str, str]:
    """Of an absolute URL; the path with its query. Empty and ``/`` if it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", "/"
    path = parts.path or "/"
    return parts.netloc.rpartition("@")[2], f"{path}?{parts.query}" if parts.query else path


def read_capture(
    path: Path,
    told: Callable[[str], None],
    flows: FlowReader | None = None,
    *,
    by_time: bool = False,
) -> Iterator[CapturedMessage]:
    """The messages of a JSON log, a HAR file or mitmproxy's flows, each connection's in order.

    HAR files and flows come one connection after the other; ``by_time`` sorts them, which takes
    the memory of all. ``told`` is called with one line about what could not be read.

    Raises:
        CaptureBroken: no message of it could be read.
        OSError: the file cannot be.
    """
    from wsinspect.rules.tools.capture_har import read_har
    from wsinspect.rules.tools.capture_log import read_log

    with path.open("rb") as file:
        start = file.read(4096).lstrip()
    if not start:
        raise CaptureBroken(f"{path}: the file is empty")
    if start[:1].isdigit() and b":" in start[:12]:  # a netstring
        if flows is None:
            raise CaptureBroken(f"{path}: mitmproxy flows cannot be read here")
        messages = _as_far_as_it_goes(flows(path), told)
        return _sorted(messages) if by_time else messages
    if start[:1] != b"{":
        raise CaptureBroken(f"{path}: neither a JSON log, nor HAR, nor mitmproxy flows")
    if b'"event_type"' in start.partition(b"\n")[0]:
        return read_log(path, told)
    messages = _as_far_as_it_goes(read_har(path), told)
    return _sorted(messages) if by_time else messages


def _as_far_as_it_goes(
    messages: Iterator[CapturedMessage], told: Callable[[str], None]
) -> Iterator[CapturedMessage]:
    """A capture that was cut off is still one. Raises CaptureBroken if it has nothing at all."""
    seen = False
    try:
        for message in messages:
            seen = True
            yield message
    except CaptureBroken as error:
        if not seen:
            raise
        told(f"{error}: the messages before that were replayed")


def _sorted(messages: Iterator[CapturedMessage]) -> Iterator[CapturedMessage]:
    yield from sorted(messages, key=lambda message: message.timestamp_ns)
