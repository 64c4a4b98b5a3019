"""Kinds of diagnosis in words: what the evidence says, and what to do about it."""

from wsinspect.tui.explain.explanation import Explanation

_KINDS: dict[str, tuple[str, str, str]] = {
    "idle-cut": (
        (
            "Connections end without a Close frame after the same time without traffic: a hop's "
            "idle timeout."
        ),
        "RFC 6455 §7.1.5; RFC 6455 §5.5.2",
        "Send pings more often than 0.8 × the limit, or raise the limit on every hop.",
    ),
    "lifetime-cut": (
        "Connections end at the same age, whatever passes: a hop limits their life.",
        "RFC 6455 §7.1.5",
        "Pings do not help: raise the limit, or reconnect before it, after a random delay.",
    ),
    "crash": (
        "Many connections ended at one instant without a Close frame: a process died or reloaded.",
        "RFC 6455 §7.1.5",
        "Look at the server's and the hops' logs of that second.",
    ),
    "drain": (
        "Connections were closed with 1001 or 1012, spread over time: a deploy or a drain.",
        "RFC 6455 §7.4.1; IANA WebSocket Close Code Number Registry",
        "Nothing is wrong if clients come back elsewhere.",
    ),
    "reconnect-storm": (
        "After many ends, clients came back almost at once.",
        "RFC 6455 §7.2.3",
        "Give clients a random delay that grows: the first of 0 to 5 s, then twice that.",
    ),
    "upgrade-lost": (
        "The client asked for an upgrade, the server did not hear of it: a hop lost the headers.",
        "RFC 6455 §4.2.1; RFC 9110 §7.8",
        (
            "Hop by hop headers have to be set anew. nginx: `proxy_set_header Upgrade "
            '$http_upgrade` and `Connection "upgrade"`.'
        ),
    ),
    "slow-pong": (
        "Pongs come later than the deadline.",
        "RFC 6455 §5.5.3",
        "A large message in front of the pong delays it, too: see the Timing tab.",
    ),
    "sticky-broken": (
        "A session came back to another server than before, or from another address.",
        "docs/log.md",
        "Turn on sticky sessions by cookie at the balancer, or share sessions between servers.",
    ),
    "fan-out": (
        "One payload went to many connections; the last got it much later than the first.",
        "docs/log.md",
        "Look at the server's send loop: a slow reader in front of the others holds them up.",
    ),
    "oversize": (
        "Messages are larger than a cap on the way (they ended with 1009), or nearly so.",
        "RFC 6455 §7.4.1; RFC 6455 §10.4",
        "Split messages below the cap, or raise it.",
    ),
    "keepalive-risk": (
        (
            "Connections are silent for about as long as a known idle limit: one hop more, and "
            "they are cut."
        ),
        "RFC 6455 §5.5.2",
        "Send pings more often than 0.8 × the shortest limit.",
    ),
}
KINDS = tuple(_KINDS)


def diagnosis(kind: str) -> Explanation | None:
    """One of `KINDS`."""
    if kind not in _KINDS:
        return None
    say, source, advice = _KINDS[kind]
    return Explanation(kind.replace("-", " "), say, source, advice)
