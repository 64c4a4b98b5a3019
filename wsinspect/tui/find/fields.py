"""Every term of the filter language, as data: what it looks at, in words, with an example.

The page docs/filters.md has them all; a test holds the two together.
"""

from dataclasses import dataclass
from typing import Any, Final

from wsinspect.tui.data.entries import Message
from wsinspect.tui.find import builders, subjects
from wsinspect.tui.find.builders import Maker, Test
from wsinspect.tui.find.values import duration, per_second, size, times, whole


@dataclass(frozen=True, slots=True)
class Field:
    """`of_connection`, `of_entry`: None where the term does not concern such a thing.

    `choices` are the words that complete, each with its meaning; `moving` terms change with time.
    """

    name: str
    say: str
    example: str
    of_connection: Maker | None = None
    of_entry: Maker | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    operator: str = ":"
    moving: bool = False
    cost: int = 0  # of one test: 0 looks something up, 1 computes a little, 2 more


@dataclass(frozen=True, slots=True)
class Flag:
    """A word that is a term by itself."""

    name: str
    say: str
    of_connection: Test | None = None
    of_entry: Test | None = None
    aliases: tuple[str, ...] = ()


def _direction(wanted: int) -> Test:
    return lambda e, _: e.direction == wanted


_STATE_WORDS: Final = (
    ("open", "the handshake is done, no Close frame yet"),
    ("closing", "a Close frame passed, the connection still stands"),
    ("ended", "it is over, however"),
    ("live", "it is not over"),
    ("clean", "ended with both Close frames"),
    ("unclean", "ended without them"),
    ("stopped", "this proxy ended it: a rule, a person, a drain"),
    ("refused", "the opening handshake failed"),
    ("opening", "seen before its opening handshake"),
    ("unseen", "ended while the dashboard was away"),
)
_CAUSE_WORDS: Final = (
    ("close_frame", "a Close frame"),
    ("fin", "TCP's end without a Close frame"),
    ("rst", "TCP reset"),
    ("timeout", "nothing was heard for too long"),
    ("policy", "a rule or a person ended it"),
    ("error", "an error in the proxy"),
    ("shutdown", "the proxy stopped"),
)
_BY_WORDS: Final = (
    ("client", "the client ended it"),
    ("server", "the server ended it"),
    ("proxy", "this proxy ended it"),
    ("none", "nobody in particular"),
)
_OP_WORDS: Final = (
    ("text", "text messages"),
    ("binary", "binary messages"),
    ("ping", "ping frames"),
    ("pong", "pong frames"),
    ("close", "Close frames"),
    ("control", "ping, pong and Close"),
    ("data", "text, binary, continuation"),
    ("continuation", "messages in several frames"),
    ("reserved", "opcodes that RFC 6455 does not define"),
)
_DIR_WORDS: Final = (
    ("up", "to the server ↑"),
    ("down", "to the client ↓"),
    ("to_server", "to the server ↑"),
    ("to_client", "to the client ↓"),
    ("out", "to the server ↑, as the client sees it"),
    ("in", "to the client ↓, as the client sees it"),
)
_ACTION_WORDS: Final = (
    ("pass", "went on as it came"),
    ("rewrite", "went on changed"),
    ("drop", "did not go on"),
    ("close", "did not go on, the connection was closed"),
)
_DIAG_WORDS: Final = (
    ("idle-cut", "cut by a hop after a constant idle time"),
    ("lifetime-cut", "cut by a hop at a constant age"),
    ("crash", "many at one instant, without Close frames"),
    ("drain", "a server that let go one by one"),
    ("reconnect-storm", "many opened at once"),
    ("upgrade-lost", "a hop lost the upgrade"),
    ("slow-pong", "pongs came late"),
    ("sticky-broken", "a session landed on another server"),
    ("fan-out", "one message to very many"),
    ("oversize", "a message over a limit"),
    ("keepalive-risk", "pings come too seldom for the hops"),
)


