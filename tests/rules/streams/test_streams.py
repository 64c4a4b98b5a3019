"""Secrets that are split over messages: found however they are cut, and nothing else is."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.streams.engine import SmallScanner
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.streams import StreamHit, Streams

KEY = "AKIALALEMEL33243OLIB"
TOKEN = "tok_9fK2mQ7xR4vB8nZ1cL6jW3pY5hT0dS"
CARD = "4111 1111 1111 1111"
EMAIL = "jane.doe@mail.example"


def _luhn(context: Context) -> bool:
    digits = [int(char) for char in context.secret.decode() if char.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 else d for i, d in enumerate(reversed(digits))]
    return len(digits) in (15, 16) and sum(doubled) % 10 == 0


PATTERNS = (
    Pattern("aws", r"\b(AKIA[A-Z2-7]{16})\b", keywords=("akia",), group=1, max_len=20),
    Pattern("token", r"(?:^|[^\w])(tok_[A-Za-z0-9]{30,})(?:[\s'\";]|$)", group=1, max_len=70),
    Pattern("card", r"\b\d(?:[ -]?\d){14,15}\b", check=_luhn, digits=True, max_len=40),
    Pattern("email", r"\b[\w.]+@[\w]+(?:\.[\w]+)*\.[a-z]{2,7}\b", max_len=100),
    Pattern("ssn", r"\b\d{3}-\d{2}-\d{4}\b", near=("(?i)ssn",), digits=True, max_len=11),
    Pattern(
        "private-key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{64,}?-----END [A-Z ]*PRIVATE KEY-----",
        max_len=8192,
    ),
)
SCANNER = SmallScanner(PATTERNS)


def name(hit: StreamHit) -> str:
    return PATTERNS[hit.match.pattern].id


def feed_all(
    messages: Iterable[bytes], *, text: bool = True, sizes: Iterable[int] = itertools.repeat(1)
) -> list[tuple[int, StreamHit]]:
    """All hits with the number of their message among all, whatever the size of the feeds."""
    streams = Streams()
    left = [(text, message) for message in messages]
    hits: list[tuple[int, StreamHit]] = []
    done = 0
    for size in sizes:
        if done >= len(left):
            break
        batch = left[done : done + size]
        hits += [(done + hit.message, hit) for hit in streams.feed(batch, SCANNER)]
        done += size
    return hits


def delta(text: str) -> bytes:
    return json.dumps(
        {"id": "chatcmpl-7", "choices": [{"index": 0, "delta": {"content": text}}]},
        ensure_ascii=False,
    ).encode()


def dribble(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


# --- found ---

WHOLE = f"Grüße, my key is {KEY}, use token '{TOKEN}' and pay {CARD} – or ask {EMAIL} for it."
EXPECTED = {"aws": KEY, "token": TOKEN, "card": CARD, "email": EMAIL}


def _pieces(text: str, cuts: Iterable[int]) -> list[str]:
    edges = [0, *sorted(set(cuts)), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges) if a < b]


def _sees_all(pieces: Sequence[str], found: Iterable[StreamHit]) -> None:
    """Each secret was found: by the stream, or (at least a part) by a message's own scan."""
    hits = list(found)
    for pattern, secret in EXPECTED.items():
        index = [p.id for p in PATTERNS].index(pattern)
        alone = any(
            piece.encode()[m.start : m.end] in secret.encode()
            for piece in pieces
            for m in SCANNER.matches(piece.encode(), frozenset({index}))
        )
        # What is one before it is complete (an address) is told of as soon as it is.
        together = [hit for hit in hits if name(hit) == pattern and hit.value in secret.encode()]
        assert alone or together, (pattern, [len(piece) for piece in pieces])
        assert len(together) <= 1


cuts = st.lists(st.integers(1, len(WHOLE) - 1), max_size=30)
sizes = st.sampled_from([1, 2, 3, 7, 500])


@settings(max_examples=150)
@given(cuts, sizes)
def test_any_cutting_of_a_text_finds_what_the_whole_has(cuts: list[int], size: int) -> None:
    pieces = _pieces(WHOLE, cuts)
    hits = feed_all((piece.encode() for piece in pieces), sizes=itertools.repeat(size))
    _sees_all(pieces, (hit for _, hit in hits))
    assert {hit.path for _, hit in hits} <= {"$"}


