"""What is offered at the cursor: terms that concern the list, values seen, the commonest first."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_story import T0_NS, frame, opened
from tests.tui.find.bench import frames_of, told_store
from wsinspect.tui.data.wire import decode
from wsinspect.tui.find.completion import Completion, complete
from wsinspect.tui.find.fields import FIELDS, FLAGS
from wsinspect.tui.find.filter import parse

STORE = told_store()


def offered(text: str, on_entries: bool = False) -> list[str]:
    return [c.text for c in complete(text, len(text), STORE, on_entries)]


def taken(text: str, index: int = 0) -> str:
    completion = complete(text, len(text), STORE)[index]
    return text[: completion.start] + completion.text + text[completion.end :]


def test_an_empty_line_offers_all_terms() -> None:
    names = {f"{f.name}{f.operator}" for f in FIELDS} | {f"{f.name} " for f in FLAGS}
    assert names <= set(offered(""))


def test_terms_of_the_list_at_hand_come_first() -> None:
    assert offered("")[0] == "host:"
    assert offered("", on_entries=True)[0] == "op:"
    assert offered("c")[0] == "client:"
    assert offered("c", on_entries=True)[0] == "call:"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("ho", "host:"),
        ("state:open ho", "state:open host:"),
        ("(ho", "(host:"),
        ("-ho", "-host:"),
        ("not ho", "not host:"),
        ("!vio", "!violation "),
        ("host:ch", "host:chat.example.net "),
        ("HOST:CH", "HOST:chat.example.net "),
        ("host:odd", "host:odds.example.net "),
        ("state:re", "state:refused "),
        ("op:(ping|po", "op:(ping|pong"),
        ("op:(pi", "op:(ping"),
        ("path:foot", "path:/rooms/football "),
        ("close:ab", "close:1006 "),
        ("close:going", "close:1001 "),
        ("subprotocol:mq", "subprotocol:mqtt "),
        ("reason:frame", 'reason:"frame of 70,000 bytes is too big" '),
        ("football", "path:/rooms/football "),
    ],
)
def test_taking_the_first(text: str, after: str) -> None:
    assert taken(text) == after
    if not after.endswith((":", "pong", "ping")):
        parse(after)


def test_the_commonest_come_first() -> None:
    found = complete("host:", 5, STORE)
    assert found[0] == Completion("chat.example.net ", 5, 5, "9 connections")
    counts = [int(c.say.split()[0]) for c in found]
    assert counts == sorted(counts, reverse=True)
    assert found[-1].say == "1 connection"


def test_codes_say_what_they_mean() -> None:
    (first, *_) = complete("close:", 6, STORE)
    assert first == Completion("1006 ", 6, 6, first.say)
    assert first.say.startswith("2 connections · Abnormal Closure")


def test_choices_say_what_they_mean_and_how_often() -> None:
    says = {c.text: c.say for c in complete("state:", 6, STORE)}
    assert says["clean "] == "ended with both Close frames · 4"
    assert says["unseen "] == "ended while the dashboard was away"


def test_numbers_offer_their_example() -> None:
    assert offered("size>") == ["1k "]


@pytest.mark.parametrize("text", ['text:"ho', "xyz:", "host:nowhere-at-all", "state:refused"])
def test_nothing_to_offer(text: str) -> None:
    assert offered(text) == []


def test_in_the_middle_only_what_is_before_the_cursor_counts() -> None:
    (first, *_) = complete("ho state:open", 2, STORE)
    assert (first.text, first.start, first.end) == ("host:", 0, 2)


def test_json_paths_of_the_watched_messages() -> None:
    store = told_store()
    store.watch(8)
    payload = b'{"type":"say","user":{"id":5},"list":[1]}'
    store.watched.extend(frames_of(*(frame(T0_NS, 0, n, 1, payload) for n in range(3))))
    found = [c.text for c in complete("$.", 2, store)]
    assert set(found) == {"$.type=", "$.user.id=", "$.list[0]="}
    assert [c.text for c in complete("$.us", 4, store)] == ["$.user.id="]


def test_what_cannot_be_typed_is_not_offered() -> None:
    store = told_store()
    line = decode(msgspec.json.encode(opened(99, T0_NS, "evil\x1b[2J\u202e.example", "/a\x00b")))
    assert line is not None
    store.apply(line)
    assert all("evil" not in c.text for c in complete("host:", 5, store))
    assert all(c.text.isprintable() for c in complete("path:", 5, store))


@given(st.text(alphabet='hopst:(|"$. -!>[]\x00é', max_size=12), st.integers(0, 12))
def test_any_text(text: str, cursor: int) -> None:
    for completion in complete(text, min(cursor, len(text)), STORE):
        assert 0 <= completion.start <= completion.end <= len(text)
        assert completion.text
        assert completion.say
