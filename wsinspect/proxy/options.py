"""The addon's options: the command line's, by mitmproxy's names.

Owns: their declaration, their validation (mitmproxy enforces neither choices nor names), and
turning them into one value. Must not know: what they do.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mitmproxy import exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.options import Options

from wsinspect.config import Config, ConfigError, read_config
from wsinspect.diagnose.sessions import SESSION_NAMES
from wsinspect.model.diagnosis import PONG_DEADLINE_MS
from wsinspect.proxy.serving import parse_place
from wsinspect.proxy.spots import read_spot
from wsinspect.relay.policy import OnError, OnViolation
from wsinspect.sinks.dashboard import somebody_listens
from wsinspect.sinks.hub import Payloads, RecordLevel

__all__ = [
    "PREFIX",
    "BrokenConfig",
    "Settings",
    "check_socket",
    "config_of",
    "declare",
    "read",
    "refuse_unknown",
]

PREFIX = "wsinspect_"

# name, type, default, choices, help
OPTIONS: list[tuple[str, Any, Any, tuple[str, ...] | None, str]] = [
    ("log", str, "", None, "Append the JSON log to this file; - is standard output."),
    (
        "record",
        str,
        "frames",
        ("connections", "messages", "frames", "all"),
        "What the log has beside opens, closes and stats.",
    ),
    (
        "payloads",
        str,
        "none",
        ("none", "preview", "full"),
        "How much of a message's payload its ws_message line has.",
    ),
    ("audit", bool, False, None, "Forward nothing before its record is written."),
    (
        "on_violation",
        str,
        "pass",
        ("pass", "close"),
        "A protocol violation is forwarded and recorded, or closes the connection.",
    ),
    (
        "on_error",
        str,
        "open",
        ("open", "closed"),
        "When inspection or the log fails: forward all the same, or close with 1011.",
    ),
    (
        "rules",
        Sequence[str],
        [],
        None,
        "Rule files: what must not leave, or be noted. Repeatable.",
    ),
    (
        "config",
        str,
        "",
        None,
        "A configuration file: routes, and options that are not set otherwise.",
    ),
    (
        "http",
        str,
        "",
        None,
        "Serve /healthz, /readyz and /metrics at this HOST:PORT.",
    ),
    (
        "pong_deadline_ms",
        int,
        int(PONG_DEADLINE_MS),
        None,
        "A pong that comes later is slow.",
    ),
    (
        "session_names",
        Sequence[str],
        list(SESSION_NAMES),
        None,
        "Query parameters and cookies that hold a session id, to see sticky routing break.",
    ),
    (
        "session_path",
        str,
        "",
        None,
        "Where the session id is in a client's first messages: a.b[0].c, or /regex/.",
    ),
    (
        "sequence_path",
        str,
        "",
        None,
        "Where a server's messages have a number that counts up: a.b[0].c, or /regex/.",
    ),
    ("socket", str, "", None, "The dashboard's socket; empty: one in the runtime directory."),
    ("dashboard", bool, True, None, "Offer a socket to dashboards (wsinspect attach)."),
    (
        "keep_messages",
        int,
        100,
        None,
        "How many messages flow.websocket keeps for scripts that use it; 0 keeps all.",
    ),
]


@dataclass(frozen=True, slots=True)
class Settings:
    """The options' values, checked."""

    log: str
    record: RecordLevel
    payloads: Payloads
    audit: bool
    on_violation: OnViolation
    on_error: OnError
    rules: Sequence[str]
    pong_deadline_ms: int
    session_names: Sequence[str]
    session_path: str
    sequence_path: str
    config: str
    http: str
    socket: str
    dashboard: bool
    keep_messages: int


def declare(loader: Loader) -> None:
    for name, kind, default, choices, text in OPTIONS:
        loader.add_option(PREFIX + name, kind, default, text, choices)


