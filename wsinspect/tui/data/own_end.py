"""Who at this proxy ended a connection, as far as its facts tell. Pure; knows no words for it.

The proxy says `cause` (`policy`, `shutdown`) and the code that it sent. That it was the user of
this dashboard, a rule or a violation follows from what was asked and told here.
"""

from enum import Enum

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.wire import AlertFacts

_VIOLATION_CODES = (1002, 1007, 1009)


class OwnEnd(Enum):
    """An end that this proxy made on purpose. The values are words of `explain`."""

    YOU = "you"  # the user of this dashboard asked for it
    RULE = "rule"
    VIOLATION = "violation"  # --on-violation close
    POLICY = "policy"  # another dashboard, a script, an option: nothing here says which
    DRAIN = "drain"  # the proxy went down and told both sides
    STOPPED = "stopped"  # it went down and could not


def own_end(connection: Connection) -> OwnEnd | None:
    """None: it lives, or somebody else ended it."""
    close = connection.close
    if close is None or not close.by_proxy:
        return None
    if close.cause == "shutdown":
        return OwnEnd.STOPPED if close.code is None else OwnEnd.DRAIN
    if connection.asked is not None and connection.asked[0] == close.code:
        return OwnEnd.YOU
    if closing_rule(connection):
        return OwnEnd.RULE
    if connection.violations and close.code in _VIOLATION_CODES:
        return OwnEnd.VIOLATION
    return OwnEnd.POLICY


def closing_rule(connection: Connection) -> str:
    """The rule whose alert says that it closed the connection, or nothing."""
    closed = (alert.rule for alert in reversed(connection.alerts_seen) if _closed(alert))
    return next(closed, "")


def _closed(alert: AlertFacts) -> bool:
    return alert.disposition == "closed"


def close_reason(connection: Connection) -> str:
    """The reason in the Close frame; of an end that the user asked for, the one asked with."""
    close = connection.close
    if close is None:
        return ""
    if not close.reason and own_end(connection) is OwnEnd.YOU and connection.asked is not None:
        return connection.asked[1]
    return close.reason or ""
