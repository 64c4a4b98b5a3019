"""The filter language: what each term finds, how terms combine, what is said of a mistake."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_story import NS, T0_NS, frame
from tests.tui.find.bench import frames_of, told_store
from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.data.framelog import FrameLog
from wsinspect.tui.data.wire import AlertFacts, DiagnosisFacts, MessageRow
from wsinspect.tui.find.fields import BY_NAME, FIELDS, FLAGS
from wsinspect.tui.find.filter import EMPTY, Filter, FilterError, parse
from wsinspect.tui.find.syntax import DEPTH_MAX, TERMS_MAX, TEXT_MAX

STORE = told_store()
CONNECTIONS = sorted(STORE.newest_first(), key=lambda c: c.flow_id)
ALL = [c.flow_id for c in CONNECTIONS]
LIVE = list(range(8, 17))
_C8, _C9, _C3 = (STORE.find(n) for n in (8, 9, 3))
assert _C8 is not None
assert _C9 is not None
assert _C3 is not None
_C8.rtt_ms, _C9.rtt_ms = 250.0, 12.0
_C8.violations, _C8.alerts, _C8.rules = 1, 3, {"aws-keys": 3}
_C3.diagnoses = [DiagnosisFacts(kind="idle-cut")]
_C9.deflate, _C9.message_bytes = True, (0, 10**6)
_C13 = STORE.find(13)
assert _C13 is not None
_C13.facts = msgspec.structs.replace(_C13.facts, app_proto="socketio")
_C11 = STORE.find(11)
assert _C11 is not None
_C11.deflate = True


def found(text: str) -> list[int]:
    return [c.flow_id for c in parse(text).connections(CONNECTIONS, T0_NS)]


@pytest.mark.parametrize(
    ("text", "flow_ids"),
    [
        ("", ALL),
        ("   ", ALL),
        ("host:chat", [1, 2, 3, 4, 5, 6, 8, 9, 16]),
        ("host:CHAT.example.net", [1, 2, 3, 4, 5, 6, 8, 9, 16]),
        ("host:api.*", [12, 13]),
        ("host=api.example.net", [12, 13]),
        ("host=api.example.net:8443", [12, 13]),
        ("host=api.example", []),
        ("host:(odds|api)", [10, 11, 12, 13]),
        ("host!=chat.example.net host:chat", []),
        ("path:/rooms/*", [1, 2, 3, 4, 5, 6, 8, 9, 16]),
        ("path=/feed", [10, 11]),
        ("path:sport", []),
        ("uri:sport=tennis", [10]),
        (r"uri~/sport=(tennis|football)$/", [10, 11]),
        ("uri~/SPORT=TENNIS/", [10]),
        ("client:127.0.0.0/8", ALL),
        ("client:10.0.0.0/8", []),
        ("client:127.0.0.1:50003", [3]),
        ("server:9000", ALL),
        ("sub:mqtt", [14]),
        ("subprotocol:chat.v2 state:live", [8, 9, 16]),
        ("sub:*", [1, 2, 3, 4, 5, 6, 8, 9, 12, 14, 16]),
        ("app:socketio", [13]),
        ("app:Socket.IO", [13]),
        ("app:*", [13]),
        ("state:open", list(range(8, 16))),
        ("state:closing", [16]),
        ("state:live", LIVE),
        ("state:ended", [1, 2, 3, 4, 5, 6, 7]),
        ("state:clean", [1, 2, 5, 6]),
        ("state:unclean", [3, 4]),
        ("state:refused", [7]),
        ("status:403", [7]),
        ("close:1006", [3, 4]),
        ("close:abnormal", [3, 4]),
        ("close:going-away", [2]),
        ("close:big", [5]),
        ("close:4000-4999", [6]),
        ("close:4000..", [6]),
        ("close>=1009", [5, 6]),
        ("close:(1000|1001)", [1, 2]),
        ("close:*", [1, 2, 3, 4, 5, 6]),
        ("close!=1006 state:ended", [1, 2, 5, 6, 7]),
        ("cause:rst", [3]),
        ("cause:close", [1, 2, 5, 6]),
        ("cause:close-frame", [1, 2, 5, 6]),
        ("by:server", [2, 3, 5, 6]),
        ('reason:"too big"', [5]),
        ("frames>1k", [8, 9, 10, 11, 14]),
        ("frames:0", [7]),
        ("bytes>4.4MB", [10, 11]),
        ("bytes>4.4MiB", [11]),
        ("rate>1", [8, 9, 10, 11, 13, 14, 15]),
        ("age>5m", [8, 9]),
        ("age>5m15s", [8]),
        ("idle>1s state:open", [12]),
        ("rtt>100ms", [8]),
        ("rtt<100", [9]),
        ("!rtt>100ms state:open", list(range(9, 16))),
        ("ratio>2x", [9]),
        ("rule:aws", [8]),
        ("alerts>0", [8]),
        ("alert", [8]),
        ("violation", [8]),
        ("diag:idle-cut", [3]),
        ("diagnosis", [3]),
        ("finding", [15]),
        ("compressed", [9, 11]),
        ("tls id:1-3", [1, 2, 3]),
        ("id:7", [7]),
        ("rooms", [1, 2, 3, 4, 5, 6, 8, 9, 16]),
        ('"rooms/football"', [8]),
        ("カメラ", [15]),
        ("東京", [15]),
        ("deploy", [2]),
        ('"state:open"', []),
        ("host:chat state:open", [8, 9]),
        ("host:chat and state:open", [8, 9]),
        ("host:chat && state:open", [8, 9]),
        ("host:odds or host:api", [10, 11, 12, 13]),
        ("host:odds | host:api", [10, 11, 12, 13]),
        ("host:odds || host:api", [10, 11, 12, 13]),
        ("not state:ended", LIVE),
        ("!state:ended", LIVE),
        ("-state:ended", LIVE),
        ("NOT (host:chat OR state:ended)", [10, 11, 12, 13, 14, 15]),
        ("host:odds or host:api path:/graphql", [10, 11, 12]),
        ("(host:odds or host:api) path:/graphql", [12]),
        ("not not host:odds", [10, 11]),
    ],
)  # fmt: skip
def test_connections(text: str, flow_ids: list[int]) -> None:
    assert found(text) == flow_ids


def entries() -> list[Entry]:
    """0 text ↑, 1 JSON ↓ masked by a rule, 2 ping, 3 pong, 4 in three frames, 5 binary, 6 deflate,
    7 violation, 8 Close, 9 gap, 10 reserved."""
    log = FrameLog(8)
    json_text = b'{"type":"say","user":{"id":5,"name":"Ada"},"list":[1,2.5],"key":"****"}'
    rows = [
        frame(T0_NS, 0, 0, 1, b"Hello Zoe"),
        frame(T0_NS, 1, 0, 1, json_text),
        frame(T0_NS, 0, 1, 9, b"beat"),
        frame(T0_NS, 1, 1, 10, b"beat"),
        frame(T0_NS, 0, 2, 1, b"a", fin=False),
        frame(T0_NS, 0, 3, 0, b"b", fin=False),
        frame(T0_NS, 0, 4, 0, "ü".encode()),
        frame(T0_NS, 1, 2, 2, bytes(range(256)) * 8),
        frame(T0_NS, 1, 3, 1, b"\xaa\x56", rsv=4),
        frame(T0_NS, 0, 5, 1, b"caf\xe9", violation="invalid-utf8"),
        frame(T0_NS, 0, 6, 8, b"\x03\xe8bye"),
        frame(T0_NS, 1, 9, 11, b"\0"),
    ]
    log.extend(frames_of(*rows))
    log.alert(AlertFacts(rule="aws-keys", direction=1, seq=0))
    row = MessageRow(T0_NS, 1, 3, 3, 1, 5_000, 4, 1, True, "rewrite", False, (), b"plain", False)
    log.tell([row])
    return log.entries


ENTRIES = entries()
EVERY = list(range(11))


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("op:text", [0, 1, 4, 6, 7]),
        ("op:ping", [2]),
        ("op:(ping|pong)", [2, 3]),
        ("op:ping,pong", None),
        ("op:control", [2, 3, 8, 10]),
        ("op:data", [0, 1, 4, 5, 6, 7]),
        ("op:0xb", [10]),
        ("op:11", [10]),
        ("op:reserved", [10]),
        ("op:continuation", [4]),
        ("op:close", [8]),
        ("-op:ping -op:pong", [0, 1, 4, 5, 6, 7, 8, 10]),
        ("dir:up", [0, 2, 4, 7, 8]),
        ("dir:out", [0, 2, 4, 7, 8]),
        ("dir:to_server", [0, 2, 4, 7, 8]),
        ("dir:to-client", [1, 3, 5, 6, 10]),
        ("dir:↓", [1, 3, 5, 6, 10]),
        ("size>1k", [5, 6]),
        ("size>=2048 size<=2Ki", [5]),
        ("size:4", [2, 3, 4, 7]),
        ("wire>1k", [5]),
        ("seq:0", [0, 1]),
        ("seq:3", [4, 6]),
        ("seq>4 dir:up", [7, 8]),
        ("seq:3-4 dir:up", [4]),
        ("text~hello", [0]),
        ("text~Hello", [0]),
        ("text~HELLO", []),
        ('text:"hello zoe"', [0]),
        ("text~ü", [4]),
        ("text~Ü", []),
        ("text~/h.llo/i", [0]),
        ("text~/^hello/", []),
        ("text~/beat$/", [2, 3]),
        ("content~plain", [6]),
        ('text="beat"', [2, 3]),
        ("$.type=say", [1]),
        ("$.user.id=5", [1]),
        ("$.user.id=5.0", [1]),
        ("$.user.id>4", [1]),
        ("$.user.id>5", []),
        ("json.user.name==Ada", [1]),
        ("json.user.name==ada", [1]),
        ("json.user.name==ADA", []),
        ("$.user.name~da", [1]),
        ("$.list[1]=2.5", [1]),
        ("$.list[*]=1", [1]),
        ('$["user"].id=5', [1]),
        ("$.user", [1]),
        ("$.nothing", []),
        ("rule:aws", [1]),
        ("alert", [1]),
        ("action:rewrite", [6]),
        ("violation", [7]),
        ("compressed", [6]),
        ("fragmented", [4]),
        ("masked op:text", [0, 4, 7]),
        ("injected", []),
        ("zoe", [0]),
        ("utf8", [7]),
        ("aws-keys", [1]),
        ("not text~hello dir:up", [2, 4, 7, 8]),
    ],
)  # fmt: skip
def test_entries(text: str, indexes: list[int] | None) -> None:
    if indexes is None:
        with pytest.raises(FilterError):
            parse(text)
        return
    chosen = parse(text)
    got = [at for at, entry in enumerate(ENTRIES) if chosen.entry(entry, None)]
    gap = [at for at, entry in enumerate(ENTRIES) if isinstance(entry, Gap)]
    assert got == sorted({*indexes, *gap} if 9 in gap else indexes), ENTRIES[9]


def test_gaps_always_pass() -> None:
    gap = Gap(T0_NS, 3, 0)
    assert parse("op:ping size>1G nothing").entry(gap, None)


def test_a_word_that_chose_a_connection_shows_its_entries() -> None:
    chosen = parse("football")
    assert chosen.entry(ENTRIES[0], _C8)
    assert not chosen.entry(ENTRIES[0], _C9)
    assert not chosen.entry(ENTRIES[0], None)


def test_call_ids_are_read_as_the_application_has_them() -> None:
    log = FrameLog(1)
    payloads = (b'421["a"]', b'431["b"]', b'4212["c"]', b'42["1"]')
    log.extend(frames_of(*(frame(T0_NS, 0, n, 1, p) for n, p in enumerate(payloads))))
    connection = Connection(1)
    connection.facts = msgspec.structs.replace(connection.facts, app_proto="socketio")
    chosen = parse("call:1")
    assert [chosen.entry(e, connection) for e in log.entries] == [True, True, False, False]


# --- what does not concern a thing is unknown, and unknown passes ---


@pytest.mark.parametrize(
    "text", ["op:ping", "not op:ping", "size>1k", "text~x", "$.a=1", "masked", "-fragmented"]
)
def test_entry_terms_say_nothing_of_connections(text: str) -> None:
    assert found(text) == ALL
    assert not parse(text).on_connections
    assert parse(text).on_entries


@pytest.mark.parametrize("text", ["host:x", "not host:x", "age>5m", "close:1006", "-tls", "id:1"])
def test_connection_terms_say_nothing_of_entries(text: str) -> None:
    assert all(parse(text).entry(entry, _C8) for entry in ENTRIES)
    assert parse(text).on_connections
    assert not parse(text).on_entries


def test_mixed() -> None:
    assert found("host:odds op:ping") == [10, 11]
    assert found("host:odds or op:ping") == ALL
    assert found("not (host:odds or op:ping)") == [n for n in ALL if n not in (10, 11)]
    assert found("not (host:odds op:ping)") == ALL


type Tree = tuple[str, Any, Any] | str

trees: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["host:odds", "state:open", "op:ping", "size>1k", "violation", "id:8-12"]),
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), inner, inner)
        | st.tuples(st.just("not"), inner, st.none())
    ),
    max_leaves=8,
)


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return tree
    sign, left, right = tree
    if sign == "not":
        return f"not ({written(left)})"
    return f"({written(left)} {sign} {written(right)})"


def kleene(tree: Any, leaf: dict[str, bool | None]) -> bool | None:
    if isinstance(tree, str):
        return leaf[tree]
    sign, left, right = tree
    a = kleene(left, leaf)
    if sign == "not":
        return None if a is None else not a
    b = kleene(right, leaf)
    decides = sign == "or"
    if a is decides or b is decides:
        return decides
    return None if a is None or b is None else not decides


@given(trees)
def test_kleene(tree: Any) -> None:
    """The compiled filter is the three-valued logic, taken as "not false"."""
    chosen = parse(written(tree))
    for c in CONNECTIONS:
        leaf: dict[str, bool | None] = {
            "host:odds": "odds" in (c.facts.host or ""),
            "state:open": c.state is State.OPEN,
            "violation": c.violations > 0,
            "id:8-12": 8 <= c.flow_id <= 12,
            "op:ping": None,
            "size>1k": None,
        }
        assert chosen.connection(c, T0_NS) is (kleene(tree, leaf) is not False)
    for e in ENTRIES:
        if isinstance(e, Gap):
            continue
        size = e.content_len if isinstance(e, Message) and e.content_len else e.payload_len
        leaf = {
            "host:odds": None,
            "state:open": None,
            "id:8-12": None,
            "violation": e.violation is not None,
            "op:ping": e.opcode == 9,
            "size>1k": size > 1000,
        }
        assert chosen.entry(e, _C8) is (kleene(tree, leaf) is not False)


# --- time ---


def test_moving() -> None:
    assert parse("host:x or age>5m").moving
    assert not parse("host:x close:1006").moving
    later = T0_NS + 600 * NS
    assert parse("age>10m").connections(CONNECTIONS, later) != []
    assert parse("age>10m state:open").connections(CONNECTIONS, T0_NS) == []


# --- mistakes ---


@pytest.mark.parametrize(
    ("text", "say", "hint", "marked"),
    [
        ("hots:chat", "there is no term hots", "did you mean host:?", "hots"),
        ("url:chat", "there is no term url", "did you mean uri:?", "url"),
        ("xyz:chat", "there is no term xyz", "to look for such a text, put it in quotes", "xyz"),
        ("masked:1", "there is no term masked", "masked stands alone: it is true or not", "masked"),
        ("state:opne", "state: opne is no state", "did you mean open?", "opne"),
        ("op:(ping|pnog)", "op: pnog is no opcode", "did you mean pong?", "pnog"),
        ("op:16", "op: 16 is no opcode", None, "16"),
        ("op>ping", "op: an opcode has no order, so > says nothing", "write : in its place",
         "ping"),
        ("size>1q", "size: 1q is no number here", "as in size>1k", "1q"),
        ("size>", "size> waits for a value", "", "size>"),
        ("age:5m", "age: that is measured, and hardly ever exactly so", "as in age>5m", "5m"),
        ("age>5parsecs", "age: 5parsecs is no number here", "as in age>5m", "5parsecs"),
        ("close:abnromal", "close: abnromal is no close code",
         "did you mean abnormal-closure?", "abnromal"),
        ("client:10.0.0.0/99", "client: 10.0.0.0/99 is no network", "as in 10.0.0.0/8",
         "10.0.0.0/99"),
        ("text~/(/", "text: not a pattern: missing ): (", r"a literal parenthesis is \( or \)",
         "/(/"),
        ("text~/a(?=b)/", "text: not a pattern: invalid perl operator: (?=",
         "RE2 has no look-around", "/a(?=b)/"),
        ("text~/a/x", "unknown flag x", "only i (any case) stands behind a pattern", "x"),
        ("text~/a", "this pattern is not closed", "put / at its end", "/"),
        ('text~"a b', "this quote is not closed", 'put " at the end', '"'),
        ("(host:a", "this ( is not closed", "put ) at the end", "("),
        ("op:(ping", "this ( is not closed", "put ) at the end", "("),
        ("host:a)", "this ) closes nothing", "take it away, or put ( before", ")"),
        ("()", "there is nothing before this )", "", ")"),
        ("or host:a", "something has to stand before or", "", "or"),
        ("host:a or", "something has to follow", "", "r"),
        ("not", "something has to follow", "", "t"),
        ("$.a>b", "$: b is no number", "as in $.price>9.5", "b"),
    ],
)  # fmt: skip
def test_mistake(text: str, say: str, hint: str | None, marked: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert error.say == say
    assert hint is None or error.hint == hint
    assert text[error.start : error.end] == marked


def test_bounds() -> None:
    parse(" ".join(["a"] * TERMS_MAX))
    for text in ("a " * (TERMS_MAX + 1), "a" * (TEXT_MAX + 1), "(" * (DEPTH_MAX + 2) + "a"):
        with pytest.raises(FilterError):
            parse(text)
    with pytest.raises(FilterError):
        parse("!" * 2_000 + "a")


# --- while typing ---

EXAMPLES = [field.example for field in FIELDS]
LONG = 'host:chat.example.net (op:(ping|pong) or not size>1k) -text~/a.b/i $.user.id=5 reason:"a b"'


@pytest.mark.parametrize("text", [*EXAMPLES, LONG])
def test_no_beginning_of_a_good_filter_is_a_mistake(text: str) -> None:
    parse(text)
    for length in range(len(text)):
        parse(text[:length], typing=True)


@pytest.mark.parametrize(
    ("text", "as_if"),
    [
        ("host:", ""),
        ("ho", ""),
        ("state:op", ""),
        ("close:10", ""),
        ("host:odds or", "host:odds"),
        ("host:odds not", "host:odds"),
        ("host:odds (", "host:odds"),
        ("host:odds (host:x or", "host:odds host:x"),
        ("client:10.0.0.0/", ""),
        ("uri~/(", ""),
    ],
)
def test_what_is_unfinished_is_not_there_yet(text: str, as_if: str) -> None:
    typed = parse(text, typing=True)
    assert typed.pending
    assert typed.connections(CONNECTIONS, T0_NS) == parse(as_if).connections(CONNECTIONS, T0_NS)


def test_a_word_that_is_no_beginning_of_a_term_is_looked_for_at_once() -> None:
    assert not parse("rooms", typing=True).pending
    assert parse("rooms/foot", typing=True).connections(CONNECTIONS, T0_NS) == [_C8]


@given(st.text(alphabet='abho:=~!()|/"\\ -$.<>0k[]*?ü\x00', max_size=30), st.booleans())
def test_any_text(text: str, typing: bool) -> None:
    """A filter or a mistake within the text, and a filter that can be used."""
    mistake: FilterError | None = None
    try:
        chosen = parse(text, typing=typing)
    except FilterError as error:
        mistake = error
    if mistake is not None:
        assert 0 <= mistake.start < mistake.end <= max(1, len(text))
        assert mistake.say
        return
    for c in CONNECTIONS[:3]:
        chosen.connection(c, T0_NS)
    for e in ENTRIES:
        chosen.entry(e, _C8)


def test_marks_lie_in_the_text() -> None:
    chosen = parse("host:chat op:", typing=True)
    kinds = [(chosen.text[m.start : m.end], m.kind) for m in chosen.marks]
    assert kinds == [("host", "name"), (":chat", "value"), ("op:", "pending")]


def test_names_are_not_used_twice() -> None:
    names = list(itertools.chain.from_iterable((f.name, *f.aliases) for f in FIELDS))
    names += [flag.name for flag in FLAGS]
    twice = {name for name in names if names.count(name) > 1}
    assert twice <= {"diagnosis"}  # diag:… is also written diagnosis:…
    assert BY_NAME["host"].name == "host"


def test_empty() -> None:
    assert isinstance(EMPTY, Filter)
    assert not EMPTY.on_connections
    assert not EMPTY.on_entries
    assert repr(parse("a")) == "Filter('a')"