class BrokenConfig(exceptions.OptionsError):
    """A configuration file that cannot be used; ``lines`` has one for each problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))  # type: ignore[no-untyped-call]
        self.lines = list(lines)


def read(options: Options, *, apply_config: bool = True) -> Settings:
    """The settings, or OptionsError with what is wrong and what would be right.

    ``apply_config``: with the options that the configuration file has, too.
    """
    values: dict[str, Any] = {}
    for name, _, _, choices, _ in OPTIONS:
        value = getattr(options, PREFIX + name)
        if choices is not None and value not in choices:
            raise exceptions.OptionsError(
                f"{PREFIX}{name} is one of {', '.join(choices)}, not {value!r}"
                f"{_meant(value, choices)}"
            )
        values[name] = value
    if values["config"] and apply_config:
        values |= _configured(options, values["config"])
    return _checked(Settings(**values))


def _checked(settings: Settings) -> Settings:
    if settings.keep_messages < 0:
        raise exceptions.OptionsError(f"{PREFIX}keep_messages is 0 or more")
    if settings.audit and not settings.log:
        raise exceptions.OptionsError(f"{PREFIX}audit needs {PREFIX}log")
    if settings.log and settings.log != "-":
        _check_writable(settings.log)
    for name in ("session_path", "sequence_path"):
        try:
            if getattr(settings, name):
                read_spot(getattr(settings, name))
        except ValueError as error:
            raise exceptions.OptionsError(f"{PREFIX}{name}: {error}") from None
    if settings.http:
        try:
            parse_place(settings.http)
        except ValueError as error:
            raise exceptions.OptionsError(f"{PREFIX}http: {error}") from None
    return settings


# Where the command line's name is not the option's.
_OTHER_NAMES = {"pong-deadline": "pong_deadline_ms", "session": "session_names"}


def _configured(options: Options, path: str) -> dict[str, Any]:
    """What the configuration file says of options that nobody has set otherwise."""
    names = {name for name, *_ in OPTIONS}
    said = {
        _OTHER_NAMES.get(name, name.replace("-", "_")): value
        for name, value in config_of(path).run.items()
    }
    return {
        name: value
        for name, value in said.items()
        if name in names and not options.has_changed(PREFIX + name)
    }


def config_of(path: str) -> Config:
    """Raises BrokenConfig."""
    try:
        return read_config(path)
    except ConfigError as error:
        raise BrokenConfig(error.lines) from None


def refuse_unknown(options: Options) -> None:
    """A misspelt ``--set wsinspect_…`` must not pass silently; mitmproxy would wait for it."""
    for name in options.deferred:
        if name.startswith(PREFIX):
            known = [PREFIX + option[0] for option in OPTIONS]
            raise exceptions.OptionsError(f"unknown option {name}{_meant(name, known)}")


def _meant(value: str, known: list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value, known, n=1)
    return f" – did you mean {close[0]}?" if close else ""


def check_socket(name: str) -> None:
    """Whether a dashboard socket can be made there. Raises OptionsError. Asked once, at the start.

    A Unix socket's path has 107 bytes at most on Linux, 103 elsewhere.
    """
    path = Path(name)
    problem = None
    if len(os.fsencode(name)) > (107 if sys.platform == "linux" else 103):
        problem = "the path is too long for a socket"
    elif not path.parent.is_dir():
        problem = f"there is no directory {path.parent}"
    elif path.exists() and not path.is_socket():
        problem = "there is a file of that name"
    elif path.exists() and somebody_listens(path):
        problem = "another proxy has it"
    elif not os.access(path.parent, os.W_OK):
        problem = "permission denied"
    if problem:
        raise exceptions.OptionsError(f"cannot make the socket {name}: {problem}")


def _check_writable(name: str) -> None:
    path = Path(name)
    problem = None
    if not path.parent.is_dir():
        problem = f"there is no directory {path.parent}"
    elif path.is_dir():
        problem = "it is a directory"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "permission denied"
    if problem:
        raise exceptions.OptionsError(f"cannot write the log {name}: {problem}")