def _exact(words: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {word: word for word, _ in words}


def _cause(wanted: str) -> Test:
    return lambda c, _: c.close is not None and c.close.cause == wanted


def _by(wanted: str) -> Test:
    return lambda c, _: c.close is not None and c.close.initiator == wanted


def _state(wanted: Any) -> Test:
    return lambda c, _: c.state in wanted


def _action(wanted: str) -> Test:
    return lambda e, _: isinstance(e, Message) and e.action == wanted


_CAUSES: Final = {**_exact(_CAUSE_WORDS), "close": "close_frame"}

FIELDS: Final[tuple[Field, ...]] = (
    Field("host", "host of the server, with or without port", "host:chat.example.net",
          builders.host),
    Field("path", "path of the request, without its query", "path:/rooms/*",
          builders.name(subjects.path)),
    Field("uri", "path and query", 'uri~"sport=tennis"', builders.name(subjects.uri)),
    Field("client", "address of the client, or its network", "client:10.0.0.0/8",
          builders.address(lambda c: c.client), cost=1),
    Field("server", "address of the server", "server:192.0.2.7",
          builders.address(lambda c: c.server)),
    Field("app", "application protocol", "app:graphql", builders.names(subjects.app_names)),
    Field("sub", "subprotocol that was chosen", "sub:mqtt",
          builders.name(lambda c: c.facts.subprotocol or ""), aliases=("subprotocol",)),
    Field("agent", "the client's User-Agent", "agent:firefox",
          builders.name(lambda c: c.facts.user_agent or "")),
    Field("origin", "the page's origin", "origin:https://example.net",
          builders.name(lambda c: c.facts.origin or "")),
    Field("state", "where a connection is in its life", "state:open",
          builders.choice("state", subjects.STATES, _state), choices=_STATE_WORDS),
    Field("op", "opcode of a frame or message", "op:ping", of_entry=builders.opcode,
          aliases=("opcode",), choices=_OP_WORDS),
    Field("dir", "direction of a frame or message", "dir:up",
          of_entry=builders.choice("direction", subjects.DIRECTIONS, _direction),
          aliases=("direction",), choices=_DIR_WORDS),
    Field("text", "what stands in the content", "text~goal",
          of_entry=builders.content, operator="~", aliases=("content",), cost=2),
    Field("size", "bytes of content, decompressed", "size>1k",
          of_entry=builders.number(lambda e, _: subjects.content_len(e), size, "size>1k"),
          operator=">"),
    Field("wire", "bytes on the wire, headers included", "wire>10MB",
          of_entry=builders.number(lambda e, _: e.frame_len, size, "wire>10MB"), operator=">"),
    Field("seq", "sequence number in its direction", "seq:10-20", of_entry=builders.seq),
    Field("call", "id that ties a reply to its request", "call:17", of_entry=builders.call, cost=2),
    Field("action", "what was done to a message", "action:drop",
          of_entry=builders.choice("action", _exact(_ACTION_WORDS), _action, "an"),
          choices=_ACTION_WORDS),
    Field("frames", "frames of both directions", "frames>1k",
          builders.number(lambda c, _: c.frames, size, "frames>1k"), operator=">", moving=True),
    Field("bytes", "bytes on the wire of both directions", "bytes>1M",
          builders.number(lambda c, _: c.wire_bytes, size, "bytes>1M"), operator=">", moving=True),
    Field("rate", "frames a second", "rate>100",
          builders.measured(lambda c, now: c.frames_per_s(now), per_second, "rate>100"),
          operator=">", moving=True, cost=2),
    Field("age", "time since it opened, or its whole life", "age>5m",
          builders.measured(lambda c, now: c.age_s(now), duration("s"), "age>5m"),
          operator=">", moving=True, cost=1),
    Field("idle", "time since its last frame", "idle>30s",
          builders.measured(lambda c, now: c.idle_s(now), duration("s"), "idle>30s"),
          operator=">", moving=True, cost=1),
    Field("rtt", "round trip of its last ping", "rtt>100ms",
          builders.measured(lambda c, _: None if c.rtt_ms is None else c.rtt_ms / 1000,
                            duration("ms"), "rtt>100ms"), operator=">", moving=True),
    Field("ratio", "how far deflate shrinks it: content by payload", "ratio>3",
          builders.measured(lambda c, _: c.ratio(), times, "ratio>3"),
          operator=">", moving=True, cost=1),
    Field("close", "close code it ended with, by number, range or name", "close:1006",
          builders.close),
    Field("cause", "what ended it", "cause:rst",
          builders.choice("cause", _CAUSES, _cause), choices=_CAUSE_WORDS),
    Field("by", "who ended it", "by:server",
          builders.choice("side", _exact(_BY_WORDS), _by), choices=_BY_WORDS),
    Field("reason", "reason in its Close frame", "reason:deploy",
          builders.name(lambda c: (c.close.reason or "") if c.close is not None else "")),
    Field("status", "status of the opening handshake", "status:403",
          builders.number(lambda c, _: c.facts.status, whole, "status:403")),
    Field("rule", "id of a rule that fired", "rule:aws-keys",
          builders.names(lambda c: c.rules), builders.names(subjects.rules)),
    Field("alerts", "how often rules fired", "alerts>0",
          builders.number(lambda c, _: c.alerts, size, "alerts>0"), operator=">", moving=True),
    Field("diag", "what is known of why it ended", "diag:idle-cut",
          builders.names(subjects.diagnosis_kinds), aliases=("diagnosis",),
          choices=_DIAG_WORDS, cost=1),
    Field("id", "number of the connection, as in the log's flow_id", "id:7",
          builders.number(lambda c, _: c.flow_id, whole, "id:7")),
)  # fmt: skip

#: `$.a.b=5` and `json.a.b=5`; not in FIELDS since its name is its path.
JSON: Final = Field("$", "a value in JSON content, by its path", "$.user.id=5")

FLAGS: Final[tuple[Flag, ...]] = (
    Flag("violation", "broke RFC 6455", lambda c, _: c.violations > 0,
         lambda e, _: e.violation is not None, ("violations",)),
    Flag("alert", "a rule fired", lambda c, _: c.alerts > 0, lambda e, _: bool(subjects.rules(e))),
    Flag("compressed", "with permessage-deflate", lambda c, _: c.deflate,
         lambda e, _: subjects.is_compressed(e)),
    Flag("fragmented", "in several frames", None, lambda e, _: subjects.is_fragmented(e)),
    Flag("masked", "with a masking key, as clients must", None,
         lambda e, _: subjects.is_masked(e)),
    Flag("injected", "put in by a script, not sent by the other side", None,
         lambda e, _: isinstance(e, Message) and e.injected),
    Flag("finding", "its opening handshake has an oddity", lambda c, _: bool(c.facts.findings),
         None, ("findings",)),
    Flag("diagnosis", "something is known of why it ended",
         lambda c, _: bool(c.diagnoses or (c.close is not None and c.close.diagnosis)), None),
    Flag("tls", "the client was promised TLS", lambda c, _: bool(c.facts.tls), None),
)  # fmt: skip

BY_NAME: Final = {name: field for field in FIELDS for name in (field.name, *field.aliases)}
FLAG_BY_NAME: Final = {name: flag for flag in FLAGS for name in (flag.name, *flag.aliases)}
