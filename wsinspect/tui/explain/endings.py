"""How a connection ended: causes, initiators and states in words (docs/log.md, RFC 6455 §7)."""

from wsinspect.tui.data.connection import State
from wsinspect.tui.explain.explanation import IANA_CLOSE, LOG, Explanation

_CAUSES: dict[str, tuple[str, str, str]] = {
    "close_frame": (
        "One side sent a Close frame: an end that was said.",
        "RFC 6455 §7.1.2",
        "Its code and reason say why.",
    ),
    "fin": (
        "A side's TCP connection was shut in order (FIN), without a Close frame.",
        "RFC 6455 §7.1.1; RFC 9293 §3.6",
        "After idling: a hop's idle timeout. Under traffic: a process ended, a lifetime limit.",
    ),
    "rst": (
        "A side's TCP connection was reset (RST): it was gone, or wanted to be.",
        "RFC 6455 §7.1.4; RFC 9293 §3.5.2",
        "A crash, a kill, a firewall or NAT that forgot the flow, or unread data at close.",
    ),
    "timeout": (
        "Nothing was heard for so long that the system gave the socket up.",
        "RFC 9293 §3.8.3",
        "The host or a link vanished: look at the network between, send pings.",
    ),
    "policy": (
        "This proxy ended it: a rule, an option, or a person at the dashboard.",
        LOG,
        "The alerts of this connection name the rule.",
    ),
    "error": (
        "This proxy ended it because of an error of its own.",
        LOG,
        "See the problems above.",
    ),
    "shutdown": ("This proxy stopped, and its connections with it.", LOG, ""),
}
# What this proxy ended on purpose, by whom it was.
_OWN: dict[str, tuple[str, str, str]] = {
    "you": (
        (
            "You closed it from this dashboard: both sides got the Close frame, nothing behind it "
            "was forwarded."
        ),
        "docs/dashboard.md",
        "",
    ),
    "rule": (
        (
            "A rule closed it: what the rule found was not forwarded, and both sides got the Close "
            "frame."
        ),
        "docs/rules.md",
        "6 shows the rule, and where it found something.",
    ),
    "violation": (
        (
            "A side broke the protocol, and this proxy is told to end a connection for that "
            "(--on-violation)."
        ),
        "RFC 6455 §7.1.7",
        "c jumps to the violation.",
    ),
    "policy": (
        "This proxy closed it: a person at another dashboard, a script, a rule or an option.",
        LOG,
        "The alerts of this connection name the rule, if it was one.",
    ),
    "drain": (
        (
            "This proxy went down and told both sides: one connection after the other, spread over "
            "its grace (--drain-grace)."
        ),
        IANA_CLOSE,
        "Nothing is wrong with this connection: its client may come back elsewhere.",
    ),
    "stopped": (
        "This proxy went down before it could tell both sides.",
        LOG,
        "A longer --drain-grace gives each connection its Close frame.",
    ),
}
_INITIATORS: dict[str, tuple[str, str, str]] = {
    "client": ("The client began the end.", LOG, "Look at the client, or a hop on its side."),
    "server": ("The server began the end.", LOG, "Look at the server, or a hop in front of it."),
    "proxy": ("This proxy began the end.", LOG, ""),
    "none": ("Nobody can be said to have begun it.", LOG, ""),
}
_STATES: dict[State, tuple[str, str]] = {
    State.OPENING: ("Traffic was seen, the opening handshake not yet.", "RFC 6455 §4"),
    State.OPEN: ("The handshake is done; messages may pass.", "RFC 6455 §4.1"),
    State.CLOSING: ("A Close frame passed; its answer or TCP's end is awaited.", "RFC 6455 §7.1.3"),
    State.CLEAN: ("Both sides sent a Close frame.", "RFC 6455 §7.1.4"),
    State.UNCLEAN: ("It ended without a Close frame from both sides.", "RFC 6455 §7.1.5"),
    State.STOPPED: ("This proxy ended it on purpose: a rule, a person, or its own end.", LOG),
    State.REFUSED: ("The server did not answer 101: there never was a WebSocket.", "RFC 6455 §4.1"),
    State.UNSEEN: ("It was gone when the dashboard came back; the log has its end.", LOG),
}
CAUSES = tuple(_CAUSES)
INITIATORS = tuple(_INITIATORS)
OWN = tuple(_OWN)


def _made(table: dict[str, tuple[str, str, str]], word: str) -> Explanation | None:
    if word not in table:
        return None
    say, source, advice = table[word]
    return Explanation(word.replace("_", " "), say, source, advice)


def cause(word: str) -> Explanation | None:
    """One of `CAUSES`."""
    return _made(_CAUSES, word)


def initiator(word: str) -> Explanation | None:
    """One of `INITIATORS`."""
    return _made(_INITIATORS, word)


def own(word: str) -> Explanation | None:
    """One of `OWN`: an end that this proxy made on purpose."""
    return _made(_OWN, word)


def state(word: str) -> Explanation | None:
    """A connection's state, by its value: `ended cleanly`."""
    for one, (say, source) in _STATES.items():
        if one.value == word:
            return Explanation(word, say, source)
    return None
