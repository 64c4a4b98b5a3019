"""Whatever arrives: bounded memory, bounded work, no exception."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.streams.engine import SmallScanner
from tests.rules.streams.test_streams import KEY, PATTERNS, SCANNER, delta, dribble, feed_all
from wsinspect.rules.streams import Streams
from wsinspect.rules.streams.documents import MAX_DOCUMENT, documents
from wsinspect.rules.streams.paths import MAX_PATHS, PathTree
from wsinspect.rules.streams.strand import Strand


def _tails(strand: Strand, message: bytes, times: int) -> list[int]:
    lengths = []
    for at in range(times):
        strand.add(message + b"%d" % at, at)
        strand.take()
        lengths.append(len(strand.tail))
    return lengths


def test_the_tail_is_bounded() -> None:
    assert max(_tails(Strand(2048), b"x" * 300, 50)) == 2048
    assert max(_tails(Strand(2048), b"x" * 100_000, 5)) == 2048


def test_behind_an_open_private_key_it_is_longer_but_bounded_too() -> None:
    strand = Strand(2048)
    strand.add(b"so: -----BEGIN RSA PRIVATE KEY-----", 0)
    strand.take()
    lengths = _tails(strand, b"x" * 300, 60)
    assert 4096 < max(lengths) <= 8192
    assert lengths[-1] == 2048  # nothing that long is a key
    strand.add(b"-----BEGIN X----- y -----END X-----" + b"z" * 3000, 0)
    strand.take()
    assert len(strand.tail) == 2048


def test_edges_of_pieces_are_bounded() -> None:
    strand = Strand(2048)
    for at in range(1000):
        strand.add(b"%d" % (at % 10), at)
        strand.take()
    assert len(strand.places) <= 64
    assert strand.tail == b"".join(b"%d" % (at % 10) for at in range(1000))
    text_end = strand.origin + len(strand.tail)
    assert strand.places[-1] == text_end - 1


def test_a_tail_never_begins_within_a_character() -> None:
    for extra in range(4):
        strand = Strand(1024)
        strand.add(b"x" * extra + "é€😀".encode() * 400, 0)
        strand.take()
        strand.tail.decode()
        assert 1020 < len(strand.tail) <= 1024
        strand.add("😀".encode() * 9000, 1)
        strand.take()
        strand.tail.decode()
    binary = Strand(1024)
    binary.add(b"\x80" * 40_000, 0)
    binary.take()
    assert len(binary.tail) == 1024


def _kept(tree: PathTree) -> int:
    return sum(len(leaf.tail) for leaf in tree._leaves)


def test_paths_are_bounded_in_number_and_text() -> None:
    tree = PathTree()
    for round_ in range(30):
        tree.begin()
        tree.add({f"k{round_ % 7}_{n}": f"v{round_}" * 100 for n in range(100)}, 0)
        for node in tree.touched:
            node.take()
        tree.end()
        assert len(tree._leaves) <= MAX_PATHS
    assert _kept(tree) <= 64 * 1024
    for _ in range(9):
        tree.begin()
        for n in range(MAX_PATHS):
            tree.add({f"o{n}": "-----BEGIN PRIVATE KEY-----" + "y" * 2000}, 0)
        for node in tree.touched:
            node.take()
        tree.end()
        assert _kept(tree) <= 64 * 1024


def test_paths_that_are_gone_leave_nothing_behind() -> None:
    tree = PathTree()
    for at in range(300):
        tree.begin()
        tree.add({f"user{at}": {"name": "x", "n": [1, {"y": 2}]}, f"n{at}": {"a": 1}}, 0)
        for node in tree.touched:
            node.take()
        tree.end()
    nodes = [tree._root]
    count = 0
    while nodes:
        count += 1
        nodes += nodes.pop().children.values()
    assert count <= 2 * MAX_PATHS + 1


def test_a_used_path_outlives_those_that_come_and_go() -> None:
    streams = Streams()
    hits = []
    for at, piece in enumerate(dribble(f"a {KEY} b", 5)):
        junk = json.dumps({f"j{at}_{n}": f"junk{n}" for n in range(40)}).encode()
        hits += streams.feed([(True, delta(piece))], SCANNER)
        streams.feed([(True, junk)], SCANNER)
    assert [hit.value for hit in hits] == [KEY.encode()]


@pytest.mark.parametrize(
    "message",
    [
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a":' * 10_000 + b'"x"' + b"}" * 10_000,
        b'{"a":"' + b"[" * 30_000 + b'"}',
        b'{"a":"' + b'[\\"' * 9_000 + b'"}',
        b'{"a":"\\ud800"}',
        b'["\\ud83d","\\ude00"]',
        b"{" * 60_000,
        b'"' * 9999,
        b"\x1e" * 9999 + b'"',
        b'\n"' * 9999,
        b'{"a":1e999,"b":"' + b"9" * 5000 + b'"}',
        b'{"":"x"}',
        b"\xef\xbb\xbf{}",
        b'[{"a":"b"},"c",["d"],null]',
    ],
)
def test_odd_documents_do_no_harm(message: bytes) -> None:
    streams = Streams()
    for _ in range(3):
        assert streams.feed([(True, message), (False, message), (True, b"x")], SCANNER) == []


def test_half_characters_are_joined_with_the_rest() -> None:
    messages = [b'{"t":"\\ud800 AKIALALE"}', b'{"t":"MEL33243OLIB \\udfff"}']
    [(at, hit)] = feed_all(messages)
    assert (at, hit.start, hit.end, hit.value) == (1, 0, 12, KEY.encode())


def test_a_document_over_the_limit_is_joined_as_it_is() -> None:
    big = b'{"a":"' + b"x" * MAX_DOCUMENT + b'"}'
    assert documents(big) == ([], True)
    assert documents(b'{"a":"x"}') == ([{"a": "x"}], False)


def test_one_scan_a_feed() -> None:
    scanner = SmallScanner(PATTERNS)
    streams = Streams()
    for batch in range(5):
        mixed = [(True, b"text%d " % batch), (True, delta(f"d{batch} ")), (False, b"bin%d" % batch)]
        streams.feed(mixed * 20, scanner)
    assert scanner.scans == 5
    streams.feed([], scanner)
    streams.feed([(True, b"")], scanner)
    assert scanner.scans == 5


@pytest.mark.parametrize("message", [b"k7Xq29Lm", b'{"n":"k7Xq29Lm","o":"Zt61"}'])
def test_a_flood_is_scanned_a_few_times_over_at_most(message: bytes) -> None:
    scanner = SmallScanner(PATTERNS)
    streams = Streams()
    messages = [message.replace(b"29", b"%02d" % (at % 100)) for at in range(1000)]
    streams.feed([(True, one) for one in messages], scanner)
    assert scanner.scanned < 3 * sum(map(len, messages)) + 256 * 512


def test_a_large_message_costs_its_ends_only() -> None:
    scanner = SmallScanner(PATTERNS)
    streams = Streams()
    streams.feed([(True, b"before")], scanner)
    streams.feed([(False, b"\0" * 5_000_000), (True, b"lorem " * 1_000_000)], scanner)
    streams.feed([(True, b"after")], scanner)
    assert scanner.scanned < 50_000


payloads = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=8)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b'42["a"', b'{"a":"AKIA', b"AKIALALE", b"MEL33243OLIB", b"ssn", b"4111"]),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), payloads), max_size=12), st.integers(1, 12))
def test_anything_goes(messages: list[tuple[bool, bytes]], size: int) -> None:
    streams = Streams()
    for batch in itertools.batched(messages, size):
        for hit in streams.feed(batch, SCANNER):
            is_text, payload = batch[hit.message]
            assert 0 <= hit.start <= hit.end
            if hit.path == "$":
                assert hit.end <= len(payload)
                assert payload[hit.start : hit.end] in hit.value + payload
            else:
                assert is_text
            assert hit.value