@settings(max_examples=150)
@given(cuts, sizes)
def test_any_cutting_over_a_json_path_does_too(cuts: list[int], size: int) -> None:
    pieces = _pieces(WHOLE, cuts)
    hits = feed_all(map(delta, pieces), sizes=itertools.repeat(size))
    _sees_all(pieces, (hit for _, hit in hits))
    assert {hit.path for _, hit in hits} <= {"json:$.choices[0].delta.content"}


@settings(max_examples=50)
@given(cuts)
def test_binary_messages_are_joined_too(cuts: list[int]) -> None:
    pieces = _pieces(WHOLE, cuts)
    hits = feed_all((piece.encode() for piece in pieces), text=False)
    _sees_all(pieces, (hit for _, hit in hits))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 16])
@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dribble(size: int, batch: int) -> None:
    pieces = dribble(f"the key {KEY} is secret", size)
    hits = feed_all(map(delta, pieces), sizes=itertools.repeat(batch))
    [(at, hit)] = hits
    assert hit.value == KEY.encode()
    # It ends in the message that has the key's last character, at its place in that string.
    end = 8 + len(KEY)
    assert at in {(end - 1) // size, min(end // size, len(pieces) - 1)}
    part = pieces[at].encode()[hit.start : hit.end]
    assert part
    assert (KEY + " ").endswith(part.decode()) or part.decode() in KEY + " "


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_each_of_interleaved_paths_is_a_text_of_its_own(batch: int) -> None:
    left, right = dribble(KEY, 4), dribble(TOKEN, 6)
    messages = []
    for a, b in itertools.zip_longest(left, right, fillvalue=""):
        messages.append(json.dumps({"a": a, "n": 7, "b": {"c d": [0, b]}}).encode())
    found = {hit.path: hit.value for _, hit in feed_all(messages, sizes=itertools.repeat(batch))}
    assert found == {"json:$.a": KEY.encode(), 'json:$.b["c d"][1]': TOKEN.encode()}


def test_messages_of_two_kinds_do_not_disturb_each_other() -> None:
    """Text, binary, and JSON messages between the pieces."""
    streams = Streams()
    between = [(True, b'{"type":"ping"}'), (False, b"\x00\x01\xff")]
    hits = []
    for piece in dribble(f"key: {KEY}.", 9):
        hits += streams.feed([(True, piece.encode()), *between], SCANNER)
    assert [hit.value for hit in hits] == [KEY.encode()]


@pytest.mark.parametrize(
    "form",
    [
        '42["message",{"text":%s}]',
        '42/chat,7["message",{"text":%s}]',
        '{"type":1,"arguments":[{"text":%s}]}\x1e',
        'data: {"text":%s}\n\n',
        'event: x\ndata: {"text":%s}\n\n',
        '{"text":%s}\n{"other":1}\n',
        "MESSAGE\ndestination:/x\n\n%s\0",
        " \n[[%s]]",
        '{"v":"\\ud800","text":%s}',  # half a character elsewhere
        '{"v":NaN,"text":%s}',
    ],
)
def test_envelopes(form: str) -> None:
    messages = [(form % json.dumps(piece)).encode() for piece in dribble(f"a {KEY} b", 8)]
    hits = feed_all(messages)
    assert [hit.value for _, hit in hits if hit.path != "$"] == [KEY.encode()]


def test_json_in_a_string_in_json() -> None:
    messages = [
        ("a" + json.dumps([json.dumps({"d": {"t": piece}})])).encode()
        for piece in dribble(f"a {KEY} b", 8)
    ]
    [(_, hit)] = feed_all(messages)
    assert hit.path == "json:$[0]>json:$.d.t"


def test_a_private_key_in_small_bits() -> None:
    body = "".join(random.Random(3).choices("ABCDEFGHabcdefgh0123456789+/", k=3200))
    pem = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(dribble(body, 64))
    pem += "\n-----END RSA PRIVATE KEY-----\n"
    for messages in (list(map(delta, dribble(pem, 24))), [p.encode() for p in dribble(pem, 100)]):
        [(at, hit)] = feed_all(messages)
        assert hit.value == pem.strip().encode()
        assert at == len(messages) - 1


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 99])
@pytest.mark.parametrize("pieces", [2, 3, 4])
@pytest.mark.parametrize("wrap", [str.encode, delta])
def test_values_that_touch_words_are_seen(batch: int, pieces: int, wrap: object) -> None:
    """Joined, the key is the middle of a long word: heyAKIA…OLIBthanks."""
    assert callable(wrap)
    size = -(-len(KEY) // pieces)
    messages = [wrap(text) for text in ("hello", "hey", *dribble(KEY, size), "thanks", "x")]
    hits = feed_all(messages, sizes=itertools.repeat(batch))
    assert [(at, hit.value) for at, hit in hits] == [(1 + pieces, KEY.encode())]


def test_a_word_near_it_may_be_in_another_message() -> None:
    before = feed_all([b"this is my ssn:", b" 078-05-1120 ok"])
    assert [(at, hit.value) for at, hit in before] == [(1, b"078-05-1120")]
    assert before[0][1][2:4] == (1, 12)
    after = feed_all([b"look: 078-05-1120", b" is my ssn", b" and more"])
    assert [(at, hit.value) for at, hit in after] == [(1, b"078-05-1120")]
    assert feed_all([b"nothing of that kind", b" 078-05-1120 ok", b" right"]) == []
    assert feed_all([b"my ssn 078-05-1120", b" ssn", b" ssn"]) == []  # whole in one message


def test_in_the_ends_of_large_messages() -> None:
    filler = b"lorem ipsum " * 8000
    for messages in (
        [filler + b"key " + KEY[:7].encode(), KEY[7:].encode() + b" " + filler],
        [KEY[:7].encode(), KEY[7:].encode() + b" " + filler, filler],
        [
            json.dumps({"t": f"{'é' * 9000} {KEY[:7]}"}).encode(),
            json.dumps({"t": KEY[7:]}).encode(),
        ],
    ):
        for batch in (1, 2):
            hits = feed_all(messages, sizes=itertools.repeat(batch))
            assert [(at, hit.value) for at, hit in hits] == [(1, KEY.encode())]
            assert hits[0][1][2:4] == (0, 13)


# --- told once ---


@pytest.mark.parametrize("batch", [1, 500])
def test_a_secret_that_grows_is_one_finding(batch: int) -> None:
    messages = [b"it is ", *(p.encode() for p in dribble(TOKEN + "A" * 30, 5)), b" end"]
    assert len(feed_all(messages, sizes=itertools.repeat(batch))) == 1


def test_what_goes_on_a_told_secret_is_offered_apart() -> None:
    streams = Streams()
    for piece in (TOKEN[:20], TOKEN[20:] + "zz"):
        hits = streams.feed([(True, piece.encode())], SCANNER)
    assert len(hits) == 1
    assert streams.continued == []
    assert streams.feed([(True, b"Q7Q7Q ")], SCANNER) == []
    [more] = streams.continued
    assert (more.start, more.end) == (0, 5)
    assert streams.feed([(True, b"nothing")], SCANNER) == []
    assert streams.continued == []


def test_two_secrets_are_two_findings() -> None:
    other = KEY[:-1] + "C"
    for batch in (1, 2, 99):
        hits = feed_all(
            [p.encode() for p in dribble(f"{KEY} and {other}", 7)], sizes=itertools.repeat(batch)
        )
        assert [hit.value for _, hit in hits] == [KEY.encode(), other.encode()]


def test_only_what_is_wanted() -> None:
    streams = Streams()
    pieces = [(True, piece.encode()) for piece in dribble(WHOLE, 9)]
    hits = streams.feed(pieces, SCANNER, frozenset({1, 3}))
    assert {name(hit) for hit in hits} == {"token", "email"}


def test_paths_can_be_turned_off() -> None:
    streams = Streams()
    pieces = [(True, delta(piece)) for piece in dribble(WHOLE, 9)]
    assert streams.feed(pieces, SCANNER, paths=False) == []
    raw = [(True, piece.encode()) for piece in dribble(WHOLE, 9)]
    assert {name(hit) for hit in streams.feed(raw, SCANNER, paths=False)} == set(EXPECTED)


def test_it_may_be_fed_another_scanner_later() -> None:
    streams = Streams()
    assert streams.feed([(True, b"key AKIALALE")], SmallScanner([])) == []
    [hit] = streams.feed([(True, b"MEL33243OLIB.")], SCANNER)
    assert hit.value == KEY.encode()


def test_a_hit_does_not_show_its_value() -> None:
    [(_, hit)] = feed_all([b"key AKIALALE", b"MEL33243OLIB."])
    assert "AKIA" not in repr(hit)
    assert "OLIB" not in f"{hit} {[hit]}"
